#include "aead.h"

#include "../../tests/check.h"
#include "../base/hex.h"

static const uint8_t key[AEAD_KEY_SIZE] = { 1, 2, 3 }, nonce[AEAD_NONCE_SIZE] = { 9 };

static struct crypto *crypto;
static struct arena arena;

static void begin(void)
{
    struct err e = { 0 };

    arena_fini(&arena);
    arena = arena_over(1 << 20);
    if (!crypto)
        crypto = crypto_new(&e);
    CHECK_OK("crypto", crypto != NULL, e);
}

static struct span seal(struct span with, struct span text)
{
    struct span out = { 0 };
    struct err e = { 0 };

    CHECK_OK("seal", aead_seal(crypto, key, nonce, with, text, &arena, &out, &e), e);
    return out;
}

/* McGrew and Viega, "The Galois/Counter Mode of Operation", test case 14: zeros throughout. */
static void a_published_case_comes_out(void **state)
{
    static const uint8_t zeros[AEAD_KEY_SIZE];
    struct span out = { 0 };
    struct err e = { 0 };

    (void)state;
    begin();
    CHECK_OK(
        "seal",
        aead_seal(crypto, zeros, zeros, (struct span){ 0 }, span_of(zeros, 16), &arena, &out, &e),
        e);
    CHECK_TEXT("text", hex_dup(&arena, span_part(out, 12, 16)), "cea7403d4d606b6e074ec5d3baf39d18");
    CHECK_TEXT("tag", hex_dup(&arena, span_part(out, 28, 16)), "d0d1c8a799996bf0265b98b5d48ab919");
}

static void what_was_sealed_opens(void **state)
{
    static const char *const texts[] = { "", "a", "some longer text, over sixteen bytes" };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct span sealed = seal(span_str("with"), span_str(texts[i])), out = { 0 };
        struct err e = { 0 };

        CHECK_INT(texts[i], sealed.n, strlen(texts[i]) + 28);
        CHECK_OK(texts[i], aead_open(crypto, key, span_str("with"), sealed, &arena, &out, &e), e);
        CHECK_TEXT(texts[i], out, texts[i]);
    }
}

static void nothing_else_opens(void **state)
{
    static const uint8_t other[AEAD_KEY_SIZE] = { 1, 2, 4 };
    struct span sealed, out = { 0 };
    struct err e = { 0 };
    uint8_t *copy;

    (void)state;
    begin();
    sealed = seal(span_str("with"), span_str("text"));
    CHECK("key", !aead_open(crypto, other, span_str("with"), sealed, &arena, &out, &e));
    CHECK_ERR("key", e, ERR_UNTRUSTED, "");
    err_clear(&e);
    CHECK("beside", !aead_open(crypto, key, span_str("witt"), sealed, &arena, &out, &e));
    CHECK_ERR("beside", e, ERR_UNTRUSTED, "");
    for (size_t n = 0; n < sealed.n; n++) {
        copy = check_exact(span_part(sealed, 0, n));
        err_clear(&e);
        CHECK("cut", !aead_open(crypto, key, span_str("with"), span_of(copy, n), &arena, &out, &e));
        CHECK_ERR("cut", e, ERR_UNTRUSTED, "");
        free(copy);
    }
    copy = check_exact(sealed);
    for (size_t bit = 0; bit < 8 * sealed.n; bit++) {
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        err_clear(&e);
        CHECK("flipped",
              !aead_open(crypto, key, span_str("with"), span_of(copy, sealed.n), &arena, &out, &e));
        CHECK_ERR("flipped", e, ERR_UNTRUSTED, "");
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    free(copy);
}

static void without_memory_both_say_so(void **state)
{
    struct arena small = arena_over(1 << 20);
    struct span sealed, out = { 0 };
    struct err e = { 0 };

    (void)state;
    begin();
    sealed = seal(span_str("with"), span_str("text"));
    small.fail_at = 1;
    CHECK("seal", !aead_seal(crypto, key, nonce, sealed, sealed, &small, &out, &e));
    CHECK_ERR("seal", e, ERR_MEMORY, "");
    err_clear(&e);
    small.fail_at = 1;
    CHECK("open", !aead_open(crypto, key, span_str("with"), sealed, &small, &out, &e));
    CHECK_ERR("open", e, ERR_MEMORY, "");
    arena_fini(&small);
}

TEST_MAIN(a_published_case_comes_out, what_was_sealed_opens, nothing_else_opens,
          without_memory_both_say_so)
