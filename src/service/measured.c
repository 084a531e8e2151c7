#include "measured.h"

enum { JSON_SINCE = 2, SECONDS_PER_MINUTE = 60 };

bool measured_apply(const struct policy *policy, struct arena *a, struct tpm_settings *s,
                    struct err *err)
{
    struct claim_set set = { 0 };
    const struct claim *c;
    struct err ignored = { 0 };

    s->aik_cert_is_optional = false;
    s->waived_pcrs = 0;
    s->without_json_claims = policy && policy_minor(policy) < JSON_SINCE;
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

struct measured_report measured_report(const struct claim_set *properties)
{
    struct measured_report out = { .lifetime = REPORT_MINUTES * SECONDS_PER_MINUTE };
    const struct claim *minutes = claim_find(properties, span_str("report_validity_in_minutes"));
    const struct claim *omit = claim_find(properties, span_str("omit_x5c"));

    if (minutes && minutes->type == CLAIM_INT)
        out.lifetime = minutes->integer * SECONDS_PER_MINUTE;
    out.omits_chain = omit && omit->type == CLAIM_BOOL && omit->boolean;
    return out;
}
