/*
 * prepared - what a loaded collateral set remembers for the checks
 *
 * Rule     a step's outcome is settled when the set is loaded and reported when its check's turn
 *          comes; what follows a step is filled only where the step holds
 * Source   the SGX contract, 7 (steps 12 to 21) and 11.4
 */
#ifndef CUPEL_EVIDENCE_DCAP_PREPARED_H
#define CUPEL_EVIDENCE_DCAP_PREPARED_H

#include "../../crypto/crl.h"
#include "chain.h"
#include "collateral.h"
#include "qe_identity.h"
#include "tcb_info.h"

/* A check done ahead of time: whether it held, and if not, why. */
struct dcap_step {
    bool holds;
    struct err err;
};

/* A revocation list whose signature holds, and who signed it. */
struct dcap_list {
    struct dcap_step step;
    struct crl crl;
    struct span signer_key; /* x || y */
};

/* A signed document: who may sign, the envelope, the signature, the content. */
struct dcap_document {
    struct dcap_step chain_step, envelope, signature, shape;
    struct signing_chain chain;
    struct signed_json json;
};

/* Lower-case hex SHA-256 of the parts of a set, as the collateral claim shows them. */
struct dcap_hashes {
    struct span tcb_info, tcb_info_certs, tcb_info_crl, qe_id, qe_id_certs, qe_id_crl;
};

struct dcap_collateral {
    struct arena arena;
    struct dcap_collateral_files files;
    uint8_t identity[SHA256_SIZE];
    struct dcap_list root_crl, pck_crl;
    struct dcap_step pck_authority_step; /* read only: their use is judged with the PCK chain */
    struct cert pck_authority, pck_root;
    struct dcap_document tcb_info_document, qe_identity_document;
    struct tcb_info tcb_info;
    struct qe_identity qe_identity;
    struct dcap_hashes hashes;
};

/* Settles every step of an empty set (its arena given). False only for our own troubles; the set is
 * then to be freed. */
bool dcap_collateral_prepare(struct dcap_collateral *k, struct crypto *c,
                             const struct dcap_collateral_files *files,
                             const struct root_list *roots, struct err *err) MUST_USE;

/* SHA-256 over the keys of a root list: part of every remembered verdict's name. */
bool root_list_identity(struct crypto *c, const struct root_list *roots, uint8_t out[SHA256_SIZE],
                        struct err *err) MUST_USE;

#endif
