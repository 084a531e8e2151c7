/*
 * The TPM that does not exist: its attestation key, who vouches for that, and what it signs.
 */
#include "lab_in.h"
#include "tpm_in.h"

#include "../src/format/der.h"

#include <stdio.h>
#include <string.h>

#define OID_PURPOSE_AIK    "2.23.133.8.3"
#define OID_PURPOSE_OTHER  "1.3.6.1.5.5.7.3.1"
#define OID_POLICY_BY_CERT "1.3.6.1.4.1.311.21.31"
#define OID_POLICY_BY_USER "1.3.6.1.4.1.311.21.32"

#define ROOT_CN    "Lab TPM Root CA"
#define ISSUING_CN "Lab TPM AIK CA"

/* Moments of authorities and revocation lists. */
#define Y2020     INT64_C(1577836800)
#define Y2024     INT64_C(1704067200)
#define Y2049_END INT64_C(2524607999)
enum { DAY = 86400 };

/* sign, restricted, userWithAuth, fixedTPM, ...: as Windows makes its attestation keys */
#define AIK_ATTRIBUTES 0x00050472u

bool lab_tpm_label(const struct lab_tpm_bench *b, const char *name, char out[LAB_RING_NAME])
{
    int n = b->p->platform == 0
                ? snprintf(out, LAB_RING_NAME, "%s", name)
                : snprintf(out, LAB_RING_NAME, "%s#%llu", name, (unsigned long long)b->p->platform);

    return (n > 0 && n < LAB_RING_NAME) ||
           err_fail(b->err, ERR_LIMIT, NULL, "a name has less than %d characters", LAB_RING_NAME);
}

bool lab_tpm_rsa(const struct lab_tpm_bench *b, const char *name, struct lab_rsa *out)
{
    char label[LAB_RING_NAME];

    return lab_tpm_label(b, name, label) && lab_rsa_of(b->ring, b->p->seed, label, out, b->err);
}

bool lab_tpm_hash(const struct lab_tpm_bench *b, const char *name, uint8_t out[32])
{
    char text[LAB_LABEL];

    return lab_label(b->p->seed, "", name, text, b->err) && lab_sha256(span_str(text), out, b->err);
}

/* ---------------------------------------------------------------- the attestation key */

static bool is(const char *word, const char *what)
{
    return strcmp(word, what) == 0;
}

static uint16_t alg_of_hash(const char *hash)
{
    return is(hash, "sha1")     ? TPM_ALG_SHA1
           : is(hash, "sha384") ? banks[BANK_SHA384].alg
                                : TPM_ALG_SHA256;
}

static bool key_make(const struct lab_tpm_bench *b, const char *name, struct lab_aik *out)
{
    char label[LAB_RING_NAME];

    out->is_ec = is(b->p->aik, "ec");
    if (!out->is_ec)
        return lab_tpm_rsa(b, name, &out->rsa);
    return lab_tpm_label(b, name, label) && lab_key_of(b->p->seed, label, &out->ec, b->err);
}

/* TPMT_PUBLIC as Windows has it, and its name. */
static bool area_make(const struct lab_tpm_bench *b, struct lab_aik *k)
{
    static const uint8_t policy[32] = { 0x9d, 0xff, 0xcb, 0xf3, 0x6c, 0x38, 0x3a, 0xe6,
                                        0x99, 0xfb, 0x98, 0x68, 0xdc, 0x6d, 0xcb, 0x89,
                                        0xd7, 0x15, 0x38, 0x84, 0xbe, 0x28, 0x03, 0x92,
                                        0x2c, 0x12, 0x41, 0x58, 0xbf, 0xad, 0x22, 0xae };
    struct tpm_public p = { .type = k->is_ec ? TPM_ALG_ECC : TPM_ALG_RSA,
                            .name_alg = TPM_ALG_SHA256,
                            .attributes = AIK_ATTRIBUTES,
                            .auth_policy = span_of(policy, sizeof policy),
                            .symmetric = TPM_ALG_NULL,
                            .scheme = k->is_ec                   ? TPM_ALG_ECDSA
                                      : is(b->p->aik, "rsa-pss") ? TPM_ALG_RSAPSS
                                                                 : TPM_ALG_RSASSA,
                            .scheme_hash = alg_of_hash(b->p->aik_hash),
                            .key_bits = 2048,
                            .modulus = span_of(k->rsa.n, LAB_RSA_SIZE),
                            .curve = TPM_CURVE_P256,
                            .kdf = TPM_ALG_NULL,
                            .x = span_of(k->ec.point + 1, 32),
                            .y = span_of(k->ec.point + 33, 32) };
    struct writer w = writer_in(b->a, 400);

    tpm_public_write(&w, &p);
    return writer_done(&w, &k->area, b->err) && tpm_public_parse(k->area, &p, b->err) &&
           tpm_public_name(b->crypto, &p, b->a, &k->name, b->err);
}

