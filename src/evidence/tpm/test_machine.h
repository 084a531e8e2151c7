/*
 * test_machine - a machine of software, whole: its parts put into requests, and judged
 *
 * Shape    machine_init, changes to machine.wish, machine_judge
 */
#ifndef CUPEL_EVIDENCE_TPM_TEST_MACHINE_H
#define CUPEL_EVIDENCE_TPM_TEST_MACHINE_H

#include "test_machine_parts.h"

/* ---------------------------------------------------------------- JSON */

static inline void put_b64(struct writer *w, const char *before, struct span bytes)
{
    write_text(w, before);
    write_u8(w, '"');
    b64_write_url(w, bytes);
    write_u8(w, '"');
}

static inline struct span machine_jwk(struct machine *m, const struct signkey *k)
{
    struct spki parts = machine_parts(m, k);
    struct writer w = writer_in(&m->arena, 512);
    size_t half = parts.point.n / 2;

    if (parts.kind == SPKI_RSA) {
        put_b64(&w, "{\"kty\":\"RSA\",\"n\":", parts.modulus);
        put_b64(&w, ", \"e\":", parts.exponent);
    } else {
        put_b64(&w, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":", span_part(parts.point, 0, half));
        put_b64(&w, ",\"y\":", span_part(parts.point, half, half));
    }
    write_text(&w, "}");
    return writer_span(&w);
}

static inline struct span machine_weak_jwk(struct machine *m)
{
    struct writer w = writer_in(&m->arena, 512);

    put_b64(&w, "{\"kty\":\"RSA\",\"n\":", machine_parts(m, m->request).modulus);
    write_text(&w, ",\"e\":\"Aw\"}");
    return writer_span(&w);
}

static inline struct span machine_request_jwk(struct machine *m)
{
    if (m->wish.has_weak_key)
        return machine_weak_jwk(m);
    return machine_jwk(m, m->request);
}

static inline const char *machine_challenge(const struct machine *m)
{
    return m->wish.challenge ? m->wish.challenge : MACHINE_CHALLENGE;
}

static inline void put_pcrs(struct writer *w, const struct machine *m,
                            const struct machine_quote *q)
{
    const char *comma = "";

    write_text(w, ",\"pcrs\":[{\"algorithm\":11,\"values\":[");
    for (uint32_t i = 0; i < PCR_COUNT; i++) {
        if (!(q->mask & 1u << i) || (m->wish.misses_value && i == 9))
            continue;
        write_format(w, "%s{\"index\":%u,", comma, i);
        put_b64(w, "\"digest\":", span_of(q->pcrs[i], SHA256_SIZE));
        write_text(w, "}");
        comma = ",";
    }
    write_text(w, "]}]");
}

static inline void put_aik(struct writer *w, struct machine *m)
{
    const struct machine_cert *x = &m->wish.cert;

    if (x->is_garbage)
        put_b64(w, "\"aik_cert\":", span_str("no certificate"));
    else if (!x->is_none)
        put_b64(w, "\"aik_cert\":", machine_certificate(m));
    if (m->wish.has_no_pub)
        return;
    write_text(w, x->is_none && !x->is_garbage ? "\"aik_pub\":" : ",\"aik_pub\":");
    write_bytes(w, machine_jwk(m, machine_aik(m)));
}

static inline void put_attestation(struct writer *w, struct machine *m,
                                   const struct machine_quote *q)
{
    write_text(w, "{\"logs\":[{\"type\":\"TCG\",");
    put_b64(w, "\"log\":", q->log);
    write_text(w, "}],");
    put_aik(w, m);
    put_pcrs(w, m, q);
    put_b64(w, ",\"quote\":", q->statement);
    put_b64(w, ",\"signature\":", q->signature);
    write_text(w, "}");
}

static inline struct span machine_claim(struct machine *m, const struct machine_quote *q)
{
    struct writer w = writer_in(&m->arena, 2048);
    struct quote_parts p = { .statement = q->statement,
                             .signature = q->signature,
                             .frame_bank = TPM_ALG_SHA256,
                             .frame_values = { q->pcrs[0], sizeof q->pcrs } };

    platform_claim_write(&w, &p);
    if (m->wish.spoils_claim)
        write_u8(&w, 0);
    return writer_span(&w);
}

/* ---------------------------------------------------------------- certified keys */

static inline struct span machine_area(struct machine *m, const struct signkey *k)
{
    struct tpm_public p = { .type = TPM_ALG_RSA,
                            .name_alg = TPM_ALG_SHA256,
                            .attributes = m->wish.certifies_restricted ? 0x00050072 : 0x00040072,
                            .symmetric = TPM_ALG_NULL,
                            .scheme = TPM_ALG_NULL,
                            .key_bits = 2048,
                            .modulus = machine_parts(m, k).modulus };
    struct writer w = writer_in(&m->arena, 400);

    tpm_public_write(&w, &p);
    return writer_span(&w);
}

