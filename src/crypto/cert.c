#include "cert.h"

#include <string.h>

#include "spki.h"
#include "x509.h"

#define RFC5280 "RFC 5280, 4.1"
#define RFC_EXT "RFC 5280, 4.2"

enum { VERSION_3 = 2, KEY_USAGE_BITS = 0x1ff };

static void version_read(struct reader *tbs)
{
    struct reader box = der_enter(tbs, DER_CONTEXT_CONSTRUCTED(0), "version");
    uint64_t v = der_uint(&box, DER_INTEGER, UINT32_MAX, "number");

    if (reader_ok(&box) && v != VERSION_3)
        reader_fail(&box, ERR_MALFORMED, RFC5280, "number", "is %llu, expected 2 (version 3)",
                    (unsigned long long)v);
    reader_join(tbs, &box, "version");
}

static void validity_read(struct reader *tbs, struct cert *c)
{
    struct reader box = der_enter(tbs, DER_SEQUENCE, "validity");

    c->not_before = der_time(&box, "not_before");
    c->not_after = der_time(&box, "not_after");
    if (reader_ok(&box) && c->not_after < c->not_before)
        reader_fail(&box, ERR_MALFORMED, RFC5280, "not_after", "is earlier than not_before");
    reader_join(tbs, &box, "validity");
}

static void key_read(struct reader *tbs, struct cert *c)
{
    size_t from = tbs->at;
    struct spki key = { 0 };

    if (!spki_read(tbs, "spki", &key))
        return;
    c->spki = span_part(tbs->in, from, tbs->at - from);
    c->point = key.point;
}

static void basic_constraints_read(struct reader *value, struct cert *c)
{
    struct reader box = der_enter(value, DER_SEQUENCE, NULL);

    c->has_basic_constraints = true;
    c->is_ca = der_peek(&box) == DER_BOOLEAN && der_boolean(&box, "ca");
    if (reader_left(&box) > 0) {
        c->path_length =
            (uint8_t)der_uint(&box, DER_INTEGER, CERT_PATH_UNBOUNDED - 1, "path_length");
        if (reader_ok(&box) && !c->is_ca)
            reader_fail(&box, ERR_MALFORMED, RFC_EXT ".1.9", "path_length",
                        "stands in a certificate that is no CA's");
    }
    reader_join(value, &box, NULL);
}

/* Up to nine named bits, at least one of them set. DER would have their trailing zeros removed;
 * AMD's and Infineon's CAs leave them there, which changes nothing. */
static uint32_t usage_bits(struct span s)
{
    uint32_t bits = 0;

    if (s.n < 2 || s.n > 3 || s.p[0] > 7 || (s.p[s.n - 1] & ((1u << s.p[0]) - 1)) != 0)
        return 0;
    for (size_t i = 0; i < 8 * (s.n - 1); i++)
        if (s.p[1 + i / 8] & 0x80u >> i % 8)
            bits |= 1u << i;
    return bits;
}

static void key_usage_read(struct reader *value, struct cert *c)
{
    uint32_t bits = usage_bits(der_take(value, DER_BIT_STRING, NULL));

    /*= RFC 5280, 4.2.1.3 */
    /*# When the keyUsage extension appears in a certificate, at least one of the bits MUST be set
     *# to 1. */
    if (reader_ok(value) && (bits == 0 || bits > KEY_USAGE_BITS))
        reader_fail(value, ERR_MALFORMED, RFC_EXT ".1.3", NULL,
                    "is no list of nine named bits with at least one of them set");
    c->has_key_usage = true;
    c->key_usage = (uint16_t)(bits & KEY_USAGE_BITS);
}

static struct span key_id_read(struct reader *value)
{
    struct span id = der_take(value, DER_OCTET_STRING, NULL);

    if (reader_ok(value) && id.n == 0)
        reader_fail(value, ERR_MALFORMED, RFC_EXT ".1.2", NULL, "is empty");
    return id;
}

