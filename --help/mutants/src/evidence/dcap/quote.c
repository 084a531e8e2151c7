#include "quote.h"

#define APP_A "DCAP quote, App. A"

enum {
    CERTIFICATION_OF_QE_REPORT = 6, /* the outer certification type of versions 4 and 5 */
    TD10_REPORT_SIZE = 584,
    TD15_REPORT_SIZE = 648,
    TD15_EXT_REPORT_SIZE = 885,
};

static const uint8_t intel[16] = { 0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                   0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07 };
const struct span quote_vendor_intel = { intel, sizeof intel };

/* clang-format off */
static const struct { uint32_t size; enum quote_tee_type tee; } bodies[] = {
    [QUOTE_BODY_SGX]      = { SGX_REPORT_SIZE,      QUOTE_TEE_SGX },
    [QUOTE_BODY_TD10]     = { TD10_REPORT_SIZE,     QUOTE_TEE_TDX },
    [QUOTE_BODY_TD15]     = { TD15_REPORT_SIZE,     QUOTE_TEE_TDX },
    [QUOTE_BODY_TD15_EXT] = { TD15_EXT_REPORT_SIZE, QUOTE_TEE_TDX },
};
/* clang-format on */

/* The header */

static struct quote_header header_take(struct reader *r)
{
    struct quote_header h = { 0 };

    h.version = reader_u16le(r, "version");
    h.key_type = reader_u16le(r, "key_type");
    h.tee_type = reader_u32le(r, "tee_type");
    h.qe_svn = reader_u16le(r, "qe_svn");
    h.pce_svn = reader_u16le(r, "pce_svn");
    h.vendor = reader_take(r, 16, "vendor");
    h.user = reader_take(r, 20, "user");
    return h;
}

bool quote_header_parse(struct span bytes, struct quote_header *out, struct err *err)
{
    struct reader r = reader_over(span_part(bytes, 0, QUOTE_HEADER_SIZE), err);
    struct quote_header h = header_take(&r);

    if (!reader_done(&r)) {
        err_in(err, "header");
        return err_in(err, "quote");
    }
    *out = h;
    return true;
}

static bool is_known_version(uint16_t version)
{
    return version >= QUOTE_VERSION_3 && version <= QUOTE_VERSION_5;
}

/* What quote_parse cannot go on without: the layout of everything behind the header hangs on it. */
static void header_check(struct reader *r, const struct quote_header *h)
{
    size_t at = reader_offset(r) - QUOTE_HEADER_SIZE;

    if (!is_known_version(h->version))
        reader_fail_at(r, at, ERR_UNSUPPORTED, APP_A, "header.version",
                       "quote version %u is not 3, 4 or 5", h->version);
    else if (h->key_type != QUOTE_KEY_P256)
        reader_fail_at(r, at + 2, ERR_UNSUPPORTED, APP_A, "header.key_type",
                       "attestation key type %u is not 2, ECDSA with P-256", h->key_type);
    else if (h->tee_type != QUOTE_TEE_SGX &&
             (h->tee_type != QUOTE_TEE_TDX || h->version == QUOTE_VERSION_3))
        reader_fail_at(r, at + 4, ERR_UNSUPPORTED, APP_A, "header.tee_type",
                       "TEE type 0x%08x is not one that quote version %u knows",
                       (unsigned)h->tee_type, h->version);
}

bool quote_looks_like(struct span bytes)
{
    return bytes.n >= 4 && bytes.p[0] >= QUOTE_VERSION_3 && bytes.p[0] <= QUOTE_VERSION_5 &&
           bytes.p[1] == 0 && (bytes.p[2] == QUOTE_KEY_P256 || bytes.p[2] == QUOTE_KEY_P384) &&
           bytes.p[3] == 0;
}

/* The body */

static struct quote_descriptor implied_descriptor(const struct quote_header *h)
{
    enum quote_body_type type = h->tee_type == QUOTE_TEE_TDX ? QUOTE_BODY_TD10 : QUOTE_BODY_SGX;

    return (struct quote_descriptor){ .type = (uint16_t)type, .size = bodies[type].size };
}

static void descriptor_check(struct reader *r, const struct quote_header *h,
                             const struct quote_descriptor *d)
{
    size_t at = reader_offset(r) - QUOTE_DESCRIPTOR_SIZE;

    if (d->type < QUOTE_BODY_SGX || d->type > QUOTE_BODY_TD15_EXT)
        reader_fail_at(r, at, ERR_UNSUPPORTED, APP_A, "descriptor.type",
                       "body type %u is not one of 1 to 4", d->type);
    else if (h->tee_type != (uint32_t)bodies[d->type].tee)
        reader_fail_at(r, at, ERR_UNSUPPORTED, APP_A, "descriptor.type",
                       "body type %u does not go with TEE type 0x%08x", d->type,
                       (unsigned)h->tee_type);
    else if (d->size != bodies[d->type].size)
        reader_fail_at(r, at + 2, ERR_MALFORMED, APP_A, "descriptor.size",
                       "says %u bytes, a body of type %u has %u", (unsigned)d->size, d->type,
                       (unsigned)bodies[d->type].size);
}

