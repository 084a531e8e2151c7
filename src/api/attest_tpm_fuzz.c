/* Targets: attest_tpm_body, tpm_message_parse */
#include "../../fuzz/fuzz.h"

#include "../evidence/tpm/message.h"
#include "attest_tpm.h"

enum { FUZZ_MEMORY = 16 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_over(FUZZ_MEMORY);
    struct tpm_message m = { 0 };
    struct span text = { 0 };
    struct err e = { 0 };

    if (!attest_tpm_body(span_of(data, size), &a, &text, &e)) {
        must(e.code != ERR_NONE && e.text[0] != '\0' && e.path[0] != '\0');
    } else {
        must(text.n <= size);
        if (!tpm_message_parse(text, &a, &m, &e))
            must(e.code != ERR_NONE && e.text[0] != '\0');
        else
            must(m.kind == TPM_MESSAGE_INIT || m.request.n <= text.n);
    }
    arena_fini(&a);
    return 0;
}