static inline void put_certified(struct writer *w, struct machine *m, const struct signkey *k)
{
    static const uint8_t signer[34] = { 0x00, 0x0B, 1 };
    struct span area = machine_area(m, k), statement;
    struct tpm_public p;
    struct tpm_attest a = { .type = TPM_ATTEST_CERTIFY, .is_safe = true };
    struct err e = { 0 };

    CHECK_OK("area", tpm_public_parse(area, &p, &e), e);
    CHECK_OK("name", tpm_public_name(m->crypto, &p, &m->arena, &a.name, &e), e);
    if (m->wish.spoils_certify)
        a.name = machine_edit(m, a.name, 20, 1);
    a.signer = a.qualified_name = span_of(signer, sizeof signer);
    a.extra_data = m->wish.certifies_other_challenge ? span_str("another challenge")
                                                     : span_str(machine_challenge(m));
    statement = machine_statement(m, &a);
    put_b64(w, "{\"tpm_certify\":{\"public\":", area);
    put_b64(w, ",\"certification\":", statement);
    put_b64(w, ",\"signature\":", machine_tpm_signature(m, statement));
    write_text(w, "}}");
}

static inline void put_request_key(struct writer *w, struct machine *m)
{
    write_text(w, ",\"request_key\":{\"jwk\":");
    write_bytes(w, machine_request_jwk(m));
    write_text(w, ",\"info\":");
    if (m->wish.binding)
        write_text(w, m->wish.binding);
    else if (m->wish.is_certified)
        put_certified(w, m, m->request);
    else
        write_format(w, "{\"tpm_quote\":{\"hash_alg\":\"%s\"}}",
                     m->wish.hash_alg ? m->wish.hash_alg : "sha-256");
    write_text(w, "}");
}

static inline void put_other_keys(struct writer *w, struct machine *m)
{
    if (m->wish.has_bad_other_key)
        write_text(w, ",\"other_keys\":[{\"jwk\":{\"kty\":\"oct\",\"k\":\"AA\"}}]");
    if (!m->wish.has_other_key)
        return;
    write_text(w, ",\"other_keys\":[{\"jwk\":");
    write_bytes(w, machine_jwk(m, m->resident));
    write_text(w, ",\"info\":");
    put_certified(w, m, m->resident);
    write_text(w, "}]");
}

/* ---------------------------------------------------------------- requests */

static inline struct span machine_qualified(struct machine *m)
{
    struct span jwk = machine_request_jwk(m), name = span_str("sha-256");
    uint8_t *out = arena_alloc(&m->arena, SHA512_SIZE, 1);
    struct err e = { 0 };
    size_t n = 0;

    if (m->wish.form == TPM_FORM_FIRST || m->wish.is_certified || m->wish.binding)
        return span_str(machine_challenge(m));
    CHECK_OK("qualify",
             quote_qualify(m->crypto, name, jwk, span_str(machine_challenge(m)), out, &n, &e), e);
    return span_of(out, n);
}

/* The boot before four hibernations: one reset less for each. */
static inline struct machine_quote machine_boot_quote(struct machine *m)
{
    struct machine_wish saved = m->wish;
    struct machine_quote q;

    m->wish.quirk = QUIRK_NONE;
    m->wish.reset_count = saved.reset_count ? saved.reset_count - 4 : 96;
    m->wish.counter = 96;
    m->wish.clock = 1000;
    m->wish.extra_data = span_str("");
    q = machine_quote(m, span_str(""));
    m->wish = saved;
    return q;
}

static inline void put_first(struct writer *w, struct machine *m)
{
    struct machine_quote q = machine_quote(m, machine_qualified(m)), boot;

    write_text(w, "\"tpm_att_data\":{");
    if (m->wish.has_boot) {
        boot = machine_boot_quote(m);
        put_b64(w, "\"srtm_boot_log\":", boot.log);
        put_b64(w, ",\"srtm_resume_log\":", q.log);
        put_b64(w, ",\"boot_claim\":", machine_claim(m, &boot));
    } else {
        put_b64(w, "\"srtm_boot_log\":", q.log);
    }
    write_text(w, ",");
    put_aik(w, m);
    put_b64(w, ",\"current_claim\":", machine_claim(m, &q));
    write_text(w, "},\"attest_key\":");
    write_bytes(w, machine_request_jwk(m));
}

