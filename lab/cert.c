/*
 * Certificates and revocation lists of the lab, field by field in the order of RFC 5280, 4.1
 * and 5.1.
 */
#include "lab_in.h"

#include "../src/format/der.h"

#include <string.h>

#define OID_ECDSA_SHA256 "1.2.840.10045.4.3.2"

enum { KEY_USAGE_LEAF = 0x03, KEY_USAGE_CA = 0x60 }; /* bits 0, 1; bits 5, 6 */

static bool serial_of(struct span key, uint8_t out[16], struct err *err)
{
    uint8_t id[20];

    if (!lab_sha1(key, id, err))
        return false;
    memcpy(out, id, 16);
    out[0] &= 0x7f;
    return true;
}

bool lab_serial(const struct lab_key *key, uint8_t out[16], struct err *err)
{
    return serial_of(span_of(key->point, sizeof key->point), out, err);
}

/* What key identifier and serial number are hashed from. */
static struct span subject_of(const struct lab_cert *c)
{
    return c->spki.n > 0 ? c->spki : span_of(c->key->point, sizeof c->key->point);
}

bool lab_cert_serial(const struct lab_cert *c, uint8_t out[16], struct err *err)
{
    return serial_of(subject_of(c), out, err);
}

static void write_algorithm(struct writer *w)
{
    size_t at = der_begin(w, DER_SEQUENCE);

    der_write_oid(w, OID_ECDSA_SHA256);
    der_end(w, at);
}

static void write_attribute(struct writer *w, const char *oid, uint8_t tag, const char *text)
{
    size_t set = der_begin(w, DER_SET), pair = der_begin(w, DER_SEQUENCE);

    der_write_oid(w, oid);
    der_write(w, tag, span_str(text));
    der_end(w, pair);
    der_end(w, set);
}

static void write_name(struct writer *w, const char *cn)
{
    size_t at = der_begin(w, DER_SEQUENCE);

    if (!cn) {
        der_end(w, at);
        return;
    }
    write_attribute(w, "2.5.4.3", DER_UTF8_STRING, cn);
    write_attribute(w, "2.5.4.10", DER_UTF8_STRING, "Attest Lab");
    write_attribute(w, "2.5.4.7", DER_UTF8_STRING, "Lab");
    write_attribute(w, "2.5.4.8", DER_UTF8_STRING, "Lab");
    write_attribute(w, "2.5.4.6", DER_PRINTABLE_STRING, "US");
    der_end(w, at);
}

static void write_key(struct writer *w, const struct lab_key *key)
{
    size_t info = der_begin(w, DER_SEQUENCE), alg = der_begin(w, DER_SEQUENCE);

    der_write_oid(w, "1.2.840.10045.2.1");
    der_write_oid(w, "1.2.840.10045.3.1.7");
    der_end(w, alg);
    der_write_bits(w, span_of(key->point, sizeof key->point));
    der_end(w, info);
}

struct lab_extension_mark lab_extension_begin(struct writer *w, const char *oid, bool is_critical)
{
    struct lab_extension_mark x = { .whole = der_begin(w, DER_SEQUENCE) };

    der_write_oid(w, oid);
    if (is_critical)
        der_write_boolean(w, true);
    x.value = der_begin(w, DER_OCTET_STRING);
    return x;
}

void lab_extension_end(struct writer *w, struct lab_extension_mark x)
{
    der_end(w, x.value);
    der_end(w, x.whole);
}

static void write_authority(struct writer *w, const uint8_t id[20])
{
    struct lab_extension_mark x = lab_extension_begin(w, "2.5.29.35", false);
    size_t at = der_begin(w, DER_SEQUENCE);

    der_write(w, DER_CONTEXT(0), span_of(id, 20));
    der_end(w, at);
    lab_extension_end(w, x);
}

static void write_crl_point(struct writer *w, const char *uri)
{
    struct lab_extension_mark x = lab_extension_begin(w, "2.5.29.31", false);
    size_t points = der_begin(w, DER_SEQUENCE), point = der_begin(w, DER_SEQUENCE);
    size_t name = der_begin(w, DER_CONTEXT_CONSTRUCTED(0));
    size_t full = der_begin(w, DER_CONTEXT_CONSTRUCTED(0));

    der_write(w, DER_CONTEXT(6), span_str(uri));
    der_end(w, full);
    der_end(w, name);
    der_end(w, point);
    der_end(w, points);
    lab_extension_end(w, x);
}

static void write_subject_id(struct writer *w, const uint8_t id[20])
{
    struct lab_extension_mark x = lab_extension_begin(w, "2.5.29.14", false);

    der_write(w, DER_OCTET_STRING, span_of(id, 20));
    lab_extension_end(w, x);
}

static void write_usage(struct writer *w, bool is_ca)
{
    struct lab_extension_mark x = lab_extension_begin(w, "2.5.29.15", true);

    der_write_named_bits(w, is_ca ? KEY_USAGE_CA : KEY_USAGE_LEAF);
    lab_extension_end(w, x);
}

