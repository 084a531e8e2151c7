/*
 * spki - SubjectPublicKeyInfo and the parts of a public key
 *
 * Shape    P-256 and P-384 with a named curve and an uncompressed point; RSA with modulus and
 *          exponent; any other algorithm is well-formed, too, and SPKI_OTHER
 * Refuses  explicit curve parameters, compressed points, wrong lengths, RSA without its NULL
 * Borrows  every span points into the bytes read
 * Errors   malformed
 * Source   RFC 5280, 4.1.2.7; RFC 5480, 2; RFC 3279, 2.3.1
 */
#ifndef CUPEL_CRYPTO_SPKI_H
#define CUPEL_CRYPTO_SPKI_H

#include "../base/reader.h"
#include "../base/writer.h"

enum spki_kind { SPKI_OTHER, SPKI_P256, SPKI_P384, SPKI_RSA };

struct spki {
    enum spki_kind kind;
    struct span point;             /* x || y, P-256 and P-384 only */
    struct span modulus, exponent; /* magnitudes, RSA only */
};

/* Reads the next element of a box; failures are the reader's, under name. */
bool spki_read(struct reader *r, const char *name, struct spki *out);

/* Reads a whole SubjectPublicKeyInfo and nothing behind it. */
bool spki_parse(struct span der, struct spki *out, struct err *err) MUST_USE;

/* Writes P-256, P-384 or RSA as DER in the arena; malformed when the parts are of another kind. */
bool spki_write(const struct spki *key, struct arena *a, struct span *out,
                struct err *err) MUST_USE;

#endif
