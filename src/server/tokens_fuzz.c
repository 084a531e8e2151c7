/* Targets: tokens_read */
#include "../../fuzz/fuzz.h"

#include "tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct api_token list[TOKENS_MAX];
    struct err e = { 0 };
    size_t count = 0;
    bool is_read = tokens_read(span_of(data, size), list, &count, &e);

    must(count <= TOKENS_MAX);
    must(is_read || (e.code != ERR_NONE && e.path[0] != '\0'));
    for (size_t i = 0; i < count; i++)
        must(list[i].role == ROLE_READER || list[i].role == ROLE_CONTRIBUTOR);
    return 0;
}
