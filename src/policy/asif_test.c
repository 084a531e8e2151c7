/* Two engines: the search that skips what cannot matter against the definition it has to follow. */
#include "action.h"
#include "eval.h"
#include "inside.h"
#include "search.h"

#include "../../tests/check.h"

#include "../base/num.h"

static struct crypto *crypto;

/* the definition of 5.3 and 6.1, word for word */

static bool plain_extend(struct machine *m, uint32_t i);

/* All candidates are tested before the next condition is looked at. */
static bool plain_matches(struct machine *m, uint32_t i, uint32_t *out, uint32_t *count)
{
    const struct condition_code *c = &m->conditions[i];

    *count = 0;
    for (uint32_t s = c->slots; s < c->slots + c->slot_count; s++)
        m->has_slot[s] = false;
    for (uint32_t n = search_first(m, c); n; n = search_next(m, c, n)) {
        bool holds;

        if (!machine_matches(m, i, &m->facts.items[n - 1], &holds))
            return false;
        if (holds)
            out[(*count)++] = n - 1;
    }
    return true;
}

static bool plain_extend(struct machine *m, uint32_t i)
{
    uint32_t matches[256], count;

    if (i == m->rule->condition_count)
        return action_fire(m);
    if (!plain_matches(m, i, matches, &count))
        return false;
    if (m->conditions[i].is_negated)
        return count != 0 || plain_extend(m, i + 1);
    for (uint32_t k = 0; k < count; k++) {
        m->frames[i].fact = matches[k];
        if (!plain_extend(m, i + 1))
            return false;
        if (m->fired && (m->rule->verb == VERB_PERMIT || m->rule->verb == VERB_DENY))
            return true;
    }
    return true;
}

static bool plain_run(struct machine *m, const struct rule_code *rule)
{
    m->rule = rule;
    m->conditions = m->program->conditions + rule->conditions;
    m->fired = 0;
    facts_clear(&m->kept);
    for (uint32_t i = 0; i < rule->condition_count; i++)
        m->frames[i] = (struct frame){ 0 };
    return plain_extend(m, 0);
}

static void describe(struct writer *w, const struct claim_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        write_bytes(w, set->items[i].name);
        write_text(w, set->items[i].is_read_only ? "!" : "=");
        claim_write_value(w, &set->items[i]);
        write_text(w, " ");
    }
}

/* Decision, failure, issued claims and the whole set at the end, as one text. */
static void plain_eval(const struct policy *p, const struct claim_set *claims, struct arena *a,
                       struct writer *w)
{
    struct machine m;
    struct results r = { .issued = claim_set_in(a), .properties = claim_set_in(a) };
    struct claim_set added = claim_set_in(a);
    const char *decision = "no-permit";
    bool is_over = false;

    CHECK("machine", machine_init(&m, &p->program, a, 0));
    m.limit = UINT64_MAX;
    for (size_t i = 0; i < claims->count; i++) {
        const struct claim *c = &claims->items[i];
        struct fact fact = { .type = c->name, .issuer = c->issuer, .value = value_of_claim(c) };
        uint32_t number;
        bool is_new;

        CHECK("offered", facts_add(&m.facts, &fact, &number, &is_new, &m.steps));
    }
    for (uint32_t i = p->program.first_rule[1]; i < p->program.first_rule[3] && !is_over; i++) {
        const struct rule_code *rule = &p->program.rules[i];

        if (i == p->program.first_rule[2] && strcmp(decision, "permit") != 0)
            break;
        if (!plain_run(&m, rule) || !action_apply(&m, &r)) {
            decision = "error";
            is_over = true;
        } else if (m.fired && rule->verb == VERB_DENY) {
            decision = "deny";
            is_over = true;
        } else if (m.fired && rule->verb == VERB_PERMIT) {
            decision = "permit";
        }
    }
    write_format(w, "%s %s %u | ", decision, m.failure.code, is_over ? m.failure.at : 0);
    if (strcmp(decision, "permit") == 0)
        describe(w, &r.issued);
    for (uint32_t i = 0; i < m.facts.count; i++) {
        struct claim c = { .name = m.facts.items[i].type };
        struct err e = { 0 };

        value_to_claim(&m.facts.items[i].value, &c);
        if (m.facts.items[i].issuer == ISSUER_POLICY)
            CHECK("added", claim_add(&added, &c, &e));
    }
    write_text(w, "| ");
    describe(w, &added);
}

static void fast_eval(const struct policy *p, const struct claim_set *claims, struct arena *a,
                      struct writer *w)
{
    struct policy_outcome o;
    struct err e = { 0 };
    uint32_t at = 0;

    CHECK_OK("eval", eval_policy(p, claims, a, &o, NULL, &e), e);
    /* Back from line and column to the byte. */
    for (uint32_t line = 0, column = 0; o.decision == POLICY_FAILED; at++) {
        text_locate(p->text, at, &line, &column);
        if (line == o.line && column == o.column)
            break;
    }
    write_format(w, "%s %s %u | ", policy_decision_name(o.decision), o.error_code, at);
    describe(w, &o.issued);
    write_text(w, "| ");
    describe(w, &o.added);
}

