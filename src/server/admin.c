#include "admin.h"

#include <stdlib.h>
#include <string.h>

#include "../base/when.h"
#include "../format/json.h"
#include "../format/uri.h"

#define TEXT    "text/plain; charset=utf-8"
#define JSON    "application/json"
#define METRICS "text/plain; version=0.0.4; charset=utf-8"

enum { ANSWER_MEMORY = 512 * 1024, CONNECTIONS = 64 };

struct admin {
    struct admin_source source;
    struct http_server *server;
};

static void answer_text(struct http_answer *out, int status, const char *type, struct span body)
{
    out->status = status;
    out->body = body;
    http_answer_add(out, "Content-Type", span_str(type));
    http_answer_add(out, "Cache-Control", span_str("no-store"));
}

static void answer_live(const struct admin_source *s, struct arena *a, struct http_answer *out)
{
    (void)s;
    (void)a;
    answer_text(out, 200, TEXT, span_str("alive\n"));
}

static void write_warnings(struct writer *w, const struct admin_status *s)
{
    const char *comma = "";

    write_text(w, ",\"warnings\":[");
    if (s->has_lab_roots) {
        write_text(w, "\"lab roots are accepted: evidence of a lab passes\"");
        comma = ",";
    }
    if (s->is_dev) {
        write_format(w, "%s\"started with --dev\"", comma);
        comma = ",";
    }
    if (s->is_judged_then)
        write_format(w, "%s\"evidence is judged at a fixed time\"", comma);
    write_text(w, "]");
}

static void write_ready(struct writer *w, const struct admin_status *s)
{
    char when[WHEN_TEXT];

    write_format(w, "{\"ready\":%s,\"workers\":%u,\"workers_ready\":%u,\"generation\":%u",
                 s->is_ready ? "true" : "false", s->workers, s->workers_ready, s->generation);
    write_text(w, ",\"url\":");
    json_write_string(w, span_str(s->url));
    write_format(w, ",\"dev\":%s,\"lab_roots_accepted\":%s", s->is_dev ? "true" : "false",
                 s->has_lab_roots ? "true" : "false");
    if (s->is_judged_then)
        write_format(w, ",\"insecure_judge_at\":\"%s\"", when_str(s->judge_at, when));
    write_warnings(w, s);
    write_text(w, "}\n");
}

static void answer_ready(const struct admin_source *s, struct arena *a, struct http_answer *out)
{
    struct writer w = writer_in(a, 1024);
    struct admin_status status = { 0 };

    s->status(s->context, &status);
    write_ready(&w, &status);
    answer_text(out, status.is_ready ? 200 : 503, JSON, writer_span(&w));
}

static void write_gauge(struct writer *w, const char *name, const char *type, const char *help,
                        uint64_t value)
{
    write_format(w, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, type, name,
                 (unsigned long long)value);
}

static void answer_metrics(const struct admin_source *s, struct arena *a, struct http_answer *out)
{
    struct writer w = writer_in(a, 16384);
    struct admin_status status = { 0 };

    s->status(s->context, &status);
    write_gauge(&w, "cupel_ready", "gauge", "Whether clients are served.", status.is_ready);
    write_gauge(&w, "cupel_workers", "gauge", "Worker processes wished for.", status.workers);
    write_gauge(&w, "cupel_workers_ready", "gauge", "Worker processes that serve.",
                status.workers_ready);
    write_gauge(&w, "cupel_worker_restarts_total", "counter",
                "Worker processes that ended unasked.", status.worker_restarts);
    write_gauge(&w, "cupel_signer_restarts_total", "counter",
                "Signing processes that ended unasked.", status.signer_restarts);
    write_gauge(&w, "cupel_keeper_restarts_total", "counter",
                "Keepers of the store that ended unasked.", status.keeper_restarts);
    write_gauge(&w, "cupel_lab_roots_accepted", "gauge", "Whether evidence of a lab passes.",
                status.has_lab_roots);
    s->metrics(s->context, &w);
    answer_text(out, 200, METRICS, writer_span(&w));
}

/* clang-format off */
const struct admin_page admin_pages[] = {
    { "/livez",   TEXT,    "the supervisor answers",                         false, answer_live },
    { "/readyz",  JSON,    "whether clients are served, and what is unsafe", true,  answer_ready },
    { "/metrics", METRICS, "counters and gauges for Prometheus",             false, answer_metrics },
};
/* clang-format on */

const size_t admin_page_count = COUNT(admin_pages);

void admin_answer(const struct admin_source *source, const struct http_request *request,
                  struct arena *a, struct http_answer *out)
{
    struct span path, query;

    uri_split(request->target, &path, &query);
    for (size_t i = 0; i < admin_page_count; i++) {
        if (!span_is(path, admin_pages[i].path))
            continue;
        if (request->method != HTTP_GET && request->method != HTTP_HEAD)
            answer_text(out, 405, "text/plain", span_str("GET or HEAD\n"));
        else
            admin_pages[i].answer(source, a, out);
        return;
    }
    answer_text(out, 404, "text/plain", span_str("/livez, /readyz or /metrics\n"));
}

static size_t no_body(void *context, const struct http_request *head)
{
    (void)context;
    (void)head;
    return 0;
}

static void begin(void *context, const struct http_request *request, struct http_reply *reply)
{
    struct admin *admin = context;
    struct arena a = arena_over(ANSWER_MEMORY);
    struct http_answer answer = { 0 };

    admin_answer(&admin->source, request, &a, &answer);
    http_reply_send(reply, &answer);
    arena_fini(&a);
}

/* Every answer is given inside begin. */
static void cancel(void *context, struct http_reply *reply)
{
    (void)context;
    (void)reply;
}

struct admin *admin_new(uv_loop_t *loop, int fd, const struct admin_source *source, struct err *err)
{
    struct admin *a = calloc(1, sizeof *a);
    struct http_server_settings s = { .loop = loop,
                                      .fds = &fd,
                                      .fd_count = 1,
                                      .handler = { a, no_body, begin, cancel },
                                      .limits = SERVER_LIMITS_DEFAULT };

    if (!a) {
        err_fail(err, ERR_MEMORY, NULL, "no memory for the admin listener");
        return NULL;
    }
    a->source = *source;
    s.limits.connections = s.limits.per_address = CONNECTIONS;
    a->server = http_server_new(&s, err);
    if (a->server)
        return a;
    free(a);
    return NULL;
}

void admin_free(struct admin *a)
{
    if (!a)
        return;
    http_server_free(a->server);
    free(a);
}
