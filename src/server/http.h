/*
 * http - bytes of a connection become requests
 *
 * Shape    the connection reads into the parser's buffer; the head is judged once it is whole, the
 *          body is gathered in place (chunks are moved together); what comes behind a request waits
 *          in the buffer
 * Limits   limits.h: bytes of the head, lines of it (HTTP_HEADERS_MAX), bytes of the target, bytes
 * of the body as the rules say, chunk framing Borrows  the request's spans point into the buffer:
 * valid until http_parser_next or _free Errors   a refusal is a status (400 malformed, 413 body,
 * 431 head, 505 version) and a sentence; the connection cannot go on after it Rule     how the
 * bytes are cut into reads makes no difference. No sockets, no clock Source   RFC 9112; stricter:
 * one Host always, no folded lines, no bare LF, no trailers, no transfer coding but chunked
 */
#ifndef CUPEL_SERVER_HTTP_H
#define CUPEL_SERVER_HTTP_H

#include "../api/message.h"
#include "limits.h"

struct http_parser;

struct http_rules {
    /* The most bytes of body, asked when the head is whole. NULL: HTTP_BODY_DEFAULT. */
    size_t (*body_limit)(void *context, const struct http_request *head);
    void *context;
    const char *peer;        /* goes into every request; borrowed */
    struct span certificate; /* so does this: what the client showed */
};

enum http_step {
    HTTP_STEP_HEAD,   /* bytes of the head are missing */
    HTTP_STEP_BODY,   /* the head is whole, bytes of the body are missing */
    HTTP_STEP_READY,  /* a request is there */
    HTTP_STEP_REFUSED /* answer with the status and close */
};

/* A parser without a buffer yet; NULL when memory is short. */
struct http_parser *http_parser_new(const struct http_rules *rules) MUST_USE;
void http_parser_free(struct http_parser *p);

/* Where the next bytes are to be put, *room of them at most (never 0); NULL when memory is short.
 */
uint8_t *http_parser_room(struct http_parser *p, size_t *room) MUST_USE;

/* Notes that n bytes were put there. */
void http_parser_fed(struct http_parser *p, size_t n);

/* Goes as far as the bytes allow. */
enum http_step http_parser_step(struct http_parser *p) MUST_USE;

/* After HTTP_STEP_READY: the request. */
const struct http_request *http_parser_request(const struct http_parser *p);

/* After HTTP_STEP_READY: tells whether another request may follow on this connection. */
bool http_parser_keeps(const struct http_parser *p);

/* At HTTP_STEP_BODY: tells, once for each request, that the sender waits for "100 Continue". */
bool http_parser_take_expectation(struct http_parser *p);

/* After HTTP_STEP_REFUSED: the status, and the sentence in *why. */
int http_parser_refusal(const struct http_parser *p, struct err *why);

/* Tells whether the buffer holds no byte. */
bool http_parser_is_empty(const struct http_parser *p);

/* Drops the request and begins with what came behind it. */
void http_parser_next(struct http_parser *p);

#endif
