#include "crypto.h"
#include "signkey.h"
#include "spki.h"

#include "../../tests/check.h"
#include "../base/hex.h"

/* RFC 6979, A.2.5 and A.2.6: keys and signatures over "sample" that other people computed. */
#define P256_ALG "301306072a8648ce3d020106082a8648ce3d030107"
#define P384_ALG "301006072a8648ce3d020106052b81040022"
#define RSA_ALG  "300d06092a864886f70d0101010500"
#define P256_X   "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
#define P256_Y   "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
#define P256_KEY "3059" P256_ALG "03420004" P256_X P256_Y
#define P384_X                                                                                     \
    "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480" \
    "bc13"
#define P384_Y                                                                                     \
    "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd253326" \
    "4720"
#define P384_KEY "3076" P384_ALG "03620004" P384_X P384_Y
#define P256_R   "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
#define P256_S   "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
#define P384_R                                                                                     \
    "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fa" \
    "be46"
#define P384_S                                                                                     \
    "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a3862" \
    "8ac8"

static struct crypto *c;
static struct arena a;

static struct span unhex(const char *text)
{
    struct err e = { 0 };
    struct span out = { 0 };

    if (!hex_read_dup(&a, span_str(text), &out, &e))
        fail_msg("\"%s\" is no hex: %s", text, e.text);
    return out;
}

/* The bytes exactly on the heap, so that a sanitizer sees a read past them. */
static struct pubkey *key_of(struct span spki, struct err *e)
{
    uint8_t *copy = check_exact(spki);
    struct pubkey *k = pubkey_new_spki(c, span_of(copy, spki.n), e);

    free(copy);
    return k;
}

