/*
 * bench-verdict - verdicts over SGX evidence on one core, by what the caches know: 3, 2 and 1
 * verifications
 *
 * The evidence is the lab's. Each line says how many verifications a verdict really took.
 */
#include "../lab/lab.h"
#include "../src/evidence/appraise.h"
#include "../src/evidence/dcap/cache.h"
#include "../src/evidence/dcap/collateral.h"
#include "../src/policy/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MACHINES = 64, ROUNDS = 9, SLICE_MS = 150, WORK_MEMORY = 16 * 1024 * 1024 };

static struct {
    struct arena arena, work;
    struct crypto *crypto;
    struct dcap_collateral *collateral;
    struct root_list roots;
    struct root_key root;
    struct policy *policy;
    struct lab_sgx_set machines[MACHINES]; /* different platforms */
    struct lab_sgx_set quoters[MACHINES];  /* one platform, different quoting enclave data */
} bench;

static void die(const char *what, const struct err *e)
{
    fprintf(stderr, "bench-verdict: %s: %s: %s\n", what, e->path, e->text);
    exit(70);
}

static void make_machines(void)
{
    static uint8_t auth[MACHINES][32];
    struct err e = { 0 };

    for (size_t i = 0; i < MACHINES; i++) {
        struct lab_sgx_params p = lab_sgx_params(0);

        p.platform = i;
        if (!lab_sgx_make(&p, &bench.arena, &bench.machines[i], &e))
            die("a machine", &e);
        p = lab_sgx_params(0);
        auth[i][0] = (uint8_t)i;
        p.auth = span_of(auth[i], sizeof auth[i]);
        if (!lab_sgx_make(&p, &bench.arena, &bench.quoters[i], &e))
            die("a quoting enclave", &e);
    }
}

static void prepare(void)
{
    struct lab_key root;
    struct err e = { 0 };
    struct dcap_collateral_files files;
    const struct lab_sgx_set *m = &bench.machines[0];

    bench.arena = arena_over((size_t)256 * 1024 * 1024);
    bench.work = arena_over(WORK_MEMORY);
    make_machines();
    bench.crypto = crypto_new(&e);
    if (!bench.crypto || !lab_key_of(0, "root", &root, &e))
        die("keys", &e);
    bench.root =
        (struct root_key){ "lab", arena_dup(&bench.arena, span_of(root.point + 1, 64)), true };
    bench.roots = (struct root_list){ &bench.root, 1 };
    files = (struct dcap_collateral_files){ m->tcb_info, m->tcb_chain, m->qe_identity, m->qe_chain,
                                            m->pck_crl,  m->crl_chain, m->root_crl };
    bench.collateral = dcap_collateral_new(bench.crypto, &files, &bench.roots, &e);
    bench.policy =
        policy_new(bench.crypto, policy_default(span_str("SgxEnclave"), "azure"), NULL, &e);
    if (!bench.collateral || !bench.policy)
        die("collateral and policy", &e);
}

static void judge(struct dcap_cache *cache, const struct lab_sgx_set *m)
{
    struct appraise_in in = {
        .kind = EVIDENCE_SGX,
        .evidence = m->quote,
        .now = LAB_NOW,
        .crypto = bench.crypto,
        .arena = &bench.work,
        .roots = &bench.roots,
        .collateral = bench.collateral,
        .cache = cache,
        .runtime_data = { DATA_JSON, m->runtime },
    };
    static struct appraisal out;
    struct policy_outcome decided;
    struct err e = { 0 };

    arena_reset(&bench.work);
    if (!appraise(&in, &out, &e) || !out.is_accepted)
        die("a verdict", out.is_accepted ? &e : &out.err);
    if (!policy_eval(bench.policy, &out.incoming, &bench.work, &decided, &e) ||
        decided.decision != POLICY_PERMIT)
        die("the policy", &e);
}

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* CPU nanoseconds of one verdict, the median of the rounds. */
static double measure(size_t entries, const struct lab_sgx_set *sets, size_t count,
                      double *verified)
{
    double rounds[ROUNDS];
    struct err e = { 0 };
    struct dcap_cache *cache = entries > 0 ? dcap_cache_new(entries, &e) : NULL;
    uint64_t before;
    size_t done = 0, all = 0;

    for (size_t i = 0; i < count; i++)
        judge(cache, &sets[i]);
    before = crypto_verifications(bench.crypto);
    for (int r = 0; r < ROUNDS; r++) {
        double begin = now_ns(), took;

        done = 0;
        do {
            judge(cache, &sets[done++ % count]);
            took = now_ns() - begin;
        } while (took < SLICE_MS * 1e6);
        rounds[r] = took / (double)done;
        all += done;
    }
    *verified = (double)(crypto_verifications(bench.crypto) - before) / (double)all;
    dcap_cache_free(cache);
    qsort(rounds, ROUNDS, sizeof *rounds, by_value);
    return rounds[ROUNDS / 2];
}

int main(void)
{
    struct row {
        const char *name;
        size_t entries;
        const struct lab_sgx_set *sets;
        size_t count;
    } rows[4];
    double verified, ns;

    prepare();
    rows[0] = (struct row){ "no cache", 0, bench.machines, MACHINES };
    rows[1] = (struct row){ "new platform each time", 4, bench.machines, MACHINES };
    rows[2] = (struct row){ "leaf known", 4, bench.quoters, MACHINES };
    rows[3] = (struct row){ "quoting enclave known", 256, bench.machines, MACHINES };
    printf("verdicts on one core (evidence, claims and default policy; no token)\n");
    printf("  %-26s %10s %10s %10s\n", "caches", "verified", "CPU us", "per second");
    for (size_t i = 0; i < COUNT(rows); i++) {
        ns = measure(rows[i].entries, rows[i].sets, rows[i].count, &verified);
        printf("  %-26s %10.2f %10.1f %10.0f\n", rows[i].name, verified, ns / 1000, 1e9 / ns);
    }
    policy_free(bench.policy);
    dcap_collateral_free(bench.collateral);
    crypto_free(bench.crypto);
    arena_fini(&bench.work);
    arena_fini(&bench.arena);
    return 0;
}
