/*
 * sqlite - the embedded store: one file, one writer at a time, durable before it says so
 *
 * Shape    WAL, synchronous FULL, STRICT tables, foreign keys, a defensive connection that trusts
 * no schema; one connection of one thread. The schema grows by a table of migrations Checks   when
 * opened: that the file is ours (application_id), that we know its schema, that every page is sound
 * (quick_check); store_sqlite_check adds indexes, references, every seal and the audit chain Errors
 * those of store.h; missing: there is no such file
 */
#ifndef CUPEL_STORE_SQLITE_H
#define CUPEL_STORE_SQLITE_H

#include "audit.h"

/* "Cupl": names our files to tools like file(1), and to us. */
#define SQLITE_APPLICATION_ID 0x4375706c

enum sqlite_mode {
    SQLITE_MAY_MAKE,  /* write, and make the file when there is none */
    SQLITE_MAY_WRITE, /* write; the file is there */
    SQLITE_MAY_READ   /* look only */
};

struct sqlite_wish {
    const char *path;
    enum sqlite_mode mode;
    int64_t now;       /* noted beside the migrations that are made */
    int busy_ms;       /* how long to wait for other writers; 0: STORE_BUSY_MS, -1: not at all */
    int64_t pages_max; /* the file may grow to so many pages; 0: as the disk allows */
};

/* Opens a store; NULL with err. The crypto context is borrowed. */
struct store *store_sqlite_open(const struct sqlite_wish *wish, struct crypto *c,
                                struct err *err) MUST_USE;

/* What a thorough look found. */
struct sqlite_report {
    int64_t schema; /* its version */
    size_t rows[STORE_TABLES];
    struct audit_head head; /* the end of the audit chain */
};

/* Opens the file to look only and checks all there is to check. `expected` may be NULL. */
bool store_sqlite_check(const char *path, struct crypto *c, const struct audit_head *expected,
                        struct sqlite_report *out, struct err *err) MUST_USE;

/* Copies a store, in use or not, into a new file, and checks the copy. Conflict: the file is there
 * already. */
bool store_sqlite_backup(const char *path, const char *to, struct crypto *c,
                         struct sqlite_report *out, struct err *err) MUST_USE;

/* Checks a backup, copies it beside the store and puts the copy in the store's place, whole or not
 * at all; what was there stays as PATH.replaced. Nobody else may have the store open: the caller
 * holds the lock that says so. A record "store.restored" is added to the chain. */
struct sqlite_restore {
    const char *from, *path;
    struct span actor;
    int64_t now;
};
bool store_sqlite_restore(const struct sqlite_restore *wish, struct crypto *c,
                          struct sqlite_report *out, struct err *err) MUST_USE;

#endif
