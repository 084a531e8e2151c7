/*
 * conn - one connection: handshake, request, answer, the next request, the end
 *
 * Shape    always in exactly one phase of deadline.h; a turn goes on until something has to be
 * waited for. An idle connection holds no buffers Rule     nothing here waits; nothing here
 * outlives conn_close but the memory, which the loop frees
 */
#ifndef CUPEL_SERVER_CONN_H
#define CUPEL_SERVER_CONN_H

#include "answer.h"
#include "deadline.h"
#include "http_server.h"
#include "peers.h"

struct conn;

/* What the connections of one server share. */
struct conn_shared {
    uv_loop_t *loop;
    struct http_handler handler;
    struct deadlines deadlines;
    struct peers *peers;
    struct metrics *metrics;
    const char *name;
    char date[ANSWER_DATE]; /* of date_at */
    int64_t date_at;
    bool is_draining;
    size_t count;                             /* connections that are not closed */
    size_t handles;                           /* of the loop, until their closing callback */
    void (*gone)(struct conn_shared *shared); /* after each such callback */
};

/* A connection on fd; tls NULL: plain. fd and peer are adopted on success only. */
struct conn *conn_new(struct conn_shared *s, int fd, struct tls_context *tls, struct peer *peer,
                      const struct sockaddr *from) MUST_USE;

/* The connection that a deadline belongs to. */
struct conn *conn_of(struct deadline *d);

/* Goes on as far as possible without waiting. */
void conn_turn(struct conn *c);

/* What happens when the deadline of its phase has passed. */
void conn_late(struct conn *c);

/* Tells whether no request has come on it yet. */
bool conn_is_fresh(const struct conn *c);

/* Ends it politely where nothing is in flight: the other side is told. */
void conn_end(struct conn *c);

/* Cuts it off; a pending request is cancelled. */
void conn_close(struct conn *c);

#endif