static inline void put_second(struct writer *w, struct machine *m)
{
    struct machine_quote q = machine_quote(m, machine_qualified(m)), boot;

    write_text(w, "\"tpm_att_data\":{\"current_attestation\":");
    put_attestation(w, m, &q);
    if (m->wish.has_boot) {
        boot = machine_boot_quote(m);
        write_text(w, ",\"boot_attestation\":");
        put_attestation(w, m, &boot);
    }
    write_text(w, "}");
    put_request_key(w, m);
    put_other_keys(w, m);
}

static inline struct span machine_data(struct machine *m)
{
    struct writer w = writer_in(&m->arena, 64 * 1024);

    write_text(&w, "{\"rp_id\":\"https://relying.example\",\"rp_data\":\"" MACHINE_RP_DATA "\",");
    put_b64(&w, "\"challenge\":", span_str(machine_challenge(m)));
    write_text(&w, ",");
    if (m->wish.form == TPM_FORM_FIRST)
        put_first(&w, m);
    else
        put_second(&w, m);
    write_text(&w,
               ",\"custom_claims\":[{\"name\":\"site\",\"value\":\"7\",\"value_type\":\"int\"}]");
    put_b64(&w, ",\"service_context\":", m->wish.context);
    if (m->wish.quirk == QUIRK_TOO_LARGE) {
        write_text(&w, ",\"padding\":\"");
        write_fill(&w, 'x', TPM_REQUEST_MAX);
        write_text(&w, "\"");
    }
    write_text(&w, m->wish.extra ? m->wish.extra : "");
    write_text(&w, "}");
    return writer_span(&w);
}

/* ---------------------------------------------------------------- enclaves */

static inline struct span machine_sum(struct machine *m, const char *word)
{
    uint8_t *sum = arena_alloc(&m->arena, SHA256_SIZE, 1);
    struct err e = { 0 };

    CHECK_OK(word, digest_sha256(m->crypto, span_str(word), sum, &e), e);
    return span_of(sum, SHA256_SIZE);
}

static inline struct span machine_enclave_statement(struct machine *m, struct span data)
{
    static const uint8_t family[16] = { 0xFE, 0xFE }, image[16] = { 1, 1 };
    const struct machine_wish *x = &m->wish;
    struct vbs_module modules[] = {
        { machine_sum(m, "unique"),
          machine_sum(m, x->spoils_module ? "thief" : "author"),
          { family, 16 },
          { image, 16 },
          3,
          test_utf16(&m->arena, "labenclave.dll") },
        { machine_sum(m, "vertdll"),
          machine_sum(m, "system"),
          { family, 16 },
          { image, 16 },
          1,
          test_utf16(&m->arena, "vertdll.dll") },
    };
    struct vbs_report r = {
        .version = x->report_version ? x->report_version : VBS_REPORT_VERSION,
        .data = data,
        .identity = { machine_sum(m, "owner"),
                      machine_sum(m, "unique"),
                      machine_sum(m, "author"),
                      { family, 16 },
                      { image, 16 },
                      3,
                      1,
                      5,
                      x->flags,
                      0,
                      x->enclave_type ? x->enclave_type : VBS_ENCLAVE_TYPE },
        .modules = modules,
        .module_count = COUNT(modules),
    };
    struct writer w = writer_in(&m->arena, 1024);

    vbs_report_write(&w, &r);
    if (x->block)
        w.p[224] = (uint8_t)x->block;
    if (x->cuts_statement)
        w.n -= 1;
    return writer_span(&w);
}

static inline struct span machine_package(struct machine *m, struct span report_signed)
{
    const struct machine_wish *x = &m->wish;
    uint8_t sum[SHA512_SIZE];
    struct writer w = writer_in(&m->arena, 2048);
    struct vbs_package p = { .version = x->package_version ? x->package_version : 1,
                             .scheme = x->scheme ? x->scheme : VBS_SCHEME_PSS };
    struct err e = { 0 };

    CHECK_OK("data", digest(m->crypto, DIGEST_SHA512, &report_signed, 1, sum, &e), e);
    sum[63] ^= x->spoils_data;
    p.statement = machine_enclave_statement(m, span_of(sum, sizeof sum));
    p.signature = machine_sign(m, x->signs_with_idk ? m->idk : m->idks, SIG_PS256, p.statement);
    vbs_package_write(&w, &p);
    if (x->cuts_package)
        w.n -= 1;
    return writer_span(&w);
}

