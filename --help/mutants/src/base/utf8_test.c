#include "utf8.h"

#include "../../tests/check.h"

static void every_scalar_value_goes_there_and_back(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10ffff; c += c < 0x11000 ? 1 : 13) {
        uint8_t room[4];
        struct writer w = writer_over(room, sizeof room);
        uint32_t back = 0;
        size_t n;

        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        utf8_write(&w, c);
        n = utf8_next(writer_span(&w), &back);
        assert_int_equal(n, w.n);
        assert_int_equal(back, c);
        assert_int_equal(n, c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4);
        for (size_t cut = 1; cut < n; cut++)
            assert_int_equal(utf8_next(span_of(room, cut), &back), 0);
    }
}

static void what_is_not_utf8_is_placed(void **state)
{
    static const struct {
        const char *name, *text;
        size_t at;
    } rows[] = {
        { "empty", "", 0 },
        { "ASCII", "abc", 3 },
        { "all lengths", "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 10 },
        { "continuation first", "ab\x80", 2 },
        { "overlong two", "a\xc1\xbf", 1 },
        { "overlong three", "\xe0\x9f\xbf", 0 },
        { "overlong four", "\xf0\x8f\xbf\xbf", 0 },
        { "first surrogate", "a\xed\xa0\x80", 1 },
        { "last surrogate", "a\xed\xbf\xbf", 1 },
        { "before the surrogates", "\xed\x9f\xbf", 3 },
        { "behind the surrogates", "\xee\x80\x80", 3 },
        { "above the last", "\xf4\x90\x80\x80", 0 },
        { "the last", "\xf4\x8f\xbf\xbf", 4 },
        { "five bytes", "\xf8\x88\x80\x80\x80", 0 },
        { "fe", "\xfe", 0 },
        { "cut", "a\xe2\x82", 1 },
        { "no continuation", "\xe2\x82\x41", 0 },
        { "lead where a continuation is due", "\xc3\xc3", 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t *exact = check_exact(span_str(rows[i].text));

        CHECK_INT(rows[i].name, utf8_check(span_of(exact, strlen(rows[i].text))), rows[i].at);
        free(exact);
    }
}

static void outside_bytes_are_made_printable(void **state)
{
    static const struct {
        struct span in;
        const char *want;
    } rows[] = {
        { { (const uint8_t *)"", 0 }, "" },
        { { (const uint8_t *)"abcdefg", 7 }, "abcdefg" },
        { { (const uint8_t *)"abcdefgh", 8 }, "abcde.." },
        { { (const uint8_t *)"a\0\n\x7f\x80z", 6 }, "a????z" },
        { { (const uint8_t *)"%s%n", 4 }, "%s%n" },
    };
    char buf[8], tiny[1];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_string_equal(utf8_show(rows[i].in, buf, sizeof buf), rows[i].want);
    assert_string_equal(utf8_show(span_str("abc"), tiny, sizeof tiny), "");
}

TEST_MAIN(every_scalar_value_goes_there_and_back, what_is_not_utf8_is_placed,
          outside_bytes_are_made_printable)
