/*
 * The scenarios: each row changes one thing, and says what a verifier must come to.
 */
#include "lab_in.h"

#include <string.h>

/* clang-format off */
static const struct lab_scenario scenarios[] = {
    /* name                        kind   changes                              status, reason */
    { "base",                     "sgx", "",                                  "SWHardeningNeeded", NULL },
    { "s-uptodate",               "sgx", "comp=6 6 2 2 3 1 0 3",              "UpToDate", NULL },
    { "s-confighard",             "sgx", "comp=5 5 2 2 3 1",                  "ConfigurationAndSWHardeningNeeded", NULL },
    { "s-outofdate",              "sgx", "comp=4 4 2 2 3 1 0 3",              "OutOfDate", NULL },
    { "s-oodconfig",              "sgx", "comp=4 4 2 2 3 1",                  "OutOfDateConfigurationNeeded", NULL },
    { "s-revoked",                "sgx", "comp=3 3 2 2 3 1 0 3",              NULL, "tcb_revoked" },
    { "s-none",                   "sgx", "comp=2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2", NULL, "tcb_not_supported" },
    { "s-pcesvn",                 "sgx", "pcesvn=10",                         "OutOfDate", NULL },
    { "s-config",                 "sgx", "levels=config",                     "ConfigurationNeeded", NULL },
    { "m-uptodate-qeood",         "sgx", "comp=6 6 2 2 3 1 0 3;qe_svn=6",     "OutOfDate", NULL },
    { "m-hard-qeood",             "sgx", "qe_svn=6",                          "OutOfDate", NULL },
    { "m-confighard-qeood",       "sgx", "comp=5 5 2 2 3 1;qe_svn=6",         "OutOfDateConfigurationNeeded", NULL },
    { "m-ood-qeood",              "sgx", "comp=4 4 2 2 3 1 0 3;qe_svn=6",     "OutOfDate", NULL },
    { "m-qerevoked",              "sgx", "qe_svn=4",                          NULL, "tcb_revoked" },
    { "m-qenone",                 "sgx", "qe_svn=3",                          NULL, "qe_not_supported" },
    { "m-ood-qerevoked",          "sgx", "comp=4 4 2 2 3 1 0 3;qe_svn=4",     NULL, "tcb_revoked" },
    { "order-shuffled",           "sgx", "levels=shuffled",                   "SWHardeningNeeded", NULL },
    { "order-dup",                "sgx", "levels=doubled",                    NULL, "malformed_tcb_info" },
    { "bad-status",               "sgx", "levels=unknown-word",               NULL, "malformed_tcb_info" },
    { "ti-v2",                    "sgx", "ti_version=2",                      "SWHardeningNeeded", NULL },
    { "ti-v4",                    "sgx", "ti_version=4",                      NULL, "malformed_tcb_info" },
    { "ti-type1",                 "sgx", "tcb_type=1",                        NULL, "malformed_tcb_info" },
    { "ti-fmspc",                 "sgx", "ti_fmspc=00A1B2C3D4E6",             NULL, "tcb_info_mismatch" },
    { "ti-fmspc-lower",           "sgx", "ti_fmspc=00a1b2c3d4e5",             "SWHardeningNeeded", NULL },
    { "ti-pceid",                 "sgx", "ti_pceid=0100",                     NULL, "tcb_info_mismatch" },
    { "ti-flip",                  "sgx", "ti_post=\"tcbEvaluationDataNumber\":16=>\"tcbEvaluationDataNumber\":17", NULL, "tcb_info_signature" },
    { "ti-space",                 "sgx", "ti_post=\"version\":=>\"version\": ", NULL, "tcb_info_signature" },
    { "ti-signer",                "sgx", "ti_signer=pck",                     NULL, "tcb_info_signature" },
    { "ti-tdx-for-sgx",           "sgx", "ti_id=TDX",                         NULL, "tcb_info_mismatch" },
    { "qi-id",                    "sgx", "qi_id=TD_QE",                       NULL, "qe_identity_mismatch" },
    { "qi-version",               "sgx", "qi_version=1",                      NULL, "qe_identity_mismatch" },
    { "qi-signer",                "sgx", "qi_signer=pck",                     NULL, "qe_identity_signature" },
    { "qi-mrsigner",              "sgx", "qi_mrs=d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa", NULL, "qe_identity_mismatch" },
    { "qi-prod",                  "sgx", "qi_prod=2",                         NULL, "qe_identity_mismatch" },
    { "qi-misc",                  "sgx", "qi_misc=00000000",                  NULL, "qe_identity_mismatch" },
    { "qe-debug",                 "sgx", "qe_attr=1700000000000000e700000000000000", NULL, "qe_identity_mismatch" },
    { "qe-mode32",                "sgx", "qe_attr=1100000000000000e700000000000000", "SWHardeningNeeded", NULL },
    { "x-qe-sig",                 "sgx", "qe_sig_flip=true",                  NULL, "qe_report_signature" },
    { "x-qe-signer",              "sgx", "qe_signer=attestation",             NULL, "qe_report_signature" },
    { "x-qe-data",                "sgx", "qe_data=2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a48810000000000000000000000000000000000000000000000000000000000000000", NULL, "qe_report_data" },
    { "x-qe-data-tail",           "sgx", "qe_tail=1",                         NULL, "qe_report_data" },
    { "x-isv-sig",                "sgx", "isv_flip=true",                     NULL, "quote_signature" },
    { "x-isv-signer",             "sgx", "isv_signer=pck",                    NULL, "quote_signature" },
    { "x-auth-empty",             "sgx", "auth=",                             "SWHardeningNeeded", NULL },
    { "x-auth-64",                "sgx", "auth=00*64",                        "SWHardeningNeeded", NULL },
    { "h-ver2",                   "sgx", "ver=2",                             NULL, "unsupported_quote_version" },
    { "h-ver6",                   "sgx", "ver=6",                             NULL, "unsupported_quote_version" },
    { "h-akt3",                   "sgx", "akt=3",                             NULL, "unsupported_key_type" },
    { "h-vendor",                 "sgx", "vendor=00000000000000000000000000000000", NULL, "unknown_qe_vendor" },
    { "h-tee1",                   "sgx", "tee=1",                             NULL, "wrong_tee_type" },
    { "h-trail0",                 "sgx", "trail=00*70",                       "SWHardeningNeeded", NULL },
    { "h-trail1",                 "sgx", "trail=01*70",                       NULL, "malformed_evidence" },
    { "h-ct4",                    "sgx", "ct=4",                              NULL, "unsupported_certification_data" },
    { "h-ct6",                    "sgx", "ct=6",                              NULL, "unsupported_certification_data" },
    { "h-ct0",                    "sgx", "ct=0",                              NULL, "unsupported_certification_data" },
    { "c-pck-signer",             "sgx", "pck_signer=root",                   NULL, "invalid_certificate_chain" },
    { "c-plat-signer",            "sgx", "plat_signer=pck",                   NULL, "invalid_certificate_chain" },
    { "c-ts-signer",              "sgx", "ts_signer=platform-ca",             NULL, "invalid_tcb_signing_chain" },
    { "c-pck-cn",                 "sgx", "pck_cn=Lab SGX Certificate",        NULL, "invalid_certificate_chain" },
    { "c-ts-cn",                  "sgx", "ts_cn=Lab Signing",                 NULL, "invalid_tcb_signing_chain" },
    { "v-pck-expired",            "sgx", "pck_na=2024-01-01T00:00:00Z",       NULL, "certificate_expired" },
    { "v-pck-future",             "sgx", "pck_nb=2024-02-01T00:00:00Z",       NULL, "certificate_not_yet_valid" },
    { "v-plat-expired",           "sgx", "plat_na=2024-01-01T00:00:00Z",      NULL, "certificate_expired" },
    { "v-ts-expired",             "sgx", "ts_na=2024-01-01T00:00:00Z",        NULL, "certificate_expired" },
    { "r-pck",                    "sgx", "prev=pck",                          NULL, "pck_revoked" },
    { "r-plat",                   "sgx", "rrev=plat",                         NULL, "intermediate_revoked" },
    { "r-ts",                     "sgx", "rrev=ts",                           NULL, "tcb_signing_revoked" },
    { "r-pck-in-root",            "sgx", "rrev=pck",                          "SWHardeningNeeded", NULL },
    { "l-root-expired",           "sgx", "rcrl=2023-01-01T00:00:00Z..2024-01-01T00:00:00Z", NULL, "crl_expired" },
    { "l-root-future",            "sgx", "rcrl=2024-02-01T00:00:00Z..2025-01-01T00:00:00Z", NULL, "invalid_crl" },
    { "l-pck-expired",            "sgx", "pcrl=2023-12-01T00:00:00Z..2024-01-01T00:00:00Z", NULL, "crl_expired" },
    { "l-pck-future",             "sgx", "pcrl=2024-02-01T00:00:00Z..2024-03-01T00:00:00Z", NULL, "invalid_crl" },
    { "l-root-signer",            "sgx", "rcrl_signer=platform-ca",           NULL, "invalid_crl" },
    { "l-pck-signer",             "sgx", "pcrl_signer=root",                  NULL, "invalid_crl" },
    { "l-pck-issuer",             "sgx", "pcrl_issuer=Lab SGX PCK Processor CA", NULL, "invalid_crl" },
    { "t-ti-expired",             "sgx", "ti=2023-12-01T00:00:00Z..2024-01-01T00:00:00Z", NULL, "tcb_info_expired" },
    { "t-ti-future",              "sgx", "ti=2024-02-01T00:00:00Z..2024-03-01T00:00:00Z", NULL, "tcb_info_not_yet_valid" },
    { "t-qi-expired",             "sgx", "qi=2023-12-01T00:00:00Z..2024-01-01T00:00:00Z", NULL, "qe_identity_expired" },
    { "t-qi-future",              "sgx", "qi=2024-02-01T00:00:00Z..2024-03-01T00:00:00Z", NULL, "qe_identity_not_yet_valid" },
    { "sgx-v4",                   "sgx", "ver=4",                             "SWHardeningNeeded", NULL },
    { "sgx-v5",                   "sgx", "ver=5",                             "SWHardeningNeeded", NULL },
    { "tdx-v4",                   "tdx", "",                                  "UpToDate", NULL },
    { "tdx-v5-2",                 "tdx", "",                                  "UpToDate", NULL },
    { "tdx-v5-3",                 "tdx", "",                                  "UpToDate", NULL },
    { "tdx-v5-4",                 "tdx", "",                                  "UpToDate", NULL },
    { "tdx-svn0-high",            "tdx", "",                                  "UpToDate", NULL },
    { "tdx-micro-low",            "tdx", "",                                  "OutOfDate", NULL },
    { "tdx-module-ood",           "tdx", "",                                  "OutOfDate", NULL },
    { "tdx-module-revoked",       "tdx", "",                                  NULL, "tcb_revoked" },
    { "tdx-module-none",          "tdx", "",                                  NULL, "tdx_module_not_supported" },
    { "tdx-module-unknown",       "tdx", "",                                  NULL, "tdx_module_mismatch" },
    { "tdx-ids-missing",          "tdx", "",                                  NULL, "tdx_module_mismatch" },
    { "tdx-v0-ok",                "tdx", "",                                  "UpToDate", NULL },
    { "tdx-v0-low",               "tdx", "",                                  "OutOfDate", NULL },
    { "tdx-v0-ids-missing",       "tdx", "",                                  "UpToDate", NULL },
    { "tdx-signer",               "tdx", "",                                  NULL, "tdx_module_mismatch" },
    { "tdx-seamattr",             "tdx", "",                                  NULL, "tdx_module_mismatch" },
    { "tdx-sgx-ti",               "tdx", "",                                  NULL, "tcb_info_mismatch" },
    { "tdx-qe-id",                "tdx", "",                                  NULL, "qe_identity_mismatch" },
    { "tdx-qe-ood",               "tdx", "",                                  "OutOfDate", NULL },
    { "tdx-relaunch",             "tdx", "",                                  "TDRelaunchAdvised", NULL },
    { "tdx-relaunch-same",        "tdx", "",                                  "OutOfDate", NULL },
    { "tdx-relaunch-cur-revoked", "tdx", "",                                  NULL, "tcb_revoked" },
    { "tdx-relaunch-cur-none",    "tdx", "",                                  NULL, "tdx_module_not_supported" },
    { "tdx-relaunch-config",      "tdx", "",                                  "TDRelaunchAdvisedConfigurationNeeded", NULL },
    { "tdx-debug",                "tdx", "",                                  NULL, "td_debug" },
    { "sgx-debug",                "sgx", "isv_attr=0700000000000000e700000000000000", "SWHardeningNeeded", NULL },
};
/* clang-format on */

