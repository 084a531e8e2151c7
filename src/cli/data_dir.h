/*
 * data_dir - the daemon's data directory, as verbs that look into its store see it
 *
 * Rule     looking is fine at any time; changing only while no daemon runs there, which the lock
 * says
 */
#ifndef CUPEL_CLI_DATA_DIR_H
#define CUPEL_CLI_DATA_DIR_H

#include "../store/sqlite.h"
#include "cli.h"

#define DATA_DIR_DEFAULT "/var/lib/cupel"
#define DATA_DIR_STORE   "store/cupel.db"

/* A path inside the directory of --data-dir; NULL: no memory. */
const char *data_dir_path(struct cli *c, const char *name);

/* Takes the lock that a running daemon holds; it is ours until this process ends. `what` is for the
 * message: "stop it before restoring". */
bool data_dir_lock(struct cli *c, const char *what, struct err *err) MUST_USE;

/* Opens the store there; NULL with err. */
struct store *data_dir_store(struct cli *c, enum sqlite_mode mode, struct crypto *crypto,
                             struct err *err) MUST_USE;

#endif
