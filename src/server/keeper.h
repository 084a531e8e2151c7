/*
 * keeper - the process that alone opens the store: makes changes, publishes the state, keeps the
 * audit chain
 *
 * Shape    one thread. Changes are made one at a time, each in a transaction of its own, published
 *          (keep_page.h) and only then answered. Notes of verdicts are collected and committed many
 *          at once, KEEPER_NOTES_MS after the first at the latest
 * Rule     what it cannot read ends the connection. A store that failed in a way that leaves a
 * change uncertain, or is damaged, ends the process without an answer: the next one looks, and
 *          says. What was lost is recorded: a gap, a worker that ended without its farewell, a
 * start without a stop before it Source   docs/formats/keeper.md
 */
#ifndef CUPEL_SERVER_KEEPER_H
#define CUPEL_SERVER_KEEPER_H

#include "keep_message.h"
#include "keep_page.h"

enum {
    KEEPER_PEERS_MAX = 2304, /* workers of all generations */
    KEEPER_NOTES_MS = 25
};

/* The words of the keeper's own records. */
#define KEEPER_STARTED "keeper.started"
#define KEEPER_STOPPED "keeper.stopped"

struct keeper_settings {
    struct store *store; /* borrowed */
    struct page *page;   /* borrowed; writable */
    int control_fd;      /* from the supervisor: pairs of workers (handover.h); adopted */

    /* Called when everything is ready: the place to give up rights. False ends the process. */
    bool (*confine)(void *arg, struct err *err);
    void *confine_arg;
    /* Called with a new configuration, which stays the caller's: what the store holds follows it.
     * May be NULL. */
    bool (*renew)(void *arg, int config_fd, struct err *err);
    /* Audit records that are older go, some at a time; 0 or NULL: none does. May change by renew.
     */
    const int64_t *retention_seconds;
    /* Called once the state is published. */
    void (*ready)(void *arg);
};

/* Serves until the supervisor and every worker are gone. False with err when it could not begin, or
 * the store failed. */
bool keeper_run(const struct keeper_settings *s, struct err *err) MUST_USE;

#endif
