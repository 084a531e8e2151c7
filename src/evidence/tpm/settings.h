/*
 * settings - what whoever judges measured boots holds and demands
 *
 * Shape    all zeros is the strictest: no anchor, a certificate demanded, every PCR required
 * Source   the TPM contract, 1, 7, 8 and 17
 */
#ifndef CUPEL_EVIDENCE_TPM_SETTINGS_H
#define CUPEL_EVIDENCE_TPM_SETTINGS_H

#include "../../base/span.h"
#include "../../crypto/aead.h"

/* A key and a name that may head the chain of an attestation key. */
struct tpm_anchor {
    const char *name;    /* for people */
    struct span subject; /* Name, whole */
    struct span spki;
    bool is_lab;
    bool needs_policy; /* its leaves say by a policy that the endorsement key was checked */
};
extern const struct tpm_anchor anchor_microsoft_tpm; /* "vendor" for measured boots */

enum sha1_rule {
    SHA1_BY_FORM, /* signatures over SHA-1 in the first form of requests only */
    SHA1_ALLOWED,
    SHA1_REFUSED,
};

#define TPM_PCRS_ALL 0x00FFFFFFu

/* What a context said that holds. */
struct tpm_opened {
    int64_t issued_at;
    struct span challenge;
};

/* Challenges that were spent. The verifier asks; whoever grants a token adds. */
struct tpm_spent {
    void *table;
    bool (*holds)(const void *table, const struct tpm_opened *o, int64_t now);
    bool (*add)(void *table, const struct tpm_opened *o, int64_t now); /* false: it was there, or
                                                                         there is no room */
};

/* What belongs to the two round trips with a service; a judge at a desk has none. */
struct tpm_round_trip {
    const uint8_t (*keys)[AEAD_KEY_SIZE]; /* that open contexts, the newest first */
    size_t key_count;
    struct span instance, api_version; /* what contexts are bound to */
    int64_t now;                       /* of the service, whenever evidence is judged */
    int64_t lifetime;                  /* seconds */
    const struct tpm_spent *spent;     /* NULL: that is not kept */
    struct tpm_opened *opened;         /* filled once the challenge is the context's; or NULL */
};

struct tpm_settings {
    const struct tpm_anchor *anchors;
    size_t anchor_count;
    const struct span *intermediates; /* certificates, DER */
    size_t intermediate_count;
    const struct span *crls; /* DER or PEM */
    size_t crl_count;
    const struct span *pins; /* values of aikPubHash accepted without a certificate */
    size_t pin_count;
    bool aik_cert_is_optional; /* require_valid_aik_cert is false */
    uint32_t waived_pcrs;      /* bits that required_pcr_mask lacks */
    enum sha1_rule sha1_signatures;
    bool refuses_sha1_bank;
    const struct span *known_pcr0; /* values of PCR 0 accepted although they do not replay */
    size_t known_pcr0_count;
    const struct tpm_round_trip *round_trip; /* or NULL */
    struct span instance_url;                /* without trailing slash */
    bool without_own_claims;                 /* only the names of the original */
    bool without_json_claims;                /* the policy cannot read them */
    bool skips_unknown_variable_data;        /* of enclave reports */
};

#endif
