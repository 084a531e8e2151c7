#include "signkey.h"

#include "../../tests/check.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

static struct crypto *c;
static struct arena a;

static const struct {
    const char *name;
    enum signkey_kind kind;
    enum pubkey_type type;
    size_t bits;
    enum sig_alg first, last;
    size_t signature;
} kinds[] = {
    { "RSA-2048", SIGNKEY_RSA2048, PUBKEY_RSA, 2048, SIG_RS256, SIG_PS512, 256 },
    { "RSA-3072", SIGNKEY_RSA3072, PUBKEY_RSA, 3072, SIG_RS256, SIG_PS512, 384 },
    { "P-256", SIGNKEY_P256, PUBKEY_P256, 256, SIG_ES256, SIG_ES256, 64 },
    { "P-384", SIGNKEY_P384, PUBKEY_P384, 384, SIG_ES384, SIG_ES384, 96 },
};

static struct signkey *made[COUNT(kinds)]; /* making RSA keys takes long: once for all tests */

static struct pubkey *public_of(const char *row, const struct signkey *k)
{
    struct err e = { 0 };
    struct span spki = { 0 };
    struct pubkey *pub;

    CHECK_OK(row, signkey_spki(k, &a, &spki, &e), e);
    pub = pubkey_new_spki(c, spki, &e);
    CHECK_OK(row, pub, e);
    return pub;
}

/* Signs three times with the kept context: the third signature must be as good as the first. */
static void check_round(const char *row, size_t i, struct pubkey *pub, enum sig_alg alg)
{
    for (int round = 0; round < 3; round++) {
        struct err e = { 0 };
        char text[32];
        uint8_t signature[512];
        size_t n = 0;

        snprintf(text, sizeof text, "message %d", round);
        CHECK_OK(row,
                 signkey_sign(c, made[i], alg, span_str(text), signature, sizeof signature, &n, &e),
                 e);
        CHECK_INT(row, n, kinds[i].signature);
        CHECK_OK(row, pubkey_verify(c, pub, alg, span_str(text), span_of(signature, n), &e), e);
        CHECK(row, !pubkey_verify(c, pub, alg, span_str("else"), span_of(signature, n), &e));
        CHECK_ERR(row, e, ERR_UNTRUSTED, "");
        err_clear(&e);
        CHECK(row, !pubkey_verify(c, pub, alg, span_str(text), span_of(signature, n - 1), &e));
        CHECK_ERR(row, e, ERR_UNTRUSTED, "");
        signature[n / 2] ^= 1;
        CHECK(row, !pubkey_verify(c, pub, alg, span_str(text), span_of(signature, n), NULL));
    }
}

static void each_key_signs_what_its_public_key_verifies(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct pubkey *pub = public_of(kinds[i].name, made[i]);

        CHECK_INT(kinds[i].name, signkey_type(made[i]), kinds[i].type);
        CHECK_INT(kinds[i].name, signkey_bits(made[i]), kinds[i].bits);
        CHECK_INT(kinds[i].name, pubkey_bits(pub), kinds[i].bits);
        for (enum sig_alg alg = kinds[i].first; alg <= kinds[i].last; alg++)
            check_round(sig_alg_name(alg), i, pub, alg);
        pubkey_free(pub);
    }
}

static void no_signature_holds_under_another_algorithm_or_key(void **state)
{
    struct pubkey *pub = public_of("RSA", made[0]), *other = public_of("other RSA", made[1]);

    (void)state;
    for (enum sig_alg alg = SIG_RS256; alg <= SIG_PS512; alg++) {
        uint8_t signature[512];
        size_t n = 0;
        struct err e = { 0 };

        CHECK_OK("sign", signkey_sign(c, made[0], alg, span_str("m"), signature, 512, &n, &e), e);
        for (enum sig_alg asked = SIG_RS256; asked <= SIG_PS512; asked++)
            CHECK_INT(sig_alg_name(asked),
                      pubkey_verify(c, pub, asked, span_str("m"), span_of(signature, n), NULL),
                      asked == alg);
        CHECK("other key",
              !pubkey_verify(c, other, alg, span_str("m"), span_of(signature, n), NULL));
    }
    pubkey_free(pub);
    pubkey_free(other);
}

