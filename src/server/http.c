#include "http.h"
#include "wire.h"

#include "../base/err.h"
#include "../base/num.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Chunk framing is judged whenever that many bytes have passed, so that how they were cut into
 * reads makes no difference. */
enum { FRAMING_GRID = 4096 };

/* What the headers say about the body. */
struct framing {
    unsigned hosts, lengths, codings;
    bool is_chunked;
    bool expects;
};

struct http_parser {
    struct http_rules rules;
    struct wire *wire;
    struct http_request request;
    struct framing framing;
    enum http_step step;

    uint8_t *p; /* the buffer */
    size_t n, room;
    size_t start;   /* of the head: behind an empty line that came first */
    size_t scanned; /* the head has no end before this place */
    size_t fed;     /* bytes that went through the wire */

    size_t body_at;
    size_t body_n;
    size_t body_limit;
    uint64_t body_declared;
    size_t raw_n; /* body and framing as received */

    int status; /* of the refusal */
    struct err why;
};

static const char head_source[] = "RFC 9112, 2";
static const char body_source[] = "RFC 9112, 6";

/* --- refusing --- */

#define REFUSE(p, status_, code, source, ...)                                                      \
    (refused((p), (status_)), err_fail(&(p)->why, (code), (source), __VA_ARGS__))

static void refused(struct http_parser *p, int status)
{
    p->step = HTTP_STEP_REFUSED;
    p->status = status;
}

static bool refuse_wire(struct http_parser *p, enum wire_step step, const char *source)
{
    if (step == WIRE_BAD_VERSION)
        return REFUSE(p, 505, ERR_UNSUPPORTED, "RFC 9110, 2.5", "only HTTP/1.1 and 1.0 are spoken");
    return REFUSE(p, 400, ERR_MALFORMED, source, "%s", wire_reason(p->wire));
}

/* --- headers --- */

static bool is_token_chunked(struct span value)
{
    return span_is_nocase(value, "chunked");
}

static bool is_number(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n > 0;
}

/* Letters, digits and what a name, an address or a port is written with. */
static bool is_host(struct span s)
{
    static const char marks[] = "-._~:[]%!$&'()*+;=";

    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';

        if (!is_letter && !(c >= '0' && c <= '9') && (c == 0 || !strchr(marks, c)))
            return false;
    }
    return s.n > 0;
}

static bool note_host(struct http_parser *p, struct span value)
{
    if (++p->framing.hosts > 1)
        return REFUSE(p, 400, ERR_MALFORMED, "RFC 9112, 3.2", "more than one Host header");
    if (!is_host(value))
        return REFUSE(p, 400, ERR_MALFORMED, "RFC 9112, 3.2", "the Host header names no host");
    return true;
}

static bool note_length(struct http_parser *p, struct span value)
{
    if (++p->framing.lengths > 1)
        return REFUSE(p, 400, ERR_MALFORMED, body_source, "more than one Content-Length header");
    if (!is_number(value))
        return REFUSE(p, 400, ERR_MALFORMED, body_source, "Content-Length is not a number");
    return true;
}

static bool note_coding(struct http_parser *p, struct span value)
{
    if (++p->framing.codings > 1)
        return REFUSE(p, 400, ERR_MALFORMED, body_source, "more than one Transfer-Encoding header");
    if (!is_token_chunked(value))
        return REFUSE(p, 400, ERR_MALFORMED, body_source, "Transfer-Encoding is not \"chunked\"");
    p->framing.is_chunked = true;
    return true;
}

static bool note_expect(struct http_parser *p, struct span value)
{
    p->framing.expects = span_is_nocase(value, "100-continue");
    return true;
}

/* The headers that this server itself obeys. */
static const struct {
    const char *name;
    bool (*note)(struct http_parser *p, struct span value);
} noted[] = {
    { "host", note_host },
    { "content-length", note_length },
    { "transfer-encoding", note_coding },
    { "expect", note_expect },
};

static bool on_header(void *arg, struct span name, struct span value)
{
    struct http_parser *p = arg;
    struct http_request *q = &p->request;

    if (q->header_count == HTTP_HEADERS_MAX)
        return REFUSE(p, 431, ERR_LIMIT, NULL, "more than %d header lines", HTTP_HEADERS_MAX);
    if (name.n == 0)
        return REFUSE(p, 400, ERR_MALFORMED, "RFC 9112, 5", "a header line without a name");
    value = span_trim(value);
    q->headers[q->header_count++] = (struct http_header){ name, value };
    for (size_t i = 0; i < COUNT(noted); i++)
        if (span_is_nocase(name, noted[i].name))
            return noted[i].note(p, value);
    return true;
}

