#include "replay.h"

#include "../../base/hex.h"
#include "test_log.h"

static const struct replay_rules every_pcr = { .required_mask = 0xFFFFFF };

static struct span locality(uint8_t v)
{
    static uint8_t data[17] = "StartupLocality";

    data[16] = v;
    return span_of(data, sizeof data);
}

/* A machine: a version and a separator in PCR 0, an action in PCR 4, a variable in PCR 7. */
static void sample(struct test_log *t)
{
    test_log_add(t, 0, 8, span_str("version"));
    test_log_separator(t, 0, "\0\0\0");
    test_log_add(t, 4, EV_EFI_ACTION, span_str("Calling EFI Application from Boot Option"));
    test_log_add(t, 7, EV_EFI_VARIABLE_DRIVER_CONFIG,
                 test_variable(&t->arena, guid_global, "SecureBoot", span_str("\1")));
}

static bool check(struct test_log *t, const struct boot *b, enum tpm_bank bank,
                  const struct pcr_set *quoted, const struct replay_rules *rules,
                  struct replay_result *result, struct pcr_mismatch *m, struct err *e)
{
    struct replay r;

    *e = (struct err){ 0 };
    return replay_run(t->crypto, b, bank, &r, e) &&
           replay_check(t->crypto, b, &r, quoted, rules, result, m, e);
}

/* A value of PCRs for a test, its own copy. */
static uint8_t *change(struct test_log *t, struct pcr_set *set, enum tpm_bank bank, unsigned pcr)
{
    struct span copy = arena_dup(&t->arena, set->values[bank][pcr]);

    set->values[bank][pcr] = copy;
    return (uint8_t *)(uintptr_t)copy.p;
}

static void replay_extends_digest_after_digest(void **state)
{
    /* SHA-256 of 32 zeros and SHA-256(00000000): a PCR that saw only its separator */
    static const char separator_only[] =
        "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969";
    struct test_log t;
    struct replay r;
    struct err e = { 0 };
    uint8_t want[32];

    (void)state;
    test_log_init(&t, MASK_SHA256);
    test_log_separator(&t, 3, "\0\0\0");
    CHECK_OK("run", replay_run(t.crypto, test_boot(&t), BANK_SHA256, &r, &e), e);
    CHECK_OK("hex", hex_read(span_str(separator_only), want, 32, &e), e);
    CHECK_SPAN("PCR 3", span_of(r.pcrs[3], 32), span_of(want, 32));
    CHECK_INT("touched", r.touched, 1u << 3);
    CHECK_INT("PCR 0", r.pcrs[0][31], 0);
    CHECK_INT("PCR 17", r.pcrs[17][0], 0xFF);
    test_log_fini(&t);
}

static void km_57_notes_extend_nothing_and_a_locality_starts_pcr_0(void **state)
{
    static const uint8_t values[] = { 0, 3, 4 };
    struct test_log t;
    struct replay with, without;
    struct err e = { 0 };

    (void)state;
    test_log_init(&t, MASK_SHA256);
    sample(&t);
    CHECK_OK("without", replay_run(t.crypto, test_boot(&t), BANK_SHA256, &without, &e), e);
    for (size_t i = 0; i < COUNT(values); i++) {
        test_log_again(&t, MASK_SHA256);
        test_log_note(&t, 0, locality(values[i]));
        test_log_note(&t, 5, span_str("a note with zeros for a digest"));
        sample(&t);
        CHECK_OK("with", replay_run(t.crypto, test_boot(&t), BANK_SHA256, &with, &e), e);
        CHECK_INT("PCR 0", memcmp(with.pcrs[0], without.pcrs[0], 32) == 0, values[i] == 0);
        CHECK_INT("PCR 5", with.touched, without.touched);
    }
    test_log_again(&t, MASK_SHA256);
    test_log_note(&t, 0, locality(3));
    CHECK_OK("alone", replay_run(t.crypto, test_boot(&t), BANK_SHA256, &with, &e), e);
    CHECK_INT("alone", with.pcrs[0][31], 3);
    test_log_fini(&t);
}

