#include "../../tests/check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../crypto/cert.h"
#include "../host/file.h"
#include "keyring.h"

enum { NOW = 1700000000 };

#define ISSUER "https://localhost:8443"

static struct crypto *crypto;
static char root[64];

static struct keyring_wish wish(enum sig_alg alg)
{
    static char dir[80];

    snprintf(dir, sizeof dir, "%s/keys", root);
    return (struct keyring_wish){
        .dir = dir, .issuer = ISSUER, .alg = alg, .rsa_bits = 2048, .now = NOW
    };
}

static void start(void)
{
    struct err e = { 0 };

    snprintf(root, sizeof root, "/tmp/cupel-keyring-XXXXXX");
    CHECK("directory", mkdtemp(root) != NULL);
    crypto = crypto_new(&e);
    CHECK_OK("crypto", crypto != NULL, e);
}

static void end(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", root);
    CHECK_INT("clean", system(command), 0);
    crypto_free(crypto);
}

static unsigned mode_of(const char *name)
{
    char path[128];
    struct stat st;

    snprintf(path, sizeof path, "%s/%s", root, name);
    CHECK(name, stat(path, &st) == 0);
    return (unsigned)st.st_mode & 0777;
}

static struct keyring *open_ring(const struct keyring_wish *w)
{
    struct err e = { 0 };
    struct keyring *k = keyring_new(crypto, w, &e);

    CHECK_OK("open", k != NULL, e);
    return k;
}

static const struct keyring_key *only_key(const struct keyring *k)
{
    size_t count;
    const struct keyring_key *keys = keyring_keys(k, &count);

    CHECK_INT("keys", count, 1);
    return keys;
}

static void key_files_are_for_the_owner_alone(void **state)
{
    struct keyring_wish w;
    (void)state;

    start();
    w = wish(SIG_ES256);
    umask(0);
    keyring_free(open_ring(&w));
    umask(022);
    CHECK_INT("directory", mode_of("keys"), 0700);
    CHECK_INT("key", mode_of("keys/key-1.pem"), 0600);
    CHECK_INT("list", mode_of("keys/keys.json"), 0600);
    end();
}

static void key_and_certificate_stay_the_same_over_restarts(void **state)
{
    uint8_t cert[4096], kid[128];
    const struct keyring_key *key;
    struct keyring_wish w;
    struct keyring *k;
    size_t cert_n, kid_n;
    (void)state;

    start();
    w = wish(SIG_ES256);
    k = open_ring(&w);
    key = only_key(k);
    cert_n = key->cert.n;
    kid_n = key->kid.n;
    CHECK("room", cert_n <= sizeof cert && kid_n <= sizeof kid);
    memcpy(cert, key->cert.p, cert_n);
    memcpy(kid, key->kid.p, kid_n);
    keyring_free(k);
    k = open_ring(&w);
    CHECK_SPAN("kid", only_key(k)->kid, span_of(kid, kid_n));
    CHECK_SPAN("certificate", only_key(k)->cert, span_of(cert, cert_n));
    keyring_free(k);
    end();
}

static void certificate_says_what_the_contract_says(void **state)
{
    struct keyring_wish w;
    struct keyring *k;
    struct cert c;
    struct err e = { 0 };
    (void)state;

    start();
    w = wish(SIG_RS256);
    k = open_ring(&w);
    CHECK_OK("certificate", cert_parse(only_key(k)->cert, &c, &e), e);
    CHECK_TEXT("subject", c.subject_cn, ISSUER);
    CHECK_SPAN("issuer", c.issuer, c.subject);
    CHECK("serial", c.serial.n == 1 && c.serial.p[0] == 1);
    CHECK_INT("not before", c.not_before, 1556668800);
    CHECK_INT("not after", c.not_after, 2556143999);
    CHECK_INT("signature", c.sig_alg, SIG_RS256);
    CHECK("not a CA", c.has_basic_constraints && !c.is_ca);
    CHECK("key identifiers", c.subject_key_id.n > 0);
    CHECK_SPAN("key identifiers", c.authority_key_id, c.subject_key_id);
    CHECK_INT("kid", only_key(k)->kid.n, 44);
    keyring_free(k);
    end();
}

static void another_issuer_gets_a_certificate_around_the_same_key(void **state)
{
    struct keyring_wish w;
    uint8_t kid[128];
    struct keyring *k;
    struct cert c;
    struct err e = { 0 };
    size_t n;
    (void)state;

    start();
    w = wish(SIG_ES256);
    k = open_ring(&w);
    n = only_key(k)->kid.n;
    memcpy(kid, only_key(k)->kid.p, n);
    keyring_free(k);
    w.issuer = "https://other.example";
    k = open_ring(&w);
    CHECK_OK("certificate", cert_parse(only_key(k)->cert, &c, &e), e);
    CHECK_TEXT("subject", c.subject_cn, "https://other.example");
    CHECK_SPAN("kid", only_key(k)->kid, span_of(kid, n));
    keyring_free(k);
    end();
}

