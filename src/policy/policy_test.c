/* Every code of the language where it belongs, what decides, and what hostile texts come to. */
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

/* The first '~' in a row's text marks the place; it is taken out before the text is used. */
struct marked {
    char text[4096];
    size_t n;
    uint32_t line, column;
};

static struct marked mark(const char *text)
{
    struct marked m = { .line = 1, .column = 1 };
    bool is_found = false;

    for (const char *c = text; *c; c++) {
        if (*c == '~' && !is_found) {
            is_found = true;
            continue;
        }
        m.text[m.n++] = *c;
        if (is_found)
            continue;
        m.column++;
        if (*c == '\n') {
            m.line++;
            m.column = 1;
        }
    }
    return m;
}

/* clang-format off */
#define A(rules)  "version=1.0;\nauthorizationrules {\n" rules "\n};\n"
#define A2(rules) "version=1.2;\nauthorizationrules {\n" rules "\n};\n"
#define I(rules)  "version=1.0;\nauthorizationrules { => permit(); };\nissuancerules {\n" rules "\n};\n"
#define I2(rules) "version=1.2;\nauthorizationrules { => permit(); };\nissuancerules {\n" rules "\n};\n"
#define C1(rules) "version=1.1;\nconfigurationrules {\n" rules "\n};\nauthorizationrules { => permit(); };\n"

