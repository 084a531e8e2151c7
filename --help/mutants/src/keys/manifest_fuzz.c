/* Targets: manifest_parse, manifest_write, manifest_activate */
#include "../../fuzz/fuzz.h"

#include "manifest.h"

static void must_read_back(const struct manifest *m, struct arena *a)
{
    struct writer w = writer_in(a, 1024);
    struct manifest again;
    struct err e = { 0 };
    struct span text;

    manifest_write(&w, m);
    must(writer_done(&w, &text, &e));
    must(manifest_parse(text, a, &again, &e));
    must(again.count == m->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_over(8 * 1024 * 1024);
    struct manifest_change change;
    struct manifest m;
    struct err e = { 0 };

    if (!manifest_parse(span_of(data, size), &a, &m, &e)) {
        must(e.code != ERR_NONE && e.text[0] != '\0');
    } else {
        must_read_back(&m, &a);
        if (manifest_activate(&m, SIG_ES256, 256, 1700000000, &change, &e)) {
            must(m.keys[change.active].is_active);
            must_read_back(&m, &a);
        }
    }
    arena_fini(&a);
    return 0;
}
