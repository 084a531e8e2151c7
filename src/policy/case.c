#include "case.h"
#include "value.h"

#include "../format/json.h"

#include <string.h>

enum { SHOWN_BYTES = 256 }; /* of a value in the trail; how long it is stands beside it */

static void write_key(struct writer *w, const char *key)
{
    write_text(w, w->n && w->p[w->n - 1] != '{' && w->p[w->n - 1] != '[' ? "," : "");
    json_write_string(w, span_str(key));
    write_text(w, ":");
}

static void write_string(struct writer *w, const char *key, struct span text)
{
    write_key(w, key);
    json_write_string(w, text);
}

static void write_place(struct writer *w, uint32_t line, uint32_t column)
{
    write_key(w, "line");
    write_decimal(w, line);
    write_key(w, "column");
    write_decimal(w, column);
}

/* The error that section 8.2 says is reported. */
static const struct policy_diagnostic *first_error(const struct policy_diagnostics *d)
{
    for (size_t i = 0; d && i < d->count; i++)
        if (d->items[i].severity == POLICY_ERROR)
            return &d->items[i];
    return NULL;
}

static void write_compile(struct writer *w, const struct policy_case *c)
{
    const struct policy_diagnostic *d = first_error(c->diagnostics);

    write_key(w, "compile");
    if (c->policy || !d) {
        write_text(w, c->policy ? "\"ok\"" : "null");
        return;
    }
    write_text(w, "{");
    write_string(w, "code", span_str(d->code));
    write_place(w, d->line, d->column);
    write_string(w, "text", span_str(d->text));
    write_text(w, "}");
}

static void write_decision(struct writer *w, const struct policy_outcome *o)
{
    write_key(w, "decision");
    if (o)
        json_write_string(w, span_str(policy_decision_name(o->decision)));
    else
        write_text(w, "null");
    write_key(w, "error");
    if (o && o->decision == POLICY_FAILED) {
        write_text(w, "{");
        write_string(w, "code", span_str(o->error_code));
        write_place(w, o->line, o->column);
        write_string(w, "text", span_str(o->error_text));
        write_text(w, "}");
    } else {
        write_text(w, "null");
    }
    write_key(w, "denyRule");
    if (o && o->decision == POLICY_DENY) {
        write_text(w, "{");
        write_place(w, o->line, o->column);
        write_text(w, "}");
    } else {
        write_text(w, "null");
    }
}

static bool write_set(struct writer *w, const char *key, const struct claim_set *set,
                      struct err *err)
{
    write_key(w, key);
    if (!set || set->count == 0) {
        write_text(w, "{}");
        return true;
    }
    return claim_set_write(w, set, err);
}

static void write_claim(struct writer *w, const struct claim *c)
{
    write_text(w, "{");
    write_string(w, "type", c->name);
    write_key(w, "value");
    claim_write_value(w, c);
    if (c->is_read_only) {
        write_key(w, "readOnly");
        write_text(w, "true");
    }
    write_text(w, "}");
}

static void write_claims(struct writer *w, const char *key, const struct claim *items, size_t count)
{
    write_key(w, key);
    write_text(w, "[");
    for (size_t i = 0; i < count; i++) {
        write_text(w, i ? "," : "");
        write_claim(w, &items[i]);
    }
    write_text(w, "]");
}

static void write_warnings(struct writer *w, const struct policy_case *c)
{
    bool is_first = true;

    write_key(w, "warnings");
    write_text(w, "[");
    for (size_t i = 0; c->policy && c->diagnostics && i < c->diagnostics->count; i++) {
        const struct policy_diagnostic *d = &c->diagnostics->items[i];

        if (d->severity != POLICY_WARNING)
            continue;
        write_text(w, is_first ? "" : ",");
        json_write_string(w, span_str(d->code));
        is_first = false;
    }
    write_text(w, "]");
}

static void write_hashes(struct writer *w, const struct policy *p)
{
    write_key(w, "policyHash");
    if (p)
        json_write_string(w, policy_hash(p));
    else
        write_text(w, "null");
    write_key(w, "legacyPolicyHash");
    if (p)
        json_write_string(w, policy_legacy_hash(p));
    else
        write_text(w, "null");
}

