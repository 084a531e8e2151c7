/* The TPM contract, 17, steps 7 and 8: what the logs say, and keys that the TPM certified. */
#include "case.h"
#include "measured.h"
#include "order.h"

#define CONTRACT "the TPM contract, "

/* ---------------------------------------------------------------- step 7 */

static bool replay_bank(struct tpm_case *c, struct tpm_attestation *t, enum tpm_bank bank,
                        struct err *err)
{
    struct replay *r = ARENA_NEW(c->in->arena, struct replay);
    struct replay_rules rules = {
        .required_mask = tpm_required_pcrs(c),
        .pcr10_is_open = c->request.form == TPM_FORM_FIRST,
        .known_pcr0 = c->settings->known_pcr0,
        .known_pcr0_count = c->settings->known_pcr0_count,
    };
    struct replay_result result;

    if (!r)
        return arena_fail(c->in->arena, err);
    if (!replay_run(c->in->crypto, &t->boot, bank, r, err) ||
        !replay_check(c->in->crypto, &t->boot, r, &t->quote.pcrs, &rules, &result, NULL, err))
        return false;
    t->held[bank] = result.held;
    return true;
}

/* Every bank that both the quote and the logs have must agree, not only the one that judges. */
static bool replay_all(struct tpm_case *c, struct tpm_attestation *t, struct err *err)
{
    unsigned mask = pcr_set_banks(&t->quote.pcrs) & t->boot.bank_mask;

    for (unsigned b = BANK_COUNT; b-- > 0;)
        if ((mask & 1u << b) != 0 && !replay_bank(c, t, (enum tpm_bank)b, err))
            return false;
    return true;
}

bool tpm_check_replay(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    if (!tpm_each_attestation(c, replay_all, err))
        return false;
    trail_count(detail, (uint64_t)__builtin_popcount(c->current.held[c->current.bank]),
                " PCRs are as the logs say");
    return true;
}

static bool check_data(struct tpm_case *c, struct tpm_attestation *t, struct err *err)
{
    return measured_settle(c->in->crypto, t->bank, &t->boot, err) &&
           measured_check(c->in->crypto, t->bank, &t->boot, NULL, err);
}

bool tpm_check_event_data(void *verifier_case, char *detail, struct err *err)
{
    (void)detail;
    return tpm_each_attestation(verifier_case, check_data, err);
}

static bool check_separators(struct tpm_case *c, struct tpm_attestation *t, struct err *err)
{
    (void)c;
    return order_check_separators(&t->boot, err);
}

bool tpm_check_separators(void *verifier_case, char *detail, struct err *err)
{
    (void)detail;
    return tpm_each_attestation(verifier_case, check_separators, err);
}

static bool check_end(struct tpm_case *c, struct tpm_attestation *t, struct err *err)
{
    (void)c;
    return order_check_end(&t->boot, err);
}

bool tpm_check_end(void *verifier_case, char *detail, struct err *err)
{
    (void)detail;
    return tpm_each_attestation(verifier_case, check_end, err);
}

static bool check_types(struct tpm_case *c, struct tpm_attestation *t, struct err *err)
{
    (void)c;
    return order_check_types(&t->boot, err);
}

bool tpm_check_event_types(void *verifier_case, char *detail, struct err *err)
{
    (void)detail;
    return tpm_each_attestation(verifier_case, check_types, err);
}

/* Facts are read here, where everything that they rest on has been established. */
static bool check_records(struct tpm_case *c, struct tpm_attestation *t, struct err *err)
{
    (void)c;
    if (!order_check_records(&t->boot, err))
        return false;
    facts_read(&t->boot, t->held[t->bank], &t->facts);
    return true;
}

bool tpm_check_records(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    (void)detail;
    if (!tpm_each_attestation(c, check_records, err))
        return false;
    c->facts = c->current.facts;
    return true;
}

