/*
 * credential - a secret that a TPM gives out only if it holds both of two keys
 *
 * Shape    an endorsement key's template around the key of its certificate; a blob (integrity and
 *          encrypted secret, made for the name of an attestation key) and the seed, encrypted to
 *          the endorsement key; the tools' file: two marks and both with their lengths
 * Rule     the name is what the TPM computes from the public area it holds: a key with other
 *          attributes has another name, and its TPM gives nothing out
 * Units    the secret at most CREDENTIAL_SECRET_MAX bytes, and no longer than the name's hash
 * Errors   malformed, unsupported (an endorsement key without a template), untrusted (a blob made
 *          for another key), limit, memory
 * Source   TPM 2.0 Library, Part 1, 24; TCG EK Credential Profile, B.3; the TPM contract, 8.3
 */
#ifndef CUPEL_EVIDENCE_TPM_CREDENTIAL_H
#define CUPEL_EVIDENCE_TPM_CREDENTIAL_H

#include "../../crypto/seed.h"
#include "structures.h"

enum { CREDENTIAL_SECRET_MAX = 32, CREDENTIAL_BLOB_MAX = 256, CREDENTIAL_SEED_MAX = 512 };

/* The public area of an endorsement key made from the default template: RSA-2048 or P-256. */
bool ek_template(const struct spki *key, struct arena *a, struct tpm_public *out,
                 struct err *err) MUST_USE;

struct tpm_credential {
    struct span blob; /* content of TPM2B_ID_OBJECT */
    struct span seed; /* content of TPM2B_ENCRYPTED_SECRET */
};

/* Protects a secret for the TPM that holds the endorsement key and a key of that name. `random`
 * has as many bytes as the hash of the endorsement key's name, from the system's generator. */
bool credential_make(struct crypto *c, const struct tpm_public *ek, struct span name,
                     struct span secret, struct span random, struct arena *a,
                     struct tpm_credential *out, struct err *err) MUST_USE;

/* What a TPM does with it: the secret, in the arena; untrusted when it was made for another
 * endorsement key or another name. */
bool credential_open(struct crypto *c, const struct tpm_public *ek, const struct signkey *key,
                     struct span name, const struct tpm_credential *from, struct arena *a,
                     struct span *out, struct err *err) MUST_USE;

/* The file that TPM tools exchange. */
bool credential_parse(struct span bytes, struct tpm_credential *out, struct err *err) MUST_USE;
void credential_write(struct writer *w, const struct tpm_credential *from);

#endif
