#include "signkey.h"
#include "inside.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

struct signkey {
    EVP_PKEY *key;
    enum pubkey_type type;
    size_t bits;
    EVP_PKEY_CTX *sign[SIG_ALGS]; /* made when first asked for, then kept */
};

/* clang-format off */
static const struct {
    const char *type;
    const char *group; /* EC */
    unsigned bits;     /* RSA */
} kinds[] = {
    [SIGNKEY_RSA2048] = { "RSA", NULL,    2048 },
    [SIGNKEY_RSA3072] = { "RSA", NULL,    3072 },
    [SIGNKEY_RSA4096] = { "RSA", NULL,    4096 },
    [SIGNKEY_P256]    = { "EC",  "P-256", 0    },
    [SIGNKEY_P384]    = { "EC",  "P-384", 0    },
};
/* clang-format on */

static struct signkey *fail_clear(struct err *err, enum err_code code, const char *text)
{
    ERR_clear_error();
    err_fail(err, code, NULL, "%s", text);
    return NULL;
}

static bool is_group(const EVP_PKEY *key, const char *name)
{
    char group[64];
    size_t n = 0;

    return EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group,
                                          &n) == 1 &&
           strcmp(group, name) == 0;
}

/* A curve that was written out as parameters is not a named one, even where it has the same
 * numbers. */
static bool is_explicit(const EVP_PKEY *key)
{
    int is = 0;

    return EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &is) != 1 ||
           is != 0;
}

static bool type_of(const EVP_PKEY *key, enum pubkey_type *out, struct err *err)
{
    int bits = EVP_PKEY_get_bits(key);

    if (EVP_PKEY_is_a(key, "RSA")) {
        *out = PUBKEY_RSA;
        return (bits >= RSA_BITS_MIN && bits <= RSA_SIGN_BITS_MAX) ||
               err_fail(err, ERR_UNSUPPORTED, NULL, "the RSA key has %d bits, expected %d to %d",
                        bits, RSA_BITS_MIN, RSA_SIGN_BITS_MAX);
    }
    if (!EVP_PKEY_is_a(key, "EC") || is_explicit(key))
        return err_fail(err, ERR_UNSUPPORTED, NULL,
                        "the key is neither RSA nor on a named curve P-256 or P-384");
    *out = is_group(key, SN_secp384r1) ? PUBKEY_P384 : PUBKEY_P256;
    return *out == PUBKEY_P384 || is_group(key, SN_X9_62_prime256v1) ||
           err_fail(err, ERR_UNSUPPORTED, NULL, "the key's curve is neither P-256 nor P-384");
}

static struct signkey *signkey_adopt(EVP_PKEY *key, struct err *err)
{
    struct signkey *k = calloc(1, sizeof *k);

    if (k && type_of(key, &k->type, err)) {
        k->key = key;
        k->bits = (size_t)EVP_PKEY_get_bits(key);
        return k;
    }
    ERR_clear_error();
    if (!k)
        err_fail(err, ERR_MEMORY, NULL, "no memory for a signing key");
    EVP_PKEY_free(key);
    free(k);
    return NULL;
}

struct signkey *signkey_new(struct crypto *c, enum signkey_kind kind, struct err *err)
{
    EVP_PKEY *key = kinds[kind].group
                        ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", kinds[kind].group)
                        : EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)kinds[kind].bits);

    (void)c;
    if (!key)
        return fail_clear(err, ERR_INTERNAL, "the signing key could not be made");
    return signkey_adopt(key, err);
}

/* Encrypted keys are not for us; without this OpenSSL would ask at the terminal. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
    (void)buf, (void)size, (void)writing, (void)arg;
    return -1;
}

static EVP_PKEY *pkey_of_pem(struct span pem)
{
    BIO *bio = pem.n <= INT32_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;

    BIO_free(bio);
    return key;
}

/* A private key that does not belong to its public key would sign what nobody can verify, and with
 * RSA may give the key away. */
static bool pair_holds(EVP_PKEY *key)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool ok = ctx && EVP_PKEY_check(ctx) == 1;

    EVP_PKEY_CTX_free(ctx);
    return ok;
}

struct signkey *signkey_read_pem(struct crypto *c, struct span pem, struct err *err)
{
    EVP_PKEY *key = pkey_of_pem(pem);
    struct signkey *k;

    (void)c;
    if (!key)
        return fail_clear(err, ERR_MALFORMED, "this is no private key in unencrypted PEM");
    k = signkey_adopt(key, err);
    if (k && !pair_holds(k->key)) {
        signkey_free(k);
        return fail_clear(err, ERR_UNTRUSTED, "the private key does not hold together");
    }
    ERR_clear_error(); /* what was tried before the right decoder was found */
    return k;
}

void signkey_free(struct signkey *k)
{
    if (!k)
        return;
    for (size_t i = 0; i < SIG_ALGS; i++)
        EVP_PKEY_CTX_free(k->sign[i]);
    EVP_PKEY_free(k->key);
    free(k);
}

