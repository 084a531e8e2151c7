/* A worker in a child process, with an api of our own: "/sign/X" has X signed, "/x" is answered at
 * once. The test plays the client, the supervisor and the signing process. */
#include "worker.h"

#include "../../tests/check.h"
#include "listen.h"
#include "signer_message.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HOST "Host: a.example\r\n"

enum { PATIENCE_MS = 10000, KEY = 3, SMALL_SOCKET = 4096, NAMES = 60 };

/* --- the api --- */

static struct api_counts counts;
static const char *sign_prefix = "/sign/";

enum api_step api_begin(struct api *a, const struct http_request *q, int64_t now,
                        const uint8_t entropy[API_ENTROPY], struct api_exchange *x)
{
    size_t n = strlen(sign_prefix);

    (void)a;
    assert(now > 1700000000);
    assert(!span_is_zero(span_of(entropy, 32)));
    x->arena = arena_over(1 << 20);
    x->answer.status = 200;
    x->answer.body = span_str("at once");
    if (!span_starts(q->target, span_str(sign_prefix)))
        return API_ANSWERED;
    x->to_sign = arena_dup(&x->arena, span_part(q->target, n, q->target.n));
    x->key_index = KEY;
    counts.granted++;
    return API_TO_SIGN;
}

void api_finish(struct api *a, struct api_exchange *x, struct span signature)
{
    (void)a;
    x->answer.status = signature.n ? 200 : 503;
    x->answer.body = arena_dup(&x->arena, signature);
}

enum api_step api_kept(struct api *a, struct api_exchange *x, const struct change_result *result,
                       const struct err *err)
{
    (void)a;
    x->answer.status = err ? 503 : 200;
    x->answer.body = span_str(result ? "kept" : "not kept");
    return API_ANSWERED;
}

void api_exchange_fini(struct api_exchange *x)
{
    arena_fini(&x->arena);
}

struct api_counts api_counts(const struct api *a)
{
    (void)a;
    return counts;
}

struct attest_service *api_service(struct api *a)
{
    (void)a;
    return NULL;
}

const struct attest_key *attest_keys(const struct attest_service *s, size_t *count)
{
    static const struct attest_key keys[KEY + 1] = { [KEY] = { .alg = SIG_ES384 } };

    (void)s;
    *count = COUNT(keys);
    return keys;
}

/* The worker asks it for random bytes. */
static struct crypto *crypto_of_child;

struct crypto *attest_crypto(const struct attest_service *s)
{
    (void)s;
    return crypto_of_child;
}

/* --- a worker at work --- */

struct work {
    pid_t pid;
    int signer, control;
    struct listen_address at;
    struct metrics *metrics;
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool refuse_rights(void *arg, struct err *err)
{
    (void)arg;
    return err_fail(err, ERR_INTERNAL, NULL, "the system does not take them");
}

static struct work begin_work(struct worker_settings s)
{
    struct work w = { 0 };
    struct err e = { 0 };
    struct listen_address any;
    char name[LISTEN_TEXT];
    int signer[2], control[2], fd, status;

    signal(SIGPIPE, SIG_IGN);
    w.metrics =
        mmap(NULL, sizeof *w.metrics, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(w.metrics != MAP_FAILED);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, signer), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, control), 0);
    CHECK_OK("address", listen_address_read(span_str("127.0.0.1:0"), &any, &e), e);
    fd = listen_open(&any, &e);
    CHECK_OK("name", listen_address_read(span_str(listen_name(fd, name)), &w.at, &e), e);
    w.pid = fork();
    assert_true(w.pid >= 0);
    if (w.pid == 0) {
        alarm(60);
        close(signer[0]);
        close(control[0]);
        s.listen_fds = &fd;
        s.listen_count = 1;
        /* a few packets fill it */
        setsockopt(signer[1], SOL_SOCKET, SO_SNDBUF, &(int){ SMALL_SOCKET }, sizeof(int));
        s.signer_fd = signer[1];
        s.control_fd = control[1];
        s.metrics = w.metrics;
        s.limits = (struct server_limits)SERVER_LIMITS_DEFAULT;
        s.limits.tick_ms = 20;
        crypto_of_child = crypto_new(&e);
        status = crypto_of_child ? worker_run(&s) : -1;
        crypto_free(crypto_of_child);
        if (status == WORKER_EXIT_FAILED) /* what is open ends with the process */
            _exit(status);
        exit(status); /* a leak is seen at exit */
    }
    close(fd);
    close(signer[1]);
    close(control[1]);
    w.signer = signer[0];
    w.control = control[0];
    return w;
}

