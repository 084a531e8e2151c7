/*
 * keeper_child - the supervisor's half of the keeper: there is one, whatever generations come and
 * go
 *
 * Shape    the process is started again whenever it ends, slower each time it does so again. The
 *          keeper's ends of the workers' pairs are kept here, too, and given to each keeper anew: a
 *          worker notices a change of keepers only by the greeting
 */
#ifndef CUPEL_SERVER_KEEPER_CHILD_H
#define CUPEL_SERVER_KEEPER_CHILD_H

#include "child.h"
#include "config.h"

struct keeper_child;

/* What the owner hears; each is called from the loop. */
struct keeper_child_events {
    void *context;
    void (*ready)(void *context);  /* the state is published, the first time */
    void (*failed)(void *context); /* it ended before that */
    void (*gone)(void *context);   /* after keeper_child_leave: free it now */
};

struct keeper_child_settings {
    uv_loop_t *loop;
    const struct config *config; /* read while starting: later changes do not reach it */
    struct keeper_child_events events;
};

/* Starts it; NULL with err when not even that can be done. */
struct keeper_child *keeper_child_new(const struct keeper_child_settings *s,
                                      struct err *err) MUST_USE;

/* A pair for a worker: *out is the worker's end, *ticket names the pair. */
bool keeper_child_pair(struct keeper_child *k, int *out, size_t *ticket, struct err *err) MUST_USE;

/* That worker is no more. */
void keeper_child_drop(struct keeper_child *k, size_t ticket);

/* The page, which can only be read. Borrowed. */
int keeper_child_page(const struct keeper_child *k);

/* Has it, and every keeper after it, follow another configuration, of which base_url and
 * audit_retention_days matter to it. */
bool keeper_child_renew(struct keeper_child *k, const struct config *c, struct err *err) MUST_USE;

/* How often it ended unasked. */
uint64_t keeper_child_restarts(const struct keeper_child *k);
bool keeper_child_is_ready(const struct keeper_child *k);

/* Tells it to end once the workers have; who has not within that time is ended. `gone` follows. */
void keeper_child_leave(struct keeper_child *k, uint64_t within_ms);
void keeper_child_free(struct keeper_child *k);

#endif
