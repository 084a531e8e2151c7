/*
 * claim - one thing that is said, with its type and who says it
 *
 * Shape    name, value, issuer; sets keep their order of insertion and may hold a name several
 * times Borrows  spans point into the request's arena or into static text
 */
#ifndef CUPEL_CLAIMS_CLAIM_H
#define CUPEL_CLAIMS_CLAIM_H

#include "../base/arena.h"
#include "../base/writer.h"

enum claim_type {
    CLAIM_STRING,
    CLAIM_INT,
    CLAIM_BOOL,
    CLAIM_JSON, /* canonical JSON text of an object or array: tokens only, policies never see it */
};

enum claim_issuer {
    ISSUER_SERVICE,
    ISSUER_POLICY,
    ISSUER_CLIENT
}; /* AttestationService, AttestationPolicy, CustomClaim */

struct claim {
    struct span name;
    enum claim_type type;
    enum claim_issuer issuer;
    bool is_read_only;
    struct span text; /* CLAIM_STRING, CLAIM_JSON */
    int64_t integer;  /* CLAIM_INT */
    bool boolean;     /* CLAIM_BOOL */
};

struct claim_set {
    struct claim *items;
    size_t count;
    size_t room;
    struct arena *arena;
};

/* An empty set that grows in the arena. */
struct claim_set claim_set_in(struct arena *a);

/* Appends; false with limit or memory. */
bool claim_add(struct claim_set *set, const struct claim *claim, struct err *err) MUST_USE;
bool claim_add_string(struct claim_set *set, const char *name, struct span text,
                      struct err *err) MUST_USE;
bool claim_add_hex(struct claim_set *set, const char *name, struct span bytes,
                   struct err *err) MUST_USE;
bool claim_add_int(struct claim_set *set, const char *name, int64_t v, struct err *err) MUST_USE;
bool claim_add_bool(struct claim_set *set, const char *name, bool v, struct err *err) MUST_USE;
bool claim_add_json(struct claim_set *set, const char *name, struct span canonical,
                    struct err *err) MUST_USE;

/* The first claim of that name, or NULL. */
const struct claim *claim_find(const struct claim_set *set, struct span name);

/* Tells whether two claims have the same type and value (issuer plays no part). */
bool claim_value_equal(const struct claim *a, const struct claim *b);

/* Writes the value as JSON. */
void claim_write_value(struct writer *w, const struct claim *c);

/* Writes a set as a compact JSON object, names in ascending byte order; several claims of one name
 * become an array in order of insertion, equal values once. */
bool claim_set_write(struct writer *w, const struct claim_set *set, struct err *err) MUST_USE;

#endif
