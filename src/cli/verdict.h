/*
 * verdict - what `cupel appraise` says, for a program and for a person
 *
 * Shape    the JSON object of the command's manual; or text with the failed check first
 */
#ifndef CUPEL_CLI_VERDICT_H
#define CUPEL_CLI_VERDICT_H

#include "../evidence/appraise.h"
#include "../policy/policy.h"
#include "cli.h"

struct verdict {
    const char *word; /* "permit", "deny", "refuse" */
    const struct appraisal *appraisal;
    const struct policy_outcome *policy; /* NULL: no policy ran */
    struct span policy_hash;             /* empty: none */
};

bool verdict_write_json(struct writer *w, const struct verdict *v, struct err *err) MUST_USE;
void verdict_write_text(struct cli *c, struct writer *w, const struct verdict *v);

#endif
