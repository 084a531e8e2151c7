#include "policies.h"

#include "proposal_test.h"

static const char permit[] = "version=1.0;authorizationrules{=>permit();};";

/* {"AttestationPolicy":".."} */
static const char *policy_payload(const char *text, struct arena *a)
{
    struct writer w = writer_in(a, 1024);

    write_text(&w, "{\"AttestationPolicy\":\"");
    b64_write_url(&w, span_str(text));
    write_text(&w, "\"}");
    write_u8(&w, 0);
    return (const char *)writer_span(&w).p;
}

static struct policies_result judge(const char *instance, struct span jws, bool is_reset,
                                    struct arena *a)
{
    const struct policies_wish wish = { .type = span_str("SgxEnclave"), .is_reset = is_reset };
    struct proposal p = proposal_to(instance, jws);
    struct policies_result r;

    policies_judge(&p, &wish, a, &r);
    return r;
}

static void each_trust_model_hears_whom_it_should(void **state)
{
    static const struct {
        const char *name, *instance;
        int signer;
        bool is_taken;
        enum proposal_refusal why;
    } rows[] = {
        { "AAD, unsigned", "open", -1, true, 0 },
        { "AAD, signed by anybody", "open", 4, true, 0 },
        { "AAD, signed without a CA", "open", 2, true, 0 },
        { "isolated, unsigned", "isolated", -1, false, PROPOSAL_OPERATION },
        { "isolated, RSA", "isolated", 0, true, 0 },
        { "isolated, P-256", "isolated", 1, true, 0 },
        { "km_80: isolated, not listed", "isolated", 4, false, PROPOSAL_OPERATION },
        { "km_80: isolated, a root without CA", "isolated", 2, false, PROPOSAL_PARAMETER },
        { "isolated, ended", "isolated", 3, true, 0 },
        { "shared, unsigned", "shared", -1, false, PROPOSAL_CALLER },
        { "shared, signed", "shared", 0, false, PROPOSAL_CALLER },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int is_reset = 0; is_reset < 2; is_reset++) {
            struct arena a = arena_over(64 << 20);
            struct span jws = sign(rows[i].signer, is_reset ? "" : policy_payload(permit, &a), &a);
            struct policies_result r = judge(rows[i].instance, jws, is_reset, &a);

            CHECK_OK(rows[i].name, r.is_taken == rows[i].is_taken, r.no.err);
            CHECK(rows[i].name, r.is_taken || r.no.why == rows[i].why);
            CHECK(rows[i].name, r.is_taken || r.no.err.text[0] != '\0');
            CHECK(rows[i].name, !r.is_taken || (r.policy.signer.n > 0) == (rows[i].signer >= 0));
            CHECK(rows[i].name, r.has_signer_expired == (rows[i].signer == 3));
            CHECK(rows[i].name, !r.is_taken || is_reset || span_equal(r.policy.jws, jws));
            CHECK(rows[i].name, !r.is_taken || (r.policy.text.n == 0) == (is_reset == 1));
            arena_fini(&a);
        }
}

static void hashes_are_those_of_the_contract(void **state)
{
    struct arena a = arena_over(64 << 20);
    struct span text = span_str("version= 1.0;authorizationrules{=> permit();};"), jws = { 0 };
    struct policies_result r;
    struct err e = { 0 };

    (void)state;
    CHECK_OK("wrap", policies_wrap(text, &a, &jws, &e), e);
    r = judge("open", jws, false, &a);
    CHECK_OK("judge", r.is_taken, r.no.err);
    CHECK_TEXT("policy", r.policy.hash, "9NY0VnTQ-IiBriBplVUpFbczcDaEBUwsiFYAzHu_gco");
    CHECK_TEXT("token", r.policy.token_hash, "RozMVcnGVY1yKt2ba5uhxq5p2lPNc9vA-9wdm5G-7dw");
    CHECK_SPAN("text", r.policy.text, text);
    CHECK_OK("none", policies_wrap((struct span){ 0 }, &a, &jws, &e), e);
    CHECK_TEXT("none", jws, POLICY_DOCUMENT_NONE);
    arena_fini(&a);
}

