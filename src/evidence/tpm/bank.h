/*
 * bank - the sets of platform configuration registers, one for each hash algorithm
 *
 * Shape    a row per bank that can be replayed; further algorithms are known by their size only
 * Source   TCG Algorithm Registry; the TPM contract, 3 and 9.1
 */
#ifndef CUPEL_EVIDENCE_TPM_BANK_H
#define CUPEL_EVIDENCE_TPM_BANK_H

#include "../../crypto/crypto.h"

enum { PCR_COUNT = 24, PCR_SIZE_MAX = SHA512_SIZE };

/* From the weakest to the strongest. */
enum tpm_bank { BANK_SHA1, BANK_SHA256, BANK_SHA384, BANK_SHA512, BANK_COUNT };

struct bank_def {
    uint16_t alg;      /* TPM_ALG_ID */
    size_t size;       /* of a digest */
    const char *name;  /* as JSON claims write it: "SHA256" */
    const char *words; /* for people and claims: "sha256" */
    enum digest_alg digest;
};

extern const struct bank_def banks[BANK_COUNT];

/* The bank of a TPM_ALG_ID; false when it is none that can be replayed. */
bool bank_find(uint32_t alg, enum tpm_bank *out) MUST_USE;

/* The digest size of an algorithm, replayed or not; 0 when it is not known. */
size_t tpm_alg_size(uint16_t alg);

/* The digest of one span in a bank; out has room for PCR_SIZE_MAX bytes. */
bool bank_digest(struct crypto *c, enum tpm_bank bank, struct span data, uint8_t *out,
                 struct err *err) MUST_USE;

/* pcr becomes H(pcr || digest); both have the bank's size. */
bool bank_extend(struct crypto *c, enum tpm_bank bank, uint8_t *pcr, const uint8_t *digest_p,
                 struct err *err) MUST_USE;

#endif
