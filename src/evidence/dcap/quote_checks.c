/* The rows about the evidence itself: header before lengths, then the layout. */
#include "case.h"

#define SPEC_HEADER "DCAP quote, App. A, quote header"

bool dcap_check_container(void *verifier_case, char *detail, struct err *err)
{
    struct dcap_case *c = verifier_case;

    if (c->in->evidence.n > DCAP_QUOTE_MAX)
        return err_fail(err, ERR_LIMIT, NULL, "the evidence has %zu bytes, more than %d",
                        c->in->evidence.n, DCAP_QUOTE_MAX);
    if (!dcap_container_open(c->in->kind, c->in->evidence, &c->container, err))
        return false;
    if (c->container.is_oe_evidence && !c->in->takes_oe_evidence)
        return err_fail_at(err, 0, ERR_MALFORMED, "the SGX contract, 1",
                           "an Open Enclave report was expected; this is Open Enclave evidence");
    trail_count(detail, c->in->evidence.n, " bytes hold a quote of ");
    trail_count(detail, c->container.quote.n, "");
    return true;
}

bool dcap_check_version(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;
    unsigned version = c->container.header.version;

    trail_say(detail, "version ");
    trail_count(detail, version, "");
    if (version >= QUOTE_VERSION_3 && version <= QUOTE_VERSION_5)
        return true;
    return err_fail_at(err, 0, ERR_UNSUPPORTED, SPEC_HEADER, "quote version %u is not 3, 4 or 5",
                       version);
}

bool dcap_check_key_type(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;
    unsigned type = c->container.header.key_type;

    (void)detail;
    if (type == QUOTE_KEY_P256)
        return true;
    return err_fail_at(err, 2, ERR_UNSUPPORTED, SPEC_HEADER,
                       "attestation key type %u is not ECDSA P-256 (2)", type);
}

/* The descriptor of version 5 stands at a fixed place, so the body's type can be judged with the
 * header; its size is for the layout. */
static bool check_body_type(const struct dcap_case *c, struct err *err)
{
    struct quote_descriptor descriptor;
    struct err no = { 0 };

    if (quote_descriptor_parse(c->container.quote, &c->container.header, &descriptor, &no) ||
        no.code != ERR_UNSUPPORTED)
        return true;
    *err = no;
    return false;
}

bool dcap_check_tee_type(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;

    (void)detail;
    if (c->container.header.tee_type != c->tee_type)
        return err_fail_at(err, 4, ERR_UNSUPPORTED, SPEC_HEADER,
                           "TEE type 0x%08x is not 0x%08x, which is asked for here",
                           (unsigned)c->container.header.tee_type, (unsigned)c->tee_type);
    return check_body_type(c, err);
}

bool dcap_check_vendor(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;

    (void)detail;
    if (span_equal(c->container.header.vendor, quote_vendor_intel))
        return true;
    return err_fail_at(err, 12, ERR_UNSUPPORTED, SPEC_HEADER,
                       "the quoting enclave's vendor is not Intel");
}

bool dcap_check_layout(void *verifier_case, char *detail, struct err *err)
{
    struct dcap_case *c = verifier_case;

    if (!quote_parse(c->container.quote, &c->quote, err))
        return false;
    trail_count(detail, c->quote.length, " bytes and ");
    trail_count(detail, c->quote.trailing_zeros, " zeros behind them");
    return true;
}

/* A leaf without its issuers can be used where the collateral brings them. */
static bool check_issuers(const struct dcap_case *c, struct err *err)
{
    const struct dcap_collateral *k = c->in->collateral;

    if (c->certification.type != CERTIFICATION_PCK_LEAF || (k && k->pck_authority_step.holds))
        return true;
    return err_fail(err, ERR_UNSUPPORTED, "the SGX contract, 2.6",
                    "PCK certificate's issuers are neither in the quote nor in the collateral");
}

bool dcap_check_certification(void *verifier_case, char *detail, struct err *err)
{
    struct dcap_case *c = verifier_case;

    trail_say(detail, "type ");
    trail_count(detail, c->quote.certification_type, ", ");
    trail_count(detail, c->quote.certification_data.n, " bytes");
    return certification_parse(c->quote.certification_type, c->quote.certification_data,
                               c->in->arena, &c->certification, err) &&
           certification_has_pck(&c->certification, err) && check_issuers(c, err);
}
