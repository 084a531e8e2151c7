/* The TPM contract, 17, steps 4 and 6: what the TPM signed, and the logs' shape. */
#include "../../base/hex.h"
#include "case.h"
#include "measured.h"

#include <stdio.h>

#define CONTRACT "the TPM contract, "

/* ---------------------------------------------------------------- step 4: shape */

static bool find_parts(struct tpm_case *c, struct tpm_attestation *t, struct err *err)
{
    if (c->request.form == TPM_FORM_FIRST)
        return platform_claim_parse(t->from->claim, &t->parts, err) || err_in(err, "claim");
    t->parts = (struct quote_parts){ .statement = t->from->quote,
                                     .signature = t->from->signature,
                                     .values = t->from->pcrs };
    return true;
}

static bool peek(const struct tpm_attestation *t, uint32_t *magic, uint16_t *type, struct err *err)
{
    return tpm_attest_peek(t->parts.statement, magic, type, err) || err_in(err, "quote");
}

static bool check_frame(struct tpm_case *c, struct tpm_attestation *t, struct err *err)
{
    uint32_t magic;
    uint16_t type;

    return find_parts(c, t, err) && peek(t, &magic, &type, err);
}

bool tpm_check_quote_frame(void *verifier_case, char *detail, struct err *err)
{
    (void)detail;
    return tpm_each_attestation(verifier_case, check_frame, err);
}

/* The first thing a TPM writes, so that no unrestricted key can be made to sign the like. */
static bool check_magic(struct tpm_case *c, struct tpm_attestation *t, struct err *err)
{
    uint32_t magic = 0;
    uint16_t type = 0;

    (void)c;
    if (!peek(t, &magic, &type, err))
        return false;
    if (magic == TPM_GENERATED)
        return true;
    err_fail(err, ERR_UNTRUSTED, CONTRACT "6", "begins with 0x%08x, a TPM 2.0 writes 0x%08x", magic,
             TPM_GENERATED);
    return err_in(err, "quote.magic");
}

bool tpm_check_magic(void *verifier_case, char *detail, struct err *err)
{
    (void)detail;
    return tpm_each_attestation(verifier_case, check_magic, err);
}

static bool check_type(struct tpm_case *c, struct tpm_attestation *t, struct err *err)
{
    uint32_t magic = 0;
    uint16_t type = 0;

    (void)c;
    if (!peek(t, &magic, &type, err))
        return false;
    if (type == TPM_ATTEST_QUOTE)
        return true;
    err_fail(err, ERR_UNTRUSTED, CONTRACT "6", "is 0x%04x, a quote is 0x%04x", type,
             TPM_ATTEST_QUOTE);
    return err_in(err, "quote.type");
}

bool tpm_check_attest_type(void *verifier_case, char *detail, struct err *err)
{
    (void)detail;
    return tpm_each_attestation(verifier_case, check_type, err);
}

/* A scheme that is none of ours has a reason of its own, and a later row. */
static bool read_signature(struct span bytes, struct tpm_signature *out, struct err *scheme,
                           struct err *err)
{
    struct err e = { 0 };

    if (tpm_signature_parse(bytes, out, &e))
        return true;
    err_in(&e, "signature");
    *(e.code == ERR_UNSUPPORTED ? scheme : err) = e;
    return e.code == ERR_UNSUPPORTED;
}

static bool read_quote(struct tpm_case *c, struct tpm_attestation *t, struct err *err)
{
    if (!tpm_attest_parse(t->parts.statement, &t->quote.attest, err))
        return err_in(err, "quote");
    return read_signature(t->parts.signature, &t->quote.signature, &t->scheme, err) &&
           quote_values_read(&t->parts, &t->quote.attest, c->in->arena, &t->quote.pcrs, err);
}

/* What is no statement about a key at all is left for the row that judges certified keys. */
static bool read_certified(struct tpm_case *c, struct tpm_certified *k, struct err *err)
{
    uint32_t magic = 0;
    uint16_t type = 0;

    if (!tpm_public_parse(k->object->area, &k->area, err))
        return err_in(err, "public");
    if (!tpm_attest_peek(k->object->certification, &magic, &type, err))
        return err_in(err, "certification");
    if (magic == TPM_GENERATED && type == TPM_ATTEST_CERTIFY &&
        !tpm_attest_parse(k->object->certification, &k->statement, err))
        return err_in(err, "certification");
    return read_signature(k->object->signature, &k->signature, &c->current.scheme, err);
}