/* Signs "m" with PSS, SHA-256 and a salt of that length, as OpenSSL's own caller would. */
static struct span pss_signature(EVP_PKEY *key, int salt, uint8_t out[256])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx = NULL;
    size_t n = 256;

    assert_int_equal(EVP_DigestSignInit(ctx, &pctx, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, salt), 1);
    assert_int_equal(EVP_DigestSign(ctx, out, &n, (const unsigned char *)"m", 1), 1);
    EVP_MD_CTX_free(ctx);
    return span_of(out, n);
}

static void a_pss_salt_is_as_long_as_the_digest(void **state)
{
    static const int salts[] = { 0, 20, 31, 32, 33, 64, 222 };
    EVP_PKEY *key = EVP_RSA_gen(2048);
    unsigned char *der = NULL;
    int n = i2d_PUBKEY(key, &der);
    struct err e = { 0 };
    struct pubkey *pub = pubkey_new_spki(c, span_of(der, n > 0 ? (size_t)n : 0), &e);

    (void)state;
    CHECK_OK("key", pub, e);
    for (size_t i = 0; i < COUNT(salts); i++) {
        uint8_t signature[256];
        char row[32];

        snprintf(row, sizeof row, "salt of %d", salts[i]);
        CHECK_INT(row,
                  pubkey_verify(c, pub, SIG_PS256, span_str("m"),
                                pss_signature(key, salts[i], signature), NULL),
                  salts[i] == 32);
    }
    pubkey_free(pub);
    OPENSSL_free(der);
    EVP_PKEY_free(key);
}

static void signing_refuses_what_cannot_be(void **state)
{
    uint8_t out[512];
    size_t n = 7;
    struct err e = { 0 };

    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++)
        for (enum sig_alg alg = SIG_RS256; alg <= SIG_ES384; alg++) {
            if (alg >= kinds[i].first && alg <= kinds[i].last)
                continue;
            err_clear(&e);
            CHECK(kinds[i].name,
                  !signkey_sign(c, made[i], alg, span_str("m"), out, sizeof out, &n, &e));
            CHECK_ERR(kinds[i].name, e, ERR_UNSUPPORTED, "");
        }
    for (size_t i = 0; i < COUNT(kinds); i++) {
        err_clear(&e);
        CHECK(kinds[i].name, !signkey_sign(c, made[i], kinds[i].first, span_str("m"), out,
                                           kinds[i].signature - 1, &n, &e));
        CHECK_ERR(kinds[i].name, e, ERR_LIMIT, "");
    }
    CHECK_INT("left alone", n, 7);
}

static void a_hash_of_another_size_is_not_signed(void **state)
{
    uint8_t hash[SHA512_SIZE] = { 0 }, out[512];

    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct err e = { 0 };
        size_t n = 7, right = 0;

        CHECK_OK(kinds[i].name, sig_hash(c, kinds[i].first, span_str("m"), hash, &right, &e), e);
        for (size_t size = 0; size <= sizeof hash; size++) {
            bool is_signed =
                signkey_sign_hash(made[i], kinds[i].first, span_of(hash, size), out, 512, &n, &e);

            CHECK(kinds[i].name, is_signed == (size == right));
            CHECK(kinds[i].name, is_signed || e.code == ERR_MALFORMED);
            err_clear(&e);
        }
    }
}

static struct span secret_span(const struct secret *s)
{
    return span_of(s->p, s->n);
}

