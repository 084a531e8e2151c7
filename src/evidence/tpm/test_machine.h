/*
 * test_machine - a machine made of software for the tests of this room and of enclaves: it boots,
 * quotes, certifies keys and sends requests, right or wrong as the wish says
 *
 * Owns     its keys, one crypto context and one arena; keys are made once for a process
 */
#ifndef CUPEL_EVIDENCE_TPM_TEST_MACHINE_H
#define CUPEL_EVIDENCE_TPM_TEST_MACHINE_H

#include "../../base/b64.h"
#include "../../crypto/signkey.h"
#include "../../format/der.h"
#include "../appraise.h"
#include "../vbs/report.h"
#include "case.h"
#include "test_log.h"
#include "tpm.h"

/* What the log says that a good one would not. */
enum machine_quirk {
    QUIRK_NONE,
    QUIRK_NO_IDKS,
    QUIRK_TWO_IDKS,
    QUIRK_SHORT_IDKS,
    QUIRK_GENERATION_FAULT,
    QUIRK_NOT_LAUNCHED,
    QUIRK_AFTER_WBCL,
    QUIRK_LOOSE_DATA,
    QUIRK_TWO_SEPARATORS,
    QUIRK_STRANGE_EVENT,
    QUIRK_FLAG_OF_TWO,
    QUIRK_NOTHING_IN_PCR0,
    QUIRK_CUT,
    QUIRK_TOO_LARGE,
    QUIRK_LARGE_EVENT,
    QUIRK_RESUMED,
};

/* What certificate vouches for the attestation key. */
struct machine_cert {
    bool is_none;
    bool is_garbage;
    bool is_of_other_key;
    bool is_of_other_issuer;
    bool is_signed_by_other;
    bool is_revoked;
    const char *purpose;  /* extended key usage; NULL: that of attestation keys */
    const char *policy;   /* or NULL */
    const char *critical; /* an extension nobody knows; or NULL */
    bool is_ca, has_no_usage, has_no_critical_name;
    int64_t from, to; /* 0: 2020 to 2040 */
};

struct machine_wish {
    enum tpm_form form;
    bool is_vbs, has_boot, is_certified, has_other_key;
    bool has_no_pub;
    const char *alg, *typ, *att_type; /* NULL: the right ones */
    const char *hash_alg;             /* of the key's binding; NULL: sha-256 */
    const char *binding;              /* `info` as JSON; NULL: the right one */
    const char *extra;                /* members added to att_data, with a comma in front */
    bool spoils_signature;            /* of the JWS */
    bool has_weak_key;                /* in attest_key or request_key: exponent 3 */
    bool has_bad_other_key;
    const char *challenge; /* 32 characters */
    struct span context;
    enum machine_quirk quirk;
    struct machine_cert cert;
    bool is_ecc;          /* the attestation key */
    uint16_t scheme_id;   /* 0: RSASSA or ECDSA */
    uint16_t hash_id;     /* 0: SHA-256 */
    uint32_t magic;       /* 0: the right one */
    uint16_t attest_type; /* 0: a quote */
    struct span extra_data;
    uint32_t mask; /* PCRs selected; 0: all */
    bool selects_nothing;
    bool spoils_quote;   /* a byte of the statement after signing */
    bool spoils_value;   /* a PCR value after quoting */
    bool spoils_pcr;     /* a PCR before quoting */
    bool misses_value;   /* one value of `pcrs` */
    bool spoils_claim;   /* the platform claim's length */
    bool spoils_certify; /* the certified key's name */
    bool certifies_other_challenge, certifies_restricted;
    uint32_t reset_count;
    uint64_t clock;
    uint64_t counter; /* Windows' count of boots; 0: 100 */
    /* the enclave's report */
    uint32_t package_version, report_version, scheme, enclave_type, block; /* 0: the right ones */
    bool cuts_package, cuts_statement, spoils_module, signs_with_idk, spoils_data;
    uint32_t flags;
};

