#include "credential.h"

#include <string.h>

#define PART1    "TPM 2.0 Library, Part 1, 24"
#define PROFILE  "TCG EK Credential Profile, B.3"
#define CONTRACT "the TPM contract, 8.3"

/* adminWithPolicy, restricted, decrypt, and bound to this TPM and parent. */
#define EK_ATTRIBUTES 0x000300B2u

/* PolicySecret of the endorsement hierarchy. */
static const uint8_t ek_policy[SHA256_SIZE] = {
    0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24,
    0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa,
};

/* The labels of the derivations; the first counts with its zero byte where it is hashed. */
#define LABEL_SEED      "IDENTITY"
#define LABEL_STORAGE   "STORAGE"
#define LABEL_INTEGRITY "INTEGRITY"

#define FILE_MARK 0xBADCC0DEu

enum { FILE_VERSION = 1, EK_RSA_BYTES = 256 };

/* ---------------------------------------------------------------- the endorsement key */

static bool template_of(const struct spki *key, struct tpm_public *p, struct err *err)
{
    *p = (struct tpm_public){ .name_alg = TPM_ALG_SHA256,
                              .attributes = EK_ATTRIBUTES,
                              .auth_policy = span_of(ek_policy, sizeof ek_policy),
                              .symmetric = TPM_ALG_AES,
                              .symmetric_bits = 128,
                              .symmetric_mode = TPM_ALG_CFB,
                              .scheme = TPM_ALG_NULL,
                              .kdf = TPM_ALG_NULL };
    if (key->kind == SPKI_RSA && key->modulus.n == EK_RSA_BYTES) {
        p->type = TPM_ALG_RSA;
        p->key_bits = 8 * EK_RSA_BYTES;
        p->modulus = key->modulus;
        return true;
    }
    if (key->kind == SPKI_P256) {
        p->type = TPM_ALG_ECC;
        p->curve = TPM_CURVE_P256;
        p->x = span_part(key->point, 0, key->point.n / 2);
        p->y = span_part(key->point, key->point.n / 2, key->point.n / 2);
        return true;
    }
    return err_fail(err, ERR_UNSUPPORTED, PROFILE,
                    "the endorsement key is neither RSA with 2048 bits nor on P-256");
}

/* The template has no exponent of its own: 0 stands for 65,537. */
static bool is_usual_exponent(const struct spki *key)
{
    static const uint8_t usual[] = { 1, 0, 1 };

    return key->kind != SPKI_RSA || span_equal(key->exponent, span_of(usual, sizeof usual));
}

bool ek_template(const struct spki *key, struct arena *a, struct tpm_public *out, struct err *err)
{
    struct writer w = writer_in(a, 512);
    struct tpm_public p;

    if (!template_of(key, &p, err))
        return false;
    if (!is_usual_exponent(key))
        return err_fail(err, ERR_UNSUPPORTED, PROFILE,
                        "the endorsement key's exponent is not 65537");
    tpm_public_write(&w, &p);
    if (!writer_done(&w, &p.bytes, err))
        return false;
    *out = p;
    return true;
}

/* ---------------------------------------------------------------- keys of one credential */

struct keys {
    enum digest_alg hash;
    size_t size; /* of the hash */
    uint8_t storage[AES256_KEY_SIZE], integrity[SHA512_SIZE];
    size_t storage_n;
};

static bool hash_of(const struct tpm_public *ek, struct keys *k, struct err *err)
{
    enum tpm_bank bank;

    if (!bank_find(ek->name_alg, &bank) || ek->symmetric != TPM_ALG_AES ||
        ek->symmetric_mode != TPM_ALG_CFB ||
        (ek->symmetric_bits != 128 && ek->symmetric_bits != 256))
        return err_fail(err, ERR_UNSUPPORTED, PROFILE,
                        "the endorsement key protects nothing with AES in CFB mode");
    k->hash = banks[bank].digest;
    k->size = banks[bank].size;
    k->storage_n = ek->symmetric_bits / 8;
    return true;
}

static bool keys_of(struct crypto *c, struct span seed, struct span name, struct keys *k,
                    struct err *err)
{
    const struct span none = { 0 };

    return kdf_a(c, k->hash, seed, LABEL_STORAGE, name, k->storage, k->storage_n, err) &&
           kdf_a(c, k->hash, seed, LABEL_INTEGRITY, none, k->integrity, k->size, err);
}

