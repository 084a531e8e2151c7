/* The cache changes how much work a verdict costs and nothing else. */
#include "cache.h"

#include "ledger.h"

#include "../sgx/test_mutant.h"

#define CRL_AFTER "pcrl=2024-01-14T00:00:00Z..2024-02-13T00:00:00Z"

static void with_cache(struct test_case *t, size_t entries)
{
    struct err e = { 0 };

    t->in.cache = dcap_cache_new(entries, &e);
    CHECK_OK("cache", t->in.cache != NULL, e);
}

static void without_cache(struct test_case *t)
{
    dcap_cache_free(t->in.cache);
    t->in.cache = NULL;
}

/* How many verifications one verdict costs. */
static uint64_t cost(struct test_case *t)
{
    uint64_t before = crypto_verifications(t->crypto);

    CHECK_OK("accepted", test_case_judge(t)->is_accepted, t->out.err);
    return crypto_verifications(t->crypto) - before;
}

/* Puts another machine of the same makers before the verifier; collateral and cache stay. */
static void next_machine(struct test_case *t, const char *changes)
{
    t->in.evidence = mutant_other(t, changes).quote;
}

static void a_verdict_costs_three_two_or_one_verifications(void **state)
{
    struct test_case t;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    with_cache(&t, 16);
    CHECK_INT("first machine of an authority", cost(&t), 5);
    CHECK_INT("machine and quoting enclave known", cost(&t), 1);
    next_machine(&t, "platform=1");
    CHECK_INT("new machine, authority known", cost(&t), 3);
    CHECK_INT("now known", cost(&t), 1);
    next_machine(&t, "platform=1;auth=aa*32");
    CHECK_INT("leaf known, quoting enclave signed anew", cost(&t), 2);
    next_machine(&t, "platform=1;auth=aa*32;isv_svn=4");
    CHECK_INT("another enclave of that machine", cost(&t), 1);
    without_cache(&t);
    CHECK_INT("cache off", cost(&t), 5);
    test_case_fini(&t);
}

static void writes_a_verdict(struct writer *w, const struct appraisal *out)
{
    struct err e = { 0 };

    write_text(w, out->reason ? out->reason : "accepted");
    write_text(w, out->err.text);
    for (size_t i = 0; i < out->trail.count; i++)
        write_format(w, "|%s %s %s", out->trail.entries[i].name,
                     check_outcome_name(out->trail.entries[i].outcome),
                     out->trail.entries[i].detail);
    if (out->tcb.is_known)
        write_text(w, out->tcb.status);
    CHECK_OK("incoming", claim_set_write(w, &out->incoming, &e), e);
    CHECK_OK("outgoing", claim_set_write(w, &out->outgoing, &e), e);
}

static struct span whole_verdict(struct test_case *t)
{
    struct writer w = writer_in(&t->lab, 8192);

    writes_a_verdict(&w, test_case_judge(t));
    return writer_span(&w);
}

/* Every scenario: without a cache, with an empty one, with a warm one. */
static void verdicts_are_the_same_with_the_cache_off(void **state)
{
    size_t count = 0;
    const struct lab_scenario *rows = lab_scenarios(&count);
    struct test_case t;

    (void)state;
    test_case_init(&t);
    for (size_t i = 0; i < count; i++) {
        struct span off, cold, warm;

        if (strcmp(rows[i].kind, "sgx") != 0)
            continue;
        test_case_scenario(&t, rows[i].name);
        off = whole_verdict(&t);
        with_cache(&t, 4);
        cold = whole_verdict(&t);
        warm = whole_verdict(&t);
        CHECK_SPAN(rows[i].name, cold, off);
        CHECK_SPAN(rows[i].name, warm, off);
        without_cache(&t);
    }
    test_case_fini(&t);
}

