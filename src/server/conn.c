#include "conn.h"

#include "http.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What a turn has used up so far: others wait for theirs. */
struct turn {
    size_t requests, bytes;
};

struct conn {
    struct deadline deadline; /* its phase is the phase of the connection */
    struct http_reply reply;
    struct conn_shared *shared;
    uv_poll_t poll;
    int fd;
    int watched; /* events that wake us */
    struct tls *tls;
    struct span certificate; /* of the client, from malloc */
    struct peer *peer;
    struct http_parser *parser; /* NULL while idle */

    uint8_t *out; /* what is being written, from malloc */
    size_t out_n, out_at;
    bool out_is_answer; /* else "100 Continue" */

    uint64_t began_us; /* the request was whole */
    size_t lingered;   /* bytes thrown away */
    int status;        /* of the answer */
    bool is_pending;   /* the handler owes an answer */
    bool is_unparsed;  /* bytes behind the last request have not been looked at */
    bool is_in_turn;
    bool is_closed;
    bool is_to_head;
    bool says_keep_alive;
    bool keeps; /* another request may follow */
    char text[PEER_TEXT];
};

struct conn *conn_of(struct deadline *d)
{
    return (void *)((char *)d - offsetof(struct conn, deadline));
}

static struct conn *conn_of_reply(struct http_reply *r)
{
    return (void *)((char *)r - offsetof(struct conn, reply));
}

static uint64_t now_us(void)
{
    return uv_hrtime() / 1000;
}

/* --- phases --- */

static void enter(struct conn *c, enum phase phase)
{
    struct conn_shared *s = c->shared;

    if (c->deadline.phase == PHASE_HANDSHAKE && c->tls && phase != PHASE_HANDSHAKE)
        metrics_add(s->metrics, METRIC_HANDSHAKES_OPEN, -1);
    deadline_set(&s->deadlines, &c->deadline, phase, uv_now(s->loop));
}

static void stay_or_enter(struct conn *c, enum phase phase)
{
    if (c->deadline.phase != phase)
        enter(c, phase);
}

/* --- waiting --- */

static void on_poll(uv_poll_t *poll, int status, int events);

static bool watch(struct conn *c, int events)
{
    if (events != c->watched && uv_poll_start(&c->poll, events, on_poll) != 0)
        conn_close(c);
    c->watched = events;
    return false;
}

/* A socket that can be written to wakes us in the next round of the loop: others come first. */
static bool yield(struct conn *c)
{
    return watch(c, UV_READABLE | UV_WRITABLE);
}

/* False: this turn is over. */
static bool wait_or_close(struct conn *c, enum tls_step step)
{
    if (step == TLS_WANTS_READ)
        return watch(c, UV_READABLE);
    if (step == TLS_WANTS_WRITE)
        return watch(c, UV_WRITABLE);
    conn_close(c);
    return false;
}

/* While the handler works, bytes that come stay where they are: what wakes us for them is switched
 * off, and only the other side's leaving matters. Over TLS nobody leaves halfway; on a plain socket
 * the answer may still be wanted. */
static void wake_pending(struct conn *c, int events)
{
    if (!(events & UV_DISCONNECT)) {
        watch(c, UV_DISCONNECT);
    } else if (c->tls) {
        conn_close(c);
    } else {
        uv_poll_stop(&c->poll);
        c->watched = 0;
    }
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct conn *c = poll->data;

    if (status < 0)
        conn_close(c);
    else if (c->is_pending)
        wake_pending(c, events);
    else
        conn_turn(c);
}

/* --- bytes --- */

static enum tls_step plain_step(ssize_t n, size_t *done, enum tls_step wants)
{
    if (n > 0) {
        *done = (size_t)n;
        return TLS_DONE;
    }
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return wants;
    return TLS_CLOSED;
}

static enum tls_step receive(struct conn *c, uint8_t *p, size_t room, size_t *got)
{
    if (c->tls)
        return tls_read(c->tls, p, room, got);
    return plain_step(recv(c->fd, p, room, 0), got, TLS_WANTS_READ);
}

