#include "cert.h"
#include "signkey.h"

#include "../../tests/check.h"
#include "../base/when.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static struct crypto *c;
static struct arena a;
static struct signkey *ca_key, *key, *rsa_key;

static const struct cert_wish ca_wish = {
    .common_name = "Lab CA",
    .organization = "Lab",
    .serial = 7,
    .not_before = 1704067200,
    .not_after = 4102444800,
    .is_ca = true,
};

static struct span make(const char *row, const struct cert_wish *wish,
                        const struct signkey *subject, struct span issuer_cert,
                        struct signkey *issuer)
{
    struct err e = { 0 };
    struct span der = { 0 };

    CHECK_OK(row, cert_make(c, wish, subject, issuer_cert, issuer, &a, &der, &e), e);
    return der;
}

static struct cert parsed(const char *row, struct span der)
{
    struct err e = { 0 };
    struct cert cert = { 0 };

    CHECK_OK(row, cert_parse(der, &cert, &e), e);
    return cert;
}

static X509 *read_by_openssl(const char *row, struct span der)
{
    const unsigned char *p = der.p;
    X509 *x = d2i_X509(NULL, &p, (long)der.n);

    CHECK(row, x && p == der.p + der.n);
    return x;
}

static void a_certificate_of_ours_holds_what_was_wished(void **state)
{
    static const char *const dns[] = { "localhost", "cupel.example" };
    static const char *const ip[] = { "127.0.0.1", "::1" };
    struct cert_wish wish = { .common_name = "server",
                              .serial = UINT64_MAX,
                              .not_before = 1704067200,
                              .not_after = 1735689599,
                              .dns_names = dns,
                              .dns_count = 2,
                              .ip_addresses = ip,
                              .ip_count = 2,
                              .is_tls_server = true };
    struct span ca_der = make("ca", &ca_wish, ca_key, (struct span){ 0 }, ca_key);
    struct span der = make("leaf", &wish, key, ca_der, ca_key);
    struct cert ca = parsed("ca", ca_der), leaf = parsed("leaf", der);
    X509 *x = read_by_openssl("leaf", der);

    (void)state;
    CHECK_TEXT("cn", leaf.subject_cn, "server");
    CHECK_TEXT("issuer", leaf.issuer_cn, "Lab CA");
    CHECK_SPAN("issuer", leaf.issuer, ca.subject);
    CHECK_SPAN("self-signed", ca.issuer, ca.subject);
    CHECK_INT("serial", leaf.serial.n, 8);
    CHECK_INT("from", leaf.not_before, wish.not_before);
    CHECK_INT("to", leaf.not_after, wish.not_after);
    CHECK("ca", ca.is_ca && !leaf.is_ca && leaf.has_basic_constraints);
    CHECK_INT("usage", leaf.key_usage, CERT_KEY_DIGITAL_SIGNATURE);
    CHECK_INT("usage of ca", ca.key_usage, CERT_KEY_CERT_SIGN | CERT_KEY_CRL_SIGN);
    CHECK_INT("key id", ca.subject_key_id.n, 20);
    CHECK_SPAN("authority", leaf.authority_key_id, ca.subject_key_id);
    CHECK_SPAN("own authority", ca.authority_key_id, ca.subject_key_id);
    CHECK("not critical", !leaf.has_unknown_critical);
    CHECK_INT("dns", X509_check_host(x, "cupel.example", 0, 0, NULL), 1);
    CHECK_INT("other dns", X509_check_host(x, "evil.example", 0, 0, NULL), 0);
    CHECK_INT("ip 4", X509_check_ip_asc(x, "127.0.0.1", 0), 1);
    CHECK_INT("ip 6", X509_check_ip_asc(x, "::1", 0), 1);
    CHECK_INT("purpose", X509_check_purpose(x, X509_PURPOSE_SSL_SERVER, 0), 1);
    X509_free(x);
}

/* OpenSSL's own chain builder, as another reader of what we write. */
static bool chain_holds(X509 *root, X509 *leaf, int64_t at)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    bool ok;

    assert_int_equal(X509_STORE_add_cert(store, root), 1);
    assert_int_equal(X509_STORE_CTX_init(ctx, store, leaf, NULL), 1);
    X509_STORE_CTX_set_time(ctx, 0, (time_t)at);
    X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
    ok = X509_verify_cert(ctx) == 1;
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    ERR_clear_error();
    return ok;
}

