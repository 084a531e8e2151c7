/* Running a case: the outcome as JSON beside what is expected, and in words where they differ. */
#include "case.h"
#include "explain.h"
#include "suite.h"

#include "../base/utf8.h"
#include "../format/json.h"

#include <string.h>

enum { VALUE_SHOWN = 240 };

/* Values may be whole event logs. */
static const struct json_limits limits = {
    .bytes = 256 << 20, .depth = 80, .nodes = 10000000, .members = 100000
};

/* One case while it runs. */
struct bench {
    const struct suite_case *k;
    const char *name;
    struct span text;
    struct policy *policy;
    struct policy_diagnostics found;
    struct policy_outcome outcome;
    struct policy_trail trail;
    struct arena *arena;
    struct writer report;
    size_t differences;
    size_t first_end; /* where the first difference ends */
};

/* differences */

static void write_json(struct writer *w, const struct json *j)
{
    struct span raw = j ? j->raw : span_str("nothing");

    write_bytes(w, span_part(raw, 0, VALUE_SHOWN));
    if (raw.n > VALUE_SHOWN)
        write_text(w, "...");
}

static void begin_difference(struct bench *b, const char *what)
{
    b->differences++;
    write_text(&b->report, what);
}

static void end_difference(struct bench *b)
{
    if (b->differences == 1)
        b->first_end = b->report.n;
    write_text(&b->report, "\n");
}

static void differ(struct bench *b, const char *what, const struct json *want,
                   const struct json *got)
{
    begin_difference(b, what);
    write_text(&b->report, ": expected ");
    write_json(&b->report, want);
    write_text(&b->report, ", got ");
    write_json(&b->report, got);
    end_difference(b);
}

/* The same JSON value; the order of members plays no part. */
static bool is_same(const struct json *a, const struct json *b)
{
    const struct json *y = b->child;

    if (a->type != b->type || a->count != b->count)
        return false;
    if (a->type == JSON_STRING)
        return span_equal(a->text, b->text);
    if (a->type == JSON_NUMBER)
        return span_equal(a->raw, b->raw);
    for (const struct json *x = a->child; x; x = x->next) {
        if (a->type == JSON_OBJECT)
            for (y = b->child; y && !span_equal(x->name, y->name); y = y->next)
                ;
        if (!y || !is_same(x, y))
            return false;
        if (a->type == JSON_ARRAY)
            y = y->next;
    }
    return true;
}

static const struct json *child_named(const struct json *object, struct span name)
{
    const struct json *j = object ? object->child : NULL;

    while (j && !span_equal(j->name, name))
        j = j->next;
    return j;
}

static void differ_member(struct bench *b, const char *what, struct span name,
                          const struct json *want, const struct json *got)
{
    char shown[80], path[128];
    struct writer w = writer_over(path, sizeof path - 1);

    write_format(&w, "%s.%s", what, utf8_show(name, shown, sizeof shown));
    path[w.n] = '\0';
    differ(b, path, want, got);
    if (strcmp(what, "issued") == 0)
        explain_claim(&b->report, b->name, &b->trail, name);
}

/* Sets of claims, claim by claim: both sides are objects, or absent for the empty one. */
static void compare_sets(struct bench *b, const char *what, const struct json *want,
                         const struct json *got)
{
    for (const struct json *j = want ? want->child : NULL; j; j = j->next) {
        const struct json *other = child_named(got, j->name);

        if (!other || !is_same(j, other))
            differ_member(b, what, j->name, j, other);
    }
    for (const struct json *j = got ? got->child : NULL; j; j = j->next)
        if (!child_named(want, j->name))
            differ_member(b, what, j->name, NULL, j);
}

/* Code and place; what the engine says in words is its own affair. */
static bool is_same_place(const struct json *want, const struct json *got)
{
    static const char *const members[] = { "code", "line", "column" };

    if (!got || want->type != got->type)
        return false;
    for (size_t i = 0; i < COUNT(members); i++) {
        const struct json *x = json_member(want, members[i]), *y = json_member(got, members[i]);

        if (x && (!y || !is_same(x, y)))
            return false;
    }
    return want->type == JSON_OBJECT || is_same(want, got);
}

static void compare_place(struct bench *b, const char *what, const struct json *want,
                          const struct json *got)
{
    if (want && !is_same_place(want, got))
        differ(b, what, want, got);
}

static void compare_value(struct bench *b, const char *what, const struct json *want,
                          const struct json *got)
{
    if (want && (!got || !is_same(want, got)))
        differ(b, what, want, got);
}

