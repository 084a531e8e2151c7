#include "sign_channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NONE UINT16_MAX /* no slot */
enum { PACKETS_PER_TURN = 64, SIGN_PACKET_MAX = 128 };

_Static_assert(SIGNATURES_OUTSTANDING_MAX < NONE, "a slot's number fits in 16 bits");

/* One request: free, queued behind a full socket, or sent and waited for. */
struct slot {
    sign_done_fn *done; /* NULL: forgotten, or free */
    void *context;
    uint64_t generation; /* tells an answer to an earlier user of the slot */
    uint16_t next;       /* free list, or send queue */
    bool is_taken, is_queued;
    uint8_t packet[SIGN_PACKET_MAX];
    size_t packet_size;
};

struct sign_channel {
    uv_poll_t poll;
    uv_prepare_t
        before;       /* what is asked for in one turn of the loop leaves together: the signing */
    uv_check_t after; /* process is woken once, not between the judging of two requests */
    int open_handles;
    int fd;
    void (*lost)(void *arg);
    void *arg;
    bool is_lost, wants_write;
    uint16_t first_free, queue_head, queue_tail;
    size_t waiting;
    struct slot slots[SIGNATURES_OUTSTANDING_MAX];
    uint8_t room[SIGNER_PACKET_MAX];
};

static void on_event(uv_poll_t *poll, int status, int events);

static void watch(struct sign_channel *c)
{
    bool wants_write = c->queue_head != NONE;

    if (c->is_lost || wants_write == c->wants_write)
        return;
    c->wants_write = wants_write;
    uv_poll_start(&c->poll, UV_READABLE | (wants_write ? UV_WRITABLE : 0), on_event);
}

static void release(struct sign_channel *c, uint16_t at)
{
    struct slot *s = &c->slots[at];

    s->generation++;
    s->next = c->first_free;
    s->done = NULL;
    s->is_taken = s->is_queued = false;
    c->first_free = at;
    c->waiting--;
}

/* The signature is copied: whoever is told may ask for the next one at once, in the same room. */
static void finish(struct sign_channel *c, uint16_t at, struct span signature)
{
    uint8_t copy[SIGNER_SIGNATURE_MAX];
    sign_done_fn *done = c->slots[at].done;
    void *context = c->slots[at].context;

    if (signature.n > 0)
        memcpy(copy, signature.p, signature.n);
    release(c, at);
    if (done)
        done(context, span_of(copy, signature.n));
}

/* The other side is gone: everybody is told, then the owner. */
static void lose(struct sign_channel *c)
{
    if (c->is_lost)
        return;
    c->is_lost = true;
    uv_poll_stop(&c->poll);
    for (uint16_t i = 0; i < SIGNATURES_OUTSTANDING_MAX; i++)
        if (c->slots[i].is_taken)
            finish(c, i, (struct span){ 0 });
    c->queue_head = c->queue_tail = NONE;
    c->lost(c->arg);
}

/* True: sent. False with *is_full: later. */
static bool send_packet(int fd, struct span packet, bool *is_full)
{
    ssize_t n;

    do
        n = send(fd, packet.p, packet.n, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    *is_full = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS);
    return n >= 0;
}

static void flush_queue(struct sign_channel *c)
{
    bool is_full = false;

    while (c->queue_head != NONE) {
        struct slot *s = &c->slots[c->queue_head];

        if (!send_packet(c->fd, span_of(s->packet, s->packet_size), &is_full)) {
            if (!is_full)
                lose(c);
            return;
        }
        s->is_queued = false;
        c->queue_head = s->next;
    }
    c->queue_tail = NONE;
}

static void take_answer(struct sign_channel *c, struct span packet)
{
    struct signer_answer a;
    struct err e = { 0 };
    uint64_t at;

    if (!signer_answer_parse(packet, &a, &e)) {
        lose(c); /* a signer that speaks otherwise is no signer */
        return;
    }
    at = a.id % SIGNATURES_OUTSTANDING_MAX;
    if (a.kind != SIGNER_SIGN || !c->slots[at].is_taken || c->slots[at].is_queued ||
        a.id / SIGNATURES_OUTSTANDING_MAX != c->slots[at].generation)
        return;
    finish(c, (uint16_t)at, a.status == SIGNER_OK ? a.signature : (struct span){ 0 });
}

