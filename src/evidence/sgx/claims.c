#include "claims.h"

#include <string.h>

#include "../../base/b64.h"
#include "../../base/hex.h"
#include "../../base/when.h"

/* What the rows read. */
struct sgx_facts {
    struct span attestation_type; /* text */
    bool is_debuggable;
    struct span mr_enclave, mr_signer;
    uint16_t product_id, svn;
    struct span report_data;
    struct span config_id, isv_ext_prod_id, isv_family_id;
    uint16_t config_svn;
    struct span tcb_status, tcb_date; /* text */
    uint32_t evaluation_data_number;
    struct span fmspc;
    bool collateral_expired;
};

#define TEXT(field) CLAIM_STRING, FROM_TEXT, offsetof(struct sgx_facts, field)
#define BOTH        (CLAIM_INCOMING | CLAIM_OUTGOING)
#define TWIN        (CLAIM_INCOMING | CLAIM_DEPRECATED)
#define MIRROR      (CLAIM_OUTGOING | CLAIM_DEPRECATED)

/* clang-format off */
const struct claim_def sgx_claims[] = {
    /* name                                 type and value                              flags                  what it means                                            source                  instead */
    { "x-ms-attestation-type",              TEXT(attestation_type),                     BOTH,                  "kind of evidence: \"sgx\" for quotes and Open Enclave reports", "tokens, 3",    NULL },
    { "x-ms-sgx-is-debuggable",             FROM(sgx_facts, is_debuggable),             BOTH,                  "the enclave's memory can be read by a debugger",        "SDM 3D, ATTRIBUTES",   NULL },
    { "x-ms-sgx-mrenclave",                 FROM(sgx_facts, mr_enclave),                BOTH,                  "hash of the enclave as loaded",                         "SDM 3D, REPORT",       NULL },
    { "x-ms-sgx-mrsigner",                  FROM(sgx_facts, mr_signer),                 BOTH,                  "hash of the key that signed the enclave",               "SDM 3D, REPORT",       NULL },
    { "x-ms-sgx-product-id",                FROM(sgx_facts, product_id),                BOTH,                  "product number set by the enclave's author",            "SDM 3D, REPORT",       NULL },
    { "x-ms-sgx-svn",                       FROM(sgx_facts, svn),                       BOTH,                  "version set by the enclave's author",                   "SDM 3D, REPORT",       NULL },
    { "x-ms-sgx-report-data",               FROM(sgx_facts, report_data),               BOTH,                  "64 bytes that the enclave put into its report",         "SDM 3D, REPORT",       NULL },
    { "x-ms-sgx-config-id",                 FROM(sgx_facts, config_id),                 BOTH | CLAIM_KSS_ONLY, "identity of the enclave's configuration",               "SDM 3D, REPORT",       NULL },
    { "x-ms-sgx-config-svn",                FROM(sgx_facts, config_svn),                BOTH | CLAIM_KSS_ONLY, "version of the enclave's configuration",                "SDM 3D, REPORT",       NULL },
    { "x-ms-sgx-isv-extended-product-id",   FROM(sgx_facts, isv_ext_prod_id),           BOTH | CLAIM_KSS_ONLY, "long product number set by the author",                 "SDM 3D, REPORT",       NULL },
    { "x-ms-sgx-isv-family-id",             FROM(sgx_facts, isv_family_id),             BOTH | CLAIM_KSS_ONLY, "product family set by the author",                      "SDM 3D, REPORT",       NULL },
    { "x-ms-sgx-ehd",                       CLAIM_STRING, FROM_MADE, 0,                 BOTH,                  "binary runtime data, base64url",                        "tokens, 5.1",          NULL },
    { "maa-ehd",                            CLAIM_STRING, FROM_MADE, 0,                 MIRROR,                "binary runtime data, base64url",                        "tokens, 5.2",          "x-ms-sgx-ehd" },
    { "aas-ehd",                            CLAIM_STRING, FROM_MADE, 0,                 MIRROR,                "binary runtime data, base64url",                        "tokens, 5.2",          "x-ms-sgx-ehd" },
    { "x-ms-sgx-collateral",                CLAIM_JSON, FROM_MADE, 0,                   CLAIM_OUTGOING,        "hashes of the evidence and of what it was judged by",   "tokens, 5.3",          NULL },
    { "maa-attestationcollateral",          CLAIM_JSON, FROM_MADE, 0,                   MIRROR,                "hashes of the evidence and of what it was judged by",   "tokens, 5.2",          "x-ms-sgx-collateral" },
    { "x-ms-runtime",                       CLAIM_JSON, FROM_MADE, 0,                   CLAIM_OUTGOING,        "runtime data that are a JSON object",                   "tokens, 3",            NULL },
    { "x-ms-inittime",                      CLAIM_JSON, FROM_MADE, 0,                   CLAIM_OUTGOING,        "init-time data that are a JSON object",                 "tokens, 3",            NULL },
    { "nonce",                              CLAIM_STRING, FROM_MADE, 0,                 CLAIM_OUTGOING,        "the request's nonce as it came",                        "tokens, 3",            NULL },
    { "x-ms-sgx-tcb-status",                TEXT(tcb_status),                           CLAIM_INCOMING,        "Intel's word for how current the platform is",          "the SGX contract, 11.1", NULL },
    { "x-ms-sgx-tcb-advisory-ids",          CLAIM_STRING, FROM_MADE, 0,                 CLAIM_INCOMING | CLAIM_MANY, "a security advisory that applies to the platform", "the SGX contract, 11.1", NULL },
    { "x-ms-sgx-tcb-date",                  TEXT(tcb_date),                             CLAIM_INCOMING,        "date of the platform's security version",               "the SGX contract, 11.1", NULL },
    { "x-ms-sgx-tcb-evaluation-data-number", FROM(sgx_facts, evaluation_data_number),   CLAIM_INCOMING,        "number of the baseline that was judged by",             "the SGX contract, 11.1", NULL },
    { "x-ms-sgx-fmspc",                     FROM(sgx_facts, fmspc),                     CLAIM_INCOMING,        "platform family",                                       "the SGX contract, 11.1", NULL },
    { "x-ms-sgx-collateral-expired",        FROM(sgx_facts, collateral_expired),        CLAIM_INCOMING,        "something used lies past its end",                      "the SGX contract, 11.1", NULL },
    { "$tee",                               TEXT(attestation_type),                     TWIN,                  "kind of evidence",                                      "policy language, 9.2", "x-ms-attestation-type" },
    { "$is-debuggable",                     FROM(sgx_facts, is_debuggable),             TWIN,                  "the enclave's memory can be read by a debugger",        "policy language, 9.2", "x-ms-sgx-is-debuggable" },
    { "$sgx-mrenclave",                     FROM(sgx_facts, mr_enclave),                TWIN,                  "hash of the enclave as loaded",                         "policy language, 9.2", "x-ms-sgx-mrenclave" },
    { "$sgx-mrsigner",                      FROM(sgx_facts, mr_signer),                 TWIN,                  "hash of the key that signed the enclave",               "policy language, 9.2", "x-ms-sgx-mrsigner" },
    { "$product-id",                        FROM(sgx_facts, product_id),                TWIN,                  "product number set by the enclave's author",            "policy language, 9.2", "x-ms-sgx-product-id" },
    { "$svn",                               FROM(sgx_facts, svn),                       TWIN,                  "version set by the enclave's author",                   "policy language, 9.2", "x-ms-sgx-svn" },
};
/* clang-format on */

