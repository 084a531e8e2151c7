#include "keeper.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../store/prune.h"
#include "handover.h"
#include "log.h"

enum {
    MESSAGES_PER_TURN = 64,
    BATCH_MEMORY = 64 * 1024 * 1024,
    IMAGE_MEMORY = 3 * STATE_IMAGE_MAX, /* a writer that doubles its room */
    CHANGE_MEMORY = 1024 * 1024,
    FIND_MEMORY = 4 * STORE_TRAIL_MAX,
    PRUNE_EVERY_MS = 60 * 60 * 1000, /* while nothing more is old enough */
    PRUNE_NEXT_MS = 1000
};

struct keeper {
    const struct keeper_settings *set;
    struct keep_pipe *peers;
    struct pollfd *polled;
    size_t count;
    bool is_control_closed, has_failed;
    struct err failure;

    struct arena image_memory;
    struct span image; /* of the state after the change that is being made */

    struct arena batch_memory;
    struct store_note batch[NOTE_BATCH_MAX + 1]; /* the first is for a gap */
    size_t batch_count;
    int64_t batch_since_ms;
    uint64_t lost;
    bool is_losing;   /* said so already */
    bool is_refusing; /* of changes; said so already */
    int64_t prune_at_ms;
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* After these the store refuses everything until it is opened again. */
static bool is_fatal(const struct err *e)
{
    return e->code == ERR_UNCERTAIN || strcmp(e->path, "store.corrupt") == 0 ||
           strcmp(e->path, "store.io") == 0;
}

static void fail(struct keeper *k, const struct err *e)
{
    if (!k->has_failed)
        k->failure = *e;
    k->has_failed = true;
}

/* The state. */

static bool write_image(struct keeper *k, const struct state *s, struct err *err)
{
    struct writer w;

    arena_reset(&k->image_memory);
    w = writer_in(&k->image_memory, 65536);
    k->image = (struct span){ 0 };
    if (!state_write(&w, s, err))
        return false;
    k->image = writer_span(&w);
    return true;
}

/* Inside the transaction: a state that cannot be published is not committed. */
static bool look(struct tx *tx, void *arg, struct err *err)
{
    struct state *s = state_load_in(tx, err);
    bool is_written = s && write_image(arg, s, err);

    state_release(s);
    return is_written;
}

static void publish(struct keeper *k)
{
    if (k->image.n > 0)
        keep_page_publish(k->set->page, k->image);
    k->image = (struct span){ 0 };
}

static bool publish_first(struct keeper *k, struct err *err)
{
    struct state *s = state_load(k->set->store, err);
    bool is_written = s && write_image(k, s, err);

    state_release(s);
    if (is_written)
        publish(k);
    return is_written;
}

/* Notes. */

static void batch_forget(struct keeper *k)
{
    k->batch_count = 0;
    arena_reset(&k->batch_memory);
}

static void batch_lose(struct keeper *k, const struct err *e)
{
    if (!k->is_losing)
        log_err(LOG_LEVEL_ERROR, "records of verdicts cannot be kept and are counted as lost", e);
    k->is_losing = true;
    k->lost += k->batch_count;
    if (is_fatal(e))
        fail(k, e);
}

/* What was lost before stands in the chain before what comes now. */
static void batch_commit(struct keeper *k)
{
    char room[STORE_NAME_MAX];
    size_t skip = k->lost == 0;
    struct err e = { 0 };

    if (k->batch_count == 0 && skip)
        return;
    k->batch[0] = note_gap((int64_t)time(NULL), k->lost, room);
    if (store_note_all(k->set->store, k->batch + skip, k->batch_count + 1 - skip, &e)) {
        k->lost = 0;
        k->is_losing = false;
    } else {
        batch_lose(k, &e);
    }
    batch_forget(k);
}

static void batch_add(struct keeper *k, const struct store_note *n)
{
    if (k->batch_count == 0)
        k->batch_since_ms = now_ms();
    k->batch[1 + k->batch_count++] = *n;
    if (k->batch_count == NOTE_BATCH_MAX)
        batch_commit(k);
}

/* A note of the keeper's own; action and detail are static or the batch's. */
static void note_own(struct keeper *k, const char *action, const char *detail)
{
    const struct store_note n = { .at = (int64_t)time(NULL),
                                  .actor = span_str("cupeld"),
                                  .action = span_str(action),
                                  .detail = span_str(detail) };

    batch_add(k, &n);
}

/* Room for a message's bytes until the batch is committed; it is committed early to have room. */
static bool batch_keep(struct keeper *k, struct span body, struct span *out, struct err *err)
{
    *out = arena_dup(&k->batch_memory, body);
    if (!out->p) {
        batch_commit(k);
        *out = arena_dup(&k->batch_memory, body);
    }
    return out->p || arena_fail(&k->batch_memory, err);
}

/* A batch that is full in the middle of a message forgets its bytes: they are kept again. */
static bool take_notes(struct keeper *k, struct keep_pipe *peer, const struct keep_message *m,
                       struct err *err)
{
    struct store_note n;
    struct span body;
    size_t at = 0;
    (void)peer;

