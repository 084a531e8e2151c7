#include "collateral.h"

#include "../sgx/test_mutant.h"
#include "chain.h"

static void a_set_says_what_it_is_for(void **state)
{
    struct test_case t;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    CHECK_SPAN("fmspc", dcap_collateral_fmspc(t.collateral),
               span_of("\x00\xa1\xb2\xc3\xd4\xe5", 6));
    CHECK_TEXT("authority", dcap_collateral_ca(t.collateral), "Lab SGX PCK Platform CA");
    CHECK_INT("number", dcap_collateral_evaluation_number(t.collateral), 16);
    test_case_changed(&t, "processor=true;eval=17");
    CHECK_TEXT("authority", dcap_collateral_ca(t.collateral), "Lab SGX PCK Processor CA");
    CHECK_INT("number", dcap_collateral_evaluation_number(t.collateral), 17);
    test_case_changed(&t, "ti_signer=pck");
    CHECK_INT("nothing unsigned is believed", dcap_collateral_fmspc(t.collateral).n, 0);
    CHECK_INT("nothing unsigned is believed", dcap_collateral_evaluation_number(t.collateral), 0);
    test_case_fini(&t);
}

static struct span *file_at(struct dcap_collateral_files *f, size_t i)
{
    struct span *const all[] = {
        &f->tcb_info, &f->tcb_info_issuer_chain, &f->qe_identity, &f->qe_identity_issuer_chain,
        &f->pck_crl,  &f->pck_crl_issuer_chain,  &f->root_ca_crl,
    };

    return i < COUNT(all) ? all[i] : NULL;
}

static void the_identity_is_that_of_every_byte_and_of_the_roots(void **state)
{
    struct test_case t;
    struct span first;
    struct root_key other;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    first = arena_dup(&t.lab, dcap_collateral_identity(t.collateral));
    CHECK_INT("size", first.n, 32);
    test_case_load(&t);
    CHECK_SPAN("the same again", dcap_collateral_identity(t.collateral), first);
    for (size_t i = 0; file_at(&t.files, i); i++) {
        struct span *file = file_at(&t.files, i), whole = *file;

        *file = mutant_flip(&t.lab, whole, whole.n / 2, 3);
        test_case_load(&t);
        CHECK("a flipped bit", !span_equal(dcap_collateral_identity(t.collateral), first));
        file->n = 0;
        test_case_load(&t);
        CHECK("no file", !span_equal(dcap_collateral_identity(t.collateral), first));
        *file = whole;
    }
    other = root_intel_sgx;
    t.roots.items = &other;
    test_case_load(&t);
    CHECK("other roots", !span_equal(dcap_collateral_identity(t.collateral), first));
    test_case_fini(&t);
}

/* A set prepared under one list of roots is of no use to a verdict under another. */
static void a_set_prepared_under_other_roots_vouches_for_nothing(void **state)
{
    struct root_key intel = root_intel_sgx;
    struct root_list vendor = { &intel, 1 };
    struct test_case t;
    struct dcap_collateral *k;
    struct err e = { 0 };

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    k = dcap_collateral_new(t.crypto, &t.files, &vendor, &e);
    CHECK_OK("prepared", k != NULL, e);
    t.in.collateral = k;
    CHECK_TEXT("the root's list comes first", span_str(test_case_judge(&t)->reason), "invalid_crl");
    dcap_collateral_free(k);
    test_case_fini(&t);
}

/* The bytes are copied: what the caller does with them afterwards changes nothing. */
static void a_set_owns_what_it_was_given(void **state)
{
    struct test_case t;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    for (size_t i = 0; file_at(&t.files, i); i++)
        memset((uint8_t *)(uintptr_t)file_at(&t.files, i)->p, 0, file_at(&t.files, i)->n);
    CHECK_OK("verdict", test_case_judge(&t)->is_accepted, t.out.err);
    dcap_collateral_free(NULL);
    test_case_fini(&t);
}

static void verdicts_verify_nothing_of_the_collateral_again(void **state)
{
    struct test_case t;
    uint64_t before;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    before = crypto_verifications(t.crypto);
    CHECK_OK("verdict", test_case_judge(&t)->is_accepted, t.out.err);
    CHECK_INT("leaf, authority, root, QE, quote", crypto_verifications(t.crypto) - before, 5);
    test_case_fini(&t);
}

