#include "machine.h"
#include "search.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool machine_init(struct machine *m, const struct program *p, struct arena *a, uint32_t claims)
{
    *m = (struct machine){ .program = p, .arena = a, .limit = p->work_limit };
    m->frames = ARENA_ARRAY(a, struct frame, p->most_conditions + 1);
    m->slots = ARENA_ARRAY(a, struct value, p->most_slots);
    m->has_slot = ARENA_ARRAY(a, bool, p->most_slots);
    if (!m->frames || !m->slots || !m->has_slot || !facts_init(&m->facts, p, a, claims, true) ||
        !facts_init(&m->kept, p, a, 0, false))
        return machine_no_memory(m, 0);
    return true;
}

bool machine_fail(struct machine *m, const char *code, uint32_t at, const char *fmt, ...)
{
    struct failure *f = &m->failure;
    va_list args;

    if (f->is_set)
        return false;
    f->is_set = true;
    f->at = at;
    snprintf(f->code, sizeof f->code, "%s", code);
    va_start(args, fmt);
    vsnprintf(f->text, sizeof f->text, fmt, args);
    va_end(args);
    return false;
}

bool machine_no_memory(struct machine *m, uint32_t at)
{
    if (m->arena->is_full)
        return machine_fail(m, "X411", at, "this takes more than the %zu bytes of an evaluation",
                            m->arena->ceiling);
    machine_fail(m, "", at, "out of memory");
    m->failure.is_memory = true;
    return false;
}

bool machine_over(struct machine *m, uint32_t at)
{
    return machine_fail(m, "X411", at, "the evaluation takes more than %llu steps",
                        (unsigned long long)m->limit);
}

/* expressions */

static struct value property_value(const struct fact *f, enum policy_property property)
{
    switch (property) {
    case PROPERTY_TYPE:
        return value_text(f->type);
    case PROPERTY_VALUE_TYPE:
        return value_text(span_str(value_type_name(f->value.kind)));
    case PROPERTY_ISSUER:
        return value_text(span_str(issuer_name(f->issuer)));
    default:
        return f->value;
    }
}

/* All claims that satisfy a name's condition under the bindings made before it (5.3). */
static bool whole_set(struct machine *m, const struct code *code, struct value *out)
{
    const struct condition_code *c = &m->conditions[code->binding];
    struct frame *frame = &m->frames[code->binding];
    struct value *items;
    uint32_t count = 0, room = 0;

    if (frame->has_whole && frame->whole_code == code->at) {
        *out = frame->whole;
        return true;
    }
    for (uint32_t n = search_first(m, c); n; n = search_next(m, c, n))
        room++;
    if (!machine_charge(m, COST_CALL + 4 * (uint64_t)room, code->at))
        return false;
    items = ARENA_ARRAY(m->arena, struct value, room);
    if (!items)
        return machine_no_memory(m, code->at);
    for (uint32_t n = search_first(m, c); n; n = search_next(m, c, n)) {
        const struct fact *f = &m->facts.items[n - 1];
        bool holds = false;

        if (!machine_matches(m, code->binding, f, &holds))
            return false;
        if (holds)
            items[count++] = property_value(f, code->property);
    }
    *out = (struct value){ .kind = VALUE_SET, .count = count, .items = items };
    frame->has_whole = c->is_independent;
    frame->whole_code = code->at;
    frame->whole = *out;
    return true;
}

/* Arguments from left to right, then the function (7.1). */
static bool call(struct machine *m, const struct code *code, struct value *out)
{
    const struct policy_function *f = code->function;
    struct value arguments[FUNCTION_ARGUMENTS] = { 0 };
    bool is_read_only = false;

    if (!machine_charge(m, COST_CALL, code->at))
        return false;
    for (uint32_t i = 0; i < f->arity; i++)
        if (!machine_value(m, code->operands[i], &arguments[i]))
            return false;
    for (uint32_t i = 0; i < f->arity; i++) {
        is_read_only |= arguments[i].is_read_only;
        if (!machine_argument(m, code, i, &arguments[i]))
            return false;
    }
    if (!f->run(m, code, arguments, out))
        return false;
    out->is_read_only = f->keeps_read_only && is_read_only;
    return true;
}

