/*
 * attest_v1 - the attest calls: JSON body to evidence, verdict to answer
 *
 * Shape    members matched without regard to case; null, and data without bytes, count as absent;
 * binary members in either base64 alphabet, padding optional Source   rest-api 3.1, 6.1
 * to 6.3, 6.9, 13
 */
#ifndef CUPEL_API_ATTEST_V1_H
#define CUPEL_API_ATTEST_V1_H

#include "routes.h"

route_fn attest_v1;

/* What the body says, decoded. */
struct attest_body {
    struct span evidence;
    struct bound_data runtime_data, inittime_data;
    bool has_draft_policy;
    struct span draft_policy;
    struct span nonce;
};

/* Reads the body of an attest call. `evidence_member` is "quote" or "report"; with is_2018 the
 * members are those of 2018-09-01-preview. Errors: malformed with the member's name as path, limit.
 */
bool attest_body_parse(struct span body, const char *evidence_member, bool is_2018, struct arena *a,
                       struct attest_body *out, struct err *err) MUST_USE;

#endif
