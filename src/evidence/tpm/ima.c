#include "ima.h"

#include "../../base/hex.h"
#include "../../base/num.h"
#include "../../base/utf8.h"

#include <stdio.h>
#include <string.h>

#define IMA_TEMPLATES "Linux, IMA template management"

enum {
    LEAST_ENTRY = 4 + SHA1_SIZE + 4 + 1 + 4,
    OLD_NAME_SIZE = 256, /* the template "ima" hashes its name filled up to this */
};

static bool is_old(const struct ima_entry *e)
{
    return span_is(e->template_name, "ima");
}

/* u32 length and bytes */
static struct span take_field(struct reader *r, const char *name)
{
    return reader_take(r, reader_u32le(r, name), name);
}

/* "sha256:" NUL digest */
static void split_digest(struct reader *r, struct span field, struct ima_entry *e)
{
    const uint8_t *colon = field.n ? memchr(field.p, ':', field.n) : NULL;
    size_t at = colon ? (size_t)(colon - field.p) : field.n;

    if (!reader_ok(r))
        return;
    if (!colon || at + 1 >= field.n || field.p[at + 1] != 0) {
        reader_fail(r, ERR_MALFORMED, IMA_TEMPLATES, "digest",
                    "does not begin with the name of an algorithm, a colon and a NUL");
        return;
    }
    e->algorithm = span_part(field, 0, at);
    e->file_digest = span_part(field, at + 2, field.n);
}

static struct span without_nul(struct span s)
{
    return s.n > 0 && s.p[s.n - 1] == 0 ? span_part(s, 0, s.n - 1) : s;
}

static void read_new_fields(struct reader *r, struct ima_entry *e)
{
    split_digest(r, take_field(r, "digest"), e);
    e->name = without_nul(take_field(r, "name"));
    if (span_is(e->template_name, "ima-sig"))
        e->signature = take_field(r, "signature");
    else if (span_is(e->template_name, "ima-buf"))
        e->buffer = take_field(r, "buffer");
}

static bool is_new(const struct ima_entry *e)
{
    return span_is(e->template_name, "ima-ng") || span_is(e->template_name, "ima-sig") ||
           span_is(e->template_name, "ima-buf");
}

/* The oldest template has no length in front of its data: a digest, then a name. */
static void read_old(struct reader *r, struct ima_entry *e)
{
    size_t from = r->at;

    e->algorithm = span_str("sha1");
    e->file_digest = reader_take(r, SHA1_SIZE, "digest");
    e->name = take_field(r, "name");
    if (reader_ok(r) && e->name.n >= OLD_NAME_SIZE)
        reader_fail(r, ERR_MALFORMED, IMA_TEMPLATES, "name", "has %zu bytes, at most 255 fit",
                    e->name.n);
    e->data = span_part(r->in, from, r->at - from);
}

static void read_data(struct reader *r, struct ima_entry *e)
{
    uint32_t n = reader_u32le(r, "data");
    struct reader sub;

    if (reader_ok(r) && n > TPM_IMA_DATA_MAX) {
        reader_fail(r, ERR_LIMIT, NULL, "data", "an entry may have %d bytes, this says %u",
                    TPM_IMA_DATA_MAX, n);
        return;
    }
    sub = reader_sub(r, n, "data");
    e->data = sub.in;
    if (!is_new(e))
        (void)reader_rest(&sub);
    else
        read_new_fields(&sub, e);
    (void)reader_join(r, &sub, "fields");
}

static void read_template_name(struct reader *r, struct ima_entry *e)
{
    uint32_t n = reader_u32le(r, "template");

    if (reader_ok(r) && (n == 0 || n > TPM_IMA_NAME_MAX)) {
        reader_fail(r, ERR_MALFORMED, IMA_TEMPLATES, "template", "has a name of %u bytes", n);
        return;
    }
    e->template_name = reader_take(r, n, "template");
}

