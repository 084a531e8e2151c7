/*
 * signkey - private keys: made, read, written, used
 *
 * Shape    RSA of 2,048 to 4,096 bits, P-256, P-384; one thread uses a key at a time
 * Secrets  key material lives in OpenSSL's objects and, in transit, in struct secret only
 * Errors   malformed (no key), unsupported (a key or algorithm we do not use), untrusted (a key
 *          that fails its own check), limit (no room), memory, internal
 */
#ifndef CUPEL_CRYPTO_SIGNKEY_H
#define CUPEL_CRYPTO_SIGNKEY_H

#include "crypto.h"
#include "secret.h"

struct signkey;

enum signkey_kind { SIGNKEY_RSA2048, SIGNKEY_RSA3072, SIGNKEY_RSA4096, SIGNKEY_P256, SIGNKEY_P384 };

struct signkey *signkey_new(struct crypto *c, enum signkey_kind kind, struct err *err) MUST_USE;

/* From PKCS#8 or traditional PEM, unencrypted. */
struct signkey *signkey_read_pem(struct crypto *c, struct span pem, struct err *err) MUST_USE;
void signkey_free(struct signkey *k);

/* PKCS#8 PEM into locked memory. */
bool signkey_write_pem(const struct signkey *k, struct secret *out, struct err *err) MUST_USE;

enum pubkey_type signkey_type(const struct signkey *k);
size_t signkey_bits(const struct signkey *k);

/* SubjectPublicKeyInfo in DER. */
bool signkey_spki(const struct signkey *k, struct arena *a, struct span *out,
                  struct err *err) MUST_USE;

/* Signs a hash that sig_hash made for that algorithm; malformed when it has another size. ECDSA
 * gives raw r || s. `room` bytes at out (512 are always enough); *n is the signature's length. */
bool signkey_sign_hash(struct signkey *k, enum sig_alg alg, struct span hash, uint8_t *out,
                       size_t room, size_t *n, struct err *err) MUST_USE;

/* Signs message; ECDSA gives raw r || s. `room` bytes at out (512 are always enough); *n is the
 * signature's length. The context for each algorithm is made at its first use and kept. */
bool signkey_sign(struct crypto *c, struct signkey *k, enum sig_alg alg, struct span message,
                  uint8_t *out, size_t room, size_t *n, struct err *err) MUST_USE;

/* What a certificate of ours is to say. Strings are UTF-8. */
struct cert_wish {
    const char *common_name;  /* of any length, also beyond RFC 5280's 64 characters; NULL: none */
    const char *organization; /* or NULL */
    uint64_t serial;
    int64_t not_before, not_after; /* seconds since 1970 UTC */
    bool is_ca;
    const char *const *dns_names;
    size_t dns_count; /* subjectAltName; NULL when none */
    const char *const *ip_addresses;
    size_t ip_count;    /* "127.0.0.1", "::1" */
    bool is_tls_server; /* extendedKeyUsage serverAuth */

    /* Where zero and NULL stand, the certificate says what others say. */
    bool has_path_length;
    uint8_t path_length;
    uint16_t key_usage;    /* CERT_KEY_... */
    const char *purpose;   /* extendedKeyUsage, dotted */
    const char *policy;    /* certificatePolicies, dotted; critical */
    struct span alt_name;  /* subjectAltName, DER, in place of the names above; critical where there
                              is no subject */
    struct span spki;      /* of the subject; without a subject_key */
    struct span serial_id; /* up to 20 bytes, the serial number in place of the one above */
};

/* Makes a certificate over subject_key (or the wish's spki), signed by issuer_key, with basic
 * constraints, key usage (CAs: certificates and CRLs; others: digital signature) and key
 * identifiers. issuer_cert: the issuer's certificate in DER, which must hold issuer_key; empty for
 * a self-signed certificate. The result is DER in the arena; out is left alone on failure. */
bool cert_make(struct crypto *c, const struct cert_wish *wish, const struct signkey *subject_key,
               struct span issuer_cert, struct signkey *issuer_key, struct arena *a,
               struct span *out, struct err *err) MUST_USE;

#endif
