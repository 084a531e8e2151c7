/*
 * owned - the names of a token's members that only the service may write at the top level
 *
 * Why      a relying party that reads the top level must be able to trust it: a policy that issues
 *          one of these names finds its value inside `x-ms-policy` only, also in tokens in which
 * the service leaves the member out Source   tokens 3, 5 to 8; the policy language, 5.10
 */
#ifndef CUPEL_TOKEN_OWNED_H
#define CUPEL_TOKEN_OWNED_H

#include "../base/span.h"

/* Tells whether the service writes a member of that name in some kind of token. */
bool token_owns(struct span name);

/* Tells whether it is one of the seven names that a policy cannot issue at all. */
bool token_reserves(struct span name);

/* The table, in byte order, for manuals and tests. */
extern const char *const token_owned_names[];
extern const size_t token_owned_count;

#endif
