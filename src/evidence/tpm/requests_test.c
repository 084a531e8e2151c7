/* Every request, quote, attestation key certificate and enclave of the reference vectors. */
#include "test_machine.h"

#include "../../base/hex.h"
#include "../../format/json.h"
#include "../../format/pem.h"

static struct machine machine;

static struct machine *again(void)
{
    if (!machine.crypto)
        machine_init(&machine);
    machine_again(&machine);
    return &machine;
}

static struct span vector(struct machine *m, const char *path)
{
    struct span file = check_vector(path), copy;

    CHECK(path, file.p != NULL);
    copy = arena_dup(&m->arena, file);
    free((void *)(uintptr_t)file.p);
    return copy;
}

static struct span in_folder(struct machine *m, const char *folder, const char *name)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return vector(m, path);
}

static const struct json *json_of(struct machine *m, const char *path)
{
    const struct json *root = NULL;
    struct err e = { 0 };

    CHECK_OK(path, json_parse(vector(m, path), NULL, &m->arena, &root, &e), e);
    return root;
}

static struct span der_of(struct machine *m, const char *path)
{
    struct pem_block block;
    size_t count = 0;
    struct err e = { 0 };

    CHECK_OK(path, pem_parse(vector(m, path), NULL, true, 1, &m->arena, &block, &count, &e), e);
    return block.der;
}

/* The lab's root as anchor, its issuing authority in the pool. */
static struct span pool[1];

static void with_lab(struct machine *m)
{
    struct cert root;
    struct err e = { 0 };

    CHECK_OK("root", cert_parse(der_of(m, "tpm/lab/ca/aik-root.pem"), &root, &e), e);
    m->anchor = (struct tpm_anchor){ "lab", root.subject, root.spki, true, false };
    pool[0] = der_of(m, "tpm/lab/ca/aik-issuing.pem");
    m->settings.intermediates = pool;
    m->settings.intermediate_count = 1;
}

static void check_refused(const char *row, const struct appraisal *v, const char *reason)
{
    if (v->is_accepted || strcmp(v->reason, reason) != 0)
        fail_msg("row \"%s\": %s at %s, expected %s", row, v->is_accepted ? "accepted" : v->reason,
                 v->err.path, reason);
}

/* ---------------------------------------------------------------- the lab's machines */

static void the_labs_requests_are_judged_as_their_page_says(void **state)
{
    static const char *const machines[] = { "sbon", "sboff", "snake" };
    static const struct {
        const char *name, *reason; /* reason with a certificate demanded; NULL: good */
        bool is_validated, is_good_without;
    } rows[] = {
        { "request-v1-basic.jws", NULL, true, true },
        { "request-v2-quote.jws", NULL, true, true },
        { "request-v2-quote-nocert.jws", "aik_certificate_missing", false, true },
        { "request-v2-unbound.jws", "unbound_request_key", false, false },
    };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    for (size_t k = 0; k < COUNT(machines); k++)
        for (size_t i = 0; i < COUNT(rows); i++) {
            struct machine *m = again();
            struct span request;
            const struct appraisal *v;
            char folder[64];

            with_lab(m);
            snprintf(folder, sizeof folder, "tpm/lab/%s", machines[k]);
            request = in_folder(m, folder, rows[i].name);
            v = machine_judge_bytes(m, request, EVIDENCE_TPM);
            if (rows[i].reason)
                check_refused(rows[i].name, v, rows[i].reason);
            else
                check_permitted(rows[i].name, v);
            m->settings.aik_cert_is_optional = true;
            v = machine_judge_bytes(m, request, EVIDENCE_TPM);
            CHECK_INT(rows[i].name, v->is_accepted, rows[i].is_good_without);
            if (!v->is_accepted)
                continue;
            CHECK_INT(rows[i].name, claim_of(v, "aikValidated")->boolean, rows[i].is_validated);
            CHECK_INT(machines[k], claim_of(v, "secureBootEnabled")->boolean, k != 1);
            CHECK("linux", !claim_of(v, "bootDebuggingDisabled")->boolean);
            CHECK("linux", claim_of(v, "notSafeMode")->boolean);
        }
}

static void check_claims(const char *row, const struct appraisal *v, const struct json *claims)
{
    CHECK(row, claims != NULL);
    for (const struct json *j = claims->child; j; j = j->next) {
        const struct claim *c = claim_find(&v->incoming, j->name);
        struct writer w = writer_in(v->incoming.arena, 64);

        CHECK(row, c != NULL);
        claim_write_value(&w, c);
        CHECK_SPAN(row, writer_span(&w), j->raw);
    }
}

