#include "worker.h"

#include "../format/json.h"
#include "answer.h"
#include "http_server.h"
#include "log.h"
#include "sign_channel.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    KEEP_FAREWELL_MS = 1000, /* a drained worker waits that long to hand its last records over */
    NOTE_ROOM = 1024,
    CONTROL_WORD_MAX = 64,
    HEAP_KEPT = 32 * 1024 * 1024, /* free memory that a worker keeps */
    HEAP_STEP = 1024 * 1024
};

struct worker {
    const struct worker_settings *set;
    struct crypto *crypto;
    uv_loop_t loop;
    struct tls_context *tls;
    struct http_server *server;
    struct sign_channel *signer;
    uv_poll_t control;
    uv_signal_t term;
    struct api_counts counted; /* verdicts that the counters know of */
    int status;
    bool is_draining;
};

/* A request between begin and its answer. */
struct job {
    struct worker *worker;
    struct http_reply *reply;
    struct api_exchange exchange;
    uint64_t ticket;
    bool waits_for_keeper; /* otherwise, for the signing process */
};

/* The clock is read here, once for each request, and handed down. */
static int64_t now_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec;
}

static void count_verdicts(struct worker *w)
{
    struct api_counts now = api_counts(w->set->api);
    uint64_t refused = 0, failed = 0;

    for (size_t i = 0; i < ATTEST_REFUSALS; i++) {
        uint64_t more = now.refused[i] - w->counted.refused[i];

        if (i == ATTEST_OURS || i == ATTEST_UNAVAILABLE)
            failed += more;
        else
            refused += more;
    }
    metrics_add(w->set->metrics, METRIC_VERDICTS_GRANTED,
                (int64_t)(now.granted - w->counted.granted));
    metrics_add(w->set->metrics, METRIC_VERDICTS_REFUSED, (int64_t)refused);
    metrics_add(w->set->metrics, METRIC_VERDICTS_FAILED, (int64_t)failed);
    w->counted = now;
}

/* Refusals are told with their reason; what was granted, to whoever asks for more. */
static void log_verdict(const struct api_note *n, int status)
{
    bool is_granted = n->outcome && status < 300;

    if (!n->outcome)
        return;
    log_say(is_granted ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, "attestation", "outcome", n->outcome,
            "type", n->type, "request_id", n->request_id ? n->request_id : "", "reason",
            n->reason ? n->reason : "", "path", n->path ? n->path : "", "detail",
            n->text ? n->text : "", (const char *)NULL);
}

/* The whole reason is ours to read; the caller hears what the contract says. */
static void log_unauthorized(const struct api_note *n)
{
    if (n->unauthorized)
        log_say(LOG_LEVEL_INFO, "a caller was refused", "request_id",
                n->request_id ? n->request_id : "", "reason", n->unauthorized, (const char *)NULL);
}

/* What was refused to somebody who was let in; the others are told above. */
static void log_refused_call(const struct api_note *n)
{
    if (n->refused_call && !n->unauthorized)
        log_say(LOG_LEVEL_INFO, "a call was refused", "call", n->refused_call, "request_id",
                n->request_id ? n->request_id : "", "reason", n->reason, "detail", n->text,
                (const char *)NULL);
}

static void write_detail(struct writer *d, const struct api_note *n, int status)
{
    if (n->outcome)
        write_format(d, "{\"outcome\":\"%s\",\"type\":\"%s\"", n->outcome, n->type);
    else
        write_format(d, "{\"call\":\"%s\"", n->refused_call);
    write_format(d, ",\"status\":%d", status);
    if (n->reason) {
        write_text(d, ",\"reason\":");
        json_write_string(d, span_str(n->reason));
    }
    write_u8(d, '}');
}

/* The record says what was decided and why; never evidence, bound data or a token. */
static void record(const struct worker *w, const struct api_note *n, int status)
{
    uint8_t room[NOTE_ROOM];
    struct writer d = writer_over(room, sizeof room);
    struct store_note note = { .at = now_seconds(),
                               .action = span_str(n->outcome ? "verdict" : "request.refused"),
                               .actor = n->actor,
                               .instance = n->instance,
                               .request_id = span_str(n->request_id ? n->request_id : ""),
                               .explanation = n->explanation };
    struct keep keep;

    if ((!n->outcome && !n->refused_call) || !w->set->keep)
        return;
    write_detail(&d, n, status);
    note.detail = writer_span(&d);
    keep = keep_channel_keep(w->set->keep);
    keep_note(&keep, &note);
}

/* Something went into what is kept that somebody should look at. */
static void log_remark(const struct api_note *n)
{
    if (n->remark)
        log_say(LOG_LEVEL_WARNING, n->remark, "request_id", n->request_id ? n->request_id : "",
                (const char *)NULL);
}

