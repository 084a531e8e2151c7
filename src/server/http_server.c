#include "http_server.h"

#include "conn.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

struct listener {
    struct http_server *server;
    uv_poll_t poll;
    int fd; /* -1: closed */
    bool is_paused;
};

struct http_server {
    struct conn_shared shared;
    struct server_limits limits;
    struct tls_context *tls;
    uv_timer_t tick;
    uint64_t drain_until; /* of uv_now; while draining */
    void (*drained)(void *arg);
    void *drained_arg;
    bool is_freed;
    size_t listener_count;
    struct listener listener[];
};

static struct http_server *server_of(struct conn_shared *s)
{
    return (void *)((char *)s - offsetof(struct http_server, shared));
}

/* --- the end of handles, and of the server --- */

static void tell_drained(struct http_server *s)
{
    void (*done)(void *) = s->drained;

    if (!done || s->shared.count > 0)
        return;
    s->drained = NULL;
    done(s->drained_arg);
}

static void on_gone(struct conn_shared *shared)
{
    struct http_server *s = server_of(shared);

    tell_drained(s);
    if (!s->is_freed || shared->handles > 0)
        return;
    peers_free(shared->peers);
    free(s);
}

static void on_listener_closed(uv_handle_t *h)
{
    struct listener *l = h->data;
    struct conn_shared *shared = &l->server->shared;

    shared->handles--;
    on_gone(shared);
}

static void on_tick_closed(uv_handle_t *h)
{
    struct http_server *s = h->data;

    s->shared.handles--;
    on_gone(&s->shared);
}

static void listener_close(struct listener *l)
{
    if (l->fd < 0)
        return;
    uv_close((uv_handle_t *)&l->poll, on_listener_closed);
    close(l->fd);
    l->fd = -1;
}

static void stop_listening(struct http_server *s)
{
    for (size_t i = 0; i < s->listener_count; i++)
        listener_close(&s->listener[i]);
}

/* --- accepting --- */

/* Closes the one that is longest in the phase; false when there is none. */
static bool evict(struct http_server *s, enum phase phase)
{
    struct deadline *d = deadlines_first(&s->shared.deadlines, phase);

    if (!d)
        return false;
    metrics_add(s->shared.metrics, METRIC_CONNECTIONS_EVICTED, 1);
    conn_end(conn_of(d));
    return true;
}

/* Room for another one: whoever has been idle longest goes, and of those who never finish a
 * handshake the oldest, since one that means it is done within a few round trips. */
static bool make_room(struct http_server *s)
{
    if (s->shared.count >= s->limits.connections && !evict(s, PHASE_IDLE))
        return false;
    if (deadlines_count(&s->shared.deadlines, PHASE_HANDSHAKE) >= s->limits.handshakes)
        evict(s, PHASE_HANDSHAKE);
    return true;
}

static size_t most_of(const struct http_server *s, const struct sockaddr *from)
{
    return from->sa_family == AF_UNIX ? SIZE_MAX : s->limits.per_address;
}

static bool admit(struct http_server *s, int fd, const struct sockaddr *from)
{
    struct conn_shared *shared = &s->shared;
    struct peer *peer = make_room(s) ? peers_enter(shared->peers, from, most_of(s, from)) : NULL;
    struct conn *c = peer ? conn_new(shared, fd, s->tls, peer, from) : NULL;

    if (!c) {
        peers_leave(shared->peers, peer);
        return false;
    }
    conn_turn(c);
    return true;
}

static void on_connection(uv_poll_t *poll, int status, int events);

static void pause_listening(struct listener *l)
{
    uv_poll_stop(&l->poll);
    l->is_paused = true;
}

static void resume_listening(struct http_server *s)
{
    for (size_t i = 0; i < s->listener_count; i++) {
        struct listener *l = &s->listener[i];

        if (l->is_paused && l->fd >= 0)
            l->is_paused = uv_poll_start(&l->poll, UV_READABLE, on_connection) != 0;
    }
}

/* Without descriptors or memory the connection stays in the queue, and the listener stays readable:
 * somebody idle has to go, or we look again at the next tick. */
static bool accept_failed(struct listener *l)
{
    switch (errno) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        if (!evict(l->server, PHASE_IDLE))
            pause_listening(l);
        break;
    default: /* taken by another worker, or gone already */
        break;
    }
    return false;
}

