/* A measured boot as a story, PCR by PCR. */
#include "../evidence/tpm/facts.h"
#include "../evidence/tpm/measured.h"
#include "../evidence/tpm/order.h"
#include "../evidence/tpm/replay.h"
#include "../evidence/tpm/story.h"
#include "inspect.h"

#include <stdio.h>
#include <string.h>

enum { LINE = 512 };

/* "pcr07.e012.EV_SEPARATOR" = sentence */
static void show_event(struct inspection *i, const struct eventlog *log, const struct tpm_event *e,
                       size_t seq)
{
    char path[80], name[EVENT_TYPE_TEXT];
    struct writer w = writer_in(i->arena, LINE);
    size_t end = (size_t)(e->data.p - log->bytes.p) + e->data.n;
    struct span bytes = span_part(log->bytes, e->offset, end - e->offset);

    story_event(&w, i->arena, e);
    snprintf(path, sizeof path, "pcr%02u.e%03zu.%s", e->pcr, seq, event_type_show(e->type, name));
    inspect_said(i, path, bytes, writer_span(&w));
}

/* What it is for, and what it must hold. */
static void show_value(struct inspection *i, const struct replay *r, uint32_t pcr)
{
    char path[32];

    snprintf(path, sizeof path, "pcr%02u", pcr);
    inspect_said(i, path, (struct span){ 0 }, span_str(story_pcr(pcr)));
    snprintf(path, sizeof path, "pcr%02u.%s", pcr, banks[r->bank].words);
    if ((r->unknown & 1u << pcr) != 0)
        inspect_said(i, path, (struct span){ 0 },
                     span_str("unknown: an event has no digest of this bank"));
    else
        inspect_hex(i, path, span_of(r->pcrs[pcr], banks[r->bank].size));
}

static void show_pcr(struct inspection *i, const struct eventlog *log, const struct replay *r,
                     uint32_t pcr)
{
    if ((r->touched & 1u << pcr) != 0)
        show_value(i, r, pcr);
    for (size_t k = 0; k < log->count; k++)
        if (log->events[k].pcr == pcr)
            show_event(i, log, &log->events[k], k);
}

static const char *bank_words(unsigned mask, char *buf, size_t room)
{
    size_t n = 0;

    buf[0] = '\0';
    for (unsigned b = 0; b < BANK_COUNT; b++)
        if ((mask & 1u << b) != 0)
            n += (size_t)snprintf(buf + n, room - n, "%s%s", n ? ", " : "", banks[b].words);
    return buf;
}

static void show_head(struct inspection *i, const struct eventlog *log)
{
    struct span nowhere = { 0 };
    char words[64];

    inspect_said(i, "log.format", nowhere,
                 span_str(log->is_agile ? "crypto-agile" : "SHA-1, the old frame"));
    inspect_said(i, "log.banks", nowhere,
                 span_str(bank_words(log->bank_mask, words, sizeof words)));
    inspect_number(i, "log.events", nowhere, log->count, NULL);
    if (log->has_locality)
        inspect_number(i, "log.startup_locality", nowhere, log->locality, NULL);
    if (log->short_count)
        inspect_number(i, "log.events_without_every_bank", nowhere, log->short_count, NULL);
    if (log->padding)
        inspect_number(i, "log.padding", nowhere, log->padding, "bytes");
    for (size_t k = 0; k < log->trust_point_count; k++)
        inspect_number(i, "log.trust_point", log->trust_points[k].data, log->trust_points[k].data.n,
                       "bytes; no evidence");
}

/* What a verifier would refuse, whatever the quote says. */
static void show_faults(struct inspection *i, struct crypto *c, enum tpm_bank bank,
                        const struct boot *b)
{
    static bool (*const checks[])(const struct boot *,
                                  struct err *) = { order_check_separators, order_check_end,
                                                    order_check_types, order_check_records };
    struct err e = { 0 };

    if (!measured_check(c, bank, b, NULL, &e))
        inspect_said(i, "fault.data", (struct span){ 0 }, span_str(e.text));
    for (size_t k = 0; k < COUNT(checks); k++) {
        err_clear(&e);
        if (!checks[k](b, &e))
            inspect_said(i, "fault.order", (struct span){ 0 }, span_str(e.text));
    }
}

