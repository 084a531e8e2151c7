#include "variable.h"

#include "utf16.h"

#include <inttypes.h>
#include <string.h>

#define PFP  "TCG PC Client Firmware Profile, Measured data formats"
#define UEFI "UEFI 2.10, 32.4.1"

/* clang-format off */
static const uint8_t global_bytes[GUID_SIZE] = {
    0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11, 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c };
static const uint8_t image_security_bytes[GUID_SIZE] = {
    0xcb, 0xb2, 0x19, 0xd7, 0x3a, 0x3d, 0x96, 0x45, 0xa3, 0xbc, 0xda, 0xd0, 0x0e, 0x67, 0x65, 0x6f };
static const uint8_t shim_bytes[GUID_SIZE] = {
    0x50, 0xab, 0x5d, 0x60, 0x46, 0xe0, 0x00, 0x43, 0xab, 0xb6, 0x3d, 0xd8, 0x10, 0xdd, 0x8b, 0x23 };
static const uint8_t x509_bytes[GUID_SIZE] = {
    0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a, 0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72 };
static const uint8_t sha256_bytes[GUID_SIZE] = {
    0x26, 0x16, 0xc4, 0xc1, 0x4c, 0x50, 0x92, 0x40, 0xac, 0xa9, 0x41, 0xf9, 0x36, 0x93, 0x43, 0x28 };
/* clang-format on */

const struct span guid_global = { global_bytes, GUID_SIZE };
const struct span guid_image_security = { image_security_bytes, GUID_SIZE };
const struct span guid_shim = { shim_bytes, GUID_SIZE };

enum {
    SIGNATURE_HEAD = GUID_SIZE + 12,
    SHA256_ENTRY = GUID_SIZE + 32,
    GPT_HEAD = 92,
    GPT_ENTRY = 128
};

/* A reader that reports to err, or to nobody. */
static struct reader over(struct span bytes, struct err *err, struct err *nobody)
{
    return reader_over(bytes, err ? err : nobody);
}

void guid_write(struct writer *w, struct span guid)
{
    static const uint8_t order[GUID_SIZE] = {
        3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15
    };

    if (guid.n != GUID_SIZE)
        return;
    for (size_t i = 0; i < GUID_SIZE; i++)
        write_format(w, "%s%02X", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                     guid.p[order[i]]);
}

static void read_variable(struct reader *r, struct uefi_variable *v)
{
    uint64_t units, size;

    v->guid = reader_take(r, GUID_SIZE, "guid");
    units = reader_u64le(r, "name_length");
    size = reader_u64le(r, "data_length");
    v->name = reader_take(r, 2 * reader_count(r, units, 2, "name_length"), "name");
    v->data = reader_take(r, reader_count(r, size, 1, "data_length"), "data");
}

bool variable_parse(struct span bytes, struct uefi_variable *out, struct err *err)
{
    struct err nobody = { 0 };
    struct reader r = over(bytes, err, &nobody);
    struct uefi_variable v = { 0 };

    read_variable(&r, &v);
    if (!reader_done(&r))
        return err_in(err, "variable");
    *out = v;
    return true;
}

size_t variable_extent(struct span bytes)
{
    struct err nobody = { 0 };
    struct reader r = reader_over(bytes, &nobody);
    struct uefi_variable v = { 0 };

    read_variable(&r, &v);
    return reader_ok(&r) ? r.at : 0;
}

void variable_write(struct writer *w, const struct uefi_variable *v)
{
    write_bytes(w, v->guid);
    write_u64le(w, v->name.n / 2);
    write_u64le(w, v->data.n);
    write_bytes(w, v->name);
    write_bytes(w, v->data);
}

bool variable_is(const struct uefi_variable *v, struct span guid, const char *name)
{
    return span_equal(v->guid, guid) && utf16_is(v->name, name);
}

/* ---------------------------------------------------------------- signature databases */

static enum signature_kind kind_of(struct span type)
{
    if (span_equal(type, span_of(x509_bytes, GUID_SIZE)))
        return SIGNATURE_X509;
    return span_equal(type, span_of(sha256_bytes, GUID_SIZE)) ? SIGNATURE_SHA256 : SIGNATURE_OTHER;
}

struct lists {
    signature_visit *visit;
    void *arg;
    size_t left;
    bool has_stopped;
};

static void read_entries(struct reader *r, struct lists *l, struct efi_signature s, uint32_t each)
{
    size_t n = reader_left(r) / each;

    if (reader_left(r) % each != 0) {
        reader_fail(r, ERR_MALFORMED, UEFI, "signature_size",
                    "is %u, and %zu bytes are no multiple of it", each, reader_left(r));
        return;
    }
    if (n > l->left) {
        reader_fail(r, ERR_LIMIT, NULL, "signatures", "a database may have %d", TPM_SIGNATURES_MAX);
        return;
    }
    l->left -= n;
    for (size_t i = 0; i < n; i++) {
        s.owner = reader_take(r, GUID_SIZE, "owner");
        s.data = reader_take(r, each - GUID_SIZE, "data");
        if (!l->has_stopped && reader_ok(r))
            l->has_stopped = !l->visit(l->arg, &s);
    }
}

