/* Mistakes that policy layers of attestation services have shipped, each by its number. */
#include "inside.h"
#include "limits.h"

#include "../../tests/check.h"

#include <pthread.h>

static struct crypto *crypto;

static int set_up(void **state)
{
    struct err e = { 0 };

    (void)state;
    crypto = crypto_new(&e);
    return crypto ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    crypto_free(crypto);
    return 0;
}

/* clang-format off */
#define A(rules)  "version=1.2;\nauthorizationrules {\n" rules "\n};"
#define I(rules)  "version=1.2;\nauthorizationrules { => permit(); };\nissuancerules {\n" rules "\n};"
#define C(rules)  "version=1.2;\nconfigurationrules {\n" rules "\n};\nauthorizationrules { => permit(); };"
/* clang-format on */

/* km_75: whatever is wrong with a text is told when it is set, with its place */

/* clang-format off */
static const struct { const char *code, *text; uint32_t line, column; } slips[] = {
    { "E101", "version=1.0;\n\xff", 2, 1 },
    { "E102", A("[type==\"a\" | type==\"b\"] => permit();"), 3, 12 },
    { "E103", A("[type==\"a] => permit();"), 3, 8 },
    { "E104", A("[type==\"a\\n\"] => permit();"), 3, 10 },
    { "E105", A("[value==0x10] => permit();"), 3, 9 },
    { "E106", A("[value==9223372036854775808] => permit();"), 3, 9 },
    { "E107", A("[type==\"a\x01\"] => permit();"), 3, 10 },
    { "E201", "version=1.0;\nauthorizationrules { permit(); };", 2, 22 },
    { "E202", "version=1.0\nauthorizationrules { => permit(); };", 2, 1 },
    { "E203", "version=1.0;\nauthorisationrules { => permit(); };", 2, 1 },
    { "E204", "version=1.0;\nissuancerules {};\nauthorizationrules {};", 3, 1 },
    { "E205", "version=1.0;\nauthorizationrules {};\nauthorizationrules {};", 3, 1 },
    { "E206", "version=1.0;\n", 2, 1 },
    { "E207", "version=1.3;\nauthorizationrules {};", 1, 9 },
    { "E208", "version=1.0;\nauthorizationrules {\n![type==\"a\"] => permit();\n};", 3, 1 },
    { "E209", A("[] => permit();"), 3, 1 },
    { "E210", A("[name==\"a\"] => permit();"), 3, 2 },
    { "E211", A("[type=\"a\"] => permit();"), 3, 6 },
    { "E212", I("=> issue(type==\"a\", value=1);"), 4, 14 },
    { "E213", A("=> premit();"), 3, 4 },
    { "E214", A("[type=~\"a\"] => permit();"), 3, 6 },
    { "E215", A("!c:[type==\"a\"] => permit();"), 3, 2 },
    { "E216", A("type:[type==\"a\"] => permit();"), 3, 1 },
    { "E217", I("=> issue(\"a\", value=1);"), 4, 10 },
    { "E218", A("[value==1.5] => permit();"), 3, 9 },
    { "E230", A("[value==1,value==1,value==1,value==1,value==1,value==1,value==1,value==1,value==1,"
                "value==1,value==1,value==1,value==1,value==1,value==1,value==1,value==1] => permit();"), 3, 1 },
    { "E301", I("=> permit();"), 4, 4 },
    { "E302", A("=> permit(type=\"a\");"), 3, 11 },
    { "E303", I("c:[type==\"a\"] => issue(type=\"b\", value=d.value);"), 4, 40 },
    { "E304", A("c:[type==\"a\", value==c.value] => permit();"), 3, 22 },
    { "E305", A("c:[type==\"a\"] && c:[type==\"b\"] => permit();"), 3, 18 },
    { "E306", I("=> issue(type=\"a\");"), 4, 4 },
    { "E307", I("=> issue(type=\"a\", type=\"b\", value=1);"), 4, 20 },
    { "E308", I("c:[type==\"a\"] => issue(claim=c, value=1);"), 4, 33 },
    { "E309", A("[value>\"3\"] => permit();"), 3, 7 },
    { "E310", A("[type==3] => permit();"), 3, 8 },
    { "E311", I("=> issue(type=\"a\", value=Jmespath(\"1\", \"@\"));"), 4, 26 },
    { "E312", I("=> issue(type=\"a\", value=NegateBool());"), 4, 26 },
    { "E313", I("=> issue(type=\"a\", value=NegateBool(1));"), 4, 37 },
    { "E314", I("c:[type==\"a\"] => issue(type=\"a\", value=JmesPath(c.value, \"a[\"));"), 4, 58 },
    { "E315", I("=> issue(type=\"a\", value=JsonToClaimValue(\"{}\"));"), 4, 26 },
    { "E316", I("=> issue(type=\"a\", value=1, valueType=\"String\");"), 4, 39 },
    { "E317", I("=> issue(type=\"a\", value=1, issuer=\"AttestationService\");"), 4, 29 },
    { "E318", C("=> issueproperty(type=\"required_pcr_mask\", value=-1);"), 3, 50 },
    { "E319", I("=> issue(type=\"exp\", value=1);"), 4, 15 },
    { "E320", I("=> issue(type=\"\", value=1);"), 4, 15 },
};
/* clang-format on */