static const struct {
    const char *code, *text;
    enum err_code class;
} refusals[] = {
    { "E101", "version=1.0;\n//~\xff\n", ERR_MALFORMED },
    { "E101", A("[type==\"~\xc0\x80\"] => permit();"), ERR_MALFORMED },
    { "E102", A("[type==\"a\"] ~| [type==\"b\"] => permit();"), ERR_MALFORMED },
    { "E102", A("[type==~\xe2\x80\x9c" "a\"] => permit();"), ERR_MALFORMED },
    { "E102", A("[value==~- 1] => permit();"), ERR_MALFORMED },
    { "E103", A("[type==~\"a] => permit();"), ERR_MALFORMED },
    { "E103", A("[type==~\"a\\"), ERR_MALFORMED },
    { "E104", A("[type==\"a~\\n\"] => permit();"), ERR_MALFORMED },
    { "E105", A("[value==~12ab] => permit();"), ERR_MALFORMED },
    { "E105", A("[value==-~0x1] => permit();"), ERR_MALFORMED },
    { "E106", A("[value==~9223372036854775808] => permit();"), ERR_MALFORMED },
    { "E106", A("[value==~-9223372036854775809] => permit();"), ERR_MALFORMED },
    { "E107", A("[type==\"a~\x01\"] => permit();"), ERR_MALFORMED },
    { "E201", "~", ERR_MALFORMED },
    { "E201", "~{\"$version\": 1}", ERR_MALFORMED },
    { "E201", A("[type==\"a\" ~=> permit();"), ERR_MALFORMED },
    { "E201", A("[value ~=> 2] => permit();"), ERR_MALFORMED },
    { "E201", A("count~([type==\"a\"]) => permit();"), ERR_MALFORMED },
    { "E201", A("[value==True~] => permit();"), ERR_MALFORMED },
    { "E201", A("~permit();"), ERR_MALFORMED },
    { "E201", "version=1.0;authorizationrules{=>permit();};~;", ERR_MALFORMED },
    { "E202", "version=1.0~", ERR_MALFORMED },
    { "E202", A("=> permit()\n~[type==\"a\"] => deny();"), ERR_MALFORMED },
    { "E203", "version=1.0;\n~authorisationrules { };", ERR_MALFORMED },
    { "E204", "version=1.0;issuancerules{};~authorizationrules{};", ERR_MALFORMED },
    { "E205", "version=1.1;configurationrules{};~configurationrules{};", ERR_MALFORMED },
    { "E206", "version=1.0;\n~", ERR_MALFORMED },
    { "E207", "version=~2.0;", ERR_UNSUPPORTED },
    { "E207", "version=~\"1.0\";", ERR_UNSUPPORTED },
    { "E208", "version=1.0;~configurationrules{};", ERR_UNSUPPORTED },
    { "E208", A("c:[type==\"a\", value==~NegateBool(true)] => permit();"), ERR_UNSUPPORTED },
    { "E208", A("~![type==\"a\"] => permit();"), ERR_UNSUPPORTED },
    { "E209", A("c:~[] => permit();"), ERR_MALFORMED },
    { "E210", A("[~kind==\"a\"] => permit();"), ERR_MALFORMED },
    { "E210", I("c:[type==\"a\"] => issue(type=\"b\", value=c.~claim);"), ERR_MALFORMED },
    { "E210", I("=> issue(~name=\"b\", value=1);"), ERR_MALFORMED },
    { "E211", A("[type~=\"a\"] => permit();"), ERR_MALFORMED },
    { "E212", I("=> issue(type~==\"a\", value=1);"), ERR_MALFORMED },
    { "E213", A("=> ~permitt();"), ERR_MALFORMED },
    { "E214", A("[type~=~\"a\"] => permit();"), ERR_MALFORMED },
    { "E215", A2("!~c:[type==\"a\"] => permit();"), ERR_MALFORMED },
    { "E216", A("~issuer:[type==\"a\"] => permit();"), ERR_MALFORMED },
    { "E217", I("c:[type==\"a\"] => issue(~c.value, type=\"b\");"), ERR_MALFORMED },
    { "E218", A("[value==~1.5] => permit();"), ERR_MALFORMED },
    { "E301", A("=> ~issueproperty(type=\"omit_x5c\", value=true);"), ERR_MALFORMED },
    { "E301", I("=> ~deny();"), ERR_MALFORMED },
    { "E302", A("=> deny(~type=\"a\");"), ERR_MALFORMED },
    { "E303", A("c:[type==\"a\"] && [value==~d.value] => permit();"), ERR_MALFORMED },
    { "E304", A("c:[type==\"a\", value==~c.value] => permit();"), ERR_MALFORMED },
    { "E304", A("[value==~d.value] && d:[type==\"a\"] => permit();"), ERR_MALFORMED },
    { "E305", A("c:[type==\"a\"] && ~c:[type==\"b\"] => permit();"), ERR_MALFORMED },
    { "E306", I("=> ~issue(value=1);"), ERR_MALFORMED },
    { "E306", I("=> ~add();"), ERR_MALFORMED },
    { "E307", I("=> add(type=\"a\", ~type=\"b\", value=1);"), ERR_MALFORMED },
    { "E308", I("c:[type==\"a\"] => add(~type=\"a\", claim=c);"), ERR_MALFORMED },
    { "E309", A("[value~<\"a\"] => permit();"), ERR_MALFORMED },
    { "E309", A("[issuer~>=3] => permit();"), ERR_MALFORMED },
    { "E310", A("[issuer==~true] => permit();"), ERR_MALFORMED },
    { "E310", I("=> issue(type=~5, value=1);"), ERR_MALFORMED },
    { "E311", I2("=> add(type=\"a\", value=~appendstring(\"a\", \"b\"));"), ERR_MALFORMED },
    { "E312", I2("=> add(type=\"a\", value=~AppendString(\"a\"));"), ERR_MALFORMED },
    { "E313", I2("c:[type==\"a\"] => add(type=\"a\", value=NegateBool(~c.type));"), ERR_MALFORMED },
    { "E314", I2("c:[type==\"a\"] => add(type=\"a\", value=JmesPath(c.value, ~\"a[\"));"), ERR_MALFORMED },
    { "E315", I2("=> add(type=\"a\", value=JsonToClaimValue(~\"[1,\"));"), ERR_MALFORMED },
    { "E315", I2("=> add(type=\"a\", value=~JmesPath(\"[1]\", \"abs(@)\"));"), ERR_MALFORMED },
    { "E316", I("=> add(type=\"a\", value=1, valueType=~\"integer\");"), ERR_MALFORMED },
    { "E316", I("=> add(type=\"a\", value=1, valueType=~\"String\");"), ERR_MALFORMED },
    { "E317", I("=> add(type=\"a\", value=1, ~issuer=\"CustomClaim\");"), ERR_MALFORMED },
    { "E318", I("=> issueproperty(type=\"omit_x5c\", value=~1);"), ERR_MALFORMED },
    { "E318", C1("=> issueproperty(type=\"x-ms-sgx-tcbidentifier\", value=~\"1234567890\");"), ERR_MALFORMED },
    { "E319", I("=> issue(type=~\"x-ms-policy-hash\", value=\"a\");"), ERR_MALFORMED },
    { "E320", A("=> add(type=~\"\", value=1);"), ERR_MALFORMED },
};
/* clang-format on */

