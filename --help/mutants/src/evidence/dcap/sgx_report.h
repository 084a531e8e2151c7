/*
 * sgx_report - what the processor says about an enclave: the body of a report
 *
 * Shape    384 bytes; an enclave's report in a quote and the quoting enclave's own share it
 * Units    integers little-endian; spans in memory order
 * Borrows  every span points into the bytes read
 * Errors   malformed
 * Source   Intel SDM vol. 3D, "REPORT"; the SGX contract, 2.2
 */
#ifndef CUPEL_EVIDENCE_DCAP_SGX_REPORT_H
#define CUPEL_EVIDENCE_DCAP_SGX_REPORT_H

#include "../../base/reader.h"
#include "../../base/writer.h"

enum { SGX_REPORT_SIZE = 384 };

/* Bits of ATTRIBUTES.FLAGS. */
enum sgx_attribute {
    SGX_ATTRIBUTE_INIT = 1 << 0,
    SGX_ATTRIBUTE_DEBUG = 1 << 1,
    SGX_ATTRIBUTE_MODE64BIT = 1 << 2,
    SGX_ATTRIBUTE_PROVISIONKEY = 1 << 4,
    SGX_ATTRIBUTE_EINITTOKENKEY = 1 << 5,
    SGX_ATTRIBUTE_CET = 1 << 6,
    SGX_ATTRIBUTE_KSS = 1 << 7,
    SGX_ATTRIBUTE_AEXNOTIFY = 1 << 10,
};

struct sgx_report {
    struct span cpu_svn;         /* 16, opaque: never compared with a PCK certificate's */
    uint32_t misc_select;        /* bit 0 EXINFO, bit 1 CPINFO */
    struct span reserved1;       /* 12 */
    struct span isv_ext_prod_id; /* 16 */
    struct span attributes;      /* 16: flags and xfrm as they lie */
    uint64_t flags;              /* enum sgx_attribute */
    uint64_t xfrm;
    struct span mr_enclave;    /* 32 */
    struct span reserved2;     /* 32 */
    struct span mr_signer;     /* 32 */
    struct span reserved3;     /* 32 */
    struct span config_id;     /* 64 */
    uint16_t isv_prod_id;      /* product number the author gave */
    uint16_t isv_svn;          /* version the author gave */
    uint16_t config_svn;       /* version of the configuration */
    struct span reserved4;     /* 42 */
    struct span isv_family_id; /* 16 */
    struct span report_data;   /* 64: what the enclave put in */
    bool is_debug;             /* flags has DEBUG */
    bool has_kss;              /* flags has KSS: the five key separation fields mean something */
};

/* Reads the report of an attested enclave; its reserved areas must be zero. Bytes behind it stay in
 * the reader, which also remembers a failure: out is left alone then. */
bool sgx_report_parse(struct reader *r, struct sgx_report *out);

/* Reads the report of a quoting enclave; its reserved areas are taken as they are. */
bool sgx_report_parse_qe(struct reader *r, struct sgx_report *out);

/* Writes the 384 bytes, reserved areas included. A span of another length than its field's fails
 * the writer. */
void sgx_report_write(struct writer *w, const struct sgx_report *report);

#endif
