#include "cert.h"
#include "inside.h"
#include "signkey.h"
#include "x509.h"

#include <arpa/inet.h>
#include <string.h>

enum { VERSION_3 = 2, KEY_ID_SIZE = 20, SIGNATURE_MAX = RSA_SIGN_BITS_MAX / 8 };

#define OID_COMMON_NAME  "2.5.4.3"
#define OID_ORGANIZATION "2.5.4.10"
#define OID_SERVER_AUTH  "1.3.6.1.5.5.7.3.1"

/* What the signed part is made of, gathered before the first byte is written. */
struct plan {
    const struct cert_wish *wish;
    struct span spki;
    uint8_t key_id[KEY_ID_SIZE];
    struct span issuer;    /* Name; empty: the subject's own */
    struct span issuer_id; /* its key identifier; may be empty */
    enum sig_alg alg;
};

/* RSASSA-PKCS1-v1_5 where the key is RSA: every reader of certificates knows it. */
static enum sig_alg alg_for(const struct signkey *k)
{
    switch (signkey_type(k)) {
    case PUBKEY_P256:
        return SIG_ES256;
    case PUBKEY_P384:
        return SIG_ES384;
    case PUBKEY_RSA:
        break;
    }
    return SIG_RS256;
}

static void write_attribute(struct writer *w, const char *oid, const char *text)
{
    size_t set = der_begin(w, DER_SET), seq = der_begin(w, DER_SEQUENCE);

    der_write_oid(w, oid);
    der_write(w, DER_UTF8_STRING, span_str(text));
    der_end(w, seq);
    der_end(w, set);
}

static void write_name(struct writer *w, const struct cert_wish *wish)
{
    size_t name = der_begin(w, DER_SEQUENCE);

    if (wish->organization)
        write_attribute(w, OID_ORGANIZATION, wish->organization);
    if (wish->common_name)
        write_attribute(w, OID_COMMON_NAME, wish->common_name);
    der_end(w, name);
}

static void write_validity(struct writer *w, const struct cert_wish *wish)
{
    size_t seq = der_begin(w, DER_SEQUENCE);

    der_write_time(w, wish->not_before);
    der_write_time(w, wish->not_after);
    der_end(w, seq);
}

/* The value is what is written between the two calls. */
struct extension_mark {
    size_t seq, value;
};

static struct extension_mark extension_begin(struct writer *w, const char *oid, bool is_critical)
{
    struct extension_mark m = { .seq = der_begin(w, DER_SEQUENCE) };

    der_write_oid(w, oid);
    if (is_critical)
        der_write_boolean(w, true);
    m.value = der_begin(w, DER_OCTET_STRING);
    return m;
}

static void extension_end(struct writer *w, struct extension_mark m)
{
    der_end(w, m.value);
    der_end(w, m.seq);
}

static void write_constraints(struct writer *w, const struct cert_wish *wish)
{
    struct extension_mark m = extension_begin(w, "2.5.29.19", true);
    size_t seq = der_begin(w, DER_SEQUENCE);

    if (wish->is_ca)
        der_write_boolean(w, true);
    if (wish->has_path_length)
        der_write_uint(w, DER_INTEGER, wish->path_length);
    der_end(w, seq);
    extension_end(w, m);
}

static void write_usage(struct writer *w, const struct cert_wish *wish)
{
    struct extension_mark m = extension_begin(w, "2.5.29.15", true);
    uint16_t usual =
        wish->is_ca ? CERT_KEY_CERT_SIGN | CERT_KEY_CRL_SIGN : CERT_KEY_DIGITAL_SIGNATURE;

    der_write_named_bits(w, wish->key_usage ? wish->key_usage : usual);
    extension_end(w, m);
}

