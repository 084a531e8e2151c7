/* Real quotes with the collateral of their day, and what an independent implementation and Intel's
 * verifier said about them. */
#include "sgx.h"

#include "../../../tests/check.h"
#include "../../base/hex.h"
#include "../../base/when.h"
#include "../../format/json.h"
#include "../../format/pem.h"
#include "../dcap/case.h"

struct desk {
    struct crypto *crypto;
    struct arena arena, request;
    struct root_list roots;
    struct appraise_in in;
    struct appraisal out;
    struct dcap_collateral *collateral;
};

static void desk_init(struct desk *d)
{
    struct err e = { 0 };

    *d = (struct desk){ .roots = { &root_intel_sgx, 1 } };
    d->crypto = crypto_new(&e);
    CHECK_OK("crypto", d->crypto != NULL, e);
    d->arena = arena_over(64u << 20);
    d->request = arena_over(16u << 20);
    d->in = (struct appraise_in){
        .crypto = d->crypto, .arena = &d->request, .roots = &d->roots, .profile = TCB_ANY
    };
}

static void desk_fini(struct desk *d)
{
    dcap_collateral_free(d->collateral);
    arena_fini(&d->arena);
    arena_fini(&d->request);
    crypto_free(d->crypto);
}

/* A vector file kept in the desk's arena. */
static struct span desk_file(struct desk *d, const char *folder, const char *name)
{
    char path[256];
    struct span file, kept;

    snprintf(path, sizeof path, "sgx/%s%s%s", folder, folder[0] ? "/" : "", name);
    file = check_vector(path);
    if (file.n == 0)
        fail_msg("vector %s is not there", path);
    kept = arena_dup(&d->arena, file);
    free((void *)(uintptr_t)file.p);
    return kept;
}

static void desk_load(struct desk *d, const struct dcap_collateral_files *files)
{
    struct err e = { 0 };

    dcap_collateral_free(d->collateral);
    d->collateral = dcap_collateral_new(d->crypto, files, &d->roots, &e);
    CHECK_OK("collateral", d->collateral != NULL, e);
    d->in.collateral = d->collateral;
}

static void desk_load_folder(struct desk *d, const char *folder)
{
    const struct dcap_collateral_files files = {
        .tcb_info = desk_file(d, folder, "tcb_info.json"),
        .tcb_info_issuer_chain = desk_file(d, folder, "tcb_info_issuer_chain.pem"),
        .qe_identity = desk_file(d, folder, "qe_identity.json"),
        .qe_identity_issuer_chain = desk_file(d, folder, "qe_identity_issuer_chain.pem"),
        .pck_crl = desk_file(d, folder, "pck_crl.der"),
        .pck_crl_issuer_chain = desk_file(d, folder, "pck_crl_issuer_chain.pem"),
        .root_ca_crl = desk_file(d, folder, "root_ca_crl.der"),
    };

    desk_load(d, &files);
}

static const struct appraisal *desk_judge(struct desk *d, const char *row)
{
    struct err e = { 0 };

    arena_reset(&d->request);
    CHECK_OK(row, appraise(&d->in, &d->out, &e), e);
    return &d->out;
}

static const struct json *read_json(struct desk *d, const char *folder, const char *name)
{
    const struct json *json;
    struct err e = { 0 };

    CHECK_OK(name,
             json_parse(desk_file(d, folder, name), &json_limits_default, &d->arena, &json, &e), e);
    return json;
}

static struct span text_of(const char *row, const struct json *object, const char *name)
{
    const struct json *member = json_member(object, name);

    if (!member || member->type != JSON_STRING)
        fail_msg("row \"%s\": no text \"%s\"", row, name);
    return member->text;
}

static int64_t int_of(const char *row, const struct json *object, const char *name)
{
    int64_t v = 0;

    if (!json_to_int(json_member(object, name), &v))
        fail_msg("row \"%s\": no number \"%s\"", row, name);
    return v;
}

static void check_time(const char *row, int64_t got, struct span want)
{
    char text[WHEN_TEXT];

    CHECK_SPAN(row, span_str(when_str(got, text)), want);
}

