/*
 * report_key - the key that signs report tokens of measured boots, under a certificate chain
 *
 * Shape    of our own: on first start a root, a certificate authority under it and a key under that
 *          are made, RSA 2,048, in a folder: report-root.pem, report-ca.pem, report.pem (0600) and
 *          report.crt with the chain, leaf first. Or the operator's: a key and its chain, leaf
 * first Rule     our authority is named like the instance (CN the issuer), so that whoever compares
 * the leaf's issuer with the token's finds what he looks for; with another issuer, certificate and
 * leaf are made anew. What the operator brings is used as it is, once the key is the leaf's and
 * each certificate was signed by the next Errors   malformed, untrusted, unsupported (a key that is
 * not RSA), missing, io, limit, memory Source   the TPM contract, 16; the token contract, 10.3
 */
#ifndef CUPEL_KEYS_REPORT_KEY_H
#define CUPEL_KEYS_REPORT_KEY_H

#include "../crypto/signkey.h"

enum { REPORT_CERTS_MAX = 4 };

struct report_wish {
    const char *dir;        /* where our own lies; it is there */
    const char *issuer;     /* base URL without a slash at its end */
    const char *key_file;   /* the operator's, PEM; NULL: our own */
    const char *chain_file; /* goes with it */
    int64_t now;
};

struct report_key {
    struct signkey *key;                 /* the caller's to free */
    struct span certs[REPORT_CERTS_MAX]; /* DER, leaf first, in the arena */
    size_t cert_count;
    struct span kid; /* base64url of SHA-1 over the leaf: x5t, too */
};

/* Opens it, making what is missing. */
bool report_key_open(struct crypto *c, const struct report_wish *wish, struct arena *a,
                     struct report_key *out, struct err *err) MUST_USE;

#endif
