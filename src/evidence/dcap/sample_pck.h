/*
 * sample_pck - SGX extensions made by hand, sound or with one thing wrong
 */
#ifndef CUPEL_EVIDENCE_DCAP_SAMPLE_PCK_H
#define CUPEL_EVIDENCE_DCAP_SAMPLE_PCK_H

#include "pck.h"

#include "../../format/der.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define SAMPLE_S PCK_EXTENSION_OID

/* What is done to one entry, named by its OID: left out, written twice, or given another value. */
struct sample_change {
    const char *oid; /* NULL: nothing is changed */
    enum { SAMPLE_LEFT_OUT, SAMPLE_TWICE, SAMPLE_REPLACED } what;
    struct span value; /* SAMPLE_REPLACED: the whole value, tag included; empty for none */
};

struct sample_pck {
    struct sample_change change;
    bool is_processor; /* five entries */
    bool is_reversed;
    const char *extra_oid; /* one entry more, holding NULL; or NULL */
    const char *extra_tcb_oid;
};

static inline void sample_pair_write(struct writer *w, const char *oid, struct span value)
{
    uint8_t room[1024];
    struct writer pair = writer_over(room, sizeof room);

    der_write_oid(&pair, oid);
    write_bytes(&pair, value);
    assert(!pair.has_failed);
    der_write(w, DER_SEQUENCE, writer_span(&pair));
}

static inline void sample_entry_write(struct writer *w, const struct sample_pck *s, const char *oid,
                                      struct span value)
{
    bool is_changed = s->change.oid && strcmp(s->change.oid, oid) == 0;

    if (is_changed && s->change.what == SAMPLE_LEFT_OUT)
        return;
    if (is_changed && s->change.what == SAMPLE_REPLACED)
        value = s->change.value;
    sample_pair_write(w, oid, value);
    if (is_changed && s->change.what == SAMPLE_TWICE)
        sample_pair_write(w, oid, value);
}

static inline void sample_octets_write(struct writer *w, const struct sample_pck *s,
                                       const char *oid, uint8_t byte, size_t n)
{
    uint8_t room[64], value[80];
    struct writer v = writer_over(value, sizeof value);

    memset(room, byte, n);
    der_write(&v, DER_OCTET_STRING, span_of(room, n));
    sample_entry_write(w, s, oid, writer_span(&v));
}

static inline void sample_number_write(struct writer *w, const struct sample_pck *s,
                                       const char *oid, uint8_t tag, uint64_t n)
{
    uint8_t value[16];
    struct writer v = writer_over(value, sizeof value);

    der_write_uint(&v, tag, n);
    sample_entry_write(w, s, oid, writer_span(&v));
}

/* Components 01 to 16 are 0x71 to 0x80, so that one needs a leading zero octet; PCESVN 0x010b. */
static inline void sample_tcb_write(struct writer *w, const struct sample_pck *s)
{
    uint8_t room[2048], list[2048];
    struct writer inner = writer_over(room, sizeof room), outer = writer_over(list, sizeof list);
    char oid[64];

    for (unsigned i = 1; i <= TCB_COMPONENTS; i++) {
        unsigned arc = s->is_reversed ? TCB_COMPONENTS + 1 - i : i;

        snprintf(oid, sizeof oid, SAMPLE_S ".2.%u", arc);
        sample_number_write(&inner, s, oid, DER_INTEGER, 0x70 + arc);
    }
    sample_number_write(&inner, s, SAMPLE_S ".2.17", DER_INTEGER, 0x010b);
    sample_octets_write(&inner, s, SAMPLE_S ".2.18", 0xc5, 16);
    if (s->extra_tcb_oid)
        sample_pair_write(&inner, s->extra_tcb_oid, span_of("\x05\x00", 2));
    der_write(&outer, DER_SEQUENCE, writer_span(&inner));
    assert(!inner.has_failed && !outer.has_failed);
    sample_entry_write(w, s, SAMPLE_S ".2", writer_span(&outer));
}

static inline void sample_config_write(struct writer *w, const struct sample_pck *s)
{
    uint8_t room[256], list[256];
    struct writer inner = writer_over(room, sizeof room), outer = writer_over(list, sizeof list);

    sample_entry_write(&inner, s, SAMPLE_S ".7.1", span_of("\x01\x01\xff", 3));
    sample_entry_write(&inner, s, SAMPLE_S ".7.2", span_of("\x01\x01\x00", 3));
    sample_entry_write(&inner, s, SAMPLE_S ".7.3", span_of("\x01\x01\xff", 3));
    der_write(&outer, DER_SEQUENCE, writer_span(&inner));
    sample_entry_write(w, s, SAMPLE_S ".7", writer_span(&outer));
}

static inline void sample_pck_entry(struct writer *w, const struct sample_pck *s, unsigned arc)
{
    switch (arc) {
    case 1:
        sample_octets_write(w, s, SAMPLE_S ".1", 0x99, 16);
        break;
    case 2:
        sample_tcb_write(w, s);
        break;
    case 3:
        sample_octets_write(w, s, SAMPLE_S ".3", 0x03, 2);
        break;
    case 4:
        sample_octets_write(w, s, SAMPLE_S ".4", 0xf5, 6);
        break;
    case 5:
        sample_number_write(w, s, SAMPLE_S ".5", DER_ENUMERATED, 1);
        break;
    case 6:
        sample_octets_write(w, s, SAMPLE_S ".6", 0x1d, 16);
        break;
    default:
        sample_config_write(w, s);
        break;
    }
}

/* Writes the extension's value. */
static inline void sample_pck_write(struct writer *w, const struct sample_pck *s)
{
    uint8_t room[4096];
    struct writer list = writer_over(room, sizeof room);
    unsigned count = s->is_processor ? 5 : 7;

    for (unsigned i = 1; i <= count; i++)
        sample_pck_entry(&list, s, s->is_reversed ? count + 1 - i : i);
    if (s->extra_oid)
        sample_pair_write(&list, s->extra_oid, span_of("\x05\x00", 2));
    assert(!list.has_failed);
    der_write(w, DER_SEQUENCE, writer_span(&list));
}

#endif
