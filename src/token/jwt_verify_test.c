#include "jwt.h"

#include "../../tests/check.h"
#include "../base/b64.h"
#include "../crypto/signkey.h"
#include "jwks.h"

#define ISSUER "https://maa.example:8443"

enum { NOW = 1893456000 };

/* An instance with an RSA and an EC key, and somebody else with a key of their own. */
static struct world {
    struct arena arena;
    struct crypto *c;
    struct signkey *rsa, *ec, *foreign;
    struct span rsa_cert, ec_cert, foreign_cert; /* the foreign one has our names */
    struct span other_cert;                      /* our EC key in the name of another instance */
    struct jwks *keys;
} world;

static struct arena arena; /* of one test */

static struct span cert_of(struct signkey *k, const char *name)
{
    struct cert_wish wish = {
        .common_name = name, .serial = 1, .not_before = NOW - 86400, .not_after = NOW + 86400
    };
    struct span out = { 0 };
    struct err e = { 0 };

    CHECK_OK(name, cert_make(world.c, &wish, k, (struct span){ 0 }, k, &world.arena, &out, &e), e);
    return out;
}

static struct jwk_entry entry(const char *kid, const char *kty, const struct span *cert)
{
    return (struct jwk_entry){ .kid = span_str(kid), .kty = kty, .certs = cert, .cert_count = 1 };
}

static struct jwks *set_of(const struct jwk_entry *entries, size_t count)
{
    struct span text = { 0 };
    struct err e = { 0 };
    struct jwks *k;

    CHECK_OK("write", jwks_write(entries, count, &world.arena, &text, &e), e);
    k = jwks_new(world.c, text, &e);
    CHECK_OK("read", k != NULL, e);
    return k;
}

static void begin(void)
{
    struct err e = { 0 };
    struct jwk_entry entries[2];

    arena_fini(&arena);
    arena = arena_over(64 << 20);
    if (world.c)
        return;
    world.arena = arena_over(64 << 20);
    world.c = crypto_new(&e);
    assert_non_null(world.c);
    world.rsa = signkey_new(world.c, SIGNKEY_RSA2048, &e);
    world.ec = signkey_new(world.c, SIGNKEY_P256, &e);
    world.foreign = signkey_new(world.c, SIGNKEY_P256, &e);
    assert_true(world.rsa && world.ec && world.foreign);
    world.rsa_cert = cert_of(world.rsa, ISSUER);
    world.ec_cert = cert_of(world.ec, ISSUER);
    world.foreign_cert = cert_of(world.foreign, ISSUER);
    world.other_cert = cert_of(world.ec, "https://other.example");
    entries[0] = entry("rsa", "RSA", &world.rsa_cert);
    entries[1] = entry("ec", "EC", &world.ec_cert);
    world.keys = set_of(entries, 2);
}

static struct span sign(struct signkey *k, enum sig_alg alg, const char *header,
                        const char *payload)
{
    struct writer w = writer_in(&arena, 512);
    uint8_t signature[512];
    struct span out = { 0 };
    struct err e = { 0 };
    size_t n = 0;

    b64_write_url(&w, span_str(header));
    write_u8(&w, '.');
    b64_write_url(&w, span_str(payload));
    if (k)
        CHECK_OK(
            header,
            signkey_sign(world.c, k, alg, writer_span(&w), signature, sizeof signature, &n, &e), e);
    CHECK_OK(header, jwt_attach(writer_span(&w), span_of(signature, n), &arena, &out, &e), e);
    return out;
}

#define ATTESTED(iss, nbf, exp)                                                                    \
    "{\"exp\":" exp ",\"iat\":1893455000,\"iss\":\"" iss "\",\"jti\":\"0\",\"nbf\":" nbf           \
    ",\"x-ms-attestation-type\":\"sgx\",\"x-ms-ver\":\"1.0\"}"
#define GOOD       ATTESTED(ISSUER, "1893455000", "1893483800")
#define MANAGED    "{\"exp\":1893459000,\"iat\":1893455000,\"iss\":\"" ISSUER "\",\"nbf\":1893455000"
#define MANAGEMENT MANAGED ",\"x-ms-policy-result\":\"Updated\"}"
#define ES(kid)    "{\"alg\":\"ES256\",\"kid\":\"" kid "\",\"typ\":\"JWT\"}"