struct machine {
    struct crypto *crypto;
    struct arena arena;
    struct signkey *aik, *aik_ecc, *request, *resident, *idks, *idk, *ca, *other;
    struct tpm_anchor anchor;
    struct span crl;
    struct tpm_settings settings;
    struct machine_wish wish;
};

#define MACHINE_CHALLENGE "0123456789abcdef0123456789abcdef"
#define MACHINE_NOW       1700000000
#define MACHINE_RP_DATA   "cnAgbm9uY2U"

/* ---------------------------------------------------------------- keys */

static inline struct signkey *machine_key(struct crypto *c, enum signkey_kind kind)
{
    struct err e = { 0 };
    struct signkey *k = signkey_new(c, kind, &e);

    CHECK_OK("key", k != NULL, e);
    return k;
}

static inline struct span machine_spki(struct machine *m, const struct signkey *k)
{
    struct span out = { 0 };
    struct err e = { 0 };

    CHECK_OK("public key", signkey_spki(k, &m->arena, &out, &e), e);
    return out;
}

static inline struct spki machine_parts(struct machine *m, const struct signkey *k)
{
    struct spki parts;
    struct err e = { 0 };

    CHECK_OK("parts", spki_parse(machine_spki(m, k), &parts, &e), e);
    return parts;
}

static inline struct span machine_sign(struct machine *m, struct signkey *k, enum sig_alg alg,
                                       struct span message)
{
    uint8_t *out = arena_alloc(&m->arena, 512, 1);
    struct err e = { 0 };
    size_t n = 0;

    CHECK_OK("sign", signkey_sign(m->crypto, k, alg, message, out, 512, &n, &e), e);
    return span_of(out, n);
}

static inline struct signkey *machine_aik(struct machine *m)
{
    return m->wish.is_ecc ? m->aik_ecc : m->aik;
}

static inline struct span machine_name(struct machine *m, const char *cn)
{
    struct writer w = writer_in(&m->arena, 64);
    size_t name = der_begin(&w, DER_SEQUENCE), set, seq;

    if (cn) {
        set = der_begin(&w, DER_SET);
        seq = der_begin(&w, DER_SEQUENCE);
        der_write_oid(&w, "2.5.4.3");
        der_write(&w, DER_UTF8_STRING, span_str(cn));
        der_end(&w, seq);
        der_end(&w, set);
    }
    der_end(&w, name);
    return writer_span(&w);
}

/* ---------------------------------------------------------------- certificates */

static inline void machine_extension(struct writer *w, const char *oid, bool is_critical,
                                     struct span value)
{
    size_t seq = der_begin(w, DER_SEQUENCE);

    der_write_oid(w, oid);
    if (is_critical)
        der_write_boolean(w, true);
    der_write(w, DER_OCTET_STRING, value);
    der_end(w, seq);
}

static inline struct span machine_oids(struct machine *m, const char *oid, bool is_policy)
{
    struct writer w = writer_in(&m->arena, 64);
    size_t list = der_begin(&w, DER_SEQUENCE), one = is_policy ? der_begin(&w, DER_SEQUENCE) : 0;

    der_write_oid(&w, oid);
    if (is_policy)
        der_end(&w, one);
    der_end(&w, list);
    return writer_span(&w);
}

static inline struct span machine_alt_name(struct machine *m)
{
    struct writer w = writer_in(&m->arena, 64);
    size_t list = der_begin(&w, DER_SEQUENCE), general = der_begin(&w, DER_CONTEXT_CONSTRUCTED(4));
    size_t name = der_begin(&w, DER_SEQUENCE), set = der_begin(&w, DER_SET);
    size_t seq = der_begin(&w, DER_SEQUENCE);

    der_write_oid(&w, "2.23.133.2.1");
    der_write(&w, DER_UTF8_STRING, span_str("id:4E544300"));
    der_end(&w, seq);
    der_end(&w, set);
    der_end(&w, name);
    der_end(&w, general);
    der_end(&w, list);
    return writer_span(&w);
}

