#include "inside.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

/* A key and its signature over "sample". Source: RFC 6979, A.2.5, SHA-256. */
static const uint8_t known_key[2 * P256_SIZE] = {
    0x60, 0xfe, 0xd4, 0xba, 0x25, 0x5a, 0x9d, 0x31, 0xc9, 0x61, 0xeb, 0x74, 0xc6, 0x35, 0x6d, 0x68,
    0xc0, 0x49, 0xb8, 0x92, 0x3b, 0x61, 0xfa, 0x6c, 0xe6, 0x69, 0x62, 0x2e, 0x60, 0xf2, 0x9f, 0xb6,
    0x79, 0x03, 0xfe, 0x10, 0x08, 0xb8, 0xbc, 0x99, 0xa4, 0x1a, 0xe9, 0xe9, 0x56, 0x28, 0xbc, 0x64,
    0xf2, 0xf1, 0xb2, 0x0c, 0x2d, 0x7e, 0x9f, 0x51, 0x77, 0xa3, 0xc2, 0x94, 0xd4, 0x46, 0x22, 0x99,
};
static const uint8_t known_signature[2 * P256_SIZE] = {
    0xef, 0xd4, 0x8b, 0x2a, 0xac, 0xb6, 0xa8, 0xfd, 0x11, 0x40, 0xdd, 0x9c, 0xd4, 0x5e, 0x81, 0xd6,
    0x9d, 0x2c, 0x87, 0x7b, 0x56, 0xaa, 0xf9, 0x91, 0xc3, 0x4d, 0x0e, 0xa8, 0x4e, 0xaf, 0x37, 0x16,
    0xf7, 0xcb, 0x1c, 0x94, 0x2d, 0x65, 0x7c, 0x41, 0xd4, 0x36, 0xc7, 0xa1, 0xb6, 0xe2, 0x9f, 0x65,
    0xf3, 0xe9, 0x00, 0xdb, 0xb9, 0xaf, 0xf4, 0x06, 0x4d, 0xc4, 0xab, 0x2f, 0x84, 0x3a, 0xcd, 0xa8,
};

static bool known_holds(struct crypto *c, const uint8_t *key, const uint8_t *signature)
{
    return p256_verify(c, span_of(key, sizeof known_key), span_str("sample"),
                       span_of(signature, sizeof known_signature), NULL);
}

/* Changing the key under a verification context is this room's own idea, so each start proves it:
 * the answers follow the key, and a key that cannot be set gives no answer of the one before. */
static bool self_test(struct crypto *c, struct err *err)
{
    uint8_t off_curve[sizeof known_key], flipped[sizeof known_signature];

    memcpy(off_curve, known_key, sizeof off_curve);
    off_curve[sizeof off_curve - 1] ^= 1;
    memcpy(flipped, known_signature, sizeof flipped);
    flipped[sizeof flipped - 1] ^= 1;
    if (known_holds(c, known_key, known_signature) && !known_holds(c, p256_base, known_signature) &&
        !known_holds(c, off_curve, known_signature) && known_holds(c, known_key, known_signature) &&
        !known_holds(c, known_key, flipped))
        return true;
    return err_fail(err, ERR_INTERNAL, NULL, "the self-test of P-256 verification failed");
}

static bool digests_fetch(struct crypto *c, struct err *err)
{
    for (size_t i = 0; i < DIGEST_ALGS; i++) {
        c->md[i] = EVP_MD_fetch(NULL, digest_name((enum digest_alg)i), NULL);
        c->hash[i] = EVP_MD_CTX_new();
        if (!c->md[i] || !c->hash[i] || EVP_DigestInit_ex2(c->hash[i], c->md[i], NULL) != 1) {
            ERR_clear_error();
            return err_fail(err, ERR_INTERNAL, NULL, "OpenSSL does not offer %s",
                            digest_name((enum digest_alg)i));
        }
    }
    return true;
}

struct crypto *crypto_new(struct err *err)
{
    struct crypto *c = calloc(1, sizeof *c);

    if (!c) {
        err_fail(err, ERR_MEMORY, NULL, "no memory for a crypto context");
        return NULL;
    }
    if (!digests_fetch(c, err) || !slot_init(&c->slot, err) || !self_test(c, err)) {
        crypto_free(c);
        return NULL;
    }
    c->verifications = 0;
    return c;
}

void crypto_free(struct crypto *c)
{
    if (!c)
        return;
    slot_fini(&c->slot);
    for (size_t i = 0; i < DIGEST_ALGS; i++) {
        EVP_MD_CTX_free(c->hash[i]);
        EVP_MD_free(c->md[i]);
    }
    free(c);
}

uint64_t crypto_verifications(const struct crypto *c)
{
    return c->verifications;
}