/* --- the head as a whole --- */

static enum http_method method_of(struct span name)
{
    static const struct {
        const char *name;
        enum http_method method;
    } rows[] = { { "GET", HTTP_GET },        { "POST", HTTP_POST }, { "PUT", HTTP_PUT },
                 { "PATCH", HTTP_PATCH },    { "HEAD", HTTP_HEAD }, { "DELETE", HTTP_DELETE },
                 { "OPTIONS", HTTP_OPTIONS } };

    for (size_t i = 0; i < COUNT(rows); i++)
        if (span_is(name, rows[i].name))
            return rows[i].method;
    return HTTP_OTHER;
}

/* A target in absolute form names the server again; the path is what counts (RFC 9112, 3.2.2). */
static struct span path_of(struct span target)
{
    static const char *const schemes[] = { "https://", "http://" };

    for (size_t i = 0; i < COUNT(schemes); i++) {
        size_t n = strlen(schemes[i]);
        const uint8_t *slash;

        if (target.n < n || !span_is_nocase(span_part(target, 0, n), schemes[i]))
            continue;
        target = span_part(target, n, target.n);
        slash = memchr(target.p, '/', target.n);
        return slash ? span_part(target, (size_t)(slash - target.p), target.n) : span_str("/");
    }
    return target;
}

static bool check_version(struct http_parser *p, const struct wire_head *head)
{
    if (head->major != 1 || head->minor > 1)
        return REFUSE(p, 505, ERR_UNSUPPORTED, "RFC 9110, 2.5", "only HTTP/1.1 and 1.0 are spoken");
    if (head->minor == 0 && p->framing.is_chunked)
        return REFUSE(p, 400, ERR_MALFORMED, body_source, "HTTP/1.0 knows no Transfer-Encoding");
    if (head->minor == 0)
        p->framing.expects = false;
    return true;
}

static bool check_line(struct http_parser *p, const struct wire_head *head)
{
    if (span_is(head->method, "CONNECT"))
        return REFUSE(p, 400, ERR_MALFORMED, NULL, "CONNECT is for proxies");
    if (head->target.n > HTTP_TARGET_MAX)
        return REFUSE(p, 431, ERR_LIMIT, NULL, "a target of %zu bytes, %d are taken",
                      head->target.n, HTTP_TARGET_MAX);
    if (p->framing.hosts == 0)
        return REFUSE(p, 400, ERR_MALFORMED, "RFC 9112, 3.2", "no Host header");
    if (p->framing.lengths > 0 && p->framing.codings > 0)
        return REFUSE(p, 400, ERR_MALFORMED, body_source,
                      "Content-Length and Transfer-Encoding at once");
    return true;
}

static bool refuse_body(struct http_parser *p)
{
    return REFUSE(p, 413, ERR_LIMIT, NULL, "a body of more than %zu bytes is not taken here",
                  p->body_limit);
}

static bool on_head(void *arg, const struct wire_head *head)
{
    struct http_parser *p = arg;
    struct http_request *q = &p->request;

    if (!check_version(p, head) || !check_line(p, head))
        return false;
    q->method = method_of(head->method);
    q->target = path_of(head->target);
    q->peer = p->rules.peer;
    q->certificate = p->rules.certificate;
    p->body_limit = HTTP_BODY_DEFAULT;
    if (p->rules.body_limit)
        p->body_limit = p->rules.body_limit(p->rules.context, q);
    p->body_declared = head->content_length;
    if (head->content_length > p->body_limit)
        return refuse_body(p);
    p->step = HTTP_STEP_BODY;
    return true;
}

/* --- the body --- */

static bool on_chunk(void *arg, uint64_t size)
{
    struct http_parser *p = arg;

    return size <= p->body_limit - p->body_n || refuse_body(p);
}

/* Chunks are moved together: over their own framing, which has been read already. */
static bool on_body(void *arg, struct span part)
{
    struct http_parser *p = arg;
    uint8_t *end = p->p + p->body_at + p->body_n;

    assert(part.n <= p->body_limit - p->body_n && part.p >= end);
    if (part.p != end)
        memmove(end, part.p, part.n);
    p->body_n += part.n;
    return true;
}

static const struct wire_events events = {
    .header = on_header, .head = on_head, .chunk = on_chunk, .body = on_body
};

