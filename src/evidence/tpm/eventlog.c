#include "eventlog.h"

#include "../../base/num.h"

#include <stdio.h>

#define PFP "TCG PC Client Firmware Profile, Event Logging"

enum {
    LEGACY_HEAD = 4 + 4 + SHA1_SIZE + 4, /* an event without its data, old frame */
    AGILE_HEAD = 4 + 4 + 4 + 4,          /* without digests and data */
    LEAST_EVENT = AGILE_HEAD + 2,        /* with one digest of no bytes */
    PADDING_PROBE = 12,                  /* this many equal bytes are padding, not an event */
    LOCALITY_SIZE = 17,
};

/* 15 characters and a NUL each: 16 bytes as they stand in the log. */
static const char spec_id_03[16] = "Spec ID Event03";
static const char locality_name[16] = "StartupLocality";
static const char spec_id_any[13] = "Spec ID Event";

struct parse {
    struct reader r;
    struct eventlog *log;
    size_t room;
    bool pcr0_is_measured;
};

static bool starts(struct span data, const char *head, size_t n)
{
    return span_starts(data, span_of(head, n));
}

/* ---------------------------------------------------------------- the header */

static const struct log_algorithm *header_find(const struct log_header *h, uint16_t alg)
{
    for (size_t i = 0; i < h->algorithm_count; i++)
        if (h->algorithms[i].alg == alg)
            return &h->algorithms[i];
    return NULL;
}

static bool add_algorithm(struct reader *r, struct log_header *h, struct log_algorithm a)
{
    size_t known = tpm_alg_size(a.alg);

    if (header_find(h, a.alg))
        return reader_fail(r, ERR_MALFORMED, PFP, "algorithms", "0x%04x is listed twice", a.alg);
    if (known != 0 && known != a.size)
        return reader_fail(r, ERR_MALFORMED, PFP, "algorithms",
                           "0x%04x has digests of %zu bytes, the header says %u", a.alg, known,
                           a.size);
    h->algorithms[h->algorithm_count++] = a;
    return true;
}

static void read_algorithms(struct reader *r, struct log_header *h)
{
    uint32_t n = reader_u32le(r, "algorithm_count");

    if (reader_ok(r) && (n < 1 || n > TPM_LOG_ALGORITHMS_MAX)) {
        reader_fail(r, ERR_MALFORMED, PFP, "algorithm_count", "is %u, a log has 1 to %d", n,
                    TPM_LOG_ALGORITHMS_MAX);
        return;
    }
    for (uint32_t i = 0; i < n && reader_ok(r); i++) {
        struct log_algorithm a = { 0 };

        a.alg = reader_u16le(r, "algorithms");
        a.size = reader_u16le(r, "algorithms");
        if (reader_ok(r) && !add_algorithm(r, h, a))
            return;
    }
}

/* Spec ID Event03. Source: PC Client Firmware Profile, "TCG_EfiSpecIDEvent". */
static bool header_parse(struct reader *r, struct log_header *out)
{
    struct log_header h = { 0 };

    (void)reader_take(r, sizeof spec_id_03, "signature");
    h.platform_class = reader_u32le(r, "platform_class");
    h.minor = reader_u8(r, "minor");
    h.major = reader_u8(r, "major");
    h.errata = reader_u8(r, "errata");
    h.uintn_size = reader_u8(r, "uintn_size");
    if (reader_ok(r) && h.uintn_size != 1 && h.uintn_size != 2)
        reader_fail(r, ERR_MALFORMED, PFP, "uintn_size", "is %u, known are 1 and 2", h.uintn_size);
    read_algorithms(r, &h);
    h.vendor = reader_take(r, reader_u8(r, "vendor_size"), "vendor");
    if (!reader_done(r))
        return err_in(r->err, "header");
    *out = h;
    return true;
}

static unsigned bank_mask_of(const struct log_header *h)
{
    unsigned mask = 0;
    enum tpm_bank bank;

    for (size_t i = 0; i < h->algorithm_count; i++)
        if (bank_find(h->algorithms[i].alg, &bank))
            mask |= 1u << bank;
    return mask;
}

static bool take_header(struct parse *p, const struct tpm_event *event)
{
    struct reader sub = reader_over(event->data, p->r.err);

    sub.base = event->offset + LEGACY_HEAD;
    if (event->pcr != 0 || !span_is_zero(span_of(event->digests[BANK_SHA1], SHA1_SIZE))) {
        reader_fail(&p->r, ERR_MALFORMED, PFP, "header",
                    "must stand in PCR 0 with a digest of zeros, PCR %u is said", event->pcr);
        return false;
    }
    if (!header_parse(&sub, &p->log->header)) {
        p->r.has_failed = true;
        return false;
    }
    p->log->is_agile = true;
    p->log->bank_mask = bank_mask_of(&p->log->header);
    return true;
}

