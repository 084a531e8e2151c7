#include "wire.h"

#include <llhttp/llhttp.h>
#include <stdlib.h>

struct wire {
    llhttp_t llhttp;
    struct wire_events events;
    void *arg;
    struct wire_head head;
    struct span name, value;
    const char *reason; /* ours; NULL: llhttp's */
    bool is_in_body;
    bool is_refused;
    bool keeps;
};

static struct wire *wire_of(llhttp_t *l)
{
    return l->data;
}

static int on_method(llhttp_t *l, const char *at, size_t n)
{
    wire_of(l)->head.method = span_of(at, n);
    return 0;
}

static int on_target(llhttp_t *l, const char *at, size_t n)
{
    wire_of(l)->head.target = span_of(at, n);
    return 0;
}

static int on_name(llhttp_t *l, const char *at, size_t n)
{
    struct wire *w = wire_of(l);

    w->name = span_of(at, n);
    w->value = (struct span){ 0 }; /* an empty value brings no event of its own */
    return 0;
}

static int on_value(llhttp_t *l, const char *at, size_t n)
{
    wire_of(l)->value = span_of(at, n);
    return 0;
}

/* llhttp has an error of its own for each callback that fails: which one does not matter. */
static int said(struct wire *w, bool yes)
{
    w->is_refused = !yes;
    return yes ? HPE_OK : HPE_USER;
}

/* Trailers would be headers that arrive after everything was decided: none are taken. */
static int on_header(llhttp_t *l)
{
    struct wire *w = wire_of(l);

    if (w->is_in_body) {
        w->reason = "trailer fields are not taken";
        return HPE_INVALID_HEADER_TOKEN;
    }
    return said(w, w->events.header(w->arg, w->name, w->value));
}

/* An upgrade that is not offered is ignored (RFC 9110, 7.8): the message is read like any other. */
static int on_head(llhttp_t *l)
{
    struct wire *w = wire_of(l);

    l->upgrade = 0;
    w->is_in_body = true;
    w->head.major = l->http_major;
    w->head.minor = l->http_minor;
    w->head.content_length = l->content_length;
    return said(w, w->events.head(w->arg, &w->head));
}

static int on_chunk(llhttp_t *l)
{
    struct wire *w = wire_of(l);

    return said(w, w->events.chunk(w->arg, l->content_length));
}

static int on_body(llhttp_t *l, const char *at, size_t n)
{
    struct wire *w = wire_of(l);

    return said(w, w->events.body(w->arg, span_of(at, n)));
}

static int on_end(llhttp_t *l)
{
    wire_of(l)->keeps = llhttp_should_keep_alive(l) != 0;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_method = on_method,
    .on_url = on_target,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_header_value_complete = on_header,
    .on_headers_complete = on_head,
    .on_chunk_header = on_chunk,
    .on_body = on_body,
    .on_message_complete = on_end,
};

struct wire *wire_new(const struct wire_events *events, void *arg)
{
    struct wire *w = calloc(1, sizeof *w);

    if (!w)
        return NULL;
    w->events = *events;
    w->arg = arg;
    llhttp_init(&w->llhttp, HTTP_REQUEST, &settings);
    w->llhttp.data = w;
    return w;
}

void wire_free(struct wire *w)
{
    free(w);
}

static enum wire_step step_of(llhttp_errno_t e)
{
    switch (e) {
    case HPE_OK:
        return WIRE_MORE;
    case HPE_PAUSED:
        return WIRE_DONE;
    case HPE_INVALID_VERSION:
    case HPE_PAUSED_H2_UPGRADE:
        return WIRE_BAD_VERSION;
    default:
        return WIRE_BAD;
    }
}

enum wire_step wire_feed(struct wire *w, struct span bytes, size_t *used)
{
    const char *p = (const char *)bytes.p;
    enum wire_step step = step_of(llhttp_execute(&w->llhttp, p, bytes.n));

    *used = bytes.n;
    if (step == WIRE_DONE)
        *used = (size_t)(llhttp_get_error_pos(&w->llhttp) - p);
    return w->is_refused ? WIRE_REFUSED : step;
}

const char *wire_reason(const struct wire *w)
{
    const char *reason = w->reason ? w->reason : llhttp_get_error_reason(&w->llhttp);

    return reason && *reason ? reason : "not HTTP/1";
}

bool wire_keeps(const struct wire *w)
{
    return w->keeps;
}

void wire_next(struct wire *w)
{
    llhttp_reset(&w->llhttp);
    w->head = (struct wire_head){ 0 };
    w->is_in_body = false;
    w->keeps = false;
}