static void the_published_signatures_hold(void **state)
{
    static const struct {
        const char *name, *spki, *signature;
        enum sig_alg alg;
        enum pubkey_type type;
        size_t bits;
    } rows[] = {
        { "P-256", P256_KEY, P256_R P256_S, SIG_ES256, PUBKEY_P256, 256 },
        { "P-384", P384_KEY, P384_R P384_S, SIG_ES384, PUBKEY_P384, 384 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = { 0 };
        struct span signature = unhex(rows[i].signature);
        struct pubkey *k = key_of(unhex(rows[i].spki), &e);

        CHECK_OK(rows[i].name, k, e);
        CHECK_INT(rows[i].name, pubkey_type(k), rows[i].type);
        CHECK_INT(rows[i].name, pubkey_bits(k), rows[i].bits);
        CHECK_OK(rows[i].name, pubkey_verify(c, k, rows[i].alg, span_str("sample"), signature, &e),
                 e);
        CHECK(rows[i].name, !pubkey_verify(c, k, rows[i].alg, span_str("other"), signature, &e));
        CHECK_ERR(rows[i].name, e, ERR_UNTRUSTED, "");
        pubkey_free(k);
    }
}

#define P384_N                                                                                     \
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc5" \
    "2973"
#define P384_ZERO                                                                                  \
    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000" \
    "0000"

static void km_44_es384_refuses_values_outside_the_range(void **state)
{
    static const struct {
        const char *name, *signature;
    } rows[] = {
        { "r is 0", P384_ZERO P384_S },
        { "s is 0", P384_R P384_ZERO },
        { "r is n", P384_N P384_S },
        { "s is n", P384_R P384_N },
        { "exchanged", P384_S P384_R },
        { "of P-256", P256_R P256_S },
        { "72 bytes a number, little-endian",
          "46befa801edd366ef9ac442e1548a6813c13ad95eac4643da79fce660614883f6b9191c6566e73d4aab8eca5"
          "92bbed94000000000000000000000000000000000000000000000000"
          "c88a62381ac7827b9e676e7845c129a34fa9a3d051633b20264562190a740e138f130326db40fea1ce78f115"
          "eb4aef99000000000000000000000000000000000000000000000000" },
        { "empty", "" },
    };
    struct err e = { 0 };
    struct pubkey *k = key_of(unhex(P384_KEY), &e);

    (void)state;
    CHECK_OK("key", k, e);
    for (size_t i = 0; i < COUNT(rows); i++) {
        err_clear(&e);
        CHECK(rows[i].name,
              !pubkey_verify(c, k, SIG_ES384, span_str("sample"), unhex(rows[i].signature), &e));
        CHECK_ERR(rows[i].name, e, ERR_UNTRUSTED, "");
    }
    pubkey_free(k);
}

static void a_signature_in_der_is_strict(void **state)
{
    static const struct {
        const char *name, *der;
        enum err_code code;
    } rows[] = {
        { "true", "3046022100" P256_R "022100" P256_S, ERR_NONE },
        { "no sign octet", "30440220" P256_R "0220" P256_S, ERR_UNTRUSTED },
        { "one zero too many", "304702220000" P256_R "022100" P256_S, ERR_UNTRUSTED },
        { "long form of length", "308146022100" P256_R "022100" P256_S, ERR_UNTRUSTED },
        { "indefinite length", "3080022100" P256_R "022100" P256_S "0000", ERR_UNTRUSTED },
        { "byte behind", "3046022100" P256_R "022100" P256_S "00", ERR_UNTRUSTED },
        { "third number", "3049022100" P256_R "022100" P256_S "020101", ERR_UNTRUSTED },
        { "number missing", "3023022100" P256_R, ERR_UNTRUSTED },
        { "number of 33 bytes", "304702220100" P256_R "022100" P256_S, ERR_UNTRUSTED },
        { "raw", P256_R P256_S, ERR_UNTRUSTED },
        { "zeros", "3006020100020100", ERR_UNTRUSTED },
        { "ones", "3006020101020101", ERR_UNTRUSTED },
        { "empty sequence", "3000", ERR_UNTRUSTED },
        { "nothing", "", ERR_UNTRUSTED },
    };
    struct err e = { 0 };
    struct pubkey *k = key_of(unhex(P256_KEY), &e);

    (void)state;
    CHECK_OK("key", k, e);
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool ok;

        err_clear(&e);
        ok = pubkey_verify_der(c, k, SIG_ES256, span_str("sample"), unhex(rows[i].der), &e);
        CHECK_INT(rows[i].name, ok, rows[i].code == ERR_NONE);
        CHECK_INT(rows[i].name, e.code, rows[i].code);
    }
    pubkey_free(k);
}

static void km_66_an_algorithm_that_does_not_fit_the_key_is_untrusted(void **state)
{
    static const char *const keys[] = { P256_KEY, P384_KEY };

    (void)state;
    for (size_t i = 0; i < COUNT(keys); i++) {
        struct err e = { 0 };
        struct pubkey *k = key_of(unhex(keys[i]), &e);
        enum sig_alg fits = i == 0 ? SIG_ES256 : SIG_ES384;
        uint64_t before = crypto_verifications(c);

        CHECK_OK(keys[i], k, e);
        for (enum sig_alg alg = SIG_RS256; alg <= SIG_ES384; alg++) {
            const char *row = sig_alg_name(alg);

            if (alg == fits)
                continue;
            err_clear(&e);
            CHECK(row, !pubkey_verify(c, k, alg, span_str("sample"), unhex(P256_R P256_S), &e));
            CHECK_ERR(row, e, ERR_UNTRUSTED, "");
            CHECK(row, !pubkey_verify_der(c, k, alg, span_str("sample"),
                                          unhex("3046022100" P256_R "022100" P256_S), NULL));
        }
        CHECK_INT("never asked", crypto_verifications(c), before);
        pubkey_free(k);
    }
}

