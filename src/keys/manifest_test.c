#include "../../tests/check.h"

#include "manifest.h"

enum { NOW = 1700000000 };

static void manifest_reads_what_it_writes(void **state)
{
    struct manifest want = { .count = 2,
                             .keys = { { "key-1", SIG_RS256, 2048, false, NOW },
                                       { "key-2", SIG_ES384, 384, true, 0 } } };
    struct arena a = arena_over(8 * 1024 * 1024);
    struct writer w = writer_in(&a, 64);
    struct manifest got;
    struct err e = { 0 };
    struct span text;
    (void)state;

    manifest_write(&w, &want);
    CHECK_OK("write", writer_done(&w, &text, &e), e);
    CHECK_OK("read", manifest_parse(text, &a, &got, &e), e);
    CHECK_INT("count", got.count, 2);
    for (size_t i = 0; i < 2; i++) {
        CHECK("name", strcmp(got.keys[i].name, want.keys[i].name) == 0);
        CHECK_INT("alg", got.keys[i].alg, want.keys[i].alg);
        CHECK_INT("bits", got.keys[i].bits, want.keys[i].bits);
        CHECK_INT("active", got.keys[i].is_active, want.keys[i].is_active);
        CHECK_INT("retired", got.keys[i].retired_at, want.keys[i].retired_at);
    }
    arena_fini(&a);
}

#define ROW(name, alg, bits, rest)                                                                 \
    "{\"name\":\"" name "\",\"alg\":\"" alg "\",\"bits\":" bits ",\"state\":" rest "}"
#define LIST(rows) "{\"version\":1,\"keys\":[" rows "]}"
#define GOOD(name) ROW(name, "RS256", "2048", "\"retired\",\"retired_at\":1")

static void km_82_refusals_name_the_member(void **state)
{
    /* clang-format off */
    static const struct { const char *name; const char *text; enum err_code code; const char *path; } rows[] = {
        { "later version",    "{\"version\":2,\"keys\":[]}",                                   ERR_UNSUPPORTED, "version" },
        { "no list",          "{\"version\":1}",                                               ERR_MALFORMED,   "keys" },
        { "a path for a name", LIST(ROW("../x", "RS256", "2048", "\"active\"")),               ERR_MALFORMED,   "keys.name" },
        { "a slash",          LIST(ROW("a/b", "RS256", "2048", "\"active\"")),                 ERR_MALFORMED,   "keys.name" },
        { "an escaped NUL",   LIST(ROW("a\\u0000b", "RS256", "2048", "\"active\"")),           ERR_MALFORMED,   "keys.name" },
        { "a percent escape", LIST(ROW("%2e%2e", "RS256", "2048", "\"active\"")),              ERR_MALFORMED,   "keys.name" },
        { "an empty name",    LIST(ROW("", "RS256", "2048", "\"active\"")),                    ERR_MALFORMED,   "keys.name" },
        { "a long name",      LIST(ROW("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "RS256", "2048", "\"active\"")), ERR_MALFORMED, "keys.name" },
        { "no algorithm",     LIST(ROW("a", "none", "2048", "\"active\"")),                    ERR_MALFORMED,   "keys.alg" },
        { "a tiny key",       LIST(ROW("a", "RS256", "128", "\"active\"")),                    ERR_MALFORMED,   "keys.bits" },
        { "a third state",    LIST(ROW("a", "RS256", "2048", "\"next\"")),                     ERR_MALFORMED,   "keys.state" },
        { "retired, no date", LIST(ROW("a", "RS256", "2048", "\"retired\"")),                  ERR_MALFORMED,   "keys.retired_at" },
        { "one name twice",   LIST(GOOD("a") "," GOOD("a")),                                   ERR_MALFORMED,   "keys" },
        { "two active",       LIST(ROW("a", "RS256", "2048", "\"active\"") "," ROW("b", "ES256", "256", "\"active\"")), ERR_MALFORMED, "keys" },
        { "nine keys",        LIST(GOOD("a") "," GOOD("b") "," GOOD("c") "," GOOD("d") "," GOOD("e") "," GOOD("f") "," GOOD("g") "," GOOD("h") "," GOOD("i")), ERR_LIMIT, "keys" },
    };
    /* clang-format on */
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(8 * 1024 * 1024);
        struct manifest m;
        struct err e = { 0 };

        CHECK(rows[i].name, !manifest_parse(span_str(rows[i].text), &a, &m, &e));
        CHECK_ERR(rows[i].name, e, rows[i].code, rows[i].path);
        arena_fini(&a);
    }
}