static bool spki_make(const struct lab_tpm_bench *b, const struct lab_aik *k, struct span *out)
{
    static const uint8_t exponent[3] = { 1, 0, 1 };
    struct spki rsa = { .kind = SPKI_RSA,
                        .modulus = span_of(k->rsa.n, LAB_RSA_SIZE),
                        .exponent = span_of(exponent, sizeof exponent) };
    struct spki ec = { .kind = SPKI_P256, .point = span_of(k->ec.point + 1, 64) };

    return spki_write(k->is_ec ? &ec : &rsa, b->a, out, b->err);
}

/* ---------------------------------------------------------------- its certificate */

static void write_purpose(struct writer *w, const char *oid)
{
    struct lab_extension_mark x = lab_extension_begin(w, "2.5.29.37", false);
    size_t list = der_begin(w, DER_SEQUENCE);

    der_write_oid(w, oid);
    der_end(w, list);
    lab_extension_end(w, x);
}

static void write_policy(struct writer *w, const char *oid)
{
    struct lab_extension_mark x = lab_extension_begin(w, "2.5.29.32", true);
    size_t list = der_begin(w, DER_SEQUENCE), one = der_begin(w, DER_SEQUENCE);

    der_write_oid(w, oid);
    der_end(w, one);
    der_end(w, list);
    lab_extension_end(w, x);
}

static void write_attribute(struct writer *w, const char *oid, const char *text)
{
    size_t set = der_begin(w, DER_SET), pair = der_begin(w, DER_SEQUENCE);

    der_write_oid(w, oid);
    der_write(w, DER_UTF8_STRING, span_str(text));
    der_end(w, pair);
    der_end(w, set);
}

/* Manufacturer, model and version of a TPM of nobody's. */
static void write_alt_name(struct writer *w)
{
    struct lab_extension_mark x = lab_extension_begin(w, "2.5.29.17", true);
    size_t names = der_begin(w, DER_SEQUENCE);
    size_t directory = der_begin(w, DER_CONTEXT_CONSTRUCTED(4));
    size_t name = der_begin(w, DER_SEQUENCE);

    write_attribute(w, "2.23.133.2.1", "id:4C414200");
    write_attribute(w, "2.23.133.2.2", "Lab");
    write_attribute(w, "2.23.133.2.3", "id:00010000");
    der_end(w, name);
    der_end(w, directory);
    der_end(w, names);
    lab_extension_end(w, x);
}

static struct span leaf_extensions(const struct lab_tpm_bench *b)
{
    struct writer w = writer_in(b->a, 256);

    if (!is(b->p->aik_purpose, "none"))
        write_purpose(&w, is(b->p->aik_purpose, "aik") ? OID_PURPOSE_AIK : OID_PURPOSE_OTHER);
    if (!is(b->p->aik_policy, "none"))
        write_policy(&w, is(b->p->aik_policy, "cert") ? OID_POLICY_BY_CERT : OID_POLICY_BY_USER);
    if (b->p->aik_alt_name)
        write_alt_name(&w);
    return lab_tpm_done(b, &w);
}

/* Keys of authorities belong to the whole lab, not to a machine. */
static bool authority_key(const struct lab_tpm_bench *b, const char *name, struct lab_key *out)
{
    return lab_key_of(b->p->seed, name, out, b->err);
}

static bool authorities_make(const struct lab_tpm_bench *b, struct lab_aik *k)
{
    struct lab_key root, issuing;
    struct lab_cert cert = { .key = &root,
                             .signer = &root,
                             .cn = ROOT_CN,
                             .issuer_cn = ROOT_CN,
                             .not_before = Y2020,
                             .not_after = Y2049_END,
                             .is_ca = true,
                             .path_length = 1 };

    if (!authority_key(b, "tpm-root", &root) || !authority_key(b, "tpm-aik-ca", &issuing) ||
        !lab_cert_make(b->a, &cert, &k->root, b->err))
        return false;
    cert.key = &issuing;
    cert.cn = ISSUING_CN;
    cert.not_after = b->p->issuing_na;
    cert.path_length = 0;
    return lab_cert_make(b->a, &cert, &k->issuing, b->err);
}