/* One cache for all scenarios in turn: nothing leaks from one machine's verdict into another's. */
static void one_cache_serves_every_scenario(void **state)
{
    size_t count = 0;
    const struct lab_scenario *rows = lab_scenarios(&count);
    struct dcap_cache *cache;
    struct test_case t;
    struct err e = { 0 };

    (void)state;
    test_case_init(&t);
    cache = dcap_cache_new(64, &e);
    CHECK_OK("cache", cache != NULL, e);
    for (size_t i = 0; i < 2 * count; i++) {
        const struct lab_scenario *row = &rows[i % count];
        const struct appraisal *out;

        if (strcmp(row->kind, "sgx") != 0)
            continue;
        test_case_scenario(&t, row->name);
        t.in.cache = cache;
        out = test_case_judge(&t);
        CHECK_TEXT(row->name, span_str(out->is_accepted ? out->tcb.status : out->reason),
                   row->status ? row->status : row->reason);
    }
    dcap_cache_free(cache);
    test_case_fini(&t);
}

static void a_hit_does_not_outlive_revocation(void **state)
{
    struct test_case t;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    with_cache(&t, 16);
    CHECK_OK("before", test_case_judge(&t)->is_accepted, t.out.err);
    t.files.pck_crl = mutant_other(&t, "prev=pck;" CRL_AFTER).pck_crl;
    test_case_load(&t);
    CHECK_TEXT("leaf", span_str(test_case_judge(&t)->reason), "pck_revoked");
    t.files.pck_crl = mutant_other(&t, CRL_AFTER).pck_crl;
    t.files.root_ca_crl = mutant_other(&t, "rrev=plat").root_crl;
    test_case_load(&t);
    CHECK_TEXT("authority", span_str(test_case_judge(&t)->reason), "intermediate_revoked");
    without_cache(&t);
    test_case_fini(&t);
}

static void a_hit_does_not_outlive_its_dates(void **state)
{
    static const struct {
        const char *name;
        int64_t now;
        const char *reason;
    } rows[] = {
        { "while all is valid", LAB_NOW, NULL },
        { "last second of the PCK list", 1706659200, NULL },
        { "a second later", 1706659201, "crl_expired" },
        { "before the TCB info", 1704844799, "tcb_info_not_yet_valid" },
        { "before the lists", 1704067199, "invalid_crl" },
        { "after the leaf", 1893456001, "certificate_expired" },
    };
    struct test_case t;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    with_cache(&t, 16);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct appraisal *out;

        t.in.now = LAB_NOW;
        CHECK_OK("warm", test_case_judge(&t)->is_accepted, t.out.err);
        t.in.now = rows[i].now;
        out = test_case_judge(&t);
        CHECK_TEXT(rows[i].name, span_str(out->reason ? out->reason : ""),
                   rows[i].reason ? rows[i].reason : "");
    }
    without_cache(&t);
    test_case_fini(&t);
}

/* Two platforms of one family, one certified by each authority, alternately. */
static void km_38_two_authorities_of_one_family_do_not_share_an_entry(void **state)
{
    struct test_case platform, processor;
    struct dcap_cache *cache;
    struct err e = { 0 };

    (void)state;
    test_case_init(&platform);
    test_case_init(&processor);
    cache = dcap_cache_new(16, &e);
    CHECK_OK("cache", cache != NULL, e);
    test_case_changed(&platform, "");
    test_case_changed(&processor, "processor=true");
    platform.in.cache = processor.in.cache = cache;
    for (int i = 0; i < 3; i++) {
        CHECK_OK("platform", test_case_judge(&platform)->is_accepted, platform.out.err);
        CHECK_OK("processor", test_case_judge(&processor)->is_accepted, processor.out.err);
    }
    processor.in.collateral = platform.collateral;
    CHECK_TEXT("a list of the other authority", span_str(test_case_judge(&processor)->reason),
               "invalid_crl");
    dcap_cache_free(cache);
    test_case_fini(&platform);
    test_case_fini(&processor);
}

