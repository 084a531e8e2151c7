#include "sgx.h"

#include "../dcap/case.h"
#include "claims.h"

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
        return appraisal_refuse(out, failed->reason, err);
    if (!sgx_claims_make(&c, &out->incoming, &out->outgoing, err))
        return false;
    out->is_debug = c.quote.report.is_debug;
    out->is_accepted = true;
    return true;
}
