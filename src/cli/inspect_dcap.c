/* The fields of SGX evidence and its collateral. */
#include "../base/b64.h"
#include "../base/hex.h"
#include "../crypto/cert.h"
#include "../crypto/crl.h"
#include "../evidence/dcap/certification.h"
#include "../evidence/dcap/oe.h"
#include "../evidence/dcap/pck.h"
#include "../evidence/dcap/qe_identity.h"
#include "../evidence/dcap/quote.h"
#include "../evidence/dcap/tcb_info.h"
#include "../token/jwt.h"
#include "inspect.h"

#include <stdio.h>
#include <string.h>

/* "under.name" */
static const char *join(struct inspection *i, const char *under, const char *name)
{
    size_t n = strlen(under) + strlen(name) + 2;
    char *p = arena_alloc(i->arena, n, 1);

    if (!p)
        return name;
    snprintf(p, n, "%s.%s", under, name);
    return p;
}

static const char *key_type_name(uint16_t type)
{
    return type == QUOTE_KEY_P256   ? "ECDSA-256 with P-256"
           : type == QUOTE_KEY_P384 ? "ECDSA-384 with P-384"
                                    : "unknown";
}

static void show_header(struct inspection *i, struct span bytes, const struct quote_header *h)
{
    inspect_number(i, "quote.header.version", span_part(bytes, 0, 2), h->version, NULL);
    inspect_number(i, "quote.header.key_type", span_part(bytes, 2, 2), h->key_type,
                   key_type_name(h->key_type));
    inspect_number(i, "quote.header.tee_type", span_part(bytes, 4, 4), h->tee_type,
                   h->tee_type == QUOTE_TEE_SGX   ? "SGX"
                   : h->tee_type == QUOTE_TEE_TDX ? "TDX"
                                                  : "unknown");
    inspect_number(i, "quote.header.qe_svn", span_part(bytes, 8, 2), h->qe_svn, NULL);
    inspect_number(i, "quote.header.pce_svn", span_part(bytes, 10, 2), h->pce_svn, NULL);
    inspect_hex(i, "quote.header.qe_vendor", h->vendor);
    inspect_hex(i, "quote.header.user_data", h->user);
}

static void show_report(struct inspection *i, const char *under, struct span bytes,
                        const struct sgx_report *r)
{
    inspect_hex(i, join(i, under, "cpu_svn"), r->cpu_svn);
    inspect_number(i, join(i, under, "misc_select"), span_part(bytes, 16, 4), r->misc_select, NULL);
    inspect_hex(i, join(i, under, "isv_ext_prod_id"), r->isv_ext_prod_id);
    inspect_hex(i, join(i, under, "attributes"), r->attributes);
    inspect_number(i, join(i, under, "attributes.debug"), span_part(r->attributes, 0, 1),
                   r->is_debug, r->is_debug ? "DEBUG" : "production");
    inspect_number(i, join(i, under, "attributes.kss"), span_part(r->attributes, 0, 1), r->has_kss,
                   NULL);
    inspect_hex(i, join(i, under, "mr_enclave"), r->mr_enclave);
    inspect_hex(i, join(i, under, "mr_signer"), r->mr_signer);
    inspect_hex(i, join(i, under, "config_id"), r->config_id);
    inspect_number(i, join(i, under, "isv_prod_id"), span_part(bytes, 256, 2), r->isv_prod_id,
                   NULL);
    inspect_number(i, join(i, under, "isv_svn"), span_part(bytes, 258, 2), r->isv_svn, NULL);
    inspect_number(i, join(i, under, "config_svn"), span_part(bytes, 260, 2), r->config_svn, NULL);
    inspect_hex(i, join(i, under, "isv_family_id"), r->isv_family_id);
    inspect_hex(i, join(i, under, "report_data"), r->report_data);
}

static void show_pck(struct inspection *i, const struct cert *cert)
{
    struct pck p;

    if (!cert_extension_find(cert, PCK_EXTENSION_OID) || !pck_parse(cert, &p, NULL))
        return;
    inspect_hex(i, "pck.fmspc", span_of(p.fmspc, sizeof p.fmspc));
    inspect_hex(i, "pck.pce_id", span_of(p.pce_id, sizeof p.pce_id));
    inspect_hex(i, "pck.components", span_of(p.components, sizeof p.components));
    inspect_number(i, "pck.pcesvn", (struct span){ 0 }, p.pcesvn, NULL);
    inspect_hex(i, "pck.cpu_svn", span_of(p.cpu_svn, sizeof p.cpu_svn));
    inspect_hex(i, "pck.ppid", span_of(p.ppid, sizeof p.ppid));
    inspect_number(i, "pck.sgx_type", (struct span){ 0 }, p.sgx_type, NULL);
    if (p.has_platform)
        inspect_hex(i, "pck.platform_instance_id",
                    span_of(p.platform_instance_id, sizeof p.platform_instance_id));
}

