/* What a context is made from; connections are tested with the server. */
#include "tls.h"

#include "../../tests/check.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

/* Everything made here lives as long as the test: it is kept where it is found. */
static uint8_t *kept[32];
static size_t kept_count;

static struct span keep(struct span s)
{
    uint8_t *p = check_exact(s);

    assert_true(kept_count < COUNT(kept));
    kept[kept_count++] = p;
    return span_of(p, s.n);
}

struct pems {
    struct span cert, other_cert, key, other_key, locked_key;
};

static struct span taken(BIO *b)
{
    char *p;
    long n = BIO_get_mem_data(b, &p);
    struct span s = keep(span_of(p, (size_t)n));

    BIO_free(b);
    return s;
}

static struct span cert_of(EVP_PKEY *key)
{
    X509 *x = X509_new();
    BIO *b = BIO_new(BIO_s_mem());

    assert_true(x && b);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0 && PEM_write_bio_X509(b, x));
    X509_free(x);
    return taken(b);
}

static struct span key_of(EVP_PKEY *key, const char *passphrase)
{
    BIO *b = BIO_new(BIO_s_mem());

    assert_true(PEM_write_bio_PKCS8PrivateKey(b, key, passphrase ? EVP_aes_128_cbc() : NULL,
                                              passphrase, passphrase ? (int)strlen(passphrase) : 0,
                                              NULL, NULL));
    return taken(b);
}

static struct pems pems_new(void)
{
    EVP_PKEY *a = EVP_EC_gen("P-256"), *b = EVP_EC_gen("P-256");
    struct pems p;

    assert_true(a && b);
    p = (struct pems){ cert_of(a), cert_of(b), key_of(a, NULL), key_of(b, NULL),
                       key_of(a, "secret") };
    EVP_PKEY_free(a);
    EVP_PKEY_free(b);
    return p;
}

static struct span joined(struct span a, struct span b)
{
    uint8_t both[8192];

    assert_true(a.n + b.n <= sizeof both);
    memcpy(both, a.p, a.n);
    memcpy(both + a.n, b.p, b.n);
    return keep(span_of(both, a.n + b.n));
}

static void a_context_needs_a_certificate_and_its_key(void **state)
{
    struct pems p = pems_new();
    struct span junk = span_str("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    const struct {
        const char *name;
        struct span chain, key;
        bool is_good;
    } rows[] = {
        { "a certificate and its key", p.cert, p.key, true },
        { "a chain", joined(p.cert, p.other_cert), p.key, true },
        { "a chain in the wrong order", joined(p.other_cert, p.cert), p.key, false },
        { "another key", p.cert, p.other_key, false },
        { "a key that asks for a passphrase", p.cert, p.locked_key, false },
        { "nothing", { 0 }, { 0 }, false },
        { "no key", p.cert, { 0 }, false },
        { "no certificate", { 0 }, p.key, false },
        { "a key for a certificate", p.key, p.key, false },
        { "a certificate for a key", p.cert, p.cert, false },
        { "a certificate that is none", junk, p.key, false },
        { "a chain that ends in one", joined(p.cert, junk), p.key, false },
        { "half a certificate", span_part(p.cert, 0, p.cert.n / 2), p.key, false },
        { "half a key", p.cert, span_part(p.key, 0, p.key.n / 2), false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = { 0 };
        struct tls_context *c = tls_context_new(rows[i].chain, rows[i].key, &e);

        CHECK_INT(rows[i].name, c != NULL, rows[i].is_good);
        if (!c)
            CHECK_ERR(rows[i].name, e, ERR_MALFORMED, "");
        CHECK_INT(rows[i].name, ERR_peek_error(), 0);
        tls_context_free(c);
    }
    tls_context_free(NULL);
}

static void a_connection_outlives_its_context(void **state)
{
    struct pems p = pems_new();
    struct err e = { 0 };
    struct tls_context *c = tls_context_new(p.cert, p.key, &e);
    struct tls *t = tls_new(c, 0);

    (void)state;
    assert_non_null(t);
    tls_context_free(c);
    tls_end(t);
    assert_false(tls_has_pending(t));
    tls_free(t);
    tls_free(NULL);
}

TEST_MAIN(a_context_needs_a_certificate_and_its_key, a_connection_outlives_its_context)
