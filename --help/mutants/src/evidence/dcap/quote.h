/*
 * quote - a report with the signatures that make it believable elsewhere
 *
 * Shape    versions 3, 4 and 5; header 48, (v5: descriptor 6), body, u32 length, authentication
 *          data, then zeros at most DCAP_TRAILING_ZEROS_MAX
 * Units    integers little-endian; signatures r || s and keys x || y big-endian
 * Borrows  every span points into the bytes given
 * Errors   malformed (shape), limit (sizes of limits.h); unsupported with path "quote.header.*" or
 *          "quote.descriptor.type" for what the header rules out
 * Source   DCAP quote, App. A; the SGX contract, 2
 */
#ifndef CUPEL_EVIDENCE_DCAP_QUOTE_H
#define CUPEL_EVIDENCE_DCAP_QUOTE_H

#include "limits.h"
#include "sgx_report.h"

enum {
    QUOTE_HEADER_SIZE = 48,
    QUOTE_DESCRIPTOR_SIZE = 6,
    QUOTE_KEY_SIZE = 64,
    QUOTE_SIGNATURE_SIZE = 64,
};
enum { QUOTE_VERSION_3 = 3, QUOTE_VERSION_4 = 4, QUOTE_VERSION_5 = 5 };
enum quote_key_type { QUOTE_KEY_P256 = 2, QUOTE_KEY_P384 = 3 };
enum quote_tee_type { QUOTE_TEE_SGX = 0x00, QUOTE_TEE_TDX = 0x81 };
enum quote_body_type { QUOTE_BODY_SGX = 1, QUOTE_BODY_TD10, QUOTE_BODY_TD15, QUOTE_BODY_TD15_EXT };

extern const struct span quote_vendor_intel; /* 16 bytes */

struct quote_header {
    uint16_t version;
    uint16_t key_type;  /* enum quote_key_type */
    uint32_t tee_type;  /* enum quote_tee_type; reserved and 0 in version 3 */
    uint16_t qe_svn;    /* version 3; reserved in 4 and 5 */
    uint16_t pce_svn;   /* likewise */
    struct span vendor; /* 16: who made the quoting enclave */
    struct span user;   /* 20: its instance in the first 16 */
};

struct quote_descriptor {
    uint16_t type; /* enum quote_body_type; implied by the TEE type before version 5 */
    uint32_t size; /* of the body */
};

struct quote {
    struct quote_header header;
    struct quote_descriptor descriptor;
    struct span signed_bytes;    /* header, descriptor of v5, body: what `signature` covers */
    struct span body;            /* 384 for an enclave */
    struct sgx_report report;    /* the body when descriptor.type is QUOTE_BODY_SGX, else zeros */
    struct span signature;       /* 64: by attestation_key over signed_bytes */
    struct span attestation_key; /* 64: x || y, P-256 */
    struct span qe_report_bytes; /* 384: what qe_report_signature covers */
    struct sgx_report qe_report;
    struct span qe_report_signature; /* 64: by the platform's PCK key */
    struct span qe_auth_data;        /* any length up to DCAP_QE_AUTH_DATA_MAX */
    uint16_t certification_type;     /* not judged here: see certification.h */
    struct span certification_data;
    size_t length;         /* of the quote proper */
    size_t trailing_zeros; /* that followed it */
};

/* Reads the 48 bytes at the front and nothing else, so that version, key type, TEE type and vendor
 * can be judged before any length in the quote is believed. Judges none of them. */
bool quote_header_parse(struct span bytes, struct quote_header *out, struct err *err) MUST_USE;

/* Says which body follows the header and reads the descriptor of version 5. Unsupported when the
 * version is unknown, the body type is, or the two do not go together (a wrong TEE type);
 * malformed when the size is not the type's. */
bool quote_descriptor_parse(struct span bytes, const struct quote_header *header,
                            struct quote_descriptor *out, struct err *err) MUST_USE;

/* Measures the quote at the front of bytes from its own length fields, without what follows it. */
bool quote_extent(struct span bytes, size_t *length, struct err *err) MUST_USE;

/* Reads a whole quote; the reserved areas of an enclave's report must be zero, those of the quoting
 * enclave's are left alone. Refuses versions other than 3 to 5, key types other than P-256, TEE
 * types other than SGX and TDX. Everything else in it is for the verifier to judge. */
bool quote_parse(struct span bytes, struct quote *out, struct err *err) MUST_USE;

/* Writes the quote with its trailing zeros: what was parsed gives the same bytes. */
void quote_write(struct writer *w, const struct quote *quote);

/* Tells whether the first four bytes are those of a quote (version 3 to 5, a known key type). */
bool quote_looks_like(struct span bytes);

#endif
