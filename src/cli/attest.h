/*
 * attest - what the verbs that attest to a service share
 */
#ifndef CUPEL_CLI_ATTEST_H
#define CUPEL_CLI_ATTEST_H

#include "cli.h"
#include "fetch.h"

/* The bearer token in the file of --bearer-file, or NULL without that option. */
bool attest_read_bearer(struct cli *c, const char **out, struct err *err) MUST_USE;

/* Tells what a service that refused said, and returns the exit status for it. */
int attest_tell_refusal(struct cli *c, const struct fetch_answer *answer);

#endif
