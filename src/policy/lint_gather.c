#include "lint_inside.h"

#include <string.h>

const struct value *lint_constant(const struct linter *l, const struct tree_expression *e)
{
    const struct code *code = &l->program->codes[e->code];

    return code->kind == CODE_CONSTANT ? &code->constant : NULL;
}

const struct tree_expression *lint_argument(const struct tree_rule *r, enum policy_property name)
{
    for (const struct tree_argument *a = r->arguments; a; a = a->next)
        if (a->name == name)
            return a->value;
    return NULL;
}

const struct lint_condition *lint_condition_of(const struct linter *l, const struct lint_rule *r,
                                               uint32_t i)
{
    return &l->conditions[r->first_condition + i];
}

/* names */

/* The number of a claim's name, entered when it is new. */
static uint32_t intern(struct linter *l, struct span name)
{
    uint32_t at = (uint32_t)hash_bytes(l->program->key, name) & (l->slot_count - 1);

    for (; l->slots[at]; at = (at + 1) & (l->slot_count - 1))
        if (span_equal(l->names[l->slots[at] - 1].text, name))
            return l->slots[at] - 1;
    l->names[l->name_count] = (struct lint_name){
        .text = name, .first_maker = LINT_NONE, .last_maker = LINT_NONE, .last_negation = LINT_NONE
    };
    l->slots[at] = ++l->name_count;
    return l->name_count - 1;
}

/* what conditions leave possible */

static const struct value *one_constant(const struct linter *l, const struct tree_test *t)
{
    const struct value *v = lint_constant(l, t->right);

    return v && v->kind != VALUE_SET ? v : NULL;
}

/* Which of three names a property can still have: the issuers, or the types of value. */
static unsigned possible_words(const struct linter *l, const struct tree_condition *c,
                               enum policy_property property)
{
    unsigned mask = 7;

    for (const struct tree_test *t = c->tests; t; t = t->next) {
        const struct value *right = lint_constant(l, t->right);

        if (t->property != property || !right)
            continue;
        for (unsigned i = 0; i < 3; i++) {
            struct value word = value_text(span_str(property == PROPERTY_ISSUER
                                                        ? issuer_name((enum claim_issuer)i)
                                                        : value_type_name((enum value_kind)i)));

            if (!value_holds(&word, t->operator, right))
                mask &= ~(1u << i);
        }
    }
    return mask;
}

/* The constant that a property must equal, if a test says so. */
static const struct tree_test *pinning_test(const struct linter *l, const struct tree_condition *c,
                                            enum policy_property property)
{
    for (const struct tree_test *t = c->tests; t; t = t->next)
        if (t->property == property && t->operator== OP_EQUAL && one_constant(l, t))
            return t;
    return NULL;
}

/* Whether a value passes all tests of a property that can be judged now. */
static bool passes(const struct linter *l, const struct tree_condition *c,
                   enum policy_property property, const struct value *v)
{
    for (const struct tree_test *t = c->tests; t; t = t->next) {
        const struct value *right = lint_constant(l, t->right);

        if (t->property == property && right && !value_holds(v, t->operator, right))
            return false;
    }
    return true;
}

/* Narrows the range by an ordering. */
static void narrow(struct lint_condition *c, enum policy_operator op, int64_t bound)
{
    int64_t least = INT64_MIN, most = INT64_MAX;

    c->kinds &= 1u << VALUE_INTEGER;
    if ((op == OP_LESS && bound == INT64_MIN) || (op == OP_MORE && bound == INT64_MAX))
        c->kinds = 0;
    else if (op == OP_LESS)
        most = bound - 1;
    else if (op == OP_AT_MOST)
        most = bound;
    else if (op == OP_MORE)
        least = bound + 1;
    else
        least = bound;
    c->least = least > c->least ? least : c->least;
    c->most = most < c->most ? most : c->most;
}

/* Whether any integer of a narrow range is left by the tests; a wide one always has some. */
static bool has_integer(const struct linter *l, const struct lint_condition *c)
{
    if (c->least > c->most)
        return false;
    if ((uint64_t)c->most - (uint64_t)c->least > POLICY_TEST_LIMIT)
        return true;
    for (int64_t i = c->least;; i++) {
        struct value v = value_integer(i);

        if (passes(l, c->tree, PROPERTY_VALUE, &v))
            return true;
        if (i == c->most)
            return false;
    }
}

