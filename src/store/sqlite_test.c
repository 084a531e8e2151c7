#include "store_test.h"

#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "change.h"
#include "note.h"
#include "state.h"

enum { POLICIES = 40, PAGE = 4096, KILL_CHANGES = 1000 };

static void raw(const char *sql)
{
    sqlite3 *h;

    CHECK_INT("open", sqlite3_open(store_path, &h), SQLITE_OK);
    CHECK_INT(sql, sqlite3_exec(h, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(h);
}

static struct change change_of(enum change_kind kind, uint32_t id)
{
    struct change c = {
        .kind = kind, .at = NOW, .actor = span_str("test"), .expected = CHANGE_ANY
    };

    memcpy(c.id, &id, sizeof id);
    return c;
}

static struct change create(uint32_t id)
{
    struct change c = change_of(CHANGE_INSTANCE_CREATE, id);

    c.instance = (struct store_instance){ .name = span_str("contoso"),
                                          .host = span_str("contoso.example"),
                                          .trust_model = span_str("AAD") };
    return c;
}

static struct change policy(uint32_t id, const char *text)
{
    struct change c = change_of(CHANGE_POLICY_SET, id);

    c.policy = (struct store_policy){ .instance = span_str("contoso"),
                                      .type = span_str("SgxEnclave"),
                                      .jws = span_str(text),
                                      .text = span_str(text) };
    return c;
}

static bool apply(struct store *s, const struct change *c, struct err *e)
{
    struct change_result r;

    return store_change(s, c, NULL, &r, e);
}

/* A store with a history, closed. */
static void fill(void)
{
    struct err e = { 0 };
    struct store *s = open_sqlite(SQLITE_MAY_MAKE, &e);
    struct change made = create(1);
    char text[900];

    CHECK_OK("open", s != NULL, e);
    CHECK_OK("create", apply(s, &made, &e), e);
    for (uint32_t i = 0; i < POLICIES; i++) {
        struct change c;

        memset(text, 'a' + (int)(i % 26), sizeof text - 1);
        text[sizeof text - 1] = '\0';
        c = policy(100 + i, text);
        CHECK_OK("policy", apply(s, &c, &e), e);
    }
    store_free(s);
}

static struct err open_refused(const char *row, enum sqlite_mode mode)
{
    struct err e = { 0 };
    struct store *s = open_sqlite(mode, &e);

    CHECK(row, !s);
    return e;
}

static void every_column_of_the_schema_is_one_of_the_tables(void **state)
{
    char sql[256];
    (void)state;

    setup();
    fill();
    for (size_t t = 0; t < STORE_TABLES; t++) {
        const struct table *table = &store_tables[t];
        sqlite3_stmt *s;
        sqlite3 *h;
        size_t n = 0;

        snprintf(sql, sizeof sql, "SELECT name, type FROM pragma_table_info('%s')", table->name);
        CHECK_INT("open", sqlite3_open(store_path, &h), SQLITE_OK);
        CHECK_INT("prepare", sqlite3_prepare_v2(h, sql, -1, &s, NULL), SQLITE_OK);
        while (sqlite3_step(s) == SQLITE_ROW && n < table->column_count) {
            static const char *const types[] = { "INTEGER", "TEXT", "BLOB" };

            CHECK_TEXT(table->name, span_str((const char *)sqlite3_column_text(s, 0)),
                       table->columns[n].name);
            CHECK_TEXT(table->name, span_str((const char *)sqlite3_column_text(s, 1)),
                       types[table->columns[n].type]);
            n++;
        }
        CHECK_INT(table->name, n, table->column_count);
        sqlite3_finalize(s);
        sqlite3_close(h);
    }
    teardown();
}

static void what_is_not_ours_or_newer_than_we_are_is_refused_by_name(void **state)
{
    static const struct {
        const char *name, *sql;
        enum err_code code;
        const char *path;
    } rows[] = {
        { "newer", "PRAGMA user_version=999", ERR_UNSUPPORTED, "store.schema" },
        { "another application", "PRAGMA application_id=1", ERR_MALFORMED, "store.foreign" },
        { "no application", "PRAGMA application_id=0", ERR_MALFORMED, "store.foreign" },
    };
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        setup();
        fill();
        raw(rows[i].sql);
        CHECK_ERR(rows[i].name, open_refused(rows[i].name, SQLITE_MAY_MAKE), rows[i].code,
                  rows[i].path);
        CHECK_ERR(rows[i].name, open_refused(rows[i].name, SQLITE_MAY_READ), rows[i].code,
                  rows[i].path);
        teardown();
    }
    setup();
    raw("CREATE TABLE birds(name)");
    CHECK_ERR("birds", open_refused("birds", SQLITE_MAY_MAKE), ERR_MALFORMED, "store.foreign");
    clear_folder();
    CHECK_ERR("nothing", open_refused("nothing", SQLITE_MAY_WRITE), ERR_MISSING, "store.io");
    teardown();
}

static void the_connection_is_durable_and_the_file_is_ours_alone(void **state)
{
    struct err e = { 0 };
    struct store *s;
    struct stat st;
    (void)state;

    setup();
    s = open_sqlite(SQLITE_MAY_MAKE, &e);
    CHECK_OK("open", s != NULL, e);
    CHECK_INT("stat", stat(store_path, &st), 0);
    CHECK_INT("mode", st.st_mode & 0777, 0600);
    strcat(store_path, "-wal");
    CHECK_INT("there is a write-ahead log", stat(store_path, &st), 0);
    CHECK_INT("mode", st.st_mode & 0777, 0600);
    store_free(s);
    teardown();
}

/* Damage: every page is damaged in turn, in a few places each. What is read afterwards is right, or
 * it is refused; it is never something else. */

static struct span saved;

static void put_back(size_t at, uint8_t flip)
{
    FILE *f = fopen(store_path, "wb");

    CHECK("written", f && fwrite(saved.p, 1, saved.n, f) == saved.n);
    fseek(f, (long)at, SEEK_SET);
    fputc(saved.p[at] ^ flip, f);
    fclose(f);
}

static bool image_of(struct store *s, struct arena *a, struct span *out, struct err *e)
{
    struct writer w = writer_in(a, 65536);
    struct state *now = state_load(s, e);
    bool is_written = now && state_write(&w, now, e) && writer_done(&w, out, e);

    state_release(now);
    return is_written;
}

static void a_damaged_page_is_refused_or_does_not_matter_and_is_never_believed(void **state)
{
    static const size_t places[] = { 0, 1, 3, 5, 8, 20, 100, 400, 1500, 2600, 3500, 4000, 4095 };
    struct arena a = arena_over(1 << 26);
    struct span right = { 0 };
    struct err e = { 0 };
    size_t refusals = 0;
    struct store *s;
    (void)state;

    setup();
    fill();
    s = open_sqlite(SQLITE_MAY_WRITE, &e);
    CHECK_OK("open", s && image_of(s, &a, &right, &e), e);
    store_free(s);
    saved = check_file(store_path);
    CHECK("one file", saved.n > 10 * PAGE);
    for (size_t page = 0; page < saved.n / PAGE; page++) {
        for (size_t i = 0; i < COUNT(places); i++) {
            struct arena b = arena_over(1 << 26);
            struct span got = { 0 };
            struct audit_head end;
            struct err why = { 0 };
            bool is_read;

            clear_folder();
            put_back(page * PAGE + places[i], (uint8_t)(1u << (i % 8)));
            s = open_sqlite(SQLITE_MAY_WRITE, &why);
            is_read = s && image_of(s, &b, &got, &why) && audit_verify(s, NULL, &end, &why);
            if (is_read)
                CHECK_SPAN("never something else", got, right);
            else
                CHECK("a reason", why.code != ERR_NONE && why.text[0] != '\0');
            refusals += !is_read;
            store_free(s);
            arena_fini(&b);
        }
    }
    CHECK("most damage is seen", refusals > saved.n / PAGE * 3);
    free((void *)(uintptr_t)saved.p);
    arena_fini(&a);
    teardown();
}

static void a_row_changed_behind_our_back_is_refused(void **state)
{
    static const struct {
        const char *name, *sql;
    } rows[] = {
        { "text", "UPDATE policies SET text = x'00' WHERE version = 40" },
        { "an older version put in force", "UPDATE published SET version = 1" },
        { "a right", "UPDATE instances SET trust_model = 'Shared'" },
        { "revision", "UPDATE meta SET number = 7" },
    };
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = { 0 };
        struct store *s;

        setup();
        fill();
        raw(rows[i].sql);
        s = open_sqlite(SQLITE_MAY_WRITE, &e);
        CHECK_OK(rows[i].name, s != NULL, e);
        CHECK(rows[i].name, !state_load(s, &e));
        CHECK_ERR(rows[i].name, e, ERR_IO, "store.corrupt");
        store_free(s);
        teardown();
    }
}

