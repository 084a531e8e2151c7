/* Targets: json_parse, json_write_sorted, json_write_string, json_to_int
 *
 * What must be true: a refusal has a code and a sentence; what parses holds its extents inside the
 * text, has no name twice, and its canonical text parses again to itself. */
#include "json.h"

#include "../../fuzz/fuzz.h"
#include "../base/utf8.h"

static void must_be_whole(const struct json *n, struct span text)
{
    int64_t v;
    size_t children = 0;

    must(n->raw.n > 0 && n->offset <= text.n && n->raw.n <= text.n - n->offset);
    must(n->raw.p == text.p + n->offset);
    must(utf8_check(n->text) == n->text.n && utf8_check(n->name) == n->name.n);
    must(!json_to_int(n, &v) || n->type == JSON_NUMBER);
    for (const struct json *c = n->child; c; c = c->next) {
        must_be_whole(c, text);
        must(c->raw.p > n->raw.p && c->raw.p + c->raw.n < n->raw.p + n->raw.n);
        children++;
    }
    must(children == n->count);
}

static struct span write_sorted(const struct json *n, struct arena *a)
{
    struct writer w = writer_in(a, n->raw.n + 64);
    struct span out = { 0 };

    json_write_sorted(&w, n);
    must(writer_done(&w, &out, NULL));
    return out;
}

static void must_write_back(const struct json *n, struct arena *a)
{
    struct json_limits wide = json_limits_default;
    struct span once = write_sorted(n, a);
    const struct json *again = NULL;

    wide.bytes = SIZE_MAX;
    must(json_parse(once, &wide, a, &again, NULL));
    must(span_equal(write_sorted(again, a), once));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_limits limits = json_limits_default;
    struct arena a = arena_over(256 << 20);
    struct err e = { 0 };
    const struct json *out = NULL;

    limits.names_fold_case = size % 2 == 1;
    if (json_parse(span_of(data, size), &limits, &a, &out, &e)) {
        must_be_whole(out, span_of(data, size));
        must_write_back(out, &a);
    } else {
        must(e.code == ERR_MALFORMED || e.code == ERR_LIMIT);
        must(e.text[0] != '\0' && out == NULL);
        must(e.code == ERR_LIMIT || e.offset <= size);
    }
    arena_fini(&a);
    return 0;
}
