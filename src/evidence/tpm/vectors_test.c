#include "test_vectors.h"

#include "../../base/hex.h"
#include "measured.h"
#include "replay.h"
#include "utf16.h"
#include "variable.h"

static struct crypto *crypto;

static int64_t number(const struct json *object, const char *name)
{
    int64_t v = -1;

    (void)!json_to_int(json_member(object, name), &v);
    return v;
}

static void load(const struct vector_log *v, struct boot *b)
{
    struct arena *a = (struct arena *)(uintptr_t)&v->arena;
    struct err e = { 0 };

    *b = (struct boot){ 0 };
    CHECK_OK(v->name, boot_add_tcg(b, v->bytes, ORIGIN_ANY, a, &e), e);
}

static void check_shape(const struct vector_log *v, void *arg)
{
    struct boot b;
    const struct eventlog *log = &b.logs[0].tcg;
    const struct json *locality = json_member(v->facts, "startup_locality");
    int64_t want = 0;

    (void)arg;
    load(v, &b);
    CHECK_INT(v->name, log->count, number(v->facts, "events"));
    CHECK_INT(v->name, log->is_agile,
              span_is(json_member(v->facts, "format")->text, "crypto-agile"));
    CHECK_INT(v->name, log->bytes.n, number(v->facts, "bytes"));
    CHECK_INT(v->name,
              log->trust_point_count ? log->trust_points[0].offset : log->bytes.n - log->padding,
              number(v->facts, "parsed_bytes"));
    CHECK_INT(v->name, log->has_locality, locality != NULL);
    if (locality && json_to_int(locality->child, &want))
        CHECK_INT(v->name, log->locality, want);
}

static void every_real_log_is_read_with_its_format_and_number_of_events(void **state)
{
    (void)state;
    SKIP_WITHOUT_VECTORS();
    CHECK("logs", vector_each(check_shape, NULL) >= 40);
}

static void the_log_whose_vendor_bytes_stand_outside_its_header_is_refused(void **state)
{
    struct arena a = arena_over(1u << 20);
    struct eventlog log;
    struct err e = { 0 };
    struct span bytes;

    (void)state;
    SKIP_WITHOUT_VECTORS();
    bytes = check_vector("tpm/linux/" VECTOR_BROKEN ".bin");
    CHECK("refused", !eventlog_parse(bytes, &a, &log, &e));
    CHECK_ERR("refused", e, ERR_MALFORMED, "events[0].header.vendor");
    arena_fini(&a);
    free((void *)(uintptr_t)bytes.p);
}

static void check_bank(const struct vector_log *v, const struct json *bank)
{
    struct replay r;
    struct boot b;
    struct err e = { 0 };
    unsigned which = 0;

    load(v, &b);
    while (which < BANK_COUNT && !span_is(bank->name, banks[which].words))
        which++;
    CHECK(v->name, which < BANK_COUNT);
    CHECK_OK(v->name, replay_run(crypto, &b, (enum tpm_bank)which, &r, &e), e);
    for (const struct json *pcr = bank->child; pcr; pcr = pcr->next) {
        uint8_t want[PCR_SIZE_MAX];
        unsigned index = (unsigned)strtoul((const char *)pcr->name.p, NULL, 10);

        CHECK_OK(v->name, hex_read(pcr->text, want, banks[which].size, &e), e);
        CHECK_SPAN(v->name, span_of(r.pcrs[index], banks[which].size),
                   span_of(want, banks[which].size));
    }
}

static void check_replay(const struct vector_log *v, void *arg)
{
    size_t *compared = arg;
    const struct json *replay = json_member(v->facts, "replay");

    for (const struct json *bank = replay ? replay->child : NULL; bank; bank = bank->next) {
        check_bank(v, bank);
        ++*compared;
    }
}

static void every_real_log_replays_to_the_recorded_pcrs(void **state)
{
    (void)state;
    size_t compared = 0;

    SKIP_WITHOUT_VECTORS();
    vector_each(check_replay, &compared);
    CHECK("banks", compared >= 50);
}

static void check_demanded(const struct vector_log *v, void *arg)
{
    struct boot b;
    struct err e = { 0 };
    struct data_mismatch m;

    (void)arg;
    load(v, &b);
    for (unsigned i = 0; i < BANK_COUNT; i++)
        if (b.bank_mask & 1u << i) {
            CHECK_OK(v->name, measured_settle(crypto, (enum tpm_bank)i, &b, &e), e);
            CHECK_OK(v->name, measured_check(crypto, (enum tpm_bank)i, &b, &m, &e), e);
        }
}

static void the_data_of_every_real_log_is_what_was_measured_where_it_must_be(void **state)
{
    (void)state;
    SKIP_WITHOUT_VECTORS();
    vector_each(check_demanded, NULL);
}

/* ---------------------------------------------------------------- against PCRs of the machine */

static void set_values(struct pcr_set *set, enum tpm_bank bank, struct span pcrs)
{
    size_t size = banks[bank].size;

    for (size_t i = 0; i < PCR_COUNT && pcrs.n == PCR_COUNT * size; i++)
        set->values[bank][i] = span_part(pcrs, i * size, size);
}

struct quoted_row {
    const char *log, *sha1, *sha256; /* NULL: not quoted */
    const char *list;                /* an IMA list, or NULL */
    const char *path;                /* of the refusal; NULL: it replays */
    uint32_t held;                   /* in the strongest bank */
};

