#include "bearer_test.h"

#define TIMES    "\"nbf\":1893455900,\"iat\":1893455900,\"exp\":1893459600"
#define CLAIMS   "{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE "\",\"sub\":\"alice\"," TIMES "}"
#define RSA_HEAD "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"typ\":\"JWT\"}"
#define EC_HEAD  "{\"alg\":\"ES256\",\"kid\":\"ec\",\"typ\":\"at+jwt\"}"

static struct arena arena;

static bool verify(struct span token, int64_t now, struct bearer *out, struct err *e)
{
    arena_fini(&arena);
    arena = arena_over(4 << 20);
    return bearer_verify(mint.c, token, &mint.rules, now, &arena, out, e);
}

static void good_tokens_are_taken(void **state)
{
    static const struct {
        const char *name, *header, *payload;
        enum sig_alg alg;
    } rows[] = {
        /* clang-format off */
        { "RS256",              RSA_HEAD, CLAIMS, SIG_RS256 },
        { "PS256",              "{\"alg\":\"PS256\",\"kid\":\"rsa\"}", CLAIMS, SIG_PS256 },
        { "RS512",              "{\"alg\":\"RS512\",\"kid\":\"rsa\"}", CLAIMS, SIG_RS512 },
        { "ES256",              EC_HEAD, CLAIMS, SIG_ES256 },
        { "x5t is a name only", "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"x5t\":\"rsa\"}", CLAIMS, SIG_RS256 },
        { "aud among others",   RSA_HEAD, "{\"iss\":\"" ISSUER "\",\"aud\":[\"x\",\"" AUDIENCE "\"]," TIMES "}", SIG_RS256 },
        { "exp only",           RSA_HEAD, "{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE "\",\"exp\":1893459600}", SIG_RS256 },
        /* clang-format on */
    };
    (void)state;

    mint_open();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct signkey *k = rows[i].alg == SIG_ES256 ? mint.ec : mint.rsa;
        struct span token = token_of(rows[i].header, rows[i].payload, k, rows[i].alg);
        struct bearer b = { .issuer = 7 };
        struct err e = { 0 };

        CHECK_OK(rows[i].name, verify(token, NOW, &b, &e), e);
        CHECK_INT(rows[i].name, b.issuer, 0);
    }
}

/* A row: a token, whose key signs it, and where it is refused. */
struct refusal {
    const char *name, *header, *payload;
    char key; /* r: the issuer's RSA key, e: its EC key, f: a foreign one, 0: no signature */
    enum sig_alg alg;
    enum err_code code;
    const char *path;
};

static void refuse_all(const struct refusal *rows, size_t count)
{
    mint_open();
    for (size_t i = 0; i < count; i++) {
        const struct refusal *r = &rows[i];
        struct signkey *k = r->key == 'r'   ? mint.rsa
                            : r->key == 'e' ? mint.ec
                            : r->key == 'f' ? mint.foreign
                                            : NULL;
        struct bearer b = { 0 };
        struct err e = { 0 };

        CHECK(r->name, !verify(token_of(r->header, r->payload, k, r->alg), NOW, &b, &e));
        CHECK_ERR(r->name, e, r->code, r->path);
        CHECK(r->name, !b.payload);
    }
}