/* The key's name stands under the seal, although it does not travel. */
static bool seal_of(struct crypto *c, const struct keys *k, struct span sealed, struct span name,
                    uint8_t out[SHA512_SIZE], struct err *err)
{
    const struct span parts[] = { sealed, name };

    return hmac(c, k->hash, span_of(k->integrity, k->size), parts, COUNT(parts), out, err);
}

/* ---------------------------------------------------------------- making */

static void write_point(struct writer *w, struct span xy)
{
    tpm2b_write(w, span_part(xy, 0, xy.n / 2));
    tpm2b_write(w, span_part(xy, xy.n / 2, xy.n / 2));
}

static bool send_seed(struct crypto *c, const struct tpm_public *ek, const struct keys *k,
                      uint8_t *seed, struct arena *a, struct span *out, struct err *err)
{
    struct writer w = writer_in(a, CREDENTIAL_SEED_MAX);
    struct seed_message m = { 0 };
    struct spki key = { 0 };

    if (!tpm_public_key(ek, a, &key, err) ||
        !seed_send(c, &key, k->hash, LABEL_SEED, seed, a, &m, err))
        return false;
    if (m.is_point)
        write_point(&w, m.bytes);
    else
        write_bytes(&w, m.bytes);
    return writer_done(&w, out, err);
}

static bool make_blob(struct crypto *c, const struct keys *k, struct span name, struct span secret,
                      struct arena *a, struct span *out, struct err *err)
{
    uint8_t text[2 + CREDENTIAL_SECRET_MAX], sealed[2 + CREDENTIAL_SECRET_MAX], seal[SHA512_SIZE];
    struct writer w = writer_over(text, sizeof text), blob = writer_in(a, CREDENTIAL_BLOB_MAX);
    struct span whole = { 0 };

    tpm2b_write(&w, secret);
    if (!writer_done(&w, &whole, err) ||
        !cfb_seal(c, span_of(k->storage, k->storage_n), whole, sealed, err) ||
        !seal_of(c, k, span_of(sealed, whole.n), name, seal, err))
        return false;
    tpm2b_write(&blob, span_of(seal, k->size));
    write_bytes(&blob, span_of(sealed, whole.n));
    return writer_done(&blob, out, err);
}

static bool check_sizes(const struct keys *k, struct span secret, struct span random,
                        struct err *err)
{
    if (secret.n == 0 || secret.n > CREDENTIAL_SECRET_MAX)
        return err_fail(err, ERR_LIMIT, PART1, "the secret has %zu bytes, expected 1 to %d",
                        secret.n, CREDENTIAL_SECRET_MAX);
    if (random.n != k->size)
        return err_fail(err, ERR_LIMIT, PART1, "the seed has %zu bytes, expected %zu", random.n,
                        k->size);
    return true;
}

bool credential_make(struct crypto *c, const struct tpm_public *ek, struct span name,
                     struct span secret, struct span random, struct arena *a,
                     struct tpm_credential *out, struct err *err)
{
    struct tpm_credential made = { 0 };
    uint8_t seed[SHA512_SIZE];
    struct keys k = { 0 };

    if (!hash_of(ek, &k, err) || !check_sizes(&k, secret, random, err))
        return false;
    memcpy(seed, random.p, random.n);
    if (!send_seed(c, ek, &k, seed, a, &made.seed, err) ||
        !keys_of(c, span_of(seed, k.size), name, &k, err) ||
        !make_blob(c, &k, name, secret, a, &made.blob, err))
        return false;
    *out = made;
    return true;
}

/* ---------------------------------------------------------------- opening */

/* The OAEP text as it is, or a point's coordinates behind one another. */
static bool read_message(const struct tpm_public *ek, struct span seed, uint8_t xy[96],
                         struct span *out, struct err *err)
{
    struct reader r = reader_over(seed, err);
    struct span x, y;

    if (ek->type == TPM_ALG_RSA) {
        *out = seed;
        return true;
    }
    x = reader_take(&r, reader_u16be(&r, "x"), "x");
    y = reader_take(&r, reader_u16be(&r, "y"), "y");
    if (!reader_done(&r))
        return false;
    if (x.n != y.n || x.n + y.n > 96)
        return err_fail(err, ERR_MALFORMED, PART1, "coordinates of %zu and %zu bytes are no point",
                        x.n, y.n);
    if (x.n > 0) {
        memcpy(xy, x.p, x.n);
        memcpy(xy + x.n, y.p, y.n);
    }
    *out = span_of(xy, 2 * x.n);
    return true;
}

