/*
 * keep_page - the state as the keeper publishes it, on a page that workers can only read
 *
 * Shape    a page (page.h) with room for an image of store/state.h, STATE_IMAGE_MAX bytes
 * Rule     a worker asks for the turn before each use, so a change that was published before it was
 *          answered is used by every request that begins after the answer. Nothing waits: without a
 *          keeper, workers go on with what they have
 */
#ifndef CUPEL_SERVER_KEEP_PAGE_H
#define CUPEL_SERVER_KEEP_PAGE_H

#include "../store/state.h"
#include "page.h"

/* Makes the memory file, and opens it again so that it can only be read. */
bool keep_page_make(int *out, int *out_read_only, struct err *err) MUST_USE;

/* Maps it; the descriptor stays the caller's. NULL with err. */
struct page *keep_page_map(int fd, bool may_write, struct err *err) MUST_USE;
void keep_page_unmap(struct page *p);

/* Publishes an image of at most STATE_IMAGE_MAX bytes; a longer one is not published. */
void keep_page_publish(struct page *p, struct span image);

/* The state that is published now, held once, and its turn. NULL with err: io when nothing was
 * published; those of state_parse. */
struct state *keep_page_state(const struct page *p, uint64_t *turn, struct err *err) MUST_USE;

#endif
