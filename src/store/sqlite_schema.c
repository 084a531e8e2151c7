#include <stdio.h>

#include "sqlite_db.h"

/*
 * The schema, step by step. A step that was once released never changes: a new one follows it.
 * Tables without a row number of their own are one tree in the order of their key, so that there is
 * no index beside them that could say something else.
 */
/* clang-format off */
static const struct migration {
    const char *name;
    const char *sql;
} migrations[] = {
    { "first tables",
      "CREATE TABLE migrations(version INTEGER PRIMARY KEY, name TEXT NOT NULL, cupel TEXT NOT NULL,"
      " at INTEGER NOT NULL) STRICT;"
      "CREATE TABLE meta(name TEXT NOT NULL PRIMARY KEY, text TEXT NOT NULL, number INTEGER NOT NULL,"
      " seal BLOB NOT NULL) STRICT, WITHOUT ROWID;"
      "CREATE TABLE instances(name TEXT NOT NULL PRIMARY KEY, host TEXT NOT NULL, issuer TEXT NOT NULL,"
      " trust_model TEXT NOT NULL, location TEXT NOT NULL, subscription TEXT NOT NULL,"
      " resource_group TEXT NOT NULL, tags TEXT NOT NULL, tcb_profile TEXT NOT NULL,"
      " policy_profile TEXT NOT NULL, settings TEXT NOT NULL, public_network INTEGER NOT NULL,"
      " tpm_authentication INTEGER NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL,"
      " version INTEGER NOT NULL, authority INTEGER NOT NULL, seal BLOB NOT NULL) STRICT, WITHOUT ROWID;"
      "CREATE UNIQUE INDEX instances_by_host ON instances(host);"
      "CREATE TABLE policies(instance TEXT NOT NULL REFERENCES instances(name), type TEXT NOT NULL,"
      " version INTEGER NOT NULL, jws TEXT NOT NULL, text BLOB NOT NULL, hash TEXT NOT NULL,"
      " token_hash TEXT NOT NULL, signer TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL,"
      " seal BLOB NOT NULL, PRIMARY KEY(instance, type, version)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE published(instance TEXT NOT NULL, type TEXT NOT NULL, version INTEGER NOT NULL,"
      " seal BLOB NOT NULL, PRIMARY KEY(instance, type),"
      " FOREIGN KEY(instance, type, version) REFERENCES policies(instance, type, version))"
      " STRICT, WITHOUT ROWID;"
      "CREATE TABLE certificates(instance TEXT NOT NULL REFERENCES instances(name),"
      " digest BLOB NOT NULL, thumbprint TEXT NOT NULL, der BLOB NOT NULL, jwk TEXT NOT NULL,"
      " at INTEGER NOT NULL, by TEXT NOT NULL, seal BLOB NOT NULL, PRIMARY KEY(instance, digest))"
      " STRICT, WITHOUT ROWID;"
      "CREATE TABLE roles(instance TEXT NOT NULL, principal TEXT NOT NULL, role TEXT NOT NULL,"
      " at INTEGER NOT NULL, by TEXT NOT NULL, seal BLOB NOT NULL,"
      " PRIMARY KEY(instance, principal, role)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE tokens(digest BLOB NOT NULL PRIMARY KEY, name TEXT NOT NULL,"
      " instance TEXT NOT NULL, role TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL,"
      " by TEXT NOT NULL, seal BLOB NOT NULL) STRICT, WITHOUT ROWID;"
      "CREATE TABLE changes(id BLOB NOT NULL PRIMARY KEY, revision INTEGER NOT NULL,"
      " version INTEGER NOT NULL, record INTEGER NOT NULL, is_changed INTEGER NOT NULL,"
      " seal BLOB NOT NULL) STRICT, WITHOUT ROWID;"
      "CREATE TABLE explanations(number INTEGER PRIMARY KEY, request_id TEXT NOT NULL,"
      " at INTEGER NOT NULL, instance TEXT NOT NULL, text TEXT NOT NULL, seal BLOB NOT NULL) STRICT;"
      "CREATE INDEX explanations_by_request ON explanations(request_id);"
      "CREATE TABLE audit(number INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL,"
      " action TEXT NOT NULL, instance TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL,"
      " previous BLOB NOT NULL, hash BLOB NOT NULL) STRICT;" },
};
/* clang-format on */

enum { SQL_ROOM = 128 };

int64_t db_schema_version(void)
{
    return COUNT(migrations);
}

static bool note_step(struct db *d, int64_t version, int64_t now, struct err *err)
{
    sqlite3_stmt *s = NULL;
    int rc;

    if (!db_prepare(d, "INSERT INTO migrations(version, name, cupel, at) VALUES(?1, ?2, ?3, ?4)",
                    &s, err))
        return false;
    sqlite3_bind_int64(s, 1, version);
    sqlite3_bind_text(s, 2, migrations[version - 1].name, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 3, CUPEL_VERSION, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 4, now);
    rc = sqlite3_step(s);
    sqlite3_finalize(s);
    return rc == SQLITE_DONE || db_fail(d, rc, "a migration", err);
}

/* The step, the note about it and the new version number are one transaction. */
static bool step(struct db *d, int64_t version, int64_t now, struct err *err)
{
    char sql[SQL_ROOM];

    snprintf(sql, sizeof sql, "PRAGMA application_id=%d; PRAGMA user_version=%lld",
             SQLITE_APPLICATION_ID, (long long)version);
    return db_exec(d, migrations[version - 1].sql, err) && note_step(d, version, now, err) &&
           db_exec(d, sql, err);
}

/* Asked again inside the transaction: two may have opened a new file at once. */
static bool climb(struct db *d, int64_t now, struct err *err)
{
    int64_t have;
    bool is_done;

    if (!db_exec(d, "BEGIN IMMEDIATE", err))
        return false;
    is_done = db_get_int(d, "PRAGMA user_version", &have, err);
    for (int64_t v = have + 1; is_done && v <= db_schema_version(); v++)
        is_done = step(d, v, now, err);
    if (is_done && db_exec(d, "COMMIT", err))
        return true;
    sqlite3_exec(d->h, "ROLLBACK", NULL, NULL, NULL);
    return false;
}

static bool refuse(int64_t have, struct err *err)
{
    err_fail(err, ERR_UNSUPPORTED, NULL, "the schema is version %lld, and this cupel knows %lld",
             (long long)have, (long long)db_schema_version());
    return err_in(err, "store.schema");
}

bool db_migrate(struct db *d, const struct sqlite_wish *wish, struct err *err)
{
    int64_t have;

    if (!db_get_int(d, "PRAGMA user_version", &have, err))
        return false;
    if (have < 0 || have > db_schema_version())
        return refuse(have, err);
    if (have == db_schema_version())
        return true;
    return wish->mode == SQLITE_MAY_READ ? refuse(have, err) : climb(d, wish->now, err);
}
