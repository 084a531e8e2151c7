/* Open Enclave's wrappers around quotes, and what each route takes. */
#include "sgx.h"

#include "../dcap/oe.h"
#include "test_mutant.h"

static void as_report(struct test_case *t)
{
    t->in.kind = EVIDENCE_OE;
    t->in.evidence = lab_oe_report(&t->lab, t->set.quote);
}

/* A report with some bytes of its header replaced. */
static void report_with(struct test_case *t, size_t at, const void *bytes, size_t n)
{
    as_report(t);
    mutant_patch(t, at, bytes, n);
}

static void report_version_2(struct test_case *t)
{
    report_with(t, 0, "\x02", 1);
}

static void local_report(struct test_case *t)
{
    report_with(t, 4, "\x01", 1);
}

static void report_type_3(struct test_case *t)
{
    report_with(t, 4, "\x03", 1);
}

static void change_report_size(struct test_case *t, int64_t by)
{
    uint64_t size = (uint64_t)((int64_t)t->set.quote.n + by);

    report_with(t, 8, &size, sizeof size);
}

static void report_size_too_small(struct test_case *t)
{
    change_report_size(t, -1);
}

static void report_size_too_large(struct test_case *t)
{
    change_report_size(t, 1);
}

static void report_size_enormous(struct test_case *t)
{
    report_with(t, 8, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
}

static void quote_for_a_report(struct test_case *t)
{
    t->in.kind = EVIDENCE_OE;
}

static void report_for_a_quote(struct test_case *t)
{
    as_report(t);
    t->in.kind = EVIDENCE_SGX;
}

static void as_evidence(struct test_case *t, const uint8_t uuid[16], struct span data)
{
    t->in.kind = EVIDENCE_OE;
    t->in.takes_oe_evidence = true;
    t->in.evidence = lab_oe_evidence(&t->lab, uuid, data);
}

static void evidence_of_a_raw_quote(struct test_case *t)
{
    as_evidence(t, lab_oe_uuid_raw_quote, t->set.quote);
}

static void evidence_on_a_route(struct test_case *t)
{
    evidence_of_a_raw_quote(t);
    t->in.takes_oe_evidence = false;
}

static void evidence_of_a_report(struct test_case *t)
{
    as_evidence(t, lab_oe_uuid_report, lab_oe_report(&t->lab, t->set.quote));
}

static struct span quote_and(struct test_case *t, struct span claims)
{
    struct writer w = writer_in(&t->lab, 8192);

    write_bytes(&w, t->set.quote);
    write_bytes(&w, claims);
    return writer_span(&w);
}

static void evidence_with_its_claims(struct test_case *t)
{
    as_evidence(t, lab_oe_uuid_ecdsa, quote_and(t, t->set.runtime));
}

static void evidence_with_other_claims(struct test_case *t)
{
    as_evidence(t, lab_oe_uuid_ecdsa, quote_and(t, span_str("other claims")));
}

static void evidence_without_its_claims(struct test_case *t)
{
    as_evidence(t, lab_oe_uuid_ecdsa, t->set.quote);
}

static void evidence_with_claims_and_other_runtime_data(struct test_case *t)
{
    evidence_with_its_claims(t);
    t->in.runtime_data = (struct bound_data){ DATA_BINARY, span_str("other") };
}

static void evidence_version_2(struct test_case *t)
{
    evidence_of_a_raw_quote(t);
    mutant_patch(t, 0, "\x02", 1);
}

static void evidence_for_a_quote(struct test_case *t)
{
    evidence_of_a_raw_quote(t);
    t->in.kind = EVIDENCE_SGX;
}

static void evidence_of_an_unknown_format(struct test_case *t)
{
    static const uint8_t uuid[16] = { 1 };

    as_evidence(t, uuid, t->set.quote);
}

/* Formats that are refused, by the bytes of their identifiers. */
static void evidence_of_epid(struct test_case *t)
{
    static const uint8_t uuid[16] = { 0xf2, 0x28, 0xaa, 0x3f, 0xde, 0x4d, 0x49, 0xd3,
                                      0x88, 0x4c, 0xb2, 0xaa, 0x87, 0xa5, 0x0d, 0xa6 };

    as_evidence(t, uuid, t->set.quote);
}

static void evidence_of_a_local_report(struct test_case *t)
{
    static const uint8_t uuid[16] = { 0x09, 0x26, 0x8c, 0x33, 0x6e, 0x0b, 0x45, 0xe5,
                                      0x8a, 0x27, 0x15, 0x64, 0x4d, 0x0e, 0xf8, 0x9a };

    as_evidence(t, uuid, t->set.quote);
}

static void evidence_of_tdx(struct test_case *t)
{
    static const uint8_t uuid[16] = { 0x8b, 0xa7, 0x02, 0x86, 0xc1, 0xcf, 0x11, 0xed,
                                      0xaf, 0xa1, 0x02, 0x42, 0xac, 0x12, 0x00, 0x02 };

    as_evidence(t, uuid, t->set.quote);
}

static void each_container_is_taken_by_its_own_route(void **state)
{
    static const struct mutant_row rows[] = {
        { "report", "", as_report, "SWHardeningNeeded", NULL },
        { "report of version 4", "ver=4", as_report, "SWHardeningNeeded", NULL },
        { "report of version 5", "ver=5", as_report, "SWHardeningNeeded", NULL },
        { "quote on the report's route", "", quote_for_a_report, "malformed_evidence", NULL },
        { "report on the quote's route", "", report_for_a_quote, "malformed_evidence", NULL },
        { "evidence on the quote's route", "", evidence_for_a_quote, "malformed_evidence", NULL },
        { "evidence on the report's route", "", evidence_on_a_route, "malformed_evidence",
          "container" },
        { "report version 2", "", report_version_2, "malformed_evidence", NULL },
        { "local report", "", local_report, "malformed_evidence", NULL },
        { "report type 3", "", report_type_3, "malformed_evidence", NULL },
        { "size too small", "", report_size_too_small, "malformed_evidence", NULL },
        { "size too large", "", report_size_too_large, "malformed_evidence", NULL },
        { "size beyond everything", "", report_size_enormous, "malformed_evidence", NULL },
    };

    (void)state;
    mutant_judge_all(rows, COUNT(rows));
}

static void evidence_is_told_apart_by_its_format(void **state)
{
    static const struct mutant_row rows[] = {
        { "raw quote", "", evidence_of_a_raw_quote, "SWHardeningNeeded", NULL },
        { "report", "", evidence_of_a_report, "SWHardeningNeeded", NULL },
        { "quote and claims", "", evidence_with_its_claims, "SWHardeningNeeded", NULL },
        { "other claims", "", evidence_with_other_claims, "runtime_data_mismatch",
          "custom_claims" },
        { "no claims", "", evidence_without_its_claims, "runtime_data_mismatch", "custom_claims" },
        { "claims right, runtime data wrong", "", evidence_with_claims_and_other_runtime_data,
          "runtime_data_mismatch", "runtime_data" },
        { "version 2", "", evidence_version_2, "malformed_evidence", NULL },
        { "unknown format", "", evidence_of_an_unknown_format, "malformed_evidence", NULL },
        { "EPID", "", evidence_of_epid, "malformed_evidence", NULL },
        { "local", "", evidence_of_a_local_report, "malformed_evidence", NULL },
        { "TDX", "", evidence_of_tdx, "malformed_evidence", NULL },
    };

    (void)state;
    mutant_judge_all(rows, COUNT(rows));
}

static void a_wrong_route_is_named(void **state)
{
    struct test_case t;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    report_for_a_quote(&t);
    CHECK("report", strstr(test_case_judge(&t)->err.text, "looks like an Open Enclave report"));
    test_case_changed(&t, "");
    quote_for_a_report(&t);
    CHECK("quote", strstr(test_case_judge(&t)->err.text, "quote"));
    test_case_fini(&t);
}

TEST_MAIN(each_container_is_taken_by_its_own_route, evidence_is_told_apart_by_its_format,
          a_wrong_route_is_named)
