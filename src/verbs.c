#include "verbs.h"

#include "../lab/verb.h"

const struct verb *const verbs[] = {
    &verb_appraise,    &verb_attest,      &verb_token_verify, &verb_evidence_inspect,
    &verb_policy_diff, &verb_policy_eval, &verb_policy_fmt,   &verb_policy_hash,
    &verb_policy_sign, &verb_policy_test, &verb_lab_make,     &verb_lab_verify_golden,
    &verb_policy_lint,
};

const size_t verb_count = COUNT(verbs);
