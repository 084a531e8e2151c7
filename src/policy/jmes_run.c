#include "jmes_query.h"

#include <string.h>

static bool run(struct jmes_work *w, const struct jmes_query *q, const struct jv *current,
                struct jv *out)
{
    return jmes_run(q, current, w, out);
}

/* The right side of a step; none is "@". */
static bool run_operand(struct jmes_work *w, const struct jmes_query *q, const struct jv *current,
                        struct jv *out)
{
    if (q)
        return run(w, q, current, out);
    *out = *current;
    return true;
}

/* what a query begins with */

/* Results of all parts, nulls kept; null of null. */
static bool run_list(struct jmes_work *w, const struct jmes_query *q, const struct jv *current,
                     struct jv *out)
{
    struct jv *items;
    uint32_t n = 0;

    *out = jv_null();
    if (current->kind == JV_NULL)
        return true;
    items = work_charge(w, WORK_MEMORY) ? WORK_ARRAY(w, struct jv, q->part_count) : NULL;
    if (!items)
        return false;
    for (const struct jmes_part *part = q->parts; part; part = part->next)
        if (!run(w, part->query, current, &items[n++]))
            return false;
    *out = jv_array(items, n);
    return true;
}

/* Puts a member in; a name written twice keeps its first place and the last value. */
static uint32_t put_member(struct jv_member *members, uint32_t n, struct span name,
                           const struct jv *value)
{
    uint32_t i = 0;

    while (i < n && !span_equal(span_of(members[i].name, members[i].name_n), name))
        i++;
    members[i] = (struct jv_member){ .name = name.p, .name_n = (uint32_t)name.n, .value = *value };
    return i < n ? n : n + 1;
}

static bool run_hash(struct jmes_work *w, const struct jmes_query *q, const struct jv *current,
                     struct jv *out)
{
    struct jv_member *members;
    uint32_t n = 0;

    *out = jv_null();
    if (current->kind == JV_NULL)
        return true;
    members = work_charge(w, WORK_MEMORY) ? WORK_ARRAY(w, struct jv_member, q->part_count) : NULL;
    if (!members)
        return false;
    for (const struct jmes_part *part = q->parts; part; part = part->next) {
        struct jv value;

        if (!run(w, part->query, current, &value) || !work_charge(w, n))
            return false;
        n = put_member(members, n, part->name, &value);
    }
    *out = (struct jv){ .kind = JV_OBJECT, .n = n, .members = members };
    return true;
}

enum { ARGUMENTS_NEAR = 4 }; /* more than so many are put into the arena */

/* Arguments first, then the call; references are handed over as they are. */
static bool run_call(struct jmes_work *w, const struct jmes_query *q, const struct jv *current,
                     struct jv *out)
{
    struct jmes_argument near[ARGUMENTS_NEAR] = { 0 }, *args = near;
    uint32_t n = 0;

    if (!work_charge(w, WORK_CALL + q->part_count))
        return false;
    if (q->part_count > ARGUMENTS_NEAR)
        args = WORK_ARRAY(w, struct jmes_argument, q->part_count);
    if (!args)
        return false;
    for (const struct jmes_part *part = q->parts; part; part = part->next, n++) {
        if (part->is_reference)
            args[n].reference = part->query;
        else if (!run(w, part->query, current, &args[n].value))
            return false;
    }
    return jmes_call(w, q, args, n, out);
}

static bool run_head(struct jmes_work *w, const struct jmes_query *q, const struct jv *current,
                     struct jv *out)
{
    switch (q->kind) {
    case HEAD_CURRENT:
        *out = *current;
        return true;
    case HEAD_FIELD:
        *out = jv_member(current, q->name);
        return work_charge(w, current->kind == JV_OBJECT ? 1 + current->n / 2 : 0);
    case HEAD_LITERAL:
        *out = q->literal;
        return true;
    case HEAD_NOT:
        if (!run(w, q->operand, current, out))
            return false;
        *out = jv_bool(jv_is_false(out));
        return true;
    case HEAD_GROUP:
        return run(w, q->operand, current, out);
    case HEAD_LIST:
        return run_list(w, q, current, out);
    case HEAD_HASH:
        return run_hash(w, q, current, out);
    default:
        return run_call(w, q, current, out);
    }
}

