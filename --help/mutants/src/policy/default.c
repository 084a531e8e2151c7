#include "policy.h"

/* The texts the service is known to use, byte for byte: their hashes stand in tokens (9.2 to 9.4).
 * The strict ones are ours: as the others, but evidence that may be debugged is denied. */
/* clang-format off */
static const char sgx_2021[] =
    "version= 1.0;authorizationrules{=> permit();};"
    "issuancerules{"
    "c:[type==\"x-ms-sgx-is-debuggable\"] => issue(type=\"is-debuggable\", value=c.value);"
    "c:[type==\"x-ms-sgx-mrsigner\"] => issue(type=\"sgx-mrsigner\", value=c.value);"
    "c:[type==\"x-ms-sgx-mrenclave\"] => issue(type=\"sgx-mrenclave\", value=c.value);"
    "c:[type==\"x-ms-sgx-product-id\"] => issue(type=\"product-id\", value=c.value);"
    "c:[type==\"x-ms-sgx-svn\"] => issue(type=\"svn\", value=c.value);"
    "c:[type==\"x-ms-attestation-type\"] => issue(type=\"tee\", value=c.value);};";

static const char sgx_1_1[] =
    "version= 1.1;\n"
    "configurationrules{\n"
    "\t=> issueproperty(type=\"x-ms-sgx-tcbidentifier\", value=\"azuredefault\");\n"
    "};\n"
    "authorizationrules{\n"
    "\t=> permit();\n"
    "};\n"
    "issuancerules{\n"
    "\tc:[type==\"x-ms-sgx-is-debuggable\"] => issue(type=\"is-debuggable\", value=c.value);\n"
    "\tc:[type==\"x-ms-sgx-mrsigner\"] => issue(type=\"sgx-mrsigner\", value=c.value);\n"
    "\tc:[type==\"x-ms-sgx-mrenclave\"] => issue(type=\"sgx-mrenclave\", value=c.value);\n"
    "\tc:[type==\"x-ms-sgx-product-id\"] => issue(type=\"product-id\", value=c.value);\n"
    "\tc:[type==\"x-ms-sgx-svn\"] => issue(type=\"svn\", value=c.value);\n"
    "\tc:[type==\"x-ms-attestation-type\"] => issue(type=\"tee\", value=c.value);\n"
    "};";

static const char sgx_strict[] =
    "version= 1.0;authorizationrules{[type==\"x-ms-sgx-is-debuggable\", value==true] => deny();[type==\"x-ms-sgx-is-debuggable\", value==false, issuer==\"AttestationService\"] => permit();};"
    "issuancerules{"
    "c:[type==\"x-ms-sgx-is-debuggable\"] => issue(type=\"is-debuggable\", value=c.value);"
    "c:[type==\"x-ms-sgx-mrsigner\"] => issue(type=\"sgx-mrsigner\", value=c.value);"
    "c:[type==\"x-ms-sgx-mrenclave\"] => issue(type=\"sgx-mrenclave\", value=c.value);"
    "c:[type==\"x-ms-sgx-product-id\"] => issue(type=\"product-id\", value=c.value);"
    "c:[type==\"x-ms-sgx-svn\"] => issue(type=\"svn\", value=c.value);"
    "c:[type==\"x-ms-attestation-type\"] => issue(type=\"tee\", value=c.value);};";

static const char snp[] =
    "version= 1.0;authorizationrules{=> permit();};";

static const char snp_strict[] =
    "version= 1.0;authorizationrules{[type==\"x-ms-sevsnpvm-is-debuggable\", value==true] => deny();[type==\"x-ms-sevsnpvm-is-debuggable\", value==false, issuer==\"AttestationService\"] => permit();};";

static const char tdx[] =
    "version= 1.0;\n"
    "\n"
    "authorizationrules\n"
    "{\n"
    "    => permit();\n"
    "};\n"
    "\n"
    "issuancerules\n"
    "{\n"
    "};";

static const char tdx_strict[] =
    "version= 1.0;\n"
    "\n"
    "authorizationrules\n"
    "{\n"
    "    [type==\"tdx_td_attributes_debug\", value==true] => deny();\n"
    "    [type==\"tdx_td_attributes_debug\", value==false, issuer==\"AttestationService\"] => permit();\n"
    "};\n"
    "\n"
    "issuancerules\n"
    "{\n"
    "};";

static const char azure_guest[] =
    "version= 1.0;\n"
    "authorizationrules\n"
    "{\n"
    "    [type==\"x-ms-azurevm-default-securebootkeysvalidated\", value==false] => deny();\n"
    "    [type==\"x-ms-azurevm-debuggersdisabled\", value==false] => deny();\n"
    "    [type==\"secureboot\", value==false] => deny();\n"
    "    [type==\"x-ms-azurevm-signingdisabled\", value==false] => deny();\n"
    "    [type==\"x-ms-azurevm-dbvalidated\", value==false] => deny();\n"
    "    [type==\"x-ms-azurevm-dbxvalidated\", value==false] => deny();\n"
    "    => permit();\n"
    "};\n"
    "issuancerules\n"
    "{\n"
    "};";

static const struct {
    const char *type, *profile, *text;
} defaults[] = {
    { "SgxEnclave",  "azure",     sgx_2021 },
    { "SgxEnclave",  "azure-1.1", sgx_1_1 },
    { "SgxEnclave",  "strict",    sgx_strict },
    { "OpenEnclave", "azure",     sgx_2021 },
    { "OpenEnclave", "azure-1.1", sgx_1_1 },
    { "OpenEnclave", "strict",    sgx_strict },
    { "SevSnpVm",    "azure",     snp },
    { "SevSnpVm",    "azure-1.1", snp },
    { "SevSnpVm",    "strict",    snp_strict },
    { "TdxVm",       "azure",     tdx },
    { "TdxVm",       "azure-1.1", tdx },
    { "TdxVm",       "strict",    tdx_strict },
    { "AzureGuest",  "azure",     azure_guest },
    { "AzureGuest",  "azure-1.1", azure_guest },
    { "AzureGuest",  "strict",    azure_guest },
};
/* clang-format on */

struct span policy_default(struct span attestation_type, const char *profile)
{
    for (size_t i = 0; i < COUNT(defaults); i++)
        if (span_is_nocase(attestation_type, defaults[i].type) &&
            span_is(span_str(profile), defaults[i].profile))
            return span_str(defaults[i].text);
    return (struct span){ 0 };
}
