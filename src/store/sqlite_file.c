#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../host/file.h"
#include "engine.h"
#include "sqlite_db.h"

enum { PAGES_PER_STEP = 1024, BUSY_PAUSE_MS = 50, BUSY_PAUSES_MAX = 200, SCAN_MEMORY = 1 << 28 };

static bool fail_system(struct err *err, const char *what, const char *path)
{
    bool is_full = errno == ENOSPC || errno == EDQUOT;

    err_fail(err, ERR_IO, NULL, "%s %.100s: %s", what, path, strerror(errno));
    return err_in(err, is_full ? "store.full" : "store.io");
}

static bool path_of(char out[FILE_PATH_MAX], const char *path, const char *ending, struct err *err)
{
    int n = snprintf(out, FILE_PATH_MAX, "%s%s", path, ending);

    return (n > 0 && n < FILE_PATH_MAX) ||
           err_fail(err, ERR_LIMIT, NULL, "the path is longer than %d bytes", FILE_PATH_MAX);
}

static bool sync_path(const char *path, bool is_dir, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | (is_dir ? O_DIRECTORY : 0));
    bool is_synced = fd >= 0 && fsync(fd) == 0;

    if (!is_synced)
        fail_system(err, "cannot sync", path);
    if (fd >= 0)
        close(fd);
    return is_synced;
}

static bool sync_dir_of(const char *path, struct err *err)
{
    char dir[FILE_PATH_MAX];
    const char *slash = strrchr(path, '/');

    snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
    return sync_path(dir, true, err);
}

/* Looking thoroughly. */

/* Every row is read, so every seal is compared. Page by page where there may be many. */
static bool count_rows(struct tx *tx, void *arg, struct err *err)
{
    struct sqlite_report *out = arg;
    struct arena a = arena_over(SCAN_MEMORY);
    bool is_well = true;

    for (int t = 0; t < STORE_TABLES && is_well; t++) {
        const bool is_numbered = t == STORE_AUDIT || t == STORE_EXPLANATIONS;
        struct store_range range = { .is_bounded = is_numbered,
                                     .up_to = INT64_MAX,
                                     .limit = is_numbered ? AUDIT_PAGE : 0 };
        void *rows = NULL;
        size_t n;

        out->rows[t] = 0;
        do {
            arena_reset(&a);
            n = 0;
            is_well = tx_scan(tx, (enum store_table)t, &range, &a, &rows, &n, err);
            out->rows[t] += n;
            if (n > 0 && is_numbered)
                range.above = row_int(&store_tables[t].columns[0],
                                      (uint8_t *)rows + (n - 1) * store_tables[t].size);
        } while (is_well && is_numbered && n == AUDIT_PAGE);
    }
    arena_fini(&a);
    return is_well;
}

static bool look_at_pages(const struct sqlite_wish *wish, struct sqlite_report *out,
                          struct err *err)
{
    struct db d;
    char said[64];
    bool is_well;

    if (!db_open(&d, wish, err))
        return false;
    is_well = db_get_int(&d, "PRAGMA user_version", &out->schema, err) &&
              db_migrate(&d, wish, err) && db_look(&d, "integrity_check", err) &&
              db_get_text(&d, "PRAGMA foreign_key_check", said, sizeof said, err);
    if (is_well && said[0] != '\0')
        is_well =
            err_fail(err, ERR_IO, NULL, "a row of %s names another that is not there", said) ||
            err_in(err, "store.corrupt");
    db_close(&d);
    return is_well;
}

bool store_sqlite_check(const char *path, struct crypto *c, const struct audit_head *expected,
                        struct sqlite_report *out, struct err *err)
{
    const struct sqlite_wish wish = { .path = path, .mode = SQLITE_MAY_READ };
    struct sqlite_report report = { 0 };
    struct store *s;
    bool is_well;

    if (!look_at_pages(&wish, &report, err))
        return false;
    s = store_sqlite_open(&wish, c, err);
    is_well = s && audit_verify(s, expected, &report.head, err) &&
              store_view(s, count_rows, &report, err);
    store_free(s);
    if (is_well)
        *out = report;
    return is_well;
}

/* Copying. */

/* A writer may be at work on the source: its pages are asked for again. */
static int copy_pages(sqlite3_backup *b)
{
    int rc, pauses = 0;

    do {
        rc = sqlite3_backup_step(b, PAGES_PER_STEP);
        if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
            sqlite3_sleep(BUSY_PAUSE_MS);
        else
            pauses = 0;
    } while (rc == SQLITE_OK ||
             ((rc == SQLITE_BUSY || rc == SQLITE_LOCKED) && ++pauses < BUSY_PAUSES_MAX));
    return rc;
}

static bool copy_into(struct db *from, struct db *to, struct err *err)
{
    sqlite3_backup *b = sqlite3_backup_init(to->h, "main", from->h, "main");
    int rc;

    if (!b)
        return db_fail(to, sqlite3_errcode(to->h), "the copy", err);
    rc = copy_pages(b);
    sqlite3_backup_finish(b);
    return rc == SQLITE_DONE || db_fail(rc == SQLITE_CORRUPT ? from : to, rc, "the copy", err);
}

