/*
 * engine - what stands behind a store: rows of tables, and transactions over them
 *
 * Rule     the store above checks and seals rows, runs bodies again and gives up; an engine keeps
 *          rows, in one order, and says truthfully how a commit ended
 */
#ifndef CUPEL_STORE_ENGINE_H
#define CUPEL_STORE_ENGINE_H

#include "store.h"

struct engine {
    const char *name;
    bool (*begin)(void *state, bool is_write, struct err *err);
    /* Ends the transaction in any case. Uncertain: it may or may not have happened. */
    bool (*commit)(void *state, struct err *err);
    void (*rollback)(void *state);
    bool (*write)(void *state, enum store_table t, const void *row, bool replaces, struct err *err);
    bool (*remove)(void *state, enum store_table t, const struct store_range *r, struct err *err);
    bool (*scan)(void *state, enum store_table t, const struct store_range *r, struct arena *a,
                 void **rows, size_t *count, struct err *err);
    /* Whether the last failure was a collision with another writer: worth another attempt. */
    bool (*has_collided)(const void *state);
    void (*free)(void *state);
};

/* The engine in memory and an empty state of it, NULL without memory; for engines between. */
const struct engine *store_memory_engine(void);
void *store_memory_state(void) MUST_USE;

/* As tx_scan, for who checks seals itself. */
bool tx_scan_unsealed(struct tx *tx, enum store_table t, const struct store_range *range,
                      struct arena *a, void **rows, size_t *count, struct err *err) MUST_USE;

#endif
