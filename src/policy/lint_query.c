#include "jmes_query.h"
#include "json_claim.h"
#include "lint_inside.h"

#include "../base/utf8.h"

/* A literal query that is being looked through. */
struct look {
    struct linter *linter;
    struct place at; /* the literal */
    unsigned told;   /* codes that were noted already: bit n for L600 + n */
};

static bool is_told(struct look *k, unsigned code)
{
    bool was = k->told >> (code - 600) & 1;

    k->told |= 1u << (code - 600);
    return was;
}

/* L610 */

static bool is_bare(const struct jmes_query *q, const char *word)
{
    return q->kind == HEAD_FIELD && q->is_bare && !q->steps && span_is(q->name, word);
}

static bool is_null(const struct jmes_query *q)
{
    return is_bare(q, "null") ||
           (q->kind == HEAD_LITERAL && !q->steps && q->literal.kind == JV_NULL);
}

static bool gives_array(const struct jmes_query *q, bool current);

/* Whether the value behind a step is an array whatever the document holds. */
static bool step_gives_array(const struct jmes_step *s, bool so_far)
{
    switch (s->kind) {
    case STEP_SLICE:
    case STEP_LIST:
    case STEP_VALUES:
    case STEP_FLATTEN:
    case STEP_FILTER:
        return true;
    case STEP_SUB:
        return s->operand && gives_array(s->operand, false);
    case STEP_PIPE:
        return s->operand ? gives_array(s->operand, so_far) : so_far;
    default:
        return false;
    }
}

static bool head_gives_array(const struct jmes_query *q, bool current)
{
    if (q->kind == HEAD_GROUP)
        return gives_array(q->operand, current);
    return q->kind == HEAD_LIST || (q->kind == HEAD_CURRENT && current);
}

/* The same for a query; `current` says it of the value the query begins with. */
static bool gives_array(const struct jmes_query *q, bool current)
{
    bool is_array = head_gives_array(q, current);

    for (const struct jmes_step *s = q->steps; s; s = s->next)
        is_array = step_gives_array(s, is_array);
    return is_array;
}

static bool compares_array_with_null(const struct jmes_query *q, const struct jmes_step *s,
                                     bool is_array, bool current)
{
    struct jmes_query head = *q;
    bool is_left_null;

    head.steps = NULL;
    is_left_null = s == q->steps && is_null(&head);
    if (s->comparison > JMES_NE || !s->operand)
        return false;
    return (is_array && is_null(s->operand)) || (is_left_null && gives_array(s->operand, current));
}

static void check_comparison(struct look *k, const struct jmes_query *q, const struct jmes_step *s,
                             bool is_array, bool current)
{
    if (compares_array_with_null(q, s, is_array, current) && !is_told(k, 610))
        note_advice(
            k->linter->notes, "L610", k->at, "length(@) > `0`",
            "a projection gives an array, so comparing it with null by %s is always %s",
            s->comparison == JMES_EQ ? "==" : "!=", s->comparison == JMES_EQ ? "false" : "true");
}

enum truth { OPEN, ALWAYS, NEVER };

static enum truth truth_of(const struct jmes_query *q);

static enum truth head_truth(const struct jmes_query *q)
{
    enum truth t;

    switch (q->kind) {
    case HEAD_LITERAL:
        return jv_is_false(&q->literal) ? NEVER : ALWAYS;
    case HEAD_LIST:
    case HEAD_HASH:
        return ALWAYS;
    case HEAD_GROUP:
        return truth_of(q->operand);
    case HEAD_NOT:
        t = truth_of(q->operand);
        return t == OPEN ? OPEN : t == ALWAYS ? NEVER : ALWAYS;
    default:
        return OPEN;
    }
}

/* Whether a filter's condition says the same of every element. */
static enum truth truth_of(const struct jmes_query *q)
{
    enum truth t = head_truth(q);

    for (const struct jmes_step *s = q->steps; s; s = s->next) {
        enum truth right = s->operand ? truth_of(s->operand) : OPEN;

        if (s->kind == STEP_OR)
            t = t == ALWAYS || right == ALWAYS ? ALWAYS : t == NEVER ? right : t;
        else if (s->kind == STEP_AND)
            t = t == NEVER || right == NEVER ? NEVER : t == ALWAYS ? right : t;
        else
            t = OPEN;
    }
    return t;
}

static void check_filter(struct look *k, const struct jmes_query *condition)
{
    enum truth t = truth_of(condition);

    if (t != OPEN && !is_told(k, 610))
        note_advice(k->linter->notes, "L610", k->at, NULL,
                    "a filter in this query is %s true, whatever an element holds",
                    t == ALWAYS ? "always" : "never");
}

