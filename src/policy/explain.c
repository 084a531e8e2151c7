#include "explain.h"

#include "value.h"

#include "../base/utf8.h"

#include <inttypes.h>
#include <string.h>

enum { COLUMN = 56, VALUE_ROOM = 84 };

/* parts of a line */

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Where the comment or white space at `at` ends. */
static size_t skip_gap(struct span text, size_t at)
{
    while (at < text.n) {
        if (is_space(text.p[at])) {
            at++;
        } else if (text.p[at] == '/' && at + 1 < text.n && text.p[at + 1] == '/') {
            while (at < text.n && text.p[at] != '\n' && text.p[at] != '\r')
                at++;
        } else {
            break;
        }
    }
    return at;
}

void explain_text(struct writer *w, struct span text)
{
    bool in_string = false;

    for (size_t at = 0; at < text.n;) {
        size_t next = in_string ? at : skip_gap(text, at);

        if (next > at) {
            if (next < text.n && at > 0)
                write_u8(w, ' ');
            at = next;
            continue;
        }
        if (in_string && text.p[at] == '\\' && at + 1 < text.n)
            write_u8(w, text.p[at++]);
        else if (text.p[at] == '"')
            in_string = !in_string;
        write_u8(w, text.p[at++]);
    }
}

void explain_value(struct writer *w, const struct claim *c)
{
    char shown[VALUE_ROOM];

    write_format(w, "%s = ", utf8_show(c->name, shown, sizeof shown));
    if (c->type == CLAIM_INT)
        write_format(w, "%" PRId64, c->integer);
    else if (c->type == CLAIM_BOOL)
        write_text(w, c->boolean ? "true" : "false");
    else
        write_format(w, "\"%s\"", utf8_show(c->text, shown, sizeof shown));
    write_format(w, " (%s)", issuer_name(c->issuer));
}

static void write_place(struct writer *w, const char *name, uint32_t line, uint32_t column)
{
    write_text(w, name);
    write_format(w, ":%" PRIu32 ":%" PRIu32, line, column);
}

/* what decided */

static bool is_verb(const struct policy_trail_rule *r, const char *verb)
{
    return strcmp(r->verb, verb) == 0;
}

static size_t conditions_open(const struct policy_trail_rule *r)
{
    size_t open = 0;

    for (size_t i = 0; i < r->condition_count; i++)
        open += !r->conditions[i].holds;
    return open;
}

/* Fewest conditions that do not hold; of such, the one of which most do. */
static bool is_nearer(const struct policy_trail_rule *a, const struct policy_trail_rule *b)
{
    size_t open_a = conditions_open(a), open_b = conditions_open(b);

    return open_a < open_b || (open_a == open_b && a->condition_count > b->condition_count);
}

const struct policy_trail_rule *explain_decider(const struct policy_outcome *o,
                                                const struct policy_trail *t)
{
    const struct policy_trail_rule *found = NULL;

    for (size_t i = 0; i < t->count; i++) {
        const struct policy_trail_rule *r = &t->rules[i];

        if (o->decision == POLICY_FAILED ? r->has_failed
            : o->decision == POLICY_DENY ? r->times > 0 && is_verb(r, "deny")
                                         : r->times > 0 && is_verb(r, "permit"))
            return r;
        if (o->decision == POLICY_NO_PERMIT && is_verb(r, "permit") &&
            (!found || is_nearer(r, found)))
            found = r;
    }
    return found;
}

void explain_decision(struct writer *w, const char *name, const struct policy_outcome *o,
                      const struct policy_trail *t)
{
    const struct policy_trail_rule *r = explain_decider(o, t);

    write_format(w, "%s: ", policy_decision_name(o->decision));
    if (o->decision == POLICY_FAILED) {
        write_place(w, name, o->line, o->column);
        write_format(w, ": %s: %s\n", o->error_code, o->error_text);
        return;
    }
    if (r) {
        write_place(w, name, r->line, r->column);
        write_text(w, o->decision == POLICY_PERMIT ? " permitted\n"
                      : o->decision == POLICY_DENY ? " denied\n"
                                                   : " came nearest, and no permit rule fired\n");
        return;
    }
    write_text(w, o->decision == POLICY_NO_PERMIT ? "there is no permit rule\n"
                                                  : "the trail was cut before the rule\n");
}

