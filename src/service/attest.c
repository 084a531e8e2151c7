#include "attest.h"

#include "../base/hex.h"
#include "../evidence/dcap/cache.h"
#include "../evidence/dcap/collateral.h"
#include "../evidence/tpm/settings.h"
#include "../token/report.h"
#include "baseline.h"
#include "measured.h"
#include "policy_book.h"

#include <stdlib.h>
#include <string.h>

/* The attestation types that have default policies, configured or built in. The first ones are
 * judged by this service. */
static const char *const types[] = { "SgxEnclave", "OpenEnclave", "SevSnpVm",
                                     "TdxVm",      "AzureGuest",  "Tpm" };

enum { TYPES = COUNT(types), TYPES_JUDGED = 2, SETTINGS_MEMORY = 1024 * 1024 };

struct attest_service {
    struct attest_settings set;
    struct arena arena;
    struct span issuer;
    struct span jwks;
    struct span header; /* encoded, of the key that signs */
    struct attest_key *keys;
    struct policy *policies[TYPES]; /* the defaults; NULL: there is none */
    struct policy_book *book;       /* what instances have put in force */
    struct dcap_cache *cache;
};

static bool copy_key(struct arena *a, const struct attest_key *from, struct attest_key *to,
                     struct err *err)
{
    *to = *from;
    to->kid = arena_dup(a, from->kid);
    to->cert = arena_dup(a, from->cert);
    to->kty = (const char *)arena_dup(a, span_str(from->kty)).p;
    for (size_t i = 0; i < from->issuer_count; i++) {
        to->issuers[i] = arena_dup(a, from->issuers[i]);
        if (!to->issuers[i].p)
            return arena_fail(a, err);
    }
    return (to->kid.p && to->cert.p && to->kty) || arena_fail(a, err);
}

/* The certificates of a key, its own first. */
static bool chain_of(const struct attest_key *key, struct arena *a, struct span **out,
                     struct err *err)
{
    struct span *certs = ARENA_ARRAY(a, struct span, 1 + ATTEST_ISSUERS_MAX);

    if (!certs)
        return arena_fail(a, err);
    certs[0] = key->cert;
    memcpy(certs + 1, key->issuers, sizeof key->issuers);
    *out = certs;
    return true;
}

static bool copy_keys(struct attest_service *s, struct err *err)
{
    struct jwk_entry *entries;
    size_t n = s->set.key_count;

    s->keys = ARENA_ARRAY(&s->arena, struct attest_key, n);
    entries = ARENA_ARRAY(&s->arena, struct jwk_entry, n);
    if (!s->keys || !entries)
        return arena_fail(&s->arena, err);
    for (size_t i = 0; i < n; i++) {
        struct span *chain = NULL;

        if (!copy_key(&s->arena, &s->set.keys[i], &s->keys[i], err) ||
            !chain_of(&s->keys[i], &s->arena, &chain, err))
            return false;
        entries[i] = (struct jwk_entry){ s->keys[i].kid, s->keys[i].kty, chain,
                                         1 + s->keys[i].issuer_count };
    }
    s->set.keys = s->keys;
    if (!jwks_write(entries, n, &s->arena, &s->jwks, err))
        return false;
    return n == 0 ||
           jwt_header(s->keys[0].alg, s->issuer, s->keys[0].kid, &s->arena, &s->header, err);
}

static struct span policy_text_for(const struct attest_settings *set, const char *type)
{
    for (size_t i = 0; i < set->policy_count; i++)
        if (span_is_nocase(span_str(set->policies[i].attestation_type), type))
            return set->policies[i].text;
    return policy_default(span_str(type), set->policy_profile);
}

static bool compile_policies(struct attest_service *s, struct err *err)
{
    for (size_t i = 0; i < TYPES; i++) {
        struct span text = policy_text_for(&s->set, types[i]);

        if (text.n == 0)
            continue;
        s->policies[i] = policy_new(s->set.crypto, text, NULL, err);
        if (!s->policies[i])
            return err_in(err, types[i]) || err_in(err, "policy");
    }
    return true;
}

static bool fill(struct attest_service *s, struct err *err)
{
    s->arena = arena_over(SETTINGS_MEMORY);
    s->issuer = arena_dup(&s->arena, s->set.issuer);
    if (!s->issuer.p)
        return arena_fail(&s->arena, err);
    s->set.issuer = s->issuer;
    if (s->set.cache_entries > 0) {
        s->cache = dcap_cache_new(s->set.cache_entries, err);
        if (!s->cache)
            return false;
    }
    s->book = policy_book_new(s->set.crypto, err);
    return s->book && copy_keys(s, err) && compile_policies(s, err);
}

