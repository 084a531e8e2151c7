/*
 * explanation - why a request was refused, as JSON that is kept under its id
 *
 * Shape    one object on one line: the request, the outcome, what was expected and found, the
 *          policy's decision, every check, the platform's state
 * Rule     no evidence, no bound data, no token: claims that a policy looked at are named, their
 *          values left out
 * Errors   memory
 * Source   docs/formats/explanation.md
 */
#ifndef CUPEL_SERVICE_EXPLANATION_H
#define CUPEL_SERVICE_EXPLANATION_H

#include "attest.h"

struct explanation {
    struct span request_id, instance;
    int64_t at;
    const char *type;    /* "SgxEnclave"; NULL: none */
    const char *outcome; /* "refused", "denied", "failed" */
    const char *reason;  /* the failed check's word, the policy's decision, or the error's code */
    const struct attest_result *result; /* NULL: nothing was judged */

    /* Of a call that is no attestation; all absent otherwise. */
    const char *call;        /* "PUT /policies/tpm" */
    struct span actor;       /* empty: nobody who is known */
    const struct err *error; /* what was expected and found */
};

bool explanation_write(struct writer *w, const struct explanation *e, struct err *err) MUST_USE;

#endif
