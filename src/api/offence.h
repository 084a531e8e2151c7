/*
 * offence - where a policy's text does not compile, in the lines that the service's users know
 *
 * Shape    Offending symbol, Line, Column, Failure message, Failing rule; what is quoted of the
 *          text is printable, on one line and short
 * Source   the REST contract, 4: "PolicyParsingError"
 */
#ifndef CUPEL_API_OFFENCE_H
#define CUPEL_API_OFFENCE_H

#include "../base/writer.h"
#include "../policy/policy.h"

void offence_write(struct writer *w, struct span text, const struct policy_diagnostic *d);

#endif
