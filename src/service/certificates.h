/*
 * certificates - what becomes of a request to add a policy signer, or to remove one
 *
 * Shape    a JWS signed by a key that is on the list already; its payload holds the certificate as
 *          a JWK, under one of the three names that clients use
 * Rule     nobody adds himself; a chain that does not build is not added; removing what is not
 *          there, and adding what is, succeeds. That the last one stays is the store's to say
 * Source   the REST contract, 8
 */
#ifndef CUPEL_SERVICE_CERTIFICATES_H
#define CUPEL_SERVICE_CERTIFICATES_H

#include "proposal.h"

struct certificates_result {
    bool is_taken;
    struct store_certificate certificate; /* taken */
    bool has_signer_expired;
    struct proposal_no no; /* not taken */
};

/* Judges a request. Always ends in a result, which lives in the arena and in what `p` borrows. */
void certificates_judge(const struct proposal *p, bool is_removal, struct arena *a,
                        struct certificates_result *out);

/* A certificate as an instance is created with it: a JWK with x5c, whose key may sign policies and
 * whose chain builds. */
bool certificates_read(struct crypto *c, const struct json *jwk, struct span instance,
                       struct arena *a, struct store_certificate *out, struct err *err) MUST_USE;

/* The same from a chain, leaf first. */
bool certificates_of_chain(struct crypto *c, const struct span *certs, size_t count,
                           struct arena *a, struct store_certificate *out,
                           struct err *err) MUST_USE;

/* {"keys":[JWK,..]} of an instance. */
bool certificates_write(const struct state *state, struct span instance, struct arena *a,
                        struct span *out, struct err *err) MUST_USE;

#endif
