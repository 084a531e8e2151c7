/*
 * RSA keys that are derived from names, and signatures that come out the same every time: OpenSSL
 * draws the primes and the salt of PSS at random. The keys are public knowledge: nothing here takes
 * care to run in constant time.
 */
#include "lab_in.h"
#include "tpm_in.h"

#include "../src/format/der.h"
#include "../src/format/pem.h"

#include <openssl/bn.h>
#include <openssl/evp.h>

#include <stdio.h>
#include <string.h>

enum { EXPONENT = 65537, HASH_MAX = 64 };

static bool fail(struct err *err, const char *what)
{
    return err_fail(err, ERR_INTERNAL, NULL, "OpenSSL could not %s", what);
}

/* ---------------------------------------------------------------- keys */

/* The first prime from a hashed number on whose predecessor has no factor in common with the
 * exponent. */
static bool prime_of(BN_CTX *ctx, const char *label, const char *which, BIGNUM *out,
                     struct err *err)
{
    uint8_t bytes[LAB_RSA_HALF];
    char text[LAB_LABEL + 16];
    bool is_prime = false;

    for (unsigned i = 0; i < LAB_RSA_HALF / 32; i++) {
        int n = snprintf(text, sizeof text, "%s:%s:%u", label, which, i);

        if (!lab_sha256(span_of(text, (size_t)n), bytes + (size_t)32 * i, err))
            return false;
    }
    bytes[0] |= 0xC0; /* so that the product has all its bits */
    bytes[LAB_RSA_HALF - 1] |= 1;
    if (!BN_bin2bn(bytes, LAB_RSA_HALF, out))
        return fail(err, "make a number");
    for (;; BN_add_word(out, 2)) {
        int answer = BN_mod_word(out, EXPONENT) == 1 ? 0 : BN_check_prime(out, ctx, NULL);

        if (answer < 0)
            return fail(err, "look for a prime");
        is_prime = answer == 1;
        if (is_prime)
            return true;
    }
}

static bool put(const BIGNUM *v, uint8_t *out, int size)
{
    return BN_bn2binpad(v, out, size) == size;
}

/* d, and what makes signing quick: d mod p - 1, d mod q - 1, 1 / q mod p. */
static bool key_fill(BN_CTX *ctx, BIGNUM *p, BIGNUM *q, struct lab_rsa *out)
{
    BIGNUM *n = BN_CTX_get(ctx), *p1 = BN_CTX_get(ctx), *q1 = BN_CTX_get(ctx);
    BIGNUM *phi = BN_CTX_get(ctx), *e = BN_CTX_get(ctx), *d = BN_CTX_get(ctx);
    BIGNUM *t = BN_CTX_get(ctx);

    return t && BN_mul(n, p, q, ctx) && BN_copy(p1, p) && BN_sub_word(p1, 1) && BN_copy(q1, q) &&
           BN_sub_word(q1, 1) && BN_mul(phi, p1, q1, ctx) && BN_set_word(e, EXPONENT) &&
           BN_mod_inverse(d, e, phi, ctx) && put(n, out->n, LAB_RSA_SIZE) &&
           put(d, out->d, LAB_RSA_SIZE) && put(p, out->p, LAB_RSA_HALF) &&
           put(q, out->q, LAB_RSA_HALF) && BN_mod(t, d, p1, ctx) && put(t, out->dp, LAB_RSA_HALF) &&
           BN_mod(t, d, q1, ctx) && put(t, out->dq, LAB_RSA_HALF) && BN_mod_inverse(t, q, p, ctx) &&
           put(t, out->qi, LAB_RSA_HALF);
}

static bool key_make(const char *label, struct lab_rsa *out, struct err *err)
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *p, *q;
    bool ok;

    if (!ctx)
        return err_fail(err, ERR_MEMORY, NULL, "no memory for a key");
    BN_CTX_start(ctx);
    p = BN_CTX_get(ctx);
    q = BN_CTX_get(ctx);
    ok = q && prime_of(ctx, label, "p", p, err) && prime_of(ctx, label, "q", q, err) &&
         (key_fill(ctx, p, q, out) || fail(err, "derive a key"));
    BN_CTX_end(ctx);
    BN_CTX_free(ctx);
    return ok;
}

bool lab_rsa_of(struct lab_ring *ring, uint64_t seed, const char *name, struct lab_rsa *out,
                struct err *err)
{
    size_t held = ring->count < LAB_RING ? ring->count : LAB_RING, at = ring->count % LAB_RING;
    char label[LAB_LABEL];

