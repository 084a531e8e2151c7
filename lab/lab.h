/*
 * lab - makes evidence, collateral and roots under private test keys
 *
 * Shape    parameters with defaults in, a set of artifacts out; the same parameters give the same
 *          bytes. A scenario is a row: the base with one thing changed, everything above it signed
 *          again, and the outcome that a verifier must come to
 * Names    every certificate says "Lab ..." and "Attest Lab": nothing made here can pass for a
 *          vendor's, and the production roots refuse all of it as untrusted_root
 * Borrows  artifacts live in the arena; spans in the parameters must outlive the call
 * Errors   missing (no such scenario), unsupported (a scenario of another kind), malformed (a
 *          parameter's value), memory, limit, io (lab_make only)
 * Source   docs/formats/lab.md
 */
#ifndef CUPEL_LAB_LAB_H
#define CUPEL_LAB_LAB_H

#include "../src/base/arena.h"
#include "../src/base/writer.h"

#define LAB_NOW INT64_C(1705320000) /* 2024-01-15T12:00:00Z: when the base is judged */

enum { LAB_LEVELS = 12, LAB_ADVISORIES = 4, LAB_TCB_COMPONENTS = 16 };

/* A row of the TCB info's level list. */
struct lab_level {
    uint8_t comp[LAB_TCB_COMPONENTS];
    uint16_t pcesvn;
    const char *date;                       /* "2023-12-01" */
    const char *status;                     /* "UpToDate" */
    const char *advisories[LAB_ADVISORIES]; /* "00001": INTEL-SA-00001; NULL ends the list */
    uint8_t tdx[LAB_TCB_COMPONENTS];        /* written where ti_id is TDX */
};

/* A row of the QE identity's level list. */
struct lab_qe_level {
    uint16_t isv_svn;
    const char *date, *status;
    const char *advisories[LAB_ADVISORIES];
};

/* A text replaced once: the first `from` becomes `to`. Nothing happens where from is NULL. */
struct lab_edit {
    const char *from, *to;
};

/* What a revocation list names. */
struct lab_revoked {
    bool pck, plat, ts; /* leaf, its issuing CA, TCB signing */
    size_t others;      /* serial numbers of nobody, in front of those: makes long lists */
};

/* What the SGX extension of the PCK certificate looks like. */
enum lab_extension {
    LAB_EXTENSION_SOUND,
    LAB_EXTENSION_MISSING,      /* not there at all */
    LAB_EXTENSION_TWICE,        /* the whole extension twice */
    LAB_EXTENSION_WRONG_TYPE,   /* the FMSPC as INTEGER */
    LAB_EXTENSION_NO_COMPONENT, /* component 16 is not there */
    LAB_EXTENSION_REVERSED,     /* sound, entries in descending order */
};

/* Everything that can be changed. Names are those of the scenarios; a signer is the name of a key
 * ("root", "platform-ca", "processor-ca", "pck", "tcb-signing", "attestation"). Times are seconds
 * since 1970 UTC, [0] this and [1] next. */
struct lab_sgx_params {
    uint64_t seed;     /* another seed: other keys, identities and hashes throughout */
    uint64_t platform; /* another machine under the same roots and collateral */

    /* certificates */
    uint8_t comp[LAB_TCB_COMPONENTS];
    uint16_t pcesvn;
    uint8_t pck_fmspc[6], pck_pceid[2];
    const char *pck_cn, *pck_signer;
    int64_t pck_nb, pck_na;
    bool is_processor; /* the PCK certificate comes from the processor CA: no platform entries */
    enum lab_extension extension;
    const char *plat_signer;
    int64_t plat_na;
    const char *ts_signer, *ts_cn;
    int64_t ts_na;
    const char *root_cn;
    int64_t root_nb, root_na;

    /* revocation lists */
    int64_t rcrl[2], pcrl[2];
    const char *rcrl_signer;
    const char *pcrl_signer, *pcrl_issuer; /* NULL: the CA that issued the PCK certificate */
    struct lab_revoked rrev, prev;

