/*
 * attest - one attestation, from evidence to the bytes of a token: ask, fetch, judge
 *
 * Source   rest-api 6.9: shape, base64, evidence, binding, policy
 */
#ifndef CUPEL_SERVICE_ATTEST_H
#define CUPEL_SERVICE_ATTEST_H

#include "../evidence/appraise.h"
#include "../policy/policy.h"
#include "../token/jwt.h"

struct attest_service; /* holds collateral sets, policies in force, public signing keys, caches; one
                          per worker */

enum { ATTEST_ISSUERS_MAX = 3 };

/* A signing key as the worker knows it: everything but the private half. */
struct attest_key {
    enum sig_alg alg;
    struct span kid;
    const char *kty;
    struct span cert; /* DER */
    struct span issuers[ATTEST_ISSUERS_MAX];
    size_t issuer_count; /* what stands above the certificate */
    bool is_report;      /* of report tokens; the first such key signs them */
};

/* An operator's policy for one attestation type, in place of the built-in default. */
struct attest_policy_text {
    const char *attestation_type;
    struct span text;
};

struct attest_settings {
    struct crypto *crypto;         /* borrowed */
    struct span issuer;            /* base URL, no trailing slash */
    const struct root_list *roots; /* borrowed */
    struct dcap_collateral **sets; /* adopted */
    size_t set_count;
    const struct attest_key *keys; /* copied; the first one signs, but for reports */
    size_t key_count;
    const struct tpm_settings *tpm; /* borrowed; what measured boots are judged by, or NULL */
    enum tcb_profile profile;
    enum freshness freshness;
    int64_t grace_seconds;
    uint32_t least_evaluation_number;
    const char *policy_profile; /* "azure", "azure-1.1", "strict" */
    const struct attest_policy_text
        *policies; /* compiled at once; a text that does not compile is an error */
    size_t policy_count;
    int64_t nbf_backdate;
    int64_t judge_at;     /* --insecure-judge-at, or -1 */
    size_t cache_entries; /* 0: no cache */
};

struct attest_service *attest_service_new(const struct attest_settings *s,
                                          struct err *err) MUST_USE;
void attest_service_free(struct attest_service *s);

/* The policy that an instance has put in force. All empty: the default applies. */
struct attest_policy {
    struct span text;
    struct span hash;    /* x-ms-policy-hash of the text */
    struct span signer;  /* the JWK of who signed it; empty: unsigned */
    struct span profile; /* of the default policies of the instance; empty: the service's */
};

struct attest_request {
    const char *attestation_type; /* "SgxEnclave", "OpenEnclave" */
    struct span issuer;           /* of the instance; empty: the service's own */
    struct attest_policy policy;
    struct span tcb_profile; /* of the instance; empty: the service's */
    enum evidence_kind kind;
    struct span evidence;
    struct bound_data runtime_data, inittime_data;
    struct span nonce;
    bool has_draft_policy;
    struct span draft_policy;
    const struct tpm_round_trip *round_trip; /* kind tpm: what belongs to its two messages */
    bool is_preview_2018;                    /* adds the names that only those tokens have */
    int64_t now;
    uint8_t entropy[32]; /* becomes jti */
};

enum attest_refusal {
    ATTEST_EVIDENCE,
    ATTEST_POLICY_DENIED,
    ATTEST_POLICY_FAILED,
    ATTEST_POLICY_TEXT,
    ATTEST_UNAVAILABLE,
    ATTEST_TOO_LONG, /* everything holds, and the token would be longer than tokens are */
    ATTEST_OURS,
    ATTEST_REFUSALS
};

struct attest_result {
    bool is_granted;
    struct span signing_input; /* granted: header.payload */
    bool is_unsecured;         /* a draft policy was used: no signature */
    uint32_t key_index;
    enum attest_refusal refusal; /* not granted */
    struct policy_outcome policy;
    struct policy_diagnostic diagnostic; /* ATTEST_POLICY_TEXT */
    struct span diagnosed;               /* the text that it is about; the request's */
    struct err err;
    struct appraisal appraisal;
};

/* Judges one request. Always ends in a result; out and everything in it live in the arena. */
void attest(struct attest_service *s, const struct attest_request *request, struct arena *a,
            struct attest_result *out);

/* The TCB baselines that there is collateral for, and which of them decides about requests of that
 * type under that policy. */
struct baseline_row;
bool attest_baselines(struct attest_service *s, const char *type,
                      const struct attest_policy *policy, int64_t now, struct arena *a,
                      struct baseline_row **out, size_t *count, struct err *err) MUST_USE;

/* The attestation type whose policy in force permits a debuggable enclave of unknown signer, or
 * NULL: for the log at start. */
const char *attest_permits_debug(const struct attest_service *s);

struct crypto *attest_crypto(const struct attest_service *s);

/* Tells whether some policy would decide about a request of that type. */
bool attest_has_policy(const struct attest_service *s, const char *type,
                       const struct attest_policy *policy);

/* The text of the default policy of a type: the configured one, or the built-in one of the profile
 * (empty: the service's). Empty: there is none. */
struct span attest_default_policy(const struct attest_service *s, const char *type,
                                  struct span profile);

/* The signing input of a management token: an answer about policies or certificates, signed with
 * the key of that index. */
bool attest_management_token(const struct attest_service *s, struct span issuer, int64_t now,
                             const struct claim_set *claims, struct arena *a, struct span *out,
                             uint32_t *key_index, struct err *err) MUST_USE;

/* The published key set and discovery members. */
struct span attest_jwks(const struct attest_service *s);
struct span attest_issuer(const struct attest_service *s);
const struct attest_key *attest_keys(const struct attest_service *s, size_t *count);

#endif
