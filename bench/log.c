/*
 * bench-log - what judging a log costs: the longest one that may be sent, in each encoding
 *
 * Every event is one whose data must be what was measured, the dearest kind. Times are CPU time of
 * this machine at this moment, median of nine; memory is what the arena holds at the end.
 */
#include "../src/evidence/tpm/eventlog.h"
#include "../src/evidence/tpm/facts.h"
#include "../src/evidence/tpm/measured.h"
#include "../src/evidence/tpm/order.h"
#include "../src/evidence/tpm/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 9 };

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void give_up(const char *what, const struct err *e)
{
    fprintf(stderr, "bench-log: %s: %s\n", what, e->text);
    exit(70);
}

/* As many events as a log may have, each with a record of Windows, ended as Windows ends them. */
static void write_log(struct crypto *c, struct writer *w, unsigned mask, size_t events)
{
    static const uint8_t record[14] = { 0x09, 0, 0x02, 0, 4, 0, 0, 0, 1 };
    uint8_t digests[BANK_COUNT][PCR_SIZE_MAX];
    struct err e = { 0 };

    if (mask)
        eventlog_write_header(w, mask, (struct span){ 0 });
    for (size_t i = mask ? 1 : 0; i < events; i++) {
        bool is_last = i + 3 >= events;
        struct tpm_event event = { .pcr = is_last ? (uint32_t)(12 + i + 3 - events) : 12,
                                   .type = is_last ? EV_SEPARATOR : EV_EVENT_TAG,
                                   .data = is_last ? span_str("WBCL") : span_of(record, 12) };

        if (!eventlog_hash(c, mask ? mask : 1u << BANK_SHA1, &event, digests, &e))
            give_up("digest", &e);
        eventlog_write_event(w, mask, &event);
    }
}

/* What the verifier does with a log: read, hold data against digests, replay, compare, order. */
static void judge(struct crypto *c, struct span bytes, enum tpm_bank bank, struct arena *a)
{
    static const struct replay_rules rules = { .required_mask = 0xFFFFFF };
    struct boot *b = ARENA_NEW(a, struct boot);
    struct replay *r = ARENA_NEW(a, struct replay);
    struct pcr_set *quoted = ARENA_NEW(a, struct pcr_set);
    struct replay_result result;
    struct boot_facts facts;
    struct err e = { 0 };

    if (!b || !r || !quoted || !boot_add_tcg(b, bytes, ORIGIN_ANY, a, &e) ||
        !measured_settle(c, bank, b, &e) || !measured_check(c, bank, b, NULL, &e) ||
        !replay_run(c, b, bank, r, &e))
        give_up("log", &e);
    for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++)
        quoted->values[bank][pcr] = span_of(r->pcrs[pcr], banks[bank].size);
    if (!replay_check(c, b, r, quoted, &rules, &result, NULL, &e) ||
        !order_check_separators(b, &e) || !order_check_end(b, &e) || !order_check_types(b, &e) ||
        !order_check_records(b, &e))
        give_up("order", &e);
    facts_read(b, result.held, &facts);
}

static void measure(struct crypto *c, const char *name, unsigned mask, enum tpm_bank bank,
                    size_t events)
{
    struct arena text = arena_over(64u << 20), a = arena_over(64u << 20);
    struct writer w = writer_in(&text, 4u << 20);
    double times[ROUNDS];

    write_log(c, &w, mask, events);
    if (w.has_failed || w.n > TPM_LOG_MAX)
        exit(70);
    for (int i = 0; i < ROUNDS; i++) {
        double start;

        arena_fini(&a);
        a = arena_over(64u << 20);
        start = now();
        judge(c, writer_span(&w), bank, &a);
        times[i] = now() - start;
    }
    qsort(times, ROUNDS, sizeof *times, by_value);
    printf("%-28s %6zu events %5.2f MiB  %7.2f ms  %5.1f MiB held\n", name, events,
           (double)w.n / (1 << 20), times[ROUNDS / 2] / 1e6, (double)a.held / (1 << 20));
    arena_fini(&a);
    arena_fini(&text);
}

int main(void)
{
    struct err e = { 0 };
    struct crypto *c = crypto_new(&e);

    if (!c)
        give_up("crypto", &e);
    measure(c, "SHA-1 frames", 0, BANK_SHA1, TPM_EVENTS_MAX);
    measure(c, "SHA-256 bank", 1u << BANK_SHA256, BANK_SHA256, TPM_EVENTS_MAX);
    measure(c, "SHA-512 bank", 1u << BANK_SHA512, BANK_SHA512, 44000);
    measure(c, "a usual log", 1u << BANK_SHA256, BANK_SHA256, 128);
    crypto_free(c);
    return 0;
}
