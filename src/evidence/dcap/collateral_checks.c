/* The rows about collateral: what was settled at loading, and what only the platform can settle. */
#include "case.h"

#include <stdio.h>
#include <string.h>

#include "../../base/utf8.h"

#define SPEC_CRL      "the SGX contract, 4"
#define SPEC_TCB_INFO "PCS v4, TCB Info"

static const struct dcap_collateral *collateral_of(const void *verifier_case)
{
    const struct dcap_case *c = verifier_case;

    return c->in->collateral;
}

/* Reports a step settled at loading. */
static bool report_step(const struct dcap_step *step, struct err *err)
{
    if (!step->holds)
        *err = step->err;
    return step->holds;
}

/* An unreadable list is invalid; documents that are not there at all are unavailable. */
bool dcap_check_collateral(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;
    const struct dcap_collateral *k = c->in->collateral;

    (void)detail;
    if (!k)
        return err_fail(err, ERR_MISSING, NULL, "%s",
                        c->in->collateral_note ? c->in->collateral_note
                                               : "there is no collateral for this platform");
    if (k->files.tcb_info.n > 0 && k->files.tcb_info_issuer_chain.n > 0 &&
        k->files.qe_identity.n > 0 && k->files.qe_identity_issuer_chain.n > 0)
        return true;
    return err_fail(err, ERR_MISSING, NULL,
                    "the collateral lacks TCB info, QE identity or the chain of one of them");
}

bool dcap_check_root_crl(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;
    const struct dcap_list *list = &c->in->collateral->root_crl;

    if (!report_step(&list->step, err))
        return false;
    if (!span_equal(list->signer_key, c->chain->root.point) ||
        !span_equal(list->crl.issuer, c->chain->root.subject))
        return err_fail(err, ERR_UNTRUSTED, SPEC_CRL,
                        "the root's revocation list was not issued by the root of the PCK chain");
    trail_count(detail, list->crl.count, " entries");
    return true;
}

/* A list of the processor authority says nothing about a platform authority's certificates. */
bool dcap_check_pck_crl(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;
    const struct dcap_list *list = &c->in->collateral->pck_crl;
    char name[64];

    if (!report_step(&list->step, err))
        return false;
    if (!span_equal(list->signer_key, c->chain->intermediate.point) ||
        !span_equal(list->crl.issuer, c->chain->intermediate.subject))
        return err_fail(err, ERR_UNTRUSTED, SPEC_CRL,
                        "the PCK revocation list is not of \"%s\", which issued this certificate",
                        utf8_show(c->chain->intermediate.subject_cn, name, sizeof name));
    trail_count(detail, list->crl.count, " entries");
    return true;
}

static bool check_unlisted(const struct crl *crl, const struct cert *cert, struct err *err)
{
    char name[64];

    if (!crl_lists(crl, cert->serial))
        return true;
    return err_fail(err, ERR_UNTRUSTED, SPEC_CRL, "certificate \"%s\" is revoked",
                    utf8_show(cert->subject_cn, name, sizeof name));
}

bool dcap_check_intermediate_revoked(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;

    (void)detail;
    return check_unlisted(&c->in->collateral->root_crl.crl, &c->chain->intermediate, err);
}

bool dcap_check_leaf_revoked(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;

    (void)detail;
    return check_unlisted(&c->in->collateral->pck_crl.crl, &c->chain->leaf, err);
}

/* One root stands above everything: a second accepted root must not vouch for the first's
 * platforms. */
static bool check_signing(const struct dcap_case *c, const struct dcap_document *d, struct err *err)
{
    if (!report_step(&d->chain_step, err))
        return false;
    if (span_equal(d->chain.root.point, c->chain->root.point))
        return true;
    return err_fail(err, ERR_UNTRUSTED, "the SGX contract, 7, step 16",
                    "the signing chain ends in another root than the PCK chain");
}

bool dcap_check_tcb_signing(void *verifier_case, char *detail, struct err *err)
{
    (void)detail;
    return check_signing(verifier_case, &collateral_of(verifier_case)->tcb_info_document, err);
}

bool dcap_check_tcb_signing_revoked(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_collateral *k = collateral_of(verifier_case);

    (void)detail;
    return check_unlisted(&k->root_crl.crl, &k->tcb_info_document.chain.signer, err);
}

bool dcap_check_tcb_info_envelope(void *verifier_case, char *detail, struct err *err)
{
    (void)detail;
    return report_step(&collateral_of(verifier_case)->tcb_info_document.envelope, err);
}

bool dcap_check_tcb_info_signature(void *verifier_case, char *detail, struct err *err)
{
    (void)detail;
    return report_step(&collateral_of(verifier_case)->tcb_info_document.signature, err);
}

bool dcap_check_tcb_info_shape(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_collateral *k = collateral_of(verifier_case);

    if (!report_step(&k->tcb_info_document.shape, err))
        return false;
    trail_say(detail, "version ");
    trail_count(detail, k->tcb_info.version, ", evaluation number ");
    trail_count(detail, k->tcb_info.evaluation_data_number, ", ");
    trail_count(detail, k->tcb_info.level_count, " levels");
    return true;
}

