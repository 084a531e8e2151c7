/* Mistakes that other verifiers made on the way from the checks to the verdict. */
#include "sgx.h"

#include "../dcap/case.h"
#include "test_mutant.h"

static void garbage_signature(struct test_case *t)
{
    static const uint8_t garbage[64] = { 1, 2, 3 };

    mutant_patch(t, 436, garbage, sizeof garbage);
}

static void km_01_a_bad_status_does_not_end_the_checks_early(void **state)
{
    static const struct mutant_row rows[] = {
        { "revoked QE and garbage for a signature", "qe_svn=4", garbage_signature,
          "quote_signature", NULL },
        { "revoked QE", "qe_svn=4", NULL, "tcb_revoked", NULL },
        { "revoked platform and garbage", "comp=3 3 2 2 3 1 0 3", garbage_signature,
          "quote_signature", NULL },
        { "status below the levels and garbage", "qe_svn=3", garbage_signature, "quote_signature",
          NULL },
    };
    struct test_case t;

    (void)state;
    mutant_judge_all(rows, COUNT(rows));
    test_case_init(&t);
    test_case_changed(&t, "qe_svn=4");
    CHECK("names the QE", strstr(test_case_judge(&t)->err.text, "quoting enclave Revoked"));
    CHECK_TEXT("status", span_str(t.out.tcb.status), "Revoked");
    test_case_fini(&t);
}

/* Platform components and quoting enclave's version, and the merged outcome: one table for every
 * version of quote. */
static const struct {
    const char *platform, *qe, *want;
} matrix[] = {
    { "comp=6 6 2 2 3 1 0 3", "qe_svn=8", "UpToDate" },
    { "comp=6 6 2 2 3 1 0 3", "qe_svn=6", "OutOfDate" },
    { "comp=6 6 2 2 3 1 0 3", "qe_svn=4", "tcb_revoked" },
    { "comp=5 5 2 2 3 1 0 3", "qe_svn=8", "SWHardeningNeeded" },
    { "comp=5 5 2 2 3 1 0 3", "qe_svn=6", "OutOfDate" },
    { "comp=5 5 2 2 3 1 0 3", "qe_svn=4", "tcb_revoked" },
    { "levels=config", "qe_svn=8", "ConfigurationNeeded" },
    { "levels=config", "qe_svn=6", "OutOfDateConfigurationNeeded" },
    { "levels=config", "qe_svn=4", "tcb_revoked" },
    { "comp=5 5 2 2 3 1", "qe_svn=8", "ConfigurationAndSWHardeningNeeded" },
    { "comp=5 5 2 2 3 1", "qe_svn=6", "OutOfDateConfigurationNeeded" },
    { "comp=5 5 2 2 3 1", "qe_svn=4", "tcb_revoked" },
    { "comp=4 4 2 2 3 1 0 3", "qe_svn=8", "OutOfDate" },
    { "comp=4 4 2 2 3 1 0 3", "qe_svn=6", "OutOfDate" },
    { "comp=4 4 2 2 3 1 0 3", "qe_svn=4", "tcb_revoked" },
    { "comp=4 4 2 2 3 1", "qe_svn=8", "OutOfDateConfigurationNeeded" },
    { "comp=4 4 2 2 3 1", "qe_svn=6", "OutOfDateConfigurationNeeded" },
    { "comp=4 4 2 2 3 1", "qe_svn=4", "tcb_revoked" },
    { "comp=3 3 2 2 3 1 0 3", "qe_svn=8", "tcb_revoked" },
    { "comp=3 3 2 2 3 1 0 3", "qe_svn=6", "tcb_revoked" },
    { "comp=3 3 2 2 3 1 0 3", "qe_svn=4", "tcb_revoked" },
    { "comp=6 6 2 2 3 1 0 3", "qe_svn=3", "qe_not_supported" },
    { "comp=2", "qe_svn=8", "tcb_not_supported" },
};

