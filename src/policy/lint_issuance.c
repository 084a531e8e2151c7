#include "known.h"
#include "lint.h"
#include "lint_inside.h"

#include "../base/utf8.h"

enum { SHOWN = 48 };

/* The constant value that a rule gives its claim, if it is a single one. */
static const struct value *made_value(const struct linter *l, const struct lint_rule *r)
{
    const struct tree_expression *e = lint_argument(r->tree, PROPERTY_VALUE);
    const struct value *v = e ? lint_constant(l, e) : NULL;

    return v && v->kind != VALUE_SET ? v : NULL;
}

/* The name that a rule writes as a literal, or NULL. */
static const struct tree_expression *literal_name(const struct lint_rule *r)
{
    const struct tree_expression *type = lint_argument(r->tree, PROPERTY_TYPE);

    return type && type->kind == EXPR_STRING ? type : NULL;
}

/* Where the name a rule creates is written. */
static struct place name_place(const struct lint_rule *r)
{
    const struct tree_expression *type = lint_argument(r->tree, PROPERTY_TYPE);

    return type ? type->at : r->tree->verb_at;
}

/* The condition whose value becomes the value of the new claim, unchanged; or NULL. */
static const struct lint_condition *copied(const struct linter *l, const struct lint_rule *r)
{
    const struct tree_expression *value = lint_argument(r->tree, PROPERTY_VALUE);
    const struct tree_expression *claim = lint_argument(r->tree, PROPERTY_CLAIM);

    if (claim)
        return lint_condition_of(l, r, claim->binding);
    if (value && value->kind == EXPR_PROPERTY && value->property == PROPERTY_VALUE)
        return lint_condition_of(l, r, value->binding);
    return NULL;
}

/* properties */

/* L618 */
static void check_effect(struct linter *l, const struct lint_rule *r,
                         const struct property_def *def)
{
    char shown[64];

    if (def->types & l->types)
        return;
    note_advice(l->notes, "L618", name_place(r), NULL, "%s means nothing for %s evidence",
                def->name, lint_types_text(l->types, shown, sizeof shown));
}

/* Whether no value that a condition lets through lies in the range. */
static bool is_never_accepted(const struct linter *l, const struct property_def *def,
                              const struct lint_condition *c)
{
    if (c->tree->is_negated || c->is_impossible)
        return false;
    if (c->pinned)
        return !property_accepts(def, c->pinned);
    if (!(c->kinds >> def->kind & 1))
        return true;
    if (c->name != LINT_NONE && l->names[c->name].known && c->issuers == 1u << ISSUER_SERVICE &&
        (l->names[c->name].known->type == KNOWN_STRING) != (def->kind == VALUE_STRING))
        return true;
    return def->kind == VALUE_INTEGER && (c->most < def->least || c->least > def->most);
}

/* L628: of literals the compiler has said so. */
static void check_range(struct linter *l, const struct lint_rule *r, const struct property_def *def)
{
    const struct tree_expression *value = lint_argument(r->tree, PROPERTY_VALUE);
    const struct value *v = value ? lint_constant(l, value) : NULL;
    const struct lint_condition *c = copied(l, r);
    struct place at = value ? value->at : r->tree->verb_at;
    bool is_wrong = c && is_never_accepted(l, def, c);

    if (v && value->kind == EXPR_CALL && v->kind != VALUE_SET)
        is_wrong = !property_accepts(def, v);
    if (is_wrong)
        note_advice(l->notes, "L628", at, NULL, "%s is %s, and this never is", def->name,
                    def->range);
}

static void check_property(struct linter *l, const struct lint_rule *r)
{
    const struct property_def *def = property_find(r->section, l->names[r->makes].text);

    if (!def)
        return;
    check_effect(l, r, def);
    check_range(l, r, def);
}

/* claims of the token */

/* L619: a copy of the service's own value is the same value. */
static void check_shadow(struct linter *l, const struct lint_rule *r)
{
    const struct tree_expression *name = literal_name(r);
    const struct lint_condition *c = copied(l, r);

    if (!name || (c && c->name == r->makes && c->issuers & 1u << ISSUER_SERVICE))
        return;
    for (size_t i = 0; i < known_claim_count; i++) {
        const struct known_claim *k = &known_claims[i];

        if (!(k->flags & KNOWN_OUTGOING) || k->instead || (k->types & l->types) != l->types ||
            !span_is(name->text, k->name))
            continue;
        note_advice(l->notes, "L619", name->at, NULL,
                    "the service writes %s itself: this value shows only inside x-ms-policy",
                    k->name);
        return;
    }
}

/* L620 */
static void check_read_only(struct linter *l, const struct lint_rule *r)
{
    const struct tree_expression *value = lint_argument(r->tree, PROPERTY_VALUE);

    if (!value)
        value = lint_argument(r->tree, PROPERTY_CLAIM);
    if (value && lint_is_read_only(l, r, value))
        note_advice(l->notes, "L620", value->at, NULL,
                    "this is computed from a read-only claim, and issuing it fails (X407)");
}

/* L621 */

