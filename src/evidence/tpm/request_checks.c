/* The TPM contract, 17, steps 1 to 4: request, context, keys. */
#include <inttypes.h>
#include <stdio.h>

#include "case.h"

#define CONTRACT "the TPM contract, "

bool tpm_each_attestation(struct tpm_case *c, attestation_fn *check, struct err *err)
{
    if (!check(c, &c->current, err))
        return err_in(err, c->current.name);
    return !c->request.has_boot || check(c, &c->boot, err) || err_in(err, c->boot.name);
}

bool tpm_has_round_trip(const void *verifier_case)
{
    return ((const struct tpm_case *)verifier_case)->settings->round_trip != NULL;
}

bool tpm_is_second_form(const void *verifier_case)
{
    return ((const struct tpm_case *)verifier_case)->request.form == TPM_FORM_SECOND;
}

bool tpm_has_boot(const void *verifier_case)
{
    return ((const struct tpm_case *)verifier_case)->request.has_boot;
}

/* ---------------------------------------------------------------- step 1 */

/* With an unknown typ there is no form to read by: the row that names it fails. */
static bool read_request(struct tpm_case *c, struct err *err)
{
    if (!tpm_request_open(c->in->evidence, c->in->arena, &c->request, err))
        return false;
    return !tpm_request_form(&c->request, &c->request.form) ||
           tpm_request_read(&c->request, c->in->arena, err);
}

bool tpm_check_request(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;
    struct err e = { 0 };

    (void)detail;
    if (read_request(c, &e))
        return true;
    if (e.code == ERR_LIMIT) {
        c->limit = e;
        return true;
    }
    *err = e;
    return false;
}

static bool fail_with(const struct err *why, struct err *err)
{
    if (why->code == ERR_NONE)
        return true;
    *err = *why;
    return false;
}

bool tpm_check_limits(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    (void)detail;
    return fail_with(&c->limit, err);
}

bool tpm_check_algorithm(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    (void)detail;
    if (span_is(c->request.jws.alg, "PS256"))
        return true;
    err_fail(err, ERR_UNSUPPORTED, CONTRACT "3", "is not PS256");
    return err_in(err, "header.alg");
}

bool tpm_check_type(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;
    enum tpm_form form;

    if (!tpm_request_form(&c->request, &form)) {
        err_fail(err, ERR_UNSUPPORTED, CONTRACT "2", "is neither attReq nor attReqV2");
        return err_in(err, "header.typ");
    }
    trail_say(detail, form == TPM_FORM_SECOND ? "second form" : "first form");
    return true;
}

/* Who asks for an enclave's verdict must not be given a machine's. */
bool tpm_check_kind(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    trail_say(detail, c->request.is_vbs ? "an enclave's report in it" : "a machine alone");
    c->current = (struct tpm_attestation){ .name = "current", .from = &c->request.current };
    c->boot = (struct tpm_attestation){ .name = "boot", .from = &c->request.boot };
    if (c->in->kind != EVIDENCE_VBS || c->request.is_vbs)
        return true;
    err_fail(err, ERR_MALFORMED, "the VBS contract, 2", "is basic, expected vbs");
    return err_in(err, "att_type");
}

/* ---------------------------------------------------------------- step 2 */

bool tpm_check_context(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    (void)detail;
    return tpm_context_open(c->in->crypto, c->settings->round_trip, c->request.service_context,
                            c->in->arena, &c->context, err);
}

bool tpm_check_context_age(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;
    int64_t age = c->settings->round_trip->now - c->context.issued_at;

    trail_count(detail, age < 0 ? 0 : (uint64_t)age, " seconds old");
    if (age >= 0 && age <= c->settings->round_trip->lifetime)
        return true;
    return err_fail(err, ERR_STALE, CONTRACT "1",
                    "the context is %" PRId64 " seconds old, at most %" PRId64, age,
                    c->settings->round_trip->lifetime);
}

bool tpm_check_challenge(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;
    struct tpm_opened *opened = c->settings->round_trip->opened;

    (void)detail;
    if (!span_equal(c->context.challenge, c->request.challenge))
        return err_fail(err, ERR_UNTRUSTED, CONTRACT "1",
                        "the request's challenge is not the one in the context");
    if (opened)
        *opened = (struct tpm_opened){ c->context.issued_at, c->context.challenge };
    return true;
}

bool tpm_check_not_used(void *verifier_case, char *detail, struct err *err)
{
    const struct tpm_case *c = verifier_case;
    const struct tpm_round_trip *t = c->settings->round_trip;
    const struct tpm_opened o = { c->context.issued_at, c->context.challenge };

    trail_say(detail, t->spent ? "first use" : "that is not kept");
    return !t->spent || !t->spent->holds(t->spent->table, &o, t->now) ||
           err_fail(err, ERR_UNTRUSTED, CONTRACT "1", "the challenge was used before");
}