static void km_02_03_21_statuses_merge_alike_in_every_version_of_quote(void **state)
{
    static const unsigned versions[] = { 3, 4, 5 };
    struct test_case t;

    (void)state;
    test_case_init(&t);
    for (size_t i = 0; i < COUNT(matrix); i++)
        for (size_t v = 0; v < COUNT(versions); v++) {
            char changes[128];
            struct mutant_row row = { changes, changes, NULL, matrix[i].want, NULL };

            snprintf(changes, sizeof changes, "%s;%s;ver=%u", matrix[i].platform, matrix[i].qe,
                     versions[v]);
            mutant_judge(&t, &row);
        }
    test_case_fini(&t);
}

static void km_06_a_status_below_the_profile_yields_no_claims(void **state)
{
    static const struct {
        const char *changes;
        bool azure, strict, lenient;
    } rows[] = {
        { "comp=6 6 2 2 3 1 0 3", true, true, true },
        { "comp=5 5 2 2 3 1 0 3", true, true, true },
        { "levels=config", true, false, true },
        { "comp=5 5 2 2 3 1", true, false, true },
        { "comp=4 4 2 2 3 1 0 3", false, false, true },
        { "comp=4 4 2 2 3 1", false, false, true },
        { "comp=3 3 2 2 3 1 0 3", false, false, false },
        { "comp=2", false, false, false },
    };
    struct test_case t;

    (void)state;
    test_case_init(&t);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const bool wanted[] = { [TCB_AZURE] = rows[i].azure,
                                [TCB_STRICT] = rows[i].strict,
                                [TCB_LENIENT] = rows[i].lenient,
                                [TCB_ANY] = rows[i].lenient };

        test_case_changed(&t, rows[i].changes);
        for (unsigned p = TCB_AZURE; p <= TCB_ANY; p++) {
            t.in.profile = (enum tcb_profile)p;
            CHECK_INT(rows[i].changes, test_case_judge(&t)->is_accepted, wanted[p]);
            CHECK_INT(rows[i].changes, t.out.outgoing.count > 0, wanted[p]);
            CHECK_INT(rows[i].changes, t.out.incoming.count > 0, wanted[p]);
            CHECK(rows[i].changes, t.out.tcb.is_known && t.out.tcb.status);
        }
    }
    test_case_fini(&t);
}

/* The contract's order, written down a second time. */
static void km_07_the_checks_that_run_are_the_written_list(void **state)
{
    static const char *const list[] = {
        "container",
        "quote_version",
        "key_type",
        "tee_type",
        "qe_vendor",
        "layout",
        "certification_data",
        "pck_chain",
        "root_key",
        "root_signature",
        "pck_chain_names",
        "pck_chain_constraints",
        "pck_chain_signatures",
        "pck_chain_begun",
        "pck_chain_lasts",
        "collateral",
        "root_crl",
        "root_crl_begun",
        "root_crl_lasts",
        "pck_crl",
        "pck_crl_begun",
        "pck_crl_lasts",
        "intermediate_revoked",
        "pck_revoked",
        "tcb_signing_chain",
        "tcb_signing_begun",
        "tcb_signing_lasts",
        "tcb_signing_revoked",
        "tcb_info_envelope",
        "tcb_info_signature",
        "tcb_info",
        "tcb_info_tee",
        "tcb_info_begun",
        "tcb_info_lasts",
        "tcb_info_platform",
        "qe_signing_chain",
        "qe_signing_begun",
        "qe_signing_lasts",
        "qe_signing_revoked",
        "qe_identity_envelope",
        "qe_identity_signature",
        "qe_identity",
        "qe_identity_kind",
        "qe_identity_begun",
        "qe_identity_lasts",
        "qe_report_signature",
        "qe_report_data",
        "qe_report_identity",
        "quote_signature",
        "qe_tcb_level",
        "platform_tcb_level",
        "tcb_revoked",
        "tcb_status",
        "tcb_baseline",
        "custom_claims",
        "runtime_data",
        "runtime_json",
        "init_time_data",
        "init_time_json",
    };
    struct test_case t;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    test_case_judge(&t);
    CHECK_INT("rows", t.out.trail.count, COUNT(list));
    for (size_t i = 0; i < COUNT(list); i++)
        CHECK_TEXT(list[i], span_str(t.out.trail.entries[i].name), list[i]);
    test_case_fini(&t);
}

