#include "print.h"
#include "limits.h"
#include "parse.h"
#include "policy.h"

#include <string.h>

/* parts on one line */

static void print_string(struct writer *w, struct span text)
{
    write_u8(w, '"');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"' || text.p[i] == '\\')
            write_u8(w, '\\');
        write_u8(w, text.p[i]);
    }
    write_u8(w, '"');
}

static void print_call(struct writer *w, const struct tree_expression *e)
{
    write_bytes(w, e->text);
    write_text(w, "(");
    for (const struct tree_expression *arg = e->arguments; arg; arg = arg->next) {
        print_expression(w, arg);
        write_text(w, arg->next ? ", " : "");
    }
    write_text(w, ")");
}

void print_expression(struct writer *w, const struct tree_expression *e)
{
    switch (e->kind) {
    case EXPR_STRING:
        print_string(w, e->text);
        return;
    case EXPR_INTEGER:
        write_decimal(w, e->integer);
        return;
    case EXPR_BOOLEAN:
        write_text(w, e->boolean ? "true" : "false");
        return;
    case EXPR_PROPERTY:
        write_bytes(w, e->text);
        if (e->property != PROPERTY_CLAIM)
            write_format(w, ".%s", property_name(e->property));
        return;
    case EXPR_CALL:
        print_call(w, e);
        return;
    }
}

void print_condition(struct writer *w, const struct tree_condition *c)
{
    write_bytes(w, c->name);
    write_text(w, c->name.n ? ":[" : c->is_negated ? "![" : "[");
    for (const struct tree_test *t = c->tests; t; t = t->next) {
        write_text(w, property_name(t->property));
        write_text(w, operator_text(t->operator));
        print_expression(w, t->right);
        write_text(w, t->next ? ", " : "");
    }
    write_text(w, "]");
}

static void print_action(struct writer *w, const struct tree_rule *r)
{
    write_format(w, "=> %s(", verb_name(r->verb));
    for (const struct tree_argument *a = r->arguments; a; a = a->next) {
        write_format(w, "%s=", property_name(a->name));
        print_expression(w, a->value);
        write_text(w, a->next ? ", " : "");
    }
    write_text(w, ");");
}

/* lines */

struct printer {
    struct writer *w;
    struct span text;
    const struct tree_comment *comments; /* those not yet written */
    bool is_line_open;                   /* something stands on the line */
    bool ends_in_comment;                /* so nothing may follow on it */
    bool is_fresh;                       /* a section has just been opened */
};

/* Tells whether the author left an empty line right before offset. */
static bool is_blank_before(struct span text, size_t offset)
{
    size_t ends = 0;

    while (offset > 0 && ends < 2) {
        uint8_t c = text.p[--offset];

        if (c == '\n' || (c == '\r' && text.p[offset + 1] != '\n'))
            ends++;
        else if (c != ' ' && c != '\t' && c != '\r')
            return false;
    }
    return ends == 2;
}

/* Tells whether something else stands on the line before offset. */
static bool is_trailing(struct span text, size_t offset)
{
    while (offset > 0) {
        uint8_t c = text.p[--offset];

        if (c == '\n' || c == '\r')
            return false;
        if (c != ' ' && c != '\t')
            return true;
    }
    return false;
}

static void new_line(struct printer *p, size_t offset, size_t indent, bool keep_blank)
{
    if (p->is_line_open) {
        write_text(p->w, "\n");
        if (keep_blank && !p->is_fresh && is_blank_before(p->text, offset))
            write_text(p->w, "\n");
    }
    write_fill(p->w, ' ', indent);
    p->is_line_open = true;
    p->ends_in_comment = false;
    p->is_fresh = false;
}

/* Writes the comments that stand before offset: behind what stands on their line, or on lines of
 * their own. */
static void flush_comments(struct printer *p, size_t offset, size_t indent, bool keep_blank)
{
    for (; p->comments && p->comments->at.offset < offset; p->comments = p->comments->next) {
        struct span c = span_part(p->text, p->comments->at.offset, p->comments->at.length);

        if (is_trailing(p->text, p->comments->at.offset) && p->is_line_open && !p->ends_in_comment)
            write_text(p->w, " ");
        else
            new_line(p, p->comments->at.offset, indent, keep_blank);
        while (c.n && (c.p[c.n - 1] == ' ' || c.p[c.n - 1] == '\t'))
            c.n--;
        write_bytes(p->w, c);
        p->ends_in_comment = true;
    }
}

