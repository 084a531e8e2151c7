/*
 * inside - what a compiled policy is made of, for this room only
 */
#ifndef CUPEL_POLICY_INSIDE_H
#define CUPEL_POLICY_INSIDE_H

#include "machine.h"
#include "policy.h"

struct policy {
    struct arena arena; /* everything below lies in it */
    struct span text;
    int minor; /* version 1.minor */
    struct program program;
    struct claim_set configuration;
    struct failure configuration_failure;
    char hash[48];
    char legacy_hash[72];
};

/* Compiles into a policy whose arena has been set, with at most `work` steps spent on constants and
 * on each evaluation; false with err. Scratch memory may be thrown away afterwards. */
bool policy_fill(struct policy *p, struct crypto *c, struct span text, uint64_t work,
                 struct arena *scratch, struct policy_diagnostics *diagnostics,
                 struct err *err) MUST_USE;

#endif