struct attest_service *attest_service_new(const struct attest_settings *set, struct err *err)
{
    struct attest_service *s = calloc(1, sizeof *s);

    if (!s) {
        err_fail(err, ERR_MEMORY, NULL, "out of memory");
        return NULL;
    }
    s->set = *set;
    if (!fill(s, err)) {
        s->set.set_count = 0; /* not adopted: the caller keeps the collateral */
        attest_service_free(s);
        return NULL;
    }
    return s;
}

void attest_service_free(struct attest_service *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < TYPES; i++)
        policy_free(s->policies[i]);
    policy_book_free(s->book);
    for (size_t i = 0; i < s->set.set_count; i++)
        dcap_collateral_free(s->set.sets[i]);
    dcap_cache_free(s->cache);
    arena_fini(&s->arena);
    free(s);
}

struct crypto *attest_crypto(const struct attest_service *s)
{
    return s->set.crypto;
}

/* Asks a policy about a debug enclave that nobody knows. */
static bool permits_debug(const struct policy *p)
{
    struct arena a = arena_over(SETTINGS_MEMORY);
    struct claim_set claims = claim_set_in(&a);
    struct policy_outcome out = { 0 };
    const struct claim debug[] = {
        { .name = span_str("x-ms-sgx-is-debuggable"), .type = CLAIM_BOOL, .boolean = true },
        { .name = span_str("$is-debuggable"), .type = CLAIM_BOOL, .boolean = true },
        { .name = span_str("x-ms-attestation-type"),
          .type = CLAIM_STRING,
          .text = span_str("sgx") },
    };
    bool permits = true;

    for (size_t i = 0; i < COUNT(debug); i++)
        permits = permits && claim_add(&claims, &debug[i], NULL);
    permits = permits && policy_eval(p, &claims, &a, &out, NULL) && out.decision == POLICY_PERMIT;
    arena_fini(&a);
    return permits;
}

const char *attest_permits_debug(const struct attest_service *s)
{
    for (size_t i = 0; i < TYPES_JUDGED; i++)
        if (permits_debug(s->policies[i]))
            return types[i];
    return NULL;
}

static size_t type_index(const char *type)
{
    size_t i = 0;

    while (i < TYPES && strcmp(types[i], type) != 0)
        i++;
    return i;
}

/* Tells whether an instance's profile is another one than the service's. */
static bool is_other_profile(const struct attest_service *s, struct span profile)
{
    return profile.n > 0 && !span_is(profile, s->set.policy_profile);
}

/* A profile that an instance names, as policy_default wants it: unknown ones have no policies. */
static struct span default_of_profile(const char *type, struct span profile)
{
    char name[32];

    if (profile.n >= sizeof name)
        return (struct span){ 0 };
    memcpy(name, profile.p, profile.n);
    name[profile.n] = '\0';
    return policy_default(span_str(type), name);
}

struct span attest_default_policy(const struct attest_service *s, const char *type,
                                  struct span profile)
{
    size_t i = type_index(type);

    if (is_other_profile(s, profile))
        return default_of_profile(type, profile);
    return i < TYPES && s->policies[i] ? policy_text(s->policies[i]) : (struct span){ 0 };
}

bool attest_management_token(const struct attest_service *s, struct span issuer, int64_t now,
                             const struct claim_set *claims, struct arena *a, struct span *out,
                             uint32_t *key_index, struct err *err)
{
    struct jwt_wish wish = {
        .issuer = issuer.n > 0 ? issuer : s->issuer,
        .now = now,
        .lifetime = MANAGEMENT_LIFETIME,
        .backdate = s->set.nbf_backdate,
        .is_management = true,
        .service = claims,
    };

    if (s->set.key_count == 0)
        return err_fail(err, ERR_INTERNAL, NULL, "there is no signing key");
    *key_index = 0;
    return jwt_header(s->keys[0].alg, wish.issuer, s->keys[0].kid, a, &wish.encoded_header, err) &&
           jwt_signing_input(&wish, a, out, err);
}

struct span attest_jwks(const struct attest_service *s)
{
    return s->jwks;
}

struct span attest_issuer(const struct attest_service *s)
{
    return s->issuer;
}

const struct attest_key *attest_keys(const struct attest_service *s, size_t *count)
{
    *count = s->set.key_count;
    return s->keys;
}

/* One request on its way: what the steps share. */
struct attempt {
    struct attest_service *s;
    const struct attest_request *request;
    struct arena *arena;
    struct attest_result *out;
    const struct policy *policy; /* NULL: the draft did not compile */
    struct policy *draft;
    struct err policy_err;
    bool is_draft_bad;
};

