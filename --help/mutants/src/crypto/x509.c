#include "x509.h"

#include "../base/utf8.h"

#define RFC5280 "RFC 5280, 4.1"
#define RFC4055 "RFC 4055, 3.1"

#define OID_PSS  "1.2.840.113549.1.1.10"
#define OID_MGF1 "1.2.840.113549.1.1.8"

enum { DER_TELETEX_STRING = 0x14, PSS_TRAILER = 1 };

/* clang-format off */
static const struct {
    const char *oid;
    enum sig_alg alg;
} plain[] = {
    { "1.2.840.10045.4.3.2",   SIG_ES256 },
    { "1.2.840.10045.4.3.3",   SIG_ES384 },
    { "1.2.840.113549.1.1.11", SIG_RS256 },
    { "1.2.840.113549.1.1.12", SIG_RS384 },
    { "1.2.840.113549.1.1.13", SIG_RS512 },
};

static const struct {
    const char *hash;
    enum sig_alg alg;
    uint64_t salt;
} pss[] = {
    { "2.16.840.1.101.3.4.2.1", SIG_PS256, SHA256_SIZE },
    { "2.16.840.1.101.3.4.2.2", SIG_PS384, SHA384_SIZE },
    { "2.16.840.1.101.3.4.2.3", SIG_PS512, SHA512_SIZE },
};
/* clang-format on */

static void unsupported(struct reader *r, struct span oid)
{
    char show[80];

    reader_fail(r, ERR_UNSUPPORTED, NULL, "oid",
                "names signature algorithm %s, which we do not use",
                der_oid_show(oid, show, sizeof show));
}

/* "Implementations MUST accept the parameters being absent as well as present." (RFC 4055, 5) With
 * ECDSA they have to be absent, but certificates of Intel's say NULL there, too. */
static void null_skip(struct reader *alg)
{
    if (der_peek(alg) == DER_NULL && der_take(alg, DER_NULL, "parameters").n > 0)
        reader_fail(alg, ERR_MALFORMED, NULL, "parameters", "is a NULL that is not empty");
}

static void pss_hash_expect(struct reader *r, const char *hash)
{
    struct reader alg = der_enter(r, DER_SEQUENCE, "hash");
    struct span oid = der_take(&alg, DER_OID, "oid");

    if (reader_ok(&alg) && !der_oid_is(oid, hash))
        reader_fail(&alg, ERR_UNSUPPORTED, RFC4055, "oid", "is not the hash of the message");
    null_skip(&alg);
    reader_join(r, &alg, "hash");
}

static size_t pss_hash_read(struct reader *params)
{
    struct reader tagged = der_enter(params, DER_CONTEXT_CONSTRUCTED(0), "hash_algorithm");
    struct reader alg = der_enter(&tagged, DER_SEQUENCE, NULL);
    struct span oid = der_take(&alg, DER_OID, "oid");
    size_t i = 0;

    while (i < COUNT(pss) && !der_oid_is(oid, pss[i].hash))
        i++;
    if (i == COUNT(pss)) {
        unsupported(&alg, oid);
        i = 0;
    }
    null_skip(&alg);
    reader_join(&tagged, &alg, NULL);
    reader_join(params, &tagged, "hash_algorithm");
    return i;
}

static void pss_mask_read(struct reader *params, const char *hash)
{
    struct reader tagged = der_enter(params, DER_CONTEXT_CONSTRUCTED(1), "mask_generation");
    struct reader alg = der_enter(&tagged, DER_SEQUENCE, NULL);
    struct span oid = der_take(&alg, DER_OID, "oid");

    if (reader_ok(&alg) && !der_oid_is(oid, OID_MGF1))
        reader_fail(&alg, ERR_UNSUPPORTED, RFC4055, "oid", "is not MGF1");
    pss_hash_expect(&alg, hash);
    reader_join(&tagged, &alg, NULL);
    reader_join(params, &tagged, "mask_generation");
}

static void pss_uint_expect(struct reader *params, unsigned tag, uint64_t want, const char *name)
{
    struct reader tagged = der_enter(params, (uint8_t)DER_CONTEXT_CONSTRUCTED(tag), name);
    uint64_t v = der_uint(&tagged, DER_INTEGER, UINT32_MAX, NULL);

    if (reader_ok(&tagged) && v != want)
        reader_fail(&tagged, ERR_UNSUPPORTED, RFC4055, NULL, "is %llu, expected %llu",
                    (unsigned long long)v, (unsigned long long)want);
    reader_join(params, &tagged, name);
}

/* One hash throughout and a salt as long as it: what is in use, and what JWS means by PSxxx. The
 * defaults (SHA-1) are refused by asking for the members. */
static enum sig_alg pss_read(struct reader *alg)
{
    struct reader params = der_enter(alg, DER_SEQUENCE, "parameters");
    size_t i = pss_hash_read(&params);

    pss_mask_read(&params, pss[i].hash);
    pss_uint_expect(&params, 2, pss[i].salt, "salt_length");
    if (der_peek(&params) != 0)
        pss_uint_expect(&params, 3, PSS_TRAILER, "trailer_field");
    reader_join(alg, &params, "parameters");
    return pss[i].alg;
}

