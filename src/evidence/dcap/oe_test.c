#include "oe.h"

#include "../../../tests/check.h"
#include "sample.h"

static struct arena arena;

static void begin(void)
{
    arena_fini(&arena);
    arena = arena_over(4 << 20);
}

static struct span sample_quote(void)
{
    struct sample s = sample_of(3);
    struct writer w = writer_in(&arena, 2048);

    sample_write(&w, &s);
    assert_false(w.has_failed);
    return writer_span(&w);
}

static struct span report_of(struct span quote)
{
    struct writer w = writer_in(&arena, quote.n + 16);

    oe_report_write(&w, quote);
    assert_false(w.has_failed);
    return writer_span(&w);
}

static struct span evidence_of(enum oe_format format, struct span quote, struct span claims)
{
    struct writer w = writer_in(&arena, quote.n + claims.n + 64);

    oe_evidence_write(&w, format, quote, claims);
    assert_false(w.has_failed);
    return writer_span(&w);
}

static struct err report_result(struct span bytes)
{
    uint8_t *exact = check_exact(bytes);
    struct span quote;
    struct err e = { 0 };
    bool ok = oe_report_parse(span_of(exact, bytes.n), &quote, &e);

    free(exact);
    CHECK_INT("a failure has a code", !ok, e.code != ERR_NONE);
    return e;
}

static struct err evidence_result(struct span bytes)
{
    uint8_t *exact = check_exact(bytes);
    struct oe_evidence out;
    struct err e = { 0 };
    bool ok = oe_evidence_parse(span_of(exact, bytes.n), &out, &e);

    free(exact);
    CHECK_INT("a failure has a code", !ok, e.code != ERR_NONE);
    return e;
}

/* A copy with `n` little-endian bytes at `at` set to value. */
static struct span changed(struct span s, size_t at, uint64_t value, size_t n)
{
    uint8_t *p = arena_alloc(&arena, s.n, 1);

    memcpy(p, s.p, s.n);
    for (size_t i = 0; i < n; i++)
        p[at + i] = (uint8_t)(value >> 8 * i);
    return span_of(p, s.n);
}

static struct span longer(struct span s)
{
    uint8_t *p = arena_alloc(&arena, s.n + 1, 1);

    memcpy(p, s.p, s.n);
    return span_of(p, s.n + 1);
}

static void oe_report_holds_a_quote(void **state)
{
    struct span quote, out = { 0 };
    struct err e = { 0 };

    (void)state;
    begin();
    quote = sample_quote();
    CHECK_OK("report", oe_report_parse(report_of(quote), &out, &e), e);
    CHECK_SPAN("quote", out, quote);
    CHECK("looks like one", oe_report_looks_like(report_of(quote)));
    CHECK("not like evidence", !oe_evidence_looks_like(report_of(quote)));
    CHECK("a quote does not", !oe_report_looks_like(quote));
}

static void oe_report_refuses_other_framing(void **state)
{
    struct span good;

    (void)state;
    begin();
    good = report_of(sample_quote());
    CHECK_ERR("version 2", report_result(changed(good, 0, 2, 4)), ERR_MALFORMED,
              "oe_report.version");
    CHECK_ERR("a raw quote", report_result(sample_quote()), ERR_MALFORMED, "oe_report.version");
    CHECK_ERR("evidence",
              report_result(evidence_of(OE_FORMAT_RAW_QUOTE, sample_quote(), (struct span){ 0 })),
              ERR_MALFORMED, "oe_report.version");
    CHECK_ERR("a local report", report_result(changed(good, 4, 1, 4)), ERR_UNSUPPORTED,
              "oe_report.type");
    CHECK_ERR("type 3", report_result(changed(good, 4, 3, 4)), ERR_MALFORMED, "oe_report.type");
    CHECK_ERR("size one less", report_result(changed(good, 8, good.n - 17, 8)), ERR_MALFORMED,
              "oe_report.report_size");
    CHECK_ERR("size one more", report_result(changed(good, 8, good.n - 15, 8)), ERR_MALFORMED,
              "oe_report.report_size");
    CHECK_ERR("size of 64 bits", report_result(changed(good, 12, 1, 4)), ERR_MALFORMED,
              "oe_report.report_size");
    CHECK_ERR("a byte more", report_result(longer(good)), ERR_MALFORMED, "oe_report.report_size");
    for (size_t n = 0; n < good.n; n++)
        CHECK_INT("truncated", report_result(span_of(good.p, n)).code, ERR_MALFORMED);
}