static inline void machine_extensions(struct machine *m, struct writer *w)
{
    const struct machine_cert *x = &m->wish.cert;
    size_t tagged = der_begin(w, DER_CONTEXT_CONSTRUCTED(3)), list = der_begin(w, DER_SEQUENCE);
    static const uint8_t usage[] = { 0x03, 0x02, 0x07, 0x80 },
                         key_sign[] = { 0x03, 0x02, 0x02, 0x04 };
    static const uint8_t no_ca[] = { 0x30, 0x00 }, ca[] = { 0x30, 0x03, 0x01, 0x01, 0xFF };

    machine_extension(w, "2.5.29.15", true,
                      x->has_no_usage ? span_of(key_sign, sizeof key_sign)
                                      : span_of(usage, sizeof usage));
    machine_extension(w, "2.5.29.19", true,
                      x->is_ca ? span_of(ca, sizeof ca) : span_of(no_ca, sizeof no_ca));
    machine_extension(w, "2.5.29.37", false,
                      machine_oids(m, x->purpose ? x->purpose : "2.23.133.8.3", false));
    machine_extension(w, "2.5.29.17", !x->has_no_critical_name, machine_alt_name(m));
    if (x->policy)
        machine_extension(w, "2.5.29.32", true, machine_oids(m, x->policy, true));
    if (x->critical)
        machine_extension(w, x->critical, true, span_of(no_ca, sizeof no_ca));
    der_end(w, list);
    der_end(w, tagged);
}

static inline void machine_algorithm(struct writer *w)
{
    size_t seq = der_begin(w, DER_SEQUENCE);

    der_write_oid(w, "1.2.840.113549.1.1.11");
    der_write(w, DER_NULL, (struct span){ 0 });
    der_end(w, seq);
}

static inline struct span machine_signed(struct machine *m, struct signkey *k, struct span tbs)
{
    struct writer w = writer_in(&m->arena, tbs.n + 512);
    size_t seq = der_begin(&w, DER_SEQUENCE);

    write_bytes(&w, tbs);
    machine_algorithm(&w);
    der_write_bits(&w, machine_sign(m, k, SIG_RS256, tbs));
    der_end(&w, seq);
    return writer_span(&w);
}

static inline struct span machine_certificate(struct machine *m)
{
    const struct machine_cert *x = &m->wish.cert;
    struct writer w = writer_in(&m->arena, 1024);
    size_t tbs = der_begin(&w, DER_SEQUENCE), part = der_begin(&w, DER_CONTEXT_CONSTRUCTED(0));

    der_write_uint(&w, DER_INTEGER, 2);
    der_end(&w, part);
    der_write_uint(&w, DER_INTEGER, x->is_revoked ? 666 : 5);
    machine_algorithm(&w);
    write_bytes(&w, machine_name(m, x->is_of_other_issuer ? "Somebody" : "AIK Root"));
    part = der_begin(&w, DER_SEQUENCE);
    der_write_time(&w, x->from ? x->from : 1577836800);
    der_write_time(&w, x->to ? x->to : 2208988800);
    der_end(&w, part);
    write_bytes(&w, machine_name(m, NULL));
    write_bytes(&w, machine_spki(m, x->is_of_other_key ? m->other : machine_aik(m)));
    machine_extensions(m, &w);
    der_end(&w, tbs);
    return machine_signed(m, x->is_signed_by_other ? m->other : m->ca, writer_span(&w));
}