static bool verify_with(const struct jwks *keys, struct span token, bool is_management,
                        struct err *err)
{
    struct jwt_check_wish wish = { .now = NOW, .issuer = span_str(ISSUER) };
    struct jwt_parts parts = { 0 };
    uint8_t *exact = check_exact(token);
    bool holds;

    wish.is_management = is_management;
    *err = (struct err){ 0 };
    holds = jwt_verify(world.c, span_of(exact, token.n), keys, &wish, &arena, &parts, err);
    if (!holds)
        CHECK("nothing given out", !parts.payload_json);
    free(exact);
    return holds;
}

static void good_tokens_are_accepted(void **state)
{
    static const struct {
        const char *name, *header;
        bool is_rsa;
        enum sig_alg alg;
    } rows[] = {
        { "RS256", "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"typ\":\"JWT\"}", true, SIG_RS256 },
        { "PS256", "{\"alg\":\"PS256\",\"kid\":\"rsa\",\"typ\":\"JWT\"}", true, SIG_PS256 },
        { "RS512", "{\"alg\":\"RS512\",\"kid\":\"rsa\",\"typ\":\"JWT\"}", true, SIG_RS512 },
        { "ES256", "{\"alg\":\"ES256\",\"kid\":\"ec\",\"typ\":\"JWT\"}", false, SIG_ES256 },
        { "typ in another case", "{\"alg\":\"ES256\",\"kid\":\"ec\",\"typ\":\"jwt\"}", false,
          SIG_ES256 },
        { "no typ", "{\"alg\":\"ES256\",\"kid\":\"ec\"}", false, SIG_ES256 },
        { "no kid: all are tried", "{\"alg\":\"ES256\"}", false, SIG_ES256 },
        { "an empty kid: all are tried", "{\"alg\":\"ES256\",\"kid\":\"\"}", false, SIG_ES256 },
        { "an unknown kid: all are tried", "{\"alg\":\"ES256\",\"kid\":\"new\"}", false,
          SIG_ES256 },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e;
        struct span token =
            sign(rows[i].is_rsa ? world.rsa : world.ec, rows[i].alg, rows[i].header, GOOD);

        CHECK_OK(rows[i].name, verify_with(world.keys, token, false, &e), e);
    }
}

static void what_is_built_is_what_verifies(void **state)
{
    struct claim_set service, policy;
    struct jwt_wish wish = { .issuer = span_str(ISSUER), .now = NOW, .lifetime = TOKEN_LIFETIME };
    struct jwt_check_wish check = { .now = NOW, .issuer = span_str(ISSUER) };
    struct jwt_parts parts = { 0 };
    struct span input = { 0 }, token = { 0 };
    uint8_t signature[512];
    struct err e = { 0 };
    size_t n = 0;

    (void)state;
    begin();
    service = claim_set_in(&arena);
    policy = claim_set_in(&arena);
    wish.service = &service;
    wish.policy = &policy;
    assert_true(
        claim_add_string(&service, "x-ms-attestation-type", span_str("sgx"), &e) &&
        claim_add_bool(&policy, "is-debuggable", false, &e) &&
        jwt_header(SIG_RS256, wish.issuer, span_str("rsa"), &arena, &wish.encoded_header, &e) &&
        jwt_signing_input(&wish, &arena, &input, &e) &&
        signkey_sign(world.c, world.rsa, SIG_RS256, input, signature, sizeof signature, &n, &e) &&
        jwt_attach(input, span_of(signature, n), &arena, &token, &e));
    CHECK_OK("at the moment of issue",
             jwt_verify(world.c, token, world.keys, &check, &arena, &parts, &e), e);
    CHECK_TEXT("payload", json_member(parts.payload_json, "iss")->text, ISSUER);
    check.now = NOW + TOKEN_LIFETIME - 1;
    CHECK_OK("in the last second",
             jwt_verify(world.c, token, world.keys, &check, &arena, &parts, &e), e);
    check.now = NOW + TOKEN_LIFETIME;
    CHECK("then no more", !jwt_verify(world.c, token, world.keys, &check, &arena, &parts, &e));
    CHECK_ERR("then no more", e, ERR_STALE, "exp");
}

struct refusal {
    const char *name, *header, *payload;
    enum err_code code;
    const char *path;
};