static bool await_readable(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };

    return poll(&p, 1, PATIENCE_MS) == 1;
}

static struct work work(void)
{
    struct work w = begin_work((struct worker_settings){ .name = "cupel" });
    char word[16] = "";

    assert_true(await_readable(w.control));
    assert_int_equal(recv(w.control, word, sizeof word, 0), 5);
    assert_string_equal(word, "ready");
    return w;
}

static void await_exit(struct work *w, int want)
{
    int64_t until = now_ms() + PATIENCE_MS;
    int status = -1;

    while (waitpid(w->pid, &status, WNOHANG) == 0 && now_ms() < until)
        usleep(2000);
    if (now_ms() >= until)
        kill(w->pid, SIGKILL);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), want);
    close(w->signer);
    close(w->control);
    munmap(w->metrics, sizeof *w->metrics);
}

static void drain(struct work *w)
{
    assert_int_equal(send(w->control, "drain", 5, 0), 5);
    await_exit(w, WORKER_EXIT_CLEAN);
}

/* --- clients --- */

static int ask(const struct work *w, const char *name, size_t body)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct timeval patience = { .tv_sec = PATIENCE_MS / 1000 };
    char *text = calloc(1, body + 256);
    int n;

    assert_true(fd >= 0 && text);
    assert_int_equal(connect(fd, &w->at.at.any, w->at.size), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    n = sprintf(text,
                "POST %s HTTP/1.1\r\n" HOST "Connection: close\r\nContent-Length: %zu\r\n\r\n",
                name, body);
    memset(text + n, 'b', body);
    assert_int_equal(send(fd, text, (size_t)n + body, 0), (ssize_t)((size_t)n + body));
    free(text);
    return fd;
}

static void expect(int fd, const char *row, int status, const char *body)
{
    char got[4096], line[64];
    size_t at = 0;
    ssize_t n;

    while ((n = recv(fd, got + at, sizeof got - 1 - at, 0)) > 0)
        at += (size_t)n;
    got[at] = '\0';
    sprintf(line, "HTTP/1.1 %d ", status);
    if (strncmp(got, line, strlen(line)) != 0 || at < strlen(body) ||
        strcmp(got + at - strlen(body), body) != 0)
        fail_msg("row \"%s\": got \"%s\", expected %d \"%s\"", row, got, status, body);
    close(fd);
}

/* --- the signing process --- */

struct question {
    uint64_t id;
    char name[32];
};

/* What is asked about is known by its hash: one of the names that the tests use. */
static bool name_of(struct span hash, char name[32])
{
    static const char *const words[] = { "one", "gone", "here", "next", "x" };
    static struct crypto *crypto;
    uint8_t of_name[SHA512_SIZE];
    struct err e = { 0 };
    size_t n;

    if (!crypto)
        crypto = crypto_new(&e);
    for (size_t i = 0; i < COUNT(words) + NAMES; i++) {
        if (i < COUNT(words))
            snprintf(name, 32, "%s", words[i]);
        else
            snprintf(name, 32, "%zu", i - COUNT(words));
        CHECK_OK(name, sig_hash(crypto, SIG_ES384, span_str(name), of_name, &n, &e), e);
        if (span_equal(hash, span_of(of_name, n)))
            return true;
    }
    return false;
}

static struct question take_question(const struct work *w)
{
    static uint8_t packet[SIGNER_PACKET_MAX];
    struct signer_request q;
    struct question out = { 0 };
    struct err e = { 0 };
    ssize_t n;

