/*
 * message - one HTTP exchange as the api sees it: no sockets, no TLS
 *
 * Borrows  request spans point into the connection's buffer, response spans into the exchange's
 * arena or static text
 */
#ifndef CUPEL_API_MESSAGE_H
#define CUPEL_API_MESSAGE_H

#include "../base/arena.h"

enum http_method {
    HTTP_GET,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_HEAD,
    HTTP_OPTIONS,
    HTTP_OTHER
};

struct http_header {
    struct span name, value;
};

enum { HTTP_HEADERS_MAX = 100, HTTP_ANSWER_HEADERS_MAX = 16 };

struct http_request {
    enum http_method method;
    struct span target; /* as received: path and query */
    struct http_header headers[HTTP_HEADERS_MAX];
    size_t header_count;
    struct span body;
    const char *peer;        /* printable address, for the log */
    struct span certificate; /* the client's, verified by TLS, in DER; or empty */
};

struct http_answer {
    int status;
    struct http_header
        headers[HTTP_ANSWER_HEADERS_MAX]; /* Content-Length, Date, Connection are the server's */
    size_t header_count;
    struct span body;
};

/* The first header of that name (ASCII case ignored), or an empty span. */
struct span http_header_find(const struct http_request *r, const char *name);

/* Appends a header to an answer; dropped silently never: an assert guards the bound. */
void http_answer_add(struct http_answer *a, const char *name, struct span value);

#endif
