/*
 * boot - the logs of one attestation, in the order in which they were measured
 *
 * Shape    up to 16 logs; every event of all of them has a number, from 0
 * Rule     PCR 17 to 22 of a log that was handed over as that of the static root speak for nothing
 * Borrows  the logs' bytes; everything made lies in the arena
 * Errors   those of eventlog, ima and sipa, behind "logs[0]"; limit; missing (no bank in common)
 * Source   the TPM contract, 3, 7, 9 and 12
 */
#ifndef CUPEL_EVIDENCE_TPM_BOOT_H
#define CUPEL_EVIDENCE_TPM_BOOT_H

#include "eventlog.h"
#include "ima.h"
#include "sipa.h"

enum boot_origin {
    ORIGIN_ANY,  /* the sender does not say */
    ORIGIN_SRTM, /* static root: PCR 0 to 15 */
    ORIGIN_DRTM, /* dynamic launch: PCR 17 to 22 */
};

struct boot_log {
    bool is_ima;
    enum boot_origin origin;
    struct eventlog tcg; /* unless is_ima */
    struct ima_log ima;  /* if is_ima */
    size_t first;        /* number of its first event in the whole boot */
};

struct boot {
    struct boot_log logs[TPM_LOGS_MAX];
    size_t count;
    size_t event_count; /* of all logs, notes included */
    bool has_ima;
    unsigned bank_mask; /* banks that every TCG log has; 0 when there is none */
};

/* Reads one more log and, of a TCG log, the Windows records in its tagged events. */
bool boot_add_tcg(struct boot *b, struct span bytes, enum boot_origin origin, struct arena *a,
                  struct err *err) MUST_USE;
bool boot_add_ima(struct boot *b, struct span bytes, struct arena *a, struct err *err) MUST_USE;

/* Calls visit for each TCG event with its number, in order; stops when it returns false. */
typedef bool boot_visit(void *arg, const struct boot_log *log, struct tpm_event *e, size_t seq);
bool boot_walk(const struct boot *b, boot_visit *visit, void *arg);

/* Tells whether Windows records are looked for in tagged events of that PCR. */
bool boot_pcr_has_records(uint32_t pcr);

#endif
