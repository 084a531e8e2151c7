#include "offence.h"

#include "../base/utf8.h"

enum { SYMBOL_ROOM = 48, RULE_ROOM = 160 };

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* From behind the last ";" or "{" before the offset to the next of them. Those in quotes divide
 * nothing. */
static struct span statement_at(struct span text, size_t offset)
{
    size_t from = 0, end = text.n;
    bool is_quoted = false;

    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];

        if (c == '"' && (i == 0 || text.p[i - 1] != '\\'))
            is_quoted = !is_quoted;
        if (is_quoted || (c != ';' && c != '{'))
            continue;
        if (i >= offset) {
            end = i + 1;
            break;
        }
        from = i + 1;
    }
    return span_part(text, from, end - from);
}

/* On one line, spaces folded. */
static const char *show(struct span s, char *flat, char *shown, size_t room)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n && n < room; i++) {
        bool is_gap = is_space(s.p[i]);

        if (is_gap && (n == 0 || flat[n - 1] == ' '))
            continue;
        flat[n++] = is_gap ? ' ' : (char)s.p[i];
    }
    return utf8_show(span_of((const uint8_t *)flat, n), shown, room);
}

void offence_write(struct writer *w, struct span text, const struct policy_diagnostic *d)
{
    size_t offset = d->offset < text.n ? d->offset : text.n;
    size_t length = d->length < text.n - offset ? d->length : text.n - offset;
    char flat[RULE_ROOM], shown[RULE_ROOM];

    write_format(w, "Offending symbol: %s\n",
                 length > 0 ? show(span_part(text, offset, length), flat, shown, SYMBOL_ROOM)
                            : "<end of policy>");
    write_format(w, "Line: %u, Column: %u\n", d->line, d->column);
    write_format(w, "Failure message: %s: %s%s%s\n", d->code, d->text, d->hint[0] ? "; " : "",
                 d->hint);
    write_format(w, "Failing rule: %s", show(statement_at(text, offset), flat, shown, RULE_ROOM));
}
