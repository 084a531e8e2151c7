#include "generation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fetcher_child.h"
#include "handover.h"
#include "log.h"
#include "signer.h"
#include "worker.h"

enum { WORD_ROOM = 24, SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL };

struct slot {
    struct child worker;
    struct generation *generation;
    uv_timer_t restart;
    unsigned failures; /* in a row */
    int metrics_fd;
    struct metrics *page;
    size_t keeper_ticket;
    bool has_keeper;
};

struct generation {
    struct generation_settings set;
    int config_fd;
    struct child signer;
    bool is_signer_there;          /* its struct is in use */
    struct fetcher_child *fetcher; /* NULL: nothing is fetched */
    uv_timer_t deadline;           /* for those who leave */
    bool was_ready, is_leaving, has_failed, was_late;
    size_t open; /* children and timers that are not closed yet */
    size_t count;
    struct slot slots[GENERATION_WORKERS_MAX];
};

static bool fail_system(struct err *err, const char *what)
{
    return err_fail(err, ERR_IO, NULL, "%s: %s", what, strerror(errno));
}

/* Sealed, so that a worker cannot shorten it under our reading. */
static bool make_page(struct slot *s, struct err *err)
{
    void *page;

    s->metrics_fd = memfd_create("cupel-metrics", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (s->metrics_fd < 0 || ftruncate(s->metrics_fd, sizeof *s->page) != 0 ||
        fcntl(s->metrics_fd, F_ADD_SEALS, SEALS) != 0)
        return fail_system(err, "no page for counters");
    page = mmap(NULL, sizeof *s->page, PROT_READ | PROT_WRITE, MAP_SHARED, s->metrics_fd, 0);
    if (page == MAP_FAILED)
        return fail_system(err, "no page for counters");
    s->page = page;
    return true;
}

static void deadline_closed(uv_handle_t *h)
{
    struct generation *g = h->data;

    g->set.events.gone(g->set.events.context, g);
}

/* The deadline is the last to go: until then something may still be late. */
static void closed_one(struct generation *g)
{
    if (--g->open == 0)
        uv_close((uv_handle_t *)&g->deadline, deadline_closed);
}

static void fail(struct generation *g)
{
    if (g->has_failed || g->is_leaving)
        return;
    g->has_failed = true;
    g->set.events.failed(g->set.events.context, g);
}

static void say_gone(const struct child *c, const char *what, bool was_asked, int64_t status,
                     int signal)
{
    char pid[WORD_ROOM], code[WORD_ROOM], by[WORD_ROOM];

    snprintf(pid, sizeof pid, "%d", c->process.pid);
    snprintf(code, sizeof code, "%lld", (long long)status);
    snprintf(by, sizeof by, "%d", signal);
    log_say(was_asked ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, what, "child", pid, "status", code,
            "signal", by, (const char *)NULL);
}

static void signer_gone(struct child *c, int64_t status, int signal)
{
    struct generation *g = c->owner;

    say_gone(c, "the signing process has ended", g->is_leaving, status, signal);
    g->is_signer_there = false;
    fail(g);
    closed_one(g);
}

static void no_fds(int fds[CHILD_FDS_MAX])
{
    for (size_t i = 0; i < CHILD_FDS_MAX; i++)
        fds[i] = -1;
}

static bool signer_start(struct generation *g, struct err *err)
{
    int fds[CHILD_FDS_MAX];

    no_fds(fds);
    fds[CHILD_CONFIG_FD] = g->config_fd;
    g->signer.owner = g;
    g->signer.on_gone = signer_gone;
    g->is_signer_there = child_start(g->set.loop, &g->signer, "signer", fds, err);
    g->open += g->is_signer_there || g->signer.closing > 0;
    return g->is_signer_there;
}

/* What a dead worker counted as going on is not any more. */
static void forget_gauges(struct metrics *page)
{
    atomic_store(&page->value[METRIC_CONNECTIONS_OPEN], 0);
    atomic_store(&page->value[METRIC_HANDSHAKES_OPEN], 0);
    atomic_store(&page->value[METRIC_SIGNATURES_OPEN], 0);
}

/* The keeper's end outlives keepers, so it is given up with the worker and not before. */
static void forget_keeper(struct slot *s)
{
    if (s->has_keeper)
        keeper_child_drop(s->generation->set.keeper, s->keeper_ticket);
    s->has_keeper = false;
}

static void restart_later(struct slot *s);

static void worker_gone(struct child *c, int64_t status, int signal)
{
    struct slot *s = c->owner;
    struct generation *g = s->generation;
    bool has_lived = uv_now(g->set.loop) - c->started_ms > RESTART_FORGIVEN_MS;

    say_gone(c, "a worker has ended", g->is_leaving, status, signal);
    forget_keeper(s);
    forget_gauges(s->page);
    if (!g->was_ready)
        fail(g);
    else if (!g->is_leaving && !g->has_failed)
        g->set.events.worker_lost(g->set.events.context, g);
    s->failures = has_lived ? 0 : s->failures + 1;
    if (!g->is_leaving && !g->has_failed)
        restart_later(s);
    closed_one(g);
}

static void worker_ready(struct child *c)
{
    struct slot *s = c->owner;
    struct generation *g = s->generation;

    if (g->was_ready || g->is_leaving || generation_workers_ready(g) < g->count)
        return;
    g->was_ready = true;
    g->set.events.ready(g->set.events.context, g);
}

static bool worker_spawn(struct slot *s, int fds[CHILD_FDS_MAX], struct err *err)
{
    struct generation *g = s->generation;
    bool is_started;

    s->worker.owner = s;
    s->worker.on_ready = worker_ready;
    s->worker.on_gone = worker_gone;
    is_started = child_start(g->set.loop, &s->worker, "worker", fds, err);
    g->open += is_started || s->worker.closing > 0;
    return is_started;
}

/* Fresh pairs to the signing process and to the keeper for each worker: what the one before left in
 * its own is nobody's. */
static bool worker_start(struct slot *s, struct err *err)
{
    struct generation *g = s->generation;
    int fds[CHILD_FDS_MAX], pair[2];
    bool is_started;

    no_fds(fds);
    fds[CHILD_CONFIG_FD] = g->config_fd;
    fds[CHILD_METRICS_FD] = s->metrics_fd;
    fds[CHILD_LISTEN_FD] = g->set.listen_fd;
    fds[CHILD_PAGE_FD] = keeper_child_page(g->set.keeper);
    fds[CHILD_CONTEXTS_FD] = g->set.contexts_fd;
    fds[CHILD_SPENT_FD] = g->set.spent_fd;
    if (g->fetcher) {
        fds[CHILD_ISSUERS_FD] = fetcher_child_page(g->fetcher);
        fds[CHILD_ASK_FD] = fetcher_child_ask(g->fetcher);
    }
    if (!keeper_child_pair(g->set.keeper, &fds[CHILD_KEEPER_FD], &s->keeper_ticket, err))
        return false;
    s->has_keeper = true;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        close(fds[CHILD_KEEPER_FD]);
        return fail_system(err, "no pair of sockets");
    }
    fds[CHILD_SIGNER_FD] = pair[0];
    is_started = handover_give(g->signer.control_fd, pair[1], err) && worker_spawn(s, fds, err);
    close(fds[CHILD_KEEPER_FD]);
    close(pair[0]);
    close(pair[1]);
    return is_started;
}

