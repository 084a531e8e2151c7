#include "http.h"

#include "../../tests/check.h"

#define HOST "Host: a.example\r\n"
#define GET  "GET /certs HTTP/1.1\r\n" HOST
#define POST "POST /attest/SgxEnclave?api-version=2022-08-01 HTTP/1.1\r\n" HOST

enum { TEST_BODY_MAX = 1000 };

static size_t small_bodies(void *context, const struct http_request *head)
{
    (void)context;
    return span_starts(head->target, span_str("/big")) ? 1 << 20 : TEST_BODY_MAX;
}

static struct http_parser *parser_new(void)
{
    struct http_parser *p =
        http_parser_new(&(struct http_rules){ .body_limit = small_bodies, .peer = "192.0.2.1" });

    assert_non_null(p);
    return p;
}

static void put(struct http_parser *p, struct span bytes)
{
    while (bytes.n > 0) {
        size_t room;
        uint8_t *to = http_parser_room(p, &room);
        size_t n = bytes.n < room ? bytes.n : room;

        assert_non_null(to);
        memcpy(to, bytes.p, n);
        http_parser_fed(p, n);
        bytes = span_part(bytes, n, bytes.n);
    }
}

/* Feeds in pieces of that size, stepping after each, until something is decided. */
static enum http_step feed(struct http_parser *p, struct span bytes, size_t piece)
{
    enum http_step step = http_parser_step(p);

    while (bytes.n > 0 && (step == HTTP_STEP_HEAD || step == HTTP_STEP_BODY)) {
        put(p, span_part(bytes, 0, piece));
        bytes = span_part(bytes, piece, bytes.n);
        step = http_parser_step(p);
    }
    return step;
}

static int status_of(const struct http_parser *p)
{
    struct err e;
    int status = http_parser_refusal(p, &e);

    assert_true(e.code != ERR_NONE && e.text[0] != '\0');
    return status;
}

static const size_t pieces[] = { 1, 2, 3, 7, 100, 4096, 1 << 20 };

static void a_request_is_read_whatever_its_pieces(void **state)
{
    static const char text[] =
        POST "Content-Type: application/json\r\nX-Empty:\r\n"
             "X-Space: \t padded \t \r\nContent-Length: 11\r\n\r\nhello world";
    (void)state;
    for (size_t i = 0; i < COUNT(pieces); i++) {
        struct http_parser *p = parser_new();
        const struct http_request *q = http_parser_request(p);

        CHECK_INT("step", feed(p, span_str(text), pieces[i]), HTTP_STEP_READY);
        CHECK_INT("method", q->method, HTTP_POST);
        CHECK_TEXT("target", q->target, "/attest/SgxEnclave?api-version=2022-08-01");
        CHECK_INT("headers", q->header_count, 5);
        CHECK_TEXT("name", q->headers[1].name, "Content-Type");
        CHECK_TEXT("type", http_header_find(q, "content-TYPE"), "application/json");
        CHECK_TEXT("empty", http_header_find(q, "x-empty"), "");
        CHECK_TEXT("padded", http_header_find(q, "x-space"), "padded");
        CHECK_TEXT("missing", http_header_find(q, "x-other"), "");
        CHECK_TEXT("body", q->body, "hello world");
        assert_string_equal(q->peer, "192.0.2.1");
        assert_true(http_parser_keeps(p));
        http_parser_free(p);
    }
}