/* random policies and claims over few names, so that much collides */

static uint64_t state_of_chance;

static uint32_t chance(uint32_t n)
{
    state_of_chance = hash_word(state_of_chance, 1) + 1;
    return (uint32_t)(state_of_chance >> 33) % n;
}

static const char *const names[] = { "a", "b", "c" };
static const char *const values[] = { "1", "2", "3", "true", "\"x\"", "\"[1,2]\"", "\"y\"" };
static const char *const operators[] = { "==", "!=", "<", ">=", "==", "==" };

static void random_name(struct writer *w, uint32_t bound, const char *property)
{
    write_format(w, "k%u.%s", chance(bound), property);
}

static void random_expression(struct writer *w, uint32_t bound, int depth)
{
    static const char *const functions[] = { "AppendString(", "IsSubsetOf(", "ContainsOnlyValue(" };
    uint32_t which = chance(10);

    if (bound && which < 5) {
        random_name(w, bound, which == 4 ? "type" : "value");
    } else if (depth < 2 && which < 8) {
        if (chance(3) == 0) {
            write_text(w, bound && chance(4) == 0 ? "NegateBool(" : "JsonToClaimValue(");
            if (bound)
                random_name(w, bound, "value");
            else
                write_text(w, "\"true\"");
        } else {
            uint32_t function = chance(3);

            write_text(w, functions[function]);
            for (int n = 0; n < 2; n++) {
                if (function != 0)
                    random_expression(w, bound, depth + 1);
                else if (bound)
                    random_name(w, bound, "value");
                else
                    write_text(w, "\"x\"");
                write_text(w, n ? "" : ", ");
            }
        }
        write_text(w, ")");
    } else {
        write_text(w, values[chance(COUNT(values))]);
    }
}

static void random_condition(struct writer *w, uint32_t *bound, uint32_t *named, uint32_t i)
{
    bool is_negated = chance(6) == 0;

    (void)i;
    if (is_negated)
        write_text(w, "![");
    else if (chance(4))
        write_format(w, "k%u:[", (*named)++);
    else
        write_text(w, "[");
    if (chance(5))
        write_format(w, "type==\"%s\"", names[chance(3)]);
    else if (*bound && chance(2))
        write_format(w, "type==k%u.type", chance(*bound));
    else
        write_text(w, "issuer!=\"x\"");
    for (uint32_t n = chance(3); n > 0; n--) {
        const char *op = operators[chance(COUNT(operators))];

        write_format(w, ", value%s", op);
        if (op[0] == '=' || op[0] == '!')
            random_expression(w, *bound, 0);
        else if (*bound)
            random_name(w, *bound, "value");
        else
            write_format(w, "%u", chance(4));
    }
    write_text(w, "]");
    *bound = *named;
}

static void random_rule(struct writer *w, bool is_issuance)
{
    static const char *const verdicts[] = { "permit()", "deny()", "permit()" };
    uint32_t bound = 0, named = 0, conditions = chance(5);

    for (uint32_t i = 0; i < conditions; i++) {
        random_condition(w, &bound, &named, i);
        write_text(w, i + 1 < conditions ? " && " : " ");
    }
    write_text(w, "=> ");
    if (!is_issuance && chance(2)) {
        write_text(w, verdicts[chance(3)]);
    } else if (bound && chance(4) == 0) {
        write_format(w, "%s(claim=k%u)", is_issuance ? "issue" : "add", chance(bound));
    } else {
        write_format(w, "%s(type=\"%s\", value=", is_issuance ? "issue" : "add", names[chance(3)]);
        random_expression(w, bound, 0);
        write_text(w, ")");
    }
    write_text(w, ";\n");
}

static struct span random_policy(struct arena *a)
{
    struct writer w = writer_in(a, 4096);

    write_text(&w, "version=1.2;\nauthorizationrules {\n");
    for (uint32_t n = chance(4); n > 0; n--)
        random_rule(&w, false);
    write_text(&w, "=> permit();\n};\nissuancerules {\n");
    for (uint32_t n = 1 + chance(4); n > 0; n--)
        random_rule(&w, true);
    write_text(&w, "};\n");
    return writer_span(&w);
}

static struct claim_set random_claims(struct arena *a)
{
    struct claim_set set = claim_set_in(a);
    struct err e = { 0 };

    for (uint32_t n = chance(14); n > 0; n--) {
        struct claim c = { .name = span_str(names[chance(3)]),
                           .issuer = (enum claim_issuer)chance(3),
                           .is_read_only = chance(8) == 0,
                           .type = (enum claim_type)chance(3),
                           .integer = chance(4),
                           .boolean = chance(2) == 1 };

        c.text = chance(2) ? span_str("x") : span_str("[1,2]");
        CHECK("claims", claim_add(&set, &c, &e));
    }
    return set;
}

