/*
 * cert - X.509 certificates, read by ourselves
 *
 * Shape    v3; signed span, signature, names, validity, key, extensions as spans of the DER
 * Why      decoding through OpenSSL costs two to three verifications a certificate and holds locks
 * (docs/design.md) Refuses  anything RFC 5280 does not allow that could mislead: trailing bytes,
 * signature algorithms that differ inside and outside, duplicate extensions, unknown critical
 * extensions (noted in has_unknown_critical), dates out of order, negative or over-long serial
 * numbers Borrows  every span points into the DER Errors   malformed Source   RFC 5280, 4.1 and 4.2
 */
#ifndef CUPEL_CRYPTO_CERT_H
#define CUPEL_CRYPTO_CERT_H

#include "crypto.h"

enum {
    CERT_KEY_DIGITAL_SIGNATURE = 1 << 0,
    CERT_KEY_NON_REPUDIATION = 1 << 1,
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
    enum sig_alg sig_alg;  /* ES256, ES384, RS256, RS384, PS256, PS384 */
    struct span serial;    /* magnitude, leading zeros dropped */
    struct span issuer;    /* Name, tag and length included: compared byte for byte */
    struct span subject;
    struct span issuer_cn, subject_cn; /* first CN's text, or empty */
    int64_t not_before, not_after;
    struct span spki;                             /* SubjectPublicKeyInfo, whole */
    struct span point;                            /* P-256 and P-384: x || y; else empty */
    struct span subject_key_id, authority_key_id; /* key identifiers, or empty */
    bool has_basic_constraints, is_ca;
    uint8_t path_length; /* CERT_PATH_UNBOUNDED when absent */
    bool has_key_usage;
    uint16_t key_usage; /* bit n of the BIT STRING as 1 << n */
    bool has_unknown_critical;
    size_t extension_count;
    struct cert_extension extensions[CERT_EXTENSIONS_MAX];
};

bool cert_parse(struct span der, struct cert *out, struct err *err) MUST_USE;

/* The extension with that dotted OID, or NULL. */
const struct cert_extension *cert_extension_find(const struct cert *c, const char *dotted);

/* Checks that cert's signature was made by the key (unconditionally, never by key identifier). */
bool cert_verify(struct crypto *c, const struct cert *cert, struct pubkey *issuer_key,
                 struct err *err) MUST_USE;

/* Finds text inside the CN. */
bool cert_cn_contains(struct span cn, const char *phrase);

#endif