/* projections */

/* The right side applied to n values, nulls dropped. `stride` lets it walk over members, too. */
static bool project(struct jmes_work *w, const struct jmes_query *right, const struct jv *items,
                    uint32_t count, struct jv *out)
{
    struct jv *results;
    uint32_t n = 0;

    if (!work_charge(w, WORK_MEMORY + WORK_ELEMENT * (uint64_t)count))
        return false;
    results = WORK_ARRAY(w, struct jv, count);
    if (!results)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!run_operand(w, right, &items[i], &results[n]))
            return false;
        n += results[n].kind != JV_NULL;
    }
    *out = jv_array(results, n);
    return true;
}

static bool run_values(struct jmes_work *w, const struct jmes_step *s, struct jv *v)
{
    struct jv values;

    if (v->kind != JV_OBJECT) {
        *v = jv_null();
        return true;
    }
    return jv_values(w, v, &values) && project(w, s->operand, values.items, values.n, v);
}

/* One level of nested arrays merged. */
static bool run_flatten(struct jmes_work *w, const struct jmes_step *s, struct jv *v)
{
    uint64_t count = 0;
    struct jv *items;
    uint32_t n = 0;

    if (v->kind != JV_ARRAY) {
        *v = jv_null();
        return true;
    }
    for (uint32_t i = 0; i < v->n; i++)
        count += v->items[i].kind == JV_ARRAY ? v->items[i].n : 1;
    /* Charged before anything is allocated: shared arrays can be merged into very long ones. */
    if (!work_charge(w, WORK_MEMORY + WORK_ELEMENT * (v->n + count)))
        return false;
    items = WORK_ARRAY(w, struct jv, count);
    if (!items)
        return false;
    for (uint32_t i = 0; i < v->n; i++) {
        const struct jv *e = &v->items[i];

        if (e->kind != JV_ARRAY)
            items[n++] = *e;
        for (uint32_t k = 0; e->kind == JV_ARRAY && k < e->n; k++)
            items[n++] = e->items[k];
    }
    return project(w, s->operand, items, n, v);
}

static bool run_filter(struct jmes_work *w, const struct jmes_step *s, struct jv *v)
{
    struct jv *items;
    uint32_t n = 0;

    if (v->kind != JV_ARRAY) {
        *v = jv_null();
        return true;
    }
    items = work_items(w, v->n);
    if (!items)
        return false;
    for (uint32_t i = 0; i < v->n; i++) {
        struct jv holds;

        if (!run(w, s->condition, &v->items[i], &holds))
            return false;
        if (!jv_is_false(&holds))
            items[n++] = v->items[i];
    }
    return project(w, s->operand, items, n, v);
}

/* A bound of a slice, brought into the array as Python does. */
static int64_t slice_bound(int64_t bound, int64_t n, int64_t step)
{
    if (bound < 0) {
        bound = bound < -n ? -1 : bound + n;
        if (bound < 0)
            return step < 0 ? -1 : 0;
        return bound;
    }
    if (bound >= n)
        return step < 0 ? n - 1 : n;
    return bound;
}

static bool run_slice(struct jmes_work *w, const struct jmes_step *s, struct jv *v)
{
    int64_t n = v->n, step = s->has_number[2] ? s->numbers[2] : 1, from, to, most;
    struct jv *items;
    uint32_t count = 0;

    if (v->kind != JV_ARRAY) {
        *v = jv_null();
        return true;
    }
    if (step == 0)
        return work_fail(w, JMES_VALUE, "the step of a slice is 0");
    from = s->has_number[0] ? slice_bound(s->numbers[0], n, step) : step < 0 ? n - 1 : 0;
    to = s->has_number[1] ? slice_bound(s->numbers[1], n, step) : step < 0 ? -1 : n;
    /* A step longer than the array reaches one element at most. */
    step = step > n + 1 ? n + 1 : step < -n - 1 ? -n - 1 : step;
    most = (to - from) / step + 1; /* of the same sign, unless nothing is reached */
    if (!work_charge(w, WORK_MEMORY + WORK_ELEMENT * (uint64_t)(most > 0 ? most : 0)))
        return false;
    items = WORK_ARRAY(w, struct jv, (size_t)(most > 0 ? most : 0));
    if (!items)
        return false;
    for (int64_t i = from; step > 0 ? i < to : i > to; i += step)
        items[count++] = v->items[i];
    return project(w, s->operand, items, count, v);
}

