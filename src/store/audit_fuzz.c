/* Targets: audit_line_parse, audit_line_write */
#include "../../fuzz/fuzz.h"

#include "audit.h"

/* A line may be spelled in several ways; the way that we write it is read back to the same record.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct table *t = &store_tables[STORE_AUDIT];
    struct arena a = arena_over(1 << 24);
    struct writer line = writer_in(&a, 1024), one = writer_in(&a, 1024), two = writer_in(&a, 1024);
    struct store_audit r, again;
    struct err e = { 0 };

    if (audit_line_parse(span_of(data, size), &a, &r, &e)) {
        audit_line_write(&line, &r);
        must(!line.has_failed);
        must(audit_line_parse(writer_span(&line), &a, &again, &e));
        row_write(&one, t, &r);
        row_write(&two, t, &again);
        must(span_equal(writer_span(&one), writer_span(&two)));
        must(span_equal(r.hash, again.hash));
    } else {
        must(e.code != ERR_NONE && e.text[0] != '\0');
    }
    arena_fini(&a);
    return 0;
}