static enum tls_step transmit(struct conn *c, const uint8_t *p, size_t n, size_t *put)
{
    if (c->tls)
        return tls_write(c->tls, p, n, put);
    return plain_step(send(c->fd, p, n, MSG_NOSIGNAL), put, TLS_WANTS_WRITE);
}

/* --- answering --- */

static const char *date_now(struct conn_shared *s)
{
    int64_t now = time(NULL);

    if (now != s->date_at)
        answer_date(now, s->date);
    s->date_at = now;
    return s->date;
}

static enum answer_connection connection_of(const struct conn *c)
{
    if (!c->keeps)
        return ANSWER_CLOSES;
    return c->says_keep_alive ? ANSWER_KEEPS_ALIVE : ANSWER_GOES_ON;
}

/* Puts bytes from malloc in line to be written. */
static void put_out(struct conn *c, uint8_t *p, size_t n, bool is_answer)
{
    assert(!c->out);
    if (!p) {
        conn_close(c);
        return;
    }
    c->out = p;
    c->out_n = n;
    c->out_at = 0;
    c->out_is_answer = is_answer;
}

static void put_answer(struct conn *c, const struct http_answer *answer)
{
    struct conn_shared *s = c->shared;
    struct span bytes;

    c->status = answer->status;
    c->keeps = c->keeps && !s->is_draining;
    bytes = answer_bytes(answer, &(struct answer_frame){ .date = date_now(s),
                                                         .server = s->name,
                                                         .is_to_head = c->is_to_head,
                                                         .connection = connection_of(c) });
    put_out(c, (uint8_t *)(uintptr_t)bytes.p, bytes.n, true);
}

static void put_refusal(struct conn *c, int status, const char *text)
{
    struct answer_room room;
    struct http_answer answer = answer_refusal(status, text, &room);

    c->keeps = false;
    put_answer(c, &answer);
}

static void put_continue(struct conn *c)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    uint8_t *p = malloc(sizeof line - 1);

    if (p)
        memcpy(p, line, sizeof line - 1);
    put_out(c, p, sizeof line - 1, false);
}

void http_reply_send(struct http_reply *reply, const struct http_answer *answer)
{
    struct conn *c = conn_of_reply(reply);

    assert(c->is_pending);
    c->is_pending = false;
    put_answer(c, answer);
    if (!c->is_in_turn)
        conn_turn(c);
}

/* --- requests --- */

static void begin(struct conn *c)
{
    const struct http_request *q = http_parser_request(c->parser);
    struct http_handler *h = &c->shared->handler;

    enter(c, PHASE_RESPONSE);
    c->began_us = now_us();
    c->keeps = http_parser_keeps(c->parser);
    c->is_to_head = q->method == HTTP_HEAD;
    c->says_keep_alive = span_is_nocase(http_header_find(q, "connection"), "keep-alive");
    c->is_pending = true;
    c->reply.own = NULL;
    h->begin(h->context, q, &c->reply);
}

static void refuse(struct conn *c)
{
    struct err why;
    int status = http_parser_refusal(c->parser, &why);

    enter(c, PHASE_RESPONSE);
    metrics_add(c->shared->metrics, METRIC_MALFORMED, 1);
    c->began_us = now_us();
    c->is_to_head = false;
    put_refusal(c, status, why.text);
}

static void parse(struct conn *c)
{
    c->is_unparsed = false;
    switch (http_parser_step(c->parser)) {
    case HTTP_STEP_HEAD:
        stay_or_enter(c, http_parser_is_empty(c->parser) ? PHASE_IDLE : PHASE_HEADER);
        break;
    case HTTP_STEP_BODY:
        stay_or_enter(c, PHASE_BODY);
        if (http_parser_take_expectation(c->parser))
            put_continue(c);
        break;
    case HTTP_STEP_READY:
        begin(c);
        break;
    case HTTP_STEP_REFUSED:
        refuse(c);
        break;
    }
}

static void drop_parser(struct conn *c)
{
    http_parser_free(c->parser);
    c->parser = NULL;
}