EVP_PKEY *signkey_inside(const struct signkey *k)
{
    return k->key;
}

enum pubkey_type signkey_type(const struct signkey *k)
{
    return k->type;
}

size_t signkey_bits(const struct signkey *k)
{
    return k->bits;
}

/* The memory BIO wipes its buffer when it grows and when it is freed. */
bool signkey_write_pem(const struct signkey *k, struct secret *out, struct err *err)
{
    BIO *bio = BIO_new(BIO_s_mem());
    struct secret text = { 0 };
    char *p = NULL;
    long n = 0;
    bool ok = false;

    if (bio && PEM_write_bio_PKCS8PrivateKey(bio, k->key, NULL, NULL, 0, NULL, NULL) == 1)
        n = BIO_get_mem_data(bio, &p);
    if (n > 0)
        ok = secret_new((size_t)n, &text, err);
    else
        fail_clear(err, ERR_INTERNAL, "the private key could not be written");
    if (ok) {
        memcpy(text.p, p, (size_t)n);
        *out = text;
    }
    BIO_free(bio);
    return ok;
}

bool signkey_spki(const struct signkey *k, struct arena *a, struct span *out, struct err *err)
{
    unsigned char *der = NULL;
    int n = i2d_PUBKEY(k->key, &der);
    struct span copy = { 0 };

    if (n > 0)
        copy = arena_dup(a, span_of(der, (size_t)n));
    OPENSSL_free(der);
    if (n <= 0)
        return fail_clear(err, ERR_INTERNAL, "the public key could not be written") != NULL;
    if (!copy.p)
        return arena_fail(a, err);
    *out = copy;
    return true;
}

static EVP_PKEY_CTX *context_new(const struct signkey *k, const struct sig_def *def)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->key, NULL);

    if (ctx && EVP_PKEY_sign_init(ctx) == 1 &&
        (def->family == SIG_FAMILY_ECDSA || rsa_context_set(ctx, def)))
        return ctx;
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return NULL;
}

static EVP_PKEY_CTX *context_of(struct signkey *k, enum sig_alg alg, struct err *err)
{
    if (!k->sign[alg])
        k->sign[alg] = context_new(k, sig_def_of(alg));
    if (!k->sign[alg])
        err_fail(err, ERR_INTERNAL, NULL, "this key cannot sign %s", sig_alg_name(alg));
    return k->sign[alg];
}

static bool sign_raw(EVP_PKEY_CTX *ctx, struct span hash, uint8_t *out, size_t *n, struct err *err)
{
    if (EVP_PKEY_sign(ctx, out, n, hash.p, hash.n) == 1)
        return true;
    ERR_clear_error();
    return err_fail(err, ERR_INTERNAL, NULL, "the signature could not be made");
}

static bool sign_ecdsa(const struct signkey *k, EVP_PKEY_CTX *ctx, struct span hash, uint8_t *out,
                       struct err *err)
{
    uint8_t der[ECDSA_DER_MAX];
    size_t n = sizeof der;

    return sign_raw(ctx, hash, der, &n, err) &&
           ecdsa_from_der(span_of(der, n), ec_size(k->type), out, err);
}

bool signkey_sign_hash(struct signkey *k, enum sig_alg alg, struct span hash, uint8_t *out,
                       size_t room, size_t *n, struct err *err)
{
    const struct sig_def *def = sig_def_of(alg);
    bool is_ecdsa = def->family == SIG_FAMILY_ECDSA;
    size_t size = is_ecdsa ? 2 * ec_size(k->type) : (k->bits + 7) / 8;
    EVP_PKEY_CTX *ctx;

    if (!sig_fits(def, k->type, ERR_UNSUPPORTED, err))
        return false;
    if (hash.n != digest_size(def->digest))
        return err_fail(err, ERR_MALFORMED, NULL, "%s is made over a hash of %zu bytes, not %zu",
                        def->name, digest_size(def->digest), hash.n);
    if (size > room)
        return err_fail(err, ERR_LIMIT, NULL, "the signature has %zu bytes, room is for %zu", size,
                        room);
    ctx = context_of(k, alg, err);
    if (!ctx ||
        !(is_ecdsa ? sign_ecdsa(k, ctx, hash, out, err) : sign_raw(ctx, hash, out, &size, err)))
        return false;
    *n = size;
    return true;
}

bool signkey_sign(struct crypto *c, struct signkey *k, enum sig_alg alg, struct span message,
                  uint8_t *out, size_t room, size_t *n, struct err *err)
{
    uint8_t hash[SHA512_SIZE];
    size_t hash_size;

    return sig_hash(c, alg, message, hash, &hash_size, err) &&
           signkey_sign_hash(k, alg, span_of(hash, hash_size), out, room, n, err);
}
