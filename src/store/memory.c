#include <stdlib.h>
#include <string.h>

#include "engine.h"

/* Rows in the order of their keys, each one block of memory that never changes. */
struct shelf {
    void **rows;
    size_t count, room;
};

/* What a transaction did, to be taken back in reverse. */
struct deed {
    enum store_table table;
    void *row;
    bool was_added; /* else: taken out */
};

struct memory {
    struct shelf shelves[STORE_TABLES];
    struct deed *deeds;
    size_t deed_count, deed_room;
};

static bool no_memory(struct err *err)
{
    return err_fail(err, ERR_MEMORY, NULL, "no memory for a row");
}

static bool grow(void **p, size_t *room, size_t count, size_t each)
{
    size_t wanted = *room ? 2 * *room : 16;
    void *more;

    if (count < *room)
        return true;
    more = realloc(*p, wanted * each);
    if (!more)
        return false;
    *p = more;
    *room = wanted;
    return true;
}

static void *row_new(const struct table *t, const void *row)
{
    size_t n = t->size;
    uint8_t *copy, *at;

    for (size_t i = 0; i < t->column_count; i++)
        n += t->columns[i].type == COLUMN_INT ? 0 : row_span(&t->columns[i], row).n;
    copy = malloc(n);
    if (!copy)
        return NULL;
    memcpy(copy, row, t->size);
    at = copy + t->size;
    for (size_t i = 0; i < t->column_count; i++) {
        const struct column *c = &t->columns[i];
        struct span s;

        if (c->type == COLUMN_INT)
            continue;
        s = row_span(c, row);
        if (s.n > 0)
            memcpy(at, s.p, s.n);
        row_set_span(c, copy, span_of(at, s.n));
        at += s.n;
    }
    return copy;
}

