#include "lint.h"
#include "lint_inside.h"

#include "../base/utf8.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN = 64 };

static const char *show(struct span s, char *buf)
{
    return utf8_show(s, buf, SHOWN);
}

/* A claim could be called so because a client's claims are named by a URL (9.1). */
static bool may_have_client_claims(const struct linter *l)
{
    return (l->types & (KNOWN_TPM | KNOWN_VBS)) != 0;
}

bool lint_is_from_client(const struct linter *l, const struct lint_condition *c)
{
    const struct lint_name *name = c->name == LINT_NONE ? NULL : &l->names[c->name];

    if (!(c->issuers & 1u << ISSUER_CLIENT))
        return false;
    if (c->issuers == 1u << ISSUER_CLIENT)
        return true;
    return may_have_client_claims(l) && !(name && (name->known || name->first_maker != LINT_NONE));
}

bool lint_is_client_text(const struct linter *l, const struct lint_rule *r,
                         const struct tree_expression *e)
{
    const struct lint_condition *c;

    if (e->kind == EXPR_PROPERTY) {
        c = lint_condition_of(l, r, e->binding);
        if (e->property == PROPERTY_ISSUER || e->property == PROPERTY_VALUE_TYPE)
            return false;
        return lint_is_from_client(l, c) ||
               (c->name != LINT_NONE && (c->issuers & 1u << ISSUER_POLICY) &&
                l->names[c->name].is_client_text);
    }
    if (e->kind != EXPR_CALL || e->type == TYPE_BOOLEAN)
        return false;
    for (const struct tree_expression *arg = e->arguments; arg; arg = arg->next)
        if (lint_is_client_text(l, r, arg))
            return true;
    return false;
}

/* Only claims whose every value is read-only can match. */
static bool matches_read_only(const struct linter *l, const struct lint_condition *c)
{
    const struct lint_name *name = c->name == LINT_NONE ? NULL : &l->names[c->name];
    bool is_fact_closed, is_made_closed;

    if (!name)
        return false;
    is_fact_closed = !(c->issuers & 1u << ISSUER_SERVICE) || !name->known ||
                     (name->known->flags & KNOWN_READ_ONLY);
    is_made_closed = !(c->issuers & 1u << ISSUER_POLICY) ||
                     (!name->is_open && l->first_unknown_maker == LINT_NONE);
    return is_fact_closed && is_made_closed && c->issuers != 1u << ISSUER_CLIENT &&
           ((name->known && c->issuers & 1u << ISSUER_SERVICE) || name->first_maker != LINT_NONE);
}

bool lint_is_read_only(const struct linter *l, const struct lint_rule *r,
                       const struct tree_expression *e)
{
    if (e->kind == EXPR_PROPERTY)
        return (e->property == PROPERTY_VALUE || e->property == PROPERTY_CLAIM) &&
               matches_read_only(l, lint_condition_of(l, r, e->binding));
    if (e->kind != EXPR_CALL || !e->function || !e->function->keeps_read_only)
        return false;
    for (const struct tree_expression *arg = e->arguments; arg; arg = arg->next)
        if (lint_is_read_only(l, r, arg))
            return true;
    return false;
}

/* L602 */
static void check_possible(struct linter *l, const struct lint_condition *c)
{
    const struct tree_condition *k = c->tree;

    if (!c->is_impossible)
        return;
    if (c->issuers == 0)
        note_advice(l->notes, "L602", k->at, NULL,
                    "no claim has an issuer that passes these tests");
    else if (k->is_negated)
        note_advice(l->notes, "L602", k->at, NULL,
                    "no claim can satisfy these tests, so the negation always holds");
    else
        note_advice(l->notes, "L602", k->at, NULL,
                    "no claim can satisfy these tests, so the rule never fires");
}

/* L603, and what else may be said of a name that nobody offers */

static const char *dup_name(struct linter *l, struct span name)
{
    struct span copy = arena_dup(l->arena, name);

    l->notes->is_out_of_memory |= !copy.p;
    return (const char *)copy.p;
}

