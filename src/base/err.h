/*
 * err - the one error type
 *
 * Shape    a class, a place and a sentence; lives with the caller and needs no memory
 * Rule     the first failure fills it, later ones change nothing but the path
 */
#ifndef CUPEL_BASE_ERR_H
#define CUPEL_BASE_ERR_H

#include "span.h"

#define ERR_NO_OFFSET SIZE_MAX

/* One code for each thing a caller might do about it. */
enum err_code {
    ERR_NONE,
    ERR_MALFORMED,   /* fix the sender */
    ERR_UNSUPPORTED, /* newer or other than we know */
    ERR_UNTRUSTED,   /* a signature, chain or binding does not hold */
    ERR_STALE,       /* bring fresh collateral */
    ERR_MISSING,     /* bring what is named */
    ERR_DENIED,      /* the policy said no */
    ERR_LIMIT,       /* send less */
    ERR_CONFLICT,    /* somebody else changed it first */
    ERR_UNCERTAIN,   /* sent, and the answer lost */
    ERR_MEMORY,
    ERR_IO,
    ERR_INTERNAL, /* our own fault */
    ERR_CODES
};

struct err {
    enum err_code code;
    const char *spec; /* where the rule is written; static, or NULL */
    size_t offset;    /* byte in the input, or ERR_NO_OFFSET */
    char path[96];    /* "quote.qe_report.signature", outermost first */
    char text[192];   /* one sentence for a person, no full stop */
};

/* The word for a code: "malformed", "untrusted", ... */
const char *err_code_name(enum err_code code);

/* Notes the first failure (later calls keep it) and returns false. A NULL err is fine. */
bool err_fail(struct err *err, enum err_code code, const char *spec, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* As err_fail, with the byte in the input at which it happened. */
bool err_fail_at(struct err *err, size_t offset, enum err_code code, const char *spec,
                 const char *fmt, ...) PRINTF_LIKE(5, 6);

/* Puts name in front of the path of a failure already noted and returns false. */
bool err_in(struct err *err, const char *name);

/* Tells whether it is our own trouble (memory, internal), which says nothing about the input. */
bool err_is_ours(const struct err *err);

/* Takes a failure back, so that the value can be used again. */
void err_clear(struct err *err);

#endif
