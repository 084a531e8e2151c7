/*
 * verdict_text - a verdict for a person: the failed check first
 */
#ifndef CUPEL_CLI_VERDICT_TEXT_H
#define CUPEL_CLI_VERDICT_TEXT_H

#include "../service/verdict.h"
#include "cli.h"

void verdict_write_text(struct cli *c, struct writer *w, const struct verdict *v);

#endif
