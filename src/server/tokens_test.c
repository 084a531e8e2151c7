#include "../../tests/check.h"

#include "tokens.h"

#define HASH "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

static void lines_name_a_role_and_a_hash(void **state)
{
    static const char text[] = "# who may what\n\nreader " HASH "\n  contributor\t" HASH "  \r\n";
    struct api_token list[TOKENS_MAX];
    struct err e = { 0 };
    size_t count = 0;
    (void)state;

    CHECK_OK("read", tokens_read(span_str(text), list, &count, &e), e);
    CHECK_INT("count", count, 2);
    CHECK_INT("first", list[0].role, ROLE_READER);
    CHECK_INT("second", list[1].role, ROLE_CONTRIBUTOR);
    CHECK("hash", list[1].sha256[0] == 0 && list[1].sha256[31] == 0xff);
}

static void refusals_name_the_line(void **state)
{
    static const struct {
        const char *name, *text, *path;
    } rows[] = { { "another role", "owner " HASH, "line 1" },
                 { "no hash", "\nreader\n", "line 2" },
                 { "short hash", "reader 0011", "line 1" },
                 { "a token itself", "reader dev-reader", "line 1" },
                 { "two hashes", "reader " HASH " " HASH, "line 1" },
                 { "upper case", "Reader " HASH, "line 1" } };
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct api_token list[TOKENS_MAX];
        struct err e = { 0 };
        size_t count = 0;

        CHECK(rows[i].name, !tokens_read(span_str(rows[i].text), list, &count, &e));
        CHECK_ERR(rows[i].name, e, ERR_MALFORMED, rows[i].path);
    }
}

static void too_many_tokens_are_refused(void **state)
{
    struct arena a = arena_over(1 << 20);
    struct writer w = writer_in(&a, 1024);
    struct api_token list[TOKENS_MAX];
    struct err e = { 0 };
    size_t count = 0;
    (void)state;

    for (size_t i = 0; i <= TOKENS_MAX; i++)
        write_text(&w, "reader " HASH "\n");
    CHECK("too many", !tokens_read(writer_span(&w), list, &count, &e));
    CHECK_ERR("too many", e, ERR_LIMIT, "line 257");
    arena_fini(&a);
}

static void desk_tokens_are_kept_hashed(void **state)
{
    struct api_token list[TOKENS_MAX];
    uint8_t want[32];
    struct err e = { 0 };
    struct crypto *c = crypto_new(&e);
    size_t count = 0;
    (void)state;

    CHECK_OK("add", c && tokens_add_desk(c, list, &count, &e), e);
    CHECK_INT("count", count, 2);
    CHECK_OK("hash", digest_sha256(c, span_str("dev-contributor"), want, &e), e);
    CHECK_SPAN("hash", span_of(list[1].sha256, 32), span_of(want, 32));
    CHECK_INT("role", list[1].role, ROLE_CONTRIBUTOR);
    crypto_free(c);
}

TEST_MAIN(lines_name_a_role_and_a_hash, refusals_name_the_line, too_many_tokens_are_refused,
          desk_tokens_are_kept_hashed)
