#include "der.h"

#include "../base/when.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define X690 "X.690"

enum {
    LENGTH_OCTETS = 4, /* a longer length field than this would describe more than 4 GiB */
    OID_ROOM = 64,     /* content of the longest object identifier that we name ourselves */
};

/* Reading */

uint8_t der_peek(const struct reader *r)
{
    return reader_left(r) > 0 ? r->in.p[r->at] : 0;
}

static uint8_t tag_take(struct reader *r, const char *name)
{
    size_t at = reader_offset(r);
    uint8_t tag = reader_u8(r, name);

    if ((tag & 0x1f) == 0x1f)
        reader_fail_at(r, at, ERR_MALFORMED, X690, name,
                       "has tag 0x%02x, which says that it takes more than one byte", tag);
    else if (tag == 0)
        reader_fail_at(r, at, ERR_MALFORMED, X690, name,
                       "has tag 0x00, which stands only for the end of an indefinite length");
    return tag;
}

/* "the length ... encoded in the minimum number of octets" (10.1) */
static size_t long_length_take(struct reader *r, size_t octets, size_t at, const char *name)
{
    struct span s = reader_take(r, octets, name);
    size_t n = 0;

    if (!reader_ok(r))
        return 0;
    for (size_t i = 0; i < s.n; i++)
        n = n << 8 | s.p[i];
    if (s.p[0] == 0 || n < 0x80)
        reader_fail_at(r, at, ERR_MALFORMED, X690, name,
                       "has a length of %zu bytes written in more octets than it needs", n);
    return n;
}

static size_t length_take(struct reader *r, const char *name)
{
    size_t at = reader_offset(r);
    uint8_t first = reader_u8(r, name);
    size_t octets = first & 0x7f;

    if (first < 0x80)
        return first;
    if (first == 0x80)
        reader_fail_at(r, at, ERR_MALFORMED, X690, name,
                       "has an indefinite length, and DER wants a definite one");
    else if (octets > LENGTH_OCTETS)
        reader_fail_at(r, at, ERR_MALFORMED, X690, name,
                       "has a length field of %zu octets, at most %d are read", octets,
                       LENGTH_OCTETS);
    return long_length_take(r, octets, at, name);
}

/* Reads tag and length; the content is next. */
static size_t head_take(struct reader *r, uint8_t tag, const char *name)
{
    size_t at = reader_offset(r);
    uint8_t found = tag_take(r, name);

    if (reader_ok(r) && found != tag)
        reader_fail_at(r, at, ERR_MALFORMED, X690, name, "has tag 0x%02x, expected 0x%02x", found,
                       tag);
    return length_take(r, name);
}

struct span der_take(struct reader *r, uint8_t tag, const char *name)
{
    size_t n = head_take(r, tag, name);

    return reader_take(r, n, name);
}

struct span der_take_any(struct reader *r, uint8_t *tag, const char *name)
{
    uint8_t found = tag_take(r, name);
    size_t n = length_take(r, name);
    struct span s = reader_take(r, n, name);

    *tag = reader_ok(r) ? found : 0;
    return s;
}

struct span der_take_raw(struct reader *r, uint8_t tag, const char *name)
{
    size_t from = r->at;

    der_take(r, tag, name);
    return reader_ok(r) ? span_part(r->in, from, r->at - from) : (struct span){ 0 };
}

struct reader der_enter(struct reader *r, uint8_t tag, const char *name)
{
    size_t n = head_take(r, tag, name);

    return reader_sub(r, n, name);
}

/* Two's complement in the fewest octets (8.3.2): the first nine bits are never all alike. */
static bool is_minimal(struct span s)
{
    return s.n == 1 ||
           (s.n > 1 && !(s.p[0] == 0x00 && s.p[1] < 0x80) && !(s.p[0] == 0xff && s.p[1] >= 0x80));
}

static struct span integer_take(struct reader *r, uint8_t tag, const char *name)
{
    size_t at = reader_offset(r);
    struct span s = der_take(r, tag, name);

