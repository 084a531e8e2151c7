#include "inside.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

struct pubkey {
    EVP_PKEY *key;
    enum pubkey_type type;
    size_t bits;
    EVP_PKEY_CTX *verify[SIG_ALGS]; /* made when first asked for, then kept */
};

/* Takes the builder's parameters and leaves it to the caller to free it. */
static EVP_PKEY *pkey_of_params(const char *type, OSSL_PARAM_BLD *build)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY *key = NULL;

    if (!ctx || !params || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

/* The provider refuses coordinates of p and more and points off the curve; infinity has no
 * uncompressed form. */
static EVP_PKEY *pkey_of_point(enum spki_kind kind, struct span xy)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    uint8_t point[1 + 2 * EC_SIZE_MAX] = { 0x04 };
    EVP_PKEY *key = NULL;

    memcpy(point + 1, xy.p, xy.n);
    if (build &&
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
                                        kind == SPKI_P256 ? "P-256" : "P-384", 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + xy.n) == 1)
        key = pkey_of_params("EC", build);
    OSSL_PARAM_BLD_free(build);
    return key;
}

static EVP_PKEY *pkey_of_rsa(struct span modulus, struct span exponent)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_bin2bn(modulus.p, (int)modulus.n, NULL);
    BIGNUM *e = BN_bin2bn(exponent.p, (int)exponent.n, NULL);
    EVP_PKEY *key = NULL;

    if (build && n && e && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        key = pkey_of_params("RSA", build);
    OSSL_PARAM_BLD_free(build);
    BN_free(n);
    BN_free(e);
    return key;
}

static size_t magnitude_bits(struct span v)
{
    size_t bits = v.n * 8;

    for (uint8_t top = v.n > 0 ? v.p[0] : 0x80; top < 0x80; top = (uint8_t)(top << 1))
        bits--;
    return bits;
}

/* A key too small gives no security, one too large costs us the sender's wish in time; a small or
 * even exponent is no RSA. */
static bool rsa_check(const struct spki *key, struct err *err)
{
    size_t bits = magnitude_bits(key->modulus);
    struct span e = key->exponent;
    size_t e_bits = magnitude_bits(e);

    if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX)
        return err_fail(err, ERR_UNSUPPORTED, "FIPS 186-4, 5.1",
                        "the RSA key has %zu bits, expected %d to %d", bits, RSA_BITS_MIN,
                        RSA_BITS_MAX);
    if (key->modulus.p[key->modulus.n - 1] % 2 == 0)
        return err_fail(err, ERR_MALFORMED, "RFC 8017, 3.1", "the RSA modulus is even");
    if (e_bits < 2 || e_bits > RSA_EXPONENT_BITS_MAX || e.p[e.n - 1] % 2 == 0)
        return err_fail(err, ERR_UNSUPPORTED, "RFC 8017, 3.1",
                        "the RSA exponent of %zu bits is not odd and from 3 to 2^32", e_bits);
    return true;
}

static EVP_PKEY *pkey_or_refuse(EVP_PKEY *key, const char *what, struct err *err)
{
    if (key)
        return key;
    ERR_clear_error();
    err_fail(err, ERR_MALFORMED, "RFC 5480, 2.2", "%s", what);
    return NULL;
}

EVP_PKEY *pkey_of_spki(const struct spki *parts, struct err *err)
{
    switch (parts->kind) {
    case SPKI_P256:
    case SPKI_P384:
        return pkey_or_refuse(pkey_of_point(parts->kind, parts->point),
                              "the key is not a point of its curve", err);
    case SPKI_RSA:
        if (!rsa_check(parts, err))
            return NULL;
        return pkey_or_refuse(pkey_of_rsa(parts->modulus, parts->exponent),
                              "the RSA key cannot be used", err);
    case SPKI_OTHER:
        break;
    }
    err_fail(err, ERR_UNSUPPORTED, NULL, "the key is neither P-256, P-384 nor RSA");
    return NULL;
}

static struct pubkey *pubkey_adopt(EVP_PKEY *key, enum spki_kind kind, struct err *err)
{
    static const enum pubkey_type types[] = {
        [SPKI_P256] = PUBKEY_P256,
        [SPKI_P384] = PUBKEY_P384,
        [SPKI_RSA] = PUBKEY_RSA,
    };
    struct pubkey *k;

