/* Targets: der_take_any, der_take_raw, der_uint, der_integer, der_magnitude, der_boolean, der_bits,
 * der_named_bits, der_time, der_oid_show and their writers */
#include "../../fuzz/fuzz.h"
#include "der.h"

#include <string.h>

enum { DEPTH = 16 };

/* One encoding: what a reader took, the writer gives back. */
static void must_write_back(struct span raw, void (*rewrite)(struct reader *, struct writer *))
{
    static uint8_t room[1 << 16];
    struct writer w = writer_over(room, sizeof room);
    struct err e = { 0 };
    struct reader r = reader_over(raw, &e);

    if (raw.n > sizeof room)
        return;
    rewrite(&r, &w);
    if (reader_done(&r))
        must(span_equal(writer_span(&w), raw));
    else
        must(e.code == ERR_MALFORMED && e.text[0] != '\0' && e.offset <= raw.n);
}

static void rewrite_uint(struct reader *r, struct writer *w)
{
    der_write_uint(w, DER_INTEGER, der_uint(r, DER_INTEGER, UINT64_MAX, "f"));
}

static void rewrite_integer(struct reader *r, struct writer *w)
{
    der_write(w, DER_INTEGER, der_integer(r, "f"));
}

static void rewrite_magnitude(struct reader *r, struct writer *w)
{
    der_write_magnitude(w, der_magnitude(r, "f"));
}

static void rewrite_boolean(struct reader *r, struct writer *w)
{
    der_write_boolean(w, der_boolean(r, "f"));
}

static void rewrite_bits(struct reader *r, struct writer *w)
{
    der_write_bits(w, der_bits(r, "f"));
}

static void rewrite_named_bits(struct reader *r, struct writer *w)
{
    der_write_named_bits(w, der_named_bits(r, "f"));
}

/* A year before 2050 may stand as GeneralizedTime, and is written as UTCTime: only the moment must
 * come back. */
static void time_must_come_back(struct span raw)
{
    uint8_t room[32];
    struct writer w = writer_over(room, sizeof room);
    struct err e = { 0 };
    struct reader r = reader_over(raw, &e), again;
    int64_t t = der_time(&r, "f");

    if (!reader_done(&r))
        return;
    der_write_time(&w, t);
    again = reader_over(writer_span(&w), &e);
    must(der_time(&again, "f") == t && reader_done(&again));
}

static void oid_must_come_back(struct span content)
{
    char text[256];
    const char *shown = der_oid_show(content, text, sizeof text);

    if (shown[0] != '?' && content.n < 32)
        must(der_oid_is(content, shown));
}

static void look_at(struct span raw, struct span content, uint8_t tag)
{
    must_write_back(raw, rewrite_uint);
    must_write_back(raw, rewrite_integer);
    must_write_back(raw, rewrite_magnitude);
    must_write_back(raw, rewrite_boolean);
    must_write_back(raw, rewrite_bits);
    must_write_back(raw, rewrite_named_bits);
    time_must_come_back(raw);
    if (tag == DER_OID)
        oid_must_come_back(content);
}

static void walk(struct span in, unsigned depth)
{
    static uint8_t room[1 << 16];
    struct err e = { 0 };
    struct reader r = reader_over(in, &e);

    while (reader_left(&r) > 0) {
        size_t from = r.at;
        uint8_t tag = 0, peeked = der_peek(&r);
        struct span content = der_take_any(&r, &tag, "f"), raw;
        struct writer w = writer_over(room, sizeof room);

        if (!reader_ok(&r))
            break;
        raw = span_part(in, from, r.at - from);
        must(tag == peeked && content.n < raw.n);
        der_write(&w, tag, content);
        must(w.has_failed ? raw.n > sizeof room : span_equal(writer_span(&w), raw));
        look_at(raw, content, tag);
        if (tag & 0x20 && depth < DEPTH)
            walk(content, depth + 1);
    }
    must(reader_ok(&r) || (e.code == ERR_MALFORMED && e.offset <= in.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    walk(span_of(data, size), 0);
    return 0;
}
