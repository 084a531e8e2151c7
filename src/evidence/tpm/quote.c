#include "quote.h"

#include "../../base/b64.h"
#include "measured.h"

#include <stdio.h>
#include <string.h>

#define CONTRACT "the TPM contract, "

#define CLAIM_MAGIC 0x414C5054u

/* ---------------------------------------------------------------- Windows' frame */

bool platform_claim_parse(struct span bytes, struct quote_parts *out, struct err *err)
{
    struct reader r = reader_over(bytes, err);
    struct quote_parts p = { .is_framed = true };
    uint32_t magic = reader_u32le(&r, "magic"), version = reader_u32le(&r, "version");
    uint32_t signature, statement, values;

    if (reader_ok(&r) && magic != CLAIM_MAGIC)
        reader_fail(&r, ERR_MALFORMED, CONTRACT "5", "magic", "is 0x%08x, expected 0x%08x", magic,
                    CLAIM_MAGIC);
    if (reader_ok(&r) && version != 0)
        reader_fail(&r, ERR_MALFORMED, CONTRACT "5", "version", "is %u, expected 0", version);
    p.frame_bank = reader_u32le(&r, "bank");
    signature = reader_u32le(&r, "signature_size");
    statement = reader_u32le(&r, "quote_size");
    values = reader_u32le(&r, "pcrs_size");
    p.signature = reader_take(&r, signature, "signature");
    p.statement = reader_take(&r, statement, "quote");
    p.frame_values = reader_take(&r, values, "pcrs");
    if (!reader_done(&r))
        return false;
    *out = p;
    return true;
}

void platform_claim_write(struct writer *w, const struct quote_parts *p)
{
    write_u32le(w, CLAIM_MAGIC);
    write_u32le(w, 0);
    write_u32le(w, p->frame_bank);
    write_u32le(w, (uint32_t)p->signature.n);
    write_u32le(w, (uint32_t)p->statement.n);
    write_u32le(w, (uint32_t)p->frame_values.n);
    write_bytes(w, p->signature);
    write_bytes(w, p->statement);
    write_bytes(w, p->frame_values);
}

/* ---------------------------------------------------------------- values */

static bool read_frame_values(const struct quote_parts *parts, struct pcr_set *all, struct err *err)
{
    enum tpm_bank bank;

    if (!bank_find(parts->frame_bank, &bank))
        return err_fail(err, ERR_MALFORMED, CONTRACT "5", "the bank 0x%04x is none of ours",
                        parts->frame_bank);
    if (parts->frame_values.n != PCR_COUNT * banks[bank].size)
        return err_fail(err, ERR_MALFORMED, CONTRACT "5", "%zu bytes are not %d digests of %s",
                        parts->frame_values.n, PCR_COUNT, banks[bank].words);
    for (size_t i = 0; i < PCR_COUNT; i++)
        all->values[bank][i] =
            span_part(parts->frame_values, i * banks[bank].size, banks[bank].size);
    return true;
}

static bool read_value(const struct json *v, enum tpm_bank bank, struct arena *a,
                       struct pcr_set *all, struct err *err)
{
    struct span text = { 0 }, digest = { 0 };
    int64_t index = 0;

    if (!json_get_int(v, "index", &index, err) || !json_get_string(v, "digest", &text, err))
        return false;
    if (!b64_read(a, text, B64_URL, &digest, err))
        return err_in(err, "digest");
    if (index < 0 || index >= PCR_COUNT || digest.n != banks[bank].size)
        return err_fail(err, ERR_MALFORMED, CONTRACT "3",
                        "PCR %lld with %zu bytes is no value of bank %s", (long long)index,
                        digest.n, banks[bank].words);
    if (all->values[bank][index].n > 0)
        return err_fail(err, ERR_MALFORMED, CONTRACT "3", "PCR %lld of bank %s comes twice",
                        (long long)index, banks[bank].words);
    all->values[bank][index] = digest;
    return true;
}

static bool read_bank(const struct json *b, unsigned *seen, struct arena *a, struct pcr_set *all,
                      struct err *err)
{
    const struct json *values = NULL;
    enum tpm_bank bank;
    int64_t alg = 0;
    size_t at = 0;

    if (!json_get_int(b, "algorithm", &alg, err) || !json_get_array(b, "values", &values, err))
        return false;
    if (alg < 0 || alg > UINT16_MAX || !bank_find((uint32_t)alg, &bank))
        return err_fail(err, ERR_MALFORMED, CONTRACT "3", "the bank %lld is none of ours",
                        (long long)alg);
    if ((*seen & 1u << bank) != 0)
        return err_fail(err, ERR_MALFORMED, CONTRACT "3", "the bank %s comes twice",
                        banks[bank].words);
    *seen |= 1u << bank;
    for (const struct json *v = values->child; v; v = v->next, at++) {
        char place[32];

        snprintf(place, sizeof place, "values[%zu]", at);
        if (!read_value(v, bank, a, all, err))
            return err_in(err, place);
    }
    return true;
}

static bool read_json_values(const struct json *list, struct arena *a, struct pcr_set *all,
                             struct err *err)
{
    unsigned seen = 0;
    size_t at = 0;

