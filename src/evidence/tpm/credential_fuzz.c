/* Targets: credential_parse, credential_write, credential_open */
#include "credential.h"

#include "../../../fuzz/fuzz.h"

#include <stdlib.h>

struct bench {
    struct crypto *crypto;
    struct signkey *key;
    struct tpm_public ek;
    struct arena arena; /* the template's bytes */
};

static struct bench *bench(void)
{
    static struct bench b;
    struct span der = { 0 };
    struct err e = { 0 };
    struct spki key;

    if (b.crypto)
        return &b;
    b.arena = arena_over(1 << 16);
    b.crypto = crypto_new(&e);
    must(b.crypto != NULL);
    b.key = signkey_new(b.crypto, SIGNKEY_P256, &e);
    must(b.key != NULL);
    must(signkey_spki(b.key, &b.arena, &der, &e) && spki_parse(der, &key, &e));
    must(ek_template(&key, &b.arena, &b.ek, &e));
    return &b;
}

/* Nobody who does not know the key makes what opens under it. */
static void must_stay_closed(const struct tpm_credential *c, struct arena *a)
{
    struct bench *b = bench();
    struct span out = { 0 };
    struct err e = { 0 };

    must(!credential_open(b->crypto, &b->ek, b->key, span_str("name"), c, a, &out, &e));
    must(e.code == ERR_UNTRUSTED || e.code == ERR_MALFORMED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_over(1 << 20);
    struct tpm_credential c;
    struct err e = { 0 };

    if (credential_parse(span_of(data, size), &c, &e)) {
        struct writer w = writer_in(&a, size);

        credential_write(&w, &c);
        must(span_equal(writer_span(&w), span_of(data, size)));
        must_stay_closed(&c, &a);
    } else {
        must(e.code != ERR_NONE && e.text[0] != '\0');
    }
    arena_fini(&a);
    return 0;
}
