#include "facts.h"

#include "../../format/json.h"
#include "order.h"
#include "test_log.h"
#include "test_vectors.h"

enum { ALL_PCRS = 0xFFFFFF };

static struct crypto *crypto; /* for the vectors */

static struct span one(uint8_t v)
{
    static const uint8_t bytes[2] = { 0, 1 };

    return span_of(&bytes[v], 1);
}

static void add_secure_boot(struct test_log *t, uint32_t type, uint8_t v)
{
    test_log_add(t, 7, type, test_variable(&t->arena, guid_global, "SecureBoot", one(v)));
}

static struct boot_facts facts_of(struct test_log *t, uint32_t held)
{
    struct boot_facts f;

    facts_read(test_boot(t), held, &f);
    return f;
}

/* A tagged event with one trust boundary of flags. */
static void add_boundary(struct test_log *t, uint32_t pcr, struct span records)
{
    test_log_add(t, pcr, EV_EVENT_TAG, test_record(&t->arena, SIPA_TRUSTBOUNDARY, records));
}

static void add_flag(struct test_log *t, uint32_t pcr, uint32_t id, uint8_t v)
{
    add_boundary(t, pcr, test_flag(&t->arena, id, v));
}

static void end_windows(struct test_log *t)
{
    test_log_separator(t, 12, "WBCL");
    test_log_separator(t, 13, "WBCL");
    test_log_separator(t, 14, "WBCL");
}

static void secure_boot_is_one_measured_variable_before_the_separator(void **state)
{
    struct test_log t;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    CHECK("none", !facts_of(&t, ALL_PCRS).secure_boot);
    add_secure_boot(&t, EV_EFI_VARIABLE_DRIVER_CONFIG, 1);
    CHECK("on", facts_of(&t, ALL_PCRS).secure_boot);
    CHECK("no note", !facts_of(&t, ALL_PCRS).secure_boot_note);
    CHECK("PCR 7 is not vouched for", !facts_of(&t, ALL_PCRS & ~0x80u).secure_boot);
    test_log_separator(&t, 7, "\0\0\0");
    CHECK("before the separator", facts_of(&t, ALL_PCRS).secure_boot);
    add_secure_boot(&t, EV_EFI_VARIABLE_DRIVER_CONFIG, 1);
    CHECK("two", !facts_of(&t, ALL_PCRS).secure_boot);
    test_log_again(&t, MASK_SHA256);
    add_secure_boot(&t, EV_EFI_VARIABLE_DRIVER_CONFIG, 0);
    CHECK("off", !facts_of(&t, ALL_PCRS).secure_boot);
    test_log_again(&t, MASK_SHA256);
    test_log_add(&t, 7, EV_EFI_VARIABLE_DRIVER_CONFIG,
                 test_variable(&t.arena, guid_image_security, "SecureBoot", one(1)));
    CHECK("under another GUID", !facts_of(&t, ALL_PCRS).secure_boot);
    test_log_again(&t, MASK_SHA256);
    test_log_add(&t, 6, EV_EFI_VARIABLE_DRIVER_CONFIG,
                 test_variable(&t.arena, guid_global, "SecureBoot", one(1)));
    CHECK("in another PCR", !facts_of(&t, ALL_PCRS).secure_boot);
    test_log_fini(&t);
}

static void km_58_a_secure_boot_variable_behind_the_separator_is_false(void **state)
{
    static const char *const contents[] = { "\0\0\0", "\xFF\xFF\xFF\xFF" };
    struct test_log t;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    for (size_t i = 0; i < COUNT(contents); i++) {
        test_log_again(&t, MASK_SHA256);
        test_log_separator(&t, 7, contents[i]);
        add_secure_boot(&t, EV_EFI_VARIABLE_DRIVER_CONFIG, 1);
        CHECK("late", !facts_of(&t, ALL_PCRS).secure_boot);
    }
    test_log_again(&t, MASK_SHA256);
    test_log_add(&t, 7, EV_EFI_VARIABLE_AUTHORITY,
                 test_variable(&t.arena, guid_image_security, "db", span_str("owner and cert")));
    add_secure_boot(&t, EV_EFI_VARIABLE_DRIVER_CONFIG, 1);
    test_log_separator(&t, 7, "\0\0\0");
    CHECK("an early authority is fine", facts_of(&t, ALL_PCRS).secure_boot);
    test_log_fini(&t);
}

