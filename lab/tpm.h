/*
 * tpm - makes measured boots: logs, quotes of a TPM that does not exist, enclave reports, and the
 * request that a machine sends with them
 *
 * Shape    parameters with defaults in, a set of artifacts out; the same parameters give the same
 *          bytes. A scenario is a row: the base with one thing changed, everything above it
 * measured and signed again, and the outcome that a verifier must come to Names    certificates say
 * "Lab ..."; the TPM's manufacturer is none (id:4C414200, "LAB") Borrows  artifacts live in the
 * arena; spans in the parameters must outlive the call Errors   missing (no such scenario),
 * unsupported (a scenario of another kind), malformed (a parameter's value), memory, limit Source
 * docs/formats/lab-tpm.md
 */
#ifndef CUPEL_LAB_TPM_H
#define CUPEL_LAB_TPM_H

#include "lab.h"

enum { LAB_ABSENT = -1 };

/* RSA keys, for tests that sign something of their own. */
enum { LAB_RSA_SIZE = 256, LAB_RSA_HALF = 128 };
struct lab_rsa {
    uint8_t n[LAB_RSA_SIZE], d[LAB_RSA_SIZE];
    uint8_t p[LAB_RSA_HALF], q[LAB_RSA_HALF], dp[LAB_RSA_HALF], dq[LAB_RSA_HALF], qi[LAB_RSA_HALF];
};

/* RSA keys that were made already: looking for primes takes longer than everything else here. All
 * zero is empty; the oldest makes room. */
enum { LAB_RING = 16, LAB_RING_NAME = 48 };
struct lab_ring {
    struct {
        uint64_t seed;
        char name[LAB_RING_NAME];
        struct lab_rsa key;
    } rows[LAB_RING];
    size_t count;
};

/* The RSA-2048 key of that name: any name is one. */
bool lab_rsa_of(struct lab_ring *ring, uint64_t seed, const char *name, struct lab_rsa *out,
                struct err *err) MUST_USE;

/* How an RSA signature is made. The salt of PSS is derived from key and message. */
struct lab_rsa_scheme {
    const char *hash; /* "sha1", "sha256", "sha384", "sha512" */
    bool is_pss;
    size_t salt;
};
bool lab_rsa_sign(const struct lab_rsa *key, const struct lab_rsa_scheme *scheme,
                  struct span message, uint8_t out[LAB_RSA_SIZE], struct err *err) MUST_USE;

/* A key as PKCS #8 in PEM. Empty on failure. */
struct span lab_rsa_pem(struct arena *a, const struct lab_rsa *key);

/* Everything that can be changed. A state is 0, 1, another number, or LAB_ABSENT: the record is not
 * in the log. Times are seconds since 1970 UTC. */
struct lab_tpm_params {
    uint64_t seed;     /* another seed: other keys and hashes throughout */
    uint64_t platform; /* another machine under the same roots */
    bool is_vbs;       /* with an enclave's report */

    /* the machine and its logs */
    const char *os;          /* windows, linux, none */
    const char *bank;        /* sha256, both, sha1 (the old encoding) */
    const char *secure_boot; /* on, off, twice, late, absent */
    uint64_t locality;       /* 0 or 3 */
    uint64_t boot_counter;
    int64_t transfer_control, boot_debugging; /* first boundary */
    int64_t second_counter, late_debugging;   /* second boundary */
    int64_t kernel_debug, code_integrity, test_signing, flight_signing;
    int64_t safe_mode, win_pe, vsm_launch, vsm_required, vbs_enforced, iommu, hvci;
    const char *idks;   /* one, none, two, same-twice, odd */
    int64_t idk_status; /* IDK_GENERATION_STATUS */
    const char *oddity; /* none, or what else the log holds: docs/formats/lab-tpm.md */
    const char *edit;   /* none, or KIND:EVENT, done to the log and not to the PCRs */
    uint64_t log_cut;   /* bytes missing at its end */
    struct span log_trail;
    bool trust_point;    /* behind the events */
    uint64_t ima;        /* entries of an IMA list; 0: no list */
    const char *ima_odd; /* none, drop, violation */
    uint64_t resumes;    /* from hibernation: 0 or how many */
    uint64_t resets;     /* between the two quotes; 0: as many */

