/*
 * context - what a service remembers between the two round trips, sealed and handed to the client
 *
 * Shape    version, moment, challenge and instance under AES-256-GCM, bound to the instance's name
 *          and the api-version; a service keeps nothing but its key
 * Rule     the moment is judged by whoever opens it; replay inside the lifetime is possible
 * Errors   untrusted (not ours, not for this instance, changed), limit, memory
 * Source   the TPM contract, 1
 */
#ifndef CUPEL_EVIDENCE_TPM_CONTEXT_H
#define CUPEL_EVIDENCE_TPM_CONTEXT_H

#include "settings.h"

enum { CONTEXT_LIFETIME = 300, CONTEXT_NAME_MAX = 1024, CHALLENGE_SIZE = 32 };

struct tpm_context {
    int64_t issued_at;
    struct span challenge;
};

/* Seals under keys[0]; nonce is fresh from the random generator. */
bool tpm_context_seal(struct crypto *c, const struct tpm_round_trip *t,
                      const uint8_t nonce[AEAD_NONCE_SIZE], const struct tpm_context *x,
                      struct arena *a, struct span *out, struct err *err) MUST_USE;

/* Opens with any of the keys. */
bool tpm_context_open(struct crypto *c, const struct tpm_round_trip *t, struct span sealed,
                      struct arena *a, struct tpm_context *out, struct err *err) MUST_USE;

#endif