/* The condition that a set function takes all claims of. */
static const struct tree_expression *whole_set(const struct tree_expression *e)
{
    if (e->is_whole_set)
        return e;
    for (const struct tree_expression *arg = e->arguments; arg; arg = arg->next) {
        const struct tree_expression *found = whole_set(arg);

        if (found)
            return found;
    }
    return NULL;
}

/* Whether a condition matches for certain: an unconditional rule has made such a claim. */
static bool is_certain(const struct linter *l, const struct lint_condition *c)
{
    const struct lint_name *name = c->name == LINT_NONE ? NULL : &l->names[c->name];

    return name && name->is_certain && (c->issuers & 1u << ISSUER_POLICY) && !c->has_value_test &&
           c->kinds == KINDS_ALL;
}

static void check_answer(struct linter *l, const struct lint_rule *r, uint32_t number)
{
    const struct tree_expression *value = lint_argument(r->tree, PROPERTY_VALUE);
    const struct tree_expression *set = value ? whole_set(value) : NULL;
    const struct lint_name *name = &l->names[r->makes];
    bool has_fallback, closes;
    char shown[SHOWN];

    if (!set || is_certain(l, lint_condition_of(l, r, set->binding)))
        return;
    has_fallback = name->last_negation != LINT_NONE && name->last_negation > number;
    /* Without an answer nothing is permitted: that is one, too. */
    closes = r->tree->verb == VERB_ADD && name->asked_by_permit > 0 && name->asked_elsewhere == 0;
    if (!has_fallback && !closes)
        note_advice(l->notes, "L621", value->at, NULL,
                    "without a claim for %.*s there is no %s at all; a rule with ![...] can say "
                    "what holds then",
                    SPAN_ARG(set->text), utf8_show(name->text, shown, sizeof shown));
}

/* two rules and one name */

static bool same_constant_tests(const struct linter *l, const struct lint_condition *a,
                                const struct lint_condition *b)
{
    const struct tree_test *t = a->tree->tests, *u = b->tree->tests;

    if (a->tree->test_count != b->tree->test_count)
        return false;
    for (; t; t = t->next, u = u->next) {
        const struct value *x = lint_constant(l, t->right), *y = lint_constant(l, u->right);

        if (t->property != u->property || t->operator!= u->operator|| !x || !y ||
                                          x->kind == VALUE_SET ||
                                          y->kind == VALUE_SET || !value_equal(x, y))
            return false;
    }
    return true;
}

/* Whether `a` fires whenever `b` does: each of its conditions stands in `b`, too. Rules with ![...]
 * are left alone: most of them are fallbacks. */
static bool fires_with(const struct linter *l, const struct lint_rule *a, const struct lint_rule *b)
{
    for (uint32_t i = 0; i < b->tree->condition_count; i++)
        if (lint_condition_of(l, b, i)->tree->is_negated)
            return false;
    for (uint32_t i = 0; i < a->tree->condition_count; i++) {
        const struct lint_condition *c = lint_condition_of(l, a, i);
        bool is_there = false;

        for (uint32_t j = 0; j < b->tree->condition_count && !c->tree->is_negated; j++)
            is_there |= same_constant_tests(l, c, lint_condition_of(l, b, j));
        if (!is_there)
            return false;
    }
    return true;
}

static bool is_pair(const struct linter *l, const struct lint_rule *a, const struct lint_rule *b)
{
    const struct value *x = made_value(l, a), *y = made_value(l, b);

    return a->section == b->section && a->tree->verb == b->tree->verb && x && y &&
           !value_equal(x, y) && !a->never_fires && !b->never_fires &&
           (fires_with(l, a, b) || fires_with(l, b, a));
}

/* L626 and L629: what one of them says, the other says differently. */
static void check_pair(struct linter *l, const struct lint_rule *r)
{
    uint32_t earlier = r->made_before;
    char shown[SHOWN];

    for (int i = 0; i < LINT_PAIRS && earlier != LINT_NONE; i++) {
        const struct lint_rule *other = &l->rules[earlier];

        earlier = other->made_before;
        if (!is_pair(l, other, r))
            continue;
        utf8_show(l->names[r->makes].text, shown, sizeof shown);
        if (r->tree->verb == VERB_ISSUEPROPERTY)
            note_advice(l->notes, "L629", name_place(r), NULL,
                        "an earlier rule that fires, too, sets %s to another value: that fails "
                        "(X410)",
                        shown);
        else
            note_advice(l->notes, "L626", name_place(r), NULL,
                        "an earlier rule that fires, too, issues %s with another value: the token "
                        "will hold an array",
                        shown);
        return;
    }
}

void lint_issuance(struct linter *l)
{
    for (uint32_t i = 0; i < l->rule_count; i++) {
        const struct lint_rule *r = &l->rules[i];
        bool is_issued = r->section == SECTION_ISSUANCE && r->tree->verb == VERB_ISSUE;
        bool is_property = r->tree->verb == VERB_ISSUEPROPERTY;

        if (is_issued || is_property)
            check_read_only(l, r);
        if (r->makes == LINT_NONE)
            continue;
        if (is_property)
            check_property(l, r);
        if (is_issued)
            check_shadow(l, r);
        if (!is_property)
            check_answer(l, r, i);
        if (is_issued || is_property)
            check_pair(l, r);
    }
}
