/*
 * facts - the incoming set: claims in the order they came, none twice
 *
 * Shape    an array, a chain through the claims of each name the policy asks for, and a hash over
 *          (name, issuer, value)
 * Errors   false when the arena gives out; how much was looked at is told, so that it can be
 * metered Source   the policy language, 3.5, 3.6 and 11.1
 */
#ifndef CUPEL_POLICY_FACTS_H
#define CUPEL_POLICY_FACTS_H

#include "program.h"

struct fact {
    struct span type;
    uint32_t name_id;
    uint32_t next; /* 1 + number of the next claim of this name, or 0 */
    uint64_t hash;
    enum claim_issuer issuer;
    bool is_issued; /* stands in the outgoing set */
    struct value value;
};

struct facts {
    struct fact *items;
    uint32_t count, room;
    uint32_t *slots; /* 1 + number, open addressing, a power of two */
    uint32_t slot_count;
    uint32_t *first, *last; /* by name id: 1 + number, or 0; NULL when nobody asks by name */
    struct arena *arena;
    const struct program *program;
};

/* An empty set for a program; `by_name` when claims are to be found by their names. */
bool facts_init(struct facts *f, const struct program *p, struct arena *a, uint32_t expected,
                bool by_name) MUST_USE;

/* Forgets all claims and keeps the memory (not for a set by name). */
void facts_clear(struct facts *f);

/* Adds a claim unless an equal one is there (then that one stays read-only only if both are).
 * Stores its number, whether it is new, and adds the claims and bytes looked at to *steps. */
bool facts_add(struct facts *f, const struct fact *fact, uint32_t *number, bool *is_new,
               uint64_t *steps) MUST_USE;

#endif
