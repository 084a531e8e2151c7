/*
 * eval - from claims to an outcome
 *
 * Source   the policy language, 5.1, 5.2 and 6
 */
#ifndef CUPEL_POLICY_EVAL_H
#define CUPEL_POLICY_EVAL_H

#include "action.h"
#include "diagnostic.h"
#include "trail.h"

/* Runs the configuration rules, whose result is a constant of the policy (5.8), into it. False only
 * for memory. */
bool eval_configuration(struct policy *p, struct arena *scratch, struct err *err) MUST_USE;

/* Evaluates; `trail` may be NULL. False only for memory. */
bool eval_policy(const struct policy *p, const struct claim_set *incoming, struct arena *a,
                 struct policy_outcome *out, struct trail_writer *trail, struct err *err) MUST_USE;

#endif
