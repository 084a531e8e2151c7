/*
 * tpm_anchors - whom attestation keys of TPMs are believed from, as people name it
 *
 * Shape    words: "vendor" (Microsoft's root, pinned), "lab=PATH", or a PATH: a file of
 *          certificates, each of them an anchor, or a folder with anchors/, intermediates/, crls/
 *          and pins.json in it or in tpm/aik/, or aik-root.pem and other aik-*.pem
 * Rule     an anchor is a key and a name, not a self-signature. In folders what parses is loaded
 *          and what does not is named; a file that was named itself must parse
 * Owns     everything is in the arena
 * Errors   missing, malformed, limit, io, memory
 * Source   the TPM contract, 8.4
 */
#ifndef CUPEL_COLLATERAL_TPM_ANCHORS_H
#define CUPEL_COLLATERAL_TPM_ANCHORS_H

#include "../evidence/tpm/settings.h"

enum {
    TPM_ANCHORS_MAX = 256,
    TPM_INTERMEDIATES_MAX = 1024,
    TPM_CRLS_MAX = 64,
    TPM_PINS_MAX = 4096,
    TPM_ANCHOR_FILE_MAX = 4 * 1024 * 1024,
};

/* What was found in a folder and could not be read. */
struct tpm_anchor_note {
    const char *path;
    char text[192];
};

struct tpm_anchor_list {
    struct tpm_anchor *anchors;
    struct span *intermediates, *crls, *pins;
    size_t anchor_count, intermediate_count, crl_count, pin_count;
    struct tpm_anchor_note *notes;
    size_t note_count;
};

/* Reads the words; no words: vendor alone. `pool` (may be NULL) is a folder of further intermediate
 * certificates and, in crls/, of revocation lists. */
bool tpm_anchors_load(const char *const *words, size_t count, const char *pool, struct arena *a,
                      struct tpm_anchor_list *out, struct err *err) MUST_USE;

/* Puts what was loaded into settings, which borrow it. */
void tpm_anchors_apply(const struct tpm_anchor_list *list, struct tpm_settings *s);

#endif
