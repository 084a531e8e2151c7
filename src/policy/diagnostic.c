#include "diagnostic.h"
#include "limits.h"

#include "../base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct notes notes_about(struct span text, struct arena *a)
{
    return (struct notes){ .text = text, .list = { .arena = a } };
}

static const uint8_t byte_order_mark[] = { 0xef, 0xbb, 0xbf };

struct locator locator_over(struct span text)
{
    bool has_mark = span_starts(text, span_of(byte_order_mark, sizeof byte_order_mark));

    return (struct locator){ .text = text, .at = has_mark ? 3 : 0, .line = 1, .column = 1 };
}

void locate(struct locator *k, size_t offset)
{
    const struct span text = k->text;

    for (; k->at < offset && k->at < text.n; k->at++) {
        uint8_t c = text.p[k->at];

        if (c == '\n' || (c == '\r' && !(k->at + 1 < text.n && text.p[k->at + 1] == '\n'))) {
            k->line += 1;
            k->column = 1;
        } else if ((c & 0xc0) != 0x80) {
            k->column += 1;
        }
    }
}

void text_locate(struct span text, size_t offset, uint32_t *line, uint32_t *column)
{
    struct locator k = locator_over(text);

    locate(&k, offset);
    *line = k.line;
    *column = k.column;
}

static struct policy_diagnostic *notes_room(struct notes *n)
{
    struct policy_diagnostics *list = &n->list;
    struct policy_diagnostic *more;
    size_t room = list->room ? list->room * 2 : 4;

    if (list->count < list->room)
        return &list->items[list->count++];
    more = ARENA_ARRAY(list->arena, struct policy_diagnostic, room);
    if (!more) {
        n->is_out_of_memory = true;
        return NULL;
    }
    if (list->count)
        memcpy(more, list->items, list->count * sizeof *more);
    list->items = more;
    list->room = room;
    return &list->items[list->count++];
}

PRINTF_LIKE(6, 0)
static void note(struct notes *n, enum policy_severity severity, const char *code, struct place at,
                 const char *hint, const char *fmt, va_list args)
{
    struct policy_diagnostic *d = notes_room(n);

    if (!d)
        return;
    d->severity = severity;
    d->offset = at.offset;
    d->length = at.length;
    snprintf(d->code, sizeof d->code, "%s", code);
    snprintf(d->hint, sizeof d->hint, "%s", hint ? hint : "");
    vsnprintf(d->text, sizeof d->text, fmt, args);
    /* A sentence cut in the middle of a character would not be UTF-8 any more. */
    d->text[utf8_check(span_str(d->text))] = '\0';
    d->hint[utf8_check(span_str(d->hint))] = '\0';
}

bool note_error(struct notes *n, const char *code, struct place at, const char *hint,
                const char *fmt, ...)
{
    va_list args;

    n->errors++;
    if (n->errors > POLICY_ERRORS_REPORTED)
        return false;
    va_start(args, fmt);
    note(n, POLICY_ERROR, code, at, hint, fmt, args);
    va_end(args);
    return false;
}

PRINTF_LIKE(6, 0)
static void note_remark(struct notes *n, enum policy_severity severity, const char *code,
                        struct place at, const char *hint, const char *fmt, va_list args)
{
    n->warnings++;
    if (n->warnings <= POLICY_WARNINGS_REPORTED)
        note(n, severity, code, at, hint, fmt, args);
}

void note_warning(struct notes *n, const char *code, struct place at, const char *hint,
                  const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    note_remark(n, POLICY_WARNING, code, at, hint, fmt, args);
    va_end(args);
}

void note_advice(struct notes *n, const char *code, struct place at, const char *hint,
                 const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    note_remark(n, POLICY_ADVICE, code, at, hint, fmt, args);
    va_end(args);
}

static int note_order(const void *a, const void *b)
{
    const struct policy_diagnostic *x = a, *y = b;

    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return strcmp(x->code, y->code);
}

/* Lines are counted once for all notes, not from the start for each. */
void notes_sort(struct notes *n)
{
    struct locator k = locator_over(n->text);

    if (n->list.count > 1)
        qsort(n->list.items, n->list.count, sizeof *n->list.items, note_order);
    for (size_t i = 0; i < n->list.count; i++) {
        locate(&k, n->list.items[i].offset);
        n->list.items[i].line = k.line;
        n->list.items[i].column = k.column;
    }
}

/* Letters to change, add or take away to get from one word to the other; both at most 63 long. */
static size_t word_distance(struct span a, struct span b)
{
    size_t row[64];

    for (size_t j = 0; j <= b.n; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t corner = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t swap = corner + ((a.p[i - 1] | 0x20) != (b.p[j - 1] | 0x20));
            size_t best = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;

            corner = row[j];
            row[j] = swap < best ? swap : best;
        }
    }
    return row[b.n];
}

const char *nearest_word(struct span written, const char *const *words, size_t count)
{
    const char *best = NULL;
    size_t least = written.n / 3 + 1;

    if (written.n == 0 || written.n > 63)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        struct span word = span_str(words[i]);
        size_t d = word.n > 63 ? 64 : word_distance(written, word);

        if (d <= least && (!best || d < least)) {
            best = words[i];
            least = d;
        }
    }
    return best;
}

/* The line of the text that holds offset, without its line end. */
static struct span line_around(struct span text, size_t offset)
{
    size_t from = offset < text.n ? offset : text.n, to = from;

