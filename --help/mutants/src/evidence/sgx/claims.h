/*
 * claims - what is said about an enclave: to the policy, and in the token
 *
 * Shape    a row per claim; objects and what depends on the request are made by code (FROM_MADE)
 * Source   the SGX contract, 11; tokens, 5; the policy language, 9.2
 */
#ifndef CUPEL_EVIDENCE_SGX_CLAIMS_H
#define CUPEL_EVIDENCE_SGX_CLAIMS_H

#include "../../claims/def.h"
#include "../dcap/case.h"

extern const struct claim_def sgx_claims[];
extern const size_t sgx_claim_count;

/* Fills both sets from a case whose every check held. */
bool sgx_claims_make(const struct dcap_case *c, struct claim_set *incoming,
                     struct claim_set *outgoing, struct err *err) MUST_USE;

#endif