static void restart_now(uv_timer_t *t)
{
    struct slot *s = t->data;
    struct err e = { 0 };

    if (s->generation->is_leaving || s->generation->has_failed || worker_start(s, &e))
        return;
    log_err(LOG_LEVEL_ERROR, "a worker cannot be started", &e);
    fail(s->generation);
}

static void restart_later(struct slot *s)
{
    uint64_t wait = RESTART_FIRST_MS;

    for (unsigned i = 1; i < s->failures && wait < RESTART_LONGEST_MS; i++)
        wait *= 2;
    uv_timer_start(&s->restart, restart_now, wait < RESTART_LONGEST_MS ? wait : RESTART_LONGEST_MS,
                   0);
}

static void fetcher_gone(void *context)
{
    closed_one(context);
}

static bool fetcher_start(struct generation *g, struct err *err)
{
    const struct fetcher_child_settings s = {
        .loop = g->set.loop,
        .config_fd = g->config_fd,
        .data_dir = g->set.config->text[CONFIG_DATA_DIR],
        .before = g->set.before ? g->set.before->fetcher : NULL,
        .context = g,
        .gone = fetcher_gone,
    };

    if (!g->set.config->text[CONFIG_TOKEN_ISSUERS])
        return true;
    g->fetcher = fetcher_child_new(&s, err);
    g->open += g->fetcher != NULL;
    return g->fetcher != NULL;
}

