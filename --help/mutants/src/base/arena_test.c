#include "arena.h"

#include "../../tests/check.h"

static void memory_is_zeroed_and_aligned(void **state)
{
    struct arena a = arena_over(1 << 20);

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (size_t n = 0; n < 100; n++) {
            uint8_t *p = arena_alloc(&a, n, 3);

            CHECK("there", p);
            CHECK("aligned", (uintptr_t)p % 16 == 0);
            CHECK("zero", span_is_zero(span_of(p, n * 3)));
            memset(p, 0xa5, n * 3);
        }
        arena_reset(&a); /* what was written must not come back */
    }
    arena_fini(&a);
}

static void pieces_do_not_overlap(void **state)
{
    struct arena a = arena_over(1 << 20);
    uint8_t *p[50];

    (void)state;
    for (size_t i = 0; i < 50; i++) {
        p[i] = arena_alloc(&a, 1000, 1);
        assert_non_null(p[i]);
        memset(p[i], (int)i, 1000);
    }
    for (size_t i = 0; i < 50; i++)
        for (size_t k = 0; k < 1000; k++)
            assert_int_equal(p[i][k], i);
    arena_fini(&a);
}

static void the_ceiling_holds(void **state)
{
    static const size_t rows[] = { 0, 1, 64, 16384, 100000, 1 << 20 };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(rows[i]);
        struct err e = { 0 };
        size_t got = 0;

        while (arena_alloc(&a, 100, 1))
            got += 100;
        CHECK_INT("no more than the ceiling", got <= rows[i] && a.held <= rows[i], true);
        CHECK_INT("most of it can be had", got + got / 4 + 256 >= rows[i], true);
        CHECK_INT("says so", a.is_full, true);
        CHECK("limit", !arena_fail(&a, &e));
        CHECK_ERR("limit", e, ERR_LIMIT, "");
        arena_fini(&a);
    }
}

static void sizes_that_do_not_fit_are_refused(void **state)
{
    struct arena a = arena_over(SIZE_MAX);

    (void)state;
    CHECK("product", !arena_alloc(&a, SIZE_MAX / 2, 3));
    CHECK("rounding", !arena_alloc(&a, SIZE_MAX - 3, 1));
    CHECK("dup", !arena_dup(&a, span_of("", SIZE_MAX)).p);
    arena_fini(&a);
}

static void the_nth_allocation_fails_where_asked(void **state)
{
    struct arena a = arena_over(1 << 20);
    struct err e = { 0 };

    (void)state;
    a.fail_at = 3;
    CHECK("first", arena_alloc(&a, 1, 1));
    CHECK("second", arena_alloc(&a, 1, 1));
    CHECK("third", !arena_alloc(&a, 1, 1));
    CHECK("memory, not limit", !arena_fail(&a, &e));
    CHECK_ERR("memory, not limit", e, ERR_MEMORY, "");
    CHECK("fourth", arena_alloc(&a, 1, 1));
    arena_fini(&a);
}

static void copies_end_with_a_nul_that_is_not_counted(void **state)
{
    struct arena a = arena_over(1 << 20);
    struct span s = arena_dup(&a, span_of("a\0b", 3)), none = arena_dup(&a, (struct span){ 0 });

    (void)state;
    CHECK_SPAN("copy", s, span_of("a\0b", 3));
    CHECK("NUL", s.p[3] == 0);
    CHECK("empty", none.p && none.n == 0 && none.p[0] == 0);
    arena_fini(&a);
}

static void an_arena_can_be_used_again(void **state)
{
    struct arena a = arena_over(1 << 20);

    (void)state;
    for (int i = 0; i < 10; i++) {
        CHECK("big", arena_alloc(&a, 1 << 19, 1));
        CHECK("small", arena_alloc(&a, 1, 1));
        if (i % 3 == 2)
            arena_fini(&a);
        else
            arena_reset(&a);
        CHECK_INT("nothing handed out", a.used, 0);
    }
    arena_fini(&a);
    arena_fini(&a);
    CHECK_INT("nothing held", a.held, 0);
}

TEST_MAIN(memory_is_zeroed_and_aligned, pieces_do_not_overlap, the_ceiling_holds,
          sizes_that_do_not_fit_are_refused, the_nth_allocation_fails_where_asked,
          copies_end_with_a_nul_that_is_not_counted, an_arena_can_be_used_again)
