#include "reader.h"

#include "../../tests/check.h"

static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

static void numbers_are_read_in_both_orders(void **state)
{
    struct err e = { 0 };
    struct reader r = reader_over(span_of(bytes, 15), &e);

    (void)state;
    CHECK_INT("u8", reader_u8(&r, "a"), 0x01);
    CHECK_INT("u16le", reader_u16le(&r, "b"), 0x0302);
    CHECK_INT("u32le", reader_u32le(&r, "c"), 0x07060504);
    CHECK_INT("u64le", (long long)reader_u64le(&r, "d"), 0x0f0e0d0c0b0a0908);
    CHECK_OK("done", reader_done(&r), e);
    r = reader_over(span_of(bytes, 14), &e);
    CHECK_INT("u16be", reader_u16be(&r, "b"), 0x0102);
    CHECK_INT("u32be", reader_u32be(&r, "c"), 0x03040506);
    CHECK_INT("u64be", (long long)reader_u64be(&r, "d"), 0x0708090a0b0c0d0e);
    CHECK_OK("done", reader_done(&r), e);
    r = reader_over(span_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12), &e);
    CHECK("no sign", reader_u32le(&r, "a") == UINT32_MAX);
    CHECK("no sign", reader_u64be(&r, "b") == UINT64_MAX);
}

static void after_a_failure_every_read_is_zero(void **state)
{
    struct err e = { 0 };
    struct reader r = reader_over(span_of(bytes, 3), &e);

    (void)state;
    CHECK_INT("fits", reader_u16le(&r, "first"), 0x0201);
    CHECK_INT("does not", reader_u32le(&r, "second"), 0);
    CHECK_INT("one byte would be left", reader_u8(&r, "third"), 0);
    CHECK_INT("nothing is left", reader_left(&r), 0);
    CHECK("take", reader_take(&r, 0, "x").n == 0 && reader_rest(&r).n == 0);
    CHECK("count", reader_count(&r, 0, 1, "x") == 0);
    reader_zeros(&r, 1, "x");
    CHECK("not ok", !reader_ok(&r) && !reader_done(&r));
    CHECK_ERR("the first error", e, ERR_MALFORMED, "second");
    CHECK_INT("where", e.offset, 2);
}

static void bytes_left_over_are_refused(void **state)
{
    struct err e = { 0 };
    struct reader r = reader_over(span_of(bytes, 3), &e);

    (void)state;
    CHECK_SPAN("take", reader_take(&r, 2, "a"), span_of(bytes, 2));
    CHECK("ok so far", reader_ok(&r));
    CHECK("left over", !reader_done(&r));
    CHECK_ERR("left over", e, ERR_MALFORMED, "");
    CHECK_INT("where", e.offset, 2);
}

static void a_box_cannot_see_past_its_walls(void **state)
{
    struct err e = { 0 };
    struct reader r = reader_over(span_of(bytes, 16), &e), sub;

    (void)state;
    (void)reader_take(&r, 4, "head");
    sub = reader_sub(&r, 4, "box");
    CHECK_INT("left", reader_left(&sub), 4);
    CHECK_INT("offset in the whole", reader_offset(&sub), 4);
    CHECK_INT("too much for the box", reader_take(&sub, 5, "field").n, 0);
    CHECK("joined", !reader_join(&r, &sub, "box"));
    CHECK_ERR("path", e, ERR_MALFORMED, "box.field");
    CHECK_INT("where", e.offset, 4);
    CHECK("the outer one fails with it", !reader_ok(&r));
}

static void a_box_must_be_read_to_its_end(void **state)
{
    struct err e = { 0 };
    struct reader r = reader_over(span_of(bytes, 8), &e), sub;

    (void)state;
    sub = reader_sub(&r, 4, "box");
    (void)reader_take(&sub, 3, "field");
    CHECK("not empty", !reader_join(&r, &sub, "box"));
    CHECK_ERR("not empty", e, ERR_MALFORMED, "box");
    CHECK_INT("where", e.offset, 3);
}

