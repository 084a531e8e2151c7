#include "lint_inside.h"

#include "../base/utf8.h"

#include <stdio.h>
#include <string.h>

static bool is_verdict(const struct lint_rule *r, enum policy_verb verb)
{
    return r->section == SECTION_AUTHORIZATION && r->tree->verb == verb;
}

/* L601 */
static void check_reachable(struct linter *l)
{
    uint32_t i = 0, lost = 0;

    while (i < l->rule_count && !(is_verdict(&l->rules[i], VERB_DENY) && l->rules[i].always_fires))
        i++;
    i++;
    while (i + lost < l->rule_count && l->rules[i + lost].section == SECTION_AUTHORIZATION)
        lost++;
    if (lost > 0)
        note_advice(l->notes, "L601", l->rules[i].tree->at, NULL,
                    "rules behind an unconditional deny are never reached: this one%s",
                    lost > 1 ? " and those behind it" : "");
}

/* The first permit rule that can decide, or NULL. */
static const struct lint_rule *find_permit(const struct linter *l)
{
    const struct lint_rule *found = NULL;

    for (uint32_t i = 0; i < l->rule_count; i++) {
        const struct lint_rule *r = &l->rules[i];

        if (is_verdict(r, VERB_DENY) && r->always_fires)
            return NULL;
        if (!found && is_verdict(r, VERB_PERMIT) && !r->never_fires)
            found = r;
    }
    return found;
}

/* L607 */

/* A deny rule that fires when no claim of the name is there. */
static bool denies_absence(const struct linter *l, uint32_t name)
{
    for (uint32_t i = 0; i < l->rule_count; i++) {
        const struct lint_rule *r = &l->rules[i];
        const struct lint_condition *c = lint_condition_of(l, r, 0);

        if (is_verdict(r, VERB_DENY) && r->tree->condition_count == 1 && c->tree->is_negated &&
            c->name == name)
            return true;
    }
    return false;
}

/* A deny rule that says nothing when its claim is absent. */
static const struct lint_condition *overlooked(const struct linter *l, const struct lint_rule *r)
{
    for (uint32_t i = 0; is_verdict(r, VERB_DENY) && i < r->tree->condition_count; i++) {
        const struct lint_condition *c = lint_condition_of(l, r, i);

        if (!c->tree->is_negated && c->name != LINT_NONE && c->issuers != 1u << ISSUER_CLIENT &&
            l->names[c->name].known)
            return c;
    }
    return NULL;
}

static void check_absence(struct linter *l)
{
    const struct lint_rule *permit = NULL;
    char shown[48];

    for (uint32_t i = 0; i < l->rule_count; i++) {
        const struct lint_rule *r = &l->rules[i];

        if (is_verdict(r, VERB_PERMIT) && r->always_fires)
            permit = r;
    }
    for (uint32_t i = 0; permit && i < l->rule_count; i++) {
        const struct lint_condition *c = overlooked(l, &l->rules[i]);

        if (!c || denies_absence(l, c->name))
            continue;
        note_advice(l->notes, "L607", permit->tree->at, NULL,
                    "all evidence passes that no deny rule refuses: also evidence without %s",
                    utf8_show(l->names[c->name].text, shown, sizeof shown));
        return;
    }
}

/* L608 */

/* A query on the event log that asks for debugging. */
static bool asks_for_debugging(const struct tree_expression *e)
{
    if (e->kind == EXPR_STRING)
        for (size_t i = 0; i + 5 <= e->text.n; i++)
            if (span_is_nocase(span_part(e->text, i, 5), "debug"))
                return true;
    for (const struct tree_expression *arg = e->arguments; arg; arg = arg->next)
        if (asks_for_debugging(arg))
            return true;
    return false;
}

/* Whether a condition tells debug evidence from other: it tests the claim's value, or its name
 * hands the value on. One that tests no name at all may see any claim. */
