/*
 * signed_json - a vendor's document: an object and the signature over its exact bytes
 *
 * Shape    {"NAME":{...},"signature":"<128 hex>"}, these two members and no other
 * Borrows  body points into the text as received: it is what the signature covers
 * Errors   malformed, limit (limits.h); malformed also for member names written with escapes and
 *          numbers with sign, fraction or exponent, anywhere
 * Source   the SGX contract, 5.1 and 6
 */
#ifndef CUPEL_EVIDENCE_DCAP_SIGNED_JSON_H
#define CUPEL_EVIDENCE_DCAP_SIGNED_JSON_H

#include "../../format/json.h"
#include "limits.h"

struct signed_json {
    struct span body;      /* from { to its }, byte for byte */
    uint8_t signature[64]; /* r || s */
};

/* Finds body and signature of the document whose object is called `name`. Checks no signature and
 * believes nothing in the body. */
bool signed_json_open(struct span text, const char *name, struct arena *a, struct signed_json *out,
                      struct err *err) MUST_USE;

/* Parses a body whose signature holds, under the rules above. */
bool signed_json_parse(struct span body, struct arena *a, const struct json **out,
                       struct err *err) MUST_USE;

/* Typed members of a signed object. Paths name the member. */
bool signed_json_uint(const struct json *object, const char *name, uint32_t most, uint32_t *out,
                      struct err *err) MUST_USE;
bool signed_json_hex(const struct json *object, const char *name, uint8_t *out, size_t n,
                     struct err *err) MUST_USE;
bool signed_json_when(const struct json *object, const char *name, int64_t *out,
                      struct err *err) MUST_USE;

#endif
