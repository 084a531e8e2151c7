#include "b64.h"

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

/* The value of each character, and above it the alphabets it is missing from; '-' and '_' share
 * values with '+' and '/'. One table for all forms: each has its own mask over the marks. */
enum { NOT_STD = 1 << 8, NOT_URL = 1 << 9, FOREIGN = NOT_STD | NOT_URL | 1 << 10 };

static const uint16_t masks[] = {
    [B64_URL] = NOT_URL, [B64_STD] = NOT_STD, [B64_TOLERANT] = FOREIGN & ~NOT_STD & ~NOT_URL
};

#define X FOREIGN
#define S NOT_URL | /* NOLINT(bugprone-macro-parentheses): of the ordinary alphabet only */
#define U NOT_STD | /* NOLINT(bugprone-macro-parentheses): of the URL alphabet only */
static const uint16_t values[256] = {
    /* clang-format off */
    X,X,X,X,X,X,X,X, X,X,X,X,X,X,X,X, X,X,X,X,X,X,X,X, X,X,X,X,X,X,X,X,
    X,X,X,X,X,X,X,X, X,X,X,S 62,X,U 62,X,S 63, 52,53,54,55,56,57,58,59, 60,61,X,X,X,X,X,X,
    X,0,1,2,3,4,5,6, 7,8,9,10,11,12,13,14, 15,16,17,18,19,20,21,22, 23,24,25,X,X,X,X,U 63,
    X,26,27,28,29,30,31,32, 33,34,35,36,37,38,39,40, 41,42,43,44,45,46,47,48, 49,50,51,X,X,X,X,X,
    X,X,X,X,X,X,X,X, X,X,X,X,X,X,X,X, X,X,X,X,X,X,X,X, X,X,X,X,X,X,X,X,
    X,X,X,X,X,X,X,X, X,X,X,X,X,X,X,X, X,X,X,X,X,X,X,X, X,X,X,X,X,X,X,X,
    X,X,X,X,X,X,X,X, X,X,X,X,X,X,X,X, X,X,X,X,X,X,X,X, X,X,X,X,X,X,X,X,
    X,X,X,X,X,X,X,X, X,X,X,X,X,X,X,X, X,X,X,X,X,X,X,X, X,X,X,X,X,X,X,X,
    /* clang-format on */
};
#undef X
#undef S
#undef U

static bool fail_character(struct span text, enum b64_form form, struct err *err)
{
    for (size_t i = 0; i < text.n; i++)
        if (values[text.p[i]] & masks[form]) {
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
        marks |= values[in.p[i]];
        rest = rest << 6 | (values[in.p[i]] & 63u);
    }
    if (in.n >= 2)
        out[0] = (uint8_t)(rest >> (in.n == 2 ? 4 : 10));
    if (in.n == 3)
        out[1] = (uint8_t)(rest >> 2);
    *tail = in.n == 2 ? rest & 15 : in.n == 3 ? rest & 3 : 0;
    return marks;
}

/* Decodes and gathers the marks of all characters: a branch for each would cost more than the work.
 */
static uint32_t decode(uint8_t *out, struct span in, uint32_t *tail)
{
    uint32_t marks = 0;
    size_t i = 0;

    for (; i + 4 <= in.n; i += 4, out += 3) {
        uint32_t a = values[in.p[i]], b = values[in.p[i + 1]], c = values[in.p[i + 2]],
                 d = values[in.p[i + 3]];
        uint32_t v = (a & 63) << 18 | (b & 63) << 12 | (c & 63) << 6 | (d & 63);

        marks |= a | b | c | d;
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
    p = arena_alloc(a, n, 1);
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