static void refuse(struct attempt *t, enum attest_refusal why, const struct err *err)
{
    t->out->is_granted = false;
    t->out->refusal = why;
    if (err)
        t->out->err = *err;
}

static void choose_draft(struct attempt *t)
{
    struct policy_diagnostics found = { .arena = t->arena };

    t->draft = policy_new_draft(t->s->set.crypto, t->request->draft_policy, &found, &t->policy_err);
    t->policy = t->draft;
    t->is_draft_bad = !t->draft && t->policy_err.code != ERR_MEMORY;
    for (size_t i = 0; i < found.count && !t->policy; i++)
        if (found.items[i].severity == POLICY_ERROR) {
            t->out->diagnostic = found.items[i];
            t->out->diagnosed = t->request->draft_policy;
            break;
        }
}

/* What is in force and does not compile any more is never replaced by a default. */
static void choose_from_book(struct attempt *t, struct span text, struct span hash)
{
    if (text.n > 0)
        t->policy = policy_book_find(t->s->book, text, hash, &t->policy_err);
    else
        err_fail(&t->policy_err, ERR_INTERNAL, NULL, "there is no policy for this type");
    if (!t->policy)
        err_in(&t->policy_err, "policy");
}

static void choose_policy(struct attempt *t)
{
    const struct attest_policy *p = &t->request->policy;
    size_t i = type_index(t->request->attestation_type);

    if (t->request->has_draft_policy)
        choose_draft(t);
    else if (p->text.n > 0)
        choose_from_book(t, p->text, p->hash);
    else if (is_other_profile(t->s, p->profile))
        choose_from_book(t, default_of_profile(t->request->attestation_type, p->profile),
                         (struct span){ 0 });
    else if (i < TYPES)
        t->policy = t->s->policies[i];
}

bool attest_has_policy(const struct attest_service *s, const char *type,
                       const struct attest_policy *policy)
{
    return policy->text.n > 0 || attest_default_policy(s, type, policy->profile).n > 0;
}

static int64_t judged_at(const struct attempt *t)
{
    return t->s->set.judge_at >= 0 ? t->s->set.judge_at : t->request->now;
}

/* A word that nobody knows is as strict as can be. */
static enum tcb_profile profile_of(const struct attempt *t)
{
    enum tcb_profile profile = TCB_STRICT;

    if (t->request->tcb_profile.n == 0)
        return t->s->set.profile;
    return tcb_profile_find(t->request->tcb_profile, &profile) ? profile : TCB_STRICT;
}

static struct appraise_in appraise_in_of(const struct attempt *t)
{
    const struct attest_settings *set = &t->s->set;
    const struct attest_request *r = t->request;

    return (struct appraise_in){
        .kind = r->kind,
        .evidence = r->evidence,
        .now = judged_at(t),
        .crypto = set->crypto,
        .arena = t->arena,
        .roots = set->roots,
        .cache = t->s->cache,
        .runtime_data = r->runtime_data,
        .inittime_data = r->inittime_data,
        .nonce = r->nonce,
        .profile = profile_of(t),
        .freshness = set->freshness,
        .grace_seconds = set->grace_seconds,
        .least_evaluation_number = set->least_evaluation_number,
    };
}

static bool is_measured(const struct attempt *t)
{
    return t->request->kind == EVIDENCE_TPM || t->request->kind == EVIDENCE_VBS;
}

/* A measured boot brings all it is judged by, but for what we hold. Nothing is fetched, so what is
 * missing is missing in the evidence. */
static bool judge_measured(struct attempt *t)
{
    struct appraise_in in = appraise_in_of(t);
    struct tpm_settings tpm = t->s->set.tpm ? *t->s->set.tpm : (struct tpm_settings){ 0 };
    struct err err = { 0 };

    tpm.round_trip = t->request->round_trip;
    tpm.instance_url = t->request->issuer.n > 0 ? t->request->issuer : t->s->issuer;
    in.tpm = &tpm;
    if (!measured_apply(t->policy, t->arena, &tpm, &err) ||
        !appraise(&in, &t->out->appraisal, &err)) {
        refuse(t, ATTEST_OURS, &err);
        return false;
    }
    if (!t->out->appraisal.is_accepted)
        refuse(t, ATTEST_EVIDENCE, &t->out->appraisal.err);
    return t->out->appraisal.is_accepted;
}