/* The true event says off; somebody gives it another type and adds one that says on. */
static void km_55_relabelling_the_true_secure_boot_event_gives_false(void **state)
{
    static const uint32_t types[] = { EV_EFI_VARIABLE_AUTHORITY,
                                      EV_EFI_ACTION,
                                      EV_ACTION,
                                      EV_IPL,
                                      EV_EFI_APPLICATION,
                                      0x80000008,
                                      0x12345678,
                                      EV_EVENT_TAG,
                                      0x800000E3,
                                      EV_EFI_VARIABLE_BOOT };
    struct test_log t;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    for (size_t i = 0; i < COUNT(types); i++) {
        test_log_again(&t, MASK_SHA256);
        add_secure_boot(&t, types[i], 0);
        test_log_add(&t, 7, EV_EFI_ACTION, span_of("\0\0\0", 4)); /* the separator, relabelled */
        add_secure_boot(&t, EV_EFI_VARIABLE_DRIVER_CONFIG, 1);
        CHECK("relabelled", !facts_of(&t, ALL_PCRS).secure_boot);
    }
    test_log_again(&t, MASK_SHA256); /* its data replaced as well, where a type allows that */
    test_log_add_as(&t, 7, 0x80000008, span_str("harmless"),
                    test_variable(&t.arena, guid_global, "SecureBoot", one(0)));
    add_secure_boot(&t, EV_EFI_VARIABLE_DRIVER_CONFIG, 1);
    CHECK("replaced", !facts_of(&t, ALL_PCRS).secure_boot);
    test_log_fini(&t);
}

struct claims {
    bool boot_debugging_disabled, not_safe_mode, not_win_pe, iommu_enabled, vbs_enabled;
};

static void check_claims(const char *row, const struct boot_facts *f, struct claims want)
{
    CHECK_INT(row, facts_boot_debugging_disabled(f), want.boot_debugging_disabled);
    CHECK_INT(row, facts_not_safe_mode(f), want.not_safe_mode);
    CHECK_INT(row, facts_not_win_pe(f), want.not_win_pe);
    CHECK_INT(row, facts_iommu_enabled(f), want.iommu_enabled);
    CHECK_INT(row, facts_vbs_enabled(f), want.vbs_enabled);
}

static void claims_follow_the_records_of_trust_boundaries(void **state)
{
    static const struct {
        const char *name;
        struct {
            uint32_t pcr, id;
            uint8_t value;
        } flags[4];
        struct claims want;
    } rows[] = {
        { "nothing", { { 0 } }, { false, true, true, false, false } },
        { "debugging off", { { 12, SIPA_BOOTDEBUGGING, 0 } }, { true, true, true, false, false } },
        { "debugging on later",
          { { 12, SIPA_BOOTDEBUGGING, 0 }, { 13, SIPA_BOOTDEBUGGING, 1 } },
          { false, true, true, false, false } },
        { "safe mode", { { 13, SIPA_SAFEMODE, 1 } }, { false, false, true, false, false } },
        { "WinPE after a launch", { { 20, SIPA_WINPE, 1 } }, { false, true, false, false, false } },
        { "IOMMU", { { 12, SIPA_VBS_IOMMU_REQUIRED, 1 } }, { false, true, true, true, false } },
        { "VSM", { { 12, SIPA_VBS_VSM_REQUIRED, 1 } }, { false, true, true, false, true } },
        { "VSM, not mandatory",
          { { 12, SIPA_VBS_VSM_REQUIRED, 1 }, { 12, SIPA_VBS_MANDATORY_ENFORCEMENT, 0 } },
          { false, true, true, false, false } },
        { "VSM in PCR 13 does not count",
          { { 13, SIPA_VBS_VSM_REQUIRED, 1 } },
          { false, true, true, false, false } },
        { "PCR 14 does not count",
          { { 14, SIPA_SAFEMODE, 1 } },
          { false, true, true, false, false } },
    };
    struct test_log t;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct boot_facts f;

        test_log_again(&t, MASK_SHA256);
        for (size_t k = 0; k < 4 && rows[i].flags[k].pcr; k++)
            add_flag(&t, rows[i].flags[k].pcr, rows[i].flags[k].id, rows[i].flags[k].value);
        end_windows(&t);
        f = facts_of(&t, ALL_PCRS);
        check_claims(rows[i].name, &f, rows[i].want);
    }
    test_log_fini(&t);
}