static void km_66_the_token_does_not_choose_its_algorithm(void **state)
{
    static const struct refusal rows[] = {
        /* clang-format off */
        { "none",                    "{\"alg\":\"none\"}", CLAIMS, 0, 0, ERR_UNTRUSTED, "header.alg" },
        { "none with a kid",         "{\"alg\":\"none\",\"kid\":\"rsa\"}", CLAIMS, 0, 0, ERR_UNTRUSTED, "header.alg" },
        { "None",                    "{\"alg\":\"None\",\"kid\":\"rsa\"}", CLAIMS, 'r', SIG_RS256, ERR_UNTRUSTED, "header.alg" },
        { "nOnE",                    "{\"alg\":\"nOnE\",\"kid\":\"rsa\"}", CLAIMS, 'r', SIG_RS256, ERR_UNTRUSTED, "header.alg" },
        { "HS256",                   "{\"alg\":\"HS256\",\"kid\":\"rsa\"}", CLAIMS, 'r', SIG_RS256, ERR_UNTRUSTED, "header.alg" },
        { "lower case",              "{\"alg\":\"rs256\",\"kid\":\"rsa\"}", CLAIMS, 'r', SIG_RS256, ERR_UNTRUSTED, "header.alg" },
        { "an EC name, an RSA key",  "{\"alg\":\"ES256\",\"kid\":\"rsa\"}", CLAIMS, 'e', SIG_ES256, ERR_UNTRUSTED, "signature" },
        { "an RSA name, an EC key",  "{\"alg\":\"RS256\",\"kid\":\"ec\"}", CLAIMS, 'r', SIG_RS256, ERR_UNTRUSTED, "header.alg" },
        { "ES384 with P-256",        "{\"alg\":\"ES384\",\"kid\":\"ec\"}", CLAIMS, 'e', SIG_ES256, ERR_UNTRUSTED, "header.alg" },
        { "another padding",         "{\"alg\":\"PS256\",\"kid\":\"rsa\"}", CLAIMS, 'r', SIG_RS256, ERR_UNTRUSTED, "signature" },
        { "alg twice",               "{\"alg\":\"RS256\",\"alg\":\"none\",\"kid\":\"rsa\"}", CLAIMS, 'r', SIG_RS256, ERR_MALFORMED, "header" },
        { "alg a number",            "{\"alg\":256,\"kid\":\"rsa\"}", CLAIMS, 'r', SIG_RS256, ERR_MALFORMED, "header.alg" },
        /* clang-format on */
    };
    (void)state;

    refuse_all(rows, COUNT(rows));
}

static void km_67_the_token_does_not_choose_its_key(void **state)
{
    static const struct refusal rows[] = {
        /* clang-format off */
        { "another key's signature", RSA_HEAD, CLAIMS, 'f', SIG_RS256, ERR_UNTRUSTED, "signature" },
        { "a key in the header",     "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"jwk\":{\"kty\":\"RSA\"}}", CLAIMS, 'f', SIG_RS256, ERR_UNTRUSTED, "header.jwk" },
        { "and our key signs",       "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"jwk\":{\"kty\":\"RSA\"}}", CLAIMS, 'r', SIG_RS256, ERR_UNTRUSTED, "header.jwk" },
        { "x5c",                     "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"x5c\":[\"AA==\"]}", CLAIMS, 'r', SIG_RS256, ERR_UNTRUSTED, "header.x5c" },
        { "jku",                     "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"jku\":\"https://evil.example\"}", CLAIMS, 'r', SIG_RS256, ERR_UNTRUSTED, "header.jku" },
        { "x5u",                     "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"x5u\":\"https://evil.example\"}", CLAIMS, 'r', SIG_RS256, ERR_UNTRUSTED, "header.x5u" },
        { "a kid we do not hold",    "{\"alg\":\"RS256\",\"kid\":\"new\"}", CLAIMS, 'r', SIG_RS256, ERR_MISSING, "header.kid" },
        { "a path",                  "{\"alg\":\"RS256\",\"kid\":\"../../etc/rsa\"}", CLAIMS, 'r', SIG_RS256, ERR_MISSING, "header.kid" },
        { "a query",                 "{\"alg\":\"RS256\",\"kid\":\"rsa' OR '1'='1\"}", CLAIMS, 'r', SIG_RS256, ERR_MISSING, "header.kid" },
        { "a NUL behind it",         "{\"alg\":\"RS256\",\"kid\":\"rsa\\u0000\"}", CLAIMS, 'r', SIG_RS256, ERR_MISSING, "header.kid" },
        { "an empty kid",            "{\"alg\":\"RS256\",\"kid\":\"\"}", CLAIMS, 'r', SIG_RS256, ERR_MISSING, "header.kid" },
        { "a kid of another type",   "{\"alg\":\"RS256\",\"kid\":[\"rsa\"]}", CLAIMS, 'r', SIG_RS256, ERR_MALFORMED, "header.kid" },
        { "no kid, several keys",    "{\"alg\":\"RS256\"}", CLAIMS, 'r', SIG_RS256, ERR_MALFORMED, "header.kid" },
        { "another of its keys",     "{\"alg\":\"RS256\",\"kid\":\"rsa\"}", CLAIMS, 'e', SIG_ES256, ERR_UNTRUSTED, "signature" },
        /* clang-format on */
    };
    (void)state;

    refuse_all(rows, COUNT(rows));
}

