/*
 * ima - the Linux kernel's list of what it measured while running
 *
 * Shape    the binary runtime list, little-endian; templates ima, ima-ng, ima-sig and ima-buf are
 *          read to their fields, others kept whole
 * Rule     an entry whose listed digest is all zeros is a violation: it extends ones, and its data
 *          is not what was measured
 * Borrows  every span points into the bytes parsed; the entries lie in the arena
 * Errors   malformed, limit, memory; the path is "entries[3].fields"
 * Source   Linux, Documentation/security/IMA-templates; the TPM contract, 13
 */
#ifndef CUPEL_EVIDENCE_TPM_IMA_H
#define CUPEL_EVIDENCE_TPM_IMA_H

#include "../../base/arena.h"
#include "../../base/reader.h"
#include "../../base/writer.h"
#include "bank.h"
#include "limits.h"

enum { IMA_PCR = 10 };

struct ima_entry {
    size_t offset;
    struct span digest;        /* the listed SHA-1 of the data, or zeros */
    struct span template_name; /* "ima-ng" */
    struct span data;          /* template data, as hashed (but for the template "ima") */
    bool is_violation;
    struct span algorithm; /* of the file's digest: "sha256"; empty for unknown templates */
    struct span file_digest;
    struct span name;      /* the file, or what a buffer is */
    struct span signature; /* ima-sig; may be empty */
    struct span buffer;    /* ima-buf */
};

struct ima_log {
    struct span bytes;
    struct ima_entry *entries;
    size_t count;
};

/* Reads a whole list. */
bool ima_parse(struct span bytes, struct arena *a, struct ima_log *out, struct err *err) MUST_USE;

/* The digest that an entry extends in a bank: for SHA-1 the listed one, for others that of the
 * data; ones for a violation. */
bool ima_digest(struct crypto *c, enum tpm_bank bank, const struct ima_entry *e,
                uint8_t out[PCR_SIZE_MAX], struct err *err) MUST_USE;

/* Tells in *out whether the listed digest is that of the entry's data. */
bool ima_is_hashed(struct crypto *c, const struct ima_entry *e, bool *out,
                   struct err *err) MUST_USE;

/* Writes the line that the kernel prints for an entry, without the line's end. */
void ima_write_line(struct writer *w, const struct ima_entry *e);

/* Writes an entry as it stands in the list. */
void ima_write(struct writer *w, const struct ima_entry *e);

#endif