static void records_count_only_in_a_boundary_before_the_end(void **state)
{
    struct test_log t;
    struct boot_facts f;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    test_log_add(&t, 12, EV_EVENT_TAG, test_flag(&t.arena, SIPA_BOOTDEBUGGING, 0));
    end_windows(&t);
    add_flag(&t, 12, SIPA_BOOTDEBUGGING, 0);
    f = facts_of(&t, ALL_PCRS);
    CHECK_INT("outside, and late", f.boot_debugging.off, 0);
    test_log_fini(&t);
}

static void km_62_a_claim_that_rests_on_a_pcr_nobody_vouches_for_is_false(void **state)
{
    static const struct {
        const char *name;
        uint32_t missing;
    } rows[] = { { "PCR 12", 12 }, { "PCR 13", 13 }, { "PCR 19", 19 } };
    static const struct claims none = { 0 };
    struct test_log t;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    add_flag(&t, 12, SIPA_BOOTDEBUGGING, 0);
    add_flag(&t, 19, SIPA_VBS_IOMMU_REQUIRED, 1);
    end_windows(&t);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct boot_facts f = facts_of(&t, ALL_PCRS & ~(1u << rows[i].missing));

        check_claims(rows[i].name, &f, none);
    }
    test_log_fini(&t);
}

static void km_55_a_strange_event_beside_windows_records_makes_the_claims_false(void **state)
{
    static const struct claims none = { 0 };
    struct test_log t;
    struct boot_facts f;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    add_flag(&t, 12, SIPA_BOOTDEBUGGING, 0);
    test_log_add_as(&t, 20, 0x450, span_str("a launch event"), span_str("hidden records"));
    end_windows(&t);
    f = facts_of(&t, ALL_PCRS);
    check_claims("strange", &f, none);
    test_log_fini(&t);
}

static void records_of_the_static_root_say_nothing_in_launch_pcrs(void **state)
{
    struct test_log t;
    struct boot b = { 0 };
    struct boot_facts f;
    struct err e = { 0 };

    (void)state;
    test_log_init(&t, MASK_SHA256);
    add_flag(&t, 19, SIPA_VBS_IOMMU_REQUIRED, 1);
    CHECK_OK("srtm", boot_add_tcg(&b, writer_span(&t.w), ORIGIN_SRTM, &t.arena, &e), e);
    CHECK_OK("settle", measured_settle(t.crypto, BANK_SHA256, &b, &e), e);
    facts_read(&b, ALL_PCRS, &f);
    CHECK("srtm", !facts_iommu_enabled(&f));
    CHECK("any", (f = facts_of(&t, ALL_PCRS), facts_iommu_enabled(&f)));
    test_log_fini(&t);
}

static void two_boots_are_united_and_secure_boot_must_hold_in_both(void **state)
{
    struct boot_facts current = { .secure_boot = true, .boot_debugging = { 1, 0 } };
    struct boot_facts boot = { .secure_boot_note = "off",
                               .boot_debugging = { 0, 1 },
                               .safe_mode = { 0, 1 },
                               .idks = span_str("key"),
                               .has_launch_type = true,
                               .vsm_launch_type = 1 };

    (void)state;
    facts_join(&current, &boot);
    CHECK("debugging", !facts_boot_debugging_disabled(&current));
    CHECK("safe mode", !facts_not_safe_mode(&current));
    CHECK("secure boot", !current.secure_boot && current.secure_boot_note);
    CHECK_TEXT("idks", current.idks, "key");
    CHECK_INT("launch type", current.vsm_launch_type, 1);
    boot.idks = span_str("other");
    facts_join(&current, &boot);
    CHECK("two keys", current.has_two_idks);
}

