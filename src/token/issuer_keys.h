/*
 * issuer_keys - the key set of an OpenID issuer: what access tokens are verified with
 *
 * Shape    {"keys":[...]} of RSA keys (n, e) and EC keys (crv P-256 or P-384, x, y), or of x5c
 * alone; with both, they must be the same key. Keys of another type, use, operation, algorithm or
 *          size are left out
 * Refuses  two taken keys of one kid, base64url that is not strict, a private key, a set in which
 *          nothing is left
 * Errors   malformed, limit, untrusted (x5c of another key), missing (no key), the entry in the
 *          path: "keys[2].n"
 * Source   RFC 7517, 4 and 5; RFC 7518, 6
 */
#ifndef CUPEL_TOKEN_ISSUER_KEYS_H
#define CUPEL_TOKEN_ISSUER_KEYS_H

#include "../crypto/crypto.h"
#include "../format/json.h"

enum {
    ISSUER_KEYS_MAX = 64,
    ISSUER_KEYS_BYTES_MAX = 96 * 1024, /* of the document */
    ISSUER_KID_MAX = 256,
    ISSUER_KEYS_MEMORY = 4 << 20
};

struct issuer_key {
    struct span kid; /* or empty */
    bool has_alg;    /* the key is for one algorithm only */
    enum sig_alg alg;
    struct pubkey *key;
};

struct issuer_keys {
    struct arena arena;
    struct issuer_key *items;
    size_t count; /* at least one */
};

/* Reads a set; NULL with err. The bytes are copied. */
struct issuer_keys *issuer_keys_new(struct crypto *c, struct span json, struct err *err) MUST_USE;
void issuer_keys_free(struct issuer_keys *k);

/* The key of that kid, or NULL. */
const struct issuer_key *issuer_keys_find(const struct issuer_keys *k, struct span kid);

#endif
