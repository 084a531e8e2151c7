/*
 * claims - what is said about a VBS enclave, beside what is said about its machine
 *
 * Shape    a row per claim; identities are base64url without padding
 * Rule     they describe the primary module: the identity block, and no other
 * Source   the VBS contract, 9
 */
#ifndef CUPEL_EVIDENCE_VBS_CLAIMS_H
#define CUPEL_EVIDENCE_VBS_CLAIMS_H

#include "../../claims/def.h"
#include "../tpm/case.h"

extern const struct claim_def vbs_claims[];
extern const size_t vbs_claim_count;

/* Adds the claims of a case whose every check held. */
bool vbs_claims_make(const struct tpm_case *c, struct claim_set *incoming,
                     struct err *err) MUST_USE;

#endif
