/*
 * keyring - the signing keys of a deployment: made on first start, held, published, retired
 *
 * Shape    a directory (0700) with keys.json, and for each key NAME.pem (PKCS#8, 0600) and NAME.crt
 *          (self-signed, CN the issuer). keys.json lists name, algorithm, state and, once retired,
 *          since when. report_key.h says what lies there besides. One key is active; retired ones
 * stay published for KEYRING_RETIRED_SECONDS Rule     the active key is the one of the wished
 * algorithm and size; when there is none it is made, and the one before retires. A certificate that
 * names another issuer is remade. Files are replaced whole: temporary file, sync, rename Secrets
 * private keys are read and written through locked memory only Errors   malformed (keys.json, a key
 * that does not fit its row), io, untrusted (a key file that others may read), limit, memory Source
 * tokens 10.1 and 10.4
 */
#ifndef CUPEL_KEYS_KEYRING_H
#define CUPEL_KEYS_KEYRING_H

#include "report_key.h"

enum {
    KEYRING_MAX = 8, /* keys held at once, but for the one of reports */
    KEYRING_PUBLISHED_MAX = KEYRING_MAX + 1,
    KEYRING_RETIRED_SECONDS = 7 * 24 * 60 * 60 /* tokens live 8 hours; clients cache key sets */
};

struct keyring;

struct keyring_wish {
    const char *dir;    /* DATA_DIR/keys; its parent is there */
    const char *issuer; /* base URL without a slash at its end */
    enum sig_alg alg;   /* RS256, PS256, ES256 or ES384 */
    size_t rsa_bits;    /* 2048 or 3072; not looked at for ES256 and ES384 */
    int64_t now;
    const struct report_wish *report; /* the key of report tokens; NULL: there is none */
};

/* What may be published about a key. */
struct keyring_key {
    enum sig_alg alg;
    size_t bits;
    struct span kid;
    struct span cert; /* DER */
    struct span issuers[REPORT_CERTS_MAX - 1];
    size_t issuer_count; /* what stands above the certificate, for the key of reports */
    bool is_active;
    bool is_report; /* signs report tokens, and nothing else */
};

/* Opens the directory, making what is missing; NULL with err. Crypto is borrowed. */
struct keyring *keyring_new(struct crypto *c, const struct keyring_wish *wish,
                            struct err *err) MUST_USE;

/* Wipes the keys and gives everything back; NULL is fine. */
void keyring_free(struct keyring *k);

/* The keys, the active one first, the one of reports last. */
const struct keyring_key *keyring_keys(const struct keyring *k, size_t *count);

/* Signs a hash that sig_hash made for the algorithm of the key of that index; 1,024 bytes at out
 * are always enough. Malformed: a hash of another size. */
bool keyring_sign(struct keyring *k, size_t index, struct span hash, uint8_t *out, size_t room,
                  size_t *n, struct err *err) MUST_USE;

#endif
