#include "container.h"

#include "oe.h"

#define SPEC "the SGX contract, 1"

static bool open_raw(struct span evidence, struct dcap_container *out, struct err *err)
{
    if (oe_report_looks_like(evidence) || oe_evidence_looks_like(evidence))
        return err_fail_at(err, 0, ERR_MALFORMED, SPEC,
                           "a raw quote was expected; this looks like an Open Enclave report");
    out->quote = evidence;
    return true;
}

static bool open_oe_evidence(struct span evidence, struct dcap_container *out, struct err *err)
{
    struct oe_evidence oe;

    if (!oe_evidence_parse(evidence, &oe, err))
        return false;
    out->is_oe_evidence = true;
    out->quote = oe.quote;
    out->has_custom_claims = oe.has_custom_claims;
    out->custom_claims = oe.custom_claims;
    return true;
}

static bool open_kind(enum evidence_kind kind, struct span evidence, struct dcap_container *out,
                      struct err *err)
{
    if (kind != EVIDENCE_OE)
        return open_raw(evidence, out, err);
    if (oe_evidence_looks_like(evidence))
        return open_oe_evidence(evidence, out, err);
    return oe_report_parse(evidence, &out->quote, err);
}

bool dcap_container_open(enum evidence_kind kind, struct span evidence, struct dcap_container *out,
                         struct err *err)
{
    struct dcap_container box = { 0 };

    if (!open_kind(kind, evidence, &box, err))
        return false;
    if (!quote_header_parse(box.quote, &box.header, err))
        return false;
    *out = box;
    return true;
}
