#include "host.h"

#include "../../tests/check.h"
#include "../store/change.h"
#include "../store/keep.h"

static void a_name_is_what_stands_before_the_port(void **state)
{
    static const struct {
        const char *host, *name;
        bool is_ip;
    } rows[] = {
        { "attest.example", "attest.example", false },
        { "attest.example:8443", "attest.example", false },
        { "attest.example.:8443", "attest.example", false },
        { "attest.example.", "attest.example", false },
        { "attest.example:", "attest.example", false },
        { "127.0.0.1", "127.0.0.1", true },
        { "127.0.0.1:8443", "127.0.0.1", true },
        { "[::1]:8443", "[::1]", true },
        { "[::1]", "[::1]", true },
        { "::1", "::1", false },
        { ":80", ":80", false },
        { "80", "80", false },
        { "1.2.3", "1.2.3", false },
        { "1.2.3.4.5", "1.2.3.4.5", false },
        { "1.2.3.example", "1.2.3.example", false },
        { "1..2.3", "1..2.3", false },
        { "1000.2.3.4", "1000.2.3.4", false },
        { "", "", false },
        { ".", ".", false },
    };
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span name = host_name(span_str(rows[i].host));

        CHECK_TEXT(rows[i].host, name, rows[i].name);
        CHECK(rows[i].host, host_is_ip(name) == rows[i].is_ip);
    }
}

/* A store with the default instance and some others. */
struct site {
    struct crypto *crypto;
    struct store *store;
    struct state *state;
};

static void open_site(struct site *s)
{
    static const struct {
        const char *name, *host;
    } rows[] = { { "default", "attest.example:8443" },
                 { "one", "one.attest.example:8443" },
                 { "plain", "plain.example" },
                 { "twin-a", "twin.example:1" },
                 { "twin-b", "twin.example:2" } };
    struct err e = { 0 };

    s->crypto = crypto_new(&e);
    s->store = store_memory_new(s->crypto, &e);
    CHECK_OK("store", s->store != NULL, e);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct change c = { .kind = CHANGE_INSTANCE_CREATE,
                            .id = { (uint8_t)(i + 1) },
                            .at = 1,
                            .actor = span_str("test"),
                            .expected = CHANGE_ANY,
                            .instance = { .name = span_str(rows[i].name),
                                          .host = span_str(rows[i].host),
                                          .issuer = span_str("https://issuer.example"),
                                          .trust_model = span_str("AAD") } };
        struct change_result r;

        CHECK_OK(rows[i].name, store_change(s->store, &c, NULL, &r, &e), e);
    }
    s->state = state_load(s->store, &e);
    CHECK_OK("state", s->state != NULL, e);
}

static void close_site(struct site *s)
{
    state_release(s->state);
    store_free(s->store);
    crypto_free(s->crypto);
}

static void a_host_leads_to_its_instance_or_nowhere(void **state)
{
    static const struct {
        const char *host, *others, *want;
    } rows[] = {
        { "attest.example:8443", "", "default" },
        { "Attest.Example:8443", "", "default" },
        { "attest.example", "", "default" },
        { "attest.example:9", "", "default" },
        { "one.attest.example:8443", "", "one" },
        { "ONE.attest.example", "", "one" },
        { "one.attest.example.", "", "one" },
        { "plain.example", "", "plain" },
        { "plain.example:443", "", "plain" },
        { "twin.example:1", "", "twin-a" },
        { "twin.example:2", "", "twin-b" },
        { "twin.example", "*", "default" },
        { "twin.example", "", NULL },
        { "two.attest.example", "", NULL },
        { "evil-attest.example", "", NULL },
        { "127.0.0.1:8443", "", NULL },
        { "127.0.0.1:8443", "ip, localhost", "default" },
        { "[::1]", "ip, localhost", "default" },
        { "localhost:8443", "ip, localhost", "default" },
        { "LOCALHOST", "ip,localhost", "default" },
        { "localhost.evil.example", "ip, localhost", NULL },
        { "ip", "localhost", NULL },
        { "health.internal", "ip,health.internal", "default" },
        { "anything", "*", "default" },
        { "one.attest.example", "*", "one" },
        { "", "ip, localhost", NULL },
        { "", "*", NULL },
        { "a b", "ip, localhost", NULL },
    };
    struct site s = { 0 };
    (void)state;

    open_site(&s);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct store_instance *found =
            host_find(s.state, span_str(rows[i].host), span_str(rows[i].others));

        CHECK(rows[i].host, (found != NULL) == (rows[i].want != NULL));
        if (found)
            CHECK_TEXT(rows[i].host, found->name, rows[i].want);
    }
    close_site(&s);
}

TEST_MAIN(a_name_is_what_stands_before_the_port, a_host_leads_to_its_instance_or_nowhere)
