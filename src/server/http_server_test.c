/* The server runs in a child process on a loopback port; the test speaks to it as clients do, the
 * bad ones too. Every wait is bounded. */
#include "http_server.h"

#include "../../tests/check.h"
#include "listen.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#ifdef __SANITIZE_ADDRESS__
#define IS_SANITIZED 1
#else
#define IS_SANITIZED __has_feature(address_sanitizer)
#endif

#define HOST "Host: a.example\r\n"

enum { PATIENCE_MS = 10000, TINY_BODY = 10, BIG_ANSWER = 8 << 20 };

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- the server in the child --- */

struct child {
    struct http_server *server;
    uv_loop_t loop;
    uv_signal_t term;
    uint8_t *big;
    _Atomic int *cancelled; /* shared with the test */
};

struct delayed {
    uv_timer_t timer;
    struct http_reply *reply;
};

static void answer_text(struct http_reply *reply, int status, struct span body)
{
    struct http_answer a = { .status = status, .body = body };

    http_answer_add(&a, "Content-Type", span_str("text/plain"));
    http_reply_send(reply, &a);
}

static void free_delayed(uv_handle_t *h)
{
    free(h->data);
}

static void on_delay(uv_timer_t *t)
{
    struct delayed *d = t->data;

    if (d->reply)
        answer_text(d->reply, 200, span_str("slow"));
    uv_close((uv_handle_t *)t, free_delayed);
}

static void answer_later(struct child *c, struct http_reply *reply)
{
    struct delayed *d = calloc(1, sizeof *d);

    if (!d)
        abort();
    uv_timer_init(&c->loop, &d->timer);
    d->timer.data = d;
    d->reply = reply;
    reply->own = d;
    uv_timer_start(&d->timer, on_delay, 100, 0);
}

static void child_begin(void *context, const struct http_request *q, struct http_reply *reply)
{
    struct child *c = context;

    if (span_is(q->target, "/slow"))
        answer_later(c, reply);
    else if (span_is(q->target, "/big"))
        answer_text(reply, 200, span_of(c->big, BIG_ANSWER));
    else if (span_is(q->target, "/nothing"))
        answer_text(reply, 204, (struct span){ 0 });
    else if (span_is(q->target, "/peer"))
        answer_text(reply, 200, span_str(q->peer));
    else if (!span_is(q->target, "/never"))
        answer_text(reply, 200, q->body.n ? q->body : q->target);
}

static void child_cancel(void *context, struct http_reply *reply)
{
    struct child *c = context;
    struct delayed *d = reply->own;

    if (d)
        d->reply = NULL;
    (*c->cancelled)++;
}

static size_t child_body_limit(void *context, const struct http_request *head)
{
    (void)context;
    return span_is(head->target, "/tiny") ? TINY_BODY : HTTP_BODY_DEFAULT;
}

static void child_done(void *arg)
{
    struct child *c = arg;

    http_server_free(c->server);
    uv_close((uv_handle_t *)&c->term, NULL);
}

static void child_term(uv_signal_t *h, int number)
{
    struct child *c = h->data;

    (void)number;
    http_server_drain(c->server, child_done, c);
}

/* Serves until SIGTERM; exit status 0 means that everything was given back. */
static int child_run(int fd, struct tls_context *tls, const struct server_limits *limits,
                     struct metrics *metrics, _Atomic int *cancelled)
{
    struct child c = { .cancelled = cancelled, .big = malloc(BIG_ANSWER) };
    struct err e = { 0 };

    if (!c.big || uv_loop_init(&c.loop) != 0)
        return 2;
    memset(c.big, 'b', BIG_ANSWER);
    c.server =
        http_server_new(&(struct http_server_settings){ .loop = &c.loop,
                                                        .fds = &fd,
                                                        .fd_count = 1,
                                                        .tls = tls,
                                                        .handler = { &c, child_body_limit,
                                                                     child_begin, child_cancel },
                                                        .limits = *limits,
                                                        .metrics = metrics,
                                                        .name = "cupel" },
                        &e);
    if (!c.server)
        return 3;
    uv_signal_init(&c.loop, &c.term);
    c.term.data = &c;
    uv_signal_start(&c.term, child_term, SIGTERM);
    uv_run(&c.loop, UV_RUN_DEFAULT);
    free(c.big);
    tls_context_free(tls);
    return uv_loop_close(&c.loop) == 0 ? 0 : 4;
}

/* --- the test's side of the child --- */

