/*
 * enrol - whether an attestation key may be certified: the endorsement key's certificate and what
 * the attestation key says of itself, as a table of checks
 *
 * Rule     the rows show what the keys are; that both live in one TPM is shown only by a secret
 *          made with credential_make for `ek` and `aik_name`, and given back
 * Borrows  the two inputs, the settings and the arena
 * Errors   malformed, unsupported, untrusted, stale, with the row's name in front
 * Source   the TPM contract, 8.3 (steps 2 to 4) and 8.4; TCG EK Credential Profile, 3.2
 */
#ifndef CUPEL_EVIDENCE_TPM_ENROL_H
#define CUPEL_EVIDENCE_TPM_ENROL_H

#include "../check.h"
#include "aik.h"
#include "credential.h"

struct enrol_case {
    struct crypto *crypto;
    const struct tpm_settings *settings; /* anchors, intermediates and lists for endorsement keys */
    int64_t now;
    struct arena *arena;
    struct span ek_cert;    /* DER */
    struct span aik_public; /* TPMT_PUBLIC */

    /* what the rows established */
    struct cert ek_leaf;
    struct aik_path path;
    bool is_path_signed;
    struct tpm_names names;
    struct spki ek_key;
    struct tpm_public ek;
    struct tpm_public aik;
    struct spki aik_key;
    struct span aik_name;
    struct span aik_spki; /* DER */
};

extern const struct check enrol_checks[];
extern const size_t enrol_check_count;

/* subjectAltName for the attestation key's certificate: manufacturer, model and version as the
 * endorsement key's certificate has them. */
bool enrol_alt_name(const struct tpm_names *names, struct arena *a, struct span *out,
                    struct err *err) MUST_USE;

#endif
