/* Mistakes that other verifiers made with collateral: identity, levels, lists, time, JSON. */
#include "sgx.h"

#include "test_mutant.h"

#define REVOKED_AND(n) "prev=pck,others:" #n

static void km_15_documents_of_the_other_tee_are_refused(void **state)
{
    static const struct mutant_row rows[] = {
        { "TCB info of TDX", "ti_id=TDX", NULL, "tcb_info_mismatch", "tcb_info_tee" },
        { "TCB info 3 without id", "ti_pre=\"id\":\"SGX\",=>", NULL, "malformed_tcb_info", NULL },
        { "TCB info 2 implies SGX", "ti_version=2", NULL, "SWHardeningNeeded", NULL },
        { "identity of TDX", "qi_id=TD_QE", NULL, "qe_identity_mismatch", NULL },
        { "identity of another enclave", "qi_id=QVE", NULL, "qe_identity_mismatch", NULL },
        { "identity of nobody", "qi_id=XE", NULL, "qe_identity_mismatch", NULL },
        { "identity without id", "qi_pre=\"id\":\"QE\",=>", NULL, "malformed_qe_identity", NULL },
    };

    (void)state;
    mutant_judge_all(rows, COUNT(rows));
}

static void km_16_family_and_pce_must_be_those_of_the_certificate(void **state)
{
    static const struct mutant_row rows[] = {
        { "other family", "ti_fmspc=00A1B2C3D4E6", NULL, "tcb_info_mismatch",
          "tcb_info_platform.fmspc" },
        { "other family in the certificate", "pck_fmspc=00a1b2c3d4e6;ti_fmspc=00A1B2C3D4E5", NULL,
          "tcb_info_mismatch", "tcb_info_platform.fmspc" },
        { "other PCE", "ti_pceid=0100", NULL, "tcb_info_mismatch", "tcb_info_platform.pceid" },
        { "upper case", "ti_fmspc=00A1B2C3D4E5", NULL, "SWHardeningNeeded", NULL },
        { "lower case", "ti_fmspc=00a1b2c3d4e5", NULL, "SWHardeningNeeded", NULL },
    };

    (void)state;
    mutant_judge_all(rows, COUNT(rows));
}

static void km_17_components_are_compared_one_by_one(void **state)
{
    static const struct mutant_row rows[] = {
        { "first higher, second lower", "comp=9 1 9 9 9 9 9 9", NULL, "tcb_not_supported", NULL },
        { "last one lower", "comp=6 6 2 2 3 1 0 2", NULL, "ConfigurationAndSWHardeningNeeded",
          NULL },
        { "all at the limit", "comp=255 255 255 255 255 255 255 255", NULL, "UpToDate", NULL },
        { "PCESVN above 255", "comp=6 6 2 2 3 1 0 3;pcesvn=4711", NULL, "UpToDate", NULL },
        { "PCESVN zero", "pcesvn=0", NULL, "tcb_not_supported", NULL },
    };

    (void)state;
    mutant_judge_all(rows, COUNT(rows));
}

static void km_18_other_than_sixteen_components_are_refused(void **state)
{
    static const struct mutant_row rows[] = {
        { "15", "ti_pre={\"svn\":6},=>", NULL, "malformed_tcb_info", NULL },
        { "17", "ti_pre={\"svn\":6},=>{\"svn\":6},{\"svn\":6},", NULL, "malformed_tcb_info", NULL },
        { "version 2 without the second", "ti_version=2;ti_pre=\"sgxtcbcomp02svn\":6,=>", NULL,
          "malformed_tcb_info", NULL },
        { "256", "ti_pre={\"svn\":6}=>{\"svn\":256}", NULL, "malformed_tcb_info", NULL },
        { "-1", "ti_pre={\"svn\":6}=>{\"svn\":-1}", NULL, "malformed_tcb_info", NULL },
    };

    (void)state;
    mutant_judge_all(rows, COUNT(rows));
}

