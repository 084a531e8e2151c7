#include "claims.h"

#include "../../base/b64.h"
#include "../../format/json.h"
#include "../tpm/utf16.h"

/* What the rows read; text is base64url already. */
struct vbs_facts {
    struct span author_id, image_id, owner_id, family_id, unique_id, idks_hash;
    uint32_t enclave_svn, platform_svn, flags, secure_kernel_svn, signing_level;
    bool is_debuggable;
};

#define TEXT(field) CLAIM_STRING, FROM_TEXT, offsetof(struct vbs_facts, field)
#define IN          CLAIM_INCOMING
#define OURS        (CLAIM_INCOMING | CLAIM_OURS)

/* clang-format off */
const struct claim_def vbs_claims[] = {
    /* name                            type and value                          flags  what it means                                                source               instead */
    { "enclaveAuthorId",               TEXT(author_id),                        IN,    "signer of the enclave's primary module",                    "the VBS contract, 9", NULL },
    { "enclaveImageId",                TEXT(image_id),                         IN,    "image number from the enclave's configuration",             "the VBS contract, 9", NULL },
    { "enclaveOwnerId",                TEXT(owner_id),                         IN,    "what whoever created the enclave gave it",                  "the VBS contract, 9", NULL },
    { "enclaveFamilyId",               TEXT(family_id),                        IN,    "family number from the enclave's configuration",            "the VBS contract, 9", NULL },
    { "enclaveSvn",                    FROM(vbs_facts, enclave_svn),           IN,    "security version of the primary module",                    "the VBS contract, 9", NULL },
    { "enclavePlatformSvn",            FROM(vbs_facts, platform_svn),          IN,    "security version of the platform",                          "the VBS contract, 9", NULL },
    { "enclaveFlags",                  FROM(vbs_facts, flags),                 IN,    "1 debuggable, 2 debugging may be switched on, 4 it is on",  "the VBS contract, 8", NULL },
    { "x-ms-vbs-is-debuggable",        FROM(vbs_facts, is_debuggable),         OURS,  "the enclave's memory can be read, or flags are not known",  "the VBS contract, 8", NULL },
    { "x-ms-vbs-unique-id",            TEXT(unique_id),                        OURS,  "exact code of the primary module",                          "the VBS contract, 9", NULL },
    { "x-ms-vbs-secure-kernel-svn",    FROM(vbs_facts, secure_kernel_svn),     OURS,  "security version of the secure kernel",                     "the VBS contract, 9", NULL },
    { "x-ms-vbs-signing-level",        FROM(vbs_facts, signing_level),         OURS,  "signing level of the enclave",                              "the VBS contract, 9", NULL },
    { "x-ms-vbs-modules",              CLAIM_STRING, FROM_MADE, 0,             OURS,  "modules loaded into the enclave, as JSON",                  "the VBS contract, 9", NULL },
    { "x-ms-vbs-idks-hash",            TEXT(idks_hash),                        OURS,  "SHA-256 of the modulus of the key that signed the report",  "the VBS contract, 9", NULL },
};
/* clang-format on */

const size_t vbs_claim_count = COUNT(vbs_claims);

static bool put_text(const struct tpm_case *c, struct span bytes, struct span *out, struct err *err)
{
    *out = b64_dup_url(c->in->arena, bytes);
    return out->p ? true : arena_fail(c->in->arena, err);
}

static bool facts_of(const struct tpm_case *c, struct vbs_facts *f, struct err *err)
{
    const struct vbs_identity *id = &c->report.identity;
    uint8_t sum[SHA256_SIZE];

    *f = (struct vbs_facts){
        .enclave_svn = id->enclave_svn,
        .platform_svn = id->platform_svn,
        .flags = id->flags,
        .secure_kernel_svn = id->secure_kernel_svn,
        .signing_level = id->signing_level,
        .is_debuggable = vbs_is_debuggable(id->flags),
    };
    return digest_sha256(c->in->crypto, c->idks.modulus, sum, err) &&
           put_text(c, span_of(sum, sizeof sum), &f->idks_hash, err) &&
           put_text(c, id->author_id, &f->author_id, err) &&
           put_text(c, id->image_id, &f->image_id, err) &&
           put_text(c, id->owner_id, &f->owner_id, err) &&
           put_text(c, id->family_id, &f->family_id, err) &&
           put_text(c, id->unique_id, &f->unique_id, err);
}

static void write_id(struct writer *w, const char *name, struct span bytes)
{
    write_format(w, ",\"%s\":\"", name);
    b64_write_url(w, bytes);
    write_u8(w, '"');
}

static bool write_module(const struct tpm_case *c, const struct vbs_module *m, struct writer *w,
                         struct err *err)
{
    struct span name = utf16_dup(c->in->arena, m->name);

    if (!name.p)
        return arena_fail(c->in->arena, err);
    write_text(w, "{\"Name\":");
    json_write_string(w, name);
    write_id(w, "UniqueId", m->unique_id);
    write_id(w, "AuthorId", m->author_id);
    write_id(w, "FamilyId", m->family_id);
    write_id(w, "ImageId", m->image_id);
    write_format(w, ",\"Svn\":%u}", m->svn);
    return true;
}

static bool make_modules(const struct tpm_case *c, struct span *out, struct err *err)
{
    struct writer w = writer_in(c->in->arena, 512);

    write_text(&w, "[");
    for (size_t i = 0; i < c->report.module_count; i++) {
        write_text(&w, i ? "," : "");
        if (!write_module(c, &c->report.modules[i], &w, err))
            return false;
    }
    write_text(&w, "]");
    return writer_done(&w, out, err);
}

bool vbs_claims_make(const struct tpm_case *c, struct claim_set *incoming, struct err *err)
{
    struct span modules = { 0 };
    struct vbs_facts facts;

    if (!facts_of(c, &facts, err) || !make_modules(c, &modules, err))
        return false;
    for (size_t i = 0; i < vbs_claim_count; i++)
        if (!((vbs_claims[i].flags & CLAIM_OURS) && c->settings->without_own_claims) &&
            !claim_add_def(incoming, &vbs_claims[i], &facts, err))
            return false;
    return c->settings->without_own_claims || c->settings->without_json_claims ||
           claim_add_string(incoming, "x-ms-vbs-modules", modules, err);
}
