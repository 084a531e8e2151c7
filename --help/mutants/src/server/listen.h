/*
 * listen - sockets that wait for connections
 *
 * Shape    "127.0.0.1:8443", "[::1]:8443", "*:8443" (both families), "unix:/path"; port 0 picks one
 * Rule     TCP_NODELAY is set on the listener, and accepted sockets inherit it; non-blocking,
 *          close-on-exec
 * Errors   malformed (the text is no such address), io (the system says no; the text says why)
 */
#ifndef CUPEL_SERVER_LISTEN_H
#define CUPEL_SERVER_LISTEN_H

#include "../base/err.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { LISTEN_TEXT = 128 };

struct listen_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
    } at;
    socklen_t size;
};

/* Reads the text of an address. */
bool listen_address_read(struct span text, struct listen_address *out, struct err *err) MUST_USE;

/* Tells whether only this machine can reach the address: loopback, or a Unix socket. */
bool listen_address_is_local(const struct listen_address *a);

/* A listening socket, or -1. A Unix socket's old file is removed first if it is a socket. */
int listen_open(const struct listen_address *a, struct err *err) MUST_USE;

/* The address a socket is bound to, as text that listen_address_read takes; "" when it has none. */
const char *listen_name(int fd, char buf[LISTEN_TEXT]);

#endif