static void each_error_is_reported_at_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        struct arena a = arena_over(1 << 20);
        struct policy_diagnostics d = { .arena = &a };
        struct marked m = mark(refusals[i].text);
        struct err e = { 0 };
        char shown[32];

        CHECK(refusals[i].text, policy_new(crypto, span_of(m.text, m.n), &d, &e) == NULL);
        CHECK_INT(refusals[i].text, e.code, refusals[i].class);
        CHECK(refusals[i].text, d.count > 0 && d.items[0].text[0]);
        snprintf(shown, sizeof shown, "%s %u:%u", d.items[0].code, d.items[0].line,
                 d.items[0].column);
        {
            char wanted[32];

            snprintf(wanted, sizeof wanted, "%s %u:%u", refusals[i].code, m.line, m.column);
            CHECK_TEXT(refusals[i].text, span_str(shown), wanted);
        }
        arena_fini(&a);
    }
}

/* clang-format off */
static const struct { const char *codes, *text; } warned[] = {
    { "W501",      "VERSION=1.0;authorizationrules{=>permit();};" },
    { "W502",      A("=> issue(type=\"a\", value=1); => permit();") },
    { "W503",      I("=> issueproperty(type=\"omit_x5\", value=true);") },
    { "W504",      C1("[type==\"a\"] => issueproperty(type=\"required_pcr_mask\", value=1);") },
    { "W505",      A("[issuer==\"attestationService\"] => permit();") },
    { "W505 W502", A("[valueType!=\"Bool\"] => issue(type=\"a\", value=1);") },
    { "",          A("[issuer==\"CustomClaim\", valueType==\"Boolean\"] => permit();") },
};
/* clang-format on */

static void warnings_stand_in_the_order_of_the_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(warned); i++) {
        struct arena a = arena_over(1 << 20);
        struct policy_diagnostics d = { .arena = &a };
        struct err e = { 0 };
        struct policy *p = policy_new(crypto, span_str(warned[i].text), &d, &e);
        char codes[64] = "";

        CHECK_OK(warned[i].text, p != NULL, e);
        for (size_t k = 0; k < d.count; k++)
            sprintf(codes + strlen(codes), "%s%s", k ? " " : "", d.items[k].code);
        CHECK_TEXT(warned[i].text, span_str(codes), warned[i].codes);
        policy_free(p);
        arena_fini(&a);
    }
}

static void several_errors_of_one_text_are_all_named(void **state)
{
    static const char text[] = A("[type=\"a\"] => permit();\n=> premit();\n[] => deny()");
    struct arena a = arena_over(1 << 20);
    struct policy_diagnostics d = { .arena = &a };
    struct err e = { 0 };

    (void)state;
    CHECK("refused", policy_new(crypto, span_str(text), &d, &e) == NULL);
    CHECK_INT("errors", d.count, 3);
    CHECK_TEXT("first", span_str(d.items[0].code), "E211");
    CHECK_TEXT("second", span_str(d.items[1].code), "E213");
    CHECK_TEXT("its hint", span_str(d.items[1].hint), "permit");
    CHECK_TEXT("third", span_str(d.items[2].code), "E209");
    arena_fini(&a);
}

