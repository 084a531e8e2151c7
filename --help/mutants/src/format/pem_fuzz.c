/* Targets: pem_parse, pem_write */
#include "../../fuzz/fuzz.h"
#include "pem.h"

#include <string.h>

enum { MOST = 8, LABEL = 64 };

/* What was read and is written again reads the same. */
static void must_come_back(struct arena *a, const struct pem_block *b)
{
    char label[LABEL + 1] = { 0 };
    struct writer w = writer_in(a, 256);
    struct pem_block again;
    struct span text = { 0 };
    struct err e = { 0 };
    size_t count = 0;

    if (b->label.n > LABEL)
        return;
    memcpy(label, b->label.p, b->label.n);
    pem_write(&w, label, b->der);
    must(writer_done(&w, &text, &e));
    must(pem_parse(text, label, false, 1, a, &again, &count, &e));
    must(count == 1 && span_equal(again.der, b->der) && span_equal(again.label, b->label));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_over((size_t)64 << 20);
    struct pem_block blocks[MOST];
    struct err e = { 0 };
    size_t count = 0;

    if (pem_parse(span_of(data, size), NULL, size % 2, MOST, &a, blocks, &count, &e)) {
        must(count > 0 && count <= MOST);
        for (size_t i = 0; i < count; i++)
            must_come_back(&a, &blocks[i]);
    } else
        must(e.code != ERR_NONE && e.text[0] != '\0' && count == 0);
    arena_fini(&a);
    return 0;
}
