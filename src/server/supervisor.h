/*
 * supervisor - binds the addresses, starts the other processes, and sees to it that they are there
 *
 * Shape    SIGHUP: the configuration is read again and a new generation started with it; the old
 *          one serves until the new one is ready. SIGTERM, SIGINT: nothing new is taken, what is
 *          begun is finished within drain_seconds, exit status 0
 * Rule     it reads nothing that a client sent and holds no signing key. What was bound stays
 *          bound: listen, admin_listen and data_dir change with a restart only
 */
#ifndef CUPEL_SERVER_SUPERVISOR_H
#define CUPEL_SERVER_SUPERVISOR_H

#include "config.h"

enum supervisor_exit { SUPERVISOR_EXIT_CLEAN = 0, SUPERVISOR_EXIT_FAILED = 70 };

/* Where the configuration came from, so that it can be read again. */
struct supervisor_source {
    int argc;
    const char *const *argv;
    const char *const *environment;
};

/* Runs until it is told to stop. The configuration is adopted. */
int supervisor_run(struct config *config, const struct supervisor_source *source);

#endif
