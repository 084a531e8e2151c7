/* Targets: policy_lint, policy_diagnostic_write_source */
#include "codes.h"
#include "lint.h"

#include "../../fuzz/fuzz.h"

#include <string.h>

/* Each finding has a row, a place inside the text, and stands behind the one before. */
static void check_findings(const struct policy_lint *l, struct span text, struct arena *a)
{
    struct writer w = writer_in(a, 1024);
    size_t errors = 0;

    for (size_t i = 0; i < l->found.count; i++) {
        const struct policy_diagnostic *d = &l->found.items[i];

        must(policy_code_find(span_str(d->code)) != NULL && d->text[0] != '\0');
        must(d->offset <= text.n && d->line > 0 && d->column > 0);
        must(i == 0 || l->found.items[i - 1].offset <= d->offset);
        errors += d->severity == POLICY_ERROR;
        if (i < 16)
            policy_diagnostic_write_source(&w, text, d);
    }
    must((errors > 0) == (l->errors > 0));
}

/* Looking twice finds the same. */
static void check_again(const struct policy_lint *l, struct span text, unsigned types)
{
    struct arena a = arena_over(256 << 20);
    struct policy_lint again;
    struct err e = { 0 };

    must(policy_lint(text, types, &a, &again, &e));
    must(again.found.count == l->found.count && again.silenced == l->silenced);
    arena_fini(&a);
}

/* The first byte chooses the attestation types; the rest is the policy. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_over(256 << 20);
    struct policy_lint l = { 0 };
    struct err e = { 0 };
    unsigned types = size > 0 ? data[0] & KNOWN_ALL : 0;
    struct span text = size > 0 ? span_of(data + 1, size - 1) : (struct span){ 0 };

    if (policy_lint(text, types, &a, &l, &e)) {
        must(e.code == ERR_NONE);
        check_findings(&l, text, &a);
        check_again(&l, text, types);
    } else {
        must(e.code == ERR_LIMIT || e.code == ERR_MEMORY);
    }
    arena_fini(&a);
    return 0;
}
