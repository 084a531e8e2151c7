#include "fetcher_child.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../host/file.h"
#include "generation.h"
#include "issuer_file.h"
#include "issuer_image.h"
#include "log.h"
#include "page.h"

enum { SAVE_MS = 1000 };

struct fetcher_child {
    struct fetcher_child_settings set;
    struct child child;
    uv_timer_t restart, save;
    int timers;        /* that are to be closed yet */
    struct page *page; /* to look at only */
    uint64_t saved;    /* the turn that lies on the disk */
    int page_fd, page_read_fd;
    int ask[2];        /* the workers' end, the process's end */
    unsigned failures; /* in a row */
    bool is_there;     /* its struct is in use */
    bool is_leaving;
};

static bool start_child(struct fetcher_child *f, struct err *err);

static void on_closed(uv_handle_t *h)
{
    struct fetcher_child *f = h->data;

    if (--f->timers == 0)
        f->set.gone(f->set.context);
}

static void close_timers(struct fetcher_child *f)
{
    f->timers = 2;
    uv_close((uv_handle_t *)&f->restart, on_closed);
    uv_close((uv_handle_t *)&f->save, on_closed);
}

/* --- what outlives the supervisor --- */

static bool keep_path(const struct fetcher_child *f, char out[FILE_PATH_MAX])
{
    return snprintf(out, FILE_PATH_MAX, "%s/issuers.keys", f->set.data_dir) < FILE_PATH_MAX;
}

static bool write_kept(struct fetcher_child *f, struct span image, struct err *err)
{
    struct crypto *c = crypto_new(err);
    char path[FILE_PATH_MAX];
    bool is_kept = c && keep_path(f, path) && issuer_file_write(path, c, image, err);

    crypto_free(c);
    return is_kept;
}

/* What was published since the last look goes to the disk, as it is. */
static void save_now(uv_timer_t *t)
{
    struct fetcher_child *f = t->data;
    struct arena a = arena_over((size_t)4 * ISSUER_IMAGE_MAX);
    struct span bytes = { 0 };
    struct err e = { 0 };
    uint64_t turn;

    if (f->page && page_turn(f->page) != f->saved &&
        page_read(f->page, ISSUER_IMAGE_MAX, &a, &bytes, &turn)) {
        f->saved = turn;
        if (!write_kept(f, bytes, &e))
            log_err(LOG_LEVEL_WARNING, "issuers' keys are not kept for a restart", &e);
    }
    arena_fini(&a);
}

static bool read_kept(struct fetcher_child *f, struct arena *a, struct span *out, struct err *err)
{
    struct crypto *c = crypto_new(err);
    char path[FILE_PATH_MAX];
    bool is_read = c && keep_path(f, path) && issuer_file_read(path, c, a, out, err);

    crypto_free(c);
    return is_read;
}

/* Who reads the page judges how old each key set is. */
static void begin_with_kept(struct fetcher_child *f)
{
    struct arena a = arena_over((size_t)2 * ISSUER_IMAGE_MAX);
    struct page *to = NULL;
    struct span image = { 0 };
    struct err e = { 0 };

    if (read_kept(f, &a, &image, &e) && image.n > 0)
        to = page_map(f->page_fd, ISSUER_IMAGE_MAX, true, &e);
    if (to)
        page_publish(to, ISSUER_IMAGE_MAX, image);
    if (e.code != ERR_NONE)
        log_err(LOG_LEVEL_WARNING, "the issuers' keys of an earlier start are not used", &e);
    page_unmap(to, ISSUER_IMAGE_MAX);
    arena_fini(&a);
}

static void restart_later(struct fetcher_child *f);

static void restart_now(uv_timer_t *t)
{
    struct fetcher_child *f = t->data;
    struct err e = { 0 };

    if (f->is_leaving || f->is_there || start_child(f, &e))
        return;
    log_err(LOG_LEVEL_ERROR, "the fetching process cannot be started", &e);
    f->failures++;
    if (!f->is_there)
        restart_later(f);
}

static void restart_later(struct fetcher_child *f)
{
    uint64_t wait = RESTART_FIRST_MS;

    for (unsigned i = 1; i < f->failures && wait < RESTART_LONGEST_MS; i++)
        wait *= 2;
    uv_timer_start(&f->restart, restart_now, wait, 0);
}

