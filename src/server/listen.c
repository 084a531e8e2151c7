#include "listen.h"

#include "../base/num.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BACKLOG = 4096 }; /* the system's own limit applies as well */

/* --- text --- */

static bool read_port(struct span text, uint16_t *out)
{
    unsigned v = 0;

    if (text.n == 0 || text.n > 5)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        v = v * 10 + (unsigned)(text.p[i] - '0');
    }
    *out = htons((uint16_t)v);
    return v <= UINT16_MAX;
}

static bool read_local(struct span path, struct listen_address *out)
{
    struct listen_address a = { 0 };

    if (path.n == 0 || path.n >= sizeof a.at.local.sun_path || memchr(path.p, 0, path.n))
        return false;
    a.at.local.sun_family = AF_UNIX;
    memcpy(a.at.local.sun_path, path.p, path.n);
    a.size = sizeof a.at.local;
    *out = a;
    return true;
}

static bool read_v4(const char *host, struct listen_address *a)
{
    a->at.v4.sin_family = AF_INET;
    a->size = sizeof a->at.v4;
    return inet_pton(AF_INET, host, &a->at.v4.sin_addr) == 1;
}

static bool read_v6(const char *host, struct listen_address *a)
{
    a->at.v6.sin6_family = AF_INET6;
    a->size = sizeof a->at.v6;
    return inet_pton(AF_INET6, host, &a->at.v6.sin6_addr) == 1;
}

static bool read_host(struct span host, struct listen_address *a)
{
    char text[INET6_ADDRSTRLEN + 1];
    bool is_bracketed = host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';

    if (is_bracketed)
        host = span_part(host, 1, host.n - 2);
    if (host.n >= sizeof text)
        return false;
    memcpy(text, host.p, host.n);
    text[host.n] = '\0';
    if (strcmp(text, "*") == 0)
        return read_v6("::", a);
    return is_bracketed ? read_v6(text, a) : read_v4(text, a);
}

static bool read_inet(struct span text, struct listen_address *out)
{
    struct listen_address a = { 0 };
    size_t colon = text.n;
    uint16_t port;

    while (colon > 0 && text.p[colon - 1] != ':')
        colon--;
    if (colon == 0 || !read_port(span_part(text, colon, text.n), &port) ||
        !read_host(span_part(text, 0, colon - 1), &a))
        return false;
    if (a.at.any.sa_family == AF_INET6)
        a.at.v6.sin6_port = port;
    else
        a.at.v4.sin_port = port;
    *out = a;
    return true;
}

bool listen_address_read(struct span text, struct listen_address *out, struct err *err)
{
    struct span local = span_str("unix:");
    bool ok = span_starts(text, local) ? read_local(span_part(text, local.n, text.n), out)
                                       : read_inet(text, out);

    return ok || err_fail(err, ERR_MALFORMED, NULL,
                          "expected \"127.0.0.1:8443\", \"[::1]:8443\", \"*:8443\" or "
                          "\"unix:/path\" (\"[::]\", not a name)");
}

bool listen_address_is_local(const struct listen_address *a)
{
    switch (a->at.any.sa_family) {
    case AF_INET:
        return ntohl(a->at.v4.sin_addr.s_addr) >> 24 == 127;
    case AF_INET6:
        return IN6_IS_ADDR_LOOPBACK(&a->at.v6.sin6_addr);
    default:
        return a->at.any.sa_family == AF_UNIX;
    }
}

/* --- sockets --- */

static bool set(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

/* What a stopped server left behind stands in the way of the next one. */
static void remove_old(const struct listen_address *a)
{
    struct stat st;

    if (a->at.any.sa_family == AF_UNIX && lstat(a->at.local.sun_path, &st) == 0 &&
        S_ISSOCK(st.st_mode))
        unlink(a->at.local.sun_path);
}

static bool prepare(int fd, const struct listen_address *a)
{
    int family = a->at.any.sa_family;

    if (family == AF_UNIX)
        return true;
    return set(fd, SOL_SOCKET, SO_REUSEADDR, 1) && set(fd, IPPROTO_TCP, TCP_NODELAY, 1) &&
           (family == AF_INET ||
            set(fd, IPPROTO_IPV6, IPV6_V6ONLY, !IN6_IS_ADDR_UNSPECIFIED(&a->at.v6.sin6_addr)));
}

int listen_open(const struct listen_address *a, struct err *err)
{
    int fd = socket(a->at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    remove_old(a);
    if (fd >= 0 && prepare(fd, a) && bind(fd, &a->at.any, a->size) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    err_fail(err, ERR_IO, NULL, "cannot listen: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

const char *listen_name(int fd, char buf[LISTEN_TEXT])
{
    struct listen_address a = { .size = sizeof a.at };
    char host[INET6_ADDRSTRLEN] = "";

    buf[0] = '\0';
    if (getsockname(fd, &a.at.any, &a.size) != 0)
        return buf;
    if (a.at.any.sa_family == AF_UNIX) {
        snprintf(buf, LISTEN_TEXT, "unix:%.*s", (int)sizeof a.at.local.sun_path,
                 a.at.local.sun_path);
    } else if (a.at.any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &a.at.v4.sin_addr, host, sizeof host);
        snprintf(buf, LISTEN_TEXT, "%s:%u", host, ntohs(a.at.v4.sin_port));
    } else if (a.at.any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &a.at.v6.sin6_addr, host, sizeof host);
        snprintf(buf, LISTEN_TEXT, "[%s]:%u", host, ntohs(a.at.v6.sin6_port));
    }
    return buf;
}
