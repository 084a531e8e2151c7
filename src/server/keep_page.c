#include "keep_page.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    HEAD_SIZE = 4096,
    PLACES = 2,
    TRIES = 1000,
    SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL
};

struct keep_page {
    _Atomic uint64_t turn; /* its place is turn % PLACES */
    uint64_t size[PLACES];
};

_Static_assert(sizeof(struct keep_page) <= HEAD_SIZE, "the head has room");

static const size_t page_size = HEAD_SIZE + (size_t)PLACES * STATE_IMAGE_MAX;

static uint8_t *place(const struct keep_page *p, uint64_t turn)
{
    return (uint8_t *)(uintptr_t)p + HEAD_SIZE + (size_t)(turn % PLACES) * STATE_IMAGE_MAX;
}

static bool fail_system(struct err *err)
{
    return err_fail(err, ERR_IO, NULL, "no memory file for the state: %s", strerror(errno));
}

/* Only what is written takes memory. Opened by its name in /proc, it has rights of its own. */
bool keep_page_make(int *out, int *out_read_only, struct err *err)
{
    char name[64];
    int fd = memfd_create("cupel-state", MFD_CLOEXEC | MFD_ALLOW_SEALING), again;

    if (fd < 0)
        return fail_system(err);
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    again = open(name, O_RDONLY | O_CLOEXEC);
    if (again >= 0 && ftruncate(fd, (off_t)page_size) == 0 && fcntl(fd, F_ADD_SEALS, SEALS) == 0) {
        *out = fd;
        *out_read_only = again;
        return true;
    }
    fail_system(err);
    if (again >= 0)
        close(again);
    close(fd);
    return false;
}

struct keep_page *keep_page_map(int fd, bool may_write, struct err *err)
{
    void *p =
        mmap(NULL, page_size, may_write ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);

    if (p != MAP_FAILED)
        return p;
    fail_system(err);
    return NULL;
}

void keep_page_unmap(struct keep_page *p)
{
    if (p)
        munmap(p, page_size);
}

void keep_page_publish(struct keep_page *p, struct span image)
{
    uint64_t next = atomic_load_explicit(&p->turn, memory_order_relaxed) + 1;

    memcpy(place(p, next), image.p, image.n);
    p->size[next % PLACES] = image.n;
    atomic_store_explicit(&p->turn, next, memory_order_release);
}

uint64_t keep_page_turn(const struct keep_page *p)
{
    return atomic_load_explicit(&p->turn, memory_order_acquire);
}

/* One try: the copy counts only when nobody can have begun to write over it meanwhile. */
static uint8_t *copy_of(const struct keep_page *p, uint64_t turn, size_t *n)
{
    uint64_t size = p->size[turn % PLACES];
    uint8_t *copy;

    if (size > STATE_IMAGE_MAX)
        size = 0; /* torn; the turn has moved on */
    copy = malloc((size_t)size + 1);
    if (!copy)
        return NULL;
    memcpy(copy, place(p, turn), (size_t)size);
    atomic_thread_fence(memory_order_acquire);
    *n = (size_t)size;
    if (keep_page_turn(p) == turn)
        return copy;
    free(copy);
    return NULL;
}

struct state *keep_page_state(const struct keep_page *p, uint64_t *turn, struct err *err)
{
    struct state *state;
    uint8_t *copy = NULL;
    uint64_t now = 0;
    size_t n = 0;

    for (int i = 0; i < TRIES && !copy; i++) {
        now = keep_page_turn(p);
        if (now == 0)
            break;
        copy = copy_of(p, now, &n);
    }
    if (!copy) {
        err_fail(err, ERR_IO, NULL, "the keeper has not published the state yet");
        return NULL;
    }
    state = state_parse(span_of(copy, n), err);
    free(copy);
    if (state)
        *turn = now;
    return state;
}
