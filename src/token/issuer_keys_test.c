#include "bearer_test.h"

#define X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
/* RFC 7517, A.1: a P-256 key */
#define EC "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\""

static void keys_of_both_sorts_are_read(void **state)
{
    (void)state;
    mint_open();
    CHECK_INT("count", mint.keys->count, 2);
    CHECK_INT("rsa", pubkey_type(issuer_keys_find(mint.keys, span_str("rsa"))->key), PUBKEY_RSA);
    CHECK("any algorithm", !issuer_keys_find(mint.keys, span_str("rsa"))->has_alg);
    CHECK_INT("ec", pubkey_type(issuer_keys_find(mint.keys, span_str("ec"))->key), PUBKEY_P256);
    CHECK_INT("one algorithm", issuer_keys_find(mint.keys, span_str("ec"))->alg, SIG_ES256);
    CHECK("no other", !issuer_keys_find(mint.keys, span_str("")));
}

static void what_is_for_something_else_is_left_out(void **state)
{
    static const char *const rows[] = {
        "{\"kty\":\"oct\",\"k\":\"AAAA\",\"kid\":\"x\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\",\"kid\":\"x\"}",
        "{\"kid\":\"x\",\"use\":\"enc\"," EC "}",
        "{\"kid\":\"x\",\"key_ops\":[\"encrypt\"]," EC "}",
        "{\"kid\":\"x\",\"alg\":\"ECDH-ES\"," EC "}",
        "{\"kid\":\"x\",\"alg\":\"HS256\"," EC "}",
        "{\"kid\":\"x\",\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"AA\",\"y\":\"AA\"}",
        "{\"kid\":\"x\",\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
        /* off the curve: no key at all */
        "{\"kid\":\"x\",\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" Y "\",\"y\":\"" Y "\"}",
    };
    (void)state;

    mint_open();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct writer w = writer_in(&mint.arena, 1024);
        struct err e = { 0 };
        struct issuer_keys *k;

        write_format(&w, "{\"keys\":[%s,{\"kid\":\"x\"," EC "}]}", rows[i]);
        k = issuer_keys_new(mint.c, writer_span(&w), &e);
        CHECK_OK(rows[i], k != NULL, e);
        CHECK_INT(rows[i], k->count, 1);
        issuer_keys_free(k);
    }
}

static void refusals_name_the_entry(void **state)
{
    static const struct {
        const char *name, *text;
        enum err_code code;
        const char *path;
    } rows[] = {
        /* clang-format off */
        { "no set",          "{}",                                     ERR_MALFORMED, "keys" },
        { "an array",        "[]",                                     ERR_MALFORMED, "keys" },
        { "no key",          "{\"keys\":[]}",                          ERR_MISSING,   "keys" },
        { "a number",        "{\"keys\":[1]}",                         ERR_MALFORMED, "keys[0]" },
        { "no kty",          "{\"keys\":[{}]}",                        ERR_MALFORMED, "keys[0].kty" },
        { "no n",            "{\"keys\":[{\"kty\":\"RSA\"}]}",         ERR_MALFORMED, "keys[0].n" },
        { "padded",          "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQ==\",\"e\":\"AQAB\"}]}", ERR_MALFORMED, "keys[0].n" },
        { "empty",           "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"}]}", ERR_MALFORMED, "keys[0].n" },
        { "short x",         "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQ\",\"y\":\"" Y "\"}]}", ERR_MALFORMED, "keys[0].x" },
        { "a private key",   "{\"keys\":[{" EC ",\"d\":\"AQ\"}]}",     ERR_UNTRUSTED, "keys[0]" },
        { "one kid twice",   "{\"keys\":[{\"kid\":\"a\"," EC "},{\"kid\":\"a\"," EC "}]}", ERR_MALFORMED, "keys[1].kid" },
        { "kid a number",    "{\"keys\":[{\"kid\":1," EC "}]}",        ERR_MALFORMED, "keys[0].kid" },
        { "x5c an object",   "{\"keys\":[{\"x5c\":{}," EC "}]}",       ERR_MALFORMED, "keys[0].x5c" },
        { "x5c no DER",      "{\"keys\":[{\"x5c\":[\"AAAA\"]," EC "}]}", ERR_MALFORMED, NULL },
        /* clang-format on */
    };
    (void)state;

    mint_open();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = { 0 };

        CHECK(rows[i].name, !issuer_keys_new(mint.c, span_str(rows[i].text), &e));
        if (rows[i].path)
            CHECK_ERR(rows[i].name, e, rows[i].code, rows[i].path);
    }
}

static void km_67_a_certificate_is_of_the_key_beside_it(void **state)
{
    struct cert_wish wish = {
        .common_name = "issuer", .serial = 1, .not_before = NOW - 1, .not_after = NOW + 1
    };
    struct span cert = { 0 };
    struct err e = { 0 };
    (void)state;

    mint_open();
    CHECK_OK(
        "cert",
        cert_make(mint.c, &wish, mint.rsa, (struct span){ 0 }, mint.rsa, &mint.arena, &cert, &e),
        e);
    for (int i = 0; i < 3; i++) {
        static const char *const names[] = { "the same key", "another key", "alone" };
        struct writer w = writer_in(&mint.arena, 4096);
        struct issuer_keys *k;

        write_text(&w, "{\"keys\":[");
        if (i < 2)
            write_jwk(&w, i == 0 ? mint.rsa : mint.foreign, "a");
        else
            write_text(&w, "{\"kty\":\"RSA\"");
        write_text(&w, ",\"x5c\":[\"");
        b64_write_std(&w, cert);
        write_text(&w, "\"]}]}");
        e = (struct err){ 0 };
        k = issuer_keys_new(mint.c, writer_span(&w), &e);
        CHECK(names[i], (k != NULL) == (i != 1));
        if (i == 1)
            CHECK_ERR(names[i], e, ERR_UNTRUSTED, "keys[0].x5c");
        issuer_keys_free(k);
    }
}

static void a_document_of_any_length_up_to_its_own_is_no_set(void **state)
{
    (void)state;
    mint_open();
    for (size_t n = 0; n < mint.set.n; n++) {
        struct err e = { 0 };

        CHECK("shorter", !issuer_keys_new(mint.c, span_part(mint.set, 0, n), &e));
        CHECK("told", e.code != ERR_NONE && e.text[0] != '\0');
    }
    mint_close();
}

TEST_MAIN(keys_of_both_sorts_are_read, what_is_for_something_else_is_left_out,
          refusals_name_the_entry, km_67_a_certificate_is_of_the_key_beside_it,
          a_document_of_any_length_up_to_its_own_is_no_set)
