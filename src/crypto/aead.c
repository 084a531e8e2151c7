#include "aead.h"

#include "inside.h"

#include <limits.h>
#include <string.h>

#include <openssl/err.h>

/* A cipher context for one use; `is_sealing` says which way. */
static EVP_CIPHER_CTX *begin(const uint8_t *key, const uint8_t *nonce, bool is_sealing)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    EVP_CIPHER_CTX *ctx = cipher ? EVP_CIPHER_CTX_new() : NULL;

    if (ctx && EVP_CipherInit_ex2(ctx, cipher, key, nonce, is_sealing, NULL) != 1) {
        EVP_CIPHER_CTX_free(ctx);
        ctx = NULL;
    }
    EVP_CIPHER_free(cipher);
    return ctx;
}

/* The spans' lengths fit an int: check_sizes has said so. */
static bool feed(EVP_CIPHER_CTX *ctx, struct span with, struct span text, uint8_t *out)
{
    int n = 0;

    if (with.n > 0 && EVP_CipherUpdate(ctx, NULL, &n, with.p, (int)with.n) != 1)
        return false;
    return text.n == 0 || EVP_CipherUpdate(ctx, out, &n, text.p, (int)text.n) == 1;
}

static bool check_sizes(struct span with, struct span text, struct err *err)
{
    if (with.n <= INT_MAX && text.n <= INT_MAX - AEAD_NONCE_SIZE - AEAD_TAG_SIZE)
        return true;
    return err_fail(err, ERR_LIMIT, NULL, "the bytes to seal are too many");
}

bool aead_seal(struct crypto *c, const uint8_t key[AEAD_KEY_SIZE],
               const uint8_t nonce[AEAD_NONCE_SIZE], struct span with, struct span text,
               struct arena *a, struct span *out, struct err *err)
{
    size_t size = AEAD_NONCE_SIZE + text.n + AEAD_TAG_SIZE;
    EVP_CIPHER_CTX *ctx;
    uint8_t *made;
    int n = 0;
    bool ok;

    (void)c;
    if (!check_sizes(with, text, err))
        return false;
    made = arena_alloc(a, size, 1);
    if (!made)
        return arena_fail(a, err);
    memcpy(made, nonce, AEAD_NONCE_SIZE);
    ctx = begin(key, nonce, true);
    ok = ctx && feed(ctx, with, text, made + AEAD_NONCE_SIZE) &&
         EVP_CipherFinal_ex(ctx, made + AEAD_NONCE_SIZE + text.n, &n) == 1 &&
         EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_SIZE,
                             made + AEAD_NONCE_SIZE + text.n) == 1;
    EVP_CIPHER_CTX_free(ctx);
    ERR_clear_error();
    if (!ok)
        return err_fail(err, ERR_INTERNAL, NULL, "AES-256-GCM could not seal");
    *out = span_of(made, size);
    return true;
}

bool aead_open(struct crypto *c, const uint8_t key[AEAD_KEY_SIZE], struct span with,
               struct span sealed, struct arena *a, struct span *out, struct err *err)
{
    size_t size = sealed.n - AEAD_NONCE_SIZE - AEAD_TAG_SIZE;
    uint8_t tag[AEAD_TAG_SIZE], *made;
    EVP_CIPHER_CTX *ctx;
    int n = 0;
    bool ok;

    (void)c;
    if (sealed.n < AEAD_NONCE_SIZE + AEAD_TAG_SIZE || !check_sizes(with, sealed, NULL))
        return err_fail(err, ERR_UNTRUSTED, NULL, "%zu bytes are no sealed text", sealed.n);
    made = arena_alloc(a, size, 1);
    if (!made)
        return arena_fail(a, err);
    memcpy(tag, sealed.p + AEAD_NONCE_SIZE + size, sizeof tag);
    ctx = begin(key, sealed.p, false);
    ok = ctx && feed(ctx, with, span_part(sealed, AEAD_NONCE_SIZE, size), made) &&
         EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_SIZE, tag) == 1 &&
         EVP_CipherFinal_ex(ctx, made + size, &n) == 1;
    EVP_CIPHER_CTX_free(ctx);
    ERR_clear_error();
    if (!ok)
        return err_fail(err, ERR_UNTRUSTED, NULL, "the sealed text does not open under this key");
    *out = span_of(made, size);
    return true;
}
