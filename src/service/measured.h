/*
 * measured - what a policy demands of the evidence of a measured boot, and of the report about it
 *
 * Source   tokens, 4, "Property claims": require_valid_aik_cert, required_pcr_mask,
 *          report_validity_in_minutes, omit_x5c; the TPM contract, 15 and 16
 */
#ifndef CUPEL_SERVICE_MEASURED_H
#define CUPEL_SERVICE_MEASURED_H

#include "../evidence/tpm/settings.h"
#include "../policy/policy.h"

enum { REPORT_MINUTES = 1440, REPORT_BACKDATE = 300 /* seconds that nbf lies before iat */ };

/* Puts what the policy's configuration sets into the settings; what it does not set demands most.
 * Claims that hold JSON are for policies of version 1.2. policy may be NULL. False with err only
 * for memory: a configuration that fails is reported by the evaluation. */
bool measured_apply(const struct policy *policy, struct arena *a, struct tpm_settings *s,
                    struct err *err) MUST_USE;

/* What the policy wants of the token. */
struct measured_report {
    int64_t lifetime; /* seconds */
    bool omits_chain; /* x5t in place of x5c */
};
struct measured_report measured_report(const struct claim_set *properties);

#endif