/* Judges the evidence; true when it is accepted. */
static bool judge_evidence(struct attempt *t)
{
    struct appraise_in in = appraise_in_of(t);
    struct err err = { 0 };
    struct baseline_choice choice = { 0 };

    if (is_measured(t))
        return judge_measured(t);
    if (!baseline_choose(t->s->set.sets, t->s->set.set_count, &in, t->policy, &choice, &err)) {
        refuse(t, ATTEST_OURS, &err);
        return false;
    }
    in.collateral = choice.collateral;
    in.collateral_note = choice.note;
    in.baseline = choice.identifier;
    in.baseline_is_missing = choice.is_missing;
    if (!appraise(&in, &t->out->appraisal, &err)) {
        refuse(t, ATTEST_OURS, &err);
        return false;
    }
    if (t->out->appraisal.is_accepted)
        return true;
    refuse(t, t->out->appraisal.err.code == ERR_MISSING ? ATTEST_UNAVAILABLE : ATTEST_EVIDENCE,
           &t->out->appraisal.err);
    return false;
}

/* Lets the policy decide; true when it permits. */
static bool judge_policy(struct attempt *t)
{
    struct err err = { 0 };

    if (!t->policy) {
        refuse(t, t->is_draft_bad ? ATTEST_POLICY_TEXT : ATTEST_OURS, &t->policy_err);
        return false;
    }
    if (!policy_eval(t->policy, &t->out->appraisal.incoming, t->arena, &t->out->policy, &err)) {
        refuse(t, ATTEST_OURS, &err);
        return false;
    }
    switch (t->out->policy.decision) {
    case POLICY_PERMIT:
        return true;
    case POLICY_DENY:
        err_fail(&err, ERR_DENIED, NULL, "A Deny claim was issued, authorization failed.");
        break;
    case POLICY_NO_PERMIT:
        err_fail(&err, ERR_DENIED, NULL, "No authorization rule permitted, authorization failed.");
        break;
    case POLICY_FAILED:
        err_fail(&err, ERR_DENIED, NULL, "%s at line %u, column %u: %s", t->out->policy.error_code,
                 t->out->policy.line, t->out->policy.column, t->out->policy.error_text);
        refuse(t, ATTEST_POLICY_FAILED, &err);
        return false;
    }
    refuse(t, ATTEST_POLICY_DENIED, &err);
    return false;
}

/* Granting is what spends a challenge: an attempt that fails leaves it alone, and of two that are
 * granted at the same time one comes too late. */
static bool spend_challenge(struct attempt *t)
{
    const struct tpm_round_trip *trip = t->request->round_trip;
    struct err err = { 0 };

    if (!is_measured(t) || !trip || !trip->spent ||
        trip->spent->add(trip->spent->table, trip->opened, trip->now))
        return true;
    err_fail(&err, ERR_UNTRUSTED, "the TPM contract, 1",
             "the challenge was used before, or cannot be remembered");
    err_in(&err, "challenge_unused");
    t->out->appraisal.is_accepted = false;
    t->out->appraisal.reason = "challenge_replayed";
    refuse(t, ATTEST_EVIDENCE, &err);
    return false;
}

/* The collateral object with each member once more under its name of 2020, "maa-quotehash" and so
 * on. */
static bool double_members(struct arena *a, struct span object, struct span *out, struct err *err)
{
    struct writer w = writer_in(a, object.n * 2 + 64);
    const struct json *doc = NULL;
    bool is_first = true;

    if (!json_parse(object, &json_limits_default, a, &doc, err))
        return false;
    write_u8(&w, '{');
    for (int prefixed = 1; prefixed >= 0; prefixed--) /* "maa-..." sorts before "qeid..." */
        for (const struct json *m = doc->child; m; m = m->next) {
            if (!is_first)
                write_u8(&w, ',');
            is_first = false;
            write_format(&w, "\"%s%.*s\":", prefixed ? "maa-" : "", SPAN_ARG(m->name));
            write_bytes(&w, m->raw);
        }
    write_u8(&w, '}');
    return writer_done(&w, out, err);
}

/* Names that only tokens of 2018-09-01-preview have. Source: the token contract, 5.4 */
static bool add_preview_names(struct attempt *t, struct claim_set *outgoing, struct err *err)
{
    for (size_t i = 0; i < outgoing->count; i++) {
        struct claim *c = &outgoing->items[i];

        if (span_is(c->name, "maa-attestationcollateral") &&
            !double_members(t->arena, c->text, &c->text, err))
            return false;
    }
    return claim_add_string(outgoing, "maa-policyHash", policy_legacy_hash(t->policy), err);
}

