#include "reader.h"

#include <stdarg.h>
#include <stdio.h>

struct reader reader_over(struct span in, struct err *err)
{
    return (struct reader){ .in = in, .err = err };
}

size_t reader_left(const struct reader *r)
{
    return r->has_failed ? 0 : r->in.n - r->at;
}

size_t reader_offset(const struct reader *r)
{
    return r->base + r->at;
}

PRINTF_LIKE(6, 0)
static bool fail_with(struct reader *r, size_t offset, enum err_code code, const char *spec,
                      const char *name, const char *fmt, va_list ap)
{
    char text[sizeof r->err->text];

    if (r->has_failed)
        return false;
    r->has_failed = true;
    vsnprintf(text, sizeof text, fmt, ap);
    err_fail_at(r->err, offset, code, spec, "%s", text);
    if (name)
        err_in(r->err, name);
    return false;
}

bool reader_fail_at(struct reader *r, size_t offset, enum err_code code, const char *spec,
                    const char *name, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fail_with(r, offset, code, spec, name, fmt, ap);
    va_end(ap);
    return false;
}

bool reader_fail(struct reader *r, enum err_code code, const char *spec, const char *name,
                 const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fail_with(r, reader_offset(r), code, spec, name, fmt, ap);
    va_end(ap);
    return false;
}

struct span reader_take(struct reader *r, size_t n, const char *name)
{
    struct span s = { 0 };

    if (r->has_failed)
        return s;
    if (n > r->in.n - r->at) {
        reader_fail(r, ERR_MALFORMED, NULL, name, "needs %zu bytes, %zu remain", n,
                    r->in.n - r->at);
        return s;
    }
    s = span_part(r->in, r->at, n);
    r->at += n;
    return s;
}

struct span reader_rest(struct reader *r)
{
    return reader_take(r, reader_left(r), "rest");
}

static uint64_t little(struct reader *r, size_t n, const char *name)
{
    struct span s = reader_take(r, n, name);
    uint64_t v = 0;

    for (size_t i = s.n; i > 0; i--)
        v = v << 8 | s.p[i - 1];
    return v;
}

static uint64_t big(struct reader *r, size_t n, const char *name)
{
    struct span s = reader_take(r, n, name);
    uint64_t v = 0;

    for (size_t i = 0; i < s.n; i++)
        v = v << 8 | s.p[i];
    return v;
}

uint8_t reader_u8(struct reader *r, const char *name)
{
    return (uint8_t)little(r, 1, name);
}

uint16_t reader_u16le(struct reader *r, const char *name)
{
    return (uint16_t)little(r, 2, name);
}

uint32_t reader_u32le(struct reader *r, const char *name)
{
    return (uint32_t)little(r, 4, name);
}

uint64_t reader_u64le(struct reader *r, const char *name)
{
    return little(r, 8, name);
}

uint16_t reader_u16be(struct reader *r, const char *name)
{
    return (uint16_t)big(r, 2, name);
}

uint32_t reader_u32be(struct reader *r, const char *name)
{
    return (uint32_t)big(r, 4, name);
}

uint64_t reader_u64be(struct reader *r, const char *name)
{
    return big(r, 8, name);
}

void reader_zeros(struct reader *r, size_t n, const char *name)
{
    size_t from = reader_offset(r);
    struct span s = reader_take(r, n, name);

    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != 0) {
            reader_fail_at(r, from + i, ERR_MALFORMED, NULL, name,
                           "is reserved and must be zero, found 0x%02x", s.p[i]);
            return;
        }
}

struct reader reader_sub(struct reader *r, size_t n, const char *name)
{
    size_t from = reader_offset(r);
    struct span s = reader_take(r, n, name);

    return (struct reader){ .in = s, .base = from, .err = r->err, .has_failed = r->has_failed };
}

bool reader_join(struct reader *r, struct reader *sub, const char *name)
{
    if (r->has_failed)
        return false;
    if (reader_done(sub))
        return true;
    r->has_failed = true;
    return name ? err_in(r->err, name) : false;
}

size_t reader_count(struct reader *r, uint64_t count, size_t each, const char *name)
{
    size_t left = reader_left(r);

    if (r->has_failed)
        return 0;
    if (each == 0 || count > left / each) {
        reader_fail(r, ERR_MALFORMED, NULL, name, "says %llu, and %zu bytes remain for them",
                    (unsigned long long)count, left);
        return 0;
    }
    return (size_t)count;
}

bool reader_ok(const struct reader *r)
{
    return !r->has_failed;
}

bool reader_done(struct reader *r)
{
    if (r->has_failed)
        return false;
    if (r->at == r->in.n)
        return true;
    return reader_fail(r, ERR_MALFORMED, NULL, NULL, "%zu bytes are left over", r->in.n - r->at);
}
