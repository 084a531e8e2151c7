#include "crypto.h"

#include "../../tests/check.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

static struct crypto *c;
static struct arena a;

/* A key of OpenSSL's own and what it looks like from outside. */
struct pair {
    EVP_PKEY *own;
    struct pubkey *key;
};

static struct pair make(const char *type, size_t detail)
{
    struct pair p = { strcmp(type, "RSA") == 0
                          ? EVP_PKEY_Q_keygen(NULL, NULL, type, detail)
                          : EVP_PKEY_Q_keygen(NULL, NULL, "EC",
                                              detail == 256 ? "P-256" : "P-384") };
    uint8_t *der = NULL;
    int n = i2d_PUBKEY(p.own, &der);
    struct err e = { 0 };

    p.key = pubkey_new_spki(c, span_of(der, (size_t)n), &e);
    CHECK_OK(type, p.key != NULL, e);
    OPENSSL_free(der);
    return p;
}

static void done(struct pair *p)
{
    EVP_PKEY_free(p->own);
    pubkey_free(p->key);
}

/* A signature over "sample" by other code than ours; ECDSA as DER. */
static struct span sign(struct pair *p, const char *digest, bool is_pss, int salt)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key = NULL;
    uint8_t *out = arena_alloc(&a, 1024, 1);
    size_t n = 1024;

    if (EVP_DigestSignInit_ex(ctx, &key, digest, NULL, NULL, p->own, NULL) != 1 ||
        (is_pss && (EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING) != 1 ||
                    EVP_PKEY_CTX_set_rsa_pss_saltlen(key, salt) != 1)) ||
        EVP_DigestSign(ctx, out, &n, (const uint8_t *)"sample", 6) != 1)
        fail_msg("%s could not be signed", digest);
    EVP_MD_CTX_free(ctx);
    return span_of(out, n);
}

static const struct {
    const char *name;
    enum digest_alg alg;
} hashes[] = { { "SHA1", DIGEST_SHA1 },
               { "SHA256", DIGEST_SHA256 },
               { "SHA384", DIGEST_SHA384 },
               { "SHA512", DIGEST_SHA512 } };

static void holds_only(struct pair *p, enum sig_scheme scheme, size_t i, struct span signature)
{
    struct err e = { 0 };

    CHECK_OK(
        hashes[i].name,
        pubkey_verify_scheme(c, p->key, scheme, hashes[i].alg, span_str("sample"), signature, &e),
        e);
    for (size_t k = 0; k < COUNT(hashes); k++) {
        err_clear(&e);
        if (k != i)
            CHECK(hashes[k].name, !pubkey_verify_scheme(c, p->key, scheme, hashes[k].alg,
                                                        span_str("sample"), signature, &e));
    }
    err_clear(&e);
    CHECK("other text", !pubkey_verify_scheme(c, p->key, scheme, hashes[i].alg, span_str("simple"),
                                              signature, &e));
    CHECK_ERR("other text", e, ERR_UNTRUSTED, "");
}

static void begin(void)
{
    struct err e = { 0 };

    a = arena_over(1 << 20);
    c = crypto_new(&e);
    CHECK_OK("crypto", c != NULL, e);
}

static void end(void)
{
    arena_fini(&a);
    crypto_free(c);
}

static void rsassa_holds_with_its_hash_only(void **state)
{
    struct pair p;

    (void)state;
    begin();
    p = make("RSA", 2048);
    for (size_t i = 0; i < COUNT(hashes); i++)
        holds_only(&p, SCHEME_RSASSA, i, sign(&p, hashes[i].name, false, 0));
    done(&p);
    end();
}

static void rsapss_takes_a_salt_of_two_lengths(void **state)
{
    struct pair p;
    struct err e = { 0 };

    (void)state;
    begin();
    p = make("RSA", 2048);
    for (size_t i = 0; i < COUNT(hashes); i++) {
        holds_only(&p, SCHEME_RSAPSS, i, sign(&p, hashes[i].name, true, RSA_PSS_SALTLEN_DIGEST));
        holds_only(&p, SCHEME_RSAPSS, i, sign(&p, hashes[i].name, true, RSA_PSS_SALTLEN_MAX));
    }
    CHECK("no salt", !pubkey_verify_scheme(c, p.key, SCHEME_RSAPSS, DIGEST_SHA256,
                                           span_str("sample"), sign(&p, "SHA256", true, 0), &e));
    CHECK_ERR("no salt", e, ERR_UNTRUSTED, "");
    err_clear(&e);
    CHECK("other padding",
          !pubkey_verify_scheme(c, p.key, SCHEME_RSAPSS, DIGEST_SHA256, span_str("sample"),
                                sign(&p, "SHA256", false, 0), &e));
    done(&p);
    end();
}

/* Ecdsa-Sig-Value as r || s: short halves are padded, as the TPM contract asks for. */
static struct span raw_of(struct span der, size_t size)
{
    uint8_t *out = arena_alloc(&a, 2 * size, 1);
    const uint8_t *p = der.p + 2;

    for (size_t i = 0; i < 2; i++) {
        size_t n = p[1], skip = n > size ? n - size : 0;

        memcpy(out + (i + 1) * size - (n - skip), p + 2 + skip, n - skip);
        p += 2 + n;
    }
    return span_of(out, 2 * size);
}

static void ecdsa_takes_any_hash_with_any_curve(void **state)
{
    static const size_t bits[] = { 256, 384 };

    (void)state;
    begin();
    for (size_t b = 0; b < COUNT(bits); b++) {
        struct pair p = make("EC", bits[b]);

        for (size_t i = 0; i < COUNT(hashes); i++)
            holds_only(&p, SCHEME_ECDSA, i,
                       raw_of(sign(&p, hashes[i].name, false, 0), bits[b] / 8));
        done(&p);
    }
    end();
}

/* Psychic signatures, and a union's wrong arm. */
static void km_44_km_54_what_is_no_signature_is_refused(void **state)
{
    static const uint8_t zeros[64];
    struct pair rsa, ec;
    struct err e = { 0 };

    (void)state;
    begin();
    rsa = make("RSA", 2048);
    ec = make("EC", 256);
    CHECK("zeros", !pubkey_verify_scheme(c, ec.key, SCHEME_ECDSA, DIGEST_SHA256, span_str("sample"),
                                         span_of(zeros, 64), &e));
    CHECK_ERR("zeros", e, ERR_UNTRUSTED, "");
    for (int s = SCHEME_RSASSA; s <= SCHEME_ECDSA; s++) {
        struct pair *wrong = s == SCHEME_ECDSA ? &rsa : &ec;
        struct span text = sign(&rsa, "SHA256", false, 0);

        err_clear(&e);
        CHECK("arm", !pubkey_verify_scheme(c, wrong->key, (enum sig_scheme)s, DIGEST_SHA256,
                                           span_str("sample"), text, &e));
        CHECK_ERR("arm", e, ERR_UNTRUSTED, "");
    }
    for (size_t n = 0; n < 256; n += 51) {
        err_clear(&e);
        CHECK("short", !pubkey_verify_scheme(c, rsa.key, SCHEME_RSASSA, DIGEST_SHA256,
                                             span_str("sample"), span_of(zeros, n % 64), &e));
        CHECK_ERR("short", e, ERR_UNTRUSTED, "");
    }
    done(&rsa);
    done(&ec);
    end();
}

TEST_MAIN(rsassa_holds_with_its_hash_only, rsapss_takes_a_salt_of_two_lengths,
          ecdsa_takes_any_hash_with_any_curve, km_44_km_54_what_is_no_signature_is_refused)