    /* the attestation key */
    const char *aik;      /* rsa, rsa-pss, ec */
    const char *aik_hash; /* sha256, sha1, sha384 */
    bool aik_cert, aik_pub;
    const char *aik_pub_key, *aik_signer; /* keys: whose aik_pub is; who signs the certificate */
    int64_t aik_nb, aik_na, issuing_na;
    const char *aik_purpose; /* aik, none, other */
    const char *aik_policy;  /* none, cert, user */
    bool aik_is_ca, aik_alt_name, pin;
    uint64_t aik_cut; /* bytes missing at the certificate's end */
    const char *crl;  /* none, clean, revoked, stale, forged */

    /* the quote */
    uint64_t magic, attest_type, selection, clock, safe;
    const char *nonce;        /* right, wrong, empty */
    const char *pcrs;         /* right, changed, missing, twice, stranger */
    uint64_t scheme;          /* TPM_ALG_ID in the signature; 0: what it is */
    const char *quote_signer; /* aik, or another key */
    bool quote_flip;
    struct span quote_trail;

    /* the request */
    uint64_t form;              /* 1, 2 */
    const char *alg, *typ;      /* typ NULL: that of the form */
    struct span challenge;      /* empty: the lab's own */
    const char *context;        /* service_context, base64url */
    const char *binding;        /* quote, certify, none, ncrypt */
    const char *request_signer; /* request, or another key */
    const char *exponent;       /* of the request's key, base64url */
    const char *other_key;      /* none, plain, certified */
    const char *certify;        /* right, nonce, name, signer, restricted */
    const char *request_odd;    /* none, mixed, duplicate, padding, challenge */
    const char *rp_data;        /* or NULL */
    const char *custom;         /* NAME=VALUE, or NULL */

    /* the enclave */
    uint64_t package_version, package_scheme, report_version, enclave_type, block_type;
    uint64_t enclave_flags, enclave_svn;
    int64_t package_size, statement_size, report_size; /* what is added to what it should be */
    const char *report_signer;                         /* idks, idk, or another key */
    const char *report_padding;                        /* pss, salt-20, pkcs1 */
    bool report_flip, module_differs, respaced;
    const char *enclave_data; /* right, wrong */
    uint64_t report_cut;
    struct span report_trail;
};

/* What one machine shows, and what a verifier needs beside it. What a machine has not is empty. */
struct lab_tpm_set {
    struct span request;  /* compact JWS */
    struct span payload;  /* its JSON */
    struct span log, ima; /* of the quote */
    struct span boot_log; /* of the boot before hibernations */
    struct span quote, signature, boot_quote, boot_signature;
    struct span pcrs_sha1, pcrs_sha256; /* PCR 0 to 23, one behind the other */
    struct span aik_public;             /* TPMT_PUBLIC */
    struct span aik_cert, issuing_der, root_der, crl;
    struct span issuing_pem, root_pem;
    struct span aik_pub_hash; /* the claim's text */
    struct span report;       /* the enclave's package */
    struct span challenge, jwk, qualifying;
    struct span request_key; /* PKCS #8, PEM */
};

struct lab_tpm_scenario {
    const char *name, *kind; /* "tpm", "vbs" */
    const char *changes;
    const char *reason; /* NULL: accepted */
    const char *claims; /* "secureBootEnabled=true vbsEnabled=false": what must come out */
};

struct lab_tpm_params lab_tpm_params(const char *kind, uint64_t seed);
void lab_tpm_params_at(struct lab_tpm_params *p, int64_t now);

/* Sets parameters from text, "name=value" parted by ';'. */
bool lab_tpm_set(struct lab_tpm_params *p, const char *changes, struct arena *a,
                 struct err *err) MUST_USE;
const char *lab_tpm_param_name(size_t i);

const struct lab_tpm_scenario *lab_tpm_scenarios(size_t *count);

/* The parameters of a scenario; missing where that kind has none of that name. */
bool lab_tpm_scenario(const char *kind, const char *name, uint64_t seed, struct arena *a,
                      struct lab_tpm_params *out, struct err *err) MUST_USE;
const struct lab_tpm_scenario *lab_tpm_scenario_find(const char *kind, const char *name);

/* Makes every artifact. */
bool lab_tpm_make(const struct lab_tpm_params *p, struct lab_ring *ring, struct arena *a,
                  struct lab_tpm_set *out, struct err *err) MUST_USE;

/* The artifacts under their file names, empty ones left out; how many there are. */
enum { LAB_TPM_ARTIFACTS = 24 };
size_t lab_tpm_artifacts(const struct lab_tpm_set *set, struct lab_artifact out[LAB_TPM_ARTIFACTS]);

#endif