/* steps */

static void run_index(const struct jmes_step *s, struct jv *v)
{
    int64_t i = s->numbers[0], n = v->n;

    if (v->kind == JV_ARRAY && i < 0)
        i = i < -n ? -1 : i + n;
    *v = v->kind == JV_ARRAY && i >= 0 && i < n ? v->items[i] : jv_null();
}

static bool is_ordered(enum jmes_comparison op, int order)
{
    switch (op) {
    case JMES_LT:
        return order < 0;
    case JMES_LE:
        return order <= 0;
    case JMES_GT:
        return order > 0;
    default:
        return order >= 0;
    }
}

/* Equality of any two values, order of two numbers; any other order is null. */
static bool compare(struct jmes_work *w, enum jmes_comparison op, const struct jv *right,
                    struct jv *v)
{
    bool is_equal;

    if (op <= JMES_NE) {
        if (!jv_equal(w, v, right, &is_equal))
            return false;
        *v = jv_bool(is_equal == (op == JMES_EQ));
        return true;
    }
    if (jv_is_number(v) && jv_is_number(right))
        *v = jv_bool(is_ordered(op, jv_compare_numbers(v, right)));
    else
        *v = jv_null();
    return true;
}

/* "||", "&&" and comparisons: the right side sees what the whole query saw. */
static bool run_binary(struct jmes_work *w, const struct jmes_step *s, const struct jv *current,
                       struct jv *v)
{
    struct jv right;

    if (s->kind == STEP_OR && !jv_is_false(v))
        return true;
    if (s->kind == STEP_AND && jv_is_false(v))
        return true;
    if (!run(w, s->operand, current, &right))
        return false;
    if (s->kind == STEP_COMPARE)
        return compare(w, s->comparison, &right, v);
    *v = right;
    return true;
}

static bool run_step(struct jmes_work *w, const struct jmes_step *s, const struct jv *current,
                     struct jv *v)
{
    struct jv left = *v;

    if (!work_charge(w, WORK_STEP))
        return false;
    switch (s->kind) {
    case STEP_SUB:
        /* Null stays null. */
        return left.kind == JV_NULL || run(w, s->operand, &left, v);
    case STEP_PIPE:
        return run(w, s->operand, &left, v);
    case STEP_INDEX:
        run_index(s, v);
        return true;
    case STEP_SLICE:
        return run_slice(w, s, v);
    case STEP_LIST:
        if (v->kind == JV_ARRAY)
            return project(w, s->operand, left.items, left.n, v);
        *v = jv_null();
        return true;
    case STEP_VALUES:
        return run_values(w, s, v);
    case STEP_FLATTEN:
        return run_flatten(w, s, v);
    case STEP_FILTER:
        return run_filter(w, s, v);
    default:
        return run_binary(w, s, current, v);
    }
}

/* Recursion is as deep as queries may be nested. */
bool jmes_run(const struct jmes_query *q, const struct jv *document, struct jmes_work *w,
              struct jv *out)
{
    struct jv v = jv_null();

    if (!work_charge(w, WORK_RUN) || !run_head(w, q, document, &v))
        return false;
    for (const struct jmes_step *s = q->steps; s; s = s->next)
        if (!run_step(w, s, document, &v))
            return false;
    *out = v;
    return true;
}

const char *jmes_error_name(enum jmes_error kind)
{
    static const char *const names[] = { "none",         "syntax",        "invalid-arity",
                                         "invalid-type", "invalid-value", "unknown-function",
                                         "limit",        "memory" };

    return names[kind];
}
