/*
 * function - the functions of version 1.2 as a table
 *
 * Shape    a row says what a call must look like and what it gives; the checker, the compiler, the
 *          evaluator and the manual read the same rows
 * Source   the policy language, 7
 */
#ifndef CUPEL_POLICY_FUNCTION_H
#define CUPEL_POLICY_FUNCTION_H

#include "value.h"

enum { FUNCTION_ARGUMENTS = 2 };

/* What an argument may be. */
enum parameter {
    TAKES_SET,     /* any value, a set as it is */
    TAKES_ONE,     /* any single value */
    TAKES_STRING,  /* a single string */
    TAKES_BOOLEAN, /* a single Boolean */
};

struct machine;
struct code;

struct policy_function {
    const char *name;
    int since; /* version 1.since */
    uint32_t arity;
    const char *parameters[FUNCTION_ARGUMENTS]; /* their names, for people */
    enum parameter takes[FUNCTION_ARGUMENTS];
    unsigned whole_sets; /* bit n: `name.property` as argument n stands for all claims (5.3) */
    enum static_type gives;
    bool keeps_read_only; /* its result is read-only when an argument is (7.10) */
    bool (*run)(struct machine *m, const struct code *call, const struct value *arguments,
                struct value *out);
    const char *meaning;
};

extern const struct policy_function policy_functions[];
extern const size_t policy_function_count;

/* The row of that name, or NULL. Names are spelled exactly. */
const struct policy_function *function_find(struct span name);

/* The name that was probably meant, or NULL. */
const char *function_nearest(struct span name);

#endif
