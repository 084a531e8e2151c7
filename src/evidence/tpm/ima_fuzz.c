/* Targets: ima_parse, ima_write, ima_write_line
 *
 * What must be true: a list writes back as it was; a refusal says why. */
#include "ima.h"

#include "../../../fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_over(64u << 20);
    struct writer back = writer_in(&a, size + 1), line = writer_in(&a, 256);
    struct ima_log log;
    struct err e = { 0 };

    if (ima_parse(span_of(data, size), &a, &log, &e)) {
        for (size_t i = 0; i < log.count; i++) {
            ima_write(&back, &log.entries[i]);
            ima_write_line(&line, &log.entries[i]);
        }
        must(span_equal(writer_span(&back), span_of(data, size)));
    } else {
        must(e.code != ERR_NONE && e.text[0] != '\0');
    }
    arena_fini(&a);
    return 0;
}