static void replay_resets_launch_pcrs_when_something_is_measured_into_them(void **state)
{
    struct test_log t;
    struct replay r;
    struct err e = { 0 };

    (void)state;
    test_log_init(&t, MASK_SHA256);
    test_log_add(&t, 18, 0x402, span_str("launch"));
    CHECK_OK("run", replay_run(t.crypto, test_boot(&t), BANK_SHA256, &r, &e), e);
    CHECK("others of the launch", r.pcrs[17][0] == 0 && r.pcrs[22][0] == 0);
    CHECK("PCR 18", r.pcrs[18][0] != 0xFF);
    test_log_fini(&t);
}

static void replay_goes_through_the_logs_in_their_order(void **state)
{
    struct test_log t;
    struct boot b = { 0 }, whole = { 0 };
    struct replay one, two;
    struct err e = { 0 };
    struct span first;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    test_log_add(&t, 4, EV_ACTION, span_str("one"));
    first = writer_span(&t.w);
    test_log_again(&t, MASK_SHA256);
    test_log_add(&t, 4, EV_ACTION, span_str("two"));
    CHECK_OK("first", boot_add_tcg(&b, first, ORIGIN_ANY, &t.arena, &e), e);
    CHECK_OK("second", boot_add_tcg(&b, writer_span(&t.w), ORIGIN_ANY, &t.arena, &e), e);
    CHECK_INT("events", b.event_count, 4);
    CHECK_INT("first of the second", b.logs[1].first, 2);
    test_log_again(&t, MASK_SHA256);
    test_log_add(&t, 4, EV_ACTION, span_str("one"));
    test_log_add(&t, 4, EV_ACTION, span_str("two"));
    CHECK_OK("whole", boot_add_tcg(&whole, writer_span(&t.w), ORIGIN_ANY, &t.arena, &e), e);
    CHECK_OK("two", replay_run(t.crypto, &b, BANK_SHA256, &two, &e), e);
    CHECK_OK("one", replay_run(t.crypto, &whole, BANK_SHA256, &one, &e), e);
    CHECK_SPAN("PCR 4", span_of(two.pcrs[4], 32), span_of(one.pcrs[4], 32));
    test_log_again(&t, 0);
    test_log_note(&t, 0, locality(3));
    CHECK_OK("third", boot_add_tcg(&b, writer_span(&t.w), ORIGIN_ANY, &t.arena, &e), e);
    CHECK("another bank", !replay_run(t.crypto, &b, BANK_SHA256, &two, &e));
    CHECK_ERR("another bank", e, ERR_MISSING, "logs[2]");
    test_log_fini(&t);
}

static void a_locality_in_a_later_log_is_refused_once_pcr_0_is_in_use(void **state)
{
    struct test_log t;
    struct boot b = { 0 };
    struct replay r;
    struct err e = { 0 };

    (void)state;
    test_log_init(&t, 0);
    test_log_add(&t, 0, 8, span_str("version"));
    CHECK_OK("first", boot_add_tcg(&b, writer_span(&t.w), ORIGIN_ANY, &t.arena, &e), e);
    test_log_again(&t, 0);
    test_log_note(&t, 0, locality(3));
    CHECK_OK("second", boot_add_tcg(&b, writer_span(&t.w), ORIGIN_ANY, &t.arena, &e), e);
    CHECK("refused", !replay_run(t.crypto, &b, BANK_SHA1, &r, &e));
    CHECK_ERR("refused", e, ERR_MALFORMED, "logs[1]");
    test_log_fini(&t);
}

static void replay_holds_for_the_machine_that_made_the_log(void **state)
{
    static const unsigned masks[] = { 0, MASK_SHA256, MASK_BOTH, 15 };
    struct test_log t;

    (void)state;
    test_log_init(&t, 0);
    for (size_t i = 0; i < COUNT(masks); i++) {
        struct replay_result result;
        struct pcr_set quoted;
        struct boot *b;
        struct err e;

        test_log_again(&t, masks[i]);
        sample(&t);
        b = test_boot(&t);
        for (unsigned bank = 0; bank < BANK_COUNT; bank++) {
            if ((b->bank_mask & 1u << bank) == 0)
                continue;
            test_quote(&t, b, 1u << bank, &quoted);
            CHECK_OK("holds",
                     check(&t, b, (enum tpm_bank)bank, &quoted, &every_pcr, &result, NULL, &e), e);
            CHECK_INT("held", result.held, 0xFFFFFF);
        }
    }
    test_log_fini(&t);
}

