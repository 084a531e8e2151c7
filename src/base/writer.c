#include "writer.h"

#include "num.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct writer writer_in(struct arena *a, size_t expect)
{
    struct writer w = { .arena = a };

    w.p = arena_room(a, expect);
    w.room = w.p ? expect : 0;
    w.has_failed = !w.p;
    return w;
}

struct writer writer_over(void *p, size_t room)
{
    return (struct writer){ .p = p, .room = room };
}

static bool grow(struct writer *w, size_t need)
{
    size_t room = 0;
    uint8_t *p;

    if (!w->arena || !size_add(w->n, need, &room))
        return false;
    if (room < 64)
        room = 64;
    if (!size_mul(room, 2, &room))
        return false;
    p = arena_room(w->arena, room);
    if (!p)
        return false;
    if (w->n > 0)
        memcpy(p, w->p, w->n);
    w->p = p;
    w->room = room;
    return true;
}

uint8_t *write_room(struct writer *w, size_t n)
{
    uint8_t *p;

    if (w->has_failed)
        return NULL;
    if (n > w->room - w->n && !grow(w, n)) {
        w->has_failed = true;
        return NULL;
    }
    p = w->p + w->n;
    w->n += n;
    return p;
}

void write_bytes(struct writer *w, struct span s)
{
    uint8_t *p = write_room(w, s.n);

    if (p && s.n > 0)
        memcpy(p, s.p, s.n);
}

void write_text(struct writer *w, const char *text)
{
    write_bytes(w, span_str(text));
}

void write_format(struct writer *w, const char *fmt, ...)
{
    char buf[512];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(buf, sizeof buf, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof buf)
        w->has_failed = true;
    else
        write_bytes(w, span_of(buf, (size_t)n));
}

void write_decimal(struct writer *w, int64_t v)
{
    uint64_t rest = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    char text[20];
    size_t at = sizeof text;

    do
        text[--at] = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (v < 0)
        text[--at] = '-';
    write_bytes(w, span_of(text + at, sizeof text - at));
}

void write_fill(struct writer *w, uint8_t byte, size_t n)
{
    uint8_t *p = write_room(w, n);

    if (p && n > 0)
        memset(p, byte, n);
}

static void little(struct writer *w, uint64_t v, size_t n)
{
    uint8_t *p = write_room(w, n);

    for (size_t i = 0; p && i < n; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static void big(struct writer *w, uint64_t v, size_t n)
{
    uint8_t *p = write_room(w, n);

    for (size_t i = 0; p && i < n; i++)
        p[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

void write_u8(struct writer *w, uint8_t v)
{
    little(w, v, 1);
}

void write_u16le(struct writer *w, uint16_t v)
{
    little(w, v, 2);
}

void write_u32le(struct writer *w, uint32_t v)
{
    little(w, v, 4);
}

void write_u64le(struct writer *w, uint64_t v)
{
    little(w, v, 8);
}

void write_u16be(struct writer *w, uint16_t v)
{
    big(w, v, 2);
}

void write_u32be(struct writer *w, uint32_t v)
{
    big(w, v, 4);
}

void write_u64be(struct writer *w, uint64_t v)
{
    big(w, v, 8);
}

struct span writer_span(const struct writer *w)
{
    return span_of(w->p, w->n);
}

bool writer_done(struct writer *w, struct span *out, struct err *err)
{
    if (!w->has_failed) {
        *out = writer_span(w);
        return true;
    }
    if (w->arena)
        return arena_fail(w->arena, err);
    return err_fail(err, ERR_LIMIT, NULL, "more than %zu bytes were to be written", w->room);
}
