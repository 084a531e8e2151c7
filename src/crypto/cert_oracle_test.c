/* Two readers that must agree: ours and OpenSSL's, on every certificate and list of the vectors. */
#include "cert.h"
#include "crl.h"

#include "../../tests/check.h"
#include "../base/hex.h"
#include "../format/pem.h"

#include <glob.h>
#include <time.h>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static struct crypto *c;
static struct arena a;

static int64_t seconds(const ASN1_TIME *t)
{
    struct tm tm = { 0 };

    assert_int_equal(ASN1_TIME_to_tm(t, &tm), 1);
    return timegm(&tm);
}

static struct span magnitude(const ASN1_INTEGER *i)
{
    BIGNUM *n = ASN1_INTEGER_to_BN(i, NULL);
    uint8_t *p = arena_alloc(&a, 64, 1);
    int size;

    assert_non_null(n);
    size = BN_bn2bin(n, p);
    BN_free(n);
    return span_of(p, (size_t)size);
}

static struct span spki_of(X509 *x)
{
    unsigned char *der = NULL;
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
    struct span copy = arena_dup(&a, span_of(der, n > 0 ? (size_t)n : 0));

    OPENSSL_free(der);
    return copy;
}

static struct span name_of(X509_NAME *name)
{
    unsigned char *der = NULL;
    int n = i2d_X509_NAME(name, &der);
    struct span copy = arena_dup(&a, span_of(der, n > 0 ? (size_t)n : 0));

    OPENSSL_free(der);
    return copy;
}

static void check_extensions(const char *row, const struct cert *cert, X509 *x)
{
    CHECK_INT(row, cert->extension_count, X509_get_ext_count(x));
    for (size_t i = 0; i < cert->extension_count; i++) {
        X509_EXTENSION *ext = X509_get_ext(x, (int)i);
        ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(ext);

        CHECK_INT(row, cert->extensions[i].is_critical, X509_EXTENSION_get_critical(ext));
        CHECK_SPAN(row, cert->extensions[i].value,
                   span_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)));
    }
}

static void check_meaning(const char *row, const struct cert *cert, X509 *x)
{
    const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(x);
    uint32_t flags = X509_get_extension_flags(x);

    CHECK_INT(row, cert->has_basic_constraints, (flags & EXFLAG_BCONS) != 0);
    CHECK_INT(row, cert->is_ca, (flags & EXFLAG_CA) != 0);
    CHECK_INT(row, cert->path_length == CERT_PATH_UNBOUNDED ? -1 : cert->path_length,
              X509_get_pathlen(x));
    CHECK_INT(row, cert->has_key_usage, (flags & EXFLAG_KUSAGE) != 0);
    if (cert->has_key_usage) {
        uint32_t usage = X509_get_key_usage(x);

        CHECK_INT(row, (cert->key_usage & CERT_KEY_DIGITAL_SIGNATURE) != 0,
                  (usage & KU_DIGITAL_SIGNATURE) != 0);
        CHECK_INT(row, (cert->key_usage & CERT_KEY_CERT_SIGN) != 0,
                  (usage & KU_KEY_CERT_SIGN) != 0);
        CHECK_INT(row, (cert->key_usage & CERT_KEY_CRL_SIGN) != 0, (usage & KU_CRL_SIGN) != 0);
    }
    CHECK_SPAN(
        row, cert->subject_key_id,
        span_of(id ? ASN1_STRING_get0_data(id) : NULL, id ? (size_t)ASN1_STRING_length(id) : 0));
}

/* A signature by its own key: both say the same. */
static void check_self(const char *row, const struct cert *cert, X509 *x)
{
    struct pubkey *k = pubkey_new_spki(c, cert->spki, NULL);
    EVP_PKEY *key = X509_get0_pubkey(x);

    if (k && key)
        CHECK_INT(row, cert_verify(c, cert, k, NULL), X509_verify(x, key) == 1);
    pubkey_free(k);
    ERR_clear_error();
}

static bool check_cert(const char *row, struct span der)
{
    const unsigned char *p = der.p;
    X509 *x = d2i_X509(NULL, &p, (long)der.n);
    struct cert cert;
    struct err e = { 0 };
    bool ok = cert_parse(der, &cert, &e);

    ERR_clear_error();
    if (ok) {
        CHECK(row, x);
        CHECK_SPAN(row, cert.serial, magnitude(X509_get0_serialNumber(x)));
        CHECK_INT(row, cert.not_before, seconds(X509_get0_notBefore(x)));
        CHECK_INT(row, cert.not_after, seconds(X509_get0_notAfter(x)));
        CHECK_SPAN(row, cert.spki, spki_of(x));
        CHECK_SPAN(row, cert.issuer, name_of(X509_get_issuer_name(x)));
        CHECK_SPAN(row, cert.subject, name_of(X509_get_subject_name(x)));
        check_extensions(row, &cert, x);
        check_meaning(row, &cert, x);
        check_self(row, &cert, x);
    }
    X509_free(x);
    return ok;
}

