/* Targets: tpm_message_parse, tpm_request_open, tpm_request_read, tpm_jwk_parse,
 * tpm_custom_claims_add, platform_claim_parse, quote_values_read, aik_leaf_parse */
#include "../../../fuzz/fuzz.h"
#include "aik.h"
#include "jwk.h"
#include "message.h"
#include "quote.h"
#include "request.h"

static void must_be_told(const struct err *e)
{
    must(e->code != ERR_NONE && e->text[0] != '\0');
}

static void try_key(const struct json *jwk, struct arena *a)
{
    struct tpm_jwk k;
    struct err e = { 0 };

    if (!jwk)
        return;
    if (tpm_jwk_parse(jwk, a, &k, &e))
        must(k.spki.n > 0 && tpm_key_equal(&k.key, &k.key));
    else
        must_be_told(&e);
}

static void try_values(const struct tpm_statement *s, struct arena *a)
{
    struct quote_parts parts = { .statement = s->quote, .values = s->pcrs };
    struct tpm_attest attest;
    struct pcr_set set;
    struct err e = { 0 };

    if (!s->pcrs || !tpm_attest_parse(s->quote, &attest, &e))
        return;
    if (quote_values_read(&parts, &attest, a, &set, &e))
        for (unsigned b = 0; b < BANK_COUNT; b++)
            for (unsigned i = 0; i < PCR_COUNT; i++)
                must(set.values[b][i].n == 0 || set.values[b][i].n == banks[b].size);
    else
        must_be_told(&e);
}

/* What is read lies inside the limits, and what was checked once is added without complaint. */
static void try_payload(struct span payload, enum tpm_form form, struct arena *a)
{
    struct tpm_request q = { .form = form, .jws.payload = payload };
    struct claim_set set = claim_set_in(a);
    struct err e = { 0 };

    if (!tpm_request_read(&q, a, &e)) {
        must_be_told(&e);
        return;
    }
    must(q.current.log_count <= TPM_LOGS_MAX && q.other_key_count <= TPM_OTHER_KEYS_MAX);
    must(q.challenge.n >= TPM_CHALLENGE_MIN && q.request_key.jwk != NULL);
    must(!q.is_vbs || (q.report_signed.n >= 2 && q.report_signed.p[0] == '{'));
    must(tpm_custom_claims_add(q.custom_claims, span_str("p/"), &set, &e));
    try_key(q.request_key.jwk, a);
    try_key(q.current.aik_pub, a);
    try_values(&q.current, a);
}

static void try_frame(struct span bytes, struct arena *a)
{
    struct writer w = writer_in(a, bytes.n + 64);
    struct quote_parts p;
    struct err e = { 0 };

    if (!platform_claim_parse(bytes, &p, &e)) {
        must_be_told(&e);
        return;
    }
    platform_claim_write(&w, &p);
    must(span_equal(writer_span(&w), bytes));
}

static void try_leaf(struct span bytes)
{
    struct cert leaf;
    struct err e = { 0 };

    if (!aik_leaf_parse(bytes, &leaf, &e))
        must_be_told(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = { data, size };
    struct arena a = arena_over(32u << 20);
    struct tpm_message m;
    struct tpm_request q;
    struct err e = { 0 };

    if (!tpm_message_parse(bytes, &a, &m, &e))
        must_be_told(&e);
    e = (struct err){ 0 };
    if (!tpm_request_open(bytes, &a, &q, &e))
        must_be_told(&e);
    try_payload(bytes, TPM_FORM_FIRST, &a);
    try_payload(bytes, TPM_FORM_SECOND, &a);
    try_frame(bytes, &a);
    try_leaf(bytes);
    arena_fini(&a);
    return 0;
}