static bool crl_make(const struct lab_tpm_bench *b, const uint8_t serial[16], struct span *out)
{
    const char *what = b->p->crl;
    bool is_stale = is(what, "stale");
    int64_t from = b->p->aik_nb + (is_stale ? 0 : 360 * DAY);
    struct span list = span_of(serial, 16);
    struct lab_key signer;
    struct lab_crl crl = { .signer = &signer,
                           .issuer_cn = ISSUING_CN,
                           .this_update = from,
                           .next_update = from + 60 * DAY,
                           .serials = &list,
                           .count = is(what, "revoked") ? 1 : 0 };

    if (is(what, "none"))
        return true;
    return authority_key(b, is(what, "forged") ? "stranger" : "tpm-aik-ca", &signer) &&
           lab_crl_make(b->a, &crl, out, b->err);
}

static bool certify_aik(const struct lab_tpm_bench *b, struct lab_aik *k)
{
    struct lab_key signer;
    struct lab_cert cert = { .signer = &signer,
                             .spki = k->spki,
                             .issuer_cn = ISSUING_CN,
                             .not_before = b->p->aik_nb,
                             .not_after = b->p->aik_na,
                             .is_ca = b->p->aik_is_ca,
                             .extensions = leaf_extensions(b) };
    uint8_t serial[16];
    struct span der = { 0 };

    if (!authority_key(b, b->p->aik_signer, &signer) || !lab_cert_serial(&cert, serial, b->err) ||
        !lab_cert_make(b->a, &cert, &der, b->err) || !crl_make(b, serial, &k->crl))
        return false;
    k->cert = span_part(der, 0, der.n - (b->p->aik_cut < der.n ? (size_t)b->p->aik_cut : der.n));
    return true;
}

bool lab_aik_make(const struct lab_tpm_bench *b, struct lab_aik *out)
{
    *out = (struct lab_aik){ 0 };
    return key_make(b, "aik", out) && area_make(b, out) && spki_make(b, out, &out->spki) &&
           authorities_make(b, out) && (!b->p->aik_cert || certify_aik(b, out));
}

/* ---------------------------------------------------------------- what it signs */

static bool rsa_signature(const struct lab_tpm_bench *b, const struct lab_rsa *key,
                          struct span statement, uint8_t out[LAB_RSA_SIZE])
{
    const char *hash = b->p->aik_hash;
    struct lab_rsa_scheme scheme = { .hash = hash,
                                     .is_pss = is(b->p->aik, "rsa-pss"),
                                     .salt = is(hash, "sha1")     ? 20
                                             : is(hash, "sha384") ? 48
                                                                  : 32 };

    return lab_rsa_sign(key, &scheme, statement, out, b->err);
}

bool lab_aik_sign(const struct lab_tpm_bench *b, const struct lab_aik *aik, const char *signer,
                  struct span statement, struct span *out)
{
    struct lab_aik key = *aik;
    struct tpm_signature s = { .hash_id = alg_of_hash(b->p->aik_hash) };
    struct writer w = writer_in(b->a, 300);
    uint8_t bytes[LAB_RSA_SIZE];

    if (!is(signer, "aik") && !key_make(b, signer, &key))
        return false;
    if (key.is_ec ? !lab_sign(&key.ec, statement, bytes, b->err)
                  : !rsa_signature(b, &key.rsa, statement, bytes))
        return false;
    s.scheme_id = key.is_ec                  ? TPM_ALG_ECDSA
                  : is(b->p->aik, "rsa-pss") ? TPM_ALG_RSAPSS
                                             : TPM_ALG_RSASSA;
    s.scheme = key.is_ec ? SCHEME_ECDSA : SCHEME_RSASSA;
    s.rsa = span_of(bytes, LAB_RSA_SIZE);
    s.r = span_of(bytes, 32);
    s.s = span_of(bytes + 32, 32);
    tpm_signature_write(&w, &s);
    if (!writer_done(&w, out, b->err))
        return false;
    if (b->p->scheme != 0) {
        ((uint8_t *)(uintptr_t)out->p)[0] = (uint8_t)(b->p->scheme >> 8);
        ((uint8_t *)(uintptr_t)out->p)[1] = (uint8_t)b->p->scheme;
    }
    return true;
}

