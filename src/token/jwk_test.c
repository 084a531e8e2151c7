#include "jwt.h"

#include "../../tests/check.h"
#include "../format/jws.h"
#include "../format/pem.h"

static struct arena arena;
static struct crypto *crypto;

static void begin(void)
{
    struct err e = { 0 };

    arena_fini(&arena);
    arena = arena_over(64 << 20);
    if (!crypto)
        crypto = crypto_new(&e);
    assert_non_null(crypto);
}

/* kid = base64(SHA-256(PEM text, NUL)), computed by an independent script over bytes 0, 1, 2, ...
 */
static void kid_is_the_hash_of_the_pem_text_and_a_nul(void **state)
{
    static const struct {
        const char *name;
        size_t n;
        const char *want;
    } rows[] = {
        { "91 bytes, two lines", 91, "MYunCo/WwVn99kng12c6XBfWRiQ6u13xROEhaXbdpv4=" },
        { "48 bytes, one full line", 48, "5dHNXEy+WWVfOeAGvetkxnaK58ZrVGJtnPyvFQykUb8=" },
    };
    uint8_t bytes[91];

    (void)state;
    begin();
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span kid = { 0 };
        struct err e = { 0 };

        CHECK_OK(rows[i].name, jwk_kid(crypto, span_of(bytes, rows[i].n), &arena, &kid, &e), e);
        CHECK_TEXT(rows[i].name, kid, rows[i].want);
    }
}

static struct span spki_of(const char *vector)
{
    struct span file = check_vector(vector);
    struct pem_block block = { 0 };
    struct err e = { 0 };
    size_t count = 0;

    CHECK_OK(vector, pem_parse(file, "PUBLIC KEY", false, 1, &arena, &block, &count, &e), e);
    free((void *)(uintptr_t)file.p);
    return block.der;
}

static void kid_of_a_recorded_key_comes_out(void **state)
{
    static const struct {
        const char *name, *want;
    } rows[] = {
        { "maa/keys/wus-2021.spki.pem", "rPtBGRWTlPmzs5u35L0QRD9WdymeKPRxteTeTlwN0Ec=" },
        { "maa/keys/uks-test-2021.spki.pem", "cM0BIZs4vBOrduedqCVRzL4n7JPWWKerJP0FASTFQP0=" },
    };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span kid = { 0 };
        struct err e = { 0 };

        CHECK_OK(rows[i].name, jwk_kid(crypto, spki_of(rows[i].name), &arena, &kid, &e), e);
        CHECK_TEXT(rows[i].name, kid, rows[i].want);
    }
}

static void the_recorded_token_was_signed_by_the_recorded_key(void **state)
{
    struct span file, token = { 0 };
    const struct json *top = NULL;
    struct jwt_parts parts;
    struct pubkey *key, *other;
    struct err e = { 0 };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    begin();
    file = check_vector("maa/sgx/net-sdk.attest-sgx-json-runtime.exchange.json");
    CHECK_OK("exchange", json_parse(file, NULL, &arena, &top, &e), e);
    CHECK_OK(
        "token",
        json_get_string(json_member(json_member(top, "response"), "body"), "token", &token, &e), e);
    CHECK_OK("parse", jwt_parse(token, &arena, &parts, &e), e);
    key = pubkey_new_spki(crypto, spki_of("maa/keys/uks-test-2021.spki.pem"), &e);
    other = pubkey_new_spki(crypto, spki_of("maa/keys/wus-2021.spki.pem"), &e);
    assert_true(key && other);
    CHECK_OK("signature",
             pubkey_verify(crypto, key, SIG_RS256, parts.signing_input, parts.signature, &e), e);
    CHECK("another key",
          !pubkey_verify(crypto, other, SIG_RS256, parts.signing_input, parts.signature, &e));
    pubkey_free(key);
    pubkey_free(other);
    free((void *)(uintptr_t)file.p);
}

static void the_set_has_its_members_in_the_recorded_order(void **state)
{
    const struct span certs[2] = { span_of("\x30\x00", 2), span_of("\xfb\xff\xfe", 3) };
    const struct jwk_entry entries[2] = {
        { .kid = span_str("a+/="), .kty = "RSA", .certs = certs, .cert_count = 2 },
        { .kid = span_str("\"b"), .kty = "EC", .certs = certs, .cert_count = 1 },
    };
    struct span out = { 0 };
    struct err e = { 0 };

    (void)state;
    begin();
    CHECK_OK("none", jwks_write(NULL, 0, &arena, &out, &e), e);
    CHECK_TEXT("none", out, "{\"keys\":[]}");
    CHECK_OK("two", jwks_write(entries, 2, &arena, &out, &e), e);
    CHECK_TEXT("two", out,
               "{\"keys\":[{\"x5c\":[\"MAA=\",\"+//+\"],\"kid\":\"a+/=\",\"kty\":\"RSA\"},"
               "{\"x5c\":[\"MAA=\"],\"kid\":\"\\\"b\",\"kty\":\"EC\"}]}");
}

static void memory_that_fails_is_a_clean_error(void **state)
{
    const struct span cert = span_of("\x30\x00", 2);
    const struct jwk_entry entry = { .kid = cert, .kty = "RSA", .certs = &cert, .cert_count = 1 };
    bool holds = false;

    (void)state;
    begin();
    for (size_t n = 1; !holds; n++) {
        struct arena small = arena_over(1 << 20);
        struct err e = { 0 };
        struct span out = { 0 };

        small.fail_at = n;
        holds = jwk_kid(crypto, cert, &small, &out, &e) && jwks_write(&entry, 1, &small, &out, &e);
        if (!holds)
            CHECK_ERR("n-th allocation", e, ERR_MEMORY, "");
        CHECK("bounded", n < 10);
        arena_fini(&small);
    }
}

TEST_MAIN(kid_is_the_hash_of_the_pem_text_and_a_nul, kid_of_a_recorded_key_comes_out,
          the_recorded_token_was_signed_by_the_recorded_key,
          the_set_has_its_members_in_the_recorded_order, memory_that_fails_is_a_clean_error)
