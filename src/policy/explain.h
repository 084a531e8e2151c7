/*
 * explain - a trail in words: what decided, rule by rule what matched and what did not, and why
 *
 * Shape    lines for a person; rules are named as a compiler names places, NAME:line:column
 * Rule     shows values of read-only claims, too: for the policy's owner, not for whoever was
 * refused Source   the policy language, 12.1
 */
#ifndef CUPEL_POLICY_EXPLAIN_H
#define CUPEL_POLICY_EXPLAIN_H

#include "policy.h"

/* The rule that decided: the deny rule that fired, the first permit rule that fired, the rule in
 * which the evaluation failed; where nothing permitted, the permit rule that came nearest. NULL
 * where there is none. */
const struct policy_trail_rule *explain_decider(const struct policy_outcome *o,
                                                const struct policy_trail *t);

/* One line: the decision and what decided it. */
void explain_decision(struct writer *w, const char *name, const struct policy_outcome *o,
                      const struct policy_trail *t);

/* One rule: whether it fired, each condition with the claim it met, and what it made. */
void explain_rule(struct writer *w, const char *name, const struct policy_trail_rule *r);

/* Every rule, in the order they ran, by section. */
void explain_trail(struct writer *w, const char *name, const struct policy_outcome *o,
                   const struct policy_trail *t);

/* The rules that made, or would have made, claims of that name. */
void explain_claim(struct writer *w, const char *name, const struct policy_trail *t,
                   struct span claim);

/* A part of a policy's text on one line, without comments. */
void explain_text(struct writer *w, struct span text);

/* A claim in words: name = value (issuer), a long text cut. */
void explain_value(struct writer *w, const struct claim *c);

#endif
