#include "endorsements.h"

#include "limits.h"

#include "../../base/reader.h"
#include "../../base/writer.h"

#define OE_SPEC    "Open Enclave, endorsements"
#define INTEL_SPEC "Intel DCAP, quote verification collateral"

enum {
    OE_VERSION = 1,
    OE_ENCLAVE_SGX = 2,
    OE_ITEMS = 9,
    OE_ITEMS_VERSION = 1,
    INTEL_ITEMS = 7,
    INTEL_MAJOR_FIRST =
        3, /* lists of revoked certificates as hexadecimal text, then (3.1) as DER */
    INTEL_MAJOR_LAST = 4,
};

/* Where an item of the archive belongs. */
struct item {
    const char *name;
    size_t offset; /* of the span in struct dcap_collateral_files */
    bool is_text;  /* ends with a NUL that is counted */
};

#define FILE_AT(member) offsetof(struct dcap_collateral_files, member)

/* clang-format off */
static const struct item oe_items[] = { /* behind the version, before the creation time */
    { "tcb_info",                 FILE_AT(tcb_info),                 true  },
    { "tcb_info_issuer_chain",    FILE_AT(tcb_info_issuer_chain),    true  },
    { "pck_crl",                  FILE_AT(pck_crl),                  false },
    { "root_ca_crl",              FILE_AT(root_ca_crl),              false },
    { "pck_crl_issuer_chain",     FILE_AT(pck_crl_issuer_chain),     true  },
    { "qe_identity",              FILE_AT(qe_identity),              true  },
    { "qe_identity_issuer_chain", FILE_AT(qe_identity_issuer_chain), true  },
};
static const struct item intel_items[INTEL_ITEMS] = {
    { "pck_crl_issuer_chain",     FILE_AT(pck_crl_issuer_chain),     true  },
    { "root_ca_crl",              FILE_AT(root_ca_crl),              false },
    { "pck_crl",                  FILE_AT(pck_crl),                  false },
    { "tcb_info_issuer_chain",    FILE_AT(tcb_info_issuer_chain),    true  },
    { "tcb_info",                 FILE_AT(tcb_info),                 true  },
    { "qe_identity_issuer_chain", FILE_AT(qe_identity_issuer_chain), true  },
    { "qe_identity",              FILE_AT(qe_identity),              true  },
};
/* clang-format on */

static struct span without_nul(struct span s)
{
    return s.n > 0 && s.p[s.n - 1] == 0 ? span_part(s, 0, s.n - 1) : s;
}

static void item_set(struct dcap_collateral_files *files, const struct item *item, struct span s)
{
    struct span *at = (struct span *)(void *)((uint8_t *)files + item->offset);

    *at = item->is_text ? without_nul(s) : s;
}

static struct span item_of(const struct dcap_collateral_files *files, const struct item *item)
{
    return *(const struct span *)(const void *)((const uint8_t *)files + item->offset);
}

static bool size_check(struct span bytes, struct err *err)
{
    return bytes.n <= DCAP_ENDORSEMENTS_MAX ||
           err_fail(err, ERR_LIMIT, NULL, "%zu bytes, at most %d are taken", bytes.n,
                    DCAP_ENDORSEMENTS_MAX);
}

/* A field that must have one value. */
static void expect_u32(struct reader *r, uint32_t want, enum err_code code, const char *name)
{
    size_t at = reader_offset(r);
    uint32_t v = reader_u32le(r, name);

    if (reader_ok(r) && v != want)
        reader_fail_at(r, at, code, OE_SPEC, name, "is %u, expected %u", (unsigned)v,
                       (unsigned)want);
}

/* Open Enclave */

static void oe_size_take(struct reader *r)
{
    size_t at = reader_offset(r);
    uint32_t size = reader_u32le(r, "buffer_size");

    expect_u32(r, OE_ITEMS, ERR_MALFORMED, "count");
    if (reader_ok(r) && size != reader_left(r))
        reader_fail_at(r, at, ERR_MALFORMED, OE_SPEC, "buffer_size", "says %u bytes, %zu follow",
                       (unsigned)size, reader_left(r));
}

/* Offsets from the end of their own array; each item ends where the next begins. */
static void oe_offsets_take(struct reader *r, uint32_t offsets[OE_ITEMS])
{
    uint32_t least = 0;

    for (size_t i = 0; i < OE_ITEMS; i++) {
        size_t at = reader_offset(r);

        offsets[i] = reader_u32le(r, "offsets");
        if (reader_ok(r) && (offsets[i] < least || (i == 0 && offsets[i] != 0)))
            reader_fail_at(r, at, ERR_MALFORMED, OE_SPEC, "offsets",
                           "item %zu begins at %u, before the end of the one in front", i,
                           (unsigned)offsets[i]);
        least = offsets[i];
    }
}

