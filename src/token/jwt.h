/*
 * jwt - attestation tokens: built to be signed elsewhere, verified with published keys
 *
 * Shape    canonical JSON, names ascending at every level; canonical base64url
 * Verify   in this order: form, algorithm, signature, iss, nbf, exp, kind; the first failure is the
 *          one reported. Keys come from the published set, never from the token
 * Errors   malformed (form, a claim of another type), untrusted ("header.alg", "signature", "iss",
 *          "certificate.issuer", "nbf", "kind"), stale ("exp"), unsupported (extensions), limit
 * Source   tokens 1 to 3, 8, 10; RFC 7515, RFC 7519
 */
#ifndef CUPEL_TOKEN_JWT_H
#define CUPEL_TOKEN_JWT_H

#include "../claims/claim.h"
#include "../crypto/crypto.h"
#include "../format/json.h"

enum { TOKEN_LIFETIME = 28800, MANAGEMENT_LIFETIME = 3600 }; /* seconds */
enum { JWT_INPUT_MAX = 1023 * 1024 }; /* bytes of header.payload: with a signature, what is read */

/* The protected header, encoded once per key and instance. */
bool jwt_header(enum sig_alg alg, struct span issuer, struct span kid, struct arena *a,
                struct span *encoded, struct err *err) MUST_USE;

struct jwt_wish {
    struct span encoded_header; /* from jwt_header; empty: unsecured, {"alg":"none","typ":"JWT"} */
    struct span issuer;         /* base URL without a trailing slash */
    int64_t now;
    int64_t lifetime;        /* seconds */
    int64_t backdate;        /* seconds that nbf lies before iat; 0 by default */
    struct span jti;         /* 64 hex characters, or empty: none */
    struct span policy_hash; /* or empty */
    bool is_management; /* an answer about policies or their certificates: x-ms-ver is not added */
    const struct claim_set *service; /* what the service writes (x-ms-ver is added) */
    const struct claim_set *policy; /* what the policy issued: top level unless the service owns the
                                       name, and x-ms-policy */
};

/* header.payload, ready to be signed. Limit: more than JWT_INPUT_MAX bytes. */
bool jwt_signing_input(const struct jwt_wish *wish, struct arena *a, struct span *out,
                       struct err *err) MUST_USE;

/* signing input "." base64url(signature); an empty signature gives the trailing dot of an unsecured
 * token. */
bool jwt_attach(struct span signing_input, struct span signature, struct arena *a, struct span *out,
                struct err *err) MUST_USE;

/* Splits and checks the outer form: three canonical base64url segments, JSON objects, one `alg`.
 * Nothing is verified. */
struct jwt_parts {
    struct span signing_input, header, payload, signature; /* decoded but for the first */
    const struct json *header_json, *payload_json;
};
bool jwt_parse(struct span token, struct arena *a, struct jwt_parts *out, struct err *err) MUST_USE;

/* A published key set, parsed. */
struct jwks;
struct jwks *jwks_new(struct crypto *c, struct span json, struct err *err) MUST_USE;
void jwks_free(struct jwks *k);

struct jwt_check_wish {
    int64_t now;
    struct span issuer; /* must equal `iss` and stand in the key's certificate; empty: `iss` is only
                           reported */
    bool is_management; /* accept a management token instead of an attestation token */
};

/* Verifies a token as a relying party does: algorithm on the list, key by kid (if none matches all
 * are tried), signature, then issuer, nbf, exp, kind. The first failure in that order is reported.
 * Unsecured tokens are refused. */
bool jwt_verify(struct crypto *c, struct span token, const struct jwks *keys,
                const struct jwt_check_wish *wish, struct arena *a, struct jwt_parts *out,
                struct err *err) MUST_USE;

/* kid of a signing key: base64(SHA-256(PEM text of the SubjectPublicKeyInfo, one NUL)). Source:
 * tokens 10.1 */
bool jwk_kid(struct crypto *c, struct span spki, struct arena *a, struct span *out,
             struct err *err) MUST_USE;

/* {"keys":[{"x5c":[...],"kid":"...","kty":"RSA"}]}, members in that order. */
struct jwk_entry {
    struct span kid;
    const char *kty;
    const struct span *certs;
    size_t cert_count; /* DER, leaf first */
};
bool jwks_write(const struct jwk_entry *entries, size_t count, struct arena *a, struct span *out,
                struct err *err) MUST_USE;

#endif
