/*
 * tpm_take - what a machine attests its boot with, taken: logs, the request's key, a quote
 *
 * Rule     the quote covers PCR 0 to 23 of the SHA-256 bank and binds the request's key to the
 *          challenge; it belongs to a list of the kernel's that stood still meanwhile
 * Owns     what was read is in the arena of the command line
 * Errors   conflict (the kernel goes on measuring), io, malformed, limit
 * Source   the TPM contract, 3 and 4
 */
#ifndef CUPEL_CLI_TPM_TAKE_H
#define CUPEL_CLI_TPM_TAKE_H

#include "../crypto/signkey.h"
#include "cli.h"
#include "tpm_parts.h"

/* Options that every verb has which takes something from this machine's TPM. */
/* clang-format off */
#define TPM_TAKE_OPTIONS                                                                                                              \
    { "tcti",     OPTION_VALUE, "TEXT", "the way to the TPM, as tpm2-tss names it; default device:/dev/tpmrm0" },                       \
    { "aik",      OPTION_VALUE, "KIND", "rsa (default) or ecc" },                                                                       \
    { "aik-cert", OPTION_VALUE, "FILE", "the attestation key's certificate, DER" },                                                     \
    { "log",      OPTION_VALUE, "FILE", "the firmware's log; default what the kernel shows" },                                          \
    { "ima",      OPTION_VALUE, "FILE", "the kernel's own list; default what the kernel shows, or none" },                              \
    { "rp-data",  OPTION_VALUE, "TEXT", "base64url; comes back in the token" }
/* clang-format on */

struct tpm_take {
    struct cli *c;
    struct crypto *crypto;
    const char *dir;      /* where the key lies unless it is named */
    const char *aik_cert; /* a file, or NULL */
    struct tpm_parts parts;
    struct err *err;
};

/* Refuses words that are no kind of key. */
bool tpm_take_check(struct tpm_take *k) MUST_USE;

/* Reads log and certificate into the parts, and rp-data. */
bool tpm_take_inputs(struct tpm_take *k) MUST_USE;

/* Finds the key named by --key, or the one in the folder, or makes it there. */
bool tpm_take_key(struct tpm_take *k, struct signkey **out) MUST_USE;

/* Asks the TPM for a quote that binds the key to parts.challenge. */
bool tpm_take_quote(struct tpm_take *k, const struct signkey *key) MUST_USE;

#endif
