/*
 * signed - what every signed token is asked before any key is looked for
 *
 * Rule     the list of algorithms is ours, all of them with public keys: a public key is never a
 *          secret. The token only says which of them it was
 * Errors   untrusted, with the place in the path: "header.alg"
 * Source   RFC 7518, 3.6; RFC 8725, 3.1 and 3.2
 */
#ifndef CUPEL_TOKEN_SIGNED_H
#define CUPEL_TOKEN_SIGNED_H

#include "../crypto/crypto.h"
#include "../format/jws.h"

/* Notes a failure at that place and returns false. */
bool signed_fail(struct err *err, const char *path, enum err_code code, const char *spec,
                 const char *text);

/* The algorithm, when it is one of ours. `kind` says in the refusal which tokens may use them:
 * "tokens", "access tokens". */
bool signed_alg(const struct jws *jws, const char *kind, enum sig_alg *out,
                struct err *err) MUST_USE;

#endif