static bool looks_at_debug(const struct linter *l, const struct lint_rule *r, uint32_t i)
{
    const struct lint_condition *c = lint_condition_of(l, r, i);

    if (c->name != LINT_NONE && !(lint_debug_types(l->names[c->name].text) & l->types))
        return false;
    return c->has_value_test || (r->used >> i & 1);
}

static bool rule_looks_at_debug(const struct linter *l, const struct lint_rule *r)
{
    for (uint32_t i = 0; i < r->tree->condition_count; i++)
        if (looks_at_debug(l, r, i))
            return true;
    for (const struct tree_argument *a = r->tree->arguments; a; a = a->next)
        if (asks_for_debugging(a->value))
            return true;
    return false;
}

/* Types of evidence between which nothing about debugging differs. */
static bool is_one_family(unsigned types)
{
    static const unsigned families[] = { KNOWN_SGX | KNOWN_OE, KNOWN_TPM | KNOWN_VBS, KNOWN_SNP,
                                         KNOWN_TDX, KNOWN_GUEST };

    for (size_t i = 0; i < COUNT(families); i++)
        if ((types & ~families[i]) == 0)
            return true;
    return false;
}

static void check_debug(struct linter *l, const struct lint_rule *permit)
{
    char shown[64];

    if (!permit || !is_one_family(l->types))
        return;
    for (uint32_t i = 0; i < l->rule_count; i++)
        if (l->rules[i].section == SECTION_AUTHORIZATION && rule_looks_at_debug(l, &l->rules[i]))
            return;
    note_advice(l->notes, "L608", permit->tree->at, NULL,
                "no rule looks at what %s evidence says of debugging, so debug evidence passes",
                lint_types_text(l->types, shown, sizeof shown));
}

/* L606 */
static void check_permits(struct linter *l)
{
    const struct lint_rule *permit = find_permit(l);

    if (!permit)
        note_advice(l->notes, "L606", l->tree->sections[SECTION_AUTHORIZATION].at, NULL,
                    "no rule can permit, so all evidence is refused");
    else
        check_absence(l);
    check_debug(l, permit);
}

/* L614 */
static void check_unused(struct linter *l, const struct lint_rule *r)
{
    char shown[40];

    for (uint32_t i = 0; i < r->tree->condition_count; i++) {
        const struct tree_condition *c = lint_condition_of(l, r, i)->tree;

        if (c->name.n && !(r->used >> i & 1))
            note_advice(l->notes, "L614", c->name_at, NULL, "the name %s is never used",
                        utf8_show(c->name, shown, sizeof shown));
    }
}

/* L615 */

static uint64_t hash_expression(uint64_t h, const struct tree_expression *e)
{
    h = hash_word(h, (uint64_t)e->kind << 8 | (uint64_t)e->property);
    if (e->kind == EXPR_PROPERTY)
        return hash_word(h, e->binding);
    h = e->kind == EXPR_STRING || e->kind == EXPR_CALL
            ? hash_bytes(h, e->text)
            : hash_word(h, (uint64_t)e->integer << 1 | e->boolean);
    for (const struct tree_expression *arg = e->arguments; arg; arg = arg->next)
        h = hash_expression(h, arg);
    return h;
}

static uint64_t hash_rule(const struct lint_rule *r)
{
    uint64_t h = hash_word((uint64_t)r->section, (uint64_t)r->tree->verb);

    for (const struct tree_condition *c = r->tree->conditions; c; c = c->next) {
        h = hash_word(h, (uint64_t)c->test_count << 1 | c->is_negated);
        for (const struct tree_test *t = c->tests; t; t = t->next)
            h = hash_expression(hash_word(h, (uint64_t)t->property << 8 | (uint64_t)t->operator),
                                t->right);
    }
    for (const struct tree_argument *a = r->tree->arguments; a; a = a->next)
        h = hash_expression(hash_word(h, (uint64_t)a->name), a->value);
    return h;
}