static void km_62_only_the_pcrs_that_matter_must_replay(void **state)
{
    static const struct {
        const char *name;
        unsigned pcr;
        uint32_t required;
        bool is_open;
        const char *path; /* NULL: accepted */
    } rows[] = {
        { "PCR 0 is required", 0, 0xFFFFFF, false, "pcrs[0]" },
        { "PCR 0 is not", 0, 0x10, false, NULL },
        { "PCR 7 feeds claims", 7, 0x10, false, "pcrs[7]" },
        { "so does PCR 11", 11, 0, false, "pcrs[11]" },
        { "and 12", 12, 0, false, "pcrs[12]" },
        { "and 14", 14, 0, false, "pcrs[14]" },
        { "and 20", 20, 0, false, "pcrs[20]" },
        { "PCR 9 does not", 9, 0, false, NULL },
        { "PCR 8 is required", 8, 0xFFFFFF, false, "pcrs[8]" },
        { "PCR 16 never", 16, 0xFFFFFF, false, NULL },
        { "nor PCR 23", 23, 0xFFFFFF, false, NULL },
        { "PCR 10 is required", 10, 0xFFFFFF, false, "pcrs[10]" },
        { "PCR 10 in the old form", 10, 0xFFFFFF, true, NULL },
    };
    struct test_log t;
    struct boot *b;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    sample(&t);
    b = test_boot(&t);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct replay_rules rules = { rows[i].required, rows[i].is_open, NULL, 0 };
        struct replay_result result;
        struct pcr_set quoted;
        struct err e;
        bool ok;

        test_quote(&t, b, MASK_SHA256, &quoted);
        change(&t, &quoted, BANK_SHA256, rows[i].pcr)[5] ^= 1;
        ok = check(&t, b, BANK_SHA256, &quoted, &rules, &result, NULL, &e);
        CHECK_INT(rows[i].name, ok, rows[i].path == NULL);
        if (!ok)
            CHECK_ERR(rows[i].name, e, ERR_UNTRUSTED, rows[i].path);
        CHECK_INT(rows[i].name, result.differs, 1u << rows[i].pcr);
        quoted.values[BANK_SHA256][rows[i].pcr] = (struct span){ 0 };
        CHECK_OK("not quoted", check(&t, b, BANK_SHA256, &quoted, &rules, &result, NULL, &e), e);
        CHECK_INT("not held", result.held & 1u << rows[i].pcr, 0);
    }
    test_log_fini(&t);
}

static void a_pcr_nothing_was_measured_into_is_blank(void **state)
{
    struct test_log t;
    struct replay_result result;
    struct pcr_set quoted;
    struct boot *b;
    struct err e;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    sample(&t);
    b = test_boot(&t);
    test_quote(&t, b, MASK_SHA256, &quoted);
    memset(change(&t, &quoted, BANK_SHA256, 9), 0xFF, 32);
    memset(change(&t, &quoted, BANK_SHA256, 17), 0x00, 32);
    CHECK_OK("ones or zeros", check(&t, b, BANK_SHA256, &quoted, &every_pcr, &result, NULL, &e), e);
    memset(change(&t, &quoted, BANK_SHA256, 4), 0xFF, 32);
    CHECK("a capped one that the log uses",
          !check(&t, b, BANK_SHA256, &quoted, &every_pcr, &result, NULL, &e));
    CHECK_ERR("a capped one that the log uses", e, ERR_UNTRUSTED, "pcrs[4]");
    test_log_fini(&t);
}

static void a_known_value_of_pcr_0_is_accepted(void **state)
{
    struct test_log t;
    struct replay_result result;
    struct replay_rules rules = every_pcr;
    struct pcr_set quoted;
    struct span known;
    struct boot *b;
    struct err e;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    sample(&t);
    b = test_boot(&t);
    test_quote(&t, b, MASK_SHA256, &quoted);
    change(&t, &quoted, BANK_SHA256, 0)[0] ^= 1;
    known = quoted.values[BANK_SHA256][0];
    rules.known_pcr0 = &known;
    rules.known_pcr0_count = 1;
    CHECK_OK("known", check(&t, b, BANK_SHA256, &quoted, &rules, &result, NULL, &e), e);
    CHECK_INT("but not held", result.held & 1, 0);
    change(&t, &quoted, BANK_SHA256, 0)[0] ^= 2;
    CHECK("another", !check(&t, b, BANK_SHA256, &quoted, &rules, &result, NULL, &e));
    test_log_fini(&t);
}

