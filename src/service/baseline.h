/*
 * baseline - which set of collateral judges a piece of evidence
 *
 * Rule     the policy's `x-ms-sgx-tcbidentifier` names a TCB evaluation data number; without it, or
 * with "azuredefault", the instance's default applies: the newest number among the sets that are
 * valid at the time of judgement Source   the SGX contract, 10
 */
#ifndef CUPEL_SERVICE_BASELINE_H
#define CUPEL_SERVICE_BASELINE_H

#include "../evidence/appraise.h"
#include "../evidence/dcap/collateral.h"
#include "../policy/policy.h"

struct baseline_choice {
    const struct dcap_collateral *collateral; /* NULL: none fits */
    const char *note;       /* why there is none, for the refusal; in the request's arena */
    const char *identifier; /* what the policy asked for, or NULL; in the request's arena */
    bool is_missing; /* no set is of that baseline: the default's stands in, to be refused by its
                        check */
};

/* Chooses for the evidence in `in` (whose collateral members are not yet filled). policy may be
 * NULL. False with err only for memory. */
bool baseline_choose(struct dcap_collateral *const *sets, size_t count,
                     const struct appraise_in *in, const struct policy *policy,
                     struct baseline_choice *out, struct err *err) MUST_USE;

/* A baseline that there is collateral for. */
struct baseline_row {
    uint32_t number;  /* TCB evaluation data number */
    bool is_selected; /* the one that decides, by policy or by default */
};

/* The baselines of the sets, the lowest number first; none is selected when the policy asks for
 * one that is not there. policy may be NULL. False with err only for memory. */
bool baseline_list(struct dcap_collateral *const *sets, size_t count, const struct policy *policy,
                   int64_t now, struct arena *a, struct baseline_row **out, size_t *out_count,
                   struct err *err) MUST_USE;

/* For a judge who holds one set, already in `in`: whether it is of the baseline that the policy
 * asks for, which `in` is then told. policy may be NULL. False with err only for memory. */
bool baseline_require(const struct policy *policy, struct appraise_in *in,
                      struct err *err) MUST_USE;

#endif