static bool same_expression(const struct tree_expression *a, const struct tree_expression *b)
{
    if (a->kind != b->kind || a->integer != b->integer || a->boolean != b->boolean ||
        a->argument_count != b->argument_count)
        return false;
    if (a->kind == EXPR_PROPERTY)
        return a->binding == b->binding && a->property == b->property;
    if ((a->kind == EXPR_STRING || a->kind == EXPR_CALL) && !span_equal(a->text, b->text))
        return false;
    for (a = a->arguments, b = b->arguments; a; a = a->next, b = b->next)
        if (!same_expression(a, b))
            return false;
    return true;
}

static bool same_tests(const struct tree_condition *a, const struct tree_condition *b)
{
    const struct tree_test *t = a->tests, *u = b->tests;

    if (a->is_negated != b->is_negated || a->test_count != b->test_count)
        return false;
    for (; t; t = t->next, u = u->next)
        if (t->property != u->property ||
            t->operator!= u->operator|| !same_expression(t->right, u->right))
            return false;
    return true;
}

static bool same_rule(const struct tree_rule *a, const struct tree_rule *b)
{
    const struct tree_condition *c = a->conditions, *d = b->conditions;
    const struct tree_argument *x = a->arguments, *y = b->arguments;

    if (a->verb != b->verb || a->condition_count != b->condition_count ||
        a->argument_count != b->argument_count)
        return false;
    for (; c; c = c->next, d = d->next)
        if (!same_tests(c, d))
            return false;
    for (; x; x = x->next, y = y->next)
        if (x->name != y->name || !same_expression(x->value, y->value))
            return false;
    return true;
}

/* Whether from rule `from` up to the one before `to` nothing was made that the rule could see. */
static bool sees_nothing_new(const struct linter *l, uint32_t from, uint32_t to,
                             const uint32_t *last_made, uint32_t last_unknown)
{
    const struct lint_rule *r = &l->rules[to];

    if (r->tree->condition_count > 0 && last_unknown != LINT_NONE && last_unknown >= from)
        return false;
    for (uint32_t i = 0; i < r->tree->condition_count; i++) {
        uint32_t name = lint_condition_of(l, r, i)->name;

        if (name == LINT_NONE || (last_made[name] != 0 && last_made[name] > from))
            return false;
    }
    return true;
}

/* Rules by what they say. A later equal rule is compared with the last one only. */
static void check_repeated(struct linter *l)
{
    uint32_t size = 16, last_unknown = LINT_NONE;
    uint32_t *slots, *last_made = ARENA_ARRAY(l->arena, uint32_t, l->name_count);
    uint32_t *lines = ARENA_ARRAY(l->arena, uint32_t, l->rule_count);
    struct locator place = locator_over(l->text);

    while (size < 2 * l->rule_count)
        size *= 2;
    slots = ARENA_ARRAY(l->arena, uint32_t, size); /* 1 + number */
    if (!slots || !last_made || !lines) {
        l->notes->is_out_of_memory = true;
        return;
    }
    for (uint32_t i = 0; i < l->rule_count; i++) {
        const struct lint_rule *r = &l->rules[i];
        uint32_t *slot = &slots[(uint32_t)hash_rule(r) & (size - 1)];
        uint32_t first = *slot - 1;

        locate(&place, r->tree->at.offset);
        lines[i] = place.line;
        if (*slot && l->rules[first].section == r->section &&
            same_rule(l->rules[first].tree, r->tree) &&
            sees_nothing_new(l, first, i, last_made, last_unknown))
            note_advice(l->notes, "L615", r->tree->at, NULL, "the same rule stands in line %u",
                        lines[first]);
        *slot = i + 1;
        if (r->makes != LINT_NONE)
            last_made[r->makes] = i + 1; /* > from: made by rule `from` or later */
        last_unknown = r->makes_unknown ? i : last_unknown;
    }
}

/* L622 */

