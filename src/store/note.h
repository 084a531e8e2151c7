/*
 * note - verdicts on their way into the audit chain, many in one transaction
 *
 * Shape    what is recorded of a request, and why it ended as it did; a gap stands for notes that
 *          were lost on the way, so that the chain never says less than it knows
 * Rule     no evidence, no bound data, no token: a detail holds outcomes, hashes and reasons
 * Limits   NOTE_EXPLANATIONS_MAX explanations are kept, none longer than NOTE_EXPLAINED_SECONDS
 * Errors   malformed, limit; those of store.h
 */
#ifndef CUPEL_STORE_NOTE_H
#define CUPEL_STORE_NOTE_H

#include "store.h"

enum {
    NOTE_EXPLANATIONS_MAX = 10000,
    NOTE_EXPLAINED_SECONDS = 7 * 24 * 60 * 60,
    NOTE_BATCH_MAX = 1024,      /* notes of one transaction */
    NOTE_BYTES_MAX = 400 * 1024 /* of one note, written */
};

struct store_note {
    int64_t at;
    struct span action;      /* "verdict", "request.refused", ... */
    struct span actor;       /* who asked, empty: nobody said */
    struct span instance;    /* may be empty */
    struct span request_id;  /* becomes the record's subject */
    struct span detail;      /* a JSON object */
    struct span explanation; /* JSON, kept under the request id; empty: nothing to explain */
};

/* The words of notes that the keeper itself writes. */
#define NOTE_GAP         "gap"
#define NOTE_WORKER_LOST "worker.lost"

/* Appends the notes to the audit chain and keeps their explanations, in one transaction. */
bool store_note_all(struct store *s, const struct store_note *notes, size_t count,
                    struct err *err) MUST_USE;

/* A note that says that `lost` of them are missing. detail is written into room. */
struct store_note note_gap(int64_t at, uint64_t lost, char room[STORE_NAME_MAX]);

/* The newest explanation under that request id, in the arena; empty: none. */
bool store_explain(struct store *s, struct span request_id, struct arena *a, struct span *out,
                   struct err *err) MUST_USE;

/* The note as bytes, and back; spans point into the bytes. */
bool note_write(struct writer *w, const struct store_note *n, struct err *err) MUST_USE;
bool note_parse(struct span bytes, struct store_note *out, struct err *err) MUST_USE;

#endif
