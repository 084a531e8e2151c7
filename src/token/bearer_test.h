/*
 * bearer_test - what tests of access tokens share: an issuer with keys, and tokens of its making
 */
#ifndef CUPEL_TOKEN_BEARER_TEST_H
#define CUPEL_TOKEN_BEARER_TEST_H

#include "../../tests/check.h"

#include "../base/b64.h"
#include "../crypto/signkey.h"
#include "../crypto/spki.h"
#include "bearer.h"

#define ISSUER   "https://login.example/realm"
#define AUDIENCE "https://attest.azure.net"

enum { NOW = 1893456000 };

static struct mint {
    struct arena arena;
    struct crypto *c;
    struct signkey *rsa, *ec, *foreign; /* foreign: somebody else's RSA key */
    struct span set;                    /* the issuer's document: kids "rsa" and "ec" */
    struct issuer_keys *keys;
    struct bearer_issuer issuers[2];
    struct span audiences[1];
    struct bearer_rules rules;
} mint;

/* {"kty":...} of a key, its braces left open for more members. */
static inline void write_jwk(struct writer *w, const struct signkey *k, const char *kid)
{
    struct span der = { 0 };
    struct spki s;
    struct err e = { 0 };

    CHECK_OK("spki", signkey_spki(k, &mint.arena, &der, &e) && spki_parse(der, &s, &e), e);
    write_format(w, "{\"kid\":\"%s\",\"kty\":\"%s\",", kid, s.kind == SPKI_RSA ? "RSA" : "EC");
    write_text(w, s.kind == SPKI_RSA ? "\"n\":\"" : "\"crv\":\"P-256\",\"x\":\"");
    b64_write_url(w, s.kind == SPKI_RSA ? s.modulus : span_part(s.point, 0, 32));
    write_text(w, s.kind == SPKI_RSA ? "\",\"e\":\"" : "\",\"y\":\"");
    b64_write_url(w, s.kind == SPKI_RSA ? s.exponent : span_part(s.point, 32, 32));
    write_u8(w, '"');
}

static inline struct signkey *key_new(enum signkey_kind kind)
{
    struct err e = { 0 };
    struct signkey *k = signkey_new(mint.c, kind, &e);

    CHECK_OK("key", k != NULL, e);
    return k;
}

static inline void mint_open(void)
{
    struct err e = { 0 };
    struct writer w;

    if (mint.c)
        return;
    mint.arena = arena_over(64 << 20);
    mint.c = crypto_new(&e);
    mint.rsa = key_new(SIGNKEY_RSA2048);
    mint.ec = key_new(SIGNKEY_P256);
    mint.foreign = key_new(SIGNKEY_RSA2048);
    w = writer_in(&mint.arena, 2048);
    write_text(&w, "{\"keys\":[");
    write_jwk(&w, mint.rsa, "rsa");
    write_text(&w, ",\"use\":\"sig\"},");
    write_jwk(&w, mint.ec, "ec");
    write_text(&w, ",\"alg\":\"ES256\"}]}");
    mint.set = writer_span(&w);
    mint.keys = issuer_keys_new(mint.c, mint.set, &e);
    CHECK_OK("keys", mint.keys != NULL, e);
    mint.issuers[0] = (struct bearer_issuer){ span_str(ISSUER), mint.keys };
    mint.issuers[1] = (struct bearer_issuer){ span_str("https://other.example"), NULL };
    mint.audiences[0] = span_str(AUDIENCE);
    mint.rules = (struct bearer_rules){ mint.issuers, 2, mint.audiences, 1, 60 };
}

static inline void mint_close(void)
{
    issuer_keys_free(mint.keys);
    signkey_free(mint.rsa);
    signkey_free(mint.ec);
    signkey_free(mint.foreign);
    crypto_free(mint.c);
    arena_fini(&mint.arena);
    mint = (struct mint){ 0 };
}

/* header and payload as they are, signed by that key; NULL: an empty signature. */
static inline struct span token_of(const char *header, const char *payload, struct signkey *key,
                                   enum sig_alg alg)
{
    struct writer w = writer_in(&mint.arena, 2048);
    struct err e = { 0 };
    uint8_t signature[512];
    size_t n = 0;

    b64_write_url(&w, span_str(header));
    write_u8(&w, '.');
    b64_write_url(&w, span_str(payload));
    if (key)
        CHECK_OK(
            "sign",
            signkey_sign(mint.c, key, alg, writer_span(&w), signature, sizeof signature, &n, &e),
            e);
    write_u8(&w, '.');
    b64_write_url(&w, span_of(signature, n));
    return writer_span(&w);
}

#endif