static void expect_refusals(const struct refusal *rows, size_t count, struct signkey *key)
{
    for (size_t i = 0; i < count; i++) {
        struct err e;
        struct span token = sign(key, SIG_ES256, rows[i].header, rows[i].payload);

        CHECK(rows[i].name, !verify_with(world.keys, token, false, &e));
        CHECK_ERR(rows[i].name, e, rows[i].code, rows[i].path);
    }
}

static void km_66_the_algorithm_is_on_our_list_before_a_key_is_looked_for(void **state)
{
    static const struct refusal rows[] = {
        { "HS256", "{\"alg\":\"HS256\",\"kid\":1}", GOOD, ERR_UNTRUSTED, "header.alg" },
        { "None", "{\"alg\":\"None\",\"kid\":1}", GOOD, ERR_UNTRUSTED, "header.alg" },
        { "nOnE", "{\"alg\":\"nOnE\"}", GOOD, ERR_UNTRUSTED, "header.alg" },
        { "small letters", "{\"alg\":\"es256\"}", GOOD, ERR_UNTRUSTED, "header.alg" },
        { "white space", "{\"alg\":\"ES256 \"}", GOOD, ERR_UNTRUSTED, "header.alg" },
        { "empty", "{\"alg\":\"\"}", GOOD, ERR_UNTRUSTED, "header.alg" },
        { "EdDSA", "{\"alg\":\"EdDSA\"}", GOOD, ERR_UNTRUSTED, "header.alg" },
        { "RSA256", "{\"alg\":\"RSA256\"}", GOOD, ERR_UNTRUSTED, "header.alg" },
        { "RS256 with the EC key", "{\"alg\":\"RS256\",\"kid\":\"ec\"}", GOOD, ERR_UNTRUSTED,
          "signature" },
        { "ES256 with the RSA key", "{\"alg\":\"ES256\",\"kid\":\"rsa\"}", GOOD, ERR_UNTRUSTED,
          "signature" },
        { "ES384 with a P-256 key", "{\"alg\":\"ES384\",\"kid\":\"ec\"}", GOOD, ERR_UNTRUSTED,
          "signature" },
    };

    (void)state;
    begin();
    expect_refusals(rows, COUNT(rows), world.ec);
}

static void km_67_the_key_is_one_that_was_published(void **state)
{
    struct writer w;
    struct err e;
    static const struct refusal rows[] = {
        { "jwk", "{\"alg\":\"ES256\",\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-256\"}}", GOOD,
          ERR_UNTRUSTED, "signature" },
        { "jku", "{\"alg\":\"ES256\",\"jku\":\"https://evil.example/certs\"}", GOOD, ERR_UNTRUSTED,
          "signature" },
        { "x5u", "{\"alg\":\"ES256\",\"x5u\":\"https://evil.example/c\"}", GOOD, ERR_UNTRUSTED,
          "signature" },
        { "kid a path", ES("../../etc/x"), GOOD, ERR_UNTRUSTED, "signature" },
        { "kid a query", ES("x' OR 1=1--"), GOOD, ERR_UNTRUSTED, "signature" },
        { "kid with a NUL", ES("ec\\u0000"), GOOD, ERR_UNTRUSTED, "signature" },
        { "kid of our key", ES("ec"), GOOD, ERR_UNTRUSTED, "signature" },
        { "kid a number", "{\"alg\":\"ES256\",\"kid\":1}", GOOD, ERR_MALFORMED, "header.kid" },
        { "kid an object", "{\"alg\":\"ES256\",\"kid\":{}}", GOOD, ERR_MALFORMED, "header.kid" },
    };

    (void)state;
    begin();
    expect_refusals(rows, COUNT(rows), world.foreign);
    w = writer_in(&arena, 2048); /* a chain of its own, with our names in it */
    write_text(&w, "{\"alg\":\"ES256\",\"kid\":\"ec\",\"x5c\":[\"");
    b64_write_std(&w, world.foreign_cert);
    write_text(&w, "\"]}");
    write_u8(&w, 0);
    CHECK("x5c", !verify_with(world.keys, sign(world.foreign, SIG_ES256, (const char *)w.p, GOOD),
                              false, &e));
    CHECK_ERR("x5c", e, ERR_UNTRUSTED, "signature");
}