/* The nearest claim that evidence of these types or an earlier rule offers, or NULL. */
static const char *nearest_claim(struct linter *l, struct span written, uint32_t rule)
{
    const char **names = ARENA_ARRAY(l->arena, const char *, known_claim_count + LINT_OWN_NAMES);
    size_t n = 0;
    uint32_t own = 0;

    if (!names || l->guesses == 0) {
        l->notes->is_out_of_memory |= !names;
        return NULL;
    }
    l->guesses--;
    for (size_t i = 0; i < known_claim_count; i++)
        if ((known_claims[i].types & l->types) && (known_claims[i].flags & KNOWN_INCOMING) &&
            !known_claims[i].instead)
            names[n++] = known_claims[i].name;
    for (uint32_t i = 0; i < l->name_count && own < LINT_OWN_NAMES; i++) {
        const char *name = l->names[i].first_maker < rule && l->names[i].text.n < SHOWN
                               ? dup_name(l, l->names[i].text)
                               : NULL;

        if (name) {
            names[n++] = name;
            own++;
        }
    }
    return nearest_word(written, names, n);
}

/* A row of the name for other types, or one that rules cannot test. */
static const struct known_claim *find_elsewhere(struct span name)
{
    for (size_t i = 0; i < known_claim_count; i++)
        if (span_is(name, known_claims[i].name))
            return &known_claims[i];
    return NULL;
}

static void complain_unknown(struct linter *l, const struct lint_condition *c, uint32_t rule)
{
    struct place at = c->type_test->right->at;
    struct span name = l->names[c->name].text;
    const struct known_claim *elsewhere = find_elsewhere(name);
    const char *near;
    char shown[SHOWN], here[SHOWN], there[SHOWN];

    if (!(c->issuers & 1u << ISSUER_SERVICE)) {
        note_advice(l->notes, "L603", at, nearest_claim(l, name, rule), "no earlier rule makes %s",
                    show(name, shown));
        return;
    }
    if (elsewhere && (elsewhere->flags & KNOWN_INCOMING)) {
        note_advice(l->notes, "L603", at, NULL, "%s is a claim of %s, not of %s", show(name, shown),
                    lint_types_text(elsewhere->types, there, sizeof there),
                    lint_types_text(l->types, here, sizeof here));
        return;
    }
    near = nearest_claim(l, name, rule);
    if (elsewhere)
        note_advice(l->notes, "L603", at, near,
                    "the service writes %s into the token, and no rule can test it",
                    show(name, shown));
    else if (near || !(c->issuers & 1u << ISSUER_CLIENT) || !may_have_client_claims(l))
        note_advice(l->notes, "L603", at, near,
                    "no evidence offers %s and no earlier rule makes it", show(name, shown));
}

/* L609 and L624: the name is made, but not yet. */
static void complain_early(struct linter *l, const struct lint_rule *r, uint32_t number,
                           const struct lint_condition *c)
{
    const struct lint_name *name = &l->names[c->name];
    char shown[SHOWN];

    if (c->tree->is_negated && r->makes == c->name)
        note_advice(l->notes, "L609", c->tree->at, NULL,
                    "a later rule makes %s, so this fallback comes too early",
                    show(name->text, shown));
    else if (name->last_maker > number)
        note_advice(l->notes, "L624", c->type_test->right->at, NULL,
                    "only a later rule makes %s, and rules run top to bottom",
                    show(name->text, shown));
    else
        note_advice(l->notes, "L624", c->type_test->right->at, NULL,
                    "only this very rule makes %s, and a rule does not see its own claims",
                    show(name->text, shown));
}

static void check_name(struct linter *l, const struct lint_rule *r, uint32_t number,
                       const struct lint_condition *c)
{
    const struct lint_name *name = &l->names[c->name];
    bool from_service = c->issuers & 1u << ISSUER_SERVICE,
         from_policy = c->issuers & 1u << ISSUER_POLICY;
    bool is_fallback = c->tree->is_negated && r->makes == c->name;

    if ((from_service && name->known) || c->issuers == 0 || name->text.n == 0)
        return;
    if (from_policy && ((name->first_maker != LINT_NONE && name->first_maker < number) ||
                        (l->first_unknown_maker != LINT_NONE && l->first_unknown_maker < number)))
        return;
    if (from_policy && name->last_maker != LINT_NONE && (!is_fallback || name->last_maker > number))
        complain_early(l, r, number, c);
    else if (c->issuers != 1u << ISSUER_CLIENT)
        complain_unknown(l, c, number);
}

