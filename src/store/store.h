/*
 * store - what must outlive the process: one small interface, engines behind it
 *
 * Shape    transactions over the tables of record.h. An engine is memory (tests, and a reference
 *          for the others) or SQLite; all pass the same contract test
 * Rule     a transaction is a body. When it collides with another writer it is run again, so it
 *          touches nothing but its transaction and arg. A row that does not match its seal is never
 *          given out
 * Errors   conflict, path "store.busy": others were writing for too long; or the body's own.
 *          uncertain: sent, and the answer lost: repeat it under the same identifier.
 *          io, with the path saying which: "store.full" (disk), "store.read_only", "store.corrupt",
 *          "store.io". unsupported, "store.schema": written by a newer cupel. malformed,
 *          "store.foreign": not a store of ours. After "store.corrupt" an engine refuses everything
 *          until it is opened again
 * Threads  none: a store belongs to one thread
 */
#ifndef CUPEL_STORE_STORE_H
#define CUPEL_STORE_STORE_H

#include "record.h"

enum {
    STORE_ATTEMPTS = 8,              /* of one transaction that collides */
    STORE_BUSY_MS = 5000,            /* how long a writer waits for another one */
    STORE_MEMORY = 256 * 1024 * 1024 /* working memory of one transaction */
};

struct store;
struct tx;
struct engine;

/* Rows of a table: those whose first `fixed` key columns are those of `like`, and whose next key
 * column, an integer one, is above the one and up to the other bound. */
struct store_range {
    const void *like;
    size_t fixed;
    bool is_by_second; /* instead: whose second column is that of `like` */
    bool is_bounded;
    int64_t above, up_to;
    bool is_backward;
    size_t limit; /* 0: all */
};

/* A store in memory; NULL with memory. The crypto context is borrowed. */
struct store *store_memory_new(struct crypto *c, struct err *err) MUST_USE;

/* A store over an engine of the caller's (engine.h), which is adopted in any case. */
struct store *store_over(const struct engine *engine, void *state, struct crypto *c,
                         struct err *err) MUST_USE;

void store_free(struct store *s);

typedef bool store_body(struct tx *tx, void *arg, struct err *err);

/* Runs the body in a transaction that may write, and commits it when the body says true. What was
 * committed is durable when this returns true. */
bool store_run(struct store *s, store_body *body, void *arg, struct err *err) MUST_USE;

/* Runs the body over one consistent view. Writing is refused (internal). */
bool store_view(struct store *s, store_body *body, void *arg, struct err *err) MUST_USE;

/* Inside a body. Rows are checked and sealed here; the caller's seal is not looked at. */

/* Adds a row; conflict, path "store.row", when its key is there. */
bool tx_add(struct tx *tx, enum store_table t, const void *row, struct err *err) MUST_USE;

/* Adds a row, or puts it in place of the one with its key. */
bool tx_put(struct tx *tx, enum store_table t, const void *row, struct err *err) MUST_USE;

/* Removes rows (limit and direction are not looked at). */
bool tx_remove(struct tx *tx, enum store_table t, const struct store_range *range,
               struct err *err) MUST_USE;

/* Rows in the order of their keys, copied into the arena: *rows is an array of the table's
 * struct. */
bool tx_scan(struct tx *tx, enum store_table t, const struct store_range *range, struct arena *a,
             void **rows, size_t *count, struct err *err) MUST_USE;

/* The row whose key is that of `key`; *found says whether there is one. */
bool tx_find(struct tx *tx, enum store_table t, const void *key, struct arena *a, void *out,
             bool *found, struct err *err) MUST_USE;

/* Memory that is forgotten when the body returns. */
struct arena *tx_arena(struct tx *tx);
struct crypto *tx_crypto(struct tx *tx);

#endif
