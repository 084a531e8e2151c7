#include "utf16.h"

#include "../../base/utf8.h"

#include <string.h>

static const uint32_t replacement = 0xFFFD;

static uint32_t unit(struct span s, size_t i)
{
    return (uint32_t)s.p[2 * i] | (uint32_t)s.p[2 * i + 1] << 8;
}

static bool is_high(uint32_t c)
{
    return c >= 0xD800 && c < 0xDC00;
}

static bool is_low(uint32_t c)
{
    return c >= 0xDC00 && c < 0xE000;
}

void utf16_write(struct writer *w, struct span units)
{
    size_t n = units.n / 2;

    for (size_t i = 0; i < n; i++) {
        uint32_t c = unit(units, i);

        if (is_high(c) && i + 1 < n && is_low(unit(units, i + 1)))
            c = 0x10000 + ((c - 0xD800) << 10) + (unit(units, ++i) - 0xDC00);
        else if (is_high(c) || is_low(c))
            c = replacement;
        utf8_write(w, c);
    }
    if (units.n % 2 != 0)
        utf8_write(w, replacement);
}

struct span utf16_trim(struct span units)
{
    size_t n = units.n;

    if (n >= 2 && n % 2 == 0 && units.p[n - 1] == 0 && units.p[n - 2] == 0)
        units.n = n - 2;
    return units;
}

bool utf16_is(struct span units, const char *text)
{
    size_t n = strlen(text);

    if (units.n != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (unit(units, i) != (uint8_t)text[i])
            return false;
    return true;
}

struct span utf16_dup(struct arena *a, struct span units)
{
    struct writer w = writer_in(a, units.n / 2 * 3 + 4);

    utf16_write(&w, units);
    return w.has_failed ? (struct span){ 0 } : writer_span(&w);
}