/* The version that a rule needs. */
static int version_needed(const struct linter *l, const struct lint_rule *r)
{
    for (uint32_t i = 0; i < r->tree->condition_count; i++) {
        const struct lint_condition *c = lint_condition_of(l, r, i);
        const struct lint_name *name = c->name == LINT_NONE ? NULL : &l->names[c->name];

        /* A condition without a name may be meant for what only newer versions offer. */
        if (c->tree->is_negated || !name || (name->known && name->known->since == 2))
            return 2;
        for (const struct tree_test *t = c->tree->tests; t; t = t->next)
            if (t->right->kind == EXPR_CALL)
                return 2;
    }
    for (const struct tree_argument *a = r->tree->arguments; a; a = a->next)
        if (a->value->kind == EXPR_CALL)
            return 2;
    return r->section == SECTION_CONFIGURATION ? 1 : 0;
}

static void check_version(struct linter *l)
{
    int needed = l->tree->sections[SECTION_CONFIGURATION].is_present ? 1 : 0;
    char version[8];

    for (uint32_t i = 0; i < l->rule_count && needed < l->tree->minor; i++) {
        int rule = version_needed(l, &l->rules[i]);

        needed = rule > needed ? rule : needed;
    }
    snprintf(version, sizeof version, "1.%d", needed);
    if (needed < l->tree->minor)
        note_advice(l->notes, "L622", l->tree->version_at, version,
                    "the policy says version 1.%d, and nothing in it needs more than %s",
                    l->tree->minor, version);
}

/* L625 */

/* Whether many claims may match. */
static bool matches_many(const struct linter *l, const struct lint_condition *c)
{
    const struct lint_name *name = c->name == LINT_NONE ? NULL : &l->names[c->name];

    if (c->tree->is_negated || c->pinned || c->is_impossible)
        return false;
    return !name || name->is_list || (name->known && (name->known->flags & KNOWN_MANY)) ||
           c->issuers == 1u << ISSUER_CLIENT;
}

/* Whether a condition must be tried against each match of an earlier one: it uses its name, and no
 * test is an equality that an index answers. */
static bool scans_for_each(const struct lint_condition *c, uint64_t earlier)
{
    bool depends = false;

    for (const struct tree_test *t = c->tree->tests; t; t = t->next) {
        if (t->right->kind != EXPR_PROPERTY || !(earlier >> t->right->binding & 1))
            continue;
        if (t->property == PROPERTY_VALUE && t->operator== OP_EQUAL)
            return false;
        depends = true;
    }
    return depends;
}

static void check_join(struct linter *l, const struct lint_rule *r)
{
    bool is_verdict_rule = r->tree->verb == VERB_PERMIT || r->tree->verb == VERB_DENY;
    uint64_t many = 0;

    for (uint32_t i = 0; i < r->tree->condition_count; i++) {
        const struct lint_condition *c = lint_condition_of(l, r, i);
        bool is_joined = false;

        if (!matches_many(l, c))
            continue;
        for (const struct tree_test *t = c->tree->tests; t; t = t->next)
            is_joined |= t->property == PROPERTY_VALUE && t->operator== OP_EQUAL &&
                                                          t->right->kind == EXPR_PROPERTY;
        if (scans_for_each(c, many) ||
            (!is_verdict_rule && !is_joined && (r->used_by_action >> i & 1) &&
             (r->used_by_action & many))) {
            note_advice(l->notes, "L625", c->tree->at, "value==NAME.value",
                        "each claim of an earlier condition is tried with each claim of this one");
            return;
        }
        many |= UINT64_C(1) << i;
    }
}

void lint_rules(struct linter *l)
{
    check_version(l);
    check_reachable(l);
    check_permits(l);
    check_repeated(l);
    for (uint32_t i = 0; i < l->rule_count; i++) {
        check_unused(l, &l->rules[i]);
        check_join(l, &l->rules[i]);
    }
}
