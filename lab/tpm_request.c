/*
 * What a machine of the lab sends: the JSON of one of the two forms, signed by the key in it.
 */
#include "lab_in.h"
#include "tpm_in.h"

#include "../src/base/b64.h"
#include "../src/format/json.h"

#include <string.h>

/* sign, userWithAuth, sensitiveDataOrigin, fixedParent, fixedTPM */
#define KEY_ATTRIBUTES 0x00040072u

static bool is(const char *word, const char *what)
{
    return strcmp(word, what) == 0;
}

/* ---------------------------------------------------------------- members */

/* The character written last; 0 where there is none. */
static char last(const struct writer *w)
{
    return w->n > 0 ? (char)w->p[w->n - 1] : '\0';
}

/* Puts a comma where something stands before. */
static void name(struct writer *w, const char *member)
{
    if (last(w) && last(w) != '{' && last(w) != '[')
        write_text(w, ",");
    json_write_string(w, span_str(member));
    write_text(w, ":");
}

static void put_text(struct writer *w, const char *member, const char *text)
{
    name(w, member);
    json_write_string(w, span_str(text));
}

static void put_bytes(struct writer *w, const char *member, struct span bytes)
{
    name(w, member);
    write_text(w, "\"");
    b64_write_url(w, bytes);
    write_text(w, "\"");
}

void lab_write_jwk(struct writer *w, const struct lab_rsa *key, const char *exponent)
{
    write_text(w, "{");
    put_text(w, "kty", "RSA");
    put_bytes(w, "n", span_of(key->n, LAB_RSA_SIZE));
    put_text(w, "e", exponent);
    write_text(w, "}");
}

void lab_write_ec_jwk(struct writer *w, const struct lab_key *key)
{
    write_text(w, "{");
    put_text(w, "kty", "EC");
    put_text(w, "crv", "P-256");
    put_bytes(w, "x", span_of(key->point + 1, 32));
    put_bytes(w, "y", span_of(key->point + 33, 32));
    write_text(w, "}");
}

/* ---------------------------------------------------------------- attestations */

/* The key that aik_pub names: the attestation key's, unless another was wished for. */
static bool put_aik(struct writer *w, const struct lab_request_in *in)
{
    const struct lab_tpm_params *p = in->b->p;
    const char *who = p->aik_pub_key;
    struct lab_rsa rsa = in->aik->rsa;
    struct lab_key ec = in->aik->ec;

    if (p->aik_cert)
        put_bytes(w, "aik_cert", in->aik->cert);
    if (!p->aik_pub)
        return true;
    if (!is(who, "aik") && (in->aik->is_ec ? !lab_key_of(p->seed, who, &ec, in->b->err)
                                           : !lab_tpm_rsa(in->b, who, &rsa)))
        return false;
    name(w, "aik_pub");
    if (in->aik->is_ec)
        lab_write_ec_jwk(w, &ec);
    else
        lab_write_jwk(w, &rsa, "AQAB");
    return true;
}

static void put_value(struct writer *w, unsigned index, struct span digest)
{
    if (last(w) == '}')
        write_text(w, ",");
    write_format(w, "{\"index\":%u", index);
    put_bytes(w, "digest", digest);
    write_text(w, "}");
}

/* The values of one bank that the quote covers; or what is wrong with them. */
static void put_values(struct writer *w, const struct lab_request_in *in,
                       const struct lab_boot_log *log, unsigned bank)
{
    const struct lab_tpm_params *p = in->b->p;

    for (unsigned i = 0; i < PCR_COUNT; i++) {
        struct span value = span_of(log->pcrs[bank][i], banks[bank].size);
        uint8_t changed[PCR_SIZE_MAX];
        bool is_first = i == 0, is_selected = (p->selection & 1u << i) != 0;

        if (is_first && is(p->pcrs, "changed")) {
            memcpy(changed, value.p, value.n);
            changed[0] ^= 1;
            value = span_of(changed, value.n);
        }
        if ((is_selected && !(is_first && is(p->pcrs, "missing"))) ||
            (i == PCR_COUNT - 1 && is(p->pcrs, "stranger")))
            put_value(w, i, value);
        if (is_first && is(p->pcrs, "twice"))
            put_value(w, i, value);
    }
}

