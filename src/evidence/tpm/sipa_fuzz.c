/* Targets: sipa_parse, sipa_walk, sipa_json_write, sipa_json_write_unmeasured
 *
 * What must be true: a tree written again gives the same bytes and is no deeper than the limit; its
 * JSON is JSON. */
#include "sipa.h"

#include "../../../fuzz/fuzz.h"
#include "../../format/json.h"
#include "sipa_json.h"

#include <string.h>

/* Writes records again, and says how many there were. */
static size_t write_tree(struct writer *w, const struct sipa *first, int depth)
{
    size_t n = 0;

    must(depth <= TPM_SIPA_DEPTH_MAX || !first);
    for (const struct sipa *s = first; s; s = s->next, n++) {
        if (!s->child) {
            sipa_write(w, s->id, s->payload);
            continue;
        }
        write_u32le(w, s->id);
        write_u32le(w, (uint32_t)s->payload.n);
        n += write_tree(w, s->child, depth + 1);
    }
    return n;
}

static void must_be_json(struct span text, struct arena *a)
{
    struct json_limits limits = json_limits_default;
    const struct json *root;
    struct err e = { 0 };

    limits.bytes = SIZE_MAX;
    limits.nodes = 1u << 24;
    must(json_parse(text, &limits, a, &root, &e) || e.code == ERR_LIMIT);
}

static void must_write(const struct sipa *tree, struct span bytes, struct arena *a)
{
    struct writer w = writer_in(a, bytes.n + 16), json = writer_in(a, 256),
                  apart = writer_in(a, 256);
    struct err e = { 0 };

    (void)write_tree(&w, tree, 1);
    must(span_equal(writer_span(&w), bytes));
    must(sipa_json_write(&json, tree, a, &e));
    must(sipa_json_write_unmeasured(&apart, tree, a, &e));
    must_be_json(writer_span(&json), a);
    must_be_json(writer_span(&apart), a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_over(256u << 20);
    struct err e = { 0 };
    struct reader r = reader_over(span_of(data, size), &e);
    size_t budget = TPM_SIPA_RECORDS_MAX;
    const struct sipa *tree = NULL;

    if (size <= 1u << 20 && sipa_parse(&r, &a, &budget, &tree))
        must_write(tree, span_of(data, size), &a);
    else
        must(size > 1u << 20 || (e.code != ERR_NONE && e.text[0] != '\0'));
    arena_fini(&a);
    return 0;
}
