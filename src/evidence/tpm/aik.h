/*
 * aik - who vouches for the key that signed the quote: its certificate, up to an anchor we hold
 *
 * Shape    an anchor is a name and a key, not a self-signature; intermediate authorities come from
 *          a pool of ours, since a request carries the leaf alone
 * Rule     every link's signature is checked whatever key identifiers say; nothing is fetched
 * Borrows  the settings' bytes, the leaf and the arena
 * Errors   malformed, untrusted, stale; each function establishes one thing
 * Source   the TPM contract, 8.1; RFC 5280, 6.1; TCG EK Credential Profile
 */
#ifndef CUPEL_EVIDENCE_TPM_AIK_H
#define CUPEL_EVIDENCE_TPM_AIK_H

#include "../../crypto/cert.h"
#include "../../crypto/crl.h"
#include "settings.h"

enum { AIK_PATH_MAX = 5 };

struct aik_path {
    struct cert certs[AIK_PATH_MAX]; /* the leaf first; the anchor is not among them */
    size_t count;
    const struct tpm_anchor *anchor;
};

/* Reads the leaf and what of its extensions is looked at later. */
bool aik_leaf_parse(struct span der, struct cert *out, struct err *err) MUST_USE;

/* Finds the way from the leaf to an anchor by names and signatures. Untrusted: no name leads to an
 * anchor. `out` is filled as far as names went when only signatures do not hold, with
 * *is_signed false. */
bool aik_path_find(struct crypto *c, const struct cert *leaf, const struct tpm_settings *s,
                   struct aik_path *out, bool *is_signed, struct err *err) MUST_USE;

/* Checks usage, purposes, policies, path lengths, algorithms and critical extensions. */
bool aik_path_check(const struct aik_path *path, struct err *err) MUST_USE;

/* Dates of every certificate. */
bool aik_path_begun(const struct aik_path *path, int64_t now, struct err *err) MUST_USE;
bool aik_path_lasts(const struct aik_path *path, int64_t now, struct err *err) MUST_USE;

/* Revocation, where a list of the issuer is held. */
bool aik_crls_read(struct crypto *c, const struct aik_path *path, const struct tpm_settings *s,
                   struct arena *a, int64_t now, struct err *err) MUST_USE;
bool aik_crls_last(const struct aik_path *path, const struct tpm_settings *s, struct arena *a,
                   int64_t now, struct err *err) MUST_USE;
bool aik_not_revoked(const struct aik_path *path, const struct tpm_settings *s, struct arena *a,
                     struct err *err) MUST_USE;

/* As aik_path_check, for the authorities on the way alone, and nothing about purposes. */
bool aik_authorities_check(const struct aik_path *path, struct err *err) MUST_USE;

/* Tells whether an OID stands in an extension that is a list ("2.5.29.37"); malformed for a shape
 * that is none. */
bool aik_list_has(const struct cert *cert, const char *extension, const char *oid, bool *has,
                  struct err *err) MUST_USE;

/* What the alternative name says of the TPM; empty where it is not said. */
struct tpm_names {
    struct span manufacturer, model, version;
};
bool aik_names(const struct cert *cert, struct tpm_names *out, struct err *err) MUST_USE;

/* The TPM's manufacturer as the alternative name has it, "id:4E544300"; empty where it is not
 * said. */
struct span aik_manufacturer(const struct cert *leaf);

/* Base64 of SHA-256 over the key's SubjectPublicKeyInfo. */
bool aik_pub_hash(struct crypto *c, struct span spki, struct arena *a, struct span *out,
                  struct err *err) MUST_USE;

#endif
