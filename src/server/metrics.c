#include "metrics.h"

#include <inttypes.h>

static const uint64_t bounds_us[] = METRICS_BUCKETS_US;
_Static_assert(COUNT(bounds_us) + 1 == METRICS_BUCKETS, "one bucket more than bounds");

/* clang-format off */
static const struct row {
    enum metric which;
    const char *name, *label, *kind, *help; /* help stands on the first row of a name */
} rows[] = {
    { METRIC_REQUESTS_1XX,         "cupel_http_requests_total", "{class=\"1xx\"}", "counter", "Requests answered, by class of the status." },
    { METRIC_REQUESTS_2XX,         "cupel_http_requests_total", "{class=\"2xx\"}", NULL, NULL },
    { METRIC_REQUESTS_3XX,         "cupel_http_requests_total", "{class=\"3xx\"}", NULL, NULL },
    { METRIC_REQUESTS_4XX,         "cupel_http_requests_total", "{class=\"4xx\"}", NULL, NULL },
    { METRIC_REQUESTS_5XX,         "cupel_http_requests_total", "{class=\"5xx\"}", NULL, NULL },
    { METRIC_MALFORMED,            "cupel_http_malformed_total", "", "counter", "Requests refused by the grammar or one of its limits." },
    { METRIC_CANCELLED,            "cupel_http_cancelled_total", "", "counter", "Requests whose sender went away before the answer." },
    { METRIC_CONNECTIONS_ACCEPTED, "cupel_connections_total", "{outcome=\"accepted\"}", "counter", "Connections that came in." },
    { METRIC_CONNECTIONS_REFUSED,  "cupel_connections_total", "{outcome=\"refused\"}", NULL, NULL },
    { METRIC_CONNECTIONS_EVICTED,  "cupel_connections_evicted_total", "", "counter", "Connections closed early to make room for others." },
    { METRIC_CONNECTIONS_OPEN,     "cupel_connections", "", "gauge", "Connections open now." },
    { METRIC_HANDSHAKES_DONE,      "cupel_tls_handshakes_total", "{outcome=\"done\"}", "counter", "TLS handshakes." },
    { METRIC_HANDSHAKES_FAILED,    "cupel_tls_handshakes_total", "{outcome=\"failed\"}", NULL, NULL },
    { METRIC_HANDSHAKES_OPEN,      "cupel_tls_handshakes", "", "gauge", "TLS handshakes in progress." },
    { METRIC_LATE_HANDSHAKE,       "cupel_deadlines_passed_total", "{phase=\"handshake\"}", "counter", "Connections cut off by a deadline." },
    { METRIC_LATE_HEADER,          "cupel_deadlines_passed_total", "{phase=\"header\"}", NULL, NULL },
    { METRIC_LATE_BODY,            "cupel_deadlines_passed_total", "{phase=\"body\"}", NULL, NULL },
    { METRIC_LATE_RESPONSE,        "cupel_deadlines_passed_total", "{phase=\"response\"}", NULL, NULL },
    { METRIC_LATE_IDLE,            "cupel_deadlines_passed_total", "{phase=\"idle\"}", NULL, NULL },
    { METRIC_SIGNATURES_DONE,      "cupel_signatures_total", "{outcome=\"done\"}", "counter", "Signatures asked of the signing process." },
    { METRIC_SIGNATURES_FAILED,    "cupel_signatures_total", "{outcome=\"failed\"}", NULL, NULL },
    { METRIC_SIGNATURES_OPEN,      "cupel_signatures", "", "gauge", "Signatures asked for and not yet there." },
    { METRIC_VERDICTS_GRANTED,     "cupel_verdicts_total", "{outcome=\"granted\"}", "counter", "Attestation requests, by verdict." },
    { METRIC_VERDICTS_REFUSED,     "cupel_verdicts_total", "{outcome=\"refused\"}", NULL, NULL },
    { METRIC_VERDICTS_FAILED,      "cupel_verdicts_total", "{outcome=\"failed\"}", NULL, NULL },
};
/* clang-format on */
_Static_assert(COUNT(rows) == METRIC_COUNT, "every metric is written");

/* A page has one writer: what is read and written back in two steps cannot be lost. */
static void add(_Atomic uint64_t *v, uint64_t amount)
{
    uint64_t now = atomic_load_explicit(v, memory_order_relaxed);

    atomic_store_explicit(v, now + amount, memory_order_relaxed);
}

static void take(_Atomic uint64_t *v, uint64_t amount)
{
    uint64_t now = atomic_load_explicit(v, memory_order_relaxed);

    atomic_store_explicit(v, now - amount, memory_order_relaxed);
}

void metrics_add(struct metrics *m, enum metric which, int64_t amount)
{
    if (!m)
        return;
    if (amount >= 0)
        add(&m->value[which], (uint64_t)amount);
    else
        take(&m->value[which], (uint64_t)-amount);
}

static size_t bucket_of(uint64_t us)
{
    size_t i = 0;

    while (i < COUNT(bounds_us) && us > bounds_us[i])
        i++;
    return i;
}

void metrics_request(struct metrics *m, int status, uint64_t latency_us)
{
    int class = status / 100;

    if (!m)
        return;
    if (class >= 1 && class <= 5)
        add(&m->value[METRIC_REQUESTS_1XX + class - 1], 1);
    add(&m->bucket[bucket_of(latency_us)], 1);
    add(&m->latency_us, latency_us);
}

static uint64_t now_in(_Atomic uint64_t *v)
{
    return atomic_load_explicit(v, memory_order_relaxed);
}

static uint64_t sum_value(struct metrics *const *pages, size_t count, enum metric which)
{
    uint64_t total = 0;

    for (size_t i = 0; i < count; i++)
        total += now_in(&pages[i]->value[which]);
    return total;
}

static uint64_t sum_bucket(struct metrics *const *pages, size_t count, size_t bucket)
{
    uint64_t total = 0;

    for (size_t i = 0; i < count; i++)
        total += now_in(&pages[i]->bucket[bucket]);
    return total;
}

static uint64_t sum_latency(struct metrics *const *pages, size_t count)
{
    uint64_t total = 0;

    for (size_t i = 0; i < count; i++)
        total += now_in(&pages[i]->latency_us);
    return total;
}

static void write_head(struct writer *w, const char *name, const char *kind, const char *help)
{
    write_format(w, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

static void write_latency(struct writer *w, struct metrics *const *pages, size_t count)
{
    static const char name[] = "cupel_http_request_duration_seconds";
    uint64_t so_far = 0;

    write_head(w, name, "histogram", "From the end of a request to the end of its answer.");
    for (size_t i = 0; i < METRICS_BUCKETS; i++) {
        so_far += sum_bucket(pages, count, i);
        if (i < COUNT(bounds_us))
            write_format(w, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name, (double)bounds_us[i] / 1e6,
                         so_far);
        else
            write_format(w, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, so_far);
    }
    write_format(w, "%s_sum %.6f\n%s_count %" PRIu64 "\n", name,
                 (double)sum_latency(pages, count) / 1e6, name, so_far);
}

void metrics_write(struct writer *w, struct metrics *const *pages, size_t count)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (rows[i].help)
            write_head(w, rows[i].name, rows[i].kind, rows[i].help);
        write_format(w, "%s%s %" PRIu64 "\n", rows[i].name, rows[i].label,
                     sum_value(pages, count, rows[i].which));
    }
    write_latency(w, pages, count);
}
