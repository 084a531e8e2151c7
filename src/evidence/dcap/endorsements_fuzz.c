/* Targets: endorsements_parse_oe, endorsements_parse_intel and their writers
 *
 * What must be true: every item lies inside the input; what was read, written and read again is the
 * same. */
#include "endorsements.h"

#include "../../../fuzz/fuzz.h"
#include "limits.h"

static void must_be_equal(const struct dcap_collateral_files *x,
                          const struct dcap_collateral_files *y)
{
    must(span_equal(x->tcb_info, y->tcb_info));
    must(span_equal(x->tcb_info_issuer_chain, y->tcb_info_issuer_chain));
    must(span_equal(x->qe_identity, y->qe_identity));
    must(span_equal(x->qe_identity_issuer_chain, y->qe_identity_issuer_chain));
    must(span_equal(x->pck_crl, y->pck_crl));
    must(span_equal(x->pck_crl_issuer_chain, y->pck_crl_issuer_chain));
    must(span_equal(x->root_ca_crl, y->root_ca_crl));
}

static bool is_inside(struct span part, struct span whole)
{
    return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void must_be_inside(const struct dcap_collateral_files *f, struct span input)
{
    must(is_inside(f->tcb_info, input) && is_inside(f->tcb_info_issuer_chain, input));
    must(is_inside(f->qe_identity, input) && is_inside(f->qe_identity_issuer_chain, input));
    must(is_inside(f->pck_crl, input) && is_inside(f->pck_crl_issuer_chain, input));
    must(is_inside(f->root_ca_crl, input));
}

/* A size within a few bytes of the limit may grow past it by the NULs that a writer adds. */
static bool is_roomy(struct span input)
{
    return input.n + 16 <= DCAP_ENDORSEMENTS_MAX;
}

static void try_oe(struct span input, struct arena *a)
{
    struct dcap_collateral_files files = { 0 }, again = { 0 };
    struct span created = { 0 }, created_again = { 0 };
    struct err e = { 0 };
    struct writer w;

    if (!endorsements_parse_oe(input, &files, &created, &e)) {
        must(e.code != ERR_NONE && e.text[0] != '\0');
        return;
    }
    must_be_inside(&files, input);
    w = writer_in(a, input.n + 16);
    endorsements_write_oe(&w, &files, created);
    if (is_roomy(input))
        must(endorsements_parse_oe(writer_span(&w), &again, &created_again, &e));
    if (is_roomy(input))
        must_be_equal(&files, &again);
}

static void try_intel(struct span input, struct arena *a)
{
    struct dcap_collateral_files files = { 0 }, again = { 0 };
    struct err e = { 0 };
    uint32_t tee = 0, tee_again = 0;
    struct writer w;

    if (!endorsements_parse_intel(input, &files, &tee, &e)) {
        must(e.code != ERR_NONE && e.text[0] != '\0');
        return;
    }
    must_be_inside(&files, input);
    w = writer_in(a, input.n + 16);
    endorsements_write_intel(&w, &files, tee);
    if (is_roomy(input))
        must(endorsements_parse_intel(writer_span(&w), &again, &tee_again, &e) && tee == tee_again);
    if (is_roomy(input))
        must_be_equal(&files, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_over(64 << 20);

    try_oe(span_of(data, size), &a);
    try_intel(span_of(data, size), &a);
    arena_fini(&a);
    return 0;
}
