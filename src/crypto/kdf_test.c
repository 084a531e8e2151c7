#include "kdf.h"

#include "../../tests/check.h"
#include "../base/hex.h"
#include "../base/writer.h"

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

static struct span hex_of(const uint8_t *p, size_t n)
{
    return hex_dup(&arena, span_of(p, n));
}

/* RFC 4231, test case 2; the text comes in two parts and in one. */
static void a_published_hmac_comes_out(void **state)
{
    static const char want[] = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    const struct span whole = span_str("what do ya want for nothing?");
    const struct span parts[] = { span_part(whole, 0, 9), span_part(whole, 9, 99) };
    uint8_t out[SHA256_SIZE];
    struct err e = { 0 };

    (void)state;
    begin();
    CHECK_OK("one", hmac(crypto, DIGEST_SHA256, span_str("Jefe"), &whole, 1, out, &e), e);
    CHECK_TEXT("one", hex_of(out, sizeof out), want);
    CHECK_OK("two", hmac(crypto, DIGEST_SHA256, span_str("Jefe"), parts, 2, out, &e), e);
    CHECK_TEXT("two", hex_of(out, sizeof out), want);
}

/* counter || label || 00 || context || bits, as the library writes it out. */
static void kdf_a_is_hmac_in_counter_mode(void **state)
{
    static const struct {
        const char *name;
        enum digest_alg alg;
        const char *label, *context;
        size_t n;
    } rows[] = {
        { "a key for AES", DIGEST_SHA256, "STORAGE", "some name", 16 },
        { "no context", DIGEST_SHA256, "INTEGRITY", "", 32 },
        { "SHA-384", DIGEST_SHA384, "INTEGRITY", "", 48 },
        { "two rounds", DIGEST_SHA256, "STORAGE", "u and v", 48 },
    };
    const struct span key = span_str("0123456789abcdef0123456789abcdef");

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t size = digest_size(rows[i].alg);
        uint8_t want[2 * SHA512_SIZE], got[KDF_MAX];
        struct err e = { 0 };

        for (uint32_t round = 0; round * size < rows[i].n; round++) {
            struct writer w = writer_in(&arena, 128);
            struct span text = { 0 };

            write_u32be(&w, round + 1);
            write_text(&w, rows[i].label);
            write_u8(&w, 0);
            write_text(&w, rows[i].context);
            write_u32be(&w, (uint32_t)rows[i].n * 8);
            CHECK_OK(rows[i].name, writer_done(&w, &text, &e), e);
            CHECK_OK(rows[i].name,
                     hmac(crypto, rows[i].alg, key, &text, 1, want + round * size, &e), e);
        }
        CHECK_OK(rows[i].name,
                 kdf_a(crypto, rows[i].alg, key, rows[i].label, span_str(rows[i].context), got,
                       rows[i].n, &e),
                 e);
        CHECK_SPAN(rows[i].name, span_of(got, rows[i].n), span_of(want, rows[i].n));
    }
}

/* H(counter || z || label with its zero byte || sender's x || receiver's x). */
static void kdf_e_is_a_hash_over_both_keys(void **state)
{
    static const char text[] = "\0\0\0\1shared point IDENTITY\0sender's receiver's";
    const struct span all = span_of(text, sizeof text - 1);
    uint8_t want[SHA256_SIZE], got[SHA256_SIZE];
    struct err e = { 0 };

    (void)state;
    begin();
    CHECK_OK("want", digest_sha256(crypto, all, want, &e), e);
    CHECK_OK("got",
             kdf_e(crypto, DIGEST_SHA256, span_str("shared point "), "IDENTITY",
                   span_str("sender's "), span_str("receiver's"), got, sizeof got, &e),
             e);
    CHECK_SPAN("kdf_e", span_of(got, sizeof got), span_of(want, sizeof want));
}

/* CFB over a block of zeros is AES of the initial vector, which is zeros, too. */
static void cfb_over_zeros_is_the_published_block(void **state)
{
    static const struct {
        const char *name;
        size_t key;
        const char *want;
    } rows[] = {
        { "AES-128", 16, "66e94bd4ef8a2c3b884cfa59ca342b2e" },
        { "AES-256", 32, "dc95c078a2408989ad48a21492842087" },
    };
    static const uint8_t zeros[32];

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t out[16], back[16];
        struct err e = { 0 };

        CHECK_OK(rows[i].name,
                 cfb_seal(crypto, span_of(zeros, rows[i].key), span_of(zeros, 16), out, &e), e);
        CHECK_TEXT(rows[i].name, hex_of(out, 16), rows[i].want);
        CHECK_OK(rows[i].name,
                 cfb_open(crypto, span_of(zeros, rows[i].key), span_of(out, 16), back, &e), e);
        CHECK_SPAN(rows[i].name, span_of(back, 16), span_of(zeros, 16));
    }
}

static void odd_lengths_are_refused_or_kept(void **state)
{
    static const uint8_t key[24];
    uint8_t out[64], back[64];
    struct err e = { 0 };

    (void)state;
    begin();
    CHECK("24 bytes", !cfb_seal(crypto, span_of(key, 24), span_str("text"), out, &e));
    CHECK_ERR("24 bytes", e, ERR_UNSUPPORTED, "");
    err_clear(&e);
    CHECK("nothing asked for",
          !kdf_a(crypto, DIGEST_SHA256, span_str("key"), "STORAGE", span_str(""), out, 0, &e));
    CHECK_ERR("nothing asked for", e, ERR_INTERNAL, "");
    err_clear(&e);
    for (size_t n = 0; n <= 40; n++) {
        struct span text = span_part(span_str("0123456789abcdef0123456789abcdef01234567"), 0, n);

        CHECK_OK("seal", cfb_seal(crypto, span_of(key, 16), text, out, &e), e);
        CHECK_OK("open", cfb_open(crypto, span_of(key, 16), span_of(out, n), back, &e), e);
        CHECK_SPAN("as long as before", span_of(back, n), text);
    }
}

TEST_MAIN(a_published_hmac_comes_out, kdf_a_is_hmac_in_counter_mode, kdf_e_is_a_hash_over_both_keys,
          cfb_over_zeros_is_the_published_block, odd_lengths_are_refused_or_kept)
