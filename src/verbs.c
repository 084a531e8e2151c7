#include "verbs.h"

#include "../lab/verb.h"

const struct verb *const verbs[] = {
    &verb_appraise,
    &verb_attest,
    &verb_token_new,
    &verb_token_verify,
    &verb_evidence_inspect,
    &verb_policy_diff,
    &verb_policy_eval,
    &verb_policy_fmt,
    &verb_policy_hash,
    &verb_policy_sign,
    &verb_policy_test,
    &verb_lab_make,
    &verb_lab_verify_golden,
    &verb_policy_lint,
    &verb_store_backup,
    &verb_store_check,
    &verb_store_restore,
    &verb_audit_verify,
    &verb_audit_show,
    &verb_audit_export,
    &verb_audit_prune,
    &verb_tpm_collect,
    &verb_tpm_request,
    &verb_explain,
    &verb_instance_create,
    &verb_instance_delete,
    &verb_instance_list,
    &verb_instance_show,
    &verb_instance_update,
    &verb_tpm_enrol,
    &verb_tpm_attest,
    &verb_tpm_registry_init,
    &verb_tpm_registry_challenge,
    &verb_tpm_registry_issue,
    &verb_tpm_registry_list,
    &verb_tpm_registry_remove,
};

const size_t verb_count = COUNT(verbs);
