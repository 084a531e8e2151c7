/* Targets: tpm_attest_parse, tpm_signature_parse, tpm_public_parse, tpm2b_parse and their writers
 */
#include "structures.h"

#include "../../../fuzz/fuzz.h"

static void must_be_told(const struct err *e)
{
    must(e->code != ERR_NONE && e->text[0] != '\0');
}

/* One encoding: what parses is written the same. */
static void try_attest(struct span bytes, struct arena *a)
{
    struct writer w = writer_in(a, bytes.n + 64);
    struct tpm_attest t;
    struct err e = { 0 };

    if (!tpm_attest_parse(bytes, &t, &e)) {
        must_be_told(&e);
        return;
    }
    tpm_attest_write(&w, &t);
    must(span_equal(writer_span(&w), bytes));
}

static void try_signature(struct span bytes, struct arena *a)
{
    struct writer w = writer_in(a, bytes.n + 64);
    struct tpm_signature t;
    struct err e = { 0 };

    if (!tpm_signature_parse(bytes, &t, &e)) {
        must_be_told(&e);
        return;
    }
    tpm_signature_write(&w, &t);
    must(span_equal(writer_span(&w), bytes));
}

static void try_public(struct span bytes, struct arena *a)
{
    struct writer w = writer_in(a, bytes.n + 64);
    struct tpm_public t;
    struct spki key;
    struct err e = { 0 };

    if (!tpm_public_parse(bytes, &t, &e)) {
        must_be_told(&e);
        return;
    }
    tpm_public_write(&w, &t);
    must(span_equal(writer_span(&w), bytes));
    if (!tpm_public_key(&t, a, &key, &e))
        must_be_told(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = { data, size }, content;
    struct arena a = arena_over(1u << 20);
    struct err e = { 0 };

    try_attest(bytes, &a);
    try_signature(bytes, &a);
    try_public(bytes, &a);
    if (tpm2b_parse(bytes, &content, &e))
        must(content.n + 2 == size);
    else
        must_be_told(&e);
    arena_fini(&a);
    return 0;
}
