/*
 * fetcher_child - the supervisor's half of a generation's fetching process
 *
 * Shape    the process is started again whenever it ends, slower each time it does so again; what
 * it published and the socket for asks are kept here, so workers notice nothing. A new generation
 * begins with what the one before published, and a new supervisor with what was kept last in
 * DATA_DIR/issuers.keys (issuer_file.h)
 */
#ifndef CUPEL_SERVER_FETCHER_CHILD_H
#define CUPEL_SERVER_FETCHER_CHILD_H

#include "child.h"

struct fetcher_child;

struct fetcher_child_settings {
    uv_loop_t *loop;
    int config_fd;                      /* borrowed */
    const char *data_dir;               /* borrowed; what was fetched last is kept there */
    const struct fetcher_child *before; /* whose keys to begin with, or NULL */
    void *context;
    void (*gone)(void *context); /* after fetcher_child_leave: free it now */
};

/* Starts it; NULL with err when not even that can be done. */
struct fetcher_child *fetcher_child_new(const struct fetcher_child_settings *s,
                                        struct err *err) MUST_USE;

/* What workers are given: the page, which can only be read, and their end for asks. Borrowed. */
int fetcher_child_page(const struct fetcher_child *f);
int fetcher_child_ask(const struct fetcher_child *f);

/* Tells it to end. `gone` follows. */
void fetcher_child_leave(struct fetcher_child *f);
void fetcher_child_kill(struct fetcher_child *f);
void fetcher_child_free(struct fetcher_child *f);

#endif