/* --- steps --- */

/* The empty line that old clients send after a body (RFC 9112, 2.2): one is passed over. False when
 * more bytes are needed to tell. */
static bool find_start(struct http_parser *p)
{
    if (p->start > 0 || p->n == 0 || p->p[0] != '\r')
        return p->n > 0;
    if (p->n < 2)
        return false;
    if (p->p[1] == '\n')
        p->start = p->scanned = p->fed = 2;
    return true;
}

static bool refuse_first_byte(struct http_parser *p)
{
    return REFUSE(p, 400, ERR_MALFORMED, head_source, "a request begins with a method");
}

/* What a line feed in the head means, as far as the bytes behind it are there. */
enum line { LINE_NEXT, LINE_LAST, LINE_MORE, LINE_REFUSED };

/* A line ends with CR LF, and the next one is no continuation of it. */
static enum line judge_line(struct http_parser *p, size_t at, size_t n)
{
    const uint8_t *lf = p->p + at;

    if (at == p->start || lf[-1] != '\r') {
        REFUSE(p, 400, ERR_MALFORMED, head_source, "a line ends with LF alone");
        return LINE_REFUSED;
    }
    if (n - at < 2)
        return LINE_MORE;
    if (lf[1] == ' ' || lf[1] == '\t') {
        REFUSE(p, 400, ERR_MALFORMED, "RFC 9112, 5.2", "a folded header line");
        return LINE_REFUSED;
    }
    if (lf[1] != '\r')
        return LINE_NEXT;
    if (n - at < 3)
        return LINE_MORE;
    return lf[2] == '\n' ? LINE_LAST : LINE_NEXT;
}

/* The place behind the head, or 0 while it is not whole or after a refusal. */
static size_t find_head(struct http_parser *p)
{
    size_t limit = p->start + HTTP_HEAD_MAX;
    size_t n = size_min(p->n, limit);
    enum line line = LINE_NEXT;

    while (line == LINE_NEXT && p->scanned < n) {
        const uint8_t *lf = memchr(p->p + p->scanned, '\n', n - p->scanned);

        p->scanned = lf ? (size_t)(lf - p->p) : n;
        if (lf)
            line = judge_line(p, p->scanned, n);
        if (line == LINE_LAST)
            return p->scanned + 3;
        if (lf && line == LINE_NEXT)
            p->scanned++;
    }
    if (line != LINE_REFUSED && p->n >= limit)
        REFUSE(p, 431, ERR_LIMIT, NULL, "a head of more than %d bytes", HTTP_HEAD_MAX);
    return 0;
}

static void ready(struct http_parser *p)
{
    p->request.body = span_of(p->p + p->body_at, p->body_n);
    p->step = HTTP_STEP_READY;
}

static void feed_head(struct http_parser *p, size_t end)
{
    size_t used;
    enum wire_step step;

    p->body_at = end;
    step = wire_feed(p->wire, span_of(p->p + p->start, end - p->start), &used);
    p->fed = end;
    if (step == WIRE_REFUSED)
        return;
    if (step == WIRE_BAD || step == WIRE_BAD_VERSION)
        refuse_wire(p, step, head_source);
    else if (p->step != HTTP_STEP_BODY || used != end - p->start)
        REFUSE(p, 400, ERR_MALFORMED, head_source, "the end of the head is in doubt");
    else if (step == WIRE_DONE)
        ready(p);
}

static bool check_framing(struct http_parser *p)
{
    if (!p->framing.is_chunked || p->raw_n - p->body_n <= p->body_n + HTTP_FRAMING_SLACK)
        return true;
    return REFUSE(p, 400, ERR_LIMIT, NULL, "more chunk framing than body");
}

/* The next piece of body for the wire. */
static struct span next_slice(const struct http_parser *p)
{
    size_t n = p->n - p->fed;

    if (p->framing.is_chunked)
        n = size_min(n, FRAMING_GRID - p->raw_n % FRAMING_GRID);
    return span_of(p->p + p->fed, n);
}

static void feed_slice(struct http_parser *p)
{
    size_t used;
    enum wire_step step = wire_feed(p->wire, next_slice(p), &used);

    p->fed += used;
    p->raw_n += used;
    if (step == WIRE_REFUSED)
        return;
    if (step == WIRE_BAD || step == WIRE_BAD_VERSION)
        refuse_wire(p, step, body_source);
    else if ((step == WIRE_DONE || p->raw_n % FRAMING_GRID == 0) && !check_framing(p))
        return;
    else if (step == WIRE_DONE)
        ready(p);
}

