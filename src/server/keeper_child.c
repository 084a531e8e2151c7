#include "keeper_child.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "generation.h"
#include "handover.h"
#include "keep_page.h"
#include "keeper.h"
#include "log.h"

struct keeper_child {
    struct keeper_child_settings set;
    struct child child;
    uv_timer_t restart, deadline;
    int config_fd, page_fd, page_read_fd;
    int ends[KEEPER_PEERS_MAX]; /* -1: free */
    unsigned failures;          /* in a row */
    uint64_t restarts;
    bool is_there; /* its struct is in use */
    bool was_ready, is_leaving;
    int closing;
};

static bool start_child(struct keeper_child *k, struct err *err);

static void on_closed(uv_handle_t *h)
{
    struct keeper_child *k = h->data;

    if (--k->closing == 0)
        k->set.events.gone(k->set.events.context);
}

static void close_timers(struct keeper_child *k)
{
    k->closing = 2;
    uv_close((uv_handle_t *)&k->restart, on_closed);
    uv_close((uv_handle_t *)&k->deadline, on_closed);
}

static void restart_now(uv_timer_t *t)
{
    struct keeper_child *k = t->data;
    struct err e = { 0 };

    if (k->is_leaving || k->is_there || start_child(k, &e))
        return;
    log_err(LOG_LEVEL_ERROR, "the keeper cannot be started", &e);
    k->failures++;
    uv_timer_start(&k->restart, restart_now, RESTART_LONGEST_MS, 0);
}

static void restart_later(struct keeper_child *k)
{
    uint64_t wait = RESTART_FIRST_MS;

    for (unsigned i = 1; i < k->failures && wait < RESTART_LONGEST_MS; i++)
        wait *= 2;
    uv_timer_start(&k->restart, restart_now, wait, 0);
}

static void say_gone(bool was_asked, int64_t status, int signal)
{
    char code[24], by[24];

    snprintf(code, sizeof code, "%lld", (long long)status);
    snprintf(by, sizeof by, "%d", signal);
    log_say(was_asked ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "the keeper has ended", "status", code,
            "signal", by, (const char *)NULL);
}

static void on_gone(struct child *c, int64_t status, int signal)
{
    struct keeper_child *k = c->owner;
    bool has_lived = uv_now(k->set.loop) - c->started_ms > RESTART_FORGIVEN_MS;

    say_gone(k->is_leaving, status, signal);
    k->is_there = false;
    if (k->is_leaving) {
        close_timers(k);
        return;
    }
    if (!k->was_ready) {
        k->set.events.failed(k->set.events.context);
        return;
    }
    k->restarts++;
    k->failures = has_lived ? 0 : k->failures + 1;
    restart_later(k);
}

static void on_ready(struct child *c)
{
    struct keeper_child *k = c->owner;

    if (k->was_ready || k->is_leaving)
        return;
    k->was_ready = true;
    k->set.events.ready(k->set.events.context);
}

static bool give_all(struct keeper_child *k, struct err *err)
{
    for (size_t i = 0; i < KEEPER_PEERS_MAX; i++) {
        if (k->ends[i] >= 0 && !handover_give(k->child.control_fd, k->ends[i], err))
            return false;
    }
    return true;
}

static bool start_child(struct keeper_child *k, struct err *err)
{
    int fds[CHILD_FDS_MAX];

    for (size_t i = 0; i < CHILD_FDS_MAX; i++)
        fds[i] = -1;
    fds[CHILD_CONFIG_FD] = k->config_fd;
    fds[CHILD_PAGE_FD] = k->page_fd;
    k->child.owner = k;
    k->child.on_ready = on_ready;
    k->child.on_gone = on_gone;
    k->is_there = child_start(k->set.loop, &k->child, "keeper", fds, err);
    if (!k->is_there) {
        k->is_there = k->child.closing > 0; /* on_gone follows */
        return false;
    }
    return give_all(k, err);
}

