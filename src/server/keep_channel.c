#include "keep_channel.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "keep_message.h"
#include "keep_page.h"
#include "log.h"

/* One question that was not answered yet. */
struct asked {
    struct asked *next;
    enum keep_kind kind;
    uint64_t id;
    keep_done_fn *done;   /* KEEP_CHANGE; NULL: forgotten */
    keep_found_fn *found; /* KEEP_FIND; NULL: forgotten */
    void *arg;
    uint64_t until_ms; /* on the loop's clock; 0: the loop does not run yet */
    size_t n;
    uint8_t bytes[];
};

struct keep_channel {
    struct keep_pipe pipe;
    struct page *page;
    const struct state *state;
    uint64_t turn;
    bool is_stale_said;

    uv_poll_t poll;
    uv_timer_t tick;
    uv_loop_t *loop; /* NULL: not watched */
    int events;
    bool is_lost, is_ticking;
    int closing;

    struct asked *first;
    size_t count;
    uint64_t ids;

    struct writer notes; /* the body that is being collected */
    size_t note_count;
    uint64_t lost, lost_ever;
    uint8_t room[KEEP_NOTES_ROOM];
};

/* The state. */

/* What cannot be read leaves what is there in use. */
static const struct state *channel_state(void *context)
{
    struct keep_channel *c = context;
    struct err e = { 0 };
    struct state *next;
    uint64_t turn;

    if (page_turn(c->page) == c->turn)
        return c->state;
    next = keep_page_state(c->page, &turn, &e);
    if (!next) {
        if (!c->is_stale_said)
            log_err(LOG_LEVEL_ERROR, "the new state cannot be read; the old one stays", &e);
        c->is_stale_said = true;
        return c->state;
    }
    c->is_stale_said = false;
    state_release(c->state);
    c->state = next;
    c->turn = turn;
    return c->state;
}

/* Questions. */

static void on_event(uv_poll_t *poll, int status, int events);
static void on_tick(uv_timer_t *timer);

/* Listens for what can happen, and ticks only while there is something to wait for. */
static void watch(struct keep_channel *c)
{
    int events = UV_READABLE | (keep_pipe_is_waiting(&c->pipe) ? UV_WRITABLE : 0);
    bool ticks = c->first || c->note_count > 0 || c->lost > 0;

    if (!c->loop)
        return;
    if (!c->is_lost && events != c->events) {
        c->events = events;
        uv_poll_start(&c->poll, events, on_event);
    }
    if (ticks != c->is_ticking) {
        c->is_ticking = ticks;
        if (ticks)
            uv_timer_start(&c->tick, on_tick, KEEP_TICK_MS, KEEP_TICK_MS);
        else
            uv_timer_stop(&c->tick);
    }
}

static void tell(const struct asked *q, const struct keep_answer *a)
{
    const struct err *err = a->err.code == ERR_NONE ? NULL : &a->err;

    if (q->kind == KEEP_CHANGE && q->done)
        q->done(q->arg, err ? NULL : &a->result, err);
    else if (q->kind == KEEP_FIND && q->found)
        q->found(q->arg, a->explanation, err);
}

/* Taken out before it is told: whoever is told may ask again at once. */
static void finish(struct keep_channel *c, struct asked **at, const struct keep_answer *a)
{
    struct asked *q = *at;

    *at = q->next;
    c->count--;
    tell(q, a);
    free(q);
}

static void finish_all(struct keep_channel *c, const char *why)
{
    while (c->first) {
        struct keep_answer a = { 0 };

        err_fail(&a.err, c->first->kind == KEEP_CHANGE ? ERR_UNCERTAIN : ERR_IO, NULL, "%s", why);
        finish(c, &c->first, &a);
    }
}

static void lose(struct keep_channel *c, const struct err *why)
{
    if (c->is_lost)
        return;
    log_err(LOG_LEVEL_ERROR, "the keeper's connection has ended; the state stays as it is", why);
    c->is_lost = true;
    if (c->loop)
        uv_poll_stop(&c->poll);
    finish_all(c, "the keeper's connection has ended");
}

static bool say(struct keep_channel *c, const struct asked *q, struct err *err)
{
    return keep_pipe_send(&c->pipe, q->kind, q->id, span_of(q->bytes, q->n), err);
}