static struct quote_descriptor descriptor_take(struct reader *r, const struct quote_header *h)
{
    struct quote_descriptor d = implied_descriptor(h);

    if (h->version != QUOTE_VERSION_5)
        return d;
    d.type = reader_u16le(r, "descriptor.type");
    d.size = reader_u32le(r, "descriptor.size");
    if (reader_ok(r))
        descriptor_check(r, h, &d);
    return reader_ok(r) ? d : (struct quote_descriptor){ 0 };
}

bool quote_descriptor_parse(struct span bytes, const struct quote_header *header,
                            struct quote_descriptor *out, struct err *err)
{
    struct reader r = reader_over(bytes, err);
    struct quote_descriptor d;

    reader_take(&r, QUOTE_HEADER_SIZE, "header");
    header_check(&r, header);
    d = descriptor_take(&r, header);
    if (!reader_ok(&r))
        return err_in(err, "quote");
    *out = d;
    return true;
}

/* Header, descriptor and body: what the quote's signature covers. */
static void signed_take(struct reader *r, struct quote *q)
{
    q->header = header_take(r);
    if (!reader_ok(r)) {
        err_in(r->err, "header");
        return;
    }
    header_check(r, &q->header);
    q->descriptor = descriptor_take(r, &q->header);
    q->body = reader_take(r, q->descriptor.size, "body");
    if (reader_ok(r))
        q->signed_bytes = span_part(r->in, 0, r->at);
}

static void body_parse(struct reader *r, struct quote *q)
{
    struct reader body = { .in = q->body, .base = reader_offset(r) - q->body.n, .err = r->err };

    if (!reader_ok(r) || q->descriptor.type != QUOTE_BODY_SGX)
        return;
    sgx_report_parse(&body, &q->report);
    reader_join(r, &body, "body");
}

/* Authentication data */

/* A length in four bytes that must be at most `most`. */
static size_t length_take(struct reader *r, size_t most, const char *name)
{
    size_t at = reader_offset(r);
    uint32_t n = reader_u32le(r, name);

    if (n <= most)
        return n;
    reader_fail_at(r, at, ERR_LIMIT, APP_A, name, "says %u bytes, at most %zu are taken",
                   (unsigned)n, most);
    return 0;
}

static void qe_auth_take(struct reader *r, struct quote *q)
{
    size_t at = reader_offset(r);
    uint16_t n = reader_u16le(r, "qe_auth_data");

    if (n > DCAP_QE_AUTH_DATA_MAX)
        reader_fail_at(r, at, ERR_LIMIT, APP_A, "qe_auth_data",
                       "says %u bytes, at most %d are taken", n, DCAP_QE_AUTH_DATA_MAX);
    q->qe_auth_data = reader_take(r, n, "qe_auth_data");
}

static void qe_report_take(struct reader *r, struct quote *q)
{
    struct reader report = reader_sub(r, SGX_REPORT_SIZE, "qe_report");

    if (!reader_ok(r))
        return;
    q->qe_report_bytes = report.in;
    sgx_report_parse_qe(&report, &q->qe_report);
    reader_join(r, &report, "qe_report");
}

/* The quoting enclave's part: from its report to the certification data. */
static void qe_take(struct reader *r, struct quote *q)
{
    qe_report_take(r, q);
    q->qe_report_signature = reader_take(r, QUOTE_SIGNATURE_SIZE, "qe_report_signature");
    qe_auth_take(r, q);
    q->certification_type = reader_u16le(r, "certification.type");
    q->certification_data = reader_take(
        r, length_take(r, DCAP_CERTIFICATION_DATA_MAX, "certification.size"), "certification.data");
}

/* Versions 4 and 5 put the quoting enclave's part into certification data of type 6. */
static void qe_take_nested(struct reader *r, struct quote *q)
{
    size_t at = reader_offset(r);
    uint16_t type = reader_u16le(r, "outer.type");
    struct reader inner;

    if (reader_ok(r) && type != CERTIFICATION_OF_QE_REPORT)
        reader_fail_at(r, at, ERR_MALFORMED, APP_A, "outer.type",
                       "certification data type %u where version %u has 6", type,
                       q->header.version);
    inner = reader_sub(r, reader_u32le(r, "outer.size"), "outer.size");
    qe_take(&inner, q);
    reader_join(r, &inner, "outer");
}