    if (!key)
        return NULL;
    k = calloc(1, sizeof *k);
    if (!k) {
        EVP_PKEY_free(key);
        err_fail(err, ERR_MEMORY, NULL, "no memory for a public key");
        return NULL;
    }
    *k = (struct pubkey){ .key = key, .type = types[kind], .bits = (size_t)EVP_PKEY_get_bits(key) };
    return k;
}

struct pubkey *pubkey_new_spki(struct crypto *c, struct span spki, struct err *err)
{
    struct spki parts;

    (void)c;
    if (!spki_parse(spki, &parts, err))
        return NULL;
    return pubkey_adopt(pkey_of_spki(&parts, err), parts.kind, err);
}

struct pubkey *pubkey_new_p256(struct crypto *c, struct span xy, struct err *err)
{
    struct spki parts = { .kind = SPKI_P256, .point = xy };

    (void)c;
    if (xy.n != 2 * (size_t)P256_SIZE) {
        err_fail(err, ERR_MALFORMED, NULL, "a P-256 point has %d bytes, not %zu", 2 * P256_SIZE,
                 xy.n);
        return NULL;
    }
    return pubkey_adopt(pkey_of_spki(&parts, err), parts.kind, err);
}

void pubkey_free(struct pubkey *k)
{
    if (!k)
        return;
    for (size_t i = 0; i < SIG_ALGS; i++)
        EVP_PKEY_CTX_free(k->verify[i]);
    EVP_PKEY_free(k->key);
    free(k);
}

enum pubkey_type pubkey_type(const struct pubkey *k)
{
    return k->type;
}

size_t pubkey_bits(const struct pubkey *k)
{
    return k->bits;
}

EVP_PKEY *pubkey_inside(const struct pubkey *k)
{
    return k->key;
}

static EVP_PKEY_CTX *context_new(const struct pubkey *k, const struct sig_def *def)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->key, NULL);

    if (ctx && EVP_PKEY_verify_init(ctx) == 1 &&
        (def->family == SIG_FAMILY_ECDSA || rsa_context_set(ctx, def)))
        return ctx;
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return NULL;
}

static EVP_PKEY_CTX *context_of(struct pubkey *k, enum sig_alg alg, struct err *err)
{
    if (!k->verify[alg])
        k->verify[alg] = context_new(k, sig_def_of(alg));
    if (!k->verify[alg])
        err_fail(err, ERR_INTERNAL, NULL, "%s cannot be verified here", sig_alg_name(alg));
    return k->verify[alg];
}

static bool verify_message(struct crypto *c, struct pubkey *k, enum sig_alg alg,
                           struct span message, struct span signature, struct err *err)
{
    const struct sig_def *def = sig_def_of(alg);
    EVP_PKEY_CTX *ctx = context_of(k, alg, err);
    uint8_t hash[DIGEST_MAX];

    return ctx && digest(c, def->digest, &message, 1, hash, err) &&
           verify_with(c, ctx, signature, hash, digest_size(def->digest), err);
}

bool pubkey_verify(struct crypto *c, struct pubkey *k, enum sig_alg alg, struct span message,
                   struct span signature, struct err *err)
{
    const struct sig_def *def = sig_def_of(alg);
    uint8_t der[ECDSA_DER_MAX];

    if (!sig_fits(def, k->type, ERR_UNTRUSTED, err))
        return false;
    if (def->family == SIG_FAMILY_ECDSA) {
        if (!ecdsa_check(k->type, signature, err))
            return false;
        signature = span_of(der, ecdsa_to_der(signature, der));
    } else if (signature.n != (k->bits + 7) / 8)
        return err_fail(err, ERR_UNTRUSTED, "RFC 8017, 8.2.2",
                        "the signature has %zu bytes, the key makes %zu", signature.n,
                        (k->bits + 7) / 8);
    return verify_message(c, k, alg, message, signature, err);
}

bool pubkey_verify_der(struct crypto *c, struct pubkey *k, enum sig_alg alg, struct span message,
                       struct span der, struct err *err)
{
    const struct sig_def *def = sig_def_of(alg);
    uint8_t raw[2 * EC_SIZE_MAX];
    size_t size = ec_size(def->key);

    if (def->family != SIG_FAMILY_ECDSA)
        return pubkey_verify(c, k, alg, message, der, err);
    if (!ecdsa_from_der(der, size, raw, err))
        return false;
    return pubkey_verify(c, k, alg, message, span_of(raw, 2 * size), err);
}