static void write_constraints(struct writer *w, const struct lab_cert *c)
{
    struct lab_extension_mark x = lab_extension_begin(w, "2.5.29.19", true);
    size_t at = der_begin(w, DER_SEQUENCE);

    if (c->is_ca) {
        der_write_boolean(w, true);
        der_write_uint(w, DER_INTEGER, c->path_length);
    }
    der_end(w, at);
    lab_extension_end(w, x);
}

static bool write_extensions(struct writer *w, const struct lab_cert *c, struct err *err)
{
    uint8_t own[20], issuer[20];
    size_t outer = der_begin(w, DER_CONTEXT_CONSTRUCTED(3)), list = der_begin(w, DER_SEQUENCE);

    if (!lab_sha1(subject_of(c), own, err) ||
        !lab_sha1(span_of(c->signer->point, sizeof c->signer->point), issuer, err))
        return false;
    write_authority(w, issuer);
    if (c->crl_uri)
        write_crl_point(w, c->crl_uri);
    write_subject_id(w, own);
    write_usage(w, c->is_ca);
    write_constraints(w, c);
    write_bytes(w, c->extensions);
    der_end(w, list);
    der_end(w, outer);
    return true;
}

static void write_validity(struct writer *w, int64_t not_before, int64_t not_after)
{
    size_t at = der_begin(w, DER_SEQUENCE);

    der_write_time(w, not_before);
    der_write_time(w, not_after);
    der_end(w, at);
}

static bool write_tbs(struct writer *w, const struct lab_cert *c, struct err *err)
{
    size_t tbs = der_begin(w, DER_SEQUENCE), version = der_begin(w, DER_CONTEXT_CONSTRUCTED(0));
    uint8_t serial[16];

    if (!lab_cert_serial(c, serial, err))
        return false;
    der_write_uint(w, DER_INTEGER, 2);
    der_end(w, version);
    der_write_magnitude(w, span_of(serial, sizeof serial));
    write_algorithm(w);
    write_name(w, c->issuer_cn);
    write_validity(w, c->not_before, c->not_after);
    write_name(w, c->cn);
    if (c->spki.n > 0)
        write_bytes(w, c->spki);
    else
        write_key(w, c->key);
    if (!write_extensions(w, c, err))
        return false;
    der_end(w, tbs);
    return true;
}

/* Puts algorithm and signature behind what is signed and closes both into one. */
static bool write_signed(struct arena *a, struct span tbs, const struct lab_key *signer,
                         struct span *out, struct err *err)
{
    struct writer w = writer_in(a, tbs.n + 128);
    size_t whole = der_begin(&w, DER_SEQUENCE), bits, pair;
    uint8_t rs[64];

    if (!lab_sign(signer, tbs, rs, err))
        return false;
    write_bytes(&w, tbs);
    write_algorithm(&w);
    bits = der_begin(&w, DER_BIT_STRING);
    write_u8(&w, 0);
    pair = der_begin(&w, DER_SEQUENCE);
    der_write_magnitude(&w, span_of(rs, 32));
    der_write_magnitude(&w, span_of(rs + 32, 32));
    der_end(&w, pair);
    der_end(&w, bits);
    der_end(&w, whole);
    return writer_done(&w, out, err);
}

bool lab_cert_make(struct arena *a, const struct lab_cert *c, struct span *out, struct err *err)
{
    struct writer w = writer_in(a, 1024 + c->extensions.n);
    struct span tbs = { 0 };

    return write_tbs(&w, c, err) && writer_done(&w, &tbs, err) &&
           write_signed(a, tbs, c->signer, out, err);
}

static void write_revoked(struct writer *w, const struct lab_crl *c)
{
    size_t list = der_begin(w, DER_SEQUENCE);

    for (size_t i = 0; i < c->count; i++) {
        size_t entry = der_begin(w, DER_SEQUENCE);

        der_write_magnitude(w, c->serials[i]);
        der_write_time(w, c->this_update);
        der_end(w, entry);
    }
    der_end(w, list);
}

static void write_crl_extensions(struct writer *w, const uint8_t issuer[20])
{
    size_t outer = der_begin(w, DER_CONTEXT_CONSTRUCTED(0)), list = der_begin(w, DER_SEQUENCE);
    struct lab_extension_mark number = lab_extension_begin(w, "2.5.29.20", false);

    der_write_uint(w, DER_INTEGER, 1);
    lab_extension_end(w, number);
    write_authority(w, issuer);
    der_end(w, list);
    der_end(w, outer);
}

bool lab_crl_make(struct arena *a, const struct lab_crl *c, struct span *out, struct err *err)
{
    struct writer w = writer_in(a, 512 + 64 * c->count);
    size_t tbs = der_begin(&w, DER_SEQUENCE);
    uint8_t issuer[20];
    struct span body = { 0 };

    if (!lab_sha1(span_of(c->signer->point, sizeof c->signer->point), issuer, err))
        return false;
    der_write_uint(&w, DER_INTEGER, 1);
    write_algorithm(&w);
    write_name(&w, c->issuer_cn);
    der_write_time(&w, c->this_update);
    der_write_time(&w, c->next_update);
    if (c->count > 0)
        write_revoked(&w, c);
    write_crl_extensions(&w, issuer);
    der_end(&w, tbs);
    return writer_done(&w, &body, err) && write_signed(a, body, c->signer, out, err);
}
