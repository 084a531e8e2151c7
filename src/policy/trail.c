#include "trail.h"
#include "diagnostic.h"
#include "known_claims.h"
#include "search.h"

#include "../base/utf8.h"

#include <stdio.h>
#include <string.h>

enum { CHAIN_STEPS = 20000 }; /* spent on one rule that did not fire: about a tenth of a ms */

struct trail_writer trail_in(struct arena *a)
{
    return (struct trail_writer){ .arena = a };
}

/* Memory for the trail, as long as it stays within its bound. */
static void *take(struct trail_writer *t, size_t count, size_t size)
{
    void *p = NULL;

    if (count < TRAIL_BYTES && count * size <= TRAIL_BYTES - t->bytes) {
        p = arena_alloc(t->arena, count, size);
        t->bytes += count * size;
    }
    t->trail.is_cut |= p == NULL;
    return p;
}

static struct policy_trail_rule *next_rule(struct trail_writer *t)
{
    struct policy_trail *trail = &t->trail;
    struct policy_trail_rule *more;

    if (trail->is_cut)
        return NULL;
    if (trail->count < t->room)
        return &trail->rules[trail->count++];
    more = take(t, t->room + 16, sizeof *more);
    if (!more)
        return NULL;
    if (trail->count)
        memcpy(more, trail->rules, trail->count * sizeof *more);
    trail->rules = more;
    t->room += 16;
    return &trail->rules[trail->count++];
}

static void show_value(const struct value *v, char *buf, size_t room)
{
    char text[64];

    switch (v->kind) {
    case VALUE_INTEGER:
        snprintf(buf, room, "%lld", (long long)v->integer);
        return;
    case VALUE_BOOLEAN:
        snprintf(buf, room, "%s", v->boolean ? "true" : "false");
        return;
    case VALUE_SET:
        snprintf(buf, room, "a set of %u", v->count);
        return;
    default:
        snprintf(buf, room, "\"%s\"", utf8_show(v->text, text, sizeof text));
    }
}

static struct value left_side(const struct fact *f, enum policy_property property)
{
    if (property == PROPERTY_TYPE)
        return value_text(f->type);
    if (property == PROPERTY_VALUE_TYPE)
        return value_text(span_str(value_type_name(f->value.kind)));
    if (property == PROPERTY_ISSUER)
        return value_text(span_str(issuer_name(f->issuer)));
    return f->value;
}

/* How many tests a claim passes before the first that fails, and which that is. */
static uint32_t tests_passed(struct machine *m, const struct condition_code *c,
                             const struct fact *f, struct value *left, struct value *right)
{
    const struct test_code *tests = &m->program->tests[c->tests];

    for (uint32_t i = 0; i < c->test_count; i++) {
        *left = left_side(f, tests[i].property);
        if (!machine_value(m, tests[i].right, right) ||
            !machine_charge(m, COST_CANDIDATE + COST_TEST + value_cost(left, right), c->at))
            return i;
        if (!value_holds(left, tests[i].operator, right))
            return i;
    }
    return c->test_count;
}

/* The text of an integer or Boolean, compared with what a string says. */
static bool says_the_same(const struct value *a, const struct value *b)
{
    char shown[80];

    if (a->kind != VALUE_STRING || b->kind == VALUE_STRING || b->kind == VALUE_SET)
        return false;
    show_value(b, shown, sizeof shown);
    return span_is(a->text, shown);
}

static void hint_about_values(const struct value *left, const struct value *right, char *hint,
                              size_t room)
{
    if (says_the_same(left, right) || says_the_same(right, left))
        snprintf(hint, room, "one is of type %s, the other of type %s", value_type_name(left->kind),
                 value_type_name(right->kind));
    else if (left->kind == VALUE_STRING && right->kind == VALUE_STRING &&
             !span_equal(left->text, right->text) && left->text.n == right->text.n &&
             left->text.n < 4096) {
        char text[4097];

        memcpy(text, right->text.p, right->text.n);
        text[right->text.n] = '\0';
        if (span_is_nocase(left->text, text))
            snprintf(hint, room, "they differ in letter case only");
    }
}

static bool is_offered(const struct machine *m, struct span name)
{
    for (uint32_t i = 0; i < m->facts.count; i++)
        if (span_equal(m->facts.items[i].type, name))
            return true;
    return false;
}

/* The claim has an older or a newer name, and under that it is there. */
static void hint_about_age(const struct machine *m, struct span name, char *hint, size_t room)
{
    for (size_t i = 0; i < known_claim_count; i++) {
        const struct known_claim *k = &known_claims[i];

        if (!k->instead)
            continue;
        if (span_is(name, k->name) && is_offered(m, span_str(k->instead)))
            snprintf(hint, room, "its present name is %s, and that is there", k->instead);
        if (span_is(name, k->instead) && is_offered(m, span_str(k->name)))
            snprintf(hint, room, "its older name %s is there", k->name);
    }
}

