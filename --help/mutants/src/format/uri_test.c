#include "uri.h"

#include "../../tests/check.h"

static struct arena arena;

static void begin(void)
{
    arena_fini(&arena);
    arena = arena_over(1 << 20);
}

static void uri_decodes_escapes(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "", "" },
        { "plain", "plain" },
        { "a%20b", "a b" },
        { "SgxEnclave%3Areset", "SgxEnclave:reset" },
        { "%3a%3A", "::" },
        { "a+b", "a+b" },
        { "%25%32%30", "%20" },
        { "%c3%a9", "\xc3\xa9" },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span out = { 0 };
        struct err e = { 0 };

        CHECK_OK(rows[i].text, uri_decode(&arena, span_str(rows[i].text), &out, &e), e);
        CHECK_TEXT(rows[i].text, out, rows[i].want);
    }
}

static void uri_refuses_broken_escapes(void **state)
{
    static const struct {
        const char *name, *text;
        size_t offset;
    } rows[] = {
        { "nothing behind", "ab%", 2 },     { "one digit", "ab%4", 2 },
        { "no digit", "%zz", 0 },           { "second no digit", "%4g", 0 },
        { "an encoded NUL", "a%00", 1 },    { "a second percent sign", "%%41", 0 },
        { "a sign is no digit", "%+1", 0 }, { "a space is no digit", "% 1", 0 },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t *exact = check_exact(span_str(rows[i].text));
        struct span out = span_str("untouched");
        struct err e = { 0 };

        CHECK(rows[i].name, !uri_decode(&arena, span_of(exact, strlen(rows[i].text)), &out, &e));
        CHECK_ERR(rows[i].name, e, ERR_MALFORMED, "");
        CHECK_INT(rows[i].name, e.offset, rows[i].offset);
        CHECK_TEXT(rows[i].name, out, "untouched");
        free(exact);
    }
}

static void uri_splits_at_the_first_question_mark(void **state)
{
    static const struct {
        const char *target, *path, *query;
    } rows[] = {
        { "/certs", "/certs", "" }, { "/a?b=c", "/a", "b=c" }, { "/a?b?c", "/a", "b?c" },
        { "/a?", "/a", "" },        { "?", "", "" },           { "", "", "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span path, query;

        uri_split(span_str(rows[i].target), &path, &query);
        CHECK_TEXT(rows[i].target, path, rows[i].path);
        CHECK_TEXT(rows[i].target, query, rows[i].query);
    }
}

static void uri_finds_query_parameters(void **state)
{
    static const struct {
        const char *query;
        bool found;
        const char *want;
    } rows[] = {
        { "", false, "" },
        { "api-version=2022-08-01", true, "2022-08-01" },
        { "API-Version=2022-08-01", true, "2022-08-01" },
        { "a=b&api-version=1&c", true, "1" },
        { "api-version", true, "" },
        { "api-version=", true, "" },
        { "api%2Dversion=1", true, "1" },
        { "api-version=a=b", true, "a=b" },
        { "api-version=%61", true, "a" },
        { "api-version=1&&api-version=1", true, "1" },
        { "api-version=%31&api-version=1", true, "1" },
        { "xapi-version=1", false, "" },
        { "=1&api", false, "" },
        { "other=%zz", false, "" },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span out = { 0 };
        struct err e = { 0 };
        bool found = false;

        CHECK_OK(rows[i].query,
                 uri_query(&arena, span_str(rows[i].query), "api-version", &found, &out, &e), e);
        CHECK_INT(rows[i].query, found, rows[i].found);
        CHECK_TEXT(rows[i].query, out, rows[i].want);
    }
}

static void uri_refuses_ambiguous_parameters(void **state)
{
    static const struct {
        const char *query, *path;
    } rows[] = {
        { "api-version=1&api-version=2", "api-version" },
        { "api-version=1&API-VERSION=2", "api-version" },
        { "api-version=1&api-version", "api-version" },
        { "api-version=%0", "api-version" },
        { "%=1", "" },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span out = { 0 };
        struct err e = { 0 };
        bool found = false;

        CHECK(rows[i].query,
              !uri_query(&arena, span_str(rows[i].query), "api-version", &found, &out, &e));
        CHECK_ERR(rows[i].query, e, ERR_MALFORMED, rows[i].path);
    }
}

static void uri_ends_cleanly_when_memory_fails(void **state)
{
    bool holds = false;
    size_t n = 1;

    (void)state;
    for (; !holds; n++) {
        struct arena small = arena_over(65536);
        struct span out = { 0 };
        struct err e = { 0 };
        bool found;

        small.fail_at = n;
        holds = uri_query(&small, span_str("%61=1&b=%32&b=2"), "b", &found, &out, &e);
        if (!holds)
            CHECK("n-th allocation", e.code == ERR_MEMORY);
        arena_fini(&small);
    }
    CHECK_INT("allocations seen", n - 2, 2);
}

TEST_MAIN(uri_decodes_escapes, uri_refuses_broken_escapes, uri_splits_at_the_first_question_mark,
          uri_finds_query_parameters, uri_refuses_ambiguous_parameters,
          uri_ends_cleanly_when_memory_fails)