static void km_19_the_order_of_levels_does_not_matter(void **state)
{
    static const char *const comps[] = { "6 6 2 2 3 1 0 3", "5 5 2 2 3 1 0 3", "5 5 2 2 3 1",
                                         "4 4 2 2 3 1 0 3", "4 4 2 2 3 1",     "3 3 2 2 3 1 0 3" };
    struct test_case t;
    char changes[96];

    (void)state;
    test_case_init(&t);
    for (size_t i = 0; i < COUNT(comps); i++) {
        const char *sorted;

        snprintf(changes, sizeof changes, "comp=%s", comps[i]);
        test_case_changed(&t, changes);
        sorted = test_case_judge(&t)->tcb.status;
        snprintf(changes, sizeof changes, "comp=%s;levels=shuffled", comps[i]);
        test_case_changed(&t, changes);
        CHECK_TEXT(comps[i], span_str(test_case_judge(&t)->tcb.status), sorted);
    }
    test_case_changed(&t, "levels=doubled");
    CHECK_TEXT("a level twice", span_str(test_case_judge(&t)->reason), "malformed_tcb_info");
    test_case_fini(&t);
}

static void load_with(struct test_case *t, struct span root_crl, struct span pck_crl)
{
    t->files.root_ca_crl = root_crl;
    t->files.pck_crl = pck_crl;
    test_case_load(t);
}

static void no_root_crl(struct test_case *t)
{
    load_with(t, (struct span){ 0 }, t->set.pck_crl);
}

static void no_pck_crl(struct test_case *t)
{
    load_with(t, t->set.root_crl, (struct span){ 0 });
}

static void arbitrary_crls(struct test_case *t)
{
    load_with(t, span_str("arbitrary"), span_str("bytes"));
}

static void swapped_crls(struct test_case *t)
{
    load_with(t, t->set.pck_crl, t->set.root_crl);
}

static void root_crl_for_both(struct test_case *t)
{
    load_with(t, t->set.root_crl, t->set.root_crl);
}

static void pck_crl_for_both(struct test_case *t)
{
    load_with(t, t->set.pck_crl, t->set.pck_crl);
}

static struct span twice(struct test_case *t, struct span crl)
{
    struct writer w = writer_in(&t->lab, 2 * crl.n);

    write_bytes(&w, crl);
    write_bytes(&w, crl);
    return writer_span(&w);
}

static void crls_twice(struct test_case *t)
{
    load_with(t, twice(t, t->set.root_crl), t->set.pck_crl);
}

static void pck_crl_twice(struct test_case *t)
{
    load_with(t, t->set.root_crl, twice(t, t->set.pck_crl));
}

static void root_crl_bit(struct test_case *t)
{
    load_with(t, mutant_flip(&t->lab, t->set.root_crl, t->set.root_crl.n - 1, 0), t->set.pck_crl);
}

static void pck_crl_bit(struct test_case *t)
{
    load_with(t, t->set.root_crl, mutant_flip(&t->lab, t->set.pck_crl, t->set.pck_crl.n - 1, 0));
}

static void processor_crl(struct test_case *t)
{
    struct lab_sgx_set other = mutant_other(t, "processor=true");

    t->files.pck_crl_issuer_chain = other.crl_chain;
    load_with(t, t->set.root_crl, other.pck_crl);
}

static void platform_crl(struct test_case *t)
{
    struct lab_sgx_set other = mutant_other(t, "");

    t->files.pck_crl_issuer_chain = other.crl_chain;
    load_with(t, t->set.root_crl, other.pck_crl);
}

static void no_issuer_of_the_pck_crl(struct test_case *t)
{
    t->files.pck_crl_issuer_chain = (struct span){ 0 };
    test_case_load(t);
}