static void km_10_unknown_words_are_never_taken_for_mild_ones(void **state)
{
    static const struct mutant_row rows[] = {
        { "unknown word", "levels=unknown-word", NULL, "malformed_tcb_info", NULL },
        { "lower case", "ti_pre=\"UpToDate\"=>\"uptodate\"", NULL, "malformed_tcb_info", NULL },
        { "empty", "ti_pre=\"UpToDate\"=>\"\"", NULL, "malformed_tcb_info", NULL },
        { "null", "ti_pre=\"UpToDate\"=>null", NULL, "malformed_tcb_info", NULL },
        { "a computed word", "ti_pre=\"UpToDate\"=>\"NotSupported\"", NULL, "malformed_tcb_info",
          NULL },
        { "QE: a word for platforms", "qi_pre=\"UpToDate\"=>\"SWHardeningNeeded\"", NULL,
          "malformed_qe_identity", NULL },
        { "QE: lower case", "qi_pre=\"Revoked\"=>\"revoked\"", NULL, "malformed_qe_identity",
          NULL },
    };
    enum tcb_profile profile = TCB_STRICT;
    enum evidence_kind kind = EVIDENCE_VBS;

    (void)state;
    mutant_judge_all(rows, COUNT(rows));
    CHECK("empty", !tcb_profile_find(span_str(""), &profile));
    CHECK("upper case", !tcb_profile_find(span_str("ANY"), &profile));
    CHECK("prefix", !tcb_profile_find(span_str("an"), &profile));
    CHECK("kind", !evidence_kind_find(span_str("sgx "), &kind));
    CHECK("left alone", profile == TCB_STRICT && kind == EVIDENCE_VBS);
}

static void km_13_each_field_of_the_identity_is_compared(void **state)
{
    static const struct mutant_row rows[] = {
        { "MISCSELECT", "qi_misc=00000000", NULL, "qe_identity_mismatch",
          "qe_report_identity.quote.qe_report.misc_select" },
        { "ATTRIBUTES", "qe_attr=1400000000000000e700000000000000", NULL, "qe_identity_mismatch",
          "qe_report_identity.quote.qe_report.attributes" },
        { "MRSIGNER", "qi_mrs=d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa",
          NULL, "qe_identity_mismatch", "qe_report_identity.quote.qe_report.mr_signer" },
        { "ISVPRODID", "qe_prod=2", NULL, "qe_identity_mismatch",
          "qe_report_identity.quote.qe_report.isv_prod_id" },
    };

    (void)state;
    mutant_judge_all(rows, COUNT(rows));
}

/* MISCSELECT of the report is 3; hex members stand in memory order. */
static void km_14_masks_are_laid_over_the_report(void **state)
{
    static const struct mutant_row rows[] = {
        { "all ones, equal", "qi_misc=03000000;qi_misc_mask=FFFFFFFF", NULL, "SWHardeningNeeded",
          NULL },
        { "all ones, other", "qi_misc=01000000;qi_misc_mask=FFFFFFFF", NULL, "qe_identity_mismatch",
          NULL },
        { "no mask, zero", "qi_misc=00000000;qi_misc_mask=00000000", NULL, "SWHardeningNeeded",
          NULL },
        { "no mask, one", "qi_misc=01000000;qi_misc_mask=00000000", NULL, "qe_identity_mismatch",
          NULL },
        { "one bit, set", "qi_misc=02000000;qi_misc_mask=02000000", NULL, "SWHardeningNeeded",
          NULL },
        { "one bit, clear", "qi_misc=00000000;qi_misc_mask=02000000", NULL, "qe_identity_mismatch",
          NULL },
        { "other byte order", "qi_misc=00000003;qi_misc_mask=FFFFFFFF", NULL,
          "qe_identity_mismatch", NULL },
        { "differs outside the mask", "qe_misc=1", NULL, "SWHardeningNeeded", NULL },
        { "attributes differ outside the mask", "qe_attr=1100000000000000e700000000000000", NULL,
          "SWHardeningNeeded", NULL },
        { "xfrm differs outside the mask", "qe_attr=1500000000000000ff00000000000000", NULL,
          "SWHardeningNeeded", NULL },
    };

    (void)state;
    mutant_judge_all(rows, COUNT(rows));
}

