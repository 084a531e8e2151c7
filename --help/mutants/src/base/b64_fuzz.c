/* Targets: b64_read in its three forms, b64_write_url, b64_write_std
 *
 * What must be true: the strict forms have one text for each sequence of bytes, so what they take
 * is written back as it was; what a strict form takes the tolerant one takes alike; a refusal names
 * a place inside the text. */
#include "b64.h"

#include "../../fuzz/fuzz.h"

static bool read_form(struct arena *a, struct span text, enum b64_form form, struct span *out)
{
    struct err e = { 0 };

    if (b64_read(a, text, form, out, &e))
        return true;
    must(e.code == ERR_MALFORMED && e.text[0] != '\0');
    must(e.offset == ERR_NO_OFFSET || e.offset < text.n);
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_over(64 << 20);
    struct span text = span_of(data, size), url = { 0 }, std = { 0 }, tolerant = { 0 };
    bool is_tolerant = read_form(&a, text, B64_TOLERANT, &tolerant);

    if (read_form(&a, text, B64_URL, &url)) {
        must(span_equal(b64_dup_url(&a, url), text));
        must(is_tolerant && span_equal(url, tolerant));
    }
    if (read_form(&a, text, B64_STD, &std)) {
        must(span_equal(b64_dup_std(&a, std), text));
        must(is_tolerant && span_equal(std, tolerant));
    }
    must(read_form(&a, b64_dup_url(&a, text), B64_URL, &url) && span_equal(url, text));
    must(read_form(&a, b64_dup_std(&a, text), B64_STD, &std) && span_equal(std, text));
    arena_fini(&a);
    return 0;
}
