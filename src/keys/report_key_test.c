#include "report_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../tests/check.h"
#include "../crypto/cert.h"
#include "key_file.h"

#define ISSUER "https://attest.example"

static char dir[64];
static struct crypto *crypto;
static struct arena arena;

static void begin(void)
{
    struct err e = { 0 };

    strcpy(dir, "/tmp/cupel-report-XXXXXX");
    CHECK("dir", mkdtemp(dir) != NULL);
    arena = arena_over(64 * 1024 * 1024);
    crypto = crypto_new(&e);
    CHECK_OK("crypto", crypto != NULL, e);
}

static const char *path_of(const char *name)
{
    static char paths[4][128];
    static unsigned turn;
    char *p = paths[turn++ % 4];

    snprintf(p, sizeof paths[0], "%s/%s", dir, name);
    return p;
}

static void end(void)
{
    static const char *const files[] = { "report.pem", "report-ca.pem", "report-root.pem",
                                         "report.crt", "own.pem",       "own.crt" };

    for (size_t i = 0; i < COUNT(files); i++)
        unlink(path_of(files[i]));
    rmdir(dir);
    crypto_free(crypto);
    arena_fini(&arena);
}

static struct report_wish wish_of(const char *issuer)
{
    return (struct report_wish){ .dir = dir, .issuer = issuer, .now = 1700000000 };
}

static struct report_key opened(const struct report_wish *wish)
{
    struct report_key k = { 0 };
    struct err e = { 0 };

    CHECK_OK("open", report_key_open(crypto, wish, &arena, &k, &e), e);
    signkey_free(k.key);
    return k;
}

static struct cert parsed(struct span der)
{
    struct cert c = { 0 };
    struct err e = { 0 };

    CHECK_OK("certificate", cert_parse(der, &c, &e), e);
    return c;
}

static void our_own_is_made_once_and_named_like_the_instance(void **state)
{
    struct report_wish wish = wish_of(ISSUER);
    struct report_key first, again;
    struct cert leaf, ca, root;
    struct stat st;

    (void)state;
    begin();
    first = opened(&wish);
    CHECK_INT("chain", first.cert_count, 3);
    leaf = parsed(first.certs[0]);
    ca = parsed(first.certs[1]);
    root = parsed(first.certs[2]);
    CHECK_TEXT("issuer", leaf.issuer_cn, ISSUER);
    CHECK_TEXT("subject", leaf.subject_cn, ISSUER " reports");
    CHECK("uses", !leaf.is_ca && ca.is_ca && root.is_ca);
    CHECK_INT("kid", first.kid.n, 27); /* 20 bytes in base64url */
    CHECK("private", stat(path_of("report.pem"), &st) == 0 && (st.st_mode & 0777) == 0600);
    again = opened(&wish);
    CHECK_SPAN("same leaf", again.certs[0], first.certs[0]);
    end();
}

static void another_issuer_gets_another_certificate_for_the_same_key(void **state)
{
    struct report_wish wish = wish_of(ISSUER), other = wish_of("https://other.example");
    struct report_key first, second;

    (void)state;
    begin();
    first = opened(&wish);
    second = opened(&other);
    CHECK_TEXT("issuer", parsed(second.certs[0]).issuer_cn, "https://other.example");
    CHECK_SPAN("same key", parsed(second.certs[0]).spki, parsed(first.certs[0]).spki);
    CHECK_SPAN("same root", parsed(second.certs[2]).spki, parsed(first.certs[2]).spki);
    CHECK("another name", !span_equal(second.kid, first.kid));
    end();
}

static void a_broken_file_of_certificates_is_replaced(void **state)
{
    struct report_wish wish = wish_of(ISSUER);
    struct span junk = span_str("no certificate");
    FILE *f;

    (void)state;
    begin();
    opened(&wish);
    f = fopen(path_of("report.crt"), "w");
    CHECK("file", f && fwrite(junk.p, 1, junk.n, f) == junk.n && fclose(f) == 0);
    CHECK_INT("made anew", opened(&wish).cert_count, 3);
    end();
}