/* Whether the tests on the value leave anything possible. */
static bool has_value(const struct linter *l, const struct lint_condition *c)
{
    struct value yes = value_boolean(true), no = value_boolean(false);

    if (c->pinned)
        return (c->kinds >> c->pinned->kind & 1) && passes(l, c->tree, PROPERTY_VALUE, c->pinned);
    if (c->kinds & 1u << VALUE_STRING)
        return true;
    if (c->kinds & 1u << VALUE_INTEGER && has_integer(l, c))
        return true;
    return c->kinds & 1u << VALUE_BOOLEAN &&
           (passes(l, c->tree, PROPERTY_VALUE, &yes) || passes(l, c->tree, PROPERTY_VALUE, &no));
}

static void look_at_values(const struct linter *l, struct lint_condition *c)
{
    const struct tree_test *pin = pinning_test(l, c->tree, PROPERTY_VALUE);

    c->least = INT64_MIN;
    c->most = INT64_MAX;
    c->pinned = pin ? one_constant(l, pin) : NULL;
    for (const struct tree_test *t = c->tree->tests; t; t = t->next) {
        const struct value *right = lint_constant(l, t->right);

        c->has_value_test |= t->property == PROPERTY_VALUE;
        if (t->property == PROPERTY_VALUE && t->operator> OP_DIFFERENT && right) {
            if (right->kind == VALUE_INTEGER)
                narrow(c, t->operator, right->integer);
            else if (right->kind != VALUE_SET)
                c->kinds = 0;
        }
    }
}

static void gather_condition(struct linter *l, const struct tree_condition *tree,
                             struct lint_condition *c)
{
    const struct tree_test *pin = pinning_test(l, tree, PROPERTY_TYPE);
    const struct value *type = pin ? one_constant(l, pin) : NULL;

    *c = (struct lint_condition){ .tree = tree, .name = LINT_NONE };
    c->issuers = possible_words(l, tree, PROPERTY_ISSUER);
    c->kinds = possible_words(l, tree, PROPERTY_VALUE_TYPE);
    look_at_values(l, c);
    if (type && type->kind == VALUE_STRING) {
        c->type_test = pin;
        c->name = intern(l, type->text);
    }
    c->is_impossible = c->issuers == 0 || !has_value(l, c) ||
                       (type && (type->text.n == 0 || !passes(l, tree, PROPERTY_TYPE, type)));
}

/* rules */

static void mark_uses(const struct tree_expression *e, uint64_t *used, uint64_t *single)
{
    if (e->kind == EXPR_PROPERTY) {
        *used |= UINT64_C(1) << e->binding;
        *single |= e->is_whole_set ? 0 : UINT64_C(1) << e->binding;
    }
    for (const struct tree_expression *arg = e->arguments; arg; arg = arg->next)
        mark_uses(arg, used, single);
}

/* What name a rule creates: a literal one, that of the condition it copies, or who knows. */
static void gather_makes(struct linter *l, struct lint_rule *r)
{
    const struct tree_expression *type = lint_argument(r->tree, PROPERTY_TYPE);
    const struct tree_expression *copy = lint_argument(r->tree, PROPERTY_CLAIM);
    const struct value *name = type ? lint_constant(l, type) : NULL;

    r->makes = r->made_before = LINT_NONE;
    if (r->tree->verb == VERB_PERMIT || r->tree->verb == VERB_DENY)
        return;
    if (name && name->kind == VALUE_STRING)
        r->makes = intern(l, name->text);
    else if (copy)
        r->makes = lint_condition_of(l, r, copy->binding)->name;
    else if (type && type->kind == EXPR_PROPERTY && type->property == PROPERTY_TYPE)
        r->makes = lint_condition_of(l, r, type->binding)->name;
    r->makes_unknown = r->makes == LINT_NONE;
}

static void gather_rule(struct linter *l, struct lint_rule *r)
{
    uint64_t ignored = 0;

    r->first_condition = l->condition_count;
    r->always_fires = true;
    for (const struct tree_condition *c = r->tree->conditions; c; c = c->next) {
        struct lint_condition *out = &l->conditions[l->condition_count++];

        gather_condition(l, c, out);
        r->always_fires &= c->is_negated && out->is_impossible;
        r->never_fires |= !c->is_negated && out->is_impossible;
        for (const struct tree_test *t = c->tests; t; t = t->next)
            mark_uses(t->right, &r->used, &ignored);
    }
    for (const struct tree_argument *a = r->tree->arguments; a; a = a->next)
        mark_uses(a->value, &r->used, &r->used_by_action);
    gather_makes(l, r);
}

/* what rules say of names */

/* The attestation types that offer a claim. */
static unsigned types_that_offer(struct span name)
{
    unsigned types = 0;

    for (size_t i = 0; i < known_claim_count; i++)
        if ((known_claims[i].flags & KNOWN_INCOMING) != 0 && span_is(name, known_claims[i].name))
            types |= known_claims[i].types;
    return types;
}

