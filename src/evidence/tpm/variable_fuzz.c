/* Targets: variable_parse, variable_write, signature_lists_read, authority_parse, image_load_parse,
 * device_path_write, gpt_parse
 *
 * What must be true: a variable writes back as it was; entries of a database lie in it and are no
 * more than its bytes; text is well-formed. */
#include "variable.h"

#include "../../../fuzz/fuzz.h"
#include "../../base/utf8.h"

struct seen {
    struct span bytes;
    size_t total;
};

static bool see(void *arg, const struct efi_signature *s)
{
    struct seen *seen = arg;

    must(s->data.p >= seen->bytes.p && s->data.p + s->data.n <= seen->bytes.p + seen->bytes.n);
    must(s->owner.n == GUID_SIZE);
    must(s->kind != SIGNATURE_SHA256 || s->data.n == 32);
    seen->total += s->owner.n + s->data.n;
    return true;
}

static void try_path(struct span bytes, struct arena *a)
{
    struct writer w = writer_in(a, 64);
    struct err e = { 0 };

    if (!device_path_write(&w, bytes, &e))
        must(e.code != ERR_NONE && e.path[0] != '\0');
    must(utf8_check(writer_span(&w)) == w.n);
}

static void try_variable(struct span bytes, struct arena *a)
{
    struct writer w = writer_in(a, bytes.n + 1);
    struct uefi_variable v;

    if (!variable_parse(bytes, &v, NULL))
        return;
    variable_write(&w, &v);
    must(span_equal(writer_span(&w), bytes));
    must(variable_extent(bytes) == bytes.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = span_of(data, size);
    struct arena a = arena_over(64u << 20);
    struct seen seen = { bytes, 0 };
    struct efi_signature authority;
    struct image_load image;
    struct gpt g;
    struct err e = { 0 };

    try_variable(bytes, &a);
    must(signature_lists_read(bytes, see, &seen, &e) || e.code != ERR_NONE);
    must(seen.total <= size);
    if (authority_parse(bytes, &authority))
        must(authority.data.n > 0);
    try_path(bytes, &a);
    if (image_load_parse(bytes, &image, NULL))
        try_path(image.device_path, &a);
    if (gpt_parse(bytes, &g, NULL))
        must(g.count <= TPM_GPT_PARTITIONS_MAX && g.entries.n == 128 * g.count);
    arena_fini(&a);
    return 0;
}
