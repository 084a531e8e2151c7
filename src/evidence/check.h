/*
 * check - a verifier is a table of these, run in order by one loop
 *
 * Rule     a row establishes one sentence and has one reason word. It may write what it established
 *          into its case (a signed document is parsed only after the row that checks its
 *          signature), and nothing else
 * Source   the SGX contract, 7: each step has a reason name; the first that fails is reported
 */
#ifndef CUPEL_EVIDENCE_CHECK_H
#define CUPEL_EVIDENCE_CHECK_H

#include "trail.h"

/* A row's function: true when it holds. `detail` (192 bytes) may be filled with what was found. */
typedef bool check_fn(void *verifier_case, char *detail, struct err *err);

struct check {
    const char *name; /* unique in its table */
    check_fn *run;
    const char *reason; /* the word of the specification that a failure is reported by */
    const char *establishes;
    const char *spec;
    /* Tells whether the row is for this case; NULL: for every one. Where it is not, it stands in
     * the trail as not run. */
    bool (*applies)(const void *verifier_case);
};

/* Runs the rows in order until one fails; fills the trail for all of them, with the row's name in
 * front of the error's path. Returns the failed row, or NULL when all held. */
const struct check *check_run(const struct check *table, size_t count, void *verifier_case,
                              struct trail *trail, struct err *err);

/* Puts the rows into the trail as not run: an earlier table has failed. */
void check_skip(const struct check *table, size_t count, struct trail *trail);

#endif
