/*
 * tpm2 - the TPM of this machine: an attestation key, quotes, the values of its registers
 *
 * Shape    one connection, one key; a device, or a software TPM by the name of its transport
 *          ("device:/dev/tpmrm0", "swtpm:path=/run/sock")
 * Key      a restricted signing key right below the endorsement hierarchy, made anew from its
 *          template each time: the TPM gives the same key until its owner replaces the hierarchy's
 *          seed, and nothing has to be stored
 * Errors   unsupported (built without access to TPMs), io (the TPM, or the way to it, refuses),
 *          limit, memory
 * Source   TPM 2.0 Library, Part 3: TPM2_CreatePrimary, TPM2_Quote, TPM2_PCR_Read, TPM2_NV_Read,
 *          TPM2_ActivateCredential; TCG EK Credential Profile, 2.2.1.4 (indices), B.3 (templates)
 */
#ifndef CUPEL_HOST_TPM2_H
#define CUPEL_HOST_TPM2_H

#include "../base/arena.h"

#define TPM2_DEVICE "device:/dev/tpmrm0"

enum tpm2_kind { TPM2_KEY_RSA, TPM2_KEY_P256 };

struct tpm2;

/* Opens the TPM and makes its attestation key. */
struct tpm2 *tpm2_open(const char *transport, enum tpm2_kind kind, struct err *err) MUST_USE;
void tpm2_close(struct tpm2 *t);

/* The key: TPMT_PUBLIC with its length in front. */
bool tpm2_public(const struct tpm2 *t, struct arena *a, struct span *out, struct err *err) MUST_USE;

/* TPMS_ATTEST and TPMT_SIGNATURE over the PCRs of the mask in the bank (a TPM_ALG_ID), made for the
 * nonce; and the values, in ascending order, as they were just before. Who finds that they are not
 * what was signed asks again. */
struct tpm2_quote {
    struct span statement, signature, values;
};
bool tpm2_quote(struct tpm2 *t, uint16_t bank, uint32_t mask, struct span nonce, struct arena *a,
                struct tpm2_quote *out, struct err *err) MUST_USE;

/* The certificate of the endorsement key of that kind, DER, as its maker stored it; missing where
 * none is stored. */
bool tpm2_ek_certificate(struct tpm2 *t, enum tpm2_kind ek, struct arena *a, struct span *out,
                         struct err *err) MUST_USE;

/* What the TPM gives out for a blob and a seed made for that endorsement key and this attestation
 * key (contents of TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET). */
bool tpm2_activate(struct tpm2 *t, enum tpm2_kind ek, struct span blob, struct span seed,
                   struct arena *a, struct span *out, struct err *err) MUST_USE;

#endif
