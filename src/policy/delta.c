#include "delta.h"

#include "explain.h"

#include "../base/utf8.h"
#include "../format/json.h"

#include <inttypes.h>
#include <string.h>

enum { VALUE_SHOWN = 160 };

/* Values may be whole event logs. */
static const struct json_limits limits = {
    .bytes = 256 << 20, .depth = 8, .nodes = 10000000, .members = 100000
};

/* comparing */

/* A set as a JSON object, whose members stand in the order of their names. */
static bool set_as_json(const struct claim_set *set, struct arena *a, const struct json **out,
                        struct err *err)
{
    struct writer w = writer_in(a, 1024);
    struct span text = { 0 };

    if (set->count == 0)
        return json_parse(span_str("{}"), &limits, a, out, err);
    return claim_set_write(&w, set, err) && writer_done(&w, &text, err) &&
           json_parse(text, &limits, a, out, err);
}

static void note(struct policy_delta *d, const char *set, struct span name,
                 const struct json *before, const struct json *after)
{
    struct delta_claim c = { .set = set, .name = name };

    if (before)
        c.before = before->raw;
    if (after)
        c.after = after->raw;
    if (!span_equal(c.before, c.after))
        d->claims[d->claim_count++] = c;
}

/* Both sides at once, by name. */
static void merge(struct policy_delta *d, const char *set, const struct json *before,
                  const struct json *after)
{
    const struct json *x = before->child, *y = after->child;

    while (x || y) {
        int order = !x ? 1 : !y ? -1 : span_compare(x->name, y->name);

        note(d, set, order <= 0 ? x->name : y->name, order <= 0 ? x : NULL, order >= 0 ? y : NULL);
        if (order <= 0)
            x = x->next;
        if (order >= 0)
            y = y->next;
    }
}

static bool compare_sets(struct policy_delta *d, const char *set, const struct claim_set *before,
                         const struct claim_set *after, struct arena *a, struct err *err)
{
    const struct json *x = NULL, *y = NULL;
    struct delta_claim *more;

    if (!set_as_json(before, a, &x, err) || !set_as_json(after, a, &y, err))
        return false;
    more = ARENA_ARRAY(a, struct delta_claim, d->claim_count + x->count + y->count);
    if (!more)
        return arena_fail(a, err);
    if (d->claim_count > 0)
        memcpy(more, d->claims, d->claim_count * sizeof *more);
    d->claims = more;
    merge(d, set, x, y);
    return true;
}

bool policy_delta(const struct policy_outcome *before, const struct policy_outcome *after,
                  struct arena *a, struct policy_delta *out, struct err *err)
{
    struct policy_delta d = { .is_other_decision = before->decision != after->decision };

    if (before->decision == POLICY_FAILED && after->decision == POLICY_FAILED)
        d.is_other_decision = strcmp(before->error_code, after->error_code) != 0;
    if (!compare_sets(&d, "issued", &before->issued, &after->issued, a, err) ||
        !compare_sets(&d, "properties", &before->properties, &after->properties, a, err) ||
        !compare_sets(&d, "configuration", &before->configuration, &after->configuration, a, err))
        return false;
    *out = d;
    return true;
}

bool policy_delta_is(const struct policy_delta *d)
{
    return d->is_other_decision || d->claim_count > 0;
}

/* for a person */

static void write_value(struct writer *w, struct span value)
{
    if (value.n == 0) {
        write_text(w, "nothing");
        return;
    }
    write_bytes(w, span_part(value, 0, VALUE_SHOWN));
    write_text(w, value.n > VALUE_SHOWN ? "..." : "");
}

static void write_side(struct writer *w, const struct delta_side *side)
{
    const struct policy_trail_rule *r = explain_decider(side->outcome, side->trail);

    explain_decision(w, side->name, side->outcome, side->trail);
    if (r)
        explain_rule(w, side->name, r);
}

/* Where the decision is another, claims come or go with it, and no rule of theirs is to blame. */
static void write_claim(struct writer *w, const struct delta_claim *c,
                        const struct delta_side *before, const struct delta_side *after,
                        bool has_rules)
{
    char shown[80];

    write_format(w, "%s.%s: was ", c->set, utf8_show(c->name, shown, sizeof shown));
    write_value(w, c->before);
    write_text(w, ", is ");
    write_value(w, c->after);
    write_text(w, "\n");
    if (!has_rules)
        return;
    explain_claim(w, before->name, before->trail, c->name);
    explain_claim(w, after->name, after->trail, c->name);
}

void policy_delta_write(struct writer *w, const struct policy_delta *d,
                        const struct delta_side *before, const struct delta_side *after)
{
    if (d->is_other_decision) {
        write_side(w, before);
        write_side(w, after);
    }
    for (size_t i = 0; i < d->claim_count; i++)
        write_claim(w, &d->claims[i], before, after, !d->is_other_decision);
}

/* for programs */

static void write_flat(struct writer *w, struct span text)
{
    struct writer flat = writer_in(w->arena, text.n + 16);

    explain_text(&flat, text);
    w->has_failed |= flat.has_failed;
    json_write_string(w, writer_span(&flat));
}

void delta_side_write_json(struct writer *w, const struct delta_side *side)
{
    const struct policy_outcome *o = side->outcome;
    const struct policy_trail_rule *r = explain_decider(o, side->trail);

    write_format(w, "{\"decision\":\"%s\",\"error\":", policy_decision_name(o->decision));
    if (o->decision == POLICY_FAILED)
        write_format(w, "{\"code\":\"%s\",\"line\":%" PRIu32 ",\"column\":%" PRIu32 "}",
                     o->error_code, o->line, o->column);
    else
        write_text(w, "null");
    write_text(w, ",\"rule\":");
    if (r) {
        write_format(w,
                     "{\"line\":%" PRIu32 ",\"column\":%" PRIu32 ",\"fired\":%s,\"text\":", r->line,
                     r->column, r->times > 0 && !r->has_failed ? "true" : "false");
        write_flat(w, r->text);
        write_text(w, "}");
    } else {
        write_text(w, "null");
    }
    write_text(w, "}");
}

static void write_or_null(struct writer *w, struct span value)
{
    if (value.n > 0)
        write_bytes(w, value);
    else
        write_text(w, "null");
}

void policy_delta_write_json(struct writer *w, const struct policy_delta *d)
{
    write_text(w, "[");
    for (size_t i = 0; i < d->claim_count; i++) {
        write_format(w, "%s{\"set\":\"%s\",\"name\":", i ? "," : "", d->claims[i].set);
        json_write_string(w, d->claims[i].name);
        write_text(w, ",\"before\":");
        write_or_null(w, d->claims[i].before);
        write_text(w, ",\"after\":");
        write_or_null(w, d->claims[i].after);
        write_text(w, "}");
    }
    write_text(w, "]");
}
