/* How long and how much: slow, greedy, vanishing and too many clients, and the end of a server. */
#include "http_server_test.h"

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

static void who_has_just_connected_may_ask_once_in_a_drain(void **state)
{
    struct served s = serve(true, quick());
    struct client fresh, used;

    (void)state;
    client_open(&used, &s);
    assert_true(client_tls(&used, TLS1_3_VERSION));
    client_send(&used, "GET /a HTTP/1.1\r\n" HOST "\r\n");
    client_expect_end(&used, "used", "/a");
    client_open(&fresh, &s);
    assert_true(client_tls(&fresh, TLS1_3_VERSION));
    usleep(30000);
    kill(s.pid, SIGTERM);
    client_expect_close(&used, "used");
    client_send(&fresh, "GET /b HTTP/1.1\r\n" HOST "\r\n");
    client_expect_end(&fresh, "fresh", "/b");
    check_has("fresh", &fresh, "Connection: close\r\n");
    client_expect_close(&fresh, "fresh");
    client_close(&used);
    client_close(&fresh);
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

TEST_MAIN(slow_senders_are_cut_off_on_time, an_answer_that_takes_too_long_is_given_up,
          a_client_that_does_not_read_its_answer_is_cut_off,
          km_85_a_request_that_waits_stops_nobody_else, who_leaves_is_told_to_the_handler,
          who_has_said_everything_still_gets_the_answer_on_a_plain_socket,
          the_longest_idle_makes_room_for_the_next, whoever_is_busy_is_not_pushed_out,
          one_address_has_a_share, handshakes_that_never_end_make_room,
          an_idle_connection_holds_little_memory, a_drain_answers_what_is_in_flight,
          who_has_just_connected_may_ask_once_in_a_drain, a_drain_ends_at_its_deadline)