/* ---------------------------------------------------------------- step 3 */

static const char *key_member(const struct tpm_case *c)
{
    return c->request.form == TPM_FORM_SECOND ? "request_key" : "attest_key";
}

bool tpm_check_signing_key(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    (void)detail;
    if (!tpm_jwk_parse(c->request.request_key.jwk, c->in->arena, &c->request_key, err))
        return err_in(err, key_member(c));
    if (c->request_key.key.kind == SPKI_RSA)
        return true;
    err_fail(err, ERR_UNSUPPORTED, CONTRACT "3", "is EC, and PS256 needs an RSA key");
    return err_in(err, key_member(c));
}

bool tpm_check_request_signature(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;
    struct pubkey *key = pubkey_new_spki(c->in->crypto, c->request_key.spki, err);
    bool holds = key && pubkey_verify(c->in->crypto, key, SIG_PS256, c->request.jws.signing_input,
                                      c->request.jws.signature, err);

    (void)detail;
    pubkey_free(key);
    return holds;
}

/* ---------------------------------------------------------------- step 4: keys */

static bool check_other_key(struct tpm_case *c, size_t i, struct err *err)
{
    struct pubkey *key;

    if (!tpm_jwk_parse(c->request.other_keys[i].jwk, c->in->arena, &c->other_keys[i], err))
        return false;
    key = pubkey_new_spki(c->in->crypto, c->other_keys[i].spki, err);
    pubkey_free(key);
    return key != NULL;
}

static bool check_aik_pub(struct tpm_case *c, struct err *err)
{
    c->has_aik_pub = c->request.current.aik_pub != NULL;
    return !c->has_aik_pub ||
           tpm_jwk_parse(c->request.current.aik_pub, c->in->arena, &c->aik_pub, err) ||
           err_in(err, "aik_pub");
}

bool tpm_check_keys(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;

    (void)detail;
    for (size_t i = 0; i < c->request.other_key_count; i++) {
        char place[24];

        snprintf(place, sizeof place, "other_keys[%zu]", i);
        if (!check_other_key(c, i, err))
            return err_in(err, place);
    }
    return check_aik_pub(c, err);
}

static bool fail_binding(const char *place, const char *what, struct err *err)
{
    err_fail(err, ERR_UNSUPPORTED, CONTRACT "4", "%s", what);
    return err_in(err, place);
}

static bool check_one_binding(const struct tpm_key_object *k, const char *place, bool is_other,
                              struct err *err)
{
    static const char *const hashes[] = { "sha-256", "sha-384", "sha-512" };
    bool is_known = false;

    if (k->is_ncrypt)
        return fail_binding(place, "a key guarded by the secure kernel (vbs_ncrypt) is not taken",
                            err);
    if (k->binding != KEY_BY_QUOTE)
        return true;
    if (is_other)
        return fail_binding(place, "only the request's key can be bound by the quote", err);
    for (size_t i = 0; i < COUNT(hashes); i++)
        is_known = is_known || span_is(k->hash_alg, hashes[i]);
    return is_known || fail_binding(place, "the hash is none of sha-256, sha-384 and sha-512", err);
}

static void note_certified(struct tpm_case *c, const struct tpm_key_object *k, const char *name,
                           const struct tpm_jwk *jwk)
{
    if (k->binding == KEY_BY_CERTIFY)
        c->certified[c->certified_count++] =
            (struct tpm_certified){ .object = k, .name = name, .jwk = jwk };
}

bool tpm_check_binding(void *verifier_case, char *detail, struct err *err)
{
    static const char *const names[TPM_OTHER_KEYS_MAX] = { "other_keys[0]", "other_keys[1]" };
    struct tpm_case *c = verifier_case;

    (void)detail;
    if (!check_one_binding(&c->request.request_key, "request_key", false, err))
        return false;
    note_certified(c, &c->request.request_key, "request_key", &c->request_key);
    for (size_t i = 0; i < c->request.other_key_count && i < COUNT(names); i++) {
        if (!check_one_binding(&c->request.other_keys[i], names[i], true, err))
            return false;
        note_certified(c, &c->request.other_keys[i], names[i], &c->other_keys[i]);
    }
    return true;
}

bool tpm_check_bound(void *verifier_case, char *detail, struct err *err)
{
    struct tpm_case *c = verifier_case;
    enum key_binding binding = c->request.request_key.binding;

    trail_say(detail, binding == KEY_BY_QUOTE ? "bound by the quote" : "certified by the TPM");
    if (binding != KEY_UNBOUND)
        return true;
    err_fail(err, ERR_UNTRUSTED, CONTRACT "4", "is bound to the TPM by nothing");
    return err_in(err, "request_key");
}
