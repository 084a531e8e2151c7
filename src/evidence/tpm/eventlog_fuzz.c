/* Targets: eventlog_parse, eventlog_write_header, eventlog_write_event
 *
 * What must be true: a refusal says why; what is accepted lies inside the bytes in ascending order;
 * and a log of only whole events, written again, reads as the same events. */
#include "eventlog.h"

#include "../../../fuzz/fuzz.h"

#include <string.h>

static bool is_inside(const struct eventlog *log, struct span s)
{
    return s.n == 0 || (s.p >= log->bytes.p && s.p + s.n <= log->bytes.p + log->bytes.n);
}

static void must_be_inside(const struct eventlog *log)
{
    for (size_t i = 0; i < log->count; i++) {
        const struct tpm_event *e = &log->events[i];

        must(e->pcr < PCR_COUNT && e->data.n <= TPM_EVENT_MAX && is_inside(log, e->data));
        must(i == 0 || e->offset > log->events[i - 1].offset);
        for (unsigned b = 0; b < BANK_COUNT; b++)
            must(!e->digests[b] || is_inside(log, span_of(e->digests[b], banks[b].size)));
    }
    must(log->padding <= log->bytes.n);
    for (size_t i = 0; i < log->trust_point_count; i++)
        must(is_inside(log, log->trust_points[i].data));
}

static bool same_event(const struct tpm_event *a, const struct tpm_event *b, unsigned mask)
{
    for (unsigned i = 0; i < BANK_COUNT; i++)
        if ((mask & 1u << i) != 0 && memcmp(a->digests[i], b->digests[i], banks[i].size) != 0)
            return false;
    return a->pcr == b->pcr && a->type == b->type && span_equal(a->data, b->data);
}

static void must_read_back(const struct eventlog *log, struct arena *a)
{
    unsigned mask = log->is_agile ? log->bank_mask : 0;
    struct writer w = writer_in(a, log->bytes.n + 128);
    struct eventlog again;
    struct err e = { 0 };
    size_t first = log->is_agile ? 1 : 0;

    if (log->is_agile && mask == 0)
        return;
    if (log->is_agile)
        eventlog_write_header(&w, mask, log->header.vendor);
    for (size_t i = first; i < log->count; i++)
        eventlog_write_event(&w, mask, &log->events[i]);
    if (w.has_failed || w.n == 0)
        return;
    must(eventlog_parse(writer_span(&w), a, &again, &e));
    must(again.count == log->count && again.has_locality == log->has_locality);
    for (size_t i = first; i < log->count; i++)
        must(same_event(&log->events[i], &again.events[i], log->is_agile ? mask : 1u << BANK_SHA1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_over(64u << 20);
    struct eventlog log;
    struct err e = { 0 };

    (void)eventlog_looks_like(span_of(data, size));
    if (eventlog_parse(span_of(data, size), &a, &log, &e)) {
        must_be_inside(&log);
        if (log.short_count == 0)
            must_read_back(&log, &a);
    } else {
        must(e.code != ERR_NONE && e.text[0] != '\0');
    }
    arena_fini(&a);
    return 0;
}
