#include "inside.h"

#include "../format/der.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

/* clang-format off */
static const struct sig_def sig_defs[SIG_ALGS] = {
    [SIG_RS256] = { "RS256", SIG_FAMILY_PKCS1, DIGEST_SHA256, PUBKEY_RSA  },
    [SIG_RS384] = { "RS384", SIG_FAMILY_PKCS1, DIGEST_SHA384, PUBKEY_RSA  },
    [SIG_RS512] = { "RS512", SIG_FAMILY_PKCS1, DIGEST_SHA512, PUBKEY_RSA  },
    [SIG_PS256] = { "PS256", SIG_FAMILY_PSS,   DIGEST_SHA256, PUBKEY_RSA  },
    [SIG_PS384] = { "PS384", SIG_FAMILY_PSS,   DIGEST_SHA384, PUBKEY_RSA  },
    [SIG_PS512] = { "PS512", SIG_FAMILY_PSS,   DIGEST_SHA512, PUBKEY_RSA  },
    [SIG_ES256] = { "ES256", SIG_FAMILY_ECDSA, DIGEST_SHA256, PUBKEY_P256 },
    [SIG_ES384] = { "ES384", SIG_FAMILY_ECDSA, DIGEST_SHA384, PUBKEY_P384 },
};

/* The orders of the two groups. Source: FIPS 186-4, D.1.2.3 and D.1.2.4. */
static const uint8_t p256_order[P256_SIZE] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
};
static const uint8_t p384_order[P384_SIZE] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf,
    0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
};
/* clang-format on */

static const char *const key_names[] = {
    [PUBKEY_P256] = "a P-256",
    [PUBKEY_P384] = "a P-384",
    [PUBKEY_RSA] = "an RSA",
};

const struct sig_def *sig_def_of(enum sig_alg alg)
{
    return &sig_defs[alg];
}

const char *sig_alg_name(enum sig_alg alg)
{
    return (unsigned)alg < SIG_ALGS ? sig_defs[alg].name : "unknown";
}

bool sig_alg_find(struct span name, enum sig_alg *out)
{
    for (size_t i = 0; i < SIG_ALGS; i++)
        if (span_is(name, sig_defs[i].name)) {
            *out = (enum sig_alg)i;
            return true;
        }
    return false;
}

bool sig_fits(const struct sig_def *def, enum pubkey_type type, enum err_code code, struct err *err)
{
    if (def->key == type)
        return true;
    return err_fail(err, code, "RFC 7518, 3.1", "signature algorithm %s needs %s key, not %s",
                    def->name, key_names[def->key], key_names[type]);
}

size_t ec_size(enum pubkey_type type)
{
    return type == PUBKEY_P384 ? P384_SIZE : P256_SIZE;
}

static bool in_range(struct span v, const uint8_t *order)
{
    return !span_is_zero(v) && memcmp(v.p, order, v.n) < 0;
}

bool ecdsa_check(enum pubkey_type type, struct span raw, struct err *err)
{
    size_t size = ec_size(type);
    const uint8_t *order = type == PUBKEY_P384 ? p384_order : p256_order;

    if (raw.n != 2 * size)
        return err_fail(err, ERR_UNTRUSTED, "RFC 7518, 3.4",
                        "an ECDSA signature has %zu bytes here, not %zu", 2 * size, raw.n);
    for (size_t i = 0; i < 2; i++)
        if (!in_range(span_part(raw, i * size, size), order))
            return err_fail_at(err, i * size, ERR_UNTRUSTED, "FIPS 186-4, 6.4.2",
                               "%s of the signature is 0 or not below the order of the group",
                               i == 0 ? "r" : "s");
    return true;
}

size_t ecdsa_to_der(struct span raw, uint8_t out[ECDSA_DER_MAX])
{
    struct writer w = writer_over(out, ECDSA_DER_MAX);
    size_t seq = der_begin(&w, DER_SEQUENCE);

    der_write_magnitude(&w, span_part(raw, 0, raw.n / 2));
    der_write_magnitude(&w, span_part(raw, raw.n / 2, raw.n / 2));
    der_end(&w, seq);
    return w.n;
}

static void take_half(struct reader *r, size_t size, uint8_t *out, const char *name)
{
    struct span v = der_magnitude(r, name);

    if (v.n > size)
        reader_fail(r, ERR_MALFORMED, "RFC 3279, 2.2.3", name, "has %zu bytes, at most %zu fit",
                    v.n, size);
    else if (v.n > 0)
        memcpy(out + size - v.n, v.p, v.n);
}

bool ecdsa_from_der(struct span der, size_t size, uint8_t *raw, struct err *err)
{
    struct err why = { 0 };
    struct reader r = reader_over(der, &why);
    struct reader halves = der_enter(&r, DER_SEQUENCE, NULL);

    memset(raw, 0, 2 * size);
    take_half(&halves, size, raw, "r");
    take_half(&halves, size, raw + size, "s");
    if (reader_join(&r, &halves, "signature") && reader_done(&r))
        return true;
    return err_fail(err, ERR_UNTRUSTED, "RFC 3279, 2.2.3",
                    "the signature is no Ecdsa-Sig-Value in DER: %s", why.text);
}

bool sig_hash(struct crypto *c, enum sig_alg alg, struct span message, uint8_t out[SHA512_SIZE],
              size_t *n, struct err *err)
{
    const struct sig_def *def = sig_def_of(alg);

    if (!digest(c, def->digest, &message, 1, out, err))
        return false;
    *n = digest_size(def->digest);
    return true;
}

bool verify_with(struct crypto *c, EVP_PKEY_CTX *ctx, struct span signature, const uint8_t *hash,
                 size_t hash_size, struct err *err)
{
    c->verifications++;
    if (EVP_PKEY_verify(ctx, signature.p, signature.n, hash, hash_size) == 1)
        return true;
    ERR_clear_error();
    return err_fail(err, ERR_UNTRUSTED, NULL, "the signature does not hold under this key");
}

bool pss_set(EVP_PKEY_CTX *ctx, const char *digest, int salt)
{
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, digest, NULL) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, salt) == 1;
}

bool digest_set(EVP_PKEY_CTX *ctx, const char *digest)
{
    char name[16];
    OSSL_PARAM params[2];

    strncpy(name, digest, sizeof name - 1);
    name[sizeof name - 1] = '\0';
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, name, 0);
    params[1] = OSSL_PARAM_construct_end();
    return EVP_PKEY_CTX_set_params(ctx, params) == 1;
}

bool rsa_context_set(EVP_PKEY_CTX *ctx, const struct sig_def *def)
{
    const char *digest = digest_name(def->digest);

    if (!digest_set(ctx, digest))
        return false;
    if (def->family == SIG_FAMILY_PSS)
        return pss_set(ctx, digest, RSA_PSS_SALTLEN_DIGEST);
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
}
