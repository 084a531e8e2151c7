/* Targets: jmes_parse, jmes_run, jv_write
 *
 * The input is a query, a NUL, and a document. What a query gives is JSON again, and reads back to
 * an equal value.
 */
#include "jmespath.h"

#include "../../fuzz/fuzz.h"

#include <string.h>

static void check_result(struct jmes_work *w, const struct jv *result)
{
    static const struct json_limits limits = {
        .bytes = 4 << 20, .depth = JV_DEPTH + 2, .nodes = SIZE_MAX, .members = SIZE_MAX
    };
    struct writer text = writer_in(w->arena, 256);
    const struct json *j;
    struct jv again;
    size_t depth = 0;
    struct err e = { 0 };
    bool is_equal = false;

    if (!jv_write(w, result, &text, &depth))
        return;
    if (!json_parse(writer_span(&text), &limits, w->arena, &j, &e)) {
        must(e.code != ERR_MALFORMED);
        return;
    }
    must(jv_from_json(w, j, &again));
    must(!jv_equal(w, result, &again, &is_equal) || is_equal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_over(128 << 20);
    struct jmes_work w = { .arena = &a, .limit = 200000 };
    const uint8_t *end = size ? memchr(data, 0, size) : NULL;
    size_t n = end ? (size_t)(end - data) : size;
    const struct jmes_query *q;
    const struct json *j;
    struct jmes_fault fault;
    struct jv document = jv_null(), result;
    struct err e = { 0 };

    if (end && json_parse(span_of(end + 1, size - n - 1), NULL, &a, &j, &e) &&
        !jv_from_json(&w, j, &document))
        document = jv_null();
    w.fault.kind = JMES_NONE;
    if (!jmes_parse(span_of(data, n), &a, &q, &fault)) {
        must(fault.kind != JMES_NONE && fault.text[0] != '\0' && fault.offset <= n);
    } else if (!jmes_run(q, &document, &w, &result)) {
        must(w.fault.kind != JMES_NONE && w.fault.kind != JMES_SYNTAX);
    } else {
        check_result(&w, &result);
    }
    arena_fini(&a);
    return 0;
}
