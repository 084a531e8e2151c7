/* Each row of the table has evidence that fails exactly there: a row taken away leaves a mutant
 * that nothing else names. */
#include "sgx.h"

#include "test_mutant.h"

#define BYTES(...)                                                                                 \
    span_of((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

struct mutant {
    const char *row;     /* where it must fail */
    const char *reason;  /* by which word */
    const char *changes; /* of the lab's base */
    void (*spoil)(struct test_case *t);
};

static void cut_header(struct test_case *t)
{
    t->in.evidence.n = 47;
}

static void hold_no_root_of_the_lab(struct test_case *t)
{
    t->root = root_intel_sgx;
}

static void break_root_signature(struct test_case *t)
{
    struct span root = mutant_flip(&t->lab, t->set.root_der, t->set.root_der.n - 1, 0);
    const struct span ders[] = { t->set.pck_der, t->set.platform_ca_der, root };

    mutant_chain(t, ders, 3);
}

/* keyUsage of the leaf: nonRepudiation without digitalSignature. */
static void leaf_that_may_not_sign(struct test_case *t)
{
    mutant_chain_cert(t, 0, BYTES(0x03, 0x02, 0x06, 0xc0), BYTES(0x03, 0x02, 0x06, 0x40));
}

static void no_collateral(struct test_case *t)
{
    t->in.collateral = NULL;
    t->in.collateral_note = "the source is down";
}

static void root_not_yet_valid_for_tcb_info(struct test_case *t)
{
    t->files.tcb_info_issuer_chain = mutant_other(t, "root_nb=2024-02-01T00:00:00Z").tcb_chain;
    test_case_load(t);
}

static void root_not_yet_valid_for_qe_identity(struct test_case *t)
{
    t->files.qe_identity_issuer_chain = mutant_other(t, "root_nb=2024-02-01T00:00:00Z").qe_chain;
    test_case_load(t);
}

static void tcb_info_without_end(struct test_case *t)
{
    t->files.tcb_info.n--;
    test_case_load(t);
}

static void qe_identity_without_end(struct test_case *t)
{
    t->files.qe_identity.n--;
    test_case_load(t);
}

static void unnamed_signer_for_qe_identity(struct test_case *t)
{
    t->files.qe_identity_issuer_chain = mutant_other(t, "ts_cn=Lab Signing").qe_chain;
    test_case_load(t);
}

static void expired_signer_for_qe_identity(struct test_case *t)
{
    t->files.qe_identity_issuer_chain = mutant_other(t, "ts_na=2024-01-01T00:00:00Z").qe_chain;
    test_case_load(t);
}

/* Two certificates for the signing key; the list names the one behind the QE identity. */
static void revoked_signer_for_qe_identity(struct test_case *t)
{
    struct cert signer;
    struct span ders[2] = { { 0 }, t->set.root_der };
    struct err e = { 0 };

    CHECK_OK("signer", cert_parse(t->set.tcb_signing_der, &signer, &e), e);
    ders[0] = mutant_cert(t, t->set.tcb_signing_der, signer.serial,
                          mutant_flip(&t->lab, signer.serial, signer.serial.n - 1, 0), "root");
    t->files.tcb_info_issuer_chain = mutant_pem(t, ders, 2);
    test_case_load(t);
}

static void strict_profile(struct test_case *t)
{
    t->in.profile = TCB_STRICT;
}

static void newer_baseline(struct test_case *t)
{
    t->in.least_evaluation_number = 17;
}

static void baseline_that_nobody_holds(struct test_case *t)
{
    t->in.baseline = "15";
    t->in.baseline_is_missing = true;
}

static void evidence_over_the_limit(struct test_case *t)
{
    t->in.evidence.p = arena_alloc(&t->lab, 64 * 1024 + 1, 1);
    memcpy((uint8_t *)(uintptr_t)t->in.evidence.p, t->set.quote.p, t->set.quote.n);
    t->in.evidence.n = 64 * 1024 + 1;
}

static void other_custom_claims(struct test_case *t)
{
    struct writer w = writer_in(&t->lab, 8192);

    write_bytes(&w, t->set.quote);
    write_text(&w, "{\"lab\":\"runtime datA\"}");
    t->in.kind = EVIDENCE_OE;
    t->in.takes_oe_evidence = true;
    t->in.evidence = lab_oe_evidence(&t->lab, lab_oe_uuid_ecdsa, writer_span(&w));
}

static void other_runtime_data(struct test_case *t)
{
    t->in.runtime_data = (struct bound_data){ DATA_BINARY, span_str("{\"lab\":\"runtime datA\"}") };
}

static void runtime_data_that_are_a_list(struct test_case *t)
{
    t->in.runtime_data = (struct bound_data){ DATA_JSON, t->set.runtime };
}

static void init_time_data_without_key_separation(struct test_case *t)
{
    t->in.inittime_data = (struct bound_data){ DATA_BINARY, span_str("init") };
}

/* KSS on, CONFIGID = SHA-256("[]") and zeros */
#define CONFIG_OF_A_LIST                                                                           \
    "isv_attr=8500000000000000e700000000000000;config_id="                                         \
    "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"                             \
    "0000000000000000000000000000000000000000000000000000000000000000"

static void init_time_data_that_are_a_list(struct test_case *t)
{
    t->in.inittime_data = (struct bound_data){ DATA_JSON, span_str("[]") };
}

/* clang-format off */
static const struct mutant mutants[] = {
    { "container",             "malformed_evidence",        "",                                         cut_header },
    { "container",             "malformed_evidence",        "",                                         evidence_over_the_limit },
    { "quote_version",         "unsupported_quote_version", "ver=2",                                    NULL },
    { "key_type",              "unsupported_key_type",      "akt=3",                                    NULL },
    { "tee_type",              "wrong_tee_type",            "tee=1",                                    NULL },
    { "qe_vendor",             "unknown_qe_vendor",         "vendor=00000000000000000000000000000000",  NULL },
    { "layout",                "malformed_evidence",        "trail=01",                                 NULL },
    { "certification_data",    "unsupported_certification_data", "ct=7",                                NULL },
    { "pck_chain",             "malformed_certificate",     "extension=missing",                        NULL },
    { "root_key",              "untrusted_root",            "",                                         hold_no_root_of_the_lab },
    { "root_signature",        "untrusted_root",            "",                                         break_root_signature },
    { "pck_chain_names",       "invalid_certificate_chain", "pck_cn=Lab SGX Certificate",               NULL },
    { "pck_chain_constraints", "invalid_certificate_chain", "",                                         leaf_that_may_not_sign },
    { "pck_chain_signatures",  "invalid_certificate_chain", "pck_signer=root",                          NULL },
    { "pck_chain_signatures",  "invalid_certificate_chain", "plat_signer=pck",                          NULL },
    { "pck_chain_begun",       "certificate_not_yet_valid", "pck_nb=2024-02-01T00:00:00Z",              NULL },
    { "pck_chain_lasts",       "certificate_expired",       "pck_na=2024-01-01T00:00:00Z",              NULL },
    { "collateral",            "collateral_unavailable",    "",                                         no_collateral },
    { "root_crl",              "invalid_crl",               "rcrl_signer=platform-ca",                  NULL },
    { "root_crl_begun",        "invalid_crl",               "rcrl=2024-02-01T00:00:00Z..2025-01-01T00:00:00Z", NULL },
    { "root_crl_lasts",        "crl_expired",               "rcrl=2023-01-01T00:00:00Z..2024-01-01T00:00:00Z", NULL },
    { "pck_crl",               "invalid_crl",               "pcrl_signer=root",                         NULL },
    { "pck_crl_begun",         "invalid_crl",               "pcrl=2024-02-01T00:00:00Z..2024-03-01T00:00:00Z", NULL },
    { "pck_crl_lasts",         "crl_expired",               "pcrl=2023-12-01T00:00:00Z..2024-01-01T00:00:00Z", NULL },
    { "intermediate_revoked",  "intermediate_revoked",      "rrev=plat",                                NULL },
    { "pck_revoked",           "pck_revoked",               "prev=pck",                                 NULL },
    { "tcb_signing_chain",     "invalid_tcb_signing_chain", "ts_cn=Lab Signing",                        NULL },
    { "tcb_signing_chain",     "invalid_tcb_signing_chain", "ts_signer=platform-ca",                    NULL },
    { "tcb_signing_begun",     "certificate_not_yet_valid", "",                                         root_not_yet_valid_for_tcb_info },
    { "tcb_signing_lasts",     "certificate_expired",       "ts_na=2024-01-01T00:00:00Z",               NULL },
    { "tcb_signing_revoked",   "tcb_signing_revoked",       "rrev=ts",                                  NULL },
    { "tcb_info_envelope",     "malformed_tcb_info",        "",                                         tcb_info_without_end },
    { "tcb_info_signature",    "tcb_info_signature",        "ti_post=\"version\":=>\"version\": ",      NULL },
    { "tcb_info",              "malformed_tcb_info",        "ti_version=4",                             NULL },
    { "tcb_info_tee",          "tcb_info_mismatch",         "ti_id=TDX",                                NULL },
    { "tcb_info_begun",        "tcb_info_not_yet_valid",    "ti=2024-02-01T00:00:00Z..2024-03-01T00:00:00Z", NULL },
    { "tcb_info_lasts",        "tcb_info_expired",          "ti=2023-12-01T00:00:00Z..2024-01-01T00:00:00Z", NULL },
    { "tcb_info_platform",     "tcb_info_mismatch",         "ti_fmspc=00A1B2C3D4E6",                    NULL },
    { "tcb_info_platform",     "tcb_info_mismatch",         "ti_pceid=0100",                            NULL },
    { "qe_signing_chain",      "invalid_tcb_signing_chain", "",                                         unnamed_signer_for_qe_identity },
    { "qe_signing_begun",      "certificate_not_yet_valid", "",                                         root_not_yet_valid_for_qe_identity },
    { "qe_signing_lasts",      "certificate_expired",       "",                                         expired_signer_for_qe_identity },
    { "qe_signing_revoked",    "tcb_signing_revoked",       "rrev=ts",                                  revoked_signer_for_qe_identity },
    { "qe_identity_envelope",  "malformed_qe_identity",     "",                                         qe_identity_without_end },
    { "qe_identity_signature", "qe_identity_signature",     "qi_post=\"version\":=>\"version\": ",      NULL },
    { "qe_identity",           "malformed_qe_identity",     "qi_misc=0100000",                          NULL },
    { "qe_identity_kind",      "qe_identity_mismatch",      "qi_id=TD_QE",                              NULL },
    { "qe_identity_kind",      "qe_identity_mismatch",      "qi_version=1",                             NULL },
    { "qe_identity_begun",     "qe_identity_not_yet_valid", "qi=2024-02-01T00:00:00Z..2024-03-01T00:00:00Z", NULL },
    { "qe_identity_lasts",     "qe_identity_expired",       "qi=2023-12-01T00:00:00Z..2024-01-01T00:00:00Z", NULL },
    { "qe_report_signature",   "qe_report_signature",       "qe_signer=attestation",                    NULL },
    { "qe_report_data",        "qe_report_data",            "qe_tail=1",                                NULL },
    { "qe_report_identity",    "qe_identity_mismatch",      "qi_prod=2",                                NULL },
    { "quote_signature",       "quote_signature",           "isv_signer=pck",                           NULL },
    { "qe_tcb_level",          "qe_not_supported",          "qe_svn=3",                                 NULL },
    { "platform_tcb_level",    "tcb_not_supported",         "comp=2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2",     NULL },
    { "tcb_revoked",           "tcb_revoked",               "comp=3 3 2 2 3 1 0 3",                     NULL },
    { "tcb_revoked",           "tcb_revoked",               "qe_svn=4",                                 NULL },
    { "tcb_status",            "tcb_status_not_accepted",   "comp=5 5 2 2 3 1",                         strict_profile },
    { "tcb_baseline",          "tcb_baseline_not_met",      "",                                         newer_baseline },
    { "tcb_baseline",          "tcb_baseline_not_met",      "",                                         baseline_that_nobody_holds },
    { "custom_claims",         "runtime_data_mismatch",     "",                                         other_custom_claims },
    { "runtime_data",          "runtime_data_mismatch",     "",                                         other_runtime_data },
    { "runtime_json",          "malformed_runtime_data",    "runtime=5b5d",                             runtime_data_that_are_a_list },
    { "init_time_data",        "init_time_data_mismatch",   "",                                         init_time_data_without_key_separation },
    { "init_time_json",        "malformed_init_time_data",  CONFIG_OF_A_LIST,                           init_time_data_that_are_a_list },
};
/* clang-format on */

/* Rows before the failed one held, the rows behind it were not run, and nothing is claimed. */
static void check_trail(const char *row, const struct appraisal *out)
{
    enum check_outcome expected = CHECK_OK;

    CHECK_INT(row, out->trail.count, sgx_check_count);
    for (size_t i = 0; i < sgx_check_count; i++) {
        bool is_here = strcmp(sgx_checks[i].name, row) == 0;

        CHECK_INT(row, out->trail.entries[i].outcome, is_here ? CHECK_FAILED : expected);
        expected = is_here ? CHECK_NOT_RUN : expected;
    }
    CHECK(row, !out->is_accepted && out->incoming.count == 0 && out->outgoing.count == 0);
    CHECK(row, out->err.code != ERR_NONE && out->err.text[0] != '\0');
    CHECK(row, strncmp(out->err.path, row, strlen(row)) == 0);
}

static void each_mutant_fails_exactly_at_its_row(void **state)
{
    struct test_case t;

    (void)state;
    test_case_init(&t);
    for (size_t i = 0; i < COUNT(mutants); i++) {
        const struct mutant *m = &mutants[i];
        const struct appraisal *out;

        test_case_changed(&t, m->changes);
        if (m->spoil)
            m->spoil(&t);
        out = test_case_judge(&t);
        if (out->is_accepted || strcmp(test_case_failed_row(out), m->row) != 0)
            fail_msg("row \"%s\" (%s): failed at \"%s\" (%s)", m->row, m->changes,
                     test_case_failed_row(out), out->err.text);
        CHECK_TEXT(m->row, span_str(out->reason), m->reason);
        check_trail(m->row, out);
    }
    test_case_fini(&t);
}

static void each_row_of_the_table_has_a_mutant(void **state)
{
    (void)state;
    for (size_t i = 0; i < sgx_check_count; i++) {
        const struct check *row = &sgx_checks[i];
        size_t found = 0;

        for (size_t j = 0; j < COUNT(mutants); j++)
            found += strcmp(mutants[j].row, row->name) == 0 &&
                     strcmp(mutants[j].reason, row->reason) == 0;
        CHECK(row->name, found > 0);
        CHECK(row->name, row->establishes[0] != '\0' && row->spec[0] != '\0');
    }
}

/* The mutants change nothing but what they say: without them the base is accepted. */
static void sound_forms_of_the_mutants_are_accepted(void **state)
{
    static const char *const rows[] = { "", "runtime=7b7d", "ver=4", "ver=5", "trail=00" };
    struct test_case t;

    (void)state;
    test_case_init(&t);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct appraisal *out;

        test_case_changed(&t, rows[i]);
        t.in.runtime_data = (struct bound_data){ DATA_JSON, t.set.runtime };
        out = test_case_judge(&t);
        CHECK_OK(rows[i], out->is_accepted, out->err);
        CHECK_INT(rows[i], out->trail.count, sgx_check_count);
        for (size_t j = 0; j < out->trail.count; j++)
            CHECK_INT(out->trail.entries[j].name, out->trail.entries[j].outcome, CHECK_OK);
    }
    test_case_fini(&t);
}

TEST_MAIN(each_mutant_fails_exactly_at_its_row, each_row_of_the_table_has_a_mutant,
          sound_forms_of_the_mutants_are_accepted)