static void km_38_two_evaluation_numbers_alternate_without_mixing(void **state)
{
    struct test_case older, newer;
    struct dcap_cache *cache;
    struct err e = { 0 };

    (void)state;
    test_case_init(&older);
    test_case_init(&newer);
    cache = dcap_cache_new(16, &e);
    CHECK_OK("cache", cache != NULL, e);
    test_case_changed(&older, "eval=15");
    test_case_changed(&newer, "");
    older.in.cache = newer.in.cache = cache;
    older.in.least_evaluation_number = newer.in.least_evaluation_number = 16;
    for (int i = 0; i < 3; i++) {
        CHECK_TEXT("15", span_str(test_case_judge(&older)->reason), "tcb_baseline_not_met");
        CHECK_OK("16", test_case_judge(&newer)->is_accepted, newer.out.err);
        CHECK_INT("16", newer.out.tcb.evaluation_data_number, 16);
        CHECK_INT("15", older.out.tcb.evaluation_data_number, 15);
    }
    dcap_cache_free(cache);
    test_case_fini(&older);
    test_case_fini(&newer);
}

static void an_entry_does_not_answer_for_other_roots(void **state)
{
    struct test_case t;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    with_cache(&t, 16);
    CHECK_OK("lab root", test_case_judge(&t)->is_accepted, t.out.err);
    t.root = root_intel_sgx;
    CHECK_TEXT("vendor root", span_str(test_case_judge(&t)->reason), "untrusted_root");
    without_cache(&t);
    test_case_fini(&t);
}

/* Changing one byte of whatever a remembered signature covers makes it unknown again. */
static void a_changed_byte_is_not_what_was_remembered(void **state)
{
    struct quote quote;
    struct test_case t;
    struct err e = { 0 };

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    with_cache(&t, 16);
    CHECK_OK("warm", test_case_judge(&t)->is_accepted, t.out.err);
    CHECK_OK("quote", quote_parse(t.set.quote, &quote, &e), e);
    for (size_t i = 0; i < quote.qe_report_bytes.n; i++) {
        size_t at = (size_t)(quote.qe_report_bytes.p - t.set.quote.p) + i;
        uint8_t *byte = (uint8_t *)(uintptr_t)t.set.quote.p + at;

        *byte ^= 0x80;
        CHECK_TEXT("QE report", span_str(test_case_judge(&t)->reason), "qe_report_signature");
        *byte ^= 0x80;
    }
    CHECK_INT("as it was", cost(&t), 1);
    without_cache(&t);
    test_case_fini(&t);
}

static void a_cache_for_no_entry_keeps_one(void **state)
{
    struct test_case t;

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    with_cache(&t, 0);
    CHECK_INT("cold", cost(&t), 5);
    CHECK_INT("warm", cost(&t), 1);
    CHECK_INT("entries", dcap_cache_stats(t.in.cache).entries, 1);
    without_cache(&t);
    test_case_fini(&t);
}

static void the_cache_keeps_to_its_bound(void **state)
{
    struct test_case t;
    char changes[32];

    (void)state;
    test_case_init(&t);
    test_case_changed(&t, "");
    with_cache(&t, 4);
    for (unsigned i = 0; i < 40; i++) {
        snprintf(changes, sizeof changes, "platform=%u", i);
        next_machine(&t, changes);
        CHECK_OK(changes, test_case_judge(&t)->is_accepted, t.out.err);
        CHECK(changes, dcap_cache_stats(t.in.cache).entries <= 4);
        CHECK_INT(changes, cost(&t), 1); /* the newest is among them */
    }
    CHECK_INT("entries", dcap_cache_stats(t.in.cache).entries, 4);
    CHECK_INT("hits", dcap_cache_stats(t.in.cache).chain_hits, 40);
    CHECK_INT("misses", dcap_cache_stats(t.in.cache).chain_misses, 40);
    CHECK_INT("QE hits", dcap_cache_stats(t.in.cache).qe_hits, 40);
    CHECK_INT("QE misses", dcap_cache_stats(t.in.cache).qe_misses, 40);
    dcap_cache_clear(t.in.cache);
    CHECK_INT("cleared", dcap_cache_stats(t.in.cache).entries, 0);
    CHECK_INT("cleared", cost(&t), 5);
    without_cache(&t);
    dcap_cache_free(NULL);
    test_case_fini(&t);
}

