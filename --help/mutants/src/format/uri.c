#include "uri.h"

#include "../base/hex.h"

#include <string.h>

/* The byte written by %XX at text[at], or -1. */
static int escaped_byte(struct span text, size_t at)
{
    struct span digits = span_part(text, at + 1, 2);
    int high = digits.n == 2 ? hex_digit(digits.p[0]) : -1;
    int low = digits.n == 2 ? hex_digit(digits.p[1]) : -1;

    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static bool decode(struct span text, struct writer *w, struct err *err)
{
    for (size_t i = 0; i < text.n; i++) {
        int c = text.p[i];

        if (c == '%') {
            c = escaped_byte(text, i);
            if (c < 0)
                return err_fail_at(err, i, ERR_MALFORMED, "RFC 3986, 2.1",
                                   "'%%' must be followed by two hexadecimal digits");
            if (c == 0)
                return err_fail_at(err, i, ERR_MALFORMED, NULL, "holds an encoded NUL");
            i += 2;
        }
        write_u8(w, (uint8_t)c);
    }
    return true;
}

bool uri_decode(struct arena *a, struct span text, struct span *out, struct err *err)
{
    struct writer w;

    if (text.n == 0 || !memchr(text.p, '%', text.n)) {
        *out = text;
        return true;
    }
    w = writer_in(a, text.n); /* decoding never makes it longer */
    return decode(text, &w, err) && writer_done(&w, out, err);
}

/* Cuts s at the first c: what stands before it, and what stands behind. */
static struct span cut(struct span *s, uint8_t c)
{
    const uint8_t *at = s->n ? memchr(s->p, c, s->n) : NULL;
    size_t n = at ? (size_t)(at - s->p) : s->n;
    struct span head = span_part(*s, 0, n);

    *s = span_part(*s, at ? n + 1 : n, s->n);
    return head;
}

void uri_split(struct span target, struct span *path, struct span *query)
{
    *path = cut(&target, '?');
    *query = target;
}

bool uri_query(struct arena *a, struct span query, const char *name, bool *found, struct span *out,
               struct err *err)
{
    struct span value = { 0 }, result = { 0 };
    bool is_found = false;

    while (query.n > 0) {
        struct span rest = cut(&query, '&'), key = cut(&rest, '=');

        if (!uri_decode(a, key, &key, err))
            return false;
        if (!span_is_nocase(key, name))
            continue;
        if (!uri_decode(a, rest, &value, err))
            return err_in(err, name);
        if (is_found && !span_equal(value, result)) {
            err_fail(err, ERR_MALFORMED, NULL, "stands twice in the query with different values");
            return err_in(err, name);
        }
        is_found = true;
        result = value;
    }
    *found = is_found;
    *out = result;
    return true;
}
