/*
 * container - the quote inside whatever it was sent in
 *
 * Shape    a raw quote (sgx, tdx); an Open Enclave report or Open Enclave evidence (oe). Nothing is
 *          guessed: each kind takes its own container only
 * Borrows  every span points into the evidence
 * Errors   malformed, unsupported (Open Enclave forms we do not judge), limit
 * Source   the SGX contract, 1 and 2.7
 */
#ifndef CUPEL_EVIDENCE_DCAP_CONTAINER_H
#define CUPEL_EVIDENCE_DCAP_CONTAINER_H

#include "../appraise.h"
#include "quote.h"

struct dcap_container {
    struct span quote;
    struct quote_header header;
    bool is_oe_evidence;    /* the 28-byte header */
    bool has_custom_claims; /* REPORTDATA[0..31] must be SHA-256 of this buffer */
    struct span custom_claims;
};

/* Takes the quote out of its container and reads the quote's header; judges neither. */
bool dcap_container_open(enum evidence_kind kind, struct span evidence, struct dcap_container *out,
                         struct err *err) MUST_USE;

#endif