static void answer(struct job *j)
{
    log_unauthorized(&j->exchange.note);
    log_remark(&j->exchange.note);
    log_verdict(&j->exchange.note, j->exchange.answer.status);
    log_refused_call(&j->exchange.note);
    record(j->worker, &j->exchange.note, j->exchange.answer.status);
    http_reply_send(j->reply, &j->exchange.answer);
    api_exchange_fini(&j->exchange);
    free(j);
}

static void on_signed(void *context, struct span signature)
{
    struct job *j = context;
    struct metrics *m = j->worker->set->metrics;

    metrics_add(m, METRIC_SIGNATURES_OPEN, -1);
    metrics_add(m, signature.n > 0 ? METRIC_SIGNATURES_DONE : METRIC_SIGNATURES_FAILED, 1);
    api_finish(j->worker->set->api, &j->exchange, signature);
    answer(j);
}

/* Only the hash goes to the signing process: as short for a token of a megabyte as for any other.
 */
static bool hash_to_sign(const struct job *j, uint8_t out[SHA512_SIZE], size_t *n)
{
    struct api *api = j->worker->set->api;
    struct err e = { 0 };
    size_t count;
    const struct attest_key *keys = attest_keys(api_service(api), &count);

    return j->exchange.key_index < count &&
           sig_hash(j->worker->crypto, keys[j->exchange.key_index].alg, j->exchange.to_sign, out, n,
                    &e);
}

static void ask_signer(struct job *j)
{
    struct worker *w = j->worker;
    uint8_t hash[SHA512_SIZE];
    size_t n = 0;

    metrics_add(w->set->metrics, METRIC_SIGNATURES_OPEN, 1);
    j->reply->own = j;
    if (!hash_to_sign(j, hash, &n) || !sign_channel_ask(w->signer, j->exchange.key_index,
                                                        span_of(hash, n), on_signed, j, &j->ticket))
        on_signed(j, (struct span){ 0 });
}

static void go_on(struct job *j, enum api_step step);

static void on_kept(void *arg, const struct change_result *result, const struct err *err)
{
    struct job *j = arg;

    j->waits_for_keeper = false;
    go_on(j, api_kept(j->worker->set->api, &j->exchange, result, err));
}

static void ask_keeper(struct job *j)
{
    struct err e = { 0 };
    struct keep keep;

    j->reply->own = j;
    j->waits_for_keeper = true;
    if (!j->worker->set->keep) {
        err_fail(&e, ERR_IO, NULL, "there is no keeper");
        on_kept(j, NULL, &e);
        return;
    }
    keep = keep_channel_keep(j->worker->set->keep);
    if (!keep_change(&keep, j->exchange.change, on_kept, j, &e))
        on_kept(j, NULL, &e);
}

static void go_on(struct job *j, enum api_step step)
{
    switch (step) {
    case API_ANSWERED:
        answer(j);
        break;
    case API_TO_SIGN:
        ask_signer(j);
        break;
    case API_TO_KEEP:
        ask_keeper(j);
        break;
    }
}

/* What is said when there is not even memory, or chance, to begin. */
static void answer_unavailable(struct http_reply *reply)
{
    struct answer_room room;
    struct http_answer a = answer_refusal(503, "the service cannot take this request now", &room);

    http_reply_send(reply, &a);
}

static void begin(void *context, const struct http_request *request, struct http_reply *reply)
{
    struct worker *w = context;
    struct job *j = calloc(1, sizeof *j);
    uint8_t entropy[API_ENTROPY];
    struct err e = { 0 };

    if (!j || !random_bytes(w->crypto, entropy, sizeof entropy, &e)) {
        free(j);
        answer_unavailable(reply);
        return;
    }
    j->worker = w;
    j->reply = reply;
    go_on(j, api_begin(w->set->api, request, now_seconds(), entropy, &j->exchange));
    count_verdicts(w);
}

static void cancel(void *context, struct http_reply *reply)
{
    struct worker *w = context;
    struct job *j = reply->own;

    if (j->waits_for_keeper) { /* the change may be made all the same */
        struct keep keep = keep_channel_keep(w->set->keep);

        keep_forget(&keep, j);
    } else {
        sign_channel_forget(w->signer, j->ticket);
        metrics_add(w->set->metrics, METRIC_SIGNATURES_OPEN, -1);
    }
    api_exchange_fini(&j->exchange);
    free(j);
}

static size_t body_limit(void *context, const struct http_request *head)
{
    const struct worker *w = context;

    return w->set->body_limit ? w->set->body_limit(head) : HTTP_BODY_DEFAULT;
}

static void close_rest(struct worker *w)
{
    sign_channel_free(w->signer);
    w->signer = NULL;
    if (w->set->keep)
        keep_channel_finish(w->set->keep, KEEP_FAREWELL_MS);
    keep_channel_free(w->set->keep);
    if (w->set->control_fd >= 0)
        uv_close((uv_handle_t *)&w->control, NULL);
    uv_close((uv_handle_t *)&w->term, NULL);
}