/* A list of the root that names certificate 666. */
static inline struct span machine_crl(struct machine *m, struct signkey *k, int64_t from,
                                      int64_t to)
{
    static const uint8_t number[] = { 0x02, 0x01, 0x01 }, id[] = { 0x30, 0x03, 0x80, 0x01, 0x07 };
    struct writer w = writer_in(&m->arena, 512);
    size_t tbs = der_begin(&w, DER_SEQUENCE), list, entry, tagged;

    der_write_uint(&w, DER_INTEGER, 1);
    machine_algorithm(&w);
    write_bytes(&w, machine_name(m, "AIK Root"));
    der_write_time(&w, from);
    der_write_time(&w, to);
    list = der_begin(&w, DER_SEQUENCE);
    entry = der_begin(&w, DER_SEQUENCE);
    der_write_uint(&w, DER_INTEGER, 666);
    der_write_time(&w, from);
    der_end(&w, entry);
    der_end(&w, list);
    tagged = der_begin(&w, DER_CONTEXT_CONSTRUCTED(0));
    list = der_begin(&w, DER_SEQUENCE);
    machine_extension(&w, "2.5.29.20", false, span_of(number, sizeof number));
    machine_extension(&w, "2.5.29.35", false, span_of(id, sizeof id));
    der_end(&w, list);
    der_end(&w, tagged);
    der_end(&w, tbs);
    return machine_signed(m, k, writer_span(&w));
}

/* ---------------------------------------------------------------- boots */

static inline struct span machine_number(struct machine *m, uint32_t id, uint64_t v, size_t size)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(v >> 8 * i);
    return test_record(&m->arena, id, span_of(bytes, size));
}

static inline struct span machine_vsm_key(struct machine *m, const struct signkey *k)
{
    struct spki parts = machine_parts(m, k);
    struct writer w = writer_in(&m->arena, 300);

    write_u32le(&w, 1);
    write_u32le(&w, 2048);
    write_u32le(&w, (uint32_t)parts.exponent.n);
    write_u32le(&w, (uint32_t)parts.modulus.n);
    write_bytes(&w, parts.exponent);
    write_bytes(&w, parts.modulus);
    return writer_span(&w);
}

static inline struct span machine_boundary(struct machine *m, const struct span *parts, size_t n)
{
    return test_record(&m->arena, SIPA_TRUSTBOUNDARY, test_join(&m->arena, parts, n));
}

static inline struct span machine_boundary_a(struct machine *m)
{
    bool is_resumed = m->wish.quirk == QUIRK_RESUMED;
    const struct span parts[] = {
        machine_number(m, SIPA_BOOTCOUNTER, m->wish.counter ? m->wish.counter : 100, 8),
        machine_number(m, SIPA_TRANSFER_CONTROL, is_resumed ? 2 : 1, 4),
        test_flag(&m->arena, SIPA_BOOTDEBUGGING, m->wish.quirk == QUIRK_FLAG_OF_TWO ? 2 : 0),
    };

    return machine_boundary(m, parts, COUNT(parts));
}

static inline struct span machine_boundary_b(struct machine *m)
{
    enum machine_quirk q = m->wish.quirk;
    struct span idks = machine_vsm_key(m, m->idks), none = { 0 };
    const struct span parts[] = {
        test_flag(&m->arena, SIPA_SAFEMODE, 0),
        test_flag(&m->arena, SIPA_WINPE, 0),
        test_flag(&m->arena, SIPA_VBS_VSM_REQUIRED, 1),
        test_flag(&m->arena, SIPA_VBS_IOMMU_REQUIRED, 1),
        machine_number(m, SIPA_VSM_LAUNCH_TYPE, q != QUIRK_NOT_LAUNCHED, 8),
        machine_number(m, SIPA_IDK_GENERATION_STATUS, q == QUIRK_GENERATION_FAULT, 4),
        test_record(&m->arena, SIPA_VSM_IDK_INFO, machine_vsm_key(m, m->idk)),
        q == QUIRK_NO_IDKS ? none
                           : test_record(&m->arena, SIPA_VSM_IDKS_INFO,
                                         q == QUIRK_SHORT_IDKS ? span_part(idks, 0, 200) : idks),
        q != QUIRK_TWO_IDKS
            ? none
            : test_record(&m->arena, SIPA_VSM_IDKS_INFO, machine_vsm_key(m, m->idk)),
    };

    return machine_boundary(m, parts, COUNT(parts));
}