static void show_facts(struct inspection *i, const struct boot *b)
{
    struct boot_facts f;

    facts_read(b, 0xFFFFFF, &f);
    inspect_said(i, "says.secure_boot", (struct span){ 0 },
                 span_str(f.secure_boot ? "on" : f.secure_boot_note));
    if (!f.has_boot_counter)
        return;
    inspect_number(i, "says.boot_counter", (struct span){ 0 }, f.boot_counter, NULL);
    inspect_said(i, "says.boot_debugging_disabled", (struct span){ 0 },
                 span_str(facts_boot_debugging_disabled(&f) ? "yes" : "no"));
    inspect_said(i, "says.vbs_enabled", (struct span){ 0 },
                 span_str(facts_vbs_enabled(&f) ? "yes" : "no"));
    inspect_said(i, "says.iommu_enabled", (struct span){ 0 },
                 span_str(facts_iommu_enabled(&f) ? "yes" : "no"));
}

static bool has_every_digest(const struct eventlog *log, unsigned bank)
{
    for (size_t i = log->is_agile ? 1 : 0; i < log->count; i++)
        if (!log->events[i].digests[bank])
            return false;
    return (log->bank_mask & 1u << bank) != 0;
}

/* The strongest bank that every event has a digest for, else SHA-256. */
static enum tpm_bank choose(const struct eventlog *log)
{
    for (unsigned b = BANK_COUNT; b-- > 0;)
        if (has_every_digest(log, b))
            return (enum tpm_bank)b;
    return (log->bank_mask & 1u << BANK_SHA256) != 0 ? BANK_SHA256 : BANK_SHA1;
}

static bool show_boot(struct inspection *i, struct crypto *c, struct boot *b, struct err *err)
{
    const struct eventlog *log = &b->logs[0].tcg;
    enum tpm_bank bank = choose(log);
    struct replay r;

    if (!measured_settle(c, bank, b, err) || !replay_run(c, b, bank, &r, err))
        return false;
    show_head(i, log);
    show_facts(i, b);
    show_faults(i, c, bank, b);
    for (uint32_t pcr = 0; pcr < PCR_COUNT; pcr++)
        show_pcr(i, log, &r, pcr);
    return true;
}

bool inspect_log(struct inspection *i, struct span bytes, struct err *err)
{
    struct boot *b = ARENA_NEW(i->arena, struct boot);
    struct crypto *c = crypto_new(err);
    bool ok = false;

    i->kind = "event log";
    if (b && c)
        ok = boot_add_tcg(b, bytes, ORIGIN_ANY, i->arena, err) && show_boot(i, c, b, err);
    else if (!b)
        arena_fail(i->arena, err);
    crypto_free(c);
    return ok;
}

bool inspect_ima(struct inspection *i, struct span bytes, struct err *err)
{
    struct ima_log log;
    char path[32];

    i->kind = "IMA list";
    if (!ima_parse(bytes, i->arena, &log, err))
        return false;
    inspect_number(i, "list.entries", (struct span){ 0 }, log.count, NULL);
    for (size_t k = 0; k < log.count; k++) {
        struct writer w = writer_in(i->arena, LINE);
        size_t next = k + 1 < log.count ? log.entries[k + 1].offset : bytes.n;

        story_ima(&w, i->arena, &log.entries[k]);
        snprintf(path, sizeof path, "e%04zu", k);
        inspect_said(i, path, span_part(bytes, log.entries[k].offset, next - log.entries[k].offset),
                     writer_span(&w));
    }
    return true;
}

bool inspect_looks_like_ima(struct span bytes)
{
    static const uint8_t pcr[4] = { IMA_PCR };
    struct span name = span_part(bytes, 4 + SHA1_SIZE, 7);

    return span_starts(bytes, span_of(pcr, sizeof pcr)) && name.n == 7 && name.p[0] >= 3 &&
           name.p[0] <= 16 && name.p[1] == 0 &&
           (memcmp(name.p + 4, "ima", 3) == 0 || memcmp(name.p + 4, "evm", 3) == 0);
}
