#include "json.h"
#include "json_scan.h"

#include <stdlib.h>

enum { SORTED_ON_STACK = 64 };

/* The letter of a two-character escape, or 0 where there is none. */
static uint8_t escape_letter(uint8_t c)
{
    switch (c) {
    case '"':
    case '\\':
        return c;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

static void write_escaped(struct writer *w, uint8_t c)
{
    uint8_t letter = escape_letter(c);

    if (letter) {
        write_u8(w, '\\');
        write_u8(w, letter);
    } else {
        write_format(w, "\\u%04x", c);
    }
}

/* The first byte from p on that needs an escape. */
static const uint8_t *skip_unescaped(const uint8_t *p, const uint8_t *end)
{
    for (;;) {
        p = json_skip_plain(p, end);
        if (p == end || *p < 0x80)
            return p;
        p++;
    }
}

void json_write_string(struct writer *w, struct span text)
{
    const uint8_t *at = text.p, *end = text.p ? text.p + text.n : NULL;

    write_u8(w, '"');
    while (at < end) {
        const uint8_t *stop = skip_unescaped(at, end);

        write_bytes(w, span_of(at, (size_t)(stop - at)));
        if (stop < end)
            write_escaped(w, *stop++);
        at = stop;
    }
    write_u8(w, '"');
}

static void write_array(struct writer *w, const struct json *array)
{
    write_u8(w, '[');
    for (const struct json *n = array->child; n; n = n->next) {
        json_write_sorted(w, n);
        if (n->next)
            write_u8(w, ',');
    }
    write_u8(w, ']');
}

static void write_member(struct writer *w, const struct json *m)
{
    json_write_string(w, m->name);
    write_u8(w, ':');
    json_write_sorted(w, m);
}

static bool is_in_order(const struct json *object)
{
    for (const struct json *m = object->child; m && m->next; m = m->next)
        if (span_compare(m->name, m->next->name) > 0)
            return false;
    return true;
}

static void write_as_they_stand(struct writer *w, const struct json *object)
{
    for (const struct json *m = object->child; m; m = m->next) {
        write_member(w, m);
        if (m->next)
            write_u8(w, ',');
    }
}

static int by_name(const void *a, const void *b)
{
    const struct json *const *x = a, *const *y = b;

    return span_compare((*x)->name, (*y)->name);
}

static void write_by_name(struct writer *w, const struct json *object, const struct json **room)
{
    size_t n = 0;

    for (const struct json *m = object->child; m; m = m->next)
        room[n++] = m;
    qsort(room, n, sizeof *room, by_name);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            write_u8(w, ',');
        write_member(w, room[i]);
    }
}

static void write_out_of_order(struct writer *w, const struct json *object)
{
    const struct json *few[SORTED_ON_STACK];
    const struct json **room = few;

    if (object->count > COUNT(few))
        room = w->arena ? ARENA_ARRAY(w->arena, const struct json *, object->count) : NULL;
    if (room)
        write_by_name(w, object, room);
    else
        w->has_failed = true;
}

void json_write_sorted(struct writer *w, const struct json *value)
{
    switch (value->type) {
    case JSON_STRING:
        json_write_string(w, value->text);
        return;
    case JSON_ARRAY:
        write_array(w, value);
        return;
    case JSON_OBJECT:
        write_u8(w, '{');
        if (is_in_order(value))
            write_as_they_stand(w, value);
        else
            write_out_of_order(w, value);
        write_u8(w, '}');
        return;
    default:
        write_bytes(w, value->raw);
    }
}