static void put_pcrs(struct writer *w, const struct lab_request_in *in,
                     const struct lab_boot_log *log)
{
    name(w, "pcrs");
    write_text(w, "[");
    for (unsigned bank = 0; bank < BANK_COUNT; bank++)
        if (lab_tpm_banks(in->b->p) & 1u << bank) {
            write_text(w, last(w) == '}' ? "," : "");
            write_format(w, "{\"algorithm\":%u,\"values\":[", banks[bank].alg);
            put_values(w, in, log, bank);
            write_text(w, "]}");
        }
    write_text(w, "]");
}

static void put_log(struct writer *w, const char *type, struct span bytes)
{
    if (bytes.n == 0)
        return;
    write_text(w, last(w) == '}' ? ",{" : "{");
    put_text(w, "type", type);
    put_bytes(w, "log", bytes);
    write_text(w, "}");
}

static bool put_statement(struct writer *w, const struct lab_request_in *in,
                          const struct lab_statement *s)
{
    write_text(w, "{");
    name(w, "logs");
    write_text(w, "[");
    put_log(w, "TCG", s->log.bytes);
    put_log(w, "IMA", s->log.ima);
    write_text(w, "]");
    if (!put_aik(w, in))
        return false;
    put_pcrs(w, in, &s->log);
    put_bytes(w, "quote", s->quote.statement);
    put_bytes(w, "signature", s->quote.signature);
    write_text(w, "}");
    return true;
}

/* Windows' platform claim: all values of one bank behind statement and signature. */
static void put_claim(struct writer *w, const struct lab_request_in *in, const char *member,
                      const struct lab_statement *s)
{
    unsigned bank = lab_tpm_banks(in->b->p) & 1u << BANK_SHA256 ? BANK_SHA256 : BANK_SHA1;
    struct writer values = writer_in(in->b->a, 1024), frame = writer_in(in->b->a, 2048);
    struct quote_parts parts = { .statement = s->quote.statement,
                                 .signature = s->quote.signature,
                                 .frame_bank = banks[bank].alg };

    for (unsigned i = 0; i < PCR_COUNT; i++)
        write_bytes(&values, span_of(s->log.pcrs[bank][i], banks[bank].size));
    parts.frame_values = lab_tpm_done(in->b, &values);
    platform_claim_write(&frame, &parts);
    put_bytes(w, member, lab_tpm_done(in->b, &frame));
}

static bool put_first_tpm(struct writer *w, const struct lab_request_in *in)
{
    put_bytes(w, "srtm_boot_log", in->boot ? in->boot->log.bytes : in->current->log.bytes);
    if (in->boot)
        put_bytes(w, "srtm_resume_log", in->current->log.bytes);
    if (!put_aik(w, in))
        return false;
    put_claim(w, in, "current_claim", in->current);
    if (in->boot)
        put_claim(w, in, "boot_claim", in->boot);
    return true;
}

static bool put_second_tpm(struct writer *w, const struct lab_request_in *in)
{
    name(w, "current_attestation");
    if (!put_statement(w, in, in->current))
        return false;
    if (in->boot) {
        name(w, "boot_attestation");
        if (!put_statement(w, in, in->boot))
            return false;
    }
    if (is(in->b->p->request_odd, "mixed"))
        put_bytes(w, "srtm_boot_log", in->current->log.bytes);
    return true;
}

/* ---------------------------------------------------------------- keys */

/* What the TPM says of a key that lives in it. */
struct certified {
    struct span area, statement, signature;
};

static bool name_of(const struct lab_tpm_bench *b, struct span area, struct span *out)
{
    struct tpm_public p;

    return tpm_public_parse(area, &p, b->err) && tpm_public_name(b->crypto, &p, b->a, out, b->err);
}

static bool area_of(const struct lab_tpm_bench *b, const struct lab_rsa *key, struct span *out)
{
    bool is_restricted = is(b->p->certify, "restricted");
    struct tpm_public p = { .type = TPM_ALG_RSA,
                            .name_alg = TPM_ALG_SHA256,
                            .attributes = KEY_ATTRIBUTES | (is_restricted ? TPM_KEY_RESTRICTED : 0),
                            .symmetric = TPM_ALG_NULL,
                            .scheme = is_restricted ? TPM_ALG_RSASSA : TPM_ALG_NULL,
                            .scheme_hash = TPM_ALG_SHA256,
                            .key_bits = 2048,
                            .modulus = span_of(key->n, LAB_RSA_SIZE) };
    struct writer w = writer_in(b->a, 400);

    tpm_public_write(&w, &p);
    return writer_done(&w, out, b->err);
}

