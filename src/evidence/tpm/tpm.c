#include "tpm.h"

#include "case.h"
#include "claims.h"

const struct tpm_settings tpm_settings_strict = { 0 };

static const struct check *run_checks(struct tpm_case *c, struct appraisal *out)
{
    const struct check *failed = check_run(tpm_checks, tpm_check_count, c, &out->trail, &out->err);

    if (!c->request.is_vbs && c->in->kind != EVIDENCE_VBS)
        return failed;
    if (!failed)
        return check_run(vbs_checks, vbs_check_count, c, &out->trail, &out->err);
    check_skip(vbs_checks, vbs_check_count, &out->trail);
    return failed;
}

bool tpm_appraise(const struct appraise_in *in, struct appraisal *out, struct err *err)
{
    struct tpm_case *c = ARENA_NEW(in->arena, struct tpm_case);
    const struct check *failed;

    if (!c)
        return arena_fail(in->arena, err);
    c->in = in;
    c->settings = in->tpm ? in->tpm : &tpm_settings_strict;
    failed = run_checks(c, out);
    if (failed)
        return appraisal_refuse(out, failed->reason, err);
    if (!tpm_claims_make(c, &out->incoming, &out->outgoing, err))
        return false;
    out->is_debug = c->request.is_vbs && vbs_is_debuggable(c->report.identity.flags);
    out->is_accepted = true;
    return true;
}