static void two_boots_of_one_cycle_have_counters_that_agree(void **state)
{
    static const struct {
        const char *name;
        bool has;
        uint64_t boot_counter, boot_transfer, counter, transfer;
        uint32_t resets;
        const char *path; /* NULL: good */
    } rows[] = {
        { "four resumes", true, 168, 1, 172, 2, 4, NULL },
        { "a reset too many", true, 168, 1, 172, 2, 5, "" },
        { "a counter that stood still", true, 168, 1, 168, 2, 0, "" },
        { "one that fell", true, 168, 1, 167, 2, UINT32_MAX, "" },
        { "none", false, 168, 1, 172, 2, 4, "" },
        { "two cold boots", true, 168, 1, 172, 1, 4, "current" },
        { "two resumes", true, 168, 2, 172, 2, 4, "boot" },
        { "four thousand million more", true, 168, 1, 168 + (4ull << 32) + 4, 2, 4, "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct boot_facts boot = { .has_boot_counter = rows[i].has,
                                   .boot_counter = rows[i].boot_counter,
                                   .has_transfer_control = true,
                                   .transfer_control = rows[i].boot_transfer };
        struct boot_facts current = { .has_boot_counter = true,
                                      .boot_counter = rows[i].counter,
                                      .has_transfer_control = true,
                                      .transfer_control = rows[i].transfer };
        struct err e = { 0 };
        bool ok = facts_check_cycle(&current, &boot, rows[i].resets, &e);

        CHECK_INT(rows[i].name, ok, rows[i].path == NULL);
        if (!ok)
            CHECK_ERR(rows[i].name, e, ERR_UNTRUSTED, rows[i].path);
    }
}

static void write_key(struct writer *w, uint32_t alg, uint32_t bits, uint32_t e, uint32_t m,
                      uint8_t top)
{
    write_u32le(w, alg);
    write_u32le(w, bits);
    write_u32le(w, e);
    write_u32le(w, m);
    write_fill(w, 1, e < 100 ? e : 0);
    write_u8(w, top);
    write_fill(w, 0x11, m > 0 && m < 1000 ? m - 1 : 0);
}

static void a_key_of_the_secure_kernel_adds_up(void **state)
{
    static const struct {
        const char *name;
        uint32_t alg, bits, e, m;
        uint8_t top;
        enum err_code code;
        const char *path;
    } rows[] = {
        { "2048", 1, 2048, 3, 256, 0x80, ERR_NONE, "" },
        { "4096", 1, 4096, 3, 512, 0xFF, ERR_NONE, "" },
        { "not RSA", 2, 2048, 3, 256, 0x80, ERR_UNSUPPORTED, "algorithm" },
        { "short", 1, 1024, 3, 128, 0x80, ERR_UNSUPPORTED, "bits" },
        { "long", 1, 8192, 3, 900, 0x80, ERR_UNSUPPORTED, "bits" },
        { "bits and modulus disagree", 1, 2048, 3, 256, 0x7F, ERR_MALFORMED, "modulus" },
        { "exponent past the end", 1, 2048, 300, 256, 0x80, ERR_MALFORMED, "exponent" },
        { "modulus past the end", 1, 2048, 3, UINT32_MAX, 0x80, ERR_MALFORMED, "modulus" },
    };
    struct arena a = arena_over(1u << 20);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct writer w = writer_in(&a, 600);
        struct vsm_key k;
        struct err e = { 0 };
        bool ok;

        write_key(&w, rows[i].alg, rows[i].bits, rows[i].e, rows[i].m, rows[i].top);
        ok = vsm_key_parse(writer_span(&w), &k, &e);
        CHECK_INT(rows[i].name, ok, rows[i].code == ERR_NONE);
        if (!ok)
            CHECK_ERR(rows[i].name, e, rows[i].code, rows[i].path);
        for (size_t n = 0; ok && n < w.n; n++)
            CHECK("truncated", !vsm_key_parse(span_of(w.p, n), &k, &e));
    }
    arena_fini(&a);
}

