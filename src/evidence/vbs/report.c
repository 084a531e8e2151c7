#include "report.h"

#include <stdio.h>

#define CONTRACT "the VBS contract, "

enum { PACKAGE_HEADER = 24, BLOCK_HEADER = 8, MODULE_FIXED = 32 + 32 + 16 + 16 + 4 };

bool vbs_package_parse(struct span bytes, struct vbs_package *out, struct err *err)
{
    struct reader r = reader_over(bytes, err);
    struct vbs_package p = { 0 };
    uint32_t size = reader_u32le(&r, "package_size"), statement, signature;

    if (reader_ok(&r) && size != bytes.n)
        reader_fail(&r, ERR_MALFORMED, CONTRACT "3", "package_size", "is %u, %zu bytes came", size,
                    bytes.n);
    p.version = reader_u32le(&r, "version");
    p.scheme = reader_u32le(&r, "scheme");
    statement = reader_u32le(&r, "statement_size");
    signature = reader_u32le(&r, "signature_size");
    reader_take(&r, 4, "reserved");
    if (reader_ok(&r) && statement > VBS_STATEMENT_MAX)
        reader_fail(&r, ERR_MALFORMED, CONTRACT "3", "statement_size", "is %u, at most %d",
                    statement, VBS_STATEMENT_MAX);
    if (reader_ok(&r) && (signature < VBS_SIGNATURE_MIN || signature > VBS_SIGNATURE_MAX))
        reader_fail(&r, ERR_MALFORMED, CONTRACT "3", "signature_size", "is %u, expected %d to %d",
                    signature, VBS_SIGNATURE_MIN, VBS_SIGNATURE_MAX);
    p.statement = reader_take(&r, statement, "statement");
    p.signature = reader_take(&r, signature, "signature");
    if (!reader_done(&r))
        return false;
    *out = p;
    return true;
}

void vbs_package_write(struct writer *w, const struct vbs_package *p)
{
    write_u32le(w, (uint32_t)(PACKAGE_HEADER + p->statement.n + p->signature.n));
    write_u32le(w, p->version);
    write_u32le(w, p->scheme);
    write_u32le(w, (uint32_t)p->statement.n);
    write_u32le(w, (uint32_t)p->signature.n);
    write_u32le(w, 0);
    write_bytes(w, p->statement);
    write_bytes(w, p->signature);
}

/* UTF-16 up to its NUL; what fills the block up to a multiple of eight behind it is zeros. */
static struct span read_module_name(struct reader *block)
{
    size_t at = reader_offset(block);
    struct span rest = reader_rest(block);
    size_t n = 0;

    while (n + 1 < rest.n && (rest.p[n] != 0 || rest.p[n + 1] != 0))
        n += 2;
    if (reader_ok(block) && (n + 1 >= rest.n || n == 0))
        reader_fail_at(block, at, ERR_MALFORMED, CONTRACT "5", "name",
                       n == 0 ? "is empty" : "of %zu bytes has no end", rest.n);
    else if (!span_is_zero(span_part(rest, n, rest.n)))
        reader_fail_at(block, at + n, ERR_MALFORMED, CONTRACT "5", "name",
                       "is followed by something");
    return span_part(rest, 0, n);
}

static void read_module(struct reader *block, struct vbs_module *m)
{
    m->unique_id = reader_take(block, 32, "unique_id");
    m->author_id = reader_take(block, 32, "author_id");
    m->family_id = reader_take(block, 16, "family_id");
    m->image_id = reader_take(block, 16, "image_id");
    m->svn = reader_u32le(block, "svn");
    m->name = read_module_name(block);
}

static bool check_block(struct reader *r, uint32_t kind, uint32_t size)
{
    if (!reader_ok(r))
        return false;
    if (kind == 0)
        return reader_fail(r, ERR_MALFORMED, CONTRACT "5", "type", "is 0, which is invalid");
    if (size < BLOCK_HEADER || (kind == VBS_MODULE_BLOCK && size < BLOCK_HEADER + MODULE_FIXED))
        return reader_fail(r, ERR_MALFORMED, CONTRACT "5", "size", "of %u has no room for a block",
                           size);
    return true;
}

static bool read_block(struct reader *r, struct vbs_report *out)
{
    uint32_t kind = reader_u32le(r, "type"), size = reader_u32le(r, "size");
    struct reader block;
    char place[24];

    if (!check_block(r, kind, size))
        return false;
    block = reader_sub(r, size - BLOCK_HEADER, "size");
    if (kind != VBS_MODULE_BLOCK) {
        reader_rest(&block);
        out->unknown_block = out->unknown_block ? out->unknown_block : kind;
        return reader_join(r, &block, NULL);
    }
    if (out->module_count == VBS_MODULES_MAX)
        return reader_fail(r, ERR_LIMIT, CONTRACT "5", "modules", "are more than %d",
                           VBS_MODULES_MAX);
    snprintf(place, sizeof place, "modules[%zu]", out->module_count);
    read_module(&block, &out->modules[out->module_count++]);
    return reader_join(r, &block, place);
}