/* No claim has the name: the same name in another letter case, or made by a later rule. */
static void hint_about_name(const struct machine *m, const struct rule_code *rule, struct span name,
                            char *hint, size_t room)
{
    char wanted[POLICY_NAME_LIMIT + 1], shown[64];

    for (const struct rule_code *r = rule; r < m->program->rules + m->program->rule_count; r++)
        if (r->type != NO_CODE && m->program->codes[r->type].kind == CODE_CONSTANT &&
            m->program->codes[r->type].constant.kind == VALUE_STRING &&
            span_equal(m->program->codes[r->type].constant.text, name))
            snprintf(hint, room, "only a later rule makes it");
    hint_about_age(m, name, hint, room);
    if (name.n > POLICY_NAME_LIMIT)
        return;
    memcpy(wanted, name.p, name.n);
    wanted[name.n] = '\0';
    for (uint32_t i = 0; i < m->facts.count; i++)
        if (span_is_nocase(m->facts.items[i].type, wanted))
            snprintf(hint, room, "there is a claim named %s",
                     utf8_show(m->facts.items[i].type, shown, sizeof shown));
}

static void explain_absence(const struct machine *m, const struct rule_code *rule,
                            const struct condition_code *c, struct policy_trail_condition *out)
{
    char shown[64];

    if (!c->name_id) {
        snprintf(out->why, sizeof out->why, "there are no claims");
        return;
    }
    snprintf(out->why, sizeof out->why, "no claim is named %s",
             utf8_show(m->program->names[c->name_id - 1], shown, sizeof shown));
    hint_about_name(m, rule, m->program->names[c->name_id - 1], out->hint, sizeof out->hint);
}

static void take_claim(const struct fact *f, struct policy_trail_condition *out)
{
    out->has_nearest = true;
    out->nearest = (struct claim){ .name = f->type, .issuer = f->issuer };
    value_to_claim(&f->value, &out->nearest);
}

static void explain_failure(const struct machine *m, const struct condition_code *c,
                            uint32_t passed, const struct value *left, const struct value *right,
                            struct policy_trail_condition *out)
{
    const struct test_code *test = &m->program->tests[c->tests + passed];
    enum policy_operator op = test->operator;
    const char *order = op > OP_DIFFERENT ? operator_text(op) : "";
    char l[80], r[80];

    show_value(left, l, sizeof l);
    show_value(right, r, sizeof r);
    snprintf(out->why, sizeof out->why, "%s is %s, must %s %s%s%s", property_name(test->property),
             l, op == OP_DIFFERENT ? "not be" : "be", order, *order ? " " : "", r);
    hint_about_values(left, right, out->hint, sizeof out->hint);
}

/* The claims that satisfy the first conditions of a rule: all of them, or as many as can be. */
struct chain {
    uint32_t depth;
    uint32_t facts[POLICY_CONDITION_LIMIT];
};

static bool passes(struct machine *m, const struct condition_code *c, uint32_t fact)
{
    struct value left = { 0 }, right = { 0 };

    return tests_passed(m, c, &m->facts.items[fact], &left, &right) == c->test_count;
}

/* Follows every combination until one satisfies all conditions; true when one does. It looks for
 * what the search has found already, or what came nearest, so it may give up when that is long. */
static bool follow_chain(struct machine *m, uint32_t i, uint32_t count, struct chain *best)
{
    const struct condition_code *c = &m->conditions[i];
    bool is_done = false, is_matched = false;

    if (i > best->depth)
        best->depth = i;
    for (uint32_t k = 0; k < i && i == best->depth; k++)
        best->facts[k] = m->frames[k].fact;
    if (i == count)
        return true;
    for (uint32_t n = search_first(m, c); n && !is_done && m->steps <= m->limit;
         n = search_next(m, c, n)) {
        if (!passes(m, c, n - 1))
            continue;
        is_matched = true;
        m->frames[i].fact = n - 1;
        if (c->is_negated)
            return false;
        is_done = follow_chain(m, i + 1, count, best);
        if (!c->is_enumerated) /* one witness is as good as another */
            return is_done;
    }
    return is_done || (c->is_negated && !is_matched && follow_chain(m, i + 1, count, best));
}

static void find_chain(struct machine *m, const struct rule_code *rule, struct chain *best)
{
    uint64_t limit = m->limit;

    if (m->fired == 0 && limit > m->steps + CHAIN_STEPS)
        m->limit = m->steps + CHAIN_STEPS;
    (void)follow_chain(m, 0, rule->condition_count, best);
    m->limit = limit;
    m->failure.is_set = false;
    for (uint32_t i = 0; i < best->depth; i++)
        m->frames[i].fact = best->facts[i];
}