    for (size_t i = 0; i < held; i++)
        if (ring->rows[i].seed == seed && strcmp(ring->rows[i].name, name) == 0) {
            *out = ring->rows[i].key;
            return true;
        }
    if (strlen(name) >= LAB_RING_NAME)
        return err_fail(err, ERR_LIMIT, NULL, "a key's name has less than %d characters",
                        LAB_RING_NAME);
    if (!lab_label(seed, "attest-lab-rsa:", name, label, err) || !key_make(label, out, err))
        return false;
    ring->rows[at].seed = seed;
    strcpy(ring->rows[at].name, name);
    ring->rows[at].key = *out;
    ring->count++;
    return true;
}

/* ---------------------------------------------------------------- signatures */

/* DigestInfo up to the digest (RFC 8017, 9.2, note 1). */
/* clang-format off */
static const struct {
    const char *name;
    size_t size;
    uint8_t head[19];
    size_t head_size;
} hashes[] = {
    { "sha1",   20, { 0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14 }, 15 },
    { "sha256", 32, { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 }, 19 },
    { "sha384", 48, { 0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30 }, 19 },
    { "sha512", 64, { 0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40 }, 19 },
};
/* clang-format on */

struct padding {
    size_t row; /* of hashes */
    size_t salt;
    uint8_t digest[HASH_MAX];
};

static bool hash_by(const char *name, struct span s, uint8_t *out, struct err *err)
{
    size_t n = 0;

    return EVP_Q_digest(NULL, name, NULL, s.p, s.n, out, &n) ? true : fail(err, "hash");
}

/* EMSA-PKCS1-v1_5 (RFC 8017, 9.2): 00 01 FF... 00 DigestInfo */
static void pad_pkcs1(const struct padding *p, uint8_t em[LAB_RSA_SIZE])
{
    size_t tail = hashes[p->row].head_size + hashes[p->row].size;

    memset(em, 0xFF, LAB_RSA_SIZE);
    em[0] = 0;
    em[1] = 1;
    em[LAB_RSA_SIZE - tail - 1] = 0;
    memcpy(em + LAB_RSA_SIZE - tail, hashes[p->row].head, hashes[p->row].head_size);
    memcpy(em + LAB_RSA_SIZE - hashes[p->row].size, p->digest, hashes[p->row].size);
}

/* MGF1 (RFC 8017, B.2.1), put over the mask by exclusive or. */
static bool mask_with(const char *name, const uint8_t *h, size_t size, uint8_t *mask, size_t n,
                      struct err *err)
{
    uint8_t in[HASH_MAX + 4], out[HASH_MAX];

    memcpy(in, h, size);
    for (size_t at = 0, count = 0; at < n; at += size, count++) {
        in[size] = in[size + 1] = in[size + 2] = 0;
        in[size + 3] = (uint8_t)count;
        if (!hash_by(name, span_of(in, size + 4), out, err))
            return false;
        for (size_t i = 0; i < size && at + i < n; i++)
            mask[at + i] ^= out[i];
    }
    return true;
}

/* EMSA-PSS (RFC 8017, 9.1.1): 00... 01 salt under a mask, H(8 zeros, digest, salt), BC. */
static bool pad_pss(const struct padding *p, const uint8_t salt[HASH_MAX], uint8_t em[LAB_RSA_SIZE],
                    struct err *err)
{
    const char *name = hashes[p->row].name;
    size_t size = hashes[p->row].size, db = LAB_RSA_SIZE - size - 1;
    uint8_t m[8 + 2 * HASH_MAX] = { 0 };

    memcpy(m + 8, p->digest, size);
    memcpy(m + 8 + size, salt, p->salt);
    if (!hash_by(name, span_of(m, 8 + size + p->salt), em + db, err))
        return false;
    memset(em, 0, db);
    em[db - p->salt - 1] = 1;
    memcpy(em + db - p->salt, salt, p->salt);
    if (!mask_with(name, em + db, size, em, db, err))
        return false;
    em[0] &= 0x7F;
    em[LAB_RSA_SIZE - 1] = 0xBC;
    return true;
}