    if (reader_ok(r) && !is_minimal(s))
        reader_fail_at(r, at, ERR_MALFORMED, X690, name,
                       "is an integer in %zu octets, not in the fewest that hold it", s.n);
    return reader_ok(r) ? s : (struct span){ 0 };
}

struct span der_integer(struct reader *r, const char *name)
{
    return integer_take(r, DER_INTEGER, name);
}

/* The octets of a number that is not negative, without the zero octet that only keeps its sign. */
static struct span natural_take(struct reader *r, uint8_t tag, const char *name)
{
    size_t at = reader_offset(r);
    struct span s = integer_take(r, tag, name);

    if (s.n > 0 && s.p[0] >= 0x80) {
        reader_fail_at(r, at, ERR_MALFORMED, NULL, name, "is negative");
        return (struct span){ 0 };
    }
    return s.n > 0 && s.p[0] == 0 ? span_part(s, 1, s.n - 1) : s;
}

uint64_t der_uint(struct reader *r, uint8_t tag, uint64_t most, const char *name)
{
    size_t at = reader_offset(r);
    struct span s = natural_take(r, tag, name);
    uint64_t v = 0;

    if (s.n <= sizeof v)
        for (size_t i = 0; i < s.n; i++)
            v = v << 8 | s.p[i];
    else
        v = UINT64_MAX;
    if (s.n > sizeof v || v > most) {
        reader_fail_at(r, at, ERR_MALFORMED, NULL, name, "is larger than %llu",
                       (unsigned long long)most);
        return 0;
    }
    return v;
}

struct span der_magnitude(struct reader *r, const char *name)
{
    size_t at = reader_offset(r);
    struct span s = natural_take(r, DER_INTEGER, name);

    if (reader_ok(r) && s.n == 0)
        reader_fail_at(r, at, ERR_MALFORMED, NULL, name, "is zero, expected a positive integer");
    return s;
}

bool der_boolean(struct reader *r, const char *name)
{
    size_t at = reader_offset(r);
    struct span s = der_take(r, DER_BOOLEAN, name);

    if (!reader_ok(r))
        return false;
    if (s.n == 1 && (s.p[0] == 0x00 || s.p[0] == 0xff))
        return s.p[0] == 0xff;
    return reader_fail_at(r, at, ERR_MALFORMED, X690, name,
                          "is a boolean in %zu octets other than 00 or ff", s.n);
}

struct span der_bits(struct reader *r, const char *name)
{
    size_t at = reader_offset(r);
    struct span s = der_take(r, DER_BIT_STRING, name);

    if (!reader_ok(r))
        return s;
    if (s.n == 0 || s.p[0] != 0) {
        reader_fail_at(r, at, ERR_MALFORMED, X690, name,
                       "is a bit string that is not made of whole octets");
        return (struct span){ 0 };
    }
    return span_part(s, 1, s.n - 1);
}

/* "all trailing 0 bits removed" (11.2.2): the last bit that is there is set. */
static bool is_named_bits(struct span s)
{
    if (s.n < 1 || s.n > 5 || s.p[0] > 7)
        return false;
    if (s.n == 1)
        return s.p[0] == 0;
    return (s.p[s.n - 1] & ((2u << s.p[0]) - 1u)) == 1u << s.p[0];
}

uint32_t der_named_bits(struct reader *r, const char *name)
{
    size_t at = reader_offset(r);
    struct span s = der_take(r, DER_BIT_STRING, name);
    uint32_t bits = 0;

    if (!reader_ok(r))
        return 0;
    if (!is_named_bits(s)) {
        reader_fail_at(r, at, ERR_MALFORMED, X690, name,
                       "is no list of at most 32 named bits that ends with the last one set");
        return 0;
    }
    for (size_t i = 0; i < (s.n - 1) * 8; i++)
        if (s.p[1 + i / 8] & 0x80u >> i % 8)
            bits |= 1u << i;
    return bits;
}

static bool digits(struct span s, size_t at, size_t n, int *out)
{
    int v = 0;

    for (size_t i = at; i < at + n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        v = v * 10 + (s.p[i] - '0');
    }
    *out = v;
    return true;
}

