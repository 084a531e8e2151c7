/* Targets: jwks_new, through jwks.h
 *
 * What must be true: a set that is read has a key, a certificate and a kid of its own in every
 * entry, and what is written of it is read again to the same kids; a refusal has a code and a
 * sentence. */
#include "jwks.h"

#include "../../fuzz/fuzz.h"

static void must_be_whole(const struct jwks *k)
{
    must(k->count <= JWKS_KEYS_MAX);
    for (size_t i = 0; i < k->count; i++) {
        const struct jwk *item = &k->items[i];

        must(item->key && item->der.n > 0 && item->kid.n <= JWKS_KID_MAX);
        must(item->kid.n == 0 || jwks_find(k, item->kid) == item);
    }
}

static void must_write_back(struct crypto *c, const struct jwks *k)
{
    struct arena a = arena_over(64 << 20);
    struct jwk_entry *entries = ARENA_ARRAY(&a, struct jwk_entry, k->count);
    struct span text = { 0 };
    struct jwks *again;

    must(entries);
    for (size_t i = 0; i < k->count; i++)
        entries[i] = (struct jwk_entry){
            .kid = k->items[i].kid,
            .kty = pubkey_type(k->items[i].key) == PUBKEY_RSA ? "RSA" : "EC",
            .certs = &k->items[i].der,
            .cert_count = 1,
        };
    must(jwks_write(entries, k->count, &a, &text, NULL));
    again = jwks_new(c, text, NULL);
    must(again && again->count == k->count);
    for (size_t i = 0; i < k->count; i++)
        must(span_equal(again->items[i].kid, k->items[i].kid));
    jwks_free(again);
    arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct crypto *c; /* costly to make, and the same for every input */
    struct err e = { 0 };
    struct jwks *k;

    if (!c)
        c = crypto_new(&e);
    must(c);
    k = jwks_new(c, span_of(data, size), &e);
    if (!k) {
        must(e.code != ERR_NONE && e.text[0] != '\0');
        return 0;
    }
    must_be_whole(k);
    must_write_back(c, k);
    jwks_free(k);
    return 0;
}
