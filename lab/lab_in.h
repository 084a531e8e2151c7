/*
 * lab_in - what the lab's own files share
 *
 * Source   docs/formats/lab.md
 */
#ifndef CUPEL_LAB_LAB_IN_H
#define CUPEL_LAB_LAB_IN_H

#include "lab.h"

enum { LAB_LABEL = 128 };

/* The text that a key or an identity is hashed from: head and name, the seed between them where it
 * is not 0. */
bool lab_label(uint64_t seed, const char *head, const char *name, char out[LAB_LABEL],
               struct err *err) MUST_USE;

/* A number as parameters have it: decimal, or hexadecimal behind 0x. */
bool lab_number(struct span text, uint64_t *out) MUST_USE;

/* SHA-1, for key identifiers and serial numbers. */
bool lab_sha1(struct span s, uint8_t out[20], struct err *err) MUST_USE;

bool lab_sha384(struct span s, uint8_t out[48], struct err *err) MUST_USE;

/* One machine in the making. */
struct lab_bench {
    const struct lab_sgx_params *p;
    struct arena *a;
    struct err *err;
    struct lab_key root, ca, pck, tcb_signing, attestation;
};

/* The key of that name for this machine: pck and attestation differ from machine to machine. */
bool lab_bench_key(const struct lab_bench *b, const char *name, struct lab_key *out) MUST_USE;

/* H(name): 32 bytes that this seed calls so, and machine by machine where `per_platform`. */
bool lab_bench_hash(const struct lab_bench *b, const char *name, bool per_platform,
                    uint8_t out[32]) MUST_USE;

/* A certificate to be written. */
struct lab_cert {
    const struct lab_key *key, *signer;
    struct span spki; /* the subject's key where it is none of those: SubjectPublicKeyInfo */
    const char *cn;   /* NULL: no subject */
    const char *issuer_cn;
    int64_t not_before, not_after;
    bool is_ca;
    unsigned path_length;   /* of a CA */
    const char *crl_uri;    /* NULL: none */
    struct span extensions; /* beside the usual ones, whole; or empty */
};
bool lab_cert_make(struct arena *a, const struct lab_cert *c, struct span *out,
                   struct err *err) MUST_USE;

/* A revocation list to be written. */
struct lab_crl {
    const struct lab_key *signer;
    const char *issuer_cn;
    int64_t this_update, next_update;
    const struct span *serials; /* magnitudes, 16 bytes */
    size_t count;
};
bool lab_crl_make(struct arena *a, const struct lab_crl *c, struct span *out,
                  struct err *err) MUST_USE;

/* The serial number of the certificate over that key: 16 bytes. */
bool lab_serial(const struct lab_key *key, uint8_t out[16], struct err *err) MUST_USE;

/* As lab_serial, for a certificate over any key. */
bool lab_cert_serial(const struct lab_cert *c, uint8_t out[16], struct err *err) MUST_USE;

/* Opens an extension up to its value; lab_extension_end closes it. */
struct lab_extension_mark {
    size_t whole, value;
};
struct lab_extension_mark lab_extension_begin(struct writer *w, const char *oid, bool is_critical);
void lab_extension_end(struct writer *w, struct lab_extension_mark x);

/* The base's level list for TCB info of that id. */
const struct lab_level *lab_levels_for(const char *ti_id, size_t *count);

/* A signed document as collateral services send it, edits before and after signing applied. */
bool lab_tcb_info_make(const struct lab_bench *b, struct span *out) MUST_USE;
bool lab_qe_identity_make(const struct lab_bench *b, struct span *out) MUST_USE;

/* The quote around a certification chain. */
bool lab_quote_make(const struct lab_bench *b, struct span chain, struct span *out) MUST_USE;

/* What the quote's report data binds. */
struct span lab_runtime(const struct lab_sgx_params *p);

#endif
