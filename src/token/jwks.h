/*
 * jwks - a published key set inside: what jwt.h keeps closed
 *
 * Shape    {"keys":[{"x5c":[leaf, ...],"kid":"...","kty":"RSA"}, ...]}; other members are passed by
 * Takes    the key from the leaf of x5c and from nowhere else; an entry without x5c, and one whose
 *          key is of a sort or size not taken here, is left out, as clients do
 * Refuses  two entries of one kid, kty that differs from the certificate's key, base64 or DER that
 *          is not strict, more than JWKS_KEYS_MAX entries
 * Errors   malformed, limit, with the entry in the path: "keys[2].x5c[0]"
 * Source   RFC 7517, 4 and 5; tokens 10
 */
#ifndef CUPEL_TOKEN_JWKS_H
#define CUPEL_TOKEN_JWKS_H

#include "jwt.h"

enum { JWKS_KEYS_MAX = 64, JWKS_CERTS_MAX = 8, JWKS_KID_MAX = 256, JWKS_MEMORY_MAX = 16 << 20 };

struct jwk {
    struct span kid; /* or empty */
    struct span der; /* the leaf certificate */
    struct span issuer_cn, subject_cn;
    bool is_issuer_only_cn; /* the issuer's name is this CN and nothing else */
    bool is_report; /* kid is the leaf's thumbprint: an authority vouches for it, and it signs
                       reports of measured boots only */
    struct pubkey *key;
};

struct jwks {
    struct arena arena; /* everything but the keys themselves */
    struct jwk *items;
    size_t count;
};

/* Fills an empty set whose arena is ready; jwks_fini gives back what it holds, also after a
 * failure.
 */
bool jwks_fill(struct jwks *k, struct crypto *c, struct span json, struct err *err) MUST_USE;
void jwks_fini(struct jwks *k);

/* The key of that kid, or NULL. */
const struct jwk *jwks_find(const struct jwks *k, struct span kid);

#endif
