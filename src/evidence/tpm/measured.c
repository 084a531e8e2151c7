#include "measured.h"

#include "variable.h"

#include <stdio.h>
#include <string.h>

const char *digest_show(const uint8_t *digest_p, size_t n, char buf[DIGEST_TEXT])
{
    size_t shown = n > 16 ? 16 : n;

    for (size_t i = 0; i < shown; i++)
        snprintf(buf + 2 * i, 3, "%02x", digest_p[i]);
    if (shown < n)
        memcpy(buf + 2 * shown, "..", 3);
    return buf;
}

static bool is_hash_of(struct crypto *c, enum tpm_bank bank, const struct tpm_event *e,
                       struct span data, bool *out, struct err *err)
{
    uint8_t made[PCR_SIZE_MAX];

    if (!bank_digest(c, bank, data, made, err))
        return false;
    *out = memcmp(made, e->digests[bank], banks[bank].size) == 0;
    return true;
}

/* Old versions of shim put six bytes too many behind a variable and hash all but the last byte. The
 * digest covers the whole variable all the same; what is behind it is not read. */
static bool settle_surplus(struct crypto *c, enum tpm_bank bank, struct tpm_event *e,
                           struct err *err)
{
    size_t size = variable_extent(e->data);
    bool is_hash = false;

    if (size == 0 || size >= e->data.n)
        return true;
    if (!is_hash_of(c, bank, e, span_part(e->data, 0, e->data.n - 1), &is_hash, err))
        return false;
    if (is_hash) {
        e->measured = EVENT_DATA_HASHED;
        e->content = span_part(e->data, 0, size);
    }
    return true;
}

/* Firmware differs: some hashes the whole structure, most the value alone. */
static bool settle_value(struct crypto *c, enum tpm_bank bank, struct tpm_event *e, struct err *err)
{
    struct uefi_variable v;
    bool is_hash = false;

    if (!variable_parse(e->data, &v, NULL))
        return true;
    if (!is_hash_of(c, bank, e, v.data, &is_hash, err))
        return false;
    if (is_hash)
        e->measured = EVENT_DATA_VALUE;
    return true;
}

static bool settle(struct crypto *c, enum tpm_bank bank, struct tpm_event *e, struct err *err)
{
    const struct event_type *type = event_type_find(e->type);
    enum digest_rule rule = type ? type->rule : DIGEST_BY_VENDOR;
    bool is_hash = false;

    e->measured = EVENT_DATA_LOOSE;
    e->content = e->data;
    if (rule == DIGEST_OF_OTHER || !e->digests[bank])
        return true;
    if (!is_hash_of(c, bank, e, e->data, &is_hash, err))
        return false;
    if (is_hash)
        e->measured = EVENT_DATA_HASHED;
    else if (rule == DIGEST_OF_VARIABLE)
        return settle_value(c, bank, e, err);
    else if (e->type == EV_EFI_VARIABLE_AUTHORITY)
        return settle_surplus(c, bank, e, err);
    return true;
}

bool measured_settle(struct crypto *c, enum tpm_bank bank, struct boot *b, struct err *err)
{
    for (size_t i = 0; i < b->count; i++) {
        struct eventlog *log = &b->logs[i].tcg;

        for (size_t k = 0; !b->logs[i].is_ima && k < log->count; k++)
            if (!settle(c, bank, &log->events[k], err))
                return false;
    }
    return true;
}

bool measured_is_demanded(const struct tpm_event *e)
{
    switch (e->type) {
    case EV_SEPARATOR:
    case EV_EFI_ACTION:
        return true;
    case EV_EVENT_TAG:
        return (e->pcr >= 11 && e->pcr <= 14) || (e->pcr >= 17 && e->pcr <= 22);
    case EV_COMPACT_HASH:
        return e->pcr == 11;
    case EV_EFI_VARIABLE_DRIVER_CONFIG:
    case EV_EFI_VARIABLE_AUTHORITY:
        return e->pcr == 7;
    default:
        return false;
    }
}

struct check_case {
    struct crypto *crypto;
    enum tpm_bank bank;
    struct data_mismatch *out;
    struct err *err;
};

static bool fail_event(const struct check_case *c, const struct tpm_event *e, size_t seq)
{
    size_t size = banks[c->bank].size;
    char name[EVENT_TYPE_TEXT], expected[DIGEST_TEXT], found[DIGEST_TEXT], place[32];
    struct data_mismatch m = { .event = e, .seq = seq, .size = size };

    if (!bank_digest(c->crypto, c->bank, e->data, m.actual, c->err))
        return false;
    memcpy(m.expected, e->digests[c->bank], size);
    if (c->out)
        *c->out = m;
    err_fail_at(c->err, e->offset, ERR_UNTRUSTED, "the TPM contract, 9.5",
                "event %zu, %s in PCR %u: expected data whose %s is %s, its data has %s", seq,
                event_type_show(e->type, name), e->pcr, banks[c->bank].words,
                digest_show(m.expected, size, expected), digest_show(m.actual, size, found));
    snprintf(place, sizeof place, "events[%zu]", seq);
    return err_in(c->err, place);
}

static bool check_event(void *arg, const struct boot_log *log, struct tpm_event *e, size_t seq)
{
    const struct check_case *c = arg;

    (void)log;
    if (e->measured == EVENT_DATA_HASHED || !measured_is_demanded(e) || !e->digests[c->bank])
        return true;
    return fail_event(c, e, seq);
}

bool measured_check(struct crypto *c, enum tpm_bank bank, const struct boot *b,
                    struct data_mismatch *out, struct err *err)
{
    struct check_case check = { c, bank, out, err };

    return boot_walk(b, check_event, &check);
}
