/*
 * wire - the HTTP/1 grammar as llhttp reads it, in words of our own
 *
 * Shape    bytes go in, events come out; a step ends with the bytes, with the message, or with a
 *          refusal. The head must come in one piece, the body may come in any
 * Borrows  event spans point into the bytes being fed
 * Rule     all leniency of llhttp is off. Its enumerators collide with those of message.h, so this
 * is the one file that sees it Source   RFC 9112
 */
#ifndef CUPEL_SERVER_WIRE_H
#define CUPEL_SERVER_WIRE_H

#include "../base/span.h"

struct wire;

struct wire_head {
    struct span method, target;
    unsigned major, minor;
    uint64_t content_length; /* 0 without the header */
};

/* An event that returns false ends the feeding with WIRE_REFUSED. */
struct wire_events {
    bool (*header)(void *arg, struct span name, struct span value);
    bool (*head)(void *arg, const struct wire_head *head); /* after the last header */
    bool (*chunk)(void *arg, uint64_t size);
    bool (*body)(void *arg, struct span part);
};

enum wire_step {
    WIRE_MORE,       /* everything was taken; the message goes on */
    WIRE_DONE,       /* the message has ended; what follows was not taken */
    WIRE_REFUSED,    /* an event said no */
    WIRE_BAD,        /* this is no HTTP/1 message: wire_reason says why */
    WIRE_BAD_VERSION /* nor is it a version that we speak */
};

/* A reader of requests; NULL when memory is short. */
struct wire *wire_new(const struct wire_events *events, void *arg) MUST_USE;
void wire_free(struct wire *w);

/* Feeds bytes; *used says how many belong to this message. */
enum wire_step wire_feed(struct wire *w, struct span bytes, size_t *used) MUST_USE;

/* After WIRE_BAD: a few fixed words. */
const char *wire_reason(const struct wire *w);

/* After WIRE_DONE: tells whether version and Connection allow another request. */
bool wire_keeps(const struct wire *w);

/* Forgets the message: the next byte begins another one. */
void wire_next(struct wire *w);

#endif
