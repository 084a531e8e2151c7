#include "writer.h"

#include "../../tests/check.h"
#include "reader.h"

static void write_all(struct writer *w)
{
    write_u8(w, 0x01);
    write_u16le(w, 0x0302);
    write_u32le(w, 0x07060504);
    write_u64le(w, 0x0f0e0d0c0b0a0908);
    write_u16be(w, 0x1011);
    write_u32be(w, 0x12131415);
    write_u64be(w, 0x161718191a1b1c1d);
    write_fill(w, 0xee, 2);
    write_bytes(w, span_of("ab", 2));
    write_text(w, "cd");
    write_format(w, "%d", 42);
}

enum { ALL = 1 + 2 + 4 + 8 + 2 + 4 + 8 + 2 + 2 + 2 + 2 };

static void what_is_written_lies_in_order(void **state)
{
    struct arena a = arena_over(1 << 16);
    struct writer w = writer_in(&a, 0);
    struct err e = { 0 };
    struct span out = { 0 };

    (void)state;
    write_all(&w);
    CHECK_OK("done", writer_done(&w, &out, &e), e);
    CHECK_INT("size", out.n, ALL);
    for (uint8_t i = 0; i < 0x1d; i++)
        CHECK_INT("each byte", out.p[i], i + 1);
    CHECK_TEXT("the rest", span_part(out, 0x1d, ALL),
               "\xee\xee"
               "abcd42");
    arena_fini(&a);
}

static void a_fixed_buffer_is_never_overrun(void **state)
{
    (void)state;
    for (size_t room = 0; room <= ALL; room++) {
        uint8_t *p = malloc(room ? room : 1);
        struct writer w = writer_over(p, room);
        struct span out = span_str("untouched");
        struct err e = { 0 };

        write_all(&w);
        CHECK_INT("holds", writer_done(&w, &out, &e), room == ALL);
        if (room < ALL) {
            CHECK_ERR("too small", e, ERR_LIMIT, "");
            CHECK_TEXT("too small", out, "untouched");
        }
        free(p);
    }
}

static void a_growing_buffer_keeps_what_it_has(void **state)
{
    struct arena a = arena_over(1 << 20);
    struct writer w = writer_in(&a, 1);

    (void)state;
    for (uint32_t i = 0; i < 10000; i++)
        write_u32le(&w, i);
    for (uint32_t i = 0; i < 10000; i++) {
        struct err e = { 0 };
        struct reader r = reader_over(span_part(writer_span(&w), i * 4, 4), &e);

        assert_int_equal(reader_u32le(&r, "i"), i);
    }
    arena_fini(&a);
}

static void memory_that_fails_is_told_at_the_end(void **state)
{
    bool holds = false;

    (void)state;
    for (size_t n = 1; !holds; n++) {
        struct arena a = arena_over(1 << 20);
        struct writer w;
        struct err e = { 0 };
        struct span out;

        a.fail_at = n;
        w = writer_in(&a, 4);
        write_all(&w);
        write_fill(&w, 1, 1000);
        holds = writer_done(&w, &out, &e);
        if (!holds)
            CHECK_ERR("n-th allocation", e, ERR_MEMORY, "");
        arena_fini(&a);
    }
}

static void nothing_is_written_after_a_failure(void **state)
{
    uint8_t room[4] = { 0 };
    struct writer w = writer_over(room, 4);

    (void)state;
    write_u8(&w, 1);
    write_u32le(&w, 0xffffffff);
    write_u8(&w, 2);
    CHECK("no room", !write_room(&w, 0));
    CHECK_SPAN("only the first", span_of(room, 4), span_of("\1\0\0\0", 4));
    CHECK_INT("only the first", writer_span(&w).n, 1);
}

static void a_format_that_is_too_long_fails(void **state)
{
    struct arena a = arena_over(1 << 16);
    struct writer w = writer_in(&a, 4);

    (void)state;
    write_format(&w, "%0511d", 1);
    CHECK("fits", !w.has_failed && w.n == 511);
    write_format(&w, "%0512d", 1);
    CHECK("does not", w.has_failed);
    arena_fini(&a);
}

static void a_size_that_wraps_fails(void **state)
{
    struct arena a = arena_over(1 << 16);
    struct writer w = writer_in(&a, 4);

    (void)state;
    write_u8(&w, 1);
    CHECK("wraps", !write_room(&w, SIZE_MAX));
    w = writer_in(&a, 4);
    CHECK("doubles too far", !write_room(&w, SIZE_MAX / 2 + 1));
    arena_fini(&a);
}

static void numbers_are_written_as_people_write_them(void **state)
{
    static const struct {
        int64_t number;
        const char *text;
    } rows[] = { { 0, "0" },
                 { 7, "7" },
                 { -1, "-1" },
                 { 1700000000, "1700000000" },
                 { INT64_MAX, "9223372036854775807" },
                 { INT64_MIN, "-9223372036854775808" } };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t room[20];
        struct writer w = writer_over(room, sizeof room);

        write_decimal(&w, rows[i].number);
        CHECK_TEXT(rows[i].text, writer_span(&w), rows[i].text);
    }
}

TEST_MAIN(numbers_are_written_as_people_write_them, what_is_written_lies_in_order,
          a_fixed_buffer_is_never_overrun, a_growing_buffer_keeps_what_it_has,
          memory_that_fails_is_told_at_the_end, nothing_is_written_after_a_failure,
          a_format_that_is_too_long_fails, a_size_that_wraps_fails)