static void compare_list(struct bench *b, const char *what, const struct json *want,
                         const struct json *got)
{
    bool is_expected = want ? got && is_same(want, got) : !got || got->count == 0;

    if (!is_expected)
        differ(b, what, want, got);
}

static void compare_outcome(struct bench *b, const struct json *got)
{
    const struct json *want = b->k->expect;
    /* clang-format off */
    static const struct {
        const char *name;
        void (*compare)(struct bench *, const char *, const struct json *, const struct json *);
    } rows[] = {
        { "decision",         compare_value },
        { "error",            compare_place },
        { "denyRule",         compare_place },
        { "issued",           compare_sets },
        { "properties",       compare_sets },
        { "configuration",    compare_sets },
        { "warnings",         compare_list },
        { "added",            compare_value },
        { "policyHash",       compare_value },
        { "legacyPolicyHash", compare_value },
    };
    /* clang-format on */

    for (size_t i = 0; i < COUNT(rows); i++)
        rows[i].compare(b, rows[i].name, json_member(want, rows[i].name),
                        json_member(got, rows[i].name));
}

/* words */

static bool holds(struct span text, struct span part)
{
    for (size_t at = 0; part.n <= text.n && at <= text.n - part.n; at++)
        if (span_starts(span_part(text, at, text.n), part))
            return true;
    return false;
}

/* The lines that the case wants to find in the trail. */
static void compare_trail(struct bench *b)
{
    struct writer w = writer_in(b->arena, 1024);

    if (!b->k->explain)
        return;
    explain_decision(&w, b->name, &b->outcome, &b->trail);
    explain_trail(&w, b->name, &b->outcome, &b->trail);
    b->report.has_failed |= w.has_failed;
    for (const struct json *j = b->k->explain->child; j; j = j->next)
        if (!holds(writer_span(&w), j->text))
            differ(b, "explain", j, NULL);
}

static void tell_decision(struct bench *b)
{
    const struct policy_trail_rule *r = explain_decider(&b->outcome, &b->trail);

    write_text(&b->report, "it decided ");
    explain_decision(&b->report, b->name, &b->outcome, &b->trail);
    if (r)
        explain_rule(&b->report, b->name, r);
}

static void tell_diagnostics(struct bench *b)
{
    for (size_t i = 0; i < b->found.count; i++)
        policy_diagnostic_write(&b->report, b->name, b->text, &b->found.items[i]);
}

/* running */

static bool outcome_json(struct bench *b, const struct json **out, struct err *err)
{
    struct writer w = writer_in(b->arena, 4096);
    struct span text = { 0 };
    struct policy_case shown = {
        .policy = b->policy,
        .diagnostics = &b->found,
        .outcome = b->policy ? &b->outcome : NULL,
    };

    return policy_case_write(&w, &shown, err) && writer_done(&w, &text, err) &&
           json_parse(text, &limits, b->arena, out, err);
}

static void compare(struct bench *b, const struct json *got)
{
    compare_place(b, "compile", json_member(b->k->expect, "compile"), json_member(got, "compile"));
    if (b->differences > 0) {
        tell_diagnostics(b);
        return;
    }
    if (!b->policy)
        return;
    compare_outcome(b, got);
    compare_trail(b);
    if (b->differences > 0)
        tell_decision(b);
}

static bool run(struct crypto *c, struct bench *b, struct err *err)
{
    const struct json *got = NULL;
    struct err why = { 0 };

    b->policy = policy_new(c, b->text, &b->found, &why);
    if (!b->policy && b->found.count == 0) {
        *err = why;
        return false;
    }
    if (b->policy &&
        !policy_eval_trace(b->policy, &b->k->claims, b->arena, &b->outcome, &b->trail, err))
        return false;
    if (!outcome_json(b, &got, err))
        return false;
    compare(b, got);
    return true;
}

bool suite_run(struct crypto *c, const struct suite_case *k, struct span policy, const char *name,
               struct arena *a, struct suite_result *out, struct err *err)
{
    struct bench b = { .k = k, .name = name, .text = policy, .arena = a };
    struct suite_result result = { 0 };
    bool has_run;

    b.found.arena = a;
    b.report = writer_in(a, 256);
    has_run = run(c, &b, err) && writer_done(&b.report, &result.report, err);
    policy_free(b.policy);
    if (!has_run)
        return false;
    result.is_passed = b.differences == 0;
    result.first = span_part(result.report, 0, b.first_end);
    *out = result;
    return true;
}
