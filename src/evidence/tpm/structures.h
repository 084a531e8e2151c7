/*
 * structures - what a TPM signs, signs with and says about its keys, as bytes
 *
 * Shape    big-endian; every part that has a length is read in its own box, and nothing is left
 * over Rule     shape only: whether a statement is the one that was asked for is for the checks to
 * say Borrows  every span points into the bytes parsed Errors   malformed; unsupported (a signature
 * or a kind of key that we do not use) Source   TPM 2.0 Library, Part 2: 10.12.12
 * (TPMS_ATTEST), 11.3.4 (TPMT_SIGNATURE), 12.2.4 (TPMT_PUBLIC), 10.6.2 (TPMS_PCR_SELECTION); the
 * TPM contract, 6
 */
#ifndef CUPEL_EVIDENCE_TPM_STRUCTURES_H
#define CUPEL_EVIDENCE_TPM_STRUCTURES_H

#include "../../base/reader.h"
#include "../../base/writer.h"
#include "../../crypto/spki.h"
#include "bank.h"

#define TPM_GENERATED 0xFF544347u

enum {
    TPM_ATTEST_NV = 0x8014,
    TPM_ATTEST_CERTIFY = 0x8017,
    TPM_ATTEST_QUOTE = 0x8018,
    TPM_ATTEST_TIME = 0x8019,
    TPM_ATTEST_CREATION = 0x801A,

    TPM_ALG_RSA = 0x0001,
    TPM_ALG_SHA1 = 0x0004,
    TPM_ALG_AES = 0x0006,
    TPM_ALG_SHA256 = 0x000B,
    TPM_ALG_NULL = 0x0010,
    TPM_ALG_RSASSA = 0x0014,
    TPM_ALG_RSAES = 0x0015,
    TPM_ALG_RSAPSS = 0x0016,
    TPM_ALG_OAEP = 0x0017,
    TPM_ALG_ECDSA = 0x0018,
    TPM_ALG_ECDAA = 0x001A,
    TPM_ALG_ECC = 0x0023,
    TPM_ALG_CFB = 0x0043,

    TPM_CURVE_P256 = 3,
    TPM_CURVE_P384 = 4,

    TPM_SELECTIONS_MAX = 16,
    TPM_SELECT_SIZE_MAX = 32, /* bytes of one bit map */
};

#define TPM_KEY_FIXED_TPM    0x00000002u
#define TPM_KEY_FIXED_PARENT 0x00000010u
#define TPM_KEY_OWN_ORIGIN   0x00000020u /* sensitiveDataOrigin */
#define TPM_KEY_RESTRICTED   0x00010000u
#define TPM_KEY_DECRYPT      0x00020000u
#define TPM_KEY_SIGN         0x00040000u

/* Which PCRs of a bank were asked for. */
struct pcr_selection {
    uint16_t hash;
    uint8_t size;  /* bytes of the bit map as written */
    uint32_t mask; /* bit i: PCR i; 24 PCRs */
};

/* TPMS_ATTEST */
struct tpm_attest {
    struct span bytes; /* all of it: what is signed */
    uint16_t type;
    struct span signer; /* qualified name of the key that signed: algorithm and digest, or empty */
    struct span extra_data;
    uint64_t clock; /* milliseconds */
    uint32_t reset_count, restart_count;
    bool is_safe; /* the clock never went back */
    uint64_t firmware_version;
    struct pcr_selection selections[TPM_SELECTIONS_MAX]; /* a quote's */
    size_t selection_count;
    struct span pcr_digest;
    struct span name, qualified_name; /* of the certified key */
};

/* The first six bytes, which say whether a TPM made the rest and what it is. */
bool tpm_attest_peek(struct span bytes, uint32_t *magic, uint16_t *type, struct err *err) MUST_USE;

/* Reads a statement of type quote or certify; malformed for any other magic or type. */
bool tpm_attest_parse(struct span bytes, struct tpm_attest *out, struct err *err) MUST_USE;
void tpm_attest_write(struct writer *w, const struct tpm_attest *a);

/* TPMT_SIGNATURE */
struct tpm_signature {
    uint16_t scheme_id, hash_id;
    enum sig_scheme scheme;
    enum tpm_bank hash;
    struct span rsa;
    struct span r, s; /* as long as they came */
};

/* Reads a signature; unsupported for a scheme or a hash that is none of ours. */
bool tpm_signature_parse(struct span bytes, struct tpm_signature *out, struct err *err) MUST_USE;
void tpm_signature_write(struct writer *w, const struct tpm_signature *s);

/* TPMT_PUBLIC of an RSA or EC key */
struct tpm_public {
    struct span bytes; /* all of it: what is named */
    uint16_t type, name_alg;
    uint32_t attributes;
    struct span auth_policy;
    uint16_t symmetric, symmetric_bits, symmetric_mode; /* TPM_ALG_NULL: no bits, no mode */
    uint16_t scheme, scheme_hash, scheme_count;         /* TPM_ALG_NULL: no hash */
    uint16_t key_bits;                                  /* RSA */
    uint32_t exponent;                                  /* RSA; 0 stands for 65,537 */
    struct span modulus;                                /* RSA */
    uint16_t curve, kdf, kdf_hash;                      /* EC */
    struct span x, y;                                   /* EC; leading zeros may be missing */
};

/* Reads a public area; unsupported for kinds of objects that are no RSA or EC key. */
bool tpm_public_parse(struct span bytes, struct tpm_public *out, struct err *err) MUST_USE;
void tpm_public_write(struct writer *w, const struct tpm_public *p);

/* The content of a TPM2B: two bytes of length, then exactly so many. */
bool tpm2b_parse(struct span bytes, struct span *out, struct err *err) MUST_USE;
void tpm2b_write(struct writer *w, struct span content);

/* The name: its hash algorithm and the digest of the public area, in the arena. Unsupported for a
 * hash that is none of ours. */
bool tpm_public_name(struct crypto *c, const struct tpm_public *p, struct arena *a,
                     struct span *out, struct err *err) MUST_USE;

/* The key itself: modulus and exponent, or the point with padded coordinates (in the arena).
 * Unsupported for other curves than P-256 and P-384. */
bool tpm_public_key(const struct tpm_public *p, struct arena *a, struct spki *out,
                    struct err *err) MUST_USE;

/* Checks a TPM's signature over message under a key; untrusted when it does not hold. */
bool tpm_signature_check(struct crypto *c, const struct tpm_signature *s, struct span spki,
                         struct span message, struct err *err) MUST_USE;

#endif