static void requoted_machines_have_the_claims_of_their_page(void **state)
{
    static const char *const rows[] = { "dell-hibernation",         "desktop-mimu51j",
                                        "gcp-windows-legacy",       "latitude-7520",
                                        "lenovo-x1carbonv3-legacy", "lenovo-yogax1v2" };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct machine *m = again();
        const struct appraisal *v;
        char folder[96], expected[128];

        snprintf(folder, sizeof folder, "tpm/lab/requoted/%s", rows[i]);
        snprintf(expected, sizeof expected, "%s/expected.json", folder);
        m->settings.aik_cert_is_optional = true;
        v = machine_judge_bytes(m, in_folder(m, folder, "request-v2.jws"), EVIDENCE_TPM);
        check_permitted(rows[i], v);
        check_claims(rows[i], v, json_member(json_of(m, expected), "claims"));
        CHECK_INT(rows[i], claim_of(v, "bootEvents") != NULL, i == 0);
        CHECK_TEXT(rows[i], claim_of(v, "x-ms-tpm-quote-hash")->text, "sha256");
    }
}

/* A bank of SHA-1 alone is taken, unless it is not allowed. */
static void the_bank_of_sha1_can_be_refused(void **state)
{
    struct machine *m;

    (void)state;
    SKIP_WITHOUT_VECTORS();
    m = again();
    m->settings.aik_cert_is_optional = true;
    m->settings.refuses_sha1_bank = true;
    check_refused(
        "legacy",
        machine_judge_bytes(m, vector(m, "tpm/lab/requoted/gcp-windows-legacy/request-v2.jws"),
                            EVIDENCE_TPM),
        "sha1_not_allowed");
}

/* ---------------------------------------------------------------- with the lab's request key */

static struct signkey *key_of(struct machine *m, const char *path)
{
    struct err e = { 0 };
    struct signkey *k = signkey_read_pem(m->crypto, vector(m, path), &e);

    CHECK_OK(path, k != NULL, e);
    return k;
}

static struct span sign_with(struct machine *m, const char *key, struct span payload)
{
    struct signkey *saved = m->request;
    struct span out;

    m->request = key_of(m, key);
    out = machine_jws(m, payload);
    signkey_free(m->request);
    m->request = saved;
    return out;
}

/* The request of a resident key exists as a payload only, its key having stayed in its TPM. */
static void what_a_payload_alone_shows_is_read(void **state)
{
    static const char *const machines[] = { "sbon", "sboff", "snake" };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    for (size_t i = 0; i < COUNT(machines); i++) {
        struct machine *m = again();
        struct tpm_request q = { .form = TPM_FORM_SECOND };
        struct err e = { 0 };
        char path[96];

        snprintf(path, sizeof path, "tpm/lab/%s/request-v2-certify.payload.json", machines[i]);
        q.jws.payload = vector(m, path);
        CHECK_OK(path, tpm_request_read(&q, &m->arena, &e), e);
        CHECK_INT(path, q.request_key.binding, KEY_BY_CERTIFY);
        check_refused(path,
                      machine_judge_bytes(m,
                                          sign_with(m, "tpm/lab/request/reqkey.pem", q.jws.payload),
                                          EVIDENCE_TPM),
                      "request_signature");
    }
}

/* ---------------------------------------------------------------- Microsoft's certificates */