    /* TCB info */
    int64_t ti[2];
    const char *ti_id, *ti_fmspc, *ti_pceid; /* fmspc, pceid NULL: those of the certificate */
    uint32_t ti_version, tcb_type, eval;     /* eval stands in both documents */
    const struct lab_level *levels;          /* NULL: the base's for ti_id */
    size_t level_count;
    const char *ti_signer;
    struct lab_edit ti_pre, ti_post; /* an edit of the body before and after it is signed */

    /* QE identity */
    int64_t qi[2];
    const char *qi_id, *qi_signer;
    uint32_t qi_version;
    struct span qi_mrs; /* 32 bytes; empty: the QE's signer */
    uint16_t qi_prod;
    const char *qi_misc, *qi_misc_mask, *qi_attr, *qi_attr_mask; /* hex, in memory order */
    const struct lab_qe_level *qe_levels;
    size_t qe_level_count;
    struct lab_edit qi_pre, qi_post;

    /* QE report */
    uint16_t qe_svn, qe_prod;
    uint32_t qe_misc;
    uint8_t qe_attr[16];
    struct span qe_data; /* 64 bytes; empty: what it should be */
    uint8_t qe_tail;     /* bytes 32..63 of it, when qe_data is empty */
    const char *qe_signer;
    bool qe_sig_flip; /* the last bit of its signature */
    struct span auth; /* authentication data; p NULL: the bytes 00..1f */

    /* quote */
    uint16_t ver, akt;
    uint32_t tee;
    uint8_t vendor[16];
    uint16_t ct;
    const char *isv_signer;
    bool isv_flip; /* the last signed bit, after signing */
    struct span trail;
    struct span
        chain; /* certification data; p NULL: PEM of leaf, CA and root, shaped by the two below */
    bool chain_nul, drop_root;

    /* the enclave */
    uint8_t isv_attr[16];
    uint32_t isv_misc;
    uint16_t isv_prod, isv_svn, config_svn;
    struct span mr_enclave, mr_signer; /* 32 bytes each; empty: derived from the seed */
    struct span config_id;             /* 64 bytes or empty */
    struct span ext_prod_id;           /* 16 bytes or empty */
    struct span family_id;             /* 16 bytes or empty */
    struct span runtime;               /* bound by report data; p NULL: the lab's own 22 bytes */
    struct span report_data;           /* 64 bytes; empty: SHA-256 of runtime and zeros */
};

/* Everything one machine shows, and what a verifier needs beside it. */
struct lab_sgx_set {
    struct span root_der, platform_ca_der, pck_der, tcb_signing_der;
    struct span root_crl, pck_crl; /* DER */
    struct span tcb_info, qe_identity;
    struct span quote;
    struct span runtime;             /* what the quote's report data binds */
    struct span pck_chain;           /* PEM: leaf, CA, root, as in the quote, its NUL too */
    struct span tcb_chain, qe_chain; /* PEM: TCB signing, root */
    struct span crl_chain;           /* PEM: the CA of the PCK CRL, root */
    struct span root_pem;
};

/* What a verifier must say, with the TCB profile `any` and no policy: one of the two is NULL. */
struct lab_scenario {
    const char *name;    /* "s-outofdate" */
    const char *kind;    /* "sgx" or "tdx": the word of `cupel lab make` */
    const char *changes; /* "comp=4 4 2 2 3 1 0 3;qe_svn=6" */
    const char *status, *reason;
};

/* The base's parameters for a seed. */
struct lab_sgx_params lab_sgx_params(uint64_t seed);

/* Moves every moment but the roots' so that it stands to `now` (2020 to 2049) as it stood to
 * LAB_NOW: each scenario keeps its outcome. */
void lab_sgx_params_at(struct lab_sgx_params *p, int64_t now);

/* Sets parameters from text, "name=value" parted by ';', values as in docs/formats/lab.md. Bytes
 * are kept in the arena. */
bool lab_sgx_set(struct lab_sgx_params *p, const char *changes, struct arena *a,
                 struct err *err) MUST_USE;

