/* Files of cases: what they must look like, and what a disagreement says. */
#include "suite.h"

#include "../../tests/check.h"

#define HEAD "{\"format\":\"attestation-policy-cases\",\"formatVersion\":1,\"cases\":["
#define POLICY                                                                                     \
    "\"policy\":\"version=1.0;\\nauthorizationrules {\\n    [type==\\\"a\\\", value>=2] => "       \
    "permit();\\n    [type==\\\"bad\\\"] => deny();\\n};\\nissuancerules {\\n    "                 \
    "c:[type==\\\"a\\\"] => issue(type=\\\"b\\\", value=c.value);\\n};\\n\","
#define CASE(claims, expect)                                                                       \
    HEAD "{\"id\":\"one\",\"title\":\"the first\"," POLICY "\"claims\":" claims                    \
         ",\"expect\":" expect "}]}"

static struct crypto *crypto;
static struct arena arena;

static bool parse(const char *text, struct suite *out, struct err *err)
{
    arena_fini(&arena);
    arena = arena_over(16 << 20);
    return suite_parse(span_str(text), &arena, out, err);
}

static void a_file_that_could_be_misread_is_refused(void **state)
{
    /* clang-format off */
    static const struct { const char *name, *text; enum err_code code; const char *path; } rows[] = {
        { "not JSON", "version=1.0;", ERR_MALFORMED, "" },
        { "another file", "{\"cases\":[]}", ERR_MALFORMED, "" },
        { "another format", "{\"format\":\"cases\",\"formatVersion\":1,\"cases\":[]}", ERR_MALFORMED, "" },
        { "a newer version", "{\"format\":\"attestation-policy-cases\",\"formatVersion\":2,\"cases\":[]}", ERR_UNSUPPORTED, "" },
        { "no cases", "{\"format\":\"attestation-policy-cases\",\"formatVersion\":1}", ERR_MALFORMED, "" },
        { "a wrong count", "{\"format\":\"attestation-policy-cases\",\"formatVersion\":1,\"count\":2,\"cases\":[]}", ERR_MALFORMED, "" },
        { "a case that is none", HEAD "1]}", ERR_MALFORMED, "cases[0]" },
        { "no expectation", HEAD "{\"id\":\"a\",\"policy\":\"\",\"claims\":[]}]}", ERR_MALFORMED, "cases[0]" },
        { "a misspelt member", CASE("[]", "{\"compile\":\"ok\",\"decison\":\"permit\"}"), ERR_MALFORMED, "cases[0].expect" },
        { "a member of another type", CASE("[]", "{\"compile\":\"ok\",\"decision\":true}"), ERR_MALFORMED, "cases[0].expect.decision" },
        { "no decision", CASE("[]", "{\"compile\":\"ok\"}"), ERR_MALFORMED, "cases[0].expect" },
        { "a decision that is none", CASE("[]", "{\"compile\":\"ok\",\"decision\":\"no permit\"}"), ERR_MALFORMED, "cases[0].expect" },
        { "compile is a word", CASE("[]", "{\"compile\":\"yes\",\"decision\":\"permit\"}"), ERR_MALFORMED, "cases[0].expect" },
        { "half a place", CASE("[]", "{\"compile\":{\"code\":\"E201\",\"line\":1}}"), ERR_MALFORMED, "cases[0].expect.compile" },
        { "more than a compile error", CASE("[]", "{\"compile\":{\"code\":\"E201\",\"line\":1,\"column\":1},\"decision\":\"deny\"}"), ERR_MALFORMED, "cases[0].expect" },
        { "an error without its place", CASE("[]", "{\"compile\":\"ok\",\"decision\":\"error\"}"), ERR_MALFORMED, "cases[0].expect" },
        { "an error beside a permit", CASE("[]", "{\"compile\":\"ok\",\"decision\":\"permit\",\"error\":{\"code\":\"X401\",\"line\":1,\"column\":1}}"), ERR_MALFORMED, "cases[0].expect" },
        { "a deny rule beside a permit", CASE("[]", "{\"compile\":\"ok\",\"decision\":\"permit\",\"denyRule\":{\"line\":1,\"column\":1}}"), ERR_MALFORMED, "cases[0].expect" },
        { "a claim without a value", CASE("[{\"type\":\"a\"}]", "{\"compile\":\"ok\",\"decision\":\"permit\"}"), ERR_MALFORMED, "cases[0].claims[0].value" },
        { "no policy", HEAD "{\"id\":\"a\",\"claims\":[],\"expect\":{\"compile\":\"ok\",\"decision\":\"permit\"}}]}", ERR_MALFORMED, "cases[0]" },
        { "two policies", HEAD "{\"id\":\"a\",\"policy\":\"\",\"policyFile\":\"x\",\"claims\":[],\"expect\":{\"compile\":\"ok\",\"decision\":\"permit\"}}]}", ERR_MALFORMED, "cases[0]" },
        { "an empty path", HEAD "{\"id\":\"a\",\"policyFile\":\"\",\"claims\":[],\"expect\":{\"compile\":\"ok\",\"decision\":\"permit\"}}]}", ERR_MALFORMED, "cases[0]" },
        { "base64 that is none", HEAD "{\"id\":\"a\",\"policyBase64\":\"a\",\"claims\":[],\"expect\":{\"compile\":\"ok\",\"decision\":\"permit\"}}]}", ERR_MALFORMED, "cases[0].policyBase64" },
        { "a type that is none", HEAD "{\"id\":\"a\",\"attestationType\":\"sgx\",\"policy\":\"\",\"claims\":[],\"expect\":{\"compile\":\"ok\",\"decision\":\"permit\"}}]}", ERR_MALFORMED, "cases[0]" },
        { "a number to explain", HEAD "{\"id\":\"a\",\"explain\":[1],\"policy\":\"\",\"claims\":[],\"expect\":{\"compile\":\"ok\",\"decision\":\"permit\"}}]}", ERR_MALFORMED, "cases[0].explain" },
        { "two of one id", HEAD "{\"id\":\"a\",\"policy\":\"\",\"claims\":[],\"expect\":{\"compile\":\"ok\",\"decision\":\"permit\"}},"
          "{\"id\":\"a\",\"policy\":\"\",\"claims\":[],\"expect\":{\"compile\":\"ok\",\"decision\":\"permit\"}}]}", ERR_MALFORMED, "" },
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct suite s = { 0 };
        struct err e = { 0 };

        CHECK(rows[i].name, !parse(rows[i].text, &s, &e));
        CHECK_ERR(rows[i].name, e, rows[i].code, rows[i].path);
        CHECK_INT(rows[i].name, s.count, 0);
    }
}

