#include "sqlite.h"

#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "sqlite_db.h"

enum {
    SQL_ROOM = 1024,
    SHAPES = 32, /* of a range: fixed columns, bounds, direction, by the second column */
    ROWS_FIRST = 8,
    PLACE_ABOVE = 4, /* numbers of parameters; 1 .. 3 are key columns */
    PLACE_UP_TO = 5,
    PLACE_LIMIT = 6
};

struct engine_state {
    struct db db;
    sqlite3_stmt *begin_write, *begin_read, *commit, *rollback;
    sqlite3_stmt *write[STORE_TABLES][2];
    sqlite3_stmt *scan[STORE_TABLES][SHAPES];
    sqlite3_stmt *remove[STORE_TABLES][SHAPES];
};

/* Runs a statement that gives no rows. */
static bool finish(struct engine_state *e, sqlite3_stmt *s, const char *what, struct err *err)
{
    int rc = sqlite3_step(s);

    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return rc == SQLITE_DONE || db_fail(&e->db, rc, what, err);
}

static bool engine_begin(void *state, bool is_write, struct err *err)
{
    struct engine_state *e = state;

    e->db.has_collided = false;
    return db_is_whole(&e->db, err) &&
           finish(e, is_write ? e->begin_write : e->begin_read, "begin", err);
}

static void engine_rollback(void *state)
{
    struct engine_state *e = state;

    if (sqlite3_get_autocommit(e->db.h))
        return; /* SQLite has done so already, as it does when a disk is full */
    sqlite3_step(e->rollback);
    sqlite3_reset(e->rollback);
}

/* When the disk fails while the last page is on its way, the change may be found when the file is
 * next opened: that is what uncertain means, and why nothing goes on before. */
static bool engine_commit(void *state, struct err *err)
{
    struct engine_state *e = state;
    struct err why = { 0 };

    if (finish(e, e->commit, "commit", &why))
        return true;
    engine_rollback(e);
    if (strcmp(why.path, "store.io") == 0)
        why.code = ERR_UNCERTAIN;
    if (err && err->code == ERR_NONE)
        *err = why;
    return false;
}

static void names_write(struct writer *w, const struct table *t)
{
    for (size_t i = 0; i < t->column_count; i++)
        write_format(w, "%s%s", i ? ", " : "", t->columns[i].name);
}

static void insert_write(struct writer *w, const struct table *t, bool replaces)
{
    write_format(w, "INSERT INTO %s(", t->name);
    names_write(w, t);
    write_text(w, ") VALUES(");
    for (size_t i = 0; i < t->column_count; i++)
        write_format(w, "%s?%zu", i ? ", " : "", i + 1);
    write_u8(w, ')');
    if (!replaces)
        return;
    write_text(w, " ON CONFLICT(");
    for (size_t i = 0; i < t->key_count; i++)
        write_format(w, "%s%s", i ? ", " : "", t->columns[i].name);
    write_text(w, ") DO UPDATE SET ");
    for (size_t i = t->key_count; i < t->column_count; i++)
        write_format(w, "%s%s = excluded.%s", i > t->key_count ? ", " : "", t->columns[i].name,
                     t->columns[i].name);
}

static void where_write(struct writer *w, const struct table *t, const struct store_range *r)
{
    size_t fixed = r->is_by_second ? 0 : r->fixed;

    write_text(w, " WHERE true");
    if (r->is_by_second)
        write_format(w, " AND %s = ?1", t->columns[t->second].name);
    for (size_t i = 0; i < fixed; i++)
        write_format(w, " AND %s = ?%zu", t->columns[i].name, i + 1);
    if (r->is_bounded && !r->is_by_second)
        write_format(w, " AND %s > ?%d AND %s <= ?%d", t->columns[fixed].name, PLACE_ABOVE,
                     t->columns[fixed].name, PLACE_UP_TO);
}

static void select_write(struct writer *w, const struct table *t, const struct store_range *r)
{
    write_text(w, "SELECT ");
    names_write(w, t);
    write_format(w, " FROM %s", t->name);
    where_write(w, t, r);
    write_text(w, " ORDER BY ");
    for (size_t i = 0; i < t->key_count; i++)
        write_format(w, "%s%s%s", i ? ", " : "", t->columns[i].name, r->is_backward ? " DESC" : "");
    write_format(w, " LIMIT ?%d", PLACE_LIMIT);
}

static void delete_write(struct writer *w, const struct table *t, const struct store_range *r)
{
    write_format(w, "DELETE FROM %s", t->name);
    where_write(w, t, r);
}