static void crls_as_text(struct test_case *t)
{
    static const char digits[] = "0123456789abcdef";
    struct writer pem = writer_in(&t->lab, 1024), hex = writer_in(&t->lab, 1024);

    pem_write(&pem, "X509 CRL", t->set.root_crl);
    for (size_t i = 0; i < t->set.pck_crl.n; i++) {
        write_u8(&hex, (uint8_t)digits[t->set.pck_crl.p[i] >> 4]);
        write_u8(&hex, (uint8_t)digits[t->set.pck_crl.p[i] & 15]);
    }
    write_u8(&hex, 0);
    load_with(t, writer_span(&pem), writer_span(&hex));
}

static void km_31_revocation_lists_are_needed_sound_and_of_the_right_issuer(void **state)
{
    static const struct mutant_row rows[] = {
        { "a: no root list", "", no_root_crl, "invalid_crl", "root_crl" },
        { "a: no PCK list", "", no_pck_crl, "invalid_crl", "pck_crl" },
        { "a: arbitrary bytes", "", arbitrary_crls, "invalid_crl", NULL },
        { "b: swapped", "", swapped_crls, "invalid_crl", NULL },
        { "b: root list for both", "", root_crl_for_both, "invalid_crl", "pck_crl" },
        { "b: PCK list for both", "", pck_crl_for_both, "invalid_crl", NULL },
        { "b: other authority's name", "pcrl_issuer=Lab SGX PCK Processor CA", NULL, "invalid_crl",
          "pck_crl" },
        { "b: signed by another", "pcrl_signer=attestation", NULL, "invalid_crl", NULL },
        { "b: processor list, platform leaf", "", processor_crl, "invalid_crl", "pck_crl" },
        { "b: platform list, processor leaf", "processor=true", platform_crl, "invalid_crl",
          "pck_crl" },
        { "b: processor list, processor leaf", "processor=true", NULL, "SWHardeningNeeded", NULL },
        { "b: no issuer chain", "", no_issuer_of_the_pck_crl, "invalid_crl", NULL },
        { "c: root list expired", "rcrl=2023-01-01T00:00:00Z..2024-01-15T11:59:59Z", NULL,
          "crl_expired", "root_crl_lasts" },
        { "c: root list ends now", "rcrl=2023-01-01T00:00:00Z..2024-01-15T12:00:00Z", NULL,
          "SWHardeningNeeded", NULL },
        { "c: PCK list expired", "pcrl=2023-12-01T00:00:00Z..2024-01-15T11:59:59Z", NULL,
          "crl_expired", "pck_crl_lasts" },
        { "d: authority revoked", "rrev=plat", NULL, "intermediate_revoked", NULL },
        { "d: signer revoked", "rrev=ts", NULL, "tcb_signing_revoked", NULL },
        { "d: leaf in the root's list", "rrev=pck", NULL, "SWHardeningNeeded", NULL },
        { "d: authority in its own list", "prev=plat,ts", NULL, "SWHardeningNeeded", NULL },
        { "f: PEM, and hex with a final NUL", "", crls_as_text, "SWHardeningNeeded", NULL },
        { "g: a long list", "prev=others:100000", NULL, "SWHardeningNeeded", NULL },
        { "g: the last of many", REVOKED_AND(100000), NULL, "pck_revoked", NULL },
        { "i: a bit of the root list's signature", "", root_crl_bit, "invalid_crl", NULL },
        { "i: a bit of the PCK list's signature", "", pck_crl_bit, "invalid_crl", NULL },
        { "i: root list and more bytes", "", crls_twice, "invalid_crl", NULL },
        { "i: PCK list and more bytes", "", pck_crl_twice, "invalid_crl", NULL },
    };

    (void)state;
    mutant_judge_all(rows, COUNT(rows));
}

