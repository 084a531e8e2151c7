/*
 * The scenarios of measured boots: each row changes one thing, and says what a verifier must come
 * to.
 */
#include "tpm.h"

#include <string.h>

#define ALL_GOOD                                                                                   \
    "secureBootEnabled=true bootDebuggingDisabled=true notSafeMode=true notWinPE=true "            \
    "iommuEnabled=true vbsEnabled=true aikValidated=true"
#define RELAXED                                                                                    \
    "secure_boot=off;boot_debugging=1;kernel_debug=1;code_integrity=0;test_signing=1;flight_"      \
    "signing=1;safe_mode=1;win_pe=1;vsm_required=0;vbs_enforced=0;iommu=0;hvci=0"
#define NOTHING                                                                                    \
    "boot_debugging=absent;kernel_debug=absent;code_integrity=absent;test_signing=absent;flight_"  \
    "signing=absent;safe_mode=absent;win_pe=absent;vsm_required=absent;vbs_enforced=absent;iommu=" \
    "absent;hvci=absent"

/* clang-format off */
static const struct lab_tpm_scenario scenarios[] = {
    /* name                     kind   changes                                        reason, or NULL, claims */

    /* boots */
    { "base",                  "tpm", "",                                            NULL, ALL_GOOD " vbsReportPresent=false tpmVersion=2" },
    { "boot-relaxed",          "tpm", RELAXED,                                       NULL, "secureBootEnabled=false bootDebuggingDisabled=false notSafeMode=false notWinPE=false iommuEnabled=false vbsEnabled=false" },
    { "boot-late-debug",       "tpm", "late_debugging=1;iommu=absent",               NULL, "secureBootEnabled=true bootDebuggingDisabled=false iommuEnabled=false vbsEnabled=true" },
    { "boot-absent",           "tpm", NOTHING,                                       NULL, "bootDebuggingDisabled=false iommuEnabled=false vbsEnabled=false notSafeMode=true notWinPE=true" },
    { "boot-no-idks",          "tpm", "idks=none;idk_status=absent",                 NULL, ALL_GOOD },
    { "boot-idks-twice",       "tpm", "idks=same-twice",                             NULL, ALL_GOOD },
    { "boot-two-idks",         "tpm", "idks=two",                                    "idks_conflict", NULL },
    { "boot-secureboot-off",   "tpm", "secure_boot=off",                             NULL, "secureBootEnabled=false" },
    { "boot-secureboot-twice", "tpm", "secure_boot=twice",                           NULL, "secureBootEnabled=false" },
    { "boot-secureboot-late",  "tpm", "secure_boot=late",                            NULL, "secureBootEnabled=false" },
    { "boot-secureboot-absent", "tpm", "secure_boot=absent",                         NULL, "secureBootEnabled=false" },
    { "boot-locality-3",       "tpm", "locality=3",                                  NULL, ALL_GOOD },
    { "boot-firmware-only",    "tpm", "os=none",                                     NULL, "secureBootEnabled=true bootDebuggingDisabled=false notSafeMode=true vbsEnabled=false" },
    { "boot-trust-point",      "tpm", "trust_point=true",                            NULL, ALL_GOOD },
    { "boot-padding",          "tpm", "log_trail=0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000", NULL, ALL_GOOD },
    { "linux",                 "tpm", "os=linux;ima=8",                              NULL, "secureBootEnabled=true bootDebuggingDisabled=false notSafeMode=true notWinPE=true iommuEnabled=false vbsEnabled=false" },
    { "linux-unsigned",        "tpm", "os=linux;ima=8;secure_boot=off",              NULL, "secureBootEnabled=false" },
    { "linux-no-ima",          "tpm", "os=linux",                                    NULL, "secureBootEnabled=true" },
    { "linux-ima-violation",   "tpm", "os=linux;ima=8;ima_odd=violation",            NULL, "secureBootEnabled=true" },
    { "linux-ima-drop",        "tpm", "os=linux;ima=8;ima_odd=drop",                 "log_replay_mismatch", NULL },
    { "bank-both",             "tpm", "bank=both",                                   NULL, ALL_GOOD },
    { "bank-sha1",             "tpm", "bank=sha1",                                   NULL, ALL_GOOD },
    { "resume",                "tpm", "resumes=4",                                   NULL, ALL_GOOD },
    { "resume-debugged",       "tpm", "resumes=1;boot_debugging=1",                  NULL, "secureBootEnabled=true bootDebuggingDisabled=false" },
    { "resume-other-cycle",    "tpm", "resumes=4;resets=5",                          "boot_attestation_mismatch", NULL },
    { "resume-of-resume",      "tpm", "resumes=1;transfer_control=2",                "boot_attestation_mismatch", NULL },

    /* logs that lie */
    { "log-data",              "tpm", "edit=data:boot-a",                            "event_data_mismatch", NULL },
    { "log-data-variable",     "tpm", "edit=data:secure-boot",                       "event_data_mismatch", NULL },
    { "log-digest",            "tpm", "edit=digest:boot-a",                          "log_replay_mismatch", NULL },
    { "log-data-and-digest",   "tpm", "edit=both:secure-boot",                       "log_replay_mismatch", NULL },
    { "log-drop",              "tpm", "edit=drop:boot-b",                            "log_replay_mismatch", NULL },
    { "log-repeat",            "tpm", "edit=repeat:secure-boot",                     "log_replay_mismatch", NULL },
    { "log-drop-crtm",         "tpm", "edit=drop:crtm",                              "log_replay_mismatch", NULL },
    { "log-cut",               "tpm", "log_cut=1",                                   "malformed_log", NULL },
    { "log-trail",             "tpm", "log_trail=010203",                            "malformed_log", NULL },
    { "log-overrun",           "tpm", "oddity=overrun",                              "malformed_log", NULL },
    { "log-after-separator",   "tpm", "oddity=tagged-after",                         "event_after_separator", NULL },
    { "log-no-wbcl",           "tpm", "oddity=no-wbcl",                              "event_after_separator", NULL },
    { "log-other-event",       "tpm", "oddity=compact-12",                           "unexpected_event", NULL },
    { "log-separator-twice",   "tpm", "oddity=separator-twice",                      "invalid_separator", NULL },
    { "log-separator-bad",     "tpm", "oddity=separator-bad",                        "invalid_separator", NULL },
    { "log-flag-2",            "tpm", "boot_debugging=2",                            "inconsistent_log", NULL },
    { "log-two-counters",      "tpm", "second_counter=43",                           "inconsistent_log", NULL },

    /* quotes */
    { "quote-pss",             "tpm", "aik=rsa-pss",                                 NULL, ALL_GOOD },
    { "quote-ec",              "tpm", "aik=ec",                                      NULL, ALL_GOOD },
    { "quote-sha384",          "tpm", "aik_hash=sha384",                             NULL, ALL_GOOD },
    { "quote-sha1",            "tpm", "aik_hash=sha1",                               "sha1_not_allowed", NULL },
    { "quote-sha1-form-1",     "tpm", "aik_hash=sha1;form=1",                        NULL, ALL_GOOD },
    { "quote-magic",           "tpm", "magic=0x414C5054",                            "not_tpm_generated", NULL },
    { "quote-type",            "tpm", "attest_type=0x8017",                          "wrong_attest_type", NULL },
    { "quote-trail",           "tpm", "quote_trail=00",                              "malformed_quote", NULL },
    { "quote-scheme",          "tpm", "scheme=0x1A",                                 "unsupported_signature_scheme", NULL },
    { "quote-flip",            "tpm", "quote_flip=true",                             "quote_signature", NULL },
    { "quote-signer",          "tpm", "quote_signer=stranger",                       "quote_signature", NULL },
    { "quote-nonce",           "tpm", "nonce=wrong",                                 "quote_qualifying_data", NULL },
    { "quote-no-nonce",        "tpm", "nonce=empty",                                 "quote_qualifying_data", NULL },
    { "quote-pcr-changed",     "tpm", "pcrs=changed",                                "pcr_digest_mismatch", NULL },
    { "quote-pcr-missing",     "tpm", "pcrs=missing",                                "malformed_quote", NULL },
    { "quote-pcr-twice",       "tpm", "pcrs=twice",                                  "malformed_quote", NULL },
    { "quote-pcr-stranger",    "tpm", "selection=0x7FFFFF;pcrs=stranger",            "malformed_quote", NULL },
    { "quote-of-nothing",      "tpm", "selection=0",                                 "required_pcrs_missing", NULL },
    { "quote-few-pcrs",        "tpm", "selection=0x7F80",                            "required_pcrs_missing", NULL },

    /* attestation keys */
    { "aik-cert-only",         "tpm", "aik_pub=false",                               NULL, ALL_GOOD },
    { "aik-no-cert",           "tpm", "aik_cert=false",                              "aik_certificate_missing", NULL },
    { "aik-neither",           "tpm", "aik_cert=false;aik_pub=false",                "aik_certificate_missing", NULL },
    { "aik-pinned",            "tpm", "aik_cert=false;pin=true",                     NULL, "aikValidated=false secureBootEnabled=true" },
    { "aik-mismatch",          "tpm", "aik_pub_key=stranger",                        "aik_mismatch", NULL },
    { "aik-cut",               "tpm", "aik_cut=1",                                   "malformed_certificate", NULL },
    { "aik-forged",            "tpm", "aik_signer=stranger",                         "invalid_certificate_chain", NULL },
    { "aik-is-ca",             "tpm", "aik_is_ca=true",                              "invalid_certificate_chain", NULL },
    { "aik-no-purpose",        "tpm", "aik_purpose=none",                            "invalid_certificate_chain", NULL },
    { "aik-other-purpose",     "tpm", "aik_purpose=other",                           "invalid_certificate_chain", NULL },
    { "aik-no-name",           "tpm", "aik_alt_name=false",                          "invalid_certificate_chain", NULL },
    { "aik-by-user",           "tpm", "aik_policy=user",                             "invalid_certificate_chain", NULL },
    { "aik-no-policy",         "tpm", "aik_policy=none",                             NULL, ALL_GOOD },
    { "aik-expired",           "tpm", "aik_na=2024-01-01T00:00:00Z",                 "certificate_expired", NULL },
    { "aik-future",            "tpm", "aik_nb=2024-02-01T00:00:00Z",                 "certificate_not_yet_valid", NULL },
    { "aik-issuer-expired",    "tpm", "issuing_na=2024-01-01T00:00:00Z",             "certificate_expired", NULL },
    { "aik-crl",               "tpm", "crl=clean",                                   NULL, ALL_GOOD },
    { "aik-revoked",           "tpm", "crl=revoked",                                 "aik_revoked", NULL },
    { "aik-crl-expired",       "tpm", "crl=stale",                                   "crl_expired", NULL },
    { "aik-crl-forged",        "tpm", "crl=forged",                                  "invalid_crl", NULL },

    /* requests */
    { "form-1",                "tpm", "form=1",                                      NULL, ALL_GOOD },
    { "form-1-resume",         "tpm", "form=1;resumes=2",                            NULL, ALL_GOOD },
    { "form-1-ima",            "tpm", "form=1;os=linux;ima=4",                       NULL, "secureBootEnabled=true" },
    { "key-certified",         "tpm", "binding=certify",                             NULL, ALL_GOOD },
    { "key-unbound",           "tpm", "binding=none",                                "unbound_request_key", NULL },
    { "key-ncrypt",            "tpm", "binding=ncrypt",                              "unsupported_key_binding", NULL },
    { "key-exponent",          "tpm", "exponent=Aw",                                 "invalid_key", NULL },
    { "key-other",             "tpm", "other_key=plain",                             NULL, ALL_GOOD },
    { "key-other-certified",   "tpm", "other_key=certified;binding=certify",         NULL, ALL_GOOD },
    { "key-certify-nonce",     "tpm", "binding=certify;certify=nonce",               "key_certification", NULL },
    { "key-certify-name",      "tpm", "binding=certify;certify=name",                "key_certification", NULL },
    { "key-certify-signer",    "tpm", "binding=certify;certify=signer",              "key_certification", NULL },
    { "key-certify-restricted", "tpm", "binding=certify;certify=restricted",         "key_certification", NULL },
    { "request-signer",        "tpm", "request_signer=stranger",                     "request_signature", NULL },
    { "request-alg",           "tpm", "alg=RS256",                                   "unsupported_algorithm", NULL },
    { "request-typ",           "tpm", "typ=JWT",                                     "unsupported_request_type", NULL },
    { "request-typ-of-form-1", "tpm", "typ=attReq",                                  "malformed_request", NULL },
    { "request-mixed",         "tpm", "request_odd=mixed",                           "malformed_request", NULL },
    { "request-duplicate",     "tpm", "request_odd=duplicate",                       "malformed_request", NULL },
    { "request-padding",       "tpm", "request_odd=padding",                         "malformed_request", NULL },
    { "request-challenge",     "tpm", "request_odd=challenge",                       "malformed_request", NULL },
    { "request-custom",        "tpm", "custom=rack=17;rp_data=bGFi",                 NULL, ALL_GOOD },

    /* enclaves */
    { "base",                  "vbs", "",                                            NULL, ALL_GOOD " vbsReportPresent=true vsmReportPresent=true enclaveSvn=3 enclavePlatformSvn=5 enclaveFlags=0" },
    { "form-1",                "vbs", "form=1",                                      NULL, ALL_GOOD " vbsReportPresent=true" },
    { "debug",                 "vbs", "enclave_flags=1",                             NULL, "enclaveFlags=1 x-ms-vbs-is-debuggable=true" },
    { "debug-allowed",         "vbs", "enclave_flags=2",                             NULL, "enclaveFlags=2 x-ms-vbs-is-debuggable=false" },
    { "debug-active",          "vbs", "enclave_flags=6",                             NULL, "enclaveFlags=6 x-ms-vbs-is-debuggable=true" },
    { "relaxed",               "vbs", RELAXED,                                       NULL, "secureBootEnabled=false vbsEnabled=false vbsReportPresent=true" },
    { "resume",                "vbs", "resumes=1",                                   NULL, ALL_GOOD " vbsReportPresent=true" },
    { "idks-twice",            "vbs", "idks=same-twice",                             NULL, ALL_GOOD " vbsReportPresent=true" },
    { "no-idks",               "vbs", "idks=none;idk_status=absent",                 "idks_missing", NULL },
    { "two-idks",              "vbs", "idks=two",                                    "idks_conflict", NULL },
    { "odd-idks",              "vbs", "idks=odd",                                    "malformed_idks", NULL },
    { "idks-not-made",         "vbs", "idk_status=1",                                "idk_generation_failed", NULL },
    { "not-launched",          "vbs", "vsm_launch=0",                                "vsm_not_launched", NULL },
    { "signed-by-idk",         "vbs", "report_signer=idk",                           "report_signature", NULL },
    { "signed-by-stranger",    "vbs", "report_signer=other-idks",                    "report_signature", NULL },
    { "salt",                  "vbs", "report_padding=salt-20",                      "report_signature", NULL },
    { "pkcs1",                 "vbs", "report_padding=pkcs1",                        "report_signature", NULL },
    { "flip",                  "vbs", "report_flip=true",                            "report_signature", NULL },
    { "package-version",       "vbs", "package_version=2",                           "unsupported_package_version", NULL },
    { "report-version",        "vbs", "report_version=2",                            "unsupported_report_version", NULL },
    { "scheme",                "vbs", "package_scheme=2",                            "unsupported_signature_scheme", NULL },
    { "enclave-type",          "vbs", "enclave_type=1",                              "wrong_enclave_type", NULL },
    { "block-type",            "vbs", "block_type=7",                                "unsupported_variable_data", NULL },
    { "block-type-0",          "vbs", "block_type=0",                                "malformed_report", NULL },
    { "module",                "vbs", "module_differs=true",                         "module_mismatch", NULL },
    { "package-size",          "vbs", "package_size=1",                              "malformed_report", NULL },
    { "statement-size",        "vbs", "statement_size=-8",                           "malformed_report", NULL },
    { "report-size",           "vbs", "report_size=8",                               "malformed_report", NULL },
    { "report-cut",            "vbs", "report_cut=1",                                "malformed_report", NULL },
    { "report-trail",          "vbs", "report_trail=00",                             "malformed_report", NULL },
    { "data",                  "vbs", "enclave_data=wrong",                          "enclave_data_mismatch", NULL },
    { "respaced",              "vbs", "respaced=true",                               "enclave_data_mismatch", NULL },
    { "respaced-form-1",       "vbs", "respaced=true;form=1",                        "enclave_data_mismatch", NULL },
    { "after-separator",       "vbs", "oddity=tagged-after",                         "event_after_separator", NULL },
    { "without-pcr-12",        "vbs", "selection=0xFFEFFF",                          "required_pcrs_missing", NULL },
};
/* clang-format on */

const struct lab_tpm_scenario *lab_tpm_scenarios(size_t *count)
{
    *count = COUNT(scenarios);
    return scenarios;
}

const struct lab_tpm_scenario *lab_tpm_scenario_find(const char *kind, const char *name)
{
    for (size_t i = 0; i < COUNT(scenarios); i++)
        if (strcmp(scenarios[i].kind, kind) == 0 && strcmp(scenarios[i].name, name) == 0)
            return &scenarios[i];
    return NULL;
}

bool lab_tpm_scenario(const char *kind, const char *name, uint64_t seed, struct arena *a,
                      struct lab_tpm_params *out, struct err *err)
{
    const struct lab_tpm_scenario *row = lab_tpm_scenario_find(kind, name);
    struct lab_tpm_params p = lab_tpm_params(kind, seed);

    if (!row)
        return err_fail(err, ERR_MISSING, "docs/formats/lab-tpm.md",
                        "there is no scenario \"%s\" of kind %s", name, kind);
    if (!lab_tpm_set(&p, row->changes, a, err))
        return false;
    *out = p;
    return true;
}