static void first_key_is_new_and_active(void **state)
{
    struct manifest_change change;
    struct manifest m = { 0 };
    struct err e = { 0 };
    (void)state;

    CHECK_OK("first", manifest_activate(&m, SIG_RS256, 2048, NOW, &change, &e), e);
    CHECK("first", change.is_new && change.is_changed && m.keys[change.active].is_active);
    CHECK("name", strcmp(m.keys[0].name, "key-1") == 0);
    CHECK_OK("again", manifest_activate(&m, SIG_RS256, 2048, NOW + 5, &change, &e), e);
    CHECK("again", !change.is_new && !change.is_changed && m.count == 1);
}

static void another_algorithm_retires_the_key_before(void **state)
{
    struct manifest_change change;
    struct manifest m = { 0 };
    struct err e = { 0 };
    (void)state;

    CHECK_OK("first", manifest_activate(&m, SIG_RS256, 2048, NOW, &change, &e), e);
    CHECK_OK("second", manifest_activate(&m, SIG_ES256, 256, NOW + 5, &change, &e), e);
    CHECK("second", change.is_new && m.count == 2 && change.active == 1);
    CHECK("first", !m.keys[0].is_active && m.keys[0].retired_at == NOW + 5);
    CHECK_OK("back", manifest_activate(&m, SIG_RS256, 2048, NOW + 9, &change, &e), e);
    CHECK("back", !change.is_new && change.is_changed && change.active == 0);
    CHECK("back", m.keys[0].is_active && !m.keys[1].is_active);
}

static void retired_key_goes_when_its_time_is_over(void **state)
{
    const int64_t over = NOW + KEYRING_RETIRED_SECONDS;
    struct manifest_change change;
    struct manifest m = { 0 };
    struct err e = { 0 };
    (void)state;

    CHECK_OK("first", manifest_activate(&m, SIG_RS256, 2048, NOW, &change, &e), e);
    CHECK_OK("second", manifest_activate(&m, SIG_ES256, 256, NOW, &change, &e), e);
    CHECK_OK("last second", manifest_activate(&m, SIG_ES256, 256, over, &change, &e), e);
    CHECK_INT("last second", change.gone_count, 0);
    CHECK_OK("over", manifest_activate(&m, SIG_ES256, 256, over + 1, &change, &e), e);
    CHECK_INT("over", change.gone_count, 1);
    CHECK("over", m.count == 1 && change.active == 0 && strcmp(change.gone[0].name, "key-1") == 0);
    CHECK("clock set back", manifest_activate(&m, SIG_ES256, 256, 5, &change, &e));
    CHECK_INT("clock set back", change.gone_count, 0);
}

static void full_list_refuses_another_key(void **state)
{
    struct manifest m = { .count = KEYRING_MAX };
    struct manifest_change change;
    struct err e = { 0 };
    (void)state;

    for (size_t i = 0; i < KEYRING_MAX; i++)
        m.keys[i] = (struct manifest_key){ { (char)('a' + i) }, SIG_PS256, 2048, false, NOW };
    CHECK("full", !manifest_activate(&m, SIG_ES256, 256, NOW, &change, &e));
    CHECK_ERR("full", e, ERR_LIMIT, "");
}

static void every_failing_allocation_ends_in_a_clean_error(void **state)
{
    bool is_read = false;
    size_t n = 0;
    (void)state;

    while (!is_read) {
        struct arena a = arena_over(8 * 1024 * 1024);
        struct manifest m;
        struct err e = { 0 };

        a.fail_at = ++n;
        is_read = manifest_parse(span_str(LIST(GOOD("a") "," GOOD("b"))), &a, &m, &e);
        CHECK("code", is_read || e.code == ERR_MEMORY);
        CHECK("it ends", n < 1000);
        arena_fini(&a);
    }
    CHECK("some failed", n > 1);
}

static void every_truncation_is_refused(void **state)
{
    static const char whole[] = LIST(GOOD("a"));
    (void)state;

    for (size_t n = 0; n < sizeof whole - 1; n++) {
        struct arena a = arena_over(8 * 1024 * 1024);
        uint8_t *exact = check_exact(span_of(whole, n));
        struct manifest m;
        struct err e = { 0 };

        CHECK("refused", !manifest_parse(span_of(exact, n), &a, &m, &e));
        CHECK_INT("code", e.code, ERR_MALFORMED);
        free(exact);
        arena_fini(&a);
    }
}

TEST_MAIN(manifest_reads_what_it_writes, km_82_refusals_name_the_member,
          first_key_is_new_and_active, another_algorithm_retires_the_key_before,
          retired_key_goes_when_its_time_is_over, full_list_refuses_another_key,
          every_failing_allocation_ends_in_a_clean_error, every_truncation_is_refused)
