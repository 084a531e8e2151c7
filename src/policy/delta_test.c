/* Two policies over the same claims. */
#include "delta.h"

#include "../../tests/check.h"
#include "../format/json.h"

static struct crypto *crypto;
static struct arena arena;

struct side {
    struct policy *policy;
    struct policy_outcome outcome;
    struct policy_trail trail;
};

#define RULES(authorization, issuance)                                                             \
    "version=1.2;\nauthorizationrules {\n" authorization "\n};\nissuancerules {\n" issuance "\n};" \
    "\n"
#define PERMIT  "[type==\"a\"] => permit();"
#define DENY    "[type==\"a\", value>=2] => deny();"
#define ISSUE_A "c:[type==\"a\"] => issue(type=\"b\", value=c.value);"
#define ISSUE_7 "=> issue(type=\"b\", value=7);"

static void run(struct side *s, const char *text, const struct claim_set *claims)
{
    struct err e = { 0 };

    s->policy = policy_new(crypto, span_str(text), NULL, &e);
    CHECK_OK(text, s->policy != NULL, e);
    CHECK_OK(text, policy_eval_trace(s->policy, claims, &arena, &s->outcome, &s->trail, &e), e);
}

static bool contains(struct span text, const char *part)
{
    for (size_t at = 0; at < text.n; at++)
        if (span_starts(span_part(text, at, text.n), span_str(part)))
            return true;
    return part[0] == '\0';
}

static struct claim_set claims(void)
{
    struct claim_set set;
    struct err e = { 0 };

    arena_fini(&arena);
    arena = arena_over(64 << 20);
    set = claim_set_in(&arena);
    CHECK_OK("claim", claim_add_int(&set, "a", 3, &e), e);
    return set;
}

static void a_difference_is_told_with_the_rules_that_made_it(void **state)
{
    /* clang-format off */
    static const struct { const char *name, *before, *after; bool is_other_decision; size_t claims; const char *text; } rows[] = {
        { "the same", RULES(PERMIT, ISSUE_A), RULES(PERMIT, ISSUE_A), false, 0, "" },
        { "another rule, the same result", RULES(PERMIT, ISSUE_A), RULES("=> permit();", "c:[value==3] => issue(type=\"b\", value=3);"), false, 0, "" },
        { "permit, then deny", RULES(PERMIT, ""), RULES(PERMIT DENY, ""), true, 0,
          "permit: old:3:1 permitted\nold:3:1 fired: => permit();\n    ok    [type==\"a\"]                                               a = 3 (AttestationService)\n"
          "deny: new:3:25 denied\nnew:3:25 fired: => deny();\n" },
        { "a denial takes the claims along", RULES(PERMIT, ISSUE_A), RULES(PERMIT DENY, ISSUE_A), true, 1, "issued.b: was 3, is nothing\n" },
        { "deny, then none", RULES(DENY, ""), RULES("[type==\"x\"] => permit();", ""), true, 0,
          "no-permit: new:3:1 came nearest, and no permit rule fired\nnew:3:1 did not fire: => permit();\n" },
        { "another value", RULES(PERMIT, ISSUE_A), RULES(PERMIT, ISSUE_7), false, 1, "issued.b: was 3, is 7\nold:6:1 fired: " },
        { "one more value", RULES(PERMIT, ISSUE_A), RULES(PERMIT, ISSUE_A "\n" ISSUE_7), false, 1, "issued.b: was 3, is [3,7]\n" },
        { "a claim of another name", RULES(PERMIT, ISSUE_A), RULES(PERMIT, "=> issue(type=\"c\", value=true);"), false, 2, "issued.c: was nothing, is true\n" },
        { "a property", RULES(PERMIT, ""), RULES(PERMIT, "=> issueproperty(type=\"omit_x5c\", value=true);"), false, 1, "properties.omit_x5c: was nothing, is true\n" },
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct claim_set set = claims();
        struct side old = { 0 }, new = { 0 };
        struct writer w = writer_in(&arena, 1024);
        struct policy_delta d;
        struct err e = { 0 };

        run(&old, rows[i].before, &set);
        run(&new, rows[i].after, &set);
        CHECK_OK(rows[i].name, policy_delta(&old.outcome, &new.outcome, &arena, &d, &e), e);
        CHECK_INT(rows[i].name, d.is_other_decision, rows[i].is_other_decision);
        CHECK_INT(rows[i].name, d.claim_count, rows[i].claims);
        CHECK_INT(rows[i].name, policy_delta_is(&d), rows[i].is_other_decision || rows[i].claims);
        policy_delta_write(&w, &d, &(struct delta_side){ "old", &old.outcome, &old.trail },
                           &(struct delta_side){ "new", &new.outcome, &new.trail });
        if (!contains(writer_span(&w), rows[i].text))
            fail_msg("row \"%s\": no \"%s\" in:\n%.*s", rows[i].name, rows[i].text,
                     SPAN_ARG(writer_span(&w)));
        CHECK(rows[i].name, policy_delta_is(&d) == (w.n > 0));
        policy_free(old.policy);
        policy_free(new.policy);
    }
}