static void a_box_that_does_not_fit_fails_outside(void **state)
{
    struct err e = { 0 };
    struct reader r = reader_over(span_of(bytes, 8), &e), sub;

    (void)state;
    sub = reader_sub(&r, 9, "box");
    CHECK_INT("empty", reader_left(&sub), 0);
    CHECK_INT("reads nothing", reader_u8(&sub, "field"), 0);
    CHECK("failed", !reader_join(&r, &sub, "again"));
    CHECK_ERR("once", e, ERR_MALFORMED, "box");
}

static void a_read_box_leaves_the_outer_one_going(void **state)
{
    struct err e = { 0 };
    struct reader r = reader_over(span_of(bytes, 8), &e), sub;

    (void)state;
    sub = reader_sub(&r, 4, "box");
    CHECK_SPAN("rest", reader_rest(&sub), span_of(bytes, 4));
    CHECK_OK("join", reader_join(&r, &sub, "box"), e);
    CHECK_SPAN("rest", reader_rest(&r), span_of(bytes + 4, 4));
    CHECK_OK("done", reader_done(&r), e);
}

static void counts_are_believed_only_when_they_could_fit(void **state)
{
    static const struct {
        const char *name;
        uint64_t count;
        size_t each;
        bool holds;
    } rows[] = {
        { "none", 0, 8, true },
        { "exactly", 2, 8, true },
        { "one more", 3, 8, false },
        { "larger things", 1, 17, false },
        { "a product that would wrap", UINT64_MAX / 8 + 2, 8, false },
        { "the largest", UINT64_MAX, 1, false },
        { "things of no size", 1, 0, false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = { 0 };
        struct reader r = reader_over(span_of(bytes, 16), &e);

        CHECK_INT(rows[i].name, reader_count(&r, rows[i].count, rows[i].each, "n"),
                  rows[i].holds ? (long long)rows[i].count : 0);
        CHECK_INT(rows[i].name, reader_ok(&r), rows[i].holds);
        if (!rows[i].holds)
            CHECK_ERR(rows[i].name, e, ERR_MALFORMED, "n");
    }
}

static void reserved_bytes_must_be_zero(void **state)
{
    uint8_t in[8] = { 0 };

    (void)state;
    for (size_t i = 0; i < 9; i++) {
        struct err e = { 0 };
        struct reader r = reader_over(span_of(in, 8), &e);

        memset(in, 0, sizeof in);
        if (i < 8)
            in[i] = 1;
        (void)reader_u8(&r, "first");
        reader_zeros(&r, 7, "reserved");
        CHECK_INT("holds", reader_ok(&r), i == 0 || i == 8);
        if (!reader_ok(&r)) {
            CHECK_ERR("reserved", e, ERR_MALFORMED, "reserved");
            CHECK_INT("where", e.offset, (long long)i);
        }
    }
}

static void failures_of_ours_carry_code_place_and_name(void **state)
{
    struct err e = { 0 };
    struct reader r = reader_over(span_of(bytes, 8), &e);

    (void)state;
    (void)reader_take(&r, 3, "x");
    CHECK("false", !reader_fail(&r, ERR_UNSUPPORTED, "a spec", "version", "%d is new", 9));
    CHECK_ERR("here", e, ERR_UNSUPPORTED, "version");
    CHECK_INT("here", e.offset, 3);
    e = (struct err){ 0 };
    r = reader_over(span_of(bytes, 8), &e);
    CHECK("false", !reader_fail_at(&r, 7, ERR_LIMIT, NULL, NULL, "x"));
    CHECK_ERR("there", e, ERR_LIMIT, "");
    CHECK_INT("there", e.offset, 7);
}

TEST_MAIN(numbers_are_read_in_both_orders, after_a_failure_every_read_is_zero,
          bytes_left_over_are_refused, a_box_cannot_see_past_its_walls,
          a_box_must_be_read_to_its_end, a_box_that_does_not_fit_fails_outside,
          a_read_box_leaves_the_outer_one_going, counts_are_believed_only_when_they_could_fit,
          reserved_bytes_must_be_zero, failures_of_ours_carry_code_place_and_name)
