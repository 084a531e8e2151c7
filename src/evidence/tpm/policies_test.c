#include "events_json.h"

#include "../../policy/policy.h"
#include "test_log.h"

/* A log (and a list) judged, its events given to a published policy: what that issues, as JSON. */
static void issue(const char *sample, const char *log, const char *list, const char *want)
{
    struct test_log t;
    struct boot b = { 0 };
    struct events_json_in in = { 0 };
    struct policy_diagnostics diagnostics = { 0 };
    struct policy_outcome outcome;
    struct claim_set incoming;
    struct claim claim = { .name = span_str("events"), .type = CLAIM_STRING };
    struct policy *p;
    struct err e = { 0 };
    struct span text = check_vector(sample), bytes = check_vector(log), ima = { 0 };
    struct writer w;

    test_log_init(&t, MASK_SHA256);
    t.arena.ceiling = 512u << 20;
    CHECK_OK(log, boot_add_tcg(&b, bytes, ORIGIN_ANY, &t.arena, &e), e);
    if (list)
        ima = check_vector(list);
    if (list)
        CHECK_OK(list, boot_add_ima(&b, ima, &t.arena, &e), e);
    CHECK_OK(log, measured_settle(t.crypto, BANK_SHA256, &b, &e), e);
    in = (struct events_json_in){
        t.crypto, &t.arena, &b, BANK_SHA256, { [BANK_SHA256] = 0xFFFFFF }
    };
    w = writer_in(&t.arena, 4096);
    CHECK_OK(log, events_json_write(&in, &w, &e), e);
    claim.text = writer_span(&w);
    incoming = claim_set_in(&t.arena);
    CHECK_OK(log, claim_add(&incoming, &claim, &e), e);
    CHECK_OK(log, claim_add_bool(&incoming, "aikValidated", true, &e), e);
    CHECK_OK(log, claim_add_int(&incoming, "tpmVersion", 2, &e), e);
    diagnostics.arena = &t.arena;
    p = policy_new(t.crypto, text, &diagnostics, &e);
    CHECK_OK(sample, p != NULL, e);
    CHECK_OK(sample, policy_eval(p, &incoming, &t.arena, &outcome, &e), e);
    w = writer_in(&t.arena, 4096);
    CHECK_OK(sample, claim_set_write(&w, &outcome.issued, &e), e);
    if (outcome.decision != POLICY_PERMIT)
        fail_msg("%s: %s", sample, outcome.error_text);
    if (want[0] == '{')
        CHECK_TEXT(sample, writer_span(&w), want);
    else /* one member of many */
        CHECK(sample, memmem(w.p, w.n, want, strlen(want)) != NULL);
    policy_free(p);
    free((void *)(uintptr_t)text.p);
    free((void *)(uintptr_t)bytes.p);
    free((void *)(uintptr_t)ima.p);
    test_log_fini(&t);
}

static void published_policies_read_the_events_of_real_machines(void **state)
{
    static const struct {
        const char *policy, *log, *list, *want;
    } rows[] = {
        { "docs-tpm-windows-2022-05", "windows/latitude-7520/log", NULL,
          "{\"BitlockerStatus\":true,\"CodeIntegrityEnabled\":true,\"ELAMDriverLoaded\":true,"
          "\"SecureBootEnabled\":false,\"aikValidated\":true}" },
        { "docs-tpm-windows-2022-05", "windows/imn-dell-wbcl-bootctrs/log", NULL,
          "{\"BitlockerStatus\":false,\"CodeIntegrityEnabled\":true,\"ELAMDriverLoaded\":true,"
          "\"SecureBootEnabled\":true,\"aikValidated\":true}" },
        { "docs-tpm-device-health", "windows/latitude-7520/log", NULL,
          "{\"bootDebuggingDisabled\":false,\"drtmMleValid\":false,\"secureBootEnabled\":false,"
          "\"vbsEnabled\":true}" },
        { "docs-tpm-device-health", "windows/imn-dell-wbcl-bootctrs/log", NULL,
          "{\"bootDebuggingDisabled\":false,\"drtmMleValid\":false,\"secureBootEnabled\":true,"
          "\"vbsEnabled\":false}" },
        { "docs-tpm-linux-ima", "lab/sbon/log", "lab/sbon/ima", "\"secureBootEnabled\":true" },
        { "docs-tpm-linux-ima", "lab/sbon/log", "lab/sbon/ima", "\"bootOrder\":\"AQAAAAIA\"" },
        { "docs-tpm-linux-ima", "lab/sboff/log", "lab/sboff/ima", "\"secureBootEnabled\":false" },
    };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    for (size_t i = 0; i < COUNT(rows); i++) {
        char policy[96], log[96], list[96];

        snprintf(policy, sizeof policy, "policy/samples/%s.txt", rows[i].policy);
        snprintf(log, sizeof log, "tpm/%s.bin", rows[i].log);
        snprintf(list, sizeof list, "tpm/%s.bin", rows[i].list ? rows[i].list : "");
        issue(policy, log, rows[i].list ? list : NULL, rows[i].want);
    }
}

TEST_MAIN(published_policies_read_the_events_of_real_machines)
