/*
 * measured - which events' data is covered by their digests
 *
 * Rule     a replay proves digests, not data: wherever something is read from data, its digest is
 *          computed again
 * Source   the TPM contract, 9.5, "The recompute rule"
 */
#ifndef CUPEL_EVIDENCE_TPM_MEASURED_H
#define CUPEL_EVIDENCE_TPM_MEASURED_H

#include "boot.h"

/* Sets `measured` of every TCG event, by its digest in that bank. An event without such a digest
 * has loose data. */
bool measured_settle(struct crypto *c, enum tpm_bank bank, struct boot *b,
                     struct err *err) MUST_USE;

/* An event whose data is not what its digest was made over, although it must be. */
struct data_mismatch {
    const struct tpm_event *event;
    size_t seq;
    size_t size;                    /* of the digests */
    uint8_t expected[PCR_SIZE_MAX]; /* the digest in the log, which replays */
    uint8_t actual[PCR_SIZE_MAX];   /* that of the data */
};

/* Checks the events from whose data something is read; measured_settle has run with that bank.
 * Untrusted, naming event, PCR and both digests, for the first that does not hold; `out` (may be
 * NULL) is filled then. */
bool measured_check(struct crypto *c, enum tpm_bank bank, const struct boot *b,
                    struct data_mismatch *out, struct err *err) MUST_USE;

/* Tells whether the data of such an event must be what its digest was made over. */
bool measured_is_demanded(const struct tpm_event *e);

/* At most 32 hexadecimal digits of a digest, for messages. */
enum { DIGEST_TEXT = 36 };
const char *digest_show(const uint8_t *digest_p, size_t n, char buf[DIGEST_TEXT]);

#endif
