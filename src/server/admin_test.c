#include "../../tests/check.h"

#include "admin.h"

static struct admin_status told;

static void tell_status(void *context, struct admin_status *out)
{
    (void)context;
    *out = told;
}

static void tell_metrics(void *context, struct writer *w)
{
    (void)context;
    write_text(w, "cupel_of_the_workers 7\n");
}

static const struct admin_source source = { NULL, tell_status, tell_metrics };
static struct arena arena;

static struct http_answer ask(enum http_method method, const char *target)
{
    struct http_request q = { .method = method, .target = span_str(target) };
    struct http_answer a = { 0 };

    admin_answer(&source, &q, &arena, &a);
    return a;
}

static bool says(const struct http_answer *a, const char *text)
{
    return memmem(a->body.p, a->body.n, text, strlen(text)) != NULL;
}

static void start(void)
{
    arena = arena_over(1 << 20);
    told = (struct admin_status){ .is_ready = true,
                                  .workers = 2,
                                  .workers_ready = 2,
                                  .generation = 1,
                                  .url = "https://127.0.0.1:8443" };
}

static void paths_and_methods_have_their_status(void **state)
{
    static const struct {
        const char *name;
        enum http_method method;
        const char *target;
        int status;
    } rows[] = {
        { "alive", HTTP_GET, "/livez", 200 },     { "ready", HTTP_GET, "/readyz", 200 },
        { "metrics", HTTP_GET, "/metrics", 200 }, { "head", HTTP_HEAD, "/metrics", 200 },
        { "query", HTTP_GET, "/livez?x=1", 200 }, { "post", HTTP_POST, "/livez", 405 },
        { "root", HTTP_GET, "/", 404 },           { "longer", HTTP_GET, "/livez/", 404 },
        { "public", HTTP_GET, "/certs", 404 },    { "traversal", HTTP_GET, "/../livez", 404 },
    };
    (void)state;

    start();
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_INT(rows[i].name, ask(rows[i].method, rows[i].target).status, rows[i].status);
    arena_fini(&arena);
}

static void not_ready_is_503_and_still_alive(void **state)
{
    (void)state;

    start();
    told.is_ready = false;
    told.workers_ready = 0;
    CHECK_INT("ready", ask(HTTP_GET, "/readyz").status, 503);
    CHECK_INT("alive", ask(HTTP_GET, "/livez").status, 200);
    arena_fini(&arena);
}

static void what_is_weakened_is_said(void **state)
{
    struct http_answer a;
    (void)state;

    start();
    a = ask(HTTP_GET, "/readyz");
    CHECK("nothing", says(&a, "\"lab_roots_accepted\":false") && says(&a, "\"warnings\":[]"));
    told.has_lab_roots = told.is_dev = told.is_judged_then = true;
    told.judge_at = 1705320000;
    a = ask(HTTP_GET, "/readyz");
    CHECK("lab", says(&a, "\"lab_roots_accepted\":true"));
    CHECK("lab", says(&a, "\"lab roots are accepted: evidence of a lab passes\",\"started with "
                          "--dev\",\"evidence is judged at a fixed time\"]"));
    CHECK("time", says(&a, "\"insecure_judge_at\":\"2024-01-15T12:00:00Z\""));
    arena_fini(&arena);
}

static void metrics_begin_with_the_daemons_own(void **state)
{
    struct http_answer a;
    (void)state;

    start();
    told.worker_restarts = 3;
    a = ask(HTTP_GET, "/metrics");
    CHECK("own", says(&a, "# TYPE cupel_worker_restarts_total counter\n"
                          "cupel_worker_restarts_total 3\n"));
    CHECK("workers'", says(&a, "cupel_of_the_workers 7\n"));
    arena_fini(&arena);
}

TEST_MAIN(paths_and_methods_have_their_status, not_ready_is_503_and_still_alive,
          what_is_weakened_is_said, metrics_begin_with_the_daemons_own)