static void check_hex(const char *row, struct span bytes, const struct json *object,
                      const char *name)
{
    uint8_t want[64];
    struct err e = { 0 };

    CHECK("room", bytes.n <= sizeof want);
    CHECK_OK(row, hex_read(text_of(row, object, name), want, bytes.n, &e), e);
    check_span_(row, name, bytes, span_of(want, bytes.n), __FILE__, __LINE__);
}

static struct span trail_detail(const struct appraisal *out, const char *name)
{
    for (size_t i = 0; i < out->trail.count; i++)
        if (strcmp(out->trail.entries[i].name, name) == 0)
            return span_str(out->trail.entries[i].detail);
    fail_msg("no row %s", name);
    return (struct span){ 0 };
}

static void check_tcb(const char *row, const struct appraisal *out, const struct json *want)
{
    const struct tcb_report *tcb = &out->tcb;
    const struct json *window = json_member(want, "collateral_window");
    const struct json *id = json_member(want, "advisory_ids")->child;

    CHECK(row, tcb->is_known);
    CHECK_SPAN(row, span_str(tcb->status), text_of(row, want, "status"));
    CHECK_SPAN(row, trail_detail(out, "platform_tcb_level"), text_of(row, want, "platform_status"));
    check_hex(row, tcb->fmspc, want, "fmspc");
    CHECK_INT(row, tcb->evaluation_data_number, int_of(row, want, "tcb_evaluation_data_number"));
    check_time(row, tcb->tcb_date, text_of(row, want, "tcb_date"));
    check_time(row, tcb->not_before, text_of(row, window, "not_before"));
    check_time(row, tcb->not_after, text_of(row, window, "not_after"));
    CHECK_SPAN(row, span_str(tcb->not_before_set_by), text_of(row, window, "not_before_set_by"));
    CHECK_SPAN(row, span_str(tcb->not_after_set_by), text_of(row, window, "not_after_set_by"));
    CHECK_INT(row, tcb->advisory_count, json_member(want, "advisory_ids")->count);
    for (size_t i = 0; i < tcb->advisory_count; i++, id = id->next)
        CHECK_SPAN(row, tcb->advisory_ids[i], id->text);
}

/* What a verdict does not show is read from the quote as the verifier reads it. */
static void check_platform(const char *row, struct desk *d, const struct json *want)
{
    struct dcap_container box;
    struct quote quote;
    struct certification certification;
    struct pck_chain ders;
    struct dcap_chain chain;
    const struct json *component = json_member(want, "pck_tcb_components")->child;
    struct err e = { 0 };

    CHECK_OK(row, dcap_container_open(d->in.kind, d->in.evidence, &box, &e), e);
    CHECK_OK(row, quote_parse(box.quote, &quote, &e), e);
    CHECK_INT(row, quote.header.version, int_of(row, want, "quote_version"));
    CHECK_INT(row, quote.certification_type, int_of(row, want, "certification_data_type"));
    CHECK_INT(row, quote.trailing_zeros, int_of(row, want, "trailing_bytes_after_auth_data"));
    CHECK_INT(row, quote.qe_report.isv_svn, int_of(row, want, "qe_isvsvn"));
    check_hex(row, quote.qe_report.mr_signer, want, "qe_mrsigner");
    CHECK_OK(row,
             certification_parse(quote.certification_type, quote.certification_data, &d->arena,
                                 &certification, &e),
             e);
    CHECK_OK(row, certification_chain(&certification, &d->arena, &ders, &e), e);
    CHECK_OK(row, dcap_chain_parse(&ders, &chain, &e), e);
    CHECK_SPAN(row, chain.intermediate.subject_cn, text_of(row, want, "pck_ca"));
    check_hex(row, span_of(chain.pck.ppid, 16), want, "ppid");
    check_hex(row, span_of(chain.pck.pce_id, 2), want, "pceid");
    check_hex(row, span_of(chain.pck.cpu_svn, 16), want, "pck_cpusvn");
    CHECK_INT(row, chain.pck.pcesvn, int_of(row, want, "pck_pcesvn"));
    CHECK_INT(row, chain.pck.sgx_type, int_of(row, want, "sgx_type"));
    CHECK_INT(row, d->collateral->tcb_info.version, int_of(row, want, "tcb_info_version"));
    for (size_t i = 0; i < TCB_COMPONENTS; i++, component = component->next) {
        int64_t svn = -1;

        CHECK(row, json_to_int(component, &svn) && svn == chain.pck.components[i]);
    }
}