/* In a process of its own, for what holds for a whole process. Its exit status says how it went; it
 * fails without the runner, which is the parent's. */
static int in_child(int (*run)(void))
{
    int status = 0;
    pid_t child = fork();

    if (child == 0)
        _exit(run());
    CHECK_INT("child", waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

enum { CHILD_SKIPS = 77 };

static uint32_t fill_until_refused(struct store *s, struct err *why)
{
    static char text[60000];
    struct change made = create(1);
    uint32_t done = 0;

    memset(text, 'x', sizeof text - 1);
    if (!apply(s, &made, why))
        return 0;
    for (struct change c = policy(10, text); apply(s, &c, why) && done < 1000;)
        c = policy(10 + ++done, text);
    return done;
}

static int64_t version_now(struct store *s)
{
    struct err e = { 0 };
    struct state *now = s ? state_load(s, &e) : NULL;
    int64_t version = now && now->policy_count == 1 ? now->policies[0].version : -1;

    state_release(now);
    return version;
}

static void a_file_that_may_not_grow_says_so_and_keeps_what_it_has(void **state)
{
    const struct sqlite_wish wish = { .path = store_path, .pages_max = 200 };
    struct err e = { 0 }, why = { 0 };
    struct store *s;
    uint32_t done;
    (void)state;

    setup();
    s = store_sqlite_open(&wish, crypto, &e);
    CHECK_OK("open", s != NULL, e);
    done = fill_until_refused(s, &why);
    CHECK("some", done > 0 && done < 1000);
    CHECK_ERR("pages", why, ERR_IO, "store.full");
    CHECK_INT("what was acknowledged is there", version_now(s), done);
    store_free(s);
    teardown();
}

static int on_a_full_disk(void)
{
    struct err e = { 0 };
    struct store *s;
    uint32_t done;

    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", folder, "tmpfs", 0, "size=1m") != 0)
        return CHILD_SKIPS;
    s = open_sqlite(SQLITE_MAY_MAKE, &e);
    if (!s)
        return 2;
    done = fill_until_refused(s, &e);
    if (done == 0 || e.code != ERR_IO || strcmp(e.path, "store.full") != 0)
        return 3;
    return version_now(s) == done ? 0 : 4;
}

static void a_full_disk_says_so_and_keeps_what_it_has(void **state)
{
    int status;
    (void)state;

    setup();
    status = in_child(on_a_full_disk);
    teardown();
    if (status == CHILD_SKIPS)
        SKIP("a small disk cannot be mounted here");
    CHECK_INT("status", status, 0);
}

/* The kernel refuses a write in the middle of a commit, and not because the disk is full. */
static int on_a_failing_disk(void)
{
    const struct rlimit limit = { 600 * 1024, RLIM_INFINITY },
                        none = { RLIM_INFINITY, RLIM_INFINITY };
    struct change c = policy(5000, "late");
    struct err e = { 0 }, again = { 0 }, after = { 0 };
    struct store *s = open_sqlite(SQLITE_MAY_MAKE, &e);
    uint32_t done;

    signal(SIGXFSZ, SIG_IGN);
    if (!s || setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 2;
    done = fill_until_refused(s, &e);
    if (e.code != ERR_UNCERTAIN || strcmp(e.path, "store.io") != 0)
        return 3;
    if (setrlimit(RLIMIT_FSIZE, &none) != 0 || apply(s, &c, &again) || again.code != ERR_IO)
        return 4; /* it does not guess: not before it was opened again */
    store_free(s);
    s = open_sqlite(SQLITE_MAY_WRITE, &after);
    if (version_now(s) < done || version_now(s) > done + 1)
        return 5;
    return apply(s, &c, &after) ? 0 : 6;
}

static void a_disk_that_fails_midway_is_uncertain_and_nothing_goes_on_before_a_look(void **state)
{
    (void)state;

    setup();
    CHECK_INT("status", in_child(on_a_failing_disk), 0);
    teardown();
}

static void a_store_that_cannot_be_written_says_so(void **state)
{
    struct err e = { 0 };
    struct store *s;
    struct change c = policy(5000, "late");
    (void)state;

    setup();
    fill();
    s = open_sqlite(SQLITE_MAY_READ, &e);
    CHECK_OK("reading is fine", s != NULL, e);
    CHECK("writing is not", !apply(s, &c, &e));
    CHECK_ERR("read only", e, ERR_IO, "store.read_only");
    store_free(s);
    teardown();
}

static int as_nobody(void)
{
    struct err e = { 0 };

    if (setresuid(65534, 65534, 65534) != 0)
        return 3;
    return !open_sqlite(SQLITE_MAY_WRITE, &e) && e.code == ERR_IO &&
                   strcmp(e.path, "store.read_only") == 0
               ? 0
               : 1;
}

static void a_file_that_turns_read_only_says_so(void **state)
{
    (void)state;

    if (geteuid() != 0)
        SKIP("another user is needed to be refused by a file's mode");
    setup();
    fill();
    CHECK_INT("chmod", chmod(store_path, 0444), 0);
    CHECK_INT("chmod", chmod(folder, 0555), 0);
    CHECK_INT("status", in_child(as_nobody), 0);
    CHECK_INT("chmod", chmod(folder, 0700), 0);
    teardown();
}

static void km_85_a_busy_store_is_a_conflict_of_the_service(void **state)
{
    struct err e = { 0 };
    struct change c = policy(5000, "late");
    struct store *s;
    sqlite3 *h;
    (void)state;

    setup();
    fill();
    s = open_sqlite(SQLITE_MAY_WRITE, &e);
    CHECK_OK("open", s != NULL, e);
    CHECK_INT("other", sqlite3_open(store_path, &h), SQLITE_OK);
    CHECK_INT("holds", sqlite3_exec(h, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    CHECK("busy", !apply(s, &c, &e));
    CHECK_ERR("busy", e, ERR_CONFLICT, "store.busy");
    CHECK_INT("lets go", sqlite3_exec(h, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(h);
    err_clear(&e);
    CHECK_OK("free again", apply(s, &c, &e), e);
    store_free(s);
    teardown();
}

/* Backup and restore. */

static struct sqlite_restore restore_of(const char *from)
{
    return (struct sqlite_restore){
        .from = from, .path = store_path, .actor = span_str("root"), .now = NOW
    };
}

static void a_backup_of_a_store_in_use_is_whole_and_is_put_back(void **state)
{
    struct err e = { 0 };
    struct sqlite_report made, restored;
    struct change late = policy(9000, "after the backup");
    struct sqlite_restore wish;
    char backup[128];
    struct state *now;
    struct store *s;
    (void)state;

    setup();
    fill();
    snprintf(backup, sizeof backup, "%s/backup", folder);
    s = open_sqlite(SQLITE_MAY_WRITE, &e);
    CHECK_OK("open", s != NULL, e);
    CHECK_OK("backup", store_sqlite_backup(store_path, backup, crypto, &made, &e), e);
    CHECK_INT("policies", made.rows[STORE_POLICIES], POLICIES);
    CHECK_INT("records", made.head.number, POLICIES + 1);
    CHECK("twice", !store_sqlite_backup(store_path, backup, crypto, &made, &e));
    CHECK_ERR("twice", e, ERR_CONFLICT, "");
    err_clear(&e);
    CHECK_OK("late", apply(s, &late, &e), e);
    store_free(s);
    wish = restore_of(backup);
    CHECK_OK("restore", store_sqlite_restore(&wish, crypto, &restored, &e), e);
    CHECK_INT("one more record", restored.head.number, POLICIES + 2);
    s = open_sqlite(SQLITE_MAY_WRITE, &e);
    now = s ? state_load(s, &e) : NULL;
    CHECK_OK("open", now != NULL, e);
    CHECK_INT("as it was", now->policies[0].version, POLICIES);
    state_release(now);
    store_free(s);
    teardown();
}

static void a_restore_checks_before_it_replaces(void **state)
{
    struct err e = { 0 };
    struct sqlite_report report;
    struct sqlite_restore wish;
    char bad[128];
    struct span whole;
    FILE *f;
    (void)state;

    setup();
    fill();
    whole = check_file(store_path);
    snprintf(bad, sizeof bad, "%s/bad", folder);
    f = fopen(bad, "wb");
    CHECK("half", f && fwrite(whole.p, 1, whole.n / PAGE / 2 * PAGE, f) > 0);
    fclose(f);
    wish = restore_of(bad);
    CHECK("half of it", !store_sqlite_restore(&wish, crypto, &report, &e));
    CHECK_ERR("half of it", e, ERR_IO, "store.corrupt");
    err_clear(&e);
    CHECK_OK("untouched", store_sqlite_check(store_path, crypto, NULL, &report, &e), e);
    CHECK_INT("all there", report.rows[STORE_POLICIES], POLICIES);
    free((void *)(uintptr_t)whole.p);
    teardown();
}

static void a_damaged_store_can_be_replaced(void **state)
{
    struct err e = { 0 };
    struct sqlite_report report;
    struct sqlite_restore wish;
    char backup[128];
    FILE *f;
    (void)state;

    setup();
    fill();
    snprintf(backup, sizeof backup, "%s/backup", folder);
    CHECK_OK("backup", store_sqlite_backup(store_path, backup, crypto, &report, &e), e);
    f = fopen(store_path, "r+b");
    CHECK("damaged", f && fwrite("nothing of use", 1, 14, f) == 14);
    fclose(f);
    CHECK_ERR("damaged", open_refused("damaged", SQLITE_MAY_WRITE), ERR_IO, "store.corrupt");
    wish = restore_of(backup);
    CHECK_OK("restore", store_sqlite_restore(&wish, crypto, &report, &e), e);
    CHECK_OK("check", store_sqlite_check(store_path, crypto, NULL, &report, &e), e);
    teardown();
}

/* Killed at any moment: what was acknowledged is there, and nothing is there by half. */

/* Each change is two certificates' worth of work: its number says what must be seen. */
static void work(int acknowledged_fd)
{
    struct err e = { 0 };
    struct store *s = open_sqlite(SQLITE_MAY_WRITE, &e);
    struct state *now = s ? state_load(s, &e) : NULL;
    char text[2000];

    if (!now)
        _exit(3);
    for (uint32_t i = now->policy_count ? (uint32_t)now->policies[0].version + 1 : 1;; i++) {
        struct change c;
        int n = snprintf(text, sizeof text, "%u.", i);

        memset(text + n, 'z', (size_t)(i % 7) * 200);
        text[n + (int)(i % 7) * 200] = '\0';
        c = policy(i, text);
        if (!apply(s, &c, &e) || write(acknowledged_fd, &i, sizeof i) != sizeof i)
            _exit(4);
    }
}

static uint32_t kill_one(unsigned wait_us)
{
    uint32_t last = 0, next;
    int pipes[2], status;
    pid_t child;

    CHECK_INT("pipe", pipe(pipes), 0);
    child = fork();
    if (child == 0)
        work(pipes[1]);
    close(pipes[1]);
    if (read(pipes[0], &next, sizeof next) == sizeof next)
        last = next;
    usleep(wait_us);
    kill(child, SIGKILL);
    while (read(pipes[0], &next, sizeof next) == sizeof next)
        last = next;
    CHECK_INT("child", waitpid(child, &status, 0), child);
    CHECK("killed", WIFSIGNALED(status));
    close(pipes[0]);
    return last;
}

static void check_after_kill(uint32_t acknowledged, uint32_t *seen)
{
    struct err e = { 0 };
    struct store *s = open_sqlite(SQLITE_MAY_WRITE, &e);
    struct state *now = s ? state_load(s, &e) : NULL;
    struct audit_head end;
    char prefix[16];

    CHECK_OK("opens", now != NULL, e);
    *seen = (uint32_t)now->policies[0].version;
    CHECK("nothing acknowledged is lost", *seen >= acknowledged && *seen <= acknowledged + 1);
    snprintf(prefix, sizeof prefix, "%u.", *seen);
    CHECK("the text of that version", span_starts(now->policies[0].jws, span_str(prefix)));
    CHECK_INT("revision", now->revision, *seen + 1);
    CHECK_OK("chain", audit_verify(s, NULL, &end, &e), e);
    CHECK_INT("a record for each", end.number, *seen + 1);
    state_release(now);
    store_free(s);
}

static void killed_at_any_moment_it_loses_nothing_and_halves_nothing(void **state)
{
    struct err e = { 0 };
    struct change made = create(0xffffffff);
    struct store *s;
    uint32_t seen = 0;
    unsigned kills = 0, turn = 12345;
    (void)state;

    setup();
    s = open_sqlite(SQLITE_MAY_MAKE, &e);
    CHECK_OK("made", s && apply(s, &made, &e), e);
    store_free(s);
    while (seen < KILL_CHANGES || kills < 20) {
        turn = turn * 1103515245u + 12345u;
        check_after_kill(kill_one(turn >> 16 & 0x7fff), &seen);
        kills++;
    }
    print_message("# %u changes, %u kills\n", seen, kills);
    teardown();
}

TEST_MAIN(every_column_of_the_schema_is_one_of_the_tables,
          what_is_not_ours_or_newer_than_we_are_is_refused_by_name,
          the_connection_is_durable_and_the_file_is_ours_alone,
          a_damaged_page_is_refused_or_does_not_matter_and_is_never_believed,
          a_row_changed_behind_our_back_is_refused,
          a_file_that_may_not_grow_says_so_and_keeps_what_it_has,
          a_full_disk_says_so_and_keeps_what_it_has,
          a_disk_that_fails_midway_is_uncertain_and_nothing_goes_on_before_a_look,
          a_store_that_cannot_be_written_says_so, a_file_that_turns_read_only_says_so,
          km_85_a_busy_store_is_a_conflict_of_the_service,
          a_backup_of_a_store_in_use_is_whole_and_is_put_back, a_restore_checks_before_it_replaces,
          a_damaged_store_can_be_replaced, killed_at_any_moment_it_loses_nothing_and_halves_nothing)
