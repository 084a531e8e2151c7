#include "sgx_report.h"

#include "../../../tests/check.h"
#include "sample.h"

static uint8_t sample[SGX_REPORT_SIZE];

static void make(uint8_t reserved)
{
    struct writer w = writer_over(sample, sizeof sample);

    sample_report_write(&w, reserved);
    assert_int_equal(w.n, sizeof sample);
}

static bool parse_whole(struct span bytes, bool is_qe, struct sgx_report *out, struct err *err)
{
    struct reader r = reader_over(bytes, err);
    bool ok = is_qe ? sgx_report_parse_qe(&r, out) : sgx_report_parse(&r, out);

    if (ok && reader_done(&r))
        return true;
    return err_in(err, "report");
}

static struct err parse_prefix(size_t n)
{
    uint8_t longer[SGX_REPORT_SIZE + 1] = { 0 }, *exact;
    struct sgx_report q;
    struct err e = { 0 };
    bool ok;

    memcpy(longer, sample, sizeof sample);
    exact = check_exact(span_of(longer, n));
    ok = parse_whole(span_of(exact, n), false, &q, &e);
    free(exact);
    CHECK("refused", !ok);
    return e;
}

static void sgx_report_reads_each_field_where_it_lies(void **state)
{
    struct sgx_report q;
    struct err e = { 0 };

    (void)state;
    make(0);
    CHECK_OK("sample", parse_whole(span_of(sample, sizeof sample), false, &q, &e), e);
    CHECK_SPAN("cpu_svn", q.cpu_svn, span_of(sample, 16));
    CHECK_INT("misc_select", q.misc_select, 0x01020304);
    CHECK_SPAN("isv_ext_prod_id", q.isv_ext_prod_id, span_of(sample + 32, 16));
    CHECK_SPAN("attributes", q.attributes, span_of(sample + 48, 16));
    CHECK_INT("flags", q.flags, 0x85);
    CHECK_INT("xfrm", q.xfrm, 0xe7);
    CHECK_SPAN("mr_enclave", q.mr_enclave, span_of(sample + 64, 32));
    CHECK_SPAN("mr_signer", q.mr_signer, span_of(sample + 128, 32));
    CHECK_SPAN("config_id", q.config_id, span_of(sample + 192, 64));
    CHECK_INT("isv_prod_id", q.isv_prod_id, 0x0701);
    CHECK_INT("isv_svn", q.isv_svn, 0x0302);
    CHECK_INT("config_svn", q.config_svn, 0x0904);
    CHECK_SPAN("isv_family_id", q.isv_family_id, span_of(sample + 304, 16));
    CHECK_SPAN("report_data", q.report_data, span_of(sample + 320, 64));
    CHECK("kss", q.has_kss && !q.is_debug);
}

static void sgx_report_tells_debug_and_kss_from_the_flags(void **state)
{
    static const struct {
        const char *name;
        uint8_t flags;
        bool debug, kss;
    } rows[] = {
        { "neither", 0x05, false, false },    { "debug", 0x07, true, false },
        { "kss", 0x85, false, true },         { "all but debug", 0xfd, false, true },
        { "all but kss", 0x7f, true, false },
    };
    struct sgx_report q;
    struct err e = { 0 };

    (void)state;
    make(0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        sample[48] = rows[i].flags;
        CHECK_OK(rows[i].name, parse_whole(span_of(sample, sizeof sample), false, &q, &e), e);
        CHECK_INT(rows[i].name, q.is_debug, rows[i].debug);
        CHECK_INT(rows[i].name, q.has_kss, rows[i].kss);
    }
}

static void sgx_report_refuses_each_truncation(void **state)
{
    static const struct {
        const char *name;
        size_t len;
        const char *path;
    } rows[] = {
        { "empty", 0, "report.cpu_svn" },
        { "inside an integer", 18, "report.misc_select" },
        { "before the attributes", 48, "report.attributes" },
        { "inside the attributes", 63, "report.attributes" },
        { "one byte short", 383, "report.report_data" },
        { "one byte long", 385, "report" },
    };

    (void)state;
    make(0);
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_ERR(rows[i].name, parse_prefix(rows[i].len), ERR_MALFORMED, rows[i].path);
    for (size_t n = 0; n < sizeof sample; n++)
        CHECK_INT("every length", parse_prefix(n).code, ERR_MALFORMED);
}

static void sgx_report_refuses_reserved_bytes_of_an_enclave_only(void **state)
{
    static const struct {
        const char *path;
        size_t first, last;
    } rows[] = {
        { "report.reserved1", 20, 31 },
        { "report.reserved2", 96, 127 },
        { "report.reserved3", 160, 191 },
        { "report.reserved4", 262, 303 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t at = rows[i].first; at <= rows[i].last; at++) {
            struct sgx_report q;
            struct err e = { 0 };

            make(0);
            sample[at] = 0x80;
            CHECK(rows[i].path, !parse_whole(span_of(sample, sizeof sample), false, &q, &e));
            CHECK_ERR(rows[i].path, e, ERR_MALFORMED, rows[i].path);
            CHECK_INT(rows[i].path, e.offset, at);
            err_clear(&e);
            CHECK_OK("quoting enclave", parse_whole(span_of(sample, sizeof sample), true, &q, &e),
                     e);
        }
}

static void sgx_report_leaves_the_output_alone_on_failure(void **state)
{
    struct sgx_report q = { .misc_select = 77 };
    struct err e = { 0 };

    (void)state;
    make(1);
    CHECK("refused", !parse_whole(span_of(sample, sizeof sample), false, &q, &e));
    CHECK_INT("untouched", q.misc_select, 77);
    CHECK("untouched", q.report_data.p == NULL);
}

/* Each byte is in exactly one field: what is written back is what was read. */
static void sgx_report_writes_back_every_flipped_bit(void **state)
{
    uint8_t back[SGX_REPORT_SIZE];

    (void)state;
    make(0x5e);
    for (size_t bit = 0; bit < sizeof sample * 8; bit++) {
        struct writer w = writer_over(back, sizeof back);
        struct sgx_report q;
        struct err e = { 0 };

        sample[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK_OK("parses", parse_whole(span_of(sample, sizeof sample), true, &q, &e), e);
        sgx_report_write(&w, &q);
        CHECK_SPAN("same bytes", writer_span(&w), span_of(sample, sizeof sample));
        sample[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void sgx_report_write_fails_on_a_field_of_another_width(void **state)
{
    uint8_t back[SGX_REPORT_SIZE + 8];
    struct writer w = writer_over(back, sizeof back);
    struct sgx_report q;
    struct err e = { 0 };

    (void)state;
    make(0);
    CHECK_OK("sample", parse_whole(span_of(sample, sizeof sample), false, &q, &e), e);
    q.mr_signer.n = 31;
    sgx_report_write(&w, &q);
    CHECK("failed", w.has_failed);
}

TEST_MAIN(sgx_report_reads_each_field_where_it_lies, sgx_report_tells_debug_and_kss_from_the_flags,
          sgx_report_refuses_each_truncation, sgx_report_refuses_reserved_bytes_of_an_enclave_only,
          sgx_report_leaves_the_output_alone_on_failure, sgx_report_writes_back_every_flipped_bit,
          sgx_report_write_fails_on_a_field_of_another_width)