struct page {
    struct metrics metrics;
    _Atomic int cancelled;
};

struct served {
    pid_t pid;
    struct listen_address at;
    struct page *page;
};

static struct span cert_pem, key_pem;

static struct span pem_dup(BIO *b)
{
    char *p;
    long n = BIO_get_mem_data(b, &p);
    uint8_t *copy = check_exact(span_of(p, (size_t)n));

    BIO_free(b);
    return span_of(copy, (size_t)n);
}

static void make_certificate(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    BIO *c = BIO_new(BIO_s_mem()), *k = BIO_new(BIO_s_mem());

    assert_true(key && x && c && k);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_set_pubkey(x, key);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    assert_true(PEM_write_bio_X509(c, x) &&
                PEM_write_bio_PrivateKey(k, key, NULL, NULL, 0, 0, NULL));
    cert_pem = pem_dup(c);
    key_pem = pem_dup(k);
    X509_free(x);
    EVP_PKEY_free(key);
}

static struct server_limits quick(void)
{
    struct server_limits l = SERVER_LIMITS_DEFAULT;

    l.tick_ms = 20;
    return l;
}

static struct served serve(bool is_tls, struct server_limits limits)
{
    struct served s = { 0 };
    struct err e = { 0 };
    struct listen_address any;
    char name[LISTEN_TEXT];
    int fd;

    signal(SIGPIPE, SIG_IGN);
    if (!cert_pem.p)
        make_certificate();
    s.page = mmap(NULL, sizeof *s.page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(s.page != MAP_FAILED);
    CHECK_OK("address", listen_address_read(span_str("127.0.0.1:0"), &any, &e), e);
    fd = listen_open(&any, &e);
    assert_true(fd >= 0);
    CHECK_OK("name", listen_address_read(span_str(listen_name(fd, name)), &s.at, &e), e);
    s.pid = fork();
    assert_true(s.pid >= 0);
    if (s.pid == 0) {
        struct tls_context *tls = is_tls ? tls_context_new(cert_pem, key_pem, &e) : NULL;

        alarm(60);
        _exit(is_tls && !tls ? 5
                             : child_run(fd, tls, &limits, &s.page->metrics, &s.page->cancelled));
    }
    close(fd);
    return s;
}

static void await_exit(struct served *s)
{
    int64_t until = now_ms() + PATIENCE_MS;
    int status = -1;

    while (waitpid(s->pid, &status, WNOHANG) == 0 && now_ms() < until)
        usleep(2000);
    if (now_ms() >= until)
        kill(s->pid, SIGKILL);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    munmap(s->page, sizeof *s->page);
}

static void stop(struct served *s)
{
    kill(s->pid, SIGTERM);
    await_exit(s);
}

static uint64_t metric(const struct served *s, enum metric which)
{
    return atomic_load(&s->page->metrics.value[which]);
}

static void await_metric(const struct served *s, enum metric which, uint64_t value)
{
    int64_t until = now_ms() + PATIENCE_MS;

    while (metric(s, which) != value && now_ms() < until)
        usleep(2000);
    assert_int_equal(metric(s, which), value);
}

/* --- a client --- */

struct client {
    int fd;
    SSL_CTX *ctx;
    SSL *ssl;
    char got[1 << 16]; /* NUL-terminated */
    size_t n, total;
    bool is_closed;
};

static int dial(const struct served *s)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    if (connect(fd, &s->at.at.any, s->at.size) == 0)
        return fd;
    close(fd);
    return -1;
}

static void client_open(struct client *c, const struct served *s)
{
    *c = (struct client){ .fd = dial(s) };
    assert_true(c->fd >= 0);
}

static bool client_tls(struct client *c, int version)
{
    struct timeval limit = { .tv_sec = PATIENCE_MS / 1000 };
    static const unsigned char alpn[] = "\x02h2\x08http/1.1";

    c->ctx = SSL_CTX_new(TLS_client_method());
    assert_non_null(c->ctx);
    SSL_CTX_set_security_level(c->ctx, 0);
    SSL_CTX_set_min_proto_version(c->ctx, version);
    SSL_CTX_set_max_proto_version(c->ctx, version);
    SSL_CTX_set_alpn_protos(c->ctx, alpn, sizeof alpn - 1);
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    c->ssl = SSL_new(c->ctx);
    SSL_set_fd(c->ssl, c->fd);
    return SSL_connect(c->ssl) == 1;
}

static void client_close(struct client *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    ERR_clear_error();
    close(c->fd);
}