static void a_diagnostic_shows_the_line_and_a_caret(void **state)
{
    static const char text[] = A("[type=\"a\"] => permit();");
    struct arena a = arena_over(1 << 20);
    struct policy_diagnostics d = { .arena = &a };
    struct err e = { 0 };
    struct writer w = writer_in(&a, 256);

    (void)state;
    CHECK("refused", policy_new(crypto, span_str(text), &d, &e) == NULL);
    policy_diagnostic_write(&w, "health.pol", span_str(text), &d.items[0]);
    CHECK_TEXT("shown", writer_span(&w),
               "health.pol:3:6: \"=\" assigns; a condition compares with \"==\" [E211]\n"
               "    [type=\"a\"] => permit();\n"
               "         ^\n"
               "    try: ==\n");
    arena_fini(&a);
}

/* evaluation */

static const struct claim offered[] = {
    { .name = { (const uint8_t *)"n", 1 }, .type = CLAIM_INT, .integer = 5 },
    { .name = { (const uint8_t *)"s", 1 },
      .type = CLAIM_STRING,
      .text = { (const uint8_t *)"text", 4 } },
    { .name = { (const uint8_t *)"b", 1 }, .type = CLAIM_BOOL, .boolean = true },
    { .name = { (const uint8_t *)"j", 1 },
      .type = CLAIM_STRING,
      .text = { (const uint8_t *)"{\"a\":[1,2]}", 11 } },
    { .name = { (const uint8_t *)"q", 1 },
      .type = CLAIM_STRING,
      .text = { (const uint8_t *)"a[", 2 } },
    { .name = { (const uint8_t *)"r", 1 },
      .type = CLAIM_STRING,
      .text = { (const uint8_t *)"iss", 3 },
      .is_read_only = true },
    { .name = { (const uint8_t *)"x", 1 },
      .type = CLAIM_STRING,
      .text = { (const uint8_t *)"exp", 3 } },
    { .name = { (const uint8_t *)"m", 1 }, .type = CLAIM_INT, .integer = 1 },
    { .name = { (const uint8_t *)"m", 1 }, .type = CLAIM_INT, .integer = 2 },
};

static struct claim_set offer(struct arena *a)
{
    struct claim_set set = claim_set_in(a);
    struct err e = { 0 };

    for (size_t i = 0; i < COUNT(offered); i++)
        CHECK("claims", claim_add(&set, &offered[i], &e));
    return set;
}

/* clang-format off */
static const struct { const char *code, *text; } failures[] = {
    { "X401", I2("c:[type==\"n\"] => add(type=\"z\", value=AppendString(\"a\", ~c.value));") },
    { "X401", I2("c:[type==\"s\"] => add(type=\"z\", value=NegateBool(~c.value));") },
    { "X402", I2("c:[type==\"s\"] => add(type=\"z\", value=JsonToClaimValue(~c.value));") },
    { "X402", I2("c:[type==\"s\"] => add(type=\"z\", value=JmesPath(~c.value, \"@\"));") },
    { "X403", I2("c:[type==\"j\"] => add(type=\"z\", value=~JsonToClaimValue(c.value));") },
    { "X404", I2("c:[type==\"j\"] && d:[type==\"q\"] => add(type=\"z\", value=JmesPath(c.value, ~d.value));") },
    { "X405", I2("c:[type==\"j\"] => add(type=\"z\", value=~JmesPath(c.value, \"abs(a)\"));") },
    { "X406", I2("c:[type==\"j\"] => add(type=\"z\", value=AppendString(~JsonToClaimValue(JmesPath(c.value, \"a\")), \"\"));") },
    { "X406", I2("c:[type==\"j\"] => add(type=~JsonToClaimValue(JmesPath(c.value, \"a\")), value=1);") },
    { "X407", I("c:[type==\"r\"] => issue(type=\"z\", value=~c.value);") },
    { "X407", I("c:[type==\"r\"] => issue(type=~c.value, value=1);") },
    { "X407", I("c:[type==\"r\"] => issueproperty(claim=~c);") },
    { "X408", I("c:[type==\"n\"] => add(type=~c.value, value=1);") },
    { "X408", I2("c:[type==\"s\"] => add(type=~JsonToClaimValue(\"\\\"\\\"\"), value=c.value);") },
    { "X409", I("c:[type==\"n\"] => ~issueproperty(type=\"omit_x5c\", value=c.value);") },
    { "X410", I("c:[type==\"m\"] => ~issueproperty(type=\"ttl\", value=c.value);") },
    { "X411", I2("c:[type==\"s\"] => add(type=\"z\", value=JsonToClaimValue(~AppendString(\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\", c.value)));") },
    { "X412", I("c:[type==\"x\"] => ~issue(type=c.value, value=1);") },
    { "X413", I("c:[type==\"n\"] => issue(type=\"z\", value=c.value, valueType=~\"String\");") },
};
/* clang-format on */

