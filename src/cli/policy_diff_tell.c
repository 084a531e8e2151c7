/* What two policies made of evidence, for a person or for a program. */
#include "policy_diff.h"

#include "../format/json.h"

#include <stdio.h>
#include <string.h>

static const char *const words[FINDING_KINDS] = {
    [FINDING_SAME] = "unchanged",       [FINDING_CHANGED] = "changed",
    [FINDING_REFUSED] = "refused",      [FINDING_UNREADABLE] = "unreadable",
    [FINDING_OTHER_TYPE] = "otherType",
};

static const char *decision_of(const struct finding_side *s)
{
    return s->refused ? "refused" : policy_decision_name(s->outcome.decision);
}

static struct delta_side side_of(const struct diff *d, const struct finding *f, size_t i)
{
    return (struct delta_side){ d->policies[i].path, &f->sides[i].outcome, &f->sides[i].trail };
}

/* for a person */

static void write_trouble(struct writer *w, const struct err *e)
{
    write_format(w, "%s%s%s", e->path, e->path[0] ? ": " : "", e->text);
}

static void write_head(struct writer *w, const struct finding *f)
{
    const char *before = decision_of(&f->sides[0]), *after = decision_of(&f->sides[1]);

    if (f->kind == FINDING_UNREADABLE)
        write_trouble(w, &f->trouble);
    else if (f->kind == FINDING_REFUSED)
        write_format(w, "under both, %s: %s", f->sides[0].refused, f->sides[0].why.text);
    else if (strcmp(before, after) != 0)
        write_format(w, "%s -> %s", before, after);
    else
        write_format(w, "%s%s", before, f->kind == FINDING_CHANGED ? ", but not the same" : "");
}

/* One policy asked for collateral that the other did not. */
static void write_refusals(struct writer *w, const struct diff *d, const struct finding *f)
{
    for (size_t i = 0; i < 2; i++)
        if (f->sides[i].refused) {
            write_text(w, "under ");
            write_text(w, d->policies[i].path);
            write_format(w, ": %s: ", f->sides[i].refused);
            write_trouble(w, &f->sides[i].why);
            write_text(w, "\n");
        }
}

static void print_indented(struct span text)
{
    while (text.n > 0) {
        const uint8_t *end = memchr(text.p, '\n', text.n);
        size_t n = end ? (size_t)(end - text.p) + 1 : text.n;

        printf("    ");
        cli_print(span_part(text, 0, n));
        text = span_part(text, n, text.n);
    }
}

static bool tell_person(struct diff *d, const struct finding *f, struct arena *a, struct err *err)
{
    struct delta_side before = side_of(d, f, 0), after = side_of(d, f, 1);
    struct writer head = writer_in(a, 256), more = writer_in(a, 1024);
    struct span text = { 0 };
    const char *color = f->kind == FINDING_SAME ? "\033[32m" : "\033[1;31m";

    if (f->kind == FINDING_OTHER_TYPE) {
        printf("%-10s  %s\n", "other type", f->name);
        return true;
    }
    write_head(&head, f);
    if (f->kind == FINDING_CHANGED) {
        write_refusals(&more, d, f);
        policy_delta_write(&more, &f->delta, &before, &after);
    }
    if (head.has_failed || !writer_done(&more, &text, err))
        return arena_fail(a, err);
    printf("%s%-10s%s  %s: ", cli_color(d->c, color), words[f->kind], cli_color(d->c, "\033[0m"),
           f->name);
    cli_print(writer_span(&head));
    printf("\n");
    print_indented(text);
    return true;
}

