#include "secret.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t pages_for(size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    return n > SIZE_MAX - page ? 0 : (n / page + 1) * page;
}

/* Locking and leaving out of dumps are asked for, not demanded: a container without the right to
 * lock memory still has to sign. Pages of their own and wiping hold everywhere. */
bool secret_new(size_t n, struct secret *out, struct err *err)
{
    size_t size = pages_for(n);
    void *p = MAP_FAILED;

    if (size > 0)
        p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return err_fail(err, ERR_MEMORY, NULL, "no pages for a secret of %zu bytes", n);
    (void)mlock(p, size);
    (void)madvise(p, size, MADV_DONTDUMP);
    *out = (struct secret){ .p = p, .n = n, .mapped = size };
    return true;
}

void secret_free(struct secret *s)
{
    if (s->p) {
        explicit_bzero(s->p, s->mapped);
        munmap(s->p, s->mapped);
    }
    *s = (struct secret){ 0 };
}
