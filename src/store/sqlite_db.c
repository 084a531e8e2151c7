#include "sqlite_db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SQL_ROOM = 256 };

/* What SQLite's codes mean for whoever asked. */
/* clang-format off */
static const struct meaning {
    int code;
    enum err_code means;
    const char *path, *text;
    bool breaks;
} meanings[] = {
    { SQLITE_BUSY,       ERR_CONFLICT,  "store.busy",      "somebody else is writing", false },
    { SQLITE_LOCKED,     ERR_CONFLICT,  "store.busy",      "somebody else is writing", false },
    { SQLITE_CORRUPT,    ERR_IO,        "store.corrupt",   "a page of the file is damaged", true },
    { SQLITE_NOTADB,     ERR_IO,        "store.corrupt",   "the file is no database, or its first page is damaged", true },
    { SQLITE_FULL,       ERR_IO,        "store.full",      "there is no room left on the disk", false },
    { SQLITE_READONLY,   ERR_IO,        "store.read_only", "the file or the disk cannot be written", false },
    { SQLITE_CANTOPEN,   ERR_IO,        "store.io",        "a file of the store cannot be opened", false },
    { SQLITE_PERM,       ERR_IO,        "store.io",        "a file of the store may not be used", false },
    { SQLITE_IOERR,      ERR_IO,        "store.io",        "the disk failed", true },
    { SQLITE_PROTOCOL,   ERR_IO,        "store.io",        "the file's locks do not work here", false },
    { SQLITE_NOMEM,      ERR_MEMORY,    "store",           "no memory for the store", false },
    { SQLITE_TOOBIG,     ERR_LIMIT,     "store",           "a row is too large", false },
    { SQLITE_CONSTRAINT, ERR_CONFLICT,  "store.row",       "the row contradicts another one", false },
};
/* clang-format on */

bool db_fail(struct db *d, int rc, const char *what, struct err *err)
{
    static const struct meaning unknown = { 0, ERR_INTERNAL, "store", "cannot be done", false };
    const struct meaning *m = &unknown;
    int system = d->h ? sqlite3_system_errno(d->h) : 0;

    for (size_t i = 0; i < COUNT(meanings); i++) {
        if (meanings[i].code == (rc & 0xff))
            m = &meanings[i];
    }
    if (m->code == SQLITE_IOERR && (system == ENOSPC || system == EDQUOT || system == EFBIG))
        return db_fail(d, SQLITE_FULL, what, err);
    d->has_collided = strcmp(m->path, "store.busy") == 0;
    d->is_broken = d->is_broken || m->breaks;
    err_fail(err, m->means, NULL, "%s: %s (SQLite %d%s%s)", what, m->text, rc,
             system != 0 ? ", " : "", system != 0 ? strerror(system) : "");
    return err_in(err, m->path);
}

bool db_is_whole(const struct db *d, struct err *err)
{
    return !d->is_broken ||
           err_fail(err, ERR_IO, NULL, "the store failed before and was not opened again since") ||
           err_in(err, "store.corrupt");
}

