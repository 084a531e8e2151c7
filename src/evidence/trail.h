/*
 * trail - which checks ran, what each established, what was expected and found, which did not run
 *
 * Shape    one entry for each row of the verifier's table, in the table's order
 */
#ifndef CUPEL_EVIDENCE_TRAIL_H
#define CUPEL_EVIDENCE_TRAIL_H

#include "../base/arena.h"

enum check_outcome { CHECK_NOT_RUN, CHECK_OK, CHECK_FAILED };

struct trail_entry {
    const char *name;        /* the row's name; static */
    const char *establishes; /* one sentence; static */
    const char *spec;        /* static */
    enum check_outcome outcome;
    char detail[192]; /* what was found, or expected and found; may be empty */
};

enum { TRAIL_MAX = 64 };

struct trail {
    struct trail_entry entries[TRAIL_MAX];
    size_t count;
};

/* "ok", "failed", "not_run". */
const char *check_outcome_name(enum check_outcome o);

#endif
