/*
 * limits - every number that bounds a client of the server, in one place
 *
 * Units    *_ms: milliseconds, absolute: from the beginning of the phase, however busy it is
 */
#ifndef CUPEL_SERVER_LIMITS_H
#define CUPEL_SERVER_LIMITS_H

#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_HEAD_MAX = 32 * 1024,            /* bytes of request line and headers */
    HTTP_TARGET_MAX = 8 * 1024,           /* bytes of path and query */
    HTTP_BODY_DEFAULT = 1024 * 1024,      /* bytes of a body where the route says nothing else */
    HTTP_FRAMING_SLACK = 16 * 1024,       /* chunk framing, beyond one byte for each of the body */
    HTTP_READ_ROOM = 16 * 1024,           /* least room offered to a read */
    HTTP_REQUESTS_PER_TURN = 8,           /* pipelined requests before others have their turn */
    HTTP_BYTES_PER_TURN = 256 * 1024,     /* bytes read before others have their turn */
    HTTP_ACCEPTS_PER_TURN = 1,            /* connections taken before other workers may */
    HTTP_FIRST_GRACE_MS = 1000,           /* a drain waits that long for a first request */
    HTTP_LINGER_BYTES = 16 * 1024 * 1024, /* thrown away so that an early answer arrives */
    TLS_READ_BUFFER = 32 * 1024,          /* more than a record, so a read takes what is there */
    SIGNATURES_OUTSTANDING_MAX = 4096     /* requests waiting for the signing process */
};

struct server_limits {
    uint32_t handshake_ms; /* TLS handshake */
    uint32_t header_ms;    /* whole head, from its first byte */
    uint32_t body_ms;      /* whole body, from the end of the head */
    uint32_t response_ms;  /* whole answer, from the end of the request */
    uint32_t idle_ms;      /* between two requests */
    uint32_t linger_ms;    /* after the last answer, until the other side closes */
    uint32_t drain_ms;     /* from the wish to stop until everything left is cut off */
    uint32_t tick_ms;      /* how often deadlines are looked at: their grain */
    uint32_t connections;  /* in all */
    uint32_t per_address;  /* from one address; a Unix socket has none */
    uint32_t handshakes;   /* in progress at once */
};

/* clang-format off */
#define SERVER_LIMITS_DEFAULT                                                                      \
    {                                                                                              \
        .handshake_ms = 10000, .header_ms = 10000, .body_ms = 30000, .response_ms = 30000,         \
        .idle_ms = 75000, .linger_ms = 2000, .drain_ms = 30000, .tick_ms = 250,                    \
        .connections = 16384, .per_address = 12288, .handshakes = 1024                             \
    }
/* clang-format on */

#endif
