/*
 * Quotes of the lab: header, report body, authentication data (DCAP quote, versions 3, 4 and 5).
 */
#include "lab_in.h"

#include "../src/base/num.h"

#include <string.h>

enum {
    REPORT_SIZE = 384,
    BODY_SGX = 1, /* body types of a version 5 descriptor */
    BODY_TD = 2,
    TD_SIZE = 584,
    CERTIFICATION_QE = 6, /* outer certification data of versions 4 and 5 */
    QE_SVN_HEADER = 8,
    PCE_SVN_HEADER = 11,
};

static const char default_runtime[] = "{\"lab\":\"runtime data\"}";

struct span lab_runtime(const struct lab_sgx_params *p)
{
    return p->runtime.p ? p->runtime : span_str(default_runtime);
}

/* The given bytes, cut or filled with zeros to exactly n. */
static void write_fixed(struct writer *w, struct span s, size_t n)
{
    size_t have = size_min(s.n, n);

    write_bytes(w, span_part(s, 0, have));
    write_fill(w, 0, n - have);
}

static void write_counting(struct writer *w, size_t n)
{
    for (size_t i = 0; i < n; i++)
        write_u8(w, (uint8_t)i);
}

/* The fields of a report body that the two reports fill differently. */
struct body {
    uint32_t misc;
    const uint8_t *attributes; /* 16 bytes */
    struct span mr_enclave, mr_signer, ext_prod_id, config_id, family_id, data;
    uint16_t prod, svn, config_svn;
};

static void write_report(struct writer *w, const struct body *b)
{
    write_counting(w, 16); /* CPUSVN */
    write_u32le(w, b->misc);
    write_fill(w, 0, 12);
    write_fixed(w, b->ext_prod_id, 16);
    write_bytes(w, span_of(b->attributes, 16));
    write_fixed(w, b->mr_enclave, 32);
    write_fill(w, 0, 32);
    write_fixed(w, b->mr_signer, 32);
    write_fill(w, 0, 32);
    write_fixed(w, b->config_id, 64);
    write_u16le(w, b->prod);
    write_u16le(w, b->svn);
    write_u16le(w, b->config_svn);
    write_fill(w, 0, 42);
    write_fixed(w, b->family_id, 16);
    write_fixed(w, b->data, 64);
}

/* Only version 3 has its own shape: what is older or newer is written as version 4 is. */
static bool is_nested(const struct lab_sgx_params *p)
{
    return p->ver != 3;
}

static bool write_header(struct writer *w, const struct lab_bench *b)
{
    const struct lab_sgx_params *p = b->p;
    uint8_t qe_id[32];

    if (!lab_bench_hash(b, "qe id", true, qe_id))
        return false;
    write_u16le(w, p->ver);
    write_u16le(w, p->akt);
    write_u32le(w, p->tee);
    write_u16le(w, is_nested(p) ? 0 : QE_SVN_HEADER);
    write_u16le(w, is_nested(p) ? 0 : PCE_SVN_HEADER);
    write_bytes(w, span_of(p->vendor, sizeof p->vendor));
    write_bytes(w, span_of(qe_id, 16));
    write_fill(w, 0, 4);
    return true;
}

/* The identity given, or else the one the seed calls so. */
static bool identity(const struct lab_bench *b, struct span given, const char *name,
                     uint8_t room[32], struct span *out)
{
    *out = given.n > 0 ? given : span_of(room, 32);
    return given.n > 0 || lab_bench_hash(b, name, false, room);
}

static bool write_enclave(struct writer *w, const struct lab_bench *b)
{
    const struct lab_sgx_params *p = b->p;
    uint8_t enclave[32] = { 0 }, signer[32] = { 0 }, bound[32];
    struct body body = { .misc = p->isv_misc,
                         .attributes = p->isv_attr,
                         .ext_prod_id = p->ext_prod_id,
                         .config_id = p->config_id,
                         .family_id = p->family_id,
                         .prod = p->isv_prod,
                         .svn = p->isv_svn,
                         .config_svn = p->config_svn };

    if (!identity(b, p->mr_enclave, "enclave", enclave, &body.mr_enclave) ||
        !identity(b, p->mr_signer, "signer", signer, &body.mr_signer) ||
        !lab_sha256(lab_runtime(p), bound, b->err))
        return false;
    body.data = p->report_data.n > 0 ? p->report_data : span_of(bound, sizeof bound);
    write_report(w, &body);
    return true;
}

static void write_auth(struct writer *w, const struct lab_sgx_params *p)
{
    if (p->auth.p)
        write_bytes(w, p->auth);
    else
        write_counting(w, 32);
}

/* SHA-256 of attestation key and authentication data, then the tail. */
static bool qe_data(const struct lab_bench *b, uint8_t out[64])
{
    struct writer w = writer_in(b->a, 128);
    struct span bound = { 0 };

    write_bytes(&w, span_of(b->attestation.point + 1, 64));
    write_auth(&w, b->p);
    if (!writer_done(&w, &bound, b->err) || !lab_sha256(bound, out, b->err))
        return false;
    memset(out + 32, b->p->qe_tail, 32);
    return true;
}

static bool write_qe_report(struct writer *w, const struct lab_bench *b)
{
    const struct lab_sgx_params *p = b->p;
    uint8_t enclave[32], signer[32], data[64];
    struct body body = { .misc = p->qe_misc,
                         .attributes = p->qe_attr,
                         .mr_enclave = span_of(enclave, 32),
                         .mr_signer = span_of(signer, 32),
                         .prod = p->qe_prod,
                         .svn = p->qe_svn };

    if (!lab_bench_hash(b, "qe enclave", false, enclave) ||
        !lab_bench_hash(b, "qe signer", false, signer) || !qe_data(b, data))
        return false;
    body.data = p->qe_data.n > 0 ? p->qe_data : span_of(data, sizeof data);
    write_report(w, &body);
    return true;
}

