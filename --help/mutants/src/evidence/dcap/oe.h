/*
 * oe - Open Enclave's wrappers around quotes
 *
 * Shape    report: u32 version 1, u32 type, u64 size, the report; evidence: u32 version 3, UUID,
 *          u64 size, the data. The size must be exactly what is left
 * Borrows  every span points into the bytes given
 * Errors   malformed (framing), unsupported (local reports, EPID, TDX, unknown formats)
 * Source   the SGX contract, 1 and 2.7; Open Enclave, attestation formats
 */
#ifndef CUPEL_EVIDENCE_DCAP_OE_H
#define CUPEL_EVIDENCE_DCAP_OE_H

#include "../../base/reader.h"
#include "../../base/writer.h"

enum { OE_REPORT_HEADER_SIZE = 16, OE_EVIDENCE_HEADER_SIZE = 28, OE_UUID_SIZE = 16 };
enum oe_report_type { OE_REPORT_LOCAL = 1, OE_REPORT_REMOTE = 2 };

enum oe_format {
    OE_FORMAT_SGX_ECDSA,     /* raw quote, then a serialized custom-claims buffer */
    OE_FORMAT_LEGACY_REPORT, /* an Open Enclave report */
    OE_FORMAT_RAW_QUOTE,
    OE_FORMAT_SGX_LOCAL,       /* refused */
    OE_FORMAT_EPID_LINKABLE,   /* refused */
    OE_FORMAT_EPID_UNLINKABLE, /* refused */
    OE_FORMAT_TDX,             /* refused here */
    OE_FORMATS
};

struct oe_evidence {
    enum oe_format format;
    struct span quote;         /* the raw quote inside */
    bool has_custom_claims;    /* OE_FORMAT_SGX_ECDSA: REPORTDATA[0..31] is SHA-256 of the buffer */
    struct span custom_claims; /* the buffer as it stands, maybe empty */
};

/* Takes the raw quote out of a remote report. Says so when the bytes look like a quote instead. */
bool oe_report_parse(struct span bytes, struct span *quote, struct err *err) MUST_USE;

/* Takes the raw quote and the custom claims out of evidence; refuses by name what is no SGX ECDSA
 * evidence. */
bool oe_evidence_parse(struct span bytes, struct oe_evidence *out, struct err *err) MUST_USE;

/* Tells whether the bytes begin as an Open Enclave report, or as Open Enclave evidence. */
bool oe_report_looks_like(struct span bytes);
bool oe_evidence_looks_like(struct span bytes);

/* Writes the header of a remote report of that many bytes. */
void oe_report_write(struct writer *w, struct span quote);

/* Writes evidence: quote and custom claims behind the header of that format. */
void oe_evidence_write(struct writer *w, enum oe_format format, struct span quote,
                       struct span custom_claims);

#endif
