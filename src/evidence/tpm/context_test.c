#include "context.h"

#include "../../../tests/check.h"

static const uint8_t keys[2][AEAD_KEY_SIZE] = { { 1 }, { 2 } };
static const uint8_t nonce[AEAD_NONCE_SIZE] = { 3 };

static struct crypto *crypto;
static struct arena arena;

static struct tpm_round_trip begin(void)
{
    struct err e = { 0 };

    arena_fini(&arena);
    arena = arena_over(1u << 20);
    if (!crypto)
        crypto = crypto_new(&e);
    CHECK_OK("crypto", crypto != NULL, e);
    return (struct tpm_round_trip){ .keys = keys,
                                    .key_count = 2,
                                    .instance = span_str("contoso"),
                                    .api_version = span_str("2020-10-01") };
}

static struct span seal(const struct tpm_round_trip *t)
{
    struct tpm_context x = { 1700000000, span_str("challenge") };
    struct span out = { 0 };
    struct err e = { 0 };

    CHECK_OK("seal", tpm_context_seal(crypto, t, nonce, &x, &arena, &out, &e), e);
    return out;
}

static bool opens(const struct tpm_round_trip *t, struct span sealed, struct tpm_context *out,
                  struct err *e)
{
    *e = (struct err){ 0 };
    return tpm_context_open(crypto, t, sealed, &arena, out, e);
}

static void what_was_sealed_opens_also_after_the_key_was_rotated(void **state)
{
    struct tpm_round_trip t = begin(), old = t;
    struct tpm_context x;
    struct span sealed = seal(&t);
    struct err e;

    (void)state;
    CHECK_OK("same", opens(&t, sealed, &x, &e), e);
    CHECK_TEXT("challenge", x.challenge, "challenge");
    CHECK_INT("moment", x.issued_at, 1700000000);
    old.keys = keys + 1;
    old.key_count = 1;
    CHECK_OK("rotated", opens(&t, seal(&old), &x, &e), e);
    CHECK("gone", !opens(&old, sealed, &x, &e));
    CHECK_ERR("gone", e, ERR_UNTRUSTED, "");
}

static void another_instance_or_version_cannot_open_it(void **state)
{
    struct tpm_round_trip t = begin(), other = t;
    struct span sealed = seal(&t);
    struct tpm_context x;
    struct err e;

    (void)state;
    other.instance = span_str("fabrikam");
    CHECK("instance", !opens(&other, sealed, &x, &e));
    CHECK_ERR("instance", e, ERR_UNTRUSTED, "");
    other = t;
    other.api_version = span_str("2022-08-01");
    CHECK("version", !opens(&other, sealed, &x, &e));
    /* two names that read the same when run together */
    other.instance = span_str("contoso2020-10-01");
    other.api_version = span_str("");
    CHECK("run together", !opens(&other, sealed, &x, &e));
    CHECK_ERR("run together", e, ERR_UNTRUSTED, "");
}

static void whatever_was_changed_or_cut_does_not_open(void **state)
{
    struct tpm_round_trip t = begin();
    struct span sealed = seal(&t);
    uint8_t *copy = check_exact(sealed);
    struct tpm_context x;
    struct err e;

    (void)state;
    for (size_t bit = 0; bit < 8 * sealed.n; bit++) {
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK("flip", !opens(&t, span_of(copy, sealed.n), &x, &e));
        CHECK_ERR("flip", e, ERR_UNTRUSTED, "");
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t n = 0; n < sealed.n; n++) {
        CHECK("cut", !opens(&t, span_of(copy, n), &x, &e));
        CHECK_ERR("cut", e, ERR_UNTRUSTED, "");
    }
    free(copy);
}

static void without_memory_both_say_so(void **state)
{
    struct tpm_round_trip t = begin();
    struct tpm_context x = { 1, span_str("challenge") }, y;
    struct span sealed = seal(&t), out;

    (void)state;
    for (size_t n = 1; n < 8; n++) {
        struct arena a = arena_over(1u << 16);
        struct err e = { 0 };

        a.fail_at = n;
        if (!tpm_context_seal(crypto, &t, nonce, &x, &a, &out, &e))
            CHECK_INT("seal", e.code, ERR_MEMORY);
        a.fail_at = n;
        e = (struct err){ 0 };
        if (!tpm_context_open(crypto, &t, sealed, &a, &y, &e))
            CHECK_INT("open", e.code, ERR_MEMORY);
        arena_fini(&a);
    }
}

TEST_MAIN(what_was_sealed_opens_also_after_the_key_was_rotated,
          another_instance_or_version_cannot_open_it, whatever_was_changed_or_cut_does_not_open,
          without_memory_both_say_so)
