/*
 * events_json - what policies see of a measured boot: the claims `events`, `bootEvents` and `pcrs`
 *
 * Shape    {"Events":[...]}: every event has its number, PCR, type and digests; what its digest
 *          covers stands in ProcessedData, what it does not in UnmeasuredData
 * Rule     notes, and events of a PCR that did not replay to its quoted value, are counted and not
 *          listed; digests only of banks that replayed
 * Errors   limit (16 MiB of text), memory, internal
 * Source   the TPM contract, 13 and 15; the policy language, 9.5
 */
#ifndef CUPEL_EVIDENCE_TPM_EVENTS_JSON_H
#define CUPEL_EVIDENCE_TPM_EVENTS_JSON_H

#include "replay.h"

struct events_json_in {
    struct crypto *crypto;
    struct arena *arena;
    const struct boot *boot;
    enum tpm_bank bank;        /* measured_settle has run with it; its PCRs decide what is listed */
    uint32_t held[BANK_COUNT]; /* PCRs that are quoted and replay in each bank */
};

/* Writes {"Events":[...]}. */
bool events_json_write(const struct events_json_in *in, struct writer *w, struct err *err) MUST_USE;

/* Writes {"PCRs":[...]} with the quoted values. */
void pcrs_json_write(struct writer *w, const struct pcr_set *quoted);

/* Writes the members that one event's data gives, as an object: what ProcessedData would hold if
 * the digest covered all of it. */
bool event_data_json_write(struct writer *w, struct arena *a, const struct tpm_event *e,
                           struct err *err) MUST_USE;

#endif