static inline void machine_firmware(struct machine *m, struct test_log *t)
{
    enum machine_quirk q = m->wish.quirk;
    static const uint8_t on = 1;

    if (q != QUIRK_NOTHING_IN_PCR0)
        test_log_add(t, 0, 8, test_utf16(&m->arena, "test-crtm"));
    test_log_add(t, 7, EV_EFI_VARIABLE_DRIVER_CONFIG,
                 test_variable(&m->arena, guid_global, "SecureBoot", span_of(&on, 1)));
    for (uint32_t pcr = q == QUIRK_NOTHING_IN_PCR0; pcr < 8; pcr++)
        test_log_separator(t, pcr, "\0\0\0\0");
    if (q == QUIRK_LARGE_EVENT)
        test_log_add(t, 5, EV_ACTION,
                     span_of(arena_alloc(&t->arena, TPM_EVENT_MAX + 1, 1), TPM_EVENT_MAX + 1));
    if (q == QUIRK_TWO_SEPARATORS)
        test_log_separator(t, 3, "\0\0\0\0");
}

static inline void machine_windows(struct machine *m, struct test_log *t)
{
    enum machine_quirk q = m->wish.quirk;

    test_log_add(t, 12, EV_EVENT_TAG, machine_boundary_a(m));
    if (q == QUIRK_LOOSE_DATA)
        test_log_add_as(t, 13, EV_EVENT_TAG, machine_boundary_a(m), span_str("something else"));
    if (q == QUIRK_STRANGE_EVENT)
        test_log_add(t, 13, EV_ACTION, span_str("an action"));
    if (q != QUIRK_RESUMED)
        test_log_add(t, 12, EV_EVENT_TAG, machine_boundary_b(m));
    for (uint32_t pcr = 12; pcr <= 14; pcr++)
        test_log_separator(t, pcr, "WBCL");
    if (q == QUIRK_AFTER_WBCL)
        test_log_add(t, 12, EV_EVENT_TAG, machine_boundary_a(m));
}

static inline struct span machine_log(struct machine *m)
{
    struct test_log t = { .crypto = m->crypto, .arena = arena_over(16u << 20) };
    struct span log;

    test_log_again(&t, MASK_SHA256);
    machine_firmware(m, &t);
    machine_windows(m, &t);
    log = arena_dup(&m->arena, writer_span(&t.w));
    arena_fini(&t.arena);
    if (m->wish.quirk == QUIRK_CUT)
        log.n -= 3;
    return log;
}

/* ---------------------------------------------------------------- quotes */

struct machine_quote {
    struct span log, statement, signature;
    uint8_t pcrs[PCR_COUNT][SHA256_SIZE];
    uint32_t mask;
};

static inline void machine_replay(struct machine *m, struct machine_quote *q)
{
    struct boot *b = ARENA_NEW(&m->arena, struct boot);
    struct replay *r = ARENA_NEW(&m->arena, struct replay);
    struct err e = { 0 };

    if (boot_add_tcg(b, q->log, ORIGIN_ANY, &m->arena, &e))
        CHECK_OK("replay", replay_run(m->crypto, b, BANK_SHA256, r, &e), e);
    for (size_t i = 0; i < PCR_COUNT; i++)
        memcpy(q->pcrs[i], r->pcrs[i], SHA256_SIZE);
    if (m->wish.spoils_pcr)
        q->pcrs[4][0] ^= 1;
}

static inline enum tpm_bank machine_hash(const struct machine *m)
{
    enum tpm_bank hash = BANK_SHA256;

    if (m->wish.hash_id)
        (void)!bank_find(m->wish.hash_id, &hash);
    return hash;
}

/* A signature by the attestation key as TPMs write it. SHA-1 cannot be signed by our own code: the
 * name alone is put there, so that such a quote is refused or does not hold. */