static void check_crl(const char *row, struct span der, size_t *entries)
{
    const unsigned char *p = der.p;
    X509_CRL *x = d2i_X509_CRL(NULL, &p, (long)der.n);
    STACK_OF(X509_REVOKED) *revoked = X509_CRL_get_REVOKED(x);
    struct crl crl;
    struct err e = { 0 };

    CHECK(row, x);
    CHECK_OK(row, crl_parse(der, &a, &crl, &e), e);
    CHECK_INT(row, crl.this_update, seconds(X509_CRL_get0_lastUpdate(x)));
    CHECK_INT(row, crl.next_update, seconds(X509_CRL_get0_nextUpdate(x)));
    CHECK_SPAN(row, crl.issuer, name_of(X509_CRL_get_issuer(x)));
    CHECK_INT(row, crl.count, revoked ? sk_X509_REVOKED_num(revoked) : 0);
    for (size_t i = 0; i < crl.count; i++)
        CHECK(row, crl_lists(&crl, magnitude(X509_REVOKED_get0_serialNumber(
                                       sk_X509_REVOKED_value(revoked, (int)i)))));
    *entries += crl.count;
    X509_CRL_free(x);
}

/* Calls each for every file of the vectors whose name fits. */
static size_t each_file(const char *pattern, void (*each)(const char *name, struct span bytes))
{
    static const char *const depths[] = { "*", "*/*", "*/*/*", "*/*/*/*" };
    size_t count = 0;

    for (size_t d = 0; d < COUNT(depths); d++) {
        char path[1024];
        glob_t found = { 0 };

        snprintf(path, sizeof path, "%s/%s%s", check_vectors(), depths[d], pattern);
        if (glob(path, 0, NULL, &found) == 0)
            for (size_t i = 0; i < found.gl_pathc; i++) {
                struct span bytes = check_file(found.gl_pathv[i]);

                each(found.gl_pathv[i], bytes);
                free((void *)(uintptr_t)bytes.p);
                count++;
            }
        globfree(&found);
    }
    return count;
}

static size_t taken, refused, listed;

static void try_der(const char *name, struct span bytes)
{
    if (strstr(name, "rl.der"))
        return;
    if (check_cert(name, bytes))
        taken++;
    else
        refused++;
}

static void try_pem(const char *name, struct span bytes)
{
    struct pem_block blocks[64];
    size_t count = 0;

    if (!pem_parse(bytes, "CERTIFICATE", true, COUNT(blocks), &a, blocks, &count, NULL))
        return; /* keys */
    for (size_t i = 0; i < count; i++)
        try_der(name, blocks[i].der);
}

static void try_crl(const char *name, struct span bytes)
{
    check_crl(name, bytes, &listed);
}

static void both_readers_agree_on_every_certificate(void **state)
{
    (void)state;
    SKIP_WITHOUT_VECTORS();
    taken = refused = 0;
    CHECK("files", each_file(".der", try_der) > 20 && each_file(".pem", try_pem) > 40);
    CHECK("most are read", taken > 150 && refused < 10);
}

static void both_readers_agree_on_every_list(void **state)
{
    (void)state;
    SKIP_WITHOUT_VECTORS();
    listed = 0;
    CHECK("files", each_file("[Cc]rl.der", try_crl) > 20);
    CHECK("entries", listed > 300);
}

static struct span vector(const char *name)
{
    struct span bytes = check_vector(name), copy = arena_dup(&a, bytes);

    CHECK(name, bytes.n > 0 && copy.p);
    free((void *)(uintptr_t)bytes.p);
    return copy;
}

#define SET "sgx/collateral/00906ED50000-2025-05/"

