/*
 * parse - tokens become a tree
 *
 * Shape    a function for each rule of the grammar; after a syntax error the parser goes on behind
 *          the rule, so that one run names several
 * Errors   notes with E1xx and E2xx; the first in the text is the first in the list
 * Source   the policy language, 2.7, 4.1, 5.5, 8.2 and appendix A
 */
#ifndef CUPEL_POLICY_PARSE_H
#define CUPEL_POLICY_PARSE_H

#include "diagnostic.h"

/* Parses a whole text. The tree lies in the arena and borrows from the text; false with at least
 * one error among the notes, or with none when memory ran out. */
bool policy_parse(struct span text, struct arena *a, struct tree *out, struct notes *n) MUST_USE;

#endif
