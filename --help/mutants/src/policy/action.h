/*
 * action - what a rule does when it fires, and when it is over
 *
 * Shape    firing evaluates the arguments and keeps the claims; they are applied, in order, when
 * the enumeration is over, so that a rule never sees its own output Source   the policy
 * language, 5.3, 5.5 to 5.10 and 6.1
 */
#ifndef CUPEL_POLICY_ACTION_H
#define CUPEL_POLICY_ACTION_H

#include "machine.h"

/* The sets an evaluation fills beside the incoming one. */
struct results {
    struct claim_set issued;
    struct claim_set properties; /* of the section that runs */
};

/* Fires the running rule under the present bindings. */
bool action_fire(struct machine *m) MUST_USE;

/* Applies what the running rule kept. */
bool action_apply(struct machine *m, struct results *r) MUST_USE;

#endif
