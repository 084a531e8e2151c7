/* Targets: http_parser_step over the wire. The first byte chooses how the rest is cut into pieces;
 * whatever the cut, the same requests and the same refusal must come out. */
#include "../../fuzz/fuzz.h"
#include "http.h"

#include <string.h>

enum { FUZZ_BODY_MAX = 20000 };

/* What came out: a running mark over everything that can be seen of the requests. */
struct seen {
    uint64_t mark;
    size_t requests;
    enum http_step last;
    int status;
};

static size_t body_limit(void *context, const struct http_request *head)
{
    (void)context;
    (void)head;
    return FUZZ_BODY_MAX;
}

static void mark(struct seen *s, struct span bytes)
{
    for (size_t i = 0; i < bytes.n; i++)
        s->mark = (s->mark ^ bytes.p[i]) * 16777619u % 4294967291u;
    s->mark = (s->mark + bytes.n + 1) % 4294967291u;
}

static void note(struct seen *s, const struct http_parser *p)
{
    const struct http_request *q = http_parser_request(p);

    must(q->header_count >= 1 && q->header_count <= HTTP_HEADERS_MAX);
    must(q->target.n > 0 && q->target.n <= HTTP_TARGET_MAX);
    must(q->body.n <= FUZZ_BODY_MAX);
    must(http_header_find(q, "host").n > 0);
    mark(s, span_of(&q->method, sizeof q->method));
    mark(s, q->target);
    for (size_t i = 0; i < q->header_count; i++) {
        must(!memchr(q->headers[i].value.p, '\n', q->headers[i].value.n));
        mark(s, q->headers[i].name);
        mark(s, q->headers[i].value);
    }
    mark(s, q->body);
    s->mark += http_parser_keeps(p);
    s->requests++;
}

/* Takes requests until the bytes do not suffice for another one. */
static bool take(struct seen *s, struct http_parser *p)
{
    while ((s->last = http_parser_step(p)) == HTTP_STEP_READY) {
        note(s, p);
        http_parser_next(p);
    }
    if (s->last != HTTP_STEP_REFUSED)
        return true;
    struct err e;

    s->status = http_parser_refusal(p, &e);
    must(e.code != ERR_NONE && e.text[0] != '\0');
    must(s->status == 400 || s->status == 413 || s->status == 431 || s->status == 505);
    return false;
}

static struct seen run(const uint8_t *data, size_t size, size_t piece)
{
    struct http_parser *p = http_parser_new(&(struct http_rules){ .body_limit = body_limit });
    struct seen s = { 0 };

    must(p);
    while (size > 0) {
        size_t room, n = size < piece ? size : piece;
        uint8_t *to = http_parser_room(p, &room);

        must(to && room > 0);
        n = n < room ? n : room;
        memcpy(to, data, n);
        http_parser_fed(p, n);
        data += n;
        size -= n;
        if (!take(&s, p))
            break;
    }
    http_parser_free(p);
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen whole, cut;

    if (size < 1)
        return 0;
    whole = run(data + 1, size - 1, size);
    cut = run(data + 1, size - 1, (size_t)data[0] + 1);
    must(whole.requests == cut.requests && whole.mark == cut.mark);
    must(whole.last == cut.last && whole.status == cut.status);
    return 0;
}