/* ---------------------------------------------------------------- events */

static struct span take_data(struct reader *r)
{
    uint32_t n = reader_u32le(r, "size");

    if (reader_ok(r) && n > TPM_EVENT_MAX) {
        reader_fail(r, ERR_LIMIT, NULL, "size", "an event may have %d bytes of data, this says %u",
                    TPM_EVENT_MAX, n);
        return (struct span){ 0 };
    }
    return reader_take(r, n, "data");
}

static void take_legacy(struct reader *r, struct tpm_event *e)
{
    e->digests[BANK_SHA1] = reader_take(r, SHA1_SIZE, "digest").p;
    e->data = take_data(r);
}

/* One digest of an event; its algorithm must be listed and not have come before. */
static void take_digest(struct reader *r, const struct log_header *h, struct tpm_event *e,
                        unsigned *seen)
{
    uint16_t alg = reader_u16le(r, "digests");
    const struct log_algorithm *a = header_find(h, alg);
    const uint8_t *digest_p;
    enum tpm_bank bank;

    if (!reader_ok(r))
        return;
    if (!a || (*seen & 1u << (a - h->algorithms)) != 0) {
        reader_fail(r, ERR_MALFORMED, PFP, "digests", "algorithm 0x%04x %s", alg,
                    a ? "comes twice" : "is not in the header");
        return;
    }
    *seen |= 1u << (a - h->algorithms);
    digest_p = reader_take(r, a->size, "digests").p;
    if (bank_find(alg, &bank))
        e->digests[bank] = digest_p;
}

/* Some boot managers measure into one bank only and list just its digest: what the other PCRs hold
 * cannot be told then, and the replay says so. */
static uint32_t take_agile(struct reader *r, const struct log_header *h, struct tpm_event *e)
{
    uint32_t count = reader_u32le(r, "digests");
    unsigned seen = 0;

    if (reader_ok(r) && count > h->algorithm_count) {
        reader_fail(r, ERR_MALFORMED, PFP, "digests", "has %u, the header lists %zu algorithms",
                    count, h->algorithm_count);
        return 0;
    }
    for (uint32_t i = 0; i < count && reader_ok(r); i++)
        take_digest(r, h, e, &seen);
    e->data = take_data(r);
    return count;
}

/* Allowed once, in PCR 0, before anything was measured there: it says what PCR 0 starts with. */
static void take_locality(struct parse *p, const struct tpm_event *e)
{
    struct eventlog *log = p->log;
    uint8_t value = e->data.n == LOCALITY_SIZE ? e->data.p[LOCALITY_SIZE - 1] : UINT8_MAX;

    if (e->pcr != 0)
        reader_fail(&p->r, ERR_MALFORMED, PFP, "locality", "stands in PCR %u, not 0", e->pcr);
    else if (value != 0 && value != 3 && value != 4)
        reader_fail(&p->r, ERR_MALFORMED, PFP, "locality",
                    "is not one byte of 0, 3 or 4 (%zu bytes of data)", e->data.n);
    else if (log->has_locality || p->pcr0_is_measured)
        reader_fail(&p->r, ERR_MALFORMED, PFP, "locality", "comes %s",
                    log->has_locality ? "twice" : "after a measurement into PCR 0");
    log->has_locality = true;
    log->locality = value;
}

static void take_note(struct parse *p, const struct tpm_event *e)
{
    if (starts(e->data, locality_name, sizeof locality_name))
        take_locality(p, e);
    else if (p->log->count > 0 && starts(e->data, spec_id_any, sizeof spec_id_any))
        reader_fail(&p->r, ERR_MALFORMED, PFP, "header",
                    "a second one would change how the rest is read");
    else if (p->log->count == 0 && starts(e->data, spec_id_03, sizeof spec_id_03))
        (void)!take_header(p, e);
}

static void take_frame(struct parse *p, struct tpm_event *e)
{
    struct reader *r = &p->r;
    const struct log_header *h = &p->log->header;

    e->offset = reader_offset(r);
    e->pcr = reader_u32le(r, "pcr");
    e->type = reader_u32le(r, "type");
    if (reader_ok(r) && e->pcr >= PCR_COUNT) {
        reader_fail_at(r, e->offset, ERR_MALFORMED, PFP, "pcr", "is %u, a TPM has 0 to %d", e->pcr,
                       PCR_COUNT - 1);
        return;
    }
    if (!p->log->is_agile)
        take_legacy(r, e);
    else if (take_agile(r, h, e) != h->algorithm_count)
        p->log->short_count++;
    e->content = e->data;
}