static void check_report(const char *row, struct desk *d, const struct json *want)
{
    const struct json *fields = json_member(want, "report");
    struct dcap_container box;
    struct quote quote;
    struct err e = { 0 };

    CHECK_OK(row, dcap_container_open(d->in.kind, d->in.evidence, &box, &e), e);
    CHECK_OK(row, quote_parse(box.quote, &quote, &e), e);
    check_hex(row, quote.report.cpu_svn, fields, "cpusvn");
    check_hex(row, span_part(quote.body, 16, 4), fields, "misc");
    check_hex(row, quote.report.isv_ext_prod_id, fields, "extprod");
    check_hex(row, quote.report.attributes, fields, "attr");
    check_hex(row, quote.report.mr_enclave, fields, "mrenclave");
    check_hex(row, quote.report.mr_signer, fields, "mrsigner");
    check_hex(row, quote.report.config_id, fields, "configid");
    check_hex(row, quote.report.isv_family_id, fields, "familyid");
    check_hex(row, quote.report.report_data, fields, "reportdata");
    CHECK_INT(row, quote.report.isv_prod_id, int_of(row, fields, "prodid"));
    CHECK_INT(row, quote.report.isv_svn, int_of(row, fields, "svn"));
    CHECK_INT(row, quote.report.config_svn, int_of(row, fields, "configsvn"));
}

static void check_claim_text(const char *row, const struct claim_set *set, const char *name,
                             struct span want)
{
    const struct claim *claim = claim_find(set, span_str(name));

    if (!claim)
        fail_msg("row \"%s\": no claim %s", row, name);
    check_span_(row, name, claim->text, want, __FILE__, __LINE__);
}

static void check_claims(const char *row, const struct appraisal *out, const struct json *want)
{
    const struct json *fields = json_member(want, "report");
    const struct claim *debug = claim_find(&out->outgoing, span_str("x-ms-sgx-is-debuggable"));
    const struct claim *all = claim_find(&out->outgoing, span_str("x-ms-sgx-collateral"));
    char quote_hash[96];

    check_claim_text(row, &out->outgoing, "x-ms-sgx-mrenclave", text_of(row, fields, "mrenclave"));
    check_claim_text(row, &out->incoming, "$sgx-mrsigner", text_of(row, fields, "mrsigner"));
    check_claim_text(row, &out->outgoing, "x-ms-sgx-report-data",
                     text_of(row, fields, "reportdata"));
    CHECK(row, debug && debug->boolean == (json_member(want, "debug")->type == JSON_TRUE));
    CHECK_INT(row, out->is_debug, debug->boolean);
    snprintf(quote_hash, sizeof quote_hash, "\"quotehash\":\"%.64s\"",
             (const char *)text_of(row, want, "sha256_of_evidence").p);
    CHECK(row, all && strstr((const char *)all->text.p, quote_hash));
}

/* The runtime data that were recorded beside a quote are bound to it, and no others are. */
static void check_runtime(const char *row, struct desk *d, const struct json *test)
{
    const struct json *name = json_member(test, "runtime_data");
    struct span data;

    if (!name)
        return;
    data = desk_file(d, "", (const char *)arena_dup(&d->arena, name->text).p);
    d->in.runtime_data = (struct bound_data){ DATA_BINARY, data };
    CHECK(row, desk_judge(d, row)->is_accepted);
    d->in.runtime_data.bytes.n--;
    CHECK_TEXT(row, span_str(desk_judge(d, row)->reason), "runtime_data_mismatch");
    d->in.runtime_data = (struct bound_data){ 0 };
}

static const char *text_in(struct desk *d, const char *row, const struct json *object,
                           const char *name)
{
    return (const char *)arena_dup(&d->arena, text_of(row, object, name)).p;
}

