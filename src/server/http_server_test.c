/* What is said: requests and answers over real sockets. */
#include "http_server_test.h"

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
        { "what follows a request must be another one",
          "POST /a HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nokay", "\"}}",
          "\r\n\r\nokHTTP/1.1 400 ", true },
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

TEST_MAIN(answers_come_over_each_version_of_tls_we_speak, a_connection_serves_many_requests,
          pipelined_requests_are_answered_in_order, a_request_byte_by_byte_is_a_request,
          bodies_of_a_megabyte_come_and_answers_of_eight_go, small_rules_of_the_protocol_are_kept,
          an_expectation_is_answered_before_the_body,
          a_body_that_is_too_large_is_refused_before_it_comes)
