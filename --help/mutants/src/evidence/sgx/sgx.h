/*
 * sgx - judges an SGX quote, bare or in Open Enclave's wrappers
 *
 * Shape    a table of checks in the contract's order, then claims
 * Rule     claims exist only where every row held
 * Source   the SGX contract, 7 and 11
 */
#ifndef CUPEL_EVIDENCE_SGX_SGX_H
#define CUPEL_EVIDENCE_SGX_SGX_H

#include "../appraise.h"
#include "../check.h"

/* The rows, in the order in which they are run. */
extern const struct check sgx_checks[];
extern const size_t sgx_check_count;

/* As appraise(), for kinds sgx and oe. `out` comes with empty claim sets. */
bool sgx_appraise(const struct appraise_in *in, struct appraisal *out, struct err *err) MUST_USE;

#endif