static inline struct span machine_tpm_signature(struct machine *m, struct span statement)
{
    const struct machine_wish *x = &m->wish;
    struct writer w = writer_in(&m->arena, 600);
    struct tpm_signature s = { .hash_id = x->hash_id ? x->hash_id : TPM_ALG_SHA256 };
    enum sig_alg alg = x->scheme_id == TPM_ALG_RSAPSS ? SIG_PS256 : SIG_RS256;
    struct span raw;

    if (x->hash_id == 0x000C)
        alg = SIG_RS384;
    raw = machine_sign(m, machine_aik(m), x->is_ecc ? SIG_ES256 : alg, statement);
    s.scheme_id = x->scheme_id ? x->scheme_id : x->is_ecc ? TPM_ALG_ECDSA : TPM_ALG_RSASSA;
    s.rsa = raw;
    s.r = span_part(raw, 0, raw.n / 2);
    s.s = span_part(raw, raw.n / 2, raw.n / 2);
    tpm_signature_write(&w, &s);
    return writer_span(&w);
}

static inline void machine_pcr_digest(struct machine *m, const struct machine_quote *q,
                                      uint8_t out[PCR_SIZE_MAX])
{
    struct span parts[PCR_COUNT];
    struct err e = { 0 };
    size_t n = 0;

    for (size_t i = 0; i < PCR_COUNT; i++)
        if (q->mask & 1u << i)
            parts[n++] = span_of(q->pcrs[i], SHA256_SIZE);
    CHECK_OK("digest", digest(m->crypto, banks[machine_hash(m)].digest, parts, n, out, &e), e);
}

static inline struct span machine_edit(struct machine *m, struct span bytes, size_t at, uint8_t x)
{
    struct span copy = arena_dup(&m->arena, bytes);

    ((uint8_t *)(uintptr_t)copy.p)[at] ^= x;
    return copy;
}

static inline struct span machine_statement(struct machine *m, const struct tpm_attest *a)
{
    struct writer w = writer_in(&m->arena, 256);
    uint8_t *p;

    tpm_attest_write(&w, a);
    p = w.p;
    if (m->wish.magic && a->type == TPM_ATTEST_QUOTE)
        for (size_t i = 0; i < 4; i++)
            p[i] = (uint8_t)(m->wish.magic >> 8 * (3 - i));
    if (m->wish.attest_type && a->type == TPM_ATTEST_QUOTE) {
        p[4] = (uint8_t)(m->wish.attest_type >> 8);
        p[5] = (uint8_t)m->wish.attest_type;
    }
    return writer_span(&w);
}

static inline struct machine_quote machine_quote(struct machine *m, struct span extra_data)
{
    static const uint8_t signer[34] = { 0x00, 0x0B, 1 };
    struct machine_quote q = { .log = machine_log(m),
                               .mask = m->wish.mask ? m->wish.mask : 0xFFFFFF };
    uint8_t sum[PCR_SIZE_MAX];
    struct tpm_attest a = {
        .type = TPM_ATTEST_QUOTE,
        .signer = { signer, sizeof signer },
        .extra_data = m->wish.extra_data.p ? m->wish.extra_data : extra_data,
        .clock = m->wish.clock ? m->wish.clock : 123456,
        .reset_count = m->wish.reset_count ? m->wish.reset_count : 100,
        .is_safe = true,
        .firmware_version = 0x2026010100000000,
        .selection_count = !m->wish.selects_nothing,
        .pcr_digest = { sum, banks[machine_hash(m)].size },
    };

    if (m->wish.selects_nothing)
        q.mask = 0;
    a.selections[0] = (struct pcr_selection){ TPM_ALG_SHA256, 3, q.mask };
    machine_replay(m, &q);
    machine_pcr_digest(m, &q, sum);
    q.statement = machine_statement(m, &a);
    q.signature = machine_tpm_signature(m, q.statement);
    if (m->wish.spoils_quote)
        q.statement = machine_edit(m, q.statement, 70, 1);
    if (m->wish.spoils_value)
        q.pcrs[2][0] ^= 1;
    return q;
}

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

#endif
