/*
 * bound - data that were tied to an enclave when its report or its environment was made
 *
 * Rule     the digest covers the bytes as sent; JSON is read only after it holds
 * Source   the SGX contract, 11.2 and 11.3; the REST contract, 6.1
 */
#ifndef CUPEL_EVIDENCE_SGX_BOUND_H
#define CUPEL_EVIDENCE_SGX_BOUND_H

#include "../check.h"

check_fn sgx_check_custom_claims, sgx_check_runtime_data, sgx_check_runtime_json,
    sgx_check_inittime_data, sgx_check_inittime_json;

#endif
