#include "err.h"

#include "../../tests/check.h"

static void the_first_failure_stays(void **state)
{
    struct err e = { 0 };

    (void)state;
    CHECK("false", !err_fail(&e, ERR_STALE, "a spec", "%d days old", 7));
    CHECK("false", !err_fail(&e, ERR_DENIED, "another", "later"));
    CHECK_ERR("first", e, ERR_STALE, "");
    assert_string_equal(e.text, "7 days old");
    assert_string_equal(e.spec, "a spec");
    CHECK("no offset", e.offset == ERR_NO_OFFSET);
    CHECK("no place for it is fine", !err_fail(NULL, ERR_IO, NULL, "x") && !err_in(NULL, "x"));
}

static void the_offset_is_kept(void **state)
{
    struct err e = { 0 };

    (void)state;
    CHECK("false", !err_fail_at(&e, 42, ERR_MALFORMED, NULL, "x"));
    CHECK_INT("offset", e.offset, 42);
    err_clear(&e);
    CHECK("cleared", e.code == ERR_NONE && e.text[0] == '\0');
    CHECK("usable again", !err_fail(&e, ERR_IO, NULL, "y") && e.code == ERR_IO);
    err_clear(NULL);
}

static void the_path_grows_outwards(void **state)
{
    struct err e = { 0 };

    (void)state;
    CHECK("nothing failed", !err_in(&e, "a"));
    CHECK("no path without a failure", e.path[0] == '\0');
    err_fail(&e, ERR_MALFORMED, NULL, "x");
    err_in(&e, "[3]");
    err_in(&e, "levels");
    err_in(&e, "tcb_info");
    CHECK_ERR("path", e, ERR_MALFORMED, "tcb_info.levels[3]");
}

static void long_texts_and_paths_are_cut_not_overrun(void **state)
{
    struct err e = { 0 };
    char big[1000];

    (void)state;
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    err_fail(&e, ERR_MALFORMED, NULL, "%s", big);
    CHECK_INT("text", strlen(e.text), sizeof e.text - 1);
    for (int i = 0; i < 20; i++)
        err_in(&e, big);
    CHECK("path", strlen(e.path) < sizeof e.path);
}

static void every_code_has_a_name(void **state)
{
    (void)state;
    for (int i = 0; i < ERR_CODES; i++) {
        const char *name = err_code_name((enum err_code)i);

        CHECK("named", name && strcmp(name, "unknown") != 0);
        for (int k = 0; k < i; k++)
            CHECK(name, strcmp(name, err_code_name((enum err_code)k)) != 0);
    }
    assert_string_equal(err_code_name(ERR_CODES), "unknown");
}

static void only_memory_and_internal_are_our_own_trouble(void **state)
{
    (void)state;
    for (int i = 0; i < ERR_CODES; i++) {
        struct err e = { .code = (enum err_code)i };

        CHECK(err_code_name(e.code), err_is_ours(&e) == (i == ERR_MEMORY || i == ERR_INTERNAL));
    }
}

TEST_MAIN(only_memory_and_internal_are_our_own_trouble, the_first_failure_stays, the_offset_is_kept,
          the_path_grows_outwards, long_texts_and_paths_are_cut_not_overrun, every_code_has_a_name)