static void what_cannot_be_in_force_is_refused(void **state)
{
    static const struct {
        const char *name, *payload;
        enum proposal_refusal why;
        enum err_code code;
    } rows[] = {
        { "no payload", "", PROPOSAL_OPERATION, ERR_MALFORMED },
        { "no object", "[]", PROPOSAL_OPERATION, ERR_MALFORMED },
        { "no policy", "{}", PROPOSAL_OPERATION, ERR_MALFORMED },
        { "a number", "{\"AttestationPolicy\":1}", PROPOSAL_OPERATION, ERR_MALFORMED },
        { "two", "{\"AttestationPolicy\":\"\",\"AttestationPolicy\":\"\"}", PROPOSAL_OPERATION,
          ERR_MALFORMED },
        { "not encoded", "{\"AttestationPolicy\":\"version=1.0;\"}", PROPOSAL_OPERATION,
          ERR_MALFORMED },
        { "an empty text", "{\"AttestationPolicy\":\"\"}", PROPOSAL_POLICY_TEXT, ERR_MALFORMED },
        { "km_75: no policy's text", "{\"AttestationPolicy\":\"YWJj\"}", PROPOSAL_POLICY_TEXT,
          ERR_MALFORMED },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(64 << 20);
        struct policies_result r = judge("open", sign(-1, rows[i].payload, &a), false, &a);

        CHECK(rows[i].name, !r.is_taken && r.no.why == rows[i].why);
        CHECK_INT(rows[i].name, r.no.err.code, rows[i].code);
        CHECK(rows[i].name,
              (rows[i].why == PROPOSAL_POLICY_TEXT) == (r.diagnostic.code[0] != '\0'));
        arena_fini(&a);
    }
}

static void a_reset_holds_nothing(void **state)
{
    struct arena a = arena_over(64 << 20);
    struct policies_result r = judge("open", sign(-1, policy_payload(permit, &a), &a), true, &a);

    (void)state;
    CHECK("payload", !r.is_taken && r.no.why == PROPOSAL_OPERATION);
    arena_fini(&a);
}

static void no_truncation_and_no_changed_character_is_taken_on_an_isolated_instance(void **state)
{
    struct arena keep = arena_over(1 << 20);
    struct span jws = sign(1, policy_payload(permit, &keep), &keep);
    uint8_t *copy = check_exact(jws);

    (void)state;
    for (size_t i = 0; i < jws.n; i++) {
        struct arena a = arena_over(64 << 20);
        struct policies_result r = judge("isolated", span_part(jws, 0, i), false, &a);

        CHECK("truncated", !r.is_taken && r.no.err.text[0] != '\0');
        copy[i] ^= 1;
        r = judge("isolated", span_of(copy, jws.n), false, &a);
        CHECK("changed", !r.is_taken);
        copy[i] ^= 1;
        arena_fini(&a);
    }
    free(copy);
    arena_fini(&keep);
}

static void every_failed_allocation_ends_in_a_clean_refusal(void **state)
{
    struct arena keep = arena_over(1 << 20);
    struct span jws = sign(0, policy_payload(permit, &keep), &keep);
    bool is_taken = false;

    (void)state;
    for (size_t n = 1; !is_taken && n < 1000; n++) {
        struct arena a = arena_over(64 << 20);
        struct policies_result r;

        a.fail_at = n;
        r = judge("isolated", jws, false, &a);
        is_taken = r.is_taken;
        CHECK("why", is_taken || r.no.why == PROPOSAL_OURS);
        arena_fini(&a);
    }
    assert_true(is_taken);
    arena_fini(&keep);
}

static void types_are_spelled_as_the_contract_does(void **state)
{
    (void)state;
    assert_string_equal(policies_type(span_str("sgxENCLAVE")), "SgxEnclave");
    assert_string_equal(policies_type(span_str("vbsenclave")), "Tpm");
    assert_null(policies_type(span_str("SgxEnclave2")));
    assert_null(policies_type(span_str("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST_EACH(
        each_trust_model_hears_whom_it_should, hashes_are_those_of_the_contract,
        what_cannot_be_in_force_is_refused, a_reset_holds_nothing,
        no_truncation_and_no_changed_character_is_taken_on_an_isolated_instance,
        every_failed_allocation_ends_in_a_clean_refusal, types_are_spelled_as_the_contract_does) };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(TEST_NAME, tests, set_up, tear_down);
}
