#include "signed_json.h"

#include "edit.h"

#define SIG                                                                                        \
    "\"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"                           \
    "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f\""
#define DOC "{\"doc\":{\"version\":3,\"list\":[1,2]},\"signature\":" SIG "}"

static struct arena arena;

static void begin(void)
{
    arena_fini(&arena);
    arena = arena_over(16 << 20);
}

static struct err open_result(struct span text)
{
    uint8_t *exact = check_exact(text);
    struct signed_json s;
    struct err e = { 0 };
    bool ok = signed_json_open(span_of(exact, text.n), "doc", &arena, &s, &e);

    free(exact);
    CHECK_INT("a failure has a code", !ok, e.code != ERR_NONE);
    return e;
}

static void signed_json_keeps_the_body_byte_for_byte(void **state)
{
    static const struct {
        const char *name, *text, *body;
    } rows[] = {
        { "compact", DOC, "{\"version\":3,\"list\":[1,2]}" },
        { "white space inside",
          "{\"doc\":{ \"version\" : 3 ,\n\t\"list\":[ ] },\"signature\":" SIG "}",
          "{ \"version\" : 3 ,\n\t\"list\":[ ] }" },
        { "white space around", " \r\n{ \"doc\" : {\"a\":1} , \"signature\" : " SIG " } \n",
          "{\"a\":1}" },
        { "signature first", "{\"signature\":" SIG ",\"doc\":{}}", "{}" },
        { "braces in a string", "{\"doc\":{\"a\":\"}{\\\"\"},\"signature\":" SIG "}",
          "{\"a\":\"}{\\\"\"}" },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span text = span_str(rows[i].text);
        struct signed_json s;
        struct err e = { 0 };

        CHECK_OK(rows[i].name, signed_json_open(text, "doc", &arena, &s, &e), e);
        CHECK_TEXT(rows[i].name, s.body, rows[i].body);
        CHECK("points into the text", s.body.p > text.p && s.body.p < text.p + text.n);
        for (size_t n = 0; n < sizeof s.signature; n++)
            CHECK_INT(rows[i].name, s.signature[n], n);
    }
}

static void km_34_signed_json_refuses_what_two_readers_could_read_differently(void **state)
{
    static const struct {
        const char *name, *from, *to, *path;
    } rows[] = {
        { "the body twice", "{\"doc\"", "{\"doc\":{},\"doc\"", "" },
        { "the body twice, once escaped", "{\"doc\"", "{\"\\u0064oc\":{},\"doc\"", "" },
        { "the signature twice", "\"signature\"", "\"signature\":\"\",\"signature\"", "" },
        { "a member more", "{\"doc\"", "{\"x\":1,\"doc\"", "" },
        { "another name", "doc", "dok", "doc" },
        { "another case", "doc", "Doc", "doc" },
        { "a duplicate inside", "\"list\"", "\"version\"", "" },
        { "no object", "{\"version\":3,\"list\":[1,2]}", "[]", "doc" },
        { "null", "{\"version\":3,\"list\":[1,2]}", "null", "doc" },
        { "no signature", ",\"signature\":" SIG, "", "signature" },
        { "a number as signature", SIG, "0", "signature" },
        { "a longer signature", "00010203", "0000010203", "signature" },
        { "a shorter signature", "00010203", "000102", "signature" },
        { "an odd signature", "00010203", "0001020", "signature" },
        { "a 0x prefix", "00010203", "0x010203", "signature" },
        { "no hex digit", "00010203", "0001020g", "signature" },
        { "a wide digit", "000102", "\xef\xbc\x90\xef\xbc\x90", "signature" },
        { "text behind", SIG "}", SIG "} x", "" },
        { "another document behind", SIG "}", SIG "}{}", "" },
        { "invalid UTF-8", "list", "li\xc0\x80t", "" },
        { "hexadecimal number", "3", "0x0A", "" },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_ERR(rows[i].name, open_result(edit(&arena, DOC, rows[i].from, rows[i].to)),
                  ERR_MALFORMED, rows[i].path);
}

static void km_34_signed_json_refuses_a_nul_inside(void **state)
{
    struct span text;

    (void)state;
    begin();
    text = edit(&arena, DOC, "list", "li~st");
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == '~') {
            ((uint8_t *)(uintptr_t)text.p)[i] = 0;
            break;
        }
    CHECK_ERR("NUL", open_result(text), ERR_MALFORMED, "");
}

static struct err parse_result(struct span body)
{
    const struct json *root = NULL;
    struct err e = { 0 };

    CHECK_INT("a failure has a code", !signed_json_parse(body, &arena, &root, &e),
              e.code != ERR_NONE);
    return e;
}

