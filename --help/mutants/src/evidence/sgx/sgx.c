#include "sgx.h"

#include "../dcap/case.h"
#include "claims.h"

static bool is_own_trouble(const struct err *err)
{
    return err->code == ERR_MEMORY || err->code == ERR_INTERNAL;
}

static bool refuse(struct appraisal *out, const struct check *failed, struct err *err)
{
    if (is_own_trouble(&out->err)) {
        *err = out->err;
        return false;
    }
    out->reason = failed->reason;
    return true;
}

bool sgx_appraise(const struct appraise_in *in, struct appraisal *out, struct err *err)
{
    struct dcap_case c = {
        .in = in,
        .tcb = &out->tcb,
        .tee_type = QUOTE_TEE_SGX,
        .tcb_info_id = TCB_INFO_SGX,
        .qe_identity_id = QE_IDENTITY_QE,
    };
    const struct check *failed;

    failed = check_run(sgx_checks, sgx_check_count, &c, &out->trail, &out->err);
    if (failed)
        return refuse(out, failed, err);
    if (!sgx_claims_make(&c, &out->incoming, &out->outgoing, err))
        return false;
    out->is_debug = c.quote.report.is_debug;
    out->is_accepted = true;
    return true;
}
