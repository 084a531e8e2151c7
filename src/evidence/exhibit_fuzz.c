/* Targets: exhibits_parse, exhibit_write
 *
 * What must be true: what is read can be written and is then read as the same. */
#include "exhibit.h"

#include "../../fuzz/fuzz.h"

static void must_come_back(const struct exhibit *x)
{
    struct arena a = arena_over(16 << 20);
    struct writer w = writer_in(&a, 256), again = writer_in(&a, 256);
    struct exhibit *y = NULL;
    size_t count = 0;
    struct err e = { 0 };

    exhibit_write(&w, x);
    must(exhibits_parse(writer_span(&w), &a, &y, &count, &e) && count == 1);
    must(y->kind == x->kind && y->root_count == x->root_count);
    exhibit_write(&again, y);
    must(span_equal(writer_span(&again), writer_span(&w)));
    arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_over(16 << 20);
    struct exhibit *all = NULL;
    size_t count = 0;
    struct err e = { 0 };

    if (exhibits_parse(span_of(data, size), &a, &all, &count, &e)) {
        for (size_t i = 0; i < count && i < 8; i++)
            if (!all[i].has_time || (all[i].at >= 0 && all[i].at < INT64_C(4102444800)))
                must_come_back(&all[i]);
    } else {
        must(e.code != ERR_NONE && e.text[0] != '\0');
    }
    arena_fini(&a);
    return 0;
}