static bool ask(struct keep_channel *c, const struct asked *how, struct span bytes, struct err *err)
{
    struct asked *q, **end = &c->first;

    if (c->is_lost)
        return err_fail(err, ERR_IO, NULL, "the keeper cannot be reached");
    if (c->count == KEEP_WAITING_MAX)
        return err_fail(err, ERR_LIMIT, NULL, "%d questions wait for the keeper", KEEP_WAITING_MAX);
    q = malloc(sizeof *q + bytes.n);
    if (!q)
        return err_fail(err, ERR_MEMORY, NULL, "no memory for a question");
    *q = *how;
    q->id = ++c->ids;
    q->until_ms = c->loop ? uv_now(c->loop) + KEEP_WAIT_MS : 0;
    q->n = bytes.n;
    if (bytes.n > 0)
        memcpy(q->bytes, bytes.p, bytes.n);
    if (!say(c, q, err)) {
        free(q);
        return false;
    }
    while (*end)
        end = &(*end)->next;
    *end = q;
    c->count++;
    watch(c);
    return true;
}

static bool channel_change(void *context, const struct change *change, keep_done_fn *done,
                           void *arg, struct err *err)
{
    const struct asked how = { .kind = KEEP_CHANGE, .done = done, .arg = arg };
    struct arena a = arena_over(3 * (size_t)CHANGE_BYTES_MAX);
    struct writer w = writer_in(&a, 4096);
    bool is_asked = change_write(&w, change, err) && ask(context, &how, writer_span(&w), err);

    arena_fini(&a);
    return is_asked;
}

static bool channel_find(void *context, struct span request_id, keep_found_fn *found, void *arg,
                         struct err *err)
{
    const struct asked how = { .kind = KEEP_FIND, .found = found, .arg = arg };

    return ask(context, &how, request_id, err);
}

static void channel_forget(void *context, void *arg)
{
    struct keep_channel *c = context;

    for (struct asked *q = c->first; q; q = q->next) {
        if (q->arg == arg) {
            q->done = NULL;
            q->found = NULL;
        }
    }
}

static void take_answer(struct keep_channel *c, const struct keep_message *m)
{
    struct asked **at = &c->first;
    struct keep_answer a;
    struct err e = { 0 };

    while (*at && (*at)->id != m->id)
        at = &(*at)->next;
    if (!*at || (*at)->kind != m->kind)
        return; /* answered before, or given up */
    if (keep_answer_parse(m->body, m->kind, &a, &e))
        finish(c, at, &a);
    else
        lose(c, &e); /* a keeper that speaks otherwise is none */
}

/* Another keeper listens: what the one before did not answer is said again, under the same
 * identifiers. */
static void say_again(struct keep_channel *c)
{
    struct err e = { 0 };

    for (const struct asked *q = c->first; q; q = q->next) {
        if (!say(c, q, &e)) {
            lose(c, &e);
            return;
        }
    }
}

static void read_answers(struct keep_channel *c)
{
    struct keep_message m;
    struct err e = { 0 };

    while (!c->is_lost) {
        enum keep_read read = keep_pipe_next(&c->pipe, &m, &e);

        if (read == KEEP_READ_EMPTY)
            return;
        if (read != KEEP_READ_MESSAGE) {
            err_fail(&e, ERR_IO, NULL, "the other side is gone");
            lose(c, &e);
        } else if (m.kind == KEEP_HELLO) {
            say_again(c);
        } else {
            take_answer(c, &m);
        }
    }
}

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct keep_channel *c = poll->data;
    struct err e = { 0 };

    if (status < 0 || ((events & UV_WRITABLE) && !keep_pipe_flush(&c->pipe))) {
        err_fail(&e, ERR_IO, NULL, "the other side is gone");
        lose(c, &e);
    } else if (events & UV_READABLE) {
        read_answers(c);
    }
    watch(c);
}

/* Notes. */

static void lose_notes(struct keep_channel *c, size_t count)
{
    c->lost += count;
    c->lost_ever += count;
}

static bool has_note_room(const struct keep_channel *c)
{
    return !c->is_lost && c->pipe.queue_end - c->pipe.queue_at < KEEP_NOTES_QUEUE_MAX;
}

/* What was lost is said before what comes behind it. */
static void send_lost(struct keep_channel *c)
{
    uint8_t room[16];
    struct writer w = writer_over(room, sizeof room);
    struct err e = { 0 };

    keep_lost_write(&w, c->lost, (int64_t)time(NULL));
    if (c->lost > 0 && has_note_room(c) &&
        keep_pipe_send(&c->pipe, KEEP_LOST, 0, writer_span(&w), &e))
        c->lost = 0;
}

static void send_notes(struct keep_channel *c)
{
    struct err e = { 0 };

    send_lost(c);
    if (c->note_count > 0 && (c->lost > 0 || !has_note_room(c) ||
                              !keep_pipe_send(&c->pipe, KEEP_NOTES, 0, writer_span(&c->notes), &e)))
        lose_notes(c, c->note_count);
    c->note_count = 0;
    c->notes = writer_over(c->room, sizeof c->room);
}

