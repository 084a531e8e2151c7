/*
 * order - what may stand where in a log: separators, the end of Windows' records, flags and
 * counters
 *
 * Rule     after its WBCL separator a PCR says nothing; whoever runs later can extend it, too
 * Errors   untrusted, naming the event
 * Source   the TPM contract, 11 and 12; TCG PC Client Firmware Profile, EV_SEPARATOR
 */
#ifndef CUPEL_EVIDENCE_TPM_ORDER_H
#define CUPEL_EVIDENCE_TPM_ORDER_H

#include "boot.h"

/* At most one separator in a PCR; WBCL in PCR 12 to 14, zeros or ones elsewhere, an error value
 * anywhere but in PCR 7. None at all is fine. */
bool order_check_separators(const struct boot *b, struct err *err) MUST_USE;

/* A PCR of 12 to 14 with tagged events is ended by WBCL, and none stands behind that. */
bool order_check_end(const struct boot *b, struct err *err) MUST_USE;

/* Before WBCL, PCR 12 and 13 hold tagged events only. */
bool order_check_types(const struct boot *b, struct err *err) MUST_USE;

/* Flags are 0 or 1, and all boot counters are equal. */
bool order_check_records(const struct boot *b, struct err *err) MUST_USE;

/* Tells whether data is that of Windows' last separator. */
bool separator_is_wbcl(struct span data);

/* Tells whether data is that of a firmware separator: zeros or ones. */
bool separator_is_plain(struct span data);

#endif