/* ---------------------------------------------------------------- reference vectors */

static void check_secure_boot(const struct vector_log *v, void *arg)
{
    struct arena *a = (struct arena *)(uintptr_t)&v->arena;
    const struct json *want = json_member(v->facts, "secureBootEnabled");
    struct boot b = { 0 };
    struct boot_facts f;
    struct err e = { 0 };
    enum tpm_bank bank;

    (void)arg;
    CHECK_OK(v->name, boot_add_tcg(&b, v->bytes, ORIGIN_ANY, a, &e), e);
    bank = b.bank_mask & MASK_SHA256 ? BANK_SHA256 : BANK_SHA1;
    CHECK_OK(v->name, measured_settle(crypto, bank, &b, &e), e);
    facts_read(&b, ALL_PCRS, &f);
    if (f.secure_boot != (want->type == JSON_TRUE))
        fail_msg("%s: %s", v->name, f.secure_boot ? "on" : f.secure_boot_note);
}

static void secure_boot_of_every_real_log_is_as_recorded(void **state)
{
    (void)state;
    SKIP_WITHOUT_VECTORS();
    vector_each(check_secure_boot, NULL);
}

/* The row of a check that fails, or "". */
static const char *judge(const struct boot *b, enum tpm_bank bank, struct err *e)
{
    if (!measured_check(crypto, bank, b, NULL, e))
        return "data";
    if (!order_check_separators(b, e))
        return "separators";
    if (!order_check_end(b, e))
        return "end";
    if (!order_check_types(b, e))
        return "types";
    return order_check_records(b, e) ? "" : "records";
}

static void check_claim(const char *row, const struct json *claims, const char *name, bool got)
{
    const struct json *want = json_member(claims, name);

    if (!want || (want->type == JSON_TRUE) != got)
        fail_msg("%s: %s is %s", row, name, got ? "true" : "false");
}

static void check_synthetic(const char *name, const char *fails)
{
    struct arena a = arena_over(16u << 20);
    char path[128];
    struct span bytes, expected;
    const struct json *root = NULL, *claims;
    struct boot b = { 0 };
    struct boot_facts f;
    struct err e = { 0 };

    snprintf(path, sizeof path, "vbs/synthetic/%s/log.bin", name);
    bytes = check_vector(path);
    snprintf(path, sizeof path, "vbs/synthetic/%s/expected.json", name);
    expected = check_vector(path);
    CHECK_OK(name, json_parse(expected, NULL, &a, &root, &e), e);
    CHECK_OK(name, boot_add_tcg(&b, bytes, ORIGIN_ANY, &a, &e), e);
    CHECK_OK(name, measured_settle(crypto, BANK_SHA256, &b, &e), e);
    CHECK_TEXT(name, span_str(judge(&b, BANK_SHA256, &e)), fails);
    facts_read(&b, ALL_PCRS, &f);
    claims = json_member(root, "claims");
    CHECK(name, claims || fails[0] || f.has_two_idks);
    if (claims) {
        check_claim(name, claims, "secureBootEnabled", f.secure_boot);
        check_claim(name, claims, "bootDebuggingDisabled", facts_boot_debugging_disabled(&f));
        check_claim(name, claims, "notSafeMode", facts_not_safe_mode(&f));
        check_claim(name, claims, "notWinPE", facts_not_win_pe(&f));
        check_claim(name, claims, "iommuEnabled", facts_iommu_enabled(&f));
        check_claim(name, claims, "vbsEnabled", facts_vbs_enabled(&f));
        CHECK_INT(name, f.idks.n, strcmp(name, "boot-secure") == 0 ? 275 : f.idks.n);
    }
    arena_fini(&a);
    free((void *)(uintptr_t)bytes.p);
    free((void *)(uintptr_t)expected.p);
}