const struct lab_scenario *lab_scenarios(size_t *count)
{
    *count = COUNT(scenarios);
    return scenarios;
}

const struct lab_scenario *lab_scenario_find(const char *name)
{
    for (size_t i = 0; i < COUNT(scenarios); i++)
        if (strcmp(scenarios[i].name, name) == 0)
            return &scenarios[i];
    return NULL;
}

bool lab_sgx_scenario(const char *name, uint64_t seed, struct arena *a, struct lab_sgx_params *out,
                      struct err *err)
{
    const struct lab_scenario *row = lab_scenario_find(name);
    struct lab_sgx_params p = lab_sgx_params(seed);

    if (!row)
        return err_fail(err, ERR_MISSING, "docs/formats/lab.md", "there is no scenario \"%s\"",
                        name);
    if (strcmp(row->kind, "sgx") != 0)
        return err_fail(err, ERR_UNSUPPORTED, "docs/formats/lab.md",
                        "scenario \"%s\" is one of %s, and this lab makes sgx", name, row->kind);
    if (!lab_sgx_set(&p, row->changes, a, err))
        return false;
    *out = p;
    return true;
}

bool lab_sgx_make_scenario(const char *name, uint64_t seed, struct arena *a,
                           struct lab_sgx_set *out, struct err *err)
{
    struct lab_sgx_params p;

    return lab_sgx_scenario(name, seed, a, &p, err) && lab_sgx_make(&p, a, out, err);
}
