/*
 * Deterministic ECDSA on P-256 (RFC 6979) and the hashes the lab derives everything from.
 * OpenSSL 3.0 has no switch for it, so k comes from the RFC's HMAC loop. The keys are public
 * knowledge: nothing here takes care to run in constant time.
 */
#include "lab_in.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/obj_mac.h>

#include <string.h>

enum { SIZE = 32 }; /* of a scalar, of a coordinate and of a hash */

struct curve {
    EC_GROUP *group;
    BN_CTX *ctx;
    const BIGNUM *n;
};

static bool fail(struct err *err, const char *what)
{
    return err_fail(err, ERR_INTERNAL, NULL, "OpenSSL could not %s", what);
}

static void curve_close(struct curve *c)
{
    BN_CTX_free(c->ctx);
    EC_GROUP_free(c->group);
}

static bool curve_open(struct curve *c, struct err *err)
{
    *c = (struct curve){ .group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1),
                         .ctx = BN_CTX_new() };
    if (c->group && c->ctx) {
        BN_CTX_start(c->ctx); /* never ended: the context is freed with what it gave */
        c->n = EC_GROUP_get0_order(c->group);
        return true;
    }
    curve_close(c);
    return err_fail(err, ERR_MEMORY, NULL, "no memory for a curve");
}

static bool hash(const char *name, struct span s, uint8_t *out, size_t size, struct err *err)
{
    size_t n = 0;

    if (!EVP_Q_digest(NULL, name, NULL, s.p, s.n, out, &n) || n != size)
        return fail(err, "hash");
    return true;
}

bool lab_sha256(struct span s, uint8_t out[SIZE], struct err *err)
{
    return hash("SHA256", s, out, SIZE, err);
}

bool lab_sha1(struct span s, uint8_t out[20], struct err *err)
{
    return hash("SHA1", s, out, 20, err);
}

bool lab_sha384(struct span s, uint8_t out[48], struct err *err)
{
    return hash("SHA384", s, out, 48, err);
}

/* d * G, uncompressed. */
static bool point_of(struct curve *c, const BIGNUM *d, uint8_t out[1 + 2 * SIZE])
{
    EC_POINT *q = EC_POINT_new(c->group);
    bool ok = q && EC_POINT_mul(c->group, q, d, NULL, NULL, c->ctx) == 1 &&
              EC_POINT_point2oct(c->group, q, POINT_CONVERSION_UNCOMPRESSED, out, 1 + 2 * SIZE,
                                 c->ctx) == 1 + 2 * SIZE;

    EC_POINT_free(q);
    return ok;
}

/* d = hash mod (n - 1) + 1 */
static bool key_fill(struct curve *c, const uint8_t seed[SIZE], struct lab_key *out)
{
    BIGNUM *d = BN_CTX_get(c->ctx), *most = BN_CTX_get(c->ctx);

    return most && BN_bin2bn(seed, SIZE, d) && BN_copy(most, c->n) && BN_sub_word(most, 1) &&
           BN_mod(d, d, most, c->ctx) && BN_add_word(d, 1) &&
           BN_bn2binpad(d, out->d, SIZE) == SIZE && point_of(c, d, out->point);
}

bool lab_key_of(uint64_t seed, const char *name, struct lab_key *out, struct err *err)
{
    struct curve c;
    struct lab_key key = { 0 };
    char text[LAB_LABEL];
    uint8_t digest[SIZE];
    bool ok;

    if (!lab_label(seed, "attest-lab:", name, text, err) ||
        !lab_sha256(span_str(text), digest, err) || !curve_open(&c, err))
        return false;
    ok = key_fill(&c, digest, &key);
    curve_close(&c);
    if (!ok)
        return fail(err, "derive a key");
    *out = key;
    return true;
}

/* The state of the RFC's generator (3.2): K and V. */
struct drbg {
    uint8_t k[SIZE], v[SIZE];
};

static bool hmac(const uint8_t key[SIZE], const uint8_t *data, size_t n, uint8_t out[SIZE])
{
    unsigned size = 0;

    return HMAC(EVP_sha256(), key, SIZE, data, n, out, &size) && size == SIZE;
}