static void every_synthetic_boot_gives_its_recorded_claims_or_its_refusal(void **state)
{
    static const struct {
        const char *name, *fails;
    } rows[] = {
        { "boot-secure", "" },
        { "boot-relaxed", "" },
        { "boot-late-debug", "" },
        { "boot-absent", "" },
        { "boot-no-idks", "" },
        { "boot-two-idks", "" },
        { "boot-after-separator", "end" },
        { "boot-data-not-hashed", "data" },
        { "boot-two-secureboot-vars", "" },
    };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    for (size_t i = 0; i < COUNT(rows); i++)
        check_synthetic(rows[i].name, rows[i].fails);
}

static void read_notebook(const char *name, struct arena *a, struct boot_facts *out)
{
    struct boot b = { 0 };
    struct err e = { 0 };
    char path[96];
    struct span bytes;

    snprintf(path, sizeof path, "tpm/windows/dell-notebook-5eventlogs-wbcl/%s.bin", name);
    bytes = check_vector(path);
    CHECK_OK(name, boot_add_tcg(&b, bytes, ORIGIN_ANY, a, &e), e);
    CHECK_OK(name, measured_settle(crypto, BANK_SHA256, &b, &e), e);
    facts_read(&b, ALL_PCRS, out);
    free((void *)(uintptr_t)bytes.p);
}

static void the_hibernated_notebook_is_of_one_cycle(void **state)
{
    struct arena a = arena_over(16u << 20);
    struct boot_facts boot, current;
    struct err e = { 0 };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    read_notebook("log0", &a, &boot);
    read_notebook("log4", &a, &current);
    CHECK_INT("boot", boot.boot_counter, 168);
    CHECK_INT("current", current.boot_counter, 172);
    CHECK_OK("one cycle", facts_check_cycle(&current, &boot, 4, &e), e);
    CHECK("the other way round", !facts_check_cycle(&boot, &current, (uint32_t)-4, &e));
    arena_fini(&a);
}

static void check_windows(const struct vector_log *v, void *arg)
{
    struct arena *a = (struct arena *)(uintptr_t)&v->arena;
    struct boot b = { 0 };
    struct err e = { 0 };
    enum tpm_bank bank;
    const char *fails;

    (void)arg;
    CHECK_OK(v->name, boot_add_tcg(&b, v->bytes, ORIGIN_ANY, a, &e), e);
    bank = b.bank_mask & MASK_SHA256 ? BANK_SHA256 : BANK_SHA1;
    CHECK_OK(v->name, measured_settle(crypto, bank, &b, &e), e);
    fails = judge(&b, bank, &e);
    /* a stub that measures its text into PCR 12 leaves no room for Windows' records there */
    CHECK_TEXT(v->name, span_str(fails),
               strstr(v->name, "sd-boot") || strstr(v->name, "specid") ? "types" : "");
}

static void every_real_log_is_in_order(void **state)
{
    (void)state;
    SKIP_WITHOUT_VECTORS();
    vector_each(check_windows, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST_EACH(
        secure_boot_is_one_measured_variable_before_the_separator,
        km_58_a_secure_boot_variable_behind_the_separator_is_false,
        km_55_relabelling_the_true_secure_boot_event_gives_false,
        claims_follow_the_records_of_trust_boundaries,
        records_count_only_in_a_boundary_before_the_end,
        km_62_a_claim_that_rests_on_a_pcr_nobody_vouches_for_is_false,
        km_55_a_strange_event_beside_windows_records_makes_the_claims_false,
        records_of_the_static_root_say_nothing_in_launch_pcrs,
        two_boots_of_one_cycle_have_counters_that_agree, the_hibernated_notebook_is_of_one_cycle,
        two_boots_are_united_and_secure_boot_must_hold_in_both, a_key_of_the_secure_kernel_adds_up,
        secure_boot_of_every_real_log_is_as_recorded,
        every_synthetic_boot_gives_its_recorded_claims_or_its_refusal,
        every_real_log_is_in_order) };
    struct err e = { 0 };
    int failed;

    crypto = crypto_new(&e);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    failed = crypto ? cmocka_run_group_tests_name(TEST_NAME, tests, NULL, NULL) : 1;
    crypto_free(crypto);
    return failed;
}
