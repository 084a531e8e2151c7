/*
 * bench-policy - what policies cost: compiling, judging, and the worst that can be sent
 *
 * usage: bench-policy [usual|hostile|texts [PART OF A NAME [EVENTS.json]]]
 *
 * Times are CPU time of this machine at this moment, median of nine; beside each stands its ratio
 * to one P-256 verification of the same run. Allocations are those from the request's arena, which
 * asks the system only when it grows.
 */
#include "policies.h"

#include "../src/crypto/signkey.h"
#include "../src/policy/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 9 };

static double verify_ns; /* one P-256 verification */
static const char *only; /* a part of the names of the rows to run */

static bool is_wanted(const struct policy_bench *b)
{
    return strstr(b->name, only) != NULL;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static double median(double *v)
{
    qsort(v, ROUNDS, sizeof *v, by_value);
    return v[ROUNDS / 2];
}

static void give_up(const char *what, const struct err *e)
{
    fprintf(stderr, "bench-policy: %s: %s\n", what, e->text);
    exit(70);
}

/* the measure */

static void measure_verify(struct crypto *c)
{
    static const uint8_t message[432] = { 1 };
    struct arena a = arena_over(1 << 20);
    struct err e = { 0 };
    struct signkey *k = signkey_new(c, SIGNKEY_P256, &e);
    struct span spki = { 0 };
    uint8_t sig[64];
    double times[ROUNDS];
    size_t n = 0;

    if (!k || !signkey_spki(k, &a, &spki, &e) ||
        !signkey_sign(c, k, SIG_ES256, span_of(message, sizeof message), sig, sizeof sig, &n, &e))
        give_up("key", &e);
    for (int i = 0; i < ROUNDS; i++) {
        double start = now();

        for (int r = 0; r < 50; r++)
            if (!p256_verify(c, span_part(spki, spki.n - 64, 64), span_of(message, sizeof message),
                             span_of(sig, n), &e))
                give_up("verify", &e);
        times[i] = (now() - start) / 50;
    }
    verify_ns = median(times);
    signkey_free(k);
    arena_fini(&a);
    printf("one P-256 verification: %.1f us\n", verify_ns / 1000);
}

/* policies as people write them */

/* Turns for about 20 ms. */
static int turns_for(double ns)
{
    return ns > 20e6 ? 1 : (int)(20e6 / (ns + 1)) + 1;
}

static double judge_once(const struct policy_bench *b, const struct policy *p, struct arena *a,
                         struct policy_outcome *o)
{
    struct err e = { 0 };
    double start = now();

    if (!policy_eval(p, &b->claims, a, o, &e))
        give_up(b->name, &e);
    return now() - start;
}

static double trace_once(const struct policy_bench *b, const struct policy *p, struct arena *a)
{
    struct policy_outcome o;
    struct policy_trail trail;
    struct err e = { 0 };
    double start = now();

    if (!policy_eval_trace(p, &b->claims, a, &o, &trail, &e))
        give_up(b->name, &e);
    return now() - start;
}

static double judge(const struct policy_bench *b, const struct policy *p, struct arena *a)
{
    struct policy_outcome o;
    double times[ROUNDS], first = judge_once(b, p, a, &o);
    int turns = turns_for(first);

    for (int i = 0; i < ROUNDS; i++) {
        double start = now();

        for (int r = 0; r < turns; r++) {
            arena_reset(a);
            judge_once(b, p, a, &o);
        }
        times[i] = (now() - start) / turns;
    }
    return median(times);
}

static double compile(struct crypto *c, const struct policy_bench *b)
{
    double times[ROUNDS];
    struct err e = { 0 };

    for (int i = 0; i < ROUNDS; i++) {
        double start = now();

        for (int r = 0; r < 5; r++) {
            struct policy *p = policy_new(c, b->text, NULL, &e);

            if (!p)
                give_up(b->name, &e);
            policy_free(p);
        }
        times[i] = (now() - start) / 5;
    }
    return median(times);
}

static void measure_usual(struct crypto *c, const struct policy_bench *b)
{
    static const size_t many = 1u << 30;
    struct arena a = arena_over(512 << 20);
    struct policy_outcome o;
    struct err e = { 0 };
    struct policy *p = policy_new(c, b->text, NULL, &e);
    double first, warm, made;
    size_t allocations, bytes;

    if (!p)
        give_up(b->name, &e);
    first = judge_once(b, p, &a, &o);
    warm = judge(b, p, &a);
    arena_reset(&a);
    a.fail_at = many;
    judge_once(b, p, &a, &o);
    allocations = many - a.fail_at;
    bytes = a.used;
    made = compile(c, b);
    printf("%-34s %7zu %9.1f %9.1f %9.1f %8.2f %7zu %9zu %9llu %s\n", b->name, b->text.n,
           made / 1000, first / 1000, warm / 1000, warm / verify_ns, allocations, bytes,
           (unsigned long long)o.steps, policy_decision_name(o.decision));
    policy_free(p);
    arena_fini(&a);
}

static void table_usual(struct crypto *c, struct arena *a, struct span events)
{
    struct policy_bench rows[POLICY_BENCHES_MOST];
    size_t n = usual_policies(a, events, rows);

    printf("\n%-34s %7s %9s %9s %9s %8s %7s %9s %9s\n", "policy", "bytes", "compile", "first us",
           "warm us", "verifies", "allocs", "memory", "steps");
    for (size_t i = 0; i < n; i++)
        if (is_wanted(&rows[i]))
            measure_usual(c, &rows[i]);
}

/* the worst that can be sent */

static void table_hostile(struct crypto *c, struct arena *a)
{
    struct policy_bench rows[POLICY_BENCHES_MOST];
    size_t n = hostile_policies(a, rows);
    double worst = 0, slowest = 0;
    size_t held;

    printf("\n%-42s %9s %9s %9s %8s %8s %s\n", "hostile policy", "ms", "traced", "steps", "ns/step",
           "MiB", "decision");
    for (size_t i = 0; i < n; i++) {
        struct arena work = arena_over((size_t)1 << 30);
        struct policy_outcome o = { 0 };
        struct err e = { 0 };
        struct policy *p = policy_new(c, rows[i].text, NULL, &e);
        double ns, again, traced;

        if (!p)
            give_up(rows[i].name, &e);
        if (!is_wanted(&rows[i])) {
            policy_free(p);
            continue;
        }
        ns = judge_once(&rows[i], p, &work, &o);
        arena_fini(&work);
        again = judge_once(&rows[i], p, &work, &o);
        ns = again < ns ? again : ns;
        held = work.held;
        arena_fini(&work);
        traced = trace_once(&rows[i], p, &work);
        worst = ns > worst ? ns : worst;
        slowest = traced > slowest ? traced : slowest;
        printf("%-42s %9.2f %9.2f %9llu %8.2f %8.1f %s %s\n", rows[i].name, ns / 1e6, traced / 1e6,
               (unsigned long long)o.steps, ns / (double)(o.steps ? o.steps : 1),
               (double)held / (1 << 20), policy_decision_name(o.decision), o.error_code);
        policy_free(p);
        arena_fini(&work);
    }
    printf("worst: %.1f ms, with a trail %.1f ms\n", worst / 1e6, slowest / 1e6);
}

static void table_texts(struct crypto *c, struct arena *a)
{
    struct policy_bench rows[POLICY_BENCHES_MOST];
    size_t n = hostile_texts(a, rows);

    printf("\n%-42s %9s %9s %s\n", "hostile text", "bytes", "ms", "verdict");
    for (size_t i = 0; i < n; i++) {
        struct arena notes = arena_over(64 << 20);
        struct policy_diagnostics d = { .arena = &notes };
        struct err e = { 0 };
        double start = now();
        struct policy *p = policy_new(c, rows[i].text, &d, &e);

        printf("%-42s %9zu %9.2f %s, %zu notes\n", rows[i].name, rows[i].text.n,
               (now() - start) / 1e6,
               p           ? "compiles"
               : e.text[0] ? e.text
                           : "?",
               d.count);
        policy_free(p);
        arena_fini(&notes);
    }
}

static struct span file_of(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *p = malloc(16 << 20);
    size_t n = f && p ? fread(p, 1, 16 << 20, f) : 0;

    if (n == 0) {
        fprintf(stderr, "bench-policy: cannot read %s\n", path);
        exit(66);
    }
    fclose(f);
    return span_of(p, n);
}

int main(int argc, char **argv)
{
    const char *which = argc > 1 ? argv[1] : "";
    struct span events = argc > 3 ? file_of(argv[3]) : (struct span){ 0 };
    struct arena a = arena_over((size_t)1 << 30);
    struct err e = { 0 };
    struct crypto *c = crypto_new(&e);

    only = argc > 2 ? argv[2] : "";
    if (!c)
        give_up("crypto", &e);
    measure_verify(c);
    if (!*which || strcmp(which, "usual") == 0)
        table_usual(c, &a, events);
    if (!*which || strcmp(which, "hostile") == 0)
        table_hostile(c, &a);
    if (!*which || strcmp(which, "texts") == 0)
        table_texts(c, &a);
    free((void *)(uintptr_t)events.p);
    crypto_free(c);
    arena_fini(&a);
    return 0;
}
