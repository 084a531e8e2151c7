/*
 * store_desk - a verb at the daemon's store: what it holds, and changes to it while no daemon runs
 *
 * Errors   those of data_dir.h and store.h; close says them as the verb's exit status
 */
#ifndef CUPEL_CLI_STORE_DESK_H
#define CUPEL_CLI_STORE_DESK_H

#include "../store/change.h"
#include "../store/state.h"
#include "data_dir.h"

struct store_desk {
    struct cli *c;
    struct crypto *crypto;
    struct store *store;
    struct state *state;
};

/* Opens the store of --data-dir. `changing` is NULL for a look; otherwise it says, for the message,
 * what a running daemon is to be stopped before. On failure close is still called. */
bool store_desk_open(struct store_desk *d, struct cli *c, const char *changing,
                     struct err *err) MUST_USE;

/* Makes the change, whoever was there before, and takes the state that it left. */
bool store_desk_make(struct store_desk *d, const char *actor, struct change *change,
                     struct change_result *out, struct err *err) MUST_USE;

/* Gives everything back; unless all is well, prints the error. The exit status. */
int store_desk_close(struct store_desk *d, bool is_well, const struct err *e);

#endif
