/*
 * child - a process of ours that another process of ours starts
 *
 * Shape    the same program, run again with --role=worker (or another) and descriptors at fixed
 *          numbers; a control pair on which it says "ready" and is told "drain"
 */
#ifndef CUPEL_SERVER_CHILD_H
#define CUPEL_SERVER_CHILD_H

#include <uv.h>

#include "../base/err.h"

/* Where a child finds what it was given. */
enum {
    CHILD_CONFIG_FD = 3,    /* the configuration, as config_write_handed wrote it */
    CHILD_CONTROL_FD = 4,   /* its end of the control pair */
    CHILD_SIGNER_FD = 5,    /* worker: its end of the pair to the signing process */
    CHILD_METRICS_FD = 6,   /* worker: its page of counters */
    CHILD_LISTEN_FD = 7,    /* worker: the listening socket */
    CHILD_KEEPER_FD = 8,    /* worker: its end of the pair to the keeper */
    CHILD_PAGE_FD = 9,      /* worker, keeper: the state's page */
    CHILD_ISSUERS_FD = 10,  /* worker, fetcher: the page of issuers' keys */
    CHILD_ASK_FD = 11,      /* worker, fetcher: their ends of the socket for asks */
    CHILD_CONTEXTS_FD = 12, /* worker: the page of keys that open contexts */
    CHILD_SPENT_FD = 13,    /* worker: the table of spent challenges */
    CHILD_FDS_MAX = 14
};

struct child {
    uv_process_t process;
    uv_poll_t poll;
    int control_fd; /* our end; -1 once closed */
    bool is_running;
    bool is_ready;
    uint64_t started_ms; /* on the loop's clock */
    int closing;         /* handles that are not closed yet */
    void *owner;         /* the caller's */
    void (*on_ready)(struct child *c);
    /* The process is gone and everything of it is closed: the struct may be used again. */
    void (*on_gone)(struct child *c, int64_t status, int signal);
    int64_t exit_status;
    int exit_signal;
};

/* Starts --role=ROLE. fds[n] becomes descriptor n, from 3 on; -1: none. fds[CHILD_CONTROL_FD] is
 * filled here. owner, on_ready and on_gone are the caller's to set before. After a failure on_gone
 * follows exactly when `closing` is not 0. */
bool child_start(uv_loop_t *loop, struct child *c, const char *role, int fds[CHILD_FDS_MAX],
                 struct err *err) MUST_USE;

/* Asks it to finish what it has begun and end. */
void child_drain(struct child *c);

/* Closes our end of the control pair and leaves the process to itself. */
void child_release(struct child *c);

/* Ends it at once. */
void child_kill(struct child *c);

#endif
