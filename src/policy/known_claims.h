/*
 * known_claims - which claims each attestation type is known to offer and to write
 *
 * Shape    a row for a claim: where it applies, its type, whether conditions may test it and
 * whether the service itself writes it; the linter, the manual and editors read the same rows
 * Source   the policy language, 9
 */
#ifndef CUPEL_POLICY_KNOWN_CLAIMS_H
#define CUPEL_POLICY_KNOWN_CLAIMS_H

#include "../base/span.h"

/* Attestation types, as a set. */
enum {
    KNOWN_SGX = 1 << 0,
    KNOWN_OE = 1 << 1,
    KNOWN_TPM = 1 << 2,
    KNOWN_VBS = 1 << 3,
    KNOWN_SNP = 1 << 4,
    KNOWN_TDX = 1 << 5,
    KNOWN_GUEST = 1 << 6,
    KNOWN_ALL = (1 << 7) - 1,
};

enum known_type { KNOWN_STRING, KNOWN_INTEGER, KNOWN_BOOLEAN, KNOWN_OBJECT };

enum {
    KNOWN_INCOMING = 1 << 0,  /* conditions may test it */
    KNOWN_OUTGOING = 1 << 1,  /* the service itself may write it */
    KNOWN_MANY = 1 << 2,      /* several claims of this name */
    KNOWN_READ_ONLY = 1 << 3, /* cannot be issued */
    KNOWN_JSON = 1 << 4,      /* a string that holds JSON */
    KNOWN_OURS = 1 << 5,      /* the original service has no such claim */
};

struct known_claim {
    const char *name;
    unsigned types;
    enum known_type type;
    unsigned flags;
    int since;           /* version 1.since */
    const char *instead; /* deprecated: the name to use; or NULL */
};

extern const struct known_claim known_claims[];
extern const size_t known_claim_count;

/* The attestation types by name. */
struct known_type_def {
    const char *name;
    unsigned bit;
};

extern const struct known_type_def known_types[];
extern const size_t known_type_count;

/* The bit of an attestation type by name ("SgxEnclave", case ignored); 0 when it is none. */
unsigned known_type_find(struct span attestation_type);

/* The row of that name for some of the types, or NULL. */
const struct known_claim *known_claim_find(struct span name, unsigned types);

#endif