static bool certify(const struct lab_request_in *in, const struct lab_rsa *key,
                    struct certified *out)
{
    const struct lab_tpm_bench *b = in->b;
    const char *how = b->p->certify;
    struct tpm_attest attest = { .type = TPM_ATTEST_CERTIFY,
                                 .extra_data = is(how, "nonce") ? span_str("another challenge")
                                                                : in->challenge,
                                 .clock = b->p->clock,
                                 .reset_count = (uint32_t)b->p->boot_counter,
                                 .is_safe = true };
    struct writer w = writer_in(b->a, 256);

    if (!area_of(b, key, &out->area) || !name_of(b, out->area, &attest.name) ||
        !lab_qualified_name(b, in->aik, &attest.signer))
        return false;
    if (is(how, "name"))
        attest.name = in->aik->name;
    attest.qualified_name = attest.signer;
    tpm_attest_write(&w, &attest);
    return writer_done(&w, &out->statement, b->err) &&
           lab_aik_sign(b, in->aik, is(how, "signer") ? "stranger" : "aik", out->statement,
                        &out->signature);
}

static bool put_certified(struct writer *w, const struct lab_request_in *in,
                          const struct lab_rsa *key)
{
    struct certified c = { 0 };

    if (!certify(in, key, &c))
        return false;
    name(w, "info");
    write_text(w, "{");
    name(w, "tpm_certify");
    write_text(w, "{");
    put_bytes(w, "public", c.area);
    put_bytes(w, "certification", c.statement);
    put_bytes(w, "signature", c.signature);
    write_text(w, "}}");
    return true;
}

static void put_jwk(struct writer *w, struct span jwk)
{
    name(w, "jwk");
    write_bytes(w, jwk);
}

static bool put_request_key(struct writer *w, const struct lab_request_in *in)
{
    const char *binding = in->b->p->binding;

    name(w, "request_key");
    write_text(w, "{");
    put_jwk(w, in->jwk);
    if (is(binding, "quote"))
        write_text(w, ",\"info\":{\"tpm_quote\":{\"hash_alg\":\"sha-256\"}}");
    if (is(binding, "ncrypt"))
        write_text(w, ",\"info\":{\"vbs_ncrypt\":{}}");
    if (is(binding, "certify") && !put_certified(w, in, &in->key))
        return false;
    write_text(w, "}");
    return true;
}

static bool put_other_key(struct writer *w, const struct lab_request_in *in)
{
    struct writer jwk = writer_in(in->b->a, 512);
    struct lab_rsa key;

    if (!lab_tpm_rsa(in->b, "other", &key))
        return false;
    lab_write_jwk(&jwk, &key, "AQAB");
    name(w, "other_keys");
    write_text(w, "[{");
    put_jwk(w, lab_tpm_done(in->b, &jwk));
    if (is(in->b->p->other_key, "certified") && !put_certified(w, in, &key))
        return false;
    write_text(w, "}]");
    return true;
}

static bool put_keys(struct writer *w, const struct lab_request_in *in)
{
    const struct lab_tpm_params *p = in->b->p;

    if (p->form == 1) {
        name(w, "attest_key");
        write_bytes(w, in->jwk);
        return true;
    }
    return put_request_key(w, in) && (is(p->other_key, "none") || put_other_key(w, in));
}

/* ---------------------------------------------------------------- the whole */

static void put_custom(struct writer *w, const char *custom)
{
    const char *equals = custom ? strchr(custom, '=') : NULL;

    if (!equals)
        return;
    name(w, "custom_claims");
    write_text(w, "[{");
    name(w, "name");
    json_write_string(w, span_of(custom, (size_t)(equals - custom)));
    put_text(w, "value", equals + 1);
    put_text(w, "value_type", "string");
    write_text(w, "}]");
}