static void each_algorithm_signs_what_its_certificate_verifies(void **state)
{
    static const struct {
        const char *name;
        enum sig_alg alg;
        size_t signature;
    } rows[] = { { "RS256", SIG_RS256, 256 },
                 { "PS256", SIG_PS256, 256 },
                 { "ES256", SIG_ES256, 64 },
                 { "ES384", SIG_ES384, 96 } };
    const struct span message = span_str("header.payload");
    uint8_t signature[1024];
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct keyring_wish w;
        struct pubkey *key;
        struct keyring *k;
        uint8_t bytes[SHA512_SIZE];
        struct span hash;
        struct cert c;
        struct err e = { 0 };
        size_t n = 0;

        start();
        w = wish(rows[i].alg);
        k = open_ring(&w);
        CHECK_OK(rows[i].name, cert_parse(only_key(k)->cert, &c, &e), e);
        key = pubkey_new_spki(crypto, c.spki, &e);
        CHECK_OK(rows[i].name, key != NULL, e);
        CHECK_OK(rows[i].name, sig_hash(crypto, rows[i].alg, message, bytes, &n, &e), e);
        hash = span_of(bytes, n);
        CHECK_OK(rows[i].name, keyring_sign(k, 0, hash, signature, sizeof signature, &n, &e), e);
        CHECK_INT(rows[i].name, n, rows[i].signature);
        CHECK_OK(rows[i].name,
                 pubkey_verify(crypto, key, rows[i].alg, message, span_of(signature, n), &e), e);
        CHECK(rows[i].name, !keyring_sign(k, 1, hash, signature, sizeof signature, &n, &e));
        CHECK_INT(rows[i].name, e.code, ERR_MISSING);
        err_clear(&e);
        hash.n--;
        CHECK(rows[i].name, !keyring_sign(k, 0, hash, signature, sizeof signature, &n, &e));
        CHECK_INT(rows[i].name, e.code, ERR_MALFORMED);
        pubkey_free(key);
        keyring_free(k);
        end();
    }
}

static void retired_key_stays_published_behind_the_active_one(void **state)
{
    const struct keyring_key *keys;
    struct keyring_wish w;
    struct keyring *k;
    char path[128];
    size_t count;
    (void)state;

    start();
    w = wish(SIG_ES256);
    keyring_free(open_ring(&w));
    w = wish(SIG_ES384);
    k = open_ring(&w);
    keys = keyring_keys(k, &count);
    CHECK_INT("count", count, 2);
    CHECK("first", keys[0].is_active && keys[0].alg == SIG_ES384);
    CHECK("second", !keys[1].is_active && keys[1].alg == SIG_ES256);
    keyring_free(k);
    w.now = NOW + KEYRING_RETIRED_SECONDS + 1;
    k = open_ring(&w);
    keyring_keys(k, &count);
    CHECK_INT("over", count, 1);
    keyring_free(k);
    snprintf(path, sizeof path, "%s/keys/key-1.pem", root);
    CHECK("its file is gone", access(path, F_OK) != 0);
    end();
}

static void put(const char *name, const char *text, unsigned mode)
{
    char path[128];
    struct err e = { 0 };

    snprintf(path, sizeof path, "%s/%s", root, name);
    CHECK_OK(name, file_replace(path, span_str(text), mode, &e), e);
}

static void open_refuses(const char *row, enum err_code code)
{
    struct keyring_wish w = wish(SIG_ES256);
    struct err e = { 0 };

    CHECK(row, !keyring_new(crypto, &w, &e));
    CHECK_INT(row, e.code, code);
    CHECK(row, strncmp(e.path, "keys", 4) == 0);
}

static void damaged_directories_are_refused_not_replaced(void **state)
{
    char path[128];
    struct keyring_wish w;
    (void)state;

    start();
    w = wish(SIG_ES256);
    keyring_free(open_ring(&w));
    snprintf(path, sizeof path, "%s/keys/key-1.pem", root);
    CHECK("mode", chmod(path, 0640) == 0);
    open_refuses("key readable by others", ERR_UNTRUSTED);
    put("keys/key-1.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", 0600);
    open_refuses("key that is none", ERR_MALFORMED);
    put("keys/key-1.pem", "", 0600);
    open_refuses("empty key", ERR_MALFORMED);
    CHECK("remove", unlink(path) == 0);
    open_refuses("key that is not there", ERR_IO);
    put("keys/keys.json", "{", 0600);
    open_refuses("list that is no JSON", ERR_MALFORMED);
    end();
}

static void damaged_certificate_is_made_again(void **state)
{
    struct keyring_wish w;
    struct keyring *k;
    struct cert c;
    struct err e = { 0 };
    (void)state;

    start();
    w = wish(SIG_ES256);
    keyring_free(open_ring(&w));
    put("keys/key-1.crt", "not a certificate", 0644);
    k = open_ring(&w);
    CHECK_OK("certificate", cert_parse(only_key(k)->cert, &c, &e), e);
    keyring_free(k);
    end();
}

TEST_MAIN(key_files_are_for_the_owner_alone, key_and_certificate_stay_the_same_over_restarts,
          certificate_says_what_the_contract_says,
          another_issuer_gets_a_certificate_around_the_same_key,
          each_algorithm_signs_what_its_certificate_verifies,
          retired_key_stays_published_behind_the_active_one,
          damaged_directories_are_refused_not_replaced, damaged_certificate_is_made_again)
