/*
 * keep_pipe - one end of the pair between a worker and the keeper: messages as packets
 *
 * Shape    a SOCK_SEQPACKET descriptor that does not block. A message is one packet or several of
 *          at most KEEP_PACKET_MAX bytes; what a socket cannot take yet waits in a bounded queue
 * Rule     who takes an end over in the middle of a message drops the rest of it: the sender says
 *          it again when it hears HELLO
 * Limits   below, by name
 * Errors   malformed, unsupported, limit (a packet no honest process sends): close the pair
 * Source   docs/formats/keeper.md
 */
#ifndef CUPEL_SERVER_KEEP_PIPE_H
#define CUPEL_SERVER_KEEP_PIPE_H

#include "../store/change.h"
#include "../store/note.h"

enum {
    KEEP_PACKET_MAX = 64 * 1024,         /* bytes of a packet, its head included */
    KEEP_HEAD_SIZE = 24,                 /* of them, the head */
    KEEP_MESSAGE_MAX = CHANGE_BYTES_MAX, /* bytes of a message's body */
    KEEP_QUEUE_MAX = 8 * 1024 * 1024     /* bytes that may wait for the socket */
};

enum keep_kind {
    KEEP_CHANGE = 1, /* worker: a change; keeper: how it ended */
    KEEP_FIND = 2,   /* worker: a request's id; keeper: its explanation */
    KEEP_NOTES = 3,  /* worker: notes, each with its length before it */
    KEEP_LOST = 4,   /* worker: so many notes were lost */
    KEEP_BYE = 5,    /* worker: that was all of it */
    KEEP_HELLO = 6,  /* keeper: it listens from here on; say again what was not answered */
    KEEP_KINDS
};

struct keep_message {
    enum keep_kind kind;
    uint64_t id;
    struct span body; /* good until the next keep_pipe_next */
};

struct keep_pipe {
    int fd;
    struct keep_message coming; /* what is being put together; kind 0: nothing */
    size_t total;
    uint8_t *room, *queue;
    size_t room_size, queue_at, queue_end, queue_size;
    uint8_t packet[KEEP_PACKET_MAX]; /* on its way out, or as it came in */
};

/* Over a descriptor, which is adopted. */
void keep_pipe_init(struct keep_pipe *p, int fd);
void keep_pipe_fini(struct keep_pipe *p);

/* Sends a message, or queues it. Limit: the queue is full, or the body too long; io: the other side
 * is gone. */
bool keep_pipe_send(struct keep_pipe *p, enum keep_kind kind, uint64_t id, struct span body,
                    struct err *err) MUST_USE;

/* Sends what waits. False: the other side is gone. */
bool keep_pipe_flush(struct keep_pipe *p) MUST_USE;
bool keep_pipe_is_waiting(const struct keep_pipe *p);

enum keep_read { KEEP_READ_MESSAGE, KEEP_READ_EMPTY, KEEP_READ_GONE, KEEP_READ_BAD };

/* The next whole message. err is filled for KEEP_READ_BAD. */
enum keep_read keep_pipe_next(struct keep_pipe *p, struct keep_message *out, struct err *err);

/* Adds one packet to what is being put together; *is_whole says that *out is a message. */
bool keep_pipe_take(struct keep_pipe *p, struct span packet, struct keep_message *out,
                    bool *is_whole, struct err *err) MUST_USE;

#endif
