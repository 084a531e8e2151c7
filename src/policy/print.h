/*
 * print - a tree in its canonical form
 *
 * Shape    four spaces, one rule a line; a long rule, or one with comments inside, has a condition
 * a line; comments stay where they stand, blank lines where the author had one. It never reorders,
 * and printing what was printed changes nothing Source   the policy language, 12.4
 */
#ifndef CUPEL_POLICY_PRINT_H
#define CUPEL_POLICY_PRINT_H

#include "../base/writer.h"
#include "tree.h"

enum { PRINT_WIDTH = 100 }; /* columns of a rule on one line */

/* Writes the tree of a text. */
void policy_print(struct writer *w, struct span text, const struct tree *tree);

/* Parts of a tree on one line, for messages. */
void print_expression(struct writer *w, const struct tree_expression *e);
void print_condition(struct writer *w, const struct tree_condition *c);

#endif
