/*
 * keep_page - the state as the keeper publishes it, in memory that workers can only read
 *
 * Shape    a memory file: a head, and two places for images of store/state.h. The keeper fills the
 *          place that is not in use and then counts the turn up; a worker that sees a turn it does
 *          not know copies that place, and takes the copy when the turn is still the same
 * Rule     a worker asks for the turn before each use, so a change that was published before it was
 *          answered is used by every request that begins after the answer. Nothing waits: without a
 *          keeper, workers go on with what they have
 */
#ifndef CUPEL_SERVER_KEEP_PAGE_H
#define CUPEL_SERVER_KEEP_PAGE_H

#include "../store/state.h"

struct keep_page; /* mapped */

/* Makes the memory file, and opens it again so that it can only be read. */
bool keep_page_make(int *out, int *out_read_only, struct err *err) MUST_USE;

/* Maps it; the descriptor stays the caller's. NULL with err. */
struct keep_page *keep_page_map(int fd, bool may_write, struct err *err) MUST_USE;
void keep_page_unmap(struct keep_page *p);

/* Publishes an image of at most STATE_IMAGE_MAX bytes. */
void keep_page_publish(struct keep_page *p, struct span image);

/* Which turn it is; 0: nothing was published yet. */
uint64_t keep_page_turn(const struct keep_page *p);

/* The state that is published now, held once, and its turn. NULL with err: io when nothing was
 * published; those of state_parse. */
struct state *keep_page_state(const struct keep_page *p, uint64_t *turn, struct err *err) MUST_USE;

#endif
