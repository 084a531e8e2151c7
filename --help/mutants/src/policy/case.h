/*
 * case - an outcome as the JSON object that cases expect
 *
 * Shape    every member present: compile, decision, error, denyRule, issued, properties,
 *          configuration, added, warnings, policyHash, legacyPolicyHash, and trace when asked for;
 *          what does not apply is null or empty
 */
#ifndef CUPEL_POLICY_CASE_H
#define CUPEL_POLICY_CASE_H

#include "policy.h"

/* What there is to tell. `policy` and `outcome` are NULL for a text that does not compile, `trail`
 * when none was asked for. */
struct policy_case {
    const struct policy *policy;
    const struct policy_diagnostics *diagnostics;
    const struct policy_outcome *outcome;
    const struct policy_trail *trail;
};

/* Writes the object, without a line end. */
bool policy_case_write(struct writer *w, const struct policy_case *c, struct err *err) MUST_USE;

#endif