/* One condition under the bindings before it: how many claims match, or which came nearest. */
static void explain_condition(struct machine *m, const struct rule_code *rule, uint32_t i,
                              bool is_bound, struct policy_trail_condition *out)
{
    const struct condition_code *c = &m->conditions[i];
    struct value best_left = { 0 }, best_right = { 0 };
    const struct fact *best = NULL;
    uint32_t most = 0;

    out->was_reached = true;
    for (uint32_t n = search_first(m, c); n && m->steps <= m->limit; n = search_next(m, c, n)) {
        const struct fact *f = &m->facts.items[n - 1];
        struct value left = { 0 }, right = { 0 };
        uint32_t passed = tests_passed(m, c, f, &left, &right);

        if (passed == c->test_count && out->matches++ == 0)
            take_claim(f, out);
        if (!best || passed > most) {
            best = f;
            most = passed;
            best_left = left;
            best_right = right;
        }
    }
    if (is_bound && !c->is_negated)
        take_claim(&m->facts.items[m->frames[i].fact], out);
    out->holds = is_bound || (out->matches > 0) != c->is_negated;
    if (out->holds || c->is_negated)
        return;
    if (!best) {
        explain_absence(m, rule, c, out);
        return;
    }
    take_claim(best, out);
    explain_failure(m, c, most, &best_left, &best_right, out);
}

static size_t back_over(struct span text, size_t at, bool (*is)(uint8_t c))
{
    while (at > 0 && is(text.p[at - 1]))
        at--;
    return at;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_name(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* The condition with what stands before its bracket: its name, or the mark of a negation. */
static struct span condition_text(struct span text, const struct condition_code *c)
{
    size_t mark = back_over(text, c->at, is_space), start = c->at;

    if (c->is_negated && mark > 0 && text.p[mark - 1] == '!')
        start = mark - 1;
    else if (mark > 0 && text.p[mark - 1] == ':')
        start = back_over(text, back_over(text, mark - 1, is_space), is_name);
    return span_part(text, start, c->at + c->length - start);
}

static void explain_conditions(struct trail_writer *t, struct machine *m,
                               const struct rule_code *rule, struct policy_trail_rule *out)
{
    struct chain best = { 0 };

    out->conditions = take(t, rule->condition_count, sizeof *out->conditions);
    if (!out->conditions)
        return;
    out->condition_count = rule->condition_count;
    find_chain(m, rule, &best);
    for (uint32_t i = 0; i < rule->condition_count; i++) {
        const struct condition_code *c = &m->conditions[i];

        out->conditions[i].text = condition_text(m->program->text, c);
        if (i <= best.depth)
            explain_condition(m, rule, i, i < best.depth, &out->conditions[i]);
    }
}

static void explain_made(struct trail_writer *t, const struct machine *m,
                         struct policy_trail_rule *out)
{
    out->made = take(t, m->kept.count, sizeof *out->made);
    if (!out->made)
        return;
    out->made_count = m->kept.count;
    for (uint32_t i = 0; i < m->kept.count; i++) {
        const struct fact *f = &m->kept.items[i];

        out->made[i] = (struct claim){ .name = f->type, .issuer = f->issuer };
        value_to_claim(&f->value, &out->made[i]);
    }
}

static struct span action_text(const struct machine *m, const struct rule_code *rule)
{
    return span_part(m->program->text, rule->verb_at, rule->at + rule->length - rule->verb_at);
}

static struct span made_name(const struct machine *m, const struct rule_code *rule)
{
    const struct code *type = rule->type != NO_CODE ? &m->program->codes[rule->type] : NULL;
    bool is_known = type && type->kind == CODE_CONSTANT && type->constant.kind == VALUE_STRING;

    return is_known ? type->constant.text : (struct span){ 0 };
}

void trail_rule(struct trail_writer *t, struct machine *m, const struct rule_code *rule)
{
    struct policy_trail_rule *out = next_rule(t);
    struct failure failure = m->failure;
    uint64_t steps = m->steps, limit = m->limit;

    if (!out)
        return;
    *out = (struct policy_trail_rule){ .section = section_name(rule->section),
                                       .text = span_part(m->program->text, rule->at, rule->length),
                                       .action = action_text(m, rule),
                                       .verb = verb_name(rule->verb),
                                       .makes = made_name(m, rule),
                                       .times = m->fired,
                                       .has_failed = failure.is_set };
    text_locate(m->program->text, rule->at, &out->line, &out->column);
    /* What is looked at again here is no work of the evaluation, and what fails here has been told
     * already; but it is bounded like it. */
    m->failure.is_set = false;
    m->steps = t->steps;
    m->limit = POLICY_WORK_LIMIT;
    explain_conditions(t, m, rule, out);
    explain_made(t, m, out);
    t->steps = m->steps;
    t->trail.is_cut |= t->steps > m->limit;
    m->steps = steps;
    m->limit = limit;
    m->failure = failure;
}