static void km_32_every_item_is_judged_at_one_moment(void **state)
{
    static const struct mutant_row rows[] = {
        { "root not yet", "root_nb=2024-01-15T12:00:01Z", NULL, "certificate_not_yet_valid", NULL },
        { "root begins now", "root_nb=2024-01-15T12:00:00Z", NULL, "SWHardeningNeeded", NULL },
        { "root ended", "root_na=2024-01-15T11:59:59Z", NULL, "certificate_expired", NULL },
        { "root ends now", "root_na=2024-01-15T12:00:00Z", NULL, "SWHardeningNeeded", NULL },
        { "authority ended", "plat_na=2024-01-15T11:59:59Z", NULL, "certificate_expired", NULL },
        { "leaf not yet", "pck_nb=2024-01-15T12:00:01Z", NULL, "certificate_not_yet_valid", NULL },
        { "leaf begins now", "pck_nb=2024-01-15T12:00:00Z", NULL, "SWHardeningNeeded", NULL },
        { "leaf ended", "pck_na=2024-01-15T11:59:59Z", NULL, "certificate_expired", NULL },
        { "signer ended", "ts_na=2024-01-15T11:59:59Z", NULL, "certificate_expired", NULL },
        { "TCB info not yet", "ti=2024-01-15T12:00:01Z..2024-02-01T00:00:00Z", NULL,
          "tcb_info_not_yet_valid", NULL },
        { "TCB info begins now", "ti=2024-01-15T12:00:00Z..2024-02-01T00:00:00Z", NULL,
          "SWHardeningNeeded", NULL },
        { "TCB info ended", "ti=2024-01-01T00:00:00Z..2024-01-15T11:59:59Z", NULL,
          "tcb_info_expired", NULL },
        { "TCB info ends now", "ti=2024-01-01T00:00:00Z..2024-01-15T12:00:00Z", NULL,
          "SWHardeningNeeded", NULL },
        { "identity not yet", "qi=2024-01-15T12:00:01Z..2024-02-01T00:00:00Z", NULL,
          "qe_identity_not_yet_valid", NULL },
        { "identity ended", "qi=2024-01-01T00:00:00Z..2024-01-15T11:59:59Z", NULL,
          "qe_identity_expired", NULL },
        { "root list not yet", "rcrl=2024-01-15T12:00:01Z..2025-01-01T00:00:00Z", NULL,
          "invalid_crl", "root_crl_begun" },
        { "PCK list not yet", "pcrl=2024-01-15T12:00:01Z..2024-02-01T00:00:00Z", NULL,
          "invalid_crl", "pck_crl_begun" },
    };

    (void)state;
    mutant_judge_all(rows, COUNT(rows));
}

#define HOUR_LATE_TI   "ti=2024-01-01T00:00:00Z..2024-01-15T11:00:00Z"
#define HOUR_LATE_QI   "qi=2024-01-01T00:00:00Z..2024-01-15T11:00:00Z"
#define HOUR_LATE_PCRL "pcrl=2024-01-01T00:00:00Z..2024-01-15T11:00:00Z"
#define HOUR_LATE_RCRL "rcrl=2024-01-01T00:00:00Z..2024-01-15T11:00:00Z"

