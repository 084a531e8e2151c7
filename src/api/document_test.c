#include "document.h"

#include "../../tests/check.h"

static void every_form_gives_the_document(void **state)
{
    static const char *const rows[] = {
        "a.b.c",
        " a.b.c\r\n",
        "\"a.b.c\"",
        " \" a.b.c \" ",
        "\"a.\\u0062.c\"",
        "{\"Member\":\"a.b.c\"}",
        "{\"other\":1,\"mEMBER\":\"a.b.c\"}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(65536);
        struct span out = { 0 };
        struct err e = { 0 };

        CHECK_OK(rows[i], document_read(span_str(rows[i]), "member", &a, &out, &e), e);
        CHECK_TEXT(rows[i], out, "a.b.c");
        arena_fini(&a);
    }
}

static void what_holds_none_is_refused(void **state)
{
    static const struct {
        const char *body, *path;
    } rows[] = {
        { "", "body" },
        { " \r\n", "body" },
        { "\"a.b.c", "body" },
        { "\"a\" \"b\"", "body" },
        { "{", "body" },
        { "{}", "body.member" },
        { "{\"member\":1}", "body.member" },
        { "{\"member\":\"a\",\"Member\":\"b\"}", "body" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(65536);
        struct span out = { 0 };
        struct err e = { 0 };

        CHECK(rows[i].body, !document_read(span_str(rows[i].body), "member", &a, &out, &e));
        CHECK_INT(rows[i].body, e.code, ERR_MALFORMED);
        CHECK(rows[i].body, strncmp(e.path, rows[i].path, strlen(rows[i].path)) == 0);
        arena_fini(&a);
    }
}

static void every_failed_allocation_ends_in_a_clean_error(void **state)
{
    bool is_read = false;

    (void)state;
    for (size_t n = 1; !is_read && n < 100; n++) {
        struct arena a = arena_over(65536);
        struct span out = { 0 };
        struct err e = { 0 };

        a.fail_at = n;
        is_read = document_read(span_str("{\"member\":\"a\\u0062c\"}"), "member", &a, &out, &e);
        CHECK("code", is_read || e.code == ERR_MEMORY);
        arena_fini(&a);
    }
    assert_true(is_read);
}

TEST_MAIN(every_form_gives_the_document, what_holds_none_is_refused,
          every_failed_allocation_ends_in_a_clean_error)