bool machine_value(struct machine *m, uint32_t number, struct value *out)
{
    const struct code *code = &m->program->codes[number];

    switch (code->kind) {
    case CODE_CONSTANT:
        *out = code->constant;
        return true;
    case CODE_PROPERTY:
        *out = property_value(&m->facts.items[m->frames[code->binding].fact], code->property);
        return true;
    case CODE_WHOLE:
        return whole_set(m, code, out);
    default:
        return call(m, code, out);
    }
}

uint32_t machine_argument_at(const struct machine *m, const struct code *code, uint32_t n)
{
    return m->program->codes[code->operands[n]].at;
}

bool machine_single(struct machine *m, struct value *v, uint32_t at)
{
    if (v->kind != VALUE_SET)
        return true;
    if (v->count != 1)
        return machine_fail(m, "X406", at, "one value is needed here, and the set has %u elements",
                            v->count);
    {
        bool is_read_only = v->is_read_only;

        *v = v->items[0];
        v->is_read_only |= is_read_only;
    }
    return true;
}

bool machine_argument(struct machine *m, const struct code *code, uint32_t n, struct value *v)
{
    enum parameter takes = code->function->takes[n];
    uint32_t at = machine_argument_at(m, code, n);

    if (takes == TAKES_SET)
        return true;
    if (!machine_single(m, v, at))
        return false;
    if (takes == TAKES_STRING && v->kind != VALUE_STRING)
        return machine_fail(m, "X401", at, "%s takes a string here, and this is of type %s",
                            code->function->name, value_type_name(v->kind));
    if (takes == TAKES_BOOLEAN && v->kind != VALUE_BOOLEAN)
        return machine_fail(m, "X401", at, "%s takes a Boolean, and this is of type %s",
                            code->function->name, value_type_name(v->kind));
    return true;
}

/* conditions */

/* The right side of a test where it lies, or in *made; NULL when it failed. A call is evaluated
 * once for the bindings before its condition (6.1). */
static const struct value *right_side(struct machine *m, const struct test_code *t,
                                      struct value *made)
{
    const struct code *code = &m->program->codes[t->right];

    if (code->kind == CODE_CONSTANT)
        return &code->constant;
    if (code->kind == CODE_PROPERTY && code->property == PROPERTY_VALUE)
        return &m->facts.items[m->frames[code->binding].fact].value;
    if (!t->has_call)
        return machine_value(m, t->right, made) ? made : NULL;
    if (!m->has_slot[t->slot]) {
        if (!machine_value(m, t->right, &m->slots[t->slot]))
            return NULL;
        m->has_slot[t->slot] = true;
    }
    return &m->slots[t->slot];
}

static bool word_holds(const struct test_code *t, const struct fact *f)
{
    uint32_t word = t->property == PROPERTY_ISSUER ? (uint32_t)f->issuer : (uint32_t)f->value.kind;

    return (word == t->word) == (t->operator== OP_EQUAL);
}

/* Whether one test holds for a claim; long strings and sets cost more than the step each test is.
 */
static bool test_holds(struct machine *m, const struct condition_code *c, const struct test_code *t,
                       const struct fact *f, bool *out)
{
    struct value made_left, made_right;
    const struct value *left = &f->value, *right;

    if (t->is_word) {
        *out = word_holds(t, f);
        return true;
    }
    right = right_side(m, t, &made_right);
    if (!right)
        return false;
    if (t->property != PROPERTY_VALUE) {
        made_left = property_value(f, t->property);
        left = &made_left;
    }
    if ((left->kind == VALUE_STRING || right->kind == VALUE_SET) &&
        !machine_charge(m, value_cost(left, right), c->at))
        return false;
    *out = value_holds(left, t->operator, right);
    return true;
}

bool machine_matches(struct machine *m, uint32_t condition, const struct fact *fact, bool *out)
{
    const struct condition_code *c = &m->conditions[condition];
    const struct test_code *tests = &m->program->tests[c->tests];

    *out = true;
    if (!machine_charge(m, COST_CANDIDATE + COST_TEST * (uint64_t)c->test_count, c->at))
        return false;
    for (uint32_t i = 0; *out && i < c->test_count; i++)
        if (!test_holds(m, c, &tests[i], fact, out))
            return false;
    return true;
}