static void the_pck_crl_is_signed_by_its_chain(void **state)
{
    struct pem_block chain[3];
    struct cert issuer, root;
    struct crl crl;
    struct err e = { 0 };
    struct pubkey *issuer_key, *root_key;
    size_t count = 0;

    (void)state;
    SKIP_WITHOUT_VECTORS();
    CHECK_OK("chain",
             pem_parse(vector(SET "pck_crl_issuer_chain.pem"), "CERTIFICATE", true, 3, &a, chain,
                       &count, &e),
             e);
    CHECK_INT("chain", count, 2);
    CHECK_OK("issuer", cert_parse(chain[0].der, &issuer, &e), e);
    CHECK_OK("root", cert_parse(chain[1].der, &root, &e), e);
    issuer_key = pubkey_new_spki(c, issuer.spki, &e);
    root_key = pubkey_new_spki(c, root.spki, &e);
    CHECK_OK("keys", issuer_key && root_key, e);
    CHECK_OK("root", cert_verify(c, &root, root_key, &e), e);
    CHECK_OK("issuer", cert_verify(c, &issuer, root_key, &e), e);
    CHECK_OK("crl", crl_parse(vector(SET "pck_crl.der"), &a, &crl, &e), e);
    CHECK_OK("crl", crl_verify(c, &crl, issuer_key, &e), e);
    CHECK("crl by root", !crl_verify(c, &crl, root_key, &e));
    CHECK_ERR("crl by root", e, ERR_UNTRUSTED, "signature");
    CHECK_SPAN("crl issuer", crl.issuer, issuer.subject);
    pubkey_free(issuer_key);
    pubkey_free(root_key);
}

static void amd_chains_hold(void **state)
{
    static const char *const products[] = { "milan", "genoa", "turin" };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    for (size_t i = 0; i < COUNT(products); i++) {
        char path[64];
        struct pem_block chain[2];
        struct cert ask, ark;
        struct err e = { 0 };
        struct pubkey *key;
        size_t count = 0;

        snprintf(path, sizeof path, "sev-snp/trust/ask_ark_%s.pem", products[i]);
        CHECK_OK(path, pem_parse(vector(path), "CERTIFICATE", true, 2, &a, chain, &count, &e), e);
        CHECK_OK(path, cert_parse(chain[0].der, &ask, &e), e);
        CHECK_OK(path, cert_parse(chain[1].der, &ark, &e), e);
        CHECK_INT(path, ask.sig_alg, SIG_PS384);
        key = pubkey_new_spki(c, ark.spki, &e);
        CHECK_OK(path, key, e);
        CHECK_INT(path, pubkey_bits(key), 4096);
        CHECK_OK(path, cert_verify(c, &ark, key, &e), e);
        CHECK_OK(path, cert_verify(c, &ask, key, &e), e);
        pubkey_free(key);
    }
}

/* Intel's own list in each form people store it, and cut short everywhere. */
static void a_real_list_is_read_in_each_form(void **state)
{
    struct span der, hex;
    struct crl crl, again;
    struct err e = { 0 };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    der = vector("sgx/collateral/00606A000000-2025-08/pck_crl.der");
    hex = arena_dup(&a, hex_dup(&a, der)); /* with a NUL behind it, as files have it */
    CHECK_OK("der", crl_parse(der, &a, &crl, &e), e);
    CHECK_OK("hex", crl_parse(span_of(hex.p, hex.n + 1), &a, &again, &e), e);
    CHECK_SPAN("same", again.der, der);
    CHECK_INT("entries", again.count, crl.count);
    for (size_t n = 0; n < der.n; n++) {
        uint8_t *copy = check_exact(span_part(der, 0, n));

        CHECK("cut", !crl_parse(span_of(copy, n), &a, &again, NULL));
        free(copy);
    }
}

static void each_truncation_of_a_real_certificate_is_refused(void **state)
{
    struct span der;
    struct cert cert;

    (void)state;
    SKIP_WITHOUT_VECTORS();
    der = vector("sev-snp/evidence/v2-milan-vcek.der");
    for (size_t n = 0; n <= der.n; n++) {
        uint8_t *copy = check_exact(span_part(der, 0, n));
        struct err e = { 0 };

        CHECK_INT("cut", cert_parse(span_of(copy, n), &cert, &e), n == der.n);
        CHECK_INT("cut", e.code, n == der.n ? ERR_NONE : ERR_MALFORMED);
        free(copy);
    }
}

static int set_up(void **state)
{
    struct err e = { 0 };

    (void)state;
    a = arena_over(256 << 20);
    c = crypto_new(&e);
    return c ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&a);
    crypto_free(c);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST_EACH(
        both_readers_agree_on_every_certificate, both_readers_agree_on_every_list,
        the_pck_crl_is_signed_by_its_chain, amd_chains_hold, a_real_list_is_read_in_each_form,
        each_truncation_of_a_real_certificate_is_refused) };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(TEST_NAME, tests, set_up, tear_down);
}
