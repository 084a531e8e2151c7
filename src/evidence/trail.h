/*
 * trail - which checks ran, what each established, what was expected and found, which did not run
 *
 * Shape    one entry for each row of the verifier's table, in the table's order
 */
#ifndef CUPEL_EVIDENCE_TRAIL_H
#define CUPEL_EVIDENCE_TRAIL_H

#include "../base/arena.h"
#include "../base/writer.h"

enum check_outcome { CHECK_NOT_RUN, CHECK_OK, CHECK_FAILED };

enum { TRAIL_MAX = 64, TRAIL_DETAIL = 192 };

struct trail_entry {
    const char *name;        /* the row's name; static */
    const char *establishes; /* one sentence; static */
    const char *spec;        /* static */
    enum check_outcome outcome;
    char detail[TRAIL_DETAIL]; /* what was found, or expected and found; may be empty */
};

/* Entries at and past `count` are not set. */
struct trail {
    size_t count;
    struct trail_entry entries[TRAIL_MAX];
};

/* Adds words, or a number and the words behind it, to a row's detail; what does not fit is cut.
 * These stand on the path of every verdict, where formatted printing would cost more than most
 * checks do. */
void trail_say(char detail[TRAIL_DETAIL], const char *words);
void trail_count(char detail[TRAIL_DETAIL], uint64_t number, const char *words);

/* The entries as a JSON array: [{"name":..,"outcome":..,"establishes":..,"detail":..}, ..]. */
void trail_write(struct writer *w, const struct trail *t);

/* "ok", "failed", "not_run". */
const char *check_outcome_name(enum check_outcome o);

#endif
