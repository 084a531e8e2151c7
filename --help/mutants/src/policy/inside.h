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
    struct program program;
    struct claim_set configuration;
    struct failure configuration_failure;
    char hash[48];
    char legacy_hash[72];
};

#endif