static void km_32_grace_and_pinning_say_what_they_let_pass(void **state)
{
    static const struct {
        const char *name, *changes;
        enum freshness freshness;
        int64_t grace;
        const char *want, *expired;
    } rows[] = {
        { "grace of an hour", HOUR_LATE_TI, FRESH_GRACE, 3600, "SWHardeningNeeded", "tcbInfo" },
        { "a second short", HOUR_LATE_TI, FRESH_GRACE, 3599, "tcb_info_expired", "" },
        { "nothing expired", "", FRESH_GRACE, 3600, "SWHardeningNeeded", "" },
        { "several items", HOUR_LATE_RCRL ";" HOUR_LATE_QI, FRESH_GRACE, 3600, "SWHardeningNeeded",
          "root_ca_crl.der, qeIdentity" },
        { "a certificate", "ts_na=2024-01-15T11:00:00Z", FRESH_GRACE, 3600, "SWHardeningNeeded",
          "tcbSigningCertificate, qeSigningCertificate" },
        { "the future has no grace", "ti=2024-01-15T12:00:01Z..2024-02-01T00:00:00Z", FRESH_GRACE,
          3600, "tcb_info_not_yet_valid", "" },
        { "pinned documents", HOUR_LATE_TI ";" HOUR_LATE_QI, FRESH_PINNED, 0, "SWHardeningNeeded",
          "tcbInfo, qeIdentity" },
        { "pinned, but not the lists", HOUR_LATE_PCRL, FRESH_PINNED, 0, "crl_expired", "" },
        { "pinned, but not certificates", "pck_na=2024-01-15T11:00:00Z", FRESH_PINNED, 0,
          "certificate_expired", "" },
        { "strict", HOUR_LATE_QI, FRESH_STRICT, 3600, "qe_identity_expired", "" },
    };
    struct test_case t;

    (void)state;
    test_case_init(&t);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct appraisal *out;

        test_case_changed(&t, rows[i].changes);
        t.in.freshness = rows[i].freshness;
        t.in.grace_seconds = rows[i].grace;
        out = test_case_judge(&t);
        CHECK_TEXT(rows[i].name, span_str(out->is_accepted ? out->tcb.status : out->reason),
                   rows[i].want);
        CHECK_TEXT(rows[i].name, span_str(out->tcb.expired_items), rows[i].expired);
        CHECK_INT(rows[i].name, out->tcb.collateral_expired, rows[i].expired[0] != '\0');
        if (out->is_accepted)
            CHECK_INT(rows[i].name,
                      claim_find(&out->incoming, span_str("x-ms-sgx-collateral-expired"))->boolean,
                      rows[i].expired[0] != '\0');
    }
    test_case_fini(&t);
}

/* Chains of certificates that are genuine, whose keys sign, and that are not the TCB signer's. */
static void signed_by_the_authority(struct test_case *t)
{
    t->files.tcb_info_issuer_chain =
        mutant_pem(t, (struct span[]){ t->set.platform_ca_der, t->set.root_der }, 2);
    test_case_load(t);
}

static void signed_by_the_root(struct test_case *t)
{
    t->files.tcb_info_issuer_chain =
        mutant_pem(t, (struct span[]){ t->set.root_der, t->set.root_der }, 2);
    test_case_load(t);
}

static void signed_by_the_leaf(struct test_case *t)
{
    t->files.tcb_info_issuer_chain =
        mutant_pem(t, (struct span[]){ t->set.pck_der, t->set.root_der }, 2);
    test_case_load(t);
}

static void three_certificates(struct test_case *t)
{
    t->files.tcb_info_issuer_chain = mutant_pem(
        t, (struct span[]){ t->set.tcb_signing_der, t->set.platform_ca_der, t->set.root_der }, 3);
    test_case_load(t);
}

static void root_twice_behind_the_signer(struct test_case *t)
{
    t->files.tcb_info_issuer_chain = mutant_pem(
        t, (struct span[]){ t->set.tcb_signing_der, t->set.root_der, t->set.root_der }, 3);
    test_case_load(t);
}

static void signer_without_root(struct test_case *t)
{
    t->files.tcb_info_issuer_chain = mutant_pem(t, &t->set.tcb_signing_der, 1);
    test_case_load(t);
}