/* Of a primary key: the hash over the hierarchy's handle and the name. */
bool lab_qualified_name(const struct lab_tpm_bench *b, const struct lab_aik *aik, struct span *out)
{
    struct writer in = writer_in(b->a, 64), w = writer_in(b->a, 64);
    uint8_t h[32];

    write_u32be(&in, 0x4000000B);
    write_bytes(&in, aik->name);
    if (!lab_sha256(lab_tpm_done(b, &in), h, b->err))
        return false;
    write_u16be(&w, TPM_ALG_SHA256);
    write_bytes(&w, span_of(h, sizeof h));
    return writer_done(&w, out, b->err);
}

/* The hash of the signature over the quoted values in their order. */
static bool pcr_digest(const struct lab_tpm_bench *b, const struct lab_boot_log *log,
                       const struct tpm_attest *attest, struct span *out)
{
    struct writer values = writer_in(b->a, 2048);
    enum tpm_bank hash = BANK_SHA256;
    uint8_t *digest_p = arena_alloc(b->a, 1, PCR_SIZE_MAX);

    if (!digest_p)
        return arena_fail(b->a, b->err);
    for (size_t i = 0; i < attest->selection_count; i++)
        for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++) {
            enum tpm_bank bank = BANK_SHA1;

            if (bank_find(attest->selections[i].hash, &bank) &&
                (attest->selections[i].mask & 1u << pcr))
                write_bytes(&values, span_of(log->pcrs[bank][pcr], banks[bank].size));
        }
    if (!bank_find(alg_of_hash(b->p->aik_hash), &hash) ||
        !bank_digest(b->crypto, hash, lab_tpm_done(b, &values), digest_p, b->err))
        return false;
    *out = span_of(digest_p, banks[hash].size);
    return true;
}

static void select_pcrs(const struct lab_tpm_params *p, struct tpm_attest *attest)
{
    for (unsigned bank = 0; bank < BANK_COUNT; bank++)
        if (lab_tpm_banks(p) & 1u << bank)
            attest->selections[attest->selection_count++] = (struct pcr_selection){
                .hash = banks[bank].alg, .size = 3, .mask = (uint32_t)p->selection
            };
}

/* Clock and counters: resetCount is Windows' boot counter. */
static struct tpm_attest attest_of(const struct lab_tpm_params *p, struct span nonce, bool is_boot)
{
    uint64_t resets = is_boot ? 0 : p->resets ? p->resets : p->resumes;

    return (struct tpm_attest){ .type = (uint16_t)p->attest_type,
                                .extra_data = nonce,
                                .clock = p->clock + (is_boot ? 0 : p->resumes * 1000),
                                .reset_count = (uint32_t)(p->boot_counter + resets),
                                .is_safe = p->safe != 0,
                                .firmware_version = 0x2026010100000000u };
}

static bool statement_write(const struct lab_tpm_bench *b, const struct tpm_attest *attest,
                            struct span *out)
{
    struct writer w = writer_in(b->a, 256);

    tpm_attest_write(&w, attest);
    write_bytes(&w, b->p->quote_trail);
    if (!writer_done(&w, out, b->err))
        return false;
    for (unsigned i = 0; i < 4; i++)
        ((uint8_t *)(uintptr_t)out->p)[i] = (uint8_t)(b->p->magic >> (24 - 8 * i));
    return true;
}

bool lab_quote_pcrs(const struct lab_tpm_bench *b, const struct lab_aik *aik,
                    const struct lab_boot_log *log, struct span nonce, bool is_boot,
                    struct lab_quote *out)
{
    struct tpm_attest attest = attest_of(b->p, nonce, is_boot);

    select_pcrs(b->p, &attest);
    if (!lab_qualified_name(b, aik, &attest.signer) ||
        !pcr_digest(b, log, &attest, &attest.pcr_digest) ||
        !statement_write(b, &attest, &out->statement) ||
        !lab_aik_sign(b, aik, b->p->quote_signer, out->statement, &out->signature))
        return false;
    if (b->p->quote_flip)
        ((uint8_t *)(uintptr_t)out->signature.p)[out->signature.n - 1] ^= 1;
    return true;
}