static void the_search_agrees_with_the_definition(void **state)
{
    int compiled = 0, permitted = 0;

    (void)state;
    state_of_chance = 20260101;
    for (int round = 0; round < 20000; round++) {
        struct arena a = arena_over(64 << 20);
        struct span text = random_policy(&a);
        struct claim_set claims = random_claims(&a);
        struct err e = { 0 };
        struct policy *p = policy_new(crypto, text, NULL, &e);

        for (int more = 0; p && more < 3; more++) {
            struct writer fast = writer_in(&a, 256), plain = writer_in(&a, 256);

            fast_eval(p, &claims, &a, &fast);
            plain_eval(p, &claims, &a, &plain);
            if (!span_equal(writer_span(&fast), writer_span(&plain)))
                fprintf(stderr, "# %.*s\n", SPAN_ARG(text));
            CHECK_SPAN("random", writer_span(&fast), writer_span(&plain));
            permitted += span_starts(writer_span(&fast), span_str("permit"));
            claims = random_claims(&a);
        }
        compiled += p != NULL;
        policy_free(p);
        arena_fini(&a);
    }
    /* The comparison means something only when much of it runs. */
    CHECK("enough compile", compiled > 15000);
    CHECK("enough permit", permitted > 30000);
}

/* Everything but the place of a failure, which moves with the text. */
static void tell_without_place(const struct policy *p, const struct claim_set *claims,
                               struct arena *a, struct writer *w)
{
    struct policy_outcome o;
    struct err e = { 0 };

    CHECK_OK("eval", eval_policy(p, claims, a, &o, NULL, &e), e);
    write_format(w, "%s %s | ", policy_decision_name(o.decision), o.error_code);
    describe(w, &o.issued);
    describe(w, &o.added);
}

static void formatting_never_changes_a_result(void **state)
{
    (void)state;
    state_of_chance = 4711;
    for (int round = 0; round < 2000; round++) {
        struct arena a = arena_over(64 << 20);
        struct span text = random_policy(&a), printed = { 0 };
        struct claim_set claims = random_claims(&a);
        struct writer before = writer_in(&a, 256), after = writer_in(&a, 256);
        struct err e = { 0 };
        struct policy *p = policy_new(crypto, text, NULL, &e), *q;

        CHECK_OK("compiles", p != NULL, e);
        CHECK_OK("formats", policy_format(text, &a, &printed, NULL, &e), e);
        q = policy_new(crypto, printed, NULL, &e);
        CHECK_OK("compiles again", q != NULL, e);
        tell_without_place(p, &claims, &a, &before);
        tell_without_place(q, &claims, &a, &after);
        CHECK_SPAN("the same", writer_span(&after), writer_span(&before));
        policy_free(p);
        policy_free(q);
        arena_fini(&a);
    }
}

/* The claim numbers at which indices and tables of seen bindings come into play. */
static void long_lists_agree_with_the_definition(void **state)
{
    static const char *const rules[] = {
        "a:[type==\"a\"] && b:[type==\"b\", value==a.value] => issue(type=\"z\", value=b.value);",
        "a:[type==\"a\"] && b:[type==\"b\", value!=a.value] && c:[type==\"c\", value!=b.value] => "
        "issue(type=\"z\", value=c.value);",
        "a:[type==\"a\"] && b:[type==\"b\", value>a.value] && ![type==\"c\", value==b.value] => "
        "issue(type=\"z\", value=a.value);",
        "a:[type==\"a\"] && b:[type==\"b\", value>=a.value] => issue(type=\"z\", "
        "value=IsSubsetOf(b.value, a.value));",
        "a:[type==\"b\"] && b:[type==\"c\"] && [type==\"a\", value==b.value] && [value==a.value] "
        "=> issue(type=\"z\", value=b.value);",
        "a:[type==\"b\"] && b:[value==a.value, type==\"c\"] && [type==\"a\", value==a.value] => "
        "issue(claim=b);",
    };

    (void)state;
    state_of_chance = 7;
    for (size_t i = 0; i < COUNT(rules) * 6; i++) {
        struct arena a = arena_over(256 << 20);
        struct writer text = writer_in(&a, 512), fast = writer_in(&a, 512),
                      plain = writer_in(&a, 512);
        struct claim_set claims = claim_set_in(&a);
        struct err e = { 0 };
        struct policy *p;

        write_format(&text, "version=1.2;authorizationrules{=>permit();};issuancerules{%s};",
                     rules[i % COUNT(rules)]);
        for (int k = 0; k < 90; k++)
            CHECK("claims", claim_add_int(&claims, names[chance(3)], chance(40), &e));
        p = policy_new(crypto, writer_span(&text), NULL, &e);
        CHECK_OK(rules[i % COUNT(rules)], p != NULL, e);
        fast_eval(p, &claims, &a, &fast);
        plain_eval(p, &claims, &a, &plain);
        CHECK_SPAN(rules[i % COUNT(rules)], writer_span(&fast), writer_span(&plain));
        policy_free(p);
        arena_fini(&a);
    }
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
    crypto_free(crypto);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST_EACH(the_search_agrees_with_the_definition,
                                                  formatting_never_changes_a_result,
                                                  long_lists_agree_with_the_definition) };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(TEST_NAME, tests, set_up, tear_down);
}