static bool take_event(struct parse *p)
{
    struct eventlog *log = p->log;
    struct tpm_event *e = &log->events[log->count];

    if (log->count == p->room)
        return reader_fail(&p->r, ERR_LIMIT, NULL, NULL, "a log may have %d events",
                           TPM_EVENTS_MAX);
    take_frame(p, e);
    if (reader_ok(&p->r) && e->type == EV_NO_ACTION)
        take_note(p, e);
    else if (e->pcr == 0)
        p->pcr0_is_measured = true;
    if (!reader_ok(&p->r))
        return false;
    log->count++;
    return true;
}

/* ---------------------------------------------------------------- what may stand behind them */

/* Logs from firmware regions are filled up with zeros or ones. */
static bool is_padding(struct span rest)
{
    uint8_t byte = rest.n ? rest.p[0] : 1;

    if (rest.n < PADDING_PROBE || (byte != 0x00 && byte != 0xFF))
        return false;
    for (size_t i = 0; i < PADDING_PROBE; i++)
        if (rest.p[i] != byte)
            return false;
    return true;
}

static bool take_padding(struct parse *p)
{
    size_t from = reader_offset(&p->r);
    struct span rest = reader_rest(&p->r);

    for (size_t i = 0; i < rest.n; i++)
        if (rest.p[i] != rest.p[0])
            return reader_fail_at(&p->r, from + i, ERR_MALFORMED, PFP, "padding",
                                  "holds 0x%02x among bytes of 0x%02x", rest.p[i], rest.p[0]);
    p->log->padding = rest.n;
    return true;
}

static bool is_trust_point(struct span rest)
{
    static const uint8_t head[8] = { 0xFF, 0xFF, 0xFF, 0xFF, EV_NO_ACTION };

    return span_starts(rest, span_of(head, sizeof head));
}

/* The frame of the log, but with a single digest whatever the header lists. */
static void take_trust_digest(struct parse *p)
{
    uint32_t count = p->log->is_agile ? reader_u32le(&p->r, "digests") : 1;
    uint16_t alg = p->log->is_agile ? reader_u16le(&p->r, "digests") : banks[BANK_SHA1].alg;
    size_t size = tpm_alg_size(alg);

    if (reader_ok(&p->r) && (count != 1 || size == 0)) {
        reader_fail(&p->r, ERR_MALFORMED, PFP, "digests", "%u of algorithm 0x%04x: one is known",
                    count, alg);
        return;
    }
    (void)reader_take(&p->r, size, "digests");
}

static bool take_trust_point(struct parse *p)
{
    struct eventlog *log = p->log;
    struct trust_point *t = &log->trust_points[log->trust_point_count];

    if (log->trust_point_count == TPM_TRUST_POINTS_MAX) {
        reader_fail(&p->r, ERR_LIMIT, NULL, NULL, "a log may have %d", TPM_TRUST_POINTS_MAX);
        return err_in(p->r.err, "trust_points");
    }
    t->offset = reader_offset(&p->r);
    (void)reader_take(&p->r, 8, "head");
    take_trust_digest(p);
    t->data = take_data(&p->r);
    if (!reader_ok(&p->r))
        return err_in(p->r.err, "trust_points");
    log->trust_point_count++;
    return true;
}

/* ---------------------------------------------------------------- the log */

static bool take_named_event(struct parse *p)
{
    char place[24];

    if (take_event(p))
        return true;
    snprintf(place, sizeof place, "[%zu]", p->log->count);
    err_in(p->r.err, place);
    return err_in(p->r.err, "events");
}

static bool take_next(struct parse *p)
{
    struct span rest = span_part(p->r.in, p->r.at, reader_left(&p->r));

    if (is_trust_point(rest))
        return take_trust_point(p);
    if (p->log->count > 0 && is_padding(rest))
        return take_padding(p);
    if (p->log->trust_point_count > 0)
        return reader_fail(&p->r, ERR_MALFORMED, PFP, "events", "one stands behind a trust point");
    return take_named_event(p);
}

static bool fits(struct span bytes, struct err *err)
{
    if (bytes.n > TPM_LOG_MAX)
        return err_fail(err, ERR_LIMIT, NULL, "a log may have %d bytes, this has %zu", TPM_LOG_MAX,
                        bytes.n);
    if (bytes.n == 0)
        return err_fail_at(err, 0, ERR_MALFORMED, PFP, "the log is empty");
    return true;
}