static void km_75_each_kind_of_error_is_told_when_a_policy_is_set(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(slips); i++) {
        struct arena a = arena_over(1 << 20);
        struct policy_diagnostics d = { .arena = &a };
        struct err e = { 0 };
        struct policy *p = policy_new(crypto, span_str(slips[i].text), &d, &e);

        CHECK(slips[i].code, p == NULL && e.code != ERR_NONE);
        CHECK(slips[i].code, strncmp(e.text, slips[i].code, 4) == 0);
        CHECK(slips[i].code, d.count > 0);
        CHECK_TEXT(slips[i].code, span_str(d.items[0].code), slips[i].code);
        CHECK_INT(slips[i].code, d.items[0].line, slips[i].line);
        CHECK_INT(slips[i].code, d.items[0].column, slips[i].column);
        arena_fini(&a);
    }
}

/* judging */

static struct policy *compiled(const char *text)
{
    struct err e = { 0 };
    struct policy *p = policy_new(crypto, span_str(text), NULL, &e);

    CHECK_OK(text, p != NULL, e);
    return p;
}

static void judge(const char *text, const struct claim_set *claims, struct arena *a,
                  struct policy_outcome *o)
{
    struct policy *p = compiled(text);
    struct err e = { 0 };

    CHECK_OK(text, policy_eval(p, claims, a, o, &e), e);
    policy_free(p);
}

/* What is wrong with the evidence is no reason to forget what was permitted before it, nor to keep
 * it. */