static bool read_entry(struct reader *r, struct ima_entry *e)
{
    uint32_t pcr;

    e->offset = reader_offset(r);
    pcr = reader_u32le(r, "pcr");
    if (reader_ok(r) && pcr != IMA_PCR)
        return reader_fail_at(r, e->offset, ERR_MALFORMED, IMA_TEMPLATES, "pcr",
                              "is %u, these measurements go into PCR %d", pcr, IMA_PCR);
    e->digest = reader_take(r, SHA1_SIZE, "template_digest");
    read_template_name(r, e);
    if (is_old(e))
        read_old(r, e);
    else
        read_data(r, e);
    e->is_violation = span_is_zero(e->digest);
    return reader_ok(r);
}

static bool fits(struct span bytes, struct err *err)
{
    if (bytes.n > TPM_LOG_MAX)
        return err_fail(err, ERR_LIMIT, NULL, "a list may have %d bytes, this has %zu", TPM_LOG_MAX,
                        bytes.n);
    if (bytes.n == 0)
        return err_fail_at(err, 0, ERR_MALFORMED, IMA_TEMPLATES, "the list is empty");
    return true;
}

bool ima_parse(struct span bytes, struct arena *a, struct ima_log *out, struct err *err)
{
    struct ima_log log = { .bytes = bytes };
    struct reader r = reader_over(bytes, err);
    size_t room = size_min(bytes.n / LEAST_ENTRY + 1, (size_t)TPM_EVENTS_MAX);
    char place[24];

    if (!fits(bytes, err))
        return false;
    log.entries = ARENA_ARRAY(a, struct ima_entry, room);
    if (!log.entries)
        return arena_fail(a, err);
    while (reader_left(&r) > 0) {
        if (log.count == room) {
            reader_fail(&r, ERR_LIMIT, NULL, "entries", "a list may have %d", TPM_EVENTS_MAX);
            return false;
        }
        if (!read_entry(&r, &log.entries[log.count])) {
            snprintf(place, sizeof place, "[%zu]", log.count);
            err_in(err, place);
            return err_in(err, "entries");
        }
        log.count++;
    }
    *out = log;
    return true;
}

static bool data_digest(struct crypto *c, enum tpm_bank bank, const struct ima_entry *e,
                        uint8_t *out, struct err *err)
{
    static const uint8_t zeros[OLD_NAME_SIZE];
    struct span parts[3] = { e->data };
    size_t count = 1;

    if (is_old(e)) {
        parts[0] = e->file_digest;
        parts[1] = e->name;
        parts[2] = span_of(zeros, OLD_NAME_SIZE - e->name.n);
        count = 3;
    }
    return digest(c, banks[bank].digest, parts, count, out, err);
}

bool ima_digest(struct crypto *c, enum tpm_bank bank, const struct ima_entry *e,
                uint8_t out[PCR_SIZE_MAX], struct err *err)
{
    if (e->is_violation)
        memset(out, 0xFF, banks[bank].size);
    else if (bank == BANK_SHA1)
        memcpy(out, e->digest.p, SHA1_SIZE);
    else
        return data_digest(c, bank, e, out, err);
    return true;
}

bool ima_is_hashed(struct crypto *c, const struct ima_entry *e, bool *out, struct err *err)
{
    uint8_t made[PCR_SIZE_MAX];

    if (!data_digest(c, BANK_SHA1, e, made, err))
        return false;
    *out = span_equal(e->digest, span_of(made, SHA1_SIZE));
    return true;
}

void ima_write_line(struct writer *w, const struct ima_entry *e)
{
    write_format(w, "%d ", IMA_PCR);
    hex_write(w, e->digest);
    write_u8(w, ' ');
    write_bytes(w, e->template_name);
    write_u8(w, ' ');
    if (!is_old(e)) {
        write_bytes(w, e->algorithm);
        write_u8(w, ':');
    }
    hex_write(w, e->file_digest);
    write_u8(w, ' ');
    write_bytes(w, e->name);
    if (span_is(e->template_name, "ima-sig") || span_is(e->template_name, "ima-buf"))
        write_u8(w, ' ');
    hex_write(w, e->signature);
    hex_write(w, e->buffer);
}

void ima_write(struct writer *w, const struct ima_entry *e)
{
    write_u32le(w, IMA_PCR);
    write_bytes(w, e->digest);
    write_u32le(w, (uint32_t)e->template_name.n);
    write_bytes(w, e->template_name);
    if (!is_old(e))
        write_u32le(w, (uint32_t)e->data.n);
    write_bytes(w, e->data);
}
