/*
 * verdict - one verdict as JSON: the decision, the error, every check, the platform's TCB, claims
 * in and out
 *
 * Shape    one object; the same for the command line and the library
 */
#ifndef CUPEL_SERVICE_VERDICT_H
#define CUPEL_SERVICE_VERDICT_H

#include "../evidence/appraise.h"
#include "../policy/policy.h"

struct verdict {
    const char *word; /* "permit", "deny", "refuse" */
    const struct appraisal *appraisal;
    const struct policy_outcome *policy; /* NULL: no policy ran */
    struct span policy_hash;             /* empty: none */
};

bool verdict_write_json(struct writer *w, const struct verdict *v, struct err *err) MUST_USE;

/* The state of the platform as an object, or null when it is not known. */
void verdict_write_tcb(struct writer *w, const struct tcb_report *t);

#endif