static inline struct span machine_payload(struct machine *m)
{
    struct span data = machine_data(m), package = { 0 };
    struct writer w = writer_in(&m->arena, data.n + 4096);
    bool is_second = m->wish.form == TPM_FORM_SECOND;

    write_format(&w, "{\"att_type\":\"%s\",\"att_data\":",
                 m->wish.att_type ? m->wish.att_type
                 : m->wish.is_vbs ? "vbs"
                                  : "basic");
    if (!m->wish.is_vbs) {
        write_bytes(&w, data);
    } else {
        package = machine_package(m, data);
        write_text(&w, "{\"report_signed\":");
        write_bytes(&w, data);
        put_b64(&w, is_second ? ",\"vsm_report\":{\"enclave\":{\"report\":" : ",\"vsm_report\":",
                package);
        write_text(&w, is_second ? "}}}" : "}");
    }
    write_text(&w, "}");
    return writer_span(&w);
}

static inline struct span machine_jws(struct machine *m, struct span payload)
{
    struct writer w = writer_in(&m->arena, payload.n * 3), header = writer_in(&m->arena, 64);
    struct span signature;

    write_format(&header, "{\"alg\":\"%s\",\"typ\":\"%s\"}", m->wish.alg ? m->wish.alg : "PS256",
                 m->wish.typ                       ? m->wish.typ
                 : m->wish.form == TPM_FORM_SECOND ? "attReqV2"
                                                   : "attReq");
    b64_write_url(&w, writer_span(&header));
    write_u8(&w, '.');
    b64_write_url(&w, payload);
    signature = machine_sign(m, m->request, SIG_PS256, writer_span(&w));
    if (m->wish.spoils_signature)
        signature = machine_edit(m, signature, 7, 1);
    write_u8(&w, '.');
    b64_write_url(&w, signature);
    return writer_span(&w);
}

static inline struct span machine_request(struct machine *m)
{
    return machine_jws(m, machine_payload(m));
}

/* ---------------------------------------------------------------- judging */

static inline void machine_init(struct machine *m)
{
    struct err e = { 0 };

    *m = (struct machine){ .crypto = crypto_new(&e), .arena = arena_over(256u << 20) };
    CHECK_OK("crypto", m->crypto != NULL, e);
    m->aik = machine_key(m->crypto, SIGNKEY_RSA2048);
    m->aik_ecc = machine_key(m->crypto, SIGNKEY_P256);
    m->request = machine_key(m->crypto, SIGNKEY_RSA2048);
    m->resident = machine_key(m->crypto, SIGNKEY_RSA2048);
    m->idks = machine_key(m->crypto, SIGNKEY_RSA2048);
    m->idk = machine_key(m->crypto, SIGNKEY_RSA2048);
    m->ca = machine_key(m->crypto, SIGNKEY_RSA2048);
    m->other = machine_key(m->crypto, SIGNKEY_RSA2048);
}

/* Everything as it should be: the second form, a certificate under an anchor that is held. */
static inline void machine_again(struct machine *m)
{
    arena_fini(&m->arena);
    m->arena = arena_over(256u << 20);
    m->wish = (struct machine_wish){ .form = TPM_FORM_SECOND };
    m->anchor = (struct tpm_anchor){ .name = "the test's root",
                                     .subject = machine_name(m, "AIK Root"),
                                     .spki = machine_spki(m, m->ca) };
    m->settings = (struct tpm_settings){ .anchors = &m->anchor,
                                         .anchor_count = 1,
                                         .instance_url = span_str("https://x.example") };
}

static inline void machine_fini(struct machine *m)
{
    struct signkey *keys[] = { m->aik,  m->aik_ecc, m->request, m->resident,
                               m->idks, m->idk,     m->ca,      m->other };

    for (size_t i = 0; i < COUNT(keys); i++)
        signkey_free(keys[i]);
    arena_fini(&m->arena);
    crypto_free(m->crypto);
}

/* The verdict, in the machine's arena. */
static inline struct appraisal *machine_judge_bytes(struct machine *m, struct span request,
                                                    enum evidence_kind kind)
{
    struct appraisal *out = ARENA_NEW(&m->arena, struct appraisal);
    struct appraise_in in = { .kind = kind,
                              .evidence = request,
                              .now = MACHINE_NOW,
                              .crypto = m->crypto,
                              .arena = &m->arena,
                              .tpm = &m->settings };
    struct err e = { 0 };

    CHECK_OK("appraise", appraise(&in, out, &e), e);
    return out;
}

static inline struct appraisal *machine_judge(struct machine *m)
{
    return machine_judge_bytes(m, machine_request(m), m->wish.is_vbs ? EVIDENCE_VBS : EVIDENCE_TPM);
}

static inline void check_permitted(const char *row, const struct appraisal *v)
{
    if (!v->is_accepted)
        fail_msg("row \"%s\": refused: %s: %s: %s", row, v->reason, v->err.path, v->err.text);
}

static inline const struct claim *claim_of(const struct appraisal *v, const char *name)
{
    return claim_find(&v->incoming, span_str(name));
}

#endif