/* "YY" from 50 on is 19YY (RFC 5280, 4.1.2.5.1). */
static bool year_of(struct span s, size_t wide, int *out)
{
    if (!digits(s, 0, wide, out))
        return false;
    if (wide == 2)
        *out += *out >= 50 ? 1900 : 2000;
    return true;
}

static bool moment_of(struct span s, size_t wide, int64_t *out)
{
    struct when_parts p = { 0 };

    return s.n == wide + 11 && s.p[s.n - 1] == 'Z' && year_of(s, wide, &p.year) &&
           digits(s, wide, 2, &p.month) && digits(s, wide + 2, 2, &p.day) &&
           digits(s, wide + 4, 2, &p.hour) && digits(s, wide + 6, 2, &p.minute) &&
           digits(s, wide + 8, 2, &p.second) && p.year >= 1970 && when_of_parts(&p, out);
}

int64_t der_time(struct reader *r, const char *name)
{
    size_t at = reader_offset(r);
    uint8_t tag = 0;
    struct span s = der_take_any(r, &tag, name);
    int64_t t = 0;

    if (!reader_ok(r))
        return 0;
    if (tag != DER_UTC_TIME && tag != DER_GENERALIZED_TIME)
        reader_fail_at(r, at, ERR_MALFORMED, "RFC 5280, 4.1.2.5", name,
                       "has tag 0x%02x, expected a UTCTime or a GeneralizedTime", tag);
    else if (!moment_of(s, tag == DER_UTC_TIME ? 2 : 4, &t))
        reader_fail_at(r, at, ERR_MALFORMED, "RFC 5280, 4.1.2.5", name,
                       "is not a moment in the form %sMMDDhhmmssZ",
                       tag == DER_UTC_TIME ? "YY" : "YYYY");
    return t;
}

/* Object identifiers: base-128 numbers, most significant first, high bit set on all but the last
 * octet; the first number holds two arcs (8.19). */

static void write_arc(struct writer *w, uint64_t v)
{
    for (unsigned shift = 63; shift >= 7; shift -= 7)
        if (v >> shift)
            write_u8(w, (uint8_t)(0x80 | (v >> shift & 0x7f)));
    write_u8(w, (uint8_t)(v & 0x7f));
}

static uint64_t arc_of(const char **text)
{
    uint64_t v = 0;

    for (; **text >= '0' && **text <= '9'; (*text)++)
        v = v * 10 + (uint64_t)(**text - '0');
    if (**text == '.')
        (*text)++;
    return v;
}

static struct span oid_content(const char *dotted, uint8_t buf[OID_ROOM])
{
    struct writer w = writer_over(buf, OID_ROOM);
    uint64_t first = arc_of(&dotted);

    write_arc(&w, first * 40 + arc_of(&dotted));
    while (*dotted >= '0' && *dotted <= '9')
        write_arc(&w, arc_of(&dotted));
    assert(*dotted == '\0' && !w.has_failed);
    return writer_span(&w);
}

bool der_oid_is(struct span oid, const char *dotted)
{
    uint8_t buf[OID_ROOM];

    return span_equal(oid, oid_content(dotted, buf));
}

static bool arc_take(struct span *s, uint64_t *out)
{
    uint64_t v = 0;

    if (s->n > 0 && s->p[0] == 0x80)
        return false;
    for (size_t i = 0; i < s->n && v <= UINT64_MAX >> 7; i++) {
        v = v << 7 | (s->p[i] & 0x7f);
        if (s->p[i] < 0x80) {
            *out = v;
            *s = span_part(*s, i + 1, s->n - i - 1);
            return true;
        }
    }
    return false;
}

static bool oid_print(struct span oid, struct writer *w)
{
    uint64_t v = 0, first;

    if (!arc_take(&oid, &v))
        return false;
    first = v < 80 ? v / 40 : 2;
    write_format(w, "%llu.%llu", (unsigned long long)first, (unsigned long long)(v - first * 40));
    while (oid.n > 0) {
        if (!arc_take(&oid, &v))
            return false;
        write_format(w, ".%llu", (unsigned long long)v);
    }
    write_u8(w, 0);
    return !w->has_failed;
}