/* One digest of the log was changed: the message names PCR, event, expected and found. */
static void a_single_changed_digest_is_named(void **state)
{
    struct test_log t;
    struct replay_result result;
    struct pcr_mismatch m = { 0 };
    struct pcr_set quoted;
    struct boot *b;
    struct err e;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    sample(&t);
    test_quote(&t, test_boot(&t), MASK_SHA256, &quoted);
    test_log_again(&t, MASK_SHA256);
    test_log_add(&t, 0, 8, span_str("version"));
    test_log_separator(&t, 0, "\0\0\0");
    test_log_add_as(&t, 4, EV_EFI_ACTION, span_str("Calling EFI Application from Boot Option"),
                    span_str("something else"));
    test_log_add(&t, 7, EV_EFI_VARIABLE_DRIVER_CONFIG,
                 test_variable(&t.arena, guid_global, "SecureBoot", span_str("\1")));
    b = test_boot(&t);
    CHECK("refused", !check(&t, b, BANK_SHA256, &quoted, &every_pcr, &result, &m, &e));
    CHECK_ERR("refused", e, ERR_UNTRUSTED, "pcrs[4]");
    CHECK_INT("pcr", m.pcr, 4);
    CHECK_INT("event", m.seq, 3);
    CHECK("named", m.event && strstr(e.text, "event 3, EV_EFI_ACTION") != NULL);
    CHECK_SPAN("found", span_of(m.event_actual, 32), span_of(m.event->digests[BANK_SHA256], 32));
    CHECK("differ", memcmp(m.event_actual, m.event_expected, 32) != 0);
    test_log_fini(&t);
}

/* Data and digest changed together: the PCR alone can be named. */
static void a_consistent_change_names_the_pcr(void **state)
{
    struct test_log t;
    struct replay_result result;
    struct pcr_mismatch m = { 0 };
    struct pcr_set quoted;
    struct err e;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    sample(&t);
    test_quote(&t, test_boot(&t), MASK_SHA256, &quoted);
    test_log_add(&t, 4, EV_EFI_ACTION, span_str("one more"));
    CHECK("refused", !check(&t, test_boot(&t), BANK_SHA256, &quoted, &every_pcr, &result, &m, &e));
    CHECK_ERR("refused", e, ERR_UNTRUSTED, "pcrs[4]");
    CHECK("no event", m.event == NULL && m.pcr == 4);
    CHECK_SPAN("found", span_of(m.actual, 32), quoted.values[BANK_SHA256][4]);
    test_log_fini(&t);
}

static void km_59_a_bank_that_lacks_a_digest_does_not_replay(void **state)
{
    struct test_log t;
    struct replay_result result;
    struct pcr_set quoted;
    struct boot *b;
    struct err e;

    (void)state;
    test_log_init(&t, MASK_BOTH);
    sample(&t);
    t.mask = MASK_SHA256;
    test_log_add(&t, 12, EV_EVENT_TAG, (struct span){ 0 });
    t.mask = MASK_BOTH;
    b = test_boot(&t);
    test_quote(&t, b, MASK_BOTH, &quoted);
    CHECK_OK("sha256", check(&t, b, BANK_SHA256, &quoted, &every_pcr, &result, NULL, &e), e);
    CHECK("sha1", !check(&t, b, BANK_SHA1, &quoted, &every_pcr, &result, NULL, &e));
    CHECK_ERR("sha1", e, ERR_UNTRUSTED, "pcrs[12]");
    CHECK_INT("the others are known", result.differs, 1u << 12);
    test_log_fini(&t);
}

