/*
 * report - the header of report tokens, which name their key by its certificate
 *
 * Shape    {"alg":..,"jku":..,"kid":..,"typ":"JWT"} and x5c (the chain in base64, leaf first), or
 *          x5t (base64url of SHA-1 over the leaf) in its place
 * Source   the token contract, 2 and 10.3; the TPM contract, 16; RFC 7515, 4.1.6 and 4.1.7
 */
#ifndef CUPEL_TOKEN_REPORT_H
#define CUPEL_TOKEN_REPORT_H

#include "jwt.h"

struct report_header {
    enum sig_alg alg;
    struct span issuer;       /* base URL without a trailing slash */
    struct span kid;          /* x5t, too */
    const struct span *certs; /* DER, leaf first */
    size_t cert_count;
    bool omits_chain;
};

/* Writes it, encoded. */
bool report_header_write(const struct report_header *h, struct arena *a, struct span *encoded,
                         struct err *err) MUST_USE;

/* base64url of SHA-1 over a certificate: the name of a key that an authority vouches for. */
bool report_kid(struct crypto *c, struct span cert, struct arena *a, struct span *out,
                struct err *err) MUST_USE;

#endif
