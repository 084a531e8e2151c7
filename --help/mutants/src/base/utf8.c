#include "utf8.h"

static bool is_tail(uint8_t c)
{
    return (c & 0xc0) == 0x80;
}

size_t utf8_next(struct span s, uint32_t *out)
{
    static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t n;
    uint32_t c;

    if (s.n == 0)
        return 0;
    c = s.p[0];
    n = c < 0x80 ? 1 : (c & 0xe0) == 0xc0 ? 2 : (c & 0xf0) == 0xe0 ? 3 : (c & 0xf8) == 0xf0 ? 4 : 0;
    if (n == 0 || n > s.n)
        return 0;
    if (n > 1)
        c &= 0x7fu >> n;
    for (size_t i = 1; i < n; i++) {
        if (!is_tail(s.p[i]))
            return 0;
        c = c << 6 | (s.p[i] & 0x3fu);
    }
    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *out = c;
    return n;
}

size_t utf8_check(struct span s)
{
    size_t at = 0;
    uint32_t c = 0;

    while (at < s.n) {
        size_t n = s.p[at] < 0x80 ? 1 : utf8_next(span_part(s, at, s.n), &c);

        if (n == 0)
            return at;
        at += n;
    }
    return at;
}

void utf8_write(struct writer *w, uint32_t c)
{
    if (c < 0x80) {
        write_u8(w, (uint8_t)c);
    } else if (c < 0x800) {
        write_u8(w, (uint8_t)(0xc0 | c >> 6));
        write_u8(w, (uint8_t)(0x80 | (c & 0x3f)));
    } else if (c < 0x10000) {
        write_u8(w, (uint8_t)(0xe0 | c >> 12));
        write_u8(w, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
        write_u8(w, (uint8_t)(0x80 | (c & 0x3f)));
    } else {
        write_u8(w, (uint8_t)(0xf0 | c >> 18));
        write_u8(w, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
        write_u8(w, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
        write_u8(w, (uint8_t)(0x80 | (c & 0x3f)));
    }
}

const char *utf8_show(struct span s, char *buf, size_t room)
{
    size_t n = s.n < room - 1 ? s.n : room - 1;

    for (size_t i = 0; i < n; i++)
        buf[i] = (char)(s.p[i] >= 0x20 && s.p[i] < 0x7f ? s.p[i] : '?');
    if (n < s.n && n >= 2)
        buf[n - 1] = buf[n - 2] = '.';
    buf[n] = '\0';
    return buf;
}
