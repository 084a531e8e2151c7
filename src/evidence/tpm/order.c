#include "order.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CONTRACT "the TPM contract, 11"

enum { SEPARATOR_SIZE = 4, WINDOWS_FIRST = 12, WINDOWS_LAST = 14 };

bool separator_is_wbcl(struct span data)
{
    return span_is(data, "WBCL");
}

bool separator_is_plain(struct span data)
{
    static const uint8_t zeros[SEPARATOR_SIZE], ones[SEPARATOR_SIZE] = { 0xFF, 0xFF, 0xFF, 0xFF };

    return span_equal(data, span_of(zeros, SEPARATOR_SIZE)) ||
           span_equal(data, span_of(ones, SEPARATOR_SIZE));
}

static bool is_error(struct span data)
{
    static const uint8_t one[SEPARATOR_SIZE] = { 1 };

    return span_equal(data, span_of(one, SEPARATOR_SIZE));
}

static bool is_windows(uint32_t pcr)
{
    return pcr >= WINDOWS_FIRST && pcr <= WINDOWS_LAST;
}

struct walk {
    uint32_t separated; /* bit i: PCR i has its separator */
    uint32_t ended;     /* bit i: that is WBCL */
    uint32_t tagged;    /* bit i: PCR i has tagged events */
    bool has_counter;
    uint64_t counter;
    struct err *err;
};

static bool fail_at(struct err *err, const struct tpm_event *e, size_t seq)
{
    char place[32];

    snprintf(place, sizeof place, "events[%zu]", seq);
    if (err && err->code != ERR_NONE)
        err->offset = e->offset;
    return err_in(err, place);
}

static bool is_allowed(const struct tpm_event *e)
{
    if (is_windows(e->pcr))
        return separator_is_wbcl(e->data);
    return separator_is_plain(e->data) || (is_error(e->data) && e->pcr != 7);
}

static bool check_separator(void *arg, const struct boot_log *log, struct tpm_event *e, size_t seq)
{
    struct walk *w = arg;

    (void)log;
    if (e->type != EV_SEPARATOR)
        return true;
    if (!is_allowed(e)) {
        err_fail(w->err, ERR_UNTRUSTED, CONTRACT, "the separator of PCR %u %s", e->pcr,
                 is_error(e->data)    ? "says that an error happened"
                 : is_windows(e->pcr) ? "is not WBCL"
                                      : "is neither zeros nor ones");
        return fail_at(w->err, e, seq);
    }
    if ((w->separated & 1u << e->pcr) != 0) {
        err_fail(w->err, ERR_UNTRUSTED, CONTRACT, "PCR %u has a second separator", e->pcr);
        return fail_at(w->err, e, seq);
    }
    w->separated |= 1u << e->pcr;
    return true;
}

bool order_check_separators(const struct boot *b, struct err *err)
{
    struct walk w = { .err = err };

    return boot_walk(b, check_separator, &w);
}

static bool check_end(void *arg, const struct boot_log *log, struct tpm_event *e, size_t seq)
{
    struct walk *w = arg;

    (void)log;
    if (e->type == EV_SEPARATOR && separator_is_wbcl(e->data))
        w->ended |= 1u << e->pcr;
    if (e->type != EV_EVENT_TAG || !is_windows(e->pcr))
        return true;
    w->tagged |= 1u << e->pcr;
    if ((w->ended & 1u << e->pcr) == 0)
        return true;
    err_fail(w->err, ERR_UNTRUSTED, CONTRACT,
             "PCR %u was ended by WBCL before this tagged event: anybody can have added it",
             e->pcr);
    return fail_at(w->err, e, seq);
}

bool order_check_end(const struct boot *b, struct err *err)
{
    struct walk w = { .err = err };
    uint32_t open;

    if (!boot_walk(b, check_end, &w))
        return false;
    open = w.tagged & ~w.ended;
    if (open == 0)
        return true;
    return err_fail(err, ERR_UNTRUSTED, CONTRACT,
                    "PCR %d has tagged events and no WBCL separator after them",
                    __builtin_ctz(open));
}

static bool check_type(void *arg, const struct boot_log *log, struct tpm_event *e, size_t seq)
{
    struct walk *w = arg;
    char name[EVENT_TYPE_TEXT];

    (void)log;
    if ((e->pcr != 12 && e->pcr != 13) || e->type == EV_NO_ACTION || e->type == EV_EVENT_TAG)
        return true;
    if (e->type == EV_SEPARATOR) {
        w->ended |= 1u << e->pcr;
        return true;
    }
    if ((w->ended & 1u << e->pcr) != 0)
        return true;
    err_fail(w->err, ERR_UNTRUSTED, CONTRACT, "PCR %u holds tagged events only, this is %s", e->pcr,
             event_type_show(e->type, name));
    return fail_at(w->err, e, seq);
}

bool order_check_types(const struct boot *b, struct err *err)
{
    struct walk w = { .err = err };

    return boot_walk(b, check_type, &w);
}

static bool check_record(void *arg, const struct sipa *record, const struct sipa *top)
{
    struct walk *w = arg;
    const struct sipa_def *def = sipa_def_find(record->id);
    uint64_t v = 0;

    (void)top;
    if (def && def->form == SIPA_BOOL && (!sipa_number(record, &v) || v > 1))
        return err_fail(w->err, ERR_UNTRUSTED, "the TPM contract, 12",
                        "%s is a flag, and its %zu bytes are neither 0 nor 1", def->name,
                        record->payload.n);
    if (record->id != SIPA_BOOTCOUNTER || !sipa_number(record, &v))
        return true;
    if (w->has_counter && v != w->counter)
        return err_fail(w->err, ERR_UNTRUSTED, "the TPM contract, 12",
                        "the boot counter is %" PRIu64 ", and %" PRIu64 " in an earlier event", v,
                        w->counter);
    w->has_counter = true;
    w->counter = v;
    return true;
}

static bool check_records(void *arg, const struct boot_log *log, struct tpm_event *e, size_t seq)
{
    struct walk *w = arg;

    (void)log;
    return sipa_walk(e->records, check_record, w) || fail_at(w->err, e, seq);
}

bool order_check_records(const struct boot *b, struct err *err)
{
    struct walk w = { .err = err };

    return boot_walk(b, check_records, &w);
}