static void print_summary(const struct diff *d)
{
    for (size_t i = 0; i < d->dir.aside_count; i++)
        printf("%s%s%s", i ? ", " : "no evidence: ", d->dir.aside[i],
               i + 1 == d->dir.aside_count ? "\n" : "");
    printf("%zu compared: %zu unchanged, %zu changed",
           d->counts[FINDING_SAME] + d->counts[FINDING_CHANGED], d->counts[FINDING_SAME],
           d->counts[FINDING_CHANGED]);
    if (d->counts[FINDING_REFUSED] > 0)
        printf("; %zu refused", d->counts[FINDING_REFUSED]);
    if (d->counts[FINDING_UNREADABLE] > 0)
        printf("; %zu unreadable", d->counts[FINDING_UNREADABLE]);
    if (d->counts[FINDING_OTHER_TYPE] > 0)
        printf("; %zu of another type", d->counts[FINDING_OTHER_TYPE]);
    printf("\n");
}

/* for a program */

static void write_refused(struct writer *w, const struct finding_side *s)
{
    write_format(w, "{\"decision\":\"refused\",\"reason\":\"%s\",\"path\":", s->refused);
    json_write_string(w, span_str(s->why.path));
    write_text(w, ",\"text\":");
    json_write_string(w, span_str(s->why.text));
    write_text(w, "}");
}

static void write_sides(struct writer *w, const struct diff *d, const struct finding *f)
{
    static const char *const names[] = { "old", "new" };

    for (size_t i = 0; i < 2; i++) {
        struct delta_side side = side_of(d, f, i);

        write_format(w, ",\"%s\":", names[i]);
        if (f->sides[i].refused)
            write_refused(w, &f->sides[i]);
        else
            delta_side_write_json(w, &side);
    }
    write_text(w, ",\"claims\":");
    policy_delta_write_json(w, &f->delta);
}

static bool tell_program(struct diff *d, const struct finding *f, struct err *err)
{
    struct writer *w = &d->json;

    write_text(w, w->p[w->n - 1] == '[' ? "\n" : ",\n");
    write_text(w, "{\"name\":");
    json_write_string(w, span_str(f->name));
    write_format(w, ",\"finding\":\"%s\"", words[f->kind]);
    if (f->kind == FINDING_UNREADABLE) {
        write_text(w, ",\"path\":");
        json_write_string(w, span_str(f->trouble.path));
        write_text(w, ",\"text\":");
        json_write_string(w, span_str(f->trouble.text));
    } else if (f->kind != FINDING_OTHER_TYPE) {
        write_sides(w, d, f);
    }
    write_text(w, "}");
    return !w->has_failed || arena_fail(&d->c->arena, err);
}

static void write_policy(struct writer *w, const char *name, const struct desk_policy *p)
{
    write_format(w, "\"%s\":{\"file\":", name);
    json_write_string(w, span_str(p->path));
    write_text(w, ",\"policyHash\":");
    json_write_string(w, policy_hash(p->policy));
    write_text(w, "},");
}

static void write_summary(struct writer *w, const struct diff *d)
{
    write_text(w, "\n],\"noEvidence\":[");
    for (size_t i = 0; i < d->dir.aside_count; i++) {
        write_text(w, i ? "," : "");
        json_write_string(w, span_str(d->dir.aside[i]));
    }
    write_text(w, "],\"summary\":{");
    for (size_t i = 0; i < FINDING_KINDS; i++)
        write_format(w, "%s\"%s\":%zu", i ? "," : "", words[i], d->counts[i]);
    write_text(w, "}}\n");
}

/* both */

void diff_begin(struct diff *d)
{
    d->json = writer_in(&d->c->arena, 4096);
    write_text(&d->json, "{");
    write_policy(&d->json, "old", &d->policies[0]);
    write_policy(&d->json, "new", &d->policies[1]);
    write_text(&d->json, "\"items\":[");
}

bool diff_tell(struct diff *d, const struct finding *f, struct arena *a, struct err *err)
{
    return cli_flag(d->c, "json") ? tell_program(d, f, err) : tell_person(d, f, a, err);
}

bool diff_end(struct diff *d, struct err *err)
{
    struct span text = { 0 };

    if (!cli_flag(d->c, "json")) {
        print_summary(d);
        return true;
    }
    write_summary(&d->json, d);
    if (!writer_done(&d->json, &text, err))
        return false;
    cli_print(text);
    return true;
}