static bool contains(struct span text, const char *part)
{
    for (size_t at = 0; at < text.n; at++)
        if (span_starts(span_part(text, at, text.n), span_str(part)))
            return true;
    return part[0] == '\0';
}

#define TWO "[{\"type\":\"a\",\"value\":2,\"issuer\":\"AttestationService\"}]"
#define ONE "[{\"type\":\"a\",\"value\":1}]"
#define BAD "[{\"type\":\"a\",\"value\":2},{\"type\":\"bad\",\"value\":true}]"

static void a_disagreement_says_what_was_expected_what_came_and_which_rule_decided(void **state)
{
    /* clang-format off */
    static const struct { const char *name, *text, *first, *more; } rows[] = {
        { "agreement", CASE(TWO, "{\"compile\":\"ok\",\"decision\":\"permit\",\"issued\":{\"b\":2}}"), "", "" },
        { "agreement on a denial", CASE(BAD, "{\"compile\":\"ok\",\"decision\":\"deny\",\"denyRule\":{\"line\":4,\"column\":5}}"), "", "" },
        { "decision", CASE(ONE, "{\"compile\":\"ok\",\"decision\":\"permit\",\"issued\":{}}"),
          "decision: expected \"permit\", got \"no-permit\"",
          "p:3:5 did not fire: => permit();\n    fails [type==\"a\", value>=2]" },
        { "a denial", CASE(BAD, "{\"compile\":\"ok\",\"decision\":\"no-permit\"}"),
          "decision: expected \"no-permit\", got \"deny\"", "p:4:5 fired: => deny();\n    ok    [type==\"bad\"]" },
        { "another deny rule", CASE(BAD, "{\"compile\":\"ok\",\"decision\":\"deny\",\"denyRule\":{\"line\":3,\"column\":5}}"),
          "denyRule: expected {\"line\":3,\"column\":5}, got {\"line\":4,\"column\":5}", "" },
        { "a claim of another value", CASE(TWO, "{\"compile\":\"ok\",\"decision\":\"permit\",\"issued\":{\"b\":3}}"),
          "issued.b: expected 3, got 2", "p:7:5 fired: => issue(type=\"b\", value=c.value);" },
        { "a claim that was not expected", CASE(TWO, "{\"compile\":\"ok\",\"decision\":\"permit\"}"),
          "issued.b: expected nothing, got 2", "made  b = 2 (AttestationPolicy)" },
        { "a claim that did not come", CASE(TWO, "{\"compile\":\"ok\",\"decision\":\"permit\",\"issued\":{\"b\":2,\"c\":true}}"),
          "issued.c: expected true, got nothing", "" },
        { "2 and the text 2", CASE(TWO, "{\"compile\":\"ok\",\"decision\":\"permit\",\"issued\":{\"b\":\"2\"}}"),
          "issued.b: expected \"2\", got 2", "" },
        { "a property", CASE(TWO, "{\"compile\":\"ok\",\"decision\":\"permit\",\"issued\":{\"b\":2},\"properties\":{\"omit_x5c\":true}}"),
          "properties.omit_x5c: expected true, got nothing", "" },
        { "a warning", CASE(TWO, "{\"compile\":\"ok\",\"decision\":\"permit\",\"issued\":{\"b\":2},\"warnings\":[\"W501\"]}"),
          "warnings: expected [\"W501\"], got []", "" },
        { "what was added", CASE(TWO, "{\"compile\":\"ok\",\"decision\":\"permit\",\"issued\":{\"b\":2},\"added\":[]}"),
          "added: expected [], got [{\"type\":\"b\",\"value\":2}]", "" },
        { "the hash", CASE(TWO, "{\"compile\":\"ok\",\"decision\":\"permit\",\"issued\":{\"b\":2},\"policyHash\":\"x\"}"),
          "policyHash: expected \"x\", got \"", "" },
        { "it compiles", CASE("[]", "{\"compile\":{\"code\":\"E201\",\"line\":1,\"column\":1}}"),
          "compile: expected {\"code\":\"E201\",\"line\":1,\"column\":1}, got \"ok\"", "" },
        { "it does not", HEAD "{\"id\":\"a\",\"policy\":\"version=1.0\",\"claims\":[],\"expect\":{\"compile\":\"ok\",\"decision\":\"permit\"}}]}",
          "compile: expected \"ok\", got {\"code\":\"E202\",", "p:1:12: " },
        { "a line of the trail", HEAD "{\"id\":\"one\",\"explain\":[\"fired: => deny()\",\"gone\"]," POLICY "\"claims\":" BAD ",\"expect\":{\"compile\":\"ok\",\"decision\":\"deny\"}}]}",
          "explain: expected \"gone\", got nothing", "" },
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct suite s = { 0 };
        struct suite_result got = { 0 };
        struct err e = { 0 };

        CHECK_OK(rows[i].name, parse(rows[i].text, &s, &e), e);
        CHECK_OK(rows[i].name,
                 suite_run(crypto, &s.cases[0], s.cases[0].policy, "p", &arena, &got, &e), e);
        CHECK_INT(rows[i].name, got.is_passed, rows[i].first[0] == '\0');
        CHECK_TEXT(rows[i].name, span_part(got.first, 0, strlen(rows[i].first)), rows[i].first);
        CHECK(rows[i].name, got.is_passed == (got.report.n == 0));
        if (!contains(got.report, rows[i].more))
            fail_msg("row \"%s\": no \"%s\" in:\n%.*s", rows[i].name, rows[i].more,
                     SPAN_ARG(got.report));
    }
}

