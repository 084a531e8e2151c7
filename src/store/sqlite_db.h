/*
 * sqlite_db - a connection to SQLite as we want it, and its errors in our words
 *
 * Rule     the first damaged page, and the first write whose end is not known, make it broken: it
 *          refuses everything from then on
 */
#ifndef CUPEL_STORE_SQLITE_DB_H
#define CUPEL_STORE_SQLITE_DB_H

#include <sqlite3.h>

#include "sqlite.h"

struct db {
    sqlite3 *h;
    bool has_collided; /* the last failure was another writer's doing */
    bool is_broken;
};

/* Opens and sets up; what was opened is closed again on failure. */
bool db_open(struct db *d, const struct sqlite_wish *wish, struct err *err) MUST_USE;
void db_close(struct db *d);

/* Notes what SQLite's code means and returns false. */
bool db_fail(struct db *d, int rc, const char *what, struct err *err);

/* Refuses when it is broken. */
bool db_is_whole(const struct db *d, struct err *err) MUST_USE;

/* Runs fixed text. */
bool db_exec(struct db *d, const char *sql, struct err *err) MUST_USE;

/* Prepares a statement that is kept. */
bool db_prepare(struct db *d, const char *sql, sqlite3_stmt **out, struct err *err) MUST_USE;

/* The first column of the first row of fixed text; as text at most room - 1 bytes of it. */
bool db_get_int(struct db *d, const char *sql, int64_t *out, struct err *err) MUST_USE;
bool db_get_text(struct db *d, const char *sql, char *out, size_t room, struct err *err) MUST_USE;

/* Brings the schema up to ours (write modes), or refuses it (sqlite_schema.c). */
bool db_migrate(struct db *d, const struct sqlite_wish *wish, struct err *err) MUST_USE;
int64_t db_schema_version(void);

/* Asks SQLite for a look at all pages. `pragma`: "quick_check" or "integrity_check". */
bool db_look(struct db *d, const char *pragma, struct err *err) MUST_USE;

#endif
