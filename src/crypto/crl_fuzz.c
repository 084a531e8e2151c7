/* Targets: crl_parse, crl_lists
 *
 * What parses is sorted and finds each of its own entries, takes memory in proportion to its bytes,
 * and reads the same from DER. The corpus was made from the pieces of crl_test.c. */
#include "crl.h"

#include "../../fuzz/fuzz.h"
#include "../base/hex.h"

#include <string.h>

static void must_be_sorted(const struct crl *crl)
{
    for (size_t i = 0; i < crl->count; i++) {
        struct span s = crl->serials[i];

        must(crl_lists(crl, s));
        must(s.n <= 20 && (s.n == 0 || s.p[0] != 0));
        if (i > 0) {
            struct span before = crl->serials[i - 1];

            must(before.n < s.n || (before.n == s.n && span_compare(before, s) <= 0));
        }
    }
}

static void must_read_again(const struct crl *crl, struct arena *a)
{
    struct span hex = hex_dup(a, crl->der);
    struct crl der, text;

    must(hex.p && crl_parse(crl->der, a, &der, NULL) && crl_parse(hex, a, &text, NULL));
    must(span_equal(text.der, crl->der) && span_equal(text.tbs, der.tbs));
    must(text.count == crl->count && der.count == crl->count);
    must(text.next_update == crl->next_update && der.this_update == crl->this_update);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_over((1 << 20) + 16 * size);
    struct err e = { 0 };
    struct crl crl;

    if (crl_parse(span_of(data, size), &a, &crl, &e)) {
        must(a.used <= 4096 + 4 * size);
        must(crl.this_update <= crl.next_update && crl.authority_key_id.n > 0);
        must_be_sorted(&crl);
        must_read_again(&crl, &a);
    } else
        must(e.code != ERR_NONE && e.code != ERR_INTERNAL && e.text[0] != '\0');
    arena_fini(&a);
    return 0;
}