static const char sound[] =
    CASE(TWO, "{\"compile\":\"ok\",\"decision\":\"permit\",\"issued\":{\"b\":3}}");

static void every_truncation_of_a_file_is_refused(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof sound - 1; n++) {
        struct arena a = arena_over(1 << 20);
        uint8_t *exact = check_exact(span_of(sound, n));
        struct suite s;
        struct err e = { 0 };

        CHECK("truncated", !suite_parse(span_of(exact, n), &a, &s, &e) && e.code == ERR_MALFORMED);
        free(exact);
        arena_fini(&a);
    }
}

static void every_failed_allocation_ends_in_a_clean_error(void **state)
{
    bool is_through = false;

    (void)state;
    for (size_t n = 1; !is_through && n < 10000; n++) {
        struct arena a = arena_over(16 << 20);
        struct suite s;
        struct suite_result got = { 0 };
        struct err e = { 0 };

        a.fail_at = n;
        is_through = suite_parse(span_str(sound), &a, &s, &e) &&
                     suite_run(crypto, &s.cases[0], s.cases[0].policy, "p", &a, &got, &e);
        if (is_through)
            CHECK_INT("result", got.is_passed, false);
        else
            CHECK("refused", e.code == ERR_MEMORY || e.code == ERR_LIMIT);
        arena_fini(&a);
    }
    CHECK("through", is_through);
}

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
    arena_fini(&arena);
    crypto_free(crypto);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST_EACH(
        a_file_that_could_be_misread_is_refused,
        a_disagreement_says_what_was_expected_what_came_and_which_rule_decided,
        every_truncation_of_a_file_is_refused, every_failed_allocation_ends_in_a_clean_error) };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(TEST_NAME, tests, set_up, tear_down);
}