bool inspect_cert(struct inspection *i, const char *under, struct span der, struct err *err)
{
    struct cert cert;

    if (!cert_parse(der, &cert, err))
        return err_in(err, under);
    inspect_text(i, join(i, under, "subject_cn"), cert.subject_cn);
    inspect_text(i, join(i, under, "issuer_cn"), cert.issuer_cn);
    inspect_hex(i, join(i, under, "serial"), cert.serial);
    inspect_time(i, join(i, under, "not_before"), cert.not_before);
    inspect_time(i, join(i, under, "not_after"), cert.not_after);
    inspect_text(i, join(i, under, "signature_algorithm"), span_str(sig_alg_name(cert.sig_alg)));
    inspect_number(i, join(i, under, "is_ca"), (struct span){ 0 }, cert.is_ca, NULL);
    if (cert.point.n > 0)
        inspect_hex(i, join(i, under, "public_point"), cert.point);
    show_pck(i, &cert);
    return true;
}

static bool show_certification(struct inspection *i, const struct quote *q, struct err *err)
{
    static const char *const names[] = { "pck_certificate", "intermediate_certificate",
                                         "root_certificate" };
    struct certification c;
    struct pck_chain chain;
    struct span ders[COUNT(names)];

    inspect_number(i, "quote.certification_type", (struct span){ 0 }, q->certification_type, NULL);
    if (!certification_parse(q->certification_type, q->certification_data, i->arena, &c, err))
        return false;
    if (!c.has_certificate) {
        inspect_hex(i, "quote.certification.ppid", c.ppid);
        inspect_hex(i, "quote.certification.cpu_svn", c.cpu_svn);
        inspect_number(i, "quote.certification.pcesvn", (struct span){ 0 }, c.pcesvn, NULL);
        inspect_hex(i, "quote.certification.pce_id", c.pce_id);
        return true;
    }
    if (!certification_chain(&c, i->arena, &chain, err))
        return false;
    ders[0] = chain.leaf;
    ders[1] = chain.intermediate;
    ders[2] = chain.root;
    for (size_t k = 0; k < chain.count && k < COUNT(ders); k++)
        if (!inspect_cert(i, names[k], ders[k], err))
            return false;
    return true;
}

bool inspect_quote(struct inspection *i, struct span bytes, struct err *err)
{
    struct quote_header header;
    struct quote q;

    if (!quote_header_parse(bytes, &header, err))
        return false;
    show_header(i, bytes, &header);
    if (!quote_parse(bytes, &q, err))
        return false;
    if (q.header.version == QUOTE_VERSION_5)
        inspect_number(i, "quote.descriptor.type", span_part(bytes, 48, 2), q.descriptor.type,
                       NULL);
    if (q.descriptor.type == QUOTE_BODY_SGX)
        show_report(i, "quote.report", q.body, &q.report);
    inspect_hex(i, "quote.signature", q.signature);
    inspect_hex(i, "quote.attestation_key", q.attestation_key);
    show_report(i, "quote.qe_report", q.qe_report_bytes, &q.qe_report);
    inspect_hex(i, "quote.qe_report_signature", q.qe_report_signature);
    inspect_hex(i, "quote.qe_auth_data", q.qe_auth_data);
    if (q.trailing_zeros > 0)
        inspect_number(i, "trailing_zeros", span_part(bytes, q.length, q.trailing_zeros),
                       q.trailing_zeros, NULL);
    return show_certification(i, &q, err);
}

bool inspect_oe(struct inspection *i, struct span bytes, struct err *err)
{
    struct oe_evidence evidence;
    struct span quote = { 0 };

    if (oe_evidence_looks_like(bytes)) {
        i->kind = "open enclave evidence";
        if (!oe_evidence_parse(bytes, &evidence, err))
            return false;
        inspect_hex(i, "evidence.format", span_part(bytes, 4, OE_UUID_SIZE));
        if (evidence.has_custom_claims)
            inspect_hex(i, "evidence.custom_claims", evidence.custom_claims);
        return inspect_quote(i, evidence.quote, err);
    }
    i->kind = "open enclave report";
    if (!oe_report_parse(bytes, &quote, err))
        return false;
    inspect_number(i, "report.version", span_part(bytes, 0, 4), 1, NULL);
    inspect_number(i, "report.type", span_part(bytes, 4, 4), OE_REPORT_REMOTE, "remote");
    inspect_number(i, "report.size", span_part(bytes, 8, 8), quote.n, NULL);
    return inspect_quote(i, quote, err);
}

