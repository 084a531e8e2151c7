/*
 * search - the combinations of claims for which a rule fires
 *
 * Shape    depth first, in the order of the text and of the claims; what cannot change the result
 * is not tried: names nobody uses need one witness, equal remaining bindings are followed once, and
 * a search whose later part is settled jumps back to the choice that matters Source   the policy
 * language, 5.3, 6.1 and 11.2
 */
#ifndef CUPEL_POLICY_SEARCH_H
#define CUPEL_POLICY_SEARCH_H

#include "machine.h"

enum { NO_JUMP = POLICY_CONDITION_LIMIT };

/* The candidates of a condition: 1 + number of the first and of each next claim, 0 at the end. */
uint32_t search_first(const struct machine *m, const struct condition_code *c);
uint32_t search_next(const struct machine *m, const struct condition_code *c, uint32_t n);

#endif
