#include "oe.h"

#include "quote.h"

#define OE_SPEC "Open Enclave, attestation formats"

enum { OE_REPORT_VERSION = 1, OE_EVIDENCE_VERSION = 3 };

/* clang-format off */
static const struct {
    uint8_t uuid[OE_UUID_SIZE];
    const char *refusal; /* why evidence of this format is refused; NULL where it is read */
} formats[OE_FORMATS] = {
    [OE_FORMAT_SGX_ECDSA] = {
        { 0xa3, 0xa2, 0x1e, 0x87, 0x1b, 0x4d, 0x40, 0x14, 0xb7, 0x0a, 0xa1, 0x25, 0xd2, 0xfb, 0xcd, 0x8c }, NULL },
    [OE_FORMAT_LEGACY_REPORT] = {
        { 0xc8, 0x30, 0x34, 0x54, 0xd9, 0x23, 0x4c, 0x2c, 0xa6, 0x91, 0xdf, 0x7d, 0xef, 0x46, 0x0a, 0x76 }, NULL },
    [OE_FORMAT_RAW_QUOTE] = {
        { 0x19, 0x23, 0xd9, 0x1e, 0x12, 0xd2, 0x4c, 0x72, 0xb2, 0x20, 0x25, 0xcd, 0x8d, 0xac, 0xe8, 0x71 }, NULL },
    [OE_FORMAT_SGX_LOCAL] = {
        { 0x09, 0x26, 0x8c, 0x33, 0x6e, 0x0b, 0x45, 0xe5, 0x8a, 0x27, 0x15, 0x64, 0x4d, 0x0e, 0xf8, 0x9a },
        "SGX local attestation proves nothing to another machine" },
    [OE_FORMAT_EPID_LINKABLE] = {
        { 0xf2, 0x28, 0xaa, 0x3f, 0xde, 0x4d, 0x49, 0xd3, 0x88, 0x4c, 0xb2, 0xaa, 0x87, 0xa5, 0x0d, 0xa6 },
        "EPID evidence is not taken, only ECDSA quotes are" },
    [OE_FORMAT_EPID_UNLINKABLE] = {
        { 0x5c, 0x35, 0xd2, 0x90, 0xa2, 0xc2, 0x4c, 0x55, 0x9e, 0x13, 0x5a, 0xd7, 0x32, 0x74, 0x6c, 0x88 },
        "EPID evidence is not taken, only ECDSA quotes are" },
    [OE_FORMAT_TDX] = {
        { 0x8b, 0xa7, 0x02, 0x86, 0xc1, 0xcf, 0x11, 0xed, 0xaf, 0xa1, 0x02, 0x42, 0xac, 0x12, 0x00, 0x02 },
        "a TDX quote is not evidence of an SGX enclave" },
};
/* clang-format on */

/* u64 size: exactly what is left, no more and no less. */
static struct span sized_rest(struct reader *r, const char *name)
{
    size_t at = reader_offset(r);
    uint64_t size = reader_u64le(r, name);
    size_t left = reader_left(r);

    if (reader_ok(r) && size != left)
        reader_fail_at(r, at, ERR_MALFORMED, OE_SPEC, name, "says %llu bytes, %zu follow",
                       (unsigned long long)size, left);
    return reader_rest(r);
}

/* Reports */

static uint32_t first_u32(struct span bytes)
{
    struct err ignored = { 0 };
    struct reader r = reader_over(bytes, &ignored);

    return reader_u32le(&r, "version");
}

bool oe_report_looks_like(struct span bytes)
{
    struct err ignored = { 0 };
    struct reader r = reader_over(bytes, &ignored);
    uint32_t version = reader_u32le(&r, "version"), type = reader_u32le(&r, "type");

    return version == OE_REPORT_VERSION && (type == OE_REPORT_LOCAL || type == OE_REPORT_REMOTE);
}

static void report_version_check(struct reader *r, struct span bytes, uint32_t version)
{
    if (!reader_ok(r) || version == OE_REPORT_VERSION)
        return;
    if (quote_looks_like(bytes))
        reader_fail_at(r, 0, ERR_MALFORMED, OE_SPEC, "version",
                       "this looks like a raw quote, expected an Open Enclave report, which begins "
                       "with 01 00 00 00");
    else if (oe_evidence_looks_like(bytes))
        reader_fail_at(
            r, 0, ERR_MALFORMED, OE_SPEC, "version",
            "this looks like Open Enclave evidence (version 3), expected an Open Enclave "
            "report (version 1)");
    else
        reader_fail_at(r, 0, ERR_MALFORMED, OE_SPEC, "version",
                       "Open Enclave report version %u is not 1", (unsigned)version);
}

static void report_type_check(struct reader *r, uint32_t type)
{
    if (!reader_ok(r) || type == OE_REPORT_REMOTE)
        return;
    if (type == OE_REPORT_LOCAL)
        reader_fail_at(r, 4, ERR_UNSUPPORTED, OE_SPEC, "type",
                       "this is a local report (type 1), which proves nothing to another machine");
    else
        reader_fail_at(r, 4, ERR_MALFORMED, OE_SPEC, "type",
                       "Open Enclave report type %u is not 2, remote", (unsigned)type);
}