    assert_true(await_readable(w->signer));
    n = recv(w->signer, packet, sizeof packet, 0);
    assert_true(n > 0);
    CHECK_OK("question", signer_request_parse(span_of(packet, (size_t)n), &q, &e), e);
    assert_int_equal(q.kind, SIGNER_SIGN);
    assert_int_equal(q.key_index, KEY);
    out.id = q.id;
    assert_true(name_of(q.hash, out.name));
    return out;
}

static void give_answer(const struct work *w, uint64_t id, enum signer_status status,
                        const char *signature)
{
    uint8_t packet[2048];
    struct writer o = writer_over(packet, sizeof packet);
    struct err e = { 0 };
    struct signer_answer a = { .kind = SIGNER_SIGN,
                               .id = id,
                               .status = status,
                               .signature = span_str(status == SIGNER_OK ? signature : "") };

    CHECK_OK("answer", signer_answer_write(&o, &a, &e), e);
    assert_true(send(w->signer, packet, o.n, 0) > 0);
}

/* --- tests --- */

static void requests_are_answered_and_signed(void **state)
{
    struct work w = work();
    struct question q;
    int fd;

    (void)state;
    expect(ask(&w, "/x", 0), "at once", 200, "at once");
    fd = ask(&w, "/sign/one", 0);
    q = take_question(&w);
    assert_string_equal(q.name, "one");
    give_answer(&w, q.id, SIGNER_OK, "signed one");
    expect(fd, "signed", 200, "\r\n\r\nsigned one");
    assert_int_equal(atomic_load(&w.metrics->value[METRIC_SIGNATURES_DONE]), 1);
    assert_int_equal(atomic_load(&w.metrics->value[METRIC_SIGNATURES_OPEN]), 0);
    assert_int_equal(atomic_load(&w.metrics->value[METRIC_VERDICTS_GRANTED]), 1);
    drain(&w);
}

static void many_signatures_are_outstanding_and_come_in_any_order(void **state)
{
    enum { MANY = NAMES };
    struct work w = work();
    struct question q[MANY];
    int fd[MANY];
    char text[64];

    (void)state;
    for (int i = 0; i < MANY; i++) {
        sprintf(text, "/sign/%d", i);
        fd[i] = ask(&w, text, 0);
    }
    for (int i = 0; i < MANY; i++)
        q[i] = take_question(&w);
    for (int i = MANY - 1; i >= 0; i--) {
        sprintf(text, "for %s", q[i].name);
        give_answer(&w, q[i].id, SIGNER_OK, text);
    }
    for (int i = 0; i < MANY; i++) {
        sprintf(text, "\r\n\r\nfor %d", i);
        expect(fd[i], text, 200, text);
    }
    drain(&w);
}

static void what_does_not_fit_into_the_channel_waits_in_order(void **state)
{
    enum { MANY = NAMES };
    struct work w = work();
    int fd[MANY];
    char text[64];

    (void)state;
    for (int i = 0; i < MANY; i++) {
        sprintf(text, "/sign/%d", i);
        fd[i] = ask(&w, text, 0);
    }
    usleep(100000);
    assert_true(atomic_load(&w.metrics->value[METRIC_SIGNATURES_OPEN]) > 10);
    for (int i = 0; i < MANY; i++) {
        struct question q = take_question(&w);

        sprintf(text, "for %s", q.name);
        give_answer(&w, q.id, SIGNER_OK, text);
    }
    for (int i = 0; i < MANY; i++) {
        sprintf(text, "\r\n\r\nfor %d", i);
        expect(fd[i], text, 200, text);
    }
    drain(&w);
}

