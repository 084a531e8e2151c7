#include "keep_pipe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOURCE     "docs/formats/keeper.md"
#define KEEP_MAGIC 0x014b4343u /* "CCK", version 1 */

enum { QUEUE_FIRST = 64 * 1024, PACKET_LENGTH = 4 };

void keep_pipe_init(struct keep_pipe *p, int fd)
{
    *p = (struct keep_pipe){ .fd = fd };
}

void keep_pipe_fini(struct keep_pipe *p)
{
    if (p->fd >= 0)
        close(p->fd);
    free(p->room);
    free(p->queue);
    *p = (struct keep_pipe){ .fd = -1 };
}

/* Sending. */

/* True: sent. False with *is_full: later. */
static bool send_packet(const struct keep_pipe *p, struct span packet, bool *is_full)
{
    ssize_t n;

    do
        n = send(p->fd, packet.p, packet.n, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    *is_full = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS);
    return n >= 0;
}

bool keep_pipe_is_waiting(const struct keep_pipe *p)
{
    return p->queue_at < p->queue_end;
}

bool keep_pipe_flush(struct keep_pipe *p)
{
    while (keep_pipe_is_waiting(p)) {
        bool is_full;
        uint32_t n;

        memcpy(&n, p->queue + p->queue_at, sizeof n);
        if (!send_packet(p, span_of(p->queue + p->queue_at + PACKET_LENGTH, n), &is_full))
            return is_full;
        p->queue_at += PACKET_LENGTH + n;
    }
    p->queue_at = p->queue_end = 0;
    return true;
}

/* What was sent makes room at the front before more is asked for. */
static bool queue_grow(struct keep_pipe *p, size_t need)
{
    size_t used = p->queue_end - p->queue_at, size = p->queue_size ? p->queue_size : QUEUE_FIRST;
    uint8_t *more;

    if (p->queue_at > 0)
        memmove(p->queue, p->queue + p->queue_at, used);
    p->queue_at = 0;
    p->queue_end = used;
    while (size - used < need)
        size *= 2;
    more = size == p->queue_size ? p->queue : realloc(p->queue, size);
    if (!more)
        return false;
    p->queue = more;
    p->queue_size = size;
    return true;
}

static bool queue_packet(struct keep_pipe *p, struct span packet)
{
    uint32_t n = (uint32_t)packet.n;

    if (p->queue_size - p->queue_end < PACKET_LENGTH + packet.n &&
        !queue_grow(p, PACKET_LENGTH + packet.n))
        return false;
    memcpy(p->queue + p->queue_end, &n, sizeof n);
    memcpy(p->queue + p->queue_end + PACKET_LENGTH, packet.p, packet.n);
    p->queue_end += PACKET_LENGTH + packet.n;
    return true;
}

static bool send_part(struct keep_pipe *p, const struct keep_message *m, size_t at, struct err *err)
{
    struct writer w = writer_over(p->packet, sizeof p->packet);
    bool is_full = false;

    write_u32le(&w, KEEP_MAGIC);
    write_u32le(&w, (uint32_t)m->kind);
    write_u64le(&w, m->id);
    write_u32le(&w, (uint32_t)m->body.n);
    write_u32le(&w, (uint32_t)at);
    write_bytes(&w, span_part(m->body, at, KEEP_PACKET_MAX - KEEP_HEAD_SIZE));
    if (!keep_pipe_is_waiting(p) && send_packet(p, writer_span(&w), &is_full))
        return true;
    if (!keep_pipe_is_waiting(p) && !is_full)
        return err_fail(err, ERR_IO, NULL, "the other side is gone: %s", strerror(errno));
    return queue_packet(p, writer_span(&w)) ||
           err_fail(err, ERR_MEMORY, NULL, "no memory for a packet");
}

/* Whole or not at all: there must be room for every part before the first is sent. */
bool keep_pipe_send(struct keep_pipe *p, enum keep_kind kind, uint64_t id, struct span body,
                    struct err *err)
{
    const struct keep_message m = { kind, id, body };
    size_t at = 0;

    if (body.n > KEEP_MESSAGE_MAX)
        return err_fail(err, ERR_LIMIT, SOURCE, "%zu bytes are more than %d", body.n,
                        KEEP_MESSAGE_MAX);
    if (p->queue_end - p->queue_at + body.n > KEEP_QUEUE_MAX)
        return err_fail(err, ERR_LIMIT, SOURCE, "more than %d bytes wait for the other side",
                        KEEP_QUEUE_MAX);
    do {
        if (!send_part(p, &m, at, err))
            return false;
        at += KEEP_PACKET_MAX - KEEP_HEAD_SIZE;
    } while (at < body.n);
    return true;
}

