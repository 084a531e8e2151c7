/*
 * refusal - a verdict of no in the words of the contract, with the reason beside it
 *
 * Shape    error.message is a sentence that people find in the troubleshooting pages, with the
 * reason word in brackets; error.innererror carries the reason, what was expected and found and,
 * for a caller with the read role, the trail of checks Source   rest-api 4
 */
#ifndef CUPEL_API_REFUSAL_H
#define CUPEL_API_REFUSAL_H

#include "routes.h"

enum api_step refuse_attestation(struct call *call, const struct attest_result *result);

#endif