static void aik_certificates_are_judged_to_their_anchor(void **state)
{
    static const struct {
        const char *name, *reason;
        int64_t at;
        const char *manufacturer;
    } rows[] = {
        { "intel-wus", NULL, 1654041600, "id:494E5443" },
        { "nuvoton-eus-2018", NULL, 1577836800, "id:4E544300" },
        { "nuvoton-eus-2021", NULL, 1654041600, "id:4E544300" },
        { "nuvoton-eus-2022-ecc", NULL, 1654041600, "id:4E544300" },
        { "intel-wus", "ended", 1800000000, NULL },
        { "nuvoton-eus-2018", "begins", 1500000000, NULL },
    };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct machine *m = again();
        struct aik_path path;
        struct cert leaf;
        struct span issuer;
        struct err e = { 0 };
        bool is_signed = false, holds;
        char folder[96];

        snprintf(folder, sizeof folder, "tpm/aikcert/%s", rows[i].name);
        issuer = in_folder(m, folder, "issuer.der");
        m->settings = (struct tpm_settings){ .anchors = &anchor_microsoft_tpm,
                                             .anchor_count = 1,
                                             .intermediates = &issuer,
                                             .intermediate_count = 1 };
        CHECK_OK(folder, aik_leaf_parse(in_folder(m, folder, "aik.der"), &leaf, &e), e);
        CHECK_OK(folder, aik_path_find(m->crypto, &leaf, &m->settings, &path, &is_signed, &e), e);
        CHECK(folder, is_signed);
        CHECK_INT(folder, path.count, 2);
        CHECK_OK(folder, aik_path_check(&path, &e), e);
        holds = aik_path_begun(&path, rows[i].at, &e) && aik_path_lasts(&path, rows[i].at, &e);
        CHECK_INT(folder, holds, rows[i].reason == NULL);
        if (rows[i].reason)
            CHECK(folder, e.code == ERR_STALE && strstr(e.text, rows[i].reason));
        else
            CHECK_TEXT(folder, aik_manufacturer(&leaf), rows[i].manufacturer);
        m->settings.intermediate_count = 0;
        err_clear(&e);
        CHECK(folder, !aik_path_find(m->crypto, &leaf, &m->settings, &path, &is_signed, &e));
        CHECK_ERR(folder, e, ERR_UNTRUSTED, "");
    }
}

/* Their keys are certified: name and signature hold, over SHA-1 as real machines sign. */
static void statements_about_certified_keys_hold(void **state)
{
    static const char *const rows[] = { "intel-wus", "nuvoton-eus-2018", "nuvoton-eus-2021",
                                        "nuvoton-eus-2022-ecc", "fido-conformance-sha256" };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct machine *m = again();
        struct tpm_public area;
        struct tpm_attest a;
        struct cert leaf;
        struct span name = { 0 }, input;
        uint8_t sum[SHA256_SIZE];
        struct err e = { 0 };
        char folder[96];
        bool is_sha1 = i < 4;
        struct tpm_signature s = { .scheme = SCHEME_RSASSA,
                                   .hash = is_sha1 ? BANK_SHA1 : BANK_SHA256 };

        snprintf(folder, sizeof folder, "tpm/aikcert/%s", rows[i]);
        CHECK_OK(folder, aik_leaf_parse(in_folder(m, folder, "aik.der"), &leaf, &e), e);
        CHECK_OK(folder, tpm_public_parse(in_folder(m, folder, "key.tpmt_public"), &area, &e), e);
        CHECK_OK(folder, tpm_attest_parse(in_folder(m, folder, "certify.attest"), &a, &e), e);
        CHECK_OK(folder, tpm_public_name(m->crypto, &area, &m->arena, &name, &e), e);
        CHECK_SPAN(folder, a.name, name);
        input = in_folder(m, folder, "qualifying-input.bin");
        CHECK_OK(folder, digest(m->crypto, banks[s.hash].digest, &input, 1, sum, &e), e);
        CHECK_SPAN(folder, a.extra_data, span_of(sum, banks[s.hash].size));
        s.rsa = in_folder(m, folder, "certify.rsassa-raw.sig");
        CHECK_OK(folder, tpm_signature_check(m->crypto, &s, leaf.spki, a.bytes, &e), e);
    }
}

static void a_certificate_with_a_malformed_policy_is_refused(void **state)
{
    struct machine *m;
    struct cert leaf;
    struct err e = { 0 };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    m = again();
    CHECK("malformed",
          !aik_leaf_parse(vector(m, "tpm/aikcert/fido-conformance-sha1/aik.der"), &leaf, &e));
    CHECK_INT("malformed", e.code, ERR_MALFORMED);
}

/* ---------------------------------------------------------------- quotes by themselves */

static void check_quote(struct machine *m, const char *row, struct tpm_quote *q, struct span pcrs,
                        enum tpm_bank bank)
{
    struct err e = { 0 };

    for (size_t i = 0; i < PCR_COUNT; i++)
        q->pcrs.values[bank][i] = span_part(pcrs, i * banks[bank].size, banks[bank].size);
    CHECK_OK(row, quote_check_digest(m->crypto, q, &e), e);
    q->pcrs.values[bank][3] = q->pcrs.values[bank][4];
    CHECK(row, !quote_check_digest(m->crypto, q, &e));
    CHECK_ERR(row, e, ERR_UNTRUSTED, "");
}

