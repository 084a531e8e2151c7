#include "issuer_image.h"

#define SOURCE "docs/formats/fetcher.md"

/* "CIK" and "CIA", each with a version of one, as little-endian numbers. */
static const uint32_t image_magic = 0x014b4943, ask_magic = 0x01414943;

static bool entry_fits(const struct issuer_entry *e, struct err *err)
{
    if (e->issuer.n == 0 || e->issuer.n > ISSUER_NAME_MAX)
        return err_fail(err, ERR_LIMIT, SOURCE, "%zu bytes are not 1 to %d", e->issuer.n,
                        ISSUER_NAME_MAX) ||
               err_in(err, "issuer");
    if (e->keys.n == 0 || e->keys.n > ISSUER_KEYS_BYTES_MAX)
        return err_fail(err, ERR_LIMIT, SOURCE, "%zu bytes are not 1 to %d", e->keys.n,
                        ISSUER_KEYS_BYTES_MAX) ||
               err_in(err, "keys");
    return e->at >= 0 || err_fail(err, ERR_MALFORMED, SOURCE, "is before 1970") ||
           err_in(err, "at");
}

static void counted_write(struct writer *w, struct span s)
{
    write_u32le(w, (uint32_t)s.n);
    write_bytes(w, s);
}

bool issuer_image_write(struct writer *w, const struct issuer_image *m, struct err *err)
{
    if (m->count > BEARER_ISSUERS_MAX)
        return err_fail(err, ERR_LIMIT, SOURCE, "%zu issuers are more than %d", m->count,
                        BEARER_ISSUERS_MAX);
    write_u32le(w, image_magic);
    write_u32le(w, (uint32_t)m->count);
    for (size_t i = 0; i < m->count; i++) {
        if (!entry_fits(&m->items[i], err))
            return err_in(err, "image");
        counted_write(w, m->items[i].issuer);
        write_u64le(w, (uint64_t)m->items[i].at);
        counted_write(w, m->items[i].keys);
    }
    return !w->has_failed || err_fail(err, ERR_LIMIT, SOURCE, "the image does not fit its room");
}

static void magic_read(struct reader *r, uint32_t magic)
{
    uint32_t found = reader_u32le(r, "magic");

    if (reader_ok(r) && found != magic)
        reader_fail(r, ERR_UNSUPPORTED, SOURCE, "magic", "%08x is not %08x", found, magic);
}

static struct span counted_read(struct reader *r, size_t most, const char *name)
{
    uint32_t n = reader_u32le(r, name);

    if (reader_ok(r) && (n == 0 || n > most))
        reader_fail(r, ERR_LIMIT, SOURCE, name, "%u bytes are not 1 to %zu", n, most);
    return reader_take(r, n, name);
}

static void entry_read(struct reader *r, struct issuer_image *m)
{
    struct issuer_entry *e = &m->items[m->count];
    uint64_t at;

    e->issuer = counted_read(r, ISSUER_NAME_MAX, "issuer");
    at = reader_u64le(r, "at");
    e->keys = counted_read(r, ISSUER_KEYS_BYTES_MAX, "keys");
    if (reader_ok(r) && at > INT64_MAX)
        reader_fail(r, ERR_MALFORMED, SOURCE, "at", "is no moment");
    if (reader_ok(r) && issuer_image_find(m, e->issuer))
        reader_fail(r, ERR_MALFORMED, SOURCE, "issuer", "stands there twice");
    e->at = (int64_t)at;
    m->count++;
}

bool issuer_image_parse(struct span bytes, struct issuer_image *out, struct err *err)
{
    struct reader r = reader_over(bytes, err);
    struct issuer_image m = { 0 };
    uint32_t count;

    magic_read(&r, image_magic);
    count = reader_u32le(&r, "count");
    if (reader_ok(&r) && count > BEARER_ISSUERS_MAX)
        reader_fail(&r, ERR_LIMIT, SOURCE, "count", "%u issuers are more than %d", count,
                    BEARER_ISSUERS_MAX);
    for (uint32_t i = 0; reader_ok(&r) && i < count; i++)
        entry_read(&r, &m);
    if (!reader_done(&r))
        return err_in(err, "image");
    *out = m;
    return true;
}

const struct issuer_entry *issuer_image_find(const struct issuer_image *m, struct span issuer)
{
    for (size_t i = 0; i < m->count; i++)
        if (span_equal(m->items[i].issuer, issuer))
            return &m->items[i];
    return NULL;
}

void issuer_ask_write(struct writer *w, uint32_t issuer)
{
    write_u32le(w, ask_magic);
    write_u32le(w, issuer);
}

bool issuer_ask_parse(struct span packet, uint32_t *issuer, struct err *err)
{
    struct reader r = reader_over(packet, err);
    uint32_t found;

    magic_read(&r, ask_magic);
    found = reader_u32le(&r, "issuer");
    if (reader_ok(&r) && found >= BEARER_ISSUERS_MAX)
        reader_fail(&r, ERR_LIMIT, SOURCE, "issuer", "%u is not below %d", found,
                    BEARER_ISSUERS_MAX);
    if (!reader_done(&r))
        return err_in(err, "ask");
    *issuer = found;
    return true;
}
