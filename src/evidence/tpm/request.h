/*
 * request - what a machine sends to be attested: a compact JWS signed by a key that stands in it
 *
 * Shape    two forms: `attReq` (logs and Windows' platform claim) and `attReqV2` (logs, PCRs,
 * quote, signature, key objects); with `att_type` vbs all of it lies in `report_signed`, beside an
 *          enclave's report
 * Rule     decoded from base64url, not yet read: quotes, logs and keys are for the checks. `raw`
 *          ranges are kept where hashes cover the text as received
 * Borrows  everything points into the text or lies in the arena
 * Errors   malformed, limit, with the member's place as path; unsupported (key bindings)
 * Source   the TPM contract, 1 to 4; the VBS contract, 2
 */
#ifndef CUPEL_EVIDENCE_TPM_REQUEST_H
#define CUPEL_EVIDENCE_TPM_REQUEST_H

#include "../../claims/claim.h"
#include "../../format/jws.h"
#include "boot.h"

enum {
    TPM_REQUEST_MAX = 8 * 1024 * 1024, /* characters of the whole message */
    TPM_OTHER_KEYS_MAX = 2,
    TPM_CUSTOM_CLAIMS_MAX = 64,
    TPM_CUSTOM_CLAIM_MAX = 4096, /* bytes of name and value */
    TPM_CHALLENGE_MIN = 8,       /* ours have 32; what is shorter proves nothing */
    TPM_CHALLENGE_MAX = 64,
};

enum tpm_form { TPM_FORM_FIRST, TPM_FORM_SECOND };

struct tpm_log_text {
    bool is_ima;
    enum boot_origin origin;
    struct span bytes;
};

/* One attestation, as it came. */
struct tpm_statement {
    struct tpm_log_text logs[TPM_LOGS_MAX];
    size_t log_count;
    struct span aik_cert;         /* DER; empty: none */
    const struct json *aik_pub;   /* or NULL */
    struct span claim;            /* first form: Windows' platform claim; empty: none */
    struct span quote, signature; /* second form */
    const struct json *pcrs;      /* second form */
};

enum key_binding { KEY_UNBOUND, KEY_BY_QUOTE, KEY_BY_CERTIFY };

/* A key object. */
struct tpm_key_object {
    const struct json *json, *jwk;
    enum key_binding binding;
    struct span hash_alg;                       /* by quote: as the sender names it */
    struct span area, certification, signature; /* by certify */
    bool is_ncrypt;                             /* a binding that is not taken */
};

struct tpm_request {
    struct jws jws;
    struct span typ; /* as the header names it; empty where there is none */
    enum tpm_form form;
    bool is_vbs;
    struct span report_signed;  /* vbs: the text from its { to its } */
    struct span vsm_report;     /* vbs: the enclave's package */
    struct span rp_id, rp_data; /* text; rp_data.p is NULL where there is none */
    struct span challenge, service_context;
    struct tpm_statement current, boot;
    bool has_boot;
    struct tpm_key_object request_key; /* in the first form: attest_key, unbound */
    struct tpm_key_object other_keys[TPM_OTHER_KEYS_MAX];
    size_t other_key_count;
    const struct json *custom_claims; /* checked; or NULL */
};

/* Splits the JWS and reads alg and typ; nothing of the payload. */
bool tpm_request_open(struct span text, struct arena *a, struct tpm_request *out,
                      struct err *err) MUST_USE;

/* Tells whether typ is one of the two, and which form it announces. */
bool tpm_request_form(const struct tpm_request *q, enum tpm_form *out) MUST_USE;

/* Reads the payload of an opened request, whose form is known, into its members. */
bool tpm_request_read(struct tpm_request *q, struct arena *a, struct err *err) MUST_USE;

/* Adds the custom claims, each name behind the prefix. */
bool tpm_custom_claims_add(const struct json *claims, struct span prefix, struct claim_set *set,
                           struct err *err) MUST_USE;

#endif
