/* Targets: suite_parse, suite_run, junit_write */
#include "suite.h"

#include "../../fuzz/fuzz.h"

#include "../base/utf8.h"
#include "../format/junit.h"

static struct crypto *crypto;

static void run_case(const struct suite_case *k)
{
    struct arena a = arena_over(64 << 20);
    struct writer w = writer_in(&a, 1024);
    struct suite_result got = { 0 };
    struct err e = { 0 };

    if (suite_run(crypto, k, k->policy, "p", &a, &got, &e)) {
        struct junit_case shown = { k->id, !got.is_passed, got.first, got.report, 0 };

        must(got.is_passed == (got.report.n == 0));
        must(got.first.n < got.report.n || got.is_passed);
        junit_write(&w, k->title, &shown, 1);
        must(w.has_failed || utf8_check(writer_span(&w)) == w.n);
    } else {
        must(e.code == ERR_MEMORY || e.code == ERR_LIMIT);
    }
    arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_over(64 << 20);
    struct suite s = { 0 };
    struct err e = { 0 };

    if (!crypto)
        crypto = crypto_new(&e);
    must(crypto);
    if (suite_parse(span_of(data, size), &a, &s, &e))
        for (size_t i = 0; i < s.count && i < 16; i++)
            run_case(&s.cases[i]);
    else
        must(e.code != ERR_NONE && e.text[0] != '\0' && s.count == 0);
    arena_fini(&a);
    return 0;
}
