/*
 * cert - X.509 certificates, read by ourselves
 *
 * Shape    v3; signed span, signature, names, validity, key, extensions as spans of the DER
 * Why      decoding through OpenSSL costs two to three verifications a certificate and holds locks
 *          (docs/design.md, "Crypto")
 * Refuses  what RFC 5280 does not allow and what could mislead: trailing bytes, signature
 *          algorithms that differ inside and outside, duplicate extensions, unique identifiers, an
 *          empty issuer, dates out of order, negative serial numbers or such of more than 20
 *          octets, explicit curve parameters, empty key usages. An unknown critical extension is
 *          noted in has_unknown_critical: whoever builds a chain refuses it there
 * Borrows  every span points into the DER
 * Errors   malformed; unsupported (signature algorithm); limit (CERT_EXTENSIONS_MAX)
 * Source   RFC 5280, 4.1 and 4.2
 */
#ifndef CUPEL_CRYPTO_CERT_H
#define CUPEL_CRYPTO_CERT_H

#include "crypto.h"

enum {
    CERT_KEY_DIGITAL_SIGNATURE = 1 << 0,
    CERT_KEY_NON_REPUDIATION = 1 << 1,
    CERT_KEY_ENCIPHERMENT = 1 << 2,
    CERT_KEY_AGREEMENT = 1 << 4,
    CERT_KEY_CERT_SIGN = 1 << 5,
    CERT_KEY_CRL_SIGN = 1 << 6
};
enum { CERT_EXTENSIONS_MAX = 32, CERT_PATH_UNBOUNDED = 255 };

struct cert_extension {
    struct span oid; /* content octets */
    bool is_critical;
    struct span value; /* inside the OCTET STRING */
};

struct cert {
    struct span der;
    struct span tbs;       /* what is signed, tag and length included */
    struct span signature; /* BIT STRING content */
    enum sig_alg sig_alg;
    struct span serial;                /* magnitude without leading zeros; empty for zero */
    struct span issuer;                /* Name, tag and length included: compared byte for byte */
    struct span subject;               /* may be the empty Name, 30 00 */
    struct span issuer_cn, subject_cn; /* the first CN where it is plain text, or empty */
    int64_t not_before, not_after;     /* seconds since 1970 UTC, both inclusive */
    struct span spki;                  /* SubjectPublicKeyInfo, whole */
    struct span point;                 /* P-256 and P-384: x || y; else empty */
    struct span subject_key_id, authority_key_id; /* key identifiers, or empty */
    bool has_basic_constraints, is_ca;
    uint8_t path_length; /* CERT_PATH_UNBOUNDED when absent */
    bool has_key_usage;
    uint16_t key_usage;        /* bit n of the BIT STRING as 1 << n */
    bool has_unknown_critical; /* other than key usage, basic constraints, key identifiers, SAN */
    size_t extension_count;
    struct cert_extension extensions[CERT_EXTENSIONS_MAX];
};

/* Reads one certificate and nothing behind it; out is left alone on failure. */
bool cert_parse(struct span der, struct cert *out, struct err *err) MUST_USE;

/* The extension with that dotted OID, or NULL. */
const struct cert_extension *cert_extension_find(const struct cert *c, const char *dotted);

/* Checks that cert's signature was made by the key (unconditionally, never by key identifier). */
bool cert_verify(struct crypto *c, const struct cert *cert, struct pubkey *issuer_key,
                 struct err *err) MUST_USE;

/* Moves a parsed certificate onto a copy of its bytes, which must be the same: every span then
 * points into `der`. Cheaper than parsing again. */
void cert_move(struct cert *c, struct span der);

/* Finds text inside the CN. */
bool cert_cn_contains(struct span cn, const char *phrase);

#endif
