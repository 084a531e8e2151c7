/*
 * policy_book - policies that have been compiled, by the hash of their text
 *
 * Why      a policy is compiled when it is first asked for and not on every request; the text of a
 *          hash never changes, so an entry is never wrong, only forgotten
 * Limits   POLICY_BOOK_ENTRIES; the one that was not asked for longest goes
 * Threads  none: one for each worker
 */
#ifndef CUPEL_SERVICE_POLICY_BOOK_H
#define CUPEL_SERVICE_POLICY_BOOK_H

#include "../policy/policy.h"

enum { POLICY_BOOK_ENTRIES = 256 };

struct policy_book;

struct policy_book *policy_book_new(struct crypto *c, struct err *err) MUST_USE;
void policy_book_free(struct policy_book *b);

/* The policy of that text, whose x-ms-policy-hash may be given to spare hashing it. Good until the
 * next call. NULL with err: it does not compile, or memory. */
const struct policy *policy_book_find(struct policy_book *b, struct span text, struct span hash,
                                      struct err *err) MUST_USE;

/* How often something was compiled. */
uint64_t policy_book_compiled(const struct policy_book *b);

#endif
