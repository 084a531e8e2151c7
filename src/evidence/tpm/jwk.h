/*
 * jwk - a public key that a machine sends as JSON
 *
 * Shape    RSA of 2,048 to 4,096 bits with an odd exponent of 65,537 or more; EC on P-256 or P-384
 * Borrows  everything made lies in the arena
 * Errors   malformed, unsupported, with the member as path
 * Source   RFC 7518, 6.2 and 6.3; the TPM contract, 3
 */
#ifndef CUPEL_EVIDENCE_TPM_JWK_H
#define CUPEL_EVIDENCE_TPM_JWK_H

#include "../../crypto/spki.h"
#include "../../format/json.h"

enum { JWK_RSA_BITS_MIN = 2048, JWK_RSA_BITS_MAX = 4096, JWK_EXPONENT_MIN = 65537 };

struct tpm_jwk {
    const struct json *json; /* its `raw` is the text as received */
    struct spki key;
    struct span spki; /* SubjectPublicKeyInfo in DER */
};

bool tpm_jwk_parse(const struct json *jwk, struct arena *a, struct tpm_jwk *out,
                   struct err *err) MUST_USE;

/* Tells whether two keys are the same, however they were written. */
bool tpm_key_equal(const struct spki *a, const struct spki *b);

/* Writes {"jwk":{...}} with kty, n and e, or kty, crv, x and y, and nothing else. */
void tpm_jwk_write_confirmation(struct writer *w, const struct tpm_jwk *k);

#endif
