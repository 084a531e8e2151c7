#include "inside.h"

#include <string.h>

#include <openssl/err.h>

/* The base point: a key to start with, so that the slot is never without one.
 * Source: FIPS 186-4, D.1.2.3. */
const uint8_t p256_base[2 * P256_SIZE] = {
    0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2,
    0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96,
    0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16,
    0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
};

bool slot_init(struct slot *s, struct err *err)
{
    struct spki base = { .kind = SPKI_P256, .point = span_of(p256_base, sizeof p256_base) };

    s->key = pkey_of_spki(&base, err);
    if (!s->key)
        return false;
    s->verify = EVP_PKEY_CTX_new_from_pkey(NULL, s->key, NULL);
    if (s->verify && EVP_PKEY_verify_init(s->verify) == 1)
        return true;
    ERR_clear_error();
    return err_fail(err, ERR_INTERNAL, NULL, "P-256 signatures cannot be verified here");
}

void slot_fini(struct slot *s)
{
    EVP_PKEY_CTX_free(s->verify);
    EVP_PKEY_free(s->key);
}

/* On failure the key before is still in the slot: whoever asks must stop. Cofactor 1: on the curve
 * and not infinity is all there is to check. */
static bool slot_set(struct slot *s, struct span xy)
{
    uint8_t point[1 + 2 * P256_SIZE] = { 0x04 };

    if (xy.n != 2 * (size_t)P256_SIZE)
        return false;
    memcpy(point + 1, xy.p, xy.n);
    if (EVP_PKEY_set1_encoded_public_key(s->key, point, sizeof point) == 1)
        return true;
    ERR_clear_error();
    return false;
}

bool p256_is_point(struct crypto *c, struct span xy)
{
    return slot_set(&c->slot, xy);
}

bool p256_verify(struct crypto *c, struct span xy, struct span message, struct span signature,
                 struct err *err)
{
    uint8_t hash[SHA256_SIZE], der[ECDSA_DER_MAX];

    if (!ecdsa_check(PUBKEY_P256, signature, err) || !digest_sha256(c, message, hash, err))
        return false;
    if (!slot_set(&c->slot, xy))
        return err_fail(err, ERR_UNTRUSTED, "FIPS 186-4, 6.4.2",
                        "the key of %zu bytes is not a point of P-256", xy.n);
    return verify_with(c, c->slot.verify, span_of(der, ecdsa_to_der(signature, der)), hash,
                       sizeof hash, err);
}

bool p256_verify_der(struct crypto *c, struct span xy, struct span message, struct span der,
                     struct err *err)
{
    uint8_t raw[2 * P256_SIZE];

    return ecdsa_from_der(der, P256_SIZE, raw, err) &&
           p256_verify(c, xy, message, span_of(raw, sizeof raw), err);
}
