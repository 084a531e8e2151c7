/*
 * case - one piece of DCAP evidence before the checks, and what they have established so far
 *
 * Shape    the room of a kind fills `in`, `tcb` and what it expects, then runs its table of checks;
 *          each check reads what earlier rows wrote and writes what it established
 * Rule     dates and revocation are judged here, on every request, whatever was prepared or cached
 * Source   the SGX contract, 7: the rows that SGX and TDX have in common
 */
#ifndef CUPEL_EVIDENCE_DCAP_CASE_H
#define CUPEL_EVIDENCE_DCAP_CASE_H

#include "../check.h"
#include "certification.h"
#include "container.h"
#include "ledger.h"
#include "prepared.h"

enum { DCAP_DETAIL = sizeof(((struct trail_entry *)0)->detail) };

struct dcap_case {
    const struct appraise_in *in;
    struct tcb_report *tcb; /* filled as soon as it is known */

    /* what the kind expects */
    uint32_t tee_type;
    enum tcb_info_id tcb_info_id;
    enum qe_identity_id qe_identity_id;

    /* established, in the order of the rows */
    struct dcap_container container;
    struct quote quote;
    struct certification certification;
    uint8_t roots[SHA256_SIZE];
    struct ledger_key chain_key, authority_key, qe_key;
    struct dcap_chain parsed;       /* when the cache does not hold it */
    const struct dcap_chain *chain; /* that, or the cache's */
    bool is_chain_known, is_authority_known;
    const struct qe_level *qe_level;
    const struct tcb_level *tcb_level;
    enum tcb_status status;
    const struct json *runtime, *inittime; /* parsed, when they are declared to be JSON */
};

/* The evidence. */
check_fn dcap_check_container, dcap_check_version, dcap_check_key_type, dcap_check_tee_type,
    dcap_check_vendor, dcap_check_layout, dcap_check_certification;

/* The PCK chain. */
check_fn dcap_check_chain_shape, dcap_check_root_key, dcap_check_root_signature,
    dcap_check_chain_names, dcap_check_chain_constraints, dcap_check_chain_signatures,
    dcap_check_chain_begun, dcap_check_chain_lasts;

/* Collateral. */
check_fn dcap_check_collateral, dcap_check_root_crl, dcap_check_root_crl_begun,
    dcap_check_root_crl_lasts, dcap_check_pck_crl, dcap_check_pck_crl_begun,
    dcap_check_pck_crl_lasts, dcap_check_intermediate_revoked, dcap_check_leaf_revoked;
check_fn dcap_check_tcb_signing, dcap_check_tcb_signing_begun, dcap_check_tcb_signing_lasts,
    dcap_check_tcb_signing_revoked, dcap_check_tcb_info_envelope, dcap_check_tcb_info_signature,
    dcap_check_tcb_info_shape, dcap_check_tcb_info_tee, dcap_check_tcb_info_begun,
    dcap_check_tcb_info_lasts, dcap_check_tcb_info_platform;
check_fn dcap_check_qe_signing, dcap_check_qe_signing_begun, dcap_check_qe_signing_lasts,
    dcap_check_qe_signing_revoked, dcap_check_qe_identity_envelope,
    dcap_check_qe_identity_signature, dcap_check_qe_identity_shape, dcap_check_qe_identity_kind,
    dcap_check_qe_identity_begun, dcap_check_qe_identity_lasts;

/* The signatures of this quote. */
check_fn dcap_check_qe_report_signature, dcap_check_qe_report_data, dcap_check_qe_report_identity,
    dcap_check_quote_signature;

/* The security version. */
check_fn dcap_check_qe_level, dcap_check_platform_level, dcap_check_not_revoked,
    dcap_check_status_accepted, dcap_check_evaluation_number;

/* An item with a beginning and an end, and the name it goes by in a report. */
struct dcap_dated {
    const char *name;
    int64_t from, to;
};
enum { DCAP_DATED_MAX = 11 };

/* Every item this verdict leans on. Returns how many. */
size_t dcap_dated_items(const struct dcap_case *c, struct dcap_dated out[DCAP_DATED_MAX]);

/* Checks that an item has begun: there is no grace for the future. */
bool dcap_judge_begun(const struct dcap_case *c, const struct dcap_dated *item, enum err_code code,
                      struct err *err) MUST_USE;

/* Checks that an item has not ended, under the freshness asked for; what ended and is accepted all
 * the same is noted in the report and in detail. */
bool dcap_judge_lasts(struct dcap_case *c, const struct dcap_dated *item, bool is_document,
                      char *detail, struct err *err) MUST_USE;

/* The worse of two standings, as the contract's table has it. */
enum tcb_status dcap_merge(enum tcb_status platform, enum tcb_status component);

/* Tells whether a profile takes a status. */
bool tcb_profile_accepts(enum tcb_profile profile, enum tcb_status status);

#endif
