/*
 * exhibit - a piece of evidence in a folder, as the note beside it says: which file, of which kind,
 * with what and when it is to be judged
 *
 * Shape    evidence.json: an object, or an array of them (docs/formats/evidence-dir.md)
 * Borrows  names end in NUL and lie in the arena; paths are as written, relative to the folder
 * Errors   malformed, limit, memory; the place in the file as path. A member that is not known is
 *          refused
 */
#ifndef CUPEL_EVIDENCE_EXHIBIT_H
#define CUPEL_EVIDENCE_EXHIBIT_H

#include "appraise.h"

enum { EXHIBIT_ROOTS_MAX = 16, EXHIBITS_MAX = 4096 };

struct exhibit {
    enum evidence_kind kind;
    const char *evidence;                 /* path */
    const char *collateral;               /* path, or NULL */
    const char *roots[EXHIBIT_ROOTS_MAX]; /* "vendor", "lab=PATH" or a path */
    size_t root_count;                    /* 0: the default */
    bool has_time;
    int64_t at;                                 /* when it is to be judged, with has_time */
    const char *runtime_data, *inittime_data;   /* paths, or NULL */
    enum data_type runtime_type, inittime_type; /* DATA_NONE where there is no path */
    const char *nonce;                          /* or NULL */
};

/* Reads a note. */
bool exhibits_parse(struct span text, struct arena *a, struct exhibit **out, size_t *count,
                    struct err *err) MUST_USE;

/* Writes the note that exhibits_parse reads, for one exhibit. */
void exhibit_write(struct writer *w, const struct exhibit *x);

#endif