static bool ensure_parser(struct conn *c)
{
    struct http_handler *h = &c->shared->handler;

    if (!c->parser)
        c->parser = http_parser_new(&(struct http_rules){ .body_limit = h->body_limit,
                                                          .context = h->context,
                                                          .peer = c->text,
                                                          .certificate = c->certificate });
    return c->parser != NULL;
}

/* --- the end --- */

/* Closing at once could make the system throw away an answer that the other side has not read yet;
 * so our side is closed, and what still comes is thrown away for a while. */
static bool begin_linger(struct conn *c)
{
    if (c->tls)
        tls_end(c->tls);
    tls_free(c->tls);
    c->tls = NULL;
    drop_parser(c);
    shutdown(c->fd, SHUT_WR);
    enter(c, PHASE_LINGER);
    return true;
}

static bool step_linger(struct conn *c)
{
    uint8_t waste[HTTP_READ_ROOM];
    size_t got = 0;
    enum tls_step step = plain_step(recv(c->fd, waste, sizeof waste, 0), &got, TLS_WANTS_READ);

    c->lingered += got;
    if (step == TLS_DONE && c->lingered < HTTP_LINGER_BYTES)
        return true;
    return wait_or_close(c, step == TLS_DONE ? TLS_CLOSED : step);
}

static void cancel(struct conn *c)
{
    struct http_handler *h = &c->shared->handler;

    if (!c->is_pending)
        return;
    c->is_pending = false;
    metrics_add(c->shared->metrics, METRIC_CANCELLED, 1);
    if (h->cancel)
        h->cancel(h->context, &c->reply);
}

static void on_closed(uv_handle_t *handle)
{
    struct conn *c = handle->data;
    struct conn_shared *s = c->shared;

    free(c);
    s->handles--;
    s->gone(s);
}

void conn_close(struct conn *c)
{
    struct conn_shared *s = c->shared;

    if (c->is_closed)
        return;
    c->is_closed = true;
    cancel(c);
    if (c->deadline.phase == PHASE_HANDSHAKE && c->tls)
        metrics_add(s->metrics, METRIC_HANDSHAKES_OPEN, -1);
    metrics_add(s->metrics, METRIC_CONNECTIONS_OPEN, -1);
    deadline_clear(&s->deadlines, &c->deadline);
    peers_leave(s->peers, c->peer);
    tls_free(c->tls);
    drop_parser(c);
    free((void *)(uintptr_t)c->certificate.p);
    c->certificate = (struct span){ 0 };
    free(c->out);
    c->out = NULL;
    uv_close((uv_handle_t *)&c->poll, on_closed);
    close(c->fd);
    s->count--;
}

bool conn_is_fresh(const struct conn *c)
{
    return c->began_us == 0;
}

void conn_end(struct conn *c)
{
    if (c->tls)
        tls_end(c->tls);
    conn_close(c);
}

static const enum metric late_metric[PHASES] = {
    [PHASE_HANDSHAKE] = METRIC_LATE_HANDSHAKE, [PHASE_HEADER] = METRIC_LATE_HEADER,
    [PHASE_BODY] = METRIC_LATE_BODY,           [PHASE_RESPONSE] = METRIC_LATE_RESPONSE,
    [PHASE_IDLE] = METRIC_LATE_IDLE,
};

/* A handler that takes too long is not the sender's fault: that is said, once. */
void conn_late(struct conn *c)
{
    enum phase phase = c->deadline.phase;

    if (phase != PHASE_LINGER)
        metrics_add(c->shared->metrics, late_metric[phase], 1);
    if (c->is_pending) {
        cancel(c);
        enter(c, PHASE_RESPONSE);
        put_refusal(c, 503, "the answer took too long");
        conn_turn(c);
    } else if (phase == PHASE_IDLE) {
        conn_end(c);
    } else {
        conn_close(c);
    }
}

/* --- steps of a turn: each tells whether there is more to do now --- */

static bool step_handshake(struct conn *c)
{
    enum tls_step step = tls_handshake(c->tls);

    if (step == TLS_WANTS_READ || step == TLS_WANTS_WRITE)
        return wait_or_close(c, step);
    metrics_add(c->shared->metrics,
                step == TLS_DONE ? METRIC_HANDSHAKES_DONE : METRIC_HANDSHAKES_FAILED, 1);
    if (step != TLS_DONE)
        return wait_or_close(c, step);
    c->certificate = tls_client_certificate(c->tls);
    enter(c, PHASE_IDLE);
    return true;
}

