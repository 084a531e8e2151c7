/* Whatever happens to the bytes or to the memory, the answer is a verdict or a clean error, and no
 * changed byte yields different claims. */
#include "sgx.h"

#include "../dcap/prepared.h"
#include "test_mutant.h"

static struct span claims_of(struct test_case *t, struct arena *a)
{
    struct writer w = writer_in(a, 8192);
    struct err e = { 0 };

    CHECK_OK("incoming", claim_set_write(&w, &t->out.incoming, &e), e);
    CHECK_OK("outgoing", claim_set_write(&w, &t->out.outgoing, &e), e);
    return writer_span(&w);
}

/* Claims less the hash of the evidence, which changes with every byte of it. */
static void blank_quote_hash(struct span claims)
{
    uint8_t *at = (uint8_t *)(uintptr_t)claims.p;
    size_t left = claims.n;

    while ((at = memmem(at, left, "\"quotehash\":\"", 13)) != NULL) {
        memset(at + 13, '-', 64);
        left = claims.n - (size_t)(at + 13 - claims.p);
        at += 13;
    }
}

/* White space between and around the PEM blocks, line ends inside them, and the final NUL. */
static bool is_slack(const struct test_case *t, size_t at)
{
    uint8_t c = t->set.quote.p[at];

    return at >= 1052 && (c == '\n' || c == 0);
}

static void every_flipped_bit_is_refused_or_changes_no_claim(void **state)
{
    struct test_case t;
    struct span want;
    size_t accepted = 0;
    uint8_t *quote;
    struct err e = { 0 };

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    t.in.cache = dcap_cache_new(8, &e);
    CHECK_OK("base", test_case_judge(&t)->is_accepted, t.out.err);
    want = claims_of(&t, &t.lab);
    blank_quote_hash(want);
    quote = (uint8_t *)(uintptr_t)arena_dup(&t.lab, t.set.quote).p;
    t.in.evidence.p = quote;
    for (size_t bit = 0; bit < 8 * t.set.quote.n; bit++) {
        quote[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (test_case_judge(&t)->is_accepted) {
            struct span got = claims_of(&t, &t.request);

            blank_quote_hash(got);
            if (!is_slack(&t, bit / 8))
                fail_msg("bit %zu of byte %zu is accepted", bit % 8, bit / 8);
            CHECK_SPAN("claims", got, want);
            accepted++;
        } else {
            CHECK("nothing is claimed", t.out.outgoing.count == 0 && t.out.incoming.count == 0);
            CHECK("a reason", t.out.reason && t.out.err.text[0]);
        }
        quote[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    CHECK("some white space is as good as other", accepted > 0);
    dcap_cache_free(t.in.cache);
    test_case_fini(&t);
}

static void every_truncated_quote_is_refused(void **state)
{
    struct test_case t;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    for (size_t n = 0; n < t.set.quote.n; n++) {
        struct span cut = { check_exact(span_part(t.set.quote, 0, n)), n };

        t.in.evidence = cut;
        CHECK("quote", !test_case_judge(&t)->is_accepted);
        CHECK_TEXT("quote", span_str(t.out.reason), "malformed_evidence");
        free((void *)(uintptr_t)cut.p);
    }
    test_case_fini(&t);
}

/* The places of a set's files, for the tests that spoil each in turn. */
static struct span *file_at(struct dcap_collateral_files *f, size_t i)
{
    struct span *const all[] = {
        &f->tcb_info, &f->tcb_info_issuer_chain, &f->qe_identity, &f->qe_identity_issuer_chain,
        &f->pck_crl,  &f->pck_crl_issuer_chain,  &f->root_ca_crl,
    };

    return i < COUNT(all) ? all[i] : NULL;
}

/* Only the last line end of a PEM text can be missed without harm. */
static void truncated_collateral_is_refused(void **state)
{
    struct test_case t;
    struct span want;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    CHECK_OK("base", test_case_judge(&t)->is_accepted, t.out.err);
    want = claims_of(&t, &t.lab);
    for (size_t i = 0; file_at(&t.files, i); i++) {
        struct span whole = *file_at(&t.files, i);
        bool is_pem = whole.p[0] == '-';

        for (size_t n = 0; n < whole.n; n += n + 40 < whole.n ? 11 : 1) {
            struct span cut = { check_exact(span_part(whole, 0, n)), n };

            *file_at(&t.files, i) = cut;
            test_case_load(&t);
            if (test_case_judge(&t)->is_accepted) {
                CHECK("only a line end", is_pem && n == whole.n - 1);
                CHECK_SPAN("claims", claims_of(&t, &t.request), want);
            }
            free((void *)(uintptr_t)cut.p);
        }
        *file_at(&t.files, i) = whole;
    }
    test_case_fini(&t);
}

static void appraisal_without_memory_ends_in_a_clean_error(void **state)
{
    struct test_case t;
    size_t n = 1;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "isv_attr=8500000000000000e700000000000000");
    t.in.runtime_data = (struct bound_data){ DATA_JSON, t.set.runtime };
    t.in.nonce = span_str("n");
    for (;; n++) {
        struct err e = { 0 };

        arena_reset(&t.request);
        t.request.fail_at = n;
        if (appraise(&t.in, &t.out, &e)) {
            CHECK_OK("enough memory", t.out.is_accepted, t.out.err);
            break;
        }
        CHECK_INT("memory", e.code, ERR_MEMORY);
        CHECK("nothing is claimed", !t.out.is_accepted);
    }
    t.request.fail_at = 0;
    CHECK("allocations were made to fail", n > 8);
    test_case_fini(&t);
}

static void collateral_without_memory_ends_in_a_clean_error(void **state)
{
    struct test_case t;
    size_t n = 1;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    for (;; n++) {
        struct dcap_collateral k = { .arena = arena_over(64u << 20) };
        struct err e = { 0 };
        bool done;

        k.arena.fail_at = n;
        done = dcap_collateral_prepare(&k, t.crypto, &t.files, &t.roots, &e);
        arena_fini(&k.arena);
        if (done)
            break;
        CHECK_INT("memory", e.code, ERR_MEMORY);
    }
    CHECK("allocations were made to fail", n > 8);
    test_case_fini(&t);
}

/* A ceiling that is met is a refusal in the evidence's row or a limit of the request; never a
 * verdict half made. */
static void appraisal_under_a_low_ceiling_claims_nothing(void **state)
{
    struct test_case t;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    for (size_t ceiling = 1024; ceiling < 64 * 1024; ceiling += 1024) {
        struct arena small = arena_over(ceiling);
        struct err e = { 0 };

        t.in.arena = &small;
        if (appraise(&t.in, &t.out, &e)) {
            CHECK("all or nothing", t.out.is_accepted == (t.out.outgoing.count > 0));
            CHECK("limit", t.out.is_accepted || t.out.err.code == ERR_LIMIT);
        } else {
            CHECK_INT("limit", e.code, ERR_LIMIT);
        }
        arena_fini(&small);
    }
    t.in.arena = &t.request;
    test_case_fini(&t);
}

TEST_MAIN(every_flipped_bit_is_refused_or_changes_no_claim, every_truncated_quote_is_refused,
          truncated_collateral_is_refused, appraisal_without_memory_ends_in_a_clean_error,
          collateral_without_memory_ends_in_a_clean_error,
          appraisal_under_a_low_ceiling_claims_nothing)