static void km_67_a_kid_of_a_mebibyte_is_refused(void **state)
{
    uint8_t *p;
    struct writer w;
    struct err e;

    (void)state;
    begin();
    w = writer_in(&arena, 1 << 20);
    write_text(&w, "{\"alg\":\"ES256\",\"kid\":\"");
    p = write_room(&w, 700000);
    assert_non_null(p);
    memset(p, 'k', 700000);
    write_text(&w, "\"}");
    write_u8(&w, 0);
    CHECK("long",
          !verify_with(world.keys, sign(world.ec, SIG_ES256, (const char *)w.p, GOOD), false, &e));
    CHECK_ERR("long", e, ERR_LIMIT, "header");
}

static void km_67_a_named_key_is_the_only_one_tried(void **state)
{
    struct err e;
    uint64_t before;

    (void)state;
    begin();
    before = crypto_verifications(world.c);
    CHECK("named",
          !verify_with(world.keys, sign(world.foreign, SIG_ES256, ES("ec"), GOOD), false, &e));
    CHECK_INT("one", crypto_verifications(world.c) - before, 1);
}

static void km_68_payloads_that_could_be_read_in_two_ways_are_refused(void **state)
{
    static const struct refusal rows[] = {
        { "two exp", ES("ec"), "{\"exp\":1,\"exp\":9999999999,\"iss\":\"" ISSUER "\",\"nbf\":1}",
          ERR_MALFORMED, "payload" },
        { "two claims in an object", ES("ec"), "{\"x-ms-policy\":{\"a\":1,\"a\":2}}", ERR_MALFORMED,
          "payload" },
        { "an array", ES("ec"), "[]", ERR_MALFORMED, "payload" },
        { "empty", ES("ec"), "", ERR_MALFORMED, "payload" },
        { "not JSON", ES("ec"), "hello", ERR_MALFORMED, "payload" },
        { "crit", "{\"alg\":\"ES256\",\"crit\":[\"x\"],\"kid\":\"ec\"}", GOOD, ERR_UNSUPPORTED,
          "header.crit" },
        { "another typ", "{\"alg\":\"ES256\",\"kid\":\"ec\",\"typ\":\"JOSE\"}", GOOD, ERR_UNTRUSTED,
          "header.typ" },
        { "typ a number", "{\"alg\":\"ES256\",\"kid\":\"ec\",\"typ\":1}", GOOD, ERR_UNTRUSTED,
          "header.typ" },
    };

    (void)state;
    begin();
    expect_refusals(rows, COUNT(rows), world.ec);
}

static void km_69_claims_are_judged_after_the_signature_in_a_fixed_order(void **state)
{
#define OTHER "https://other.example"
    static const struct refusal rows[] = {
        { "no iss", ES("ec"), "{\"exp\":9999999999,\"nbf\":1}", ERR_MALFORMED, "iss" },
        { "iss a number", ES("ec"), "{\"iss\":1}", ERR_MALFORMED, "iss" },
        { "another iss", ES("ec"), ATTESTED(OTHER, "1893455000", "1893483800"), ERR_UNTRUSTED,
          "iss" },
        { "iss with a slash", ES("ec"), ATTESTED(ISSUER "/", "1893455000", "1893483800"),
          ERR_UNTRUSTED, "iss" },
        { "iss in another case", ES("ec"),
          ATTESTED("https://MAA.example:8443", "1893455000", "1893483800"), ERR_UNTRUSTED, "iss" },
        { "another iss and ended", ES("ec"), ATTESTED(OTHER, "1", "2"), ERR_UNTRUSTED, "iss" },
        { "no nbf", ES("ec"), "{\"exp\":1,\"iss\":\"" ISSUER "\"}", ERR_MALFORMED, "nbf" },
        { "not yet", ES("ec"), ATTESTED(ISSUER, "1893456001", "1893483800"), ERR_UNTRUSTED, "nbf" },
        { "not yet and ended", ES("ec"), ATTESTED(ISSUER, "1893456001", "1"), ERR_UNTRUSTED,
          "nbf" },
        { "no exp", ES("ec"), "{\"iss\":\"" ISSUER "\",\"nbf\":1}", ERR_MALFORMED, "exp" },
        { "exp a fraction", ES("ec"), ATTESTED(ISSUER, "1893455000", "1893483800.5"), ERR_MALFORMED,
          "exp" },
        { "exp with an exponent", ES("ec"), ATTESTED(ISSUER, "1893455000", "2e9"), ERR_MALFORMED,
          "exp" },
        { "exp a text", ES("ec"), ATTESTED(ISSUER, "1893455000", "\"1893483800\""), ERR_MALFORMED,
          "exp" },
        { "exp over 64 bits", ES("ec"), ATTESTED(ISSUER, "1893455000", "99999999999999999999"),
          ERR_MALFORMED, "exp" },
        { "ended now", ES("ec"), ATTESTED(ISSUER, "1893455000", "1893456000"), ERR_STALE, "exp" },
        { "ended, and of another kind", ES("ec"), "{\"exp\":1,\"iss\":\"" ISSUER "\",\"nbf\":0}",
          ERR_STALE, "exp" },
    };

    (void)state;
    begin();
    expect_refusals(rows, COUNT(rows), world.ec);
}

