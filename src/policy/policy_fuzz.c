/* Targets: policy_new, policy_format, policy_diagnostic_write */
#include "policy.h"

#include "../../fuzz/fuzz.h"

#include <string.h>

static struct crypto *crypto;

/* What is printed parses again to the same tree: printing it once more changes nothing, and it
 * compiles exactly when the original did. */
static void check_print(struct span text, bool compiles)
{
    struct arena a = arena_over(64 << 20);
    struct policy_diagnostics d = { .arena = &a };
    struct span once = { 0 }, twice = { 0 };
    struct err e = { 0 };

    if (policy_format(text, &a, &once, NULL, &e)) {
        struct policy *p;

        must(policy_format(once, &a, &twice, &d, &e));
        must(span_equal(once, twice));
        p = policy_new(crypto, once, NULL, &e);
        /* What is printed may be longer than a policy can be. */
        must((p != NULL) == compiles || e.code == ERR_LIMIT);
        policy_free(p);
    } else {
        must(!compiles && e.code != ERR_NONE);
    }
    arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_over(64 << 20);
    struct policy_diagnostics d = { .arena = &a };
    struct writer w = writer_in(&a, 1024);
    struct err e = { 0 };
    struct policy *p;

    if (!crypto)
        crypto = crypto_new(&e);
    must(crypto != NULL);
    p = policy_new_draft(crypto, span_of(data, size), &d, &e);
    must(p ? e.code == ERR_NONE : e.code != ERR_NONE && e.text[0] != '\0');
    must(p || d.count > 0);
    for (size_t i = 0; i < d.count; i++) {
        must(d.items[i].offset <= size && d.items[i].line > 0 && d.items[i].column > 0);
        must(i == 0 || d.items[i - 1].offset <= d.items[i].offset);
        policy_diagnostic_write(&w, "fuzz", span_of(data, size), &d.items[i]);
    }
    check_print(span_of(data, size), p != NULL);
    policy_free(p);
    arena_fini(&a);
    return 0;
}
