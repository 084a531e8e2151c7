/* Targets: quote_parse, quote_write, quote_extent, quote_header_parse, quote_descriptor_parse
 *
 * What must be true: what parses lies inside the input, is measured alike by quote_extent, and
 * writes back byte for byte, so that no two inputs are read as the same facts. */
#include "quote.h"

#include "../../../fuzz/fuzz.h"

#include <string.h>

static uint8_t back[DCAP_QUOTE_MAX];

static void must_write_back(const struct quote *q, struct span input)
{
    struct writer w = writer_over(back, sizeof back);

    quote_write(&w, q);
    must(!w.has_failed && span_equal(writer_span(&w), input));
}

static void must_be_whole(const struct quote *q, struct span input)
{
    struct quote_descriptor d = { 0 };
    struct quote_header h = { 0 };
    struct err e = { 0 };
    size_t length = 0;

    must(q->length + q->trailing_zeros == input.n);
    must(q->signed_bytes.p == input.p);
    must(q->body.p + q->body.n == q->signed_bytes.p + q->signed_bytes.n);
    must(q->signature.n == 64 && q->attestation_key.n == 64 && q->qe_report_signature.n == 64);
    must(q->qe_report_bytes.n == SGX_REPORT_SIZE);
    must(q->qe_auth_data.n <= DCAP_QE_AUTH_DATA_MAX);
    must(quote_looks_like(input));
    must(quote_extent(input, &length, &e));
    must(length == q->length);
    must(quote_header_parse(input, &h, &e) && h.version == q->header.version);
    must(quote_descriptor_parse(input, &h, &d, &e) && d.type == q->descriptor.type);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span input = span_of(data, size);
    struct quote_header h;
    struct quote q;
    struct err e = { 0 };

    if (quote_parse(input, &q, &e)) {
        must_be_whole(&q, input);
        must_write_back(&q, input);
    } else {
        must(e.code == ERR_MALFORMED || e.code == ERR_LIMIT || e.code == ERR_UNSUPPORTED);
        must(e.text[0] != '\0' && strncmp(e.path, "quote", 5) == 0);
    }
    err_clear(&e);
    must(quote_header_parse(input, &h, &e) == (size >= QUOTE_HEADER_SIZE));
    return 0;
}