/* "SIZE (1..MAX)": a list without members is no list. */
static void list_read(struct reader *value, bool (*is_member)(uint8_t tag))
{
    struct reader list = der_enter(value, DER_SEQUENCE, NULL);
    uint8_t tag = 0;

    do {
        der_take_any(&list, &tag, "member");
        if (reader_ok(&list) && !is_member(tag))
            reader_fail(&list, ERR_MALFORMED, RFC_EXT, "member", "has tag 0x%02x", tag);
    } while (reader_left(&list) > 0);
    reader_join(value, &list, NULL);
}

static bool is_oid(uint8_t tag)
{
    return tag == DER_OID;
}

static bool is_general_name(uint8_t tag)
{
    return (tag & 0xc0) == 0x80 && (tag & 0x1f) <= 8;
}

/* Reads what we know; its name for messages. Extended key usage is read for its shape only: a
 * critical one restricts what we do not look at. */
static const char *value_read(struct reader *value, const struct cert_extension *x, struct cert *c,
                              bool *is_known)
{
    *is_known = true;
    switch (x509_extension_of(x->oid)) {
    case X509_BASIC_CONSTRAINTS:
        basic_constraints_read(value, c);
        return "basic_constraints";
    case X509_KEY_USAGE:
        key_usage_read(value, c);
        return "key_usage";
    case X509_SUBJECT_KEY_ID:
        c->subject_key_id = key_id_read(value);
        return "subject_key_id";
    case X509_AUTHORITY_KEY_ID:
        c->authority_key_id = x509_authority_read(value);
        return "authority_key_id";
    case X509_SUBJECT_ALT_NAME:
        list_read(value, is_general_name);
        return "subject_alt_name";
    case X509_EXT_KEY_USAGE:
        *is_known = false;
        list_read(value, is_oid);
        return "ext_key_usage";
    default:
        *is_known = false;
        reader_rest(value);
        return "value";
    }
}

static void extension_add(struct reader *list, const struct cert_extension *x, struct cert *c)
{
    /*= RFC 5280, 4.2 */
    /*# A certificate MUST NOT include more than one instance of a particular extension. */
    for (size_t i = 0; i < c->extension_count; i++)
        if (span_equal(c->extensions[i].oid, x->oid)) {
            reader_fail(list, ERR_MALFORMED, RFC_EXT, NULL, "one extension occurs a second time");
            return;
        }
    if (c->extension_count == CERT_EXTENSIONS_MAX)
        reader_fail(list, ERR_LIMIT, NULL, NULL,
                    "there are more extensions than the %d that are read", CERT_EXTENSIONS_MAX);
    else
        c->extensions[c->extension_count++] = *x;
}

static void extension_read(struct reader *list, struct cert *c)
{
    struct cert_extension x = { 0 };
    struct reader value, box = x509_extension_enter(list, &x, &value);
    bool is_known;
    const char *name = value_read(&value, &x, c, &is_known);

    if (x.is_critical && !is_known)
        c->has_unknown_critical = true;
    x509_extension_leave(list, &box, &value, name);
    if (reader_ok(list))
        extension_add(list, &x, c);
}

static void extensions_read(struct reader *tbs, struct cert *c)
{
    struct reader box = der_enter(tbs, DER_CONTEXT_CONSTRUCTED(3), "extensions");
    struct reader list = der_enter(&box, DER_SEQUENCE, NULL);

    do
        extension_read(&list, c);
    while (reader_left(&list) > 0);
    reader_join(&box, &list, NULL);
    reader_join(tbs, &box, "extensions");
}

static void issuer_read(struct reader *tbs, struct cert *c)
{
    size_t at = reader_offset(tbs);

    x509_name_read(tbs, "issuer", &c->issuer, &c->issuer_cn);
    /*= RFC 5280, 4.1.2.4 */
    /*# The issuer field MUST contain a non-empty distinguished name (DN). */
    if (reader_ok(tbs) && c->issuer.n == 2)
        reader_fail_at(tbs, at, ERR_MALFORMED, RFC5280, "issuer", "is an empty name");
}

