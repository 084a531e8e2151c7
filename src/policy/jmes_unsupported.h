/*
 * jmes_unsupported - what other dialects of JMESPath have and this one does not
 *
 * Shape    a row a feature; the reader of queries, the evaluator, the tests and the manual use the
 *          same rows, so that each is refused by its name
 * Source   the policy language, 7.11: the dialect is what the compliance suite fixes, and
 *          equals_ignore_case; the features are those of JMESPath Community
 */
#ifndef CUPEL_POLICY_JMES_UNSUPPORTED_H
#define CUPEL_POLICY_JMES_UNSUPPORTED_H

#include "jmes_value.h"

struct jmes_unsupported {
    const char *name;     /* a function, or the characters that the feature begins with */
    enum jmes_error kind; /* JMES_SYNTAX: E314, or X404 when computed; else X405 when it runs */
    const char *feature;  /* what it is called */
    const char *reason;   /* why it is left out, and what does instead */
    const char *example;  /* a query that is refused for it */
};

extern const struct jmes_unsupported jmes_unsupported[];
extern const size_t jmes_unsupported_count;

/* The row of a function, or NULL. */
const struct jmes_unsupported *jmes_unsupported_function(struct span name);

/* The row whose feature begins with what stands here, or NULL. */
const struct jmes_unsupported *jmes_unsupported_syntax(struct span rest);

#endif
