#include "value.h"

struct value value_text(struct span text)
{
    return (struct value){ .kind = VALUE_STRING, .text = text };
}

struct value value_integer(int64_t v)
{
    return (struct value){ .kind = VALUE_INTEGER, .integer = v };
}

struct value value_boolean(bool v)
{
    return (struct value){ .kind = VALUE_BOOLEAN, .boolean = v };
}

struct value value_of_claim(const struct claim *c)
{
    struct value v;

    if (c->type == CLAIM_INT)
        v = value_integer(c->integer);
    else if (c->type == CLAIM_BOOL)
        v = value_boolean(c->boolean);
    else
        v = value_text(c->text);
    v.is_read_only = c->is_read_only;
    return v;
}

void value_to_claim(const struct value *v, struct claim *out)
{
    static const enum claim_type types[] = { CLAIM_STRING, CLAIM_INT, CLAIM_BOOL };

    out->type = types[v->kind];
    out->is_read_only = v->is_read_only;
    if (v->kind == VALUE_STRING)
        out->text = v->text;
    else if (v->kind == VALUE_INTEGER)
        out->integer = v->integer;
    else
        out->boolean = v->boolean;
}

bool value_equal(const struct value *a, const struct value *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case VALUE_INTEGER:
        return a->integer == b->integer;
    case VALUE_BOOLEAN:
        return a->boolean == b->boolean;
    default:
        return a->text.n == b->text.n && (a->text.p == b->text.p || span_equal(a->text, b->text));
    }
}

static bool is_ordered(int64_t x, enum policy_operator op, int64_t y)
{
    switch (op) {
    case OP_LESS:
        return x < y;
    case OP_AT_MOST:
        return x <= y;
    case OP_MORE:
        return x > y;
    default:
        return x >= y;
    }
}

/* Between single values: other types are unequal and have no order (4.4). */
static bool holds_once(const struct value *x, enum policy_operator op, const struct value *y)
{
    if (op == OP_EQUAL)
        return value_equal(x, y);
    return x->kind == VALUE_INTEGER && y->kind == VALUE_INTEGER &&
           is_ordered(x->integer, op, y->integer);
}

bool value_holds(const struct value *x, enum policy_operator op, const struct value *y)
{
    const struct value *items;
    uint32_t count;

    if (y->kind != VALUE_SET)
        return op == OP_DIFFERENT ? !value_equal(x, y) : holds_once(x, op, y);
    if (op == OP_DIFFERENT)
        return !value_holds(x, OP_EQUAL, y);
    items = value_items(y, &count);
    for (uint32_t i = 0; i < count; i++)
        if (holds_once(x, op, &items[i]))
            return true;
    return false;
}

uint64_t value_cost(const struct value *x, const struct value *y)
{
    const struct value *items;
    uint64_t steps = 0;
    uint32_t count;

    if (y->kind != VALUE_SET) {
        bool is_read = x->kind == VALUE_STRING && y->kind == VALUE_STRING &&
                       x->text.n == y->text.n && x->text.p != y->text.p;

        return is_read ? x->text.n / 16 : 0;
    }
    items = value_items(y, &count);
    for (uint32_t i = 0; i < count && x->kind == VALUE_STRING; i++)
        if (items[i].kind == VALUE_STRING && items[i].text.n == x->text.n)
            steps += x->text.n / 16;
    return steps + count;
}

const struct value *value_items(const struct value *v, uint32_t *count)
{
    *count = v->kind == VALUE_SET ? v->count : 1;
    return v->kind == VALUE_SET ? v->items : v;
}

const char *value_type_name(enum value_kind kind)
{
    static const char *const names[] = { "String", "Integer", "Boolean", "Set" };

    return names[kind];
}

const char *issuer_name(enum claim_issuer issuer)
{
    static const char *const names[] = { "AttestationService", "AttestationPolicy", "CustomClaim" };

    return names[issuer];
}
