#include "span.h"

#include "../../tests/check.h"
#include "num.h"

static void spans_compare_by_bytes(void **state)
{
    static const struct {
        const char *a, *b;
        int sign;
    } rows[] = {
        { "", "", 0 },    { "a", "a", 0 },  { "a", "b", -1 },       { "", "a", -1 },
        { "ab", "a", 1 }, { "Z", "a", -1 }, { "\x7f", "\x80", -1 }, { "a", "aa", -1 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span a = span_str(rows[i].a), b = span_str(rows[i].b);
        int d = span_compare(a, b), back = span_compare(b, a);

        CHECK_INT(rows[i].a, (d > 0) - (d < 0), rows[i].sign);
        CHECK_INT(rows[i].a, (back > 0) - (back < 0), -rows[i].sign);
        CHECK_INT(rows[i].a, span_equal(a, b), rows[i].sign == 0);
    }
    CHECK("empty spans are equal wherever they point",
          span_equal((struct span){ NULL, 0 }, span_str("")));
    CHECK("NUL is a byte as any other", !span_equal(span_of("a\0b", 3), span_of("a\0c", 3)));
}

static void spans_are_compared_with_text(void **state)
{
    (void)state;
    CHECK("same", span_is(span_str("abc"), "abc"));
    CHECK("prefix", !span_is(span_str("abc"), "ab") && !span_is(span_str("ab"), "abc"));
    CHECK("case", !span_is(span_str("ABC"), "abc"));
    CHECK("nocase", span_is_nocase(span_str("aBc"), "AbC"));
    CHECK("nocase, other length", !span_is_nocase(span_str("ab"), "abc"));
    CHECK("only letters fold", !span_is_nocase(span_str("@["), "`{"));
    CHECK("only ASCII folds", !span_is_nocase(span_str("\xc3\x89"), "\xc3\xa9"));
    CHECK("no pointer", span_is((struct span){ 0 }, "") && !span_is((struct span){ 0 }, "a"));
}

static void parts_stay_inside(void **state)
{
    struct span s = span_str("abcdef");

    (void)state;
    CHECK_TEXT("inside", span_part(s, 2, 3), "cde");
    CHECK_TEXT("cut at the end", span_part(s, 4, 9), "ef");
    CHECK_TEXT("from the end", span_part(s, 6, 1), "");
    CHECK_TEXT("beyond", span_part(s, SIZE_MAX, SIZE_MAX), "");
    CHECK_TEXT("all", span_part(s, 0, SIZE_MAX), "abcdef");
    CHECK("of nothing", span_part((struct span){ 0 }, 3, 3).n == 0);
    CHECK("starts", span_starts(s, span_str("abc")) && span_starts(s, span_str("")));
    CHECK("does not start", !span_starts(s, span_str("b")) && !span_starts(s, span_str("abcdefg")));
}

static void white_space_is_trimmed_at_both_ends(void **state)
{
    static const struct {
        const char *in, *want;
    } rows[] = {
        { " \t\r\na b\n ", "a b" }, { "", "" }, { " \n", "" }, { "a", "a" }, { "\va\v", "\va\v" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(rows[i].in, span_trim(span_str(rows[i].in)), rows[i].want);
}

static void zeros_and_equality_in_constant_time(void **state)
{
    uint8_t a[33] = { 0 }, b[33] = { 0 };

    (void)state;
    CHECK("zero", span_is_zero(span_of(a, 33)) && span_is_zero((struct span){ 0 }));
    for (size_t i = 0; i < 33; i++) {
        b[i] = 0x80;
        CHECK("one bit", !span_is_zero(span_of(b, 33)) && !equal_ct(a, b, 33));
        CHECK("before it", equal_ct(a, b, i));
        b[i] = 0;
    }
    CHECK("equal", equal_ct(a, b, 33));
}

static void sums_say_whether_they_held(void **state)
{
    size_t out = 0;

    (void)state;
    CHECK("sum", size_add(SIZE_MAX - 1, 1, &out) && out == SIZE_MAX);
    CHECK("too large a sum", !size_add(SIZE_MAX, 1, &out));
    CHECK("product", size_mul(SIZE_MAX / 2, 2, &out) && out == SIZE_MAX - 1);
    CHECK("too large a product", !size_mul(SIZE_MAX / 2 + 1, 2, &out));
    CHECK_INT("least", size_min(3, 2), 2);
    CHECK_INT("least", size_min(2, 3), 2);
}

TEST_MAIN(spans_compare_by_bytes, spans_are_compared_with_text, parts_stay_inside,
          white_space_is_trimmed_at_both_ends, zeros_and_equality_in_constant_time,
          sums_say_whether_they_held)
