#include "crypto.h"
#include "signkey.h"

#include "../../tests/check.h"
#include "../base/hex.h"
#include "../format/der.h"

/* RFC 6979, A.2.5 and A.2.6: keys and signatures that other people computed. */
#define P256_KEY                                                                                   \
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"                             \
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
#define P256_BASE                                                                                  \
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"                             \
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
#define SAMPLE_R "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
#define SAMPLE_S "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
/* n - s: as good a signature as the other */
#define SAMPLE_N_S "0834e36ad29a83bf2bc9385e491d6099c8fdf9d1ed67aa7ea5f51f93782857a9"
#define ZERO       "0000000000000000000000000000000000000000000000000000000000000000"
#define ONES       "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define N          "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define N_1        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552"

static struct crypto *c;

static struct span unhex(const char *text, uint8_t *out)
{
    struct err e = { 0 };
    size_t n = strlen(text) / 2;

    if (!hex_read(span_str(text), out, n, &e))
        fail_msg("\"%s\" is no hex: %s", text, e.text);
    return span_of(out, n);
}

static void digest_gives_the_published_values(void **state)
{
    static const struct {
        const char *name;
        enum digest_alg alg;
        const char *text;
        const char *want;
    } rows[] = {
        { "SHA-1 of abc", DIGEST_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
        { "SHA-256 of abc", DIGEST_SHA256, "abc",
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { "SHA-256 of nothing", DIGEST_SHA256, "",
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { "SHA-384 of abc", DIGEST_SHA384, "abc",
          "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
          "8086072ba1e7cc2358baeca134c825a7" },
        { "SHA-512 of abc", DIGEST_SHA512, "abc",
          "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
          "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
    };

    (void)state;
    for (size_t round = 0; round < 2; round++)
        for (size_t i = 0; i < COUNT(rows); i++) {
            struct span text = span_str(rows[i].text);
            struct span halves[] = { span_part(text, 0, 1), span_part(text, 1, text.n) };
            uint8_t got[SHA512_SIZE], want[SHA512_SIZE];
            struct err e = { 0 };

            CHECK_OK(rows[i].name, digest(c, rows[i].alg, halves, 2, got, &e), e);
            CHECK_SPAN(rows[i].name, span_of(got, digest_size(rows[i].alg)),
                       unhex(rows[i].want, want));
        }
}

static void random_bytes_differ(void **state)
{
    uint8_t one[32], two[32];
    struct err e = { 0 };

    (void)state;
    CHECK_OK("one", random_bytes(c, one, sizeof one, &e), e);
    CHECK_OK("two", random_bytes(c, two, sizeof two, &e), e);
    assert_memory_not_equal(one, two, sizeof one);
}

static void sig_alg_names_go_both_ways(void **state)
{
    static const char *const others[] = { "",      "none",   "None",  "nOnE",   "HS256",
                                          "rs256", "RS256 ", "ES512", "ES256K", "RSA256" };
    enum sig_alg got = SIG_RS256;

    (void)state;
    for (enum sig_alg alg = SIG_RS256; alg <= SIG_ES384; alg++) {
        const char *name = sig_alg_name(alg);

        CHECK(name, sig_alg_find(span_str(name), &got));
        CHECK_INT(name, got, alg);
    }
    for (size_t i = 0; i < COUNT(others); i++)
        CHECK(others[i], !sig_alg_find(span_str(others[i]), &got));
}

/* Both ways to ask, which must agree. */
static void check_both(const char *row, const char *key, const char *sig, const char *message,
                       enum err_code code)
{
    uint8_t key_bytes[80], sig_bytes[80];
    struct span xy = unhex(key, key_bytes), raw = unhex(sig, sig_bytes);
    struct err e = { 0 };
    struct pubkey *k;
    bool ok = p256_verify(c, xy, span_str(message), raw, &e);

    CHECK_INT(row, ok, code == ERR_NONE);
    CHECK_INT(row, e.code, code);
    err_clear(&e);
    k = pubkey_new_p256(c, xy, &e);
    if (!k) {
        CHECK_INT(row, e.code, ERR_MALFORMED);
        assert_int_not_equal(code, ERR_NONE);
        return;
    }
    ok = pubkey_verify(c, k, SIG_ES256, span_str(message), raw, &e);
    CHECK_INT(row, ok, code == ERR_NONE);
    CHECK_INT(row, e.code, code);
    pubkey_free(k);
}

static void km_44_p256_verify_refuses_values_outside_the_range(void **state)
{
    static const struct {
        const char *name, *signature;
        enum err_code code;
    } rows[] = {
        { "true", SAMPLE_R SAMPLE_S, ERR_NONE },
        { "true with n - s", SAMPLE_R SAMPLE_N_S, ERR_NONE },
        { "r is 0", ZERO SAMPLE_S, ERR_UNTRUSTED },
        { "s is 0", SAMPLE_R ZERO, ERR_UNTRUSTED },
        { "both are 0", ZERO ZERO, ERR_UNTRUSTED },
        { "r is n", N SAMPLE_S, ERR_UNTRUSTED },
        { "s is n", SAMPLE_R N, ERR_UNTRUSTED },
        { "r is n + 1", N_1 SAMPLE_S, ERR_UNTRUSTED },
        { "s is n + 1", SAMPLE_R N_1, ERR_UNTRUSTED },
        { "both are n", N N, ERR_UNTRUSTED },
        { "all ones", ONES ONES, ERR_UNTRUSTED },
        { "r and s exchanged", SAMPLE_S SAMPLE_R, ERR_UNTRUSTED },
        { "empty", "", ERR_UNTRUSTED },
        { "one byte short",
          SAMPLE_R "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acd",
          ERR_UNTRUSTED },
        { "one byte long", SAMPLE_R SAMPLE_S "00", ERR_UNTRUSTED },
        { "half", SAMPLE_R, ERR_UNTRUSTED },
        { "s with a byte in front", SAMPLE_R "00" SAMPLE_S, ERR_UNTRUSTED },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_both(rows[i].name, P256_KEY, rows[i].signature, "sample", rows[i].code);
    check_both("another message", P256_KEY, SAMPLE_R SAMPLE_S, "samplf", ERR_UNTRUSTED);
}

static void km_05_p256_verify_refuses_what_is_no_point(void **state)
{
    static const struct {
        const char *name, *key;
    } rows[] = {
        { "another point", P256_BASE },
        { "all zero", ZERO ZERO },
        { "all ones", ONES ONES },
        { "y one too large", "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                             "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d446229a" },
        { "x and y exchanged", "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
                               "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6" },
        /* x = 5 is on the curve, and so it would be as p + 5 if nobody looked */
        { "x not below p", "ffffffff00000001000000000000000000000001000000000000000000000004"
                           "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc" },
        { "empty", "" },
        { "63 bytes", "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                      "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d44622" },
        { "with its first byte",
          "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
          "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        check_both("before", P256_KEY, SAMPLE_R SAMPLE_S, "sample", ERR_NONE);
        check_both(rows[i].name, rows[i].key, SAMPLE_R SAMPLE_S, "sample", ERR_UNTRUSTED);
    }
    check_both("after", P256_KEY, SAMPLE_R SAMPLE_S, "sample", ERR_NONE);
}

static void p256_is_point_knows_the_curve(void **state)
{
    uint8_t bytes[64];

    (void)state;
    CHECK("key", p256_is_point(c, unhex(P256_KEY, bytes)));
    CHECK("base", p256_is_point(c, unhex(P256_BASE, bytes)));
    CHECK("zero", !p256_is_point(c, unhex(ZERO ZERO, bytes)));
    CHECK("empty", !p256_is_point(c, (struct span){ 0 }));
    CHECK("x = 5, y",
          p256_is_point(c, unhex("0000000000000000000000000000000000000000000000000000000000000005"
                                 "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc",
                                 bytes)));
}

static void each_flipped_bit_of_a_signature_is_noticed(void **state)
{
    uint8_t key[64], sig[64];
    struct span xy = unhex(P256_KEY, key), raw = unhex(SAMPLE_R SAMPLE_S, sig);

    (void)state;
    for (size_t bit = 0; bit < 8 * sizeof sig; bit++) {
        struct err e = { 0 };
        char row[16];

        snprintf(row, sizeof row, "bit %zu", bit);
        sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK(row, !p256_verify(c, xy, span_str("sample"), raw, &e));
        CHECK_ERR(row, e, ERR_UNTRUSTED, "");
        sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void a_signature_in_der_is_read_strictly(void **state)
{
    uint8_t key[64], sig[64], pair[80], whole[80];
    struct span xy = unhex(P256_KEY, key), raw = unhex(SAMPLE_R SAMPLE_S, sig), der;
    struct writer inner = writer_over(pair, sizeof pair), outer = writer_over(whole, sizeof whole);
    struct err e = { 0 };

    (void)state;
    der_write_magnitude(&inner, span_part(raw, 0, 32));
    der_write_magnitude(&inner, span_part(raw, 32, 32));
    der_write(&outer, DER_SEQUENCE, writer_span(&inner));
    der = writer_span(&outer);
    CHECK_OK("as it is", p256_verify_der(c, xy, span_str("sample"), der, &e), e);
    for (size_t bit = 0; bit < 8 * der.n; bit++) {
        whole[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK("a flipped bit", !p256_verify_der(c, xy, span_str("sample"), der, &e));
        err_clear(&e);
        whole[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t n = 0; n < der.n; n++)
        CHECK("cut", !p256_verify_der(c, xy, span_str("sample"), span_part(der, 0, n), &e));
    err_clear(&e);
    CHECK("raw", !p256_verify_der(c, xy, span_str("sample"), raw, &e));
}

static void verifications_are_counted(void **state)
{
    uint64_t before = crypto_verifications(c);

    (void)state;
    check_both("two", P256_KEY, SAMPLE_R SAMPLE_S, "sample", ERR_NONE);
    CHECK_INT("two more", crypto_verifications(c) - before, 2);
    check_both("refused before asking", P256_KEY, ZERO ZERO, "sample", ERR_UNTRUSTED);
    CHECK_INT("none more", crypto_verifications(c) - before, 2);
}

static int set_up(void **state)
{
    struct err e = { 0 };

    (void)state;
    c = crypto_new(&e);
    return c ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    crypto_free(c);
    crypto_free(NULL);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST_EACH(
        digest_gives_the_published_values, random_bytes_differ, sig_alg_names_go_both_ways,
        km_44_p256_verify_refuses_values_outside_the_range,
        km_05_p256_verify_refuses_what_is_no_point, p256_is_point_knows_the_curve,
        each_flipped_bit_of_a_signature_is_noticed, a_signature_in_der_is_read_strictly,
        verifications_are_counted) };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(TEST_NAME, tests, set_up, tear_down);
}
