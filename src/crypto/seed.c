#include "seed.h"

#include "inside.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

#define PART1 "TPM 2.0 Library, Part 1, 24"

/* OAEP checks a text of the modulus's length against padding, two hashes and the message. */
enum { RSA_BYTES_MAX = RSA_BITS_MAX / 8 };

static bool fail_opened(struct err *err)
{
    ERR_clear_error();
    return err_fail(err, ERR_UNTRUSTED, PART1, "the secret was not made for this key and label");
}

/* ---------------------------------------------------------------- RSA */

/* The label counts with its zero byte. */
static bool oaep_set(EVP_PKEY_CTX *ctx, enum digest_alg hash, const char *label)
{
    char *name = (char *)(uintptr_t)digest_name(hash);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, (char[]){ "oaep" }, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, name, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, name, 0),
        OSSL_PARAM_construct_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL,
                                          (void *)(uintptr_t)label, strlen(label) + 1),
        OSSL_PARAM_END,
    };

    return EVP_PKEY_CTX_set_params(ctx, params) == 1;
}

static bool encrypt(EVP_PKEY *key, enum digest_alg hash, const char *label, const uint8_t *seed,
                    uint8_t *out, size_t *n)
{
    EVP_PKEY_CTX *ctx = key ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
    bool ok = ctx && EVP_PKEY_encrypt_init(ctx) == 1 && oaep_set(ctx, hash, label) &&
              EVP_PKEY_encrypt(ctx, out, n, seed, digest_size(hash)) == 1;

    EVP_PKEY_CTX_free(ctx);
    return ok;
}

static bool send_rsa(EVP_PKEY *key, enum digest_alg hash, const char *label, const uint8_t *seed,
                     struct arena *a, struct span *out, struct err *err)
{
    uint8_t text[RSA_BYTES_MAX];
    size_t n = sizeof text;

    if (!encrypt(key, hash, label, seed, text, &n)) {
        ERR_clear_error();
        return err_fail(err, ERR_INTERNAL, PART1, "the seed could not be encrypted");
    }
    *out = arena_dup(a, span_of(text, n));
    return out->p ? true : arena_fail(a, err);
}

static bool receive_rsa(EVP_PKEY *key, enum digest_alg hash, const char *label, struct span message,
                        uint8_t *seed, struct err *err)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    uint8_t text[RSA_BYTES_MAX];
    size_t n = sizeof text;
    bool ok = ctx && EVP_PKEY_decrypt_init(ctx) == 1 && oaep_set(ctx, hash, label) &&
              EVP_PKEY_decrypt(ctx, text, &n, message.p, message.n) == 1 && n == digest_size(hash);

    if (ok)
        memcpy(seed, text, n);
    OPENSSL_cleanse(text, sizeof text);
    EVP_PKEY_CTX_free(ctx);
    return ok || fail_opened(err);
}

/* ---------------------------------------------------------------- EC */

/* x of the shared point, as wide as a coordinate. */
static bool agree(EVP_PKEY *own, EVP_PKEY *other, uint8_t z[EC_SIZE_MAX], size_t *n)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    bool ok;

    *n = EC_SIZE_MAX;
    ok = ctx && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, other) == 1 &&
         EVP_PKEY_derive(ctx, z, n) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

/* Both sides hash the sender's x first, then the receiver's. */
static bool seed_of(struct crypto *c, EVP_PKEY *own, EVP_PKEY *other, enum digest_alg hash,
                    const char *label, struct span sender, struct span receiver, uint8_t *seed,
                    struct err *err)
{
    uint8_t z[EC_SIZE_MAX];
    size_t n = 0;
    bool ok;

    if (!agree(own, other, z, &n)) {
        ERR_clear_error();
        return err_fail(err, ERR_INTERNAL, PART1, "no shared point could be made");
    }
    ok = kdf_e(c, hash, span_of(z, n), label, sender, receiver, seed, digest_size(hash), err);
    OPENSSL_cleanse(z, sizeof z);
    return ok;
}

/* x || y of a key on one of the two curves. */
static bool point_of(EVP_PKEY *key, struct arena *a, struct span *out, struct err *err)
{
    uint8_t point[1 + 2 * EC_SIZE_MAX];
    size_t n = 0;

    if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &n) !=
            1 ||
        n < 1 || point[0] != 0x04) {
        ERR_clear_error();
        return err_fail(err, ERR_INTERNAL, PART1, "the ephemeral point could not be shown");
    }
    *out = arena_dup(a, span_of(point + 1, n - 1));
    return out->p ? true : arena_fail(a, err);
}

static struct span x_of(struct span point)
{
    return span_part(point, 0, point.n / 2);
}

static bool send_ec(struct crypto *c, const struct spki *to, EVP_PKEY *key, enum digest_alg hash,
                    const char *label, uint8_t *seed, struct arena *a, struct span *out,
                    struct err *err)
{
    EVP_PKEY *once = EVP_PKEY_Q_keygen(NULL, NULL, "EC", to->kind == SPKI_P384 ? "P-384" : "P-256");
    bool ok = once ? point_of(once, a, out, err) &&
                         seed_of(c, once, key, hash, label, x_of(*out), x_of(to->point), seed, err)
                   : err_fail(err, ERR_INTERNAL, PART1, "no ephemeral key could be made");

    EVP_PKEY_free(once);
    return ok;
}

static bool receive_ec(struct crypto *c, const struct signkey *key, enum digest_alg hash,
                       const char *label, struct span message, uint8_t *seed, struct err *err)
{
    struct spki sender = { .kind = signkey_type(key) == PUBKEY_P384 ? SPKI_P384 : SPKI_P256,
                           .point = message };
    struct arena a = arena_over(4096);
    EVP_PKEY *other = NULL;
    struct span own = { 0 };
    bool ok = false;

    if (message.n == 2 * ec_size(signkey_type(key)))
        other = pkey_of_spki(&sender, NULL);
    if (other)
        ok = point_of(signkey_inside(key), &a, &own, err) &&
             seed_of(c, signkey_inside(key), other, hash, label, x_of(message), x_of(own), seed,
                     err);
    else
        fail_opened(err);
    EVP_PKEY_free(other);
    arena_fini(&a);
    return ok;
}

/* ---------------------------------------------------------------- both */

bool seed_send(struct crypto *c, const struct spki *to, enum digest_alg hash, const char *label,
               uint8_t *seed, struct arena *a, struct seed_message *out, struct err *err)
{
    EVP_PKEY *key = pkey_of_spki(to, err);
    struct seed_message m = { .is_point = to->kind != SPKI_RSA };
    bool ok = key && (m.is_point ? send_ec(c, to, key, hash, label, seed, a, &m.bytes, err)
                                 : send_rsa(key, hash, label, seed, a, &m.bytes, err));

    EVP_PKEY_free(key);
    if (ok)
        *out = m;
    return ok;
}

bool seed_receive(struct crypto *c, const struct signkey *key, enum digest_alg hash,
                  const char *label, struct span message, uint8_t *seed, struct err *err)
{
    if (signkey_type(key) == PUBKEY_RSA)
        return receive_rsa(signkey_inside(key), hash, label, message, seed, err);
    return receive_ec(c, key, hash, label, message, seed, err);
}
