/* Targets: note_parse, note_write */
#include "../../fuzz/fuzz.h"

#include "note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_over(1 << 24);
    struct writer w = writer_in(&a, size + 16);
    struct store_note n;
    struct err e = { 0 };

    if (note_parse(span_of(data, size), &n, &e)) {
        must(note_write(&w, &n, &e));
        must(span_equal(writer_span(&w), span_of(data, size)));
    } else {
        must(e.code != ERR_NONE && e.text[0] != '\0');
    }
    arena_fini(&a);
    return 0;
}