static void read_identity(struct reader *r, struct vbs_identity *i)
{
    i->owner_id = reader_take(r, 32, "owner_id");
    i->unique_id = reader_take(r, 32, "unique_id");
    i->author_id = reader_take(r, 32, "author_id");
    i->family_id = reader_take(r, 16, "family_id");
    i->image_id = reader_take(r, 16, "image_id");
    i->enclave_svn = reader_u32le(r, "enclave_svn");
    i->secure_kernel_svn = reader_u32le(r, "secure_kernel_svn");
    i->platform_svn = reader_u32le(r, "platform_svn");
    i->flags = reader_u32le(r, "flags");
    i->signing_level = reader_u32le(r, "signing_level");
    i->enclave_type = reader_u32le(r, "enclave_type");
}

bool vbs_report_parse(struct span statement, struct arena *a, struct vbs_report *out,
                      struct err *err)
{
    struct reader r = reader_over(statement, err);
    struct vbs_report report = { .modules = ARENA_ARRAY(a, struct vbs_module, VBS_MODULES_MAX) };
    uint32_t size = reader_u32le(&r, "report_size");

    if (!report.modules)
        return arena_fail(a, err);
    if (reader_ok(&r) && size != statement.n)
        reader_fail(&r, ERR_MALFORMED, CONTRACT "4", "report_size",
                    "is %u, the statement has %zu bytes", size, statement.n);
    report.version = reader_u32le(&r, "report_version");
    report.data = reader_take(&r, VBS_DATA_SIZE, "enclave_data");
    read_identity(&r, &report.identity);
    while (reader_left(&r) > 0 && read_block(&r, &report))
        continue;
    if (!reader_done(&r))
        return false;
    *out = report;
    return true;
}

static void write_identity(struct writer *w, const struct vbs_identity *i)
{
    write_bytes(w, i->owner_id);
    write_bytes(w, i->unique_id);
    write_bytes(w, i->author_id);
    write_bytes(w, i->family_id);
    write_bytes(w, i->image_id);
    write_u32le(w, i->enclave_svn);
    write_u32le(w, i->secure_kernel_svn);
    write_u32le(w, i->platform_svn);
    write_u32le(w, i->flags);
    write_u32le(w, i->signing_level);
    write_u32le(w, i->enclave_type);
}

static size_t module_size(const struct vbs_module *m)
{
    return (BLOCK_HEADER + MODULE_FIXED + m->name.n + 2 + 7) / 8 * 8;
}

static void write_module(struct writer *w, const struct vbs_module *m)
{
    write_u32le(w, VBS_MODULE_BLOCK);
    write_u32le(w, (uint32_t)module_size(m));
    write_bytes(w, m->unique_id);
    write_bytes(w, m->author_id);
    write_bytes(w, m->family_id);
    write_bytes(w, m->image_id);
    write_u32le(w, m->svn);
    write_bytes(w, m->name);
    write_fill(w, 0, module_size(m) - (BLOCK_HEADER + MODULE_FIXED) - m->name.n);
}

void vbs_report_write(struct writer *w, const struct vbs_report *r)
{
    size_t size = 224;

    for (size_t i = 0; i < r->module_count; i++)
        size += module_size(&r->modules[i]);
    write_u32le(w, (uint32_t)size);
    write_u32le(w, r->version);
    write_bytes(w, r->data);
    write_identity(w, &r->identity);
    for (size_t i = 0; i < r->module_count; i++)
        write_module(w, &r->modules[i]);
}

bool vbs_report_check_modules(const struct vbs_report *r, struct err *err)
{
    const struct vbs_identity *id = &r->identity;
    char place[24];

    for (size_t i = 0; i < r->module_count; i++) {
        const struct vbs_module *m = &r->modules[i];

        if (!span_equal(m->unique_id, id->unique_id))
            continue;
        if (span_equal(m->author_id, id->author_id) && span_equal(m->family_id, id->family_id) &&
            span_equal(m->image_id, id->image_id) && m->svn == id->enclave_svn)
            continue;
        snprintf(place, sizeof place, "modules[%zu]", i);
        err_fail(err, ERR_UNTRUSTED, CONTRACT "5",
                 "has the identity's UniqueId and differs from it in something else");
        return err_in(err, place);
    }
    return true;
}

bool vbs_is_debuggable(uint32_t flags)
{
    const uint32_t known = VBS_FLAG_FULL_DEBUG | VBS_FLAG_DYNAMIC_DEBUG | VBS_FLAG_DYNAMIC_ACTIVE;

    return (flags & (VBS_FLAG_FULL_DEBUG | VBS_FLAG_DYNAMIC_ACTIVE)) != 0 || (flags & ~known) != 0;
}
