/*
 * arena - memory that is given back all at once
 *
 * Shape    blocks in a chain, with a ceiling on their sum; zeroed memory, aligned for any type
 * Errors   NULL: over the ceiling, or the system has none left (arena_is_full tells which)
 */
#ifndef CUPEL_BASE_ARENA_H
#define CUPEL_BASE_ARENA_H

#include "err.h"

struct arena_block;

struct arena {
    struct arena_block *top;
    size_t used;    /* bytes handed out, rounded */
    size_t held;    /* bytes taken from the system */
    size_t ceiling; /* most that may be held */
    size_t fail_at; /* tests: the n-th allocation from now fails; 0 for never */
    bool is_full;   /* an allocation was refused because of the ceiling */
};

/* An empty arena that may hold at most `ceiling` bytes. Nothing is allocated yet. */
struct arena arena_over(size_t ceiling);

/* Zeroed memory for count things of size bytes; NULL when that cannot be had. count 0 gives a valid
 * pointer. */
void *arena_alloc(struct arena *a, size_t count, size_t size) MUST_USE;

/* As arena_alloc for bytes, but what stands there is whatever was: for who writes all of it before
 * anybody reads. */
uint8_t *arena_room(struct arena *a, size_t n) MUST_USE;

#define ARENA_NEW(arena, type)          ((type *)arena_alloc((arena), 1, sizeof(type)))
#define ARENA_ROOM(arena, type)         ((type *)(void *)arena_room((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_alloc((arena), (count), sizeof(type)))

/* A copy of the bytes, followed by a NUL that is not counted; p is NULL on failure. */
struct span arena_dup(struct arena *a, struct span s) MUST_USE;

/* Notes why the last allocation failed (limit or memory) and returns false. */
bool arena_fail(const struct arena *a, struct err *err);

/* Keeps one block for the next round and forgets what was handed out. */
void arena_reset(struct arena *a);

/* Gives everything back. The arena may be used again. */
void arena_fini(struct arena *a);

#endif
