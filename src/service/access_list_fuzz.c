/* Targets: access_list_read */
#include "../../fuzz/fuzz.h"

#include "access_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_over(1 << 20);
    struct access_list l;
    struct err e = { 0 };

    must(access_list_init(&l, &a, &e));
    if (!access_list_read(&l, span_of(data, size), &e))
        must(e.code != ERR_NONE && e.text[0] != '\0');
    must(l.count <= ACCESS_LINES_MAX);
    for (size_t i = 0; i < l.count; i++) {
        const struct access_line *line = &l.items[i];

        must(line->role < ACCESS_ROLES && line->instance.n > 0);
        must(line->kind != ACCESS_CLAIM || (line->issuer.n > 0 && line->value.n > 0));
    }
    arena_fini(&a);
    return 0;
}