/* The header of a list is the vendor's: it is passed over, never read as entries. */
static void read_list(struct reader *r, struct lists *l)
{
    struct efi_signature s = { 0 };
    uint32_t whole, header, each;
    struct reader sub;

    s.type = reader_take(r, GUID_SIZE, "type");
    s.kind = kind_of(s.type);
    whole = reader_u32le(r, "list_size");
    header = reader_u32le(r, "header_size");
    each = reader_u32le(r, "signature_size");
    if (!reader_ok(r))
        return;
    if (whole < SIGNATURE_HEAD || each <= GUID_SIZE ||
        (s.kind == SIGNATURE_SHA256 && each != SHA256_ENTRY)) {
        reader_fail(r, ERR_MALFORMED, UEFI, "list_size", "%u bytes with entries of %u are no list",
                    whole, each);
        return;
    }
    sub = reader_sub(r, whole - SIGNATURE_HEAD, "list_size");
    (void)reader_take(&sub, header, "header_size");
    if (reader_ok(&sub))
        read_entries(&sub, l, s, each);
    (void)reader_join(r, &sub, NULL);
}

bool signature_lists_read(struct span bytes, signature_visit *visit, void *arg, struct err *err)
{
    struct err nobody = { 0 };
    struct reader r = over(bytes, err, &nobody);
    struct lists l = { visit, arg, TPM_SIGNATURES_MAX, false };

    while (reader_left(&r) > 0)
        read_list(&r, &l);
    if (!reader_done(&r))
        return err_in(err, "signature_list");
    return true;
}

bool authority_parse(struct span bytes, struct efi_signature *out)
{
    struct efi_signature s = { 0 };

    if (bytes.n <= GUID_SIZE)
        return false;
    s.owner = span_part(bytes, 0, GUID_SIZE);
    s.data = span_part(bytes, GUID_SIZE, bytes.n);
    s.kind = s.data.p[0] == 0x30 ? SIGNATURE_X509
             : s.data.n == 32    ? SIGNATURE_SHA256
                                 : SIGNATURE_OTHER;
    *out = s;
    return true;
}

/* ---------------------------------------------------------------- boot programs, partitions */

bool image_load_parse(struct span bytes, struct image_load *out, struct err *err)
{
    struct err nobody = { 0 };
    struct reader r = over(bytes, err, &nobody);
    struct image_load i = { 0 };
    uint64_t n;

    i.location = reader_u64le(&r, "location");
    i.length = reader_u64le(&r, "length");
    i.link_time = reader_u64le(&r, "link_time");
    n = reader_u64le(&r, "path_length");
    i.device_path = reader_take(&r, reader_count(&r, n, 1, "path_length"), "device_path");
    if (!reader_done(&r))
        return err_in(err, "image_load");
    *out = i;
    return true;
}

bool gpt_parse(struct span bytes, struct gpt *out, struct err *err)
{
    struct err nobody = { 0 };
    struct reader r = over(bytes, err, &nobody);
    struct gpt g = { 0 };
    struct span head = reader_take(&r, GPT_HEAD, "header");

    g.disk = span_part(head, 56, GUID_SIZE);
    g.count = reader_u64le(&r, "count");
    if (reader_ok(&r) && g.count > TPM_GPT_PARTITIONS_MAX)
        reader_fail(&r, ERR_LIMIT, NULL, "count", "a table may have %d partitions",
                    TPM_GPT_PARTITIONS_MAX);
    g.entries =
        reader_take(&r, GPT_ENTRY * reader_count(&r, g.count, GPT_ENTRY, "count"), "entries");
    if (!reader_done(&r))
        return err_in(err, "gpt");
    *out = g;
    return true;
}

static uint64_t little64(const uint8_t *p)
{
    uint64_t v = 0;

    for (size_t i = 8; i > 0; i--)
        v = v << 8 | p[i - 1];
    return v;
}

struct gpt_partition gpt_partition_at(const struct gpt *g, size_t i)
{
    struct span e = span_part(g->entries, i * GPT_ENTRY, GPT_ENTRY);

    if (e.n < GPT_ENTRY)
        return (struct gpt_partition){ 0 };
    return (struct gpt_partition){
        .type = span_part(e, 0, GUID_SIZE),
        .id = span_part(e, 16, GUID_SIZE),
        .first = little64(e.p + 32),
        .last = little64(e.p + 40),
        .name = span_part(e, 56, 72),
    };
}
