#include "measured.h"

bool measured_apply(const struct policy *policy, struct arena *a, struct tpm_settings *s,
                    struct err *err)
{
    struct claim_set set = { 0 };
    const struct claim *c;
    struct err ignored = { 0 };

    s->aik_cert_is_optional = false;
    s->waived_pcrs = 0;
    if (!policy || !policy_configuration(policy, a, &set, &ignored))
        return ignored.code != ERR_MEMORY || err_fail(err, ERR_MEMORY, NULL, "out of memory");
    c = claim_find(&set, span_str("require_valid_aik_cert"));
    if (c && c->type == CLAIM_BOOL)
        s->aik_cert_is_optional = !c->boolean;
    c = claim_find(&set, span_str("required_pcr_mask"));
    if (c && c->type == CLAIM_INT && c->integer >= 0)
        s->waived_pcrs = TPM_PCRS_ALL & ~(uint32_t)c->integer;
    return true;
}
