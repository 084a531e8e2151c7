/*
 * test_machine - a machine made of software for the tests of this room and of enclaves: it boots,
 * quotes, certifies keys and sends requests, right or wrong as the wish says
 *
 * Owns     its keys, one crypto context and one arena; keys are made once for a process
 */
#ifndef CUPEL_EVIDENCE_TPM_TEST_MACHINE_PARTS_H
#define CUPEL_EVIDENCE_TPM_TEST_MACHINE_PARTS_H

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

#endif
