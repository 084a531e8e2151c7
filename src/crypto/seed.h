/*
 * seed - a secret number that only the holder of a private key learns
 *
 * Shape    to an RSA key: a number of the sender's, encrypted with OAEP under a label; to an EC
 *          key: a number that both make from an ephemeral key of the sender's and the key
 * Secrets  the seed lies in the caller's buffer: wiped by whoever is done with it
 * Errors   unsupported (a key of another kind), untrusted (nothing of that label opens), internal
 * Source   TPM 2.0 Library, Part 1, B.10.3 (RSA), C.6.3 (ECC), 24 (credential protection)
 */
#ifndef CUPEL_CRYPTO_SEED_H
#define CUPEL_CRYPTO_SEED_H

#include "kdf.h"
#include "signkey.h"
#include "spki.h"

/* What travels: the OAEP text, or the ephemeral point as x || y. */
struct seed_message {
    struct span bytes;
    bool is_point;
};

/* Sends a seed as long as the hash. RSA: the seed given. EC: the seed that came of it is written
 * over the one given. */
bool seed_send(struct crypto *c, const struct spki *to, enum digest_alg hash, const char *label,
               uint8_t *seed, struct arena *a, struct seed_message *out, struct err *err) MUST_USE;

/* The seed that was sent to this key. */
bool seed_receive(struct crypto *c, const struct signkey *key, enum digest_alg hash,
                  const char *label, struct span message, uint8_t *seed, struct err *err) MUST_USE;

#endif
