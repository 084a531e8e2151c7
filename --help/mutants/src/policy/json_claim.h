/*
 * json_claim - the two functions that read JSON
 *
 * Source   the policy language, 7.2 and 7.4
 */
#ifndef CUPEL_POLICY_JSON_CLAIM_H
#define CUPEL_POLICY_JSON_CLAIM_H

#include "machine.h"

/* JmesPath(json, query) */
bool run_jmes_path(struct machine *m, const struct code *call, const struct value *arguments,
                   struct value *out) MUST_USE;

/* JsonToClaimValue(json) */
bool run_json_to_claim_value(struct machine *m, const struct code *call,
                             const struct value *arguments, struct value *out) MUST_USE;

#endif