/* Signs with the key of that name. */
static bool write_signature(struct writer *w, const struct lab_bench *b, const char *signer,
                            struct span message, bool is_flipped)
{
    struct lab_key key;
    uint8_t rs[64];

    if (!lab_bench_key(b, signer, &key) || !lab_sign(&key, message, rs, b->err))
        return false;
    if (is_flipped)
        rs[63] ^= 1;
    write_bytes(w, span_of(rs, sizeof rs));
    return true;
}

/* From the QE report to the end of the certification data: the tail of version 3's authentication
 * data, and the inside of the outer certification data from version 4 on. */
static bool write_qe_part(struct writer *w, const struct lab_bench *b, struct span chain)
{
    struct writer report = writer_in(b->a, REPORT_SIZE), auth = writer_in(b->a, 64);
    struct span signed_bytes = { 0 }, auth_bytes = { 0 };

    if (!write_qe_report(&report, b) || !writer_done(&report, &signed_bytes, b->err))
        return false;
    write_auth(&auth, b->p);
    if (!writer_done(&auth, &auth_bytes, b->err))
        return false;
    write_bytes(w, signed_bytes);
    if (!write_signature(w, b, b->p->qe_signer, signed_bytes, b->p->qe_sig_flip))
        return false;
    write_u16le(w, (uint16_t)auth_bytes.n);
    write_bytes(w, auth_bytes);
    write_u16le(w, b->p->ct);
    write_u32le(w, (uint32_t)chain.n);
    write_bytes(w, chain);
    return true;
}

static bool write_auth_data(struct writer *w, const struct lab_bench *b, struct span signed_bytes,
                            struct span chain)
{
    struct writer qe = writer_in(b->a, 4096);
    struct span qe_part = { 0 };

    if (!write_qe_part(&qe, b, chain) || !writer_done(&qe, &qe_part, b->err))
        return false;
    write_u32le(w, (uint32_t)(128 + (is_nested(b->p) ? 6u : 0u) + qe_part.n));
    if (!write_signature(w, b, b->p->isv_signer, signed_bytes, false))
        return false;
    write_bytes(w, span_of(b->attestation.point + 1, 64));
    if (is_nested(b->p)) {
        write_u16le(w, CERTIFICATION_QE);
        write_u32le(w, (uint32_t)qe_part.n);
    }
    write_bytes(w, qe_part);
    return true;
}

static bool write_hash48(struct writer *w, const struct lab_bench *b, const char *name)
{
    char label[LAB_LABEL];
    uint8_t hash[48];

    if (!lab_label(b->p->seed, "", name, label, b->err) ||
        !lab_sha384(span_str(label), hash, b->err))
        return false;
    write_bytes(w, span_of(hash, sizeof hash));
    return true;
}

/* A TD report of TDX 1.0. No machine of this lab is a trust domain: it stands in quotes whose TEE
 * type is not SGX's, so that nothing but that type is wrong with them. */
static bool write_td(struct writer *w, const struct lab_bench *b)
{
    static const uint8_t svn[16] = { 5, 1, 6 }, attributes[8] = { [3] = 0x10 },
                         xfam[8] = { 0xe7, 0x18, 0x06 };
    static const char *const rtmrs[] = { "rtmr0", "rtmr1", "rtmr2", "rtmr3" };
    uint8_t bound[32];

    write_bytes(w, span_of(svn, sizeof svn));
    if (!write_hash48(w, b, "mrseam"))
        return false;
    write_fill(w, 0, 48 + 8); /* MRSIGNERSEAM, SEAMATTRIBUTES */
    write_bytes(w, span_of(attributes, sizeof attributes));
    write_bytes(w, span_of(xfam, sizeof xfam));
    if (!write_hash48(w, b, "mrtd"))
        return false;
    write_fill(w, 0, 3 * 48); /* MRCONFIGID, MROWNER, MROWNERCONFIG */
    for (size_t i = 0; i < COUNT(rtmrs); i++)
        if (!write_hash48(w, b, rtmrs[i]))
            return false;
    if (!lab_sha256(lab_runtime(b->p), bound, b->err))
        return false;
    write_fixed(w, span_of(bound, sizeof bound), 64);
    return true;
}

/* Header, descriptor from version 5 on, body. */
static bool make_signed(const struct lab_bench *b, struct span *out)
{
    struct writer w = writer_in(b->a, 1024);
    bool is_td = b->p->tee != 0;

    if (!write_header(&w, b))
        return false;
    if (b->p->ver >= 5) {
        write_u16le(&w, is_td ? BODY_TD : BODY_SGX);
        write_u32le(&w, is_td ? TD_SIZE : REPORT_SIZE);
    }
    return (is_td ? write_td(&w, b) : write_enclave(&w, b)) && writer_done(&w, out, b->err);
}

bool lab_quote_make(const struct lab_bench *b, struct span chain, struct span *out)
{
    struct writer w = writer_in(b->a, 8192);
    struct span signed_bytes = { 0 };

    if (!make_signed(b, &signed_bytes))
        return false;
    write_bytes(&w, signed_bytes);
    if (!write_auth_data(&w, b, signed_bytes, chain))
        return false;
    write_bytes(&w, b->p->trail);
    if (!w.has_failed && b->p->isv_flip)
        w.p[signed_bytes.n - 1] ^= 1;
    return writer_done(&w, out, b->err);
}
