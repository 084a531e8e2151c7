/*
 * spent - challenges that were answered with a token, in memory that all workers share
 *
 * Shape    a memory file of SPENT_SLOTS words, made by the supervisor and mapped by every worker of
 *          every generation. A word is the second of issue and 32 bits of the challenge; 20 others
 *          say where to look, and SPENT_PROBES places may hold it. A word older than a context
 *          lives makes room
 * Rule     adding is one atomic exchange, so of two workers that add the same challenge one loses.
 *          Where there is no room, nothing is added and the answer is no: nothing passes unkept
 * Why      challenges are ours and random, and only those whose context opened come here: nobody
 *          chooses which places are taken
 */
#ifndef CUPEL_SERVER_SPENT_H
#define CUPEL_SERVER_SPENT_H

#include "../evidence/tpm/settings.h"

enum { SPENT_SLOTS = 1 << 20, SPENT_PROBES = 32 };

struct spent; /* mapped */

/* Makes the memory file, empty. */
bool spent_make(int *out, struct err *err) MUST_USE;

/* Maps it; the descriptor stays the caller's. `lifetime` is that of contexts, in seconds. NULL with
 * err. */
struct spent *spent_map(int fd, int64_t lifetime, struct err *err) MUST_USE;
void spent_unmap(struct spent *s);

/* As struct tpm_spent wants them. */
bool spent_holds(const void *spent, const struct tpm_opened *o, int64_t now);
bool spent_add(void *spent, const struct tpm_opened *o, int64_t now);

#endif
