/*
 * proposal - a document that wants to change what an instance holds: who signed it, and whether
 * that counts there
 *
 * Rule     an isolated instance hears only who holds a key of its list, with a chain that builds;
 *          an AAD instance takes unsigned documents, and signed ones whoever signed them, if the
 *          signature holds; a shared one takes none. Keys are compared, never names. Certificates
 *          are not asked how old they are: that an old one signed is told, and no reason to refuse
 * Errors   told apart by what the caller hears: enum proposal_refusal
 * Source   the REST contract, 4, 7.2 and 8
 */
#ifndef CUPEL_SERVICE_PROPOSAL_H
#define CUPEL_SERVICE_PROPOSAL_H

#include "../store/state.h"
#include "../token/policy_jws.h"

/* The codes of the contract. */
enum proposal_refusal {
    PROPOSAL_OPERATION,   /* the document is unusable, or not allowed here */
    PROPOSAL_PARAMETER,   /* the signer's chain cannot be built; a certificate is none */
    PROPOSAL_POLICY_TEXT, /* the policy does not compile */
    PROPOSAL_CALLER,      /* nobody may change this instance */
    PROPOSAL_TOO_LONG,
    PROPOSAL_OURS,
    PROPOSAL_REFUSALS
};

struct proposal {
    struct crypto *crypto;                 /* borrowed, all of it */
    const struct state *state;             /* by whose certificates it is judged */
    const struct store_instance *instance; /* of that state */
    struct span jws;                       /* as received */
    int64_t now;
};

/* Why not. */
struct proposal_no {
    enum proposal_refusal why;
    struct err err;
};

/* Who signed. */
struct proposal_signer {
    struct span jwk;  /* {"alg":..,"kty":..,"use":"sig","x5c":[..]}; empty: unsigned */
    bool has_expired; /* the certificate was not valid at `now` */
};

/* Reads the document and finds out whether it is heard. On success doc and signer are filled and
 * live in the arena; the payload has not been looked at. */
bool proposal_admit(const struct proposal *p, struct arena *a, struct policy_jws *doc,
                    struct proposal_signer *signer, struct proposal_no *no) MUST_USE;

/* True when the first certificate leads, link by link, to a self-signed CA among them; untrusted
 * names the issuer that is missing. */
bool proposal_chain(struct crypto *c, const struct span *certs, size_t count,
                    struct err *err) MUST_USE;

/* A certificate and its chain as a JWK. */
bool proposal_jwk(const struct span *certs, size_t count, struct arena *a, struct span *out,
                  struct err *err) MUST_USE;

/* The certificates of a JWK, at most POLICY_JWS_CERTS_MAX. */
bool proposal_jwk_certs(const struct json *jwk, struct arena *a, struct span *certs, size_t *count,
                        struct err *err) MUST_USE;

/* Notes a failure under the refusal that its code stands for, `otherwise` in doubt. Returns
 * false. */
bool proposal_refuse(struct proposal_no *no, enum proposal_refusal otherwise,
                     const struct err *err);

#endif