bool eventlog_parse(struct span bytes, struct arena *a, struct eventlog *out, struct err *err)
{
    struct eventlog log = { .bytes = bytes, .bank_mask = 1u << BANK_SHA1 };
    struct parse p = { .r = reader_over(bytes, err), .log = &log };

    if (!fits(bytes, err))
        return false;
    p.room = size_min(bytes.n / LEAST_EVENT + 1, TPM_EVENTS_MAX);
    log.events = ARENA_ARRAY(a, struct tpm_event, p.room);
    if (!log.events)
        return arena_fail(a, err);
    while (reader_left(&p.r) > 0)
        if (!take_next(&p))
            return false;
    *out = log;
    return true;
}

/* A first event in the old frame: a PCR and a type that exist, and data that fits. */
static bool looks_legacy(struct span bytes)
{
    struct err ignored = { 0 };
    struct reader r = reader_over(bytes, &ignored);
    struct tpm_event e = { 0 };

    e.pcr = reader_u32le(&r, "pcr");
    e.type = reader_u32le(&r, "type");
    take_legacy(&r, &e);
    return reader_ok(&r) && e.pcr < PCR_COUNT && event_type_find(e.type) && e.data.n > 0 &&
           !span_is_zero(span_of(e.digests[BANK_SHA1], SHA1_SIZE));
}

bool eventlog_looks_like(struct span bytes)
{
    static const uint8_t note[8] = { 0, 0, 0, 0, EV_NO_ACTION };
    struct span first = span_part(bytes, LEGACY_HEAD, sizeof spec_id_any);

    if (span_starts(bytes, span_of(note, sizeof note)) &&
        (starts(first, spec_id_any, sizeof spec_id_any) ||
         starts(span_part(bytes, LEGACY_HEAD, sizeof locality_name), locality_name,
                sizeof locality_name)))
        return true;
    return looks_legacy(bytes);
}

/* ---------------------------------------------------------------- writing */

void eventlog_write_header(struct writer *w, unsigned bank_mask, struct span vendor)
{
    struct writer head;
    uint8_t buf[sizeof spec_id_03 + 12 + 4 * BANK_COUNT + 1];

    head = writer_over(buf, sizeof buf);
    write_bytes(&head, span_of(spec_id_03, sizeof spec_id_03));
    write_u32le(&head, 0);
    write_u8(&head, 0);
    write_u8(&head, 2);
    write_u8(&head, 0);
    write_u8(&head, 2);
    write_u32le(&head, (uint32_t)__builtin_popcount(bank_mask));
    for (unsigned b = 0; b < BANK_COUNT; b++)
        if (bank_mask & 1u << b) {
            write_u16le(&head, banks[b].alg);
            write_u16le(&head, (uint16_t)banks[b].size);
        }
    write_u8(&head, (uint8_t)vendor.n);
    write_u32le(w, 0);
    write_u32le(w, EV_NO_ACTION);
    write_fill(w, 0, SHA1_SIZE);
    write_u32le(w, (uint32_t)(head.n + vendor.n));
    write_bytes(w, writer_span(&head));
    write_bytes(w, vendor);
}

void eventlog_write_event(struct writer *w, unsigned bank_mask, const struct tpm_event *event)
{
    write_u32le(w, event->pcr);
    write_u32le(w, event->type);
    if (bank_mask)
        write_u32le(w, (uint32_t)__builtin_popcount(bank_mask));
    else
        write_bytes(w, span_of(event->digests[BANK_SHA1], SHA1_SIZE));
    for (unsigned b = 0; b < BANK_COUNT; b++)
        if (bank_mask & 1u << b) {
            write_u16le(w, banks[b].alg);
            write_bytes(w, span_of(event->digests[b], banks[b].size));
        }
    write_u32le(w, (uint32_t)event->data.n);
    write_bytes(w, event->data);
}

bool eventlog_hash(struct crypto *c, unsigned bank_mask, struct tpm_event *event,
                   uint8_t digests[BANK_COUNT][PCR_SIZE_MAX], struct err *err)
{
    for (unsigned b = 0; b < BANK_COUNT; b++) {
        if ((bank_mask & 1u << b) == 0)
            continue;
        if (!bank_digest(c, (enum tpm_bank)b, event->data, digests[b], err))
            return false;
        event->digests[b] = digests[b];
    }
    return true;
}
