/*
 * delta - how two policies differ over the same claims: the decision, the claims, the rules
 *
 * Rule     equal decisions and equal claims are no difference, whichever rules led to them
 * Borrows  from both outcomes and the arena
 * Errors   memory, limit
 */
#ifndef CUPEL_POLICY_DELTA_H
#define CUPEL_POLICY_DELTA_H

#include "policy.h"

/* What one policy made of the claims. */
struct delta_side {
    const char *name; /* of its file, for places */
    const struct policy_outcome *outcome;
    const struct policy_trail *trail;
};

/* A claim that differs: its values as JSON, empty where it is not there. */
struct delta_claim {
    const char *set; /* "issued", "properties" or "configuration" */
    struct span name, before, after;
};

struct policy_delta {
    bool is_other_decision; /* also another error code of two errors */
    struct delta_claim *claims;
    size_t claim_count;
};

/* Compares two outcomes. */
bool policy_delta(const struct policy_outcome *before, const struct policy_outcome *after,
                  struct arena *a, struct policy_delta *out, struct err *err) MUST_USE;

/* Tells whether anything differs. */
bool policy_delta_is(const struct policy_delta *d);

/* Lines for a person: for another decision the rule that decided on each side, for another claim
 * its values and the rules that made it. */
void policy_delta_write(struct writer *w, const struct policy_delta *d,
                        const struct delta_side *before, const struct delta_side *after);

/* One side as a JSON object: decision, error, rule. */
void delta_side_write_json(struct writer *w, const struct delta_side *side);

/* The claims that differ as a JSON array of set, name, before, after. */
void policy_delta_write_json(struct writer *w, const struct policy_delta *d);

#endif