/* The answer has left: the end, or the next request. */
static bool step_next(struct conn *c, struct turn *t)
{
    metrics_request(c->shared->metrics, c->status, now_us() - c->began_us);
    t->requests++;
    if (!c->keeps)
        return begin_linger(c);
    http_parser_next(c->parser);
    c->is_unparsed = !http_parser_is_empty(c->parser);
    enter(c, c->is_unparsed ? PHASE_HEADER : PHASE_IDLE);
    if (c->is_unparsed || (c->tls && tls_has_pending(c->tls)))
        return true;
    drop_parser(c);
    return watch(c, UV_READABLE);
}

static bool step_write(struct conn *c, struct turn *t)
{
    size_t put = 0;
    enum tls_step step = transmit(c, c->out + c->out_at, c->out_n - c->out_at, &put);

    if (step != TLS_DONE)
        return wait_or_close(c, step);
    c->out_at += put;
    if (c->out_at < c->out_n)
        return true;
    free(c->out);
    c->out = NULL;
    return !c->out_is_answer || step_next(c, t);
}

static bool step_read(struct conn *c, struct turn *t)
{
    size_t room, got = 0;
    uint8_t *p = ensure_parser(c) ? http_parser_room(c->parser, &room) : NULL;
    enum tls_step step = p ? receive(c, p, room, &got) : TLS_FAILED;

    if (step == TLS_DONE) {
        t->bytes += got;
        http_parser_fed(c->parser, got);
        parse(c);
        return true;
    }
    if (c->deadline.phase == PHASE_IDLE)
        drop_parser(c);
    return wait_or_close(c, step);
}

static bool step_request(struct conn *c, struct turn *t)
{
    if (t->requests >= HTTP_REQUESTS_PER_TURN || t->bytes >= HTTP_BYTES_PER_TURN)
        return yield(c);
    if (!c->is_unparsed)
        return step_read(c, t);
    parse(c);
    return true;
}

/* A request may have come with the very first bytes, before anything had to be waited for. */
static bool wait_for_handler(struct conn *c)
{
    return c->watched ? false : watch(c, UV_DISCONNECT);
}

static bool step(struct conn *c, struct turn *t)
{
    if (c->is_closed)
        return false;
    if (c->is_pending)
        return wait_for_handler(c);
    if (c->out)
        return step_write(c, t);
    if (c->deadline.phase == PHASE_HANDSHAKE)
        return step_handshake(c);
    if (c->deadline.phase == PHASE_LINGER)
        return step_linger(c);
    return step_request(c, t);
}

void conn_turn(struct conn *c)
{
    struct turn t = { 0 };

    c->is_in_turn = true;
    while (step(c, &t))
        ;
    c->is_in_turn = false;
}

/* --- the beginning --- */

static bool open_tls(struct conn *c, struct tls_context *tls)
{
    if (!tls)
        return true;
    c->tls = tls_new(tls, c->fd);
    return c->tls != NULL;
}

struct conn *conn_new(struct conn_shared *s, int fd, struct tls_context *tls, struct peer *peer,
                      const struct sockaddr *from)
{
    struct conn *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->shared = s;
    c->fd = fd;
    if (!open_tls(c, tls) || uv_poll_init(s->loop, &c->poll, fd) != 0) {
        tls_free(c->tls);
        free(c);
        return NULL;
    }
    c->poll.data = c;
    c->peer = peer;
    peer_text(from, c->text);
    s->handles++;
    s->count++;
    metrics_add(s->metrics, METRIC_CONNECTIONS_OPEN, 1);
    metrics_add(s->metrics, METRIC_HANDSHAKES_OPEN, tls ? 1 : 0);
    deadline_set(&s->deadlines, &c->deadline, tls ? PHASE_HANDSHAKE : PHASE_IDLE, uv_now(s->loop));
    return c;
}