static void read_answers(struct sign_channel *c)
{
    for (int i = 0; i < PACKETS_PER_TURN && !c->is_lost; i++) {
        ssize_t n = recv(c->fd, c->room, sizeof c->room, MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
            return;
        if (n <= 0) {
            lose(c);
            return;
        }
        take_answer(c, span_of(c->room, (size_t)n));
    }
}

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct sign_channel *c = poll->data;

    if (status < 0) {
        lose(c);
        return;
    }
    if (events & UV_READABLE)
        read_answers(c);
    if (!c->is_lost && (events & UV_WRITABLE))
        flush_queue(c);
    watch(c);
}

static void flush_turn(struct sign_channel *c)
{
    if (c->is_lost || c->queue_head == NONE || c->wants_write)
        return;
    flush_queue(c);
    watch(c);
}

static void on_before(uv_prepare_t *before)
{
    flush_turn(before->data);
}

static void on_after(uv_check_t *after)
{
    flush_turn(after->data);
}

static void start(struct sign_channel *c, uv_loop_t *loop)
{
    c->poll.data = c->before.data = c->after.data = c;
    uv_prepare_init(loop, &c->before);
    uv_check_init(loop, &c->after);
    c->open_handles = 3;
    uv_poll_start(&c->poll, UV_READABLE, on_event);
    uv_prepare_start(&c->before, on_before);
    uv_check_start(&c->after, on_after);
}

struct sign_channel *sign_channel_new(uv_loop_t *loop, int fd, void (*lost)(void *arg), void *arg,
                                      struct err *err)
{
    struct sign_channel *c = calloc(1, sizeof *c);

    if (!c || uv_poll_init(loop, &c->poll, fd) != 0) {
        free(c);
        err_fail(err, ERR_IO, NULL, "the channel to the signing process cannot be watched");
        return NULL;
    }
    c->fd = fd;
    c->lost = lost;
    c->arg = arg;
    c->queue_head = c->queue_tail = NONE;
    for (uint16_t i = 0; i < SIGNATURES_OUTSTANDING_MAX; i++)
        c->slots[i].next = i + 1 < SIGNATURES_OUTSTANDING_MAX ? (uint16_t)(i + 1) : NONE;
    start(c, loop);
    return c;
}

static void enqueue(struct sign_channel *c, uint16_t at, size_t size)
{
    struct slot *s = &c->slots[at];

    s->packet_size = size;
    s->is_queued = true;
    s->next = NONE;
    if (c->queue_tail == NONE)
        c->queue_head = at;
    else
        c->slots[c->queue_tail].next = at;
    c->queue_tail = at;
}

bool sign_channel_ask(struct sign_channel *c, uint32_t key_index, struct span hash,
                      sign_done_fn *done, void *context, uint64_t *ticket)
{
    uint16_t at = c->first_free;
    struct signer_request q = { .kind = SIGNER_SIGN, .key_index = key_index, .hash = hash };
    struct slot *s;
    struct writer w;
    struct err e = { 0 };

    if (c->is_lost || at == NONE)
        return false;
    s = &c->slots[at];
    w = writer_over(s->packet, sizeof s->packet);
    q.id = s->generation * SIGNATURES_OUTSTANDING_MAX + at;
    if (!signer_request_write(&w, &q, &e))
        return false;
    c->first_free = s->next;
    c->waiting++;
    s->is_taken = true;
    s->done = done;
    s->context = context;
    enqueue(c, at, w.n);
    *ticket = q.id;
    return true;
}

void sign_channel_forget(struct sign_channel *c, uint64_t ticket)
{
    struct slot *s = &c->slots[ticket % SIGNATURES_OUTSTANDING_MAX];

    if (s->is_taken && s->generation == ticket / SIGNATURES_OUTSTANDING_MAX)
        s->done = NULL;
}

size_t sign_channel_waiting(const struct sign_channel *c)
{
    return c->waiting;
}

static void on_closed(uv_handle_t *handle)
{
    struct sign_channel *c = handle->data;

    if (--c->open_handles > 0)
        return;
    close(c->fd);
    free(c);
}

void sign_channel_free(struct sign_channel *c)
{
    if (!c)
        return;
    uv_poll_stop(&c->poll);
    uv_close((uv_handle_t *)&c->poll, on_closed);
    uv_close((uv_handle_t *)&c->before, on_closed);
    uv_close((uv_handle_t *)&c->after, on_closed);
}
