/*
 * jmespath - queries over JSON, read once and run often
 *
 * Shape    a query is a value to begin with and steps that follow one another; a projection's right
 *          side is a query of its own. Steps stand in a list, so that a long query is no deep one
 * Errors   syntax with the byte of the query; the other faults as the compliance suite names them
 * Source   the policy language, 7.11 and 7.3
 */
#ifndef CUPEL_POLICY_JMESPATH_H
#define CUPEL_POLICY_JMESPATH_H

#include "jmes_value.h"

enum {
    JMES_DEPTH = 64,        /* how deep a query may be nested */
    JMES_PROJECTIONS = 256, /* how many projections may follow one another */
};

struct jmes_query;

/* Reads a query into the arena; it borrows from the text. Numbers and strings in backticks are
 * JSON.
 */
bool jmes_parse(struct span text, struct arena *a, const struct jmes_query **out,
                struct jmes_fault *fault) MUST_USE;

/* Runs a query over a document. The result borrows from both and from the arena of the work. */
bool jmes_run(const struct jmes_query *q, const struct jv *document, struct jmes_work *w,
              struct jv *out) MUST_USE;

/* "syntax", "invalid-arity", ... */
const char *jmes_error_name(enum jmes_error kind);

#endif
