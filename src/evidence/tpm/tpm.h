/*
 * tpm - judges a measured boot: a machine alone, or with an enclave's report
 *
 * Shape    a table of checks in the contract's order, then that of the enclave, then claims
 * Rule     claims exist only where every row held
 * Source   the TPM contract, 14 to 17; the VBS contract, 7 to 9
 */
#ifndef CUPEL_EVIDENCE_TPM_TPM_H
#define CUPEL_EVIDENCE_TPM_TPM_H

#include "../appraise.h"
#include "../check.h"
#include "settings.h"

/* The rows, in the order in which they are run. */
extern const struct check tpm_checks[];
extern const size_t tpm_check_count;

/* Run after those when the request is of type vbs. */
extern const struct check vbs_checks[];
extern const size_t vbs_check_count;

/* What holds where the caller brings no settings: no anchor, everything demanded. */
extern const struct tpm_settings tpm_settings_strict;

/* As appraise(), for kinds tpm and vbs. `out` comes with empty claim sets. */
bool tpm_appraise(const struct appraise_in *in, struct appraisal *out, struct err *err) MUST_USE;

#endif
