/*
 * identify - from what a caller brings to who it is and which roles it has
 *
 * Shape    one Authorization header ("Bearer TOKEN"), a client certificate that TLS has verified,
 *          or both; what is brought must hold, and grants add up. Bringing nothing is no error:
 * then nobody is known Tokens   a static token is found by its SHA-256, in constant time; anything
 * else is verified as an access token of a configured issuer Errors   those of bearer.h; untrusted,
 * "token": it is none of ours; stale, "token": it has ended; malformed, "authorization". No text
 * holds what a caller sent as a secret Source   the REST contract, 5
 */
#ifndef CUPEL_SERVICE_IDENTIFY_H
#define CUPEL_SERVICE_IDENTIFY_H

#include "../crypto/cert.h"
#include "../store/state.h"
#include "../token/bearer.h"
#include "access_list.h"

/* What it is known by; borrowed, all of it. */
struct identify {
    struct crypto *crypto;
    const struct access_list *list;
    const struct bearer_rules *bearer; /* NULL: no access tokens are taken */

    /* Called before an access token is verified: the place to take over new keys. NULL: nothing. */
    void (*refresh_keys)(void *context);
    /* Told when a token names a key that is not held: the issuer may have a new one. NULL: nobody
     * wants to know. */
    void (*want_keys)(void *context, size_t issuer);
    void *context;
};

/* What a caller brings. */
struct identify_proof {
    struct span authorization; /* the header's value; empty: none */
    struct span certificate;   /* DER, verified by TLS; empty: none */
};

/* Finds out who it is. state: roles and tokens of the store, or NULL. Principal and grants live in
 * the arena or in what `id` borrows. False: what was brought does not hold. */
bool identify(const struct identify *id, const struct identify_proof *proof,
              const struct state *state, int64_t now, struct arena *a, struct access_caller *out,
              struct err *err) MUST_USE;

/* Tells whether a certificate has that: `value` in the field, or the digest of the line. */
bool identify_certificate_has(const struct access_line *line, const struct cert *cert,
                              const uint8_t digest[SHA256_SIZE]);

#endif