bool tpm_check_quote_form(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    (void)detail;
    if (!tpm_each_attestation(c, read_quote, err))
        return false;
    for (size_t i = 0; i < c->certified_count; i++)
        if (!read_certified(c, &c->certified[i], err))
            return err_in(err, c->certified[i].name);
    return true;
}

static bool check_scheme(struct tpm_case *c, struct tpm_attestation *t, struct err *err)
{
    (void)c;
    if (t->scheme.code == ERR_NONE)
        return true;
    *err = t->scheme;
    return false;
}

bool tpm_check_scheme(void *verifier_case, char *detail, struct err *err)
{
    (void)detail;
    return tpm_each_attestation(verifier_case, check_scheme, err);
}

static bool takes_sha1(const struct tpm_case *c)
{
    switch (c->settings->sha1_signatures) {
    case SHA1_ALLOWED:
        return true;
    case SHA1_REFUSED:
        return false;
    case SHA1_BY_FORM:
        break;
    }
    return c->request.form == TPM_FORM_FIRST;
}

static bool check_sha1(struct tpm_case *c, struct tpm_attestation *t, struct err *err)
{
    if (t->quote.signature.hash != BANK_SHA1 || takes_sha1(c))
        return true;
    return err_fail(err, ERR_UNTRUSTED, CONTRACT "7",
                    "the quote is signed over SHA-1, which is not allowed in this form");
}

bool tpm_check_sha1(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    if (!tpm_each_attestation(c, check_sha1, err))
        return false;
    for (size_t i = 0; i < c->certified_count; i++)
        if (c->certified[i].signature.hash == BANK_SHA1 && !takes_sha1(c)) {
            err_fail(err, ERR_UNTRUSTED, CONTRACT "7", "is certified over SHA-1");
            return err_in(err, c->certified[i].name);
        }
    trail_say(detail, banks[c->current.quote.signature.hash].words);
    return true;
}

/* ---------------------------------------------------------------- step 4: logs */

static bool read_logs(struct tpm_case *c, struct tpm_attestation *t, struct err *err)
{
    for (size_t i = 0; i < t->from->log_count; i++) {
        const struct tpm_log_text *log = &t->from->logs[i];

        if (!(log->is_ima ? boot_add_ima(&t->boot, log->bytes, c->in->arena, err)
                          : boot_add_tcg(&t->boot, log->bytes, log->origin, c->in->arena, err)))
            return false;
    }
    return true;
}

bool tpm_check_logs(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;
    struct err e = { 0 };

    if (tpm_each_attestation(c, read_logs, &e)) {
        trail_count(detail, c->current.boot.event_count, " events");
        return true;
    }
    if (e.code == ERR_LIMIT) {
        c->limit = e;
        return true;
    }
    *err = e;
    return false;
}

bool tpm_check_log_limits(void *verifier_case, char *detail, struct err *err)
{
    return tpm_check_limits(verifier_case, detail, err);
}

/* ---------------------------------------------------------------- step 6 */

static bool check_signature(struct tpm_case *c, struct tpm_attestation *t, struct err *err)
{
    return tpm_signature_check(c->in->crypto, &t->quote.signature, c->aik_spki,
                               t->quote.attest.bytes, err);
}

bool tpm_check_quote_signature(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;
    static const char *const names[] = { "RSASSA", "RSAPSS", "ECDSA" };

    trail_say(detail, names[c->current.quote.signature.scheme]);
    trail_say(detail, " with ");
    trail_say(detail, banks[c->current.quote.signature.hash].words);
    return tpm_each_attestation(c, check_signature, err);
}

static bool fail_data(const struct span expected, struct span found, const char *what,
                      struct err *err)
{
    char a[DIGEST_TEXT] = "", b[DIGEST_TEXT] = "";

    return err_fail(err, ERR_UNTRUSTED, CONTRACT "4", "expected %s of %zu bytes %s, found %zu %s",
                    what, expected.n, digest_show(expected.p, expected.n, a), found.n,
                    digest_show(found.p, found.n, b));
}

