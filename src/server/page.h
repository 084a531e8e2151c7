/*
 * page - bytes that one process publishes and others read, in memory that these can only read
 *
 * Shape    a memory file: a head, and two places of `room` bytes. The publisher fills the place
 *          that is not in use and then counts the turn up; a reader copies a place, and keeps the
 *          copy when the turn is still the same
 * Rule     nothing waits, and what was published outlives the publisher. The bytes are outside
 *          bytes to a reader: it parses its copy, never the page
 */
#ifndef CUPEL_SERVER_PAGE_H
#define CUPEL_SERVER_PAGE_H

#include "../base/arena.h"

struct page; /* mapped */

/* Makes the memory file, and opens it again so that it can only be read. */
bool page_make(const char *name, size_t room, int *out, int *out_read_only,
               struct err *err) MUST_USE;

/* Maps it; the descriptor stays the caller's. NULL with err. */
struct page *page_map(int fd, size_t room, bool may_write, struct err *err) MUST_USE;
void page_unmap(struct page *p, size_t room);

/* Publishes at most `room` bytes; more are not published. */
void page_publish(struct page *p, size_t room, struct span bytes);

/* Which turn it is; 0: nothing was published yet. */
uint64_t page_turn(const struct page *p);

/* A copy of what is published now, and its turn. False when nothing is, or it cannot be copied. */
bool page_read(const struct page *p, size_t room, struct arena *a, struct span *out,
               uint64_t *turn) MUST_USE;

#endif
