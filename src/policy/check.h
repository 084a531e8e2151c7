/*
 * check - names, functions, types and places for actions, before there are claims
 *
 * Shape    fills in what the tree leaves open: which condition a name means, which function a call
 *          means, static types, what is constant
 * Errors   notes with E3xx and W5xx, unordered
 * Source   the policy language, 4.3, 4.5, 5.5 to 5.10, 7.1 and 8.2
 */
#ifndef CUPEL_POLICY_CHECK_H
#define CUPEL_POLICY_CHECK_H

#include "diagnostic.h"

/* Checks a parsed policy. Whether it held is told by the errors among the notes. */
void policy_check(struct tree *tree, struct notes *n);

/* Checks the rules that could be read of a policy that does not parse, and keeps the errors that
 * stand behind the first of the grammar. */
void policy_check_rest(struct tree *tree, struct notes *n);

#endif