bool inspect_crl(struct inspection *i, struct span bytes, struct err *err)
{
    struct crl crl;
    char path[32];

    if (!crl_parse(bytes, i->arena, &crl, err))
        return false;
    inspect_hex(i, "crl.issuer", crl.issuer);
    inspect_time(i, "crl.this_update", crl.this_update);
    inspect_time(i, "crl.next_update", crl.next_update);
    inspect_hex(i, "crl.number", crl.number);
    inspect_number(i, "crl.entries", (struct span){ 0 }, crl.count, NULL);
    for (size_t k = 0; k < crl.count && k < 64; k++) {
        snprintf(path, sizeof path, "crl.serial%zu", k);
        inspect_hex(i, path, crl.serials[k]);
    }
    return true;
}

static void show_standing(struct inspection *i, const char *under, const struct tcb_standing *s)
{
    inspect_text(i, join(i, under, "status"), span_str(tcb_status_name(s->status)));
    inspect_time(i, join(i, under, "date"), s->date);
    for (size_t k = 0; k < s->advisory_count; k++)
        inspect_text(i, join(i, under, "advisory"), s->advisory_ids[k]);
}

bool inspect_tcb_info(struct inspection *i, struct span bytes, struct err *err)
{
    struct signed_json doc;
    struct tcb_info t;
    char path[32];

    if (!tcb_info_open(bytes, i->arena, &doc, err) || !tcb_info_parse(doc.body, i->arena, &t, err))
        return false;
    inspect_number(i, "tcb_info.version", (struct span){ 0 }, t.version, NULL);
    inspect_time(i, "tcb_info.issue_date", t.issue_date);
    inspect_time(i, "tcb_info.next_update", t.next_update);
    inspect_hex(i, "tcb_info.fmspc", span_of(t.fmspc, sizeof t.fmspc));
    inspect_number(i, "tcb_info.evaluation_data_number", (struct span){ 0 },
                   t.evaluation_data_number, NULL);
    for (size_t k = 0; k < t.level_count; k++) {
        uint8_t svns[TCB_COMPONENTS];

        for (size_t n = 0; n < TCB_COMPONENTS; n++)
            svns[n] = t.levels[k].sgx[n].svn;
        snprintf(path, sizeof path, "tcb_info.level%zu", k);
        inspect_hex(i, join(i, path, "components"), span_of(svns, sizeof svns));
        inspect_number(i, join(i, path, "pcesvn"), (struct span){ 0 }, t.levels[k].pcesvn, NULL);
        show_standing(i, path, &t.levels[k].standing);
    }
    inspect_hex(i, "signature", span_of(doc.signature, sizeof doc.signature));
    return true;
}

bool inspect_qe_identity(struct inspection *i, struct span bytes, struct err *err)
{
    struct signed_json doc;
    struct qe_identity q;
    char path[40];

    if (!qe_identity_open(bytes, i->arena, &doc, err) ||
        !qe_identity_parse(doc.body, i->arena, &q, err))
        return false;
    inspect_time(i, "qe_identity.issue_date", q.issue_date);
    inspect_time(i, "qe_identity.next_update", q.next_update);
    inspect_number(i, "qe_identity.evaluation_data_number", (struct span){ 0 },
                   q.evaluation_data_number, NULL);
    inspect_hex(i, "qe_identity.mr_signer", span_of(q.mr_signer, sizeof q.mr_signer));
    inspect_number(i, "qe_identity.isv_prod_id", (struct span){ 0 }, q.isv_prod_id, NULL);
    inspect_hex(i, "qe_identity.attributes", span_of(q.attributes, sizeof q.attributes));
    inspect_hex(i, "qe_identity.attributes_mask",
                span_of(q.attributes_mask, sizeof q.attributes_mask));
    for (size_t k = 0; k < q.level_count; k++) {
        snprintf(path, sizeof path, "qe_identity.level%zu", k);
        inspect_number(i, join(i, path, "isv_svn"), (struct span){ 0 }, q.levels[k].isv_svn, NULL);
        show_standing(i, path, &q.levels[k].standing);
    }
    inspect_hex(i, "signature", span_of(doc.signature, sizeof doc.signature));
    return true;
}

bool inspect_token(struct inspection *i, struct span bytes, struct err *err)
{
    struct jwt_parts parts;

    if (!jwt_parse(bytes, i->arena, &parts, err))
        return false;
    for (const struct json *m = parts.header_json->child; m; m = m->next)
        inspect_text(i, join(i, "header", (const char *)arena_dup(i->arena, m->name).p), m->raw);
    for (const struct json *m = parts.payload_json->child; m; m = m->next)
        inspect_text(i, join(i, "payload", (const char *)arena_dup(i->arena, m->name).p), m->raw);
    inspect_hex(i, "signature", parts.signature);
    return true;
}
