/*
 * x509 - what certificates and revocation lists have in common; for this room only
 *
 * Rule     all of them read from a reader and leave their failures in it
 * Borrows  every span points into the bytes given to the reader
 * Source   RFC 5280, 4.1 and 5.1; RFC 5758, 3.2; RFC 4055, 3 and 5
 */
#ifndef CUPEL_CRYPTO_X509_H
#define CUPEL_CRYPTO_X509_H

#include "../format/der.h"

#include "cert.h"

/* "Certificate users MUST be able to handle serialNumber values up to 20 octets." (4.1.2.2) */
enum { X509_NUMBER_MAX = 20 };

/* What stands behind 2.5.29 in an extension's name. */
enum x509_extension {
    X509_OTHER = 0,
    X509_SUBJECT_KEY_ID = 14,
    X509_KEY_USAGE = 15,
    X509_SUBJECT_ALT_NAME = 17,
    X509_BASIC_CONSTRAINTS = 19,
    X509_CRL_NUMBER = 20,
    X509_DELTA_CRL = 27,
    X509_ISSUING_POINT = 28,
    X509_CERTIFICATE_ISSUER = 29,
    X509_AUTHORITY_KEY_ID = 35,
    X509_EXT_KEY_USAGE = 37
};

/* The algorithm's whole element goes to *raw; unsupported when it is none of ours. */
void x509_algorithm_read(struct reader *r, const char *name, struct span *raw, enum sig_alg *out);

/* Writes the AlgorithmIdentifier of RS256 to RS512, ES256 or ES384, as certificates of ours have
 * it. */
void x509_algorithm_write(struct writer *w, enum sig_alg alg);

/* A Name: whole, and the text of its first common name (empty where there is none to be read). */
void x509_name_read(struct reader *r, const char *name, struct span *raw, struct span *cn);

/* An INTEGER that is not negative and has at most X509_NUMBER_MAX octets; empty for zero. */
struct span x509_number_read(struct reader *r, const char *name);

/* Opens the next extension of a list: its name and whether it is critical go to *out, *value is a
 * box over its value. End it with x509_extension_leave. */
struct reader x509_extension_enter(struct reader *list, struct cert_extension *out,
                                   struct reader *value);
void x509_extension_leave(struct reader *list, struct reader *box, struct reader *value,
                          const char *name);

/* Which of the extensions above it is. */
enum x509_extension x509_extension_of(struct span oid);

/* AuthorityKeyIdentifier: the key identifier, empty where there is none. */
struct span x509_authority_read(struct reader *value);

#endif
