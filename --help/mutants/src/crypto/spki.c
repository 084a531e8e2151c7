#include "spki.h"

#include "../format/der.h"

#define RFC5480 "RFC 5480, 2"
#define RFC3279 "RFC 3279, 2.3.1"

#define OID_EC   "1.2.840.10045.2.1"
#define OID_P256 "1.2.840.10045.3.1.7"
#define OID_P384 "1.3.132.0.34"
#define OID_RSA  "1.2.840.113549.1.1.1"

enum { UNCOMPRESSED = 0x04, P256_COORDINATES = 64, P384_COORDINATES = 96 };

/* "implicitCurve and specifiedCurve MUST NOT be used in PKIX" (RFC 5480, 2.1.1): a curve that the
 * sender describes himself may have any discrete logarithm he likes. */
static enum spki_kind curve_take(struct reader *alg)
{
    struct span curve = der_take(alg, DER_OID, "named_curve");

    if (der_oid_is(curve, OID_P256))
        return SPKI_P256;
    if (der_oid_is(curve, OID_P384))
        return SPKI_P384;
    return SPKI_OTHER;
}

static enum spki_kind rsa_take(struct reader *alg)
{
    struct span null = der_take(alg, DER_NULL, "parameters");

    if (null.n > 0)
        reader_fail(alg, ERR_MALFORMED, RFC3279, "parameters", "is a NULL of %zu bytes", null.n);
    return SPKI_RSA;
}

static enum spki_kind algorithm_read(struct reader *r)
{
    struct reader alg = der_enter(r, DER_SEQUENCE, "algorithm");
    struct span oid = der_take(&alg, DER_OID, "oid");
    enum spki_kind kind = SPKI_OTHER;

    if (der_oid_is(oid, OID_EC))
        kind = curve_take(&alg);
    else if (der_oid_is(oid, OID_RSA))
        kind = rsa_take(&alg);
    else
        reader_rest(&alg);
    reader_join(r, &alg, "algorithm");
    return kind;
}

static struct span point_read(struct reader *r, size_t size)
{
    size_t at = reader_offset(r);
    struct span bits = der_bits(r, "point");

    if (!reader_ok(r))
        return bits;
    if (bits.n == 1 + size && bits.p[0] == UNCOMPRESSED)
        return span_part(bits, 1, size);
    reader_fail_at(r, at, ERR_MALFORMED, RFC5480, "point", "is no uncompressed point of %zu bytes",
                   1 + size);
    return (struct span){ 0 };
}

static void rsa_read(struct reader *r, struct spki *out)
{
    size_t at = reader_offset(r);
    struct span bits = der_bits(r, "rsa");
    struct reader in = { .in = bits, .base = at, .err = r->err, .has_failed = r->has_failed };
    struct reader key = der_enter(&in, DER_SEQUENCE, NULL);

    in.base = reader_offset(r) - bits.n;
    out->modulus = der_magnitude(&key, "modulus");
    out->exponent = der_magnitude(&key, "exponent");
    reader_join(&in, &key, NULL);
    reader_join(r, &in, "rsa");
}

bool spki_read(struct reader *r, const char *name, struct spki *out)
{
    struct reader box = der_enter(r, DER_SEQUENCE, name);
    struct spki key = { .kind = algorithm_read(&box) };

    switch (key.kind) {
    case SPKI_P256:
        key.point = point_read(&box, P256_COORDINATES);
        break;
    case SPKI_P384:
        key.point = point_read(&box, P384_COORDINATES);
        break;
    case SPKI_RSA:
        rsa_read(&box, &key);
        break;
    case SPKI_OTHER:
        der_take(&box, DER_BIT_STRING, "key");
        break;
    }
    if (!reader_join(r, &box, name))
        return false;
    *out = key;
    return true;
}

bool spki_parse(struct span der, struct spki *out, struct err *err)
{
    struct err none = { 0 };
    struct reader r = reader_over(der, err ? err : &none);
    struct spki key;

    if (!spki_read(&r, "spki", &key) || !reader_done(&r))
        return false;
    *out = key;
    return true;
}

static void write_algorithm(struct writer *w, enum spki_kind kind)
{
    size_t alg = der_begin(w, DER_SEQUENCE);

    der_write_oid(w, kind == SPKI_RSA ? OID_RSA : OID_EC);
    if (kind == SPKI_RSA)
        der_write(w, DER_NULL, (struct span){ 0 });
    else
        der_write_oid(w, kind == SPKI_P256 ? OID_P256 : OID_P384);
    der_end(w, alg);
}

static void write_key(struct writer *w, const struct spki *key)
{
    size_t bits = der_begin(w, DER_BIT_STRING);
    size_t seq;

    write_u8(w, 0);
    if (key->kind == SPKI_RSA) {
        seq = der_begin(w, DER_SEQUENCE);
        der_write_magnitude(w, key->modulus);
        der_write_magnitude(w, key->exponent);
        der_end(w, seq);
    } else {
        write_u8(w, UNCOMPRESSED);
        write_bytes(w, key->point);
    }
    der_end(w, bits);
}

bool spki_write(const struct spki *key, struct arena *a, struct span *out, struct err *err)
{
    struct writer w;
    size_t seq;

    if (key->kind == SPKI_OTHER)
        return err_fail(err, ERR_MALFORMED, NULL, "the key is neither P-256, P-384 nor RSA");
    w = writer_in(a, 128 + key->point.n + key->modulus.n + key->exponent.n);
    seq = der_begin(&w, DER_SEQUENCE);
    write_algorithm(&w, key->kind);
    write_key(&w, key);
    der_end(&w, seq);
    return writer_done(&w, out, err);
}