/* L611, L627 */
static void check_field(struct look *k, const struct jmes_query *q, bool is_member)
{
    static const char *const words[] = { "true", "false", "null" };

    if (span_is(q->name, "UnmeasuredData") && !is_told(k, 627))
        note_advice(k->linter->notes, "L627", k->at, NULL,
                    "UnmeasuredData is text that no digest covers: whoever sends the log can "
                    "choose it");
    for (size_t i = 0; i < COUNT(words) && q->is_bare && !is_member; i++)
        if (span_is(q->name, words[i]) && !is_told(k, 611)) {
            char hint[16] = "`";

            (void)utf8_show(q->name, hint + 1, sizeof hint - 2);
            hint[q->name.n + 1] = '`';
            note_advice(k->linter->notes, "L611", k->at, hint,
                        "%s without backticks is the member of that name, not the value", words[i]);
        }
}

/* L613 */
static void check_function(struct look *k, const struct jmes_query *q)
{
    const struct jmes_function *f = jmes_function_find(q->name);
    const char *names[64];
    size_t n = 0;
    char shown[40];

    if (f && q->part_count >= f->least && q->part_count <= f->most)
        return;
    if (is_told(k, 613))
        return;
    for (; n < jmes_function_count && n < COUNT(names); n++)
        names[n] = jmes_functions[n].name;
    if (f)
        note_advice(k->linter->notes, "L613", k->at, NULL,
                    "%s takes %s%u argument%s, and here are %u: the query fails (X405)", f->name,
                    f->most > f->least ? "at least " : "", f->least, f->least == 1 ? "" : "s",
                    q->part_count);
    else
        note_advice(k->linter->notes, "L613", k->at, nearest_word(q->name, names, n),
                    "JMESPath has no function %s: the query fails (X405)",
                    utf8_show(q->name, shown, sizeof shown));
}

static void look_through(struct look *k, const struct jmes_query *q, bool current, bool is_member);

static void look_at_head(struct look *k, const struct jmes_query *q, bool current, bool is_member)
{
    if (q->kind == HEAD_FIELD)
        check_field(k, q, is_member);
    if (q->kind == HEAD_CALL)
        check_function(k, q);
    if (q->operand)
        look_through(k, q->operand, current, false);
    for (const struct jmes_part *p = q->parts; p; p = p->next)
        look_through(k, p->query, current && !p->is_reference, false);
}

/* `current`: the value the query begins with is an array; `is_member`: it stands behind a dot. */
static void look_through(struct look *k, const struct jmes_query *q, bool current, bool is_member)
{
    bool is_array = head_gives_array(q, current);

    look_at_head(k, q, current, is_member);
    for (const struct jmes_step *s = q->steps; s; s = s->next) {
        bool begins_anew = s->kind == STEP_OR || s->kind == STEP_AND || s->kind == STEP_COMPARE;

        if (s->kind == STEP_COMPARE)
            check_comparison(k, q, s, is_array, current);
        if (s->condition) {
            check_filter(k, s->condition);
            look_through(k, s->condition, false, false);
        }
        if (s->operand)
            look_through(k, s->operand, begins_anew ? current : s->kind == STEP_PIPE && is_array,
                         !begins_anew && s->kind != STEP_PIPE);
        is_array = step_gives_array(s, is_array);
    }
}

/* L612 */
static void check_origin(struct linter *l, const struct lint_rule *r,
                         const struct tree_expression *query)
{
    if (lint_is_client_text(l, r, query))
        note_advice(l->notes, "L612", query->at, NULL,
                    "the query holds text of a client, who can write any query with it");
}

static void check_expression(struct linter *l, const struct lint_rule *r,
                             const struct tree_expression *e)
{
    const struct code *code = &l->program->codes[e->code];
    const struct tree_expression *query = e->arguments ? e->arguments->next : NULL;

    if (e->kind == EXPR_CALL && e->function && e->function->run == run_jmes_path && query) {
        struct look k = { .linter = l, .at = query->at };

        if (code->query)
            look_through(&k, code->query, false, false);
        else
            check_origin(l, r, query);
    }
    for (const struct tree_expression *arg = e->arguments; arg; arg = arg->next)
        check_expression(l, r, arg);
}

void lint_queries(struct linter *l)
{
    for (uint32_t i = 0; i < l->rule_count; i++) {
        const struct lint_rule *r = &l->rules[i];

        for (const struct tree_condition *c = r->tree->conditions; c; c = c->next)
            for (const struct tree_test *t = c->tests; t; t = t->next)
                check_expression(l, r, t->right);
        for (const struct tree_argument *a = r->tree->arguments; a; a = a->next)
            check_expression(l, r, a->value);
    }
}