static void oe_items_take(struct reader *r, const uint32_t offsets[OE_ITEMS],
                          struct dcap_collateral_files *files)
{
    expect_u32(r, OE_ITEMS_VERSION, ERR_UNSUPPORTED, "items_version");
    if (reader_ok(r) && offsets[1] != sizeof(uint32_t))
        reader_fail(r, ERR_MALFORMED, OE_SPEC, "items_version", "has %u bytes, expected 4",
                    (unsigned)offsets[1]);
    for (size_t i = 0; i < COUNT(oe_items) && reader_ok(r); i++)
        item_set(files, &oe_items[i],
                 reader_take(r, offsets[i + 2] - offsets[i + 1], oe_items[i].name));
}

bool endorsements_parse_oe(struct span bytes, struct dcap_collateral_files *out,
                           struct span *created, struct err *err)
{
    struct reader r = reader_over(bytes, err);
    struct dcap_collateral_files files = { 0 };
    uint32_t offsets[OE_ITEMS];
    struct span when;

    if (!size_check(bytes, err))
        return err_in(err, "endorsements");
    expect_u32(&r, OE_VERSION, ERR_UNSUPPORTED, "version");
    expect_u32(&r, OE_ENCLAVE_SGX, ERR_UNSUPPORTED, "enclave_type");
    oe_size_take(&r);
    oe_offsets_take(&r, offsets);
    oe_items_take(&r, offsets, &files);
    when = without_nul(reader_rest(&r));
    if (!reader_done(&r))
        return err_in(err, "endorsements");
    *out = files;
    if (created)
        *created = when;
    return true;
}

static size_t stored_size(const struct dcap_collateral_files *files, const struct item *item)
{
    return item_of(files, item).n + (item->is_text ? 1 : 0);
}

static void item_write(struct writer *w, const struct dcap_collateral_files *files,
                       const struct item *item)
{
    write_bytes(w, item_of(files, item));
    if (item->is_text)
        write_u8(w, 0);
}

void endorsements_write_oe(struct writer *w, const struct dcap_collateral_files *files,
                           struct span created)
{
    uint32_t offsets[OE_ITEMS] = { 0, sizeof(uint32_t) };
    uint32_t end;

    for (size_t i = 0; i < COUNT(oe_items); i++)
        offsets[i + 2] = offsets[i + 1] + (uint32_t)stored_size(files, &oe_items[i]);
    end = offsets[OE_ITEMS - 1] + (uint32_t)created.n + 1;
    write_u32le(w, OE_VERSION);
    write_u32le(w, OE_ENCLAVE_SGX);
    write_u32le(w, (uint32_t)sizeof offsets + end);
    write_u32le(w, OE_ITEMS);
    for (size_t i = 0; i < OE_ITEMS; i++)
        write_u32le(w, offsets[i]);
    write_u32le(w, OE_ITEMS_VERSION);
    for (size_t i = 0; i < COUNT(oe_items); i++)
        item_write(w, files, &oe_items[i]);
    write_bytes(w, created);
    write_u8(w, 0);
}

/* Intel's dump */

static void intel_version_take(struct reader *r)
{
    size_t at = reader_offset(r);
    uint16_t major = reader_u16le(r, "version");

    reader_u16le(r, "version");
    if (reader_ok(r) && (major < INTEL_MAJOR_FIRST || major > INTEL_MAJOR_LAST))
        reader_fail_at(r, at, ERR_UNSUPPORTED, INTEL_SPEC, "version",
                       "major version %u is not 3 or 4", major);
}

/* The pointers meant something in the process that wrote them, and mean nothing now. */
static void intel_sizes_take(struct reader *r, uint32_t sizes[INTEL_ITEMS])
{
    for (size_t i = 0; i < INTEL_ITEMS; i++) {
        reader_take(r, 8, "pointer");
        sizes[i] = reader_u32le(r, "size");
        reader_take(r, 4, "padding");
    }
}

bool endorsements_parse_intel(struct span bytes, struct dcap_collateral_files *out,
                              uint32_t *tee_type, struct err *err)
{
    struct reader r = reader_over(bytes, err);
    struct dcap_collateral_files files = { 0 };
    uint32_t sizes[INTEL_ITEMS], tee;

    if (!size_check(bytes, err))
        return err_in(err, "endorsements");
    intel_version_take(&r);
    tee = reader_u32le(&r, "tee_type");
    intel_sizes_take(&r, sizes);
    for (size_t i = 0; i < INTEL_ITEMS; i++)
        item_set(&files, &intel_items[i], reader_take(&r, sizes[i], intel_items[i].name));
    if (!reader_done(&r))
        return err_in(err, "endorsements");
    *out = files;
    if (tee_type)
        *tee_type = tee;
    return true;
}

void endorsements_write_intel(struct writer *w, const struct dcap_collateral_files *files,
                              uint32_t tee_type)
{
    write_u32le(w, INTEL_MAJOR_LAST);
    write_u32le(w, tee_type);
    for (size_t i = 0; i < INTEL_ITEMS; i++) {
        write_u64le(w, 0);
        write_u32le(w, (uint32_t)stored_size(files, &intel_items[i]));
        write_u32le(w, 0);
    }
    for (size_t i = 0; i < INTEL_ITEMS; i++)
        item_write(w, files, &intel_items[i]);
}