static void km_68_what_is_not_exactly_a_token_is_refused(void **state)
{
    static const struct refusal rows[] = {
        /* clang-format off */
        { "crit",          "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"crit\":[\"exp\"]}", CLAIMS, 'r', SIG_RS256, ERR_UNSUPPORTED, "header.crit" },
        { "zip",           "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"zip\":\"DEF\"}", CLAIMS, 'r', SIG_RS256, ERR_UNSUPPORTED, "header.zip" },
        { "b64",           "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"b64\":false}", CLAIMS, 'r', SIG_RS256, ERR_UNSUPPORTED, "header.b64" },
        { "another typ",   "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"typ\":\"logout+jwt\"}", CLAIMS, 'r', SIG_RS256, ERR_UNTRUSTED, "header.typ" },
        { "exp twice",     RSA_HEAD, "{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE "\",\"exp\":1893459600,\"exp\":1}", 'r', SIG_RS256, ERR_MALFORMED, "payload" },
        { "an array",      RSA_HEAD, "[]", 'r', SIG_RS256, ERR_MALFORMED, "payload" },
        { "no payload",    RSA_HEAD, "", 'r', SIG_RS256, ERR_MALFORMED, "payload" },
        /* clang-format on */
    };
    (void)state;

    refuse_all(rows, COUNT(rows));
}

static void km_69_every_claim_is_checked(void **state)
{
    static const struct refusal rows[] = {
        /* clang-format off */
        { "another issuer",      RSA_HEAD, "{\"iss\":\"https://evil.example\",\"aud\":\"" AUDIENCE "\"," TIMES "}", 'r', SIG_RS256, ERR_UNTRUSTED, "iss" },
        { "a slash more",        RSA_HEAD, "{\"iss\":\"" ISSUER "/\",\"aud\":\"" AUDIENCE "\"," TIMES "}", 'r', SIG_RS256, ERR_UNTRUSTED, "iss" },
        { "no issuer",           RSA_HEAD, "{\"aud\":\"" AUDIENCE "\"," TIMES "}", 'r', SIG_RS256, ERR_MALFORMED, "iss" },
        { "one without keys",    RSA_HEAD, "{\"iss\":\"https://other.example\",\"aud\":\"" AUDIENCE "\"," TIMES "}", 'r', SIG_RS256, ERR_MISSING, "issuer.keys" },
        { "another audience",    RSA_HEAD, "{\"iss\":\"" ISSUER "\",\"aud\":\"https://vault.azure.net\"," TIMES "}", 'r', SIG_RS256, ERR_UNTRUSTED, "aud" },
        { "no audience of ours", RSA_HEAD, "{\"iss\":\"" ISSUER "\",\"aud\":[\"a\",\"b\"]," TIMES "}", 'r', SIG_RS256, ERR_UNTRUSTED, "aud" },
        { "audience an object",  RSA_HEAD, "{\"iss\":\"" ISSUER "\",\"aud\":{\"a\":\"" AUDIENCE "\"}," TIMES "}", 'r', SIG_RS256, ERR_UNTRUSTED, "aud" },
        { "no audience",         RSA_HEAD, "{\"iss\":\"" ISSUER "\"," TIMES "}", 'r', SIG_RS256, ERR_UNTRUSTED, "aud" },
        { "no end",              RSA_HEAD, "{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE "\"}", 'r', SIG_RS256, ERR_MALFORMED, "exp" },
        { "an end as text",      RSA_HEAD, "{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE "\",\"exp\":\"1893459600\"}", 'r', SIG_RS256, ERR_MALFORMED, "exp" },
        { "an end as fraction",  RSA_HEAD, "{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE "\",\"exp\":1893459600.5}", 'r', SIG_RS256, ERR_MALFORMED, "exp" },
        { "a huge end",          RSA_HEAD, "{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE "\",\"exp\":18934596001893459600}", 'r', SIG_RS256, ERR_MALFORMED, "exp" },
        { "begins later",        RSA_HEAD, "{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE "\",\"nbf\":1893456061,\"exp\":1893459600}", 'r', SIG_RS256, ERR_UNTRUSTED, "nbf" },
        { "made later",          RSA_HEAD, "{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE "\",\"iat\":1893456061,\"exp\":1893459600}", 'r', SIG_RS256, ERR_UNTRUSTED, "iat" },
        { "ended",               RSA_HEAD, "{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE "\",\"exp\":1893455940}", 'r', SIG_RS256, ERR_STALE, "exp" },
        { "ended and forged",    RSA_HEAD, "{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE "\",\"exp\":1893455940}", 'f', SIG_RS256, ERR_UNTRUSTED, "signature" },
        /* clang-format on */
    };
    (void)state;

    refuse_all(rows, COUNT(rows));
}

