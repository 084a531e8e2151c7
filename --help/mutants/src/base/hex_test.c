#include "hex.h"

#include "../../tests/check.h"

static void bytes_go_to_lower_case_and_back(void **state)
{
    struct arena a = arena_over(1 << 16);
    uint8_t all[256], back[256];
    struct span text, out = { 0 };
    struct err e = { 0 };

    (void)state;
    for (int i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    text = hex_dup(&a, span_of(all, 256));
    CHECK_TEXT("head", span_part(text, 0, 8), "00010203");
    CHECK_TEXT("tail", span_part(text, 504, 8), "fcfdfeff");
    CHECK_OK("read", hex_read(text, back, 256, &e), e);
    CHECK_SPAN("read", span_of(back, 256), span_of(all, 256));
    CHECK_OK("read_dup", hex_read_dup(&a, text, &out, &e), e);
    CHECK_SPAN("read_dup", out, span_of(all, 256));
    CHECK_OK("nothing", hex_read_dup(&a, span_str(""), &out, &e), e);
    CHECK_INT("nothing", out.n, 0);
    arena_fini(&a);
}

static void km_35_either_case_is_read_and_nothing_else(void **state)
{
    static const struct {
        const char *name, *text;
        bool holds;
        size_t offset;
    } rows[] = {
        { "lower", "00906ea1", true, 0 },
        { "upper", "00906EA1", true, 0 },
        { "mixed", "00906eA1", true, 0 },
        { "odd length", "00906ea", false, ERR_NO_OFFSET },
        { "too short", "00906e", false, ERR_NO_OFFSET },
        { "too long", "00906ea100", false, ERR_NO_OFFSET },
        { "empty", "", false, ERR_NO_OFFSET },
        { "prefix", "0x906ea1", false, 1 },
        { "sign", "+0906ea1", false, 0 },
        { "white space", "00 06ea1", false, 2 },
        { "a letter too far", "00906eag", false, 7 },
        { "before the digits", "00906ea/", false, 7 },
        { "behind the digits", "00906ea:", false, 7 },
        { "before the letters", "00906ea@", false, 7 },
        { "before the small letters", "00906ea`", false, 7 },
        { "digits that are not ASCII",
          "\xef\xbc\x91"
          "06ea1",
          false, 0 },
        { "a character in the middle",
          "00906\xc3\xa9"
          "1",
          false, 5 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t out[4] = { 7, 7, 7, 7 };
        struct err e = { 0 };

        CHECK_INT(rows[i].name, hex_read(span_str(rows[i].text), out, 4, &e), rows[i].holds);
        CHECK_SPAN(rows[i].name, span_of(out, 4),
                   rows[i].holds ? span_of("\x00\x90\x6e\xa1", 4) : span_of("\7\7\7\7", 4));
        if (rows[i].holds)
            continue;
        CHECK_ERR(rows[i].name, e, ERR_MALFORMED, "");
        CHECK(rows[i].name, e.offset == rows[i].offset);
    }
}

static void any_even_length_is_read_into_an_arena(void **state)
{
    struct arena a = arena_over(1 << 16);
    struct span out = span_str("untouched");
    struct err e = { 0 };

    (void)state;
    CHECK("odd", !hex_read_dup(&a, span_str("abc"), &out, &e));
    CHECK_ERR("odd", e, ERR_MALFORMED, "");
    err_clear(&e);
    CHECK("digit", !hex_read_dup(&a, span_str("abxx"), &out, &e));
    CHECK_ERR("digit", e, ERR_MALFORMED, "");
    CHECK_TEXT("left alone", out, "untouched");
    err_clear(&e);
    a.fail_at = 1;
    CHECK("memory", !hex_read_dup(&a, span_str("ab"), &out, &e));
    CHECK_ERR("memory", e, ERR_MEMORY, "");
    a.fail_at = 1;
    CHECK("memory", !hex_dup(&a, span_str("ab")).p);
    arena_fini(&a);
}

static void digits_have_values(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        const char *lower = "0123456789abcdef", *at = c ? strchr(lower, c | 0x20) : NULL;
        bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'f';
        int want = c >= '0' && c <= '9' ? c - '0' : is_letter && at ? (int)(at - lower) : -1;

        CHECK_INT("digit", hex_digit((uint8_t)c), want);
    }
}

TEST_MAIN(bytes_go_to_lower_case_and_back, km_35_either_case_is_read_and_nothing_else,
          any_even_length_is_read_into_an_arena, digits_have_values)
