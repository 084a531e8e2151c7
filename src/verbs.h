/*
 * verbs - every verb of the program cupel: those of the house and of the lab in its garden
 */
#ifndef CUPEL_VERBS_H
#define CUPEL_VERBS_H

#include "cli/cli.h"

extern const struct verb *const verbs[];
extern const size_t verb_count;

#endif