static void methods_and_targets_are_told_apart(void **state)
{
    static const struct {
        const char *line;
        enum http_method method;
        const char *target;
    } rows[] = {
        { "GET / HTTP/1.1", HTTP_GET, "/" },
        { "PUT /policies/SgxEnclave HTTP/1.1", HTTP_PUT, "/policies/SgxEnclave" },
        { "PATCH /a HTTP/1.1", HTTP_PATCH, "/a" },
        { "DELETE /a HTTP/1.1", HTTP_DELETE, "/a" },
        { "HEAD /a HTTP/1.1", HTTP_HEAD, "/a" },
        { "OPTIONS * HTTP/1.1", HTTP_OPTIONS, "*" },
        { "PROPFIND /a HTTP/1.1", HTTP_OTHER, "/a" },
        { "POST /policies/SgxEnclave:reset?a=%3A HTTP/1.0", HTTP_POST,
          "/policies/SgxEnclave:reset?a=%3A" },
        { "GET http://b.example:80/certs?x=/y HTTP/1.1", HTTP_GET, "/certs?x=/y" },
        { "GET HTTPS://b.example HTTP/1.1", HTTP_GET, "/" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_parser *p = parser_new();
        char text[200];

        snprintf(text, sizeof text, "%s\r\n" HOST "\r\n", rows[i].line);
        CHECK_INT(rows[i].line, feed(p, span_str(text), 5), HTTP_STEP_READY);
        CHECK_INT(rows[i].line, http_parser_request(p)->method, rows[i].method);
        CHECK_TEXT(rows[i].line, http_parser_request(p)->target, rows[i].target);
        http_parser_free(p);
    }
}

/* clang-format off */
static const struct refusal {
    const char *name, *text;
    int status;
} refusals[] = {
    { "two lengths that differ",      POST "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400 },
    { "two lengths that agree",       POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", 400 },
    { "a list of lengths",            POST "Content-Length: 1, 1\r\n\r\na", 400 },
    { "both framings",                POST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
    { "both framings, other order",   POST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n", 400 },
    { "xchunked",                     POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400 },
    { "gzip before chunked",          POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400 },
    { "chunked twice",                POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400 },
    { "chunked in two lines",         POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
    { "an empty coding",              POST "Transfer-Encoding:\r\n\r\n", 400 },
    { "chunked in HTTP/1.0",          "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
    { "length +2",                    POST "Content-Length: +2\r\n\r\nab", 400 },
    { "length -1",                    POST "Content-Length: -1\r\n\r\n", 400 },
    { "length 2^64+2",                POST "Content-Length: 18446744073709551618\r\n\r\nab", 400 },
    { "length in hex",                POST "Content-Length: 0x2\r\n\r\nab", 400 },
    { "length with a space inside",   POST "Content-Length: 1 1\r\n\r\nab", 400 },
    { "no length in the length",      POST "Content-Length:\r\n\r\n", 400 },
    { "a chunk size of no digits",    POST "Transfer-Encoding: chunked\r\n\r\n\r\n", 400 },
    { "a chunk size with a sign",     POST "Transfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n", 400 },
    { "a chunk size as 0x1",          POST "Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n", 400 },
    { "a chunk size of 2^64",         POST "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\na\r\n", 400 },
    { "a chunk size with a space",    POST "Transfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n", 400 },
    { "a chunk longer than its size", POST "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", 400 },
    { "a chunk ended by LF",          POST "Transfer-Encoding: chunked\r\n\r\n1\r\na\n0\r\n\r\n", 400 },
    { "a chunk size ended by LF",     POST "Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n", 400 },
    { "a trailer field",              POST "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Late: 1\r\n\r\n", 400 },
    { "no host",                      "GET / HTTP/1.1\r\nX: y\r\n\r\n", 400 },
    { "no header at all",             "GET / HTTP/1.1\r\n\r\n", 400 },
    { "no host in HTTP/1.0",          "GET / HTTP/1.0\r\n\r\n", 400 },
    { "two hosts",                    GET HOST "\r\n", 400 },
    { "an empty host",                "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400 },
    { "a host with a path",           "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400 },
    { "two hosts in a line",          "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400 },
    { "a folded line",                GET "X: a\r\n b\r\n\r\n", 400 },
    { "a line folded with a tab",     GET "X: a\r\n\tb\r\n\r\n", 400 },
    { "a folded line of blanks",      GET "X: a\r\n \r\n\r\n", 400 },
    { "a space before the headers",   "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400 },
    { "a space before the colon",     GET "X : a\r\n\r\n", 400 },
    { "a header without colon",       GET "nonsense\r\n\r\n", 400 },
    { "a header without name",        GET ": a\r\n\r\n", 400 },
    { "a bare LF in the line",        "GET / HTTP/1.1\nHost: a\r\n\r\n", 400 },
    { "a bare LF after a header",     "GET / HTTP/1.1\r\nHost: a\n\r\n", 400 },
    { "a bare LF at the end",         "GET / HTTP/1.1\r\nHost: a\r\n\n", 400 },
    { "a lone CR in a value",         GET "X: a\rb\r\n\r\n", 400 },
    { "two CR",                       GET "X: a\r\r\n\r\n", 400 },
    { "a control character",          GET "X: a\x01" "b\r\n\r\n", 400 },
    { "an empty line twice",          "\r\n\r\n" GET "\r\n", 400 },
    { "LF before the line",           "\n" GET "\r\n", 400 },
    { "a method in small letters",    "get / HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "no such method",               "GETT / HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "CONNECT",                      "CONNECT a.example:443 HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "a space in the target",        "GET /a b HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "no target",                    "GET  HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "a word for a version",         "GET / HTTQ/1.1\r\n" HOST "\r\n", 400 },
    { "no version",                   "GET /\r\n" HOST "\r\n", 505 },
    { "version 0.9",                  "GET / HTTP/0.9\r\n" HOST "\r\n", 505 },
    { "version 1.2",                  "GET / HTTP/1.2\r\n" HOST "\r\n", 505 },
    { "version 2.0",                  "GET / HTTP/2.0\r\n" HOST "\r\n", 505 },
    { "the preface of HTTP/2",        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400 },
    { "TLS on a plain port",          "\x16\x03\x01\x02\x01\x01", 400 },
    { "a body over the route's",      POST "Content-Length: 1001\r\n\r\n", 413 },
    { "a chunk over the route's",     POST "Transfer-Encoding: chunked\r\n\r\n3e9\r\n", 413 },
    { "chunks over the route's",      "POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n3e8\r\n", 413 },
};
/* clang-format on */

static void what_is_not_http_is_refused_whatever_its_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refusals); i++)
        for (size_t j = 0; j < COUNT(pieces); j++) {
            struct http_parser *p = parser_new();

            CHECK_INT(refusals[i].name, feed(p, span_str(refusals[i].text), pieces[j]),
                      HTTP_STEP_REFUSED);
            CHECK_INT(refusals[i].name, status_of(p), refusals[i].status);
            http_parser_free(p);
        }
}

static void a_nul_is_refused_wherever_it_stands(void **state)
{
    static const char text[] = "GET /certs HTTP/1.1\r\nHost: a\r\nX-Y: z\r\n\r\n";

    (void)state;
    for (size_t at = 0; at + 1 < sizeof text; at++) {
        struct http_parser *p = parser_new();
        uint8_t bytes[sizeof text - 1];

        memcpy(bytes, text, sizeof bytes);
        bytes[at] = 0;
        if (feed(p, span_of(bytes, sizeof bytes), 1000) != HTTP_STEP_REFUSED)
            assert_true(at + 4 >= sizeof bytes); /* the end is not there: more would be needed */
        http_parser_free(p);
    }
}

/* A head of exactly n bytes. */
static struct span head_of(char *room, size_t n)
{
    size_t at = (size_t)sprintf(room, GET "X: ");

    memset(room + at, 'x', n - 4 - at);
    memcpy(room + n - 4, "\r\n\r\n", 4);
    return span_of(room, n);
}

static void the_head_has_a_limit_in_bytes(void **state)
{
    static const struct {
        const char *name;
        size_t n;
        enum http_step step;
    } rows[] = {
        { "at the limit", HTTP_HEAD_MAX, HTTP_STEP_READY },
        { "one byte over", HTTP_HEAD_MAX + 1, HTTP_STEP_REFUSED },
        { "100 KB", 100 * 1024, HTTP_STEP_REFUSED },
    };
    char *room = malloc(200 * 1024);

    (void)state;
    assert_non_null(room);
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t j = 0; j < COUNT(pieces); j++) {
            struct http_parser *p = parser_new();

            CHECK_INT(rows[i].name, feed(p, head_of(room, rows[i].n), pieces[j]), rows[i].step);
            if (rows[i].step == HTTP_STEP_REFUSED)
                CHECK_INT(rows[i].name, status_of(p), 431);
            http_parser_free(p);
        }
    free(room);
}

static void the_head_has_a_limit_in_lines(void **state)
{
    static const struct {
        const char *name;
        int lines;
        enum http_step step;
    } rows[] = {
        { "100 lines", 100, HTTP_STEP_READY },
        { "101 lines", 101, HTTP_STEP_REFUSED },
        { "2,000 lines", 2000, HTTP_STEP_REFUSED },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_parser *p = parser_new();
        char text[32 * 1024] = GET;

        for (int line = 1; line < rows[i].lines; line++)
            strcat(text, "a: b\r\n");
        strcat(text, "\r\n");
        CHECK_INT(rows[i].name, feed(p, span_str(text), 1000), rows[i].step);
        if (rows[i].step == HTTP_STEP_REFUSED)
            CHECK_INT(rows[i].name, status_of(p), 431);
        http_parser_free(p);
    }
}

static void the_target_has_a_limit(void **state)
{
    static const struct {
        const char *name;
        int n;
        enum http_step step;
    } rows[] = { { "at the limit", HTTP_TARGET_MAX, HTTP_STEP_READY },
                 { "one over", HTTP_TARGET_MAX + 1, HTTP_STEP_REFUSED } };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_parser *p = parser_new();
        char text[16 * 1024];

        snprintf(text, sizeof text, "GET /%0*d HTTP/1.1\r\n" HOST "\r\n", rows[i].n - 1, 0);
        CHECK_INT(rows[i].name, feed(p, span_str(text), 1000), rows[i].step);
        if (rows[i].step == HTTP_STEP_REFUSED)
            CHECK_INT(rows[i].name, status_of(p), 431);
        http_parser_free(p);
    }
}

/* --- bodies --- */

static void chunks_are_moved_together(void **state)
{
    static const char text[] =
        POST "Transfer-Encoding: Chunked\r\n\r\n"
             "5\r\nhello\r\n1;ext=\"a;b\";x\r\n \r\n0005\r\nworld\r\n0\r\n\r\n";
    (void)state;
    for (size_t i = 0; i < COUNT(pieces); i++) {
        struct http_parser *p = parser_new();

        CHECK_INT("step", feed(p, span_str(text), pieces[i]), HTTP_STEP_READY);
        CHECK_TEXT("body", http_parser_request(p)->body, "hello world");
        CHECK_TEXT("target", http_parser_request(p)->target,
                   "/attest/SgxEnclave?api-version=2022-08-01");
        http_parser_free(p);
    }
}

static struct span repeated(const char *head, const char *part, size_t times, const char *end)
{
    size_t h = strlen(head), n = strlen(part), e = strlen(end);
    uint8_t *p = malloc(h + n * times + e + 1);

    assert_non_null(p);
    memcpy(p, head, h);
    for (size_t i = 0; i < times; i++)
        memcpy(p + h + n * i, part, n);
    memcpy(p + h + n * times, end, e);
    return span_of(p, h + n * times + e);
}

#define BIG "POST /big HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"

static void chunk_framing_has_a_limit(void **state)
{
    static const struct {
        const char *name, *head, *part;
        size_t times;
        const char *end;
        enum http_step step;
    } rows[] = {
        { "a thousand chunks of a byte", BIG, "1\r\na\r\n", 1000, "0\r\n\r\n", HTTP_STEP_READY },
        { "ten thousand of them", BIG, "1\r\na\r\n", 10000, "0\r\n\r\n", HTTP_STEP_REFUSED },
        { "sixteen bytes each", BIG, "10\r\n0123456789abcdef\r\n", 60000, "0\r\n\r\n",
          HTTP_STEP_READY },
        { "an extension of 10 KB", BIG "1;", "e", 10000, "\r\na\r\n0\r\n\r\n", HTTP_STEP_READY },
        { "an extension of 40 KB", BIG "1;", "e", 40000, "\r\na\r\n0\r\n\r\n", HTTP_STEP_REFUSED },
        { "an extension without end", BIG "1;", "e", 1000000, "", HTTP_STEP_REFUSED },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span text = repeated(rows[i].head, rows[i].part, rows[i].times, rows[i].end);

        for (size_t j = 0; j < COUNT(pieces); j++) {
            struct http_parser *p = parser_new();

            CHECK_INT(rows[i].name, feed(p, text, pieces[j]), rows[i].step);
            if (rows[i].step == HTTP_STEP_REFUSED)
                CHECK_INT(rows[i].name, status_of(p), 400);
            http_parser_free(p);
        }
        free((void *)(uintptr_t)text.p);
    }
}

static void a_body_up_to_the_limit_is_taken_with_its_headers(void **state)
{
    struct span text =
        repeated("POST /big HTTP/1.1\r\n" HOST "X-Mark: m\r\nContent-Length: 1048576\r\n\r\n",
                 "0123456789abcdef", 65536, "");
    (void)state;
    for (size_t j = 2; j < COUNT(pieces); j++) {
        struct http_parser *p = parser_new();
        const struct http_request *q = http_parser_request(p);

        CHECK_INT("step", feed(p, text, pieces[j]), HTTP_STEP_READY);
        CHECK_INT("body", q->body.n, 1048576);
        CHECK_SPAN("body", q->body, span_part(text, text.n - 1048576, 1048576));
        CHECK_TEXT("target", q->target, "/big");
        CHECK_TEXT("mark", http_header_find(q, "x-mark"), "m");
        http_parser_free(p);
    }
    free((void *)(uintptr_t)text.p);
}

static void memory_is_given_for_bytes_that_have_come(void **state)
{
    struct http_parser *p = parser_new();
    size_t room;

    (void)state;
    put(p, span_str("POST /big HTTP/1.1\r\n" HOST "Content-Length: 1000000\r\n\r\n"));
    CHECK_INT("step", http_parser_step(p), HTTP_STEP_BODY);
    assert_non_null(http_parser_room(p, &room));
    assert_true(room <= HTTP_READ_ROOM);
    http_parser_free(p);
}

static void an_expectation_is_told_once(void **state)
{
    static const struct {
        const char *name, *text;
        bool expects;
    } rows[] = {
        { "asked", POST "Expect: 100-Continue\r\nContent-Length: 5\r\n\r\n", true },
        { "asked with chunks", POST "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n",
          true },
        { "the body is coming already", POST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nh",
          false },
        { "not asked", POST "Content-Length: 5\r\n\r\n", false },
        { "something else", POST "Expect: 200-ok\r\nContent-Length: 5\r\n\r\n", false },
        { "HTTP/1.0",
          "POST / HTTP/1.0\r\n" HOST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_parser *p = parser_new();

        CHECK_INT(rows[i].name, feed(p, span_str(rows[i].text), 1000), HTTP_STEP_BODY);
        CHECK_INT(rows[i].name, http_parser_take_expectation(p), rows[i].expects);
        CHECK_INT(rows[i].name, http_parser_take_expectation(p), false);
        http_parser_free(p);
    }
}

/* --- one after the other --- */

static void pipelined_requests_come_one_after_the_other(void **state)
{
    static const char text[] =
        POST "Content-Length: 3\r\n\r\nabc"
             "\r\n" GET "\r\n" BIG "2\r\nxy\r\n0\r\n\r\n"
             "GET /last HTTP/1.1\r\n" HOST "Connection: close\r\n\r\nGET /after";
    static const struct {
        const char *target, *body;
        bool keeps;
    } rows[] = {
        { "/attest/SgxEnclave?api-version=2022-08-01", "abc", true },
        { "/certs", "", true },
        { "/big", "xy", true },
        { "/last", "", false },
    };

    (void)state;
    for (size_t j = 0; j < COUNT(pieces); j++) {
        struct http_parser *p = parser_new();
        struct span rest = span_str(text);

        for (size_t i = 0; i < COUNT(rows); i++) {
            const struct http_request *q = http_parser_request(p);
            enum http_step step;

            while ((step = http_parser_step(p)) != HTTP_STEP_READY && rest.n > 0) {
                put(p, span_part(rest, 0, pieces[j]));
                rest = span_part(rest, pieces[j], rest.n);
            }
            CHECK_INT(rows[i].target, step, HTTP_STEP_READY);
            CHECK_TEXT(rows[i].target, q->target, rows[i].target);
            CHECK_TEXT(rows[i].target, q->body, rows[i].body);
            CHECK_INT(rows[i].target, http_parser_keeps(p), rows[i].keeps);
            http_parser_next(p);
        }
        http_parser_free(p);
    }
}

static void version_and_connection_say_whether_more_may_come(void **state)
{
    static const struct {
        const char *text;
        bool keeps;
    } rows[] = {
        { GET "\r\n", true },
        { GET "Connection: close\r\n\r\n", false },
        { GET "Connection: keep-alive, Close\r\n\r\n", false },
        { "GET / HTTP/1.0\r\n" HOST "\r\n", false },
        { "GET / HTTP/1.0\r\n" HOST "Connection: keep-alive\r\n\r\n", true },
        { GET "Connection: upgrade\r\nUpgrade: h2c\r\n\r\n", true },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_parser *p = parser_new();

        CHECK_INT(rows[i].text, feed(p, span_str(rows[i].text), 9), HTTP_STEP_READY);
        CHECK_INT(rows[i].text, http_parser_keeps(p), rows[i].keeps);
        http_parser_free(p);
    }
}

static void an_upgrade_that_is_not_offered_leaves_the_next_request_alone(void **state)
{
    static const char text[] =
        POST "Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nab" GET
             "Connection: upgrade\r\nUpgrade: h2c\r\n\r\n" GET "\r\n";
    struct http_parser *p = parser_new();

    (void)state;
    CHECK_INT("first", feed(p, span_str(text), 1 << 20), HTTP_STEP_READY);
    CHECK_TEXT("body", http_parser_request(p)->body, "ab");
    for (int i = 0; i < 2; i++) {
        http_parser_next(p);
        CHECK_INT("next", http_parser_step(p), HTTP_STEP_READY);
        CHECK_TEXT("target", http_parser_request(p)->target, "/certs");
    }
    http_parser_next(p);
    assert_true(http_parser_is_empty(p));
    http_parser_free(p);
}

static void each_truncation_asks_for_more(void **state)
{
    static const char text[] = BIG "5\r\nhello\r\n0\r\n\r\n";

    (void)state;
    for (size_t n = 0; n + 1 < sizeof text; n++) {
        struct http_parser *p = parser_new();
        enum http_step step = feed(p, span_of(text, n), 1000);

        assert_true(step == HTTP_STEP_HEAD || step == HTTP_STEP_BODY);
        http_parser_free(p);
    }
}

TEST_MAIN(a_request_is_read_whatever_its_pieces, methods_and_targets_are_told_apart,
          what_is_not_http_is_refused_whatever_its_pieces, a_nul_is_refused_wherever_it_stands,
          the_head_has_a_limit_in_bytes, the_head_has_a_limit_in_lines, the_target_has_a_limit,
          chunks_are_moved_together, chunk_framing_has_a_limit,
          a_body_up_to_the_limit_is_taken_with_its_headers,
          memory_is_given_for_bytes_that_have_come, an_expectation_is_told_once,
          pipelined_requests_come_one_after_the_other,
          version_and_connection_say_whether_more_may_come,
          an_upgrade_that_is_not_offered_leaves_the_next_request_alone,
          each_truncation_asks_for_more)
