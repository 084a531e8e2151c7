/* Targets: document_read
 *
 * What must be true: a document is never longer than the body, and has no white space around it. */
#include "document.h"

#include "../../fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_over(16 << 20);
    struct span out = { 0 };
    struct err e = { 0 };

    if (document_read(span_of(data, size), "policyCertificateToAdd", &a, &out, &e))
        must(out.n <= size && span_trim(out).n == out.n);
    else
        must(e.code != ERR_NONE && e.text[0] != '\0');
    arena_fini(&a);
    return 0;
}
