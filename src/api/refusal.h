/*
 * refusal - a verdict of no in the words of the contract, with the reason beside it
 *
 * Shape    error.message is a sentence that people find in the troubleshooting pages, with the
 * reason word in brackets; error.innererror carries the reason, what was expected and found and,
 * for a caller with the read role, the trail of checks Source   rest-api 4
 */
#ifndef CUPEL_API_REFUSAL_H
#define CUPEL_API_REFUSAL_H

#include "../service/proposal.h"
#include "routes.h"

/* A policy's text that does not compile: the diagnostic where there is one, the error otherwise. */
enum api_step refuse_policy(struct call *call, struct span text, const struct policy_diagnostic *d,
                            const struct err *err);

/* A document that is not taken. */
enum api_step refuse_proposal(struct call *call, const struct proposal_no *no);

/* A change that was not made, or may have been. */
enum api_step refuse_change(struct call *call, const struct err *err);

enum api_step refuse_attestation(struct call *call, const struct attest_result *result);

#endif
