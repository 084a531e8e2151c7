/*
 * generation - one signing process and its workers, all with the same configuration
 *
 * Shape    a reload starts a new generation beside the old one; when all its workers are ready the
 *          old one is left to finish. A worker that ends is replaced, slower each time it does so
 *          again; a signing process that ends takes its generation with it
 */
#ifndef CUPEL_SERVER_GENERATION_H
#define CUPEL_SERVER_GENERATION_H

#include "child.h"
#include "config.h"
#include "keeper_child.h"
#include "metrics.h"

enum {
    GENERATION_WORKERS_MAX = 256,
    RESTART_FIRST_MS = 100,
    RESTART_LONGEST_MS = 5000,
    RESTART_FORGIVEN_MS = 10000 /* who lived that long starts again at the first wait */
};

struct generation;

/* What the owner hears; each is called from the loop. */
struct generation_events {
    void *context;
    void (*ready)(void *context, struct generation *g);  /* all workers serve, the first time */
    void (*failed)(void *context, struct generation *g); /* it cannot begin, or lost its signer */
    void (*worker_lost)(void *context, struct generation *g);
    void (*gone)(void *context, struct generation *g); /* free it now */
};

struct generation_settings {
    uv_loop_t *loop;
    const struct config *config;     /* with CONFIG_WORKERS of 1 or more */
    int listen_fd;                   /* borrowed */
    struct keeper_child *keeper;     /* borrowed */
    int contexts_fd, spent_fd;       /* borrowed; what workers share for the TPM route */
    const struct generation *before; /* whose issuers' keys to begin with, or NULL */
    unsigned number;
    struct generation_events events;
};

/* Starts the processes; NULL with err when not even that can be done. */
struct generation *generation_new(const struct generation_settings *s, struct err *err) MUST_USE;

/* Tells all of it to finish and end; no process is replaced from now on. What has not ended by then
 * is ended. `gone` follows. */
void generation_leave(struct generation *g, uint64_t within_ms);

/* Tells whether something had to be ended that way. */
bool generation_was_late(const struct generation *g);

/* Ends what has not ended yet, at once. */
void generation_kill(struct generation *g);

/* After `gone` only. The pages' counters are added to *kept. */
void generation_free(struct generation *g, struct metrics *kept);

unsigned generation_number(const struct generation *g);
unsigned generation_workers(const struct generation *g);
unsigned generation_workers_ready(const struct generation *g);

/* The pages of the workers, at most `room`; returns how many. */
size_t generation_pages(const struct generation *g, struct metrics **out, size_t room);

#endif