/* A policy whose type nobody states is for those types that offer every fact it names. */
static void infer_types(struct linter *l)
{
    unsigned types = KNOWN_ALL;

    for (uint32_t i = 0; i < l->condition_count; i++) {
        const struct lint_condition *c = &l->conditions[i];
        unsigned offered = c->name != LINT_NONE && (c->issuers & 1u << ISSUER_SERVICE)
                               ? types_that_offer(l->names[c->name].text)
                               : 0;

        types &= offered ? offered : KNOWN_ALL;
    }
    l->types = types ? types : KNOWN_ALL;
}

static const struct known_claim *find_incoming(const struct linter *l, struct span name)
{
    for (size_t i = 0; i < known_claim_count; i++)
        if ((known_claims[i].types & l->types) != 0 &&
            (known_claims[i].flags & KNOWN_INCOMING) != 0 && span_is(name, known_claims[i].name))
            return &known_claims[i];
    return NULL;
}

/* Whether a value may be a set of several: JSON of a claim, not known now. */
static bool is_list(const struct linter *l, const struct tree_expression *value)
{
    const struct value *known = value ? lint_constant(l, value) : NULL;

    if (known)
        return known->kind == VALUE_SET && known->count > 1;
    return value && value->kind == EXPR_CALL && value->type == TYPE_UNKNOWN;
}

static void note_maker(struct linter *l, uint32_t number)
{
    struct lint_rule *r = &l->rules[number];
    const struct tree_expression *value = lint_argument(r->tree, PROPERTY_VALUE);
    struct lint_name *name;

    if (r->makes_unknown) {
        l->first_unknown_maker =
            l->first_unknown_maker == LINT_NONE ? number : l->first_unknown_maker;
        l->last_unknown_maker = number;
    }
    if (r->makes == LINT_NONE)
        return;
    name = &l->names[r->makes];
    r->made_before = name->last_maker;
    name->first_maker = name->first_maker == LINT_NONE ? number : name->first_maker;
    name->last_maker = number;
    name->is_list |= is_list(l, value);
    name->is_certain |= r->always_fires && value && lint_constant(l, value) && !is_list(l, value);
    if (!value)
        value = lint_argument(r->tree, PROPERTY_CLAIM);
    name->is_client_text |= value && lint_is_client_text(l, r, value);
    name->is_open |= !value || !lint_is_read_only(l, r, value);
}

static void note_askers(struct linter *l, uint32_t number)
{
    const struct lint_rule *r = &l->rules[number];

    for (uint32_t i = 0; i < r->tree->condition_count; i++) {
        const struct lint_condition *c = lint_condition_of(l, r, i);

        if (c->name == LINT_NONE)
            continue;
        if (c->tree->is_negated)
            l->names[c->name].last_negation = number;
        else if (r->tree->verb == VERB_PERMIT)
            l->names[c->name].asked_by_permit++;
        else
            l->names[c->name].asked_elsewhere++;
    }
}

static void gather_names(struct linter *l)
{
    if (l->types == 0)
        infer_types(l);
    for (uint32_t i = 0; i < l->name_count; i++)
        l->names[i].known = find_incoming(l, l->names[i].text);
    for (uint32_t i = 0; i < l->rule_count; i++) {
        note_maker(l, i);
        note_askers(l, i);
    }
}

/* memory */

static bool make_room(struct linter *l)
{
    uint32_t conditions = 0, rules = 0;

    for (int s = 0; s < SECTIONS; s++)
        for (const struct tree_rule *r = l->tree->sections[s].rules; r; r = r->next) {
            rules++;
            conditions += r->condition_count;
        }
    l->slot_count = 16;
    while (l->slot_count < 2 * (rules + conditions))
        l->slot_count *= 2;
    l->rules = ARENA_ARRAY(l->arena, struct lint_rule, rules);
    l->conditions = ARENA_ARRAY(l->arena, struct lint_condition, conditions);
    l->names = ARENA_ARRAY(l->arena, struct lint_name, rules + conditions);
    l->slots = ARENA_ARRAY(l->arena, uint32_t, l->slot_count);
    return l->rules && l->conditions && l->names && l->slots;
}

bool lint_gather(struct linter *l)
{
    if (!make_room(l))
        return false;
    l->first_unknown_maker = l->last_unknown_maker = LINT_NONE;
    for (int s = 0; s < SECTIONS; s++)
        for (const struct tree_rule *r = l->tree->sections[s].rules; r; r = r->next) {
            struct lint_rule *rule = &l->rules[l->rule_count++];

            *rule = (struct lint_rule){ .tree = r, .section = (enum policy_section)s };
            gather_rule(l, rule);
        }
    gather_names(l);
    return true;
}