bool db_exec(struct db *d, const char *sql, struct err *err)
{
    int rc = sqlite3_exec(d->h, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK || db_fail(d, rc, sql, err);
}

bool db_prepare(struct db *d, const char *sql, sqlite3_stmt **out, struct err *err)
{
    int rc = sqlite3_prepare_v3(d->h, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);

    return rc == SQLITE_OK || db_fail(d, rc, "a statement", err);
}

bool db_get_text(struct db *d, const char *sql, char *out, size_t room, struct err *err)
{
    sqlite3_stmt *s = NULL;
    const unsigned char *text;
    int rc;

    if (!db_prepare(d, sql, &s, err))
        return false;
    rc = sqlite3_step(s);
    text = rc == SQLITE_ROW ? sqlite3_column_text(s, 0) : NULL;
    snprintf(out, room, "%s", text ? (const char *)text : "");
    sqlite3_finalize(s);
    return rc == SQLITE_ROW || rc == SQLITE_DONE || db_fail(d, rc, sql, err);
}

bool db_get_int(struct db *d, const char *sql, int64_t *out, struct err *err)
{
    sqlite3_stmt *s = NULL;
    int rc;

    if (!db_prepare(d, sql, &s, err))
        return false;
    rc = sqlite3_step(s);
    *out = rc == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
    sqlite3_finalize(s);
    return rc == SQLITE_ROW || rc == SQLITE_DONE || db_fail(d, rc, sql, err);
}

bool db_look(struct db *d, const char *pragma, struct err *err)
{
    char sql[SQL_ROOM], said[SQL_ROOM];

    snprintf(sql, sizeof sql, "PRAGMA %s(1)", pragma);
    if (!db_get_text(d, sql, said, sizeof said, err))
        return false;
    if (strcmp(said, "ok") == 0)
        return true;
    d->is_broken = true;
    for (char *p = said; *p; p++) {
        if (*p == '\n')
            *p = ' ';
    }
    err_fail(err, ERR_IO, NULL, "%s says: %.120s", pragma, said);
    return err_in(err, "store.corrupt");
}

/* The file's mode is ours to say, and SQLite gives its other files the same. */
static bool make_file(const struct sqlite_wish *wish, struct err *err)
{
    int flags = wish->mode == SQLITE_MAY_READ ? O_RDONLY : O_RDWR;
    int fd = open(wish->path, flags | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0 && errno == ENOENT && wish->mode == SQLITE_MAY_MAKE)
        fd = open(wish->path, flags | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0) {
        close(fd);
        return true;
    }
    if (errno == EROFS || errno == EACCES || errno == EPERM)
        return err_fail(err, ERR_IO, NULL, "%.100s cannot be written: %s", wish->path,
                        strerror(errno)) ||
               err_in(err, "store.read_only");
    if (errno == ENOSPC || errno == EDQUOT)
        return err_fail(err, ERR_IO, NULL, "%.100s: %s", wish->path, strerror(errno)) ||
               err_in(err, "store.full");
    return err_fail(err, errno == ENOENT ? ERR_MISSING : ERR_IO, NULL, "%.100s: %s", wish->path,
                    strerror(errno)) ||
           err_in(err, "store.io");
}

/* Nothing that a file says is believed further than its rows. */
static bool guard(struct db *d, struct err *err)
{
    static const struct {
        int option, value;
    } rows[] = {
        { SQLITE_DBCONFIG_DEFENSIVE, 1 },      { SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
        { SQLITE_DBCONFIG_DQS_DML, 0 },        { SQLITE_DBCONFIG_DQS_DDL, 0 },
        { SQLITE_DBCONFIG_ENABLE_FKEY, 1 },    { SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
        { SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 }, { SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        int rc = sqlite3_db_config(d->h, rows[i].option, rows[i].value, (int *)NULL);

        if (rc != SQLITE_OK)
            return db_fail(d, rc, "a setting", err);
    }
    sqlite3_limit(d->h, SQLITE_LIMIT_ATTACHED, 0);
    return true;
}

/* An empty file is about to become ours; anything else must say that it is. */
static bool is_ours(struct db *d, const struct sqlite_wish *wish, struct err *err)
{
    int64_t id, objects;

    if (!db_get_int(d, "PRAGMA application_id", &id, err) ||
        !db_get_int(d, "SELECT count(*) FROM sqlite_schema", &objects, err))
        return false;
    if (id == SQLITE_APPLICATION_ID || (id == 0 && objects == 0 && wish->mode == SQLITE_MAY_MAKE))
        return true;
    err_fail(err, ERR_MALFORMED, NULL,
             "%.100s is not a store of cupel: its application_id is 0x%08llx, not 0x%08x",
             wish->path, (unsigned long long)id & 0xffffffff, SQLITE_APPLICATION_ID);
    return err_in(err, "store.foreign");
}

static bool set_up_writing(struct db *d, const struct sqlite_wish *wish, struct err *err)
{
    char mode[16], sql[SQL_ROOM];

    if (!db_get_text(d, "PRAGMA journal_mode=WAL", mode, sizeof mode, err))
        return false;
    if (strcmp(mode, "wal") != 0)
        return err_fail(err, ERR_IO, NULL, "the journal stays \"%.15s\": no WAL on this disk",
                        mode) ||
               err_in(err, "store.io");
    snprintf(sql, sizeof sql, "PRAGMA max_page_count=%lld", (long long)wish->pages_max);
    return db_exec(d, "PRAGMA synchronous=FULL", err) &&
           db_exec(d, "PRAGMA journal_size_limit=67108864", err) &&
           (wish->pages_max == 0 || db_exec(d, sql, err));
}

static bool set_up(struct db *d, const struct sqlite_wish *wish, struct err *err)
{
    sqlite3_busy_timeout(d->h, wish->busy_ms == 0  ? STORE_BUSY_MS
                               : wish->busy_ms < 0 ? 0
                                                   : wish->busy_ms);
    return guard(d, err) && db_exec(d, "PRAGMA cell_size_check=ON", err) &&
           db_exec(d, "PRAGMA temp_store=MEMORY", err) && db_exec(d, "PRAGMA mmap_size=0", err) &&
           is_ours(d, wish, err) && (wish->mode == SQLITE_MAY_READ || set_up_writing(d, wish, err));
}

bool db_open(struct db *d, const struct sqlite_wish *wish, struct err *err)
{
    int flags = wish->mode == SQLITE_MAY_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    int rc, seed;

    *d = (struct db){ 0 };
    sqlite3_randomness(sizeof seed, &seed); /* opens its source now, while it may */
    if (!make_file(wish, err))
        return false;
    rc = sqlite3_open_v2(wish->path, &d->h, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                         NULL);
    if ((rc == SQLITE_OK || db_fail(d, rc, "the store", err)) && set_up(d, wish, err))
        return true;
    db_close(d);
    return false;
}

void db_close(struct db *d)
{
    sqlite3_close(d->h);
    d->h = NULL;
}
