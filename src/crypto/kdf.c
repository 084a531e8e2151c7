#include "kdf.h"

#include "inside.h"

#include <limits.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>

#define PART1 "TPM 2.0 Library, Part 1, 11.4.10"

static bool fail(struct err *err, const char *what)
{
    ERR_clear_error();
    return err_fail(err, ERR_INTERNAL, PART1, "%s could not be computed", what);
}

static OSSL_PARAM text_param(const char *name, const char *value)
{
    return OSSL_PARAM_construct_utf8_string(name, (char *)(uintptr_t)value, 0);
}

static OSSL_PARAM span_param(const char *name, struct span value)
{
    return OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)value.p, value.n);
}

/* ---------------------------------------------------------------- HMAC */

static bool feed_mac(EVP_MAC_CTX *ctx, enum digest_alg alg, struct span key,
                     const struct span *parts, size_t count, uint8_t *out)
{
    OSSL_PARAM params[] = { text_param(OSSL_MAC_PARAM_DIGEST, digest_name(alg)), OSSL_PARAM_END };
    size_t n = 0;

    if (EVP_MAC_init(ctx, key.p, key.n, params) != 1)
        return false;
    for (size_t i = 0; i < count; i++)
        if (parts[i].n > 0 && EVP_MAC_update(ctx, parts[i].p, parts[i].n) != 1)
            return false;
    return EVP_MAC_final(ctx, out, &n, digest_size(alg)) == 1 && n == digest_size(alg);
}

bool hmac(struct crypto *c, enum digest_alg alg, struct span key, const struct span *parts,
          size_t count, uint8_t *out, struct err *err)
{
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
    bool ok = ctx && feed_mac(ctx, alg, key, parts, count, out);

    (void)c;
    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);
    return ok || fail(err, "HMAC");
}

/* ---------------------------------------------------------------- keys from keys */

static bool derive(const char *name, const OSSL_PARAM *params, uint8_t *out, size_t n)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, name, NULL);
    EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    bool ok = ctx && EVP_KDF_derive(ctx, out, n, params) == 1;

    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return ok;
}

bool kdf_a(struct crypto *c, enum digest_alg alg, struct span key, const char *label,
           struct span context, uint8_t *out, size_t n, struct err *err)
{
    OSSL_PARAM params[7];
    size_t count = 0;

    (void)c;
    params[count++] = text_param(OSSL_KDF_PARAM_MODE, "counter");
    params[count++] = text_param(OSSL_KDF_PARAM_MAC, "HMAC");
    params[count++] = text_param(OSSL_KDF_PARAM_DIGEST, digest_name(alg));
    params[count++] = span_param(OSSL_KDF_PARAM_KEY, key);
    params[count++] = span_param(OSSL_KDF_PARAM_SALT, span_str(label));
    if (context.n > 0)
        params[count++] = span_param(OSSL_KDF_PARAM_INFO, context);
    params[count] = OSSL_PARAM_construct_end();
    return (n > 0 && n <= KDF_MAX && derive("KBKDF", params, out, n)) || fail(err, "KDFa");
}

bool kdf_e(struct crypto *c, enum digest_alg alg, struct span z, const char *label, struct span u,
           struct span v, uint8_t *out, size_t n, struct err *err)
{
    uint8_t info[32 + 2 * EC_SIZE_MAX];
    size_t label_n = strlen(label) + 1; /* its zero byte is hashed, too */
    OSSL_PARAM params[] = {
        text_param(OSSL_KDF_PARAM_DIGEST, digest_name(alg)),
        span_param(OSSL_KDF_PARAM_KEY, z),
        span_param(OSSL_KDF_PARAM_INFO, span_of(info, label_n + u.n + v.n)),
        OSSL_PARAM_END,
    };

    (void)c;
    if (label_n > 32 || u.n > EC_SIZE_MAX || v.n > EC_SIZE_MAX || n == 0 || n > KDF_MAX)
        return fail(err, "KDFe");
    memcpy(info, label, label_n);
    memcpy(info + label_n, u.p, u.n);
    memcpy(info + label_n + u.n, v.p, v.n);
    return derive("SSKDF", params, out, n) || fail(err, "KDFe");
}

/* ---------------------------------------------------------------- AES-CFB */

static bool run_cfb(const char *cipher_name, struct span key, struct span in, uint8_t *out,
                    bool is_sealing)
{
    static const uint8_t zeros[16] = { 0 };
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, cipher_name, NULL);
    EVP_CIPHER_CTX *ctx = cipher ? EVP_CIPHER_CTX_new() : NULL;
    int n = 0, last = 0;
    bool ok = ctx && EVP_CipherInit_ex2(ctx, cipher, key.p, zeros, is_sealing, NULL) == 1 &&
              EVP_CipherUpdate(ctx, out, &n, in.p, (int)in.n) == 1 &&
              EVP_CipherFinal_ex(ctx, out + n, &last) == 1 && (size_t)n == in.n && last == 0;

    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    return ok;
}

static bool cfb(struct span key, struct span in, uint8_t *out, bool is_sealing, struct err *err)
{
    if (key.n != AES128_KEY_SIZE && key.n != AES256_KEY_SIZE)
        return err_fail(err, ERR_UNSUPPORTED, "FIPS 197", "AES keys have %d or %d bytes, not %zu",
                        AES128_KEY_SIZE, AES256_KEY_SIZE, key.n);
    if (in.n == 0)
        return true;
    return (in.n <= INT_MAX && run_cfb(key.n == AES128_KEY_SIZE ? "AES-128-CFB" : "AES-256-CFB",
                                       key, in, out, is_sealing)) ||
           fail(err, "AES-CFB");
}

bool cfb_seal(struct crypto *c, struct span key, struct span text, uint8_t *out, struct err *err)
{
    (void)c;
    return cfb(key, text, out, true, err);
}

bool cfb_open(struct crypto *c, struct span key, struct span sealed, uint8_t *out, struct err *err)
{
    (void)c;
    return cfb(key, sealed, out, false, err);
}