static void each_failure_is_reported_at_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(failures); i++) {
        struct arena a = arena_over(16 << 20);
        struct claim_set claims = offer(&a);
        struct marked m = mark(failures[i].text);
        struct policy_outcome o;
        struct err e = { 0 };
        struct policy *p = policy_new(crypto, span_of(m.text, m.n), NULL, &e);
        char got[32], wanted[32];

        CHECK_OK(failures[i].text, p != NULL, e);
        CHECK_OK(failures[i].text, policy_eval(p, &claims, &a, &o, &e), e);
        CHECK_INT(failures[i].text, o.decision, POLICY_FAILED);
        CHECK_INT(failures[i].text, o.issued.count + o.properties.count, 0);
        snprintf(got, sizeof got, "%s %u:%u", o.error_code, o.line, o.column);
        snprintf(wanted, sizeof wanted, "%s %u:%u", failures[i].code, m.line, m.column);
        CHECK_TEXT(failures[i].text, span_str(got), wanted);
        CHECK(failures[i].text, o.error_text[0] != '\0');
        policy_free(p);
        arena_fini(&a);
    }
}

/* clang-format off */
static const struct { const char *issued, *text; } permitted[] = {
    { "{}",                         A("=> permit();") },
    { "{\"z\":5}",                  I("c:[type==\"n\", value>=5, value<6] => issue(type=\"z\", value=c.value);") },
    { "{\"z\":[1,2]}",              I("c:[type==\"m\"] => issue(type=\"z\", value=c.value);") },
    { "{\"z\":[1,2]}",              I2("c:[type==\"j\"] => issue(type=\"z\", value=JsonToClaimValue(JmesPath(c.value, \"a\")));") },
    { "{\"z\":\"{\\\"a\\\":[1,2]}\"}", I("c:[type==\"j\"] => issue(type=\"z\", value=c.value);") },
    { "{\"m\":[1,2],\"z\":true}",   I("c:[type==\"m\"] => issue(claim=c); [type==\"m\", issuer==\"AttestationPolicy\"] => issue(type=\"z\", value=true);") },
    { "{\"z\":2}",                  I("a:[type==\"m\"] && b:[type==\"m\", value>a.value] => issue(type=\"z\", value=b.value);") },
    { "{\"z\":true}",               I2("![type==\"none\"] => issue(type=\"z\", value=true);") },
    { "{\"z\":true}",               I2("c:[type==\"m\"] => issue(type=\"z\", value=IsSubsetOf(c.value, JsonToClaimValue(\"[3,2,1]\")));") },
    { "{\"z\":false}",              I2("c:[type==\"m\"] => issue(type=\"z\", value=ContainsOnlyValue(c.value, 1));") },
    { "{\"z\":\"text!\"}",          I2("c:[type==\"s\"] => issue(type=\"z\", value=AppendString(c.value, \"!\"));") },
    { "{\"AttestationService\":\"String\"}", I("c:[type==\"s\"] => issue(type=c.issuer, value=c.valueType);") },
    { "{}",                         I2("c:[type==\"j\"] => issue(type=\"z\", value=JsonToClaimValue(JmesPath(c.value, \"none\")));") },
    { "{\"z\":[0,300,-9223372036854775808]}", I2("[type==\"j\"] => issue(type=\"z\", value=JsonToClaimValue(\"[0e999999, 3.00e2, -0.000, -9223372036854775808.0]\"));") },
};
/* clang-format on */

