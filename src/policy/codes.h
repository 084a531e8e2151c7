/*
 * codes - everything the room can say about a policy, a row for each code
 *
 * Shape    E1xx letters, E2xx grammar, E3xx meaning, X4xx evaluation, W5xx the compiler's
 *          warnings, L6xx the linter's advice; a name is what a person writes to silence a warning
 * Source   the policy language, 6, 8.2 and 12.3
 */
#ifndef CUPEL_POLICY_CODES_H
#define CUPEL_POLICY_CODES_H

#include "../base/span.h"

struct policy_code {
    const char *code;    /* "L607" */
    const char *name;    /* "absent-claims-pass" */
    const char *meaning; /* one sentence, no full stop */
    const char *spec;    /* section of the policy language, or "cupel" for a rule of our own */
};

extern const struct policy_code policy_codes[];
extern const size_t policy_code_count;

/* The row of a code ("L607") or of a name, case ignored; NULL when there is none. */
const struct policy_code *policy_code_find(struct span code_or_name);

/* Tells whether a row is a warning: one that can be silenced and has a page in docs/lint. */
bool policy_code_is_warning(const struct policy_code *c);

/* The warning's code or name nearest to what was written, or NULL. */
const char *policy_code_nearest(struct span written);

#endif
