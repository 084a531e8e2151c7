/*
 * deadline - who has to be done with what, and until when
 *
 * Shape    one queue per phase; every phase has one length, so each queue is in order by itself and
 *          the next one to be late is its head: no heap, no search
 * Units    milliseconds of one clock that does not go back
 */
#ifndef CUPEL_SERVER_DEADLINE_H
#define CUPEL_SERVER_DEADLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum phase {
    PHASE_HANDSHAKE,
    PHASE_IDLE,
    PHASE_HEADER,
    PHASE_BODY,
    PHASE_RESPONSE,
    PHASE_LINGER,
    PHASES
};

/* Lives in what it is about; all-zero is "in no queue". */
struct deadline {
    struct deadline *before, *after;
    uint64_t at;
    enum phase phase;
};

struct deadlines {
    struct {
        struct deadline ends; /* .after is the head, .before the tail */
        uint32_t length_ms;
        size_t count;
    } queue[PHASES];
};

/* Empty queues with the length of each phase. */
void deadlines_init(struct deadlines *q, const uint32_t length_ms[PHASES]);

/* Puts d into the phase from now on, out of the one it was in. */
void deadline_set(struct deadlines *q, struct deadline *d, enum phase phase, uint64_t now);

/* Takes d out; fine when it is in no queue. */
void deadline_clear(struct deadlines *q, struct deadline *d);

/* The one that is longest in the phase, or NULL. */
struct deadline *deadlines_first(const struct deadlines *q, enum phase phase);

/* The next one in the phase after d, or NULL. */
struct deadline *deadlines_next(const struct deadlines *q, const struct deadline *d);

/* The one that is longest in the phase if it is late now, or NULL. */
struct deadline *deadlines_late(const struct deadlines *q, enum phase phase, uint64_t now);

/* How many are in the phase. */
size_t deadlines_count(const struct deadlines *q, enum phase phase);

#endif
