/*
 * case - one appraisal of a measured boot in progress: what the rows of checks share
 *
 * Rule     each row establishes one thing and writes it here; later rows build on it
 * Borrows  the appraisal's input and its arena
 * Source   the TPM contract, 17; the VBS contract, 7
 */
#ifndef CUPEL_EVIDENCE_TPM_CASE_H
#define CUPEL_EVIDENCE_TPM_CASE_H

#include "../appraise.h"
#include "../check.h"
#include "../vbs/report.h"
#include "aik.h"
#include "context.h"
#include "facts.h"
#include "jwk.h"
#include "quote.h"
#include "request.h"

/* The current attestation, or the one made before a hibernation. */
struct tpm_attestation {
    const char *name; /* "current", "boot" */
    const struct tpm_statement *from;
    struct quote_parts parts;
    struct tpm_quote quote;
    struct err scheme; /* why the signature's scheme is none of ours */
    struct boot boot;
    enum tpm_bank bank;        /* the one that judges */
    uint32_t held[BANK_COUNT]; /* PCRs that are quoted and replay */
    struct boot_facts facts;
};

/* What a TPM says of a key that lives in it. */
struct tpm_certified {
    const struct tpm_key_object *object;
    const char *name; /* "request_key", "other_keys[0]" */
    const struct tpm_jwk *jwk;
    struct tpm_public area;
    struct tpm_attest statement; /* unless it is none: type 0 */
    struct tpm_signature signature;
};

struct tpm_case {
    const struct appraise_in *in;
    const struct tpm_settings *settings;

    /* steps 1 to 3 */
    struct tpm_request request;
    struct err limit; /* a size over its limit, which has a reason of its own */
    struct tpm_context context;
    struct tpm_jwk request_key;

    /* step 4 */
    struct tpm_jwk other_keys[TPM_OTHER_KEYS_MAX];
    struct tpm_certified certified[1 + TPM_OTHER_KEYS_MAX];
    size_t certified_count;
    struct tpm_attestation current, boot;

    /* step 5 */
    bool has_aik_pub, has_leaf;
    struct tpm_jwk aik_pub;
    struct cert leaf;
    struct err leaf_error;
    struct spki aik;
    struct span aik_spki, aik_pub_hash;
    struct aik_path path;
    bool is_path_signed;
    bool is_aik_doubtful; /* no certificate, or a bad one, and none is demanded */

    /* step 7: both boots together */
    struct boot_facts facts;

    /* step 9 */
    struct vbs_package package;
    struct vbs_report report;
    struct vsm_key idks;
};

/* Steps 1 to 4 but the quotes: request, context, keys. */
check_fn tpm_check_request, tpm_check_limits, tpm_check_algorithm, tpm_check_type, tpm_check_kind;
check_fn tpm_check_context, tpm_check_context_age, tpm_check_challenge, tpm_check_not_used;
check_fn tpm_check_signing_key, tpm_check_request_signature, tpm_check_keys, tpm_check_binding,
    tpm_check_bound;
bool tpm_has_round_trip(const void *verifier_case);
bool tpm_is_second_form(const void *verifier_case);

/* Quotes and logs: steps 4 and 6. */
check_fn tpm_check_quote_frame, tpm_check_magic, tpm_check_attest_type, tpm_check_quote_form,
    tpm_check_scheme, tpm_check_sha1, tpm_check_logs, tpm_check_log_limits;
check_fn tpm_check_quote_signature, tpm_check_qualifying_data, tpm_check_pcr_digest,
    tpm_check_required_pcrs, tpm_check_bank_measured, tpm_check_sha1_bank;

/* The attestation key: step 5. */
check_fn tpm_check_aik_key, tpm_check_aik_present, tpm_check_aik_form, tpm_check_aik_anchor,
    tpm_check_aik_path, tpm_check_aik_lasts, tpm_check_aik_begun, tpm_check_aik_crl,
    tpm_check_aik_crl_lasts, tpm_check_aik_not_revoked;

/* What the logs say: step 7. Certified keys: step 8. */
check_fn tpm_check_replay, tpm_check_event_data, tpm_check_separators, tpm_check_end,
    tpm_check_event_types, tpm_check_records, tpm_check_cycle, tpm_check_certified,
    tpm_check_idks_agree;
bool tpm_has_boot(const void *verifier_case);

/* Runs a check over the current attestation and, where there is one, over that of the boot; the
 * name goes in front of a failure's path. */
typedef bool attestation_fn(struct tpm_case *c, struct tpm_attestation *t, struct err *err);
bool tpm_each_attestation(struct tpm_case *c, attestation_fn *check, struct err *err) MUST_USE;

/* PCRs that must be quoted in the bank that judges. */
uint32_t tpm_required_pcrs(const struct tpm_case *c);

#endif
