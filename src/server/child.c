#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FIRST_FD = 3, ROLE_ROOM = 32 };

static void handle_closed(uv_handle_t *h)
{
    struct child *c = h->data;

    if (--c->closing == 0)
        c->on_gone(c, c->exit_status, c->exit_signal);
}

void child_release(struct child *c)
{
    if (c->control_fd < 0)
        return;
    uv_poll_stop(&c->poll);
    close(c->control_fd);
    c->control_fd = -1;
}

static void exited(uv_process_t *p, int64_t status, int signal)
{
    struct child *c = p->data;

    c->is_running = false;
    c->is_ready = false;
    c->exit_status = status;
    c->exit_signal = signal;
    child_release(c);
    c->closing = 2;
    uv_close((uv_handle_t *)&c->poll, handle_closed);
    uv_close((uv_handle_t *)&c->process, handle_closed);
}

/* The only thing a child ever says is that it is ready. */
static void control_readable(uv_poll_t *p, int status, int events)
{
    struct child *c = p->data;
    char word[16] = { 0 };
    ssize_t n = recv(c->control_fd, word, sizeof word - 1, MSG_DONTWAIT);
    (void)status;
    (void)events;

    if (n <= 0 && !(n < 0 && errno == EAGAIN))
        uv_poll_stop(p); /* its end is closed; the exit itself follows */
    if (n <= 0 || strcmp(word, "ready") != 0 || c->is_ready)
        return;
    c->is_ready = true;
    if (c->on_ready)
        c->on_ready(c);
}

static int spawn(uv_loop_t *loop, struct child *c, const char *role, const int fds[CHILD_FDS_MAX])
{
    uv_stdio_container_t stdio[CHILD_FDS_MAX];
    char flag[ROLE_ROOM], name[] = "cupeld";
    char *args[] = { name, flag, NULL };
    uv_process_options_t o = { .exit_cb = exited,
                               .file = "/proc/self/exe",
                               .args = args,
                               .flags = UV_PROCESS_DETACHED, /* the terminal's ^C is for us */
                               .stdio = stdio,
                               .stdio_count = CHILD_FDS_MAX };

    snprintf(flag, sizeof flag, "--role=%s", role);
    for (int i = 0; i < CHILD_FDS_MAX; i++) {
        stdio[i].flags = UV_INHERIT_FD;
        stdio[i].data.fd = i < FIRST_FD ? STDERR_FILENO : fds[i];
        if (i == 0 || (i >= FIRST_FD && fds[i] < 0))
            stdio[i].flags = UV_IGNORE;
    }
    c->process.data = c;
    return uv_spawn(loop, &c->process, &o);
}

bool child_start(uv_loop_t *loop, struct child *c, const char *role, int fds[CHILD_FDS_MAX],
                 struct err *err)
{
    int pair[2], rc;

    c->closing = 0;
    c->control_fd = -1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return err_fail(err, ERR_IO, NULL, "no pair of sockets: %s", strerror(errno));
    fds[CHILD_CONTROL_FD] = pair[1];
    rc = uv_poll_init(loop, &c->poll, pair[0]);
    if (rc != 0) {
        close(pair[0]);
        close(pair[1]);
        return err_fail(err, ERR_IO, NULL, "no watch on a pair: %s", uv_strerror(rc));
    }
    c->control_fd = pair[0];
    c->poll.data = c;
    c->is_ready = false;
    c->started_ms = uv_now(loop);
    uv_poll_start(&c->poll, UV_READABLE, control_readable);
    rc = spawn(loop, c, role, fds);
    close(pair[1]);
    c->is_running = rc == 0;
    if (rc == 0)
        return true;
    exited(&c->process, 0, 0); /* on_gone follows from the loop */
    return err_fail(err, ERR_IO, NULL, "the %s process cannot be started: %s", role,
                    uv_strerror(rc));
}

void child_drain(struct child *c)
{
    if (c->control_fd >= 0 && send(c->control_fd, "drain", 5, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        shutdown(c->control_fd, SHUT_RDWR); /* the end of the pair means the same */
}

void child_kill(struct child *c)
{
    if (c->is_running)
        uv_process_kill(&c->process, SIGKILL);
}