static void skew_is_allowed_at_both_ends_and_no_further(void **state)
{
    static const char text[] =
        "{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE "\",\"nbf\":1893456000,\"exp\":1893456100}";
    static const struct {
        const char *name;
        int64_t now;
        bool is_good;
    } rows[] = { { "too early", NOW - 61, false },
                 { "early", NOW - 60, true },
                 { "late", NOW + 159, true },
                 { "too late", NOW + 160, false } };
    (void)state;

    mint_open();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct bearer b = { 0 };
        struct err e = { 0 };
        struct span token = token_of(RSA_HEAD, text, mint.rsa, SIG_RS256);

        CHECK(rows[i].name, verify(token, rows[i].now, &b, &e) == rows[i].is_good);
    }
}

static void a_set_of_one_key_needs_no_kid(void **state)
{
    struct writer w;
    struct err e = { 0 };
    struct issuer_keys *one;
    struct bearer b = { 0 };
    (void)state;

    mint_open();
    w = writer_in(&mint.arena, 1024);
    write_text(&w, "{\"keys\":[");
    write_jwk(&w, mint.rsa, "only");
    write_text(&w, "}]}");
    one = issuer_keys_new(mint.c, writer_span(&w), &e);
    mint.issuers[0].keys = one;
    CHECK_OK("no kid",
             verify(token_of("{\"alg\":\"RS256\"}", CLAIMS, mint.rsa, SIG_RS256), NOW, &b, &e), e);
    b = (struct bearer){ 0 };
    CHECK("a wrong kid", !verify(token_of(RSA_HEAD, CLAIMS, mint.rsa, SIG_RS256), NOW, &b, &e));
    CHECK_ERR("a wrong kid", e, ERR_MISSING, "header.kid");
    mint.issuers[0].keys = mint.keys;
    issuer_keys_free(one);
}

static void a_missing_key_tells_whose(void **state)
{
    struct bearer b = { .issuer = 7 };
    struct err e = { 0 };
    (void)state;

    mint_open();
    CHECK("unknown",
          !verify(token_of("{\"alg\":\"RS256\",\"kid\":\"new\"}", CLAIMS, mint.rsa, SIG_RS256), NOW,
                  &b, &e));
    CHECK_INT("whose", b.issuer, 0);
}

static void km_70_size_is_asked_before_anything_else(void **state)
{
    struct bearer b = { 0 };
    struct err e = { 0 };
    uint8_t *dots;
    (void)state;

    mint_open();
    dots = arena_alloc(&mint.arena, 1, 1 << 20);
    assert_non_null(dots);
    memset(dots, '.', 1 << 20);
    CHECK("a megabyte of dots", !verify(span_of(dots, 1 << 20), NOW, &b, &e));
    CHECK_ERR("a megabyte of dots", e, ERR_LIMIT, "");
    CHECK("nothing was taken", arena.held == 0);
}

