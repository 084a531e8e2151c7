#include "lint_inside.h"

#include <stdio.h>

enum {
    ENCLAVE = KNOWN_SGX | KNOWN_OE,
    MEASURED = KNOWN_TPM | KNOWN_VBS,
};

/* clang-format off */

/* Digests and registers: lower-case hex of a fixed length. */
static const struct {
    const char *name;
    uint32_t digits;
} hex_claims[] = {
    { "x-ms-sgx-mrenclave",              64 },
    { "x-ms-sgx-mrsigner",               64 },
    { "$sgx-mrenclave",                  64 },
    { "$sgx-mrsigner",                   64 },
    { "x-ms-sevsnpvm-launchmeasurement", 96 },
    { "x-ms-sevsnpvm-hostdata",          64 },
    { "x-ms-sevsnpvm-reportdata",       128 },
    { "x-ms-sevsnpvm-reportid",          64 },
    { "x-ms-sevsnpvm-idkeydigest",       96 },
    { "x-ms-sevsnpvm-authorkeydigest",   96 },
    { "x-ms-sevsnpvm-familyId",          32 },
    { "x-ms-sevsnpvm-imageId",           32 },
    { "tdx_mrconfigid",                  96 },
    { "tdx_mrowner",                     96 },
    { "tdx_mrownerconfig",               96 },
    { "tdx_mrseam",                      96 },
    { "tdx_mrsignerseam",                96 },
    { "tdx_mrtd",                        96 },
    { "tdx_rtmr0",                       96 },
    { "tdx_rtmr1",                       96 },
    { "tdx_rtmr2",                       96 },
    { "tdx_rtmr3",                       96 },
    { "tdx_report_data",                128 },
    { "tdx_seam_attributes",             16 },
    { "tdx_td_attributes",               16 },
    { "tdx_xfam",                        16 },
    { "tdx_tee_tcb_svn",                 32 },
};

/* Claims that tell debug evidence from other. */
static const struct {
    const char *name;
    unsigned types;
} debug_claims[] = {
    { "x-ms-sgx-is-debuggable",                ENCLAVE },
    { "$is-debuggable",                        ENCLAVE },
    { "x-ms-sevsnpvm-is-debuggable",           KNOWN_SNP },
    { "tdx_td_attributes_debug",               KNOWN_TDX },
    { "tdx_td_attributes",                     KNOWN_TDX },
    { "dbgstat",                               KNOWN_TDX },
    { "x-ms-azurevm-debuggersdisabled",        KNOWN_GUEST },
    { "x-ms-azurevm-bootdebug-enabled",        KNOWN_GUEST },
    { "x-ms-azurevm-kerneldebug-enabled",      KNOWN_GUEST },
    { "x-ms-azurevm-hypervisordebug-enabled",  KNOWN_GUEST },
    { "bootDebuggingDisabled",                 MEASURED },
    { "enclaveFlags",                          KNOWN_VBS },
};
/* clang-format on */

uint32_t lint_hex_digits(struct span name)
{
    for (size_t i = 0; i < COUNT(hex_claims); i++)
        if (span_is(name, hex_claims[i].name))
            return hex_claims[i].digits;
    return 0;
}

unsigned lint_debug_types(struct span name)
{
    for (size_t i = 0; i < COUNT(debug_claims); i++)
        if (span_is(name, debug_claims[i].name))
            return debug_claims[i].types;
    return 0;
}

const char *lint_types_text(unsigned types, char *buf, size_t room)
{
    size_t n = 0;

    buf[0] = '\0';
    for (size_t i = 0; i < known_type_count; i++)
        if ((types & known_types[i].bit) != 0 && n + 24 < room)
            n += (size_t)snprintf(buf + n, room - n, "%s%s", n ? " or " : "", known_types[i].name);
    return buf;
}
