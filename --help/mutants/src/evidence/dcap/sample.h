/*
 * sample - quotes made by hand for tests and corpora: right in shape, signed by nobody
 */
#ifndef CUPEL_EVIDENCE_DCAP_SAMPLE_H
#define CUPEL_EVIDENCE_DCAP_SAMPLE_H

#include "quote.h"

/* Where the parts of a sample lie: version 5 has its descriptor in front of them. */
enum {
    SAMPLE_AUTH_DATA = 32,     /* the quoting enclave's, bytes 00 to 1f */
    SAMPLE_CERTIFICATION = 40, /* bytes of certification data */
    SAMPLE_V3_LENGTH = 432,
    SAMPLE_V3_QE_AUTH = 436 + 576,
    SAMPLE_V3_CERTIFICATION = SAMPLE_V3_QE_AUTH + 2 + SAMPLE_AUTH_DATA,
    SAMPLE_V3_END = SAMPLE_V3_CERTIFICATION + 6 + SAMPLE_CERTIFICATION,
    SAMPLE_V4_OUTER = 436 + 128,
    SAMPLE_V4_QE_AUTH = SAMPLE_V4_OUTER + 6 + 448,
    SAMPLE_V4_CERTIFICATION = SAMPLE_V4_QE_AUTH + 2 + SAMPLE_AUTH_DATA,
    SAMPLE_V4_END = SAMPLE_V4_CERTIFICATION + 6 + SAMPLE_CERTIFICATION,
};

/* 384 bytes with another value in each field; every reserved area holds `reserved`. */
static inline void sample_report_write(struct writer *w, uint8_t reserved)
{
    write_fill(w, 0xc5, 16);     /* cpu_svn */
    write_u32le(w, 0x01020304);  /* misc_select */
    write_fill(w, reserved, 12); /* reserved1 */
    write_fill(w, 0xe1, 16);     /* isv_ext_prod_id */
    write_u64le(w, 0x85);        /* flags: INIT, MODE64BIT, KSS */
    write_u64le(w, 0xe7);        /* xfrm */
    write_fill(w, 0xaa, 32);     /* mr_enclave */
    write_fill(w, reserved, 32); /* reserved2 */
    write_fill(w, 0xbb, 32);     /* mr_signer */
    write_fill(w, reserved, 32); /* reserved3 */
    write_fill(w, 0xcc, 64);     /* config_id */
    write_u16le(w, 0x0701);      /* isv_prod_id */
    write_u16le(w, 0x0302);      /* isv_svn */
    write_u16le(w, 0x0904);      /* config_svn */
    write_fill(w, reserved, 42); /* reserved4 */
    write_fill(w, 0xfa, 16);     /* isv_family_id */
    write_fill(w, 0xda, 64);     /* report_data */
}

/* What varies from sample to sample. */
struct sample {
    uint16_t version;
    enum quote_body_type body;
    uint16_t certification_type;
    struct span certification;
    struct span trailing;
};

static inline void sample_header_write(struct writer *w, const struct sample *s)
{
    write_u16le(w, s->version);
    write_u16le(w, QUOTE_KEY_P256);
    write_u32le(w, s->body == QUOTE_BODY_SGX ? QUOTE_TEE_SGX : QUOTE_TEE_TDX);
    write_u16le(w, 0x0008); /* qe_svn */
    write_u16le(w, 0x000b); /* pce_svn */
    write_bytes(w, quote_vendor_intel);
    write_fill(w, 0x1d, 16);
    write_fill(w, 0x00, 4);
}

static inline uint32_t sample_body_size(enum quote_body_type body)
{
    return body == QUOTE_BODY_SGX    ? 384
           : body == QUOTE_BODY_TD10 ? 584
           : body == QUOTE_BODY_TD15 ? 648
                                     : 885;
}

static inline void sample_body_write(struct writer *w, const struct sample *s)
{
    if (s->version == QUOTE_VERSION_5) {
        write_u16le(w, (uint16_t)s->body);
        write_u32le(w, sample_body_size(s->body));
    }
    if (s->body == QUOTE_BODY_SGX)
        sample_report_write(w, 0);
    else
        write_fill(w, 0x7d, sample_body_size(s->body));
}

static inline void sample_auth_write(struct writer *w, const struct sample *s)
{
    uint32_t qe = 384 + 64 + 2 + SAMPLE_AUTH_DATA + 6 + (uint32_t)s->certification.n;
    bool is_nested = s->version != QUOTE_VERSION_3;

    write_u32le(w, 128 + (is_nested ? 6u : 0u) + qe);
    write_fill(w, 0x51, 64); /* signature */
    write_fill(w, 0xa1, 64); /* attestation_key */
    if (is_nested) {
        write_u16le(w, 6);
        write_u32le(w, qe);
    }
    sample_report_write(w, 0x5e); /* a quoting enclave's reserved areas may hold anything */
    write_fill(w, 0x52, 64);      /* qe_report_signature */
    write_u16le(w, SAMPLE_AUTH_DATA);
    for (uint8_t i = 0; i < SAMPLE_AUTH_DATA; i++)
        write_u8(w, i);
    write_u16le(w, s->certification_type);
    write_u32le(w, (uint32_t)s->certification.n);
    write_bytes(w, s->certification);
}

static inline void sample_write(struct writer *w, const struct sample *s)
{
    sample_header_write(w, s);
    sample_body_write(w, s);
    sample_auth_write(w, s);
    write_bytes(w, s->trailing);
}

/* A sample of that version with everything else ordinary. */
static inline struct sample sample_of(uint16_t version)
{
    return (struct sample){
        .version = version,
        .body = QUOTE_BODY_SGX,
        .certification_type = 5,
        .certification = span_str("forty bytes where a chain of PEM stands."),
    };
}

#endif
