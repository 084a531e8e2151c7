#include "boot.h"

#include <stdio.h>

bool boot_pcr_has_records(uint32_t pcr)
{
    return (pcr >= 11 && pcr <= 14) || pcr == 19 || pcr == 20;
}

static bool attach_records(struct tpm_event *e, size_t at, struct span log, struct arena *a,
                           size_t *budget, struct err *err)
{
    struct reader r = reader_over(e->data, err);
    char place[24];

    r.base = (size_t)(e->data.p - log.p);
    if (sipa_parse(&r, a, budget, &e->records))
        return true;
    snprintf(place, sizeof place, "[%zu]", at);
    err_in(err, place);
    return err_in(err, "events");
}

static bool attach_all(struct eventlog *log, struct arena *a, struct err *err)
{
    size_t budget = TPM_SIPA_RECORDS_MAX;

    for (size_t i = 0; i < log->count; i++) {
        struct tpm_event *e = &log->events[i];

        if (e->type == EV_EVENT_TAG && boot_pcr_has_records(e->pcr) &&
            !attach_records(e, i, log->bytes, a, &budget, err))
            return false;
    }
    return true;
}

static bool fail_log(const struct boot *b, struct err *err)
{
    char place[24];

    snprintf(place, sizeof place, "[%zu]", b->count);
    err_in(err, place);
    return err_in(err, "logs");
}

static struct boot_log *next_log(struct boot *b, struct err *err)
{
    if (b->count < TPM_LOGS_MAX) {
        b->logs[b->count] = (struct boot_log){ .first = b->event_count };
        return &b->logs[b->count];
    }
    err_fail(err, ERR_LIMIT, NULL, "an attestation may have %d logs", TPM_LOGS_MAX);
    return NULL;
}

static bool has_tcg(const struct boot *b)
{
    for (size_t i = 0; i < b->count; i++)
        if (!b->logs[i].is_ima)
            return true;
    return false;
}

bool boot_add_tcg(struct boot *b, struct span bytes, enum boot_origin origin, struct arena *a,
                  struct err *err)
{
    struct boot_log *log = next_log(b, err);

    if (!log || !eventlog_parse(bytes, a, &log->tcg, err) || !attach_all(&log->tcg, a, err))
        return fail_log(b, err);
    log->origin = origin;
    b->bank_mask = has_tcg(b) ? b->bank_mask & log->tcg.bank_mask : log->tcg.bank_mask;
    b->event_count += log->tcg.count;
    b->count++;
    return true;
}

bool boot_add_ima(struct boot *b, struct span bytes, struct arena *a, struct err *err)
{
    struct boot_log *log = next_log(b, err);

    if (!log || !ima_parse(bytes, a, &log->ima, err))
        return fail_log(b, err);
    log->is_ima = true;
    b->has_ima = true;
    b->event_count += log->ima.count;
    b->count++;
    return true;
}

bool boot_walk(const struct boot *b, boot_visit *visit, void *arg)
{
    for (size_t i = 0; i < b->count; i++) {
        const struct boot_log *log = &b->logs[i];

        for (size_t k = 0; !log->is_ima && k < log->tcg.count; k++)
            if (!visit(arg, log, &log->tcg.events[k], log->first + k))
                return false;
    }
    return true;
}