static void km_59_the_strongest_bank_that_log_and_quote_have_is_chosen(void **state)
{
    static const struct {
        const char *name;
        unsigned log, quoted;
        uint32_t required, missing;
        int bank; /* -1: none */
    } rows[] = {
        { "both", MASK_BOTH, MASK_BOTH, 0xFFFFFF, 0, BANK_SHA256 },
        { "quote of one", MASK_BOTH, MASK_SHA1, 0xFFFFFF, 0, BANK_SHA1 },
        { "log of one", MASK_SHA1, MASK_BOTH, 0xFFFFFF, 0, BANK_SHA1 },
        { "none in common", MASK_SHA1, MASK_SHA256, 0xFFFFFF, 0, -1 },
        { "the stronger lacks a PCR", MASK_BOTH, MASK_BOTH, 0xFFFFFF, 1, BANK_SHA1 },
        { "which nobody asks for", MASK_BOTH, MASK_BOTH, 0xFFFFFE, 1, BANK_SHA256 },
        { "nothing quoted", MASK_BOTH, 0, 0, 0, -1 },
    };
    struct test_log t;
    struct boot *b;

    (void)state;
    test_log_init(&t, MASK_BOTH);
    sample(&t);
    b = test_boot(&t);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pcr_set quoted;
        enum tpm_bank bank = BANK_COUNT;
        struct err e = { 0 };

        test_quote(&t, b, rows[i].quoted, &quoted);
        if (rows[i].missing)
            quoted.values[BANK_SHA256][0] = (struct span){ 0 };
        b->bank_mask = rows[i].log;
        if (replay_choose_bank(b, &quoted, rows[i].required, &bank, &e))
            CHECK_INT(rows[i].name, bank, rows[i].bank);
        else
            CHECK_INT(rows[i].name, rows[i].bank, -1);
        b->bank_mask = MASK_BOTH;
    }
    test_log_fini(&t);
}

static void km_59_every_bank_that_is_quoted_and_logged_must_replay(void **state)
{
    struct test_log t;
    struct pcr_set quoted;
    struct boot *b;
    uint32_t held[BANK_COUNT] = { 0 };
    struct err e = { 0 };

    (void)state;
    test_log_init(&t, MASK_BOTH);
    sample(&t);
    b = test_boot(&t);
    test_quote(&t, b, MASK_BOTH, &quoted);
    CHECK_OK("both", replay_check_all(t.crypto, b, &quoted, &every_pcr, held, NULL, &e), e);
    CHECK("both", held[BANK_SHA1] == 0xFFFFFF && held[BANK_SHA256] == 0xFFFFFF);
    CHECK_INT("not logged", held[BANK_SHA384], 0);
    change(&t, &quoted, BANK_SHA1, 4)[0] ^= 1;
    held[BANK_SHA256] = 7;
    CHECK("one differs", !replay_check_all(t.crypto, b, &quoted, &every_pcr, held, NULL, &e));
    CHECK_ERR("one differs", e, ERR_UNTRUSTED, "pcrs[4]");
    CHECK_INT("held is left alone", held[BANK_SHA256], 7);
    test_log_fini(&t);
}

static void km_59_a_bank_nobody_measured_into_is_seen(void **state)
{
    struct test_log t;
    struct pcr_set quoted;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    sample(&t);
    test_quote(&t, test_boot(&t), MASK_SHA256, &quoted);
    CHECK("measured", pcr_set_is_measured(&quoted, BANK_SHA256));
    CHECK_INT("banks", pcr_set_banks(&quoted), MASK_SHA256);
    CHECK("not quoted", !pcr_set_is_measured(&quoted, BANK_SHA1));
    memset(change(&t, &quoted, BANK_SHA256, 0), 0x00, 32);
    CHECK("zeros", !pcr_set_is_measured(&quoted, BANK_SHA256));
    memset(change(&t, &quoted, BANK_SHA256, 0), 0xFF, 32);
    CHECK("ones", !pcr_set_is_measured(&quoted, BANK_SHA256));
    test_log_fini(&t);
}

TEST_MAIN(replay_extends_digest_after_digest,
          km_57_notes_extend_nothing_and_a_locality_starts_pcr_0,
          replay_resets_launch_pcrs_when_something_is_measured_into_them,
          replay_goes_through_the_logs_in_their_order,
          a_locality_in_a_later_log_is_refused_once_pcr_0_is_in_use,
          replay_holds_for_the_machine_that_made_the_log,
          km_62_only_the_pcrs_that_matter_must_replay, a_pcr_nothing_was_measured_into_is_blank,
          a_known_value_of_pcr_0_is_accepted, a_single_changed_digest_is_named,
          a_consistent_change_names_the_pcr, km_59_a_bank_that_lacks_a_digest_does_not_replay,
          km_59_the_strongest_bank_that_log_and_quote_have_is_chosen,
          km_59_every_bank_that_is_quoted_and_logged_must_replay,
          km_59_a_bank_nobody_measured_into_is_seen)