    while (from > 0 && text.p[from - 1] != '\n' && text.p[from - 1] != '\r')
        from--;
    while (to < text.n && text.p[to] != '\n' && text.p[to] != '\r')
        to++;
    if (from == 0 && span_starts(text, span_of(byte_order_mark, sizeof byte_order_mark)))
        from = to < 3 ? to : 3;
    return span_part(text, from, to - from);
}

enum { LINE_SHOWN = 160 }; /* longest part of a source line under which a caret still helps */

/* Characters by what they do on a terminal. */
enum look { LOOK_MARK, LOOK_PLAIN, LOOK_WIDE, LOOK_CONTROL };

static const struct {
    uint32_t first, last;
    enum look look;
} looks[] = {
    { 0x00, 0x1f, LOOK_CONTROL },     { 0x7f, 0x9f, LOOK_CONTROL },
    { 0x300, 0x36f, LOOK_MARK },      { 0x1100, 0x115f, LOOK_WIDE },
    { 0x200b, 0x200f, LOOK_CONTROL }, /* these two rows could turn the direction of the line, */
    { 0x2028, 0x202e, LOOK_CONTROL }, /* so that a policy reads otherwise than it decides */
    { 0x2060, 0x206f, LOOK_CONTROL }, { 0x20d0, 0x20ff, LOOK_MARK },
    { 0x2e80, 0x303e, LOOK_WIDE },    { 0x3041, 0xa4cf, LOOK_WIDE },
    { 0xac00, 0xd7a3, LOOK_WIDE },    { 0xf900, 0xfaff, LOOK_WIDE },
    { 0xfe00, 0xfe0f, LOOK_MARK },    { 0xfe20, 0xfe2f, LOOK_MARK },
    { 0xfe30, 0xfe6f, LOOK_WIDE },    { 0xfeff, 0xfeff, LOOK_CONTROL },
    { 0xff01, 0xff60, LOOK_WIDE },    { 0xffe0, 0xffe6, LOOK_WIDE },
    { 0x1f300, 0x1f64f, LOOK_WIDE },  { 0x1f900, 0x1f9ff, LOOK_WIDE },
    { 0x20000, 0x3fffd, LOOK_WIDE },  { 0xe0000, 0xe0fff, LOOK_CONTROL },
};

static enum look look_of(uint32_t c)
{
    for (size_t i = 0; i < COUNT(looks); i++)
        if (c >= looks[i].first && c <= looks[i].last)
            return looks[i].look;
    return LOOK_PLAIN;
}

/* Writes one line of outside text: what is not printable as '?', tabs as one space, so that the
 * caret stands below its character. */
static void write_line(struct writer *w, struct span line)
{
    while (line.n) {
        uint32_t c;
        size_t n = utf8_next(line, &c);

        if (n == 0 || look_of(c) == LOOK_CONTROL)
            write_u8(w, n == 1 && c == '\t' ? ' ' : '?');
        else
            write_bytes(w, span_part(line, 0, n));
        line = span_part(line, n ? n : 1, SIZE_MAX);
    }
}

/* How many cells of a terminal that takes. */
static size_t count_cells(struct span line)
{
    size_t cells = 0;

    while (line.n) {
        uint32_t c;
        size_t n = utf8_next(line, &c);
        enum look look = n ? look_of(c) : LOOK_CONTROL;

        cells += look == LOOK_MARK ? 0 : look == LOOK_WIDE ? 2 : 1;
        line = span_part(line, n ? n : 1, SIZE_MAX);
    }
    return cells;
}

/* The part of a line that is shown: long lines are cut around the offset, between characters. */
static struct span shown_part(struct span text, struct span line, size_t offset, size_t *before)
{
    size_t at = (size_t)(text.p + offset - line.p), from = 0;

    if (offset > text.n || at > line.n)
        at = line.n;
    if (at > LINE_SHOWN / 2 && line.n > LINE_SHOWN)
        from = at - LINE_SHOWN / 2;
    while (from < at && (line.p[from] & 0xc0) == 0x80)
        from++;
    *before = count_cells(span_part(line, from, at - from));
    line = span_part(line, from, SIZE_MAX);
    if (line.n > LINE_SHOWN) {
        line.n = LINE_SHOWN;
        while (line.n && (line.p[line.n] & 0xc0) == 0x80)
            line.n--;
    }
    return line;
}

void policy_diagnostic_write_source(struct writer *w, struct span text,
                                    const struct policy_diagnostic *d)
{
    struct span line = line_around(text, d->offset);
    size_t before = 0, behind, carets;

    line = shown_part(text, line, d->offset, &before);
    write_text(w, "    ");
    write_line(w, line);
    write_text(w, "\n    ");
    write_fill(w, ' ', before);
    carets = count_cells(span_part(text, d->offset, d->length));
    behind = count_cells(line) > before ? count_cells(line) - before : 0;
    carets = carets < behind ? carets : behind;
    write_fill(w, '^', carets ? carets : 1);
    write_text(w, "\n");
    if (d->hint[0])
        write_format(w, "    try: %s\n", d->hint);
}

void policy_diagnostic_write(struct writer *w, const char *name, struct span text,
                             const struct policy_diagnostic *d)
{
    write_format(w, "%s:%u:%u: %s [%s]\n", name, d->line, d->column, d->text, d->code);
    policy_diagnostic_write_source(w, text, d);
}