/* What is needed is asked before anything is judged: the same answer, with and without a memory. */
static void needs_are_the_same_with_the_cache_off(void **state)
{
    static const char *const changes[] = {
        "",     "platform=1", "pck_fmspc=ffeeddccbbaa", "processor=true",
        "ct=1", "",           "processor=true",         "pck_fmspc=ffeeddccbbaa"
    };
    struct test_case t;

    (void)state;
    for (size_t entries = 1; entries <= 16; entries += 15) {
        test_case_init(&t);
        test_case_changed(&t, "");
        for (size_t round = 0; round < 2 * COUNT(changes); round++) {
            const char *row = changes[round % COUNT(changes)];
            struct dcap_needs with = { { 0 }, "" }, without = { { 0 }, "" };
            struct err e = { 0 }, f = { 0 };
            bool got, want;

            next_machine(&t, row);
            if (!t.in.cache)
                with_cache(&t, entries);
            got = dcap_needs_of(&t.in, &with, &e);
            want = dcap_needs(t.in.kind, t.in.evidence, &t.request, &without, &f);
            CHECK_INT(row, got, want);
            CHECK_SPAN(row, span_of(with.fmspc, 6), span_of(without.fmspc, 6));
            CHECK(row, strcmp(with.ca, without.ca) == 0 && e.code == f.code);
        }
        without_cache(&t);
        test_case_fini(&t);
    }
}

/* The sum that is remembered is never that of other bytes, another type or another length. */
static void a_remembered_sum_is_of_these_bytes(void **state)
{
    static const struct {
        uint16_t type;
        size_t at, n; /* the byte that differs, the length */
    } rows[] = { { 5, 0, 64 },  { 5, 0, 64 }, { 5, 63, 64 },  { 4, 63, 64 },
                 { 5, 63, 63 }, { 5, 0, 0 },  { 5, 1, 9000 }, { 5, 2, 9000 } };
    static uint8_t bytes[9000];
    struct err e = { 0 };
    struct crypto *c = crypto_new(&e);
    struct dcap_cache *cache = dcap_cache_new(1, &e);

    (void)state;
    CHECK_OK("set up", c && cache, e);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const uint8_t type[2] = { (uint8_t)rows[i].type, 0 };
        struct span parts[] = { span_of(type, 2), span_of(bytes, rows[i].n) };
        uint8_t want[SHA256_SIZE];
        struct ledger_key got;

        bytes[rows[i].at] = 1;
        CHECK_OK("plain", digest(c, DIGEST_SHA256, parts, 2, want, &e), e);
        CHECK_OK("kept", ledger_data_sum(cache, c, rows[i].type, parts[1], &got, &e), e);
        CHECK_SPAN("sum", span_of(got.sum, sizeof got.sum), span_of(want, sizeof want));
        bytes[rows[i].at] = 0;
    }
    dcap_cache_free(cache);
    crypto_free(c);
}

TEST_MAIN(a_remembered_sum_is_of_these_bytes, needs_are_the_same_with_the_cache_off,
          a_verdict_costs_three_two_or_one_verifications, verdicts_are_the_same_with_the_cache_off,
          one_cache_serves_every_scenario, a_hit_does_not_outlive_revocation,
          a_hit_does_not_outlive_its_dates,
          km_38_two_authorities_of_one_family_do_not_share_an_entry,
          km_38_two_evaluation_numbers_alternate_without_mixing,
          an_entry_does_not_answer_for_other_roots, a_changed_byte_is_not_what_was_remembered,
          a_cache_for_no_entry_keeps_one, the_cache_keeps_to_its_bound)