/* The boot's statement was verified with the current key; whatever key it names must be that. */
static bool check_same_key(const struct tpm_case *c, struct err *err)
{
    const struct tpm_statement *boot = &c->request.boot;
    struct tpm_jwk jwk;
    struct spki key = { 0 };
    struct cert cert;

    if (boot->aik_pub && !tpm_jwk_parse(boot->aik_pub, c->in->arena, &jwk, err))
        return err_in(err, "aik_pub");
    if (boot->aik_pub && !tpm_key_equal(&jwk.key, &c->aik))
        return err_fail(err, ERR_UNTRUSTED, CONTRACT "11", "the boot was quoted by another key");
    if (boot->aik_cert.n == 0 || span_equal(boot->aik_cert, c->request.current.aik_cert))
        return true;
    if (!cert_parse(boot->aik_cert, &cert, err) || !spki_parse(cert.spki, &key, err))
        return err_in(err, "aik_cert");
    return tpm_key_equal(&key, &c->aik) ||
           err_fail(err, ERR_UNTRUSTED, CONTRACT "11",
                    "the certificate of the boot's quote is for another key");
}

bool tpm_check_cycle(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;
    const struct tpm_attest *now = &c->current.quote.attest, *then = &c->boot.quote.attest;
    uint32_t resets = now->reset_count - then->reset_count;

    if (!check_same_key(c, err))
        return err_in(err, c->boot.name);
    if (now->is_safe && then->is_safe && then->clock >= now->clock)
        return err_fail(err, ERR_UNTRUSTED, CONTRACT "11",
                        "the TPM's clock was not behind when the boot was quoted");
    if (!facts_check_cycle(&c->current.facts, &c->boot.facts, resets, err))
        return false;
    facts_join(&c->facts, &c->boot.facts);
    trail_count(detail, resets, " resets since the boot");
    return true;
}

/* ---------------------------------------------------------------- step 8 */

static bool check_statement(struct tpm_case *c, struct tpm_certified *k, struct err *err)
{
    struct span name = { 0 };

    if (k->statement.type != TPM_ATTEST_CERTIFY)
        return err_fail(err, ERR_UNTRUSTED, CONTRACT "4",
                        "the certification is no statement of a TPM about a key");
    if (!tpm_public_name(c->in->crypto, &k->area, c->in->arena, &name, err))
        return err_in(err, "public.name_alg");
    if (!span_equal(name, k->statement.name))
        return err_fail(err, ERR_UNTRUSTED, CONTRACT "4",
                        "the TPM certified a key of another name");
    if (!span_equal(k->statement.extra_data, c->request.challenge))
        return err_fail(err, ERR_UNTRUSTED, CONTRACT "4",
                        "the certification was not made for this challenge");
    return tpm_signature_check(c->in->crypto, &k->signature, c->aik_spki, k->statement.bytes,
                               err) ||
           err_in(err, "signature");
}

/* A restricted key signs what a TPM makes only, unless its scheme lets it sign nothing but PS256.
 */
static bool check_usage(const struct tpm_certified *k, struct err *err)
{
    bool is_fixed = k->area.scheme == TPM_ALG_RSAPSS && k->area.scheme_hash == TPM_ALG_SHA256;

    if (k->name[0] == 'r' && !(k->area.attributes & TPM_KEY_SIGN))
        return err_fail(err, ERR_UNTRUSTED, CONTRACT "4", "the key may not sign");
    if ((k->area.attributes & TPM_KEY_RESTRICTED) && !is_fixed)
        return err_fail(err, ERR_UNTRUSTED, CONTRACT "4", "the key is restricted");
    return true;
}

static bool check_certified(struct tpm_case *c, struct tpm_certified *k, struct err *err)
{
    struct spki key = { 0 };

    if (!check_statement(c, k, err))
        return false;
    if (!tpm_public_key(&k->area, c->in->arena, &key, err))
        return err_in(err, "public");
    if (!tpm_key_equal(&key, &k->jwk->key))
        return err_fail(err, ERR_UNTRUSTED, CONTRACT "4",
                        "the key is not the one that the TPM certified");
    return check_usage(k, err);
}

bool tpm_check_certified(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    trail_count(detail, c->certified_count, " certified keys");
    for (size_t i = 0; i < c->certified_count; i++)
        if (!check_certified(c, &c->certified[i], err))
            return err_in(err, c->certified[i].name);
    return true;
}

/* A log with two different keys of the secure kernel contradicts itself, whoever asks. */
bool tpm_check_idks_agree(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    trail_say(detail, c->facts.idks.n ? "one signing key" : "no signing key");
    return !c->facts.has_two_idks ||
           err_fail(err, ERR_UNTRUSTED, "the VBS contract, 6",
                    "the logs name two different signing keys of the secure kernel");
}