static void evidence_says_which_collateral_it_needs(void **state)
{
    static const struct {
        const char *changes, *ca, *fmspc;
    } rows[] = {
        { "", "platform", "\x00\xa1\xb2\xc3\xd4\xe5" },
        { "processor=true", "processor", "\x00\xa1\xb2\xc3\xd4\xe5" },
        { "pck_fmspc=00906ED50000", "platform", "\x00\x90\x6e\xd5\x00\x00" },
        { "isv_flip=true", "platform", "\x00\xa1\xb2\xc3\xd4\xe5" }, /* nothing is verified */
        { "ver=5", "platform", "\x00\xa1\xb2\xc3\xd4\xe5" },
    };
    struct test_case t;

    (void)state;
    test_case_init(&t);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct dcap_needs needs;
        struct err e = { 0 };

        test_case_changed(&t, rows[i].changes);
        CHECK_OK(rows[i].changes, dcap_needs(EVIDENCE_SGX, t.in.evidence, &t.request, &needs, &e),
                 e);
        CHECK_TEXT(rows[i].changes, span_str(needs.ca), rows[i].ca);
        CHECK_SPAN(rows[i].changes, span_of(needs.fmspc, 6), span_of(rows[i].fmspc, 6));
        CHECK_OK(
            rows[i].changes,
            dcap_needs(EVIDENCE_OE, lab_oe_report(&t.lab, t.in.evidence), &t.request, &needs, &e),
            e);
    }
    test_case_fini(&t);
}

static void evidence_that_names_no_platform_is_refused(void **state)
{
    static const struct {
        const char *changes;
        enum err_code code;
    } rows[] = {
        { "ver=2", ERR_UNSUPPORTED },
        { "trail=01", ERR_MALFORMED },
        { "ct=2", ERR_MALFORMED },
        { "ct=7", ERR_UNSUPPORTED },
        { "extension=missing", ERR_MALFORMED },
    };
    struct test_case t;

    (void)state;
    test_case_init(&t);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct dcap_needs needs = { .ca = "untouched" };
        struct err e = { 0 };

        test_case_changed(&t, rows[i].changes);
        CHECK(rows[i].changes, !dcap_needs(EVIDENCE_SGX, t.in.evidence, &t.request, &needs, &e));
        CHECK_INT(rows[i].changes, e.code, rows[i].code);
        CHECK_TEXT(rows[i].changes, span_str(needs.ca), "untouched");
    }
    test_case_fini(&t);
}

static void missing_documents_are_unavailable_and_missing_lists_invalid(void **state)
{
    static const char *const reasons[] = {
        "collateral_unavailable",
        "collateral_unavailable",
        "collateral_unavailable",
        "collateral_unavailable",
        "invalid_crl",
        "invalid_crl",
        "invalid_crl",
    };
    struct test_case t;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    for (size_t i = 0; i < COUNT(reasons); i++) {
        struct span whole = *file_at(&t.files, i);

        *file_at(&t.files, i) = (struct span){ 0 };
        test_case_load(&t);
        CHECK_TEXT("file", span_str(test_case_judge(&t)->reason), reasons[i]);
        CHECK_INT("file", t.out.err.code, ERR_MISSING);
        *file_at(&t.files, i) = whole;
    }
    t.in.collateral = NULL;
    t.in.collateral_note = "the source has been down since noon";
    CHECK("the note", strstr(test_case_judge(&t)->err.text, "down since noon"));
    test_case_fini(&t);
}

/* A key of another kind has no point, and must not equal a root that was entered without one. */
static void a_root_without_a_key_is_nobody_s_root(void **state)
{
    const struct root_key keys[] = { { .name = "nothing" }, root_intel_sgx };
    const struct root_list roots = { keys, COUNT(keys) };

    (void)state;
    CHECK("no point", root_find(&roots, (struct span){ 0 }) == NULL);
    CHECK("a point", root_find(&roots, root_intel_sgx.point) == &keys[1]);
    CHECK("half of one", root_find(&roots, span_part(root_intel_sgx.point, 0, 32)) == NULL);
}

TEST_MAIN(a_set_says_what_it_is_for, the_identity_is_that_of_every_byte_and_of_the_roots,
          a_set_prepared_under_other_roots_vouches_for_nothing, a_set_owns_what_it_was_given,
          verdicts_verify_nothing_of_the_collateral_again, evidence_says_which_collateral_it_needs,
          evidence_that_names_no_platform_is_refused,
          missing_documents_are_unavailable_and_missing_lists_invalid,
          a_root_without_a_key_is_nobody_s_root)