static void km_33_only_the_tcb_signing_certificate_signs_collateral(void **state)
{
    static const struct mutant_row rows[] = {
        { "key of the authority", "ti_signer=platform-ca", NULL, "tcb_info_signature", NULL },
        { "key of the leaf", "ti_signer=pck", NULL, "tcb_info_signature", NULL },
        { "key of the root", "ti_signer=root", NULL, "tcb_info_signature", NULL },
        { "chain of the authority", "ti_signer=platform-ca", signed_by_the_authority,
          "invalid_tcb_signing_chain", NULL },
        { "chain of the root", "ti_signer=root", signed_by_the_root, "invalid_tcb_signing_chain",
          NULL },
        { "chain of the leaf", "ti_signer=pck", signed_by_the_leaf, "invalid_tcb_signing_chain",
          NULL },
        { "three certificates", "", three_certificates, "invalid_tcb_signing_chain", NULL },
        { "root twice", "", root_twice_behind_the_signer, "invalid_tcb_signing_chain", NULL },
        { "no root", "", signer_without_root, "invalid_tcb_signing_chain", NULL },
        { "identity by the leaf's key", "qi_signer=pck", NULL, "qe_identity_signature", NULL },
    };

    (void)state;
    mutant_judge_all(rows, COUNT(rows));
}

/* Base with a TCB signing chain of those two certificates. */
static void load_signing_chain(struct test_case *t, struct span signer, struct span root)
{
    t->files.tcb_info_issuer_chain = mutant_pem(t, (struct span[]){ signer, root }, 2);
    test_case_load(t);
}

static void signing_root_with_a_broken_signature(struct test_case *t)
{
    load_signing_chain(t, t->set.tcb_signing_der,
                       mutant_flip(&t->lab, t->set.root_der, t->set.root_der.n - 1, 0));
}

/* The root renamed, in its own certificate and in the signer's. */
static void signing_root_of_another_name(struct test_case *t)
{
    struct span from = span_str("Lab SGX Root CA"), to = span_str("Lab SGX Rood CA");
    struct span root = mutant_cert(t, t->set.root_der, from, to, "root");

    load_signing_chain(t, mutant_cert(t, t->set.tcb_signing_der, from, to, "root"),
                       mutant_cert(t, root, from, to, "root"));
}

static void signing_root_of_another_issuer(struct test_case *t)
{
    load_signing_chain(t, t->set.tcb_signing_der,
                       mutant_cert(t, t->set.root_der, span_str("Lab SGX Root CA"),
                                   span_str("Lab SGX Rood CA"), "root"));
}

static void signing_root_that_is_no_authority(struct test_case *t)
{
    static const uint8_t none[] = { 0x30, 0x0c, 0x06, 0x03, 0x55, 0x1d, 0x13,
                                    0x01, 0x01, 0xff, 0x04, 0x02, 0x30, 0x00 };

    load_signing_chain(t, t->set.tcb_signing_der,
                       mutant_constraints(t, t->set.root_der, span_of(none, sizeof none), "root"));
}

static void signer_of_another_issuer(struct test_case *t)
{
    load_signing_chain(t,
                       mutant_cert(t, t->set.tcb_signing_der, span_str("Lab SGX Root CA"),
                                   span_str("Lab SGX Rood CA"), "root"),
                       t->set.root_der);
}

static void signer_that_may_not_sign(struct test_case *t)
{
    load_signing_chain(t,
                       mutant_cert(t, t->set.tcb_signing_der, span_of("\x03\x02\x06\xc0", 4),
                                   span_of("\x03\x02\x06\x40", 4), "root"),
                       t->set.root_der);
}

static void forged_signer(struct test_case *t)
{
    load_signing_chain(
        t, mutant_flip(&t->lab, t->set.tcb_signing_der, t->set.tcb_signing_der.n - 1, 0),
        t->set.root_der);
}

