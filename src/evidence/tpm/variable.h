/*
 * variable - the data of events: UEFI variables, signature databases, boot programs, partitions
 *
 * Rule     shape only; whether the data is what was measured is the event's business
 * Borrows  every span points into the bytes parsed
 * Errors   malformed, limit
 * Source   TCG PC Client Firmware Profile, "Measured data formats"; UEFI 2.10, 32.4.1
 *          (EFI_SIGNATURE_LIST) and 10.3 (device paths); the TPM contract, 9.5 and 10
 */
#ifndef CUPEL_EVIDENCE_TPM_VARIABLE_H
#define CUPEL_EVIDENCE_TPM_VARIABLE_H

#include "../../base/reader.h"
#include "../../base/writer.h"
#include "limits.h"

enum { GUID_SIZE = 16 };

/* Where the variables of Secure Boot live, as bytes of a log. */
extern const struct span guid_global;         /* SecureBoot, PK, KEK */
extern const struct span guid_image_security; /* db, dbx */
extern const struct span guid_shim;           /* SbatLevel, MokListRT */

/* Upper-case text with hyphens. */
void guid_write(struct writer *w, struct span guid);

/* UEFI_VARIABLE_DATA */
struct uefi_variable {
    struct span guid; /* 16 bytes, mixed-endian */
    struct span name; /* UTF-16 without NUL */
    struct span data;
};
bool variable_parse(struct span bytes, struct uefi_variable *out, struct err *err) MUST_USE;
/* The length of the variable at the start of bytes, whatever follows it; 0 where there is none. */
size_t variable_extent(struct span bytes);
void variable_write(struct writer *w, const struct uefi_variable *v);

/* Tells whether it is the variable of that ASCII name under that GUID. */
bool variable_is(const struct uefi_variable *v, struct span guid, const char *name);

/* EFI_SIGNATURE_LIST: each entry of a database (PK, KEK, db, dbx). */
enum signature_kind { SIGNATURE_OTHER, SIGNATURE_X509, SIGNATURE_SHA256 };
struct efi_signature {
    enum signature_kind kind;
    struct span type;  /* GUID of the kind */
    struct span owner; /* GUID */
    struct span data;  /* certificate, digest or what the type says; vendor bytes are not in it */
};
/* Calls visit for each entry of each list; stops with true when it returns false. An unknown kind
 * is handed over as such. */
typedef bool signature_visit(void *arg, const struct efi_signature *s);
bool signature_lists_read(struct span bytes, signature_visit *visit, void *arg,
                          struct err *err) MUST_USE;

/* EFI_SIGNATURE_DATA of an authority event: an owner, then a certificate or digest. */
bool authority_parse(struct span bytes, struct efi_signature *out) MUST_USE;

/* UEFI_IMAGE_LOAD_EVENT */
struct image_load {
    uint64_t location, length, link_time;
    struct span device_path;
};
bool image_load_parse(struct span bytes, struct image_load *out, struct err *err) MUST_USE;

/* Writes a device path as text, nodes joined by '/'; false where it is malformed (what was read
 * until then is written). */
bool device_path_write(struct writer *w, struct span path, struct err *err) MUST_USE;

/* UEFI_GPT_DATA */
struct gpt_partition {
    struct span type, id; /* GUIDs */
    uint64_t first, last; /* blocks */
    struct span name;     /* UTF-16, filled up with NUL */
};
struct gpt {
    struct span disk; /* GUID */
    uint64_t count;
    struct span entries; /* count * 128 bytes */
};
bool gpt_parse(struct span bytes, struct gpt *out, struct err *err) MUST_USE;
struct gpt_partition gpt_partition_at(const struct gpt *g, size_t i);

#endif
