/*
 * def - claims as tables: one row says name, type, where the value lies, what it means and where
 * that is written
 *
 * From these rows follow the token, the policy checker's types, the linter's known names, `explain`
 * and the manual.
 */
#ifndef CUPEL_CLAIMS_DEF_H
#define CUPEL_CLAIMS_DEF_H

#include "claim.h"

enum claim_source {
    FROM_HEX,
    FROM_TEXT,
    FROM_U16,
    FROM_U32,
    FROM_U64, /* what no int64 holds becomes the largest one */
    FROM_BOOL,
    FROM_MADE /* made by code, not a field */
};

enum {
    CLAIM_INCOMING = 1 << 0,   /* policies see it */
    CLAIM_OUTGOING = 1 << 1,   /* the service writes it into the token */
    CLAIM_KSS_ONLY = 1 << 2,   /* only for enclaves with key separation and sharing */
    CLAIM_MANY = 1 << 3,       /* several claims of this name may stand in the incoming set */
    CLAIM_DEPRECATED = 1 << 4, /* `instead` names the current one */
    CLAIM_OURS = 1 << 5,       /* the original has no such claim; an instance can leave it out */
};

struct claim_def {
    const char *name;
    enum claim_type type;
    enum claim_source source;
    size_t offset; /* of the field in the room's facts struct, unless FROM_MADE */
    unsigned flags;
    const char *meaning;
    const char *spec;
    const char *instead; /* or NULL */
};

/* struct span: FROM_HEX; use the _TEXT form for spans that are text already. */
#define FROM(strct, field)                                                                         \
    _Generic(((const struct strct *)0)->field, struct span                                         \
             : CLAIM_STRING, uint16_t                                                              \
             : CLAIM_INT, uint32_t                                                                 \
             : CLAIM_INT, uint64_t                                                                 \
             : CLAIM_INT, bool                                                                     \
             : CLAIM_BOOL),                                                                        \
        _Generic(((const struct strct *)0)->field, struct span                                     \
                 : FROM_HEX, uint16_t                                                              \
                 : FROM_U16, uint32_t                                                              \
                 : FROM_U32, uint64_t                                                              \
                 : FROM_U64, bool                                                                  \
                 : FROM_BOOL),                                                                     \
        offsetof(struct strct, field)

/* Adds the claim of one row, read from the facts struct. FROM_MADE rows add nothing. */
bool claim_add_def(struct claim_set *set, const struct claim_def *def, const void *facts,
                   struct err *err) MUST_USE;

#endif
