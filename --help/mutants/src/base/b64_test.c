#include "b64.h"

#include "../../tests/check.h"

static struct arena arena;

static void begin(void)
{
    arena_fini(&arena);
    arena = arena_over(16 << 20);
}

static void the_vectors_of_the_rfc_come_out(void **state)
{
    static const struct {
        const char *bytes, *std, *url;
    } rows[] = {
        { "", "", "" },
        { "f", "Zg==", "Zg" },
        { "fo", "Zm8=", "Zm8" },
        { "foo", "Zm9v", "Zm9v" },
        { "foob", "Zm9vYg==", "Zm9vYg" },
        { "fooba", "Zm9vYmE=", "Zm9vYmE" },
        { "foobar", "Zm9vYmFy", "Zm9vYmFy" },
        { "\xfb\xff\xbf", "+/+/", "-_-_" },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span out = { 0 };
        struct err e = { 0 };

        CHECK_TEXT(rows[i].std, b64_dup_std(&arena, span_str(rows[i].bytes)), rows[i].std);
        CHECK_TEXT(rows[i].url, b64_dup_url(&arena, span_str(rows[i].bytes)), rows[i].url);
        CHECK_OK(rows[i].std, b64_read(&arena, span_str(rows[i].std), B64_STD, &out, &e), e);
        CHECK_TEXT(rows[i].std, out, rows[i].bytes);
        CHECK_OK(rows[i].url, b64_read(&arena, span_str(rows[i].url), B64_URL, &out, &e), e);
        CHECK_TEXT(rows[i].url, out, rows[i].bytes);
        CHECK_OK(rows[i].std, b64_read(&arena, span_str(rows[i].std), B64_TOLERANT, &out, &e), e);
        CHECK_TEXT(rows[i].std, out, rows[i].bytes);
        CHECK_OK(rows[i].url, b64_read(&arena, span_str(rows[i].url), B64_TOLERANT, &out, &e), e);
        CHECK_TEXT(rows[i].url, out, rows[i].bytes);
    }
}

static void any_bytes_go_there_and_back(void **state)
{
    uint8_t bytes[300];
    uint32_t x = 1;

    (void)state;
    begin();
    for (size_t n = 0; n < sizeof bytes; n++) {
        struct span in = span_of(bytes, n), out = { 0 };

        x = x * 1103515245u % 2147483647u + 12345u;
        bytes[n] = (uint8_t)(x >> 16);
        CHECK("url", b64_read(&arena, b64_dup_url(&arena, in), B64_URL, &out, NULL));
        CHECK_SPAN("url", out, in);
        CHECK("std", b64_read(&arena, b64_dup_std(&arena, in), B64_STD, &out, NULL));
        CHECK_SPAN("std", out, in);
    }
}

enum { URL = 1 << B64_URL, STD = 1 << B64_STD, TOLERANT = 1 << B64_TOLERANT };

static void each_form_takes_its_own(void **state)
{
    static const struct {
        const char *name, *text;
        unsigned takes;
    } rows[] = {
        { "no padding", "Zg", URL | TOLERANT },
        { "padding", "Zg==", STD | TOLERANT },
        { "half the padding", "Zg=", 0 },
        { "too much padding", "Zg===", 0 },
        { "padding after a whole group", "Zm9v====", 0 },
        { "padding alone", "====", 0 },
        { "padding in the middle", "Zg==Zg==", 0 },
        { "trailing bits of one byte", "Zh", TOLERANT },
        { "trailing bits of one byte, padded", "Zh==", TOLERANT },
        { "trailing bits of two bytes", "Zm9", TOLERANT },
        { "one character", "Z", 0 },
        { "five characters", "Zm9vZ", 0 },
        { "ordinary alphabet", "+/+/", STD | TOLERANT },
        { "URL alphabet", "-_-_", URL | TOLERANT },
        { "both alphabets", "+_-/", TOLERANT },
        { "ordinary alphabet at the end", "ABCDA/8=", STD | TOLERANT },
        { "ordinary alphabet at the end, no padding", "ABCDA/8", TOLERANT },
        { "line end behind", "Zm9v\n", 0 },
        { "line end inside", "Zm\n9v", 0 },
        { "space in front", " Zm9v", 0 },
        { "foreign character", "Zm9)", 0 },
        { "not ASCII", "Zm9\xc3", 0 },
        { "empty", "", URL | STD | TOLERANT },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int form = B64_URL; form <= B64_TOLERANT; form++) {
            uint8_t *exact = check_exact(span_str(rows[i].text));
            struct span text = span_of(exact, strlen(rows[i].text)), out = span_str("untouched");
            struct err e = { 0 };
            bool holds = b64_read(&arena, text, (enum b64_form)form, &out, &e);

            CHECK_INT(rows[i].name, holds, (rows[i].takes >> form & 1) != 0);
            if (!holds) {
                CHECK_ERR(rows[i].name, e, ERR_MALFORMED, "");
                CHECK_TEXT(rows[i].name, out, "untouched");
            }
            free(exact);
        }
}

/* Every byte at every place of a group, and in what follows the last whole one. */
static void every_foreign_character_is_found(void **state)
{
    static const char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    (void)state;
    begin();
    for (size_t n = 4; n <= 7; n += n == 4 ? 2 : 1)
        for (size_t at = 0; at < n; at++)
            for (int c = 0; c < 256; c++) {
                uint8_t text[8] = "AAAAAAA";
                struct span out = { 0 };
                struct err e = { 0 };
                bool want = c != 0 && strchr(url, c), holds;

                text[at] = (uint8_t)c;
                arena_reset(&arena);
                holds = b64_read(&arena, span_of(text, n), B64_URL, &out, &e);
                if (want && at == n - 1 && n > 4)
                    continue; /* its trailing bits decide */
                CHECK_INT("url", holds, want);
                if (!holds)
                    CHECK_INT("named", e.offset, (long long)at);
            }
}

static void the_foreign_character_is_named(void **state)
{
    struct span out = { 0 };
    struct err e = { 0 };

    (void)state;
    begin();
    CHECK("refused", !b64_read(&arena, span_str("Zm9)"), B64_TOLERANT, &out, &e));
    CHECK("as clients know it", strstr(e.text, "Unknown base64 character: 41 (')')"));
    CHECK_INT("where", e.offset, 3);
    err_clear(&e);
    CHECK("refused", !b64_read(&arena, span_str("Zm\n9"), B64_TOLERANT, &out, &e));
    CHECK("nothing unprintable in the text", strstr(e.text, "10 ('?')"));
}

static void memory_that_fails_is_a_clean_error(void **state)
{
    struct span out = { 0 };
    struct err e = { 0 };

    (void)state;
    begin();
    arena.fail_at = 1;
    CHECK("read", !b64_read(&arena, span_str("Zm9v"), B64_URL, &out, &e));
    CHECK_ERR("read", e, ERR_MEMORY, "");
    arena.fail_at = 1;
    CHECK("url", !b64_dup_url(&arena, span_str("a")).p);
    arena.fail_at = 1;
    CHECK("std", !b64_dup_std(&arena, span_str("a")).p);
}

TEST_MAIN(the_vectors_of_the_rfc_come_out, any_bytes_go_there_and_back, each_form_takes_its_own,
          every_foreign_character_is_found, the_foreign_character_is_named,
          memory_that_fails_is_a_clean_error)
