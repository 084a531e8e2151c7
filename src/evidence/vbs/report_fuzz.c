/* Targets: vbs_package_parse, vbs_report_parse and their writers */
#include "report.h"

#include "../../../fuzz/fuzz.h"

static void must_be_told(const struct err *e)
{
    must(e->code != ERR_NONE && e->text[0] != '\0');
}

/* Padding of other lengths than ours parses, too; what is written is read as the same. */
static void try_report(struct span statement, struct arena *a)
{
    struct writer w = writer_in(a, statement.n + 64);
    struct vbs_report r, again;
    struct err e = { 0 };

    if (!vbs_report_parse(statement, a, &r, &e)) {
        must_be_told(&e);
        return;
    }
    must(r.module_count <= VBS_MODULES_MAX);
    if (!vbs_report_check_modules(&r, &e))
        must_be_told(&e);
    vbs_report_write(&w, &r);
    e = (struct err){ 0 };
    must(vbs_report_parse(writer_span(&w), a, &again, &e));
    must(again.module_count == r.module_count && again.identity.flags == r.identity.flags);
    must(span_equal(again.data, r.data));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = { data, size };
    struct arena a = arena_over(4u << 20);
    struct vbs_package p;
    struct err e = { 0 };

    try_report(bytes, &a);
    if (vbs_package_parse(bytes, &p, &e)) {
        must(p.statement.n + p.signature.n + 24 == size);
        try_report(p.statement, &a);
    } else {
        must_be_told(&e);
    }
    arena_fini(&a);
    return 0;
}
