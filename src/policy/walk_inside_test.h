/*
 * walk_inside - what the files of the random walks share
 */
#ifndef CUPEL_POLICY_WALK_INSIDE_TEST_H
#define CUPEL_POLICY_WALK_INSIDE_TEST_H

#include "walk_test.h"

/* True once in n times, and never when the walk is out of choices. */
bool walk_rarely(struct walk *k, uint32_t n);

/* Whether something may still be expanded, `depth` levels down. */
bool walk_may_grow(struct walk *k, int depth, int most);

void walk_put_one_of(struct walk *k, struct writer *w, const char *const *words, size_t count);

#define PUT_ONE_OF(k, w, words) walk_put_one_of((k), (w), (words), COUNT(words))

#endif
