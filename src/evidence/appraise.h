/*
 * appraise - the one door of every verifier: evidence and collateral in, a verdict and its trail
 * out
 *
 * Shape    a pure function: the same bytes, roots, time and settings give the same verdict
 * Rule     claims exist only inside an accepted appraisal, so nobody can overlook a bad status
 * Borrows  whatever `out` points at lies in the request's arena, in `in`, or is static
 * Source   each kind's contract: for SGX, section 7, "The whole check, in order"
 */
#ifndef CUPEL_EVIDENCE_APPRAISE_H
#define CUPEL_EVIDENCE_APPRAISE_H

#include "../claims/claim.h"
#include "../crypto/crypto.h"
#include "trail.h"

enum evidence_kind {
    EVIDENCE_SGX,
    EVIDENCE_OE,
    EVIDENCE_TDX,
    EVIDENCE_SEVSNP,
    EVIDENCE_AZUREGUEST,
    EVIDENCE_TPM,
    EVIDENCE_VBS,
    EVIDENCE_KINDS
};

enum tcb_profile { TCB_AZURE, TCB_STRICT, TCB_LENIENT, TCB_ANY };
enum freshness { FRESH_STRICT, FRESH_GRACE, FRESH_PINNED };
enum data_type { DATA_NONE, DATA_BINARY, DATA_JSON };

/* Data bound when evidence or environment was made. */
struct bound_data {
    enum data_type type; /* DATA_NONE: nothing came, nothing is checked */
    struct span bytes;
};

/* The roots that a chain may end in, each by public key. Names are for people: "Intel SGX Root CA",
 * "lab". */
struct root_key {
    const char *name;
    struct span point; /* P-256, x || y */
    bool is_lab;       /* insecure_accept_lab_roots was said by name */
};
struct root_list {
    const struct root_key *items;
    size_t count;
};
extern const struct root_key root_intel_sgx; /* "vendor" for SGX and TDX */

struct dcap_collateral; /* prepared: evidence/dcap/collateral.h */
struct tpm_settings;    /* anchors and demands: evidence/tpm/settings.h */
struct dcap_cache;      /* verdict parts by content hash: evidence/dcap/cache.h */

struct appraise_in {
    enum evidence_kind kind;
    struct span evidence;
    int64_t now;
    struct crypto *crypto;
    struct arena *arena;
    const struct root_list *roots;
    const struct dcap_collateral *collateral; /* NULL: none was found for this evidence */
    const char *collateral_note;              /* why there is none, for the refusal; or NULL */
    struct dcap_cache *cache;                 /* NULL: remember nothing */
    struct bound_data runtime_data, inittime_data;
    struct span nonce;        /* becomes claim `nonce`; empty: none */
    struct span expect_nonce; /* what a TPM must have signed; empty: whatever the request says */
    const struct tpm_settings *tpm; /* kinds tpm and vbs; NULL: the strictest */
    enum tcb_profile profile;
    enum freshness freshness;
    int64_t grace_seconds;            /* with FRESH_GRACE */
    uint32_t least_evaluation_number; /* 0: any */
    const char *baseline;             /* TCB baseline asked for by name, or NULL */
    bool baseline_is_missing;         /* `collateral` is not of that baseline: none is held */
    bool takes_oe_evidence;           /* kind oe: the 28-byte header, too, which no route takes */
};

/* One component of the platform that is lower than the best level asks for. */
struct tcb_short {
    char component[24]; /* "sgxtcbcomp01svn", "pcesvn", "qe_isvsvn" */
    uint32_t have, need;
};

enum { TCB_ADVISORIES_MAX = 128, TCB_SHORT_MAX = 40 };

/* What is known about the platform's security version. Filled as soon as it is known, also when a
 * later check refuses. */
struct tcb_report {
    bool is_known;
    const char *status;                           /* "UpToDate", ... the merged word; static */
    struct span advisory_ids[TCB_ADVISORIES_MAX]; /* sorted, without duplicates */
    size_t advisory_count;
    int64_t tcb_date;
    uint32_t evaluation_data_number;
    struct span fmspc;             /* 6 bytes */
    int64_t not_before, not_after; /* the common window of everything used */
    const char *not_before_set_by, *not_after_set_by;
    struct tcb_short missing[TCB_SHORT_MAX]; /* against the level whose status is best; none when it
                                                is that level */
    size_t short_count;
    char remedy[160];        /* which update raises it, in words; or empty */
    bool collateral_expired; /* something used lies past its end and was accepted all the same */
    char expired_items[256]; /* which: "tcbInfo, pck_crl.der" */
};

struct appraisal {
    bool is_accepted;
    struct trail trail;
    struct tcb_report tcb;
    const char *reason; /* the failed check's word of the specification; NULL when accepted */
    struct err err;     /* what was expected and found */
    struct claim_set incoming; /* for the policy; empty unless accepted */
    struct claim_set outgoing; /* what the service itself writes; empty unless accepted */
    bool is_debug;
};

/* Makes it empty: neither accepted nor refused. */
void appraisal_clear(struct appraisal *out);

/* Ends it after a check that failed, out->err, with the check's word: true, a refusal. When the
 * failure is our own trouble it is no verdict: false, and it stands in err. */
bool appraisal_refuse(struct appraisal *out, const char *reason, struct err *err) MUST_USE;

/* Judges. Returns false only for our own troubles (memory, internal) with err set; a refusal is a
 * verdict: true with out->is_accepted false. */
bool appraise(const struct appraise_in *in, struct appraisal *out, struct err *err) MUST_USE;

/* "sgx", "oe", ... and back. */
const char *evidence_kind_name(enum evidence_kind kind);
bool evidence_kind_find(struct span name, enum evidence_kind *out) MUST_USE;
const char *tcb_profile_name(enum tcb_profile profile);
bool tcb_profile_find(struct span name, enum tcb_profile *out) MUST_USE;

#endif
