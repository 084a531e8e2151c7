/*
 * oracle - a second evaluator, from the definition alone, for tests to compare with
 *
 * Shape    walks the tree as it was parsed: no compiling, no interning, no indices, no meter. Of
 *          the engine it shares the parser, the JSON reader and the queries' runner
 * Errors   gives up, and says so, where the definition would take too long
 * Source   the policy language, 5 to 7
 */
#ifndef CUPEL_POLICY_ORACLE_TEST_H
#define CUPEL_POLICY_ORACLE_TEST_H

#include "policy.h"

enum { ORACLE_RULES = 4096 };

struct oracle_outcome {
    enum policy_decision decision;
    char code[8]; /* POLICY_FAILED */
    uint32_t at;  /* offset of the failure, or of the deny rule that fired */
    struct claim_set issued, properties, configuration, added;
    uint32_t rule_count;      /* rules of authorization and issuance that were run */
    bool fired[ORACLE_RULES]; /* which of them fired */
};

/* Evaluates a text that compiles; false when it would take too long. */
bool oracle_eval(struct span text, const struct claim_set *incoming, struct arena *a,
                 struct oracle_outcome *out);

#endif
