/*
 * chain - the certificates that lead from a platform key to a root we hold
 *
 * Shape    PCK leaf, one intermediate authority, root; or TCB signing certificate and root
 * Rule     each function establishes one thing and none of them looks at the clock: dates and
 *          revocation are judged by whoever knows the time. Every link's signature is checked,
 *          whatever the key identifiers say
 * Borrows  every span points into the certificates' DER
 * Errors   malformed (shape), untrusted (root, names, constraints, signatures)
 * Source   the SGX contract, 3.1, 3.4, 7 (steps 7 to 10 and 16); RFC 5280, 6.1
 */
#ifndef CUPEL_EVIDENCE_DCAP_CHAIN_H
#define CUPEL_EVIDENCE_DCAP_CHAIN_H

#include "../appraise.h"
#include "certification.h"
#include "pck.h"

enum { P256_POINT_SIZE = 64 }; /* x || y */

struct dcap_chain {
    struct cert leaf, intermediate, root;
    struct pck pck; /* the leaf's SGX extension */
};

/* Reads three certificates and the leaf's SGX extension. */
bool dcap_chain_parse(const struct pck_chain *ders, struct dcap_chain *out,
                      struct err *err) MUST_USE;

/* Finds the accepted root with that public key, or NULL. */
const struct root_key *root_find(const struct root_list *roots, struct span point);

/* Checks that the root's key is one of the accepted ones. */
bool root_check_key(const struct root_list *roots, const struct cert *root,
                    struct err *err) MUST_USE;

/* Checks that a certificate is signed by the key in the other one (itself, for a root). */
bool cert_check_issuer_signature(struct crypto *c, const struct cert *cert,
                                 const struct cert *issuer, struct err *err) MUST_USE;

/* Checks that common names hold the phrases of their parts and that issuers name subjects. */
bool dcap_chain_check_names(const struct dcap_chain *chain, struct err *err) MUST_USE;

/* Checks algorithms, authority flags, path lengths, key usage and critical extensions. */
bool dcap_chain_check_constraints(const struct dcap_chain *chain, struct err *err) MUST_USE;

/* The signing certificate of TCB info or QE identity, and its root. */
struct signing_chain {
    struct cert signer, root;
};

/* Reads exactly two certificates and establishes everything about them but time and revocation. */
bool signing_chain_prepare(struct span pem, const struct root_list *roots, struct crypto *c,
                           struct arena *a, struct signing_chain *out, struct err *err) MUST_USE;

/* Reads exactly two certificates, an authority and its root, and judges neither. */
bool authority_chain_read(struct span pem, struct arena *a, struct cert *authority,
                          struct cert *root, struct err *err) MUST_USE;

#endif