/* The quote and its keys, and what they are for. */
static bool put_data(struct writer *w, const struct lab_request_in *in)
{
    const struct lab_tpm_params *p = in->b->p;
    bool is_short = is(p->request_odd, "challenge");

    write_text(w, "{");
    put_text(w, "rp_id", "https://lab.example/");
    if (is(p->request_odd, "padding"))
        put_text(w, "rp_data", "AA==");
    else if (p->rp_data)
        put_text(w, "rp_data", p->rp_data);
    put_bytes(w, "challenge", is_short ? span_part(in->challenge, 0, 4) : in->challenge);
    name(w, "tpm_att_data");
    write_text(w, "{");
    if (!(p->form == 1 ? put_first_tpm(w, in) : put_second_tpm(w, in)))
        return false;
    write_text(w, "}");
    if (!put_keys(w, in))
        return false;
    if (is(p->request_odd, "duplicate") && !put_keys(w, in))
        return false;
    put_custom(w, p->custom);
    put_text(w, "service_context", p->context);
    write_text(w, "}");
    return true;
}

/* One blank more than the enclave vouched for. */
static struct span respaced(const struct lab_request_in *in, struct span text)
{
    struct writer w = writer_in(in->b->a, text.n + 1);

    write_text(&w, "{ ");
    write_bytes(&w, span_part(text, 1, text.n));
    return lab_tpm_done(in->b, &w);
}

static bool put_enclave(struct writer *w, const struct lab_request_in *in, struct span data,
                        struct lab_tpm_set *set)
{
    const struct lab_tpm_params *p = in->b->p;

    if (!lab_report_make(in->b, data, &set->report))
        return false;
    write_text(w, "{");
    name(w, "report_signed");
    write_bytes(w, p->respaced ? respaced(in, data) : data);
    if (p->form == 1) {
        put_bytes(w, "vsm_report", set->report);
    } else {
        name(w, "vsm_report");
        write_text(w, "{\"enclave\":{");
        put_bytes(w, "report", set->report);
        write_text(w, "}}");
    }
    write_text(w, "}");
    return true;
}

static bool payload_make(const struct lab_request_in *in, struct lab_tpm_set *set)
{
    struct writer data = writer_in(in->b->a, 32768), w = writer_in(in->b->a, 32768);
    struct span inner = { 0 };

    if (!put_data(&data, in) || !writer_done(&data, &inner, in->b->err))
        return false;
    write_text(&w, "{");
    put_text(&w, "att_type", in->b->p->is_vbs ? "vbs" : "basic");
    name(&w, "att_data");
    if (!in->b->p->is_vbs)
        write_bytes(&w, inner);
    else if (!put_enclave(&w, in, inner, set))
        return false;
    write_text(&w, "}");
    return writer_done(&w, &set->payload, in->b->err);
}

static void write_header(struct writer *w, const struct lab_request_in *in)
{
    const struct lab_tpm_params *p = in->b->p;
    struct writer header = writer_in(w->arena, 64);

    write_text(&header, "{");
    put_text(&header, "alg", p->alg);
    put_text(&header, "typ", p->typ ? p->typ : p->form == 1 ? "attReq" : "attReqV2");
    write_text(&header, "}");
    b64_write_url(w, lab_tpm_done(in->b, &header));
}

/* header.payload.signature, by PS256 whatever the header says. */
static bool jws_make(const struct lab_request_in *in, struct span payload, struct span *out)
{
    static const struct lab_rsa_scheme ps256 = { .hash = "sha256", .is_pss = true, .salt = 32 };
    const struct lab_tpm_bench *b = in->b;
    struct writer w = writer_in(b->a, payload.n * 2);
    struct lab_rsa key = in->key;
    uint8_t signature[LAB_RSA_SIZE];

    if (!is(b->p->request_signer, "request") && !lab_tpm_rsa(b, b->p->request_signer, &key))
        return false;
    write_header(&w, in);
    write_text(&w, ".");
    b64_write_url(&w, payload);
    if (!lab_rsa_sign(&key, &ps256, lab_tpm_done(in->b, &w), signature, b->err))
        return false;
    write_text(&w, ".");
    b64_write_url(&w, span_of(signature, sizeof signature));
    return writer_done(&w, out, b->err);
}

bool lab_request_make(const struct lab_request_in *in, struct lab_tpm_set *set)
{
    return payload_make(in, set) && jws_make(in, set->payload, &set->request);
}