static void km_01_an_error_leaves_no_permit_and_nothing_issued(void **state)
{
    static const struct {
        const char *text, *code;
    } rows[] = {
        { A("=> permit(); c:[type==\"n\"] => add(type=\"b\", value=NegateBool(c.value));"),
          "X401" },
        { I("=> issue(type=\"a\", value=1); c:[type==\"s\"] => issue(type=\"b\", "
            "value=JsonToClaimValue(c.value));"),
          "X402" },
        { I("=> issueproperty(type=\"omit_x5c\", value=true); c:[type==\"n\"] => "
            "issue(type=c.issuer, value=AppendString(c.value, \"x\"));"),
          "X401" },
        { I("=> issue(type=\"a\", value=1); c:[type==\"r\"] => issue(claim=c);"), "X407" },
        { C("=> issueproperty(type=\"omit\", value=1); => issueproperty(type=\"omit\", value=2);"),
          "X410" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(4 << 20);
        struct claim_set claims = claim_set_in(&a);
        struct claim r = { .name = span_str("r"), .is_read_only = true, .type = CLAIM_BOOL };
        struct policy_outcome o;
        struct err e = { 0 };

        CHECK("claims", claim_add_int(&claims, "n", 1, &e) && claim_add(&claims, &r, &e) &&
                            claim_add_string(&claims, "s", span_str("abc"), &e));
        judge(rows[i].text, &claims, &a, &o);
        CHECK_INT(rows[i].text, o.decision, POLICY_FAILED);
        CHECK_TEXT(rows[i].text, span_str(o.error_code), rows[i].code);
        CHECK_INT(rows[i].text, o.issued.count + o.properties.count, 0);
        arena_fini(&a);
    }
}

/* Debug evidence: what the service does by default, and what the strict default does. */
static void km_22_the_strict_defaults_refuse_what_may_be_debugged(void **state)
{
    static const struct {
        const char *type, *claim;
    } rows[] = {
        { "SgxEnclave", "x-ms-sgx-is-debuggable" },
        { "OpenEnclave", "x-ms-sgx-is-debuggable" },
        { "SevSnpVm", "x-ms-sevsnpvm-is-debuggable" },
        { "TdxVm", "tdx_td_attributes_debug" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int debug = 0; debug < 3; debug++) { /* 2: the claim is absent */
            struct arena a = arena_over(4 << 20);
            struct claim_set claims = claim_set_in(&a);
            struct policy_outcome o;
            struct err e = { 0 };
            struct span text = policy_default(span_str(rows[i].type), "strict");

            if (debug < 2)
                CHECK("claim", claim_add_bool(&claims, rows[i].claim, debug == 1, &e));
            CHECK(rows[i].type, text.n > 0);
            judge((const char *)text.p, &claims, &a, &o);
            CHECK_INT(rows[i].type, o.decision,
                      debug == 0   ? POLICY_PERMIT
                      : debug == 1 ? POLICY_DENY
                                   : POLICY_NO_PERMIT);
            arena_fini(&a);
        }
}

static void km_72_no_rule_issues_a_name_that_the_token_owns(void **state)
{
    static const char *const names[] = {
        "iss", "exp", "nbf", "iat", "jti", "x-ms-policy-hash", "x-ms-policy-signer"
    };

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct arena a = arena_over(4 << 20);
        struct claim_set claims = claim_set_in(&a);
        struct policy_outcome o;
        struct writer w = writer_in(&a, 256);
        struct err e = { 0 };

        write_format(&w, I("=> issue(type=\"%s\", value=1);"), names[i]);
        CHECK(names[i], policy_new(crypto, writer_span(&w), NULL, &e) == NULL);
        CHECK(names[i], strncmp(e.text, "E319", 4) == 0);
        /* The same name, put together while judging. */
        CHECK("claim", claim_add_string(&claims, "n", span_str(names[i]), &e));
        judge(I("c:[type==\"n\"] => issue(type=AppendString(c.value, \"\"), value=1);"), &claims,
              &a, &o);
        CHECK_TEXT(names[i], span_str(o.error_code), "X412");
        CHECK_INT(names[i], o.issued.count, 0);
        arena_fini(&a);
    }
}

/* km_77: compiled once, used by any number of requests at a time */

struct user {
    const struct policy *policy;
    int64_t n;
    size_t wrong;
};

static void *use(void *arg)
{
    struct user *u = arg;
    struct arena a = arena_over(4 << 20);

    for (int64_t i = 0; i < 300; i++) {
        struct claim_set claims = claim_set_in(&a);
        struct policy_outcome o = { 0 };
        struct err e = { 0 };
        bool held = claim_add_int(&claims, "n", u->n * 1000 + i, &e) &&
                    policy_eval(u->policy, &claims, &a, &o, &e);

        u->wrong += !held || o.decision != POLICY_PERMIT || o.issued.count != 2 ||
                    o.issued.items[0].integer != u->n * 1000 + i;
        arena_reset(&a);
    }
    arena_fini(&a);
    return NULL;
}

static void km_77_a_compiled_policy_serves_many_requests_at_a_time(void **state)
{
    struct policy *p = compiled(I("c:[type==\"n\"] => issue(type=\"n\", value=c.value); => issue("
                                  "type=\"m\", value=JmesPath(\"{\\\"a\\\":[1,2]}\", \"a[1]\"));"));
    struct user users[4];
    pthread_t threads[4];

    (void)state;
    for (int64_t i = 0; i < 4; i++) {
        users[i] = (struct user){ .policy = p, .n = i };
        CHECK("thread", pthread_create(&threads[i], NULL, use, &users[i]) == 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        CHECK_INT("each got its own answers", users[i].wrong, 0);
    }
    policy_free(p);
}

/* The work that an evaluation takes follows from the policy and the claims alone: not from where
 * memory lies, nor from what was judged before. */
static void km_78_the_same_evaluation_takes_the_same_work(void **state)
{
    static const char text[] =
        I("c:[type==\"j\"] => add(type=\"a\", value=JmesPath(c.value, \"x[*].y\")); d:[type==\"j\"]"
          " => add(type=\"b\", value=JmesPath(JmesPath(d.value, \"x\"), AppendString(\"[*]\", "
          "\".y\"))); c:[type==\"j\"] && d:[type==\"n\"] => add(type=\"c\", value=JmesPath("
          "AppendString(c.value, \" \"), AppendString(\"x\", \"[0]\")));");
    struct policy *p = compiled(text);
    uint64_t steps = 0;

    (void)state;
    for (size_t i = 0; i < 50; i++) {
        struct arena a = arena_over(4 << 20);
        struct claim_set claims = claim_set_in(&a);
        struct policy_outcome o;
        struct err e = { 0 };

        for (size_t k = 0; k < i; k++) /* moves what follows */
            CHECK("memory", arena_alloc(&a, 1, 1 + k * 7) != NULL);
        for (int64_t k = 0; k < 40; k++)
            CHECK("claims", claim_add_int(&claims, "n", k, &e));
        CHECK("claims",
              claim_add_string(&claims, "j", span_str("{\"x\":[{\"y\":1},{\"y\":2}]}"), &e) &&
                  claim_add_string(&claims, "j", span_str("{\"x\":[]}"), &e));
        CHECK_OK("eval", policy_eval(p, &claims, &a, &o, &e), e);
        CHECK_INT("decision", o.decision, POLICY_PERMIT);
        CHECK("some work", o.steps > 1000);
        if (i == 0)
            steps = o.steps;
        CHECK_INT("steps", o.steps, steps);
        arena_fini(&a);
    }
    policy_free(p);
}

/* Constants are computed when a policy is set, with the same meter: a text cannot keep the compiler
 * busy. */
static void km_78_constants_are_computed_within_the_meter(void **state)
{
    struct arena a = arena_over(1 << 20);
    struct policy_diagnostics d = { .arena = &a };
    struct writer w = writer_in(&a, 4096);
    struct err e = { 0 };

    (void)state;
    write_text(&w, "version=1.2;\nauthorizationrules {\n[value==JmesPath(\"[1,2]\", \"@");
    for (int i = 0; i < 40; i++)
        write_text(&w, "|[@,@]");
    write_text(&w, "|to_string(@)\")] => permit();\n};");
    CHECK("refused", policy_new(crypto, writer_span(&w), &d, &e) == NULL);
    CHECK_TEXT("code", span_str(d.items[0].code), "E315");
    CHECK("for the work it takes", strstr(d.items[0].text, "X411") != NULL);
    arena_fini(&a);
}

/* Whom a claim comes from is not for the client to say, nor for a rule. */
static void km_79_a_client_s_claim_is_never_taken_for_the_service_s(void **state)
{
    static const struct {
        const char *text;
        enum policy_decision decision;
    } rows[] = {
        { A("[type==\"svn\", issuer==\"AttestationService\", value>=9] => permit();"),
          POLICY_NO_PERMIT },
        { A("[type==\"svn\", issuer==\"CustomClaim\", value>=9] => permit();"), POLICY_PERMIT },
        { A("[type==\"svn\", value>=9] => permit();"), POLICY_PERMIT },
        { A("c:[type==\"svn\", value>=9] => add(claim=c); [type==\"svn\", value>=9, "
            "issuer==\"AttestationService\"] => permit();"),
          POLICY_NO_PERMIT },
        { A("c:[type==\"svn\", value>=9] => add(type=\"svn\", value=c.value, "
            "issuer=\"AttestationPolicy\"); c:[type==\"svn\", issuer==\"AttestationService\"] && "
            "[type==\"svn\", value>c.value, issuer==c.issuer] => permit();"),
          POLICY_NO_PERMIT },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(4 << 20);
        struct claim_set claims = claim_set_in(&a);
        struct claim c = {
            .name = span_str("svn"), .type = CLAIM_INT, .integer = 9, .issuer = ISSUER_CLIENT
        };
        struct policy_outcome o;
        struct err e = { 0 };

        CHECK("claims", claim_add_int(&claims, "svn", 3, &e) && claim_add(&claims, &c, &e));
        judge(rows[i].text, &claims, &a, &o);
        CHECK_INT(rows[i].text, o.decision, rows[i].decision);
        for (size_t k = 0; k < o.added.count; k++)
            CHECK_INT(rows[i].text, o.added.items[k].issuer, ISSUER_POLICY);
        arena_fini(&a);
    }
}

/* memory that gives out */

static const char swept[] =
    "version=1.2;\n// a comment\nconfigurationrules { => issueproperty(type=\"required_pcr_mask\", "
    "value=15); };\nauthorizationrules {\n  ![type==\"bad\"] && c:[type==\"n\", value>=1] && "
    "d:[type==\"n\", value!=c.value] && [type==\"n\", value==d.value] => permit();\n};\n"
    "issuancerules {\n  c:[type==\"j\"] && d:[type==\"n\", value!=3] => issue(type=\"z\", "
    "value=JsonToClaimValue(JmesPath(c.value, \"x[?@ > `1`]\")));\n  c:[type==\"n\"] && "
    "d:[type==\"n\", value==c.value] => issue(type=\"all\", value=IsSubsetOf(c.value, "
    "JsonToClaimValue(\"[1,2]\")));\n  c:[type==\"j\"] => issue(type=AppendString(\"a\", \"b\"), "
    "value=JmesPath(c.value, AppendString(\"x | \", \"sort(@) | join('-', map(&to_string(@), "
    "@))\")));\n};\n";

/* The n-th allocation of compiling fails, for every n: what is kept, and what is thrown away. */
static void each_failed_allocation_of_compiling_ends_cleanly(void **state)
{
    (void)state;
    for (int which = 0; which < 2; which++) {
        bool was_enough = false;

        for (size_t n = 1; !was_enough && n < 2000; n++) {
            struct policy p = { .arena = arena_over(1 << 20) };
            struct arena scratch = arena_over(1 << 20);
            struct arena *failing = which == 0 ? &p.arena : &scratch;
            struct err e = { 0 };

            failing->fail_at = n;
            if (!policy_fill(&p, crypto, span_str(swept), POLICY_WORK_LIMIT, &scratch, NULL, &e))
                CHECK_INT("memory", e.code, ERR_MEMORY);
            else
                CHECK_INT("compiled whole", p.program.rule_count, 5);
            was_enough = failing->fail_at > 0;
            arena_fini(&scratch);
            arena_fini(&p.arena);
        }
        CHECK("the sweep came to its end", was_enough);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST_EACH(
        km_01_an_error_leaves_no_permit_and_nothing_issued,
        km_22_the_strict_defaults_refuse_what_may_be_debugged,
        km_72_no_rule_issues_a_name_that_the_token_owns,
        km_75_each_kind_of_error_is_told_when_a_policy_is_set,
        km_77_a_compiled_policy_serves_many_requests_at_a_time,
        km_78_the_same_evaluation_takes_the_same_work,
        km_78_constants_are_computed_within_the_meter,
        km_79_a_client_s_claim_is_never_taken_for_the_service_s,
        each_failed_allocation_of_compiling_ends_cleanly) };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(TEST_NAME, tests, set_up, tear_down);
}
