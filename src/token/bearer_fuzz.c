/* Targets: issuer_keys_new, bearer_verify
 *
 * Input    a key set, a NUL, a token. What must be true: a refusal has a code and a sentence; a
 *          set that is read holds a key in every entry; what nobody signed is never taken. */
#include "../../fuzz/fuzz.h"

#include <string.h>

#include "bearer.h"

enum { NOW = 1893456000 };

static void try_token(struct crypto *c, const struct issuer_keys *keys, struct span token)
{
    struct bearer_issuer issuer = { span_str("https://login.example"), keys };
    const struct span audience = span_str("https://attest.azure.net");
    const struct bearer_rules rules = { &issuer, 1, &audience, 1, 60 };
    struct arena a = arena_over(8 << 20);
    struct bearer b = { 0 };
    struct err e = { 0 };

    if (bearer_verify(c, token, &rules, NOW, &a, &b, &e)) {
        must(keys && b.payload && json_member(b.payload, "exp"));
        must(bearer_subject(b.payload).n <= token.n);
    } else {
        must(e.code != ERR_NONE && e.text[0] != '\0');
    }
    arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct crypto *c; /* costly to make, and the same for every input */
    const uint8_t *nul = size > 0 ? memchr(data, 0, size) : NULL;
    size_t n = nul ? (size_t)(nul - data) : size;
    struct issuer_keys *keys;
    struct err e = { 0 };

    if (!c)
        c = crypto_new(&e);
    must(c);
    keys = issuer_keys_new(c, span_of(data, n), &e);
    must(keys || (e.code != ERR_NONE && e.text[0] != '\0'));
    for (size_t i = 0; keys && i < keys->count; i++)
        must(keys->items[i].key && keys->items[i].kid.n <= ISSUER_KID_MAX);
    if (nul)
        try_token(c, keys, span_of(nul + 1, size - n - 1));
    issuer_keys_free(keys);
    return 0;
}