static void km_22_debug_is_said_of_an_enclave_and_refused_of_a_quoting_enclave(void **state)
{
    static const struct mutant_row rows[] = {
        { "QE, masked in", "qe_attr=1700000000000000e700000000000000", NULL, "qe_identity_mismatch",
          NULL },
        { "QE, masked out",
          "qe_attr=1700000000000000e700000000000000;qi_attr_mask=F9FFFFFFFFFFFFFF0000000000000000",
          NULL, "qe_identity_mismatch", NULL },
    };
    static const enum tcb_profile profiles[] = { TCB_AZURE, TCB_STRICT, TCB_LENIENT, TCB_ANY };
    struct test_case t;

    (void)state;
    mutant_judge_all(rows, COUNT(rows));
    test_case_init(&t);
    test_case_changed(&t, "isv_attr=0700000000000000e700000000000000");
    for (size_t i = 0; i < COUNT(profiles); i++) {
        t.in.profile = profiles[i];
        CHECK_OK("debug", test_case_judge(&t)->is_accepted, t.out.err);
        CHECK("debug", t.out.is_debug);
        CHECK("claim", claim_find(&t.out.outgoing, span_str("x-ms-sgx-is-debuggable"))->boolean &&
                           claim_find(&t.out.incoming, span_str("$is-debuggable"))->boolean);
    }
    test_case_fini(&t);
}

static void check_shorts(const char *row, const struct tcb_report *tcb, const char *want)
{
    char text[256] = "";

    for (size_t i = 0; i < tcb->short_count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s %u<%u", i ? ", " : "",
                 tcb->missing[i].component, tcb->missing[i].have, tcb->missing[i].need);
    CHECK_TEXT(row, span_str(text), want);
}

static void the_report_names_what_is_missing_and_what_raises_it(void **state)
{
    static const struct {
        const char *changes, *missing;
        const char *remedy; /* a word of it */
    } rows[] = {
        { "comp=6 6 2 2 3 1 0 3", "", "" },
        { "", "sgxtcbcomp01svn 5<6, sgxtcbcomp02svn 5<6", "firmware" },
        { "comp=6 6 2 2 3 1 0 3;pcesvn=10", "pcesvn 10<11", "platform software" },
        { "comp=6 6 2 2 3 1 0 3;qe_svn=6", "qe_isvsvn 6<8", "platform software" },
        { "comp=3 3 2 2 3 1 0 3;qe_svn=3",
          "sgxtcbcomp01svn 3<6, sgxtcbcomp02svn 3<6, qe_isvsvn 3<8", "platform software" },
        { "levels=config", "", "" },
        { "ti_pre={\"svn\":6}=>{\"svn\":6,\"category\":\"BIOS\",\"type\":\"Early Microcode "
          "Update\"}",
          "sgxtcbcomp01svn 5<6, sgxtcbcomp02svn 5<6", "(BIOS)" },
    };
    struct test_case t;

    (void)state;
    test_case_init(&t);
    for (size_t i = 0; i < COUNT(rows); i++) {
        test_case_changed(&t, rows[i].changes);
        test_case_judge(&t);
        check_shorts(rows[i].changes, &t.out.tcb, rows[i].missing);
        CHECK(rows[i].changes, strstr(t.out.tcb.remedy, rows[i].remedy));
        CHECK_INT(rows[i].changes, t.out.tcb.remedy[0] != '\0', rows[i].remedy[0] != '\0');
    }
    test_case_fini(&t);
}

