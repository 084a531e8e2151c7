/* Targets: attest_body_parse */
#include "attest_v1.h"

#include "../../fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const members[] = { "quote", "report" };
    struct arena a = arena_over(16 * 1024 * 1024);
    struct attest_body b;
    struct err e = { 0 };
    bool is_2018 = size > 0 && (data[0] & 2);

    if (size == 0)
        return 0;
    if (attest_body_parse(span_of(data + 1, size - 1), members[data[0] & 1], is_2018, &a, &b, &e)) {
        must(b.evidence.n <= size && b.runtime_data.bytes.n <= size);
        must(b.runtime_data.type == DATA_NONE || b.runtime_data.bytes.n > 0);
        must(b.inittime_data.type == DATA_NONE || !is_2018);
    } else {
        must(e.code != ERR_NONE && e.text[0] != '\0');
    }
    arena_fini(&a);
    return 0;
}