static void no_changed_byte_and_no_shorter_token_is_taken(void **state)
{
    struct span token;
    uint8_t *copy;
    (void)state;

    mint_open();
    token = token_of(EC_HEAD, CLAIMS, mint.ec, SIG_ES256);
    copy = arena_alloc(&mint.arena, token.n, 1);
    assert_non_null(copy);
    for (size_t i = 0; i < token.n; i++) {
        struct bearer b = { 0 };
        struct err e = { 0 };

        CHECK("shorter", !verify(span_part(token, 0, i), NOW, &b, &e) && e.code != ERR_NONE);
        memcpy(copy, token.p, token.n);
        copy[i] ^= 1;
        e = (struct err){ 0 };
        CHECK("changed", !verify(span_of(copy, token.n), NOW, &b, &e) && e.code != ERR_NONE);
    }
}

static void every_failed_allocation_is_told(void **state)
{
    struct span token;
    (void)state;

    mint_open();
    token = token_of(RSA_HEAD, CLAIMS, mint.rsa, SIG_RS256);
    for (size_t n = 1; n < 10000; n++) {
        struct arena a = arena_over(4 << 20);
        struct bearer b = { 0 };
        struct err e = { 0 };
        bool is_good;

        a.fail_at = n;
        is_good = bearer_verify(mint.c, token, &mint.rules, NOW, &a, &b, &e);
        CHECK("told", is_good || e.code == ERR_MEMORY);
        arena_fini(&a);
        if (is_good)
            return;
    }
    fail();
}

static void claims_are_found_by_name_and_by_path(void **state)
{
    static const char text[] =
        "{\"roles\":[\"a\",\"Attestation Reader\"],\"scp\":\"x.read y.write\",\"role\":\"a b\","
        "\"realm\":{\"roles\":[\"c\"],\"deep\":{\"er\":\"d\"}},\"https://a.b/c\":\"e\",\"n\":[1]}";
    static const struct {
        const char *name, *value;
        bool is_there;
    } rows[] = {
        /* clang-format off */
        { "roles",         "a",                  true },
        { "roles",         "Attestation Reader", true },
        { "roles",         "Reader",             false },
        { "roles",         "",                   false },
        { "scp",           "y.write",            true },
        { "scp",           "y",                  false },
        { "scp",           "x.read y.write",     false },
        { "role",          "a b",                true },
        { "role",          "a",                  false },
        { "realm.roles",   "c",                  true },
        { "realm.deep.er", "d",                  true },
        { "realm.deep",    "d",                  false },
        { "realm",         "roles",              false },
        { "realm.",        "c",                  false },
        { "https://a.b/c", "e",                  true },
        { "n",             "1",                  false },
        { "absent.x.y",    "a",                  false },
        /* clang-format on */
    };
    const struct json *payload = NULL;
    struct err e = { 0 };
    (void)state;

    mint_open();
    CHECK_OK("json", json_parse(span_str(text), NULL, &mint.arena, &payload, &e), e);
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(rows[i].name, bearer_claim_has(payload, span_str(rows[i].name),
                                             span_str(rows[i].value)) == rows[i].is_there);
    mint_close();
}

TEST_MAIN(good_tokens_are_taken, km_66_the_token_does_not_choose_its_algorithm,
          km_67_the_token_does_not_choose_its_key, km_68_what_is_not_exactly_a_token_is_refused,
          km_69_every_claim_is_checked, skew_is_allowed_at_both_ends_and_no_further,
          a_set_of_one_key_needs_no_kid, a_missing_key_tells_whose,
          km_70_size_is_asked_before_anything_else, no_changed_byte_and_no_shorter_token_is_taken,
          every_failed_allocation_is_told, claims_are_found_by_name_and_by_path)