static bool prepared(struct engine_state *e, struct writer *w, sqlite3_stmt **out, struct err *err)
{
    write_u8(w, 0);
    if (w->has_failed)
        return err_fail(err, ERR_INTERNAL, NULL, "a statement is longer than %d bytes", SQL_ROOM);
    return db_prepare(&e->db, (const char *)w->p, out, err);
}

static size_t shape_of(const struct store_range *r)
{
    return (r->fixed << 3) | ((size_t)r->is_bounded << 2) | ((size_t)r->is_backward << 1) |
           (size_t)r->is_by_second;
}

static bool range_statement(struct engine_state *e, sqlite3_stmt **kept, enum store_table t,
                            const struct store_range *r,
                            void (*write)(struct writer *, const struct table *,
                                          const struct store_range *),
                            struct err *err)
{
    char sql[SQL_ROOM];
    struct writer w = writer_over(sql, sizeof sql);

    if (*kept)
        return true;
    write(&w, &store_tables[t], r);
    return prepared(e, &w, kept, err);
}

/* The bytes stay the caller's until the statement is done. */
static int bind_column(sqlite3_stmt *s, int at, const struct column *c, const void *row)
{
    struct span v;

    if (c->type == COLUMN_INT)
        return sqlite3_bind_int64(s, at, row_int(c, row));
    v = row_span(c, row);
    if (v.n == 0)
        v.p = (const uint8_t *)"";
    return c->type == COLUMN_TEXT
               ? sqlite3_bind_text64(s, at, (const char *)v.p, v.n, SQLITE_STATIC, SQLITE_UTF8)
               : sqlite3_bind_blob64(s, at, v.p, v.n, SQLITE_STATIC);
}

static bool bind_range(struct engine_state *e, sqlite3_stmt *s, enum store_table t,
                       const struct store_range *r, struct err *err)
{
    const struct table *table = &store_tables[t];
    int rc = SQLITE_OK;

    if (r->is_by_second)
        rc = bind_column(s, 1, &table->columns[table->second], r->like);
    for (size_t i = 0; rc == SQLITE_OK && !r->is_by_second && i < r->fixed; i++)
        rc = bind_column(s, (int)i + 1, &table->columns[i], r->like);
    if (rc == SQLITE_OK && r->is_bounded && !r->is_by_second)
        rc = sqlite3_bind_int64(s, PLACE_ABOVE, r->above) |
             sqlite3_bind_int64(s, PLACE_UP_TO, r->up_to);
    return rc == SQLITE_OK || db_fail(&e->db, rc, "a value", err);
}

static bool engine_write(void *state, enum store_table t, const void *row, bool replaces,
                         struct err *err)
{
    struct engine_state *e = state;
    const struct table *table = &store_tables[t];
    sqlite3_stmt **s = &e->write[t][replaces];
    char sql[SQL_ROOM];
    struct writer w = writer_over(sql, sizeof sql);

    if (!*s) {
        insert_write(&w, table, replaces);
        if (!prepared(e, &w, s, err))
            return false;
    }
    for (size_t i = 0; i < table->column_count; i++) {
        int rc = bind_column(*s, (int)i + 1, &table->columns[i], row);

        if (rc != SQLITE_OK)
            return db_fail(&e->db, rc, table->name, err);
    }
    return finish(e, *s, table->name, err);
}

static bool engine_remove(void *state, enum store_table t, const struct store_range *range,
                          struct err *err)
{
    struct engine_state *e = state;
    struct store_range r = *range;
    sqlite3_stmt **s;

    r.is_backward = false;
    s = &e->remove[t][shape_of(&r)];
    return range_statement(e, s, t, &r, delete_write, err) && bind_range(e, *s, t, &r, err) &&
           finish(e, *s, store_tables[t].name, err);
}

/* STRICT tables hold one type in a column; another one there is damage. */
static bool read_column(struct engine_state *e, sqlite3_stmt *s, int at, const struct column *c,
                        void *row, struct arena *a, struct err *err)
{
    static const int types[] = {
        [COLUMN_INT] = SQLITE_INTEGER, [COLUMN_TEXT] = SQLITE_TEXT, [COLUMN_BYTES] = SQLITE_BLOB
    };
    const void *p;
    struct span v;

    if (sqlite3_column_type(s, at) != types[c->type])
        return db_fail(&e->db, SQLITE_CORRUPT, c->name, err);
    if (c->type == COLUMN_INT) {
        row_set_int(c, row, sqlite3_column_int64(s, at));
        return true;
    }
    p = sqlite3_column_blob(s, at);
    v = arena_dup(a, span_of(p, (size_t)sqlite3_column_bytes(s, at)));
    row_set_span(c, row, v);
    return v.p || arena_fail(a, err);
}

