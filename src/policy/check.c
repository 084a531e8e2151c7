#include "check.h"
#include "function.h"
#include "known.h"

#include "../base/utf8.h"

struct checker {
    struct notes *notes;
    enum policy_section section;
    const struct tree_rule *rule;
    uint32_t bound; /* conditions whose names may be used: those left of here */
};

/* names and functions */

/* A name stands for a condition to the left of where it is used (4.5). */
static bool check_name(const struct checker *k, struct tree_expression *e)
{
    const struct tree_condition *c = k->rule->conditions;
    struct place at = { e->at.offset, (uint32_t)e->text.n };
    char shown[40];

    for (uint32_t i = 0; c; c = c->next, i++) {
        if (c->name.n == 0 || !span_equal(c->name, e->text))
            continue;
        e->binding = i;
        if (i < k->bound)
            return true;
        return note_error(k->notes, "E304", at, NULL,
                          "%s is used before the condition it names is complete",
                          utf8_show(e->text, shown, sizeof shown));
    }
    return note_error(k->notes, "E303", at, NULL, "no condition of this rule is named %s",
                      utf8_show(e->text, shown, sizeof shown));
}

static bool check_expression(const struct checker *k, struct tree_expression *e);

static bool complain_function(const struct checker *k, const struct tree_expression *e,
                              struct place at)
{
    const char *near = function_nearest(e->text);
    char shown[40];

    if (near && span_is_nocase(e->text, near))
        return note_error(k->notes, "E311", at, near,
                          "function names keep their letter case: this one is %s", near);
    return note_error(k->notes, "E311", at, near, "there is no function %s",
                      utf8_show(e->text, shown, sizeof shown));
}

static bool check_argument_type(const struct checker *k, const struct tree_expression *e,
                                const struct tree_expression *arg, enum parameter takes)
{
    const struct policy_function *f = e->function;

    if (takes == TAKES_STRING && arg->type != TYPE_UNKNOWN && arg->type != TYPE_STRING)
        return note_error(k->notes, "E313", arg->at, NULL, "%s takes a string here", f->name);
    if (takes == TAKES_BOOLEAN && arg->type != TYPE_UNKNOWN && arg->type != TYPE_BOOLEAN)
        return note_error(k->notes, "E313", arg->at, NULL, "%s takes a Boolean", f->name);
    return true;
}

/* call = FUNCTION "(" ... ")" (7.1) */
static bool check_call(const struct checker *k, struct tree_expression *e)
{
    struct place at = { e->at.offset, (uint32_t)e->text.n };
    const struct policy_function *f = function_find(e->text);
    uint32_t i = 0;
    bool is_sound = true;

    e->function = f;
    e->is_constant = true;
    if (!f)
        is_sound = complain_function(k, e, at);
    else if (e->argument_count != f->arity)
        is_sound = note_error(k->notes, "E312", at, NULL, "%s takes %u argument%s, and here are %u",
                              f->name, f->arity, f->arity == 1 ? "" : "s", e->argument_count);
    for (struct tree_expression *arg = e->arguments; arg; arg = arg->next, i++) {
        bool is_known = f && i < f->arity;

        is_sound &= check_expression(k, arg);
        if (is_known)
            is_sound &= check_argument_type(k, e, arg, f->takes[i]);
        arg->is_whole_set = is_known && arg->kind == EXPR_PROPERTY && (f->whole_sets >> i & 1) != 0;
        e->is_constant &= arg->kind == EXPR_CALL ? arg->is_constant : arg->kind != EXPR_PROPERTY;
    }
    e->type = f ? f->gives : TYPE_UNKNOWN;
    return is_sound;
}

/* Settles what an expression means; false when it means nothing. */
static bool check_expression(const struct checker *k, struct tree_expression *e)
{
    static const enum static_type literals[] = { TYPE_STRING, TYPE_INTEGER, TYPE_BOOLEAN };
    bool is_sound = true;

    if (e->kind == EXPR_CALL)
        is_sound = check_call(k, e);
    else if (e->kind == EXPR_PROPERTY)
        is_sound = check_name(k, e);
    if (e->kind <= EXPR_BOOLEAN)
        e->type = literals[e->kind];
    else if (e->kind == EXPR_PROPERTY)
        e->type = e->property == PROPERTY_VALUE ? TYPE_UNKNOWN : TYPE_STRING;
    e->is_broken = !is_sound;
    return is_sound;
}

/* conditions */

static bool is_known_literal(enum policy_property property, struct span text)
{
    for (int i = 0; i < 3; i++)
        if (span_is(text, property == PROPERTY_ISSUER ? issuer_name((enum claim_issuer)i)
                                                      : value_type_name((enum value_kind)i)))
            return true;
    return false;
}