static void check_case(struct desk *d, const struct json *test)
{
    const char *row = text_in(d, "case", test, "id");
    const struct json *want = json_member(test, "expect");
    const struct appraisal *out;

    desk_load_folder(d, text_in(d, row, test, "collateral"));
    d->in.kind = span_is(text_of(row, test, "kind"), "oe-report") ? EVIDENCE_OE : EVIDENCE_SGX;
    d->in.evidence = desk_file(d, "", text_in(d, row, test, "evidence"));
    d->in.now = int_of(row, test, "verify_at");
    out = desk_judge(d, row);
    CHECK_OK(row, out->is_accepted, out->err);
    check_tcb(row, out, want);
    check_claims(row, out, want);
    check_platform(row, d, want);
    check_report(row, d, want);
    check_runtime(row, d, test);
}

static void real_quotes_have_the_recorded_verdicts(void **state)
{
    struct desk d;
    const struct json *cases;

    (void)state;
    SKIP_WITHOUT_VECTORS();
    desk_init(&d);
    cases = read_json(&d, "", "cases.json");
    CHECK_INT("cases", cases->count, 13);
    for (const struct json *test = cases->child; test; test = test->next)
        check_case(&d, test);
    desk_fini(&d);
}

static void real_platforms_below_the_profile_are_refused_with_their_status(void **state)
{
    struct desk d;
    const struct appraisal *out;

    (void)state;
    SKIP_WITHOUT_VECTORS();
    desk_init(&d);
    desk_load_folder(&d, "collateral/00906ED50000-2025-05");
    d.in.evidence = desk_file(&d, "evidence", "q-906e-sample-release.bin");
    d.in.now = 1748736000;
    d.in.profile = TCB_AZURE;
    out = desk_judge(&d, "azure");
    CHECK("refused", !out->is_accepted && out->outgoing.count == 0 && out->incoming.count == 0);
    CHECK_TEXT("reason", span_str(out->reason), "tcb_status_not_accepted");
    CHECK_TEXT("status", span_str(out->tcb.status), "OutOfDate");
    CHECK("what is missing", out->tcb.short_count > 0 && out->tcb.remedy[0] != '\0');
    desk_fini(&d);
}

/* The five hashes that can be reproduced from a recorded answer of the service. */
static void collateral_hashes_are_those_that_the_service_was_observed_to_give(void **state)
{
    static const char *const names[] = { "qeidcertshash", "qeidcrlhash", "quotehash",
                                         "tcbinfocertshash", "tcbinfocrlhash" };
    struct desk d;
    const struct json *recorded, *made;
    const struct claim *claim;
    struct span whole;
    struct err e = { 0 };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    desk_init(&d);
    desk_load_folder(&d, "collateral/00906ED50000-2022-04");
    whole = desk_file(&d, "evidence", "oe-report-debug.bin");
    d.in.now = 1651363200;
    recorded = read_json(&d, "service-observed", "attest-claims.json");
    for (const struct json *one = recorded->child; one; one = one->next) {
        const struct json *claims = json_member(one, "claims");
        const struct json *want = json_member(claims, "x-ms-sgx-collateral");
        const char *row = text_in(&d, "recording", one, "recording");
        bool is_oe = strstr(row, "OpenEnclave") != NULL;

        /* the recordings of this enclave; the others are of one whose evidence is not public */
        if (!span_is(text_of(row, claims, "x-ms-sgx-mrenclave"),
                     "292a1f4b519e46627eb2478a3d9851405653c5b4b0a6925de843834d9216850e"))
            continue;
        d.in.kind = is_oe ? EVIDENCE_OE : EVIDENCE_SGX;
        d.in.evidence = is_oe ? whole : span_part(whole, 16, whole.n);
        claim = claim_find(&desk_judge(&d, row)->outgoing, span_str("x-ms-sgx-collateral"));
        CHECK(row, claim != NULL);
        CHECK_OK(row, json_parse(claim->text, &json_limits_default, &d.arena, &made, &e), e);
        CHECK_INT(row, made->count, 7);
        for (size_t i = 0; i < COUNT(names); i++)
            CHECK_SPAN(row, text_of(row, made, names[i]), text_of(row, want, names[i]));
    }
    desk_fini(&d);
}

