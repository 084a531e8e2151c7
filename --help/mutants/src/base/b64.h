/*
 * b64 - base64 in its two alphabets
 *
 * Shape    strict base64url for what we and tokens write; tolerant for the request members of the
 *          contract; ordinary base64 (padded) for x5c, kid and PEM
 * Errors   malformed: a foreign character ("Unknown base64 character: 41 (')')"), an impossible
 *          length, misplaced padding, trailing bits that are not zero
 * Source   RFC 4648, 4 and 5; RFC 7515, 2
 */
#ifndef CUPEL_BASE_B64_H
#define CUPEL_BASE_B64_H

#include "writer.h"

enum b64_form {
    B64_URL,      /* strict base64url: no padding, no white space, zero trailing bits */
    B64_STD,      /* strict ordinary base64: padding required, zero trailing bits */
    B64_TOLERANT, /* both alphabets, even mixed; padding optional; trailing bits ignored */
};

/* Writes base64url without padding. */
void b64_write_url(struct writer *w, struct span bytes);

/* Writes ordinary base64 with padding. */
void b64_write_std(struct writer *w, struct span bytes);

/* base64url without padding in the arena; p is NULL on failure. */
struct span b64_dup_url(struct arena *a, struct span bytes) MUST_USE;

/* Ordinary base64 with padding in the arena; p is NULL on failure. */
struct span b64_dup_std(struct arena *a, struct span bytes) MUST_USE;

/* Decodes into the arena; the output is left alone on failure. */
bool b64_read(struct arena *a, struct span text, enum b64_form form, struct span *out,
              struct err *err) MUST_USE;

#endif
