/*
 * report - what a VBS enclave says about itself, signed by the secure kernel
 *
 * Shape    a package (header, signed statement, signature) around an identity and the modules
 * loaded beside it; little-endian and packed; sizes must add up to the last byte Borrows  every
 * span points into the bytes parsed; the modules lie in the arena Errors   malformed (sizes,
 * names), unsupported (version, scheme, kind of enclave, kind of block), limit, memory Source
 * Windows SDK, ntenclv.h; the VBS contract, 3 to 5
 */
#ifndef CUPEL_EVIDENCE_VBS_REPORT_H
#define CUPEL_EVIDENCE_VBS_REPORT_H

#include "../../base/arena.h"
#include "../../base/reader.h"
#include "../../base/writer.h"

enum {
    VBS_STATEMENT_MAX = 64 * 1024,
    VBS_SIGNATURE_MIN = 256,
    VBS_SIGNATURE_MAX = 512,
    VBS_MODULES_MAX = 64,
    VBS_PACKAGE_VERSION = 1,
    VBS_REPORT_VERSION = 1,
    VBS_SCHEME_PSS = 1, /* SHA-256, RSA-PSS with SHA-256 */
    VBS_ENCLAVE_TYPE = 0x10,
    VBS_MODULE_BLOCK = 1,
    VBS_DATA_SIZE = 64,
};

/* Full debugging, or dynamic debugging that is on; bits without a meaning count as bad news. */
#define VBS_FLAG_FULL_DEBUG     0x1u
#define VBS_FLAG_DYNAMIC_DEBUG  0x2u
#define VBS_FLAG_DYNAMIC_ACTIVE 0x4u

struct vbs_identity {
    struct span owner_id, unique_id, author_id; /* 32 bytes each */
    struct span family_id, image_id;            /* 16 bytes each */
    uint32_t enclave_svn, secure_kernel_svn, platform_svn, flags, signing_level, enclave_type;
};

struct vbs_module {
    struct span unique_id, author_id, family_id, image_id;
    uint32_t svn;
    struct span name; /* UTF-16 without its NUL */
};

/* The package's header and its parts. */
struct vbs_package {
    uint32_t version, scheme;
    struct span statement, signature;
};

struct vbs_report {
    uint32_t version;
    struct span data; /* 64 bytes of the enclave's choice */
    struct vbs_identity identity;
    struct vbs_module *modules;
    size_t module_count;
    uint32_t unknown_block; /* kind of the first block that is none of ours; 0: none */
};

/* Reads the package; the version and the scheme are the caller's to judge. */
bool vbs_package_parse(struct span bytes, struct vbs_package *out, struct err *err) MUST_USE;
void vbs_package_write(struct writer *w, const struct vbs_package *p);

/* Reads the statement; the version, the kind of enclave and of unknown blocks are the caller's to
 * judge. */
bool vbs_report_parse(struct span statement, struct arena *a, struct vbs_report *out,
                      struct err *err) MUST_USE;
void vbs_report_write(struct writer *w, const struct vbs_report *r);

/* Checks that a module with the identity's UniqueId is the identity. */
bool vbs_report_check_modules(const struct vbs_report *r, struct err *err) MUST_USE;

/* Tells whether somebody may look into the enclave. */
bool vbs_is_debuggable(uint32_t flags);

#endif