/* The name of the i-th parameter that lab_sgx_set knows, or NULL behind the last. */
const char *lab_param_name(size_t i);

/* The row of that name, or NULL. */
const struct lab_scenario *lab_scenario_find(const char *name);

/* All rows. */
const struct lab_scenario *lab_scenarios(size_t *count);

/* The parameters of a scenario; missing where there is none of that name, unsupported where it is
 * of another kind. */
bool lab_sgx_scenario(const char *name, uint64_t seed, struct arena *a, struct lab_sgx_params *out,
                      struct err *err) MUST_USE;

/* Makes every artifact. */
bool lab_sgx_make(const struct lab_sgx_params *p, struct arena *a, struct lab_sgx_set *out,
                  struct err *err) MUST_USE;

/* Scenario by name and everything of it, in one call. */
bool lab_sgx_make_scenario(const char *name, uint64_t seed, struct arena *a,
                           struct lab_sgx_set *out, struct err *err) MUST_USE;

/* The artifacts under the names that the golden table uses ("root.der", "quote.bin", ...). */
enum { LAB_SGX_ARTIFACTS = 9 };
struct lab_artifact {
    const char *name;
    struct span bytes;
};
void lab_sgx_artifacts(const struct lab_sgx_set *set, struct lab_artifact out[LAB_SGX_ARTIFACTS]);

/* A quote in an Open Enclave report: 16-byte header, version 1, type 2. Empty on failure. */
struct span lab_oe_report(struct arena *a, struct span quote);

/* Data in Open Enclave evidence: 28-byte header, version 3, that format UUID. */
struct span lab_oe_evidence(struct arena *a, const uint8_t uuid[16], struct span data);
extern const uint8_t lab_oe_uuid_ecdsa[16];     /* quote, then custom claims */
extern const uint8_t lab_oe_uuid_report[16];    /* an Open Enclave report inside */
extern const uint8_t lab_oe_uuid_raw_quote[16]; /* a quote alone */

/* Keys, for tests that sign something of their own. */
struct lab_key {
    uint8_t d[32];
    uint8_t point[65]; /* 04 || x || y */
};

/* The key of that name: any name is one. */
bool lab_key_of(uint64_t seed, const char *name, struct lab_key *out, struct err *err) MUST_USE;

/* ECDSA with SHA-256, deterministic, r || s. */
bool lab_sign(const struct lab_key *key, struct span message, uint8_t out[64],
              struct err *err) MUST_USE;

/* SHA-256 of one span. */
bool lab_sha256(struct span s, uint8_t out[32], struct err *err) MUST_USE;

/* A key as PKCS #8 in PEM. Empty on failure. */
struct span lab_key_pem(struct arena *a, const struct lab_key *key);

/* {"<member>":BODY,"signature":"<hex>"} with the body signed as it stands. Empty on failure. */
struct span lab_sign_document(struct arena *a, const char *member, struct span body,
                              const struct lab_key *key, struct err *err);

/* Compares every scenario of the kinds that the lab makes with a golden table (its JSON text) and
 * reports each difference as a line in `report`. False with err where the table cannot be read. */
struct lab_golden_result {
    size_t scenarios, artifacts, differences, skipped;
};
bool lab_verify_golden(struct span json, struct writer *report, struct lab_golden_result *out,
                       struct err *err) MUST_USE;

/* Files (lab/files.c): everything of one machine in a folder, as docs/formats/lab.md lists it. */
struct lab_make_options {
    const char *kind;     /* "sgx", "oe", "tpm" or "vbs" */
    const char *scenario; /* NULL: base */
    const char *changes;  /* NULL, or more parameters as for lab_sgx_set or lab_tpm_set */
    uint64_t seed;
    int64_t at; /* 0: LAB_NOW; else when it is to be judged, as for lab_sgx_params_at */
    const char *out_dir;
};
bool lab_make(const struct lab_make_options *options, struct err *err) MUST_USE;

#endif
