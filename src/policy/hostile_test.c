/* Texts and claims chosen to take long, to take much, or to go round in circles. */
#include "limits.h"
#include "policy.h"

#include "../../tests/check.h"

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
#define A(rules)  "version=1.0;\nauthorizationrules {\n" rules "\n};\n"
#define A2(rules) "version=1.2;\nauthorizationrules {\n" rules "\n};\n"
#define I(rules)  "version=1.0;\nauthorizationrules { => permit(); };\nissuancerules {\n" rules "\n};\n"
#define I2(rules) "version=1.2;\nauthorizationrules { => permit(); };\nissuancerules {\n" rules "\n};\n"
#define C1(rules) "version=1.1;\nconfigurationrules {\n" rules "\n};\nauthorizationrules { => permit(); };\n"
/* clang-format on */

/* Three conditions over 1,000 claims each: 10^9 combinations. */
static const char product[] =
    I2("a:[type==\"k\"] && b:[type==\"k\"] && c:[type==\"k\"] => "
       "issue(type=\"z\", value=AppendString(AppendString(a.type, b.issuer), c.valueType));");
static const char triangle[] =
    A("a:[type==\"k\"] && b:[type==\"k\", value>a.value] && c:[type==\"k\", value>b.value] && "
      "[type==\"none\", value==a.value] && [value==b.value] && [value==c.value] => permit();");
static const char added_to_itself[] =
    A2("c:[type==\"k\"] => add(type=\"k\", value=0); c:[type==\"k\"] && d:[type==\"k\"] => "
       "add(type=c.type, value=true); => permit();");
static const char chain[] =
    A("a:[type==\"k\"] && b:[type==\"k\", value!=a.value] && c:[type==\"k\", value!=b.value] && "
      "d:[type==\"k\", value!=c.value] => add(type=\"z\", value=d.value); => permit();");
static const char doubling[] =
    A2("[type==\"k\", value==JsonToClaimValue(JmesPath(AppendString(\"[1]\", \"\"), "
       "\"[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|"
       "length(to_string(@))\"))] => deny(); => permit();");

static void km_78_every_evaluation_ends(void **state)
{
    static const struct {
        const char *name, *text;
        enum policy_decision decision;
    } rows[] = {
        { "a product of three", product, POLICY_FAILED },
        { "a triangle nothing satisfies", triangle, POLICY_NO_PERMIT },
        { "rules that add what triggers them", added_to_itself, POLICY_PERMIT },
        { "a chain of inequalities", chain, POLICY_PERMIT },
        { "a query that doubles", doubling, POLICY_PERMIT },
    };
    struct arena keep = arena_over(1 << 20);
    struct claim_set claims = claim_set_in(&keep);
    struct err e = { 0 };

    (void)state;
    for (int64_t i = 0; i < 1000; i++)
        CHECK("claims", claim_add_int(&claims, "k", i, &e));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(256 << 20);
        struct policy_outcome o;
        struct policy *p = policy_new(crypto, span_str(rows[i].text), NULL, &e);

        CHECK_OK(rows[i].name, p != NULL, e);
        CHECK_OK(rows[i].name, policy_eval(p, &claims, &a, &o, &e), e);
        CHECK_INT(rows[i].name, o.decision, rows[i].decision);
        if (o.decision == POLICY_FAILED)
            CHECK_TEXT(rows[i].name, span_str(o.error_code), "X411");
        policy_free(p);
        arena_fini(&a);
    }
    arena_fini(&keep);
}

/* One claim of 8 MiB, and rules that look at it as often as they can. */
static void km_78_long_strings_cost_what_they_are_long(void **state)
{
    static const char *const rows[] = {
        I("a:[type==\"k\"] && c:[type==\"big\"] => add(type=a.valueType, value=c.value);"
          "a:[type==\"k\"] && b:[type==\"k\"] && c:[type==\"big\"] => add(type=a.issuer, "
          "value=c.value, valueType=\"String\");"),
        A("c:[type==\"big\"] && k:[type==\"k\"] && [value==c.value, type!=k.valueType, "
          "valueType==\"x\"] => permit();"),
        A("c:[type==\"big\"] && k:[type==\"k\"] && l:[type==\"k\", value>=k.value] && "
          "[type==\"twin\", value!=c.value, issuer==k.valueType, issuer==l.issuer] => permit();"),
    };
    struct arena keep = arena_over(64 << 20);
    struct claim_set claims = claim_set_in(&keep);
    struct writer w = writer_in(&keep, 8 << 20);
    struct claim twin = { .name = span_str("twin"), .issuer = ISSUER_CLIENT };
    struct err e = { 0 };

    (void)state;
    write_fill(&w, '7', 8 << 20);
    twin.text = arena_dup(&keep, writer_span(&w));
    CHECK("big", claim_add_string(&claims, "big", writer_span(&w), &e));
    CHECK("twin", twin.text.p && claim_add(&claims, &twin, &e));
    for (int64_t i = 0; i < 1000; i++)
        CHECK("claims", claim_add_int(&claims, "k", i, &e));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(256 << 20);
        struct policy_outcome o;
        struct policy *p = policy_new(crypto, span_str(rows[i]), NULL, &e);

        CHECK_OK(rows[i], p != NULL, e);
        CHECK_OK(rows[i], policy_eval(p, &claims, &a, &o, &e), e);
        CHECK_INT(rows[i], o.decision, POLICY_FAILED);
        CHECK_TEXT(rows[i], span_str(o.error_code), "X411");
        policy_free(p);
        arena_fini(&a);
    }
    arena_fini(&keep);
}

