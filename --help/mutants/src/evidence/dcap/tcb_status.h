/*
 * tcb_status - Intel's words for how current a platform is, and the part that every level has
 *
 * Shape    {..., "tcbDate", "tcbStatus", "advisoryIDs"?}
 * Units    date: seconds since 1970 UTC
 * Borrows  advisory ids point into the document, their list lies in the arena
 * Errors   malformed: an unknown word is never taken for a milder one; limit
 * Source   the SGX contract, 5.3 and 6
 */
#ifndef CUPEL_EVIDENCE_DCAP_TCB_STATUS_H
#define CUPEL_EVIDENCE_DCAP_TCB_STATUS_H

#include "../../format/json.h"
#include "limits.h"

/* From best to worst. The first value is none of the words, so that zeroed memory is not good. */
enum tcb_status {
    TCB_STATUS_NONE,
    TCB_STATUS_UP_TO_DATE,
    TCB_STATUS_SW_HARDENING_NEEDED,
    TCB_STATUS_CONFIGURATION_NEEDED,
    TCB_STATUS_CONFIGURATION_AND_SW_HARDENING_NEEDED,
    TCB_STATUS_OUT_OF_DATE,
    TCB_STATUS_OUT_OF_DATE_CONFIGURATION_NEEDED,
    TCB_STATUS_REVOKED,
    TCB_STATUSES
};

/* What a level says about who reaches it. */
struct tcb_standing {
    enum tcb_status status;
    int64_t date;
    const struct span *advisory_ids;
    size_t advisory_count;
};

/* "UpToDate", ...; static. */
const char *tcb_status_name(enum tcb_status status);

/* The status of that exact word; false for any other. */
bool tcb_status_find(struct span word, enum tcb_status *out) MUST_USE;

/* Reads the common members of a level. */
bool tcb_standing_parse(const struct json *level, struct arena *a, struct tcb_standing *out,
                        struct err *err) MUST_USE;

#endif
