/* Targets: cert_parse, spki_parse, spki_write, pubkey_new_spki
 *
 * What parses is inside the input and in order, and where OpenSSL reads the same bytes it reads the
 * same things. The corpus was made with cert_make and from the pieces of cert_test.c. */
#include "cert.h"
#include "spki.h"

#include "../../fuzz/fuzz.h"

#include <string.h>
#include <time.h>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/x509.h>

static void must_lie_in(struct span inner, struct span outer)
{
    must(inner.n == 0 || (inner.p >= outer.p && inner.n <= outer.n &&
                          (size_t)(inner.p - outer.p) <= outer.n - inner.n));
}

static void must_be_in_order(const struct cert *c, struct span in)
{
    must(span_equal(c->der, in));
    must_lie_in(c->tbs, in);
    must_lie_in(c->signature, in);
    must_lie_in(c->serial, c->tbs);
    must_lie_in(c->issuer, c->tbs);
    must_lie_in(c->issuer_cn, c->issuer);
    must_lie_in(c->subject, c->tbs);
    must_lie_in(c->subject_cn, c->subject);
    must_lie_in(c->spki, c->tbs);
    must_lie_in(c->point, c->spki);
    must(c->serial.n <= 20 && (c->serial.n == 0 || c->serial.p[0] != 0));
    must(c->issuer.n > 2 && c->not_before <= c->not_after && c->not_before >= 0);
    must(c->point.n == 0 || c->point.n == 64 || c->point.n == 96);
    must(c->extension_count <= CERT_EXTENSIONS_MAX);
    for (size_t i = 0; i < c->extension_count; i++)
        must_lie_in(c->extensions[i].value, c->tbs);
    must(c->is_ca || c->path_length == CERT_PATH_UNBOUNDED);
    must(c->has_key_usage == (c->key_usage != 0));
}

/* A key that we know writes back to the bytes it came from. */
static void must_write_back(struct span spki, struct arena *a)
{
    struct spki key;
    struct span again = { 0 };

    must(spki_parse(spki, &key, NULL));
    must((key.kind == SPKI_OTHER) == !spki_write(&key, a, &again, NULL));
    must(key.kind == SPKI_OTHER || span_equal(again, spki));
}

static void must_be_usable(struct crypto *crypto, const struct cert *c)
{
    struct err e = { 0 };
    struct pubkey *k = pubkey_new_spki(crypto, c->spki, &e);

    must(k ? e.code == ERR_NONE : e.text[0] != '\0');
    if (k)
        must(cert_verify(crypto, c, k, &e) || e.code == ERR_UNTRUSTED);
    pubkey_free(k);
    must(ERR_peek_error() == 0);
}

static int64_t seconds(const ASN1_TIME *t)
{
    struct tm tm = { 0 };

    return ASN1_TIME_to_tm(t, &tm) == 1 ? timegm(&tm) : -1;
}

static void must_agree(const struct cert *c)
{
    const unsigned char *p = c->der.p;
    X509 *x = d2i_X509(NULL, &p, (long)c->der.n);
    uint8_t serial[64] = { 0 };
    BIGNUM *n;

    ERR_clear_error();
    if (!x)
        return;
    n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), NULL);
    must(n && BN_num_bytes(n) == (int)c->serial.n && BN_bn2bin(n, serial) >= 0);
    must(c->serial.n == 0 || memcmp(serial, c->serial.p, c->serial.n) == 0);
    must(seconds(X509_get0_notBefore(x)) == c->not_before);
    must(seconds(X509_get0_notAfter(x)) == c->not_after);
    must(X509_get_ext_count(x) == (int)c->extension_count);
    BN_free(n);
    X509_free(x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct crypto *crypto; /* made once: its self-test takes longer than a round */
    struct arena a = arena_over(1 << 20);
    struct err e = { 0 };
    struct cert c;

    if (!crypto)
        crypto = crypto_new(NULL);
    must(crypto);
    if (cert_parse(span_of(data, size), &c, &e)) {
        must_be_in_order(&c, span_of(data, size));
        must_write_back(c.spki, &a);
        must_be_usable(crypto, &c);
        must_agree(&c);
    } else
        must(e.code != ERR_NONE && e.text[0] != '\0');
    arena_fini(&a);
    return 0;
}
