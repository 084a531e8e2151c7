/*
 * suite - cases that say what a policy must decide, read and run
 *
 * Shape    JSON of format "attestation-policy-cases", version 1 (docs/formats/policy-cases.md)
 * Rule     a member that is not known is refused: a misspelt expectation would expect nothing.
 *          Codes and places are compared, never messages
 * Borrows  a case borrows from the text and the arena it was parsed with
 * Errors   malformed, unsupported (another version), limit, memory; the place in the file as path
 * Source   the policy language, 12.5
 */
#ifndef CUPEL_POLICY_SUITE_H
#define CUPEL_POLICY_SUITE_H

#include "policy.h"

struct json;

struct suite_case {
    struct span id, title; /* title: or empty */
    struct span policy;    /* the policy's bytes, unless policy_file is set */
    struct span policy_file;
    struct claim_set claims;
    const struct json *expect;
    const struct json *explain; /* lines that the trail must hold, or NULL */
};

struct suite {
    struct span title; /* or empty */
    struct suite_case *cases;
    size_t count;
};

/* Reads a file of cases. Policies in other files are the caller's to read. */
bool suite_parse(struct span text, struct arena *a, struct suite *out, struct err *err) MUST_USE;

struct suite_result {
    bool is_passed;
    struct span first;  /* the first difference, one line without its end */
    struct span report; /* every difference and what decided, in lines */
};

/* Runs a case over its policy's bytes; `name` is what places in the report are named with. False
 * only for memory: a disagreement is a result. */
bool suite_run(struct crypto *c, const struct suite_case *k, struct span policy, const char *name,
               struct arena *a, struct suite_result *out, struct err *err) MUST_USE;

#endif