/* The copy is one file: without a write-ahead log beside it. */
static bool open_copy(struct db *to, const char *path, struct err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int rc;

    *to = (struct db){ 0 };
    if (fd < 0)
        return fail_system(err, "cannot make", path);
    close(fd);
    rc = sqlite3_open_v2(path, &to->h,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    return rc == SQLITE_OK || db_fail(to, rc, "the copy", err);
}

static bool copy(const char *from, const char *to, struct err *err)
{
    const struct sqlite_wish wish = { .path = from, .mode = SQLITE_MAY_READ };
    struct db source, target = { 0 };
    char mode[16] = "";
    bool is_copied;

    if (!db_open(&source, &wish, err))
        return false;
    is_copied = open_copy(&target, to, err) && copy_into(&source, &target, err) &&
                db_get_text(&target, "PRAGMA journal_mode=DELETE", mode, sizeof mode, err);
    if (is_copied && strcmp(mode, "delete") != 0)
        is_copied = err_fail(err, ERR_IO, NULL, "the copy keeps its journal \"%.15s\"", mode) ||
                    err_in(err, "store.io");
    db_close(&target);
    db_close(&source);
    return is_copied && sync_path(to, false, err);
}

bool store_sqlite_backup(const char *path, const char *to, struct crypto *c,
                         struct sqlite_report *out, struct err *err)
{
    char beside[FILE_PATH_MAX];
    bool is_done;

    if (file_exists(to))
        return err_fail(err, ERR_CONFLICT, NULL, "%.100s is there already", to);
    if (!path_of(beside, to, ".part", err))
        return false;
    unlink(beside);
    is_done = copy(path, beside, err) && store_sqlite_check(beside, c, NULL, out, err);
    if (is_done && link(beside, to) != 0) /* unlike rename, replaces nothing */
        is_done = fail_system(err, "cannot make", to);
    unlink(beside);
    return is_done && sync_dir_of(to, err);
}

/* Putting back. */

static bool note_restored(struct tx *tx, void *arg, struct err *err)
{
    const struct sqlite_restore *wish = arg;
    struct store_audit r = { .at = wish->now,
                             .actor = wish->actor,
                             .action = span_str("store.restored") };
    struct audit_head tail;

    return audit_tail(tx, &tail, err) && audit_append(tx, &tail, &r, err);
}

/* Migrates the copy where it is older, and notes in its chain what is being done. */
static bool make_ready(const struct sqlite_restore *wish, const char *copy_path, struct crypto *c,
                       struct err *err)
{
    const struct sqlite_wish opened = { .path = copy_path,
                                        .mode = SQLITE_MAY_WRITE,
                                        .now = wish->now };
    struct store *s = store_sqlite_open(&opened, c, err);
    bool is_noted = s && store_run(s, note_restored, (void *)(uintptr_t)wish, err);

    store_free(s);
    return is_noted;
}

/* A healthy store gives its write-ahead log back when it is closed. Of a damaged one nothing is
 * asked. */
static void settle(const struct sqlite_restore *wish)
{
    const struct sqlite_wish old = { .path = wish->path, .mode = SQLITE_MAY_WRITE };
    struct err ignored = { 0 };
    struct db d;

    if (file_exists(wish->path) && db_open(&d, &old, &ignored))
        db_close(&d);
}

/* A log of the old file must never be read as one of the new file: it is moved away first. The last
 * step is one rename, and until then the old file is in its place. */
static bool swap(const struct sqlite_restore *wish, const char *copy_path, struct err *err)
{
    static const char *const endings[] = { "-wal", "-shm" };
    char kept[FILE_PATH_MAX], from[FILE_PATH_MAX], to[FILE_PATH_MAX];

    if (!path_of(kept, wish->path, ".replaced", err))
        return false;
    unlink(kept);
    if (link(wish->path, kept) != 0 && errno != ENOENT)
        return fail_system(err, "cannot keep", wish->path);
    for (size_t i = 0; i < COUNT(endings); i++) {
        if (!path_of(from, wish->path, endings[i], err) || !path_of(to, kept, endings[i], err))
            return false;
        unlink(to);
        if (rename(from, to) != 0 && errno != ENOENT)
            return fail_system(err, "cannot move", from);
    }
    if (rename(copy_path, wish->path) != 0)
        return fail_system(err, "cannot replace", wish->path);
    return sync_dir_of(wish->path, err);
}

static void remove_copy(const char *path)
{
    static const char *const endings[] = { "", "-wal", "-shm", "-journal" };
    struct err ignored = { 0 };
    char name[FILE_PATH_MAX];

    for (size_t i = 0; i < COUNT(endings); i++) {
        if (path_of(name, path, endings[i], &ignored))
            unlink(name);
    }
}

bool store_sqlite_restore(const struct sqlite_restore *wish, struct crypto *c,
                          struct sqlite_report *out, struct err *err)
{
    char beside[FILE_PATH_MAX];
    struct sqlite_report report;
    bool is_done;

    if (!path_of(beside, wish->path, ".new", err))
        return false;
    remove_copy(beside);
    is_done = store_sqlite_check(wish->from, c, NULL, &report, err) &&
              copy(wish->from, beside, err) && make_ready(wish, beside, c, err) &&
              store_sqlite_check(beside, c, NULL, &report, err);
    if (is_done) {
        settle(wish);
        is_done = swap(wish, beside, err);
    }
    remove_copy(beside);
    if (is_done)
        *out = report;
    return is_done;
}
