#include "sgx_report.h"

#define SDM "Intel SDM vol. 3D, REPORT"

/* Reserved bytes, kept as they are so that they can be written back. */
static struct span reserved_take(struct reader *r, size_t n, const char *name, bool must_be_zero)
{
    size_t from = reader_offset(r);
    struct span s = reader_take(r, n, name);

    for (size_t i = 0; must_be_zero && i < s.n; i++)
        if (s.p[i] != 0) {
            reader_fail_at(r, from + i, ERR_MALFORMED, SDM, name,
                           "is reserved and must be zero, found 0x%02x", s.p[i]);
            return (struct span){ 0 };
        }
    return s;
}

/* FLAGS and XFRM, once as they lie (masks work on these) and once as numbers. */
static void attributes_take(struct reader *r, struct sgx_report *q)
{
    struct reader halves = reader_sub(r, 16, "attributes");

    q->attributes = halves.in;
    q->flags = reader_u64le(&halves, "flags");
    q->xfrm = reader_u64le(&halves, "xfrm");
    q->is_debug = (q->flags & SGX_ATTRIBUTE_DEBUG) != 0;
    q->has_kss = (q->flags & SGX_ATTRIBUTE_KSS) != 0;
}

static bool parse(struct reader *r, bool zeros, struct sgx_report *out)
{
    struct sgx_report q = { 0 };

    q.cpu_svn = reader_take(r, 16, "cpu_svn");
    q.misc_select = reader_u32le(r, "misc_select");
    q.reserved1 = reserved_take(r, 12, "reserved1", zeros);
    q.isv_ext_prod_id = reader_take(r, 16, "isv_ext_prod_id");
    attributes_take(r, &q);
    q.mr_enclave = reader_take(r, 32, "mr_enclave");
    q.reserved2 = reserved_take(r, 32, "reserved2", zeros);
    q.mr_signer = reader_take(r, 32, "mr_signer");
    q.reserved3 = reserved_take(r, 32, "reserved3", zeros);
    q.config_id = reader_take(r, 64, "config_id");
    q.isv_prod_id = reader_u16le(r, "isv_prod_id");
    q.isv_svn = reader_u16le(r, "isv_svn");
    q.config_svn = reader_u16le(r, "config_svn");
    q.reserved4 = reserved_take(r, 42, "reserved4", zeros);
    q.isv_family_id = reader_take(r, 16, "isv_family_id");
    q.report_data = reader_take(r, 64, "report_data");

    if (!reader_ok(r))
        return false;
    *out = q;
    return true;
}

bool sgx_report_parse(struct reader *r, struct sgx_report *out)
{
    return parse(r, true, out);
}

bool sgx_report_parse_qe(struct reader *r, struct sgx_report *out)
{
    return parse(r, false, out);
}

/* A field of fixed width. */
static void put(struct writer *w, struct span s, size_t width)
{
    if (s.n == width)
        write_bytes(w, s);
    else
        w->has_failed = true;
}

void sgx_report_write(struct writer *w, const struct sgx_report *report)
{
    put(w, report->cpu_svn, 16);
    write_u32le(w, report->misc_select);
    put(w, report->reserved1, 12);
    put(w, report->isv_ext_prod_id, 16);
    write_u64le(w, report->flags);
    write_u64le(w, report->xfrm);
    put(w, report->mr_enclave, 32);
    put(w, report->reserved2, 32);
    put(w, report->mr_signer, 32);
    put(w, report->reserved3, 32);
    put(w, report->config_id, 64);
    write_u16le(w, report->isv_prod_id);
    write_u16le(w, report->isv_svn);
    write_u16le(w, report->config_svn);
    put(w, report->reserved4, 42);
    put(w, report->isv_family_id, 16);
    put(w, report->report_data, 64);
}
