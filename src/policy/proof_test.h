/*
 * proof - what must hold for every policy and query that the grammars can make
 *
 * Shape    takes bytes as choices; a rule that does not hold ends the program, with the text that
 *          broke it. For the fuzz targets and for the random walk in the ordinary tests
 */
#ifndef CUPEL_POLICY_PROOF_TEST_H
#define CUPEL_POLICY_PROOF_TEST_H

#include "policy.h"

/* How far the walks came, so that a test can say that it tested something. */
struct proof_count {
    size_t compiled, refused, permitted, failed, compared;
};

/* A policy and claims by the grammar: compiling, printing, judging, tracing, and the oracle. */
void prove_policy(struct crypto *c, struct span choices, struct proof_count *count);

/* A query and a document by the grammar: reading, running, writing, and the laws of queries. */
void prove_query(struct span choices, struct proof_count *count);

#endif