    for (const struct json *b = list->child; b; b = b->next, at++) {
        char place[24];

        snprintf(place, sizeof place, "pcrs[%zu]", at);
        if (!read_bank(b, &seen, a, all, err))
            return err_in(err, place);
    }
    return true;
}

static const struct pcr_selection *selection_of(const struct tpm_attest *attest, enum tpm_bank bank)
{
    for (size_t i = 0; i < attest->selection_count; i++)
        if (attest->selections[i].hash == banks[bank].alg)
            return &attest->selections[i];
    return NULL;
}

/* A platform claim brings all 24 values, whatever was selected; the others' senders bring exactly
 * what the quote covers. */
static bool take_selected(const struct pcr_set *all, enum tpm_bank bank, uint32_t mask,
                          bool is_framed, struct pcr_set *out, struct err *err)
{
    for (uint32_t i = 0; i < PCR_COUNT; i++) {
        bool is_selected = (mask & 1u << i) != 0, is_there = all->values[bank][i].n > 0;

        if (is_selected && !is_there)
            return err_fail(err, ERR_MALFORMED, CONTRACT "3",
                            "PCR %u of bank %s is quoted, and no value for it came", i,
                            banks[bank].words);
        if (is_there && !is_selected && !is_framed)
            return err_fail(err, ERR_MALFORMED, CONTRACT "3",
                            "a value for PCR %u of bank %s came, and it is not quoted", i,
                            banks[bank].words);
        if (is_selected)
            out->values[bank][i] = all->values[bank][i];
    }
    return true;
}

/* A bank that we cannot hash for can be quoted for nothing only. */
static bool check_banks(const struct tpm_attest *attest, struct err *err)
{
    enum tpm_bank ignored;

    for (size_t i = 0; i < attest->selection_count; i++)
        if (attest->selections[i].mask != 0 && !bank_find(attest->selections[i].hash, &ignored))
            return err_fail(err, ERR_MALFORMED, CONTRACT "3",
                            "the quote covers the bank 0x%04x, which is none of ours",
                            attest->selections[i].hash);
    return true;
}

bool quote_values_read(const struct quote_parts *parts, const struct tpm_attest *attest,
                       struct arena *a, struct pcr_set *out, struct err *err)
{
    struct pcr_set all = { 0 }, selected = { 0 };

    if (!check_banks(attest, err))
        return false;
    if (!(parts->is_framed ? read_frame_values(parts, &all, err)
                           : read_json_values(parts->values, a, &all, err)))
        return false;
    for (unsigned i = 0; i < BANK_COUNT; i++) {
        const struct pcr_selection *s = selection_of(attest, (enum tpm_bank)i);

        if (!take_selected(&all, (enum tpm_bank)i, s ? s->mask : 0, parts->is_framed, &selected,
                           err))
            return err_in(err, "pcrs");
    }
    *out = selected;
    return true;
}

uint32_t quote_mask(const struct pcr_set *set, enum tpm_bank bank)
{
    uint32_t mask = 0;

    for (uint32_t i = 0; i < PCR_COUNT; i++)
        if (set->values[bank][i].n > 0)
            mask |= 1u << i;
    return mask;
}

/* ---------------------------------------------------------------- digests */

bool quote_check_digest(struct crypto *c, const struct tpm_quote *q, struct err *err)
{
    const struct bank_def *hash = &banks[q->signature.hash];
    struct span parts[TPM_SELECTIONS_MAX * PCR_COUNT];
    uint8_t made[PCR_SIZE_MAX];
    char a[DIGEST_TEXT], b[DIGEST_TEXT];
    size_t count = 0;

    for (size_t i = 0; i < q->attest.selection_count; i++) {
        enum tpm_bank bank;

        if (!bank_find(q->attest.selections[i].hash, &bank))
            continue;
        for (uint32_t k = 0; k < PCR_COUNT; k++)
            if ((q->attest.selections[i].mask & 1u << k) != 0)
                parts[count++] = q->pcrs.values[bank][k];
    }
    if (!digest(c, hash->digest, parts, count, made, err))
        return false;
    if (span_equal(q->attest.pcr_digest, span_of(made, hash->size)))
        return true;
    return err_fail(err, ERR_UNTRUSTED, CONTRACT "7",
                    "the %s of the %zu PCR values is %s, the quote says %s", hash->words, count,
                    digest_show(made, hash->size, a),
                    digest_show(q->attest.pcr_digest.p, q->attest.pcr_digest.n, b));
}

bool quote_qualify(struct crypto *c, struct span hash_name, struct span jwk_text,
                   struct span challenge, uint8_t *out, size_t *n, struct err *err)
{
    static const struct {
        const char *name;
        enum digest_alg alg;
    } rows[] = { { "sha-256", DIGEST_SHA256 },
                 { "sha-384", DIGEST_SHA384 },
                 { "sha-512", DIGEST_SHA512 } };
    static const uint8_t zero;
    const struct span parts[] = { jwk_text, { &zero, 1 }, challenge };

    for (size_t i = 0; i < COUNT(rows); i++)
        if (span_is(hash_name, rows[i].name)) {
            *n = digest_size(rows[i].alg);
            return digest(c, rows[i].alg, parts, COUNT(parts), out, err);
        }
    return err_fail(err, ERR_UNSUPPORTED, CONTRACT "4",
                    "the hash of a key's binding is sha-256, sha-384 or sha-512");
}
