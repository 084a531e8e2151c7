/*
 * Enclave reports of the lab: an enclave that does not exist vouches for a request, and the secure
 * kernel of a boot that never was signs it.
 */
#include "lab_in.h"
#include "tpm_in.h"

#include "../src/evidence/vbs/report.h"

#include <string.h>

enum { REPORT_SIZE_AT = 0, MODULE_TYPE_AT = 224, STATEMENT_SIZE_AT = 12, PACKAGE_SIZE_AT = 0 };

static bool is(const char *word, const char *what)
{
    return strcmp(word, what) == 0;
}

static void put_u32(struct span s, size_t at, uint32_t v)
{
    uint8_t *p = (uint8_t *)(uintptr_t)s.p + at;

    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t get_u32(struct span s, size_t at)
{
    return s.p[at] | (uint32_t)s.p[at + 1] << 8 | (uint32_t)s.p[at + 2] << 16 |
           (uint32_t)s.p[at + 3] << 24;
}

static struct span utf16(const struct lab_tpm_bench *b, const char *text)
{
    struct writer w = writer_in(b->a, 2 * strlen(text));

    for (; *text; text++)
        write_u16le(&w, (uint8_t)*text);
    return lab_tpm_done(b, &w);
}

/* What identity and modules are made of. */
struct ids {
    uint8_t owner[32], unique[32], author[32], system[32];
};

static const uint8_t family[16] = { 0xFE, 0xFE }, image[16] = { 1, 1 }, zeros[32];

static bool ids_make(const struct lab_tpm_bench *b, struct ids *out)
{
    return lab_tpm_hash(b, "owner", out->owner) && lab_tpm_hash(b, "unique", out->unique) &&
           lab_tpm_hash(b, "author", out->author) && lab_tpm_hash(b, "vertdll", out->system);
}

static struct vbs_identity identity_of(const struct lab_tpm_params *p, const struct ids *ids)
{
    return (struct vbs_identity){ .owner_id = span_of(ids->owner, 32),
                                  .unique_id = span_of(ids->unique, 32),
                                  .author_id = span_of(ids->author, 32),
                                  .family_id = span_of(family, sizeof family),
                                  .image_id = span_of(image, sizeof image),
                                  .enclave_svn = (uint32_t)p->enclave_svn,
                                  .secure_kernel_svn = 1,
                                  .platform_svn = 5,
                                  .flags = (uint32_t)p->enclave_flags,
                                  .enclave_type = (uint32_t)p->enclave_type };
}

/* The enclave itself, and a module of the system's without author and family. */
static void modules_of(const struct lab_tpm_bench *b, const struct ids *ids,
                       struct vbs_module out[2])
{
    uint32_t svn = (uint32_t)b->p->enclave_svn;

    out[0] = (struct vbs_module){ .unique_id = span_of(ids->unique, 32),
                                  .author_id = span_of(ids->author, 32),
                                  .family_id = span_of(family, sizeof family),
                                  .image_id = span_of(image, sizeof image),
                                  .svn = b->p->module_differs ? svn + 1 : svn,
                                  .name = utf16(b, "labenclave.dll") };
    out[1] = (struct vbs_module){ .unique_id = span_of(ids->system, 32),
                                  .author_id = span_of(zeros, 32),
                                  .family_id = span_of(zeros, 16),
                                  .image_id = span_of(zeros, 16),
                                  .name = utf16(b, "vertdll.dll") };
}

/* SHA-512 of what is vouched for. */
static bool data_make(const struct lab_tpm_bench *b, struct span text, uint8_t out[SHA512_SIZE])
{
    if (!digest(b->crypto, DIGEST_SHA512, &text, 1, out, b->err))
        return false;
    if (is(b->p->enclave_data, "wrong"))
        out[SHA512_SIZE - 1] ^= 1;
    return true;
}

static bool statement_make(const struct lab_tpm_bench *b, struct span text, struct span *out)
{
    const struct lab_tpm_params *p = b->p;
    struct writer w = writer_in(b->a, 1024);
    struct vbs_module modules[2];
    uint8_t data[SHA512_SIZE];
    struct vbs_report r = { .version = (uint32_t)p->report_version,
                            .data = span_of(data, sizeof data),
                            .modules = modules,
                            .module_count = 2 };
    struct ids ids;

    if (!ids_make(b, &ids) || !data_make(b, text, data))
        return false;
    r.identity = identity_of(p, &ids);
    modules_of(b, &ids, modules);
    vbs_report_write(&w, &r);
    if (!writer_done(&w, out, b->err))
        return false;
    put_u32(*out, REPORT_SIZE_AT, get_u32(*out, REPORT_SIZE_AT) + (uint32_t)p->report_size);
    put_u32(*out, MODULE_TYPE_AT, (uint32_t)p->block_type);
    return true;
}

static bool sign(const struct lab_tpm_bench *b, struct span statement, uint8_t out[LAB_RSA_SIZE])
{
    const char *padding = b->p->report_padding;
    struct lab_rsa_scheme scheme = { .hash = "sha256",
                                     .is_pss = !is(padding, "pkcs1"),
                                     .salt = is(padding, "salt-20") ? 20 : 32 };
    struct lab_rsa key;

    if (!lab_tpm_rsa(b, b->p->report_signer, &key) ||
        !lab_rsa_sign(&key, &scheme, statement, out, b->err))
        return false;
    if (b->p->report_flip)
        out[0] ^= 1;
    return true;
}

bool lab_report_make(const struct lab_tpm_bench *b, struct span report_signed, struct span *out)
{
    const struct lab_tpm_params *p = b->p;
    struct writer w = writer_in(b->a, 1400);
    uint8_t signature[LAB_RSA_SIZE];
    struct vbs_package package = { .version = (uint32_t)p->package_version,
                                   .scheme = (uint32_t)p->package_scheme,
                                   .signature = span_of(signature, sizeof signature) };
    struct span whole = { 0 };

    if (!statement_make(b, report_signed, &package.statement) ||
        !sign(b, package.statement, signature))
        return false;
    vbs_package_write(&w, &package);
    write_bytes(&w, p->report_trail);
    if (!writer_done(&w, &whole, b->err))
        return false;
    put_u32(whole, PACKAGE_SIZE_AT, get_u32(whole, PACKAGE_SIZE_AT) + (uint32_t)p->package_size);
    put_u32(whole, STATEMENT_SIZE_AT,
            get_u32(whole, STATEMENT_SIZE_AT) + (uint32_t)p->statement_size);
    *out =
        span_part(whole, 0, whole.n - (p->report_cut < whole.n ? (size_t)p->report_cut : whole.n));
    return true;
}
