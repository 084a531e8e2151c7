/*
 * attest_tpm - the TPM route: two messages each way, and no state between them
 *
 * Shape    {"data": base64url of a message}, read as leniently as every outer body, and answered
 *          with {"data": base64url}: a challenge with its sealed context, or a report. A message in
 *          {"payload": ...} is answered in that form
 * Rule     there is no default policy: where the instance has set none, even the first message is
 *          refused. Contexts are bound to the instance and the api-version
 * Source   the TPM contract, 1, 16 and 17; rest-api 6.7
 */
#ifndef CUPEL_API_ATTEST_TPM_H
#define CUPEL_API_ATTEST_TPM_H

#include "routes.h"

route_fn attest_tpm;

/* The message in the body of the call, decoded. Errors: malformed ("body", "data"), limit. */
bool attest_tpm_body(struct span body, struct arena *a, struct span *message,
                     struct err *err) MUST_USE;

#endif
