/* Targets: appraise, dcap_collateral_new, dcap_needs
 *
 * The first byte says what the rest is: a whole piece of evidence, changes to the lab's quote, or
 * changes to one file of its collateral (changes: two bytes where, one byte what to flip).
 * What must be true: the verdict is the same with and without a cache; nothing is claimed unless
 * all holds; accepted evidence says what the lab's says, whatever the white space between its
 * certificates; accepted collateral leads to the lab's status. */
#include "appraise.h"

#include "../../fuzz/fuzz.h"
#include "../../lab/lab.h"
#include "dcap/cache.h"
#include "dcap/collateral.h"
#include "dcap/quote.h"

#include <string.h>

enum { FROM_EVIDENCE, FROM_REPORT, FROM_QUOTE_CHANGES, FROM_COLLATERAL_CHANGES, MODES };
enum { FILES = 7, GENUINE = 3 };

/* The lab's machine, made once; a harness may remember what it compares with. */
static struct bench {
    bool is_ready;
    struct crypto *crypto;
    struct arena lab;
    struct lab_sgx_set set;
    struct lab_key key;
    struct root_key root;
    struct root_list roots;
    struct dcap_collateral_files files;
    struct dcap_collateral *collateral;
    struct dcap_cache *cache;
    struct quote quotes[GENUINE]; /* of one enclave, in each version */
} bench;

static void make_quotes(void)
{
    static const uint16_t versions[GENUINE] = { 4, 5, 3 };
    struct err e = { 0 };

    for (size_t i = 0; i < GENUINE; i++) { /* the last one stays as the set */
        struct lab_sgx_params p = lab_sgx_params(0);

        p.ver = versions[i];
        must(lab_sgx_make(&p, &bench.lab, &bench.set, &e));
        must(quote_parse(bench.set.quote, &bench.quotes[i], &e));
    }
}

static void make_bench(void)
{
    struct err e = { 0 };

    if (bench.is_ready)
        return;
    bench.crypto = crypto_new(&e);
    bench.lab = arena_over(16u << 20);
    must(bench.crypto);
    make_quotes();
    must(lab_key_of(0, "root", &bench.key, &e));
    bench.root = (struct root_key){ .name = "lab", .point = span_of(bench.key.point + 1, 64) };
    bench.roots = (struct root_list){ &bench.root, 1 };
    bench.files = (struct dcap_collateral_files){
        .tcb_info = bench.set.tcb_info,
        .tcb_info_issuer_chain = bench.set.tcb_chain,
        .qe_identity = bench.set.qe_identity,
        .qe_identity_issuer_chain = bench.set.qe_chain,
        .pck_crl = bench.set.pck_crl,
        .pck_crl_issuer_chain = bench.set.crl_chain,
        .root_ca_crl = bench.set.root_crl,
    };
    bench.collateral = dcap_collateral_new(bench.crypto, &bench.files, &bench.roots, &e);
    bench.cache = dcap_cache_new(64, &e);
    must(bench.collateral && bench.cache);
    bench.is_ready = true;
}

/* Flips bits of a copy as the input says. */
static struct span changed(struct arena *a, struct span whole, struct span changes)
{
    struct span copy = arena_dup(a, whole);

    must(copy.p);
    for (size_t i = 0; i + 3 <= changes.n && copy.n > 0; i += 3) {
        size_t at = (size_t)(changes.p[i] | changes.p[i + 1] << 8) % copy.n;

        ((uint8_t *)(uintptr_t)copy.p)[at] ^= changes.p[i + 2];
    }
    return copy;
}

static void write_verdict(struct writer *w, const struct appraisal *out)
{
    struct err e = { 0 };

    write_text(w, out->reason ? out->reason : "accepted");
    write_text(w, out->err.path);
    write_text(w, out->err.text);
    must(claim_set_write(w, &out->incoming, &e) && claim_set_write(w, &out->outgoing, &e));
}

static void must_be_a_verdict(const struct appraisal *out)
{
    must(out->is_accepted == (out->reason == NULL));
    must(out->is_accepted == (out->err.code == ERR_NONE));
    must(out->is_accepted == (out->outgoing.count > 0));
    must(out->is_accepted == (out->incoming.count > 0));
    must(out->is_accepted || out->err.text[0] != '\0');
}