/* Workers go on with the keys that were published. */
static void on_gone(struct child *c, int64_t status, int signal)
{
    struct fetcher_child *f = c->owner;
    bool has_lived = uv_now(f->set.loop) - c->started_ms > RESTART_FORGIVEN_MS;
    char code[24], by[24];

    snprintf(code, sizeof code, "%lld", (long long)status);
    snprintf(by, sizeof by, "%d", signal);
    log_say(f->is_leaving ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "the fetching process has ended",
            "status", code, "signal", by, (const char *)NULL);
    f->is_there = false;
    if (f->is_leaving) {
        close_timers(f);
        return;
    }
    f->failures = has_lived ? 0 : f->failures + 1;
    restart_later(f);
}

static bool start_child(struct fetcher_child *f, struct err *err)
{
    int fds[CHILD_FDS_MAX];
    bool is_started;

    for (size_t i = 0; i < CHILD_FDS_MAX; i++)
        fds[i] = -1;
    fds[CHILD_CONFIG_FD] = f->set.config_fd;
    fds[CHILD_ISSUERS_FD] = f->page_fd;
    fds[CHILD_ASK_FD] = f->ask[1];
    f->child.owner = f;
    f->child.on_ready = NULL;
    f->child.on_gone = on_gone;
    is_started = child_start(f->set.loop, &f->child, "fetcher", fds, err);
    f->is_there = is_started || f->child.closing > 0;
    return is_started;
}

/* The bytes are not looked at here: the process that reads them is the one that judges them. */
static bool begin_with(struct fetcher_child *f, const struct fetcher_child *before, struct err *err)
{
    struct page *from = page_map(before->page_read_fd, ISSUER_IMAGE_MAX, false, err);
    struct page *to = from ? page_map(f->page_fd, ISSUER_IMAGE_MAX, true, err) : NULL;
    struct arena a = arena_over((size_t)4 * ISSUER_IMAGE_MAX);
    struct span bytes = { 0 };
    uint64_t turn;

    if (to && page_read(from, ISSUER_IMAGE_MAX, &a, &bytes, &turn))
        page_publish(to, ISSUER_IMAGE_MAX, bytes);
    arena_fini(&a);
    page_unmap(from, ISSUER_IMAGE_MAX);
    page_unmap(to, ISSUER_IMAGE_MAX);
    return to != NULL;
}

static bool open_fds(struct fetcher_child *f, struct err *err)
{
    if (!page_make("cupel-issuers", ISSUER_IMAGE_MAX, &f->page_fd, &f->page_read_fd, err))
        return false;
    f->page = page_map(f->page_read_fd, ISSUER_IMAGE_MAX, false, err);
    if (!f->page)
        return false;
    return socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, f->ask) == 0 ||
           err_fail(err, ERR_IO, NULL, "no pair of sockets: %s", strerror(errno));
}

struct fetcher_child *fetcher_child_new(const struct fetcher_child_settings *s, struct err *err)
{
    struct fetcher_child *f = calloc(1, sizeof *f);
    struct err e = { 0 };

    if (!f) {
        err_fail(err, ERR_MEMORY, NULL, "no memory for the fetching process");
        return NULL;
    }
    f->set = *s;
    f->page_fd = f->page_read_fd = f->ask[0] = f->ask[1] = -1;
    if (!open_fds(f, err)) {
        fetcher_child_free(f);
        return NULL;
    }
    uv_timer_init(s->loop, &f->restart);
    f->restart.data = f;
    if (s->before && !begin_with(f, s->before, &e))
        log_err(LOG_LEVEL_WARNING, "issuers' last keys are not handed on", &e);
    if (!s->before)
        begin_with_kept(f);
    f->set.before = NULL;
    uv_timer_init(s->loop, &f->save);
    f->save.data = f;
    uv_timer_start(&f->save, save_now, SAVE_MS, SAVE_MS);
    restart_now(&f->restart);
    return f;
}

int fetcher_child_page(const struct fetcher_child *f)
{
    return f->page_read_fd;
}

int fetcher_child_ask(const struct fetcher_child *f)
{
    return f->ask[0];
}

void fetcher_child_leave(struct fetcher_child *f)
{
    if (f->is_leaving)
        return;
    f->is_leaving = true;
    save_now(&f->save);
    if (f->is_there)
        child_release(&f->child);
    else
        close_timers(f);
}

void fetcher_child_kill(struct fetcher_child *f)
{
    child_kill(&f->child);
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

void fetcher_child_free(struct fetcher_child *f)
{
    if (!f)
        return;
    page_unmap(f->page, ISSUER_IMAGE_MAX);
    close_fd(f->page_fd);
    close_fd(f->page_read_fd);
    close_fd(f->ask[0]);
    close_fd(f->ask[1]);
    free(f);
}
