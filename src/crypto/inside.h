/*
 * inside - what the files of this room share and nobody outside sees: OpenSSL's objects
 *
 * Errors   untrusted from every verification that is not a clear yes; OpenSSL's own error queue is
 *          empty again afterwards
 */
#ifndef CUPEL_CRYPTO_INSIDE_H
#define CUPEL_CRYPTO_INSIDE_H

#include <openssl/evp.h>

#include "crypto.h"
#include "spki.h"

enum {
    DIGEST_ALGS = DIGEST_SHA512 + 1,
    SIG_ALGS = SIG_ES384 + 1,
    DIGEST_MAX = SHA512_SIZE,
    P256_SIZE = 32, /* bytes of a coordinate, of r and of s */
    P384_SIZE = 48,
    EC_SIZE_MAX = P384_SIZE,
    RSA_BITS_MIN = 2048,
    RSA_BITS_MAX = 8192,
    RSA_SIGN_BITS_MAX = 4096,
    RSA_EXPONENT_BITS_MAX = 32, /* 2^32 itself is even */
    ECDSA_DER_MAX = 2 + 2 * (2 + 1 + EC_SIZE_MAX)
};

/* A P-256 key object and the verification context that looks at it. One thread owns both: that is
 * what makes changing the key under the context sound. */
struct slot {
    EVP_PKEY *key;
    EVP_PKEY_CTX *verify;
};

struct crypto {
    EVP_MD *md[DIGEST_ALGS];
    EVP_MD_CTX *hash[DIGEST_ALGS];
    struct slot slot;
    uint64_t verifications;
};

/* digest.c */
const char *digest_name(enum digest_alg alg);

/* sig.c */
enum sig_family { SIG_FAMILY_PKCS1, SIG_FAMILY_PSS, SIG_FAMILY_ECDSA };

struct sig_def {
    const char *name;
    enum sig_family family;
    enum digest_alg digest;
    enum pubkey_type key;
};

const struct sig_def *sig_def_of(enum sig_alg alg);

/* Tells whether the algorithm may be used with such a key, or fails with the code. */
bool sig_fits(const struct sig_def *def, enum pubkey_type type, enum err_code code,
              struct err *err) MUST_USE;

/* Width of a coordinate, of r and of s. */
size_t ec_size(enum pubkey_type type);

/* Checks that raw r || s has the right length and 0 < r, s < n. */
bool ecdsa_check(enum pubkey_type type, struct span raw, struct err *err) MUST_USE;

/* Raw r || s (already checked) as Ecdsa-Sig-Value; the length of what was written. */
size_t ecdsa_to_der(struct span raw, uint8_t out[ECDSA_DER_MAX]);

/* Ecdsa-Sig-Value in strict DER as raw r || s of 2 * size bytes. */
bool ecdsa_from_der(struct span der, size_t size, uint8_t *raw, struct err *err) MUST_USE;

/* Asks a prepared context. Only 1 is yes; everything else is untrusted. */
bool verify_with(struct crypto *c, EVP_PKEY_CTX *ctx, struct span signature, const uint8_t *hash,
                 size_t hash_size, struct err *err) MUST_USE;

/* Padding, digest, MGF and salt of an RSA context that was already set to sign or verify. */
bool rsa_context_set(EVP_PKEY_CTX *ctx, const struct sig_def *def);

/* The hash that a context of any key verifies. */
bool digest_set(EVP_PKEY_CTX *ctx, const char *digest);

/* Padding of PSS with MGF1 over the same hash; salt in bytes, or one of OpenSSL's negative words.
 */
bool pss_set(EVP_PKEY_CTX *ctx, const char *digest, int salt);

/* slot.c */
extern const uint8_t p256_base[2 * P256_SIZE]; /* x || y of the group's generator */

bool slot_init(struct slot *s, struct err *err) MUST_USE;
void slot_fini(struct slot *s);

/* pubkey.c */
EVP_PKEY *pubkey_inside(const struct pubkey *k);
EVP_PKEY *pkey_of_spki(const struct spki *parts, struct err *err) MUST_USE;

/* signkey.c */
struct signkey;
EVP_PKEY *signkey_inside(const struct signkey *k);

#endif
