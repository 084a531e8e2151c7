/* The TPM contract's section 17 as a table. A step with several reasons is several rows, in the
 * contract's order; what cannot be judged before it is read comes behind its reading. */
#include "tpm.h"

#include "case.h"

#define STEP(n) "the TPM contract, 17, step " n

/* clang-format off */
const struct check tpm_checks[] = {
    /* name                    function                       reason                         what it establishes                                                       source     applies */
    { "request",               tpm_check_request,             "malformed_request",           "the request is a JWS over JSON of one form throughout",                  STEP("1"), NULL },
    { "limits",                tpm_check_limits,              "limit_exceeded",              "nothing in the request is larger than it may be",                        STEP("1"), NULL },
    { "algorithm",             tpm_check_algorithm,           "unsupported_algorithm",       "the request is signed with PS256",                                       STEP("1"), NULL },
    { "request_type",          tpm_check_type,                "unsupported_request_type",    "the request is of one of the two forms",                                 STEP("1"), NULL },
    { "attestation_type",      tpm_check_kind,                "malformed_request",           "the request attests what was asked for: a machine, or an enclave",       STEP("1"), NULL },
    { "service_context",       tpm_check_context,             "invalid_service_context",     "the context was made by this service for this instance",                 STEP("2"), tpm_has_round_trip },
    { "context_age",           tpm_check_context_age,         "service_context_expired",     "the context is fresh",                                                   STEP("2"), tpm_has_round_trip },
    { "challenge",             tpm_check_challenge,           "challenge_mismatch",          "the request answers the context's challenge",                            STEP("2"), tpm_has_round_trip },
    { "challenge_unused",      tpm_check_not_used,            "challenge_replayed",          "the challenge was not used before, where that is kept",                  STEP("2"), tpm_has_round_trip },
    { "signing_key",           tpm_check_signing_key,         "invalid_key",                 "the key in the request is one that may sign it",                         STEP("3"), NULL },
    { "request_signature",     tpm_check_request_signature,   "request_signature",           "the sender holds the key in the request",                                STEP("3"), NULL },
    { "keys",                  tpm_check_keys,                "invalid_key",                 "every other key in the request is one we use",                           STEP("4"), NULL },
    { "key_binding",           tpm_check_binding,             "unsupported_key_binding",     "keys are bound in a way that is taken",                                  STEP("4"), NULL },
    { "key_bound",             tpm_check_bound,               "unbound_request_key",         "the request's key is bound to the TPM",                                  STEP("4"), tpm_is_second_form },
    { "quote_frame",           tpm_check_quote_frame,         "malformed_quote",             "statement, signature and PCRs are there",                                STEP("4"), NULL },
    { "quote_magic",           tpm_check_magic,               "not_tpm_generated",           "the statement begins as only a TPM 2.0 writes it",                       STEP("4"), NULL },
    { "quote_type",            tpm_check_attest_type,         "wrong_attest_type",           "the statement is a quote",                                               STEP("4"), NULL },
    { "quote_form",            tpm_check_quote_form,          "malformed_quote",             "everything the TPM made reads to its last byte, and PCRs match its selection", STEP("4"), NULL },
    { "signature_scheme",      tpm_check_scheme,              "unsupported_signature_scheme", "the TPM signs with RSASSA, RSAPSS or ECDSA",                            STEP("4"), NULL },
    { "signature_hash",        tpm_check_sha1,                "sha1_not_allowed",            "the TPM signs over a hash that is allowed",                              STEP("4"), NULL },
    { "logs",                  tpm_check_logs,                "malformed_log",               "logs, lists and Windows records read to their last byte",                STEP("4"), NULL },
    { "log_limits",            tpm_check_log_limits,          "limit_exceeded",              "no log is larger than it may be",                                        STEP("4"), NULL },
    { "aik_key",               tpm_check_aik_key,             "aik_mismatch",                "certificate and key of the attestation key are of one key",              STEP("5"), NULL },
    { "aik_certificate",       tpm_check_aik_present,         "aik_certificate_missing",     "a certificate for the attestation key came, unless none is demanded",    STEP("5"), NULL },
    { "aik_form",              tpm_check_aik_form,            "malformed_certificate",       "the certificate is one",                                                 STEP("5"), NULL },
    { "aik_anchor",            tpm_check_aik_anchor,          "untrusted_root",              "the certificate leads to an anchor we hold",                             STEP("5"), NULL },
    { "aik_path",              tpm_check_aik_path,            "invalid_certificate_chain",   "signatures, usage, purposes and policies hold on the way",               STEP("5"), NULL },
    { "aik_lasts",             tpm_check_aik_lasts,           "certificate_expired",         "no certificate on the way has ended",                                    STEP("5"), NULL },
    { "aik_begun",             tpm_check_aik_begun,           "certificate_not_yet_valid",   "every certificate on the way has begun",                                 STEP("5"), NULL },
    { "aik_crl",               tpm_check_aik_crl,             "invalid_crl",                 "revocation lists of the issuers are theirs",                             STEP("5"), NULL },
    { "aik_crl_lasts",         tpm_check_aik_crl_lasts,       "crl_expired",                 "those lists have not ended",                                             STEP("5"), NULL },
    { "aik_not_revoked",       tpm_check_aik_not_revoked,     "aik_revoked",                 "no certificate on the way is revoked",                                   STEP("5"), NULL },
    { "quote_signature",       tpm_check_quote_signature,     "quote_signature",             "the attestation key signed the quote",                                   STEP("6"), NULL },
    { "qualifying_data",       tpm_check_qualifying_data,     "quote_qualifying_data",       "the quote was made for this challenge, and for the key bound by it",     STEP("6"), NULL },
    { "pcr_digest",            tpm_check_pcr_digest,          "pcr_digest_mismatch",         "the PCR values are those that the TPM quoted",                           STEP("6"), NULL },
    { "required_pcrs",         tpm_check_required_pcrs,       "required_pcrs_missing",       "every required PCR is quoted in one bank that the logs have",            STEP("6"), NULL },
    { "bank_measured",         tpm_check_bank_measured,       "unmeasured_bank",             "the firmware measured into that bank",                                   STEP("6"), NULL },
    { "bank_hash",             tpm_check_sha1_bank,           "sha1_not_allowed",            "the bank of SHA-1 judges only where no other is quoted",                 STEP("6"), NULL },
    { "replay",                tpm_check_replay,              "log_replay_mismatch",         "the logs lead to the quoted PCRs, in every bank that both have",         STEP("7"), NULL },
    { "event_data",            tpm_check_event_data,          "event_data_mismatch",         "where something is read from data, the digest covers it",                STEP("7"), NULL },
    { "separators",            tpm_check_separators,          "invalid_separator",           "every PCR was closed at most once, in a way that is known",              STEP("7"), NULL },
    { "log_end",               tpm_check_end,                 "event_after_separator",       "Windows' records end with WBCL, and nothing comes after it",             STEP("7"), NULL },
    { "event_types",           tpm_check_event_types,         "unexpected_event",            "before WBCL, PCR 12 and 13 hold tagged events only",                     STEP("7"), NULL },
    { "records",               tpm_check_records,             "inconsistent_log",            "flags are 0 or 1, and counters agree",                                   STEP("7"), NULL },
    { "boot_cycle",            tpm_check_cycle,               "boot_attestation_mismatch",   "the boot's attestation is of the boot that this machine resumed",        STEP("7"), tpm_has_boot },
    { "certified_keys",        tpm_check_certified,           "key_certification",           "keys said to live in the TPM were certified by it for this challenge",   STEP("8"), NULL },
    { "idks_agree",            tpm_check_idks_agree,          "idks_conflict",               "the logs name at most one signing key of the secure kernel",             "the VBS contract, 7.1", NULL },
};
/* clang-format on */

const size_t tpm_check_count = COUNT(tpm_checks);

_Static_assert(COUNT(tpm_checks) <= TRAIL_MAX - 14,
               "the trail has room for an enclave's rows, too");
