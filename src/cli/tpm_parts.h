/*
 * tpm_parts - what a machine collected about its boot, put together into the request that attests
 * it
 *
 * Shape    the second form: a key, a quote that binds it, the logs. The key's text comes first
 *          (tpm_parts_jwk), then what the TPM must sign (tpm_parts_qualify), then the request
 * Errors   malformed (a part that does not read), limit, memory, internal
 * Source   the TPM contract, 1, 3 and 4
 */
#ifndef CUPEL_CLI_TPM_PARTS_H
#define CUPEL_CLI_TPM_PARTS_H

#include "../crypto/signkey.h"
#include "../evidence/tpm/limits.h"

struct tpm_parts {
    struct span tcg[TPM_LOGS_MAX]; /* in the order in which they were measured */
    size_t tcg_count;
    struct span ima;        /* or empty */
    struct span aik_cert;   /* DER, or empty */
    struct span aik_public; /* TPMT_PUBLIC, with or without its length in front; or empty */
    struct span pcrs;       /* values in the order of the quote's selection, nothing between */
    struct span quote, signature;  /* TPMS_ATTEST, TPMT_SIGNATURE */
    struct span challenge;         /* as the service gave it */
    const char *context, *rp_data; /* texts in base64url; or NULL */
};

/* The text of the request's key: {"kty":"RSA","n":...,"e":...}. */
bool tpm_parts_jwk(const struct signkey *key, struct arena *a, struct span *out,
                   struct err *err) MUST_USE;

/* What the TPM has to sign so that the quote binds the key: SHA-256 over key and challenge. */
bool tpm_parts_qualify(struct crypto *c, struct span jwk, struct span challenge,
                       uint8_t out[SHA256_SIZE], struct err *err) MUST_USE;

/* The compact JWS, signed by the key. */
bool tpm_parts_write(struct crypto *c, struct signkey *key, const struct tpm_parts *p,
                     struct arena *a, struct span *out, struct err *err) MUST_USE;

#endif