static void km_34_signed_json_wants_plain_numbers_and_names_everywhere(void **state)
{
    static const struct {
        const char *name, *text;
    } rows[] = {
        { "exponent", "{\"a\":1e1}" },
        { "fraction", "{\"a\":10.0}" },
        { "minus", "{\"a\":-1}" },
        { "minus zero", "{\"a\":-0}" },
        { "plus", "{\"a\":+1}" },
        { "leading zero", "{\"a\":01}" },
        { "hexadecimal", "{\"a\":0x0A}" },
        { "too large", "{\"a\":10000000000000000000000000000000000}" },
        { "deep inside", "{\"a\":[{\"b\":[1,2,{\"c\":1e1}]}]}" },
        { "an escaped name", "{\"\\u0066mspc\":1}" },
        { "an escaped name deep inside", "{\"a\":[{\"\\u0066mspc\":1}]}" },
        { "a duplicate name", "{\"fmspc\":1,\"fmspc\":1}" },
        { "a duplicate deep inside", "{\"a\":[{\"b\":1,\"b\":1}]}" },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_ERR(rows[i].name, parse_result(span_str(rows[i].text)), ERR_MALFORMED, "");
}

static void signed_json_bounds_depth_and_size(void **state)
{
    const char *deep;

    (void)state;
    begin();
    deep = edit_repeat(&arena, "[", 10000);
    CHECK_ERR("10,000 deep", open_result(edit(&arena, DOC, "[1,2]", deep)), ERR_LIMIT, "");
    CHECK_INT("16 deep",
              parse_result(edit(&arena, "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]", "", "")).code,
              ERR_NONE);
    CHECK_INT("17 deep",
              parse_result(edit(&arena, "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", "", "")).code,
              ERR_LIMIT);
    CHECK_ERR("300 KiB",
              open_result(edit(&arena, DOC, "[1,2]", edit_repeat(&arena, " ", 300 * 1024))),
              ERR_LIMIT, "");
    CHECK_ERR("many values",
              open_result(edit(&arena, DOC, "[1,2]", edit_repeat(&arena, "[1,", 8000))), ERR_LIMIT,
              "");
}

static void signed_json_refuses_each_truncation(void **state)
{
    (void)state;
    begin();
    for (size_t n = 0; n < strlen(DOC); n++)
        CHECK_INT("truncated", open_result(span_of(DOC, n)).code, ERR_MALFORMED);
}

/* A flipped bit is refused, or lands in the body, or in the signature; the one exception is the
 * case of a hexadecimal letter, which changes nothing. */
static void signed_json_shows_each_flipped_bit_in_body_or_signature(void **state)
{
    char text[] = DOC;
    struct signed_json whole, s;
    struct err e = { 0 };

    (void)state;
    begin();
    CHECK_OK("whole", signed_json_open(span_str(DOC), "doc", &arena, &whole, &e), e);
    for (size_t bit = 0; bit < strlen(DOC) * 8; bit++) {
        bool is_letter_case = bit % 8 == 5 && strchr("abcdef", DOC[bit / 8]) != NULL;

        err_clear(&e);
        text[bit / 8] ^= (char)(1u << bit % 8);
        if (signed_json_open(span_of(text, strlen(DOC)), "doc", &arena, &s, &e) && !is_letter_case)
            CHECK("differs",
                  !span_equal(s.body, whole.body) || memcmp(s.signature, whole.signature, 64) != 0);
        text[bit / 8] ^= (char)(1u << bit % 8);
    }
}

static void signed_json_fails_cleanly_at_each_allocation(void **state)
{
    bool done = false;

    (void)state;
    for (size_t n = 1; !done; n++) {
        struct arena a = arena_over(1 << 20);
        struct signed_json s;
        const struct json *root;
        struct err e = { 0 };

        a.fail_at = n;
        done = signed_json_open(span_str(DOC), "doc", &a, &s, &e) &&
               signed_json_parse(s.body, &a, &root, &e);
        CHECK("memory or done", done || e.code == ERR_MEMORY);
        arena_fini(&a);
    }
}

static void signed_json_members_are_typed_and_bounded(void **state)
{
    const struct json *root = NULL;
    struct err e = { 0 };
    uint32_t v = 7;
    uint8_t two[2] = { 9, 9 };
    int64_t t = 7;

    (void)state;
    begin();
    CHECK_OK("parses",
             signed_json_parse(span_str("{\"n\":256,\"h\":\"0aFF\",\"w\":\"2024-01-15T12:00:00Z\","
                                        "\"bad\":\"2024-02-30T12:00:00Z\",\"s\":\"10\"}"),
                               &arena, &root, &e),
             e);
    CHECK("in range", signed_json_uint(root, "n", 256, &v, &e) && v == 256);
    CHECK("hex", signed_json_hex(root, "h", two, 2, &e) && two[0] == 0x0a && two[1] == 0xff);
    CHECK("when", signed_json_when(root, "w", &t, &e) && t == 1705320000);
    CHECK("over", !signed_json_uint(root, "n", 255, &v, &e));
    CHECK_ERR("over", e, ERR_MALFORMED, "n");
    err_clear(&e);
    CHECK("a string", !signed_json_uint(root, "s", 255, &v, &e));
    CHECK_ERR("a string", e, ERR_MALFORMED, "s");
    err_clear(&e);
    CHECK("width", !signed_json_hex(root, "h", two, 1, &e));
    CHECK_ERR("width", e, ERR_MALFORMED, "h");
    err_clear(&e);
    CHECK("no such day", !signed_json_when(root, "bad", &t, &e));
    CHECK_ERR("no such day", e, ERR_MALFORMED, "bad");
    err_clear(&e);
    CHECK("absent", !signed_json_when(root, "x", &t, &e));
    CHECK_ERR("absent", e, ERR_MALFORMED, "x");
    CHECK("left alone", v == 256 && t == 1705320000);
}

TEST_MAIN(signed_json_keeps_the_body_byte_for_byte,
          km_34_signed_json_refuses_what_two_readers_could_read_differently,
          km_34_signed_json_refuses_a_nul_inside,
          km_34_signed_json_wants_plain_numbers_and_names_everywhere,
          signed_json_bounds_depth_and_size, signed_json_refuses_each_truncation,
          signed_json_shows_each_flipped_bit_in_body_or_signature,
          signed_json_fails_cleanly_at_each_allocation, signed_json_members_are_typed_and_bounded)
