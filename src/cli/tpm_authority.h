/*
 * tpm_authority - who certifies attestation keys: judges, challenges, and signs for what answers
 *
 * Rule     a certificate is issued only for a secret that the machine's TPM gave out
 * Errors   those of the checks (enrol.h) and of the registry
 * Source   the TPM contract, 8.1 (profile) and 8.3 (enrolment)
 */
#ifndef CUPEL_CLI_TPM_AUTHORITY_H
#define CUPEL_CLI_TPM_AUTHORITY_H

#include "../evidence/tpm/enrol.h"
#include "tpm_registry.h"

struct tpm_authority {
    struct crypto *crypto;
    struct tpm_registry *registry;
    const char *const *ek_roots; /* words; none: the registry's ek/ */
    size_t ek_root_count;
    int64_t now;
    int64_t days;       /* a certificate lasts */
    struct trail trail; /* of the last judgement */
    const struct check *failed;
};

/* Makes key and certificate of the authority, unless they are there. */
bool authority_init(struct crypto *c, const struct tpm_registry *r, const char *common_name,
                    int64_t now, struct err *err) MUST_USE;

/* Judges both keys and makes a challenge that only their TPM can answer. */
bool authority_challenge(struct tpm_authority *k, struct span request, struct span *out,
                         struct err *err) MUST_USE;

/* Takes the answer and issues the certificate, DER; the machine stands in the registry then. */
bool authority_issue(struct tpm_authority *k, struct span answer, struct span *out,
                     struct err *err) MUST_USE;

#endif
