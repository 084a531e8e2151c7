/*
 * measured - what a policy demands of the evidence of a measured boot
 *
 * Source   tokens, 4, "Property claims": require_valid_aik_cert, required_pcr_mask
 */
#ifndef CUPEL_SERVICE_MEASURED_H
#define CUPEL_SERVICE_MEASURED_H

#include "../evidence/tpm/settings.h"
#include "../policy/policy.h"

/* Puts what the policy's configuration sets into the settings; what it does not set demands most.
 * policy may be NULL. False with err only for memory: a configuration that fails is reported by the
 * evaluation. */
bool measured_apply(const struct policy *policy, struct arena *a, struct tpm_settings *s,
                    struct err *err) MUST_USE;

#endif