/* the trail */

/* A claim as the trail shows it: a log of 200 kB that each of 70 rules looked at would be
 * 14 MB. */
static void write_shown(struct writer *w, const struct claim *c)
{
    bool is_long = c->type == CLAIM_STRING && c->text.n > SHOWN_BYTES;
    struct span shown = span_part(c->text, 0, SHOWN_BYTES);

    while (is_long && shown.n > 0 && (c->text.p[shown.n] & 0xc0) == 0x80)
        shown.n--;
    write_text(w, "{");
    write_string(w, "type", c->name);
    write_key(w, "value");
    if (is_long)
        json_write_string(w, shown);
    else
        claim_write_value(w, c);
    if (is_long) {
        write_key(w, "bytes");
        write_decimal(w, (int64_t)c->text.n);
    }
    write_string(w, "issuer", span_str(issuer_name(c->issuer)));
    if (c->is_read_only) {
        write_key(w, "readOnly");
        write_text(w, "true");
    }
    write_text(w, "}");
}

static const char *outcome_word(const struct policy_trail_condition *c)
{
    if (!c->was_reached)
        return "not reached";
    return c->holds ? "ok" : "fails";
}

static void write_condition(struct writer *w, const struct policy_trail_condition *c)
{
    write_text(w, "{");
    write_string(w, "condition", c->text);
    write_string(w, "outcome", span_str(outcome_word(c)));
    write_key(w, "matches");
    write_decimal(w, c->matches);
    if (c->has_nearest) {
        write_key(w, "nearest");
        write_shown(w, &c->nearest);
    }
    if (c->why[0])
        write_string(w, "why", span_str(c->why));
    if (c->hint[0])
        write_string(w, "hint", span_str(c->hint));
    write_text(w, "}");
}

static void write_rule(struct writer *w, const struct policy_trail_rule *r)
{
    write_text(w, "{");
    write_string(w, "section", span_str(r->section));
    write_place(w, r->line, r->column);
    write_string(w, "rule", r->text);
    write_key(w, "fired");
    write_text(w, r->times ? "true" : "false");
    write_key(w, "times");
    write_decimal(w, r->times);
    write_key(w, "failed");
    write_text(w, r->has_failed ? "true" : "false");
    write_key(w, "conditions");
    write_text(w, "[");
    for (size_t i = 0; i < r->condition_count; i++) {
        write_text(w, i ? "," : "");
        write_condition(w, &r->conditions[i]);
    }
    write_text(w, "]");
    write_key(w, "made");
    write_text(w, "[");
    for (size_t i = 0; i < r->made_count; i++) {
        write_text(w, i ? "," : "");
        write_shown(w, &r->made[i]);
    }
    write_text(w, "]}");
}

static void write_trail(struct writer *w, const struct policy_trail *t)
{
    write_key(w, "trace");
    write_text(w, "[");
    for (size_t i = 0; i < t->count; i++) {
        write_text(w, i ? "," : "");
        write_rule(w, &t->rules[i]);
    }
    write_text(w, "]");
    write_key(w, "traceIsCut");
    write_text(w, t->is_cut ? "true" : "false");
}

bool policy_case_write(struct writer *w, const struct policy_case *c, struct err *err)
{
    const struct policy_outcome *o = c->outcome;

    write_text(w, "{");
    write_compile(w, c);
    write_decision(w, o);
    if (!write_set(w, "issued", o ? &o->issued : NULL, err) ||
        !write_set(w, "properties", o ? &o->properties : NULL, err) ||
        !write_set(w, "configuration", o ? &o->configuration : NULL, err))
        return false;
    write_claims(w, "added", o ? o->added.items : NULL, o ? o->added.count : 0);
    write_warnings(w, c);
    write_hashes(w, c->policy);
    if (c->trail)
        write_trail(w, c->trail);
    write_text(w, "}");
    return true;
}
