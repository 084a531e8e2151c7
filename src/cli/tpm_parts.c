#include "tpm_parts.h"

#include "../base/b64.h"
#include "../evidence/tpm/quote.h"

#define HEADER "{\"alg\":\"PS256\",\"typ\":\"attReqV2\"}"

/* ---------------------------------------------------------------- members */

static void put_bytes(struct writer *w, const char *before, struct span bytes)
{
    write_text(w, before);
    write_text(w, "\"");
    b64_write_url(w, bytes);
    write_text(w, "\"");
}

static void put_text(struct writer *w, const char *before, const char *text)
{
    write_text(w, before);
    json_write_string(w, span_str(text));
}

static void put_jwk(struct writer *w, const struct spki *key)
{
    size_t half = key->point.n / 2;

    if (key->kind == SPKI_RSA) {
        put_bytes(w, "{\"kty\":\"RSA\",\"n\":", key->modulus);
        put_bytes(w, ",\"e\":", key->exponent);
    } else {
        put_text(w, "{\"kty\":\"EC\",\"crv\":", key->kind == SPKI_P384 ? "P-384" : "P-256");
        put_bytes(w, ",\"x\":", span_part(key->point, 0, half));
        put_bytes(w, ",\"y\":", span_part(key->point, half, half));
    }
    write_text(w, "}");
}

static void put_log(struct writer *w, const char *type, struct span log, bool is_first)
{
    put_text(w, is_first ? "{\"type\":" : ",{\"type\":", type);
    put_bytes(w, ",\"log\":", log);
    write_text(w, "}");
}

static void put_logs(struct writer *w, const struct tpm_parts *p)
{
    write_text(w, "{\"logs\":[");
    for (size_t i = 0; i < p->tcg_count; i++)
        put_log(w, "TCG", p->tcg[i], i == 0);
    if (p->ima.n > 0)
        put_log(w, "IMA", p->ima, p->tcg_count == 0);
    write_text(w, "]");
}

/* ---------------------------------------------------------------- what the TPM made */

/* Tools write a public area with its length in front, or without. */
static bool read_area(struct span bytes, struct tpm_public *out, struct err *err)
{
    struct err ignored = { 0 };
    struct span inside;

    if (tpm2b_parse(bytes, &inside, &ignored))
        bytes = inside;
    return tpm_public_parse(bytes, out, err);
}

static bool put_aik(struct writer *w, const struct tpm_parts *p, struct arena *a, struct err *err)
{
    struct spki key = { 0 };
    struct tpm_public area;

    if (p->aik_cert.n > 0)
        put_bytes(w, ",\"aik_cert\":", p->aik_cert);
    if (p->aik_public.n == 0)
        return true;
    if (!read_area(p->aik_public, &area, err) || !tpm_public_key(&area, a, &key, err))
        return err_in(err, "aik_public");
    write_text(w, ",\"aik_pub\":");
    put_jwk(w, &key);
    return true;
}

/* The values of one selection, taken off the front of the rest. */
static bool put_selection(struct writer *w, const struct pcr_selection *s, struct span *rest,
                          struct err *err)
{
    const char *before = "{\"index\":";
    size_t size = tpm_alg_size(s->hash);

    write_format(w, "{\"algorithm\":%u,\"values\":[", s->hash);
    for (unsigned i = 0; i < PCR_COUNT; i++) {
        if (!(s->mask & 1u << i))
            continue;
        if (size == 0 || rest->n < size)
            return err_fail(err, ERR_MALFORMED, "the TPM contract, 3",
                            "the value of PCR %u is not there, %zu bytes are left", i, rest->n);
        write_format(w, "%s%u", before, i);
        put_bytes(w, ",\"digest\":", span_part(*rest, 0, size));
        write_text(w, "}");
        *rest = span_part(*rest, size, rest->n - size);
        before = ",{\"index\":";
    }
    write_text(w, "]}");
    return true;
}

