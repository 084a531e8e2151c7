/*
 * tpm_in - what the files that make measured boots share
 *
 * Source   docs/formats/lab-tpm.md
 */
#ifndef CUPEL_LAB_TPM_IN_H
#define CUPEL_LAB_TPM_IN_H

#include "tpm.h"

#include "../src/evidence/tpm/quote.h"

/* One machine in the making. */
struct lab_tpm_bench {
    const struct lab_tpm_params *p;
    struct crypto *crypto;
    struct lab_ring *ring;
    struct arena *a;
    struct err *err;
};

/* The label that this machine's key or hash of that name is made from: names of a machine's own
 * carry its number. */
bool lab_tpm_label(const struct lab_tpm_bench *b, const char *name,
                   char out[LAB_RING_NAME]) MUST_USE;
bool lab_tpm_rsa(const struct lab_tpm_bench *b, const char *name, struct lab_rsa *out) MUST_USE;
bool lab_tpm_hash(const struct lab_tpm_bench *b, const char *name, uint8_t out[32]) MUST_USE;

/* What was written; a failure is noted in the bench's err, and the bytes are none. */
struct span lab_tpm_done(const struct lab_tpm_bench *b, struct writer *w);

/* A log and the PCRs that a machine which measured it has: an edited log leaves them alone. */
struct lab_boot_log {
    struct span bytes, ima;
    uint8_t pcrs[BANK_COUNT][PCR_COUNT][PCR_SIZE_MAX];
};

/* Measures a boot, or the resume from a hibernation. */
bool lab_log_make(const struct lab_tpm_bench *b, bool is_resume, struct lab_boot_log *out) MUST_USE;

/* The banks that the machine has. */
unsigned lab_tpm_banks(const struct lab_tpm_params *p);

/* The attestation key: its public area, how it signs, who vouches for it. */
struct lab_aik {
    bool is_ec;
    struct lab_rsa rsa;
    struct lab_key ec;
    struct span area, name; /* TPMT_PUBLIC and its name */
    struct span spki, cert, issuing, root, crl;
};
bool lab_aik_make(const struct lab_tpm_bench *b, struct lab_aik *out) MUST_USE;

/* TPMT_SIGNATURE over a statement. `signer` is "aik" or another key of the same kind. */
bool lab_aik_sign(const struct lab_tpm_bench *b, const struct lab_aik *aik, const char *signer,
                  struct span statement, struct span *out) MUST_USE;

/* TPMS_ATTEST about the PCRs, and its signature. */
struct lab_quote {
    struct span statement, signature;
};
bool lab_quote_pcrs(const struct lab_tpm_bench *b, const struct lab_aik *aik,
                    const struct lab_boot_log *log, struct span nonce, bool is_boot,
                    struct lab_quote *out) MUST_USE;

/* The name of the signer as a primary key of the endorsement hierarchy, in the arena. */
bool lab_qualified_name(const struct lab_tpm_bench *b, const struct lab_aik *aik,
                        struct span *out) MUST_USE;

/* The enclave's package over the text that it vouches for. */
bool lab_report_make(const struct lab_tpm_bench *b, struct span report_signed,
                     struct span *out) MUST_USE;

/* {"kty":"RSA","n":...,"e":...} */
void lab_write_jwk(struct writer *w, const struct lab_rsa *key, const char *exponent);
void lab_write_ec_jwk(struct writer *w, const struct lab_key *key);

/* Everything of one attestation that goes into a request. */
struct lab_statement {
    struct lab_boot_log log;
    struct lab_quote quote;
};
struct lab_request_in {
    const struct lab_tpm_bench *b;
    const struct lab_aik *aik;
    const struct lab_statement *current, *boot; /* boot NULL: none */
    const struct lab_boot_log *boot_log;        /* with boot: the log before it */
    struct lab_rsa key;                         /* the request's */
    struct span jwk, challenge;
};
bool lab_request_make(const struct lab_request_in *in, struct lab_tpm_set *set) MUST_USE;

#endif