static void a_permit_issues_what_the_rules_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(permitted); i++) {
        struct arena a = arena_over(16 << 20);
        struct claim_set claims = offer(&a);
        struct writer w = writer_in(&a, 64);
        struct policy_outcome o;
        struct err e = { 0 };
        struct policy *p = policy_new(crypto, span_str(permitted[i].text), NULL, &e);

        CHECK_OK(permitted[i].text, p != NULL, e);
        CHECK_OK(permitted[i].text, policy_eval(p, &claims, &a, &o, &e), e);
        CHECK_TEXT(permitted[i].text, span_str(policy_decision_name(o.decision)), "permit");
        CHECK_OK(permitted[i].text, claim_set_write(&w, &o.issued, &e), e);
        CHECK_TEXT(permitted[i].text, writer_span(&w), permitted[i].issued);
        policy_free(p);
        arena_fini(&a);
    }
}

/* known mistakes */

static enum policy_decision decide(const char *text, struct policy_outcome *o, struct arena *a)
{
    struct claim_set claims = offer(a);
    struct err e = { 0 };
    struct policy *p = policy_new(crypto, span_str(text), NULL, &e);

    CHECK_OK(text, p != NULL, e);
    CHECK_OK(text, policy_eval(p, &claims, a, o, &e), e);
    policy_free(p);
    return o->decision;
}