/* Receiving. */

struct part {
    struct keep_message message; /* body: this part of it */
    size_t total, at;
};

static bool part_parse(struct span packet, struct part *out, struct err *err)
{
    struct reader r = reader_over(packet, err);
    uint32_t magic = reader_u32le(&r, "magic"), kind = reader_u32le(&r, "kind");
    struct part t = { 0 };

    if (reader_ok(&r) && magic != KEEP_MAGIC)
        reader_fail(&r, ERR_UNSUPPORTED, SOURCE, "magic", "0x%08x is not version 1 of the format",
                    magic);
    if (reader_ok(&r) && (kind == 0 || kind >= KEEP_KINDS))
        reader_fail(&r, ERR_UNSUPPORTED, SOURCE, "kind", "%u is no kind of message", kind);
    t.message.kind = (enum keep_kind)kind;
    t.message.id = reader_u64le(&r, "id");
    t.total = reader_u32le(&r, "total");
    t.at = reader_u32le(&r, "at");
    t.message.body = reader_rest(&r);
    if (reader_ok(&r) && t.total > KEEP_MESSAGE_MAX)
        reader_fail(&r, ERR_LIMIT, SOURCE, "total", "%zu bytes are more than %d", t.total,
                    KEEP_MESSAGE_MAX);
    if (reader_ok(&r) && (t.at > t.total || t.message.body.n > t.total - t.at))
        reader_fail(&r, ERR_MALFORMED, SOURCE, "at", "%zu bytes at %zu do not fit in %zu",
                    t.message.body.n, t.at, t.total);
    if (!reader_done(&r))
        return err_in(err, "keep");
    *out = t;
    return true;
}

static bool make_room(struct keep_pipe *p, size_t n, struct err *err)
{
    uint8_t *more;

    if (n <= p->room_size)
        return true;
    more = realloc(p->room, n);
    if (!more)
        return err_fail(err, ERR_MEMORY, NULL, "no memory for a message of %zu bytes", n);
    p->room = more;
    p->room_size = n;
    return true;
}

/* Room grows with what has come, not with what was announced. */
static bool part_add(struct keep_pipe *p, const struct part *t, struct err *err)
{
    if (!make_room(p, t->at + t->message.body.n, err))
        return false;
    if (t->message.body.n > 0)
        memcpy(p->room + t->at, t->message.body.p, t->message.body.n);
    p->coming = t->message;
    p->coming.body = span_of(p->room, t->at + t->message.body.n);
    p->total = t->total;
    return true;
}

static bool continues(const struct keep_pipe *p, const struct part *t)
{
    return p->coming.kind == t->message.kind && p->coming.id == t->message.id &&
           p->total == t->total && p->coming.body.n == t->at && t->message.body.n > 0;
}

bool keep_pipe_take(struct keep_pipe *p, struct span packet, struct keep_message *out,
                    bool *is_whole, struct err *err)
{
    struct part t;

    *is_whole = false;
    if (!part_parse(packet, &t, err))
        return false;
    if (t.at > 0 && !continues(p, &t)) {
        p->coming = (struct keep_message){ 0 }; /* its beginning went to somebody else */
        return true;
    }
    if (!part_add(p, &t, err))
        return false;
    *is_whole = p->coming.body.n == p->total;
    if (*is_whole) {
        *out = p->coming;
        p->coming = (struct keep_message){ 0 };
    }
    return true;
}

enum keep_read keep_pipe_next(struct keep_pipe *p, struct keep_message *out, struct err *err)
{
    bool is_whole = false;

    while (!is_whole) {
        ssize_t n = recv(p->fd, p->packet, sizeof p->packet, MSG_DONTWAIT | MSG_TRUNC);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return KEEP_READ_EMPTY;
        if (n <= 0)
            return KEEP_READ_GONE;
        if ((size_t)n > sizeof p->packet) {
            err_fail(err, ERR_LIMIT, SOURCE, "a packet of %zd bytes", n);
            return KEEP_READ_BAD;
        }
        if (!keep_pipe_take(p, span_of(p->packet, (size_t)n), out, &is_whole, err))
            return KEEP_READ_BAD;
    }
    return KEEP_READ_MESSAGE;
}
