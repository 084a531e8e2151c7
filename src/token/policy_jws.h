/*
 * policy_jws - the document in which a policy travels
 *
 * Shape    a compact JWS whose payload is {"AttestationPolicy": base64url of the text}; unsecured,
 *          or signed by the key of the certificate in x5c (leaf first), or by a bare key in jwk.
 *          Requests about policy certificates are signed in the same way, with another payload, and
 *          a reset with none
 * Reads    what clients are known to send: x5c in the header or in its jwk, RSA256 for RS256,
 *          ECDH256 for ES256; the text unencoded where the caller says so (2018-09-01-preview)
 * Writes   {"alg":"none"}, or {"alg":"RS256" or "ES256","x5c":[...]}
 * Errors   malformed, unsupported (algorithm), untrusted (signature), missing (no signer, no text),
 *          limit, memory
 * Source   the REST contract, 7.1, 7.4 and 8; the policy language, 10.2; RFC 7515, 4.1.3 and 4.1.6
 */
#ifndef CUPEL_TOKEN_POLICY_JWS_H
#define CUPEL_TOKEN_POLICY_JWS_H

#include "../crypto/crypto.h"
#include "../format/jws.h"

enum { POLICY_JWS_CERTS_MAX = 8 };

struct policy_jws {
    struct jws jws;
    struct span text;                        /* the policy */
    bool is_plain;                           /* it stood there unencoded */
    enum sig_alg alg;                        /* of a signed one: SIG_RS256 or SIG_ES256 */
    struct span certs[POLICY_JWS_CERTS_MAX]; /* DER, leaf first */
    size_t cert_count;
    struct span bare_key; /* SubjectPublicKeyInfo of the key that jwk spells out, or empty */
};

/* Splits, decodes and reads who signs; the payload is left as it is, and may be empty. */
bool policy_jws_read_signer(struct span jws, struct arena *a, struct policy_jws *out,
                            struct err *err) MUST_USE;

/* Reads the policy's text from the payload. `takes_plain`: it may stand unencoded. */
bool policy_jws_read_text(struct policy_jws *p, bool takes_plain, struct arena *a,
                          struct err *err) MUST_USE;

/* Both of these; verifies nothing. */
bool policy_jws_read(struct span jws, bool takes_plain, struct arena *a, struct policy_jws *out,
                     struct err *err) MUST_USE;

/* The signer's key, a SubjectPublicKeyInfo: of the first certificate, or the bare one. Untrusted
 * where there is none, or both and they differ. */
bool policy_jws_key(const struct policy_jws *p, struct span *spki, struct err *err) MUST_USE;

/* Verifies the signature with that key. Whether it may sign policies is for the caller to say.
 * Untrusted for an unsecured one. */
bool policy_jws_verify(struct crypto *c, const struct policy_jws *p, struct err *err) MUST_USE;

/* header.payload, ready for jwt_attach; without certificates that of an unsecured one. */
bool policy_jws_input(struct span text, enum sig_alg alg, const struct span *certs,
                      size_t cert_count, struct arena *a, struct span *out,
                      struct err *err) MUST_USE;

/* Tells a JWS from a policy's text: two dots between characters of base64url, "ey" in front. */
bool policy_jws_is(struct span text);

#endif
