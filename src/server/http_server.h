/*
 * http_server - HTTP/1.1 on listening sockets, with or without TLS: who speaks, how long, how much
 *
 * Shape    one event loop; requests of a connection are answered one after the other, in order;
 *          every phase of a connection has an absolute deadline
 * Borrows  a request's spans are valid until it is answered or cancelled; an answer's spans only
 *          during http_reply_send
 * Rule     the handler answers each request exactly once, inside begin or later, or is told that
 *          nobody waits for the answer any more
 * Source   RFC 9110, RFC 9112
 */
#ifndef CUPEL_SERVER_HTTP_SERVER_H
#define CUPEL_SERVER_HTTP_SERVER_H

#include "../api/message.h"
#include "limits.h"
#include "metrics.h"
#include "tls.h"

#include <uv.h>

struct http_server;

/* Stands for the answer that is owed to one request. */
struct http_reply {
    void *own; /* the handler's, NULL at begin */
};

struct http_handler {
    void *context;

    /* The most bytes of body that the request may bring, asked when its head is whole: `head` has
     * no body yet. NULL: HTTP_BODY_DEFAULT. */
    size_t (*body_limit)(void *context, const struct http_request *head);

    /* Takes a request: calls http_reply_send now, or keeps `reply` and calls it later. */
    void (*begin)(void *context, const struct http_request *request, struct http_reply *reply);

    /* Nobody waits for that answer any more; `reply` and the request are gone after this call. */
    void (*cancel)(void *context, struct http_reply *reply);
};

struct http_server_settings {
    uv_loop_t *loop; /* borrowed, as everything here but the sockets */
    const int *fds;  /* listening sockets, adopted: closed when the server stops accepting */
    size_t fd_count;
    struct tls_context *tls; /* NULL: plain */
    struct http_handler handler;
    struct server_limits limits;
    struct metrics *metrics; /* NULL: not counted */
    const char *name;        /* for the Server header; NULL: none */
};

/* A server that accepts from now on; NULL with io or memory. SIGPIPE is ignored from now on. */
struct http_server *http_server_new(const struct http_server_settings *s, struct err *err) MUST_USE;

/* Answers: head and body leave in one write. May be called inside begin. The reply is gone then. */
void http_reply_send(struct http_reply *reply, const struct http_answer *answer);

/* Stops accepting, closes what is idle, answers what is in flight with "Connection: close", cuts
 * off what is left at the deadline, and then calls `done` once. */
void http_server_drain(struct http_server *s, void (*done)(void *arg), void *arg);

/* Cuts everything off (cancelling what is pending) and frees the server once the loop has run its
 * closing callbacks: run the loop until it is empty before closing it. */
void http_server_free(struct http_server *s);

#endif
