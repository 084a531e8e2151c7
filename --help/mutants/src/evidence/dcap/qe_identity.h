/*
 * qe_identity - which quoting enclaves Intel vouches for
 *
 * Shape    signed JSON, version 2; at most DCAP_LEVELS_MAX levels, in any order
 * Units    dates in seconds since 1970 UTC; hex members in memory order
 * Borrows  spans point into the document, levels lie in the arena in descending order
 * Errors   qe_identity_open: malformed, limit; qe_identity_parse: malformed, limit, and unsupported
 *          with path "version" or "id", which the contract calls a mismatch
 * Source   Intel PCS API v4, "Get Quoting Enclave Identity"; the SGX contract, 6
 */
#ifndef CUPEL_EVIDENCE_DCAP_QE_IDENTITY_H
#define CUPEL_EVIDENCE_DCAP_QE_IDENTITY_H

#include "sgx_report.h"
#include "signed_json.h"
#include "tcb_status.h"

enum qe_identity_id { QE_IDENTITY_QE, QE_IDENTITY_QVE, QE_IDENTITY_QAE, QE_IDENTITY_TD_QE };

struct qe_level {
    uint16_t isv_svn;
    struct tcb_standing standing; /* UpToDate, OutOfDate or Revoked */
};

struct qe_identity {
    enum qe_identity_id id;
    int64_t issue_date, next_update;
    uint32_t evaluation_data_number;
    uint8_t misc_select[4], misc_select_mask[4]; /* memory order: byte 0 has bits 0 to 7 */
    uint8_t attributes[16], attributes_mask[16];
    uint8_t mr_signer[32];
    uint16_t isv_prod_id;
    const struct qe_level *levels; /* highest first */
    size_t level_count;
};

/* Finds the signed body and its signature; believes nothing in it. */
bool qe_identity_open(struct span text, struct arena *a, struct signed_json *out,
                      struct err *err) MUST_USE;

/* Reads a body whose signature holds. */
bool qe_identity_parse(struct span body, struct arena *a, struct qe_identity *out,
                       struct err *err) MUST_USE;

/* Checks that the report is of the enclave described and not of a debug one; untrusted with the
 * field as path ("misc_select", "attributes", "mr_signer", "isv_prod_id"). */
bool qe_identity_match(const struct qe_identity *identity, const struct sgx_report *report,
                       struct err *err) MUST_USE;

/* The first level, from the highest down, that isv_svn reaches; NULL when there is none. */
const struct qe_level *qe_level_find(const struct qe_identity *identity, uint16_t isv_svn);

#endif