/* TBSCertificate. Unique identifiers would stand before the extensions; nobody may make them and
 * nobody needs them, so their tag is refused there. */
static void tbs_read(struct reader *tbs, struct cert *c, struct span *algorithm)
{
    version_read(tbs);
    c->serial = x509_number_read(tbs, "serial");
    x509_algorithm_read(tbs, "algorithm", algorithm, &c->sig_alg);
    issuer_read(tbs, c);
    validity_read(tbs, c);
    x509_name_read(tbs, "subject", &c->subject, &c->subject_cn);
    key_read(tbs, c);
    if (reader_left(tbs) > 0)
        extensions_read(tbs, c);
}

static void certificate_read(struct reader *box, struct cert *c)
{
    struct span inner = { 0 }, outer = { 0 };
    enum sig_alg outer_alg = SIG_ES256;
    size_t from = box->at;
    struct reader tbs = der_enter(box, DER_SEQUENCE, "tbs");

    c->tbs = span_part(box->in, from, box->at - from);
    tbs_read(&tbs, c, &inner);
    reader_join(box, &tbs, "tbs");
    x509_algorithm_read(box, "algorithm", &outer, &outer_alg);
    /*= RFC 5280, 4.1.1.2 */
    /*# This field MUST contain the same algorithm identifier as the signature field in the sequence
     *# tbsCertificate. */
    if (reader_ok(box) && !span_equal(inner, outer))
        reader_fail(box, ERR_MALFORMED, RFC5280 ".1.2", "algorithm",
                    "differs from the one inside the signed part");
    c->signature = der_bits(box, "signature");
}

bool cert_parse(struct span der, struct cert *out, struct err *err)
{
    struct err none = { 0 };
    struct cert c = { .der = der, .path_length = CERT_PATH_UNBOUNDED };
    struct reader r = reader_over(der, err ? err : &none);
    struct reader box = der_enter(&r, DER_SEQUENCE, "certificate");

    certificate_read(&box, &c);
    if (!reader_join(&r, &box, "certificate"))
        return false;
    if (!reader_done(&r))
        return err_in(r.err, "certificate");
    *out = c;
    return true;
}

const struct cert_extension *cert_extension_find(const struct cert *c, const char *dotted)
{
    for (size_t i = 0; i < c->extension_count; i++)
        if (der_oid_is(c->extensions[i].oid, dotted))
            return &c->extensions[i];
    return NULL;
}

bool cert_verify(struct crypto *c, const struct cert *cert, struct pubkey *issuer_key,
                 struct err *err)
{
    return pubkey_verify_der(c, issuer_key, cert->sig_alg, cert->tbs, cert->signature, err) ||
           err_in(err, "signature");
}

bool cert_cn_contains(struct span cn, const char *phrase)
{
    size_t n = strlen(phrase);

    return cn.n >= n && memmem(cn.p, cn.n, phrase, n) != NULL;
}

static void move_span(struct span *s, const uint8_t *from, const uint8_t *to)
{
    s->p = s->n > 0 ? to + (s->p - from) : NULL;
}

void cert_move(struct cert *c, struct span der)
{
    struct span *const spans[] = {
        &c->tbs,     &c->signature,      &c->serial,           &c->issuer,
        &c->subject, &c->issuer_cn,      &c->subject_cn,       &c->spki,
        &c->point,   &c->subject_key_id, &c->authority_key_id,
    };
    const uint8_t *from = c->der.p;

    for (size_t i = 0; i < COUNT(spans); i++)
        move_span(spans[i], from, der.p);
    for (size_t i = 0; i < c->extension_count; i++) {
        move_span(&c->extensions[i].oid, from, der.p);
        move_span(&c->extensions[i].value, from, der.p);
    }
    c->der = der;
}
