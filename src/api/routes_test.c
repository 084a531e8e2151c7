#include "errors.h"
#include "routes.h"

#include "../../tests/check.h"

#include <ctype.h>

static void paths_are_found_however_they_are_spelled(void **state)
{
    static const struct {
        const char *path, *want;
    } rows[] = {
        { "/attest/SgxEnclave", "/attest/sgxenclave" },
        { "/ATTEST/SGXENCLAVE", "/attest/sgxenclave" },
        { "//attest//sgxenclave/", "/attest/sgxenclave" },
        { "/attest/Sgx%45nclave", "/attest/sgxenclave" },
        { "/.well-known/openid-configuration/", "/.well-known/openid-configuration" },
        { "/", "/" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(65536);
        struct span out = { 0 };
        struct err e = { 0 };

        CHECK_OK(rows[i].path, route_normal_path(&a, span_str(rows[i].path), &out, &e), e);
        CHECK_TEXT(rows[i].path, out, rows[i].want);
        arena_fini(&a);
    }
}

static void broken_escapes_are_refused(void **state)
{
    static const char *const rows[] = { "/attest/%", "/attest/%4", "/attest/%zz", "/certs%00" };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(65536);
        struct span out = { 0 };
        struct err e = { 0 };

        CHECK(rows[i], !route_normal_path(&a, span_str(rows[i]), &out, &e));
        CHECK(rows[i], e.code == ERR_MALFORMED && e.text[0] != '\0');
        arena_fini(&a);
    }
}

static void every_row_is_in_normal_form_and_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < route_count; i++) {
        bool exists = false;

        for (const char *p = routes[i].path; *p; p++)
            CHECK(routes[i].path, !isupper((unsigned char)*p));
        CHECK(routes[i].path,
              route_find(routes[i].method, span_str(routes[i].path), &exists) == &routes[i]);
        CHECK(routes[i].path,
              route_find(HTTP_OTHER, span_str(routes[i].path), &exists) == NULL && exists);
        CHECK(routes[i].path, routes[i].run && routes[i].summary[0] != '\0');
    }
}

static void km_81_every_row_says_what_it_needs(void **state)
{
    (void)state;
    for (size_t i = 0; i < route_count; i++) {
        const struct route *r = &routes[i];
        bool is_metadata = r->version == VERSION_OPTIONAL;

        CHECK(r->path, r->need != NEED_UNSAID && r->need < ACCESS_NEEDS);
        CHECK(r->path, r->need_2018 != NEED_UNSAID && r->need_2018 < ACCESS_NEEDS);
        CHECK(r->path, is_metadata || r->need_2018 != NEED_NOTHING);
    }
}

static void head_is_answered_where_get_is(void **state)
{
    bool exists = false;

    (void)state;
    assert_non_null(route_find(HTTP_HEAD, span_str("/certs"), &exists));
    assert_null(route_find(HTTP_HEAD, span_str("/attest/sgxenclave"), &exists));
    assert_null(route_find(HTTP_GET, span_str("/nowhere"), &exists));
    assert_false(exists);
}

static void a_path_tells_its_methods(void **state)
{
    static const struct {
        const char *path, *want;
    } rows[] = {
        { "/certs", "GET, HEAD" },
        { "/attest/sgxenclave", "POST" },
        { "/nowhere", "" },
    };
    struct arena a = arena_over(4096);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span methods = { 0 };
        struct err e = { 0 };

        CHECK_OK(rows[i].path, route_methods(span_str(rows[i].path), &a, &methods, &e), e);
        CHECK_TEXT(rows[i].path, methods, rows[i].want);
    }
    arena_fini(&a);
}

static void versions_are_those_of_the_contract(void **state)
{
    (void)state;
    assert_int_equal(api_version_find(span_str("2022-08-01")), API_2022_08_01);
    assert_int_equal(api_version_find(span_str("2018-09-01-PREVIEW")), API_2018_09_01_PREVIEW);
    assert_int_equal(api_version_find(span_str("2022-08-02")), API_UNKNOWN);
    assert_int_equal(api_version_find(span_str("")), API_UNKNOWN);
}

static void every_version_that_is_named_is_found(void **state)
{
    const char *name;
    size_t i;

    (void)state;
    for (i = 0; (name = api_version_name(i, false)) != NULL; i++)
        assert_int_equal(api_version_find(span_str(name)), API_2018_09_01_PREVIEW + i);
    assert_int_equal(API_2018_09_01_PREVIEW + i, API_MANAGEMENT);
    for (i = 0; (name = api_version_name(i, true)) != NULL; i++)
        assert_int_equal(api_version_find_management(span_str(name)), API_MANAGEMENT);
    assert_true(i > 0);
}

static void every_error_has_a_status_and_a_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < API_ERRORS; i++)
        CHECK("row", api_errors[i].status >= 400 && api_errors[i].code && api_errors[i].when);
}

TEST_MAIN(paths_are_found_however_they_are_spelled, broken_escapes_are_refused,
          every_row_is_in_normal_form_and_found, km_81_every_row_says_what_it_needs,
          head_is_answered_where_get_is, a_path_tells_its_methods,
          versions_are_those_of_the_contract, every_version_that_is_named_is_found,
          every_error_has_a_status_and_a_code)
