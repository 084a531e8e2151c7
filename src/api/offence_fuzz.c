/* Targets: offence_write
 *
 * What must be true: wherever a diagnostic points in whatever text, there are four lines of
 * printable text, and the quotes are short. The first two bytes say where, the third how far. */
#include "offence.h"

#include "../../fuzz/fuzz.h"

enum { LINE_ENDS = 3, LONGEST = 400 };

static void look_at(struct span out)
{
    size_t ends = 0;

    for (size_t i = 0; i < out.n; i++) {
        ends += out.p[i] == '\n';
        must(out.p[i] == '\n' || out.p[i] >= ' ');
    }
    must(ends == LINE_ENDS && out.n < LONGEST);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct policy_diagnostic d = { .code = "E201", .line = 1, .column = 1, .text = "not here" };
    struct arena a = arena_over(1 << 20);
    struct writer w = writer_in(&a, 64);
    struct span out = { 0 };
    struct err e = { 0 };

    if (size >= 3) {
        d.offset = (size_t)data[0] << 8 | data[1];
        d.length = data[2];
        data += 3;
        size -= 3;
    }
    offence_write(&w, span_of(data, size), &d);
    must(writer_done(&w, &out, &e));
    look_at(out);
    arena_fini(&a);
    return 0;
}
