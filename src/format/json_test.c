#include "json.h"

#include "../../tests/check.h"

static struct arena arena;

static const struct json *parse(const char *row, struct span text)
{
    struct err e = { 0 };
    const struct json *out = NULL;

    CHECK_OK(row, json_parse(text, NULL, &arena, &out, &e), e);
    return out;
}

static struct span written(const struct json *value)
{
    struct writer w = writer_in(&arena, 16);
    struct span out = { 0 };
    struct err e = { 0 };

    json_write_sorted(&w, value);
    CHECK_OK("written", writer_done(&w, &out, &e), e);
    return out;
}

static void begin(void)
{
    arena_fini(&arena);
    arena = arena_over(64 << 20);
}

static void json_keeps_the_extent_of_each_value(void **state)
{
    const char *text = " {\"a\" : [1 , -2.5e3],\r\n\t\"b\":{ \"c\":\"d\" } } ";
    const struct json *top, *a, *b;

    (void)state;
    begin();
    top = parse("top", span_str(text));
    a = json_member(top, "a");
    b = json_member(top, "b");
    CHECK_INT("members", top->count, 2);
    CHECK_INT("offset", top->offset, 1);
    CHECK_TEXT("array", a->raw, "[1 , -2.5e3]");
    CHECK_INT("elements", a->count, 2);
    CHECK_TEXT("number", a->child->next->raw, "-2.5e3");
    CHECK_TEXT("object", b->raw, "{ \"c\":\"d\" }");
    CHECK("borrowed", b->raw.p == (const uint8_t *)text + b->offset);
    CHECK_TEXT("string with its quotes", b->child->raw, "\"d\"");
    CHECK("string borrowed", b->child->text.p == b->child->raw.p + 1);
}