static void km_78_a_small_arena_is_a_limit_and_no_crash(void **state)
{
    struct arena keep = arena_over(1 << 20), a = arena_over(200 << 10);
    struct claim_set claims = claim_set_in(&keep);
    struct policy_outcome o;
    struct err e = { 0 };
    struct policy *p = policy_new(crypto, span_str(product), NULL, &e);

    (void)state;
    for (int64_t i = 0; i < 1000; i++)
        CHECK("claims", claim_add_int(&claims, "k", i, &e));
    CHECK_OK("policy", p != NULL, e);
    if (policy_eval(p, &claims, &a, &o, &e))
        CHECK_TEXT("code", span_str(o.error_code), "X411");
    else
        CHECK_INT("limit", e.code, ERR_LIMIT);
    policy_free(p);
    arena_fini(&a);
    arena_fini(&keep);
}

/* limits */

static struct span repeat(struct arena *a, const char *head, const char *part, size_t n,
                          const char *tail)
{
    struct writer w = writer_in(a, 1 << 20);

    write_text(&w, head);
    for (size_t i = 0; i < n; i++)
        write_text(&w, part);
    write_text(&w, tail);
    return writer_span(&w);
}

static void each_limit_holds_at_its_number(void **state)
{
    static const struct {
        const char *name, *head, *part, *tail;
        size_t most;
        uint32_t line, column;
    } rows[] = {
        { "text", "version=1.0;authorizationrules{=>permit();};", " ", "", POLICY_TEXT_LIMIT - 44,
          1, 1 },
        { "rules", "version=1.0;authorizationrules{", "=>permit();", "};", POLICY_RULE_LIMIT, 1,
          1 },
        { "string", "version=1.0;authorizationrules{[type==\"", "a", "\"]=>permit();};",
          POLICY_STRING_LIMIT, 1, 39 },
        { "name", "version=1.0;authorizationrules{", "a", ":[type==\"a\"]=>permit();};",
          POLICY_NAME_LIMIT, 1, 32 },
        { "conditions", "version=1.0;authorizationrules{[type==\"a\"]", "&&[type==\"a\"]",
          "=>permit();};", POLICY_CONDITION_LIMIT - 1, 1, 32 },
        { "tests", "version=1.0;authorizationrules{c:[type==\"a\"", ",value==1", "]=>permit();};",
          POLICY_TEST_LIMIT - 1, 1, 34 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(8 << 20);
        struct policy_diagnostics d = { .arena = &a };
        struct err e = { 0 };
        struct policy *p = policy_new(
            crypto, repeat(&a, rows[i].head, rows[i].part, rows[i].most, rows[i].tail), &d, &e);

        CHECK_OK(rows[i].name, p != NULL, e);
        policy_free(p);
        p = policy_new(
            crypto, repeat(&a, rows[i].head, rows[i].part, rows[i].most + 1, rows[i].tail), &d, &e);
        CHECK(rows[i].name, p == NULL);
        CHECK_INT(rows[i].name, e.code, ERR_LIMIT);
        CHECK_TEXT(rows[i].name, span_str(d.items[0].code), "E230");
        CHECK_INT(rows[i].name, d.items[0].line, rows[i].line);
        CHECK_INT(rows[i].name, d.items[0].column, rows[i].column);
        arena_fini(&a);
    }
}

static void more_claims_than_the_set_holds_are_an_error(void **state)
{
    struct arena a = arena_over(64 << 20);
    struct claim_set claims = claim_set_in(&a);
    struct policy_outcome o;
    struct err e = { 0 };
    struct policy *p = policy_new(crypto, span_str(A("=> permit();")), NULL, &e);

    (void)state;
    for (int64_t i = 0; i < POLICY_CLAIM_LIMIT; i++)
        CHECK("claims", claim_add_int(&claims, "k", i, &e));
    CHECK_OK("full", policy_eval(p, &claims, &a, &o, &e), e);
    CHECK_INT("full", o.decision, POLICY_PERMIT);
    CHECK("one more", claim_add_int(&claims, "k", -1, &e));
    CHECK_OK("over", policy_eval(p, &claims, &a, &o, &e), e);
    CHECK_TEXT("over", span_str(o.error_code), "X411");
    CHECK_INT("over", o.line == 1 && o.column == 1, 1);
    policy_free(p);
    arena_fini(&a);
}

static void a_draft_may_do_a_tenth_of_the_work(void **state)
{
    static const char text[] = A("a:[type==\"k\"] && b:[type==\"k\", value>a.value] && "
                                 "[type==\"k\", value<a.value, value>b.value] => permit();");
    struct arena a = arena_over(64 << 20);
    struct claim_set claims = claim_set_in(&a);
    struct policy_outcome o;
    struct err e = { 0 };
    struct policy *draft = policy_new_draft(crypto, span_str(text), NULL, &e);
    struct policy *stored = policy_new(crypto, span_str(text), NULL, &e);

    (void)state;
    for (int64_t i = 0; i < 115; i++)
        CHECK("claims", claim_add_int(&claims, "k", i, &e));
    CHECK("both compile", draft && stored);
    CHECK_OK("stored", policy_eval(stored, &claims, &a, &o, &e), e);
    CHECK_INT("stored", o.decision, POLICY_NO_PERMIT);
    CHECK_OK("draft", policy_eval(draft, &claims, &a, &o, &e), e);
    CHECK_TEXT("draft", span_str(o.error_code), "X411");
    policy_free(draft);
    policy_free(stored);
    arena_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST_EACH(
        km_78_every_evaluation_ends, km_78_long_strings_cost_what_they_are_long,
        km_78_a_small_arena_is_a_limit_and_no_crash, each_limit_holds_at_its_number,
        more_claims_than_the_set_holds_are_an_error, a_draft_may_do_a_tenth_of_the_work) };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(TEST_NAME, tests, set_up, tear_down);
}
