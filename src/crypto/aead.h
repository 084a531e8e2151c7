/*
 * aead - bytes sealed under a key: whoever has not the key can neither read nor change them
 *
 * Shape    AES-256-GCM: nonce of 12 bytes, ciphertext as long as the text, tag of 16 bytes
 * Rule     a nonce is used once under a key: whoever seals takes it from the random generator
 * Errors   untrusted (it does not open), memory, internal
 * Source   NIST SP 800-38D
 */
#ifndef CUPEL_CRYPTO_AEAD_H
#define CUPEL_CRYPTO_AEAD_H

#include "crypto.h"

enum { AEAD_KEY_SIZE = 32, AEAD_NONCE_SIZE = 12, AEAD_TAG_SIZE = 16 };

/* Seals text, bound to what it is beside (`with`, which is not in the result): nonce, ciphertext,
 * tag, in the arena. */
bool aead_seal(struct crypto *c, const uint8_t key[AEAD_KEY_SIZE],
               const uint8_t nonce[AEAD_NONCE_SIZE], struct span with, struct span text,
               struct arena *a, struct span *out, struct err *err) MUST_USE;

/* Opens what aead_seal made under the same key, beside the same bytes; untrusted otherwise. */
bool aead_open(struct crypto *c, const uint8_t key[AEAD_KEY_SIZE], struct span with,
               struct span sealed, struct arena *a, struct span *out, struct err *err) MUST_USE;

#endif