/* K = HMAC_K(V || step || extra), V = HMAC_K(V) */
static bool drbg_step(struct drbg *g, uint8_t step, const uint8_t *extra, size_t n)
{
    uint8_t data[SIZE + 1 + 2 * SIZE];

    memcpy(data, g->v, SIZE);
    data[SIZE] = step;
    if (n > 0)
        memcpy(data + SIZE + 1, extra, n);
    return hmac(g->k, data, SIZE + 1 + n, g->k) && hmac(g->k, g->v, SIZE, g->v);
}

static bool drbg_start(struct drbg *g, const uint8_t d[SIZE], const uint8_t h[SIZE])
{
    uint8_t extra[2 * SIZE];

    memcpy(extra, d, SIZE);
    memcpy(extra + SIZE, h, SIZE);
    memset(g->k, 0, SIZE);
    memset(g->v, 1, SIZE);
    return drbg_step(g, 0, extra, sizeof extra) && drbg_step(g, 1, extra, sizeof extra);
}

struct signing {
    BIGNUM *d, *e, *k, *r, *s;
};

static bool signing_start(struct curve *c, const struct lab_key *key, const uint8_t h[SIZE],
                          struct signing *g)
{
    g->d = BN_CTX_get(c->ctx);
    g->e = BN_CTX_get(c->ctx);
    g->k = BN_CTX_get(c->ctx);
    g->r = BN_CTX_get(c->ctx);
    g->s = BN_CTX_get(c->ctx);
    return g->s && BN_bin2bn(key->d, SIZE, g->d) && BN_bin2bn(h, SIZE, g->e) &&
           BN_nnmod(g->e, g->e, c->n, c->ctx);
}

/* r = x of k * G mod n, s = (e + r * d) / k mod n */
static bool signing_try(struct curve *c, struct signing *g)
{
    uint8_t point[1 + 2 * SIZE];

    return point_of(c, g->k, point) && BN_bin2bn(point + 1, SIZE, g->r) &&
           BN_nnmod(g->r, g->r, c->n, c->ctx) && BN_mod_mul(g->s, g->r, g->d, c->n, c->ctx) &&
           BN_mod_add(g->s, g->s, g->e, c->n, c->ctx) && BN_mod_inverse(g->k, g->k, c->n, c->ctx) &&
           BN_mod_mul(g->s, g->s, g->k, c->n, c->ctx);
}

static bool is_scalar(const struct curve *c, const BIGNUM *k)
{
    return !BN_is_zero(k) && BN_cmp(k, c->n) < 0;
}

/* Step h of RFC 6979, 3.2: V is hashed on until it is a fit k that gives a fit signature. */
static bool signing_run(struct curve *c, struct signing *g, struct drbg *drbg)
{
    for (;;) {
        if (!hmac(drbg->k, drbg->v, SIZE, drbg->v) || !BN_bin2bn(drbg->v, SIZE, g->k))
            return false;
        if (is_scalar(c, g->k)) {
            if (!signing_try(c, g))
                return false;
            if (!BN_is_zero(g->r) && !BN_is_zero(g->s))
                return true;
        }
        if (!drbg_step(drbg, 0, NULL, 0))
            return false;
    }
}

static bool sign(struct curve *c, const struct lab_key *key, const uint8_t h[SIZE],
                 uint8_t out[2 * SIZE])
{
    struct signing g = { 0 };
    struct drbg drbg;
    uint8_t reduced[SIZE];

    return signing_start(c, key, h, &g) && BN_bn2binpad(g.e, reduced, SIZE) == SIZE &&
           drbg_start(&drbg, key->d, reduced) && signing_run(c, &g, &drbg) &&
           BN_bn2binpad(g.r, out, SIZE) == SIZE && BN_bn2binpad(g.s, out + SIZE, SIZE) == SIZE;
}

bool lab_sign(const struct lab_key *key, struct span message, uint8_t out[2 * SIZE],
              struct err *err)
{
    struct curve c;
    uint8_t h[SIZE];
    bool ok;

    if (!lab_sha256(message, h, err) || !curve_open(&c, err))
        return false;
    ok = sign(&c, key, h, out);
    curve_close(&c);
    return ok || fail(err, "sign");
}