static void load_alt_root(struct desk *d)
{
    const struct dcap_collateral_files files = {
        .tcb_info = desk_file(d, "alt-root", "tcbInfo.json"),
        .tcb_info_issuer_chain = desk_file(d, "alt-root", "tcbSignChain.pem"),
        .qe_identity = desk_file(d, "alt-root", "qeIdentity.json"),
        .qe_identity_issuer_chain = desk_file(d, "alt-root", "tcbSignChain.pem"),
        .pck_crl = desk_file(d, "alt-root", "intermediateCaCrl.der"),
        .pck_crl_issuer_chain = desk_file(d, "alt-root", "pckSignChain.pem"),
        .root_ca_crl = desk_file(d, "alt-root", "rootCaCrl.der"),
    };

    desk_load(d, &files);
}

/* The quote names its platform by PPID only; certification data are signed by nobody, so the chain
 * that belongs to it can be put in their place. */
static struct span with_chain(struct desk *d, struct span bytes)
{
    struct writer chain = writer_in(&d->arena, 8192), w = writer_in(&d->arena, 8192);
    struct quote quote;
    struct err e = { 0 };

    CHECK_OK("quote", quote_parse(bytes, &quote, &e), e);
    write_bytes(&chain, desk_file(d, "alt-root", "pckCert.pem"));
    write_text(&chain, "\n");
    write_bytes(&chain, desk_file(d, "alt-root", "pckSignChain.pem"));
    quote.certification_type = CERTIFICATION_PCK_CHAIN;
    quote.certification_data = writer_span(&chain);
    quote_write(&w, &quote);
    return writer_span(&w);
}

static void another_root_is_trusted_only_when_it_is_named(void **state)
{
    struct desk d;
    struct pem_block block[1];
    struct cert root;
    struct root_key key = { .name = "test root" };
    size_t count = 0;
    struct err e = { 0 };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    desk_init(&d);
    d.in.evidence = desk_file(&d, "alt-root", "quote.dat");
    d.in.now = 1704067200; /* 2024-01-01 */
    load_alt_root(&d);
    CHECK_TEXT("no certificate", span_str(desk_judge(&d, "as it is")->reason),
               "unsupported_certification_data");
    d.in.evidence = with_chain(&d, d.in.evidence);
    CHECK_TEXT("production pin", span_str(desk_judge(&d, "pin")->reason), "untrusted_root");
    CHECK_OK("root",
             pem_parse(desk_file(&d, "alt-root", "trustedRootCaCert.pem"), "CERTIFICATE", true, 1,
                       &d.arena, block, &count, &e),
             e);
    CHECK_OK("root", cert_parse(block[0].der, &root, &e), e);
    key.point = root.point;
    d.roots = (struct root_list){ &key, 1 };
    load_alt_root(&d);
    desk_judge(&d, "test root");
    CHECK_OK("test root", d.out.is_accepted, d.out.err);
    desk_fini(&d);
}

static void broken_reports_and_those_in_certificates_are_refused(void **state)
{
    static const char *const certs[] = { "sgx_cert_ec_bad.der", "sgx_cert_rsa_bad.der" };
    struct desk d;
    struct err e = { 0 };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    desk_init(&d);
    desk_load_folder(&d, "collateral/00906ED50000-2022-04");
    d.in.now = 1651363200;
    d.in.kind = EVIDENCE_OE;
    d.in.evidence = desk_file(&d, "negative", "sgx_report_bad.bin");
    CHECK("report", !desk_judge(&d, "report")->is_accepted);
    for (size_t i = 0; i < COUNT(certs); i++) {
        struct cert cert;
        struct carrier carrier;

        if (!cert_parse(desk_file(&d, "negative", certs[i]), &cert, &e) ||
            !carrier_find(&cert, &carrier, &e) || carrier.kind == CARRIER_NONE) {
            err_clear(&e);
            continue; /* refused before there was any evidence */
        }
        d.in.kind = carrier.kind == CARRIER_OE_REPORT ? EVIDENCE_OE : EVIDENCE_SGX;
        d.in.evidence = carrier.evidence;
        CHECK(certs[i], !desk_judge(&d, certs[i])->is_accepted);
    }
    desk_fini(&d);
}

TEST_MAIN(real_quotes_have_the_recorded_verdicts,
          real_platforms_below_the_profile_are_refused_with_their_status,
          collateral_hashes_are_those_that_the_service_was_observed_to_give,
          another_root_is_trusted_only_when_it_is_named,
          broken_reports_and_those_in_certificates_are_refused)
