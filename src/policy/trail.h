/*
 * trail - what matched and what did not, rule by rule
 *
 * Shape    made beside the evaluation, which it never changes; without a trail nothing of this runs
 * Source   the policy language, 12.1
 */
#ifndef CUPEL_POLICY_TRAIL_H
#define CUPEL_POLICY_TRAIL_H

#include "machine.h"
#include "policy.h"

enum { TRAIL_BYTES = 64 * 1024 }; /* about as much of the arena as a trail may take */

struct trail_writer {
    struct policy_trail trail;
    struct arena *arena;
    size_t room;    /* rules there is room for */
    size_t bytes;   /* taken so far */
    uint64_t steps; /* spent on explaining, with the limit of an evaluation */
};

/* An empty trail in the arena. */
struct trail_writer trail_in(struct arena *a);

/* Notes how the rule the machine has just run fared, before what it made is applied. */
void trail_rule(struct trail_writer *t, struct machine *m, const struct rule_code *rule);

#endif