const size_t sgx_claim_count = COUNT(sgx_claims);

static bool facts_of(const struct dcap_case *c, struct sgx_facts *out, struct err *err)
{
    const struct sgx_report *report = &c->quote.report;
    char date[WHEN_TEXT];

    *out = (struct sgx_facts){
        .attestation_type = span_str("sgx"),
        .is_debuggable = report->is_debug,
        .mr_enclave = report->mr_enclave,
        .mr_signer = report->mr_signer,
        .product_id = report->isv_prod_id,
        .svn = report->isv_svn,
        .report_data = report->report_data,
        .config_id = report->config_id,
        .isv_ext_prod_id = report->isv_ext_prod_id,
        .isv_family_id = report->isv_family_id,
        .config_svn = report->config_svn,
        .tcb_status = span_str(c->tcb->status),
        .tcb_date = arena_dup(c->in->arena, span_str(when_str(c->tcb->tcb_date, date))),
        .evaluation_data_number = c->tcb->evaluation_data_number,
        .fmspc = c->tcb->fmspc,
        .collateral_expired = c->tcb->collateral_expired,
    };
    return out->tcb_date.p ? true : arena_fail(c->in->arena, err);
}

/* The objects and texts that no field holds, made once and shared by their mirrors. */
struct made {
    struct span ehd, collateral, runtime, inittime;
};

static void write_hash(struct writer *w, const char *name, struct span hex, const char *end)
{
    write_text(w, "\"");
    write_text(w, name);
    write_text(w, "\":\"");
    write_bytes(w, hex);
    write_text(w, end);
}

