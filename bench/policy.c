/* What policies cost: compiling, and evaluating over claims. A line a case, median of nine. */
#include "../src/policy/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 9 };

struct bench {
    const char *name;
    struct span text;
    struct claim_set claims;
    int repeat;
};

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

static void give_up(const char *what, const struct err *e)
{
    fprintf(stderr, "%s: %s\n", what, e->text);
    exit(1);
}

static double evaluate(const struct bench *b, const struct policy *p)
{
    struct arena a = arena_over(512 << 20);
    struct policy_outcome o;
    struct err e = { 0 };
    double start = now();

    for (int i = 0; i < b->repeat; i++) {
        if (!policy_eval(p, &b->claims, &a, &o, &e))
            give_up(b->name, &e);
        arena_reset(&a);
    }
    start = (now() - start) / b->repeat;
    arena_fini(&a);
    return start;
}

static double compile(struct crypto *c, const struct bench *b)
{
    double start = now();
    struct err e = { 0 };

    for (int i = 0; i < 20; i++) {
        struct policy *p = policy_new(c, b->text, NULL, &e);

        if (!p)
            give_up(b->name, &e);
        policy_free(p);
    }
    return (now() - start) / 20;
}

static void measure(struct crypto *c, const struct bench *b)
{
    double eval[ROUNDS], made[ROUNDS];
    struct err e = { 0 };
    struct policy *p = policy_new(c, b->text, NULL, &e);

    if (!p)
        give_up(b->name, &e);
    for (int i = 0; i < ROUNDS; i++) {
        eval[i] = evaluate(b, p);
        made[i] = compile(c, b);
    }
    qsort(eval, ROUNDS, sizeof *eval, by_value);
    qsort(made, ROUNDS, sizeof *made, by_value);
    printf("%-34s %8zu bytes  compile %10.1f us  eval %10.2f us\n", b->name, b->text.n,
           made[ROUNDS / 2] / 1000, eval[ROUNDS / 2] / 1000);
    policy_free(p);
}

static void add(struct claim_set *set, const char *name, int64_t v)
{
    struct err e = { 0 };

    if (!claim_add_int(set, name, v, &e))
        give_up(name, &e);
}

static struct span many_rules(struct arena *a, int n)
{
    struct writer w = writer_in(a, 1 << 17);

    write_text(&w, "version=1.0;authorizationrules{");
    for (int i = 0; i < n; i++)
        write_format(&w,
                     "[type==\"k%d\",value==1]&&c:[type==\"k%d\",value>c0]&&[type==\"k%d\"]=>"
                     "permit();",
                     i % 200, (i * 7) % 200, (i * 13) % 200);
    write_text(&w, "};");
    for (size_t i = 0; i + 1 < w.n; i++)
        if (memcmp(w.p + i, "c0", 2) == 0)
            memcpy(w.p + i, "42", 2);
    return writer_span(&w);
}

/* A measured-boot log of about 200 kB, and rules that ask it for several things. */
static struct span event_log(struct arena *a)
{
    struct writer w = writer_in(a, 1 << 18);

    write_text(&w, "{\"Events\":[");
    for (int i = 0; i < 900; i++)
        write_format(
            &w,
            "%s{\"EventSeq\":%d,\"PcrIndex\":%d,\"EventTypeString\":\"EV_EVENT_TAG\","
            "\"Digests\":{\"SHA256\":\"%064d\"},\"ProcessedData\":{\"EVENT_TRUSTBOUNDARY\":"
            "{\"EVENT_BOOTDEBUGGING\":false,\"EVENT_MODULE_SVN\":%d}}}",
            i ? "," : "", i, i % 24, i, i);
    write_text(&w, "]}");
    return writer_span(&w);
}

static struct span log_rules(struct arena *a)
{
    struct writer w = writer_in(a, 1 << 14);

    write_text(&w, "version=1.2;authorizationrules{=>permit();};issuancerules{");
    for (int i = 0; i < 70; i++)
        write_format(&w,
                     "c:[type==\"events\",issuer==\"AttestationService\"]=>add(type=\"r%d\",value="
                     "JmesPath(c.value,\"Events[?PcrIndex==`%d`].ProcessedData."
                     "EVENT_TRUSTBOUNDARY|[0].EVENT_BOOTDEBUGGING\"));",
                     i, i % 14);
    write_text(&w, "};");
    return writer_span(&w);
}

int main(void)
{
    static const char join[] =
        "version=1.0;authorizationrules{=>permit();};issuancerules{a:[type==\"l\"]"
        "&&b:[type==\"r\",value==a.value]=>add(type=\"z\",value=b.value);};";
    struct arena a = arena_over(64 << 20);
    struct err e = { 0 };
    struct crypto *c = crypto_new(&e);
    struct bench rows[] = {
        { "default SGX policy, 6 claims", policy_default(span_str("SgxEnclave"), "azure"),
          claim_set_in(&a), 20000 },
        { "deny rules over 25 guest claims", policy_default(span_str("AzureGuest"), "azure"),
          claim_set_in(&a), 20000 },
        { "1000 rules of three, 200 claims", many_rules(&a, 1000), claim_set_in(&a), 200 },
        { "join of 1000 with 1000", span_str(join), claim_set_in(&a), 50 },
        { "70 queries over 200 kB", log_rules(&a), claim_set_in(&a), 5 },
    };
    static const char *const sgx[] = { "x-ms-sgx-is-debuggable", "x-ms-sgx-mrsigner",
                                       "x-ms-sgx-mrenclave",     "x-ms-sgx-product-id",
                                       "x-ms-sgx-svn",           "x-ms-attestation-type" };
    char *names = malloc(200 * 8);

    if (!c || !names)
        give_up("crypto", &e);
    for (size_t i = 0; i < COUNT(sgx); i++)
        add(&rows[0].claims, sgx[i], (int64_t)i);
    for (int i = 0; i < 200; i++) {
        snprintf(names + i * 8, 8, "k%d", i);
        if (i < 25)
            add(&rows[1].claims, names + i * 8, i);
        add(&rows[2].claims, names + i * 8, i % 40);
    }
    for (int i = 0; i < 1000; i++) {
        add(&rows[3].claims, "l", i);
        add(&rows[3].claims, "r", i * 2);
    }
    if (!claim_add_string(&rows[4].claims, "events", event_log(&a), &e))
        give_up("events", &e);
    for (size_t i = 0; i < COUNT(rows); i++)
        measure(c, &rows[i]);
    free(names);
    crypto_free(c);
    arena_fini(&a);
    return 0;
}
