/*
 * quote - what a TPM signed about its PCRs, and the values that the sender says they have
 *
 * Shape    Windows' platform claim (a frame around signature, statement and 24 values), or a
 *          statement, a signature and values as JSON
 * Rule     values are looked up by bank and index, and only what the statement selects reaches the
 *          replay: a value too many, one twice or one missing is refused
 * Borrows  the bytes and the arena
 * Errors   malformed, untrusted, with the part as path
 * Source   the TPM contract, 3, 5 and 7
 */
#ifndef CUPEL_EVIDENCE_TPM_QUOTE_H
#define CUPEL_EVIDENCE_TPM_QUOTE_H

#include "../../format/json.h"
#include "replay.h"
#include "structures.h"

/* The parts of a quote, as bytes. */
struct quote_parts {
    struct span statement, signature;
    bool is_framed; /* a platform claim: 24 values of one bank behind it */
    uint32_t frame_bank;
    struct span frame_values;
    const struct json *values; /* the second form */
};

struct tpm_quote {
    struct tpm_attest attest;
    struct tpm_signature signature;
    struct pcr_set pcrs; /* values that the statement selects */
};

/* Reads the frame of a platform claim. */
bool platform_claim_parse(struct span bytes, struct quote_parts *out, struct err *err) MUST_USE;
void platform_claim_write(struct writer *w, const struct quote_parts *p);

/* Puts the values together with what the statement selects. `a` holds decoded values. */
bool quote_values_read(const struct quote_parts *parts, const struct tpm_attest *attest,
                       struct arena *a, struct pcr_set *out, struct err *err) MUST_USE;

/* Checks that the digest in the statement is that of the values, in the order in which it selects
 * them, by the hash of the signature. */
bool quote_check_digest(struct crypto *c, const struct tpm_quote *q, struct err *err) MUST_USE;

/* The hash over a key's text as received, a zero byte and the challenge; `out` has room for
 * SHA512_SIZE. The name is "sha-256", "sha-384" or "sha-512"; unsupported for others. */
bool quote_qualify(struct crypto *c, struct span hash_name, struct span jwk_text,
                   struct span challenge, uint8_t *out, size_t *n, struct err *err) MUST_USE;

/* The mask of PCRs that are quoted in a bank. */
uint32_t quote_mask(const struct pcr_set *set, enum tpm_bank bank);

#endif
