#include "jwks.h"

#include "../../tests/check.h"
#include "../base/b64.h"
#include "../crypto/signkey.h"

static struct arena arena;
static struct crypto *crypto;
static struct span ec_cert, rsa_cert;

static struct span cert_of(enum signkey_kind kind)
{
    struct cert_wish wish = {
        .common_name = "https://maa.example", .serial = 1, .not_before = 0, .not_after = 86400
    };
    struct err e = { 0 };
    struct signkey *k = signkey_new(crypto, kind, &e);
    struct span out = { 0 };

    CHECK_OK("key", k != NULL, e);
    CHECK_OK("cert", cert_make(crypto, &wish, k, (struct span){ 0 }, k, &arena, &out, &e), e);
    signkey_free(k);
    return out;
}

static void begin(void)
{
    struct err e = { 0 };

    if (crypto)
        return;
    arena = arena_over(64 << 20);
    crypto = crypto_new(&e);
    assert_non_null(crypto);
    ec_cert = cert_of(SIGNKEY_P256);
    rsa_cert = cert_of(SIGNKEY_RSA2048);
}

/* The text with '$' replaced by the EC certificate and '#' by the RSA one, in base64. */
static struct span filled(const char *text)
{
    struct writer w = writer_in(&arena, 4096);

    for (; *text; text++)
        if (*text == '$')
            b64_write_std(&w, ec_cert);
        else if (*text == '#')
            b64_write_std(&w, rsa_cert);
        else
            write_u8(&w, (uint8_t)*text);
    return writer_span(&w);
}

static void a_published_set_is_read(void **state)
{
    static const char text[] = "{\"keys\":[{\"x5c\":[\"$\",\"#\"],\"kid\":\"a+/=\",\"kty\":\"EC\"},"
                               "{\"kid\":\"b\",\"kty\":\"RSA\",\"x5c\":[\"#\"],\"n\":\"ignored\"}],"
                               "\"more\":1}";
    struct err e = { 0 };
    struct jwks *k;
    const struct jwk *a, *b;

    (void)state;
    begin();
    k = jwks_new(crypto, filled(text), &e);
    CHECK_OK("set", k != NULL, e);
    CHECK_INT("keys", k->count, 2);
    a = jwks_find(k, span_str("a+/="));
    b = jwks_find(k, span_str("b"));
    CHECK("found", a == &k->items[0] && b == &k->items[1] && !jwks_find(k, span_str("c")));
    CHECK_INT("the leaf's key", pubkey_type(a->key), PUBKEY_P256);
    CHECK_INT("the leaf's key", pubkey_type(b->key), PUBKEY_RSA);
    CHECK_SPAN("the leaf", a->der, ec_cert);
    CHECK_TEXT("issuer", a->issuer_cn, "https://maa.example");
    CHECK_TEXT("subject", a->subject_cn, "https://maa.example");
    CHECK("a name of one part", a->is_issuer_only_cn);
    jwks_free(k);
}

static void what_we_write_we_read(void **state)
{
    const struct jwk_entry entries[2] = {
        { .kid = span_str("one"), .kty = "EC", .certs = &ec_cert, .cert_count = 1 },
        { .kid = span_str("two"), .kty = "RSA", .certs = &rsa_cert, .cert_count = 1 },
    };
    struct err e = { 0 };
    struct span text = { 0 };
    struct jwks *k;

    (void)state;
    begin();
    CHECK_OK("write", jwks_write(entries, 2, &arena, &text, &e), e);
    k = jwks_new(crypto, text, &e);
    CHECK_OK("read", k != NULL, e);
    CHECK("both", jwks_find(k, span_str("one")) && jwks_find(k, span_str("two")));
    jwks_free(k);
}

static void entries_that_cannot_be_used_are_left_out(void **state)
{
    static const struct {
        const char *name, *text;
        size_t count;
    } rows[] = {
        { "no keys", "{\"keys\":[]}", 0 },
        { "without x5c", "{\"keys\":[{\"kid\":\"a\",\"kty\":\"RSA\",\"n\":\"AQ\",\"e\":\"AQAB\"}]}",
          0 },
        { "beside one that can", "{\"keys\":[{\"kid\":\"a\"},{\"x5c\":[\"$\"],\"kid\":\"a\"}]}",
          1 },
        { "without kid and kty", "{\"keys\":[{\"x5c\":[\"$\"]},{\"x5c\":[\"#\"]}]}", 2 },
        { "with an empty kid twice",
          "{\"keys\":[{\"x5c\":[\"$\"],\"kid\":\"\"},{\"x5c\":[\"#\"],\"kid\":\"\"}]}", 2 },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = { 0 };
        struct jwks *k = jwks_new(crypto, filled(rows[i].text), &e);

        CHECK_OK(rows[i].name, k != NULL, e);
        CHECK_INT(rows[i].name, k->count, rows[i].count);
        jwks_free(k);
    }
}

