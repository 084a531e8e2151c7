/*
 * prune - the oldest records of the audit chain are taken away, and the rest still proves itself
 *
 * Rule     only records from the first one on without a gap. In the transaction that takes them, a
 *          record AUDIT_PRUNED with the number and the hash of the last of them joins the chain:
 * from there on that place is covered by every head, as the records before it were. A head that was
 * written down for a record that is gone can be checked against an archive only Errors   those of
 * store.h
 */
#ifndef CUPEL_STORE_PRUNE_H
#define CUPEL_STORE_PRUNE_H

#include "audit.h"

enum { PRUNE_SLICE = 16384 }; /* records of one transaction */

/* Finds the last record of those at the beginning that were made before that moment, `most` (0: any
 * number) of them; where there is none, the chain's start. */
bool prune_find(struct store *s, int64_t before, size_t most, struct audit_head *out,
                struct err *err) MUST_USE;

struct prune_wish {
    int64_t up_to; /* the number of the last record to be taken */
    int64_t now;
    struct span actor;
};

/* Takes the records up to that one, at most PRUNE_SLICE of them, in one transaction, and stores how
 * many that were. None, and no record of it, where that record is gone already or never was. */
bool prune_slice(struct store *s, const struct prune_wish *wish, size_t *taken,
                 struct err *err) MUST_USE;

#endif