static void write_key_ids(struct writer *w, const struct plan *p)
{
    struct span own = span_of(p->key_id, sizeof p->key_id);
    struct extension_mark m = extension_begin(w, "2.5.29.14", false);
    size_t seq;

    der_write(w, DER_OCTET_STRING, own);
    extension_end(w, m);
    if (p->issuer.n > 0 && p->issuer_id.n == 0)
        return;
    m = extension_begin(w, "2.5.29.35", false);
    seq = der_begin(w, DER_SEQUENCE);
    der_write(w, DER_CONTEXT(0), p->issuer.n > 0 ? p->issuer_id : own);
    der_end(w, seq);
    extension_end(w, m);
}

static void write_purpose(struct writer *w, const char *purpose)
{
    struct extension_mark m = extension_begin(w, "2.5.29.37", false);
    size_t seq = der_begin(w, DER_SEQUENCE);

    der_write_oid(w, purpose);
    der_end(w, seq);
    extension_end(w, m);
}

static void write_policy(struct writer *w, const char *policy)
{
    struct extension_mark m = extension_begin(w, "2.5.29.32", true);
    size_t list = der_begin(w, DER_SEQUENCE), one = der_begin(w, DER_SEQUENCE);

    der_write_oid(w, policy);
    der_end(w, one);
    der_end(w, list);
    extension_end(w, m);
}

/* GeneralName: [2] a DNS name, [7] an address of 4 or 16 bytes. */
static bool write_address(struct writer *w, const char *text, struct err *err)
{
    uint8_t address[16];

    if (inet_pton(AF_INET, text, address) == 1)
        der_write(w, DER_CONTEXT(7), span_of(address, 4));
    else if (inet_pton(AF_INET6, text, address) == 1)
        der_write(w, DER_CONTEXT(7), span_of(address, 16));
    else
        return err_fail(err, ERR_MALFORMED, NULL, "\"%.60s\" is no address of IPv4 or IPv6", text);
    return true;
}

static bool write_names(struct writer *w, const struct cert_wish *wish, struct err *err)
{
    struct extension_mark m = extension_begin(w, "2.5.29.17", !wish->common_name);
    size_t seq;

    if (wish->alt_name.n > 0) {
        write_bytes(w, wish->alt_name);
        extension_end(w, m);
        return true;
    }
    seq = der_begin(w, DER_SEQUENCE);
    for (size_t i = 0; i < wish->dns_count; i++)
        der_write(w, DER_CONTEXT(2), span_str(wish->dns_names[i]));
    for (size_t i = 0; i < wish->ip_count; i++)
        if (!write_address(w, wish->ip_addresses[i], err))
            return false;
    der_end(w, seq);
    extension_end(w, m);
    return true;
}

static bool write_extensions(struct writer *w, const struct plan *p, struct err *err)
{
    size_t tagged = der_begin(w, DER_CONTEXT_CONSTRUCTED(3)), list = der_begin(w, DER_SEQUENCE);

    write_constraints(w, p->wish);
    write_usage(w, p->wish);
    write_key_ids(w, p);
    if (p->wish->is_tls_server || p->wish->purpose)
        write_purpose(w, p->wish->purpose ? p->wish->purpose : OID_SERVER_AUTH);
    if (p->wish->policy)
        write_policy(w, p->wish->policy);
    if (p->wish->dns_count + p->wish->ip_count + p->wish->alt_name.n > 0 &&
        !write_names(w, p->wish, err))
        return false;
    der_end(w, list);
    der_end(w, tagged);
    return true;
}

static bool write_tbs(struct writer *w, const struct plan *p, struct err *err)
{
    size_t tbs = der_begin(w, DER_SEQUENCE);
    size_t version = der_begin(w, DER_CONTEXT_CONSTRUCTED(0));

    der_write_uint(w, DER_INTEGER, VERSION_3);
    der_end(w, version);
    if (p->wish->serial_id.n > 0)
        der_write_magnitude(w, p->wish->serial_id);
    else
        der_write_uint(w, DER_INTEGER, p->wish->serial);
    x509_algorithm_write(w, p->alg);
    if (p->issuer.n > 0)
        write_bytes(w, p->issuer);
    else
        write_name(w, p->wish);
    write_validity(w, p->wish);
    write_name(w, p->wish);
    write_bytes(w, p->spki);
    if (!write_extensions(w, p, err))
        return false;
    der_end(w, tbs);
    return true;
}

