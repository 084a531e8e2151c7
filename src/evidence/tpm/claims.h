/*
 * claims - what is said about a measured boot: to the policy, and in the token
 *
 * Shape    a row per claim; JSON texts and what the sender brought are made by code (FROM_MADE)
 * Rule     nothing appears in the token by itself but what says whose it is
 * Source   the TPM contract, 4, 14, 15 and 16
 */
#ifndef CUPEL_EVIDENCE_TPM_CLAIMS_H
#define CUPEL_EVIDENCE_TPM_CLAIMS_H

#include "../../claims/def.h"
#include "case.h"

extern const struct claim_def tpm_claims[];
extern const size_t tpm_claim_count;

/* Fills both sets from a case whose every check held. */
bool tpm_claims_make(const struct tpm_case *c, struct claim_set *incoming,
                     struct claim_set *outgoing, struct err *err) MUST_USE;

#endif
