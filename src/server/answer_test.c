#include "answer.h"

#include "../../tests/check.h"

static const char date[] = "Sun, 06 Nov 1994 08:49:37 GMT";

static void dates_are_written_as_http_wants_them(void **state)
{
    static const struct {
        int64_t t;
        const char *text;
    } rows[] = {
        { 784111777, "Sun, 06 Nov 1994 08:49:37 GMT" }, /* the example of RFC 9110, 5.6.7 */
        { 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
        { 951782399, "Mon, 28 Feb 2000 23:59:59 GMT" },
        { 951868799, "Tue, 29 Feb 2000 23:59:59 GMT" },
        { 253402300799, "Fri, 31 Dec 9999 23:59:59 GMT" },
    };
    char got[ANSWER_DATE];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        answer_date(rows[i].t, got);
        assert_string_equal(got, rows[i].text);
    }
}

static void an_answer_is_one_piece_of_bytes(void **state)
{
    static const struct {
        const char *name;
        int status;
        struct answer_frame frame;
        const char *want;
    } rows[] = {
        { "plain",
          200,
          { date, "cupel", false, ANSWER_GOES_ON },
          "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: cupel\r\n"
          "Content-Length: 4\r\nA: b\r\n\r\nbody" },
        { "to HEAD",
          200,
          { date, NULL, true, ANSWER_KEEPS_ALIVE },
          "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 4\r\n"
          "Connection: keep-alive\r\nA: b\r\n\r\n" },
        { "without content",
          204,
          { date, NULL, false, ANSWER_CLOSES },
          "HTTP/1.1 204 No Content\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
          "Connection: close\r\nA: b\r\n\r\n" },
        { "a status without a phrase",
          418,
          { date, NULL, false, ANSWER_GOES_ON },
          "HTTP/1.1 418 \r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 4\r\n"
          "A: b\r\n\r\nbody" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_answer a = { .status = rows[i].status, .body = span_str("body") };
        struct span got;

        http_answer_add(&a, "A", span_str("b"));
        got = answer_bytes(&a, &rows[i].frame);
        CHECK_TEXT(rows[i].name, got, rows[i].want);
        free((void *)(uintptr_t)got.p);
    }
}

static void a_header_cannot_bring_another_one_along(void **state)
{
    static const struct span values[] = { { (const uint8_t *)"a\r\nX: y", 7 },
                                          { (const uint8_t *)"a\nX: y", 6 },
                                          { (const uint8_t *)"a\rX: y", 6 },
                                          { (const uint8_t *)"a\0X: y", 6 } };
    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        struct http_answer a = { .status = 200 };
        struct span got;

        http_answer_add(&a, "Echo", values[i]);
        got = answer_bytes(&a, &(struct answer_frame){ .date = date });
        CHECK_TEXT("split", got,
                   "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                   "Content-Length: 0\r\n\r\n");
        free((void *)(uintptr_t)got.p);
    }
}

static void a_refusal_is_an_error_object_whatever_its_text(void **state)
{
    static const struct {
        int status;
        const char *text, *want;
    } rows[] = {
        { 400, "no Host header",
          "{\"error\":{\"code\":\"BadRequest\",\"message\":\"no Host header\"}}" },
        { 413, "", "{\"error\":{\"code\":\"RequestTooLarge\",\"message\":\"\"}}" },
        { 431, "a \"b\" \\ c\n",
          "{\"error\":{\"code\":\"RequestHeaderFieldsTooLarge\","
          "\"message\":\"a \\\"b\\\" \\\\ c?\"}}" },
        { 404, "x", "{\"error\":{\"code\":\"InternalServerError\",\"message\":\"x\"}}" },
    };
    struct answer_room room;
    char text[1000];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_answer a = answer_refusal(rows[i].status, rows[i].text, &room);

        CHECK_INT(rows[i].text, a.status, rows[i].status);
        CHECK_TEXT(rows[i].text, a.body, rows[i].want);
        CHECK_TEXT(rows[i].text, a.headers[0].value, "application/json; charset=utf-8");
    }
    memset(text, '"', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    CHECK_TEXT("too long", answer_refusal(400, text, &room).body, "{\"error\":{}}");
}

static void every_refusal_has_a_request_id_of_its_own(void **state)
{
    struct answer_room rooms[2];
    struct span ids[2];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct http_answer a = answer_refusal(400, "no", &rooms[i]);

        assert_int_equal(a.header_count, 3);
        CHECK_TEXT("name", a.headers[2].name, "x-ms-request-id");
        ids[i] = a.headers[2].value;
        assert_int_equal(ids[i].n, ANSWER_REQUEST_ID - 1);
        CHECK_TEXT("start", span_part(ids[i], 0, 3), "00-");
        CHECK_TEXT("end", span_part(ids[i], 35, 20), "-0000000000000000-00");
    }
    assert_false(span_equal(ids[0], ids[1]));
}

TEST_MAIN(dates_are_written_as_http_wants_them, an_answer_is_one_piece_of_bytes,
          a_header_cannot_bring_another_one_along, a_refusal_is_an_error_object_whatever_its_text,
          every_refusal_has_a_request_id_of_its_own)