static void a_key_written_and_read_again_is_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        const char *row = kinds[i].name;
        struct err e = { 0 };
        struct secret text = { 0 }, again = { 0 };
        struct signkey *k;
        struct pubkey *pub = public_of(row, made[i]);
        uint8_t signature[512];
        size_t n = 0;

        CHECK_OK(row, signkey_write_pem(made[i], &text, &e), e);
        CHECK(row, span_starts(secret_span(&text), span_str("-----BEGIN PRIVATE KEY-----\n")));
        CHECK_INT(row, text.p[text.n - 1], '\n');
        k = signkey_read_pem(c, secret_span(&text), &e);
        CHECK_OK(row, k, e);
        CHECK_INT(row, signkey_type(k), kinds[i].type);
        CHECK_OK(row, signkey_write_pem(k, &again, &e), e);
        CHECK_SPAN(row, secret_span(&again), secret_span(&text));
        CHECK_OK(row, signkey_sign(c, k, kinds[i].first, span_str("m"), signature, 512, &n, &e), e);
        CHECK_OK(row,
                 pubkey_verify(c, pub, kinds[i].first, span_str("m"), span_of(signature, n), &e),
                 e);
        pubkey_free(pub);
        signkey_free(k);
        secret_free(&text);
        secret_free(&again);
    }
}

static void check_read(const char *row, struct span pem, enum err_code code)
{
    struct err e = { 0 };
    struct signkey *k = signkey_read_pem(c, pem, &e);

    CHECK_INT(row, k != NULL, code == ERR_NONE);
    CHECK_INT(row, e.code, code);
    CHECK_INT(row, ERR_peek_error(), 0);
    signkey_free(k);
}

static void check_pkey(const char *row, EVP_PKEY *key, const EVP_CIPHER *cipher, bool is_old,
                       enum err_code code)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *p = NULL;
    long n;

    assert_non_null(key);
    if (is_old)
        assert_int_equal(PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL),
                         1);
    else
        assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, cipher, cipher ? "pass" : NULL,
                                                       cipher ? 4 : 0, NULL, NULL),
                         1);
    n = BIO_get_mem_data(bio, &p);
    check_read(row, span_of(p, (size_t)n), code);
    BIO_free(bio);
    EVP_PKEY_free(key);
}

static EVP_PKEY *explicit_p256(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");

    EVP_PKEY_set_utf8_string_param(key, "encoding", "explicit");
    return key;
}

static void km_05_only_keys_we_use_are_read(void **state)
{
    (void)state;
    check_pkey("P-256, traditional", EVP_EC_gen("P-256"), NULL, true, ERR_NONE);
    check_pkey("RSA-2048, traditional", EVP_RSA_gen(2048), NULL, true, ERR_NONE);
    check_pkey("encrypted", EVP_EC_gen("P-256"), EVP_aes_128_cbc(), false, ERR_MALFORMED);
    check_pkey("RSA-1024", EVP_RSA_gen(1024), NULL, false, ERR_UNSUPPORTED);
    check_pkey("P-521", EVP_EC_gen("P-521"), NULL, false, ERR_UNSUPPORTED);
    check_pkey("secp256k1", EVP_EC_gen("secp256k1"), NULL, false, ERR_UNSUPPORTED);
    check_pkey("explicit parameters", explicit_p256(), NULL, false, ERR_UNSUPPORTED);
    check_pkey("Ed25519", EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), NULL, false, ERR_UNSUPPORTED);
    check_read("empty", (struct span){ 0 }, ERR_MALFORMED);
    check_read("text", span_str("hello"), ERR_MALFORMED);
    check_read("no key inside",
               span_str("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
               ERR_MALFORMED);
}