static void check_quoted(const struct quoted_row *row)
{
    struct arena a = arena_over(32u << 20);
    struct span log = check_vector(row->log);
    struct span sha1 = row->sha1 ? check_vector(row->sha1) : (struct span){ 0 };
    struct span sha256 = row->sha256 ? check_vector(row->sha256) : (struct span){ 0 };
    struct span list = row->list ? check_vector(row->list) : (struct span){ 0 };
    struct replay_rules rules = { .required_mask = 0xFFFFFF };
    struct pcr_set set = { 0 };
    uint32_t held[BANK_COUNT] = { 0 };
    struct boot b = { 0 };
    struct err e = { 0 };
    bool ok;

    set_values(&set, BANK_SHA1, sha1);
    set_values(&set, BANK_SHA256, sha256);
    CHECK_OK(row->log, boot_add_tcg(&b, log, ORIGIN_ANY, &a, &e), e);
    if (row->list)
        CHECK_OK(row->list, boot_add_ima(&b, list, &a, &e), e);
    ok = replay_check_all(crypto, &b, &set, &rules, held, NULL, &e);
    if (row->path)
        CHECK_ERR(row->log, e, ERR_UNTRUSTED, row->path);
    else
        CHECK_OK(row->log, ok, e);
    CHECK_INT(row->log, held[row->sha256 ? BANK_SHA256 : BANK_SHA1], row->held);
    free((void *)(uintptr_t)log.p);
    free((void *)(uintptr_t)sha1.p);
    free((void *)(uintptr_t)sha256.p);
    free((void *)(uintptr_t)list.p);
    arena_fini(&a);
}

#define WINDOWS "tpm/windows/"
#define LAB     "tpm/lab/"
#define DELL    WINDOWS "dell-notebook-5eventlogs-wbcl/"

static void real_logs_replay_to_the_pcrs_of_their_machines(void **state)
{
    static const struct quoted_row rows[] = {
        { WINDOWS "latitude-7520/log.bin", NULL, WINDOWS "latitude-7520/pcrs-sha256.bin", NULL,
          NULL, 0xFFFFFF },
        { WINDOWS "imn-dell-wbcl-bootctrs/log.bin", NULL,
          WINDOWS "imn-dell-wbcl-bootctrs/pcrs-sha256.bin", NULL, NULL, 0xFFFFFF },
        { WINDOWS "gcp-shielded-vm/log.bin", WINDOWS "gcp-shielded-vm/pcrs-sha1.bin", NULL, NULL,
          NULL, 0xFFFFFF },
        { DELL "log4.bin", NULL, DELL "pcrs-sha256.bin", NULL, NULL, 0xFFFFFF },
        { DELL "log0.bin", NULL, DELL "pcrs-sha256.bin", NULL, "pcrs[12]", 0 },
        { DELL "log3.bin", NULL, DELL "pcrs-sha256.bin", NULL, "pcrs[12]", 0 },
        { WINDOWS "imn-supermicro-wbcl-quote-aiks/log.bin", NULL,
          WINDOWS "imn-supermicro-wbcl-quote-aiks/pcrs-sha256.bin", NULL, NULL, 0xFFFFFF },
        { WINDOWS "imn-supermicro-wbcl-quote-aiks/log.bin",
          WINDOWS "imn-supermicro-wbcl-quote-aiks/pcrs-sha1.bin",
          WINDOWS "imn-supermicro-wbcl-quote-aiks/pcrs-sha256.bin", NULL, "pcrs[0]", 0 },
        { LAB "sbon/log.bin", LAB "sbon/pcrs-sha1.bin", LAB "sbon/pcrs-sha256.bin",
          LAB "sbon/ima.bin", NULL, 0xFFFFFF },
        { LAB "sboff/log.bin", LAB "sboff/pcrs-sha1.bin", LAB "sboff/pcrs-sha256.bin",
          LAB "sboff/ima.bin", NULL, 0xFFFFFF },
        { LAB "snake/log.bin", LAB "snake/pcrs-sha1.bin", LAB "snake/pcrs-sha256.bin",
          LAB "snake/ima.bin", NULL, 0xFFFFFF },
        { LAB "snake/log.bin", NULL, LAB "snake/pcrs-sha256.bin", NULL, "pcrs[10]", 0 },
        { WINDOWS "latitude-7520/log.bin", NULL, LAB "requoted/latitude-7520/pcrs-sha256.bin", NULL,
          NULL, 0xFFFFFF },
        { WINDOWS "desktop-mimu51j-epp-eset/log.bin", NULL,
          LAB "requoted/desktop-mimu51j/pcrs-sha256.bin", NULL, NULL, 0xFFFFFF },
        { DELL "log0.bin", NULL, LAB "requoted/dell-hibernation/boot-pcrs-sha256.bin", NULL, NULL,
          0xFFFFFF },
        { DELL "log4.bin", NULL, LAB "requoted/dell-hibernation/pcrs-sha256.bin", NULL, NULL,
          0xFFFFFF },
    };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    for (size_t i = 0; i < COUNT(rows); i++)
        check_quoted(&rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_real_log_is_read_with_its_format_and_number_of_events),
        cmocka_unit_test(the_log_whose_vendor_bytes_stand_outside_its_header_is_refused),
        cmocka_unit_test(every_real_log_replays_to_the_recorded_pcrs),
        cmocka_unit_test(real_logs_replay_to_the_pcrs_of_their_machines),
        cmocka_unit_test(the_data_of_every_real_log_is_what_was_measured_where_it_must_be),
    };
    struct err e = { 0 };
    int failed;

    crypto = crypto_new(&e);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    failed = crypto ? cmocka_run_group_tests_name(TEST_NAME, tests, NULL, NULL) : 1;
    crypto_free(crypto);
    return failed;
}
