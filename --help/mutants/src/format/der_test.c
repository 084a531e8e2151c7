#include "der.h"

#include "../../tests/check.h"

#define BYTES(...)                                                                                 \
    span_of((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

/* One read of a value, so that rows can name it. The field is always called "f". */
enum what { TAKE, ANY, RAW, ENTER, UINT, INTEGER, MAGNITUDE, BOOLEAN, BITS, NAMED, TIME };

static uint64_t read_one(enum what what, struct reader *r)
{
    uint8_t tag = 0;
    struct reader sub;

    switch (what) {
    case TAKE:
        return der_take(r, DER_OCTET_STRING, "f").n;
    case ANY:
        return der_take_any(r, &tag, "f").n;
    case RAW:
        return der_take_raw(r, DER_OCTET_STRING, "f").n;
    case ENTER:
        sub = der_enter(r, DER_SEQUENCE, "f");
        (void)der_take(&sub, DER_OCTET_STRING, "inner");
        return reader_join(r, &sub, "f");
    case UINT:
        return der_uint(r, DER_INTEGER, 0xffff, "f");
    case INTEGER:
        return der_integer(r, "f").n;
    case MAGNITUDE:
        return der_magnitude(r, "f").n;
    case BOOLEAN:
        return der_boolean(r, "f");
    case BITS:
        return der_bits(r, "f").n;
    case NAMED:
        return der_named_bits(r, "f");
    case TIME:
        return (uint64_t)der_time(r, "f");
    }
    abort();
}

/* Reads from a heap copy of exactly those bytes. */
static uint64_t read_exact(enum what what, struct span in, struct err *err)
{
    uint8_t *p = check_exact(in);
    struct reader r = reader_over(span_of(p, in.n), err);
    uint64_t v = read_one(what, &r);
    bool is_done = reader_done(&r);

    assert_true(is_done == (err->code == ERR_NONE));
    free(p);
    return v;
}

static void each_value_is_read(void **state)
{
    const struct {
        const char *name;
        enum what what;
        struct span in;
        uint64_t want;
    } rows[] = {
        { "octets", TAKE, BYTES(4, 2, 9, 9), 2 },
        { "no octets", TAKE, BYTES(4, 0), 0 },
        { "any tag", ANY, BYTES(0x85, 1, 7), 1 },
        { "raw has its head", RAW, BYTES(4, 2, 9, 9), 4 },
        { "sequence", ENTER, BYTES(0x30, 4, 4, 2, 9, 9), 1 },
        { "zero", UINT, BYTES(2, 1, 0), 0 },
        { "127", UINT, BYTES(2, 1, 127), 127 },
        { "128 has a leading zero", UINT, BYTES(2, 2, 0, 128), 128 },
        { "the most", UINT, BYTES(2, 3, 0, 0xff, 0xff), 0xffff },
        { "negative integer", INTEGER, BYTES(2, 1, 0x80), 1 },
        { "magnitude drops the sign octet", MAGNITUDE, BYTES(2, 2, 0, 0x80), 1 },
        { "false", BOOLEAN, BYTES(1, 1, 0), 0 },
        { "true", BOOLEAN, BYTES(1, 1, 0xff), 1 },
        { "bits", BITS, BYTES(3, 3, 0, 1, 2), 2 },
        { "no bits", BITS, BYTES(3, 1, 0), 0 },
        { "digitalSignature, nonRepudiation", NAMED, BYTES(3, 2, 6, 0xc0), 3 },
        { "keyCertSign, cRLSign", NAMED, BYTES(3, 2, 1, 6), 0x60 },
        { "decipherOnly", NAMED, BYTES(3, 3, 7, 0, 0x80), 0x100 },
        { "no named bits", NAMED, BYTES(3, 1, 0), 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = { 0 };
        uint64_t got = read_exact(rows[i].what, rows[i].in, &e);

        CHECK_OK(rows[i].name, e.code == ERR_NONE, e);
        CHECK_INT(rows[i].name, got, rows[i].want);
    }
}

static void der_refuses_what_is_not_distinguished(void **state)
{
    /* X.690, 10.1, 8.3.2, 11.1, 11.2; one rule broken in each row */
    const struct {
        const char *name;
        enum what what;
        struct span in;
        const char *path;
    } rows[] = {
        { "indefinite length", TAKE, BYTES(0x04, 0x80, 0, 0), "f" },
        { "long length below 128", TAKE, BYTES(0x04, 0x81, 1, 9), "f" },
        { "long length with a zero octet", TAKE, BYTES(0x04, 0x82, 0, 0x80), "f" },
        { "five length octets", TAKE, BYTES(0x04, 0x85, 1, 0, 0, 0, 0), "f" },
        { "127 length octets", TAKE, BYTES(0x04, 0xff, 1), "f" },
        { "length beyond the box", TAKE, BYTES(0x04, 2, 9), "f" },
        { "4 GiB in four bytes", TAKE, BYTES(0x04, 0x84, 0xff, 0xff, 0xff, 0xff), "f" },
        { "tag in two bytes", ANY, BYTES(0x1f, 0x81, 0x01, 0), "f" },
        { "context tag in two bytes", ANY, BYTES(0xbf, 0x1f, 0), "f" },
        { "end of contents", ANY, BYTES(0, 0), "f" },
        { "another tag", TAKE, BYTES(0x24, 1, 9), "f" },
        { "no tag", TAKE, BYTES(0x04), "f" },
        { "bytes behind the element", TAKE, BYTES(0x04, 0, 0x04, 0), "" },
        { "inner beyond its sequence", ENTER, BYTES(0x30, 2, 0x04, 1, 9), "f.inner" },
        { "inner leaves a byte", ENTER, BYTES(0x30, 3, 0x04, 0, 9), "f" },
        { "integer without octets", INTEGER, BYTES(2, 0), "f" },
        { "integer with a needless zero", INTEGER, BYTES(2, 2, 0, 0x7f), "f" },
        { "integer with needless ones", INTEGER, BYTES(2, 2, 0xff, 0x80), "f" },
        { "negative where none may be", UINT, BYTES(2, 1, 0x80), "f" },
        { "one above the most", UINT, BYTES(2, 3, 1, 0, 0), "f" },
        { "nine octets", UINT, BYTES(2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0), "f" },
        { "negative magnitude", MAGNITUDE, BYTES(2, 1, 0xff), "f" },
        { "magnitude of zero", MAGNITUDE, BYTES(2, 1, 0), "f" },
        { "boolean 01", BOOLEAN, BYTES(1, 1, 1), "f" },
        { "boolean of two octets", BOOLEAN, BYTES(1, 2, 0xff, 0xff), "f" },
        { "boolean of none", BOOLEAN, BYTES(1, 0), "f" },
        { "bit string without its first octet", BITS, BYTES(3, 0), "f" },
        { "bit string of seven bits", BITS, BYTES(3, 2, 1, 0xfe), "f" },
        { "named bits with a set bit unused", NAMED, BYTES(3, 2, 6, 0xe0), "f" },
        { "named bits with a trailing zero bit", NAMED, BYTES(3, 2, 5, 0xc0), "f" },
        { "named bits with a trailing zero octet", NAMED, BYTES(3, 3, 0, 0xff, 0), "f" },
        { "named bits, eight unused", NAMED, BYTES(3, 2, 8, 0x80), "f" },
        { "named bits, none and one unused", NAMED, BYTES(3, 1, 1), "f" },
        { "forty named bits", NAMED, BYTES(3, 6, 0, 1, 1, 1, 1, 1), "f" },
        { "time that is text", TIME, BYTES(0x0c, 1, '1'), "f" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = { 0 };

        (void)read_exact(rows[i].what, rows[i].in, &e);
        CHECK_ERR(rows[i].name, e, ERR_MALFORMED, rows[i].path);
        CHECK(rows[i].name, e.offset != ERR_NO_OFFSET && e.offset <= rows[i].in.n);
    }
}

static void an_error_points_at_the_element(void **state)
{
    struct span in = BYTES(0x30, 7, 2, 1, 5, 2, 2, 0, 1);
    struct err e = { 0 };
    struct reader r = reader_over(in, &e), sub = der_enter(&r, DER_SEQUENCE, "pair");

    (void)state;
    assert_int_equal(der_uint(&sub, DER_INTEGER, 9, "first"), 5);
    assert_int_equal(der_uint(&sub, DER_INTEGER, 9, "second"), 0);
    assert_false(reader_join(&r, &sub, "pair"));
    CHECK_ERR("pair", e, ERR_MALFORMED, "pair.second");
    assert_int_equal(e.offset, 5);
}

static void time_rows(uint8_t tag, const char *text, bool is_good, int64_t want)
{
    uint8_t buf[64];
    struct writer w = writer_over(buf, sizeof buf);
    struct err e = { 0 };
    uint64_t got;

    der_write(&w, tag, span_str(text));
    got = read_exact(TIME, writer_span(&w), &e);
    if (is_good) {
        CHECK_OK(text, e.code == ERR_NONE, e);
        CHECK_INT(text, got, want);
    } else
        CHECK_ERR(text, e, ERR_MALFORMED, "f");
}

static void times_have_the_forms_of_rfc_5280(void **state)
{
    static const struct {
        uint8_t tag;
        const char *text;
        bool is_good;
        int64_t want;
    } rows[] = {
        { DER_UTC_TIME, "700101000000Z", true, 0 },
        { DER_UTC_TIME, "240115120000Z", true, 1705320000 },
        { DER_UTC_TIME, "491231235959Z", true, 2524607999 },
        { DER_GENERALIZED_TIME, "20500101000000Z", true, 2524608000 },
        { DER_GENERALIZED_TIME, "99991231235959Z", true, 253402300799 },
        { DER_UTC_TIME, "500101000000Z", false, 0 }, /* 1950 */
        { DER_UTC_TIME, "2401151200Z", false, 0 },
        { DER_UTC_TIME, "240115120000", false, 0 },
        { DER_UTC_TIME, "240115120000+0000", false, 0 },
        { DER_UTC_TIME, "20240115120000Z", false, 0 },
        { DER_UTC_TIME, "240230000000Z", false, 0 },
        { DER_UTC_TIME, "240115240000Z", false, 0 },
        { DER_UTC_TIME, "24011512000/Z", false, 0 },
        { DER_UTC_TIME, "", false, 0 },
        { DER_GENERALIZED_TIME, "20500101000000.5Z", false, 0 },
        { DER_GENERALIZED_TIME, "500101000000Z", false, 0 },
        { DER_GENERALIZED_TIME, "2050-101000000Z", false, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        time_rows(rows[i].tag, rows[i].text, rows[i].is_good, rows[i].want);
}

static void oids_are_compared_and_shown(void **state)
{
    static const char *const oids[] = {
        "1.2.840.113741.1.13.1.2.18", "2.5.29.35", "0.9.2342", "2.999.1", "1.3.6.1.4.1.311.105.1",
        "2.16.840.1.101.3.4.2.1"
    };
    uint8_t buf[64];
    char show[96];

    (void)state;
    for (size_t i = 0; i < COUNT(oids); i++) {
        struct writer w = writer_over(buf, sizeof buf);
        struct err e = { 0 };
        struct reader r;
        struct span oid;

        der_write_oid(&w, oids[i]);
        r = reader_over(writer_span(&w), &e);
        oid = der_take(&r, DER_OID, "oid");
        CHECK_OK(oids[i], reader_done(&r), e);
        CHECK(oids[i], der_oid_is(oid, oids[i]));
        CHECK(oids[i], !der_oid_is(span_part(oid, 0, oid.n - 1), oids[i]));
        CHECK(oids[i], !der_oid_is(oid, "1.2.3"));
        assert_string_equal(der_oid_show(oid, show, sizeof show), oids[i]);
    }
}

static void a_malformed_oid_is_shown_as_a_question(void **state)
{
    const struct {
        const char *name;
        struct span oid;
    } rows[] = {
        { "empty", { 0 } },
        { "unfinished arc", BYTES(0x2a, 0x86) },
        { "arc with a leading zero group", BYTES(0x2a, 0x80, 0x01) },
        { "arc above 64 bits",
          BYTES(0x2a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f) },
    };
    char show[64];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(rows[i].name, strcmp(der_oid_show(rows[i].oid, show, sizeof show), "?") == 0);
    CHECK("no room", strcmp(der_oid_show(BYTES(0x2a, 0x03), show, 4), "?") == 0);
}

/* Writes content of n bytes between begin and end, and as one element. */
static void write_both(struct arena *a, size_t n, struct span out[2])
{
    struct writer whole = writer_in(a, 0), around = writer_in(a, 0);
    struct span content = span_of(arena_alloc(a, n, 1), n);
    struct err e = { 0 };
    size_t at;

    der_write(&whole, DER_SEQUENCE, content);
    at = der_begin(&around, DER_SEQUENCE);
    write_bytes(&around, content);
    der_end(&around, at);
    assert_true(writer_done(&whole, &out[0], &e) && writer_done(&around, &out[1], &e));
}

static void lengths_are_written_in_the_fewest_octets(void **state)
{
    static const struct {
        size_t n, head;
    } rows[] = { { 0, 2 },     { 127, 2 },   { 128, 3 },      { 255, 3 },     { 256, 4 },
                 { 65535, 4 }, { 65536, 5 }, { 0xffffff, 5 }, { 1u << 24, 6 } };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(256u << 20);
        struct span out[2];
        struct err e = { 0 };
        struct reader r;

        write_both(&a, rows[i].n, out);
        assert_int_equal(out[0].n, rows[i].head + rows[i].n);
        CHECK_SPAN("around", out[1], out[0]);
        r = reader_over(out[0], &e);
        assert_int_equal(der_take(&r, DER_SEQUENCE, "f").n, rows[i].n);
        CHECK_OK("length", reader_done(&r), e);
        arena_fini(&a);
    }
}

static void integers_round_trip(void **state)
{
    static const uint64_t values[] = { 0,         1,      0x7f,   0x80,       0xff,
                                       0x100,     0x7fff, 0x8000, UINT32_MAX, (uint64_t)INT64_MAX,
                                       UINT64_MAX };
    uint8_t buf[32];

    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        struct writer w = writer_over(buf, sizeof buf);
        struct err e = { 0 };
        struct reader r;

        der_write_uint(&w, DER_ENUMERATED, values[i]);
        r = reader_over(writer_span(&w), &e);
        assert_true(der_uint(&r, DER_ENUMERATED, UINT64_MAX, "f") == values[i]);
        CHECK_OK("value", reader_done(&r), e);
    }
}

static void values_are_written_as_they_are_read(void **state)
{
    uint8_t buf[128], again[128];
    struct writer w = writer_over(buf, sizeof buf), x = writer_over(again, sizeof again);
    struct err e = { 0 };
    struct reader r;

    (void)state;
    der_write_magnitude(&w, BYTES(0, 0, 0x80, 1));
    der_write_boolean(&w, true);
    der_write_bits(&w, BYTES(7, 8));
    der_write_named_bits(&w, 0x80000001u);
    der_write_named_bits(&w, 0);
    der_write_time(&w, 2524607999);
    der_write_time(&w, 2524608000);
    r = reader_over(writer_span(&w), &e);
    der_write_magnitude(&x, der_magnitude(&r, "magnitude"));
    der_write_boolean(&x, der_boolean(&r, "boolean"));
    der_write_bits(&x, der_bits(&r, "bits"));
    der_write_named_bits(&x, der_named_bits(&r, "named"));
    der_write_named_bits(&x, der_named_bits(&r, "none"));
    der_write_time(&x, der_time(&r, "short"));
    der_write_time(&x, der_time(&r, "long"));
    CHECK_OK("values", reader_done(&r), e);
    CHECK_SPAN("values", writer_span(&x), writer_span(&w));
}

static void a_writer_without_room_fails_and_keeps_still(void **state)
{
    uint8_t buf[512] = { 0 };

    (void)state;
    for (size_t room = 0; room < 12; room++) {
        struct writer w = writer_over(buf, room);
        struct span out = { 0 };
        struct err e = { 0 };
        size_t outer = der_begin(&w, DER_SEQUENCE), inner = der_begin(&w, DER_SEQUENCE);

        der_write_oid(&w, "1.2.840.10045.2.1");
        der_end(&w, inner);
        der_end(&w, outer);
        assert_false(writer_done(&w, &out, &e));
        assert_int_equal(e.code, ERR_LIMIT);
        assert_true(span_is_zero(span_of(buf + room, sizeof buf - room)));
    }
}

/* SEQUENCE { INTEGER, SEQUENCE { OID, BOOLEAN }, [0] { BIT STRING } } */
static bool read_nested(struct reader *r)
{
    struct reader seq = der_enter(r, DER_SEQUENCE, "outer"), alg, ctx;

    (void)der_uint(&seq, DER_INTEGER, 300, "number");
    alg = der_enter(&seq, DER_SEQUENCE, "algorithm");
    (void)der_take(&alg, DER_OID, "oid");
    (void)der_boolean(&alg, "flag");
    reader_join(&seq, &alg, "algorithm");
    ctx = der_enter(&seq, DER_CONTEXT_CONSTRUCTED(0), "context");
    (void)der_bits(&ctx, "bits");
    reader_join(&seq, &ctx, "context");
    reader_join(r, &seq, "outer");
    return reader_done(r);
}

static void every_truncation_of_a_nested_structure_is_refused(void **state)
{
    struct span whole =
        BYTES(0x30, 20, 2, 2, 1, 4, 0x30, 6, 6, 1, 42, 1, 1, 0xff, 0xa0, 6, 3, 4, 0, 9, 9, 9);
    struct err e = { 0 };
    struct reader r = reader_over(whole, &e);

    (void)state;
    CHECK_OK("whole", read_nested(&r), e);
    for (size_t n = 0; n < whole.n; n++) {
        uint8_t *p = check_exact(span_part(whole, 0, n));
        struct err at_n = { 0 };

        r = reader_over(span_of(p, n), &at_n);
        assert_false(read_nested(&r));
        CHECK("truncated", at_n.code == ERR_MALFORMED && strncmp(at_n.path, "outer", 5) == 0);
        free(p);
    }
}

static void peeking_does_not_move(void **state)
{
    struct err e = { 0 };
    struct reader r = reader_over(BYTES(0x04, 0), &e);

    (void)state;
    assert_int_equal(der_peek(&r), DER_OCTET_STRING);
    assert_int_equal(der_peek(&r), DER_OCTET_STRING);
    (void)der_take(&r, DER_OCTET_STRING, "f");
    assert_int_equal(der_peek(&r), 0);
    assert_true(reader_done(&r));
}

static void after_a_failure_every_read_yields_nothing(void **state)
{
    (void)state;
    for (int what = TAKE; what <= TIME; what++) {
        struct err e = { 0 };
        struct reader r = reader_over(BYTES(0x04, 1, 9), &e);

        reader_fail(&r, ERR_MALFORMED, NULL, "first", "went wrong");
        assert_int_equal(read_one((enum what)what, &r), 0);
        CHECK_ERR("first", e, ERR_MALFORMED, "first");
    }
}

TEST_MAIN(each_value_is_read, der_refuses_what_is_not_distinguished, an_error_points_at_the_element,
          times_have_the_forms_of_rfc_5280, oids_are_compared_and_shown,
          a_malformed_oid_is_shown_as_a_question, lengths_are_written_in_the_fewest_octets,
          integers_round_trip, values_are_written_as_they_are_read,
          a_writer_without_room_fails_and_keeps_still,
          every_truncation_of_a_nested_structure_is_refused, peeking_does_not_move,
          after_a_failure_every_read_yields_nothing)