/* Who asked from outside may name what the TPM signed, or the challenge that this is made from. */
static bool check_expected(const struct tpm_case *c, struct err *err)
{
    struct span expected = c->in->expect_nonce, signed_data = c->current.quote.attest.extra_data;

    if (expected.n == 0 || span_equal(expected, signed_data) ||
        span_equal(expected, c->request.challenge))
        return true;
    return fail_data(expected, signed_data, "the nonce asked for", err);
}

/* The boot's quote was made before anybody asked, so it has no challenge. */
bool tpm_check_qualifying_data(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;
    const struct tpm_key_object *key = &c->request.request_key;
    struct span found = c->current.quote.attest.extra_data, expected = c->request.challenge;
    uint8_t made[SHA512_SIZE];
    size_t n = 0;

    if (key->binding == KEY_BY_QUOTE) {
        if (!quote_qualify(c->in->crypto, key->hash_alg, key->jwk->raw, c->request.challenge, made,
                           &n, err))
            return false;
        expected = span_of(made, n);
    }
    trail_say(detail,
              key->binding == KEY_BY_QUOTE ? "the hash of key and challenge" : "the challenge");
    if (!span_equal(found, expected))
        return fail_data(
            expected, found,
            key->binding == KEY_BY_QUOTE ? "the hash of key and challenge" : "the challenge", err);
    return check_expected(c, err);
}

static bool check_digest(struct tpm_case *c, struct tpm_attestation *t, struct err *err)
{
    return quote_check_digest(c->in->crypto, &t->quote, err);
}

bool tpm_check_pcr_digest(void *verifier_case, char *detail, struct err *err)
{
    (void)detail;
    return tpm_each_attestation(verifier_case, check_digest, err);
}

/* The secure kernel's key stands in PCR 12. */
uint32_t tpm_required_pcrs(const struct tpm_case *c)
{
    uint32_t mask = TPM_PCRS_ALL & ~c->settings->waived_pcrs;

    return c->request.is_vbs ? mask | 1u << 12 : mask;
}

static bool choose_bank(struct tpm_case *c, struct tpm_attestation *t, struct err *err)
{
    return replay_choose_bank(&t->boot, &t->quote.pcrs, tpm_required_pcrs(c), &t->bank, err);
}

bool tpm_check_required_pcrs(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    if (!tpm_each_attestation(c, choose_bank, err))
        return false;
    trail_say(detail, "bank ");
    trail_say(detail, banks[c->current.bank].words);
    return true;
}

static bool is_blank(struct span value)
{
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] != value.p[0] || (value.p[i] != 0 && value.p[i] != 0xFF))
            return false;
    return true;
}

/* PCR 0 says it where it is quoted; else the other registers of the firmware, if any of them is. */
static bool check_measured(struct tpm_case *c, struct tpm_attestation *t, struct err *err)
{
    const struct span *values = t->quote.pcrs.values[t->bank];
    bool is_any_quoted = false, is_any_measured = false;

    (void)c;
    for (size_t i = 0; i < 8; i++) {
        is_any_quoted = is_any_quoted || values[i].n > 0;
        is_any_measured = is_any_measured || (values[i].n > 0 && !is_blank(values[i]));
    }
    if (values[0].n > 0 ? pcr_set_is_measured(&t->quote.pcrs, t->bank)
                        : is_any_measured || !is_any_quoted)
        return true;
    return err_fail(err, ERR_UNTRUSTED, CONTRACT "7",
                    "the firmware measured nothing into bank %s: anybody could have",
                    banks[t->bank].words);
}

bool tpm_check_bank_measured(void *verifier_case, char *detail, struct err *err)
{
    (void)detail;
    return tpm_each_attestation(verifier_case, check_measured, err);
}

static bool check_sha1_bank(struct tpm_case *c, struct tpm_attestation *t, struct err *err)
{
    if (t->bank != BANK_SHA1)
        return true;
    if (c->settings->refuses_sha1_bank)
        return err_fail(err, ERR_UNTRUSTED, CONTRACT "18", "the bank of SHA-1 is not allowed");
    if (pcr_set_banks(&t->quote.pcrs) == 1u << BANK_SHA1)
        return true;
    return err_fail(err, ERR_UNTRUSTED, CONTRACT "18",
                    "the bank of SHA-1 would judge although a stronger one is quoted");
}

bool tpm_check_sha1_bank(void *verifier_case, char *detail, struct err *err)
{
    (void)detail;
    return tpm_each_attestation(verifier_case, check_sha1_bank, err);
}