static void feed_body(struct http_parser *p)
{
    while (p->step == HTTP_STEP_BODY && p->fed < p->n)
        feed_slice(p);
    if (p->step == HTTP_STEP_BODY) /* framing has been read: its room is free again */
        p->n = p->fed = p->body_at + p->body_n;
}

enum http_step http_parser_step(struct http_parser *p)
{
    size_t end = 0;

    if (p->step == HTTP_STEP_HEAD && find_start(p)) {
        uint8_t first = p->n > p->start ? p->p[p->start] : 'A';

        if (first < 'A' || first > 'Z')
            refuse_first_byte(p);
        else
            end = find_head(p);
    }
    if (end > 0)
        feed_head(p, end);
    if (p->step == HTTP_STEP_BODY)
        feed_body(p);
    return p->step;
}

/* --- the buffer --- */

static struct span moved(struct span s, const uint8_t *from, const uint8_t *to, size_t n)
{
    if (s.p < from || s.p > from + n) /* empty, or fixed text */
        return s;
    return span_of(to + (s.p - from), s.n);
}

/* Puts the buffer elsewhere; what the request borrows moves along. */
static bool grow_to(struct http_parser *p, size_t room)
{
    uint8_t *to = malloc(room);
    struct http_request *q = &p->request;

    if (!to)
        return false;
    if (p->n > 0)
        memcpy(to, p->p, p->n);
    q->target = moved(q->target, p->p, to, p->n);
    for (size_t i = 0; i < q->header_count; i++) {
        q->headers[i].name = moved(q->headers[i].name, p->p, to, p->n);
        q->headers[i].value = moved(q->headers[i].value, p->p, to, p->n);
    }
    free(p->p);
    p->p = to;
    p->room = room;
    return true;
}

/* Doubles, but not beyond what a body of declared length still needs: memory is given for bytes
 * that have come, not for bytes that were promised. */
static size_t next_room(const struct http_parser *p)
{
    size_t doubled = p->room ? 2 * p->room : HTTP_READ_ROOM;
    size_t whole = p->body_at + (size_t)p->body_declared;

    if (p->step == HTTP_STEP_BODY && !p->framing.is_chunked && whole > p->n)
        return size_min(doubled, whole);
    return doubled;
}

uint8_t *http_parser_room(struct http_parser *p, size_t *room)
{
    if (p->n == p->room && !grow_to(p, next_room(p)))
        return NULL;
    *room = p->room - p->n;
    return p->p + p->n;
}

void http_parser_fed(struct http_parser *p, size_t n)
{
    assert(n <= p->room - p->n);
    p->n += n;
}

/* --- a parser's life --- */

struct http_parser *http_parser_new(const struct http_rules *rules)
{
    struct http_parser *p = calloc(1, sizeof *p);

    if (!p)
        return NULL;
    p->rules = *rules;
    p->wire = wire_new(&events, p);
    if (!p->wire) {
        free(p);
        return NULL;
    }
    return p;
}

void http_parser_free(struct http_parser *p)
{
    if (!p)
        return;
    wire_free(p->wire);
    free(p->p);
    free(p);
}

const struct http_request *http_parser_request(const struct http_parser *p)
{
    return &p->request;
}

bool http_parser_keeps(const struct http_parser *p)
{
    return wire_keeps(p->wire);
}

bool http_parser_take_expectation(struct http_parser *p)
{
    bool expects = p->step == HTTP_STEP_BODY && p->framing.expects && p->raw_n == 0;

    p->framing.expects = false;
    return expects;
}

int http_parser_refusal(const struct http_parser *p, struct err *why)
{
    *why = p->why;
    return p->status;
}

bool http_parser_is_empty(const struct http_parser *p)
{
    return p->n == 0;
}

void http_parser_next(struct http_parser *p)
{
    size_t left = p->n - p->fed;

    assert(p->step == HTTP_STEP_READY);
    if (left > 0)
        memmove(p->p, p->p + p->fed, left);
    p->n = left;
    wire_next(p->wire);
    p->step = HTTP_STEP_HEAD;
    p->framing = (struct framing){ 0 };
    p->start = p->scanned = p->fed = 0;
    p->body_at = p->body_n = p->raw_n = 0;
    p->body_declared = 0;
    p->request.header_count = 0;
    p->request.target = p->request.body = (struct span){ 0 };
}