/* The leftmost 160 bits of SHA-256 of the key's bits. Source: RFC 7093, 2. */
static bool key_id_of(struct crypto *c, struct span spki, uint8_t out[KEY_ID_SIZE], struct err *err)
{
    struct reader r = reader_over(spki, err);
    struct reader box = der_enter(&r, DER_SEQUENCE, "spki");
    uint8_t hash[SHA256_SIZE];
    struct span bits;

    der_take(&box, DER_SEQUENCE, "algorithm");
    bits = der_bits(&box, "key");
    if (!reader_join(&r, &box, "spki") || !digest_sha256(c, bits, hash, err))
        return false;
    memcpy(out, hash, KEY_ID_SIZE);
    return true;
}

/* Certificates under a key that is not the issuer's would be of no use to anybody. */
static bool issuer_read(struct span der, const struct signkey *key, struct arena *a, struct plan *p,
                        struct err *err)
{
    struct cert issuer;
    struct span spki = { 0 };

    if (!cert_parse(der, &issuer, err))
        return err_in(err, "issuer");
    if (!signkey_spki(key, a, &spki, err))
        return false;
    if (!span_equal(spki, issuer.spki))
        return err_fail(err, ERR_MALFORMED, NULL,
                        "the signing key is not the one in the issuer's certificate");
    p->issuer = issuer.subject;
    p->issuer_id = issuer.subject_key_id;
    return true;
}

static bool sign_tbs(struct crypto *c, struct signkey *key, enum sig_alg alg, struct span tbs,
                     struct writer *w, struct err *err)
{
    uint8_t signature[SIGNATURE_MAX], der[ECDSA_DER_MAX];
    size_t n = 0;

    if (!signkey_sign(c, key, alg, tbs, signature, sizeof signature, &n, err))
        return false;
    x509_algorithm_write(w, alg);
    if (signkey_type(key) == PUBKEY_RSA)
        der_write_bits(w, span_of(signature, n));
    else
        der_write_bits(w, span_of(der, ecdsa_to_der(span_of(signature, n), der)));
    return true;
}

static bool plan_make(struct crypto *c, const struct signkey *subject_key, struct span issuer_cert,
                      const struct signkey *issuer_key, struct arena *a, struct plan *p,
                      struct err *err)
{
    p->alg = alg_for(issuer_key);
    p->spki = p->wish->spki;
    return (p->spki.n > 0 || signkey_spki(subject_key, a, &p->spki, err)) &&
           key_id_of(c, p->spki, p->key_id, err) &&
           (issuer_cert.n == 0 || issuer_read(issuer_cert, issuer_key, a, p, err));
}

bool cert_make(struct crypto *c, const struct cert_wish *wish, const struct signkey *subject_key,
               struct span issuer_cert, struct signkey *issuer_key, struct arena *a,
               struct span *out, struct err *err)
{
    struct plan p = { .wish = wish };
    struct err none = { 0 };
    struct writer w;
    size_t cert;

    err = err ? err : &none;
    if (!plan_make(c, subject_key, issuer_cert, issuer_key, a, &p, err))
        return false;
    w = writer_in(a, 1024 + 2 * p.spki.n + p.issuer.n);
    cert = der_begin(&w, DER_SEQUENCE);
    if (!write_tbs(&w, &p, err))
        return false;
    if (w.has_failed)
        return arena_fail(a, err);
    if (!sign_tbs(c, issuer_key, p.alg, span_part(writer_span(&w), cert, w.n - cert), &w, err))
        return false;
    der_end(&w, cert);
    return writer_done(&w, out, err);
}
