/* Targets: signed_json_open, signed_json_parse
 *
 * What must be true: the body lies inside the text, from brace to brace, and is JSON by itself; a
 * parsed body has plain numbers and names only. */
#include "signed_json.h"

#include "../../../fuzz/fuzz.h"

static void must_be_plain(const struct json *v)
{
    int64_t n;

    must(!v->has_name_escape);
    must(v->type != JSON_NUMBER || (json_to_int(v, &n) && n >= 0));
    for (const struct json *c = v->child; c; c = c->next)
        must_be_plain(c);
}

static void try_body(struct span body, struct arena *a)
{
    const struct json *root = NULL;
    struct err e = { 0 };

    if (signed_json_parse(body, a, &root, &e))
        must_be_plain(root);
    else
        must(e.code != ERR_NONE && e.text[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_of(data, size);
    struct arena a = arena_over(64 << 20);
    struct signed_json s = { 0 };
    struct err e = { 0 };

    if (signed_json_open(text, "doc", &a, &s, &e)) {
        must(s.body.p > text.p && s.body.p + s.body.n < text.p + text.n);
        must(s.body.n >= 2 && s.body.p[0] == '{' && s.body.p[s.body.n - 1] == '}');
        try_body(s.body, &a);
    } else {
        must(e.code == ERR_MALFORMED || e.code == ERR_LIMIT);
    }
    try_body(text, &a);
    arena_fini(&a);
    return 0;
}
