#include "claim.h"

#include "../../tests/check.h"
#include "../format/json.h"

static struct arena arena;

static struct claim_set begin(void)
{
    arena_fini(&arena);
    arena = arena_over(16 << 20);
    return claim_set_in(&arena);
}

static struct span written(const char *row, const struct claim_set *set)
{
    struct writer w = writer_in(&arena, 8);
    struct span out = { 0 };
    struct err e = { 0 };

    CHECK_OK(row, claim_set_write(&w, set, &e), e);
    CHECK_OK(row, writer_done(&w, &out, &e), e);
    return out;
}

static void claims_are_written_in_byte_order_of_their_names(void **state)
{
    struct claim_set set = begin();

    (void)state;
    CHECK_TEXT("nothing", written("nothing", &set), "{}");
    CHECK("add", claim_add_string(&set, "tee", span_str("sgx"), NULL));
    CHECK("add", claim_add_int(&set, "svn", -7, NULL));
    CHECK("add", claim_add_bool(&set, "is-debuggable", false, NULL));
    CHECK("add", claim_add_bool(&set, "Z", true, NULL));
    CHECK("add", claim_add_hex(&set, "sgx", span_of("\x00\xab\xff", 3), NULL));
    CHECK("add", claim_add_json(&set, "a", span_str("{\"b\":[1]}"), NULL));
    CHECK("add", claim_add_string(&set, "sg", span_str(""), NULL));
    CHECK_TEXT("all", written("all", &set),
               "{\"Z\":true,\"a\":{\"b\":[1]},\"is-debuggable\":false,\"sg\":\"\","
               "\"sgx\":\"00abff\",\"svn\":-7,\"tee\":\"sgx\"}");
}

static void several_values_of_a_name_become_an_array_with_equal_ones_once(void **state)
{
    struct claim_set set = begin();

    (void)state;
    CHECK("add", claim_add_int(&set, "n", 3, NULL));
    CHECK("add", claim_add_string(&set, "m", span_str("x"), NULL));
    CHECK("add", claim_add_int(&set, "n", 1, NULL));
    CHECK("add", claim_add_string(&set, "n", span_str("3"), NULL));
    CHECK("add", claim_add_int(&set, "n", 3, NULL));
    CHECK("add", claim_add_bool(&set, "n", true, NULL));
    CHECK("add", claim_add_string(&set, "m", span_str("x"), NULL));
    set.items[5].issuer = ISSUER_POLICY; /* who says it plays no part */
    CHECK_TEXT("mixed", written("mixed", &set), "{\"m\":\"x\",\"n\":[3,1,\"3\",true]}");
}

static void the_extreme_integers_are_written_exactly(void **state)
{
    struct claim_set set = begin();

    (void)state;
    CHECK("add", claim_add_int(&set, "least", INT64_MIN, NULL));
    CHECK("add", claim_add_int(&set, "most", INT64_MAX, NULL));
    CHECK_TEXT("extremes", written("extremes", &set),
               "{\"least\":-9223372036854775808,\"most\":9223372036854775807}");
}

static void km_72_names_and_values_cannot_leave_their_strings(void **state)
{
    struct claim_set set = begin();
    struct claim hostile = { .name = span_str("a\":1,\"exp"), .text = span_str("\n\"},{") };
    const struct json *back = NULL;
    struct err e = { 0 };
    struct span text;

    (void)state;
    CHECK("add", claim_add(&set, &hostile, NULL));
    text = written("hostile", &set);
    CHECK_OK("hostile", json_parse(text, NULL, &arena, &back, &e), e);
    CHECK_INT("one member", back->count, 1);
    CHECK_SPAN("its name", back->child->name, hostile.name);
    CHECK_SPAN("its value", back->child->text, hostile.text);
}

static void claims_are_found_by_name_and_compared_by_value(void **state)
{
    struct claim_set set = begin();
    const struct claim *c;

    (void)state;
    CHECK("empty", !claim_find(&set, span_str("a")));
    CHECK("add", claim_add_int(&set, "a", 1, NULL));
    CHECK("add", claim_add_int(&set, "a", 2, NULL));
    CHECK("add", claim_add_string(&set, "b", span_str("1"), NULL));
    CHECK("add", claim_add_bool(&set, "c", true, NULL));
    CHECK("add", claim_add_json(&set, "d", span_str("1"), NULL));
    c = claim_find(&set, span_str("a"));
    CHECK("the first", c == &set.items[0]);
    CHECK("none", !claim_find(&set, span_str("A")));
    CHECK("by default the service says it", c->issuer == ISSUER_SERVICE && !c->is_read_only);
    for (size_t i = 0; i < set.count; i++)
        for (size_t k = 0; k < set.count; k++)
            CHECK("equal to itself only",
                  claim_value_equal(&set.items[i], &set.items[k]) == (i == k));
}

static void a_set_keeps_its_claims_as_it_grows(void **state)
{
    struct claim_set set = begin();

    (void)state;
    for (int i = 0; i < 1000; i++)
        CHECK("add", claim_add_int(&set, i % 2 ? "odd" : "even", i, NULL));
    CHECK_INT("count", set.count, 1000);
    for (int i = 0; i < 1000; i++)
        CHECK_INT("in order", set.items[i].integer, i);
}

static void claims_end_cleanly_when_memory_fails(void **state)
{
    bool holds = false;
    size_t n = 1;

    (void)state;
    for (; !holds; n++) {
        struct arena small = arena_over(1 << 20);
        struct claim_set set = claim_set_in(&small);
        struct err e = { 0 };
        struct writer w;
        struct span out;

        small.fail_at = n;
        w = writer_in(&small, 8);
        holds = claim_add_hex(&set, "a", span_of("\1", 1), &e) && claim_add_int(&set, "b", 1, &e) &&
                claim_set_write(&w, &set, &e) && writer_done(&w, &out, &e);
        if (!holds)
            CHECK_ERR("n-th allocation", e, ERR_MEMORY, "");
        arena_fini(&small);
    }
    CHECK_INT("allocations seen", n - 2, 5);
}

static void a_set_says_when_its_arena_is_full(void **state)
{
    struct arena small = arena_over(8192);
    struct claim_set set = claim_set_in(&small);
    struct err e = { 0 };

    (void)state;
    for (int i = 0; i < 32; i++)
        CHECK("fits", claim_add_int(&set, "a", i, &e));
    while (claim_add_int(&set, "a", 0, &e))
        assert_true(set.count < 1000);
    CHECK_ERR("full", e, ERR_LIMIT, "");
    arena_fini(&small);
}

TEST_MAIN(claims_are_written_in_byte_order_of_their_names,
          several_values_of_a_name_become_an_array_with_equal_ones_once,
          the_extreme_integers_are_written_exactly,
          km_72_names_and_values_cannot_leave_their_strings,
          claims_are_found_by_name_and_compared_by_value, a_set_keeps_its_claims_as_it_grows,
          claims_end_cleanly_when_memory_fails, a_set_says_when_its_arena_is_full)