/* A fallback for a fact that later rules of the policy make, too. */
static void check_fallback(struct linter *l, const struct lint_rule *r, uint32_t number,
                           const struct lint_condition *c)
{
    const struct lint_name *name = &l->names[c->name];

    if (c->tree->is_negated && r->makes == c->name && name->known &&
        c->issuers == 1u << ISSUER_POLICY && name->first_maker == number &&
        name->last_maker > number)
        complain_early(l, r, number, c);
}

/* L604, and L622 for what older versions are not offered */
static void check_row(struct linter *l, const struct lint_condition *c)
{
    const struct known_claim *known = l->names[c->name].known;
    struct place at = c->type_test->right->at;

    if (!known || !(c->issuers & 1u << ISSUER_SERVICE))
        return;
    if (known->instead)
        note_advice(l->notes, "L604", at, known->instead, "%s is deprecated: it is called %s now",
                    known->name, known->instead);
    if (known->since > l->tree->minor)
        note_advice(l->notes, "L622", at, NULL,
                    "%s is offered from version 1.%d on, and the policy says 1.%d", known->name,
                    known->since, l->tree->minor);
}

/* L605: in a deny rule a client's claim can only harm the client, unless it undoes the denial. */
static void check_issuer(struct linter *l, const struct lint_rule *r,
                         const struct lint_condition *c)
{
    const struct lint_name *name = &l->names[c->name];
    bool helps_client = (r->tree->verb == VERB_DENY) == c->tree->is_negated;

    if (!name->known || !(c->issuers & 1u << ISSUER_CLIENT) || !helps_client ||
        !(c->issuers & 1u << ISSUER_SERVICE) || name->first_maker != LINT_NONE ||
        (l->types & (KNOWN_TPM | KNOWN_VBS)) != l->types)
        return;
    note_advice(l->notes, "L605", c->tree->at, "issuer==\"AttestationService\"",
                "%s is believed here even when the client says so itself", name->known->name);
}

/* literals */

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* L623: <mrsigner>, ${mrsigner}, {{mrsigner}} as a whole literal */
static bool is_placeholder(struct span s)
{
    static const char *const forms[][2] = { { "<", ">" }, { "${", "}" }, { "{{", "}}" } };

    s = span_trim(s);
    for (size_t i = 0; i < COUNT(forms); i++) {
        size_t head = strlen(forms[i][0]), tail = strlen(forms[i][1]);
        struct span inside = span_part(s, head, s.n < head + tail ? 0 : s.n - head - tail);
        bool is_plain = inside.n > 0 && is_letter(inside.p[0]);

        if (!span_starts(s, span_str(forms[i][0])) || !is_plain ||
            !span_is(span_part(s, s.n - tail, tail), forms[i][1]))
            continue;
        for (size_t j = 0; j < inside.n; j++)
            is_plain &= inside.p[j] != '<' && inside.p[j] != '>' && inside.p[j] != '{' &&
                        inside.p[j] != '}';
        if (is_plain)
            return true;
    }
    return false;
}

static void check_placeholders(struct linter *l, const struct tree_expression *e)
{
    char shown[SHOWN];

    if (e->kind == EXPR_STRING && is_placeholder(e->text))
        note_advice(l->notes, "L623", e->at, NULL, "%s looks like a placeholder left in place",
                    show(e->text, shown));
    for (const struct tree_expression *arg = e->arguments; arg; arg = arg->next)
        check_placeholders(l, arg);
}

/* Whether the condition can only be about the fact of the service, so that its type is known. */
static bool is_about_fact(const struct linter *l, const struct lint_condition *c)
{
    const struct lint_name *name = &l->names[c->name];

    return name->known && (c->issuers & 1u << ISSUER_SERVICE) &&
           (!(c->issuers & 1u << ISSUER_POLICY) ||
            (name->first_maker == LINT_NONE && l->first_unknown_maker == LINT_NONE));
}

static enum value_kind kind_of(const struct known_claim *known)
{
    return known->type == KNOWN_INTEGER   ? VALUE_INTEGER
           : known->type == KNOWN_BOOLEAN ? VALUE_BOOLEAN
                                          : VALUE_STRING;
}

