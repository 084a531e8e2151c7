#include "appraise.h"

#include "sgx/sgx.h"
#include "tpm/tpm.h"

/* The production root of SGX and TDX, pinned by key: its certificate exists in two issues. */
static const uint8_t intel_point[] = {
    0x0b, 0xa9, 0xc4, 0xc0, 0xc0, 0xc8, 0x61, 0x93, 0xa3, 0xfe, 0x23, 0xd6, 0xb0, 0x2c, 0xda, 0x10,
    0xa8, 0xbb, 0xd4, 0xe8, 0x8e, 0x48, 0xb4, 0x45, 0x85, 0x61, 0xa3, 0x6e, 0x70, 0x55, 0x25, 0xf5,
    0x67, 0x91, 0x8e, 0x2e, 0xdc, 0x88, 0xe4, 0x0d, 0x86, 0x0b, 0xd0, 0xcc, 0x4e, 0xe2, 0x6a, 0xac,
    0xc9, 0x88, 0xe5, 0x05, 0xa9, 0x53, 0x55, 0x8c, 0x45, 0x3f, 0x6b, 0x09, 0x04, 0xae, 0x73, 0x94,
};

const struct root_key root_intel_sgx = {
    .name = "Intel SGX Root CA",
    .point = { intel_point, sizeof intel_point },
};

static const char *const kind_names[EVIDENCE_KINDS] = {
    [EVIDENCE_SGX] = "sgx",
    [EVIDENCE_OE] = "oe",
    [EVIDENCE_TDX] = "tdx",
    [EVIDENCE_SEVSNP] = "sevsnp",
    [EVIDENCE_AZUREGUEST] = "azureguest",
    [EVIDENCE_TPM] = "tpm",
    [EVIDENCE_VBS] = "vbs",
};

static const char *const profile_names[] = {
    [TCB_AZURE] = "azure",
    [TCB_STRICT] = "strict",
    [TCB_LENIENT] = "lenient",
    [TCB_ANY] = "any",
};

const char *evidence_kind_name(enum evidence_kind kind)
{
    return kind_names[kind];
}

bool evidence_kind_find(struct span name, enum evidence_kind *out)
{
    for (size_t i = 0; i < COUNT(kind_names); i++)
        if (span_is(name, kind_names[i])) {
            *out = (enum evidence_kind)i;
            return true;
        }
    return false;
}

const char *tcb_profile_name(enum tcb_profile profile)
{
    return profile_names[profile];
}

bool tcb_profile_find(struct span name, enum tcb_profile *out)
{
    for (size_t i = 0; i < COUNT(profile_names); i++)
        if (span_is(name, profile_names[i])) {
            *out = (enum tcb_profile)i;
            return true;
        }
    return false;
}

static bool refuse_kind(const struct appraise_in *in, struct appraisal *out)
{
    out->reason = "unsupported_evidence_type";
    err_fail(&out->err, ERR_UNSUPPORTED, NULL, "evidence of type \"%s\" is not judged here",
             evidence_kind_name(in->kind));
    return true;
}

void appraisal_clear(struct appraisal *out)
{
    out->is_accepted = false;
    out->trail.count = 0;
    out->tcb = (struct tcb_report){ 0 };
    out->reason = NULL;
    out->err = (struct err){ 0 };
    out->incoming = out->outgoing = (struct claim_set){ 0 };
    out->is_debug = false;
}

bool appraise(const struct appraise_in *in, struct appraisal *out, struct err *err)
{
    appraisal_clear(out);
    out->incoming = claim_set_in(in->arena);
    out->outgoing = claim_set_in(in->arena);
    switch (in->kind) {
    case EVIDENCE_SGX:
    case EVIDENCE_OE:
        return sgx_appraise(in, out, err);
    case EVIDENCE_TPM:
    case EVIDENCE_VBS:
        return tpm_appraise(in, out, err);
    default:
        return refuse_kind(in, out);
    }
}

bool appraisal_refuse(struct appraisal *out, const char *reason, struct err *err)
{
    if (err_is_ours(&out->err)) {
        *err = out->err;
        return false;
    }
    out->reason = reason;
    return true;
}
