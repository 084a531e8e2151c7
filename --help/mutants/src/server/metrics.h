/*
 * metrics - counters of one process in one page that others may read
 *
 * Shape    one page per worker in shared memory; only the worker writes it, anybody sums the pages
 * Rule     all-zero is a valid page; counters never go down, gauges say what is now
 * Source   Prometheus text exposition format 0.0.4
 */
#ifndef CUPEL_SERVER_METRICS_H
#define CUPEL_SERVER_METRICS_H

#include "../base/writer.h"

#include <stdatomic.h>

enum metric {
    METRIC_REQUESTS_1XX, /* by class of the answer's status */
    METRIC_REQUESTS_2XX,
    METRIC_REQUESTS_3XX,
    METRIC_REQUESTS_4XX,
    METRIC_REQUESTS_5XX,
    METRIC_CONNECTIONS_ACCEPTED,
    METRIC_CONNECTIONS_REFUSED,
    METRIC_CONNECTIONS_EVICTED,
    METRIC_CONNECTIONS_OPEN, /* gauge */
    METRIC_HANDSHAKES_DONE,
    METRIC_HANDSHAKES_FAILED,
    METRIC_HANDSHAKES_OPEN, /* gauge */
    METRIC_LATE_HANDSHAKE,  /* deadlines that passed, by phase */
    METRIC_LATE_HEADER,
    METRIC_LATE_BODY,
    METRIC_LATE_RESPONSE,
    METRIC_LATE_IDLE,
    METRIC_MALFORMED, /* requests refused by the grammar or a limit of it */
    METRIC_CANCELLED, /* requests whose sender went away */
    METRIC_SIGNATURES_DONE,
    METRIC_SIGNATURES_FAILED,
    METRIC_SIGNATURES_OPEN, /* gauge */
    METRIC_VERDICTS_GRANTED,
    METRIC_VERDICTS_REFUSED,
    METRIC_VERDICTS_FAILED,
    METRIC_COUNT
};

/* Upper bounds of the latency buckets; one more takes everything above. */
#define METRICS_BUCKETS_US                                                                         \
    {                                                                                              \
        100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000, 5000000     \
    }
enum { METRICS_BUCKETS = 14 };

struct metrics {
    _Atomic uint64_t value[METRIC_COUNT];
    _Atomic uint64_t bucket[METRICS_BUCKETS]; /* requests, not cumulated */
    _Atomic uint64_t latency_us;              /* sum over all requests */
};

/* Adds to a counter or gauge. A NULL page is fine, here and below. */
void metrics_add(struct metrics *m, enum metric which, int64_t amount);

/* Counts an answered request under its status class and latency. */
void metrics_request(struct metrics *m, int status, uint64_t latency_us);

/* Writes the sum of the pages as text. */
void metrics_write(struct writer *w, struct metrics *const *pages, size_t count);

#endif