/* A literal that no claim's issuer or value type can ever equal (4.3). */
static void warn_of_impossible(const struct checker *k, const struct tree_test *t)
{
    const struct tree_expression *e = t->right;
    bool is_issuer = t->property == PROPERTY_ISSUER;
    const char *names[3];

    if ((!is_issuer && t->property != PROPERTY_VALUE_TYPE) || e->kind != EXPR_STRING ||
        t->operator> OP_DIFFERENT || is_known_literal(t->property, e->text))
        return;
    for (int i = 0; i < 3; i++)
        names[i] =
            is_issuer ? issuer_name((enum claim_issuer)i) : value_type_name((enum value_kind)i);
    note_warning(k->notes, "W505", e->at, nearest_word(e->text, names, 3),
                 is_issuer ? "there is no such issuer; it is never equal"
                           : "there is no such type of value; it is never equal");
}

/* test = property operator expression (4.3) */
static void check_test(const struct checker *k, const struct tree_test *t)
{
    struct tree_expression *e = t->right;
    bool is_text = t->property != PROPERTY_VALUE;

    check_expression(k, e);
    if (t->operator>
        OP_DIFFERENT &&(is_text || (e->type != TYPE_UNKNOWN && e->type != TYPE_INTEGER)))
        note_error(k->notes, "E309", t->operator_at, NULL,
                   "\"%s\" orders integers, and %s is text or a Boolean",
                   operator_text(t->operator),
                   is_text ? property_name(t->property) : "the right side");
    if (is_text && e->type != TYPE_UNKNOWN && e->type != TYPE_STRING)
        note_error(k->notes, "E310", e->at, NULL, "%s is a string, and this is not",
                   property_name(t->property));
    warn_of_impossible(k, t);
}

static void check_condition_name(const struct checker *k, const struct tree_condition *c)
{
    const struct tree_condition *earlier = k->rule->conditions;
    char shown[40];

    if (c->name.n == 0)
        return;
    for (; earlier != c; earlier = earlier->next)
        if (span_equal(earlier->name, c->name)) {
            note_error(k->notes, "E305", c->name_at, NULL,
                       "an earlier condition is already named %s",
                       utf8_show(c->name, shown, sizeof shown));
            return;
        }
}

static void check_conditions(struct checker *k)
{
    k->bound = 0;
    for (const struct tree_condition *c = k->rule->conditions; c; c = c->next) {
        check_condition_name(k, c);
        for (const struct tree_test *t = c->tests; t; t = t->next)
            check_test(k, t);
        k->bound++;
    }
    if (k->section == SECTION_CONFIGURATION && k->rule->conditions)
        note_warning(k->notes, "W504", k->rule->at, NULL,
                     "configuration rules see no evidence, only earlier configuration claims");
}

/* actions */

static const struct tree_argument *find_argument(const struct tree_rule *rule,
                                                 enum policy_property name)
{
    for (const struct tree_argument *a = rule->arguments; a; a = a->next)
        if (a->name == name)
            return a;
    return NULL;
}

/* Which action may stand where (5.9). */
static void check_verb(const struct checker *k)
{
    const struct tree_rule *rule = k->rule;

    if (!verb_is_allowed(k->section, rule->verb))
        note_error(k->notes, "E301", rule->verb_at, NULL, "%s cannot stand in %s",
                   verb_name(rule->verb), section_name(k->section));
    else if (rule->verb == VERB_ISSUE && k->section == SECTION_AUTHORIZATION)
        note_warning(k->notes, "W502", rule->verb_at, "add",
                     "issue in authorizationrules acts as add: the token does not get the claim");
}

static void check_repeated_arguments(const struct checker *k)
{
    for (const struct tree_argument *a = k->rule->arguments; a; a = a->next)
        for (const struct tree_argument *b = k->rule->arguments; b != a; b = b->next)
            if (a->name == b->name) {
                note_error(k->notes, "E307", a->at, NULL, "%s is given twice",
                           property_name(a->name));
                break;
            }
}

/* claim= stands alone; without it type and value are required. */
static void check_which_arguments(const struct checker *k)
{
    const struct tree_rule *rule = k->rule;

    if (find_argument(rule, PROPERTY_CLAIM)) {
        for (const struct tree_argument *a = rule->arguments; a; a = a->next)
            if (a->name != PROPERTY_CLAIM)
                note_error(k->notes, "E308", a->at, NULL,
                           "claim= copies a whole claim and stands alone");
        return;
    }
    if (!find_argument(rule, PROPERTY_TYPE) || !find_argument(rule, PROPERTY_VALUE))
        note_error(k->notes, "E306", rule->verb_at, NULL,
                   "%s needs type= and value=", verb_name(rule->verb));
}

/* valueType= checks and never converts (5.5). */
static void check_value_type(const struct checker *k)
{
    static const char *const names[] = { "", "String", "Integer", "Boolean" };
    const struct tree_argument *stated = find_argument(k->rule, PROPERTY_VALUE_TYPE);
    const struct tree_argument *value = find_argument(k->rule, PROPERTY_VALUE);
    const struct tree_expression *e = stated ? stated->value : NULL;

    if (!e)
        return;
    if (e->kind != EXPR_STRING || !is_known_literal(PROPERTY_VALUE_TYPE, e->text))
        note_error(k->notes, "E316", e->at, NULL,
                   "valueType is one of \"String\", \"Integer\" and \"Boolean\"");
    else if (value && value->value->type != TYPE_UNKNOWN &&
             !span_is(e->text, names[value->value->type]))
        note_error(k->notes, "E316", e->at, names[value->value->type],
                   "the value is not of this type, and nothing is converted");
}