static void on_drained(void *arg)
{
    struct worker *w = arg;

    http_server_free(w->server);
    w->server = NULL;
    close_rest(w);
}

static void drain(struct worker *w)
{
    if (w->is_draining)
        return;
    w->is_draining = true;
    log_say(LOG_LEVEL_INFO, "draining", (const char *)NULL);
    http_server_drain(w->server, on_drained, w);
}

/* Nothing can be signed any more: what waits was told so; new workers come with a new signer. */
static void on_signer_lost(void *arg)
{
    struct worker *w = arg;

    w->status = WORKER_EXIT_NO_SIGNER;
    log_say(LOG_LEVEL_ERROR, "the signing process is gone", (const char *)NULL);
    drain(w);
}

static void on_control(uv_poll_t *poll, int status, int events)
{
    struct worker *w = poll->data;
    char word[CONTROL_WORD_MAX];
    ssize_t n = status < 0 ? 0 : recv(w->set->control_fd, word, sizeof word, MSG_DONTWAIT);

    (void)events;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0)
        uv_poll_stop(poll);
    else if (!span_is(span_of(word, (size_t)n), "drain"))
        return;
    drain(w);
}

static void on_term(uv_signal_t *handle, int number)
{
    (void)number;
    drain(handle->data);
}

static bool open_tls(struct worker *w, struct err *err)
{
    if (w->set->tls_chain_pem.n == 0)
        return true;
    w->tls = tls_context_new(w->set->tls_chain_pem, w->set->tls_key_pem, err);
    if (!w->tls)
        return err_in(err, "tls");
    return w->set->tls_client_anchors_pem.n == 0 ||
           tls_context_take_clients(w->tls, w->set->tls_client_anchors_pem, err) ||
           err_in(err, "tls_client_ca");
}

static bool open_server(struct worker *w, struct err *err)
{
    const struct http_server_settings s = {
        .loop = &w->loop,
        .fds = w->set->listen_fds,
        .fd_count = w->set->listen_count,
        .tls = w->tls,
        .handler = { .context = w, .body_limit = body_limit, .begin = begin, .cancel = cancel },
        .limits = w->set->limits,
        .metrics = w->set->metrics,
        .name = w->set->name,
    };

    w->server = http_server_new(&s, err);
    return w->server != NULL;
}

static bool open_control(struct worker *w, struct err *err)
{
    if (uv_signal_init(&w->loop, &w->term) != 0 || uv_signal_start(&w->term, on_term, SIGTERM) != 0)
        return err_fail(err, ERR_IO, NULL, "SIGTERM cannot be watched");
    w->term.data = w;
    if (w->set->control_fd < 0)
        return true;
    if (uv_poll_init(&w->loop, &w->control, w->set->control_fd) != 0 ||
        uv_poll_start(&w->control, UV_READABLE, on_control) != 0)
        return err_fail(err, ERR_IO, NULL, "the channel to the supervisor cannot be watched");
    w->control.data = w;
    return true;
}

/* Opens everything, gives up rights, says so. */
static bool start(struct worker *w, struct err *err)
{
    static const char ready[] = "ready";

    w->signer = sign_channel_new(&w->loop, w->set->signer_fd, on_signer_lost, w, err);
    if (w->set->keep && !keep_channel_watch(w->set->keep, &w->loop, err))
        return false;
    if (!w->signer || !open_tls(w, err) || !open_control(w, err) || !open_server(w, err))
        return false;
    if (w->set->confine && !w->set->confine(w->set->confine_arg, err))
        return false;
    if (w->set->control_fd >= 0 &&
        send(w->set->control_fd, ready, sizeof ready - 1, MSG_NOSIGNAL) < 0)
        return err_fail(err, ERR_IO, NULL,
                        "the supervisor cannot be told that the worker is ready");
    return true;
}

/* A request's memory is taken and given back thousands of times a second: it stays in the heap, so
 * that the kernel need not map and zero it anew each time. */
static void keep_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, HEAP_KEPT);
    mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
    mallopt(M_TOP_PAD, HEAP_STEP);
}

int worker_run(const struct worker_settings *s)
{
    struct worker w = { .set = s, .crypto = attest_crypto(api_service(s->api)) };
    struct err e = { 0 };

    keep_memory();

    if (uv_loop_init(&w.loop) != 0)
        return WORKER_EXIT_FAILED;
    if (!start(&w, &e)) {
        log_err(LOG_LEVEL_ERROR, "the worker cannot begin to serve", &e);
        return WORKER_EXIT_FAILED; /* the process ends, and what is open with it */
    }
    uv_run(&w.loop, UV_RUN_DEFAULT);
    tls_context_free(w.tls);
    uv_loop_close(&w.loop);
    if (s->control_fd >= 0)
        close(s->control_fd);
    return w.status;
}
