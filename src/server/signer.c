#include "signer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "handover.h"
#include "log.h"

enum { PACKETS_PER_TURN = 16 };

_Static_assert((int)KEYRING_PUBLISHED_MAX <= (int)SIGNER_KEYS_MAX, "every key can be told");
_Static_assert((int)REPORT_CERTS_MAX == (int)SIGNER_CERTS_MAX, "and every certificate");

static bool reply_sign(struct keyring *k, const struct signer_request *q, struct signer_answer *a,
                       uint8_t signature[SIGNER_SIGNATURE_MAX])
{
    struct err e = { 0 };
    size_t count, n = 0;

    keyring_keys(k, &count);
    if (q->key_index >= count) {
        a->status = SIGNER_NO_SUCH_KEY;
    } else if (keyring_sign(k, q->key_index, q->hash, signature, SIGNER_SIGNATURE_MAX, &n, &e)) {
        a->signature = span_of(signature, n);
    } else {
        log_err(LOG_LEVEL_ERROR, "a signature could not be made", &e);
        a->status = SIGNER_FAILED;
    }
    return true;
}

static bool reply_keys(struct keyring *k, const struct signer_request *q, struct signer_answer *a,
                       uint8_t signature[SIGNER_SIGNATURE_MAX])
{
    const struct keyring_key *keys = keyring_keys(k, &a->key_count);
    (void)q;
    (void)signature;

    for (size_t i = 0; i < a->key_count; i++) {
        a->keys[i] = (struct signer_key){ .alg = keys[i].alg,
                                          .kty = signer_kty(keys[i].alg),
                                          .kid = keys[i].kid,
                                          .is_report = keys[i].is_report,
                                          .cert = keys[i].cert,
                                          .issuer_count = keys[i].issuer_count };
        memcpy(a->keys[i].issuers, keys[i].issuers, sizeof keys[i].issuers);
    }
    return true;
}

/* All that may be asked. */
/* clang-format off */
static const struct {
    enum signer_kind kind;
    bool (*reply)(struct keyring *, const struct signer_request *, struct signer_answer *, uint8_t *);
} replies[] = {
    { SIGNER_SIGN, reply_sign },
    { SIGNER_KEYS, reply_keys },
};
/* clang-format on */

bool signer_reply(struct keyring *k, struct span packet, struct writer *w, struct err *err)
{
    uint8_t signature[SIGNER_SIGNATURE_MAX];
    struct signer_request q;
    struct signer_answer a = { 0 };

    if (!signer_request_parse(packet, &q, err))
        return false;
    a.kind = q.kind;
    a.id = q.id;
    for (size_t i = 0; i < COUNT(replies); i++) {
        if (replies[i].kind == q.kind)
            return replies[i].reply(k, &q, &a, signature) && signer_answer_write(w, &a, err);
    }
    return err_fail(err, ERR_UNSUPPORTED, NULL, "%d is not asked of a signing process",
                    (int)q.kind);
}

/* A worker's pair, and an answer that did not fit its socket yet. */
struct pair {
    int fd;
    uint8_t *waiting;
    size_t waiting_n;
};

struct signer_thread {
    pthread_t id;
    struct keyring *ring;
    int wake[2]; /* descriptors of new pairs are written to [1] and read from [0] */
    bool is_closing;
    size_t count;
    struct pair pairs[SIGNER_PAIRS_MAX];
    uint8_t in[SIGNER_PACKET_MAX], out[SIGNER_PACKET_MAX];
};

static void pair_close(struct signer_thread *t, size_t i)
{
    close(t->pairs[i].fd);
    free(t->pairs[i].waiting);
    t->pairs[i] = t->pairs[--t->count];
}

static bool pair_keep(struct pair *p, struct span answer)
{
    p->waiting = malloc(answer.n);
    if (!p->waiting)
        return false;
    memcpy(p->waiting, answer.p, answer.n);
    p->waiting_n = answer.n;
    return true;
}

/* Sends, or keeps for later what the socket cannot take now. */
static bool pair_send(struct pair *p, struct span answer)
{
    if (send(p->fd, answer.p, answer.n, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)answer.n)
        return true;
    return (errno == EAGAIN || errno == EWOULDBLOCK) && pair_keep(p, answer);
}

static bool pair_send_waiting(struct pair *p)
{
    uint8_t *waiting = p->waiting;
    bool is_sent;

    p->waiting = NULL;
    is_sent = pair_send(p, span_of(waiting, p->waiting_n));
    free(waiting);
    return is_sent;
}

/* Answers one packet. False when the pair is to be closed; *is_empty when there was none. */
static bool pair_serve_one(struct signer_thread *t, struct pair *p, bool *is_empty)
{
    ssize_t n = recv(p->fd, t->in, sizeof t->in, MSG_DONTWAIT | MSG_TRUNC);
    struct writer w = writer_over(t->out, sizeof t->out);
    struct err e = { 0 };

    *is_empty = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
    if (*is_empty)
        return true;
    if (n <= 0)
        return false;
    if ((size_t)n > sizeof t->in)
        err_fail(&e, ERR_LIMIT, NULL, "a packet of %zd bytes", n);
    else if (signer_reply(t->ring, span_of(t->in, (size_t)n), &w, &e))
        return pair_send(p, writer_span(&w));
    log_err(LOG_LEVEL_ERROR, "a worker sent what is no request; its connection ends", &e);
    return false;
}

static bool pair_serve(struct signer_thread *t, struct pair *p)
{
    bool is_empty = false;

    if (p->waiting && !pair_send_waiting(p))
        return false;
    for (int i = 0; i < PACKETS_PER_TURN && !is_empty && !p->waiting; i++) {
        if (!pair_serve_one(t, p, &is_empty))
            return false;
    }
    return true;
}