static void km_33_the_signing_chain_is_checked_like_any_chain(void **state)
{
    static const struct mutant_row rows[] = {
        { "root's signature", "", signing_root_with_a_broken_signature, "invalid_tcb_signing_chain",
          "tcb_signing_chain.chain[1].signature" },
        { "root's name", "", signing_root_of_another_name, "invalid_tcb_signing_chain",
          "tcb_signing_chain.chain[1]" },
        { "root's issuer", "", signing_root_of_another_issuer, "invalid_tcb_signing_chain",
          "tcb_signing_chain.chain[1]" },
        { "root is no authority", "", signing_root_that_is_no_authority,
          "invalid_tcb_signing_chain", "tcb_signing_chain.chain[1]" },
        { "signer's issuer", "", signer_of_another_issuer, "invalid_tcb_signing_chain",
          "tcb_signing_chain.chain[0]" },
        { "signer may not sign", "", signer_that_may_not_sign, "invalid_tcb_signing_chain",
          "tcb_signing_chain.chain[0]" },
        { "signer forged", "", forged_signer, "invalid_tcb_signing_chain",
          "tcb_signing_chain.chain[0].signature" },
    };

    (void)state;
    mutant_judge_all(rows, COUNT(rows));
}

/* A second accepted root must not vouch for platforms of the first. */
static void collateral_under_another_accepted_root_is_refused(void **state)
{
    struct lab_sgx_params p = lab_sgx_params(1);
    struct root_key both[2];
    struct lab_sgx_set other;
    struct lab_key key;
    struct test_case t;
    struct err e = { 0 };

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    CHECK_OK("other", lab_sgx_make(&p, &t.lab, &other, &e), e);
    CHECK_OK("other", lab_key_of(1, "root", &key, &e), e);
    both[0] = t.root;
    both[1] = (struct root_key){ .name = "other", .point = span_of(key.point + 1, 64) };
    t.roots = (struct root_list){ both, 2 };
    test_case_load(&t);
    CHECK_OK("one root throughout", test_case_judge(&t)->is_accepted, t.out.err);
    t.files.tcb_info = other.tcb_info;
    t.files.tcb_info_issuer_chain = other.tcb_chain;
    test_case_load(&t);
    CHECK_TEXT("TCB info", span_str(test_case_judge(&t)->reason), "invalid_tcb_signing_chain");
    t.files = test_case_files(&t.set);
    t.files.qe_identity = other.qe_identity;
    t.files.qe_identity_issuer_chain = other.qe_chain;
    test_case_load(&t);
    CHECK_TEXT("QE identity", span_str(test_case_judge(&t)->reason), "invalid_tcb_signing_chain");
    t.files = test_case_files(&t.set);
    t.files.root_ca_crl = other.root_crl;
    test_case_load(&t);
    CHECK_TEXT("root list", span_str(test_case_judge(&t)->reason), "invalid_crl");
    test_case_fini(&t);
}

static void km_34_signed_json_is_read_as_it_was_signed(void **state)
{
    static const struct mutant_row rows[] = {
        { "white space added", "ti_post=\"version\":=>\"version\": ", NULL, "tcb_info_signature",
          NULL },
        { "white space signed", "ti_pre=\"version\":=>\"version\": ", NULL, "SWHardeningNeeded",
          NULL },
        { "reordered after signing",
          "ti_post=\"id\":\"SGX\",\"version\":3=>\"version\":3,\"id\":\"SGX\"", NULL,
          "tcb_info_signature", NULL },
        { "duplicate member", "ti_pre=\"tcbType\":0=>\"tcbType\":0,\"fmspc\":\"00A1B2C3D4E5\"",
          NULL, "malformed_tcb_info", NULL },
        { "escaped name", "ti_pre=\"fmspc\"=>\"\\u0066mspc\"", NULL, "malformed_tcb_info", NULL },
        { "number as 0e1", "ti_pre=\"tcbType\":0=>\"tcbType\":0e1", NULL, "malformed_tcb_info",
          NULL },
        { "number as 16.0",
          "ti_pre=\"tcbEvaluationDataNumber\":16=>\"tcbEvaluationDataNumber\":16.0", NULL,
          "malformed_tcb_info", NULL },
        { "number as text", "ti_pre=\"tcbType\":0=>\"tcbType\":\"0\"", NULL, "malformed_tcb_info",
          NULL },
        { "family of 11 digits", "ti_fmspc=00A1B2C3D4E", NULL, "malformed_tcb_info", NULL },
        { "family with 0x", "ti_fmspc=0xA1B2C3D4E5", NULL, "malformed_tcb_info", NULL },
        { "not a date",
          "ti_pre=\"issueDate\":\"2024-01-10T00:00:00Z\"=>\"issueDate\":\"2024-13-10T00:00:00Z\"",
          NULL, "malformed_tcb_info", NULL },
        { "identity, duplicate member", "qi_pre=\"isvprodid\":1=>\"isvprodid\":1,\"isvprodid\":1",
          NULL, "malformed_qe_identity", NULL },
        { "identity, white space added", "qi_post=\"version\":=>\"version\": ", NULL,
          "qe_identity_signature", NULL },
    };

    (void)state;
    mutant_judge_all(rows, COUNT(rows));
}