bool dcap_check_tcb_info_tee(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;

    (void)detail;
    if (c->in->collateral->tcb_info.id == c->tcb_info_id)
        return true;
    return err_fail(err, ERR_UNTRUSTED, SPEC_TCB_INFO, "the TCB info is of the other TEE");
}

/* What the certificate says is set beside what the document says, both as they lie in memory. */
static bool check_platform_bytes(const char *what, const uint8_t *document,
                                 const uint8_t *certificate, size_t n, struct err *err)
{
    char text[2][13];

    if (memcmp(document, certificate, n) == 0)
        return true;
    for (size_t i = 0; i < n; i++) {
        snprintf(text[0] + 2 * i, 3, "%02x", document[i]);
        snprintf(text[1] + 2 * i, 3, "%02x", certificate[i]);
    }
    err_fail(err, ERR_UNTRUSTED, SPEC_TCB_INFO,
             "the TCB info is for %s %s, the PCK certificate has %s", what, text[0], text[1]);
    return err_in(err, what);
}

bool dcap_check_tcb_info_platform(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;
    const struct tcb_info *info = &c->in->collateral->tcb_info;
    const struct pck *pck = &c->chain->pck;

    (void)detail;
    return check_platform_bytes("fmspc", info->fmspc, pck->fmspc, sizeof info->fmspc, err) &&
           check_platform_bytes("pceid", info->pce_id, pck->pce_id, sizeof info->pce_id, err);
}

bool dcap_check_qe_signing(void *verifier_case, char *detail, struct err *err)
{
    (void)detail;
    return check_signing(verifier_case, &collateral_of(verifier_case)->qe_identity_document, err);
}

bool dcap_check_qe_signing_revoked(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_collateral *k = collateral_of(verifier_case);

    (void)detail;
    return check_unlisted(&k->root_crl.crl, &k->qe_identity_document.chain.signer, err);
}

bool dcap_check_qe_identity_envelope(void *verifier_case, char *detail, struct err *err)
{
    (void)detail;
    return report_step(&collateral_of(verifier_case)->qe_identity_document.envelope, err);
}

bool dcap_check_qe_identity_signature(void *verifier_case, char *detail, struct err *err)
{
    (void)detail;
    return report_step(&collateral_of(verifier_case)->qe_identity_document.signature, err);
}

/* A version or an id we do not judge by is a mismatch, and the next row's to report. */
static bool is_other_kind(const struct dcap_step *shape)
{
    return !shape->holds && shape->err.code == ERR_UNSUPPORTED;
}

bool dcap_check_qe_identity_shape(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_collateral *k = collateral_of(verifier_case);
    const struct dcap_step *shape = &k->qe_identity_document.shape;

    if (is_other_kind(shape))
        return true;
    if (!report_step(shape, err))
        return false;
    trail_say(detail, "evaluation number ");
    trail_count(detail, k->qe_identity.evaluation_data_number, ", ");
    trail_count(detail, k->qe_identity.level_count, " levels");
    return true;
}

bool dcap_check_qe_identity_kind(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;
    const struct dcap_collateral *k = c->in->collateral;

    (void)detail;
    if (!report_step(&k->qe_identity_document.shape, err))
        return false;
    if (k->qe_identity.id == c->qe_identity_id)
        return true;
    return err_fail(err, ERR_UNTRUSTED, "PCS v4, QE Identity",
                    "the identity is of another enclave than this quoting enclave");
}

/* The quoting enclave's report names the key that signed the quote. Every byte counts. */
bool dcap_check_qe_report_data(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;
    const struct span parts[] = { c->quote.attestation_key, c->quote.qe_auth_data };
    struct span data = c->quote.qe_report.report_data;
    uint8_t sum[SHA256_SIZE];

    (void)detail;
    if (!digest(c->in->crypto, DIGEST_SHA256, parts, COUNT(parts), sum, err))
        return false;
    if (span_equal(span_part(data, 0, SHA256_SIZE), span_of(sum, sizeof sum)) &&
        span_is_zero(span_part(data, SHA256_SIZE, SHA256_SIZE)))
        return true;
    return err_fail(err, ERR_UNTRUSTED, "the SGX contract, 7, step 23",
                    "the QE's report data is not SHA-256 of the attestation key and the QE's "
                    "authentication data, and 32 zeros");
}

bool dcap_check_qe_report_identity(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;

    (void)detail;
    if (qe_identity_match(&c->in->collateral->qe_identity, &c->quote.qe_report, err))
        return true;
    return err_in(err, "quote.qe_report");
}

/* Always fresh: nothing about this signature is ever remembered. */
bool dcap_check_quote_signature(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;

    (void)detail;
    if (p256_verify(c->in->crypto, c->quote.attestation_key, c->quote.signed_bytes,
                    c->quote.signature, err))
        return true;
    return err_in(err, "quote.signature");
}
