#include "arena.h"

#include "num.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_LEAST = 16 * 1024, ALIGN = 16 };

struct arena_block {
    struct arena_block *below;
    size_t size; /* bytes behind this header */
    size_t used;
    uint8_t pad[8];
};

_Static_assert(sizeof(struct arena_block) % ALIGN == 0, "what follows the header is aligned");

struct arena arena_over(size_t ceiling)
{
    return (struct arena){ .ceiling = ceiling };
}

static uint8_t *block_bytes(struct arena_block *b)
{
    return (uint8_t *)(b + 1);
}

static bool push_block(struct arena *a, size_t need)
{
    size_t size = a->held > BLOCK_LEAST ? a->held : BLOCK_LEAST;
    size_t room = a->ceiling > a->held ? a->ceiling - a->held : 0;
    struct arena_block *b;

    if (room < sizeof *b || need > room - sizeof *b) {
        a->is_full = true;
        return false;
    }
    if (size < need)
        size = need;
    if (size > room - sizeof *b)
        size = room - sizeof *b;
    b = malloc(sizeof *b + size);
    if (!b)
        return false;
    *b = (struct arena_block){ .below = a->top, .size = size };
    a->top = b;
    a->held += sizeof *b + size;
    return true;
}

uint8_t *arena_room(struct arena *a, size_t n)
{
    uint8_t *p;

    if (a->fail_at > 0 && --a->fail_at == 0)
        return NULL;
    if (n > SIZE_MAX - ALIGN) {
        a->is_full = true;
        return NULL;
    }
    n = n == 0 ? ALIGN : (n + ALIGN - 1) / ALIGN * ALIGN;
    if ((!a->top || n > a->top->size - a->top->used) && !push_block(a, n))
        return NULL;
    p = block_bytes(a->top) + a->top->used;
    a->top->used += n;
    a->used += n;
    return p;
}

void *arena_alloc(struct arena *a, size_t count, size_t size)
{
    size_t need = 0;
    bool is_possible = size_mul(count, size, &need);
    uint8_t *p = arena_room(a, is_possible ? need : SIZE_MAX);

    return p ? memset(p, 0, need) : NULL;
}

struct span arena_dup(struct arena *a, struct span s)
{
    uint8_t *p = s.n < SIZE_MAX ? arena_room(a, s.n + 1) : NULL;

    if (!p)
        return (struct span){ 0 };
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    p[s.n] = 0;
    return (struct span){ p, s.n };
}

bool arena_fail(const struct arena *a, struct err *err)
{
    if (a->is_full)
        return err_fail(err, ERR_LIMIT, NULL, "more than %zu bytes of working memory are needed",
                        a->ceiling);
    return err_fail(err, ERR_MEMORY, NULL, "out of memory");
}

void arena_reset(struct arena *a)
{
    size_t keep = 0;

    while (a->top && a->top->below) {
        struct arena_block *b = a->top;

        a->top = b->below;
        free(b);
    }
    if (a->top) {
        a->top->used = 0;
        keep = sizeof *a->top + a->top->size;
    }
    a->held = keep;
    a->used = 0;
    a->is_full = false;
}

void arena_fini(struct arena *a)
{
    while (a->top) {
        struct arena_block *b = a->top;

        a->top = b->below;
        free(b);
    }
    a->held = a->used = 0;
    a->is_full = false;
}