static void sets_in_doubt_are_refused(void **state)
{
    static const struct {
        const char *name, *text;
        enum err_code code;
        const char *path;
    } rows[] = {
        { "not JSON", "keys", ERR_MALFORMED, "" },
        { "an array", "[]", ERR_MALFORMED, "keys" },
        { "no keys", "{}", ERR_MALFORMED, "keys" },
        { "keys an object", "{\"keys\":{}}", ERR_MALFORMED, "keys" },
        { "two keys members", "{\"keys\":[],\"keys\":[]}", ERR_MALFORMED, "" },
        { "entry a text", "{\"keys\":[\"$\"]}", ERR_MALFORMED, "keys[0]" },
        { "km_67: one kid twice",
          "{\"keys\":[{\"x5c\":[\"$\"],\"kid\":\"a\"},{\"x5c\":[\"#\"],\"kid\":\"a\"}]}",
          ERR_MALFORMED, "keys[1].kid" },
        { "kid a number", "{\"keys\":[{\"x5c\":[\"$\"],\"kid\":1}]}", ERR_MALFORMED,
          "keys[0].kid" },
        { "kty of another sort", "{\"keys\":[{\"x5c\":[\"$\"],\"kty\":\"RSA\"}]}", ERR_MALFORMED,
          "keys[0].kty" },
        { "kty a number", "{\"keys\":[{\"x5c\":[\"$\"],\"kty\":1}]}", ERR_MALFORMED,
          "keys[0].kty" },
        { "x5c a text", "{\"keys\":[{\"x5c\":\"$\"}]}", ERR_MALFORMED, "keys[0].x5c" },
        { "x5c empty", "{\"keys\":[{\"x5c\":[]}]}", ERR_MALFORMED, "keys[0].x5c" },
        { "x5c of numbers", "{\"keys\":[{\"x5c\":[1]}]}", ERR_MALFORMED, "keys[0].x5c" },
        { "x5c too long", "{\"keys\":[{\"x5c\":[\"$\",1,2,3,4,5,6,7,8]}]}", ERR_LIMIT,
          "keys[0].x5c" },
        { "base64 with a line end", "{\"keys\":[{\"x5c\":[\"$\\n\"]}]}", ERR_MALFORMED,
          "keys[0].x5c[0]" },
        { "base64url", "{\"keys\":[{\"x5c\":[\"-_-_\"]}]}", ERR_MALFORMED, "keys[0].x5c[0]" },
        { "no certificate", "{\"keys\":[{\"x5c\":[\"\"]}]}", ERR_MALFORMED,
          "keys[0].x5c[0].certificate" },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = { 0 };

        CHECK(rows[i].name, !jwks_new(crypto, filled(rows[i].text), &e));
        CHECK_ERR(rows[i].name, e, rows[i].code, rows[i].path);
    }
}

static void limits_hold(void **state)
{
    struct writer w;
    struct err e = { 0 };

    (void)state;
    begin();
    w = writer_in(&arena, 4096);
    write_text(&w, "{\"keys\":[{}");
    for (int i = 0; i < JWKS_KEYS_MAX; i++)
        write_text(&w, ",{}");
    write_text(&w, "]}");
    CHECK("keys", !jwks_new(crypto, writer_span(&w), &e));
    CHECK_ERR("keys", e, ERR_LIMIT, "keys");
    w = writer_in(&arena, 4096);
    write_text(&w, "{\"keys\":[{\"x5c\":[],\"kid\":\"");
    write_fill(&w, 'k', JWKS_KID_MAX + 1);
    write_text(&w, "\"}]}");
    err_clear(&e);
    CHECK("kid", !jwks_new(crypto, writer_span(&w), &e));
    CHECK_ERR("kid", e, ERR_LIMIT, "keys[0].kid");
    w = writer_in(&arena, 4096);
    write_fill(&w, ' ', (1 << 20) + 1);
    err_clear(&e);
    CHECK("bytes", !jwks_new(crypto, writer_span(&w), &e));
    CHECK_ERR("bytes", e, ERR_LIMIT, "");
}

static void each_truncation_is_refused(void **state)
{
    struct span whole;

    (void)state;
    begin();
    whole = filled("{\"keys\":[{\"x5c\":[\"$\"],\"kid\":\"a\",\"kty\":\"EC\"}]}");
    for (size_t n = 0; n < whole.n; n++) {
        uint8_t *exact = check_exact(span_of(whole.p, n));
        struct err e = { 0 };

        CHECK("cut", !jwks_new(crypto, span_of(exact, n), &e));
        CHECK("cut", e.code == ERR_MALFORMED);
        free(exact);
    }
}

static void memory_that_fails_is_a_clean_error(void **state)
{
    struct span text;
    bool holds = false;

    (void)state;
    begin();
    text = filled("{\"keys\":[{\"x5c\":[\"$\"],\"kid\":\"a\"},{\"x5c\":[\"#\"],\"kid\":\"b\"}]}");
    for (size_t n = 1; !holds; n++) {
        struct jwks k = { .arena = arena_over(1 << 20) };
        struct err e = { 0 };

        k.arena.fail_at = n;
        holds = jwks_fill(&k, crypto, text, &e);
        if (!holds)
            CHECK("n-th allocation", e.code == ERR_MEMORY && n < 20);
        jwks_fini(&k);
    }
}

/* The keys that the service published in 2020 had 1,024 bits: read, and not taken. */
static void the_recorded_set_is_read(void **state)
{
    struct span file;
    struct err e = { 0 };
    struct jwks *k;

    (void)state;
    SKIP_WITHOUT_VECTORS();
    begin();
    file = check_vector("maa/keys/uks-2020.certs.json");
    k = jwks_new(crypto, file, &e);
    CHECK_OK("set", k != NULL, e);
    for (size_t i = 0; i < k->count; i++)
        CHECK("large enough", pubkey_bits(k->items[i].key) >= 2048);
    jwks_free(k);
    free((void *)(uintptr_t)file.p);
}

static void the_world_ends(void **state)
{
    (void)state;
    crypto_free(crypto);
    arena_fini(&arena);
}

TEST_MAIN(a_published_set_is_read, what_we_write_we_read, entries_that_cannot_be_used_are_left_out,
          sets_in_doubt_are_refused, limits_hold, each_truncation_is_refused,
          memory_that_fails_is_a_clean_error, the_recorded_set_is_read, the_world_ends)
