/*
 * claim_list - claims as a person writes them: a JSON array
 *
 * Shape    [{"type": text, "value": text, integer or boolean, "issuer"?: "AttestationService" |
 *          "AttestationPolicy" | "CustomClaim" (the default), "readOnly"?: boolean}, ...]
 * Borrows  names and strings without escapes point into the text
 * Errors   malformed, with the place in the array as path: "[2].value"
 */
#ifndef CUPEL_CLAIMS_CLAIM_LIST_H
#define CUPEL_CLAIMS_CLAIM_LIST_H

#include "claim.h"

struct json;

/* Appends the claims of a parsed array; `array` may be NULL, which is no array either. */
bool claims_of_json(const struct json *array, struct claim_set *out, struct err *err) MUST_USE;

/* Parses a text into a new set in the arena. */
bool claims_of_text(struct span text, struct arena *a, struct claim_set *out,
                    struct err *err) MUST_USE;

#endif