/* Members in ascending order, as everything in a token. */
static bool make_collateral(const struct dcap_case *c, struct span *out, struct err *err)
{
    const struct dcap_hashes *h = &c->in->collateral->hashes;
    struct writer w = writer_in(c->in->arena, 1024);
    uint8_t sum[SHA256_SIZE];
    struct span quote;

    if (!digest_sha256(c->in->crypto, c->in->evidence, sum, err))
        return false;
    quote = hex_dup(c->in->arena, span_of(sum, sizeof sum));
    if (!quote.p)
        return arena_fail(c->in->arena, err);
    write_text(&w, "{");
    write_hash(&w, "qeidcertshash", h->qe_id_certs, "\",");
    write_hash(&w, "qeidcrlhash", h->qe_id_crl, "\",");
    write_hash(&w, "qeidhash", h->qe_id, "\",");
    write_hash(&w, "quotehash", quote, "\",");
    write_hash(&w, "tcbinfocertshash", h->tcb_info_certs, "\",");
    write_hash(&w, "tcbinfocrlhash", h->tcb_info_crl, "\",");
    write_hash(&w, "tcbinfohash", h->tcb_info, "\"}");
    return writer_done(&w, out, err);
}

static bool make_object(const struct dcap_case *c, const struct json *json, struct span *out,
                        struct err *err)
{
    struct writer w = writer_in(c->in->arena, 256);

    if (!json)
        return true;
    json_write_sorted(&w, json);
    return writer_done(&w, out, err);
}

static bool make_ehd(const struct dcap_case *c, struct span *out, struct err *err)
{
    if (c->in->runtime_data.type != DATA_BINARY)
        return true;
    *out = b64_dup_url(c->in->arena, c->in->runtime_data.bytes);
    return out->p ? true : arena_fail(c->in->arena, err);
}

static bool make(const struct dcap_case *c, struct made *out, struct err *err)
{
    return make_ehd(c, &out->ehd, err) && make_collateral(c, &out->collateral, err) &&
           make_object(c, c->runtime, &out->runtime, err) &&
           make_object(c, c->inittime, &out->inittime, err);
}

static bool add_made(const struct dcap_case *c, const struct made *made, struct claim_set *incoming,
                     struct claim_set *outgoing, struct err *err)
{
    /* p is NULL where there is nothing to say; an empty text is something */
    if (made->ehd.p && (!claim_add_string(incoming, "x-ms-sgx-ehd", made->ehd, err) ||
                        !claim_add_string(outgoing, "x-ms-sgx-ehd", made->ehd, err) ||
                        !claim_add_string(outgoing, "maa-ehd", made->ehd, err) ||
                        !claim_add_string(outgoing, "aas-ehd", made->ehd, err)))
        return false;
    if (made->runtime.p && !claim_add_json(outgoing, "x-ms-runtime", made->runtime, err))
        return false;
    if (made->inittime.p && !claim_add_json(outgoing, "x-ms-inittime", made->inittime, err))
        return false;
    if (c->in->nonce.n > 0 && !claim_add_string(outgoing, "nonce", c->in->nonce, err))
        return false;
    return claim_add_json(outgoing, "x-ms-sgx-collateral", made->collateral, err) &&
           claim_add_json(outgoing, "maa-attestationcollateral", made->collateral, err);
}

static bool add_advisories(const struct dcap_case *c, struct claim_set *incoming, struct err *err)
{
    for (size_t i = 0; i < c->tcb->advisory_count; i++)
        if (!claim_add_string(incoming, "x-ms-sgx-tcb-advisory-ids", c->tcb->advisory_ids[i], err))
            return false;
    return true;
}

static bool is_said(const struct claim_def *def, unsigned side, bool has_kss)
{
    return (def->flags & side) && (has_kss || !(def->flags & CLAIM_KSS_ONLY));
}

static bool add_fields(const struct sgx_facts *facts, unsigned side, bool has_kss,
                       struct claim_set *set, struct err *err)
{
    for (size_t i = 0; i < sgx_claim_count; i++)
        if (is_said(&sgx_claims[i], side, has_kss) &&
            !claim_add_def(set, &sgx_claims[i], facts, err))
            return false;
    return true;
}

bool sgx_claims_make(const struct dcap_case *c, struct claim_set *incoming,
                     struct claim_set *outgoing, struct err *err)
{
    bool has_kss = c->quote.report.has_kss;
    struct made made = { 0 };
    struct sgx_facts facts;

    return facts_of(c, &facts, err) && make(c, &made, err) &&
           add_fields(&facts, CLAIM_INCOMING, has_kss, incoming, err) &&
           add_fields(&facts, CLAIM_OUTGOING, has_kss, outgoing, err) &&
           add_advisories(c, incoming, err) && add_made(c, &made, incoming, outgoing, err);
}
