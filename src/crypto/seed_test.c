#include "seed.h"

#include "../../tests/check.h"

static const struct {
    const char *name;
    enum signkey_kind kind;
    enum digest_alg hash;
} rows[] = {
    { "RSA-2048", SIGNKEY_RSA2048, DIGEST_SHA256 },
    { "P-256", SIGNKEY_P256, DIGEST_SHA256 },
    { "P-384", SIGNKEY_P384, DIGEST_SHA384 },
};

static struct crypto *crypto;
static struct arena arena;

static void begin(void)
{
    struct err e = { 0 };

    arena_fini(&arena);
    arena = arena_over(1 << 20);
    if (!crypto)
        crypto = crypto_new(&e);
    CHECK_OK("crypto", crypto != NULL, e);
}

struct pair {
    struct signkey *key;
    struct spki public;
};

static struct pair pair_new(size_t row)
{
    struct pair p = { 0 };
    struct span der = { 0 };
    struct err e = { 0 };

    p.key = signkey_new(crypto, rows[row].kind, &e);
    CHECK_OK(rows[row].name, p.key && signkey_spki(p.key, &arena, &der, &e), e);
    CHECK_OK(rows[row].name, spki_parse(der, &p.public, &e), e);
    return p;
}

static struct seed_message send(size_t row, const struct pair *to, uint8_t *seed)
{
    struct seed_message m = { 0 };
    struct err e = { 0 };

    CHECK_OK(rows[row].name,
             seed_send(crypto, &to->public, rows[row].hash, "IDENTITY", seed, &arena, &m, &e), e);
    return m;
}

static void the_holder_of_the_key_learns_the_seed(void **state)
{
    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pair p = pair_new(i);
        uint8_t sent[SHA512_SIZE] = "a number of the sender's", got[SHA512_SIZE];
        struct seed_message m = send(i, &p, sent);
        struct err e = { 0 };

        CHECK_INT(rows[i].name, m.is_point, rows[i].kind != SIGNKEY_RSA2048);
        CHECK_OK(rows[i].name,
                 seed_receive(crypto, p.key, rows[i].hash, "IDENTITY", m.bytes, got, &e), e);
        CHECK_SPAN(rows[i].name, span_of(got, digest_size(rows[i].hash)),
                   span_of(sent, digest_size(rows[i].hash)));
        signkey_free(p.key);
    }
}

static void nobody_else_and_for_no_other_purpose(void **state)
{
    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pair p = pair_new(i), other = pair_new(i);
        size_t size = digest_size(rows[i].hash);
        uint8_t sent[SHA512_SIZE] = "a number", got[SHA512_SIZE] = { 0 };
        struct seed_message m = send(i, &p, sent);
        struct err e = { 0 };
        bool ok;

        ok = seed_receive(crypto, p.key, rows[i].hash, "DUPLICATE", m.bytes, got, &e);
        CHECK(rows[i].name, !ok || !equal_ct(got, sent, size));
        ok = seed_receive(crypto, other.key, rows[i].hash, "IDENTITY", m.bytes, got, &e);
        CHECK(rows[i].name, !ok || !equal_ct(got, sent, size));
        signkey_free(p.key);
        signkey_free(other.key);
    }
}

static void what_is_no_message_is_refused(void **state)
{
    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pair p = pair_new(i);
        uint8_t sent[SHA512_SIZE] = "a number", got[SHA512_SIZE];
        struct seed_message m = send(i, &p, sent);

        for (size_t n = 0; n < m.bytes.n; n++) {
            struct err e = { 0 };

            CHECK(rows[i].name, !seed_receive(crypto, p.key, rows[i].hash, "IDENTITY",
                                              span_part(m.bytes, 0, n), got, &e));
            CHECK_ERR(rows[i].name, e, ERR_UNTRUSTED, "");
        }
        signkey_free(p.key);
    }
}

static void a_key_that_is_none_gets_nothing(void **state)
{
    const struct spki off = { .kind = SPKI_P256,
                              .point = span_str("01234567890123456789012345678901"
                                                "01234567890123456789012345678901") },
                      none = { .kind = SPKI_OTHER };
    uint8_t seed[SHA512_SIZE] = { 0 };
    struct seed_message m;
    struct err e = { 0 };

    (void)state;
    begin();
    CHECK("off", !seed_send(crypto, &off, DIGEST_SHA256, "IDENTITY", seed, &arena, &m, &e));
    CHECK_ERR("off the curve", e, ERR_MALFORMED, "");
    err_clear(&e);
    CHECK("none", !seed_send(crypto, &none, DIGEST_SHA256, "IDENTITY", seed, &arena, &m, &e));
    CHECK_ERR("none", e, ERR_UNSUPPORTED, "");
}

TEST_MAIN(the_holder_of_the_key_learns_the_seed, nobody_else_and_for_no_other_purpose,
          what_is_no_message_is_refused, a_key_that_is_none_gets_nothing)
