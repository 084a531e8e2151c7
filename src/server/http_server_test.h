/*
 * http_server_test - what the tests of the server share: a server in a child process on a loopback
 * port, and clients that speak to it. Every wait is bounded
 */
#ifndef CUPEL_SERVER_HTTP_SERVER_TEST_H
#define CUPEL_SERVER_HTTP_SERVER_TEST_H

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

static inline int64_t now_ms(void)
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

static inline void answer_text(struct http_reply *reply, int status, struct span body)
{
    struct http_answer a = { .status = status, .body = body };

    http_answer_add(&a, "Content-Type", span_str("text/plain"));
    http_reply_send(reply, &a);
}

static inline void free_delayed(uv_handle_t *h)
{
    free(h->data);
}

static inline void on_delay(uv_timer_t *t)
{
    struct delayed *d = t->data;

    if (d->reply)
        answer_text(d->reply, 200, span_str("slow"));
    uv_close((uv_handle_t *)t, free_delayed);
}

static inline void answer_later(struct child *c, struct http_reply *reply)
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

static inline void child_begin(void *context, const struct http_request *q,
                               struct http_reply *reply)
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

static inline void child_cancel(void *context, struct http_reply *reply)
{
    struct child *c = context;
    struct delayed *d = reply->own;

    if (d)
        d->reply = NULL;
    (*c->cancelled)++;
}

static inline size_t child_body_limit(void *context, const struct http_request *head)
{
    (void)context;
    return span_is(head->target, "/tiny") ? TINY_BODY : HTTP_BODY_DEFAULT;
}

static inline void child_done(void *arg)
{
    struct child *c = arg;

    http_server_free(c->server);
    uv_close((uv_handle_t *)&c->term, NULL);
}

static inline void child_term(uv_signal_t *h, int number)
{
    struct child *c = h->data;

    (void)number;
    http_server_drain(c->server, child_done, c);
}

/* Serves until SIGTERM; exit status 0 means that everything was given back. */
static inline int child_run(int fd, struct tls_context *tls, const struct server_limits *limits,
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

static inline struct span pem_dup(BIO *b)
{
    char *p;
    long n = BIO_get_mem_data(b, &p);
    uint8_t *copy = check_exact(span_of(p, (size_t)n));

    BIO_free(b);
    return span_of(copy, (size_t)n);
}

static inline void make_certificate(void)
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

static inline struct server_limits quick(void)
{
    struct server_limits l = SERVER_LIMITS_DEFAULT;

    l.tick_ms = 20;
    return l;
}

static inline struct served serve(bool is_tls, struct server_limits limits)
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

static inline void await_exit(struct served *s)
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

static inline void stop(struct served *s)
{
    kill(s->pid, SIGTERM);
    await_exit(s);
}

static inline uint64_t metric(const struct served *s, enum metric which)
{
    return atomic_load(&s->page->metrics.value[which]);
}

static inline void await_metric(const struct served *s, enum metric which, uint64_t value)
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

static inline int dial(const struct served *s)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    if (connect(fd, &s->at.at.any, s->at.size) == 0)
        return fd;
    close(fd);
    return -1;
}

static inline void client_open(struct client *c, const struct served *s)
{
    *c = (struct client){ .fd = dial(s) };
    assert_true(c->fd >= 0);
}

static inline bool client_tls(struct client *c, int version)
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

static inline void client_close(struct client *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    ERR_clear_error();
    close(c->fd);
}

static inline bool client_send_bytes(struct client *c, const void *p, size_t n)
{
    if (c->ssl)
        return SSL_write(c->ssl, p, (int)n) == (int)n;
    return send(c->fd, p, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static inline void client_send(struct client *c, const char *text)
{
    assert_true(client_send_bytes(c, text, strlen(text)));
}

/* Reads once, waiting at most that long; false when nothing came or the other side has closed. */
static inline bool client_read(struct client *c, int ms)
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
static inline void client_expect_end(struct client *c, const char *row, const char *end)
{
    int64_t until = now_ms() + PATIENCE_MS;
    size_t n = strlen(end);

    while (!(c->n >= n && strcmp(c->got + c->n - n, end) == 0) && !c->is_closed && now_ms() < until)
        client_read(c, 100);
    if (c->n < n || strcmp(c->got + c->n - n, end) != 0)
        fail_msg("row \"%s\": got \"%s\", which does not end with \"%s\"", row, c->got, end);
}

static inline void client_expect_close(struct client *c, const char *row)
{
    int64_t until = now_ms() + PATIENCE_MS;

    while (!c->is_closed && now_ms() < until)
        client_read(c, 100);
    CHECK(row, c->is_closed);
}

static inline void client_forget(struct client *c)
{
    c->n = 0;
    c->got[0] = '\0';
}

static inline void check_has(const char *row, const struct client *c, const char *text)
{
    if (!strstr(c->got, text))
        fail_msg("row \"%s\": \"%s\" does not hold \"%s\"", row, c->got, text);
}

static inline size_t count_of(const struct client *c, const char *text)
{
    size_t n = 0;

    for (const char *p = c->got; (p = strstr(p, text)); p++)
        n++;
    return n;
}

#endif
