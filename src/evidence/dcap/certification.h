/*
 * certification - what a quote brings to prove that its platform key is genuine
 *
 * Shape    types 1 to 7; only a PEM chain (5) is complete in itself
 * Units    PCESVN and PCEID little-endian
 * Borrows  spans of PPID forms point into the data; certificates are decoded into the arena
 * Errors   certification_parse: any failure but memory is "unsupported_certification_data";
 *          certification_chain: any failure but memory is "malformed_certificate"
 * Source   the SGX contract, 2.6, 2.7 and steps 6 and 7
 */
#ifndef CUPEL_EVIDENCE_DCAP_CERTIFICATION_H
#define CUPEL_EVIDENCE_DCAP_CERTIFICATION_H

#include "../../crypto/cert.h"
#include "limits.h"

enum certification_type {
    CERTIFICATION_PPID = 1,
    CERTIFICATION_PPID_RSA2048 = 2,
    CERTIFICATION_PPID_RSA3072 = 3,
    CERTIFICATION_PCK_LEAF = 4,
    CERTIFICATION_PCK_CHAIN = 5,
    CERTIFICATION_QE_REPORT = 6,
    CERTIFICATION_MANIFEST = 7,
};

struct certification {
    enum certification_type type; /* 1 to 5 */
    struct span data;
    bool has_certificate; /* types 4 and 5; else a PCK certificate must be looked up elsewhere */
    struct span ppid;     /* types 1 to 3: 16 in clear, 256 or 384 encrypted */
    struct span cpu_svn;  /* 16 */
    uint16_t pcesvn;
    struct span pce_id; /* 2 */
};

struct pck_chain {
    size_t count;     /* 3: leaf, intermediate, root; or 1: the leaf alone (type 4) */
    struct span leaf; /* DER, each */
    struct span intermediate;
    struct span root;
};

/* Says whether the data is of a usable type (1 to 5, type 4 exactly one certificate) and takes the
 * PPID forms apart. Unsupported by name for everything else. */
bool certification_parse(uint16_t type, struct span data, struct arena *a,
                         struct certification *out, struct err *err) MUST_USE;

/* Succeeds when the quote holds a PCK certificate; else unsupported, "PCK certificate not in
 * quote". */
bool certification_has_pck(const struct certification *c, struct err *err) MUST_USE;

/* Decodes the PEM text: exactly three certificates for type 5, one for type 4. Their order, names
 * and signatures are for the verifier to judge. */
bool certification_chain(const struct certification *c, struct arena *a, struct pck_chain *out,
                         struct err *err) MUST_USE;

/* Decodes the first certificate alone and looks at nothing behind it: for finding out what evidence
 * needs, never for judging it. */
bool certification_leaf(const struct certification *c, struct arena *a, struct span *der,
                        struct err *err) MUST_USE;

/* Evidence that travels inside a certificate. */
enum carrier_kind { CARRIER_NONE, CARRIER_RAW_QUOTE, CARRIER_OE_REPORT };

struct carrier {
    enum carrier_kind kind;
    struct span evidence; /* inside the certificate */
};

/* Finds the quote or the Open Enclave report in a certificate's extensions. CARRIER_NONE when there
 * is neither; malformed when an extension is there and does not hold what it should, or both are.
 */
bool carrier_find(const struct cert *cert, struct carrier *out, struct err *err) MUST_USE;

#endif