static bool prepare(struct keeper_child *k, struct err *err)
{
    return config_hand_over(k->set.config, &k->config_fd, err) &&
           keep_page_make(&k->page_fd, &k->page_read_fd, err) && start_child(k, err);
}

struct keeper_child *keeper_child_new(const struct keeper_child_settings *s, struct err *err)
{
    struct keeper_child *k = calloc(1, sizeof *k);

    if (!k) {
        err_fail(err, ERR_MEMORY, NULL, "no memory for the keeper");
        return NULL;
    }
    k->set = *s;
    k->config_fd = k->page_fd = k->page_read_fd = -1;
    for (size_t i = 0; i < KEEPER_PEERS_MAX; i++)
        k->ends[i] = -1;
    uv_timer_init(s->loop, &k->restart);
    uv_timer_init(s->loop, &k->deadline);
    k->restart.data = k->deadline.data = k;
    if (prepare(k, err))
        return k;
    return NULL; /* the caller ends the process, and what is open with it */
}

static bool find_free(const struct keeper_child *k, size_t *out, struct err *err)
{
    for (*out = 0; *out < KEEPER_PEERS_MAX; ++*out) {
        if (k->ends[*out] < 0)
            return true;
    }
    return err_fail(err, ERR_LIMIT, NULL, "more than %d workers for one keeper", KEEPER_PEERS_MAX);
}

/* Without a keeper just now, the pair waits for the next one. */
bool keeper_child_pair(struct keeper_child *k, int *out, size_t *ticket, struct err *err)
{
    struct err ignored = { 0 };
    int pair[2];

    if (!find_free(k, ticket, err))
        return false;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return err_fail(err, ERR_IO, NULL, "no pair of sockets: %s", strerror(errno));
    k->ends[*ticket] = pair[1];
    *out = pair[0];
    if (k->is_there && k->child.control_fd >= 0 &&
        !handover_give(k->child.control_fd, pair[1], &ignored))
        log_err(LOG_LEVEL_WARNING, "the keeper does not take a worker; the next one will",
                &ignored);
    return true;
}

void keeper_child_drop(struct keeper_child *k, size_t ticket)
{
    if (k->ends[ticket] >= 0)
        close(k->ends[ticket]);
    k->ends[ticket] = -1;
}

bool keeper_child_renew(struct keeper_child *k, const struct config *c, struct err *err)
{
    int fd = -1;

    if (!config_hand_over(c, &fd, err))
        return false;
    close(k->config_fd);
    k->config_fd = fd;
    return !k->is_there || k->child.control_fd < 0 ||
           handover_give_as(k->child.control_fd, HANDOVER_CONFIG, fd, err);
}

int keeper_child_page(const struct keeper_child *k)
{
    return k->page_read_fd;
}

uint64_t keeper_child_restarts(const struct keeper_child *k)
{
    return k->restarts;
}

bool keeper_child_is_ready(const struct keeper_child *k)
{
    return k->was_ready;
}

static void end_it(uv_timer_t *t)
{
    struct keeper_child *k = t->data;

    log_say(LOG_LEVEL_ERROR, "the keeper did not end in time and is ended now", (const char *)NULL);
    child_kill(&k->child);
}

void keeper_child_leave(struct keeper_child *k, uint64_t within_ms)
{
    if (k->is_leaving)
        return;
    k->is_leaving = true;
    if (!k->is_there) {
        close_timers(k);
        return;
    }
    child_release(&k->child);
    uv_timer_start(&k->deadline, end_it, within_ms, 0);
}

void keeper_child_free(struct keeper_child *k)
{
    const int fds[] = { k->config_fd, k->page_fd, k->page_read_fd };

    for (size_t i = 0; i < COUNT(fds); i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    for (size_t i = 0; i < KEEPER_PEERS_MAX; i++)
        keeper_child_drop(k, i);
    free(k);
}
