/* Targets: context_image_parse, context_image_write */
#include "../../fuzz/fuzz.h"

#include "context_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t again[CONTEXT_IMAGE_MAX];
    struct writer w = writer_over(again, sizeof again);
    struct context_image m;
    struct err e = { 0 };

    if (!context_image_parse(span_of(data, size), &m, &e)) {
        must(e.code != ERR_NONE && e.text[0] != '\0');
        return 0;
    }
    must(m.count > 0 && m.count <= CONTEXT_KEYS_MAX);
    context_image_write(&w, &m);
    must(!w.has_failed && span_equal(writer_span(&w), span_of(data, size)));
    return 0;
}
