#include "roles.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../host/file.h"
#include "../store/sqlite.h"
#include "child.h"
#include "config.h"
#include "default_instance.h"
#include "keeper.h"
#include "log.h"
#include "sandbox.h"
#include "worker.h"

enum { PATHS_MEMORY = 256 * 1024, SECONDS_OF_DAY = 24 * 60 * 60 };

struct keeping {
    struct config config;
    struct arena arena;
    const char *dir, *path;
    struct crypto *crypto;
    struct store *store;
    struct page *page;
    int64_t retention_seconds;
};

static bool fail_system(struct err *err, const char *path)
{
    return err_fail(err, ERR_IO, NULL, "%.100s: %s", path, strerror(errno));
}

/* The user may pass through the data directory to what is its own, and see no more of it. */
static bool let_pass(const char *dir, const struct passwd *p, struct err *err)
{
    struct stat st;

    if (stat(dir, &st) != 0)
        return fail_system(err, dir);
    if (st.st_uid == p->pw_uid || (st.st_mode & S_IXOTH) != 0)
        return true;
    return (chown(dir, (uid_t)-1, p->pw_gid) == 0 &&
            chmod(dir, (st.st_mode & 07707) | S_IXGRP) == 0) ||
           fail_system(err, dir);
}

/* What an earlier start made as root becomes the user's. */
static bool give_away(struct keeping *k, struct err *err)
{
    const char *user = k->config.text[CONFIG_USER];
    const struct passwd *p = user && geteuid() == 0 ? getpwnam(user) : NULL;
    const char *const *names;
    size_t count;

    if (!p)
        return true; /* sandbox_become says so when there is no such user */
    if (!let_pass(k->config.text[CONFIG_DATA_DIR], p, err) ||
        !file_list(k->dir, &k->arena, &names, &count, err))
        return false;
    if (chown(k->dir, p->pw_uid, p->pw_gid) != 0)
        return fail_system(err, k->dir);
    for (size_t i = 0; i < count; i++) {
        const char *path = file_join(&k->arena, k->dir, names[i]);

        if (!path)
            return arena_fail(&k->arena, err);
        if (lchown(path, p->pw_uid, p->pw_gid) != 0)
            return fail_system(err, path);
    }
    return true;
}

static bool find_paths(struct keeping *k, struct err *err)
{
    k->arena = arena_over(PATHS_MEMORY);
    k->dir = file_join(&k->arena, k->config.text[CONFIG_DATA_DIR], "store");
    k->path = k->dir ? file_join(&k->arena, k->dir, "cupel.db") : NULL;
    return (k->path || arena_fail(&k->arena, err)) && file_make_dir(k->dir, 0700, err);
}

/* When the supervisor was killed and started again at once, the keeper before us may still be
 * answering workers that have not ended yet. What it acknowledges we must see: we wait for it. */
static bool claim_store(const char *dir, struct err *err)
{
    struct err busy = { 0 };

    if (file_claim_dir(dir, false, &busy))
        return true;
    if (busy.code != ERR_CONFLICT) {
        *err = busy;
        return false;
    }
    log_say(LOG_LEVEL_WARNING, "the keeper of an earlier start has not ended; waiting for it",
            "store", dir, (const char *)NULL);
    return file_claim_dir(dir, true, err);
}

static bool open_store(struct keeping *k, struct err *err)
{
    const struct sqlite_wish wish = { .path = k->path,
                                      .mode = SQLITE_MAY_MAKE,
                                      .now = (int64_t)time(NULL) };

    k->crypto = crypto_new(err);
    k->store = k->crypto ? store_sqlite_open(&wish, k->crypto, err) : NULL;
    return k->store != NULL;
}

/* It is there from the first start on. */
static bool keep_default(struct keeping *k, struct err *err)
{
    struct state *state = state_load(k->store, err);
    struct arena a = arena_over(PATHS_MEMORY);
    struct change c = { .at = (int64_t)time(NULL),
                        .actor = span_str("cupeld"),
                        .expected = CHANGE_ANY };
    struct change_result result;
    bool is_kept, is_needed = false;

    if (!state)
        return false;
    is_kept = default_instance_change(state_instance(state, span_str(DEFAULT_INSTANCE)),
                                      k->config.text[CONFIG_BASE_URL], &a, &c, &is_needed, err);
    if (is_kept && is_needed)
        is_kept = random_bytes(k->crypto, c.id, sizeof c.id, err) &&
                  store_change(k->store, &c, NULL, &result, err);
    state_release(state);
    arena_fini(&a);
    return is_kept;
}

static void take_retention(struct keeping *k)
{
    k->retention_seconds = k->config.number[CONFIG_AUDIT_RETENTION] * SECONDS_OF_DAY;
}

static bool renew(void *arg, int config_fd, struct err *err)
{
    struct keeping *k = arg;
    struct config next;

    if (!config_init(&next, err))
        return false;
    if (!config_receive(&next, config_fd, err)) {
        config_fini(&next);
        return false;
    }
    config_fini(&k->config);
    k->config = next;
    take_retention(k);
    return keep_default(k, err);
}

static bool prepare(struct keeping *k, struct err *err)
{
    if (!find_paths(k, err) || !give_away(k, err) ||
        !sandbox_become(k->config.text[CONFIG_USER], err))
        return false;
    k->page = keep_page_map(CHILD_PAGE_FD, true, err);
    close(CHILD_PAGE_FD);
    return k->page && claim_store(k->dir, err) && open_store(k, err) && keep_default(k, err);
}

static bool confine(void *arg, struct err *err)
{
    const struct keeping *k = arg;
    struct sandbox_report report;

    if (!sandbox_keep_dir(k->dir, &report, err) || !sandbox_enter(SANDBOX_KEEPER, err))
        return false;
    if (report.missing[0] != '\0')
        log_say(LOG_LEVEL_WARNING, "part of the sandbox is not available", "missing",
                report.missing, (const char *)NULL);
    return true;
}

/* The control pair carries both: workers' pairs to us, this one word from us. */
static void ready(void *arg)
{
    (void)arg;
    send(CHILD_CONTROL_FD, "ready", 5, MSG_NOSIGNAL);
}

int role_keeper(void)
{
    static struct keeping k;
    const struct keeper_settings *set;
    struct err e = { 0 };

    if (!config_init(&k.config, &e) || !config_receive(&k.config, CHILD_CONFIG_FD, &e)) {
        log_err(LOG_LEVEL_ERROR, "the keeper has no configuration", &e);
        return WORKER_EXIT_FAILED;
    }
    close(CHILD_CONFIG_FD);
    log_open("keeper", (enum log_level)k.config.number[CONFIG_LOG_LEVEL],
             (enum log_form)k.config.number[CONFIG_LOG_FORMAT]);
    take_retention(&k);
    if (!prepare(&k, &e)) {
        log_err(LOG_LEVEL_ERROR, "the store cannot be used", &e);
        return WORKER_EXIT_FAILED;
    }
    set = &(const struct keeper_settings){ .store = k.store,
                                           .page = k.page,
                                           .control_fd = CHILD_CONTROL_FD,
                                           .confine = confine,
                                           .confine_arg = &k,
                                           .renew = renew,
                                           .retention_seconds = &k.retention_seconds,
                                           .ready = ready };
    if (!keeper_run(set, &e)) {
        log_err(LOG_LEVEL_ERROR, "the keeper ends", &e);
        return WORKER_EXIT_FAILED;
    }
    store_free(k.store);
    crypto_free(k.crypto);
    return WORKER_EXIT_CLEAN;
}
