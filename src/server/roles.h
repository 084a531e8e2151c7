/*
 * roles - what the processes that the supervisor starts do from their first instruction on
 *
 * Rule     everything is read, opened and checked first; then the process gives up its rights, and
 *          only then it serves. Both end with _exit: nothing of theirs runs at exit
 */
#ifndef CUPEL_SERVER_ROLES_H
#define CUPEL_SERVER_ROLES_H

#include "config.h"

/* The process that speaks with clients. Returns an exit status of enum worker_exit. */
int role_worker(void);

/* Loads all that a worker would, but what only a running service has. False with err when a worker
 * could not begin. */
bool role_worker_check(const struct config *c, struct err *err) MUST_USE;

/* The process that holds the signing keys. */
int role_signer(void);

/* The process that alone opens the store. */
int role_keeper(void);

/* The process that reaches the issuers of access tokens. */
int role_fetcher(void);

#endif
