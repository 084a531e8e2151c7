/*
 * bench-echo - the same HTTPS server with a handler that answers a fixed body: what the transport
 * alone costs
 *
 * usage: bench-echo CERT.pem KEY.pem ANSWER-BYTES   prints its port and its process id, then serves
 * until it is ended
 */
#include "../src/host/file.h"
#include "../src/server/http_server.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct http_answer answer = { .status = 200 };

static void begin(void *context, const struct http_request *request, struct http_reply *reply)
{
    (void)context;
    (void)request;
    http_reply_send(reply, &answer);
}

static void cancel(void *context, struct http_reply *reply)
{
    (void)context;
    (void)reply;
}

static void die(const char *what, const struct err *e)
{
    fprintf(stderr, "bench-echo: %s: %s: %s\n", what, e->path, e->text);
    exit(70);
}

static int listen_loopback(int *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t n = sizeof at;
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &one, sizeof one) != 0 ||
        bind(fd, (struct sockaddr *)&at, n) != 0 || listen(fd, 128) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &n) != 0)
        return -1;
    *port = ntohs(at.sin_port);
    return fd;
}

int main(int argc, char **argv)
{
    struct arena a = arena_over(16 * 1024 * 1024);
    struct span chain = { 0 }, key = { 0 };
    struct err e = { 0 };
    int port = 0, fd = listen_loopback(&port);
    size_t n = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    uint8_t *body = arena_alloc(&a, n + 1, 1);
    struct http_server_settings s = { .fds = &fd,
                                      .fd_count = 1,
                                      .handler = { .begin = begin, .cancel = cancel },
                                      .limits = SERVER_LIMITS_DEFAULT };
    uv_loop_t loop;

    if (argc != 4 || !body || fd < 0 || !file_read(argv[1], 65536, &a, &chain, &e) ||
        !file_read(argv[2], 65536, &a, &key, &e))
        die("usage: bench-echo CERT KEY BYTES", &e);
    memset(body, 'x', n);
    answer.body = span_of(body, n);
    http_answer_add(&answer, "Content-Type", span_str("application/json; charset=utf-8"));
    uv_loop_init(&loop);
    s.loop = &loop;
    s.tls = tls_context_new(chain, key, &e);
    if (!s.tls || !http_server_new(&s, &e))
        die("the server", &e);
    printf("%d %ld\n", port, (long)getpid());
    fflush(stdout);
    return uv_run(&loop, UV_RUN_DEFAULT);
}
