/*
 * audit - the chain of records: what was done, by whom, when; each holds the hash of the one before
 *
 * Shape    one chain for the whole store, numbers from 1 without a gap. A record's hash is its seal
 *          (row.h) and covers the previous hash, so a record that is changed, taken out or put in
 *          breaks every hash behind it. Who cuts the end off must be caught by a head written down
 *          elsewhere: audit_wish.head
 * Pruning  the first records may be taken away (prune.h). Where the chain begins then is said by a
 *          record in it, AUDIT_PRUNED: number and hash of the last one that was taken. Without it,
 * a chain that does not begin with record 1 is broken Text     a record as one line of JSON:
 * audit_line_write, audit_line_parse Errors   untrusted, path "record 17": the chain is broken
 * there; malformed (a line); those of store.h
 */
#ifndef CUPEL_STORE_AUDIT_H
#define CUPEL_STORE_AUDIT_H

#include "store.h"

enum { AUDIT_PAGE = 256, AUDIT_LINE_MAX = 512 * 1024 };

/* A place in the chain. number 0: before the first record. */
struct audit_head {
    int64_t number;
    uint8_t hash[SHA256_SIZE];
};

/* Where the chain ends, inside a body. */
bool audit_tail(struct tx *tx, struct audit_head *out, struct err *err) MUST_USE;

/* Appends a record behind the tail and moves the tail on. The record's number, previous and hash
 * are not looked at. */
bool audit_append(struct tx *tx, struct audit_head *tail, const struct store_audit *record,
                  struct err *err) MUST_USE;

/* Where the chain of a store ends. */
bool audit_end(struct store *s, struct audit_head *out, struct err *err) MUST_USE;

/* Checks one record against the place before it and moves the place on. */
bool audit_step(struct crypto *c, const struct store_audit *record, struct audit_head *at,
                struct err *err) MUST_USE;

/* The place before the first record of a store: number 0 unless records were taken away. */
bool audit_start(struct store *s, struct audit_head *out, struct err *err) MUST_USE;

/* The word of a record that says that the records up to a place were taken away, and that place,
 * as its detail says it. */
#define AUDIT_PRUNED "audit.pruned"
void audit_pruned_write(struct writer *w, const struct audit_head *up_to);
bool audit_pruned_parse(const struct store_audit *record, struct audit_head *up_to,
                        struct err *err) MUST_USE;

/* Walks the chain from its first record and stores where it ends. `expected`, when not NULL, must
 * be a place in it. */
bool audit_verify(struct store *s, const struct audit_head *expected, struct audit_head *out,
                  struct err *err) MUST_USE;

/* Calls `take` with every record above `above`, at most `limit` (0: all), page by page. */
bool audit_each(struct store *s, int64_t above, size_t limit,
                bool (*take)(void *arg, const struct store_audit *record, struct err *err),
                void *arg, struct err *err) MUST_USE;

/* One line of JSON without its end of line, and back. */
void audit_line_write(struct writer *w, const struct store_audit *record);
bool audit_line_parse(struct span line, struct arena *a, struct store_audit *out,
                      struct err *err) MUST_USE;

#endif