static void km_69_a_bad_signature_is_reported_before_anything_else(void **state)
{
    static const struct refusal rows[] = {
        { "bad and ended", ES("ec"), ATTESTED(ISSUER, "1", "2"), ERR_UNTRUSTED, "signature" },
        { "bad, another iss, not yet", ES("ec"), ATTESTED(OTHER, "9999999998", "9999999999"),
          ERR_UNTRUSTED, "signature" },
        { "bad and without claims", ES("ec"), "{}", ERR_UNTRUSTED, "signature" },
    };
#undef OTHER

    (void)state;
    begin();
    expect_refusals(rows, COUNT(rows), world.foreign);
}

/* No token is judged with a secret that must be compared in constant time. */
static void km_71_no_algorithm_of_tokens_has_a_shared_secret(void **state)
{
    static const char *const rows[] = { "HS256", "HS384", "HS512", "dir", "A128KW", "none" };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        enum sig_alg alg;

        CHECK(rows[i], !sig_alg_find(span_str(rows[i]), &alg));
    }
}

static void km_73_management_answers_and_attestations_do_not_stand_for_each_other(void **state)
{
    static const struct {
        const char *name, *payload;
        bool as_attestation, as_management;
    } rows[] = {
        { "attestation", GOOD, true, false },
        { "policy result", MANAGEMENT, false, true },
        { "stored policy", MANAGED ",\"x-ms-policy\":\"eyJhbGciOiJub25lIn0..\"}", false, true },
        { "certificates", MANAGED ",\"x-ms-policy-certificates\":{\"keys\":[]}}", false, true },
        { "certificate added", MANAGED ",\"x-ms-policycertificates-result\":\"IsPresent\"}", false,
          true },
        { "nothing of either", MANAGED "}", false, false },
        { "a result beside an attestation",
          MANAGED ",\"x-ms-policy-result\":\"Updated\",\"x-ms-attestation-type\":\"sgx\","
                  "\"x-ms-ver\":\"1.0\"}",
          true, false },
        { "a result with a jti", MANAGED ",\"jti\":\"0\",\"x-ms-policy-result\":\"Updated\"}",
          false, false },
        { "a type without a version", MANAGED ",\"x-ms-attestation-type\":\"sgx\"}", false, false },
        { "a type that is no text", MANAGED ",\"x-ms-attestation-type\":1,\"x-ms-ver\":\"1.0\"}",
          false, false },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int m = 0; m < 2; m++) {
            struct err e;
            bool want = m ? rows[i].as_management : rows[i].as_attestation;
            struct span token = sign(world.ec, SIG_ES256, ES("ec"), rows[i].payload);

            CHECK_INT(rows[i].name, verify_with(world.keys, token, m == 1, &e), want);
            if (!want)
                CHECK_ERR(rows[i].name, e, ERR_UNTRUSTED, "kind");
        }
}

static void km_74_unsecured_tokens_are_refused_in_every_mode(void **state)
{
    static const char *const payloads[] = { GOOD, MANAGEMENT };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(payloads); i++)
        for (int m = 0; m < 2; m++) {
            struct err e;
            struct span token =
                sign(NULL, SIG_ES256, "{\"alg\":\"none\",\"typ\":\"JWT\"}", payloads[i]);

            CHECK("refused", !verify_with(world.keys, token, m == 1, &e));
            CHECK_ERR("refused", e, ERR_UNTRUSTED, "header.alg");
        }
}

