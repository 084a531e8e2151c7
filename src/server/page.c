#include "page.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    HEAD_SIZE = 4096,
    PLACES = 2,
    TRIES = 1000,
    SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL
};

struct page {
    _Atomic uint64_t turn; /* its place is turn % PLACES */
    uint64_t size[PLACES];
};

/* What a reader takes away. */
struct copy {
    uint8_t *p;
    size_t room, n;
};

_Static_assert(sizeof(struct page) <= HEAD_SIZE, "the head has room");

static size_t size_of(size_t room)
{
    return HEAD_SIZE + PLACES * room;
}

static uint8_t *place(const struct page *p, size_t room, uint64_t turn)
{
    return (uint8_t *)(uintptr_t)p + HEAD_SIZE + (size_t)(turn % PLACES) * room;
}

static bool fail_system(struct err *err)
{
    return err_fail(err, ERR_IO, NULL, "no memory file for a page: %s", strerror(errno));
}

/* Only what is written takes memory. Opened by its name in /proc, it has rights of its own. */
bool page_make(const char *name, size_t room, int *out, int *out_read_only, struct err *err)
{
    char path[64];
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING), again;

    if (fd < 0)
        return fail_system(err);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    again = open(path, O_RDONLY | O_CLOEXEC);
    if (again >= 0 && ftruncate(fd, (off_t)size_of(room)) == 0 &&
        fcntl(fd, F_ADD_SEALS, SEALS) == 0) {
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

struct page *page_map(int fd, size_t room, bool may_write, struct err *err)
{
    int rights = may_write ? PROT_READ | PROT_WRITE : PROT_READ;
    void *p = mmap(NULL, size_of(room), rights, MAP_SHARED, fd, 0);

    if (p != MAP_FAILED)
        return p;
    fail_system(err);
    return NULL;
}

void page_unmap(struct page *p, size_t room)
{
    if (p)
        munmap(p, size_of(room));
}

void page_publish(struct page *p, size_t room, struct span bytes)
{
    uint64_t next = atomic_load_explicit(&p->turn, memory_order_relaxed) + 1;

    if (bytes.n > room)
        return;
    if (bytes.n > 0)
        memcpy(place(p, room, next), bytes.p, bytes.n);
    p->size[next % PLACES] = bytes.n;
    atomic_store_explicit(&p->turn, next, memory_order_release);
}

uint64_t page_turn(const struct page *p)
{
    return atomic_load_explicit(&p->turn, memory_order_acquire);
}

/* One try: the copy counts only when nobody can have begun to write over it meanwhile. Tries share
 * their memory as long as it is large enough. */
static bool try_read(const struct page *p, size_t room, uint64_t turn, struct arena *a,
                     struct copy *c)
{
    uint64_t size = p->size[turn % PLACES];

    if (size > room)
        return false; /* torn; the turn has moved on */
    if (!c->p || size > c->room) {
        c->p = arena_room(a, (size_t)size);
        c->room = (size_t)size;
    }
    if (!c->p)
        return false;
    if (size > 0)
        memcpy(c->p, place(p, room, turn), (size_t)size);
    c->n = (size_t)size;
    atomic_thread_fence(memory_order_acquire);
    return page_turn(p) == turn;
}

bool page_read(const struct page *p, size_t room, struct arena *a, struct span *out, uint64_t *turn)
{
    struct copy c = { 0 };

    for (int i = 0; i < TRIES; i++) {
        uint64_t now = page_turn(p);

        if (now == 0)
            return false;
        if (try_read(p, room, now, a, &c)) {
            *out = span_of(c.p, c.n);
            *turn = now;
            return true;
        }
    }
    return false;
}
