/* Targets: oe_report_parse, oe_evidence_parse and their writers
 *
 * What must be true: what parses writes back byte for byte, and says itself what it looks like. */
#include "oe.h"

#include "../../../fuzz/fuzz.h"

static void must_write_report(struct span quote, struct span input, struct arena *a)
{
    struct writer w = writer_in(a, input.n);

    oe_report_write(&w, quote);
    must(!w.has_failed && span_equal(writer_span(&w), input));
    must(oe_report_looks_like(input) && !oe_evidence_looks_like(input));
}

static void must_write_evidence(const struct oe_evidence *e, struct span input, struct arena *a)
{
    struct writer w = writer_in(a, input.n);

    oe_evidence_write(&w, e->format, e->quote, e->custom_claims);
    must(!w.has_failed && span_equal(writer_span(&w), input));
    must(oe_evidence_looks_like(input) && !oe_report_looks_like(input));
    must(e->has_custom_claims == (e->format == OE_FORMAT_SGX_ECDSA));
}

static void must_say_why(const struct err *e)
{
    must(e->code == ERR_MALFORMED || e->code == ERR_UNSUPPORTED || e->code == ERR_LIMIT);
    must(e->text[0] != '\0' && e->path[0] == 'o');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span input = span_of(data, size), quote = { 0 };
    struct arena a = arena_over(64 << 20);
    struct oe_evidence evidence = { 0 };
    struct err e = { 0 };

    if (oe_report_parse(input, &quote, &e))
        must_write_report(quote, input, &a);
    else
        must_say_why(&e);
    err_clear(&e);
    if (oe_evidence_parse(input, &evidence, &e))
        must_write_evidence(&evidence, input, &a);
    else
        must_say_why(&e);
    arena_fini(&a);
    return 0;
}
