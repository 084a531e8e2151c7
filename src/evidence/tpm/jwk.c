#include "jwk.h"

#include "../../base/b64.h"

#define RFC7518 "RFC 7518, 6"

static bool take_bytes(const struct json *jwk, const char *name, struct arena *a, struct span *out,
                       struct err *err)
{
    struct span text = { 0 };

    if (!json_get_string(jwk, name, &text, err))
        return false;
    return b64_read(a, text, B64_URL, out, err) || err_in(err, name);
}

static size_t bits_of(struct span number)
{
    size_t bits = 8 * number.n;

    for (uint8_t top = number.n ? number.p[0] : 0x80; top < 0x80; top = (uint8_t)(top << 1))
        bits--;
    return bits;
}

/*= RFC 7518, 6.3.1.1 */
/*# Note that implementers have found that some cryptographic libraries prefix an extra zero-valued
 *# octet to the modulus representations they return; for instance, returning 257 octets for a
 *# 2048-bit key, rather than 256. */
static bool take_number(const struct json *jwk, const char *name, struct arena *a, struct span *out,
                        struct err *err)
{
    if (!take_bytes(jwk, name, a, out, err))
        return false;
    if (out->n > 0 && out->p[0] != 0)
        return true;
    err_fail(err, ERR_MALFORMED, RFC7518 ".3", "needs a number without leading zeros");
    return err_in(err, name);
}

static bool check_rsa(const struct spki *k, struct err *err)
{
    size_t bits = bits_of(k->modulus);
    uint64_t e = 0;

    if (bits < JWK_RSA_BITS_MIN || bits > JWK_RSA_BITS_MAX) {
        err_fail(err, ERR_UNSUPPORTED, "the TPM contract, 3", "has %zu bits, expected %d to %d",
                 bits, JWK_RSA_BITS_MIN, JWK_RSA_BITS_MAX);
        return err_in(err, "n");
    }
    for (size_t i = 0; i < k->exponent.n && i < 5; i++)
        e = e << 8 | k->exponent.p[i];
    if (k->exponent.n > 4 || e < JWK_EXPONENT_MIN || e % 2 == 0) {
        err_fail(err, ERR_UNSUPPORTED, "the TPM contract, 3", "is no odd exponent from %d to 2^32",
                 JWK_EXPONENT_MIN);
        return err_in(err, "e");
    }
    return true;
}

static bool parse_rsa(const struct json *jwk, struct arena *a, struct spki *out, struct err *err)
{
    out->kind = SPKI_RSA;
    return take_number(jwk, "n", a, &out->modulus, err) &&
           take_number(jwk, "e", a, &out->exponent, err) && check_rsa(out, err);
}

static bool take_coordinate(const struct json *jwk, const char *name, size_t size, struct arena *a,
                            struct span *out, struct err *err)
{
    if (!take_bytes(jwk, name, a, out, err))
        return false;
    if (out->n == size)
        return true;
    err_fail(err, ERR_MALFORMED, RFC7518 ".2", "has %zu bytes, the curve needs %zu", out->n, size);
    return err_in(err, name);
}

static bool parse_ec(const struct json *jwk, struct arena *a, struct spki *out, struct err *err)
{
    struct span curve = { 0 }, x, y;
    struct writer w = writer_in(a, 96);
    size_t size;

    if (!json_get_string(jwk, "crv", &curve, err))
        return false;
    if (!span_is(curve, "P-256") && !span_is(curve, "P-384")) {
        err_fail(err, ERR_UNSUPPORTED, RFC7518 ".2", "is neither P-256 nor P-384");
        return err_in(err, "crv");
    }
    out->kind = span_is(curve, "P-256") ? SPKI_P256 : SPKI_P384;
    size = out->kind == SPKI_P256 ? 32 : 48;
    if (!take_coordinate(jwk, "x", size, a, &x, err) ||
        !take_coordinate(jwk, "y", size, a, &y, err))
        return false;
    write_bytes(&w, x);
    write_bytes(&w, y);
    return writer_done(&w, &out->point, err);
}

bool tpm_jwk_parse(const struct json *jwk, struct arena *a, struct tpm_jwk *out, struct err *err)
{
    struct tpm_jwk k = { .json = jwk };
    struct span kind = { 0 };

    if (!json_get_string(jwk, "kty", &kind, err))
        return false;
    if (!span_is(kind, "RSA") && !span_is(kind, "EC")) {
        err_fail(err, ERR_UNSUPPORTED, RFC7518 ".1", "is neither RSA nor EC");
        return err_in(err, "kty");
    }
    if (!(span_is(kind, "RSA") ? parse_rsa(jwk, a, &k.key, err) : parse_ec(jwk, a, &k.key, err)) ||
        !spki_write(&k.key, a, &k.spki, err))
        return false;
    *out = k;
    return true;
}

bool tpm_key_equal(const struct spki *a, const struct spki *b)
{
    return a->kind == b->kind && a->kind != SPKI_OTHER && span_equal(a->point, b->point) &&
           span_equal(a->modulus, b->modulus) && span_equal(a->exponent, b->exponent);
}

static void write_member(struct writer *w, const char *name, struct span bytes)
{
    write_format(w, ",\"%s\":\"", name);
    b64_write_url(w, bytes);
    write_u8(w, '"');
}

/* Members in ascending order of their names, as everything in a token. */
void tpm_jwk_write_confirmation(struct writer *w, const struct tpm_jwk *k)
{
    size_t half = k->key.point.n / 2;

    if (k->key.kind == SPKI_RSA) {
        write_text(w, "{\"jwk\":{\"e\":\"");
        b64_write_url(w, k->key.exponent);
        write_text(w, "\",\"kty\":\"RSA\"");
        write_member(w, "n", k->key.modulus);
    } else {
        write_text(w, "{\"jwk\":{\"crv\":\"");
        write_text(w, k->key.kind == SPKI_P256 ? "P-256" : "P-384");
        write_text(w, "\",\"kty\":\"EC\"");
        write_member(w, "x", span_part(k->key.point, 0, half));
        write_member(w, "y", span_part(k->key.point, half, half));
    }
    write_text(w, "}}");
}
