#include "b64.h"

#include <endian.h>
#include <string.h>

static const char url_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char std_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Eight bytes, big-endian: written so that a compiler makes one load of it. */
static uint64_t load(const uint8_t *p)
{
    return (uint64_t)p[0] << 56 | (uint64_t)p[1] << 48 | (uint64_t)p[2] << 40 |
           (uint64_t)p[3] << 32 | (uint64_t)p[4] << 24 | (uint64_t)p[5] << 16 |
           (uint64_t)p[6] << 8 | p[7];
}

/* Six bytes become eight characters; the last two of the eight that are loaded wait. */
static void encode_six(uint8_t *out, const uint8_t *in, const char *digits)
{
    uint64_t v = load(in);

    out[0] = (uint8_t)digits[v >> 58];
    out[1] = (uint8_t)digits[v >> 52 & 63];
    out[2] = (uint8_t)digits[v >> 46 & 63];
    out[3] = (uint8_t)digits[v >> 40 & 63];
    out[4] = (uint8_t)digits[v >> 34 & 63];
    out[5] = (uint8_t)digits[v >> 28 & 63];
    out[6] = (uint8_t)digits[v >> 22 & 63];
    out[7] = (uint8_t)digits[v >> 16 & 63];
}

static void encode(uint8_t *out, struct span in, const char *digits)
{
    size_t i = 0;

    for (; in.n - i >= 8; i += 6, out += 8)
        encode_six(out, in.p + i, digits);
    for (; in.n - i >= 3; i += 3, out += 4) {
        uint32_t v = (uint32_t)in.p[i] << 16 | (uint32_t)in.p[i + 1] << 8 | in.p[i + 2];

        out[0] = (uint8_t)digits[v >> 18];
        out[1] = (uint8_t)digits[v >> 12 & 63];
        out[2] = (uint8_t)digits[v >> 6 & 63];
        out[3] = (uint8_t)digits[v & 63];
    }
    if (in.n - i == 1) {
        out[0] = (uint8_t)digits[in.p[i] >> 2];
        out[1] = (uint8_t)digits[(in.p[i] & 3) << 4];
    } else if (in.n - i == 2) {
        out[0] = (uint8_t)digits[in.p[i] >> 2];
        out[1] = (uint8_t)digits[(in.p[i] & 3) << 4 | in.p[i + 1] >> 4];
        out[2] = (uint8_t)digits[(in.p[i + 1] & 15) << 2];
    }
}

static size_t encoded_size(size_t n)
{
    return n / 3 * 4 + (n % 3 ? n % 3 + 1 : 0);
}

void b64_write_url(struct writer *w, struct span bytes)
{
    uint8_t *p = bytes.n < SIZE_MAX / 2 ? write_room(w, encoded_size(bytes.n)) : NULL;

    if (p)
        encode(p, bytes, url_digits);
}

void b64_write_std(struct writer *w, struct span bytes)
{
    uint8_t *p = bytes.n < SIZE_MAX / 2 ? write_room(w, encoded_size(bytes.n)) : NULL;

    if (!p)
        return;
    encode(p, bytes, std_digits);
    write_fill(w, '=', (3 - bytes.n % 3) % 3);
}

struct span b64_dup_url(struct arena *a, struct span bytes)
{
    struct writer w = writer_in(a, encoded_size(bytes.n) + 1);
    struct span out = { 0 };

    b64_write_url(&w, bytes);
    return writer_done(&w, &out, NULL) ? out : (struct span){ 0 };
}

struct span b64_dup_std(struct arena *a, struct span bytes)
{
    struct writer w = writer_in(a, encoded_size(bytes.n) + 4);
    struct span out = { 0 };

    b64_write_std(&w, bytes);
    return writer_done(&w, &out, NULL) ? out : (struct span){ 0 };
}

/* What each character stands for, shifted to its place in a group of four, and above that the
 * alphabets it is missing from; '-' and '_' share values with '+' and '/'. One set of tables for
 * all forms: each form has its own mask over the marks. */
enum { MARKS_AT = 24, NOT_STD = 1 << MARKS_AT, NOT_URL = 2 << MARKS_AT, FOREIGN = 7 << MARKS_AT };

static const uint32_t masks[] = {
    [B64_URL] = NOT_URL, [B64_STD] = NOT_STD, [B64_TOLERANT] = FOREIGN & ~NOT_STD & ~NOT_URL
};