static void km_05_spki_refusals(void **state)
{
    static const struct {
        const char *name, *spki;
        enum err_code code;
        const char *path;
    } rows[] = {
        { "empty", "", ERR_MALFORMED, "spki" },
        { "point one bit off the curve",
          "3059" P256_ALG "03420004" P256_X
          "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462298",
          ERR_MALFORMED, "" },
        { "infinity", "3018" P256_ALG "03020000", ERR_MALFORMED, "spki.point" },
        { "zero point",
          "3059" P256_ALG "03420004"
          "0000000000000000000000000000000000000000000000000000000000000000"
          "0000000000000000000000000000000000000000000000000000000000000000",
          ERR_MALFORMED, "" },
        { "compressed point", "3039" P256_ALG "03220003" P256_X, ERR_MALFORMED, "spki.point" },
        { "hybrid point", "3059" P256_ALG "03420007" P256_X P256_Y, ERR_MALFORMED, "spki.point" },
        { "point of P-384 under P-256", "3079" P256_ALG "03620004" P384_X P384_Y, ERR_MALFORMED,
          "spki.point" },
        { "unused bits", "3059" P256_ALG "03420104" P256_X P256_Y, ERR_MALFORMED, "spki.point" },
        { "byte behind", P256_KEY "00", ERR_MALFORMED, "" },
        { "byte behind the point", "305b" P256_ALG "03420004" P256_X P256_Y "0500", ERR_MALFORMED,
          "spki" },
        { "explicit curve parameters", "3019300d06072a8648ce3d02013002020103080004aabbccddee00",
          ERR_MALFORMED, "spki.algorithm.named_curve" },
        { "implicit curve", "300f300b06072a8648ce3d0201050003020004", ERR_MALFORMED,
          "spki.algorithm.named_curve" },
        { "no curve", "300f300906072a8648ce3d0201030200040500", ERR_MALFORMED,
          "spki.algorithm.named_curve" },
        { "curve and more",
          "305b301506072a8648ce3d020106082a8648ce3d0301070500"
          "03420004" P256_X P256_Y,
          ERR_MALFORMED, "spki.algorithm" },
        { "secp256k1", "3056301006072a8648ce3d020106052b8104000a03420004" P256_X P256_Y,
          ERR_UNSUPPORTED, "" },
        { "Ed25519", "302a300506032b6570032100" P256_X, ERR_UNSUPPORTED, "" },
        { "RSA without its NULL",
          "3017300b06092a864886f70d010101030800300502010302010"
          "3",
          ERR_MALFORMED, "spki.algorithm.parameters" },
        { "RSA of two bits", "301a" RSA_ALG "0309003006020103020103", ERR_UNSUPPORTED, "" },
        { "RSA that is no sequence", "3013" RSA_ALG "0302000500", ERR_MALFORMED, "spki.rsa" },
        { "RSA with a negative modulus", "301a" RSA_ALG "0309003006020183020103", ERR_MALFORMED,
          "spki.rsa.modulus" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = { 0 };
        struct pubkey *k = key_of(unhex(rows[i].spki), &e);

        CHECK(rows[i].name, !k);
        CHECK_INT(rows[i].name, e.code, rows[i].code);
        CHECK_ERR(rows[i].name, e, rows[i].code, rows[i].path);
    }
}

static struct span rsa_spki(const char *row, size_t bits, bool is_odd, struct span exponent)
{
    struct spki key = { .kind = SPKI_RSA, .exponent = exponent };
    size_t n = (bits + 7) / 8;
    uint8_t *modulus = arena_alloc(&a, n, 1);
    struct span out = { 0 };
    struct err e = { 0 };

    CHECK(row, modulus);
    memset(modulus, 0x5a, n);
    modulus[0] = (uint8_t)(1u << (bits + 7) % 8);
    modulus[n - 1] = is_odd ? 0x5b : 0x5a;
    key.modulus = span_of(modulus, n);
    CHECK_OK(row, spki_write(&key, &a, &out, &e), e);
    return out;
}

static void km_86_rsa_keys_have_bounds(void **state)
{
    static const struct {
        const char *name;
        size_t bits;
        bool is_odd;
        const char *exponent;
        enum err_code code;
    } rows[] = {
        { "2048 bits", 2048, true, "010001", ERR_NONE },
        { "8192 bits", 8192, true, "010001", ERR_NONE },
        { "3072 bits, exponent 3", 3072, true, "03", ERR_NONE },
        { "exponent 2^32 - 1", 2048, true, "ffffffff", ERR_NONE },
        { "512 bits", 512, true, "010001", ERR_UNSUPPORTED },
        { "2047 bits", 2047, true, "010001", ERR_UNSUPPORTED },
        { "8193 bits", 8193, true, "010001", ERR_UNSUPPORTED },
        { "16384 bits", 16384, true, "010001", ERR_UNSUPPORTED },
        { "even modulus", 2048, false, "010001", ERR_MALFORMED },
        { "exponent 1", 2048, true, "01", ERR_UNSUPPORTED },
        { "exponent 2", 2048, true, "02", ERR_UNSUPPORTED },
        { "exponent 65536", 2048, true, "010000", ERR_UNSUPPORTED },
        { "exponent 2^32", 2048, true, "0100000000", ERR_UNSUPPORTED },
        { "exponent 2^32 + 1", 2048, true, "0100000001", ERR_UNSUPPORTED },
        { "exponent of 2048 bits", 2048, true,
          P256_X P256_Y P256_X P256_Y P256_X P256_Y P256_X P256_Y, ERR_UNSUPPORTED },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = { 0 };
        struct pubkey *k = key_of(
            rsa_spki(rows[i].name, rows[i].bits, rows[i].is_odd, unhex(rows[i].exponent)), &e);

        CHECK_INT(rows[i].name, k != NULL, rows[i].code == ERR_NONE);
        CHECK_INT(rows[i].name, e.code, rows[i].code);
        if (k)
            CHECK_INT(rows[i].name, pubkey_bits(k), rows[i].bits);
        pubkey_free(k);
    }
}

static void spki_parse_then_write_gives_the_same_bytes(void **state)
{
    struct span keys[] = { unhex(P256_KEY), unhex(P384_KEY),
                           rsa_spki("RSA", 2048, true, unhex("010001")) };

    (void)state;
    for (size_t i = 0; i < COUNT(keys); i++) {
        struct err e = { 0 };
        struct spki key;
        struct span again = { 0 };

        CHECK_OK("parse", spki_parse(keys[i], &key, &e), e);
        CHECK_OK("write", spki_write(&key, &a, &again, &e), e);
        CHECK_SPAN("same", again, keys[i]);
        for (size_t n = 0; n < keys[i].n; n++) {
            uint8_t *copy = check_exact(span_part(keys[i], 0, n));

            CHECK("truncated", !spki_parse(span_of(copy, n), &key, NULL));
            free(copy);
        }
    }
}

static void spki_write_refuses_what_it_does_not_know(void **state)
{
    struct spki key = { .kind = SPKI_OTHER };
    struct span out = { 0 };
    struct err e = { 0 };

    (void)state;
    CHECK("other", !spki_write(&key, &a, &out, &e));
    CHECK_ERR("other", e, ERR_MALFORMED, "");
    err_clear(&e);
    key = (struct spki){ .kind = SPKI_RSA, .modulus = unhex("c1"), .exponent = unhex("03") };
    a.fail_at = 1;
    CHECK("no memory", !spki_write(&key, &a, &out, &e));
    CHECK_ERR("no memory", e, ERR_MEMORY, "");
    CHECK_INT("left alone", out.n, 0);
}

static int set_up(void **state)
{
    struct err e = { 0 };

    (void)state;
    a = arena_over(1 << 20);
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
        the_published_signatures_hold, km_44_es384_refuses_values_outside_the_range,
        a_signature_in_der_is_strict, km_66_an_algorithm_that_does_not_fit_the_key_is_untrusted,
        km_05_spki_refusals, km_86_rsa_keys_have_bounds, spki_parse_then_write_gives_the_same_bytes,
        spki_write_refuses_what_it_does_not_know) };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(TEST_NAME, tests, set_up, tear_down);
}
