/*
 * known - what issueproperty may set, and the names a token owns
 *
 * Source   the policy language, 5.7, 5.8 and 5.10
 */
#ifndef CUPEL_POLICY_KNOWN_H
#define CUPEL_POLICY_KNOWN_H

#include "value.h"

/* A claim of issueproperty with a meaning for the service. */
struct property_def {
    const char *name;
    enum policy_section section;
    enum value_kind kind;
    int64_t least, most;               /* VALUE_INTEGER */
    bool (*accepts)(struct span text); /* VALUE_STRING */
    const char *range;                 /* in words */
    unsigned types;                    /* attestation types it means something for: KNOWN_TPM ... */
    const char *fallback;              /* what holds when it is not set, as a policy writes it */
    const char *meaning;
};

extern const struct property_def policy_properties[];
extern const size_t policy_property_count;

/* The names that cannot be issued because the token has its own (5.10). */
extern const char *const policy_reserved_claims[];
extern const size_t policy_reserved_claim_count;

/* The row of that name for a section, or NULL. */
const struct property_def *property_find(enum policy_section section, struct span name);

/* The known name nearest to what was written, or NULL. */
const char *property_nearest(enum policy_section section, struct span name);

/* Tells whether a single value has the row's type and lies in its range. */
bool property_accepts(const struct property_def *def, const struct value *v);

/* Tells whether a claim of that name cannot be issued. */
bool is_reserved_claim(struct span name);

#endif
