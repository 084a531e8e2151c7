/*
 * walk - random walks through the grammars of policies, queries and JSON, steered by bytes
 *
 * Shape    each choice takes a byte; where they end, every choice is the first, and the first
 *          production of everything is its shortest. The same bytes give the same text
 * Source   the policy language, appendix A and 7.11
 */
#ifndef CUPEL_POLICY_WALK_TEST_H
#define CUPEL_POLICY_WALK_TEST_H

#include "policy.h"

struct walk {
    struct span choices;
    size_t at;
    struct arena *arena;
    uint32_t left;  /* productions that may still be expanded */
    uint32_t slips; /* mistakes made on purpose, all of them about meaning and none of grammar */
    bool has_odd_query; /* a query was made that need not parse */
};

/* A walk steered by bytes; its texts lie in the arena. */
struct walk walk_over(struct span choices, struct arena *a);

/* One of n. */
uint32_t walk_pick(struct walk *k, uint32_t n);

/* A policy of some version, well formed; *version_at is the offset of its minor number. */
struct span walk_policy(struct walk *k, size_t *version_at);

/* Claims that such a policy may ask for. */
struct claim_set walk_claims(struct walk *k);

/* A query that is well formed. */
struct span walk_query(struct walk *k);

/* A JSON text. */
struct span walk_json(struct walk *k);

#endif