static bool read_row(struct engine_state *e, sqlite3_stmt *s, const struct table *t, void *row,
                     struct arena *a, struct err *err)
{
    for (size_t i = 0; i < t->column_count; i++) {
        if (!read_column(e, s, (int)i, &t->columns[i], row, a, err))
            return false;
    }
    return true;
}

/* An array of rows that grows in an arena: twice as long each time. */
struct rows {
    uint8_t *p;
    size_t count, room, each;
};

static void *rows_next(struct rows *r, struct arena *a)
{
    if (r->count == r->room) {
        size_t room = r->room ? 2 * r->room : ROWS_FIRST;
        uint8_t *more = arena_alloc(a, room, r->each);

        if (!more)
            return NULL;
        if (r->count > 0)
            memcpy(more, r->p, r->count * r->each);
        r->p = more;
        r->room = room;
    }
    return r->p + r->count++ * r->each;
}

static bool read_rows(struct engine_state *e, sqlite3_stmt *s, const struct table *t,
                      struct rows *out, struct arena *a, struct err *err)
{
    int rc;

    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        void *row = rows_next(out, a);

        if (!row)
            return arena_fail(a, err);
        if (!read_row(e, s, t, row, a, err))
            return false;
    }
    return rc == SQLITE_DONE || db_fail(&e->db, rc, t->name, err);
}

static bool engine_scan(void *state, enum store_table t, const struct store_range *r,
                        struct arena *a, void **rows, size_t *count, struct err *err)
{
    struct engine_state *e = state;
    sqlite3_stmt **s = &e->scan[t][shape_of(r)];
    struct rows found = { .each = store_tables[t].size };
    bool is_read;

    if (!range_statement(e, s, t, r, select_write, err) || !bind_range(e, *s, t, r, err))
        return false;
    sqlite3_bind_int64(*s, PLACE_LIMIT, r->limit > 0 ? (int64_t)r->limit : -1);
    is_read = read_rows(e, *s, &store_tables[t], &found, a, err);
    sqlite3_reset(*s);
    sqlite3_clear_bindings(*s);
    *rows = found.p;
    *count = found.count;
    return is_read;
}

static bool engine_has_collided(const void *state)
{
    const struct engine_state *e = state;

    return e->db.has_collided;
}

static void drop(sqlite3_stmt **all, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sqlite3_finalize(all[i]);
}

static void engine_free(void *state)
{
    struct engine_state *e = state;

    engine_rollback(e);
    sqlite3_finalize(e->begin_write);
    sqlite3_finalize(e->begin_read);
    sqlite3_finalize(e->commit);
    sqlite3_finalize(e->rollback);
    for (size_t t = 0; t < STORE_TABLES; t++) {
        drop(e->write[t], COUNT(e->write[t]));
        drop(e->scan[t], SHAPES);
        drop(e->remove[t], SHAPES);
    }
    db_close(&e->db);
    free(e);
}

static const struct engine sqlite_engine = {
    .name = "sqlite",
    .begin = engine_begin,
    .commit = engine_commit,
    .rollback = engine_rollback,
    .write = engine_write,
    .remove = engine_remove,
    .scan = engine_scan,
    .has_collided = engine_has_collided,
    .free = engine_free,
};

static bool ready(struct engine_state *e, const struct sqlite_wish *wish, struct err *err)
{
    return db_migrate(&e->db, wish, err) && db_look(&e->db, "quick_check", err) &&
           db_prepare(&e->db, "BEGIN IMMEDIATE", &e->begin_write, err) &&
           db_prepare(&e->db, "BEGIN", &e->begin_read, err) &&
           db_prepare(&e->db, "COMMIT", &e->commit, err) &&
           db_prepare(&e->db, "ROLLBACK", &e->rollback, err);
}

struct store *store_sqlite_open(const struct sqlite_wish *wish, struct crypto *c, struct err *err)
{
    struct engine_state *e = calloc(1, sizeof *e);

    if (!e) {
        err_fail(err, ERR_MEMORY, NULL, "no memory for a store");
        return NULL;
    }
    if (!db_open(&e->db, wish, err)) {
        free(e);
        return NULL;
    }
    if (ready(e, wish, err))
        return store_over(&sqlite_engine, e, c, err);
    engine_free(e);
    return NULL;
}
