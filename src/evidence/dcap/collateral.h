/*
 * collateral - what the vendor says about platforms, verified once when it is loaded
 *
 * Shape    TCB info, QE identity, two revocation lists and their issuer chains, prepared: parsed,
 *          signatures checked against the roots, each step's outcome remembered so that a verdict
 *          can report it in its turn. Time and revocation are judged per request
 * Owns     everything inside; immutable once it is made, so threads may share it
 * Source   the SGX contract, 4, 5, 6, 7 (steps 12 to 21) and 12.4
 */
#ifndef CUPEL_EVIDENCE_DCAP_COLLATERAL_H
#define CUPEL_EVIDENCE_DCAP_COLLATERAL_H

#include "../appraise.h"

/* The bytes of one set, in the layout of a collateral folder; empty spans: the file is not there.
 */
struct dcap_collateral_files {
    struct span tcb_info;                 /* tcb_info.json */
    struct span tcb_info_issuer_chain;    /* tcb_info_issuer_chain.pem */
    struct span qe_identity;              /* qe_identity.json */
    struct span qe_identity_issuer_chain; /* qe_identity_issuer_chain.pem */
    struct span pck_crl;                  /* pck_crl.der (DER, PEM or hex) */
    struct span pck_crl_issuer_chain;     /* pck_crl_issuer_chain.pem */
    struct span root_ca_crl;              /* root_ca_crl.der (DER, PEM or hex) */
};

/* Prepares a set. Bad collateral is not an error here: what is wrong is remembered and reported by
 * the check it breaks. NULL with err only for memory or internal trouble. The bytes are copied. */
struct dcap_collateral *dcap_collateral_new(struct crypto *c,
                                            const struct dcap_collateral_files *files,
                                            const struct root_list *roots,
                                            struct err *err) MUST_USE;
void dcap_collateral_free(struct dcap_collateral *k);

/* For choosing a set: 6 bytes of FMSPC (empty where the TCB info is unreadable), the evaluation
 * number, the subject of the CA that the PCK CRL speaks for ("Intel SGX PCK Processor CA"), and an
 * identity unique to its content. */
struct span dcap_collateral_fmspc(const struct dcap_collateral *k);
uint32_t dcap_collateral_evaluation_number(const struct dcap_collateral *k);
struct span dcap_collateral_ca(const struct dcap_collateral *k);
struct span dcap_collateral_identity(const struct dcap_collateral *k); /* 32 bytes */

/* When every part of the set is inside its validity: the latest beginning and the earliest end of
 * its documents, lists and certificates; an unreadable set has an empty window (not_after <
 * not_before). */
struct dcap_window {
    int64_t not_before, not_after;
};
struct dcap_window dcap_collateral_window(const struct dcap_collateral *k);

/* "Ask, fetch, judge": what a piece of evidence needs. Reads only as much as it must and trusts
 * none of it. */
struct dcap_needs {
    uint8_t fmspc[6];
    char ca[16]; /* "processor" or "platform" */
};
bool dcap_needs(enum evidence_kind kind, struct span evidence, struct arena *a,
                struct dcap_needs *out, struct err *err) MUST_USE;

/* As dcap_needs for the evidence in `in`, whose cache remembers what a platform's certificate says
 * by a hash of its bytes. */
bool dcap_needs_of(const struct appraise_in *in, struct dcap_needs *out, struct err *err) MUST_USE;

#endif
