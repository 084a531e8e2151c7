/* Targets: sgx_report_parse, sgx_report_parse_qe, sgx_report_write
 *
 * What must be true: any 384 bytes are a quoting enclave's report and write back as they were; what
 * an enclave's parser takes, the other takes, too, as the same fields. */
#include "sgx_report.h"

#include "../../../fuzz/fuzz.h"

#include <string.h>

static void must_write_back(const struct sgx_report *report, const uint8_t *data)
{
    uint8_t back[SGX_REPORT_SIZE];
    struct writer w = writer_over(back, sizeof back);

    sgx_report_write(&w, report);
    must(!w.has_failed && w.n == SGX_REPORT_SIZE && memcmp(back, data, sizeof back) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err e = { 0 }, qe_e = { 0 };
    struct reader r = reader_over(span_of(data, size), &e);
    struct reader qe_r = reader_over(span_of(data, size), &qe_e);
    struct sgx_report report = { 0 }, qe = { 0 };
    bool ok = sgx_report_parse(&r, &report), qe_ok = sgx_report_parse_qe(&qe_r, &qe);

    must(qe_ok == (size >= SGX_REPORT_SIZE));
    must(ok || (e.code == ERR_MALFORMED && e.text[0] != '\0' && e.path[0] != '\0'));
    if (qe_ok)
        must_write_back(&qe, data);
    if (ok) {
        must(qe_ok && reader_offset(&r) == SGX_REPORT_SIZE);
        must_write_back(&report, data);
        must(span_is_zero(report.reserved1) && span_is_zero(report.reserved4));
    }
    return 0;
}
