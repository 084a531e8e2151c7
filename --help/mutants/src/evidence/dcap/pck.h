/*
 * pck - what Intel's certificate says about a platform
 *
 * Shape    certificate extension 1.2.840.113741.1.13.1: pairs of OID and value in any order
 * Units    components as numbers 0..255; everything else in memory order
 * Borrows  nothing: the facts are copied
 * Errors   malformed
 * Source   the SGX contract, 3.2; Intel SGX PCK certificate and CRL profile
 */
#ifndef CUPEL_EVIDENCE_DCAP_PCK_H
#define CUPEL_EVIDENCE_DCAP_PCK_H

#include "../../crypto/cert.h"

#define PCK_EXTENSION_OID "1.2.840.113741.1.13.1"
enum { TCB_COMPONENTS = 16 };

enum pck_sgx_type { PCK_SGX_STANDARD, PCK_SGX_SCALABLE, PCK_SGX_SCALABLE_INTEGRITY };
enum pck_known { PCK_UNKNOWN, PCK_NO, PCK_YES }; /* an absent BOOLEAN is not a false one */

struct pck {
    uint8_t ppid[16];
    uint8_t components[TCB_COMPONENTS]; /* the platform's security versions: these count */
    uint16_t pcesvn;
    uint8_t cpu_svn[16];
    uint8_t pce_id[2];
    uint8_t fmspc[6];
    enum pck_sgx_type sgx_type;
    bool has_platform; /* issued by the platform CA: the members below are there */
    uint8_t platform_instance_id[16];
    enum pck_known dynamic_platform, cached_keys, smt_enabled;
};

/* Reads the facts out of a PCK certificate; malformed when it has no such extension. */
bool pck_parse(const struct cert *cert, struct pck *out, struct err *err) MUST_USE;

/* Reads the extension's value. Needs PPID, TCB with all 18 entries, PCEID, FMSPC and SGX type;
 * platform instance and configuration come together or not at all. Unknown OIDs below the
 * extension's own are passed over; duplicates, wrong types and sizes are refused. */
bool pck_extension_parse(struct span value, struct pck *out, struct err *err) MUST_USE;

#endif