/* Blame is for the first claims that made the rule fire, in the order of its conditions. */
static void a_denial_names_the_claims_that_the_rule_matched(void **state)
{
    static const struct {
        const char *text, *names[3];
    } rows[] = {
        { A("[type==\"b\"] => deny();"), { "b" } },
        { A("[type==\"n\"] && [type==\"b\"] => deny();"), { "n", "b" } },
        { A("=> deny();"), { NULL } },
        { A2("![type==\"nobody\"] && [type==\"b\"] => deny();"), { "b" } },
        { A("=> permit();"), { NULL } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(16 << 20);
        struct policy_outcome o;
        size_t n = 0;

        decide(rows[i].text, &o, &a);
        for (; rows[i].names[n]; n++) {
            CHECK(rows[i].text, n < o.blamed.count);
            CHECK_TEXT(rows[i].text, o.blamed.items[n].name, rows[i].names[n]);
        }
        CHECK_INT(rows[i].text, o.blamed.count, n);
        arena_fini(&a);
    }
}

static void km_10_nothing_permits_by_default(void **state)
{
    static const struct {
        const char *text;
        enum policy_decision decision;
    } rows[] = {
        { "version=1.0;authorizationrules{};", POLICY_NO_PERMIT },
        { "version=1.0;authorizationrules{// => permit();\n};", POLICY_NO_PERMIT },
        { A("[type==\"b\", value==\"true\"] => permit();"), POLICY_NO_PERMIT },
        { A("[type==\"B\"] => permit();"), POLICY_NO_PERMIT },
        { A("=> permit(); [type==\"b\"] => deny();"), POLICY_DENY },
        { A2("=> permit(); c:[type==\"s\", value==JsonToClaimValue(\"1\")] => deny();"),
          POLICY_PERMIT },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(16 << 20);
        struct policy_outcome o;

        CHECK_INT(rows[i].text, decide(rows[i].text, &o, &a), rows[i].decision);
        arena_fini(&a);
    }
    CHECK_INT("no such profile", policy_default(span_str("SgxEnclave"), "Azure").n, 0);
    CHECK_INT("no such type", policy_default(span_str("SgxEnclav"), "azure").n, 0);
}

static void km_11_an_absent_claim_refuses_and_the_trail_names_it(void **state)
{
    static const char text[] = A("[type==\"x-ms-sgx-mrsigner\", value==\"aa\"] => permit();");
    struct arena a = arena_over(16 << 20);
    struct claim_set claims = offer(&a);
    struct policy_trail trail;
    struct policy_outcome o;
    struct err e = { 0 };
    struct policy *p = policy_new(crypto, span_str(text), NULL, &e);

    (void)state;
    CHECK_OK("policy", p != NULL, e);
    CHECK_OK("eval", policy_eval_trace(p, &claims, &a, &o, &trail, &e), e);
    CHECK_INT("decision", o.decision, POLICY_NO_PERMIT);
    CHECK_INT("rules", trail.count, 1);
    CHECK_INT("fired", trail.rules[0].times, 0);
    CHECK_INT("place", trail.rules[0].line, 3);
    CHECK("the claim is named",
          strstr(trail.rules[0].conditions[0].why, "x-ms-sgx-mrsigner") != NULL);
    policy_free(p);
    arena_fini(&a);
}

static void km_76_a_setting_given_twice_differently_is_an_error(void **state)
{
    struct arena a = arena_over(16 << 20);
    struct policy_outcome o;

    (void)state;
    CHECK_INT("twice",
              decide(C1("=> issueproperty(type=\"required_pcr_mask\", value=1);"
                        "=> issueproperty(type=\"required_pcr_mask\", value=2);"),
                     &o, &a),
              POLICY_FAILED);
    CHECK_TEXT("code", span_str(o.error_code), "X410");
    CHECK_INT("no configuration", o.configuration.count, 0);
    arena_fini(&a);
}

static void km_79_no_rule_speaks_with_the_service_s_voice(void **state)
{
    struct arena a = arena_over(16 << 20);
    struct policy_outcome o;

    (void)state;
    CHECK_INT("copied",
              decide(A("c:[type==\"n\"] => add(type=\"good\", value=c.value);"
                       "[type==\"good\", issuer==\"AttestationService\"] => permit();"),
                     &o, &a),
              POLICY_NO_PERMIT);
    CHECK_INT("added", o.added.count, 1);
    CHECK_INT("in its own name", o.added.items[0].issuer, ISSUER_POLICY);
    arena_fini(&a);
}

/* sweeps */

static const char swept[] =
    "version=1.2;\nconfigurationrules { => issueproperty(type=\"required_pcr_mask\", value=15); "
    "};\n"
    "authorizationrules {\n  ![type==\"bad\"] && c:[type==\"m\", value>=1] => permit();\n};\n"
    "issuancerules {\n  c:[type==\"j\"] && d:[type==\"m\", value!=3] => issue(type=\"z\", "
    "value=JsonToClaimValue(JmesPath(c.value, \"a[?@ > `1`]\")));\n"
    "  c:[type==\"m\"] => issue(type=\"all\", value=IsSubsetOf(c.value, "
    "JsonToClaimValue(\"[1,2]\")));\n};\n";

static void every_prefix_is_refused_inside_its_text(void **state)
{
    (void)state;
    for (size_t n = 0; n + 1 < sizeof swept - 1; n++) {
        struct arena a = arena_over(1 << 20);
        struct policy_diagnostics d = { .arena = &a };
        struct err e = { 0 };
        uint8_t *exact = check_exact(span_of(swept, n));
        struct policy *p = policy_new(crypto, span_of(exact, n), &d, &e);
        struct span trimmed = span_trim(span_of(swept, n));
        bool is_whole = trimmed.n > 2 && memcmp(trimmed.p + trimmed.n - 2, "};", 2) == 0 &&
                        memmem(swept, n, "authorizationrules", 18);

        CHECK("a prefix is whole only where a section ends", (p != NULL) == is_whole);
        if (!p) {
            CHECK("an error is noted", d.count > 0 && d.items[0].offset <= n);
            CHECK("and told", e.code != ERR_NONE);
        }
        policy_free(p);
        free(exact);
        arena_fini(&a);
    }
}

static void no_changed_byte_upsets_the_engine(void **state)
{
    struct arena keep = arena_over(1 << 20);
    struct claim_set claims = offer(&keep);

    (void)state;
    for (size_t at = 0; at < sizeof swept - 1; at++)
        for (int bit = 0; bit < 8; bit++) {
            struct arena a = arena_over(8 << 20);
            uint8_t *text = check_exact(span_of(swept, sizeof swept - 1));
            struct policy_outcome o;
            struct err e = { 0 };
            struct policy *p;

            text[at] ^= (uint8_t)(1 << bit);
            p = policy_new(crypto, span_of(text, sizeof swept - 1), NULL, &e);
            if (p)
                CHECK_OK("evaluated", policy_eval(p, &claims, &a, &o, &e), e);
            else
                CHECK("refused", e.code != ERR_NONE && e.text[0]);
            policy_free(p);
            free(text);
            arena_fini(&a);
        }
    arena_fini(&keep);
}

static void each_failed_allocation_ends_cleanly(void **state)
{
    struct arena keep = arena_over(1 << 20);
    struct claim_set claims = offer(&keep);
    struct err e = { 0 };
    struct policy *p = policy_new(crypto, span_str(swept), NULL, &e);
    bool was_enough = false;

    (void)state;
    CHECK_OK("policy", p != NULL, e);
    for (size_t n = 1; !was_enough && n < 10000; n++) {
        struct arena a = arena_over(16 << 20);
        struct policy_outcome o;
        struct policy_trail trail;

        e = (struct err){ 0 };
        a.fail_at = n;
        if (policy_eval_trace(p, &claims, &a, &o, &trail, &e))
            CHECK_INT("the same decision", o.decision, POLICY_PERMIT);
        else
            CHECK_INT("memory", e.code, ERR_MEMORY);
        was_enough = a.fail_at > 0;
        arena_fini(&a);
    }
    CHECK("the sweep came to its end", was_enough);
    for (size_t n = 1; n < 200; n++) {
        struct arena a = arena_over(16 << 20);
        struct span out = { 0 };

        e = (struct err){ 0 };
        a.fail_at = n;
        if (!policy_format(span_str(swept), &a, &out, NULL, &e))
            CHECK_INT("memory", e.code, ERR_MEMORY);
        arena_fini(&a);
    }
    policy_free(p);
    arena_fini(&keep);
}

static void one_policy_serves_many_evaluations(void **state)
{
    struct arena keep = arena_over(1 << 20);
    struct claim_set claims = offer(&keep);
    struct err e = { 0 };
    struct policy *p = policy_new(crypto, span_str(swept), NULL, &e);
    char first[512] = "";

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct arena a = arena_over(16 << 20);
        struct writer w = writer_in(&a, 64);
        struct policy_outcome o;

        CHECK_OK("eval", policy_eval(p, &claims, &a, &o, &e), e);
        CHECK_OK("written", claim_set_write(&w, &o.issued, &e), e);
        write_u8(&w, 0);
        if (i == 0)
            snprintf(first, sizeof first, "%s", (const char *)w.p);
        CHECK_TEXT("the same", span_str((const char *)w.p), first);
        CHECK_INT("configuration", o.configuration.count, 1);
        arena_fini(&a);
    }
    policy_free(p);
    arena_fini(&keep);
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST_EACH(
        each_error_is_reported_at_its_place, warnings_stand_in_the_order_of_the_text,
        several_errors_of_one_text_are_all_named, a_diagnostic_shows_the_line_and_a_caret,
        each_failure_is_reported_at_its_place, a_permit_issues_what_the_rules_say,
        a_denial_names_the_claims_that_the_rule_matched, km_10_nothing_permits_by_default,
        km_11_an_absent_claim_refuses_and_the_trail_names_it,
        km_76_a_setting_given_twice_differently_is_an_error,
        km_79_no_rule_speaks_with_the_service_s_voice, every_prefix_is_refused_inside_its_text,
        no_changed_byte_upsets_the_engine, each_failed_allocation_ends_cleanly,
        one_policy_serves_many_evaluations) };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(TEST_NAME, tests, set_up, tear_down);
}