static void openssl_builds_a_chain_of_what_we_make(void **state)
{
    struct signkey *roots[] = { ca_key, rsa_key };
    struct cert_wish wish = { .common_name = "leaf",
                              .organization = "Lab",
                              .serial = 9,
                              .not_before = 1704067200,
                              .not_after = 1735689599 };

    (void)state;
    for (size_t i = 0; i < COUNT(roots); i++) {
        struct span ca_der = make("ca", &ca_wish, roots[i], (struct span){ 0 }, roots[i]);
        X509 *root = read_by_openssl("ca", ca_der);
        X509 *leaf = read_by_openssl("leaf", make("leaf", &wish, key, ca_der, roots[i]));

        CHECK("inside", chain_holds(root, leaf, 1720000000));
        CHECK("too early", !chain_holds(root, leaf, wish.not_before - 1));
        CHECK("too late", !chain_holds(root, leaf, wish.not_after + 1));
        X509_free(root);
        X509_free(leaf);
    }
}

static void a_common_name_may_have_any_length(void **state)
{
    static const size_t sizes[] = { 0, 1, 64, 65, 128, 1000 };

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        char name[1001];
        struct cert_wish wish = ca_wish;

        memset(name, 'n', sizes[i]);
        name[sizes[i]] = '\0';
        wish.common_name = name;
        CHECK_TEXT("name",
                   parsed("cn", make("cn", &wish, key, (struct span){ 0 }, ca_key)).subject_cn,
                   name);
    }
}

static void dates_are_written_as_rfc_5280_wants(void **state)
{
    static const struct {
        const char *name, *from, *to;
    } rows[] = {
        { "this century", "2024-02-29T23:59:59Z", "2049-12-31T23:59:59Z" },
        { "beyond UTCTime", "2049-12-31T23:59:59Z", "2050-01-01T00:00:00Z" },
        { "all of time", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct cert_wish wish = ca_wish;
        struct err e = { 0 };
        struct cert cert;

        CHECK_OK(rows[i].name, when_read(span_str(rows[i].from), &wish.not_before, &e), e);
        CHECK_OK(rows[i].name, when_read(span_str(rows[i].to), &wish.not_after, &e), e);
        cert = parsed(rows[i].name, make(rows[i].name, &wish, ca_key, (struct span){ 0 }, ca_key));
        CHECK_INT(rows[i].name, cert.not_before, wish.not_before);
        CHECK_INT(rows[i].name, cert.not_after, wish.not_after);
    }
}

static void cert_make_refuses_what_cannot_be(void **state)
{
    static const char *const bad_ip[] = { "127.0.0.256" };
    struct span ca_der = make("ca", &ca_wish, ca_key, (struct span){ 0 }, ca_key);
    struct cert_wish wish = ca_wish;
    struct span out = { 0 };
    struct err e = { 0 };

    (void)state;
    CHECK("issuer of another key", !cert_make(c, &ca_wish, key, ca_der, key, &a, &out, &e));
    CHECK_ERR("issuer of another key", e, ERR_MALFORMED, "");
    err_clear(&e);
    CHECK("issuer that is none",
          !cert_make(c, &ca_wish, key, span_str("issuer"), ca_key, &a, &out, &e));
    CHECK_ERR("issuer that is none", e, ERR_MALFORMED, "issuer.certificate");
    err_clear(&e);
    wish.ip_addresses = bad_ip;
    wish.ip_count = 1;
    CHECK("address", !cert_make(c, &wish, key, ca_der, ca_key, &a, &out, &e));
    CHECK_ERR("address", e, ERR_MALFORMED, "");
    CHECK_INT("left alone", out.n, 0);
}

static void cert_make_survives_each_failed_allocation(void **state)
{
    struct span ca_der = make("ca", &ca_wish, ca_key, (struct span){ 0 }, ca_key);
    size_t n = 1;

    (void)state;
    for (bool ok = false; !ok; n++) {
        struct err e = { 0 };
        struct span out = { 0 };

        a.fail_at = n;
        ok = cert_make(c, &ca_wish, key, ca_der, ca_key, &a, &out, &e);
        a.fail_at = 0;
        if (!ok)
            CHECK_ERR("allocation", e, ERR_MEMORY, "");
    }
    CHECK("some failed", n > 3 && n < 20);
}

static int set_up(void **state)
{
    struct err e = { 0 };

    (void)state;
    a = arena_over(4 << 20);
    c = crypto_new(&e);
    if (!c)
        return -1;
    ca_key = signkey_new(c, SIGNKEY_P384, &e);
    key = signkey_new(c, SIGNKEY_P256, &e);
    rsa_key = signkey_new(c, SIGNKEY_RSA2048, &e);
    return ca_key && key && rsa_key ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    signkey_free(ca_key);
    signkey_free(key);
    signkey_free(rsa_key);
    arena_fini(&a);
    crypto_free(c);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST_EACH(
        a_certificate_of_ours_holds_what_was_wished, openssl_builds_a_chain_of_what_we_make,
        a_common_name_may_have_any_length, dates_are_written_as_rfc_5280_wants,
        cert_make_refuses_what_cannot_be, cert_make_survives_each_failed_allocation) };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(TEST_NAME, tests, set_up, tear_down);
}