/* The literal without its quotes, where that would be of the right type; or NULL. */
static const char *unquoted(const struct value *v, enum value_kind wanted, char *buf, size_t room)
{
    size_t i = 0;

    if (v->kind != VALUE_STRING || v->text.n == 0 || v->text.n >= room)
        return NULL;
    if (wanted == VALUE_INTEGER)
        while (i < v->text.n && v->text.p[i] >= '0' && v->text.p[i] <= '9')
            i++;
    else if (wanted == VALUE_BOOLEAN && (span_is(v->text, "true") || span_is(v->text, "false")))
        i = v->text.n;
    if (i < v->text.n)
        return NULL;
    snprintf(buf, room, "%.*s", SPAN_ARG(v->text));
    return buf;
}

/* L617 */
static void check_literal_type(struct linter *l, const struct lint_condition *c,
                               const struct tree_test *t, const struct value *v)
{
    const struct known_claim *known = l->names[c->name].known;
    enum value_kind kind = kind_of(known);
    char hint[24];

    if (t->property == PROPERTY_VALUE_TYPE && v->kind == VALUE_STRING &&
        !span_is(v->text, value_type_name(kind)) && t->operator<= OP_DIFFERENT)
        note_advice(l->notes, "L617", t->right->at, NULL, "the value of %s is always of type %s",
                    known->name, value_type_name(kind));
    if (t->property == PROPERTY_VALUE && v->kind != kind)
        note_advice(l->notes, "L617", t->right->at, unquoted(v, kind, hint, sizeof hint),
                    "%s is of type %s and this of type %s, so they are %s", known->name,
                    value_type_name(kind), value_type_name(v->kind),
                    t->operator== OP_DIFFERENT ? "always different" : "never equal");
}

/* L616 */
static void check_digest(struct linter *l, const struct lint_condition *c,
                         const struct tree_test *t, const struct value *v)
{
    struct span name = l->names[c->name].text;
    uint32_t digits = lint_hex_digits(name);
    bool has_upper = false, is_hex = true;
    char lower[96] = "";

    if (digits == 0 || t->property != PROPERTY_VALUE || v->kind != VALUE_STRING ||
        t->operator> OP_DIFFERENT || is_placeholder(v->text))
        return;
    for (size_t i = 0; i < v->text.n; i++) {
        uint8_t b = v->text.p[i];
        bool is_upper = b >= 'A' && b <= 'F';

        has_upper |= is_upper;
        is_hex &= is_upper || (b >= 'a' && b <= 'f') || (b >= '0' && b <= '9');
        if (v->text.n < sizeof lower)
            lower[i] = (char)(is_upper ? b | 0x20 : b);
    }
    if (!is_hex || v->text.n != digits)
        note_advice(l->notes, "L616", t->right->at, NULL,
                    "%.*s is %u digits of lower-case hex, and this is %zu characters%s",
                    SPAN_ARG(name), digits, v->text.n, is_hex ? "" : ", not all of them hex");
    else if (has_upper)
        note_advice(l->notes, "L616", t->right->at, lower[0] ? lower : NULL,
                    "%.*s is written in lower-case hex, and this is not", SPAN_ARG(name));
}

static void check_literals(struct linter *l, const struct lint_condition *c)
{
    for (const struct tree_test *t = c->tree->tests; t; t = t->next) {
        const struct value *v = lint_constant(l, t->right);

        check_placeholders(l, t->right);
        if (!v || v->kind == VALUE_SET || c->name == LINT_NONE || !is_about_fact(l, c))
            continue;
        check_literal_type(l, c, t, v);
        check_digest(l, c, t, v);
    }
}

static void check_rule(struct linter *l, uint32_t number)
{
    const struct lint_rule *r = &l->rules[number];

    for (uint32_t i = 0; i < r->tree->condition_count; i++) {
        const struct lint_condition *c = lint_condition_of(l, r, i);

        check_possible(l, c);
        check_literals(l, c);
        /* Configuration rules see no evidence at all: W504 has said so. */
        if (c->name == LINT_NONE || r->section == SECTION_CONFIGURATION)
            continue;
        check_name(l, r, number, c);
        check_fallback(l, r, number, c);
        check_row(l, c);
        check_issuer(l, r, c);
    }
    for (const struct tree_argument *a = r->tree->arguments; a; a = a->next)
        check_placeholders(l, a->value);
}

void lint_conditions(struct linter *l)
{
    for (uint32_t i = 0; i < l->rule_count; i++)
        check_rule(l, i);
}