static void pcr_digests_are_by_the_hash_of_the_scheme(void **state)
{
    static const struct {
        const char *folder, *attest, *sig, *pcrs;
        enum tpm_bank bank;
    } rows[] = {
        { "tpm/windows/gcp-shielded-vm", "quote.attest", "quote.sig", "pcrs-sha1.bin", BANK_SHA1 },
        { "tpm/lab/sbon", "quote-sha1.attest", "quote-sha1.sig", "pcrs-sha1.bin", BANK_SHA1 },
        { "tpm/lab/sbon", "quote-bound.attest", "quote-bound.sig", "pcrs-sha256.bin", BANK_SHA256 },
        { "tpm/lab/snake", "quote-ecc.attest", "quote-ecc.sig", "pcrs-sha256.bin", BANK_SHA256 },
        { "tpm/windows/latitude-7520", "quote.attest", "quote.sig", "pcrs-sha256.bin",
          BANK_SHA256 },
        { "tpm/windows/imn-dell-wbcl-bootctrs", "quote.attest", "quote.sig", "pcrs-sha256.bin",
          BANK_SHA256 },
        { "tpm/linux/gce-cos-85-nonce9009", "quote0.attest", "quote0.sig", "pcrs0-sha1.bin",
          BANK_SHA1 },
        { "tpm/linux/gce-cos-85-nonce9009", "quote1.attest", "quote1.sig", "pcrs1-sha256.bin",
          BANK_SHA256 },
    };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct machine *m = again();
        struct tpm_quote q = { 0 };
        struct err e = { 0 };

        CHECK_OK(rows[i].folder,
                 tpm_attest_parse(in_folder(m, rows[i].folder, rows[i].attest), &q.attest, &e), e);
        CHECK_OK(rows[i].folder,
                 tpm_signature_parse(in_folder(m, rows[i].folder, rows[i].sig), &q.signature, &e),
                 e);
        check_quote(m, rows[i].folder, &q, in_folder(m, rows[i].folder, rows[i].pcrs),
                    rows[i].bank);
    }
}

static void windows_frames_are_read_and_written_again(void **state)
{
    static const char *const machines[] = { "sbon", "sboff", "snake" };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    for (size_t i = 0; i < COUNT(machines); i++) {
        struct machine *m = again();
        struct writer w = writer_in(&m->arena, 2048);
        struct quote_parts p;
        struct span bytes;
        struct err e = { 0 };
        char folder[64];

        snprintf(folder, sizeof folder, "tpm/lab/%s", machines[i]);
        bytes = in_folder(m, folder, "platform-claim.bin");
        CHECK_OK(folder, platform_claim_parse(bytes, &p, &e), e);
        CHECK_SPAN(folder, p.statement, in_folder(m, folder, "quote-raw.attest"));
        CHECK_SPAN(folder, p.frame_values, in_folder(m, folder, "pcrs-sha256.bin"));
        platform_claim_write(&w, &p);
        CHECK_SPAN(folder, writer_span(&w), bytes);
    }
}

static void qualifying_data_are_those_of_the_lab(void **state)
{
    struct machine *m;
    uint8_t made[SHA512_SIZE];
    struct err e = { 0 };
    size_t n = 0;

    (void)state;
    SKIP_WITHOUT_VECTORS();
    m = again();
    CHECK_OK("lab",
             quote_qualify(m->crypto, span_str("sha-256"), vector(m, "tpm/lab/request/jwk.json"),
                           vector(m, "tpm/lab/request/challenge.bin"), made, &n, &e),
             e);
    CHECK_SPAN("lab", span_of(made, n), vector(m, "tpm/lab/request/qualifying.bin"));
}

/* ---------------------------------------------------------------- synthetic boots and enclaves */

static void put_values(struct writer *w, struct span pcrs)
{
    write_text(w, ",\"pcrs\":[{\"algorithm\":11,\"values\":[");
    for (uint32_t i = 0; i < PCR_COUNT; i++) {
        write_format(w, "%s{\"index\":%u,", i ? "," : "", i);
        put_b64(w, "\"digest\":", span_part(pcrs, i * SHA256_SIZE, SHA256_SIZE));
        write_text(w, "}");
    }
    write_text(w, "]}]");
}

/* The folder's log and quote in a request, signed by the key that its quote is bound to. */
static struct span request_of_boot(struct machine *m, const char *folder)
{
    struct writer w = writer_in(&m->arena, 16 * 1024), data = writer_in(&m->arena, 16 * 1024);
    struct spki key;
    struct tpm_public area;
    struct err e = { 0 };

