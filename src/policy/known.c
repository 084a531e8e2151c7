#include "known.h"
#include "diagnostic.h"
#include "known_claims.h"

enum { MEASURED = KNOWN_TPM | KNOWN_VBS, ENCLAVE = KNOWN_SGX | KNOWN_OE };

/* `azuredefault`, or the evaluation number of a TCB baseline: 1 to 9 digits */
static bool is_tcb_identifier(struct span text)
{
    if (span_is(text, "azuredefault"))
        return true;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
    return text.n >= 1 && text.n <= 9;
}

/* clang-format off */
const struct property_def policy_properties[] = {
    { "report_validity_in_minutes", SECTION_ISSUANCE,      VALUE_INTEGER, 1, 525600, NULL,
      "an integer from 1 to 525600", MEASURED, "1440", "how long the token is valid" },
    { "omit_x5c",                   SECTION_ISSUANCE,      VALUE_BOOLEAN, 0, 0, NULL,
      "true or false", MEASURED, "false", "the token names the signing certificate by its hash only" },
    { "require_valid_aik_cert",     SECTION_CONFIGURATION, VALUE_BOOLEAN, 0, 0, NULL,
      "true or false", MEASURED, "true", "an attestation key without a valid certificate is refused" },
    { "required_pcr_mask",          SECTION_CONFIGURATION, VALUE_INTEGER, 0, 16777215, NULL,
      "an integer from 0 to 16777215", MEASURED, "16777215", "PCRs that the quote must cover, bit n for PCR n" },
    { "x-ms-sgx-tcbidentifier",     SECTION_CONFIGURATION, VALUE_STRING,  0, 0, is_tcb_identifier,
      "\"azuredefault\" or a string of 1 to 9 digits", ENCLAVE, "\"azuredefault\"", "which TCB baseline the platform is measured by" },
};

const size_t policy_property_count = COUNT(policy_properties);

const char *const policy_reserved_claims[] = {
    "iss", "exp", "nbf", "iat", "jti", "x-ms-policy-hash", "x-ms-policy-signer",
};
/* clang-format on */

const size_t policy_reserved_claim_count = COUNT(policy_reserved_claims);

const struct property_def *property_find(enum policy_section section, struct span name)
{
    for (size_t i = 0; i < COUNT(policy_properties); i++)
        if (policy_properties[i].section == section && span_is(name, policy_properties[i].name))
            return &policy_properties[i];
    return NULL;
}

const char *property_nearest(enum policy_section section, struct span name)
{
    const char *names[COUNT(policy_properties)];
    size_t n = 0;

    for (size_t i = 0; i < COUNT(policy_properties); i++)
        if (policy_properties[i].section == section)
            names[n++] = policy_properties[i].name;
    return nearest_word(name, names, n);
}

bool property_accepts(const struct property_def *def, const struct value *v)
{
    if (v->kind != def->kind)
        return false;
    if (v->kind == VALUE_INTEGER)
        return v->integer >= def->least && v->integer <= def->most;
    return v->kind == VALUE_BOOLEAN || def->accepts(v->text);
}

bool is_reserved_claim(struct span name)
{
    for (size_t i = 0; i < COUNT(policy_reserved_claims); i++)
        if (span_is(name, policy_reserved_claims[i]))
            return true;
    return false;
}
