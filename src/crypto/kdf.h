/*
 * kdf - keys made from keys, and what TPMs protect secrets with: HMAC and AES in CFB mode
 *
 * Shape    kdf_a: HMAC in counter mode over label, a zero byte and context; kdf_e: a hash over
 *          counter, shared point, label with its zero byte, and what both sides are called
 * Units    lengths in bytes; a key of kdf_a and kdf_e has at most KDF_MAX
 * Errors   internal (OpenSSL refuses), unsupported (a key length that AES has not)
 * Source   TPM 2.0 Library, Part 1, 11.4.10.2 (KDFa) and 11.4.10.3 (KDFe); NIST SP 800-108, 5.1;
 *          NIST SP 800-56C, 4
 */
#ifndef CUPEL_CRYPTO_KDF_H
#define CUPEL_CRYPTO_KDF_H

#include "crypto.h"

enum { KDF_MAX = 64, AES128_KEY_SIZE = 16, AES256_KEY_SIZE = 32 };

/* HMAC over the parts one behind the other; out has the digest's size. */
bool hmac(struct crypto *c, enum digest_alg alg, struct span key, const struct span *parts,
          size_t count, uint8_t *out, struct err *err) MUST_USE;

/* Fills out with n bytes made from the key, for the purpose that the label names. */
bool kdf_a(struct crypto *c, enum digest_alg alg, struct span key, const char *label,
           struct span context, uint8_t *out, size_t n, struct err *err) MUST_USE;

/* Fills out with n bytes made from the x coordinate of a shared point; u and v: the x coordinates
 * of the two public keys, the sender's first. */
bool kdf_e(struct crypto *c, enum digest_alg alg, struct span z, const char *label, struct span u,
           struct span v, uint8_t *out, size_t n, struct err *err) MUST_USE;

/* AES-CFB with a key of 16 or 32 bytes and an initial vector of zeros, which is sound for a key
 * used once; out has room for text.n bytes. */
bool cfb_seal(struct crypto *c, struct span key, struct span text, uint8_t *out,
              struct err *err) MUST_USE;
bool cfb_open(struct crypto *c, struct span key, struct span sealed, uint8_t *out,
              struct err *err) MUST_USE;

#endif
