/*
 * fetch - HTTPS as a client: one request, one answer, bounded
 *
 * Rule     TLS certificates are always verified, against the system's anchors or the file named;
 * https only, except http to a loopback address Errors   io (could not connect, TLS), limit (too
 * long, too slow)
 */
#ifndef CUPEL_CLI_FETCH_H
#define CUPEL_CLI_FETCH_H

#include "../base/arena.h"

enum { FETCH_BYTES_MAX = 4 * 1024 * 1024, FETCH_SECONDS = 30, FETCH_CONNECT_SECONDS = 10 };

struct fetch_wish {
    const char *url;
    const char *ca_file; /* PEM; NULL: the system's anchors */
    const char *bearer;  /* NULL: none */
    struct span body;    /* POSTed as JSON when there is one */
    bool is_post;
};

struct fetch_answer {
    long status;
    struct span body;
    struct span request_id; /* x-ms-request-id, or empty */
};

/* Sends and waits. An HTTP error is an answer. */
bool fetch(const struct fetch_wish *wish, struct arena *a, struct fetch_answer *out,
           struct err *err) MUST_USE;

/* base + path in the arena, without a doubled slash; NULL when there is no room. */
const char *fetch_url(struct arena *a, const char *base, const char *path);

#endif