static bool client_send_bytes(struct client *c, const void *p, size_t n)
{
    if (c->ssl)
        return SSL_write(c->ssl, p, (int)n) == (int)n;
    return send(c->fd, p, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static void client_send(struct client *c, const char *text)
{
    assert_true(client_send_bytes(c, text, strlen(text)));
}

/* Reads once, waiting at most that long; false when nothing came or the other side has closed. */
static bool client_read(struct client *c, int ms)
{
    struct pollfd p = { .fd = c->fd, .events = POLLIN };
    char waste[16384];
    bool has_room = c->n + sizeof waste < sizeof c->got;
    char *to = has_room ? c->got + c->n : waste;
    ssize_t n;

    if (!(c->ssl && SSL_pending(c->ssl)) && poll(&p, 1, ms) != 1)
        return false;
    n = c->ssl ? SSL_read(c->ssl, to, sizeof waste) : recv(c->fd, to, sizeof waste, 0);
    if (n <= 0) {
        c->is_closed = true;
        return false;
    }
    c->total += (size_t)n;
    c->n += has_room ? (size_t)n : 0;
    c->got[c->n] = '\0';
    return true;
}

/* Reads until what came ends with the text. */
static void client_expect_end(struct client *c, const char *row, const char *end)
{
    int64_t until = now_ms() + PATIENCE_MS;
    size_t n = strlen(end);

    while (!(c->n >= n && strcmp(c->got + c->n - n, end) == 0) && !c->is_closed && now_ms() < until)
        client_read(c, 100);
    if (c->n < n || strcmp(c->got + c->n - n, end) != 0)
        fail_msg("row \"%s\": got \"%s\", which does not end with \"%s\"", row, c->got, end);
}

static void client_expect_close(struct client *c, const char *row)
{
    int64_t until = now_ms() + PATIENCE_MS;

    while (!c->is_closed && now_ms() < until)
        client_read(c, 100);
    CHECK(row, c->is_closed);
}

static void client_forget(struct client *c)
{
    c->n = 0;
    c->got[0] = '\0';
}

static void check_has(const char *row, const struct client *c, const char *text)
{
    if (!strstr(c->got, text))
        fail_msg("row \"%s\": \"%s\" does not hold \"%s\"", row, c->got, text);
}

static size_t count_of(const struct client *c, const char *text)
{
    size_t n = 0;

    for (const char *p = c->got; (p = strstr(p, text)); p++)
        n++;
    return n;
}

/* --- exchanges --- */

static void answers_come_over_each_version_of_tls_we_speak(void **state)
{
    static const struct {
        const char *name;
        int version;
        bool is_spoken;
    } rows[] = {
        { "TLS 1.3", TLS1_3_VERSION, true },
        { "TLS 1.2", TLS1_2_VERSION, true },
        { "TLS 1.1", TLS1_1_VERSION, false },
        { "TLS 1.0", TLS1_VERSION, false },
    };
    struct served s = serve(true, quick());

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct client c;
        const unsigned char *alpn;
        unsigned n = 0;

        client_open(&c, &s);
        CHECK_INT(rows[i].name, client_tls(&c, rows[i].version), rows[i].is_spoken);
        if (rows[i].is_spoken) {
            SSL_get0_alpn_selected(c.ssl, &alpn, &n);
            CHECK_TEXT(rows[i].name, span_of(alpn, n), "http/1.1");
            client_send(&c, "POST /x HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello");
            client_expect_end(&c, rows[i].name, "\r\n\r\nhello");
            check_has(rows[i].name, &c, "HTTP/1.1 200 OK\r\nDate: ");
            check_has(rows[i].name, &c, "GMT\r\nServer: cupel\r\nContent-Length: 5\r\n");
        }
        client_close(&c);
    }
    await_metric(&s, METRIC_HANDSHAKES_DONE, 2);
    await_metric(&s, METRIC_HANDSHAKES_FAILED, 2);
    stop(&s);
}

static void a_connection_serves_many_requests(void **state)
{
    struct served s = serve(true, quick());
    struct client c;

    (void)state;
    client_open(&c, &s);
    assert_true(client_tls(&c, TLS1_3_VERSION));
    for (int i = 0; i < 50; i++) {
        bool is_slow = i % 10 == 9;

        client_forget(&c);
        client_send(&c, is_slow ? "GET /slow HTTP/1.1\r\n" HOST "\r\n"
                                : "GET /quick HTTP/1.1\r\n" HOST "\r\n");
        client_expect_end(&c, "answer", is_slow ? "\r\n\r\nslow" : "\r\n\r\n/quick");
    }
    client_close(&c);
    await_metric(&s, METRIC_CONNECTIONS_OPEN, 0);
    await_metric(&s, METRIC_REQUESTS_2XX, 50);
    await_metric(&s, METRIC_CONNECTIONS_ACCEPTED, 1);
    stop(&s);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct served s = serve(true, quick());
    char text[8192] = "";

    (void)state;
    for (int i = 0; i < 60; i++)
        sprintf(text + strlen(text),
                i % 20 == 7 ? "GET /slow HTTP/1.1\r\n" HOST "\r\n"
                            : "GET /%d HTTP/1.1\r\n" HOST "\r\n",
                i);
    strcat(text, "GET /end HTTP/1.1\r\n" HOST "Connection: close\r\n\r\nGET /not HTTP/1.1\r\n");
    for (int is_tls = 0; is_tls < 2; is_tls++) {
        struct served plain = is_tls ? s : serve(false, quick());
        struct client c;
        const char *at;

        client_open(&c, &plain);
        assert_true(!is_tls || client_tls(&c, TLS1_3_VERSION));
        client_send(&c, text);
        client_expect_close(&c, "the end");
        assert_int_equal(count_of(&c, "HTTP/1.1 200 OK"), 61);
        at = c.got;
        for (int i = 0; i < 60 && at; i++) {
            char want[32];

            sprintf(want, i % 20 == 7 ? "\r\n\r\nslow" : "\r\n\r\n/%d", i);
            at = strstr(at, want);
        }
        assert_non_null(at);
        check_has("close", &c, "Connection: close");
        client_close(&c);
        stop(&plain);
    }
}

static void a_request_byte_by_byte_is_a_request(void **state)
{
    static const char text[] = "POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                               "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
    struct served s = serve(true, quick());
    struct client c;

    (void)state;
    client_open(&c, &s);
    assert_true(client_tls(&c, TLS1_2_VERSION));
    for (size_t i = 0; i + 1 < sizeof text; i++)
        assert_true(client_send_bytes(&c, text + i, 1));
    client_expect_end(&c, "echo", "\r\n\r\nabc");
    client_close(&c);
    stop(&s);
}

static void bodies_of_a_megabyte_come_and_answers_of_eight_go(void **state)
{
    static char body[1 << 20];
    struct served s = serve(true, quick());
    struct client c;
    int64_t until = now_ms() + PATIENCE_MS;

    (void)state;
    memset(body, 'a', sizeof body);
    client_open(&c, &s);
    assert_true(client_tls(&c, TLS1_3_VERSION));
    client_send(&c, "POST /x HTTP/1.1\r\n" HOST "Content-Length: 1048576\r\n\r\n");
    assert_true(client_send_bytes(&c, body, sizeof body));
    client_send(&c, "GET /big HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    while (!c.is_closed && now_ms() < until)
        client_read(&c, 100);
    assert_true(c.is_closed && c.total > sizeof body + BIG_ANSWER);
    assert_true(c.total < sizeof body + BIG_ANSWER + 1000);
    client_close(&c);
    stop(&s);
}

static void small_rules_of_the_protocol_are_kept(void **state)
{
    static const struct {
        const char *name, *text, *end, *has;
        bool is_closed;
    } rows[] = {
        { "HEAD has the length and no body", "HEAD /abc HTTP/1.1\r\n" HOST "\r\n",
          "text/plain\r\n\r\n", "Content-Length: 4\r\n", false },
        { "204 has neither", "GET /nothing HTTP/1.1\r\n" HOST "\r\n", "text/plain\r\n\r\n",
          "HTTP/1.1 204 No Content\r\n", false },
        { "close closes", "GET /a HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", "\r\n\r\n/a",
          "Connection: close\r\n", true },
        { "HTTP/1.0 closes", "GET /a HTTP/1.0\r\n" HOST "\r\n", "\r\n\r\n/a",
          "Connection: close\r\n", true },
        { "HTTP/1.0 may keep alive", "GET /a HTTP/1.0\r\n" HOST "Connection: Keep-Alive\r\n\r\n",
          "\r\n\r\n/a", "Connection: keep-alive\r\n", false },
        { "the peer is told", "GET /peer HTTP/1.1\r\n" HOST "\r\n", "\r\n\r\n127.0.0.1", "200",
          false },
        { "what is malformed ends it", "GET /a HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n", "\"}}",
          "HTTP/1.1 400 Bad Request\r\n", true },
        { "an error object says why", "GET /a HTTP/1.1\r\nX: b\r\n\r\n", "\"}}",
          "{\"error\":{\"code\":\"BadRequest\",\"message\":\"no Host header\"}}", true },
        { "TLS on a plain port", "\x16\x03\x01\x01\x01\x01", "\"}}", "HTTP/1.1 400 ", true },
        { "another version", "GET /a HTTP/2.0\r\n" HOST "\r\n", "\"}}", "HTTP/1.1 505 ", true },
    };
    struct served s = serve(false, quick());

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct client c;

        client_open(&c, &s);
        client_send(&c, rows[i].text);
        client_expect_end(&c, rows[i].name, rows[i].end);
        check_has(rows[i].name, &c, rows[i].has);
        if (rows[i].is_closed)
            client_expect_close(&c, rows[i].name);
        else
            CHECK(rows[i].name, !client_read(&c, 30) && !c.is_closed);
        client_close(&c);
    }
    stop(&s);
}

static void an_expectation_is_answered_before_the_body(void **state)
{
    struct served s = serve(true, quick());
    struct client c;

    (void)state;
    client_open(&c, &s);
    assert_true(client_tls(&c, TLS1_3_VERSION));
    client_send(&c, "PUT /x HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    client_expect_end(&c, "continue", "HTTP/1.1 100 Continue\r\n\r\n");
    client_send(&c, "abc");
    client_expect_end(&c, "answer", "\r\n\r\nabc");
    client_close(&c);
    client_open(&c, &s);
    assert_true(client_tls(&c, TLS1_3_VERSION));
    client_send(&c,
                "PUT /tiny HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 11\r\n\r\n");
    client_expect_end(&c, "refusal", "\"}}");
    check_has("refusal", &c, "HTTP/1.1 413 ");
    CHECK_INT("no continue", count_of(&c, "100 Continue"), 0);
    client_close(&c);
    stop(&s);
}

static void a_body_that_is_too_large_is_refused_before_it_comes(void **state)
{
    static char part[65536];
    struct served s = serve(true, quick());
    struct client c;

    (void)state;
    client_open(&c, &s);
    assert_true(client_tls(&c, TLS1_3_VERSION));
    client_send(&c, "POST /x HTTP/1.1\r\n" HOST "Content-Length: 1048577\r\n\r\n");
    client_expect_end(&c, "early", "\"}}");
    check_has("early", &c, "HTTP/1.1 413 ");
    check_has("early", &c, "\"code\":\"RequestTooLarge\"");
    client_close(&c);

    /* Who sends all the same still gets the answer: it is not lost to a reset. */
    client_open(&c, &s);
    assert_true(client_tls(&c, TLS1_3_VERSION));
    client_send(&c, "POST /x HTTP/1.1\r\n" HOST "Content-Length: 1048577\r\n\r\n");
    for (int i = 0; i < 16; i++)
        assert_true(client_send_bytes(&c, part, sizeof part));
    client_expect_end(&c, "late", "\"}}");
    client_close(&c);
    await_metric(&s, METRIC_MALFORMED, 2);
    stop(&s);
}

/* --- time --- */

enum { SHORT_MS = 300, SLACK_MS = 1500 };

/* Sends a byte every 10 ms until the server closes; how long that took. */
static int64_t drip(struct client *c, const char *bytes)
{
    int64_t start = now_ms();
    size_t n = strlen(bytes);

    for (size_t i = 0; !c->is_closed && now_ms() - start < PATIENCE_MS; i++) {
        if (n > 0 && !client_send_bytes(c, bytes + i % n, 1))
            break;
        client_read(c, 10);
    }
    return now_ms() - start;
}

static void check_on_time(const char *row, int64_t took)
{
    if (took < SHORT_MS - 20 || took > SHORT_MS + SLACK_MS)
        fail_msg("row \"%s\": cut off after %lld ms, expected %d", row, (long long)took, SHORT_MS);
}

static void slow_senders_are_cut_off_on_time(void **state)
{
    static const struct {
        const char *name;
        bool is_tls; /* the server; the client speaks raw bytes either way */
        const char *first, *bytes;
        enum metric metric;
    } rows[] = {
        { "a handshake that never begins", true, "", "", METRIC_LATE_HANDSHAKE },
        { "a handshake byte by byte", true, "\x16\x03\x01\x40", "\x01", METRIC_LATE_HANDSHAKE },
        { "a head byte by byte", false, "GET /", "a", METRIC_LATE_HEADER },
        { "headers byte by byte", false, "GET / HTTP/1.1\r\n", "a: b\r\n", METRIC_LATE_HEADER },
        { "a body byte by byte", false, "POST / HTTP/1.1\r\n" HOST "Content-Length: 9999\r\n\r\n",
          "a", METRIC_LATE_BODY },
        { "chunks byte by byte", false,
          "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n",
          METRIC_LATE_BODY },
        { "nothing at all", false, "", "", METRIC_LATE_IDLE },
        { "nothing after a request", false, "GET / HTTP/1.1\r\n" HOST "\r\n", "",
          METRIC_LATE_IDLE },
    };
    struct server_limits l = quick();

    (void)state;
    l.handshake_ms = l.header_ms = l.body_ms = l.idle_ms = SHORT_MS;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct served s = serve(rows[i].is_tls, l);
        struct client c;

        client_open(&c, &s);
        if (rows[i].first[0])
            client_send(&c, rows[i].first);
        check_on_time(rows[i].name, drip(&c, rows[i].bytes));
        await_metric(&s, rows[i].metric, 1);
        client_close(&c);
        stop(&s);
    }
}

static void an_answer_that_takes_too_long_is_given_up(void **state)
{
    struct server_limits l = quick();
    struct served s;
    struct client c;
    int64_t start;

    (void)state;
    l.response_ms = SHORT_MS;
    s = serve(true, l);
    client_open(&c, &s);
    assert_true(client_tls(&c, TLS1_3_VERSION));
    start = now_ms();
    client_send(&c, "GET /never HTTP/1.1\r\n" HOST "\r\n");
    client_expect_end(&c, "gave up", "\"}}");
    check_on_time("gave up", now_ms() - start);
    check_has("gave up", &c, "HTTP/1.1 503 Service Unavailable\r\n");
    client_expect_close(&c, "gave up");
    assert_int_equal(s.page->cancelled, 1);
    client_close(&c);
    stop(&s);
}

static void a_client_that_does_not_read_its_answer_is_cut_off(void **state)
{
    struct server_limits l = quick();
    struct served s;
    struct client c;
    int small = 4096;

    (void)state;
    l.response_ms = SHORT_MS;
    s = serve(false, l);
    client_open(&c, &s);
    setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    client_send(&c, "GET /big HTTP/1.1\r\n" HOST "\r\n");
    await_metric(&s, METRIC_LATE_RESPONSE, 1);
    await_metric(&s, METRIC_CONNECTIONS_OPEN, 0);
    client_close(&c);
    stop(&s);
}

static void km_85_a_request_that_waits_stops_nobody_else(void **state)
{
    struct served s = serve(true, quick());
    struct client waiting, c;
    int64_t start;

    (void)state;
    client_open(&waiting, &s);
    assert_true(client_tls(&waiting, TLS1_3_VERSION));
    client_send(&waiting, "GET /never HTTP/1.1\r\n" HOST "\r\n");
    start = now_ms();
    for (int i = 0; i < 10; i++) {
        client_open(&c, &s);
        assert_true(client_tls(&c, TLS1_3_VERSION));
        client_send(&c, "GET /a HTTP/1.1\r\n" HOST "\r\n");
        client_expect_end(&c, "quick", "\r\n\r\n/a");
        client_close(&c);
    }
    assert_true(now_ms() - start < 5000);
    client_close(&waiting);
    stop(&s);
}

static void who_leaves_is_told_to_the_handler(void **state)
{
    struct served s = serve(true, quick());
    struct client c;
    int64_t until = now_ms() + PATIENCE_MS;

    (void)state;
    client_open(&c, &s);
    assert_true(client_tls(&c, TLS1_3_VERSION));
    client_send(&c, "GET /never HTTP/1.1\r\n" HOST "\r\n");
    usleep(50000);
    client_close(&c);
    while (s.page->cancelled == 0 && now_ms() < until)
        usleep(2000);
    assert_int_equal(s.page->cancelled, 1);
    await_metric(&s, METRIC_CANCELLED, 1);
    await_metric(&s, METRIC_CONNECTIONS_OPEN, 0);
    stop(&s);
}

static void who_has_said_everything_still_gets_the_answer_on_a_plain_socket(void **state)
{
    struct served s = serve(false, quick());
    struct client c;

    (void)state;
    client_open(&c, &s);
    client_send(&c, "GET /slow HTTP/1.1\r\n" HOST "\r\n");
    shutdown(c.fd, SHUT_WR);
    client_expect_end(&c, "half closed", "\r\n\r\nslow");
    client_expect_close(&c, "half closed");
    client_close(&c);
    stop(&s);
}

/* --- crowds --- */

enum { CROWD = 8 };

static void the_longest_idle_makes_room_for_the_next(void **state)
{
    struct server_limits l = quick();
    struct served s;
    struct client *c = calloc(CROWD + 1, sizeof *c);

    (void)state;
    assert_non_null(c);
    l.connections = CROWD;
    s = serve(false, l);
    for (int i = 0; i <= CROWD; i++) {
        client_open(&c[i], &s);
        client_send(&c[i], "GET /a HTTP/1.1\r\n" HOST "\r\n");
        client_expect_end(&c[i], "all are served", "\r\n\r\n/a");
    }
    client_expect_close(&c[0], "the first one");
    await_metric(&s, METRIC_CONNECTIONS_EVICTED, 1);
    await_metric(&s, METRIC_CONNECTIONS_OPEN, CROWD);
    client_send(&c[1], "GET /b HTTP/1.1\r\n" HOST "\r\n");
    client_expect_end(&c[1], "the second one", "\r\n\r\n/b");
    for (int i = 0; i <= CROWD; i++)
        client_close(&c[i]);
    free(c);
    stop(&s);
}

static void whoever_is_busy_is_not_pushed_out(void **state)
{
    struct server_limits l = quick();
    struct served s;
    struct client *c = calloc(3, sizeof *c);

    (void)state;
    assert_non_null(c);
    l.connections = 2;
    l.response_ms = 1000; /* on a plain socket nobody can tell that they have left */
    s = serve(false, l);
    for (int i = 0; i < 3; i++) {
        client_open(&c[i], &s);
        if (i < 2)
            client_send(&c[i], "GET /never HTTP/1.1\r\n" HOST "\r\n");
        usleep(50000);
    }
    client_expect_close(&c[2], "one too many");
    await_metric(&s, METRIC_CONNECTIONS_REFUSED, 1);
    await_metric(&s, METRIC_CONNECTIONS_OPEN, 2);
    for (int i = 0; i < 3; i++)
        client_close(&c[i]);
    free(c);
    stop(&s);
}

static void one_address_has_a_share(void **state)
{
    struct server_limits l = quick();
    struct served s;
    struct client a, b, c;

    (void)state;
    l.per_address = 2;
    s = serve(false, l);
    client_open(&a, &s);
    client_open(&b, &s);
    await_metric(&s, METRIC_CONNECTIONS_OPEN, 2);
    client_open(&c, &s);
    client_expect_close(&c, "the third");
    client_close(&c);
    client_close(&a);
    await_metric(&s, METRIC_CONNECTIONS_OPEN, 1);
    client_open(&c, &s);
    client_send(&c, "GET /a HTTP/1.1\r\n" HOST "\r\n");
    client_expect_end(&c, "a place is free again", "\r\n\r\n/a");
    client_close(&b);
    client_close(&c);
    stop(&s);
}

static void handshakes_that_never_end_make_room(void **state)
{
    struct server_limits l = quick();
    struct served s;
    struct client *idle = calloc(CROWD, sizeof *idle), *c = calloc(1, sizeof *c);

    (void)state;
    assert_true(idle && c);
    l.handshakes = 2;
    s = serve(true, l);
    for (int i = 0; i < CROWD; i++)
        client_open(&idle[i], &s);
    client_open(c, &s);
    assert_true(client_tls(c, TLS1_3_VERSION));
    client_send(c, "GET /a HTTP/1.1\r\n" HOST "\r\n");
    client_expect_end(c, "served", "\r\n\r\n/a");
    assert_true(metric(&s, METRIC_CONNECTIONS_EVICTED) >= CROWD - 2);
    for (int i = 0; i < CROWD; i++)
        client_close(&idle[i]);
    client_close(c);
    free(idle);
    free(c);
    stop(&s);
}

static long pages_of(pid_t pid)
{
    char path[64];
    long size, resident;
    FILE *f;

    sprintf(path, "/proc/%d/statm", (int)pid);
    f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%ld %ld", &size, &resident), 2);
    fclose(f);
    return resident;
}

/* OpenSSL itself keeps some ten kilobytes for each; buffers of ours would more than double it. */
static void an_idle_connection_holds_little_memory(void **state)
{
    enum { MANY = 300 };
    struct served s = serve(true, quick());
    SSL *ssl[MANY];
    int fd[MANY];
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    long before = 0, each;

    (void)state;
    for (int i = 0; i < MANY; i++) {
        static const char text[] = "POST /x HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n";
        char waste[4096];

        if (i == 20) /* what the allocator takes at first is not counted */
            before = pages_of(s.pid);
        fd[i] = dial(&s);
        ssl[i] = SSL_new(ctx);
        SSL_set_fd(ssl[i], fd[i]);
        assert_int_equal(SSL_connect(ssl[i]), 1);
        assert_true(SSL_write(ssl[i], text, sizeof text - 1) > 0);
        assert_true(SSL_read(ssl[i], waste, sizeof waste) > 0);
    }
    await_metric(&s, METRIC_REQUESTS_2XX, MANY);
    each = (pages_of(s.pid) - before) * sysconf(_SC_PAGESIZE) / (MANY - 20);
    printf("# %ld bytes for each idle TLS connection\n", each);
    if (!IS_SANITIZED)
        assert_true(each < 24 * 1024);
    for (int i = 0; i < MANY; i++) {
        SSL_free(ssl[i]);
        close(fd[i]);
    }
    SSL_CTX_free(ctx);
    stop(&s);
}

/* --- stopping --- */

static void a_drain_answers_what_is_in_flight(void **state)
{
    struct served s = serve(true, quick());
    struct client busy, half, idle;

    (void)state;
    client_open(&busy, &s);
    client_open(&half, &s);
    client_open(&idle, &s);
    assert_true(client_tls(&busy, TLS1_3_VERSION) && client_tls(&half, TLS1_3_VERSION) &&
                client_tls(&idle, TLS1_3_VERSION));
    client_send(&busy, "GET /slow HTTP/1.1\r\n" HOST "\r\n");
    client_send(&half, "POST /x HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nab");
    usleep(30000);
    kill(s.pid, SIGTERM);
    client_expect_close(&idle, "idle");
    assert_int_equal(idle.n, 0);
    assert_int_equal(dial(&s), -1);
    client_send(&half, "cd");
    client_expect_end(&half, "half", "\r\n\r\nabcd");
    check_has("half", &half, "Connection: close\r\n");
    client_expect_end(&busy, "busy", "\r\n\r\nslow");
    check_has("busy", &busy, "Connection: close\r\n");
    client_expect_close(&busy, "busy");
    client_expect_close(&half, "half");
    client_close(&busy);
    client_close(&half);
    client_close(&idle);
    await_exit(&s);
}

static void a_drain_ends_at_its_deadline(void **state)
{
    struct server_limits l = quick();
    struct served s;
    struct client c;
    int64_t start;

    (void)state;
    l.drain_ms = SHORT_MS;
    s = serve(true, l);
    client_open(&c, &s);
    assert_true(client_tls(&c, TLS1_3_VERSION));
    client_send(&c, "GET /never HTTP/1.1\r\n" HOST "\r\n");
    usleep(30000);
    start = now_ms();
    kill(s.pid, SIGTERM);
    client_expect_close(&c, "cut off");
    check_on_time("cut off", now_ms() - start);
    assert_int_equal(s.page->cancelled, 1);
    client_close(&c);
    await_exit(&s);
}

TEST_MAIN(answers_come_over_each_version_of_tls_we_speak, a_connection_serves_many_requests,
          pipelined_requests_are_answered_in_order, a_request_byte_by_byte_is_a_request,
          bodies_of_a_megabyte_come_and_answers_of_eight_go, small_rules_of_the_protocol_are_kept,
          an_expectation_is_answered_before_the_body,
          a_body_that_is_too_large_is_refused_before_it_comes, slow_senders_are_cut_off_on_time,
          an_answer_that_takes_too_long_is_given_up,
          a_client_that_does_not_read_its_answer_is_cut_off,
          km_85_a_request_that_waits_stops_nobody_else, who_leaves_is_told_to_the_handler,
          who_has_said_everything_still_gets_the_answer_on_a_plain_socket,
          the_longest_idle_makes_room_for_the_next, whoever_is_busy_is_not_pushed_out,
          one_address_has_a_share, handshakes_that_never_end_make_room,
          an_idle_connection_holds_little_memory, a_drain_answers_what_is_in_flight,
          a_drain_ends_at_its_deadline)