const char *der_oid_show(struct span oid, char *buf, size_t room)
{
    struct writer w = writer_over(buf, room);

    return oid_print(oid, &w) ? buf : "?";
}

/* Writing */

static unsigned length_octets(size_t n)
{
    unsigned octets = 0;

    for (; n > 0; n >>= 8)
        octets++;
    return octets;
}

static void write_length(struct writer *w, size_t n)
{
    unsigned octets = length_octets(n);

    if (n < 0x80) {
        write_u8(w, (uint8_t)n);
        return;
    }
    if (octets > LENGTH_OCTETS) {
        w->has_failed = true;
        return;
    }
    write_u8(w, (uint8_t)(0x80 | octets));
    for (unsigned i = octets; i > 0; i--)
        write_u8(w, (uint8_t)(n >> (8 * (i - 1))));
}

void der_write(struct writer *w, uint8_t tag, struct span content)
{
    write_u8(w, tag);
    write_length(w, content.n);
    write_bytes(w, content);
}

size_t der_begin(struct writer *w, uint8_t tag)
{
    write_u8(w, tag);
    return w->n;
}

void der_end(struct writer *w, size_t from)
{
    size_t n = w->n - from, head;
    uint8_t length[1 + LENGTH_OCTETS];
    struct writer l = writer_over(length, sizeof length);

    write_length(&l, n);
    head = l.n;
    if (l.has_failed || !write_room(w, head)) {
        w->has_failed = true;
        return;
    }
    memmove(w->p + from + head, w->p + from, n);
    memcpy(w->p + from, length, head);
}

void der_write_oid(struct writer *w, const char *dotted)
{
    uint8_t buf[OID_ROOM];

    der_write(w, DER_OID, oid_content(dotted, buf));
}

static void write_natural(struct writer *w, uint8_t tag, struct span big_endian)
{
    struct span s = big_endian;
    size_t from = der_begin(w, tag);

    while (s.n > 0 && s.p[0] == 0)
        s = span_part(s, 1, s.n - 1);
    if (s.n == 0 || s.p[0] >= 0x80)
        write_u8(w, 0);
    write_bytes(w, s);
    der_end(w, from);
}

void der_write_uint(struct writer *w, uint8_t tag, uint64_t v)
{
    uint8_t buf[sizeof v];
    struct writer b = writer_over(buf, sizeof buf);

    write_u64be(&b, v);
    write_natural(w, tag, writer_span(&b));
}

void der_write_magnitude(struct writer *w, struct span big_endian)
{
    write_natural(w, DER_INTEGER, big_endian);
}

void der_write_boolean(struct writer *w, bool v)
{
    uint8_t octet = v ? 0xff : 0x00;

    der_write(w, DER_BOOLEAN, span_of(&octet, 1));
}

void der_write_bits(struct writer *w, struct span bytes)
{
    size_t from = der_begin(w, DER_BIT_STRING);

    write_u8(w, 0);
    write_bytes(w, bytes);
    der_end(w, from);
}

void der_write_named_bits(struct writer *w, uint32_t bits)
{
    uint8_t octets[5] = { 0 };
    size_t count = 0;

    for (size_t i = 0; i < 32; i++)
        if (bits >> i & 1) {
            octets[1 + i / 8] = (uint8_t)(octets[1 + i / 8] | 0x80u >> i % 8);
            count = i + 1;
        }
    octets[0] = (uint8_t)((8 - count % 8) % 8);
    der_write(w, DER_BIT_STRING, span_of(octets, 1 + (count + 7) / 8));
}

void der_write_time(struct writer *w, int64_t t)
{
    struct when_parts p = when_parts_of(t);
    bool is_short = p.year >= 1950 && p.year < 2050;
    size_t from = der_begin(w, is_short ? DER_UTC_TIME : DER_GENERALIZED_TIME);

    if (is_short)
        write_format(w, "%02d", p.year % 100);
    else
        write_format(w, "%04d", p.year);
    write_format(w, "%02d%02d%02d%02d%02dZ", p.month, p.day, p.hour, p.minute, p.second);
    der_end(w, from);
}
