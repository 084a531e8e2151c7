/*
 * A whole machine: boots, quotes, request.
 */
#include "lab_in.h"
#include "tpm_in.h"

#include "../src/base/b64.h"
#include "../src/format/pem.h"

#include <string.h>

static bool is(const char *word, const char *what)
{
    return strcmp(word, what) == 0;
}

static struct span pem_of(const struct lab_tpm_bench *b, struct span der)
{
    struct writer w = writer_in(b->a, 2048);

    pem_write(&w, "CERTIFICATE", der);
    return lab_tpm_done(b, &w);
}

/* ---------------------------------------------------------------- what the quote is made for */

static bool challenge_make(const struct lab_tpm_bench *b, struct span *out)
{
    uint8_t h[32];

    *out = b->p->challenge;
    if (out->n > 0)
        return true;
    if (!lab_tpm_hash(b, "challenge", h))
        return false;
    *out = arena_dup(b->a, span_of(h, sizeof h));
    return out->p ? true : arena_fail(b->a, b->err);
}

/* The challenge, or its hash behind the key's text where the quote binds the key. */
static bool qualify(const struct lab_request_in *in, struct span *out)
{
    const struct lab_tpm_bench *b = in->b;
    uint8_t made[SHA512_SIZE];
    size_t n = 0;

    *out = in->challenge;
    if (is(b->p->nonce, "empty"))
        *out = (struct span){ 0 };
    if (is(b->p->nonce, "wrong"))
        *out = span_str("Lab: the challenge of another day");
    if (!is(b->p->nonce, "right") || b->p->form == 1 || !is(b->p->binding, "quote"))
        return true;
    if (!quote_qualify(b->crypto, span_str("sha-256"), in->jwk, in->challenge, made, &n, b->err))
        return false;
    *out = arena_dup(b->a, span_of(made, n));
    return out->p ? true : arena_fail(b->a, b->err);
}

/* ---------------------------------------------------------------- boots */

static bool attest(const struct lab_request_in *in, bool is_boot, struct span nonce,
                   struct lab_statement *out)
{
    const struct lab_tpm_bench *b = in->b;
    bool is_resume = !is_boot && b->p->resumes > 0;

    return lab_log_make(b, is_resume, &out->log) &&
           lab_quote_pcrs(b, in->aik, &out->log, nonce, is_boot, &out->quote);
}

/* The boot's quote was made when nobody had asked yet. */
static bool attest_boot(const struct lab_request_in *in, struct lab_statement *out)
{
    uint8_t nonce[32];

    return lab_tpm_hash(in->b, "boot nonce", nonce) &&
           attest(in, true, span_of(nonce, sizeof nonce), out);
}

/* ---------------------------------------------------------------- artifacts */

static struct span values_of(const struct lab_tpm_bench *b, const struct lab_boot_log *log,
                             enum tpm_bank bank)
{
    struct writer w = writer_in(b->a, 1024);

    if (!(lab_tpm_banks(b->p) & 1u << bank))
        return (struct span){ 0 };
    for (unsigned i = 0; i < PCR_COUNT; i++)
        write_bytes(&w, span_of(log->pcrs[bank][i], banks[bank].size));
    return lab_tpm_done(b, &w);
}

static bool pub_hash(const struct lab_tpm_bench *b, struct span spki, struct span *out)
{
    uint8_t h[32];

    if (!lab_sha256(spki, h, b->err))
        return false;
    *out = b64_dup_std(b->a, span_of(h, sizeof h));
    return out->p ? true : arena_fail(b->a, b->err);
}