static void take_new_pair(struct signer_thread *t)
{
    int fd;
    ssize_t n = read(t->wake[0], &fd, sizeof fd);

    if (n == 0)
        t->is_closing = true;
    if (n != (ssize_t)sizeof fd)
        return;
    if (t->count == SIGNER_PAIRS_MAX) {
        log_say(LOG_LEVEL_ERROR, "too many workers for one thread of the signing process",
                (const char *)NULL);
        close(fd);
        return;
    }
    t->pairs[t->count++] = (struct pair){ .fd = fd };
}

/* From the last to the first: closing one moves the last into its place. */
static void serve_ready(struct signer_thread *t, const struct pollfd *polled, size_t count)
{
    for (size_t i = count; i > 0; i--) {
        if (polled[i].revents != 0 && !pair_serve(t, &t->pairs[i - 1]))
            pair_close(t, i - 1);
    }
}

static void *thread_main(void *arg)
{
    struct signer_thread *t = arg;
    struct pollfd polled[SIGNER_PAIRS_MAX + 1];

    while (!t->is_closing || t->count > 0) {
        size_t count = t->count;

        polled[0] = (struct pollfd){ .fd = t->is_closing ? -1 : t->wake[0], .events = POLLIN };
        for (size_t i = 0; i < count; i++)
            polled[i + 1] = (struct pollfd){ .fd = t->pairs[i].fd,
                                             .events = t->pairs[i].waiting ? POLLOUT : POLLIN };
        if (poll(polled, count + 1, -1) < 0)
            continue;
        serve_ready(t, polled, count);
        if (polled[0].revents != 0)
            take_new_pair(t);
    }
    close(t->wake[0]);
    return NULL;
}

static bool thread_start(struct signer_thread **out, struct keyring *ring, struct err *err)
{
    struct signer_thread *t = calloc(1, sizeof *t);

    if (!t)
        return err_fail(err, ERR_MEMORY, NULL, "no memory for a thread");
    t->ring = ring;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, t->wake) != 0) {
        free(t);
        return err_fail(err, ERR_IO, NULL, "no pair of sockets: %s", strerror(errno));
    }
    if (pthread_create(&t->id, NULL, thread_main, t) != 0) {
        close(t->wake[0]);
        close(t->wake[1]);
        free(t);
        return err_fail(err, ERR_IO, NULL, "no thread: %s", strerror(errno));
    }
    *out = t;
    return true;
}

static void thread_end(struct signer_thread *t)
{
    close(t->wake[1]);
    pthread_join(t->id, NULL);
    free(t);
}

static void serve_control(int control_fd, struct signer_thread *const *threads, size_t count)
{
    size_t turn = 0;
    int fd;

    while (handover_take(control_fd, &fd)) {
        if (fd < 0)
            continue;
        if (write(threads[turn++ % count]->wake[1], &fd, sizeof fd) != (ssize_t)sizeof fd)
            close(fd);
    }
}

bool signer_run(const struct signer_settings *s, struct err *err)
{
    struct signer_thread *threads[SIGNER_THREADS_MAX];
    bool is_well = s->thread_count > 0 && s->thread_count <= SIGNER_THREADS_MAX;
    size_t count = 0;

    if (!is_well)
        err_fail(err, ERR_INTERNAL, NULL, "%zu threads", s->thread_count);
    while (is_well && count < s->thread_count) {
        is_well = thread_start(&threads[count], s->rings[count], err);
        count += is_well;
    }
    if (is_well && s->confine)
        is_well = s->confine(s->confine_arg, err);
    if (is_well)
        serve_control(s->control_fd, threads, count);
    close(s->control_fd);
    for (size_t i = 0; i < count; i++)
        thread_end(threads[i]);
    return is_well;
}

/* Sends a request and waits for the packet that answers it. */
static bool ask(int fd, struct span question, int wait_ms, uint8_t *room, size_t *n,
                struct err *err)
{
    struct pollfd polled = { .fd = fd, .events = POLLIN };
    ssize_t got;
    int ready;

    if (send(fd, question.p, question.n, MSG_NOSIGNAL) != (ssize_t)question.n)
        return err_fail(err, ERR_IO, NULL, "the signing process does not listen: %s",
                        strerror(errno));
    do
        ready = poll(&polled, 1, wait_ms);
    while (ready < 0 && errno == EINTR);
    if (ready <= 0)
        return err_fail(err, ERR_IO, NULL, "the signing process did not answer in %d ms", wait_ms);
    got = recv(fd, room, SIGNER_PACKET_MAX, 0);
    if (got <= 0)
        return err_fail(err, ERR_IO, NULL, "the signing process went away");
    *n = (size_t)got;
    return true;
}

bool signer_ask_keys(int signer_fd, int wait_ms, struct arena *a, struct signer_answer *out,
                     struct err *err)
{
    const struct signer_request q = { .kind = SIGNER_KEYS };
    uint8_t question[64], *room = ARENA_ARRAY(a, uint8_t, SIGNER_PACKET_MAX);
    struct writer w = writer_over(question, sizeof question);
    size_t n = 0;

    if (!room)
        return arena_fail(a, err);
    if (!signer_request_write(&w, &q, err) ||
        !ask(signer_fd, writer_span(&w), wait_ms, room, &n, err) ||
        !signer_answer_parse(span_of(room, n), out, err))
        return false;
    return (out->kind == SIGNER_KEYS && out->status == SIGNER_OK) ||
           err_fail(err, ERR_INTERNAL, NULL, "the signing process did not name its keys");
}