static bool accept_one(struct listener *l)
{
    struct http_server *s = l->server;
    struct sockaddr_storage from = { 0 };
    socklen_t n = sizeof from;
    int fd = accept4(l->fd, (struct sockaddr *)&from, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
    bool is_in;

    if (fd < 0)
        return accept_failed(l);
    is_in = admit(s, fd, (struct sockaddr *)&from);
    if (!is_in)
        close(fd);
    metrics_add(s->shared.metrics, is_in ? METRIC_CONNECTIONS_ACCEPTED : METRIC_CONNECTIONS_REFUSED,
                1);
    return true;
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
    struct listener *l = poll->data;

    (void)events;
    if (status < 0)
        return;
    for (int i = 0; i < HTTP_ACCEPTS_PER_TURN && accept_one(l); i++)
        ;
}

/* --- time --- */

static void close_all(struct http_server *s)
{
    struct deadline *d;

    for (enum phase phase = 0; phase < PHASES; phase++)
        while ((d = deadlines_first(&s->shared.deadlines, phase)))
            conn_close(conn_of(d));
}

/* Who has just connected could not know better: its first request is waited for a moment. */
static bool is_spared(const struct http_server *s, struct deadline *d)
{
    uint64_t entered = d->at - s->limits.idle_ms;

    return conn_is_fresh(conn_of(d)) && uv_now(s->shared.loop) < entered + HTTP_FIRST_GRACE_MS;
}

static struct deadline *first_idle_to_end(const struct http_server *s)
{
    struct deadline *d = deadlines_first(&s->shared.deadlines, PHASE_IDLE);

    while (d && is_spared(s, d))
        d = deadlines_next(&s->shared.deadlines, d);
    return d;
}

/* A request that is on its way already is still taken: each idle connection looks once more before
 * it is closed. What it looks at moves it out of the queue, so the walk begins anew each time. */
static void close_idle(struct http_server *s)
{
    struct deadline *d;

    while ((d = first_idle_to_end(s))) {
        struct conn *c = conn_of(d);

        conn_turn(c);
        if (first_idle_to_end(s) == d)
            conn_end(c);
    }
}

static void on_tick(uv_timer_t *tick)
{
    struct http_server *s = tick->data;
    uint64_t now = uv_now(s->shared.loop);
    struct deadline *d;

    for (enum phase phase = 0; phase < PHASES; phase++)
        while ((d = deadlines_late(&s->shared.deadlines, phase, now)))
            conn_late(conn_of(d));
    resume_listening(s);
    if (s->shared.is_draining)
        close_idle(s);
    if (s->shared.is_draining && now >= s->drain_until)
        close_all(s);
}

/* --- stopping --- */

void http_server_drain(struct http_server *s, void (*done)(void *arg), void *arg)
{
    if (s->shared.is_draining)
        return;
    s->shared.is_draining = true;
    s->drain_until = uv_now(s->shared.loop) + s->limits.drain_ms;
    s->drained = done;
    s->drained_arg = arg;
    stop_listening(s);
    close_idle(s);
    tell_drained(s);
}

void http_server_free(struct http_server *s)
{
    if (!s)
        return;
    s->drained = NULL;
    s->shared.is_draining = true;
    stop_listening(s);
    close_all(s);
    uv_close((uv_handle_t *)&s->tick, on_tick_closed);
    s->is_freed = true;
}

/* --- starting --- */

static bool listener_open(struct http_server *s, struct listener *l, int fd, struct err *err)
{
    int rc = uv_poll_init(s->shared.loop, &l->poll, fd);

    if (rc != 0)
        return err_fail(err, ERR_IO, NULL, "a listening socket: %s", uv_strerror(rc));
    l->server = s;
    l->fd = fd;
    l->poll.data = l;
    s->shared.handles++;
    rc = uv_poll_start(&l->poll, UV_READABLE, on_connection);
    return rc == 0 || err_fail(err, ERR_IO, NULL, "a listening socket: %s", uv_strerror(rc));
}

static bool open_all(struct http_server *s, const struct http_server_settings *set, struct err *err)
{
    for (size_t i = 0; i < set->fd_count; i++)
        if (!listener_open(s, &s->listener[i], set->fds[i], err))
            return false;
    return true;
}

static uint64_t seed_new(void)
{
    uint64_t seed = 0;

    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        seed = uv_hrtime(); /* guards against slowness only */
    return seed;
}

static struct http_server *server_new(const struct http_server_settings *set)
{
    size_t n = set->fd_count;
    struct http_server *s = calloc(1, sizeof *s + n * sizeof(struct listener));

    if (!s)
        return NULL;
    s->shared = (struct conn_shared){ .loop = set->loop,
                                      .handler = set->handler,
                                      .peers = peers_new(set->limits.connections, seed_new()),
                                      .metrics = set->metrics,
                                      .name = set->name,
                                      .gone = on_gone };
    s->limits = set->limits;
    s->tls = set->tls;
    s->listener_count = n;
    for (size_t i = 0; i < n; i++)
        s->listener[i].fd = -1;
    if (s->shared.peers)
        return s;
    free(s);
    return NULL;
}

struct http_server *http_server_new(const struct http_server_settings *set, struct err *err)
{
    const struct server_limits *l = &set->limits;
    const uint32_t lengths[PHASES] = {
        [PHASE_HANDSHAKE] = l->handshake_ms, [PHASE_IDLE] = l->idle_ms,
        [PHASE_HEADER] = l->header_ms,       [PHASE_BODY] = l->body_ms,
        [PHASE_RESPONSE] = l->response_ms,   [PHASE_LINGER] = l->linger_ms,
    };
    struct http_server *s = server_new(set);

    if (!s) {
        err_fail(err, ERR_MEMORY, NULL, "no memory for a server");
        return NULL;
    }
    signal(SIGPIPE, SIG_IGN);
    deadlines_init(&s->shared.deadlines, lengths);
    uv_timer_init(set->loop, &s->tick);
    s->tick.data = s;
    s->shared.handles++;
    uv_timer_start(&s->tick, on_tick, l->tick_ms, l->tick_ms);
    if (open_all(s, set, err))
        return s;
    http_server_free(s);
    return NULL;
}
