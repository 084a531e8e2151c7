/*
 * claims_file - claims offered for evaluation, as a JSON array
 *
 * Shape    [{"type": text, "value": text, integer or boolean, "issuer"?: "AttestationService" |
 * "AttestationPolicy" | "CustomClaim" (the default), "readOnly"?: boolean}, ...] Errors malformed,
 * with the place in the array as path
 */
#ifndef CUPEL_CLI_CLAIMS_FILE_H
#define CUPEL_CLI_CLAIMS_FILE_H

#include "../claims/claim.h"

struct json;

bool claims_of_json(const struct json *array, struct claim_set *out, struct err *err) MUST_USE;
bool claims_of_text(struct span text, struct arena *a, struct claim_set *out,
                    struct err *err) MUST_USE;

#endif
