/*
 * crl - certificate revocation lists, read once, looked up by serial number
 *
 * Shape    v2; entries sorted by serial number in memory of its own
 * Accepts  DER, PEM, hexadecimal text of DER, each with an optional final NUL
 * Refuses  v1, delta and indirect lists and such that cover only a part of what their issuer
 *          revoked, unknown critical extensions (of the list or an entry), no nextUpdate, no CRL
 *          number, no authority key identifier, bytes left over, more than CRL_ENTRIES_MAX entries
 * Errors   malformed; unsupported (signature algorithm, delta and partial lists, unknown critical
 *          extensions); limit; memory
 * Source   RFC 5280, 5
 */
#ifndef CUPEL_CRYPTO_CRL_H
#define CUPEL_CRYPTO_CRL_H

#include "crypto.h"

enum { CRL_ENTRIES_MAX = 1000000 };

struct crl {
    struct span der;                    /* as decoded, in the arena when it came as text */
    struct span tbs, signature, issuer; /* issuer: Name, whole */
    enum sig_alg sig_alg;
    int64_t this_update, next_update; /* seconds since 1970 UTC, both inclusive */
    struct span number;               /* magnitude without leading zeros; empty for zero */
    struct span authority_key_id;
    size_t count;
    struct span *serials; /* sorted magnitudes, in the arena */
};

/* Reads a list in any of its forms; out is left alone on failure. It borrows from the input when
 * that is DER, else from the arena. */
bool crl_parse(struct span input, struct arena *a, struct crl *out, struct err *err) MUST_USE;

/* Checks that the list's signature was made by the key. */
bool crl_verify(struct crypto *c, const struct crl *crl, struct pubkey *issuer_key,
                struct err *err) MUST_USE;

/* Tells whether the serial (a magnitude, leading zeros ignored) is listed. */
bool crl_lists(const struct crl *crl, struct span serial);

#endif
