/*
 * value - what an expression gives: a string, an integer, a Boolean, or a set of such
 *
 * Shape    a set keeps the order of its elements, holds none twice and may be empty
 * Borrows  strings and elements lie in the policy, in the claims offered or in the request's arena
 * Source   the policy language, 3.3, 7.1 and 7.9
 */
#ifndef CUPEL_POLICY_VALUE_H
#define CUPEL_POLICY_VALUE_H

#include "../claims/claim.h"
#include "tree.h"

enum value_kind { VALUE_STRING, VALUE_INTEGER, VALUE_BOOLEAN, VALUE_SET };

struct value {
    enum value_kind kind;
    bool is_read_only; /* neither it nor what is computed from it may be issued (3.6) */
    uint32_t count;    /* VALUE_SET: how many elements */
    union {
        struct span text;
        int64_t integer;
        bool boolean;
        const struct value *items;
    };
};

struct value value_text(struct span text);
struct value value_integer(int64_t v);
struct value value_boolean(bool v);

/* The value of a claim offered. */
struct value value_of_claim(const struct claim *c);

/* Puts a single value into a claim. */
void value_to_claim(const struct value *v, struct claim *out);

/* Tells whether two single values have the same type and are the same. */
bool value_equal(const struct value *a, const struct value *b);

/* Tells whether a single value x compares so with y, which may be a set (7.9). */
bool value_holds(const struct value *x, enum policy_operator op, const struct value *y);

/* Steps that comparing x with y takes, beyond one: elements looked at, and a sixteenth of each byte
 * (11.3). */
uint64_t value_cost(const struct value *x, const struct value *y);

/* The elements of a value: those of a set, or the value itself. */
const struct value *value_items(const struct value *v, uint32_t *count);

/* "String", "Integer", "Boolean"; for a set "Set". */
const char *value_type_name(enum value_kind kind);

/* The issuers by name, as conditions spell them. */
const char *issuer_name(enum claim_issuer issuer);

#endif