/* Begins the line of what stands at offset. */
static void begin(struct printer *p, size_t offset, size_t indent, bool keep_blank)
{
    flush_comments(p, offset, indent, keep_blank);
    new_line(p, offset, indent, keep_blank);
}

/* rules and sections */

enum { INDENT = 4 };

static size_t condition_start(const struct tree_condition *c)
{
    return c->name.n ? c->name_at.offset : c->at.offset;
}

static void print_on_one_line(struct writer *w, const struct tree_rule *r)
{
    for (const struct tree_condition *c = r->conditions; c; c = c->next) {
        print_condition(w, c);
        write_text(w, c->next ? " && " : " ");
    }
    print_action(w, r);
}

/* A rule with comments before its action, or too long for a line. */
static bool is_long(const struct printer *p, const struct tree_rule *r)
{
    uint8_t line[PRINT_WIDTH - INDENT];
    struct writer w = writer_over(line, sizeof line);
    const struct tree_comment *c = p->comments;

    if (!r->conditions)
        return false;
    while (c && c->at.offset < r->at.offset)
        c = c->next;
    if (c && c->at.offset < r->verb_at.offset)
        return true;
    print_on_one_line(&w, r);
    return w.has_failed;
}

static void print_rule(struct printer *p, const struct tree_rule *r)
{
    flush_comments(p, r->at.offset, INDENT, true);
    if (!is_long(p, r)) {
        begin(p, r->at.offset, INDENT, true);
        print_on_one_line(p->w, r);
        return;
    }
    for (const struct tree_condition *c = r->conditions; c; c = c->next) {
        begin(p, c == r->conditions ? r->at.offset : condition_start(c), INDENT,
              c == r->conditions);
        print_condition(p->w, c);
        write_text(p->w, c->next ? " &&" : "");
    }
    begin(p, r->verb_at.offset, 2 * INDENT, false);
    print_action(p->w, r);
}

static void print_section(struct printer *p, const struct tree_section *s,
                          enum policy_section section)
{
    begin(p, s->at.offset, 0, true);
    write_format(p->w, "%s {", section_name(section));
    p->is_fresh = true;
    for (const struct tree_rule *r = s->rules; r; r = r->next)
        print_rule(p, r);
    flush_comments(p, s->end, INDENT, true);
    p->is_fresh = true;
    new_line(p, s->end, 0, false);
    write_text(p->w, "};");
}

void policy_print(struct writer *w, struct span text, const struct tree *tree)
{
    struct printer p = { .w = w, .text = text, .comments = tree->comments };

    begin(&p, tree->version_at.offset, 0, true);
    write_format(w, "version=1.%d;", tree->minor);
    for (int s = 0; s < SECTIONS; s++)
        if (tree->sections[s].is_present)
            print_section(&p, &tree->sections[s], (enum policy_section)s);
    flush_comments(&p, SIZE_MAX, 0, true);
    write_text(w, "\n");
}

bool policy_format(struct span text, struct arena *a, struct span *out,
                   struct policy_diagnostics *diagnostics, struct err *err)
{
    struct notes notes = notes_about(text, a);
    struct writer w = writer_in(a, text.n + text.n / 4 + 64);
    struct tree tree;
    bool is_parsed = policy_parse(text, a, &tree, &notes);

    notes_sort(&notes);
    if (diagnostics)
        *diagnostics = notes.list;
    if (notes.is_out_of_memory)
        return arena_fail(a, err);
    if (!is_parsed)
        return err_fail(err, ERR_MALFORMED, "policy language, 8.2", "the policy does not parse");
    policy_print(&w, text, &tree);
    if (w.n > POLICY_TEXT_LIMIT)
        return err_fail(err, ERR_LIMIT, "policy language, 8.3",
                        "in this layout the policy has %zu bytes, and may have %d", w.n,
                        POLICY_TEXT_LIMIT);
    return writer_done(&w, out, err);
}
