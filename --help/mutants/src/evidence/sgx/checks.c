/* The contract's section 7 as a table. A step with two reasons is two rows, and a step that settles
 * several things is several rows, so that each row has one name, one reason and one sentence. */
#include "sgx.h"

#include "../dcap/case.h"
#include "bound.h"

#define STEP(n) "the SGX contract, 7, step " n

/* clang-format off */
const struct check sgx_checks[] = {
    /* name                       function                          reason                          what it establishes                                              source */
    { "container",                dcap_check_container,             "malformed_evidence",           "the evidence is a quote in the container of its type",          STEP("1") },
    { "quote_version",            dcap_check_version,               "unsupported_quote_version",    "the quote's version is one we read",                            STEP("2") },
    { "key_type",                 dcap_check_key_type,              "unsupported_key_type",         "the attestation key is ECDSA on P-256",                         STEP("3") },
    { "tee_type",                 dcap_check_tee_type,              "wrong_tee_type",               "the quote speaks of an SGX enclave",                            STEP("4") },
    { "qe_vendor",                dcap_check_vendor,                "unknown_qe_vendor",            "the quoting enclave is Intel's by its own word",                STEP("5") },
    { "layout",                   dcap_check_layout,                "malformed_evidence",           "every length in the quote agrees with its bytes",               STEP("1") },
    { "certification_data",       dcap_check_certification,         "unsupported_certification_data", "the quote brings the platform's certificate",                 STEP("6") },
    { "pck_chain",                dcap_check_chain_shape,           "malformed_certificate",        "the PCK chain is leaf, authority and root, the leaf with the SGX extension", STEP("7") },
    { "root_key",                 dcap_check_root_key,              "untrusted_root",               "the chain ends in the key of a root we hold",                   STEP("8") },
    { "root_signature",           dcap_check_root_signature,        "untrusted_root",               "the root certificate is signed by its own key",                 STEP("8") },
    { "pck_chain_names",          dcap_check_chain_names,           "invalid_certificate_chain",    "the certificates are what their names say and name each other", STEP("9") },
    { "pck_chain_constraints",    dcap_check_chain_constraints,     "invalid_certificate_chain",    "authorities may issue, the leaf may only sign",                 STEP("9") },
    { "pck_chain_signatures",     dcap_check_chain_signatures,      "invalid_certificate_chain",    "each certificate is signed by the next",                        STEP("10") },
    { "pck_chain_begun",          dcap_check_chain_begun,           "certificate_not_yet_valid",    "the PCK chain's certificates have begun",                       STEP("11") },
    { "pck_chain_lasts",          dcap_check_chain_lasts,           "certificate_expired",          "the PCK chain's certificates have not ended",                   STEP("11") },
    { "collateral",               dcap_check_collateral,            "collateral_unavailable",       "the vendor's documents for this platform are at hand",          STEP("12") },
    { "root_crl",                 dcap_check_root_crl,              "invalid_crl",                  "the root's revocation list is sound and the root's own",        STEP("12") },
    { "root_crl_begun",           dcap_check_root_crl_begun,        "invalid_crl",                  "the root's revocation list is not from the future",             STEP("12") },
    { "root_crl_lasts",           dcap_check_root_crl_lasts,        "crl_expired",                  "the root's revocation list has not ended",                      STEP("12") },
    { "pck_crl",                  dcap_check_pck_crl,               "invalid_crl",                  "the PCK revocation list is sound and of this leaf's issuer",    STEP("13") },
    { "pck_crl_begun",            dcap_check_pck_crl_begun,         "invalid_crl",                  "the PCK revocation list is not from the future",                STEP("13") },
    { "pck_crl_lasts",            dcap_check_pck_crl_lasts,         "crl_expired",                  "the PCK revocation list has not ended",                         STEP("13") },
    { "intermediate_revoked",     dcap_check_intermediate_revoked,  "intermediate_revoked",         "the platform's authority is not revoked",                       STEP("14") },
    { "pck_revoked",              dcap_check_leaf_revoked,          "pck_revoked",                  "the platform's certificate is not revoked",                     STEP("15") },
    { "tcb_signing_chain",        dcap_check_tcb_signing,           "invalid_tcb_signing_chain",    "the signer of the TCB info leads to the same root",             STEP("16") },
    { "tcb_signing_begun",        dcap_check_tcb_signing_begun,     "certificate_not_yet_valid",    "the certificates of the TCB info's signer have begun",          STEP("16") },
    { "tcb_signing_lasts",        dcap_check_tcb_signing_lasts,     "certificate_expired",          "the certificates of the TCB info's signer have not ended",      STEP("16") },
    { "tcb_signing_revoked",      dcap_check_tcb_signing_revoked,   "tcb_signing_revoked",          "the signer of the TCB info is not revoked",                     STEP("16") },
    { "tcb_info_envelope",        dcap_check_tcb_info_envelope,     "malformed_tcb_info",           "the TCB info is one object and one signature",                  STEP("17") },
    { "tcb_info_signature",       dcap_check_tcb_info_signature,    "tcb_info_signature",           "the TCB info is signed as it stands, byte for byte",            STEP("17") },
    { "tcb_info",                 dcap_check_tcb_info_shape,        "malformed_tcb_info",           "the TCB info is of a version and type we read, and complete",   STEP("17") },
    { "tcb_info_tee",             dcap_check_tcb_info_tee,          "tcb_info_mismatch",            "the TCB info is for this kind of TEE",                          STEP("18") },
    { "tcb_info_begun",           dcap_check_tcb_info_begun,        "tcb_info_not_yet_valid",       "the TCB info is not from the future",                           STEP("19") },
    { "tcb_info_lasts",           dcap_check_tcb_info_lasts,        "tcb_info_expired",             "the TCB info has not ended",                                    STEP("19") },
    { "tcb_info_platform",        dcap_check_tcb_info_platform,     "tcb_info_mismatch",            "the TCB info is for this platform's family and PCE",            STEP("20") },
    { "qe_signing_chain",         dcap_check_qe_signing,            "invalid_tcb_signing_chain",    "the signer of the QE identity leads to the same root",          STEP("21") },
    { "qe_signing_begun",         dcap_check_qe_signing_begun,      "certificate_not_yet_valid",    "the certificates of the QE identity's signer have begun",       STEP("21") },
    { "qe_signing_lasts",         dcap_check_qe_signing_lasts,      "certificate_expired",          "the certificates of the QE identity's signer have not ended",   STEP("21") },
    { "qe_signing_revoked",       dcap_check_qe_signing_revoked,    "tcb_signing_revoked",          "the signer of the QE identity is not revoked",                  STEP("21") },
    { "qe_identity_envelope",     dcap_check_qe_identity_envelope,  "malformed_qe_identity",        "the QE identity is one object and one signature",               STEP("21") },
    { "qe_identity_signature",    dcap_check_qe_identity_signature, "qe_identity_signature",        "the QE identity is signed as it stands, byte for byte",         STEP("21") },
    { "qe_identity",              dcap_check_qe_identity_shape,     "malformed_qe_identity",        "the QE identity is complete",                                   STEP("21") },
    { "qe_identity_kind",         dcap_check_qe_identity_kind,      "qe_identity_mismatch",         "the QE identity is version 2 and of the SGX quoting enclave",   STEP("21") },
    { "qe_identity_begun",        dcap_check_qe_identity_begun,     "qe_identity_not_yet_valid",    "the QE identity is not from the future",                        STEP("21") },
    { "qe_identity_lasts",        dcap_check_qe_identity_lasts,     "qe_identity_expired",          "the QE identity has not ended",                                 STEP("21") },
    { "qe_report_signature",      dcap_check_qe_report_signature,   "qe_report_signature",          "the platform key signed the quoting enclave's report",          STEP("22") },
    { "qe_report_data",           dcap_check_qe_report_data,        "qe_report_data",               "the quoting enclave vouches for the attestation key",           STEP("23") },
    { "qe_report_identity",       dcap_check_qe_report_identity,    "qe_identity_mismatch",         "the quoting enclave is the one that Intel names, not in debug", STEP("24") },
    { "quote_signature",          dcap_check_quote_signature,       "quote_signature",              "the attestation key signed this quote",                         STEP("25") },
    { "qe_tcb_level",             dcap_check_qe_level,              "qe_not_supported",             "the quoting enclave's version reaches a level",                 STEP("26") },
    { "platform_tcb_level",       dcap_check_platform_level,        "tcb_not_supported",            "the platform's security version reaches a level",               STEP("27") },
    { "tcb_revoked",              dcap_check_not_revoked,           "tcb_revoked",                  "neither the platform's nor the quoting enclave's level is revoked", STEP("28") },
    { "tcb_status",               dcap_check_status_accepted,       "tcb_status_not_accepted",      "the status is one that the TCB profile takes",                  STEP("29") },
    { "tcb_baseline",             dcap_check_evaluation_number,     "tcb_baseline_not_met",         "the documents are not older than the baseline asked for",       STEP("29") },
    { "custom_claims",            sgx_check_custom_claims,          "runtime_data_mismatch",        "Open Enclave's custom claims are bound to the report",          STEP("30") },
    { "runtime_data",             sgx_check_runtime_data,           "runtime_data_mismatch",        "the runtime data are bound to the report",                      STEP("30") },
    { "runtime_json",             sgx_check_runtime_json,           "malformed_runtime_data",       "runtime data declared to be JSON are one object",               STEP("30") },
    { "init_time_data",           sgx_check_inittime_data,          "init_time_data_mismatch",      "the init-time data are bound to the enclave's configuration",   STEP("30") },
    { "init_time_json",           sgx_check_inittime_json,          "malformed_init_time_data",     "init-time data declared to be JSON are one object",             STEP("30") },
};
/* clang-format on */

const size_t sgx_check_count = COUNT(sgx_checks);

_Static_assert(COUNT(sgx_checks) <= TRAIL_MAX, "the trail has room for every row");