bool oe_report_parse(struct span bytes, struct span *quote, struct err *err)
{
    struct reader r = reader_over(bytes, err);
    uint32_t version = reader_u32le(&r, "version");
    uint32_t type;
    struct span rest;

    report_version_check(&r, bytes, version);
    type = reader_u32le(&r, "type");
    report_type_check(&r, type);
    rest = sized_rest(&r, "report_size");
    if (!reader_done(&r))
        return err_in(err, "oe_report");
    *quote = rest;
    return true;
}

void oe_report_write(struct writer *w, struct span quote)
{
    write_u32le(w, OE_REPORT_VERSION);
    write_u32le(w, OE_REPORT_REMOTE);
    write_u64le(w, quote.n);
    write_bytes(w, quote);
}

/* Evidence */

static bool format_find(struct span uuid, enum oe_format *out)
{
    for (size_t i = 0; i < COUNT(formats); i++)
        if (span_equal(uuid, span_of(formats[i].uuid, OE_UUID_SIZE))) {
            *out = (enum oe_format)i;
            return true;
        }
    return false;
}

bool oe_evidence_looks_like(struct span bytes)
{
    enum oe_format ignored;

    return first_u32(bytes) == OE_EVIDENCE_VERSION &&
           format_find(span_part(bytes, 4, OE_UUID_SIZE), &ignored);
}

static void evidence_version_check(struct reader *r, struct span bytes, uint32_t version)
{
    if (!reader_ok(r))
        return;
    if (quote_looks_like(bytes))
        reader_fail_at(r, 0, ERR_MALFORMED, OE_SPEC, "version",
                       "this looks like a raw quote, expected Open Enclave evidence");
    else if (oe_report_looks_like(bytes))
        reader_fail_at(r, 0, ERR_MALFORMED, OE_SPEC, "version",
                       "this looks like an Open Enclave report (version 1), expected Open Enclave "
                       "evidence (version 3)");
    else if (version != OE_EVIDENCE_VERSION)
        reader_fail_at(r, 0, ERR_MALFORMED, OE_SPEC, "version",
                       "Open Enclave evidence version %u is not 3", (unsigned)version);
}

static enum oe_format format_take(struct reader *r)
{
    size_t at = reader_offset(r);
    struct span uuid = reader_take(r, OE_UUID_SIZE, "format");
    enum oe_format format = OE_FORMATS;

    if (!reader_ok(r))
        return OE_FORMATS;
    if (!format_find(uuid, &format))
        reader_fail_at(r, at, ERR_UNSUPPORTED, OE_SPEC, "format",
                       "the format identifier %02x%02x%02x%02x.. is none that Open Enclave defines",
                       uuid.p[0], uuid.p[1], uuid.p[2], uuid.p[3]);
    else if (formats[format].refusal)
        reader_fail_at(r, at, ERR_UNSUPPORTED, OE_SPEC, "format", "%s", formats[format].refusal);
    return format;
}

/* The data behind the header, by format. The quote's own lengths say where custom claims begin. */
static bool data_parse(struct span data, struct oe_evidence *e, struct err *err)
{
    size_t length = 0;

    if (e->format == OE_FORMAT_LEGACY_REPORT)
        return oe_report_parse(data, &e->quote, err);
    e->quote = data;
    if (e->format == OE_FORMAT_RAW_QUOTE)
        return true;
    if (!quote_extent(data, &length, err))
        return false;
    e->quote = span_part(data, 0, length);
    e->has_custom_claims = true;
    e->custom_claims = span_part(data, length, data.n - length);
    return true;
}

bool oe_evidence_parse(struct span bytes, struct oe_evidence *out, struct err *err)
{
    struct reader r = reader_over(bytes, err);
    struct oe_evidence e = { 0 };
    struct span data;

    evidence_version_check(&r, bytes, reader_u32le(&r, "version"));
    e.format = format_take(&r);
    data = sized_rest(&r, "data_size");
    if (!reader_done(&r) || !data_parse(data, &e, err))
        return err_in(err, "oe_evidence");
    *out = e;
    return true;
}

static void evidence_data_write(struct writer *w, struct span quote, struct span custom_claims)
{
    write_u64le(w, quote.n + custom_claims.n);
    write_bytes(w, quote);
    write_bytes(w, custom_claims);
}

void oe_evidence_write(struct writer *w, enum oe_format format, struct span quote,
                       struct span custom_claims)
{
    write_u32le(w, OE_EVIDENCE_VERSION);
    write_bytes(w, span_of(formats[format].uuid, OE_UUID_SIZE));
    if (format == OE_FORMAT_LEGACY_REPORT) {
        write_u64le(w, OE_REPORT_HEADER_SIZE + quote.n);
        oe_report_write(w, quote);
    } else {
        evidence_data_write(w, quote, custom_claims);
    }
}