    CHECK_OK("aik", tpm_public_parse(vector(m, "vbs/synthetic/aik.tpmt_public"), &area, &e), e);
    CHECK_OK("aik", tpm_public_key(&area, &m->arena, &key, &e), e);
    put_b64(&data, "{\"challenge\":", vector(m, "vbs/synthetic/challenge.bin"));
    write_text(&data, ",\"tpm_att_data\":{\"current_attestation\":{\"logs\":[{\"type\":\"TCG\",");
    put_b64(&data, "\"log\":", in_folder(m, folder, "log.bin"));
    put_b64(&data, "}],\"aik_pub\":{\"kty\":\"RSA\",\"n\":", key.modulus);
    put_b64(&data, ",\"e\":", key.exponent);
    write_text(&data, "}");
    put_values(&data, in_folder(m, folder, "pcrs-sha256.bin"));
    put_b64(&data, ",\"quote\":", in_folder(m, folder, "quote.attest"));
    put_b64(&data, ",\"signature\":", in_folder(m, folder, "quote.sig"));
    write_text(&data, "}},\"request_key\":{\"jwk\":");
    write_bytes(&data, vector(m, "vbs/synthetic/request-jwk.json"));
    write_text(&data, ",\"info\":{\"tpm_quote\":{\"hash_alg\":\"sha-256\"}}}}");
    write_text(&w, "{\"att_type\":\"basic\",\"att_data\":");
    write_bytes(&w, writer_span(&data));
    write_text(&w, "}");
    return sign_with(m, "vbs/synthetic/keys/request.pem", writer_span(&w));
}

static void synthetic_boots_are_judged_as_their_page_says(void **state)
{
    static const struct {
        const char *name, *reason;
    } rows[] = {
        { "boot-secure", NULL },
        { "boot-relaxed", NULL },
        { "boot-late-debug", NULL },
        { "boot-absent", NULL },
        { "boot-no-idks", NULL },
        { "boot-two-idks", "idks_conflict" },
        { "boot-two-secureboot-vars", NULL },
        { "boot-after-separator", "event_after_separator" },
        { "boot-data-not-hashed", "event_data_mismatch" },
    };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct machine *m = again();
        const struct appraisal *v;
        const struct json *claims;
        char folder[96], expected[128];

        snprintf(folder, sizeof folder, "vbs/synthetic/%s", rows[i].name);
        snprintf(expected, sizeof expected, "%s/expected.json", folder);
        m->settings.aik_cert_is_optional = true;
        v = machine_judge_bytes(m, request_of_boot(m, folder), EVIDENCE_TPM);
        if (rows[i].reason) {
            check_refused(rows[i].name, v, rows[i].reason);
            continue;
        }
        check_permitted(rows[i].name, v);
        claims = json_member(json_of(m, expected), "claims");
        if (claims)
            check_claims(rows[i].name, v, claims);
    }
}

static void requests_of_enclaves_are_judged_as_their_page_says(void **state)
{
    static const struct {
        const char *name, *reason;
    } rows[] = {
        { "v1-good", NULL },
        { "v2-good", NULL },
        { "v1-respaced", "enclave_data_mismatch" },
        { "v2-respaced", "enclave_data_mismatch" },
    };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct machine *m = again();
        const struct appraisal *v;
        char path[128];

        snprintf(path, sizeof path, "vbs/synthetic/requests/%s.jws", rows[i].name);
        m->settings.aik_cert_is_optional = true;
        v = machine_judge_bytes(m, vector(m, path), EVIDENCE_VBS);
        if (rows[i].reason) {
            check_refused(rows[i].name, v, rows[i].reason);
            continue;
        }
        check_permitted(rows[i].name, v);
        check_claims(rows[i].name, v,
                     json_member(json_of(m, "vbs/synthetic/requests/expected.json"), "claims"));
        check_claims(
            rows[i].name, v,
            json_member(json_of(m, "vbs/synthetic/reports/expected.json"), "claims_of_good"));
    }
}

TEST_MAIN(the_labs_requests_are_judged_as_their_page_says,
          requoted_machines_have_the_claims_of_their_page, the_bank_of_sha1_can_be_refused,
          what_a_payload_alone_shows_is_read, aik_certificates_are_judged_to_their_anchor,
          statements_about_certified_keys_hold, a_certificate_with_a_malformed_policy_is_refused,
          pcr_digests_are_by_the_hash_of_the_scheme, windows_frames_are_read_and_written_again,
          qualifying_data_are_those_of_the_lab, synthetic_boots_are_judged_as_their_page_says,
          requests_of_enclaves_are_judged_as_their_page_says)
