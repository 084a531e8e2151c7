/*
 * policies - texts and claims for the policy benchmark: what operators write, and what an attacker
 * would
 *
 * Shape    everything is made in the arena, the same each time
 */
#ifndef CUPEL_BENCH_POLICIES_H
#define CUPEL_BENCH_POLICIES_H

#include "../src/claims/claim.h"

/* One thing to measure. */
struct policy_bench {
    const char *name;
    struct span text;
    struct claim_set claims;
};

enum { POLICY_BENCHES_MOST = 64 };

/* Policies as people write them; `events` is the JSON of a log, or empty for a made one. Returns
 * how many. */
size_t usual_policies(struct arena *a, struct span events, struct policy_bench *out);

/* Policies and claims that take as long as they can. */
size_t hostile_policies(struct arena *a, struct policy_bench *out);

/* Texts that take as long as they can to compile, or to be refused. */
size_t hostile_texts(struct arena *a, struct policy_bench *out);

#endif