static void oe_evidence_holds_a_quote_and_custom_claims(void **state)
{
    static const struct {
        const char *name;
        enum oe_format format;
        const char *claims;
        bool has_claims;
    } rows[] = {
        { "with claims", OE_FORMAT_SGX_ECDSA, "claims, serialized", true },
        { "with an empty buffer", OE_FORMAT_SGX_ECDSA, "", true },
        { "legacy report", OE_FORMAT_LEGACY_REPORT, "", false },
        { "raw quote", OE_FORMAT_RAW_QUOTE, "", false },
    };
    struct span quote;

    (void)state;
    begin();
    quote = sample_quote();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span bytes = evidence_of(rows[i].format, quote, span_str(rows[i].claims));
        struct oe_evidence out;
        struct err e = { 0 };

        CHECK_OK(rows[i].name, oe_evidence_parse(bytes, &out, &e), e);
        CHECK_INT(rows[i].name, out.format, rows[i].format);
        CHECK_SPAN(rows[i].name, out.quote, quote);
        CHECK_INT(rows[i].name, out.has_custom_claims, rows[i].has_claims);
        CHECK_TEXT(rows[i].name, out.custom_claims, rows[i].claims);
        CHECK("looks like evidence", oe_evidence_looks_like(bytes));
        for (size_t n = 0; n < bytes.n; n++)
            CHECK_INT("truncated", evidence_result(span_of(bytes.p, n)).code, ERR_MALFORMED);
    }
}

static void oe_evidence_refuses_by_name(void **state)
{
    static const struct {
        const char *name;
        enum oe_format format;
        const char *says;
    } rows[] = {
        { "local attestation", OE_FORMAT_SGX_LOCAL, "local" },
        { "EPID, linkable", OE_FORMAT_EPID_LINKABLE, "EPID" },
        { "EPID, unlinkable", OE_FORMAT_EPID_UNLINKABLE, "EPID" },
        { "TDX", OE_FORMAT_TDX, "TDX" },
    };
    struct span good;

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e =
            evidence_result(evidence_of(rows[i].format, sample_quote(), (struct span){ 0 }));

        CHECK_ERR(rows[i].name, e, ERR_UNSUPPORTED, "oe_evidence.format");
        CHECK(rows[i].name, strstr(e.text, rows[i].says) != NULL);
    }
    good = evidence_of(OE_FORMAT_SGX_ECDSA, sample_quote(), span_str("claims"));
    CHECK_ERR("unknown format", evidence_result(changed(good, 4, 0, 1)), ERR_UNSUPPORTED,
              "oe_evidence.format");
    CHECK_ERR("version 4", evidence_result(changed(good, 0, 4, 4)), ERR_MALFORMED,
              "oe_evidence.version");
    CHECK_ERR("a raw quote", evidence_result(sample_quote()), ERR_MALFORMED, "oe_evidence.version");
    CHECK_ERR("a report", evidence_result(report_of(sample_quote())), ERR_MALFORMED,
              "oe_evidence.version");
    CHECK_ERR("a byte more", evidence_result(longer(good)), ERR_MALFORMED, "oe_evidence.data_size");
    CHECK_ERR("a size one less", evidence_result(changed(good, 20, good.n - 29, 8)), ERR_MALFORMED,
              "oe_evidence.data_size");
    CHECK_ERR("a quote longer than the data",
              evidence_result(changed(good, 28 + SAMPLE_V3_LENGTH, 8000, 4)), ERR_MALFORMED,
              "oe_evidence.quote.auth_data");
    CHECK_ERR("a local report inside",
              evidence_result(
                  changed(evidence_of(OE_FORMAT_LEGACY_REPORT, sample_quote(), (struct span){ 0 }),
                          28 + 4, 1, 4)),
              ERR_UNSUPPORTED, "oe_evidence.oe_report.type");
}

/* What differs in a bit is refused, or read as other bytes. */
static void oe_evidence_shows_each_flipped_bit(void **state)
{
    struct span good;

    (void)state;
    begin();
    good = evidence_of(OE_FORMAT_SGX_ECDSA, sample_quote(), span_str("claims"));
    for (size_t bit = 0; bit < good.n * 8; bit++) {
        uint8_t *p = check_exact(good);
        struct oe_evidence out;
        struct err e = { 0 };

        p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (oe_evidence_parse(span_of(p, good.n), &out, &e))
            CHECK("still there", out.quote.n + out.custom_claims.n == good.n - 28 &&
                                     out.quote.p == p + 28 && bit / 8 >= 28);
        free(p);
    }
}

static void oe_report_reads_real_reports(void **state)
{
    static const char *const files[] = {
        "sgx/evidence/oe-report-debug.bin",
        "sgx/evidence/oe-report-release.bin",
        "sgx/evidence/oe-report-sample-release.bin",
        "sgx/evidence/oe-report-sample-securityversion.bin",
    };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    begin();
    for (size_t i = 0; i < COUNT(files); i++) {
        struct span file = check_vector(files[i]), quote = { 0 };
        struct err e = { 0 };

        CHECK_OK(files[i], oe_report_parse(file, &quote, &e), e);
        CHECK_SPAN(files[i], report_of(quote), file);
        free((void *)(uintptr_t)file.p);
    }
}

TEST_MAIN(oe_report_holds_a_quote, oe_report_refuses_other_framing,
          oe_evidence_holds_a_quote_and_custom_claims, oe_evidence_refuses_by_name,
          oe_evidence_shows_each_flipped_bit, oe_report_reads_real_reports)