    if (!batch_keep(k, m->body, &body, err))
        return false;
    while (keep_notes_next(body, &at, &n, err)) {
        batch_add(k, &n);
        if (k->batch_count == 0 && !batch_keep(k, m->body, &body, err))
            return false;
    }
    return err->code == ERR_NONE;
}

static bool take_lost(struct keeper *k, struct keep_pipe *peer, const struct keep_message *m,
                      struct err *err)
{
    char room[STORE_NAME_MAX];
    struct store_note n;
    struct span detail;
    uint64_t lost;
    int64_t at;
    (void)peer;

    if (!keep_lost_parse(m->body, &lost, &at, err))
        return false;
    n = note_gap(at, lost, room);
    if (!batch_keep(k, n.detail, &detail, err))
        return false;
    n.detail = detail;
    batch_add(k, &n);
    return true;
}

/* Questions. */

static bool reply(struct keep_pipe *peer, const struct keep_message *m, const struct keep_answer *a,
                  struct err *err)
{
    struct arena memory = arena_over(FIND_MEMORY);
    struct writer w = writer_in(&memory, 1024);
    bool is_sent = keep_answer_write(&w, m->kind, a, err) &&
                   keep_pipe_send(peer, m->kind, m->id, writer_span(&w), err);

    arena_fini(&memory);
    return is_sent;
}

/* The client hears that nothing can be kept now; why is for whoever runs this. Said once for all
 * that are refused in a row. */
static void say_refusal(struct keeper *k, const struct err *e)
{
    bool is_refused = e->code == ERR_IO;

    if (is_refused && !k->is_refusing)
        log_err(LOG_LEVEL_ERROR, "changes cannot be kept and are refused", e);
    k->is_refusing = is_refused;
}

/* A change whose end is not known is not answered: the next keeper looks, and says. */
static bool take_change(struct keeper *k, struct keep_pipe *peer, const struct keep_message *m,
                        struct err *err)
{
    const struct change_watch watch = { look, k };
    struct arena a = arena_over(CHANGE_MEMORY);
    struct keep_answer answer = { 0 };
    struct change c;
    bool is_taken = change_parse(m->body, &a, &c, err);

    if (is_taken && store_change(k->set->store, &c, &watch, &answer.result, &answer.err))
        publish(k);
    say_refusal(k, &answer.err);
    arena_fini(&a);
    if (!is_taken)
        return false;
    if (!is_fatal(&answer.err))
        return reply(peer, m, &answer, err);
    fail(k, &answer.err);
    return true;
}

/* What was noted is looked for, too. */
static bool take_find(struct keeper *k, struct keep_pipe *peer, const struct keep_message *m,
                      struct err *err)
{
    struct arena a = arena_over(FIND_MEMORY);
    struct keep_answer answer = { 0 };
    bool is_sent;

