/*
 * verb - the lab on the command line
 */
#ifndef CUPEL_LAB_VERB_H
#define CUPEL_LAB_VERB_H

#include "../src/cli/cli.h"

extern const struct verb verb_lab_make;
extern const struct verb verb_lab_verify_golden;

#endif