static bool put_pcrs(struct writer *w, const struct tpm_parts *p, struct err *err)
{
    struct span rest = p->pcrs;
    struct tpm_attest attest;

    if (!tpm_attest_parse(p->quote, &attest, err))
        return err_in(err, "quote");
    write_text(w, ",\"pcrs\":[");
    for (size_t i = 0; i < attest.selection_count; i++) {
        write_text(w, i > 0 ? "," : "");
        if (!put_selection(w, &attest.selections[i], &rest, err))
            return err_in(err, "pcrs");
    }
    write_text(w, "]");
    if (rest.n == 0)
        return true;
    err_fail(err, ERR_MALFORMED, "the TPM contract, 3", "%zu bytes are more than the quote covers",
             rest.n);
    return err_in(err, "pcrs");
}

static bool put_attestation(struct writer *w, const struct tpm_parts *p, struct arena *a,
                            struct err *err)
{
    put_logs(w, p);
    if (!put_aik(w, p, a, err) || !put_pcrs(w, p, err))
        return false;
    put_bytes(w, ",\"quote\":", p->quote);
    put_bytes(w, ",\"signature\":", p->signature);
    write_text(w, "}");
    return true;
}

/* ---------------------------------------------------------------- the whole */

bool tpm_parts_jwk(const struct signkey *key, struct arena *a, struct span *out, struct err *err)
{
    struct writer w = writer_in(a, 1024);
    struct spki parts = { 0 };
    struct span der = { 0 };

    if (signkey_type(key) != PUBKEY_RSA)
        return err_fail(err, ERR_UNSUPPORTED, "the TPM contract, 3",
                        "requests are signed with PS256: the key must be an RSA key");
    if (!signkey_spki(key, a, &der, err) || !spki_parse(der, &parts, err))
        return false;
    put_jwk(&w, &parts);
    return writer_done(&w, out, err);
}

bool tpm_parts_qualify(struct crypto *c, struct span jwk, struct span challenge,
                       uint8_t out[SHA256_SIZE], struct err *err)
{
    uint8_t made[SHA512_SIZE];
    size_t n = 0;

    if (!quote_qualify(c, span_str("sha-256"), jwk, challenge, made, &n, err))
        return false;
    for (size_t i = 0; i < SHA256_SIZE; i++)
        out[i] = made[i];
    return true;
}

static bool write_payload(const struct tpm_parts *p, struct span jwk, struct arena *a,
                          struct span *out, struct err *err)
{
    struct writer w = writer_in(a, 65536);

    put_bytes(&w, "{\"att_type\":\"basic\",\"att_data\":{\"challenge\":", p->challenge);
    if (p->rp_data)
        put_text(&w, ",\"rp_data\":", p->rp_data);
    write_text(&w, ",\"tpm_att_data\":{\"current_attestation\":");
    if (!put_attestation(&w, p, a, err))
        return false;
    write_text(&w, "},\"request_key\":{\"jwk\":");
    write_bytes(&w, jwk);
    write_text(&w, ",\"info\":{\"tpm_quote\":{\"hash_alg\":\"sha-256\"}}}");
    if (p->context)
        put_text(&w, ",\"service_context\":", p->context);
    write_text(&w, "}}");
    return writer_done(&w, out, err);
}

bool tpm_parts_write(struct crypto *c, struct signkey *key, const struct tpm_parts *p,
                     struct arena *a, struct span *out, struct err *err)
{
    struct span jwk = { 0 }, payload = { 0 };
    struct writer w = writer_in(a, 65536);
    uint8_t signature[512];
    size_t n = 0;

    if (!tpm_parts_jwk(key, a, &jwk, err) || !write_payload(p, jwk, a, &payload, err))
        return false;
    b64_write_url(&w, span_str(HEADER));
    write_text(&w, ".");
    b64_write_url(&w, payload);
    if (!signkey_sign(c, key, SIG_PS256, writer_span(&w), signature, sizeof signature, &n, err))
        return false;
    write_text(&w, ".");
    b64_write_url(&w, span_of(signature, n));
    return writer_done(&w, out, err);
}