/* Judges twice, the second time with a cache that has seen everything so far. */
static bool judge(struct appraise_in *in, struct appraisal *out)
{
    struct writer first = writer_in(in->arena, 8192), second = writer_in(in->arena, 8192);
    struct err e = { 0 };

    must(appraise(in, out, &e));
    must_be_a_verdict(out);
    write_verdict(&first, out);
    in->cache = bench.cache;
    must(appraise(in, out, &e));
    must_be_a_verdict(out);
    write_verdict(&second, out);
    must(span_equal(writer_span(&first), writer_span(&second)));
    return out->is_accepted;
}

static bool is_same(const struct quote *a, const struct quote *b)
{
    return span_equal(a->signed_bytes, b->signed_bytes) &&
           span_equal(a->attestation_key, b->attestation_key) &&
           span_equal(a->qe_report_bytes, b->qe_report_bytes) &&
           span_equal(a->qe_auth_data, b->qe_auth_data);
}

/* What was signed is what the lab signed, and by the same hands. */
static void must_say_what_the_lab_says(struct span evidence)
{
    struct quote quote;
    struct err e = { 0 };
    bool is_genuine = false;

    must(quote_parse(evidence, &quote, &e));
    for (size_t i = 0; i < GENUINE; i++)
        is_genuine = is_genuine || is_same(&quote, &bench.quotes[i]);
    must(is_genuine);
}

static void try_evidence(struct appraise_in *in, struct span evidence)
{
    struct appraisal out;
    struct dcap_needs needs;
    struct err e = { 0 };
    size_t header = in->kind == EVIDENCE_OE ? 16 : 0;

    in->evidence = evidence;
    if (judge(in, &out)) {
        must(dcap_needs(in->kind, evidence, in->arena, &needs, &e));
        /* Open Enclave evidence has another header; its quote was compared when it was bare */
        if (in->kind == EVIDENCE_SGX || evidence.p[0] == 1)
            must_say_what_the_lab_says(span_part(evidence, header, evidence.n));
    } else if (!dcap_needs(in->kind, evidence, in->arena, &needs, &e)) {
        must(e.code != ERR_NONE && e.text[0] != '\0');
    }
}

static void try_collateral(struct appraise_in *in, struct span changes)
{
    struct dcap_collateral_files files = bench.files;
    struct span *const list[FILES] = {
        &files.tcb_info,    &files.tcb_info_issuer_chain,
        &files.qe_identity, &files.qe_identity_issuer_chain,
        &files.pck_crl,     &files.pck_crl_issuer_chain,
        &files.root_ca_crl,
    };
    struct dcap_collateral *k;
    struct appraisal out;
    struct err e = { 0 };
    struct span *file;

    if (changes.n == 0)
        return;
    file = list[changes.p[0] % FILES];
    *file = changed(in->arena, *file, span_part(changes, 1, changes.n));
    k = dcap_collateral_new(bench.crypto, &files, &bench.roots, &e);
    must(k);
    in->collateral = k;
    in->evidence = bench.set.quote;
    if (judge(in, &out))
        must(strcmp(out.tcb.status, "SWHardeningNeeded") == 0 && out.tcb.advisory_count == 1 &&
             out.tcb.evaluation_data_number == 16);
    dcap_collateral_free(k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = arena_over(64u << 20);
    struct appraise_in in;
    struct span rest;

    make_bench();
    if (size == 0)
        return 0;
    rest = span_of(data + 1, size - 1);
    in = (struct appraise_in){
        .kind = data[0] % MODES == FROM_REPORT ? EVIDENCE_OE : EVIDENCE_SGX,
        .now = LAB_NOW,
        .crypto = bench.crypto,
        .arena = &arena,
        .roots = &bench.roots,
        .collateral = bench.collateral,
        .profile = TCB_ANY,
        .takes_oe_evidence = true,
    };
    if (data[0] % MODES == FROM_QUOTE_CHANGES)
        try_evidence(&in, changed(&arena, bench.set.quote, rest));
    else if (data[0] % MODES == FROM_COLLATERAL_CHANGES)
        try_collateral(&in, rest);
    else
        try_evidence(&in, rest);
    arena_fini(&arena);
    return 0;
}
