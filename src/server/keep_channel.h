/*
 * keep_channel - the worker's half: a keep over the pair to the keeper and the page it publishes
 *
 * Shape    changes and questions are sent and answered through the event loop; each keeps its bytes
 *          until it is answered, and is said again to a keeper that took over. Notes are collected
 *          and sent many at once; what finds no room is counted, and the count is sent
 * Limits   KEEP_WAITING_MAX unanswered, KEEP_WAIT_MS each; KEEP_NOTES_QUEUE_MAX bytes of notes
 */
#ifndef CUPEL_SERVER_KEEP_CHANNEL_H
#define CUPEL_SERVER_KEEP_CHANNEL_H

#include <uv.h>

#include "../store/keep.h"

enum {
    KEEP_WAITING_MAX = 256,
    KEEP_WAIT_MS = 10000,
    KEEP_TICK_MS = 50,                     /* notes are sent that often */
    KEEP_NOTES_ROOM = 48 * 1024,           /* bytes collected before they are sent at once */
    KEEP_NOTES_QUEUE_MAX = 4 * 1024 * 1024 /* bytes of notes that may wait for the socket */
};

struct keep_channel;

/* Maps the page and takes the state from it. Both descriptors are adopted. NULL with err. */
struct keep_channel *keep_channel_new(int fd, int page_fd, struct err *err) MUST_USE;

/* Begins to listen in a loop. Until then changes and notes wait. */
bool keep_channel_watch(struct keep_channel *c, uv_loop_t *loop, struct err *err) MUST_USE;

/* The keep that handlers are given. */
struct keep keep_channel_keep(struct keep_channel *c);

/* Notes lost since the start, for a counter. */
uint64_t keep_channel_lost(const struct keep_channel *c);

/* Sends what was collected and the farewell, waiting at most that long. */
void keep_channel_finish(struct keep_channel *c, int wait_ms);

/* Closes; whoever waits is not called. With a loop, the memory is freed once it has run its
 * callbacks. NULL is fine. */
void keep_channel_free(struct keep_channel *c);

#endif