/* Of the service itself, made once; of another instance, made here. */
static bool name_issuer(struct attempt *t, struct jwt_wish *wish, struct err *err)
{
    const struct attest_service *s = t->s;
    struct span issuer = t->request->issuer;
    bool is_own = issuer.n == 0 || span_equal(issuer, s->issuer);

    wish->issuer = is_own ? s->issuer : issuer;
    if (t->request->has_draft_policy)
        return true;
    if (s->set.key_count == 0)
        return err_fail(err, ERR_INTERNAL, NULL, "there is no signing key");
    wish->encoded_header = s->header;
    return is_own ||
           jwt_header(s->keys[0].alg, issuer, s->keys[0].kid, t->arena, &wish->encoded_header, err);
}

/* Reports are signed with a key of their own, and live as long as the policy says. */
static bool name_report_key(struct attempt *t, struct jwt_wish *wish, struct err *err)
{
    const struct attest_service *s = t->s;
    struct measured_report want = measured_report(&t->out->policy.properties);
    struct report_header header = { .omits_chain = want.omits_chain };
    struct span *chain = NULL;
    size_t i = 0;

    while (i < s->set.key_count && !s->keys[i].is_report)
        i++;
    if (i == s->set.key_count)
        return err_fail(err, ERR_INTERNAL, NULL, "there is no key that signs reports");
    if (!chain_of(&s->keys[i], t->arena, &chain, err))
        return false;
    wish->issuer = t->request->issuer.n > 0 ? t->request->issuer : s->issuer;
    wish->lifetime = want.lifetime;
    wish->backdate = REPORT_BACKDATE;
    header.alg = s->keys[i].alg;
    header.issuer = wish->issuer;
    header.kid = s->keys[i].kid;
    header.certs = chain;
    header.cert_count = 1 + s->keys[i].issuer_count;
    t->out->key_index = (uint32_t)i;
    return report_header_write(&header, t->arena, &wish->encoded_header, err);
}

/* Who signed the policy that decided. A draft has nobody. */
static bool name_signer(struct attempt *t, struct claim_set *outgoing, struct err *err)
{
    struct span signer = t->request->policy.signer;

    return signer.n == 0 || t->request->has_draft_policy ||
           claim_add_json(outgoing, "x-ms-policy-signer", signer, err);
}

static bool build_token(struct attempt *t, struct err *err)
{
    struct claim_set outgoing = t->out->appraisal.outgoing;
    struct attest_service *s = t->s;
    struct jwt_wish wish = {
        .now = t->request->now,
        .lifetime = TOKEN_LIFETIME,
        .backdate = s->set.nbf_backdate,
        .jti = hex_dup(t->arena, span_of(t->request->entropy, sizeof t->request->entropy)),
        .policy_hash = policy_hash(t->policy),
        .service = &outgoing,
        .policy = &t->out->policy.issued,
    };

    if (!wish.jti.p)
        return arena_fail(t->arena, err);
    if (is_measured(t) ? !name_report_key(t, &wish, err) : !name_issuer(t, &wish, err))
        return false;
    if (!name_signer(t, &outgoing, err))
        return false;
    if (t->request->is_preview_2018 && !add_preview_names(t, &outgoing, err))
        return false;
    t->out->is_unsecured = t->request->has_draft_policy;
    return jwt_signing_input(&wish, t->arena, &t->out->signing_input, err);
}

void attest(struct attest_service *s, const struct attest_request *request, struct arena *a,
            struct attest_result *out)
{
    struct attempt t = { .s = s, .request = request, .arena = a, .out = out };
    struct err err = { 0 };

    memset(out, 0, offsetof(struct attest_result, appraisal));
    appraisal_clear(&out->appraisal);
    choose_policy(&t);
    if (judge_evidence(&t) && judge_policy(&t) && spend_challenge(&t)) {
        if (build_token(&t, &err))
            out->is_granted = true;
        else
            refuse(&t, err.code == ERR_LIMIT ? ATTEST_TOO_LONG : ATTEST_OURS, &err);
    }
    policy_free(t.draft);
}

bool attest_baselines(struct attest_service *s, const char *type,
                      const struct attest_policy *policy, int64_t now, struct arena *a,
                      struct baseline_row **out, size_t *count, struct err *err)
{
    const struct attest_request request = { .attestation_type = type,
                                            .policy = *policy,
                                            .now = now };
    struct attempt t = { .s = s, .request = &request, .arena = a };

    choose_policy(&t);
    if (!t.policy) {
        *err = t.policy_err;
        return false;
    }
    return baseline_list(s->set.sets, s->set.set_count, t.policy, judged_at(&t), a, out, count,
                         err);
}
