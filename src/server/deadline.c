#include "deadline.h"

void deadlines_init(struct deadlines *q, const uint32_t length_ms[PHASES])
{
    for (size_t i = 0; i < PHASES; i++) {
        struct deadline *ends = &q->queue[i].ends;

        ends->before = ends->after = ends;
        q->queue[i].length_ms = length_ms[i];
        q->queue[i].count = 0;
    }
}

void deadline_clear(struct deadlines *q, struct deadline *d)
{
    if (!d->after)
        return;
    d->before->after = d->after;
    d->after->before = d->before;
    d->before = d->after = NULL;
    q->queue[d->phase].count--;
}

void deadline_set(struct deadlines *q, struct deadline *d, enum phase phase, uint64_t now)
{
    struct deadline *ends = &q->queue[phase].ends;

    deadline_clear(q, d);
    d->phase = phase;
    d->at = now + q->queue[phase].length_ms;
    d->before = ends->before;
    d->after = ends;
    d->before->after = ends->before = d;
    q->queue[phase].count++;
}

struct deadline *deadlines_first(const struct deadlines *q, enum phase phase)
{
    const struct deadline *ends = &q->queue[phase].ends;

    return ends->after == ends ? NULL : ends->after;
}

struct deadline *deadlines_next(const struct deadlines *q, const struct deadline *d)
{
    return d->after == &q->queue[d->phase].ends ? NULL : d->after;
}

struct deadline *deadlines_late(const struct deadlines *q, enum phase phase, uint64_t now)
{
    struct deadline *d = deadlines_first(q, phase);

    return d && d->at <= now ? d : NULL;
}

size_t deadlines_count(const struct deadlines *q, enum phase phase)
{
    return q->queue[phase].count;
}
