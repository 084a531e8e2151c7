/*
 * bearer - access tokens of OpenID issuers: verified with keys that we hold for the issuer
 *
 * Shape    a signed compact JWS, `typ` absent, "JWT" or "at+jwt", payload a JSON object
 * Verify   in this order: size, form, algorithm, what the header may not bring (jwk, x5c, jku,
 * x5u), typ, issuer, key by kid, algorithm of the key, signature, aud, nbf, iat, exp; the first
 *          failure is the one reported. The token chooses nothing but which of our issuers and
 * which of its keys: a kid that is not in the set is never a reason to try another key Units
 * seconds since 1970 UTC; skew is allowed at both ends Errors   malformed, limit; untrusted with
 * the path "header.alg", "header.jwk", "iss", "header.kid", "signature", "aud", "nbf", "iat";
 * stale, "exp"; missing: "header.kid" (the issuer may have a key that we do not hold yet) and
 * "issuer.keys" (we hold none) Source   RFC 9068, 4; RFC 8725; RFC 7519, 4.1
 */
#ifndef CUPEL_TOKEN_BEARER_H
#define CUPEL_TOKEN_BEARER_H

#include "issuer_keys.h"

enum {
    BEARER_BYTES_MAX = 16 * 1024,
    BEARER_ISSUERS_MAX = 16,
    BEARER_AUDIENCES_MAX = 16,
    BEARER_SKEW_MAX = 300 /* seconds */
};

/* An issuer whose tokens are taken, and its keys. */
struct bearer_issuer {
    struct span issuer;             /* `iss`, letter by letter */
    const struct issuer_keys *keys; /* NULL: none yet */
};

struct bearer_rules {
    struct bearer_issuer *issuers;
    size_t issuer_count;
    const struct span *audiences; /* one of them must be in `aud` */
    size_t audience_count;
    int64_t skew; /* 0 .. BEARER_SKEW_MAX */
};

struct bearer {
    size_t issuer;              /* its place in the rules */
    const struct json *payload; /* verified */
};

/* Verifies a token. out is written on success, but out->issuer also with ERR_MISSING. */
bool bearer_verify(struct crypto *c, struct span token, const struct bearer_rules *rules,
                   int64_t now, struct arena *a, struct bearer *out, struct err *err) MUST_USE;

/* The value of a claim: a member of that name, or, where the name has dots, one inside objects.
 * NULL: there is none. */
const struct json *bearer_claim(const struct json *payload, struct span name);

/* Tells whether the claim is that text, or an array that holds it; `scp` and `scope` are lists of
 * words. */
bool bearer_claim_has(const struct json *payload, struct span name, struct span value);

/* Who it is: the first of `oid`, `sub`, `appid`, `azp`, `client_id` that is a text; else empty. */
struct span bearer_subject(const struct json *payload);

#endif
