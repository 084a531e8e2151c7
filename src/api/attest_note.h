/*
 * attest_note - what every attest call does beside judging: which policy decides, what the log is
 * told
 */
#ifndef CUPEL_API_ATTEST_NOTE_H
#define CUPEL_API_ATTEST_NOTE_H

#include "routes.h"

/* What the instance of the call has put in force for the route's type; nothing where its default
 * applies. */
struct attest_policy attest_policy_in_force(const struct call *call);

/* Notes a verdict for the log, the audit chain and the counters. */
void attest_note(struct call *call, const struct attest_result *r);

#endif