static void an_answer_nobody_waits_for_is_passed_over(void **state)
{
    struct work w = work();
    struct question gone, q;
    int fd = ask(&w, "/sign/gone", 0);

    (void)state;
    gone = take_question(&w);
    shutdown(fd, SHUT_RDWR);
    close(fd);
    fd = ask(&w, "/sign/here", 0);
    q = take_question(&w);
    give_answer(&w, q.id + ((uint64_t)1 << 32), SIGNER_OK, "another generation");
    give_answer(&w, 4095, SIGNER_OK, "never asked");
    give_answer(&w, UINT64_MAX, SIGNER_OK, "out of bounds");
    give_answer(&w, gone.id, SIGNER_OK, "too late");
    give_answer(&w, q.id, SIGNER_OK, "right");
    give_answer(&w, q.id, SIGNER_OK, "twice");
    expect(fd, "here", 200, "\r\n\r\nright");
    fd = ask(&w, "/sign/next", 0);
    q = take_question(&w);
    give_answer(&w, q.id, SIGNER_OK, "next");
    expect(fd, "next", 200, "\r\n\r\nnext");
    drain(&w);
}

static void a_key_that_fails_is_a_503(void **state)
{
    struct work w = work();
    int fd = ask(&w, "/sign/x", 0);

    (void)state;
    give_answer(&w, take_question(&w).id, SIGNER_FAILED, "");
    expect(fd, "failed", 503, "");
    assert_int_equal(atomic_load(&w.metrics->value[METRIC_SIGNATURES_FAILED]), 1);
    drain(&w);
}

static void without_its_signer_a_worker_answers_503_and_ends(void **state)
{
    static const char *const ways[] = { "it has gone", "it speaks otherwise" };

    (void)state;
    for (size_t way = 0; way < COUNT(ways); way++) {
        struct work w = work();
        int fd[3];

        for (size_t i = 0; i < COUNT(fd); i++) {
            fd[i] = ask(&w, "/sign/x", 0);
            take_question(&w);
        }
        if (way == 0)
            shutdown(w.signer, SHUT_RDWR);
        else
            assert_int_equal(send(w.signer, "nonsense", 8, 0), 8);
        for (size_t i = 0; i < COUNT(fd); i++)
            expect(fd[i], ways[way], 503, "");
        await_exit(&w, WORKER_EXIT_NO_SIGNER);
    }
}

static void a_worker_drains_when_told_in_any_way(void **state)
{
    static const char *const ways[] = { "a word", "the end of the channel", "SIGTERM" };

    (void)state;
    for (size_t i = 0; i < COUNT(ways); i++) {
        struct work w = work();
        int fd = ask(&w, "/sign/x", 0);
        struct question q = take_question(&w);

        if (i == 0)
            assert_int_equal(send(w.control, "drain", 5, 0), 5);
        else if (i == 1)
            shutdown(w.control, SHUT_RDWR);
        else
            kill(w.pid, SIGTERM);
        usleep(30000);
        give_answer(&w, q.id, SIGNER_OK, "in flight");
        expect(fd, ways[i], 200, "\r\n\r\nin flight");
        await_exit(&w, WORKER_EXIT_CLEAN);
    }
}

static void other_words_do_nothing(void **state)
{
    struct work w = work();

    (void)state;
    assert_int_equal(send(w.control, "drainage", 8, 0), 8);
    usleep(30000);
    expect(ask(&w, "/x", 0), "still here", 200, "at once");
    drain(&w);
}

static void a_worker_that_cannot_begin_says_so(void **state)
{
    static const struct {
        const char *name;
        struct worker_settings s;
    } rows[] = {
        { "rights that cannot be given up", { .confine = refuse_rights } },
        { "a certificate that is none", { .tls_chain_pem = { (const uint8_t *)"x", 1 } } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct work w = begin_work(rows[i].s);

        await_exit(&w, WORKER_EXIT_FAILED);
    }
}

TEST_MAIN(requests_are_answered_and_signed, many_signatures_are_outstanding_and_come_in_any_order,
          what_does_not_fit_into_the_channel_waits_in_order,
          an_answer_nobody_waits_for_is_passed_over, a_key_that_fails_is_a_503,
          without_its_signer_a_worker_answers_503_and_ends, a_worker_drains_when_told_in_any_way,
          other_words_do_nothing, a_worker_that_cannot_begin_says_so)
