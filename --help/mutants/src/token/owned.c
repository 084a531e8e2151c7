#include "owned.h"

/* clang-format off */
const char *const token_owned_names[] = {
    "aas-ehd", "attester_tcb_status", "cnf", "dbgstat", "eat_profile", "exp", "iat", "intuse",
    "iss", "jti", "maa-attestationcollateral", "maa-ehd", "nbf", "nonce", "tdx_mrconfigid",
    "tdx_mrowner", "tdx_mrownerconfig", "tdx_mrseam", "tdx_mrsignerseam", "tdx_mrtd",
    "tdx_report_data", "tdx_rtmr0", "tdx_rtmr1", "tdx_rtmr2", "tdx_rtmr3", "tdx_seam_attributes",
    "tdx_seamsvn", "tdx_td_attributes", "tdx_td_attributes_debug", "tdx_td_attributes_key_locker",
    "tdx_td_attributes_perfmon", "tdx_td_attributes_protection_keys",
    "tdx_td_attributes_septve_disable", "tdx_tee_tcb_svn", "tdx_xfam", "x-ms-attestation-type",
    "x-ms-azurevm-attestation-protocol-ver", "x-ms-azurevm-attested-pcrs",
    "x-ms-azurevm-bootdebug-enabled", "x-ms-azurevm-dbvalidated", "x-ms-azurevm-dbxvalidated",
    "x-ms-azurevm-debuggersdisabled", "x-ms-azurevm-default-securebootkeysvalidated",
    "x-ms-azurevm-elam-enabled", "x-ms-azurevm-flightsigning-enabled", "x-ms-azurevm-hvci-policy",
    "x-ms-azurevm-hypervisordebug-enabled", "x-ms-azurevm-is-windows",
    "x-ms-azurevm-kerneldebug-enabled", "x-ms-azurevm-os-provisioning", "x-ms-azurevm-osbuild",
    "x-ms-azurevm-osdistro", "x-ms-azurevm-ostype", "x-ms-azurevm-osversion-major",
    "x-ms-azurevm-osversion-minor", "x-ms-azurevm-signingdisabled",
    "x-ms-azurevm-testsigning-enabled", "x-ms-azurevm-vmid", "x-ms-compliance-status",
    "x-ms-inittime", "x-ms-isolation-tee", "x-ms-policy", "x-ms-policy-hash",
    "x-ms-policy-signer", "x-ms-runtime", "x-ms-sevsnpvm-authorkeydigest",
    "x-ms-sevsnpvm-bootloader-svn", "x-ms-sevsnpvm-familyId", "x-ms-sevsnpvm-guestsvn",
    "x-ms-sevsnpvm-hostdata", "x-ms-sevsnpvm-idkeydigest", "x-ms-sevsnpvm-imageId",
    "x-ms-sevsnpvm-is-debuggable", "x-ms-sevsnpvm-launchmeasurement",
    "x-ms-sevsnpvm-microcode-svn", "x-ms-sevsnpvm-migration-allowed", "x-ms-sevsnpvm-reportdata",
    "x-ms-sevsnpvm-reportid", "x-ms-sevsnpvm-smt-allowed", "x-ms-sevsnpvm-snpfw-svn",
    "x-ms-sevsnpvm-tee-svn", "x-ms-sevsnpvm-vmpl", "x-ms-sgx-collateral", "x-ms-sgx-config-id",
    "x-ms-sgx-config-svn", "x-ms-sgx-ehd", "x-ms-sgx-is-debuggable",
    "x-ms-sgx-isv-extended-product-id", "x-ms-sgx-isv-family-id", "x-ms-sgx-mrenclave",
    "x-ms-sgx-mrsigner", "x-ms-sgx-product-id", "x-ms-sgx-report-data", "x-ms-sgx-svn",
    "x-ms-ver",
};
/* clang-format on */

const size_t token_owned_count = COUNT(token_owned_names);

bool token_owns(struct span name)
{
    size_t low = 0, high = COUNT(token_owned_names);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int d = span_compare(name, span_str(token_owned_names[middle]));

        if (d == 0)
            return true;
        if (d < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

bool token_reserves(struct span name)
{
    static const char *const names[] = {
        "iss", "exp", "nbf", "iat", "jti", "x-ms-policy-hash", "x-ms-policy-signer"
    };

    for (size_t i = 0; i < COUNT(names); i++)
        if (span_is(name, names[i]))
            return true;
    return false;
}