    batch_commit(k);
    if (m->body.n <= STORE_TEXT_MAX &&
        !store_explain(k->set->store, m->body, &a, &answer.explanation, &answer.err) &&
        is_fatal(&answer.err))
        fail(k, &answer.err);
    is_sent = k->has_failed || reply(peer, m, &answer, err);
    arena_fini(&a);
    return is_sent;
}

/* All that a worker may say. Farewells are looked at before. */
/* clang-format off */
static const struct {
    enum keep_kind kind;
    bool (*take)(struct keeper *, struct keep_pipe *, const struct keep_message *, struct err *);
} takers[] = {
    { KEEP_CHANGE, take_change },
    { KEEP_FIND,   take_find   },
    { KEEP_NOTES,  take_notes  },
    { KEEP_LOST,   take_lost   },
};
/* clang-format on */

static bool take_message(struct keeper *k, struct keep_pipe *peer, const struct keep_message *m,
                         struct err *err)
{
    for (size_t i = 0; i < COUNT(takers); i++) {
        if (takers[i].kind == m->kind)
            return takers[i].take(k, peer, m, err);
    }
    return err_fail(err, ERR_UNSUPPORTED, NULL, "%d is not said to a keeper", (int)m->kind);
}

/* Peers. */

static void peer_close(struct keeper *k, size_t i, bool has_said_bye)
{
    if (!has_said_bye)
        note_own(k, NOTE_WORKER_LOST, "{}");
    keep_pipe_fini(&k->peers[i]);
    k->peers[i] = k->peers[--k->count];
}

/* Serves what a peer has said. False when it is to be closed. */
static bool peer_serve(struct keeper *k, struct keep_pipe *p, bool *has_said_bye)
{
    struct keep_message m;
    struct err e = { 0 };

    *has_said_bye = false;
    if (!keep_pipe_flush(p))
        return false;
    for (int i = 0; i < MESSAGES_PER_TURN && !k->has_failed; i++) {
        enum keep_read read = keep_pipe_next(p, &m, &e);

        if (read == KEEP_READ_EMPTY)
            return true;
        if (read == KEEP_READ_GONE)
            return false;
        *has_said_bye = read == KEEP_READ_MESSAGE && m.kind == KEEP_BYE;
        if (*has_said_bye)
            return false;
        if (read == KEEP_READ_MESSAGE && take_message(k, p, &m, &e))
            continue;
        log_err(LOG_LEVEL_ERROR, "a worker said what none says; its connection ends", &e);
        return false;
    }
    return true;
}

/* What every worker uses from now on is published at once. */
static void take_config(struct keeper *k, int fd)
{
    struct err e = { 0 };

    if (k->set->renew && (!k->set->renew(k->set->confine_arg, fd, &e) || !publish_first(k, &e))) {
        log_err(LOG_LEVEL_ERROR, "the store does not follow the new configuration", &e);
        if (is_fatal(&e))
            fail(k, &e);
    }
    k->prune_at_ms = now_ms();
    close(fd);
}

static void take_peer(struct keeper *k, int fd)
{
    struct err e = { 0 };
    struct keep_pipe *p;

    if (k->count == KEEPER_PEERS_MAX) {
        log_say(LOG_LEVEL_ERROR, "too many workers for one keeper", (const char *)NULL);
        close(fd);
        return;
    }
    p = &k->peers[k->count++];
    keep_pipe_init(p, fd);
    if (!keep_pipe_send(p, KEEP_HELLO, 0, (struct span){ 0 }, &e))
        peer_close(k, k->count - 1, true);
}

static void take_handed(struct keeper *k)
{
    enum handover_kind kind = HANDOVER_PAIR;
    int fd;

    k->is_control_closed = !handover_take_any(k->set->control_fd, &kind, &fd);
    if (k->is_control_closed || fd < 0)
        return;
    if (kind == HANDOVER_CONFIG)
        take_config(k, fd);
    else
        take_peer(k, fd);
}

/* Old records. */

static bool is_pruning(const struct keeper *k)
{
    return k->set->retention_seconds && *k->set->retention_seconds > 0;
}

static void say_pruned(size_t taken, int64_t last)
{
    char count[24], up_to[24];

    snprintf(count, sizeof count, "%zu", taken);
    snprintf(up_to, sizeof up_to, "%lld", (long long)last);
    log_say(LOG_LEVEL_INFO, "old audit records were taken away", "count", count, "up_to", up_to,
            (const char *)NULL);
}

/* A slice at a time, so that nobody waits long. */
static void prune_some(struct keeper *k)
{
    const struct prune_wish base = { .now = (int64_t)time(NULL), .actor = span_str("cupeld") };
    struct prune_wish wish = base;
    struct audit_head last;
    struct err e = { 0 };
    size_t taken = 0;

    if (prune_find(k->set->store, base.now - *k->set->retention_seconds, PRUNE_SLICE, &last, &e)) {
        wish.up_to = last.number;
        if (prune_slice(k->set->store, &wish, &taken, &e) && taken > 0)
            say_pruned(taken, last.number);
    }
    if (e.code != ERR_NONE)
        log_err(LOG_LEVEL_ERROR, "old audit records cannot be taken away", &e);
    if (is_fatal(&e))
        fail(k, &e);
    k->prune_at_ms = now_ms() + (taken == PRUNE_SLICE ? PRUNE_NEXT_MS : PRUNE_EVERY_MS);
}

static int prune_wait_ms(const struct keeper *k)
{
    int64_t left = k->prune_at_ms - now_ms();

    return left > 0 ? (int)left : 0;
}

static int wait_ms(const struct keeper *k)
{
    int64_t left = k->batch_since_ms + KEEPER_NOTES_MS - now_ms();

    if (k->batch_count == 0)
        return -1;
    return left > 0 ? (int)left : 0;
}

/* From the last to the first: closing one moves the last into its place. */
static void serve_ready(struct keeper *k, size_t count)
{
    bool has_said_bye;

    for (size_t i = count; i > 0 && !k->has_failed; i--) {
        if (k->polled[i].revents != 0 && !peer_serve(k, &k->peers[i - 1], &has_said_bye))
            peer_close(k, i - 1, has_said_bye);
    }
}

/* Until a batch is to be committed, or old records are to go; -1: until somebody speaks. */
static int turn_ms(const struct keeper *k)
{
    int batch = wait_ms(k), old = is_pruning(k) ? prune_wait_ms(k) : -1;

    return old < 0 || (batch >= 0 && batch < old) ? batch : old;
}

static void turn(struct keeper *k)
{
    size_t count = k->count;

    k->polled[0] =
        (struct pollfd){ .fd = k->is_control_closed ? -1 : k->set->control_fd, .events = POLLIN };
    for (size_t i = 0; i < count; i++)
        k->polled[i + 1] = (struct pollfd){
            .fd = k->peers[i].fd,
            .events = (short)(POLLIN | (keep_pipe_is_waiting(&k->peers[i]) ? POLLOUT : 0))
        };
    if (poll(k->polled, count + 1, turn_ms(k)) > 0) {
        serve_ready(k, count);
        if (k->polled[0].revents != 0)
            take_handed(k);
    }
    if (k->batch_count > 0 && wait_ms(k) == 0)
        batch_commit(k);
    if (!k->has_failed && is_pruning(k) && prune_wait_ms(k) == 0)
        prune_some(k);
}

static bool serve(struct keeper *k, struct err *err)
{
    note_own(k, KEEPER_STARTED, "{}");
    batch_commit(k);
    while (!k->has_failed && (!k->is_control_closed || k->count > 0))
        turn(k);
    if (!k->has_failed) {
        note_own(k, KEEPER_STOPPED, "{}");
        batch_commit(k);
    }
    if (k->has_failed && err && err->code == ERR_NONE)
        *err = k->failure;
    return !k->has_failed;
}

static void keeper_free(struct keeper *k)
{
    while (k->count > 0)
        keep_pipe_fini(&k->peers[--k->count]);
    arena_fini(&k->image_memory);
    arena_fini(&k->batch_memory);
    free(k->peers);
    free(k->polled);
    free(k);
}

static struct keeper *keeper_new(const struct keeper_settings *s, struct err *err)
{
    struct keeper *k = calloc(1, sizeof *k);

    if (k) {
        k->set = s;
        k->peers = calloc(KEEPER_PEERS_MAX, sizeof *k->peers);
        k->polled = calloc(KEEPER_PEERS_MAX + 1, sizeof *k->polled);
        k->image_memory = arena_over(IMAGE_MEMORY);
        k->batch_memory = arena_over(BATCH_MEMORY);
        if (k->peers && k->polled)
            return k;
        keeper_free(k);
    }
    err_fail(err, ERR_MEMORY, NULL, "no memory for the keeper");
    return NULL;
}

bool keeper_run(const struct keeper_settings *s, struct err *err)
{
    struct keeper *k = keeper_new(s, err);
    bool is_well = k && publish_first(k, err) && (!s->confine || s->confine(s->confine_arg, err));

    if (is_well && s->ready)
        s->ready(s->confine_arg);
    is_well = is_well && serve(k, err);
    close(s->control_fd);
    if (k)
        keeper_free(k);
    return is_well;
}
