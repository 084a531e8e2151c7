/*
 * eventlog - what firmware and boot loaders say they measured
 *
 * Shape    two encodings: every event with one SHA-1 digest, or (after a "Spec ID Event03" header)
 *          with a digest for each algorithm of the header; at most 65,536 events in 4 MiB
 * Rule     nothing here is trusted: a replay against a quote says whether the digests are true, and
 *          `measured` of an event whether its data is covered by its digest
 * Borrows  every span and digest points into the bytes parsed; the events lie in the arena
 * Errors   malformed (shape, lengths, algorithms, PCR index), limit, memory; the path is
 *          "events[12].digests"
 * Source   TCG PC Client Platform Firmware Profile, "Event Logging"; the TPM contract, 9.1 to 9.4
 */
#ifndef CUPEL_EVIDENCE_TPM_EVENTLOG_H
#define CUPEL_EVIDENCE_TPM_EVENTLOG_H

#include "../../base/arena.h"
#include "../../base/reader.h"
#include "../../base/writer.h"
#include "bank.h"
#include "event_type.h"
#include "limits.h"

struct sipa;

/* Whether the digest of an event covers its data; known after measured_settle. */
enum event_data {
    EVENT_DATA_UNKNOWN, /* nobody asked yet */
    EVENT_DATA_HASHED,  /* the digest is the hash of the data */
    EVENT_DATA_VALUE,   /* the hash of the variable's value alone: its name is not covered */
    EVENT_DATA_LOOSE,   /* the data is not what was measured */
};

struct tpm_event {
    uint32_t pcr; /* 0 to 23 */
    uint32_t type;
    size_t offset;                      /* of its first byte in the log */
    const uint8_t *digests[BANK_COUNT]; /* NULL where there is none */
    struct span data;
    enum event_data measured;
    struct span content; /* the part of data to read: all of it, unless its digest covers less */
    const struct sipa *records; /* Windows records, after sipa_attach; NULL where there are none */
};

struct log_algorithm {
    uint16_t alg;
    uint16_t size;
};

/* The header of a log with several digests. */
struct log_header {
    uint32_t platform_class;
    uint8_t minor, major, errata;
    uint8_t uintn_size;
    struct log_algorithm algorithms[TPM_LOG_ALGORITHMS_MAX];
    size_t algorithm_count;
    struct span vendor;
};

/* A record behind the events of a Windows log: a quote made while booting. No evidence. */
struct trust_point {
    size_t offset;
    struct span data;
};

struct eventlog {
    struct span bytes;
    bool is_agile;            /* with a header and its algorithms; else one SHA-1 digest */
    struct log_header header; /* only when agile */
    unsigned bank_mask;       /* bit `enum tpm_bank`: the header lists it */
    size_t short_count;       /* events that lack a digest for an algorithm of the header */
    struct tpm_event *events; /* the header event is the first */
    size_t count;
    bool has_locality;
    uint8_t locality; /* 0, 3 or 4: what PCR 0 starts with */
    struct trust_point trust_points[TPM_TRUST_POINTS_MAX];
    size_t trust_point_count;
    size_t padding; /* equal bytes, 00 or FF, behind everything */
};

/* Reads a whole log. Nothing is left over: what is neither event, trust point nor padding fails. */
bool eventlog_parse(struct span bytes, struct arena *a, struct eventlog *out,
                    struct err *err) MUST_USE;

/* Tells whether bytes begin like a log, so that a file can be recognised. */
bool eventlog_looks_like(struct span bytes);

/* Writes the header event of a log with the banks of the mask. */
void eventlog_write_header(struct writer *w, unsigned bank_mask, struct span vendor);

/* Writes one event: digests[bank] for each bank of the mask; mask 0 writes the old frame with
 * digests[BANK_SHA1]. */
void eventlog_write_event(struct writer *w, unsigned bank_mask, const struct tpm_event *event);

/* Fills digests (one buffer of PCR_SIZE_MAX bytes for each bank of the mask) with those of the
 * event's data and points the event at them. */
bool eventlog_hash(struct crypto *c, unsigned bank_mask, struct tpm_event *event,
                   uint8_t digests[BANK_COUNT][PCR_SIZE_MAX], struct err *err) MUST_USE;

#endif