static void the_certificate_bears_the_issuers_name(void **state)
{
    struct jwk_entry other = entry("ec", "EC", &world.other_cert), upper;
    struct jwt_check_wish any = { .now = NOW };
    struct jwt_parts parts;
    struct span token, upper_cert;
    struct jwks *keys;
    struct err e;

    (void)state;
    begin();
    token = sign(world.ec, SIG_ES256, ES("ec"), GOOD);
    keys = set_of(&other, 1);
    CHECK("another name", !verify_with(keys, token, false, &e));
    CHECK_ERR("another name", e, ERR_UNTRUSTED, "certificate.issuer");
    e = (struct err){ 0 };
    CHECK_OK("nobody asked for an issuer",
             jwt_verify(world.c, token, keys, &any, &arena, &parts, &e), e);
    jwks_free(keys);
    upper_cert = cert_of(world.ec, "HTTPS://MAA.EXAMPLE:8443");
    upper = entry("ec", "EC", &upper_cert);
    keys = set_of(&upper, 1);
    CHECK_OK("case plays no part in names", verify_with(keys, token, false, &e), e);
    jwks_free(keys);
}

static void no_flipped_bit_of_a_token_is_accepted(void **state)
{
    struct span token;

    (void)state;
    begin();
    token = sign(world.ec, SIG_ES256, ES("ec"), GOOD);
    for (size_t i = 0; i < token.n; i++) {
        uint8_t *copy = check_exact(token);
        struct err e;

        copy[i] ^= (uint8_t)(1u << i % 8);
        CHECK("flipped", !verify_with(world.keys, span_of(copy, token.n), false, &e));
        CHECK("flipped", e.code == ERR_MALFORMED || e.code == ERR_UNTRUSTED);
        free(copy);
    }
}

static void each_truncation_of_a_token_is_refused(void **state)
{
    struct span token;

    (void)state;
    begin();
    token = sign(world.ec, SIG_ES256, ES("ec"), GOOD);
    for (size_t n = 0; n < token.n; n++) {
        struct err e;

        CHECK("cut", !verify_with(world.keys, span_of(token.p, n), false, &e));
    }
}

static void memory_that_fails_is_a_clean_error(void **state)
{
    struct jwt_check_wish wish = { .now = NOW, .issuer = span_str(ISSUER) };
    bool holds = false;
    struct span token;

    (void)state;
    begin();
    token = sign(world.ec, SIG_ES256, ES("ec"), GOOD);
    for (size_t n = 1; !holds; n++) {
        struct arena small = arena_over(1 << 20);
        struct jwt_parts parts;
        struct err e = { 0 };

        small.fail_at = n;
        holds = jwt_verify(world.c, token, world.keys, &wish, &small, &parts, &e);
        if (!holds)
            CHECK("n-th allocation", e.code == ERR_MEMORY && n < 20);
        arena_fini(&small);
    }
}

static void an_empty_set_verifies_nothing(void **state)
{
    struct jwks *keys;
    struct err e;

    (void)state;
    begin();
    keys = set_of(NULL, 0);
    CHECK("none", !verify_with(keys, sign(world.ec, SIG_ES256, ES("ec"), GOOD), false, &e));
    CHECK_ERR("none", e, ERR_UNTRUSTED, "signature");
    jwks_free(keys);
}

/* Gives everything back, so that a sanitizer sees what was lost. */
static void the_world_ends(void **state)
{
    (void)state;
    jwks_free(world.keys);
    jwks_free(NULL);
    signkey_free(world.rsa);
    signkey_free(world.ec);
    signkey_free(world.foreign);
    crypto_free(world.c);
    arena_fini(&world.arena);
    arena_fini(&arena);
}

TEST_MAIN(good_tokens_are_accepted, what_is_built_is_what_verifies,
          km_66_the_algorithm_is_on_our_list_before_a_key_is_looked_for,
          km_67_the_key_is_one_that_was_published, km_67_a_kid_of_a_mebibyte_is_refused,
          km_67_a_named_key_is_the_only_one_tried,
          km_68_payloads_that_could_be_read_in_two_ways_are_refused,
          km_69_claims_are_judged_after_the_signature_in_a_fixed_order,
          km_69_a_bad_signature_is_reported_before_anything_else,
          km_71_no_algorithm_of_tokens_has_a_shared_secret,
          km_73_management_answers_and_attestations_do_not_stand_for_each_other,
          km_74_unsecured_tokens_are_refused_in_every_mode, the_certificate_bears_the_issuers_name,
          no_flipped_bit_of_a_token_is_accepted, each_truncation_of_a_token_is_refused,
          memory_that_fails_is_a_clean_error, an_empty_set_verifies_nothing, the_world_ends)