/* The public point inside the private key is exchanged for that of another key. */
static void a_key_that_does_not_hold_together_is_untrusted(void **state)
{
    struct err e = { 0 };
    struct span mine = { 0 }, theirs = { 0 };
    struct signkey *other = signkey_new(c, SIGNKEY_P256, &e);
    struct secret text = { 0 };
    EVP_PKEY *key;
    unsigned char *der = NULL;
    uint8_t *at;
    int n;

    (void)state;
    CHECK_OK("new", other, e);
    CHECK_OK("mine", signkey_spki(made[2], &a, &mine, &e), e);
    CHECK_OK("theirs", signkey_spki(other, &a, &theirs, &e), e);
    CHECK_OK("write", signkey_write_pem(made[2], &text, &e), e);
    {
        BIO *bio = BIO_new_mem_buf(text.p, (int)text.n);

        key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
        BIO_free(bio);
    }
    n = i2d_PrivateKey(key, &der);
    assert_true(n > 0);
    at = memmem(der, (size_t)n, mine.p + mine.n - 64, 64);
    assert_non_null(at);
    memcpy(at, theirs.p + theirs.n - 64, 64);
    {
        BIO *bio = BIO_new(BIO_s_mem());
        char *p = NULL;

        PEM_write_bio(bio, "EC PRIVATE KEY", "", der, n);
        n = (int)BIO_get_mem_data(bio, &p);
        check_read("other point", span_of(p, (size_t)n), ERR_UNTRUSTED);
        BIO_free(bio);
    }
    OPENSSL_free(der);
    EVP_PKEY_free(key);
    secret_free(&text);
    signkey_free(other);
}

static void signkey_spki_reports_no_memory(void **state)
{
    struct err e = { 0 };
    struct span out = { 0 };

    (void)state;
    a.fail_at = 1;
    CHECK("no memory", !signkey_spki(made[2], &a, &out, &e));
    CHECK_ERR("no memory", e, ERR_MEMORY, "");
    CHECK_INT("left alone", out.n, 0);
}

static void a_secret_is_zero_at_first_and_may_be_freed_twice(void **state)
{
    static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 100000 };

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct secret s = { 0 };
        struct err e = { 0 };

        CHECK_OK("new", secret_new(sizes[i], &s, &e), e);
        CHECK_INT("size", s.n, sizes[i]);
        CHECK("room behind", s.mapped > s.n);
        CHECK("zero", span_is_zero(span_of(s.p, s.mapped)));
        memset(s.p, 0xa5, s.n);
        secret_free(&s);
        CHECK("gone", !s.p && s.n == 0 && s.mapped == 0);
        secret_free(&s);
    }
}

static void a_secret_too_large_is_an_ordinary_refusal(void **state)
{
    static const size_t sizes[] = { SIZE_MAX, SIZE_MAX - 4096, SIZE_MAX / 2 };

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct secret s = { 0 };
        struct err e = { 0 };

        CHECK("large", !secret_new(sizes[i], &s, &e));
        CHECK_ERR("large", e, ERR_MEMORY, "");
        CHECK("left alone", !s.p);
    }
}

static int set_up(void **state)
{
    struct err e = { 0 };

    (void)state;
    a = arena_over(1 << 20);
    c = crypto_new(&e);
    for (size_t i = 0; c && i < COUNT(kinds); i++) {
        made[i] = signkey_new(c, kinds[i].kind, &e);
        if (!made[i])
            return -1;
    }
    return c ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++)
        signkey_free(made[i]);
    signkey_free(NULL);
    arena_fini(&a);
    crypto_free(c);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST_EACH(
        each_key_signs_what_its_public_key_verifies,
        no_signature_holds_under_another_algorithm_or_key, a_pss_salt_is_as_long_as_the_digest,
        signing_refuses_what_cannot_be, a_hash_of_another_size_is_not_signed,
        a_key_written_and_read_again_is_the_same, km_05_only_keys_we_use_are_read,
        a_key_that_does_not_hold_together_is_untrusted, signkey_spki_reports_no_memory,
        a_secret_is_zero_at_first_and_may_be_freed_twice,
        a_secret_too_large_is_an_ordinary_refusal) };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(TEST_NAME, tests, set_up, tear_down);
}