static void an_error_names_its_code_for_programs(void **state)
{
    static const char *const texts[] = { RULES(PERMIT, ISSUE_A),
                                         RULES(PERMIT, "c:[type==\"a\"] => issue(type=\"c\", "
                                                       "value=JmesPath(c.value, \"x\"));") };
    struct claim_set set = claims();
    struct side old = { 0 }, new = { 0 };
    struct policy_delta d;
    struct writer w = writer_in(&arena, 64);
    const struct json *json = NULL;
    struct err e = { 0 };

    (void)state;
    run(&old, texts[0], &set);
    run(&new, texts[1], &set);
    CHECK_OK("delta", policy_delta(&old.outcome, &new.outcome, &arena, &d, &e), e);
    write_text(&w, "[");
    delta_side_write_json(&w, &(struct delta_side){ "old", &old.outcome, &old.trail });
    write_text(&w, ",");
    delta_side_write_json(&w, &(struct delta_side){ "new", &new.outcome, &new.trail });
    write_text(&w, ",");
    policy_delta_write_json(&w, &d);
    write_text(&w, "]");
    CHECK_OK("JSON", json_parse(writer_span(&w), NULL, &arena, &json, &e), e);
    CHECK_TEXT("all", writer_span(&w),
               "[{\"decision\":\"permit\",\"error\":null,\"rule\":{\"line\":3,\"column\":1,"
               "\"fired\":true,\"text\":\"[type==\\\"a\\\"] => permit();\"}},"
               "{\"decision\":\"error\",\"error\":{\"code\":\"X401\",\"line\":6,\"column\":49},"
               "\"rule\":{\"line\":6,\"column\":1,\"fired\":false,\"text\":\"c:[type==\\\"a\\\"] "
               "=> issue(type=\\\"c\\\", value=JmesPath(c.value, \\\"x\\\"));\"}},"
               "[{\"set\":\"issued\",\"name\":\"b\",\"before\":3,\"after\":null}]]");
    policy_free(old.policy);
    policy_free(new.policy);
}

static void every_failed_allocation_ends_in_a_clean_error(void **state)
{
    struct claim_set set = claims();
    struct side old = { 0 }, new = { 0 };
    bool is_through = false;

    (void)state;
    run(&old, RULES(PERMIT, ISSUE_A), &set);
    run(&new, RULES(PERMIT, ISSUE_7), &set);
    for (size_t n = 1; !is_through && n < 1000; n++) {
        struct arena a = arena_over(1 << 20);
        struct policy_delta d;
        struct err e = { 0 };

        a.fail_at = n;
        is_through = policy_delta(&old.outcome, &new.outcome, &a, &d, &e);
        CHECK("refused", is_through || e.code == ERR_MEMORY);
        arena_fini(&a);
    }
    CHECK("through", is_through);
    policy_free(old.policy);
    policy_free(new.policy);
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
    const struct CMUnitTest tests[] = { TEST_EACH(a_difference_is_told_with_the_rules_that_made_it,
                                                  an_error_names_its_code_for_programs,
                                                  every_failed_allocation_ends_in_a_clean_error) };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(TEST_NAME, tests, set_up, tear_down);
}
