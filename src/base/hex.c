#include "hex.h"

#include <string.h>

static const char digits[] = "0123456789abcdef";

void hex_write(struct writer *w, struct span bytes)
{
    uint8_t *p = bytes.n <= SIZE_MAX / 2 ? write_room(w, bytes.n * 2) : NULL;

    for (size_t i = 0; p && i < bytes.n; i++) {
        p[2 * i] = (uint8_t)digits[bytes.p[i] >> 4];
        p[2 * i + 1] = (uint8_t)digits[bytes.p[i] & 15];
    }
}

struct span hex_dup(struct arena *a, struct span bytes)
{
    struct writer w = writer_in(a, bytes.n * 2 + 1);
    struct span out = { 0 };

    hex_write(&w, bytes);
    return writer_done(&w, &out, NULL) ? out : (struct span){ 0 };
}

int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool check_digits(struct span text, struct err *err)
{
    for (size_t i = 0; i < text.n; i++)
        if (hex_digit(text.p[i]) < 0)
            return err_fail_at(err, i, ERR_MALFORMED, NULL,
                               "character %zu (0x%02x) is not a hexadecimal digit", i, text.p[i]);
    return true;
}

static void decode(struct span text, uint8_t *out)
{
    for (size_t i = 0; i < text.n / 2; i++)
        out[i] = (uint8_t)(hex_digit(text.p[2 * i]) * 16 + hex_digit(text.p[2 * i + 1]));
}

bool hex_read(struct span text, uint8_t *out, size_t n, struct err *err)
{
    if (text.n / 2 != n || text.n % 2 != 0)
        return err_fail(err, ERR_MALFORMED, NULL,
                        "needs %zu hexadecimal digits, found %zu characters", n * 2, text.n);
    if (!check_digits(text, err))
        return false;
    decode(text, out);
    return true;
}

bool hex_read_dup(struct arena *a, struct span text, struct span *out, struct err *err)
{
    uint8_t *p;

    if (text.n % 2 != 0)
        return err_fail(err, ERR_MALFORMED, NULL,
                        "needs an even number of hexadecimal digits, found %zu", text.n);
    if (!check_digits(text, err))
        return false;
    p = arena_alloc(a, text.n / 2, 1);
    if (!p)
        return arena_fail(a, err);
    decode(text, p);
    *out = span_of(p, text.n / 2);
    return true;
}