static enum sig_alg plain_read(struct reader *alg, struct span oid)
{
    for (size_t i = 0; i < COUNT(plain); i++)
        if (der_oid_is(oid, plain[i].oid)) {
            null_skip(alg);
            return plain[i].alg;
        }
    unsupported(alg, oid);
    return SIG_ES256;
}

void x509_algorithm_read(struct reader *r, const char *name, struct span *raw, enum sig_alg *out)
{
    size_t from = r->at;
    struct reader alg = der_enter(r, DER_SEQUENCE, name);
    struct span oid = der_take(&alg, DER_OID, "oid");

    if (reader_ok(&alg))
        *out = der_oid_is(oid, OID_PSS) ? pss_read(&alg) : plain_read(&alg, oid);
    if (reader_join(r, &alg, name))
        *raw = span_part(r->in, from, r->at - from);
}

void x509_algorithm_write(struct writer *w, enum sig_alg alg)
{
    size_t seq = der_begin(w, DER_SEQUENCE);

    for (size_t i = 0; i < COUNT(plain); i++)
        if (plain[i].alg == alg)
            der_write_oid(w, plain[i].oid);
    if (alg <= SIG_RS512)
        der_write(w, DER_NULL, (struct span){ 0 });
    der_end(w, seq);
}

/* Text that a person would read the same way: bytes that are no text, or text with a NUL in it,
 * are no name to compare with. */
static struct span readable(struct span s)
{
    if (utf8_check(s) != s.n)
        return (struct span){ 0 };
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x20 || s.p[i] == 0x7f)
            return (struct span){ 0 };
    return s;
}

static bool is_common_name(struct span oid)
{
    return oid.n == 3 && oid.p[0] == 0x55 && oid.p[1] == 0x04 && oid.p[2] == 0x03;
}

static void attribute_read(struct reader *rdn, struct span *cn, bool *has_cn)
{
    struct reader box = der_enter(rdn, DER_SEQUENCE, "attribute");
    struct span oid = der_take(&box, DER_OID, "type");
    uint8_t tag = 0;
    struct span value = der_take_any(&box, &tag, "value");

    if (!reader_join(rdn, &box, "attribute") || *has_cn || !is_common_name(oid))
        return;
    *has_cn = true;
    if (tag == DER_UTF8_STRING || tag == DER_PRINTABLE_STRING || tag == DER_IA5_STRING)
        *cn = readable(value);
}

void x509_name_read(struct reader *r, const char *name, struct span *raw, struct span *cn)
{
    size_t from = r->at;
    struct reader rdns = der_enter(r, DER_SEQUENCE, name);
    bool has_cn = false;

    *cn = (struct span){ 0 };
    while (reader_left(&rdns) > 0) {
        struct reader rdn = der_enter(&rdns, DER_SET, "rdn");

        do
            attribute_read(&rdn, cn, &has_cn);
        while (reader_left(&rdn) > 0);
        reader_join(&rdns, &rdn, "rdn");
    }
    if (reader_join(r, &rdns, name))
        *raw = span_part(r->in, from, r->at - from);
}

struct span x509_number_read(struct reader *r, const char *name)
{
    size_t at = reader_offset(r);
    struct span s = der_integer(r, name);

    if (s.n > 0 && s.p[0] >= 0x80)
        reader_fail_at(r, at, ERR_MALFORMED, RFC5280, name, "is negative");
    if (s.n > 0 && s.p[0] == 0)
        s = span_part(s, 1, s.n - 1);
    if (s.n > X509_NUMBER_MAX)
        reader_fail_at(r, at, ERR_MALFORMED, RFC5280, name,
                       "has %zu octets, at most %d are allowed", s.n, X509_NUMBER_MAX);
    return s;
}

struct reader x509_extension_enter(struct reader *list, struct cert_extension *out,
                                   struct reader *value)
{
    struct reader box = der_enter(list, DER_SEQUENCE, NULL);

    out->oid = der_take(&box, DER_OID, "oid");
    /* FALSE is the default and has no place in DER; certificates of AMD's write it out. */
    out->is_critical = der_peek(&box) == DER_BOOLEAN && der_boolean(&box, "critical");
    *value = der_enter(&box, DER_OCTET_STRING, "value");
    out->value = value->in;
    return box;
}

void x509_extension_leave(struct reader *list, struct reader *box, struct reader *value,
                          const char *name)
{
    reader_join(box, value, name);
    reader_join(list, box, NULL);
}

enum x509_extension x509_extension_of(struct span oid)
{
    return oid.n == 3 && oid.p[0] == 0x55 && oid.p[1] == 0x1d ? (enum x509_extension)oid.p[2]
                                                              : X509_OTHER;
}

struct span x509_authority_read(struct reader *value)
{
    struct reader box = der_enter(value, DER_SEQUENCE, NULL);
    struct span id = { 0 };

    if (der_peek(&box) == DER_CONTEXT(0))
        id = der_take(&box, DER_CONTEXT(0), "key_identifier");
    if (der_peek(&box) == DER_CONTEXT_CONSTRUCTED(1))
        der_take(&box, DER_CONTEXT_CONSTRUCTED(1), "issuer");
    if (der_peek(&box) == DER_CONTEXT(2))
        der_take(&box, DER_CONTEXT(2), "serial");
    reader_join(value, &box, NULL);
    return id;
}
