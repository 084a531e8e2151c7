#include "verdict.h"

#include "../../tests/check.h"
#include "../format/json.h"

static struct arena arena;

static int begin(void **state)
{
    (void)state;
    arena = arena_over(1 << 22);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

/* One line that is one JSON object; parsed again, and the member of that path: "error.reason". */
static const struct json *told(const struct verdict *v, const char *path)
{
    struct writer w = writer_in(&arena, 4096);
    const struct json *at = NULL;
    struct span text = { 0 };
    struct err e = { 0 };
    char name[64];

    CHECK_OK("written", verdict_write_json(&w, v, &e) && writer_done(&w, &text, &e), e);
    CHECK("one line", text.n > 1 && memchr(text.p, '\n', text.n) == &text.p[text.n - 1]);
    CHECK_OK("JSON", json_parse(span_part(text, 0, text.n - 1), NULL, &arena, &at, &e), e);
    for (const char *p = path; p && at; p = strchr(p, '.') ? strchr(p, '.') + 1 : NULL) {
        snprintf(name, sizeof name, "%.*s", (int)strcspn(p, "."), p);
        at = json_member(at, name);
    }
    CHECK(path, at != NULL);
    return at;
}

static struct appraisal *accepted(void)
{
    struct appraisal *a = ARENA_NEW(&arena, struct appraisal);

    appraisal_clear(a);
    a->is_accepted = true;
    a->incoming = claim_set_in(&arena);
    return a;
}

static void a_refusal_names_code_reason_and_place(void **state)
{
    struct appraisal *a = accepted();
    const struct verdict v = { .word = "refuse", .appraisal = a };

    (void)state;
    a->is_accepted = false;
    a->reason = "quote_signature";
    err_fail_at(&a->err, 48, ERR_UNTRUSTED, "DCAP quote, App. A", "the text says \"%s\"", "a\tb");
    err_in(&a->err, "quote");
    CHECK_SPAN("code", told(&v, "error.code")->text, span_str("untrusted"));
    CHECK_SPAN("reason", told(&v, "error.reason")->text, span_str("quote_signature"));
    CHECK_SPAN("path", told(&v, "error.path")->text, span_str("quote"));
    CHECK_SPAN("text", told(&v, "error.text")->text, span_str("the text says \"a\tb\""));
    CHECK_SPAN("spec", told(&v, "error.spec")->text, span_str("DCAP quote, App. A"));
    CHECK_SPAN("offset", told(&v, "error.offset")->raw, span_str("48"));
    a->err.offset = ERR_NO_OFFSET;
    a->err.spec = NULL;
    a->reason = NULL;
    CHECK_INT("no offset", told(&v, "error.offset")->type, JSON_NULL);
    CHECK_INT("no source", told(&v, "error.spec")->type, JSON_NULL);
    CHECK_SPAN("no reason", told(&v, "error.reason")->text, span_str("internal"));
}

static void a_policys_no_says_where_in_its_text(void **state)
{
    static const struct {
        const char *name;
        struct policy_outcome outcome;
        const char *reason, *text, *path;
    } rows[] = {
        { "a deny rule",
          { .decision = POLICY_DENY, .line = 4, .column = 7 },
          "deny",
          "the deny rule at line 4, column 7 fired",
          "policy:4:7" },
        { "a failure",
          { .decision = POLICY_FAILED,
            .error_code = "X401",
            .error_text = "not a number",
            .line = 2,
            .column = 3 },
          "X401",
          "X401: not a number",
          "policy:2:3" },
        { "nothing permitted",
          { .decision = POLICY_NO_PERMIT },
          NULL,
          "no authorization rule permitted",
          "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct verdict v = { .word = "deny",
                                   .appraisal = accepted(),
                                   .policy = &rows[i].outcome };

        CHECK_SPAN(rows[i].name, told(&v, "error.text")->text, span_str(rows[i].text));
        CHECK_SPAN(rows[i].name, told(&v, "error.path")->text, span_str(rows[i].path));
        CHECK_SPAN(rows[i].name, told(&v, "error.reason")->text,
                   span_str(rows[i].reason ? rows[i].reason
                                           : policy_decision_name(rows[i].outcome.decision)));
        CHECK_SPAN(rows[i].name, told(&v, "error.code")->text, span_str("denied"));
    }
}

static void a_yes_has_no_error_and_its_claims(void **state)
{
    struct policy_outcome p = { .decision = POLICY_PERMIT, .issued = claim_set_in(&arena) };
    struct appraisal *a = accepted();
    const struct verdict v = {
        .word = "permit", .appraisal = a, .policy = &p, .policy_hash = span_str("aGFzaA")
    };
    struct err e = { 0 };

    (void)state;
    CHECK_OK("in", claim_add_int(&a->incoming, "x-ms-sgx-svn", 3, &e), e);
    CHECK_OK("out", claim_add_string(&p.issued, "who", span_str("a\"b\x01"), &e), e);
    CHECK_INT("error", told(&v, "error")->type, JSON_NULL);
    CHECK_SPAN("claims", told(&v, "claims.x-ms-sgx-svn")->raw, span_str("3"));
    CHECK_SPAN("issued", told(&v, "issued.who")->text, span_str("a\"b\x01"));
    CHECK_SPAN("hash", told(&v, "policy_hash")->text, span_str("aGFzaA"));
    CHECK_INT("tcb", told(&v, "tcb")->type, JSON_NULL);
}

static void the_platforms_state_is_told_also_in_a_refusal(void **state)
{
    static const uint8_t fmspc[6] = { 0x00, 0x90, 0x6e, 0xd5, 0x00, 0x01 };
    struct appraisal *a = accepted();
    const struct verdict v = { .word = "refuse", .appraisal = a };
    struct tcb_report *t = &a->tcb;

    (void)state;
    a->is_accepted = false;
    err_fail(&a->err, ERR_UNTRUSTED, NULL, "out of date");
    t->is_known = true;
    t->status = "OutOfDate";
    t->fmspc = span_of(fmspc, sizeof fmspc);
    t->advisory_ids[0] = span_str("INTEL-SA-00001");
    t->advisory_ids[1] = span_str("INTEL-SA-00002");
    t->advisory_count = 2;
    t->missing[0] = (struct tcb_short){ "sgxtcbcomp01svn", 4, 6 };
    t->short_count = 1;
    t->tcb_date = 1700000000;
    CHECK_SPAN("status", told(&v, "tcb.status")->text, span_str("OutOfDate"));
    CHECK_SPAN("fmspc", told(&v, "tcb.fmspc")->text, span_str("00906ed50001"));
    CHECK_INT("advisories", told(&v, "tcb.advisory_ids")->count, 2);
    CHECK_SPAN("date", told(&v, "tcb.tcb_date")->text, span_str("2023-11-14T22:13:20Z"));
    CHECK_SPAN("short", told(&v, "tcb.short")->child->raw,
               span_str("{\"component\":\"sgxtcbcomp01svn\",\"have\":4,\"need\":6}"));
    CHECK_SPAN("nobody set the window", told(&v, "tcb.window.not_after_set_by")->text,
               span_str(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_refusal_names_code_reason_and_place, begin, end),
        cmocka_unit_test_setup_teardown(a_policys_no_says_where_in_its_text, begin, end),
        cmocka_unit_test_setup_teardown(a_yes_has_no_error_and_its_claims, begin, end),
        cmocka_unit_test_setup_teardown(the_platforms_state_is_told_also_in_a_refusal, begin, end),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(TEST_NAME, tests, NULL, NULL);
}