/* NOLINTBEGIN(bugprone-macro-parentheses): the macros make lists */
#define X          FOREIGN
#define X8         X, X, X, X, X, X, X, X
#define X32        X8, X8, X8, X8
#define V(n, at)   ((n) + 0u) << (at)
#define S(n, at)   (V(n, at)) | NOT_URL /* of the ordinary alphabet only */
#define U(n, at)   (V(n, at)) | NOT_STD /* of the URL alphabet only */
#define V2(n, at)  V(n, at), V((n) + 1, at)
#define V8(n, at)  V2(n, at), V2((n) + 2, at), V2((n) + 4, at), V2((n) + 6, at)
#define V26(n, at) V8(n, at), V8((n) + 8, at), V8((n) + 16, at), V2((n) + 24, at)
#define TABLE(at)                                                                                  \
    {                                                                                              \
        X32, X8, X, X, X, S(62, at), X, U(62, at), X, S(63, at), V8(52, at), V2(60, at), X, X, X,  \
            X, X, X, X, V26(0, at), X, X, X, X, U(63, at), X, V26(26, at), X, X, X, X, X, X32,     \
            X32, X32, X32                                                                          \
    }

static const uint32_t places[4][256] = { TABLE(18), TABLE(12), TABLE(6), TABLE(0) };

/* NOLINTEND(bugprone-macro-parentheses) */
#undef TABLE
#undef V26
#undef V8
#undef V2
#undef U
#undef S
#undef V
#undef X32
#undef X8
#undef X

/* The value of one character, with its marks. */
static uint32_t value_of(uint8_t c)
{
    return places[3][c];
}

static bool fail_character(struct span text, enum b64_form form, struct err *err)
{
    for (size_t i = 0; i < text.n; i++)
        if (value_of(text.p[i]) & masks[form]) {
            uint8_t c = text.p[i];

            return err_fail_at(err, i, ERR_MALFORMED, "RFC 4648, 5",
                               "Unknown base64 character: %u ('%c') at %zu", c,
                               c >= 0x20 && c < 0x7f ? c : '?', i);
        }
    return true;
}

/* Cuts padding off and tells whether the length is one that an encoder writes. */
static bool cut_padding(struct span *text, enum b64_form form, struct err *err)
{
    size_t all = text->n, pad = 0;

    while (form != B64_URL && pad < 2 && text->n > 0 && text->p[text->n - 1] == '=') {
        text->n--;
        pad++;
    }
    if (form == B64_STD ? all % 4 != 0 : pad > 0 && all % 4 != 0)
        return err_fail(err, ERR_MALFORMED, "RFC 4648, 3.2",
                        "base64 padding does not fill a group of four: %zu characters", all);
    if (text->n % 4 == 1)
        return err_fail(err, ERR_MALFORMED, "RFC 4648, 4", "%zu is not a possible length of base64",
                        text->n);
    return true;
}

/* Decodes the last two or three characters; what does not fill a byte goes to *tail. */
static uint32_t decode_rest(uint8_t *out, struct span in, uint32_t *tail)
{
    uint32_t marks = 0, rest = 0;

    for (size_t i = 0; i < in.n; i++) {
        marks |= value_of(in.p[i]);
        rest = rest << 6 | (value_of(in.p[i]) & 63u);
    }
    if (in.n >= 2)
        out[0] = (uint8_t)(rest >> (in.n == 2 ? 4 : 10));
    if (in.n == 3)
        out[1] = (uint8_t)(rest >> 2);
    *tail = in.n == 2 ? rest & 15 : in.n == 3 ? rest & 3 : 0;
    return marks;
}

static uint32_t decode_four(const uint8_t *in)
{
    return places[0][in[0]] | places[1][in[1]] | places[2][in[2]] | places[3][in[3]];
}

/* Decodes and gathers the marks of all characters: a branch for each would cost more than the work.
 * Three bytes are written as four; while another group follows, the fourth has room. */
static uint32_t decode(uint8_t *out, struct span in, uint32_t *tail)
{
    uint32_t marks = 0;
    size_t i = 0;

    for (; in.n - i >= 8; i += 4, out += 3) {
        uint32_t v = decode_four(in.p + i);
        uint32_t bytes = htobe32(v << 8);

        marks |= v;
        memcpy(out, &bytes, sizeof bytes);
    }
    for (; in.n - i >= 4; i += 4, out += 3) {
        uint32_t v = decode_four(in.p + i);

        marks |= v;
        out[0] = (uint8_t)(v >> 16);
        out[1] = (uint8_t)(v >> 8);
        out[2] = (uint8_t)v;
    }
    return marks | decode_rest(out, span_part(in, i, in.n - i), tail);
}

bool b64_read(struct arena *a, struct span text, enum b64_form form, struct span *out,
              struct err *err)
{
    struct span whole = text;
    uint32_t tail = 0;
    uint8_t *p;
    size_t n;

    if (!cut_padding(&text, form, err))
        return false;
    n = text.n / 4 * 3 + (text.n % 4 ? text.n % 4 - 1 : 0);
    p = arena_room(a, n);
    if (!p)
        return arena_fail(a, err);
    if (decode(p, text, &tail) & masks[form])
        return fail_character(text, form, err);
    if (tail != 0 && form != B64_TOLERANT)
        return err_fail_at(err, whole.n - 1, ERR_MALFORMED, "RFC 4648, 3.5",
                           "the unused bits of the last base64 character are not zero");
    *out = span_of(p, n);
    return true;
}