static void the_report_is_of_both_documents(void **state)
{
    struct test_case t;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "comp=4 4 2 2 3 1 0 3;qe_svn=6;"
                          "qi_pre=\"tcbEvaluationDataNumber\":16=>\"tcbEvaluationDataNumber\":15");
    test_case_judge(&t);
    CHECK_OK("accepted", t.out.is_accepted, t.out.err);
    CHECK_INT("smaller number", t.out.tcb.evaluation_data_number, 15);
    CHECK_INT("earlier date", t.out.tcb.tcb_date, 1659312000); /* 2022-08-01 */
    CHECK_INT("union", t.out.tcb.advisory_count, 3);
    CHECK_TEXT("sorted", t.out.tcb.advisory_ids[0], "INTEL-SA-00001");
    CHECK_TEXT("sorted", t.out.tcb.advisory_ids[1], "INTEL-SA-00003");
    CHECK_TEXT("sorted", t.out.tcb.advisory_ids[2], "INTEL-SA-00005");
    CHECK_INT("window", t.out.tcb.not_before, 1704931200); /* 2024-01-11 */
    CHECK_TEXT("window", span_str(t.out.tcb.not_before_set_by), "qeIdentity");
    CHECK_INT("window", t.out.tcb.not_after, 1706659200); /* 2024-01-31 */
    CHECK_TEXT("window", span_str(t.out.tcb.not_after_set_by), "pck_crl.der");
    test_case_changed(&t, "ti_pre=\"tcbEvaluationDataNumber\":16=>\"tcbEvaluationDataNumber\":15");
    CHECK_INT("the other way", test_case_judge(&t)->tcb.evaluation_data_number, 15);
    t.in.least_evaluation_number = 16;
    CHECK_TEXT("baseline", span_str(test_case_judge(&t)->reason), "tcb_baseline_not_met");
    t.in.least_evaluation_number = 15;
    CHECK_OK("baseline", test_case_judge(&t)->is_accepted, t.out.err);
    test_case_fini(&t);
}

static void an_advisory_of_both_documents_is_named_once(void **state)
{
    struct test_case t;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "comp=4 4 2 2 3 1 0 3;qe_svn=6;qi_pre=INTEL-SA-00005=>INTEL-SA-00003");
    CHECK_OK("accepted", test_case_judge(&t)->is_accepted, t.out.err);
    CHECK_INT("two", t.out.tcb.advisory_count, 2);
    CHECK_TEXT("first", t.out.tcb.advisory_ids[0], "INTEL-SA-00001");
    CHECK_TEXT("second", t.out.tcb.advisory_ids[1], "INTEL-SA-00003");
    test_case_fini(&t);
}

static void nothing_is_known_of_a_platform_whose_checks_end_early(void **state)
{
    struct test_case t;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "isv_flip=true");
    CHECK("signature", !test_case_judge(&t)->tcb.is_known);
    test_case_changed(&t, "comp=2");
    CHECK_TEXT("below every level", span_str(test_case_judge(&t)->tcb.status), "NotSupported");
    CHECK_INT("and what it lacks", t.out.tcb.short_count > 0, true);
    test_case_fini(&t);
}

static void other_kinds_of_evidence_are_refused_by_name(void **state)
{
    static const enum evidence_kind kinds[] = { EVIDENCE_TDX, EVIDENCE_SEVSNP,
                                                EVIDENCE_AZUREGUEST };
    struct test_case t;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    for (size_t i = 0; i < COUNT(kinds); i++) {
        t.in.kind = kinds[i];
        test_case_judge(&t);
        CHECK_ERR("kind", t.out.err, ERR_UNSUPPORTED, "");
        CHECK("kind", !t.out.is_accepted && t.out.reason);
        CHECK("kind", strstr(t.out.err.text, evidence_kind_name(kinds[i])));
    }
    test_case_fini(&t);
}

TEST_MAIN(km_01_a_bad_status_does_not_end_the_checks_early,
          km_02_03_21_statuses_merge_alike_in_every_version_of_quote,
          km_06_a_status_below_the_profile_yields_no_claims,
          km_07_the_checks_that_run_are_the_written_list,
          km_10_unknown_words_are_never_taken_for_mild_ones,
          km_13_each_field_of_the_identity_is_compared, km_14_masks_are_laid_over_the_report,
          km_22_debug_is_said_of_an_enclave_and_refused_of_a_quoting_enclave,
          the_report_names_what_is_missing_and_what_raises_it, the_report_is_of_both_documents,
          an_advisory_of_both_documents_is_named_once,
          nothing_is_known_of_a_platform_whose_checks_end_early,
          other_kinds_of_evidence_are_refused_by_name)
