#include "spent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WORD_PARTS = 8 /* bytes of a challenge that are looked at */ };

struct spent {
    _Atomic uint64_t *slots;
    int64_t lifetime;
};

static const size_t table_size = (size_t)SPENT_SLOTS * sizeof(uint64_t);

bool spent_make(int *out, struct err *err)
{
    int fd = memfd_create("cupel-spent", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd >= 0 && ftruncate(fd, (off_t)table_size) == 0 &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) {
        *out = fd;
        return true;
    }
    err_fail(err, ERR_IO, NULL, "no memory file for spent challenges: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return false;
}

struct spent *spent_map(int fd, int64_t lifetime, struct err *err)
{
    struct spent *s = calloc(1, sizeof *s);
    void *p = s ? mmap(NULL, table_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;

    if (p == MAP_FAILED) {
        err_fail(err, ERR_IO, NULL, "spent challenges cannot be mapped: %s", strerror(errno));
        free(s);
        return NULL;
    }
    s->slots = p;
    s->lifetime = lifetime;
    return s;
}

void spent_unmap(struct spent *s)
{
    if (!s)
        return;
    munmap(s->slots, table_size);
    free(s);
}

/* Where a challenge may stand, and what stands there. A word is never 0: its low bit is set. */
struct place {
    size_t first;
    uint64_t word;
};

static struct place place_of(const struct tpm_opened *o)
{
    uint8_t parts[WORD_PARTS] = { 0 };
    uint32_t tag, at;

    memcpy(parts, o->challenge.p, o->challenge.n < WORD_PARTS ? o->challenge.n : WORD_PARTS);
    memcpy(&tag, parts, sizeof tag);
    memcpy(&at, parts + sizeof tag, sizeof at);
    return (struct place){ at % SPENT_SLOTS, (uint64_t)(uint32_t)o->issued_at << 32 | (tag | 1u) };
}

static _Atomic uint64_t *slot(const struct spent *s, const struct place *p, size_t i)
{
    return &s->slots[(p->first + i) % SPENT_SLOTS];
}

static bool is_free(const struct spent *s, uint64_t word, int64_t now)
{
    return word == 0 || now - (int64_t)(word >> 32) > s->lifetime;
}

/* How many places hold it. */
static size_t count(const struct spent *s, const struct place *p)
{
    size_t n = 0;

    for (size_t i = 0; i < SPENT_PROBES; i++)
        n += atomic_load(slot(s, p, i)) == p->word;
    return n;
}

bool spent_holds(const void *spent, const struct tpm_opened *o, int64_t now)
{
    struct place p = place_of(o);

    (void)now; /* what is too old does not open */
    return count(spent, &p) > 0;
}

/* Somebody else may add the same word to another place in the same moment, when one of us finds a
 * place free that the other does not: then it stands there twice, and neither has it. */
bool spent_add(void *spent, const struct tpm_opened *o, int64_t now)
{
    struct spent *s = spent;
    struct place p = place_of(o);

    for (size_t i = 0; i < SPENT_PROBES; i++) {
        uint64_t word = atomic_load(slot(s, &p, i));

        if (count(s, &p) > 0)
            return false;
        if (is_free(s, word, now) && atomic_compare_exchange_strong(slot(s, &p, i), &word, p.word))
            return count(s, &p) == 1;
    }
    return false;
}
