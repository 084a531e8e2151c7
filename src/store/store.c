#include "store.h"

#include <stdlib.h>
#include <string.h>

#include "engine.h"

struct store {
    const struct engine *engine;
    void *state;
    struct crypto *crypto;
};

struct tx {
    struct store *store;
    bool is_write;
    struct arena arena;
};

struct store *store_over(const struct engine *engine, void *state, struct crypto *c,
                         struct err *err)
{
    struct store *s = calloc(1, sizeof *s);

    if (!s) {
        engine->free(state);
        err_fail(err, ERR_MEMORY, NULL, "no memory for a store");
        return NULL;
    }
    *s = (struct store){ engine, state, c };
    return s;
}

void store_free(struct store *s)
{
    if (!s)
        return;
    s->engine->free(s->state);
    free(s);
}

/* One attempt. What the body took from the transaction's memory is given back before the next. */
static bool attempt(struct store *s, bool is_write, store_body *body, void *arg, struct err *err)
{
    struct tx tx = { s, is_write, arena_over(STORE_MEMORY) };
    bool is_done = s->engine->begin(s->state, is_write, err);

    if (!is_done)
        return false;
    is_done = body(&tx, arg, err);
    arena_fini(&tx.arena);
    if (is_done && is_write)
        return s->engine->commit(s->state, err);
    s->engine->rollback(s->state);
    return is_done;
}

static bool run(struct store *s, bool is_write, store_body *body, void *arg, struct err *err)
{
    struct err first = { 0 };

    for (int i = 0; i < STORE_ATTEMPTS; i++) {
        struct err why = { 0 };

        if (attempt(s, is_write, body, arg, &why))
            return true;
        first = why;
        if (why.code != ERR_CONFLICT || !s->engine->has_collided(s->state))
            break;
    }
    if (err && err->code == ERR_NONE)
        *err = first;
    return false;
}

bool store_run(struct store *s, store_body *body, void *arg, struct err *err)
{
    return run(s, true, body, arg, err);
}

bool store_view(struct store *s, store_body *body, void *arg, struct err *err)
{
    return run(s, false, body, arg, err);
}

/* Copies the row's struct, so that the seal can be set beside what the caller keeps. */
union any_row {
    struct store_meta meta;
    struct store_instance instance;
    struct store_policy policy;
    struct store_published published;
    struct store_certificate certificate;
    struct store_role role;
    struct store_token token;
    struct store_done done;
    struct store_explanation explanation;
    struct store_audit audit;
};

static const struct column *seal_of(const struct table *t)
{
    return &t->columns[t->column_count - 1];
}

static bool write_row(struct tx *tx, enum store_table t, const void *row, bool replaces,
                      struct err *err)
{
    const struct table *table = &store_tables[t];
    uint8_t seal[ROW_SEAL_SIZE];
    union any_row copy;

    if (!tx->is_write)
        return err_fail(err, ERR_INTERNAL, NULL, "a view does not write");
    if (!row_check(table, row, err) || !row_seal(tx->store->crypto, table, row, seal, err))
        return false;
    memcpy(&copy, row, table->size);
    row_set_span(seal_of(table), &copy, span_of(seal, sizeof seal));
    return tx->store->engine->write(tx->store->state, t, &copy, replaces, err);
}

bool tx_add(struct tx *tx, enum store_table t, const void *row, struct err *err)
{
    return write_row(tx, t, row, false, err);
}

bool tx_put(struct tx *tx, enum store_table t, const void *row, struct err *err)
{
    return write_row(tx, t, row, true, err);
}

bool tx_remove(struct tx *tx, enum store_table t, const struct store_range *range, struct err *err)
{
    if (!tx->is_write)
        return err_fail(err, ERR_INTERNAL, NULL, "a view does not write");
    return tx->store->engine->remove(tx->store->state, t, range, err);
}

bool tx_scan_unsealed(struct tx *tx, enum store_table t, const struct store_range *range,
                      struct arena *a, void **rows, size_t *count, struct err *err)
{
    return tx->store->engine->scan(tx->store->state, t, range, a, rows, count, err);
}

bool tx_scan(struct tx *tx, enum store_table t, const struct store_range *range, struct arena *a,
             void **rows, size_t *count, struct err *err)
{
    const struct table *table = &store_tables[t];
    uint8_t seal[ROW_SEAL_SIZE];
    void *found = NULL;
    size_t n = 0;

    if (!tx_scan_unsealed(tx, t, range, a, &found, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        const void *row = (const uint8_t *)found + i * table->size;

        if (!row_seal(tx->store->crypto, table, row, seal, err))
            return false;
        if (!span_equal(row_span(seal_of(table), row), span_of(seal, sizeof seal)))
            return err_fail(err, ERR_IO, NULL, "a row of %s does not match its seal",
                            table->name) ||
                   err_in(err, "store.corrupt");
    }
    *rows = found;
    *count = n;
    return true;
}

bool tx_find(struct tx *tx, enum store_table t, const void *key, struct arena *a, void *out,
             bool *found, struct err *err)
{
    const struct store_range range = { .like = key,
                                       .fixed = store_tables[t].key_count,
                                       .limit = 1 };
    void *rows;
    size_t count;

    if (!tx_scan(tx, t, &range, a, &rows, &count, err))
        return false;
    *found = count > 0;
    if (count > 0)
        memcpy(out, rows, store_tables[t].size);
    return true;
}

struct arena *tx_arena(struct tx *tx)
{
    return &tx->arena;
}

struct crypto *tx_crypto(struct tx *tx)
{
    return tx->store->crypto;
}