static void auth_take(struct reader *r, struct quote *q)
{
    struct reader auth =
        reader_sub(r, length_take(r, DCAP_AUTH_DATA_MAX, "auth_data"), "auth_data");

    q->signature = reader_take(&auth, QUOTE_SIGNATURE_SIZE, "signature");
    q->attestation_key = reader_take(&auth, QUOTE_KEY_SIZE, "attestation_key");
    if (q->header.version == QUOTE_VERSION_3)
        qe_take(&auth, q);
    else
        qe_take_nested(&auth, q);
    reader_join(r, &auth, "auth_data");
}

/* Callers hand over buffers of a fixed size, so zeros may follow; anything else may not. */
static void trailing_take(struct reader *r, struct quote *q)
{
    size_t n = reader_left(r);

    q->length = r->at;
    q->trailing_zeros = n;
    if (n > DCAP_TRAILING_ZEROS_MAX)
        reader_fail(r, ERR_LIMIT, APP_A, "trailing",
                    "%zu bytes follow the quote, at most %d zeros are taken", n,
                    DCAP_TRAILING_ZEROS_MAX);
    reader_zeros(r, n, "trailing");
}

static bool size_check(struct span bytes, struct err *err)
{
    if (bytes.n <= DCAP_QUOTE_MAX)
        return true;
    err_fail(err, ERR_LIMIT, APP_A, "the quote has %zu bytes, at most %d are taken", bytes.n,
             DCAP_QUOTE_MAX);
    return err_in(err, "quote");
}

bool quote_parse(struct span bytes, struct quote *out, struct err *err)
{
    struct reader r = reader_over(bytes, err);
    struct quote q = { 0 };

    if (!size_check(bytes, err))
        return false;
    signed_take(&r, &q);
    body_parse(&r, &q);
    auth_take(&r, &q);
    trailing_take(&r, &q);
    if (!reader_done(&r))
        return err_in(err, "quote");
    *out = q;
    return true;
}

bool quote_extent(struct span bytes, size_t *length, struct err *err)
{
    struct reader r = reader_over(bytes, err);
    struct quote q = { 0 };

    if (!size_check(bytes, err))
        return false;
    signed_take(&r, &q);
    reader_take(&r, length_take(&r, DCAP_AUTH_DATA_MAX, "auth_data"), "auth_data");
    if (!reader_ok(&r))
        return err_in(err, "quote");
    *length = r.at;
    return true;
}

/* Writing */

static void header_write(struct writer *w, const struct quote_header *h)
{
    write_u16le(w, h->version);
    write_u16le(w, h->key_type);
    write_u32le(w, h->tee_type);
    write_u16le(w, h->qe_svn);
    write_u16le(w, h->pce_svn);
    write_bytes(w, h->vendor);
    write_bytes(w, h->user);
}

/* Wire lengths are narrower than size_t: what does not fit is not written short. */
static void size_write(struct writer *w, size_t n, size_t most)
{
    if (n > most)
        w->has_failed = true;
    else if (most > UINT16_MAX)
        write_u32le(w, (uint32_t)n);
    else
        write_u16le(w, (uint16_t)n);
}

static size_t qe_size(const struct quote *q)
{
    return SGX_REPORT_SIZE + QUOTE_SIGNATURE_SIZE + 2 + q->qe_auth_data.n + 2 + 4 +
           q->certification_data.n;
}

static void qe_write(struct writer *w, const struct quote *q)
{
    sgx_report_write(w, &q->qe_report);
    write_bytes(w, q->qe_report_signature);
    size_write(w, q->qe_auth_data.n, UINT16_MAX);
    write_bytes(w, q->qe_auth_data);
    write_u16le(w, q->certification_type);
    size_write(w, q->certification_data.n, UINT32_MAX);
    write_bytes(w, q->certification_data);
}

static void auth_write(struct writer *w, const struct quote *q)
{
    bool is_nested = q->header.version != QUOTE_VERSION_3;
    size_t own = QUOTE_SIGNATURE_SIZE + QUOTE_KEY_SIZE + (is_nested ? 2 + 4 : 0);

    size_write(w, own + qe_size(q), UINT32_MAX);
    write_bytes(w, q->signature);
    write_bytes(w, q->attestation_key);
    if (is_nested) {
        write_u16le(w, CERTIFICATION_OF_QE_REPORT);
        size_write(w, qe_size(q), UINT32_MAX);
    }
    qe_write(w, q);
}

void quote_write(struct writer *w, const struct quote *quote)
{
    header_write(w, &quote->header);
    if (quote->header.version == QUOTE_VERSION_5) {
        write_u16le(w, quote->descriptor.type);
        write_u32le(w, quote->descriptor.size);
    }
    if (quote->descriptor.type == QUOTE_BODY_SGX)
        sgx_report_write(w, &quote->report);
    else
        write_bytes(w, quote->body);
    auth_write(w, quote);
    write_fill(w, 0, quote->trailing_zeros);
}