/* One that is larger than the room goes alone. */
static bool send_large(struct keep_channel *c, const struct store_note *n, struct err *err)
{
    struct arena a = arena_over(3 * NOTE_BYTES_MAX);
    struct writer w = writer_in(&a, 2 * KEEP_NOTES_ROOM);
    bool is_sent = c->lost == 0 && has_note_room(c) && keep_notes_add(&w, n, err) &&
                   keep_pipe_send(&c->pipe, KEEP_NOTES, 0, writer_span(&w), err);

    arena_fini(&a);
    return is_sent;
}

static void channel_note(void *context, const struct store_note *n)
{
    struct keep_channel *c = context;
    struct err e = { 0 };

    if (keep_notes_add(&c->notes, n, &e)) {
        c->note_count++;
    } else {
        send_notes(c);
        err_clear(&e);
        if (keep_notes_add(&c->notes, n, &e))
            c->note_count++;
        else if (!send_large(c, n, &e))
            lose_notes(c, 1);
    }
    watch(c);
}

static void give_up_late(struct keep_channel *c)
{
    uint64_t now = uv_now(c->loop);
    struct asked **at = &c->first;

    while (*at) {
        struct keep_answer a = { 0 };

        if ((*at)->until_ms == 0)
            (*at)->until_ms = now + KEEP_WAIT_MS;
        if ((*at)->until_ms > now) {
            at = &(*at)->next;
            continue;
        }
        err_fail(&a.err, (*at)->kind == KEEP_CHANGE ? ERR_UNCERTAIN : ERR_IO, NULL,
                 "the keeper did not answer in %d ms", KEEP_WAIT_MS);
        finish(c, at, &a);
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct keep_channel *c = timer->data;

    send_notes(c);
    give_up_late(c);
    watch(c);
}

/* Beginning and end. */

struct keep_channel *keep_channel_new(int fd, int page_fd, struct err *err)
{
    struct keep_channel *c = calloc(1, sizeof *c);
    struct state *state;

    if (!c) {
        err_fail(err, ERR_MEMORY, NULL, "no memory for the channel to the keeper");
        return NULL;
    }
    keep_pipe_init(&c->pipe, fd);
    c->notes = writer_over(c->room, sizeof c->room);
    c->page = keep_page_map(page_fd, false, err);
    close(page_fd);
    state = c->page ? keep_page_state(c->page, &c->turn, err) : NULL;
    c->state = state;
    if (state)
        return c;
    keep_channel_free(c);
    return NULL;
}

bool keep_channel_watch(struct keep_channel *c, uv_loop_t *loop, struct err *err)
{
    if (uv_poll_init(loop, &c->poll, c->pipe.fd) != 0)
        return err_fail(err, ERR_IO, NULL, "the channel to the keeper cannot be watched");
    uv_timer_init(loop, &c->tick);
    c->poll.data = c->tick.data = c;
    c->loop = loop;
    watch(c);
    return true;
}

struct keep keep_channel_keep(struct keep_channel *c)
{
    return (struct keep){ .context = c,
                          .state = channel_state,
                          .change = channel_change,
                          .find = channel_find,
                          .note = channel_note,
                          .forget = channel_forget };
}

uint64_t keep_channel_lost(const struct keep_channel *c)
{
    return c->lost_ever;
}

void keep_channel_finish(struct keep_channel *c, int wait_ms)
{
    struct pollfd polled = { .fd = c->pipe.fd, .events = POLLOUT };
    struct err e = { 0 };

    send_notes(c);
    send_lost(c);
    if (c->is_lost || !keep_pipe_send(&c->pipe, KEEP_BYE, 0, (struct span){ 0 }, &e))
        return;
    while (keep_pipe_flush(&c->pipe) && keep_pipe_is_waiting(&c->pipe)) {
        if (poll(&polled, 1, wait_ms) <= 0)
            return;
    }
}

static void release(struct keep_channel *c)
{
    while (c->first) {
        struct asked *q = c->first;

        c->first = q->next;
        free(q);
    }
    keep_pipe_fini(&c->pipe);
    keep_page_unmap(c->page);
    state_release(c->state);
    free(c);
}

static void on_closed(uv_handle_t *handle)
{
    struct keep_channel *c = handle->data;

    if (--c->closing == 0)
        release(c);
}

void keep_channel_free(struct keep_channel *c)
{
    if (!c)
        return;
    if (!c->loop) {
        release(c);
        return;
    }
    c->closing = 2;
    uv_poll_stop(&c->poll);
    uv_close((uv_handle_t *)&c->poll, on_closed);
    uv_close((uv_handle_t *)&c->tick, on_closed);
}
