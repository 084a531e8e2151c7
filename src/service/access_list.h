/*
 * access_list - the file that says who has which role, by what they prove
 *
 * Shape    a line each: ROLE or ROLE@INSTANCE, a kind, and what is proved:
 *            reader              token        SHA256-HEX [NAME [EXPIRES]]
 *            attestation-reader  claim        ISSUER CLAIM VALUE
 *            contributor@site    certificate  sha256:HEX, cn:NAME, dns:NAME, uri:URI or email:NAME
 *          empty lines and lines that begin with '#' are skipped. Tokens are never on disk
 * Borrows  every span points into the text
 * Errors   malformed with the line as path ("line 7"), limit
 * Source   docs/formats/access-file.md
 */
#ifndef CUPEL_SERVICE_ACCESS_LIST_H
#define CUPEL_SERVICE_ACCESS_LIST_H

#include "../crypto/crypto.h"
#include "access.h"

enum { ACCESS_LINES_MAX = 1024, ACCESS_FILE_MAX = 256 * 1024 };

enum access_kind { ACCESS_TOKEN, ACCESS_CLAIM, ACCESS_CERTIFICATE };

/* What of a certificate is compared. */
enum access_field { FIELD_SHA256, FIELD_CN, FIELD_DNS, FIELD_URI, FIELD_EMAIL, ACCESS_FIELDS };

struct access_line {
    enum access_role role;
    struct span instance; /* "*": every one */
    enum access_kind kind;
    uint8_t digest[SHA256_SIZE]; /* token; certificate by FIELD_SHA256 */
    struct span name;            /* token: who it was given to, may be empty */
    int64_t expires;             /* token: from then on it is refused; 0: never */
    struct span issuer, claim;   /* claim; a dot in the claim's name leads into an object */
    enum access_field field;     /* certificate */
    struct span value;           /* claim, certificate but FIELD_SHA256 */
};

struct access_list {
    struct access_line *items; /* room for ACCESS_LINES_MAX */
    size_t count;
};

/* An empty list with room in the arena. */
bool access_list_init(struct access_list *l, struct arena *a, struct err *err) MUST_USE;

/* Appends what the text says. */
bool access_list_read(struct access_list *l, struct span text, struct err *err) MUST_USE;

/* Appends dev-reader and dev-contributor, the tokens of a desk. */
bool access_list_add_desk(struct access_list *l, struct crypto *c, struct err *err) MUST_USE;

/* The words of enum access_field, "sha256", ... */
extern const char *const access_field_words[ACCESS_FIELDS];

#endif