static bool start_all(struct generation *g, struct err *err)
{
    if (!config_hand_over(g->set.config, &g->config_fd, err) || !signer_start(g, err) ||
        !fetcher_start(g, err))
        return false;
    for (size_t i = 0; i < g->count; i++) {
        if (!make_page(&g->slots[i], err) || !worker_start(&g->slots[i], err))
            return false;
    }
    return true;
}

static void timers_init(struct generation *g)
{
    uv_timer_init(g->set.loop, &g->deadline);
    g->deadline.data = g;
    g->count = (size_t)g->set.config->number[CONFIG_WORKERS];
    for (size_t i = 0; i < g->count; i++) {
        struct slot *s = &g->slots[i];

        s->generation = g;
        s->metrics_fd = -1;
        s->restart.data = s;
        uv_timer_init(g->set.loop, &s->restart);
        g->open++;
    }
}

/* A start that fails half way is reported like one that fails later: `failed`, then `gone`. */
static void fail_later(uv_timer_t *t)
{
    struct slot *s = t->data;

    fail(s->generation);
}

struct generation *generation_new(const struct generation_settings *s, struct err *err)
{
    struct generation *g = calloc(1, sizeof *g);
    struct err trouble = { 0 };

    if (!g) {
        err_fail(err, ERR_MEMORY, NULL, "no memory for the processes");
        return NULL;
    }
    g->set = *s;
    g->config_fd = -1;
    timers_init(g);
    if (!start_all(g, &trouble)) {
        log_err(LOG_LEVEL_ERROR, "a process cannot be started", &trouble);
        uv_timer_start(&g->slots[0].restart, fail_later, 0, 0);
    }
    return g;
}

static void timer_closed(uv_handle_t *h)
{
    struct slot *s = h->data;

    closed_one(s->generation);
}

static void end_the_late(uv_timer_t *t)
{
    struct generation *g = t->data;

    log_say(LOG_LEVEL_ERROR, "what is left did not end in time and is ended now",
            (const char *)NULL);
    g->was_late = true;
    generation_kill(g);
}

void generation_leave(struct generation *g, uint64_t within_ms)
{
    if (g->is_leaving)
        return;
    g->is_leaving = true;
    uv_timer_start(&g->deadline, end_the_late, within_ms, 0);
    for (size_t i = 0; i < g->count; i++) {
        if (g->slots[i].worker.is_running)
            child_drain(&g->slots[i].worker);
        uv_close((uv_handle_t *)&g->slots[i].restart, timer_closed);
    }
    if (g->is_signer_there)
        child_release(&g->signer); /* it ends with the last worker */
    if (g->fetcher)
        fetcher_child_leave(g->fetcher);
}

void generation_kill(struct generation *g)
{
    for (size_t i = 0; i < g->count; i++)
        child_kill(&g->slots[i].worker);
    if (g->is_signer_there)
        child_kill(&g->signer);
    if (g->fetcher)
        fetcher_child_kill(g->fetcher);
}

static void keep_counters(const struct metrics *page, struct metrics *kept)
{
    for (size_t i = 0; i < METRIC_COUNT; i++)
        atomic_fetch_add(&kept->value[i], atomic_load(&page->value[i]));
    for (size_t i = 0; i < METRICS_BUCKETS; i++)
        atomic_fetch_add(&kept->bucket[i], atomic_load(&page->bucket[i]));
    atomic_fetch_add(&kept->latency_us, atomic_load(&page->latency_us));
}

void generation_free(struct generation *g, struct metrics *kept)
{
    for (size_t i = 0; i < g->count; i++) {
        struct slot *s = &g->slots[i];

        if (s->page) {
            keep_counters(s->page, kept);
            munmap(s->page, sizeof *s->page);
        }
        if (s->metrics_fd >= 0)
            close(s->metrics_fd);
        forget_keeper(s);
    }
    fetcher_child_free(g->fetcher);
    if (g->config_fd >= 0)
        close(g->config_fd);
    free(g);
}

bool generation_was_late(const struct generation *g)
{
    return g->was_late;
}

unsigned generation_number(const struct generation *g)
{
    return g->set.number;
}

unsigned generation_workers(const struct generation *g)
{
    return (unsigned)g->count;
}

unsigned generation_workers_ready(const struct generation *g)
{
    unsigned ready = 0;

    for (size_t i = 0; i < g->count; i++)
        ready += g->slots[i].worker.is_ready;
    return ready;
}

size_t generation_pages(const struct generation *g, struct metrics **out, size_t room)
{
    size_t n = 0;

    for (size_t i = 0; i < g->count && n < room; i++) {
        if (g->slots[i].page)
            out[n++] = g->slots[i].page;
    }
    return n;
}