struct blob {
    struct span seal, sealed;
};

static bool read_blob(struct span bytes, struct blob *out, struct err *err)
{
    struct reader r = reader_over(bytes, err);
    struct blob b = { 0 };

    b.seal = reader_take(&r, reader_u16be(&r, "integrity"), "integrity");
    b.sealed = reader_rest(&r);
    if (!reader_done(&r))
        return err_in(err, "blob");
    if (b.sealed.n < 2 || b.sealed.n > 2 + CREDENTIAL_SECRET_MAX) {
        err_fail(err, ERR_MALFORMED, PART1, "the encrypted secret has %zu bytes, expected 2 to %d",
                 b.sealed.n, 2 + CREDENTIAL_SECRET_MAX);
        return err_in(err, "blob");
    }
    *out = b;
    return true;
}

static bool open_blob(struct crypto *c, const struct keys *k, const struct blob *b,
                      struct span name, struct arena *a, struct span *out, struct err *err)
{
    uint8_t seal[SHA512_SIZE], text[2 + CREDENTIAL_SECRET_MAX];
    struct span secret = { 0 };

    if (!seal_of(c, k, b->sealed, name, seal, err))
        return false;
    if (b->seal.n != k->size || !equal_ct(seal, b->seal.p, k->size)) {
        err_fail(err, ERR_UNTRUSTED, PART1, "the blob was not made for a key of this name");
        return err_in(err, "blob.integrity");
    }
    if (!cfb_open(c, span_of(k->storage, k->storage_n), b->sealed, text, err) ||
        !tpm2b_parse(span_of(text, b->sealed.n), &secret, err))
        return err_in(err, "blob.secret");
    *out = arena_dup(a, secret);
    return out->p ? true : arena_fail(a, err);
}

bool credential_open(struct crypto *c, const struct tpm_public *ek, const struct signkey *key,
                     struct span name, const struct tpm_credential *from, struct arena *a,
                     struct span *out, struct err *err)
{
    uint8_t xy[96], seed[SHA512_SIZE];
    struct span message = { 0 };
    struct keys k = { 0 };
    struct blob b = { 0 };

    if (!hash_of(ek, &k, err) || !read_blob(from->blob, &b, err))
        return false;
    if (!read_message(ek, from->seed, xy, &message, err) ||
        !seed_receive(c, key, k.hash, LABEL_SEED, message, seed, err))
        return err_in(err, "seed");
    return keys_of(c, span_of(seed, k.size), name, &k, err) &&
           open_blob(c, &k, &b, name, a, out, err);
}

/* ---------------------------------------------------------------- the file */

bool credential_parse(struct span bytes, struct tpm_credential *out, struct err *err)
{
    struct reader r = reader_over(bytes, err);
    struct tpm_credential c = { 0 };
    uint32_t mark = reader_u32be(&r, "mark"), version = reader_u32be(&r, "version");

    if (reader_ok(&r) && mark != FILE_MARK)
        reader_fail_at(&r, 0, ERR_MALFORMED, CONTRACT, "mark", "is 0x%08x, expected 0x%08x", mark,
                       FILE_MARK);
    if (reader_ok(&r) && version != FILE_VERSION)
        reader_fail_at(&r, 4, ERR_UNSUPPORTED, CONTRACT, "version", "is %u, expected %d", version,
                       FILE_VERSION);
    c.blob = reader_take(&r, reader_u16be(&r, "blob"), "blob");
    c.seed = reader_take(&r, reader_u16be(&r, "seed"), "seed");
    if (!reader_done(&r))
        return err_in(err, "credential");
    if (c.blob.n > CREDENTIAL_BLOB_MAX || c.seed.n > CREDENTIAL_SEED_MAX) {
        err_fail(err, ERR_LIMIT, CONTRACT, "%zu and %zu bytes, at most %d and %d are read",
                 c.blob.n, c.seed.n, CREDENTIAL_BLOB_MAX, CREDENTIAL_SEED_MAX);
        return err_in(err, "credential");
    }
    *out = c;
    return true;
}

void credential_write(struct writer *w, const struct tpm_credential *from)
{
    write_u32be(w, FILE_MARK);
    write_u32be(w, FILE_VERSION);
    tpm2b_write(w, from->blob);
    tpm2b_write(w, from->seed);
}
