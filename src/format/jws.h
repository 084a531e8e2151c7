/*
 * jws - the compact form: header.payload.signature
 *
 * Shape    exactly three segments of canonical base64url; the header a JSON object with one `alg`;
 *          an unsecured JWS (`alg` "none") has an empty third segment, every other one has not
 * Refuses  `crit` (no extension is known here), `b64` and `zip`, anything over JWS_BYTES_MAX before
 *          a byte is decoded, more than two dots before a byte is copied
 * Errors   malformed (header, payload, signature, header.alg, ...), unsupported (header.crit,
 *          header.b64, header.zip), limit
 * Source   RFC 7515, 3.1, 4.1 and 7.1; RFC 7518, 3.6; RFC 7797
 */
#ifndef CUPEL_FORMAT_JWS_H
#define CUPEL_FORMAT_JWS_H

#include "json.h"

enum {
    JWS_BYTES_MAX = 1024 * 1024,
    JWS_HEADER_MAX = 64 * 1024, /* decoded; a chain of certificates that carry quotes fits */
    JWS_HEADER_DEPTH = 8,
    JWS_HEADER_NODES = 256,
};

struct jws {
    struct span signing_input;              /* the first two segments and their dot, as received */
    struct span header, payload, signature; /* decoded, in the arena */
    const struct json *header_json;
    struct span alg;   /* as the header names it */
    bool is_unsecured; /* alg is "none", and there is no signature */
};

/* Splits and decodes; verifies nothing. The payload may be empty and may be anything. */
bool jws_parse(struct span text, struct arena *a, struct jws *out, struct err *err) MUST_USE;

/* As jws_parse, for a text of at most `most` characters in place of JWS_BYTES_MAX. */
bool jws_parse_within(struct span text, size_t most, struct arena *a, struct jws *out,
                      struct err *err) MUST_USE;

#endif
