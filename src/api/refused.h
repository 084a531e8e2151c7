/*
 * refused - a refusal that is no verdict, noted for the log, the audit chain and whoever asks why
 *
 * Shape    noted are calls that need a role: callers that were refused, and what was refused to
 *          those that were let in. Of callers refused there are a few in each second
 *          (api_keeps_unauthorized). Verdicts are noted where they are given
 * Source   docs/formats/explanation.md
 */
#ifndef CUPEL_API_REFUSED_H
#define CUPEL_API_REFUSED_H

#include "errors.h"

/* Fills in the exchange's note, unless it holds a verdict or an earlier refusal. */
void refused_note(struct call *call, enum api_error error, struct span message);

#endif