/* The first place at which `is_before` does not hold. */
static size_t search(const struct shelf *s, const struct table *t, const struct store_range *r,
                     bool (*is_before)(const struct table *, const struct store_range *,
                                       const void *))
{
    size_t low = 0, high = s->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (is_before(t, r, s->rows[mid]))
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool is_below(const struct table *t, const struct store_range *r, const void *row)
{
    int order = row_compare(t, row, r->like, r->fixed);

    return order < 0 ||
           (order == 0 && r->is_bounded && row_int(&t->columns[r->fixed], row) <= r->above);
}

static bool is_not_past(const struct table *t, const struct store_range *r, const void *row)
{
    int order = row_compare(t, row, r->like, r->fixed);

    return order < 0 ||
           (order == 0 && (!r->is_bounded || row_int(&t->columns[r->fixed], row) <= r->up_to));
}

static bool has_second(const struct table *t, const struct store_range *r, const void *row)
{
    const struct column *c = &t->columns[t->second];

    return !r->is_by_second || span_equal(row_span(c, row), row_span(c, r->like));
}

static void bounds(const struct memory *m, enum store_table t, const struct store_range *r,
                   size_t *from, size_t *to)
{
    const struct shelf *s = &m->shelves[t];

    *from = r->is_by_second ? 0 : search(s, &store_tables[t], r, is_below);
    *to = r->is_by_second ? s->count : search(s, &store_tables[t], r, is_not_past);
}

static bool note_deed(struct memory *m, enum store_table t, void *row, bool was_added)
{
    if (!grow((void **)&m->deeds, &m->deed_room, m->deed_count, sizeof *m->deeds))
        return false;
    m->deeds[m->deed_count++] = (struct deed){ t, row, was_added };
    return true;
}

static void shelf_take(struct shelf *s, size_t at)
{
    memmove(&s->rows[at], &s->rows[at + 1], (s->count - at - 1) * sizeof *s->rows);
    s->count--;
}

static void shelf_put(struct shelf *s, size_t at, void *row)
{
    memmove(&s->rows[at + 1], &s->rows[at], (s->count - at) * sizeof *s->rows);
    s->rows[at] = row;
    s->count++;
}

static size_t place_of(const struct memory *m, enum store_table t, const void *row)
{
    const struct store_range r = { .like = row, .fixed = store_tables[t].key_count };

    return search(&m->shelves[t], &store_tables[t], &r, is_below);
}

static bool memory_begin(void *state, bool is_write, struct err *err)
{
    (void)state;
    (void)is_write;
    (void)err;
    return true;
}

static bool memory_commit(void *state, struct err *err)
{
    struct memory *m = state;
    (void)err;

    for (size_t i = 0; i < m->deed_count; i++) {
        if (!m->deeds[i].was_added)
            free(m->deeds[i].row);
    }
    m->deed_count = 0;
    return true;
}

static void memory_rollback(void *state)
{
    struct memory *m = state;

    while (m->deed_count > 0) {
        struct deed *d = &m->deeds[--m->deed_count];
        size_t at = place_of(m, d->table, d->row);

        if (d->was_added) {
            shelf_take(&m->shelves[d->table], at);
            free(d->row);
        } else {
            shelf_put(&m->shelves[d->table], at, d->row);
        }
    }
}

static bool take_out(struct memory *m, enum store_table t, size_t at, struct err *err)
{
    if (!note_deed(m, t, m->shelves[t].rows[at], false))
        return no_memory(err);
    shelf_take(&m->shelves[t], at);
    return true;
}

static bool put_in(struct memory *m, enum store_table t, size_t at, const void *row,
                   struct err *err)
{
    struct shelf *s = &m->shelves[t];
    void *copy = row_new(&store_tables[t], row);

    if (!copy || !grow((void **)&s->rows, &s->room, s->count, sizeof *s->rows) ||
        !note_deed(m, t, copy, true)) {
        free(copy);
        return no_memory(err);
    }
    shelf_put(s, at, copy);
    return true;
}

static bool memory_write(void *state, enum store_table t, const void *row, bool replaces,
                         struct err *err)
{
    struct memory *m = state;
    const struct shelf *s = &m->shelves[t];
    const struct table *table = &store_tables[t];
    size_t at = place_of(m, t, row);
    bool is_there = at < s->count && row_compare(table, s->rows[at], row, table->key_count) == 0;

    if (is_there && !replaces)
        return err_fail(err, ERR_CONFLICT, NULL, "a row of %s with that key is there",
                        table->name) ||
               err_in(err, "store.row");
    return (!is_there || take_out(m, t, at, err)) && put_in(m, t, at, row, err);
}

static bool memory_remove(void *state, enum store_table t, const struct store_range *r,
                          struct err *err)
{
    struct memory *m = state;
    size_t from, to;

    bounds(m, t, r, &from, &to);
    while (to > from) {
        to--;
        if (has_second(&store_tables[t], r, m->shelves[t].rows[to]) && !take_out(m, t, to, err))
            return false;
    }
    return true;
}

static bool copy_row(const struct table *t, const void *row, struct arena *a, uint8_t *out,
                     struct err *err)
{
    memcpy(out, row, t->size);
    return row_dup(a, t, out, err);
}

static bool memory_scan(void *state, enum store_table t, const struct store_range *r,
                        struct arena *a, void **rows, size_t *count, struct err *err)
{
    struct memory *m = state;
    const struct table *table = &store_tables[t];
    size_t from, to, room, n = 0;
    uint8_t *out;

    bounds(m, t, r, &from, &to);
    room = r->limit > 0 && r->limit < to - from ? r->limit : to - from;
    out = arena_alloc(a, room, table->size);
    if (!out)
        return arena_fail(a, err);
    for (size_t i = from; i < to && n < room; i++) {
        const void *row = m->shelves[t].rows[r->is_backward ? to - 1 - (i - from) : i];

        if (!has_second(table, r, row))
            continue;
        if (!copy_row(table, row, a, out + n++ * table->size, err))
            return false;
    }
    *rows = out;
    *count = n;
    return true;
}

static bool memory_has_collided(const void *state)
{
    (void)state;
    return false; /* one writer, one thread */
}

static void memory_free(void *state)
{
    struct memory *m = state;

    memory_rollback(m);
    for (size_t t = 0; t < STORE_TABLES; t++) {
        for (size_t i = 0; i < m->shelves[t].count; i++)
            free(m->shelves[t].rows[i]);
        free(m->shelves[t].rows);
    }
    free(m->deeds);
    free(m);
}

static const struct engine memory_engine = {
    .name = "memory",
    .begin = memory_begin,
    .commit = memory_commit,
    .rollback = memory_rollback,
    .write = memory_write,
    .remove = memory_remove,
    .scan = memory_scan,
    .has_collided = memory_has_collided,
    .free = memory_free,
};

const struct engine *store_memory_engine(void)
{
    return &memory_engine;
}

void *store_memory_state(void)
{
    return calloc(1, sizeof(struct memory));
}

struct store *store_memory_new(struct crypto *c, struct err *err)
{
    void *m = store_memory_state();

    if (!m) {
        err_fail(err, ERR_MEMORY, NULL, "no memory for a store");
        return NULL;
    }
    return store_over(&memory_engine, m, c, err);
}