/* The operator's own key, with a certificate over `certified`. */
static void make_given(enum signkey_kind kind, const char *certified)
{
    struct cert_wish wish = { .common_name = "reports", .serial = 1, .not_after = 4102444800 };
    struct err e = { 0 };
    struct span der = { 0 };
    struct signkey *k;

    CHECK_OK("key", key_file_make(crypto, path_of("own.pem"), kind, &e), e);
    k = key_file_read(crypto, path_of(certified), &e);
    CHECK_OK("read", k != NULL, e);
    CHECK_OK("cert", cert_make(crypto, &wish, k, (struct span){ 0 }, k, &arena, &der, &e), e);
    CHECK_OK("file", cert_file_write(path_of("own.crt"), &der, 1, &arena, &e), e);
    signkey_free(k);
}

static void what_an_operator_brings_must_fit_together(void **state)
{
    static char key[128], chain[128];
    struct report_wish own = wish_of(ISSUER), wish = own;
    struct report_key k;
    struct err e = { 0 };

    (void)state;
    begin();
    opened(&own);
    snprintf(key, sizeof key, "%s", path_of("own.pem"));
    snprintf(chain, sizeof chain, "%s", path_of("own.crt"));
    wish.key_file = key;
    CHECK("no chain", !report_key_open(crypto, &wish, &arena, &k, &e));
    CHECK_ERR("no chain", e, ERR_MISSING, "chain");
    wish.chain_file = chain;

    make_given(SIGNKEY_RSA2048, "own.pem");
    CHECK_INT("good", opened(&wish).cert_count, 1);

    err_clear(&e);
    make_given(SIGNKEY_RSA2048, "report.pem");
    CHECK("another key's", !report_key_open(crypto, &wish, &arena, &k, &e));
    CHECK_INT("another key's", e.code, ERR_MALFORMED);

    err_clear(&e);
    make_given(SIGNKEY_P256, "own.pem");
    CHECK("EC", !report_key_open(crypto, &wish, &arena, &k, &e));
    CHECK_INT("EC", e.code, ERR_UNSUPPORTED);

    err_clear(&e);
    make_given(SIGNKEY_RSA2048, "own.pem");
    CHECK("chmod", chmod(key, 0644) == 0);
    CHECK("readable by others", !report_key_open(crypto, &wish, &arena, &k, &e));
    CHECK_INT("readable by others", e.code, ERR_UNTRUSTED);
    end();
}

static void a_chain_leads_from_one_to_the_next(void **state)
{
    static char key[128], chain[128];
    struct report_wish own = wish_of(ISSUER), wish = own;
    struct span certs[3], swapped[3];
    struct report_key made, k;
    struct err e = { 0 };

    (void)state;
    begin();
    made = opened(&own);
    memcpy(certs, made.certs, sizeof certs);
    swapped[0] = certs[0];
    swapped[1] = certs[2];
    swapped[2] = certs[1];
    snprintf(key, sizeof key, "%s", path_of("report.pem"));
    snprintf(chain, sizeof chain, "%s", path_of("own.crt"));
    wish.key_file = key;
    wish.chain_file = chain;
    CHECK_OK("write", cert_file_write(chain, certs, 3, &arena, &e), e);
    CHECK_INT("whole", opened(&wish).cert_count, 3);
    CHECK_OK("write", cert_file_write(chain, swapped, 3, &arena, &e), e);
    CHECK("swapped", !report_key_open(crypto, &wish, &arena, &k, &e));
    CHECK_INT("swapped", e.code, ERR_UNTRUSTED);
    end();
}

TEST_MAIN(our_own_is_made_once_and_named_like_the_instance,
          another_issuer_gets_another_certificate_for_the_same_key,
          a_broken_file_of_certificates_is_replaced, what_an_operator_brings_must_fit_together,
          a_chain_leads_from_one_to_the_next)
