#include "floor.h"

#include "../src/format/der.h"

#include <string.h>

const char *const floor_sign_names[FLOOR_SIGNS] = { "no token", "RS256", "PS256",
                                                    "ES256",    "ES384", "RS256/3072" };

static const struct {
    enum signkey_kind kind;
    enum sig_alg alg;
} signers[FLOOR_SIGNS] = {
    [FLOOR_RS256] = { SIGNKEY_RSA2048, SIG_RS256 },  [FLOOR_PS256] = { SIGNKEY_RSA2048, SIG_PS256 },
    [FLOOR_ES256] = { SIGNKEY_P256, SIG_ES256 },     [FLOOR_ES384] = { SIGNKEY_P384, SIG_ES384 },
    [FLOOR_RS3072] = { SIGNKEY_RSA3072, SIG_RS256 },
};

/* x || y of a P-256 key: the last 64 bytes of its SubjectPublicKeyInfo. */
static bool point_of(const struct signkey *k, struct arena *a, uint8_t out[64], struct err *err)
{
    struct span spki = { 0 };

    if (!signkey_spki(k, a, &spki, err))
        return false;
    memcpy(out, spki.p + spki.n - 64, 64);
    return true;
}

static bool sign_with(struct crypto *c, struct signkey *k, const void *p, size_t n, uint8_t out[64],
                      struct err *err)
{
    size_t made = 0;

    return signkey_sign(c, k, SIG_ES256, span_of(p, n), out, 64, &made, err) && made == 64;
}

static void fill(uint8_t *p, size_t n, size_t seed)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)((i * 31 + seed * 17 + (i >> 5)) & 0xff);
}

static bool make_platform(struct crypto *c, struct signkey *ca, size_t i,
                          struct floor_platform *out, struct err *err)
{
    struct arena a = arena_over(65536);
    struct signkey *pck = signkey_new(c, SIGNKEY_P256, err),
                   *ak = signkey_new(c, SIGNKEY_P256, err);
    bool ok;

    fill(out->span, sizeof out->span, i);
    fill(out->qe_report, sizeof out->qe_report, i + 1);
    fill(out->auth, sizeof out->auth, i + 2);
    fill(out->quote, sizeof out->quote, i + 3);
    fill(out->runtime, sizeof out->runtime, i + 4);
    ok = pck && ak && point_of(pck, &a, out->pck, err) && point_of(ak, &a, out->attestation, err) &&
         sign_with(c, ca, out->span, sizeof out->span, out->span_sig, err) &&
         sign_with(c, pck, out->qe_report, sizeof out->qe_report, out->qe_sig, err) &&
         sign_with(c, ak, out->quote, sizeof out->quote, out->quote_sig, err);
    signkey_free(pck);
    signkey_free(ak);
    arena_fini(&a);
    return ok;
}

static bool make_signers(struct crypto *c, struct secret pems[FLOOR_SIGNS], struct err *err)
{
    for (int i = FLOOR_RS256; i < FLOOR_SIGNS; i++) {
        struct signkey *k = signkey_new(c, signers[i].kind, err);
        bool ok = k && signkey_write_pem(k, &pems[i], err);

        signkey_free(k);
        if (!ok)
            return false;
    }
    return true;
}

bool floor_fixture(struct floor_platform out[FLOOR_PLATFORMS], uint8_t ca_point[64],
                   struct secret pems[FLOOR_SIGNS], struct err *err)
{
    struct crypto *c = crypto_new(err);
    struct signkey *ca = c ? signkey_new(c, SIGNKEY_P256, err) : NULL;
    struct arena a = arena_over(65536);
    bool ok = ca && point_of(ca, &a, ca_point, err);

    for (size_t i = 0; ok && i < FLOOR_PLATFORMS; i++)
        ok = make_platform(c, ca, i, &out[i], err);
    ok = ok && make_signers(c, pems, err);
    signkey_free(ca);
    crypto_free(c);
    arena_fini(&a);
    return ok;
}

bool floor_init(struct floor *f, const struct floor_platform *platforms, const uint8_t ca[64],
                const struct secret pems[FLOOR_SIGNS], struct err *err)
{
    memset(f, 0, sizeof *f);
    f->platforms = platforms;
    fill(f->input, sizeof f->input, 7);
    f->crypto = crypto_new(err);
    f->ca = f->crypto ? pubkey_new_p256(f->crypto, span_of(ca, 64), err) : NULL;
    if (!f->ca)
        return false;
    for (int i = FLOOR_RS256; i < FLOOR_SIGNS; i++) {
        f->signers[i] = signkey_read_pem(f->crypto, span_of(pems[i].p, pems[i].n), err);
        if (!f->signers[i])
            return false;
    }
    return true;
}

void floor_fini(struct floor *f)
{
    for (int i = FLOOR_RS256; i < FLOOR_SIGNS; i++)
        signkey_free(f->signers[i]);
    pubkey_free(f->ca);
    crypto_free(f->crypto);
}

static bool verify_cold(struct floor *f, const struct floor_platform *p, struct err *err)
{
    return pubkey_verify(f->crypto, f->ca, SIG_ES256, span_of(p->span, sizeof p->span),
                         span_of(p->span_sig, 64), err);
}

static bool verify_qe(struct floor *f, const struct floor_platform *p, struct err *err)
{
    struct span parts[2] = { span_of(p->attestation, 64), span_of(p->auth, sizeof p->auth) };
    uint8_t hash[SHA256_SIZE];

    return p256_verify(f->crypto, span_of(p->pck, 64), span_of(p->qe_report, sizeof p->qe_report),
                       span_of(p->qe_sig, 64), err) &&
           digest(f->crypto, DIGEST_SHA256, parts, 2, hash, err);
}

static bool verify_quote(struct floor *f, const struct floor_platform *p, struct err *err)
{
    return p256_verify(f->crypto, span_of(p->attestation, 64), span_of(p->quote, sizeof p->quote),
                       span_of(p->quote_sig, 64), err);
}

bool floor_iterate(struct floor *f, int verifies, enum floor_sign sign, struct err *err)
{
    const struct floor_platform *p = &f->platforms[f->turn++ % FLOOR_PLATFORMS];
    uint8_t out[512], hash[SHA256_SIZE];
    size_t n = 0;

    if (!digest_sha256(f->crypto, span_of(p->runtime, sizeof p->runtime), hash, err))
        return false;
    if ((verifies >= 3 && !verify_cold(f, p, err)) || (verifies >= 2 && !verify_qe(f, p, err)) ||
        (verifies >= 1 && !verify_quote(f, p, err)))
        return false;
    if (sign == FLOOR_NONE)
        return true;
    memcpy(f->input, &f->turn, sizeof f->turn);
    return signkey_sign(f->crypto, f->signers[sign], signers[sign].alg,
                        span_of(f->input, sizeof f->input), out, sizeof out, &n, err);
}

bool floor_self_check(struct floor *f, struct err *err)
{
    struct floor_platform bad = f->platforms[0];
    struct err ignored = { 0 };

    for (int sign = FLOOR_NONE; sign < FLOOR_SIGNS; sign++)
        if (!floor_iterate(f, 3, (enum floor_sign)sign, err))
            return false;
    bad.span[5] ^= 1;
    bad.qe_report[5] ^= 1;
    bad.quote[5] ^= 1;
    if (verify_cold(f, &bad, &ignored) || verify_qe(f, &bad, &ignored) ||
        verify_quote(f, &bad, &ignored))
        return err_fail(err, ERR_INTERNAL, NULL, "a broken signature was believed");
    return true;
}