static bool fill(const struct lab_request_in *in, struct lab_tpm_set *set)
{
    const struct lab_tpm_bench *b = in->b;

    set->log = in->current->log.bytes;
    set->ima = in->current->log.ima;
    set->quote = in->current->quote.statement;
    set->signature = in->current->quote.signature;
    if (in->boot) {
        set->boot_log = in->boot->log.bytes;
        set->boot_quote = in->boot->quote.statement;
        set->boot_signature = in->boot->quote.signature;
    }
    set->pcrs_sha1 = values_of(b, &in->current->log, BANK_SHA1);
    set->pcrs_sha256 = values_of(b, &in->current->log, BANK_SHA256);
    set->aik_public = in->aik->area;
    set->aik_cert = in->aik->cert;
    set->issuing_der = in->aik->issuing;
    set->root_der = in->aik->root;
    set->crl = in->aik->crl;
    set->issuing_pem = pem_of(b, in->aik->issuing);
    set->root_pem = pem_of(b, in->aik->root);
    set->challenge = in->challenge;
    set->jwk = in->jwk;
    set->request_key = lab_rsa_pem(b->a, &in->key);
    return set->request_key.p ? pub_hash(b, in->aik->spki, &set->aik_pub_hash)
                              : arena_fail(b->a, b->err);
}

static bool key_make(struct lab_request_in *in)
{
    struct writer w = writer_in(in->b->a, 512);

    if (!lab_tpm_rsa(in->b, "request", &in->key))
        return false;
    lab_write_jwk(&w, &in->key, in->b->p->exponent);
    return writer_done(&w, &in->jwk, in->b->err);
}

static bool make(const struct lab_tpm_bench *b, struct lab_tpm_set *out)
{
    struct lab_statement *statements = ARENA_ARRAY(b->a, struct lab_statement, 2);
    struct lab_tpm_set set = { 0 };
    struct lab_aik aik;
    struct lab_request_in in = { .b = b, .aik = &aik };

    if (!statements)
        return arena_fail(b->a, b->err);
    in.current = &statements[0];
    in.boot = b->p->resumes > 0 ? &statements[1] : NULL;
    if (!key_make(&in) || !challenge_make(b, &in.challenge) || !qualify(&in, &set.qualifying) ||
        !lab_aik_make(b, &aik) || !attest(&in, false, set.qualifying, &statements[0]) ||
        (in.boot && !attest_boot(&in, &statements[1])) || !lab_request_make(&in, &set) ||
        !fill(&in, &set))
        return false;
    *out = set;
    return true;
}

struct span lab_tpm_done(const struct lab_tpm_bench *b, struct writer *w)
{
    struct span s = { 0 };

    return writer_done(w, &s, b->err) ? s : (struct span){ 0 };
}

/* What could not be written is noted in `e`, whatever was made of it. */
bool lab_tpm_make(const struct lab_tpm_params *p, struct lab_ring *ring, struct arena *a,
                  struct lab_tpm_set *out, struct err *err)
{
    struct err e = { 0 };
    struct crypto *crypto = crypto_new(&e);
    struct lab_tpm_bench b = { .p = p, .crypto = crypto, .ring = ring, .a = a, .err = &e };
    struct lab_tpm_set set;
    bool ok = crypto && make(&b, &set) && e.code == ERR_NONE;

    crypto_free(crypto);
    if (ok)
        *out = set;
    else
        *err = e;
    return ok;
}

size_t lab_tpm_artifacts(const struct lab_tpm_set *s, struct lab_artifact out[LAB_TPM_ARTIFACTS])
{
    const struct lab_artifact all[LAB_TPM_ARTIFACTS] = {
        { "request.jws", s->request },
        { "payload.json", s->payload },
        { "log.bin", s->log },
        { "ima.bin", s->ima },
        { "boot-log.bin", s->boot_log },
        { "quote.attest", s->quote },
        { "quote.sig", s->signature },
        { "boot-quote.attest", s->boot_quote },
        { "boot-quote.sig", s->boot_signature },
        { "pcrs-sha1.bin", s->pcrs_sha1 },
        { "pcrs-sha256.bin", s->pcrs_sha256 },
        { "aik.tpmt_public", s->aik_public },
        { "aik-cert.der", s->aik_cert },
        { "report.bin", s->report },
        { "challenge.bin", s->challenge },
        { "jwk.json", s->jwk },
        { "qualifying.bin", s->qualifying },
        { "request.key.pem", s->request_key },
    };
    size_t count = 0;

    for (size_t i = 0; i < COUNT(all); i++)
        if (all[i].bytes.n > 0)
            out[count++] = all[i];
    return count;
}
