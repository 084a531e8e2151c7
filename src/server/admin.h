/*
 * admin - the operator's listener: is it alive, does it serve, how much has it done
 *
 * Shape    plain HTTP on an address of its own: GET or HEAD of /livez (200), /readyz (200 or 503,
 *          JSON) and /metrics (Prometheus text). Nothing of a client is ever shown
 */
#ifndef CUPEL_SERVER_ADMIN_H
#define CUPEL_SERVER_ADMIN_H

#include "http_server.h"

struct admin_status {
    bool is_ready;
    unsigned workers, workers_ready;
    unsigned generation; /* how often the configuration was read; from 1 */
    uint64_t worker_restarts, signer_restarts, keeper_restarts;
    bool is_dev;
    bool has_lab_roots; /* evidence of a lab is accepted */
    bool is_judged_then;
    int64_t judge_at;
    const char *url;
};

struct admin_source {
    void *context;
    void (*status)(void *context, struct admin_status *out);
    void (*metrics)(void *context, struct writer *w); /* the workers' pages */
};

/* All that is served. */
struct admin_page {
    const char *path, *type, *summary;
    bool may_be_unready; /* answers 503, too */
    void (*answer)(const struct admin_source *, struct arena *, struct http_answer *);
};
extern const struct admin_page admin_pages[];
extern const size_t admin_page_count;

struct admin;

/* Listens on fd (adopted); NULL with err. */
struct admin *admin_new(uv_loop_t *loop, int fd, const struct admin_source *source,
                        struct err *err) MUST_USE;

/* Stops at once; the loop must still run until it is empty. NULL is fine. */
void admin_free(struct admin *a);

/* What the paths answer, without a socket; for tests. out lives in the arena. */
void admin_answer(const struct admin_source *source, const struct http_request *request,
                  struct arena *a, struct http_answer *out);

#endif