/* No rule can speak in another's name (3.2). */
static void check_issuer(const struct checker *k)
{
    const struct tree_argument *issuer = find_argument(k->rule, PROPERTY_ISSUER);

    if (issuer && (issuer->value->kind != EXPR_STRING ||
                   !span_is(issuer->value->text, issuer_name(ISSUER_POLICY))))
        note_error(k->notes, "E317", (struct place){ issuer->at.offset, 6 }, NULL,
                   "a rule's claims are always issued by AttestationPolicy");
}

/* The value of a literal expression; false for any other. */
static bool literal_value(const struct tree_expression *e, struct value *out)
{
    if (e->kind == EXPR_STRING)
        *out = value_text(e->text);
    else if (e->kind == EXPR_INTEGER)
        *out = value_integer(e->integer);
    else if (e->kind == EXPR_BOOLEAN)
        *out = value_boolean(e->boolean);
    return e->kind <= EXPR_BOOLEAN;
}

/* What issueproperty may set (5.7, 5.8). */
static void check_issueproperty(const struct checker *k, const struct tree_expression *type,
                                const struct tree_expression *value)
{
    const struct property_def *def = property_find(k->section, type->text);
    struct value v;
    char shown[48];

    if (k->section == SECTION_AUTHORIZATION)
        return;
    if (!def)
        note_warning(k->notes, "W503", type->at, property_nearest(k->section, type->text),
                     "the service knows no %s %s",
                     k->section == SECTION_CONFIGURATION ? "configuration claim" : "property",
                     utf8_show(type->text, shown, sizeof shown));
    else if (value && literal_value(value, &v) && !property_accepts(def, &v))
        note_error(k->notes, "E318", value->at, NULL, "%s is %s", def->name, def->range);
}

static void check_type(const struct checker *k)
{
    const struct tree_argument *arg = find_argument(k->rule, PROPERTY_TYPE);
    const struct tree_argument *value = find_argument(k->rule, PROPERTY_VALUE);
    const struct tree_expression *e = arg ? arg->value : NULL;
    char shown[40];

    if (!e)
        return;
    if (e->type != TYPE_UNKNOWN && e->type != TYPE_STRING)
        note_error(k->notes, "E310", e->at, NULL, "type is a string, and this is not");
    if (e->kind != EXPR_STRING)
        return;
    if (e->text.n == 0)
        note_error(k->notes, "E320", e->at, NULL, "a claim's name cannot be empty");
    else if (k->rule->verb == VERB_ISSUE && k->section == SECTION_ISSUANCE &&
             is_reserved_claim(e->text))
        note_error(k->notes, "E319", e->at, NULL, "the token writes %s itself",
                   utf8_show(e->text, shown, sizeof shown));
    else if (k->rule->verb == VERB_ISSUEPROPERTY)
        check_issueproperty(k, e, value ? value->value : NULL);
}

static void check_action(struct checker *k)
{
    const struct tree_rule *rule = k->rule;

    check_verb(k);
    for (const struct tree_argument *a = rule->arguments; a; a = a->next)
        check_expression(k, a->value);
    if (rule->verb == VERB_PERMIT || rule->verb == VERB_DENY) {
        if (rule->arguments)
            note_error(k->notes, "E302", rule->arguments->at, NULL, "%s takes no arguments",
                       verb_name(rule->verb));
        return;
    }
    check_repeated_arguments(k);
    check_which_arguments(k);
    /* Beside claim= the other arguments are superfluous; that has been said. */
    if (find_argument(rule, PROPERTY_CLAIM))
        return;
    check_type(k);
    check_value_type(k);
    check_issuer(k);
}

void policy_check(struct tree *tree, struct notes *n)
{
    struct checker k = { .notes = n };

    for (int s = 0; s < SECTIONS; s++) {
        k.section = (enum policy_section)s;
        for (const struct tree_rule *r = tree->sections[s].rules; r; r = r->next) {
            k.rule = r;
            check_conditions(&k);
            check_action(&k);
        }
    }
}

/* The first error of the grammar is the one that is reported (8.2), so none may stand before it. */
void policy_check_rest(struct tree *tree, struct notes *n)
{
    struct policy_diagnostics *list = &n->list;
    size_t syntax = list->count, kept = list->count, first = SIZE_MAX;

    for (size_t i = 0; i < syntax; i++)
        if (list->items[i].severity == POLICY_ERROR && list->items[i].offset < first)
            first = list->items[i].offset;
    policy_check(tree, n);
    for (size_t i = syntax; i < list->count; i++)
        if (list->items[i].severity != POLICY_ERROR || list->items[i].offset > first)
            list->items[kept++] = list->items[i];
    list->count = kept;
}
