#include "handover.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The descriptor that came with a message; others that came with it are closed. -1: none. */
static int attached(struct msghdr *m)
{
    int found = -1;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        size_t n = c->cmsg_len >= CMSG_LEN(0) ? (c->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < n; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (found < 0)
                found = fd;
            else
                close(fd);
        }
    }
    return found;
}

static void drop(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

bool handover_take_any(int control_fd, enum handover_kind *kind, int *out)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(4 * sizeof(int))];
    } extra;
    uint8_t byte = 0;
    struct iovec io = { &byte, 1 };
    struct msghdr m = {
        .msg_iov = &io, .msg_iovlen = 1, .msg_control = &extra, .msg_controllen = sizeof extra
    };
    ssize_t n = recvmsg(control_fd, &m, MSG_CMSG_CLOEXEC);

    *out = -1;
    if (n < 0)
        return errno == EINTR;
    if (n == 0)
        return false;
    *out = attached(&m);
    *kind = byte == HANDOVER_CONFIG ? HANDOVER_CONFIG : HANDOVER_PAIR;
    if (byte != HANDOVER_PAIR && byte != HANDOVER_CONFIG)
        drop(out);
    return true;
}

bool handover_take(int control_fd, int *out)
{
    enum handover_kind kind = HANDOVER_PAIR;
    bool is_open = handover_take_any(control_fd, &kind, out);

    if (kind != HANDOVER_PAIR)
        drop(out);
    return is_open;
}

bool handover_give_as(int control_fd, enum handover_kind kind, int fd, struct err *err)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int))];
    } extra = { 0 };
    uint8_t byte = (uint8_t)kind;
    struct iovec io = { &byte, 1 };
    struct msghdr m = {
        .msg_iov = &io, .msg_iovlen = 1, .msg_control = &extra, .msg_controllen = sizeof extra
    };
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    return sendmsg(control_fd, &m, MSG_NOSIGNAL) == 1 ||
           err_fail(err, ERR_IO, NULL, "the other process does not listen: %s", strerror(errno));
}

bool handover_give(int control_fd, int fd, struct err *err)
{
    return handover_give_as(control_fd, HANDOVER_PAIR, fd, err);
}
