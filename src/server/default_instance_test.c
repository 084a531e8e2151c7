#include "../../tests/check.h"

#include "default_instance.h"

static void the_instance_follows_the_base_url(void **state)
{
    static const struct {
        const char *name, *url, *host;
    } rows[] = {
        { "port", "https://Attest.Example:8443", "attest.example:8443" },
        { "plain", "https://attest.example", "attest.example" },
        { "path", "https://attest.example/a", "attest.example" },
        { "address", "https://[::1]:443", "[::1]:443" },
    };
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(1 << 16);
        struct change c = { 0 }, again = { 0 };
        struct store_instance made;
        struct err e = { 0 };
        bool is_needed;

        CHECK_OK(rows[i].name, default_instance_change(NULL, rows[i].url, &a, &c, &is_needed, &e),
                 e);
        CHECK(rows[i].name, is_needed && c.kind == CHANGE_INSTANCE_CREATE);
        CHECK_TEXT(rows[i].name, c.instance.host, rows[i].host);
        made = c.instance;
        CHECK_OK(rows[i].name, default_instance_change(&made, rows[i].url, &a, &c, &is_needed, &e),
                 e);
        CHECK(rows[i].name, !is_needed);
        made.location = span_str("here");
        CHECK_OK(rows[i].name,
                 default_instance_change(&made, "https://new.example", &a, &again, &is_needed, &e),
                 e);
        CHECK(rows[i].name, is_needed && again.kind == CHANGE_INSTANCE_UPDATE);
        CHECK_TEXT("the rest stays", again.instance.location, "here");
        arena_fini(&a);
    }
}

static void a_url_without_a_host_is_refused(void **state)
{
    static const char *const rows[] = { "", "attest.example", "https://", "https:///x" };
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(1 << 16);
        struct change c = { 0 };
        struct err e = { 0 };
        bool is_needed;

        CHECK(rows[i], !default_instance_change(NULL, rows[i], &a, &c, &is_needed, &e));
        CHECK_ERR(rows[i], e, ERR_MALFORMED, "base_url");
        arena_fini(&a);
    }
}

static void instances_get_their_names_below_the_base_url(void **state)
{
    static const struct {
        const char *url, *want;
    } rows[] = {
        { "https://attest.example", "attest.example" },
        { "https://Attest.Example:8443/", "attest.example:8443" },
        { "https://127.0.0.1:8443", "attest.localhost:8443" },
        { "https://[::1]:1", "attest.localhost:1" },
        { "https://localhost", "attest.localhost" },
        { "https://192.0.2.1:8443", "" },
        { "https://[2001:db8::1]", "" },
    };
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(1 << 16);
        struct span got = { 0 };
        struct err e = { 0 };

        CHECK_OK(rows[i].url, default_instance_domain(rows[i].url, &a, &got, &e), e);
        CHECK_TEXT(rows[i].url, got, rows[i].want);
        arena_fini(&a);
    }
}

TEST_MAIN(the_instance_follows_the_base_url, a_url_without_a_host_is_refused,
          instances_get_their_names_below_the_base_url)