static void json_unescapes_strings(void **state)
{
    static const struct {
        const char *name, *text;
        struct span want;
    } rows[] = {
        { "empty", "\"\"", { (const uint8_t *)"", 0 } },
        { "short escapes",
          "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
          { (const uint8_t *)"\"\\/\b\f\n\r\t", 8 } },
        { "ASCII", "\"\\u0041\\u007f\"", { (const uint8_t *)"A\x7f", 2 } },
        { "a written NUL", "\"a\\u0000b\"", { (const uint8_t *)"a\0b", 3 } },
        { "two bytes", "\"\\u00e9\"", { (const uint8_t *)"\xc3\xa9", 2 } },
        { "three bytes", "\"\\u20AC\"", { (const uint8_t *)"\xe2\x82\xac", 3 } },
        { "a pair", "\"x\\ud83d\\ude00y\"", { (const uint8_t *)"x\xf0\x9f\x98\x80y", 6 } },
        { "the last pair", "\"\\udbff\\udfff\"", { (const uint8_t *)"\xf4\x8f\xbf\xbf", 4 } },
        { "unescaped characters",
          "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"",
          { (const uint8_t *)"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9 } },
        { "escape behind a long plain run",
          "\"0123456789abcdef0123456789abcdef\\n\"",
          { (const uint8_t *)"0123456789abcdef0123456789abcdef\n", 33 } },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_SPAN(rows[i].name, parse(rows[i].name, span_str(rows[i].text))->text, rows[i].want);
}

#define NAMES_TWICE(name) "{\"" name "\":1,\"b\":2,\"" name "\":3}"

static void json_refuses_what_is_not_json(void **state)
{
    static const struct {
        const char *name, *text;
        size_t offset;
    } rows[] = {
        { "nothing", "", 0 },
        { "white space only", " \n", 2 },
        { "a form feed is no white space", "\f1", 0 },
        { "a no-break space is no white space", "\xc2\xa0{}", 0 },
        { "byte order mark", "\xef\xbb\xbf{}", 0 },
        { "km_34: text behind the value", "{} x", 3 },
        { "a second value", "1 2", 2 },
        { "open object", "{", 1 },
        { "open array", "[1", 2 },
        { "open string", "\"abc", 4 },
        { "string open at an escape", "\"abc\\", 4 },
        { "trailing comma in an object", "{\"a\":1,}", 7 },
        { "trailing comma in an array", "[1,]", 3 },
        { "no comma", "[1 2]", 3 },
        { "no colon", "{\"a\" 1}", 5 },
        { "member without value", "{\"a\":}", 5 },
        { "name without quotes", "{a:1}", 1 },
        { "name in single quotes", "{'a':1}", 1 },
        { "number as name", "{1:1}", 1 },
        { "wrong bracket", "[1}", 2 },
        { "comment", "/**/1", 0 },
        { "leading zero", "01", 1 },
        { "negative leading zero", "-01", 2 },
        { "plus", "+1", 0 },
        { "minus only", "-", 1 },
        { "no digit before the point", ".5", 0 },
        { "no digit behind the point", "1.", 2 },
        { "no digit in the exponent", "1e", 2 },
        { "no digit behind the exponent's sign", "1e+", 3 },
        { "hexadecimal", "0x0A", 1 },
        { "NaN", "NaN", 0 },
        { "Infinity", "Infinity", 0 },
        { "negative Infinity", "-Infinity", 1 },
        { "capital word", "True", 0 },
        { "cut word", "tru", 0 },
        { "word with a tail", "nullx", 4 },
        { "raw newline in a string", "\"a\nb\"", 2 },
        { "raw control in a string", "\"\x01\"", 1 },
        { "raw control in a name", "{\"\x1f\":1}", 2 },
        { "raw control late in a string", "\"0123456789abcdef0123456789abcdef\x1f\"", 33 },
        { "unknown escape", "\"\\x41\"", 1 },
        { "capital escape", "\"\\U0041\"", 1 },
        { "short unicode escape", "\"\\u004\"", 1 },
        { "unicode escape with a sign", "\"\\u+041\"", 1 },
        { "km_72: high half alone", "\"\\ud800\"", 1 },
        { "high half before text", "\"\\ud800abcdef\"", 1 },
        { "high half before another escape", "\"\\ud800\\n1234\"", 1 },
        { "high half twice", "\"\\ud800\\ud800\"", 1 },
        { "low half alone", "\"\\udc00\"", 1 },
        { "halves exchanged", "\"\\udc00\\ud800\"", 1 },
        { "half in a name", "{\"\\ud800\":1}", 2 },
        { "continuation byte", "\"\x80\"", 1 },
        { "km_34: overlong slash", "\"\xc0\xaf\"", 1 },
        { "overlong three bytes", "\"\xe0\x80\xaf\"", 1 },
        { "surrogate in UTF-8", "\"\xed\xa0\x80\"", 1 },
        { "above the last scalar", "\"\xf4\x90\x80\x80\"", 1 },
        { "cut character", "\"\xe2\x82\"", 1 },
        { "byte ff", "\"\xff\"", 1 },
        { "invalid UTF-8 in a name", "{\"\xff\":1}", 2 },
        { "duplicate name", NAMES_TWICE("a"), 17 },
        { "duplicate empty name", NAMES_TWICE(""), 15 },
        { "km_34: duplicate name, one escaped", "{\"a\":1,\"\\u0061\":2}", 16 },
        { "duplicate name in a nested object", "[{\"x\":{\"a\":1,\"a\":2}}]", 17 },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span text = span_str(rows[i].text);
        uint8_t *exact = check_exact(text);
        struct err e = { 0 };
        const struct json *out = NULL;

        CHECK(rows[i].name, !json_parse(span_of(exact, text.n), NULL, &arena, &out, &e));
        CHECK_ERR(rows[i].name, e, ERR_MALFORMED, "");
        CHECK_INT(rows[i].name, e.offset, rows[i].offset);
        CHECK(rows[i].name, out == NULL);
        free(exact);
    }
}

static void json_refuses_a_raw_nul(void **state)
{
    static const struct {
        const char *name;
        struct span text;
    } rows[] = {
        { "km_34: in a string", { (const uint8_t *)"\"a\0b\"", 5 } },
        { "behind the value", { (const uint8_t *)"{}\0", 3 } },
        { "in front", { (const uint8_t *)"\0{}", 3 } },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = { 0 };
        const struct json *out;

        CHECK(rows[i].name, !json_parse(rows[i].text, NULL, &arena, &out, &e));
        CHECK_ERR(rows[i].name, e, ERR_MALFORMED, "");
    }
}

/* depth brackets, then as many closing ones */
static struct span nested(size_t depth, char open, char close)
{
    uint8_t *p = arena_alloc(&arena, depth, 2);

    assert_non_null(p);
    memset(p, open, depth);
    memset(p + depth, close, depth);
    return span_of(p, depth * 2);
}

static struct span numbered_members(size_t count)
{
    struct writer w = writer_in(&arena, 64);

    write_u8(&w, '{');
    for (size_t i = 0; i < count; i++)
        write_format(&w, "%s\"n%zu\":0", i ? "," : "", (i * 7919) % count);
    write_u8(&w, '}');
    return writer_span(&w);
}

static void json_holds_its_limits(void **state)
{
    static const struct json_limits tight = { .bytes = 64, .depth = 3, .nodes = 5, .members = 2 };
    static const struct {
        const char *name, *text;
        bool holds;
    } rows[] = {
        { "64 bytes", "\"01234567890123456789012345678901234567890123456789012345678901\"", true },
        { "65 bytes", "\"012345678901234567890123456789012345678901234567890123456789012\"",
          false },
        { "three levels", "[[[]]]", true },
        { "four levels", "[[[[]]]]", false },
        { "four levels, objects too", "{\"a\":[{\"b\":[]}]}", false },
        { "five values", "[1,2,3,4]", true },
        { "six values", "[1,2,3,4,5]", false },
        { "two members", "{\"a\":1,\"b\":2}", true },
        { "three members", "{\"a\":1,\"b\":2,\"c\":3}", false },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = { 0 };
        const struct json *out;
        bool holds = json_parse(span_str(rows[i].text), &tight, &arena, &out, &e);

        CHECK_INT(rows[i].name, holds, rows[i].holds);
        if (!rows[i].holds)
            CHECK_ERR(rows[i].name, e, ERR_LIMIT, "");
    }
}

static void km_34_nesting_10_000_deep_ends_at_the_limit(void **state)
{
    struct err e = { 0 };
    const struct json *out;

    (void)state;
    begin();
    CHECK("arrays", !json_parse(nested(10000, '[', ']'), NULL, &arena, &out, &e));
    CHECK_ERR("arrays", e, ERR_LIMIT, "");
    CHECK_INT("64 levels", parse("64", nested(64, '[', ']'))->count, 1);
}

static void json_finds_duplicates_among_many_members(void **state)
{
    (void)state;
    begin();
    for (size_t count = 2; count <= 1000; count += count < 40 ? 1 : 97) {
        struct span text = numbered_members(count);
        struct writer w = writer_in(&arena, text.n + 16);
        struct err e = { 0 };
        const struct json *out;

        CHECK_INT("all different", parse("all different", text)->count, count);
        write_bytes(&w, span_part(text, 0, text.n - 1));
        write_text(&w, ",\"n0\":1}");
        CHECK("one more", !json_parse(writer_span(&w), NULL, &arena, &out, &e));
        CHECK_ERR("one more", e, ERR_MALFORMED, "");
        CHECK_INT("the later one is named", e.offset, text.n - 1 + 6);
    }
}

static void json_folds_case_where_asked(void **state)
{
    struct json_limits fold = json_limits_default;
    static const char *const rows[] = {
        "{\"quote\":1,\"Quote\":2}",
        "{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"j\":1,\"k\":1,"
        "\"l\":1,\"m\":1,\"n\":1,\"o\":1,\"p\":1,\"C\":1}",
    };

    (void)state;
    begin();
    fold.names_fold_case = true;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = { 0 };
        const struct json *out = NULL;

        CHECK(rows[i], json_parse(span_str(rows[i]), NULL, &arena, &out, &e));
        CHECK(rows[i], !json_parse(span_str(rows[i]), &fold, &arena, &out, &e));
        CHECK_ERR(rows[i], e, ERR_MALFORMED, "");
    }
    /* only ASCII letters fold: '[' and '{' differ in the same bit */
    CHECK("signs", json_parse(span_str("{\"[\":1,\"{\":2}"), &fold, &arena,
                              &(const struct json *){ NULL }, NULL));
}

static void km_34_only_plain_digits_are_integers(void **state)
{
    static const struct {
        const char *text;
        bool holds;
        int64_t want;
    } rows[] = {
        { "0", true, 0 },
        { "-1", true, -1 },
        { "9223372036854775807", true, INT64_MAX },
        { "9223372036854775808", false, 0 },
        { "-9223372036854775808", true, INT64_MIN },
        { "-9223372036854775809", false, 0 },
        { "123456789012345678901234567890", false, 0 },
        { "1e1", false, 0 },
        { "1E1", false, 0 },
        { "10.0", false, 0 },
        { "1e400", false, 0 },
        { "\"10\"", false, 0 },
        { "true", false, 0 },
        { "null", false, 0 },
        { "[1]", false, 0 },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t v = 77;

        CHECK_INT(rows[i].text, json_to_int(parse(rows[i].text, span_str(rows[i].text)), &v),
                  rows[i].holds);
        CHECK_INT(rows[i].text, v, rows[i].holds ? rows[i].want : 77);
    }
    CHECK("absent", !json_to_int(NULL, &(int64_t){ 0 }));
}

static void json_members_name_what_is_wrong(void **state)
{
    const char *text = "{\"s\":\"x\",\"i\":7,\"b\":true,\"o\":{},\"a\":[],\"n\":null}";
    const struct json *top, *child = NULL;
    struct span s = { 0 };
    int64_t v = 0;
    bool b = false;
    struct err e = { 0 };

    (void)state;
    begin();
    top = parse("top", span_str(text));
    CHECK_OK("string", json_get_string(top, "s", &s, &e), e);
    CHECK_TEXT("string", s, "x");
    CHECK_OK("integer", json_get_int(top, "i", &v, &e) && v == 7, e);
    CHECK_OK("boolean", json_get_bool(top, "b", &b, &e) && b, e);
    CHECK_OK("object", json_get_object(top, "o", &child, &e) && child->type == JSON_OBJECT, e);
    CHECK_OK("array", json_get_array(top, "a", &child, &e) && child->type == JSON_ARRAY, e);

#define REFUSED(call, path)                                                                        \
    do {                                                                                           \
        err_clear(&e);                                                                             \
        CHECK(#call, !(call));                                                                     \
        CHECK_ERR(#call, e, ERR_MALFORMED, path);                                                  \
    } while (0)
    REFUSED(json_get_string(top, "i", &s, &e), "i");
    REFUSED(json_get_string(top, "n", &s, &e), "n");
    REFUSED(json_get_string(top, "gone", &s, &e), "gone");
    REFUSED(json_get_int(top, "s", &v, &e), "s");
    REFUSED(json_get_bool(top, "n", &b, &e), "n");
    REFUSED(json_get_object(top, "a", &child, &e), "a");
    REFUSED(json_get_array(top, "o", &child, &e), "o");
    REFUSED(json_get_array(NULL, "o", &child, &e), "o");
#undef REFUSED
    CHECK_TEXT("left alone", s, "x");
    CHECK("no object", !json_member(child, "a") && !json_member(NULL, "a"));
    CHECK("case", !json_member(top, "S") && json_member_nocase(top, "S"));
    CHECK("case of no object", !json_member_nocase(NULL, "S"));
}

static void json_marks_names_written_with_escapes(void **state)
{
    const struct json *top;

    (void)state;
    begin();
    top = parse("top", span_str("{\"\\u0066mspc\":1,\"id\":2}"));
    CHECK("km_34: an escaped name says so", json_member(top, "fmspc")->has_name_escape);
    CHECK("a plain one does not", !json_member(top, "id")->has_name_escape);
}

static void json_writes_sorted_and_compact(void **state)
{
    static const struct {
        const char *name, *text, *want;
    } rows[] = {
        { "members by bytes", "{ \"b\" : 1 , \"a\" : { \"z\":null, \"B\" : [ 1, true ] } }",
          "{\"a\":{\"B\":[1,true],\"z\":null},\"b\":1}" },
        { "prefix first", "{\"aa\":1,\"a\":2,\"\":3}", "{\"\":3,\"a\":2,\"aa\":1}" },
        { "by bytes, not by letters", "{\"\xc3\xa9\":1,\"z\":2,\"Z\":3}",
          "{\"Z\":3,\"z\":2,\"\xc3\xa9\":1}" },
        { "numbers as they stand", "[1.50,-0,1E+2]", "[1.50,-0,1E+2]" },
        { "escapes made canonical", "\"\\/\\u0041\\u000a\\u001F\\u00e9\"",
          "\"/A\\n\\u001f\xc3\xa9\"" },
        { "names are escaped, too", "{\"\\\"\\n\":0}", "{\"\\\"\\n\":0}" },
        { "runtime data of the published sample",
          "{\"kty\":\"EC\",\"use\":\"sig\",\"crv\":\"P-256\",\"x\":1,\"y\":2}",
          "{\"crv\":\"P-256\",\"kty\":\"EC\",\"use\":\"sig\",\"x\":1,\"y\":2}" },
        { "empty", "{\"a\":{ },\"b\":[ ]}", "{\"a\":{},\"b\":[]}" },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span once = written(parse(rows[i].name, span_str(rows[i].text)));

        CHECK_TEXT(rows[i].name, once, rows[i].want);
        CHECK_SPAN(rows[i].name, written(parse(rows[i].name, once)), once);
    }
}

static void json_sorts_many_members(void **state)
{
    const struct json *top, *back;
    struct writer fixed;
    uint8_t room[16384];

    (void)state;
    begin();
    top = parse("many", numbered_members(500));
    back = parse("back", written(top));
    CHECK_INT("all there", back->count, 500);
    for (const struct json *m = back->child; m->next; m = m->next)
        CHECK("in order", span_compare(m->name, m->next->name) < 0);
    fixed = writer_over(room, sizeof room);
    json_write_sorted(&fixed, top);
    CHECK("a fixed buffer says that it cannot", fixed.has_failed);
    fixed = writer_over(room, sizeof room);
    json_write_sorted(&fixed, back);
    CHECK("unless they are in order", !fixed.has_failed);
}

static void km_72_strings_are_escaped_when_written(void **state)
{
    static const struct {
        const char *name;
        struct span text;
        const char *want;
    } rows[] = {
        { "quote and backslash", { (const uint8_t *)"a\"b\\c", 5 }, "\"a\\\"b\\\\c\"" },
        { "controls",
          { (const uint8_t *)"\0\x01\b\t\n\v\f\r\x1f", 9 },
          "\"\\u0000\\u0001\\b\\t\\n\\u000b\\f\\r\\u001f\"" },
        { "delete and others stay",
          { (const uint8_t *)"\x7f/\xe2\x80\xa8", 5 },
          "\"\x7f/\xe2\x80\xa8\"" },
        { "an attempt to end the string",
          { (const uint8_t *)"\",\"exp\":1,\"", 11 },
          "\"\\\",\\\"exp\\\":1,\\\"\"" },
        { "long",
          { (const uint8_t *)"0123456789abcdef0123456789abcdef0123456789abcdef\n", 49 },
          "\"0123456789abcdef0123456789abcdef0123456789abcdef\\n\"" },
        { "empty", { NULL, 0 }, "\"\"" },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct writer w = writer_in(&arena, 1);

        json_write_string(&w, rows[i].text);
        CHECK_TEXT(rows[i].name, writer_span(&w), rows[i].want);
        CHECK_SPAN(rows[i].name, parse(rows[i].name, writer_span(&w))->text, rows[i].text);
    }
}

/* Every byte at every place of a string of 70: the wide loop and the narrow one must agree. */
static void json_looks_at_every_byte_of_a_long_string(void **state)
{
    uint8_t text[72];

    (void)state;
    begin();
    for (size_t at = 1; at < 71; at++)
        for (int c = 0; c < 256; c++) {
            struct err e = { 0 };
            const struct json *out = NULL;
            bool holds, want = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';

            memset(text, 'x', sizeof text);
            text[0] = text[71] = '"';
            text[at] = (uint8_t)c;
            if (c == '\\' && at < 70)
                text[at + 1] = '\\';
            want = want || (c == '\\' && at < 70);
            arena_reset(&arena);
            holds = json_parse(span_of(text, sizeof text), NULL, &arena, &out, &e);
            CHECK_INT("one byte of 70", holds, want);
            if (!holds && c != '"')
                CHECK_INT("its place", e.offset, c == '\\' ? 72 : (long long)at);
        }
}

static const char sample[] =
    "{\"quote\":\"AQID\",\"runtimeData\":{\"data\":\"e30\",\"dataType\":\"JSON\"},"
    "\"n\":[0,-1.5e+3,true,false,null,\"\\u00e9\\ud83d\\ude00\xc3\xa9\"]}";

static void json_refuses_each_truncation(void **state)
{
    (void)state;
    begin();
    for (size_t n = 0; n < sizeof sample - 1; n++) {
        uint8_t *exact = check_exact(span_of(sample, n));
        struct err e = { 0 };
        const struct json *out;

        CHECK(sample, !json_parse(span_of(exact, n), NULL, &arena, &out, &e));
        CHECK_ERR("truncated", e, ERR_MALFORMED, "");
        free(exact);
    }
}

static void json_survives_each_flipped_bit(void **state)
{
    struct span want;

    (void)state;
    begin();
    want = written(parse("whole", span_str(sample)));
    for (size_t bit = 0; bit < (sizeof sample - 1) * 8; bit++) {
        uint8_t *exact = check_exact(span_str(sample));
        struct err e = { 0 };
        const struct json *out = NULL;

        exact[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (!json_parse(span_of(exact, sizeof sample - 1), NULL, &arena, &out, &e))
            CHECK_ERR("flipped", e, ERR_MALFORMED, "");
        else if (span_equal(written(out), want)) /* a bit that says nothing: case of a hex digit */
            CHECK("only hex digits of escapes",
                  exact[bit / 8 - 3] == '\\' || exact[bit / 8 - 4] == '\\' ||
                      exact[bit / 8 - 5] == '\\' || exact[bit / 8 - 2] == '\\');
        free(exact);
    }
}

static void json_ends_cleanly_when_memory_fails(void **state)
{
    size_t n = 1;
    bool holds = false;

    (void)state;
    begin();
    for (; !holds; n++) {
        struct arena small = arena_over(1 << 20);
        struct err e = { 0 };
        const struct json *out = NULL;

        small.fail_at = n;
        holds = json_parse(span_str("{\"a\\n\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18],"
                                    "\"b\":\"\\u0041\",\"c\":{\"1\":1,\"2\":1,\"3\":1,\"4\":1,"
                                    "\"5\":1,\"6\":1,\"7\":1,\"8\":1,\"9\":1,\"a\":1,\"b\":1,"
                                    "\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1}}"),
                           NULL, &small, &out, &e);
        if (!holds)
            CHECK_ERR("n-th allocation", e, ERR_MEMORY, "");
        arena_fini(&small);
    }
    CHECK_INT("allocations seen", n - 2, 5);
}

static void json_says_when_its_arena_is_full(void **state)
{
    struct arena small = arena_over(512);
    struct err e = { 0 };
    const struct json *out;

    (void)state;
    CHECK("full", !json_parse(span_str("[1,2,3,4,5,6]"), NULL, &small, &out, &e));
    CHECK_ERR("full", e, ERR_LIMIT, "");
    arena_fini(&small);
}

static void json_names_its_types(void **state)
{
    (void)state;
    assert_string_equal(json_type_name(JSON_NULL), "null");
    assert_string_equal(json_type_name(JSON_OBJECT), "object");
    assert_string_equal(json_type_name((enum json_type)99), "unknown");
}

TEST_MAIN(json_keeps_the_extent_of_each_value, json_unescapes_strings,
          json_refuses_what_is_not_json, json_refuses_a_raw_nul, json_holds_its_limits,
          km_34_nesting_10_000_deep_ends_at_the_limit, json_finds_duplicates_among_many_members,
          json_folds_case_where_asked, km_34_only_plain_digits_are_integers,
          json_members_name_what_is_wrong, json_marks_names_written_with_escapes,
          json_writes_sorted_and_compact, json_sorts_many_members,
          km_72_strings_are_escaped_when_written, json_looks_at_every_byte_of_a_long_string,
          json_refuses_each_truncation, json_survives_each_flipped_bit,
          json_ends_cleanly_when_memory_fails, json_says_when_its_arena_is_full,
          json_names_its_types)
