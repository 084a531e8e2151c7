/*
 * crypto - what one thread needs to hash, verify and sign quickly
 *
 * Shape    `struct crypto` holds fetched digests, a hashing context for each and one P-256 slot;
 *          one per thread, never shared
 * Why      fetching inside each call takes read locks and costs more than hashing
 *          (docs/design.md, "Crypto")
 * Errors   untrusted: a signature does not hold; malformed: not a key; unsupported: a key or
 *          algorithm we do not use; memory, internal
 */
#ifndef CUPEL_CRYPTO_CRYPTO_H
#define CUPEL_CRYPTO_CRYPTO_H

#include "../base/arena.h"

struct crypto; /* opaque: OpenSSL stays in this room */

/* A new context after a self-test of the slot (right key yes, wrong key no, off-curve no, right key
 * yes, flipped bit no); NULL with err when OpenSSL cannot give what is needed. */
struct crypto *crypto_new(struct err *err) MUST_USE;
void crypto_free(struct crypto *c);

/* digest */
enum { SHA1_SIZE = 20, SHA256_SIZE = 32, SHA384_SIZE = 48, SHA512_SIZE = 64 };
enum digest_alg { DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512 };

/* How many bytes a digest has. */
size_t digest_size(enum digest_alg alg);

/* Hashes the parts one behind the other; out has the digest's size. */
bool digest(struct crypto *c, enum digest_alg alg, const struct span *parts, size_t count,
            uint8_t *out, struct err *err) MUST_USE;

/* SHA-256 of one span. */
bool digest_sha256(struct crypto *c, struct span s, uint8_t out[SHA256_SIZE],
                   struct err *err) MUST_USE;

/* Fills out with bytes from the system's generator. (Called from above the purity line only.) */
bool random_bytes(struct crypto *c, uint8_t *out, size_t n, struct err *err) MUST_USE;

/* verification */
enum sig_alg {
    SIG_RS256,
    SIG_RS384,
    SIG_RS512,
    SIG_PS256,
    SIG_PS384,
    SIG_PS512,
    SIG_ES256,
    SIG_ES384
};

/* "RS256", ... and back; false when the name is none of ours. */
const char *sig_alg_name(enum sig_alg alg);
bool sig_alg_find(struct span name, enum sig_alg *out) MUST_USE;

/* The hash that a signature of that algorithm is made over; *n is its size. Who signs for others
 * needs no more than this. */
bool sig_hash(struct crypto *c, enum sig_alg alg, struct span message, uint8_t out[SHA512_SIZE],
              size_t *n, struct err *err) MUST_USE;

/* A public key prepared once, with its verification contexts. Owned by the thread of the
 * `struct crypto` it came from. */
struct pubkey;

/* From a SubjectPublicKeyInfo in DER: P-256, P-384, or RSA of 2,048 to 8,192 bits with an odd
 * exponent from 3 to 2^32. */
struct pubkey *pubkey_new_spki(struct crypto *c, struct span spki, struct err *err) MUST_USE;
/* From an uncompressed P-256 point, x || y, 64 bytes. Refuses points off the curve. */
struct pubkey *pubkey_new_p256(struct crypto *c, struct span xy, struct err *err) MUST_USE;
void pubkey_free(struct pubkey *k);

enum pubkey_type { PUBKEY_P256, PUBKEY_P384, PUBKEY_RSA };
enum pubkey_type pubkey_type(const struct pubkey *k);
size_t pubkey_bits(const struct pubkey *k);

/* Checks a signature over message. ECDSA signatures are raw r || s. Untrusted when it does not
 * hold; r or s of 0 or >= n, wrong lengths and an algorithm that does not fit the key (ES256 is
 * P-256, ES384 is P-384) are untrusted, too, and say so. */
bool pubkey_verify(struct crypto *c, struct pubkey *k, enum sig_alg alg, struct span message,
                   struct span signature, struct err *err) MUST_USE;

/* As pubkey_verify, for an ECDSA signature in DER (certificates, CRLs): Ecdsa-Sig-Value, strict
 * DER. RSA signatures are the same in both. */
bool pubkey_verify_der(struct crypto *c, struct pubkey *k, enum sig_alg alg, struct span message,
                       struct span der, struct err *err) MUST_USE;

/* Padding and hash by themselves, as a TPM names them: any hash with any key of the kind. */
enum sig_scheme { SCHEME_RSASSA, SCHEME_RSAPSS, SCHEME_ECDSA };

/* As pubkey_verify, for a scheme with a hash. The salt of RSAPSS is as long as the hash, or as long
 * as the key allows. SHA-1 is verified like the others: whether it may be used is the caller's to
 * say. */
bool pubkey_verify_scheme(struct crypto *c, struct pubkey *k, enum sig_scheme scheme,
                          enum digest_alg hash, struct span message, struct span signature,
                          struct err *err) MUST_USE;

/* ES256 with a key that arrived in evidence, through the slot: xy is x || y, signature raw r || s.
 * A key that is not on the curve is untrusted like a signature that does not hold. */
bool p256_verify(struct crypto *c, struct span xy, struct span message, struct span signature,
                 struct err *err) MUST_USE;

/* As p256_verify, for a signature in DER (certificates, lists): Ecdsa-Sig-Value, strict DER. */
bool p256_verify_der(struct crypto *c, struct span xy, struct span message, struct span der,
                     struct err *err) MUST_USE;

/* Tells whether x || y is a point of P-256 (on the curve, not infinity). */
bool p256_is_point(struct crypto *c, struct span xy);

/* How many public-key verifications this context has done; caches are tested by it. */
uint64_t crypto_verifications(const struct crypto *c);

#endif
