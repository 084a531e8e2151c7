#include "answer.h"

#include "../base/hex.h"
#include "../base/when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { FRAME_ROOM = 256 }; /* status line and the headers written here, without the server's name */

/* clang-format off */
static const struct {
    int status;
    const char *phrase, *code; /* the code where the server itself refuses */
} statuses[] = {
    { 200, "OK",                              NULL },
    { 201, "Created",                         NULL },
    { 204, "No Content",                      NULL },
    { 304, "Not Modified",                    NULL },
    { 400, "Bad Request",                     "BadRequest" },
    { 401, "Unauthorized",                    NULL },
    { 403, "Forbidden",                       NULL },
    { 404, "Not Found",                       NULL },
    { 405, "Method Not Allowed",              NULL },
    { 409, "Conflict",                        NULL },
    { 413, "Content Too Large",               "RequestTooLarge" },
    { 421, "Misdirected Request",             NULL },
    { 429, "Too Many Requests",               NULL },
    { 431, "Request Header Fields Too Large", "RequestHeaderFieldsTooLarge" },
    { 500, "Internal Server Error",           "InternalServerError" },
    { 503, "Service Unavailable",             "ServiceUnavailable" },
    { 505, "HTTP Version Not Supported",      "HttpVersionNotSupported" },
};
/* clang-format on */

static const char *phrase_of(int status)
{
    for (size_t i = 0; i < COUNT(statuses); i++)
        if (statuses[i].status == status)
            return statuses[i].phrase;
    return ""; /* the phrase may be empty; the space before it may not (RFC 9112, 4) */
}

static const char *code_of(int status)
{
    for (size_t i = 0; i < COUNT(statuses); i++)
        if (statuses[i].status == status && statuses[i].code)
            return statuses[i].code;
    return "InternalServerError";
}

void answer_date(int64_t t, char date[ANSWER_DATE])
{
    static const char days[] = "ThuFriSatSunMonTueWed"; /* 1970 began on a Thursday */
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct when_parts p = when_parts_of(t);

    snprintf(date, ANSWER_DATE, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days + t / 86400 % 7 * 3,
             p.day, months + (p.month - 1) * 3, p.year, p.hour, p.minute, p.second);
}

static bool breaks_line(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == 0)
            return true;
    return false;
}

static void write_header(struct writer *w, struct span name, struct span value)
{
    if (breaks_line(name) || breaks_line(value))
        return;
    write_bytes(w, name);
    write_text(w, ": ");
    write_bytes(w, value);
    write_text(w, "\r\n");
}

static bool has_length(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

static void write_frame(struct writer *w, const struct http_answer *a, const struct answer_frame *f)
{
    static const char *const connection[] = { "", "Connection: keep-alive\r\n",
                                              "Connection: close\r\n" };

    write_format(w, "HTTP/1.1 %d %s\r\nDate: %s\r\n", a->status, phrase_of(a->status), f->date);
    if (f->server)
        write_header(w, span_str("Server"), span_str(f->server));
    if (has_length(a->status))
        write_format(w, "Content-Length: %zu\r\n", a->body.n);
    write_text(w, connection[f->connection]);
}

static size_t size_of(const struct http_answer *a, const struct answer_frame *f)
{
    size_t n = FRAME_ROOM + (f->server ? strlen(f->server) : 0) + a->body.n;

    for (size_t i = 0; i < a->header_count; i++)
        n += a->headers[i].name.n + a->headers[i].value.n + 4;
    return n;
}

struct span answer_bytes(const struct http_answer *a, const struct answer_frame *f)
{
    size_t room = size_of(a, f);
    uint8_t *p = malloc(room);
    struct writer w = writer_over(p, room);

    if (!p)
        return (struct span){ 0 };
    write_frame(&w, a, f);
    for (size_t i = 0; i < a->header_count; i++)
        write_header(&w, a->headers[i].name, a->headers[i].value);
    write_text(&w, "\r\n");
    if (!f->is_to_head && has_length(a->status))
        write_bytes(&w, a->body);
    if (!w.has_failed)
        return writer_span(&w);
    free(p);
    return (struct span){ 0 };
}

/* Our own sentences need little; still nothing may break out of the string. */
static void write_quoted(struct writer *w, const char *text)
{
    for (; *text; text++) {
        uint8_t c = (uint8_t)*text;

        if (c == '"' || c == '\\')
            write_u8(w, '\\');
        write_u8(w, c < 0x20 || c >= 0x7f ? '?' : c);
    }
}

/* As the api makes them: "00-<32 hex trace>-<16 zeros>-00". False when the system has no bytes. */
static bool make_request_id(char id[ANSWER_REQUEST_ID])
{
    struct writer w = writer_over(id, ANSWER_REQUEST_ID);
    uint8_t trace[16];

    if (getrandom(trace, sizeof trace, GRND_NONBLOCK) != (ssize_t)sizeof trace)
        return false;
    write_text(&w, "00-");
    hex_write(&w, span_of(trace, sizeof trace));
    write_text(&w, "-0000000000000000-00");
    write_u8(&w, 0);
    return !w.has_failed;
}

struct http_answer answer_refusal(int status, const char *text, struct answer_room *room)
{
    struct http_answer a = { .status = status };
    struct writer w = writer_over(room->body, sizeof room->body);

    write_format(&w, "{\"error\":{\"code\":\"%s\",\"message\":\"", code_of(status));
    write_quoted(&w, text);
    write_text(&w, "\"}}");
    a.body = w.has_failed ? span_str("{\"error\":{}}") : writer_span(&w);
    http_answer_add(&a, "Content-Type", span_str("application/json; charset=utf-8"));
    http_answer_add(&a, "x-ms-error-code", span_str(code_of(status)));
    if (make_request_id(room->request_id))
        http_answer_add(&a, "x-ms-request-id", span_str(room->request_id));
    return a;
}