/* m^d by the remainder theorem (RFC 8017, 5.2.1, 2b). */
static bool power(const struct lab_rsa *key, const uint8_t em[LAB_RSA_SIZE],
                  uint8_t out[LAB_RSA_SIZE])
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *m, *p, *q, *x, *m1, *m2;
    bool ok;

    if (!ctx)
        return false;
    BN_CTX_start(ctx);
    m = BN_CTX_get(ctx);
    p = BN_CTX_get(ctx);
    q = BN_CTX_get(ctx);
    x = BN_CTX_get(ctx);
    m1 = BN_CTX_get(ctx);
    m2 = BN_CTX_get(ctx);
    ok = m2 && BN_bin2bn(em, LAB_RSA_SIZE, m) && BN_bin2bn(key->p, LAB_RSA_HALF, p) &&
         BN_bin2bn(key->q, LAB_RSA_HALF, q) && BN_bin2bn(key->dp, LAB_RSA_HALF, x) &&
         BN_mod(m1, m, p, ctx) && BN_mod_exp(m1, m1, x, p, ctx) &&
         BN_bin2bn(key->dq, LAB_RSA_HALF, x) && BN_mod(m2, m, q, ctx) &&
         BN_mod_exp(m2, m2, x, q, ctx) && BN_bin2bn(key->qi, LAB_RSA_HALF, x) &&
         BN_mod_sub(m1, m1, m2, p, ctx) && BN_mod_mul(m1, m1, x, p, ctx) &&
         BN_mul(m1, m1, q, ctx) && BN_add(m1, m1, m2) && put(m1, out, LAB_RSA_SIZE);
    BN_CTX_end(ctx);
    BN_CTX_free(ctx);
    return ok;
}

static bool find_hash(const char *name, size_t *row, struct err *err)
{
    for (size_t i = 0; i < COUNT(hashes); i++)
        if (strcmp(hashes[i].name, name) == 0) {
            *row = i;
            return true;
        }
    return err_fail(err, ERR_MALFORMED, NULL, "\"%.20s\" is no hash of the lab's", name);
}

/* The salt follows from key and digest. */
static bool salt_of(const struct lab_rsa *key, const struct padding *p, uint8_t salt[HASH_MAX],
                    struct err *err)
{
    uint8_t in[LAB_RSA_SIZE + HASH_MAX];

    memcpy(in, key->d, LAB_RSA_SIZE);
    memcpy(in + LAB_RSA_SIZE, p->digest, hashes[p->row].size);
    return hash_by("sha512", span_of(in, LAB_RSA_SIZE + hashes[p->row].size), salt, err);
}

bool lab_rsa_sign(const struct lab_rsa *key, const struct lab_rsa_scheme *scheme,
                  struct span message, uint8_t out[LAB_RSA_SIZE], struct err *err)
{
    struct padding p = { .salt = scheme->salt };
    uint8_t em[LAB_RSA_SIZE], salt[HASH_MAX];

    if (!find_hash(scheme->hash, &p.row, err) ||
        !hash_by(hashes[p.row].name, message, p.digest, err))
        return false;
    if (!scheme->is_pss)
        pad_pkcs1(&p, em);
    else if (!salt_of(key, &p, salt, err) || !pad_pss(&p, salt, em, err))
        return false;
    return power(key, em, out) || fail(err, "sign");
}

/* ---------------------------------------------------------------- as a file */

/* RSAPrivateKey (RFC 8017, A.1.2) */
static void write_rsa_private(struct writer *w, const struct lab_rsa *key)
{
    size_t at = der_begin(w, DER_SEQUENCE);

    der_write_uint(w, DER_INTEGER, 0);
    der_write_magnitude(w, span_of(key->n, LAB_RSA_SIZE));
    der_write_uint(w, DER_INTEGER, EXPONENT);
    der_write_magnitude(w, span_of(key->d, LAB_RSA_SIZE));
    der_write_magnitude(w, span_of(key->p, LAB_RSA_HALF));
    der_write_magnitude(w, span_of(key->q, LAB_RSA_HALF));
    der_write_magnitude(w, span_of(key->dp, LAB_RSA_HALF));
    der_write_magnitude(w, span_of(key->dq, LAB_RSA_HALF));
    der_write_magnitude(w, span_of(key->qi, LAB_RSA_HALF));
    der_end(w, at);
}

struct span lab_rsa_pem(struct arena *a, const struct lab_rsa *key)
{
    struct writer der = writer_in(a, 1400), text = writer_in(a, 2000);
    size_t whole = der_begin(&der, DER_SEQUENCE), at;
    struct span out = { 0 };

    der_write_uint(&der, DER_INTEGER, 0);
    at = der_begin(&der, DER_SEQUENCE);
    der_write_oid(&der, "1.2.840.113549.1.1.1");
    der_write(&der, DER_NULL, (struct span){ 0 });
    der_end(&der, at);
    at = der_begin(&der, DER_OCTET_STRING);
    write_rsa_private(&der, key);
    der_end(&der, at);
    der_end(&der, whole);
    if (!writer_done(&der, &out, NULL))
        return (struct span){ 0 };
    pem_write(&text, "PRIVATE KEY", out);
    return writer_done(&text, &out, NULL) ? out : (struct span){ 0 };
}