static void trailing_text(struct test_case *t)
{
    struct writer w = writer_in(&t->lab, t->set.tcb_info.n + 8);

    write_bytes(&w, t->set.tcb_info);
    write_text(&w, "{}");
    t->files.tcb_info = writer_span(&w);
    test_case_load(t);
}

static void body_twice(struct test_case *t)
{
    struct writer w = writer_in(&t->lab, 2 * t->set.tcb_info.n);

    write_text(&w, "{\"tcbInfo\":{},");
    write_bytes(&w, span_part(t->set.tcb_info, 1, t->set.tcb_info.n));
    t->files.tcb_info = writer_span(&w);
    test_case_load(t);
}

static void three_hundred_kilobytes(struct test_case *t)
{
    struct writer w = writer_in(&t->lab, 400 * 1024);

    write_bytes(&w, t->set.tcb_info);
    write_fill(&w, ' ', 300 * 1024);
    t->files.tcb_info = writer_span(&w);
    test_case_load(t);
}

static void ten_thousand_deep(struct test_case *t)
{
    struct writer w = writer_in(&t->lab, 32 * 1024);

    write_text(&w, "{\"tcbInfo\":");
    write_fill(&w, '[', 10000);
    write_fill(&w, ']', 10000);
    write_text(&w, ",\"signature\":\"\"}");
    t->files.tcb_info = writer_span(&w);
    test_case_load(t);
}

static void invalid_utf8(struct test_case *t)
{
    t->files.tcb_info = mutant_replace(&t->lab, t->set.tcb_info, span_str("UpToDate"),
                                       span_of("Up\xff\xfe"
                                               "Date",
                                               8));
    test_case_load(t);
}

static void km_34_documents_with_something_around_them_are_refused(void **state)
{
    static const struct mutant_row rows[] = {
        { "text behind", "", trailing_text, "malformed_tcb_info", NULL },
        { "body twice", "", body_twice, "malformed_tcb_info", NULL },
        { "300 KiB", "", three_hundred_kilobytes, "malformed_tcb_info", NULL },
        { "10,000 deep", "", ten_thousand_deep, "malformed_tcb_info", NULL },
        { "invalid UTF-8", "", invalid_utf8, "malformed_tcb_info", NULL },
    };

    (void)state;
    mutant_judge_all(rows, COUNT(rows));
}

TEST_MAIN(km_15_documents_of_the_other_tee_are_refused,
          km_16_family_and_pce_must_be_those_of_the_certificate,
          km_17_components_are_compared_one_by_one, km_18_other_than_sixteen_components_are_refused,
          km_19_the_order_of_levels_does_not_matter,
          km_31_revocation_lists_are_needed_sound_and_of_the_right_issuer,
          km_32_every_item_is_judged_at_one_moment, km_32_grace_and_pinning_say_what_they_let_pass,
          km_33_only_the_tcb_signing_certificate_signs_collateral,
          km_33_the_signing_chain_is_checked_like_any_chain,
          collateral_under_another_accepted_root_is_refused,
          km_34_signed_json_is_read_as_it_was_signed,
          km_34_documents_with_something_around_them_are_refused)