/* a rule */

static const char *rule_fate(const struct policy_trail_rule *r)
{
    if (r->has_failed)
        return "failed";
    return r->times > 0 ? "fired" : "did not fire";
}

static void write_claim_met(struct writer *w, const struct policy_trail_condition *k)
{
    explain_value(w, &k->nearest);
    if (k->matches > 1)
        write_format(w, " and %" PRIu32 " more", k->matches - 1);
}

/* Why a condition holds or fails: the claim it met, and the test that says so. */
static void write_reason(struct writer *w, const struct policy_trail_condition *k)
{
    bool is_negated = k->text.n && k->text.p[0] == '!';

    if (!k->was_reached)
        write_text(w, "not looked at");
    else if (is_negated && !k->holds)
        write_text(w, "there is ");
    else if (is_negated)
        write_text(w, "no claim matches");
    if (k->was_reached && k->has_nearest && !(is_negated && k->holds))
        write_claim_met(w, k);
    if (k->why[0])
        write_format(w, "%s%s", k->has_nearest ? ": " : "", k->why);
    if (k->hint[0])
        write_format(w, "; %s", k->hint);
}

static void write_condition(struct writer *w, const struct policy_trail_condition *k)
{
    size_t start;

    write_format(w, "    %-6s", !k->was_reached ? "-" : k->holds ? "ok" : "fails");
    start = w->n;
    explain_text(w, k->text);
    if (w->has_failed)
        return;
    if (w->n - start <= COLUMN)
        write_fill(w, ' ', COLUMN + 2 - (w->n - start));
    else
        write_text(w, "\n              ");
    write_reason(w, k);
    write_text(w, "\n");
}

void explain_rule(struct writer *w, const char *name, const struct policy_trail_rule *r)
{
    write_place(w, name, r->line, r->column);
    write_format(w, " %s", rule_fate(r));
    if (r->times > 1)
        write_format(w, " %" PRIu32 " times", r->times);
    write_text(w, ": => ");
    explain_text(w, r->action);
    write_text(w, "\n");
    for (size_t i = 0; i < r->condition_count; i++)
        write_condition(w, &r->conditions[i]);
    for (size_t i = 0; i < r->made_count; i++) {
        write_text(w, "    made  ");
        explain_value(w, &r->made[i]);
        write_text(w, "\n");
    }
}

void explain_trail(struct writer *w, const char *name, const struct policy_outcome *o,
                   const struct policy_trail *t)
{
    const char *section = "";

    for (size_t i = 0; i < t->count; i++) {
        if (strcmp(section, t->rules[i].section) != 0)
            write_format(w, "%s%s\n", i ? "\n" : "", t->rules[i].section);
        section = t->rules[i].section;
        explain_rule(w, name, &t->rules[i]);
    }
    if (o->decision == POLICY_DENY || o->decision == POLICY_FAILED)
        write_text(w, "\nRules behind that one were not evaluated.\n");
    else if (o->decision == POLICY_NO_PERMIT)
        write_text(w, "\nNothing was permitted, so issuancerules did not run.\n");
    if (t->is_cut)
        write_text(w, "\nThe trail is longer than what is kept of one and ends here.\n");
}

void explain_claim(struct writer *w, const char *name, const struct policy_trail *t,
                   struct span claim)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct policy_trail_rule *r = &t->rules[i];
        bool is_maker = span_equal(r->makes, claim);

        for (size_t k = 0; k < r->made_count; k++)
            is_maker |= span_equal(r->made[k].name, claim);
        if (is_maker)
            explain_rule(w, name, r);
    }
}
