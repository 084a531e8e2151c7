/* Signatures whose padding and hash are said apart from each other, as TPMs do. */
#include "inside.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/rsa.h>

/* Room for the salt between the hash and the padding: RFC 8017, 9.1.1, step 3. */
static int pss_salt_max(size_t key_bits, enum digest_alg hash)
{
    size_t encoded = (key_bits - 1 + 7) / 8;

    return (int)(encoded - digest_size(hash) - 2);
}

static EVP_PKEY_CTX *context_new(const struct pubkey *k, enum sig_scheme scheme,
                                 enum digest_alg hash, int salt)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pubkey_inside(k), NULL);
    const char *name = digest_name(hash);

    if (ctx && EVP_PKEY_verify_init(ctx) == 1 && digest_set(ctx, name) &&
        (scheme != SCHEME_RSAPSS || pss_set(ctx, name, salt)) &&
        (scheme != SCHEME_RSASSA || EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1))
        return ctx;
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return NULL;
}

static bool verify_once(struct crypto *c, const struct pubkey *k, enum sig_scheme scheme,
                        enum digest_alg hash, int salt, const uint8_t *made, struct span signature,
                        struct err *err)
{
    EVP_PKEY_CTX *ctx = context_new(k, scheme, hash, salt);
    bool holds;

    if (!ctx)
        return err_fail(err, ERR_INTERNAL, NULL, "signatures over %s cannot be verified here",
                        digest_name(hash));
    holds = verify_with(c, ctx, signature, made, digest_size(hash), err);
    EVP_PKEY_CTX_free(ctx);
    return holds;
}

static bool verify_rsa(struct crypto *c, const struct pubkey *k, enum sig_scheme scheme,
                       enum digest_alg hash, const uint8_t *made, struct span signature,
                       struct err *err)
{
    struct err first = { 0 };

    if (signature.n != (pubkey_bits(k) + 7) / 8)
        return err_fail(err, ERR_UNTRUSTED, "RFC 8017, 8.2.2",
                        "the signature has %zu bytes, the key makes %zu", signature.n,
                        (pubkey_bits(k) + 7) / 8);
    if (scheme == SCHEME_RSASSA)
        return verify_once(c, k, scheme, hash, 0, made, signature, err);
    if (verify_once(c, k, scheme, hash, RSA_PSS_SALTLEN_DIGEST, made, signature, &first))
        return true;
    return verify_once(c, k, scheme, hash, pss_salt_max(pubkey_bits(k), hash), made, signature,
                       err);
}

static bool verify_ecdsa(struct crypto *c, const struct pubkey *k, enum digest_alg hash,
                         const uint8_t *made, struct span signature, struct err *err)
{
    uint8_t der[ECDSA_DER_MAX];

    if (!ecdsa_check(pubkey_type(k), signature, err))
        return false;
    return verify_once(c, k, SCHEME_ECDSA, hash, 0, made,
                       span_of(der, ecdsa_to_der(signature, der)), err);
}

bool pubkey_verify_scheme(struct crypto *c, struct pubkey *k, enum sig_scheme scheme,
                          enum digest_alg hash, struct span message, struct span signature,
                          struct err *err)
{
    bool is_rsa = pubkey_type(k) == PUBKEY_RSA;
    uint8_t made[DIGEST_MAX];

    if (is_rsa != (scheme != SCHEME_ECDSA))
        return err_fail(err, ERR_UNTRUSTED, NULL, "the scheme is for %s keys, this one is %s",
                        is_rsa ? "EC" : "RSA", is_rsa ? "RSA" : "EC");
    if (!digest(c, hash, &message, 1, made, err))
        return false;
    return is_rsa ? verify_rsa(c, k, scheme, hash, made, signature, err)
                  : verify_ecdsa(c, k, hash, made, signature, err);
}
