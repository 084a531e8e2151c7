/* Targets: change_parse, change_write */
#include "../../fuzz/fuzz.h"

#include "change.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_over(1 << 24);
    struct writer w = writer_in(&a, size + 16);
    struct change c;
    struct err e = { 0 };

    if (change_parse(span_of(data, size), &a, &c, &e)) {
        must(c.kind > 0 && c.kind < CHANGE_KINDS);
        must(c.certificate_count <= CHANGE_CERTIFICATES_MAX);
        must(change_write(&w, &c, &e));
        must(span_equal(writer_span(&w), span_of(data, size)));
    } else {
        must(e.code != ERR_NONE && e.text[0] != '\0');
    }
    arena_fini(&a);
    return 0;
}
