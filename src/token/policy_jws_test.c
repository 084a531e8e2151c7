#include "policy_jws.h"

#include "../../tests/check.h"
#include "../base/b64.h"
#include "../crypto/signkey.h"
#include "jwt.h"

static struct crypto *crypto;
static struct arena arena;
static const char policy[] = "version=1.0;authorizationrules{=>permit();};";

static void begin(void)
{
    arena_fini(&arena);
    arena = arena_over(64 << 20);
}

/* A key and its certificate. */
struct signer {
    struct signkey *key;
    struct span cert;
};

static struct signer signer_new(enum signkey_kind kind)
{
    struct cert_wish wish = { .common_name = "signer", .serial = 1, .not_after = 4000000000 };
    struct signer s = { 0 };
    struct err e = { 0 };

    s.key = signkey_new(crypto, kind, &e);
    CHECK_OK("key", s.key != NULL, e);
    CHECK_OK("certificate",
             cert_make(crypto, &wish, s.key, (struct span){ 0 }, s.key, &arena, &s.cert, &e), e);
    return s;
}

/* header "." payload, signed by the key where there is one. */
static struct span signed_by(struct signer *s, enum sig_alg alg, struct span input)
{
    uint8_t signature[512];
    size_t n = 0;
    struct span out = { 0 };
    struct err e = { 0 };

    if (s)
        CHECK_OK("sign",
                 signkey_sign(crypto, s->key, alg, input, signature, sizeof signature, &n, &e), e);
    CHECK_OK("attach", jwt_attach(input, span_of(signature, n), &arena, &out, &e), e);
    return out;
}

/* The same from a header and a payload as text, '$' standing for the certificate. */
static struct span made(struct signer *s, enum sig_alg alg, const char *header, const char *payload)
{
    struct writer text = writer_in(&arena, 4096), w = writer_in(&arena, 8192);

    for (const char *p = header; *p; p++) {
        if (*p == '$')
            b64_write_std(&text, s->cert);
        else
            write_u8(&text, (uint8_t)*p);
    }
    b64_write_url(&w, writer_span(&text));
    write_u8(&w, '.');
    b64_write_url(&w, span_str(payload));
    return signed_by(s, alg, writer_span(&w));
}

/* A member of a key: base64url of a part of the SubjectPublicKeyInfo's end. */
static struct span part_of(struct span spki, size_t from_end, size_t n)
{
    return b64_dup_url(&arena, span_part(spki, spki.n - from_end, n));
}

static void a_bare_key_verifies_and_must_be_that_of_the_certificate(void **state)
{
    static const struct {
        const char *name, *x5c;
        bool is_other;
        enum err_code code; /* of the key */
    } rows[] = {
        { "alone", "", false, ERR_NONE },
        { "beside its certificate", ",\"x5c\":[\"$\"]", false, ERR_NONE },
        { "km_67: beside another certificate", ",\"x5c\":[\"$\"]", true, ERR_UNTRUSTED },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct signer s, other;
        struct span spki = { 0 }, key = { 0 }, x, y;
        struct policy_jws p;
        struct err e = { 0 };
        char header[512];

        begin();
        s = signer_new(SIGNKEY_P256);
        other = signer_new(SIGNKEY_P256);
        CHECK_OK("spki", signkey_spki(s.key, &arena, &spki, &e), e);
        x = part_of(spki, 64, 32);
        y = part_of(spki, 32, 32);
        snprintf(header, sizeof header,
                 "{\"alg\":\"ES256\",\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%.*s\","
                 "\"y\":\"%.*s\"}%s}",
                 SPAN_ARG(x), SPAN_ARG(y), rows[i].x5c);
        if (rows[i].is_other)
            s.cert = other.cert;
        CHECK_OK(rows[i].name,
                 policy_jws_read_signer(made(&s, SIG_ES256, header, ""), &arena, &p, &e), e);
        CHECK_SPAN(rows[i].name, p.bare_key, spki);
        CHECK_INT(rows[i].name, policy_jws_key(&p, &key, &e), rows[i].code == ERR_NONE);
        CHECK_INT(rows[i].name, e.code, rows[i].code);
        CHECK_INT(rows[i].name, policy_jws_verify(crypto, &p, &e), rows[i].code == ERR_NONE);
        signkey_free(s.key);
        signkey_free(other.key);
    }
}

static void what_is_written_is_read_and_verified(void **state)
{
    static const struct {
        const char *name;
        enum signkey_kind kind;
        enum sig_alg alg;
    } rows[] = {
        { "RSA", SIGNKEY_RSA2048, SIG_RS256 },
        { "P-256", SIGNKEY_P256, SIG_ES256 },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct signer s = signer_new(rows[i].kind), other = signer_new(SIGNKEY_P256);
        const struct span certs[] = { s.cert, other.cert };
        struct span input = { 0 }, jws;
        struct policy_jws p;
        struct err e = { 0 };

        CHECK_OK(rows[i].name,
                 policy_jws_input(span_str(policy), rows[i].alg, certs, 2, &arena, &input, &e), e);
        jws = signed_by(&s, rows[i].alg, input);
        CHECK_OK(rows[i].name, policy_jws_read(jws, false, &arena, &p, &e), e);
        CHECK_TEXT(rows[i].name, p.text, policy);
        CHECK_INT(rows[i].name, p.alg, rows[i].alg);
        CHECK_INT(rows[i].name, p.cert_count, 2);
        CHECK_SPAN(rows[i].name, p.certs[1], other.cert);
        CHECK_OK(rows[i].name, policy_jws_verify(crypto, &p, &e), e);
        p.certs[0] = other.cert;
        CHECK(rows[i].name, !policy_jws_verify(crypto, &p, &e));
        CHECK_ERR(rows[i].name, e, ERR_UNTRUSTED, "signature");
        signkey_free(s.key);
        signkey_free(other.key);
    }
}

static void an_unsecured_one_has_the_bytes_that_all_clients_send(void **state)
{
    struct span input = { 0 }, jws;
    struct policy_jws p;
    struct err e = { 0 };

    (void)state;
    begin();
    CHECK_OK("write",
             policy_jws_input(span_str("version= 1.0;authorizationrules{=> permit();};"), SIG_RS256,
                              NULL, 0, &arena, &input, &e),
             e);
    jws = signed_by(NULL, SIG_RS256, input);
    CHECK_TEXT("bytes", jws,
               "eyJhbGciOiJub25lIn0.eyJBdHRlc3RhdGlvblBvbGljeSI6ImRtVnljMmx2YmowZ01TNHdPMkYxZEdodm"
               "NtbDZZWFJwYjI1eWRXeGxjM3M5UGlCd1pYSnRhWFFvS1R0OU93In0.");
    CHECK("known as one", policy_jws_is(jws) && !policy_jws_is(span_str(policy)));
    CHECK_OK("read", policy_jws_read(jws, false, &arena, &p, &e), e);
    CHECK("unsecured", p.jws.is_unsecured && !policy_jws_verify(crypto, &p, &e));
    CHECK_ERR("verify", e, ERR_UNTRUSTED, "");
}

#define PAYLOAD                                                                                    \
    "{\"AttestationPolicy\":\"dmVyc2lvbj0xLjA7YXV0aG9yaXphdGlvbnJ1bGVzez0-cGVybWl0KCk7fTs\"}"

static void the_forms_that_clients_send_are_read(void **state)
{
    /* clang-format off */
    static const struct { const char *name; enum sig_alg alg; const char *header, *payload; } rows[] = {
        { "plain", SIG_RS256, "{\"alg\":\"RS256\",\"x5c\":[\"$\"]}", PAYLOAD },
        { "white space", SIG_RS256, "{ \"alg\": \"RS256\", \"x5c\": [ \"$\" ] }", " " PAYLOAD "\n" },
        { "RSA256", SIG_RS256, "{\"alg\":\"RSA256\",\"x5c\":[\"$\"]}", PAYLOAD },
        { "x5c in jwk", SIG_RS256, "{\"alg\":\"RSA256\",\"jwk\":{\"x5c\":[\"$\"]}}", PAYLOAD },
        { "ECDH256", SIG_ES256, "{\"alg\":\"ECDH256\",\"jwk\":{\"x5c\":[\"$\"]}}", PAYLOAD },
        { "padded base64", SIG_ES256, "{\"alg\":\"ES256\",\"x5c\":[\"$\"]}",
          "{\"AttestationPolicy\":\"dmVyc2lvbj0xLjA7YXV0aG9yaXphdGlvbnJ1bGVzez0+cGVybWl0KCk7fTs=\"}" },
        { "another member", SIG_ES256, "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"x5c\":[\"$\"]}",
          "{\"a\":1,\"AttestationPolicy\":\"dmVyc2lvbj0xLjA7YXV0aG9yaXphdGlvbnJ1bGVzez0-cGVybWl0KCk7fTs\"}" },
    };
    /* clang-format on */
    struct signer rsa, ec;

    (void)state;
    begin();
    rsa = signer_new(SIGNKEY_RSA2048);
    ec = signer_new(SIGNKEY_P256);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct signer *s = rows[i].alg == SIG_RS256 ? &rsa : &ec;
        struct policy_jws p;
        struct err e = { 0 };

        CHECK_OK(rows[i].name,
                 policy_jws_read(made(s, rows[i].alg, rows[i].header, rows[i].payload), false,
                                 &arena, &p, &e),
                 e);
        CHECK_TEXT(rows[i].name, p.text, policy);
        CHECK_OK(rows[i].name, policy_jws_verify(crypto, &p, &e), e);
    }
    signkey_free(rsa.key);
    signkey_free(ec.key);
}

static void a_text_that_is_not_encoded_is_taken_only_where_that_is_said(void **state)
{
    struct span jws;
    struct policy_jws p;
    struct err e = { 0 };

    (void)state;
    begin();
    jws = made(NULL, SIG_RS256, "{\"alg\":\"none\"}",
               "{\"AttestationPolicy\":\"version=1.0;authorizationrules{=>permit();};\"}");
    CHECK("refused", !policy_jws_read(jws, false, &arena, &p, &e));
    CHECK_ERR("refused", e, ERR_MALFORMED, "payload.AttestationPolicy");
    err_clear(&e);
    CHECK_OK("taken", policy_jws_read(jws, true, &arena, &p, &e), e);
    CHECK("plain", p.is_plain);
    CHECK_TEXT("text", p.text, policy);
}

static void what_is_no_policy_is_refused(void **state)
{
    /* clang-format off */
    static const struct { const char *name, *header, *payload; enum err_code code; const char *path; } rows[] = {
        { "no x5c", "{\"alg\":\"ES256\"}", PAYLOAD, ERR_MISSING, "header" },
        { "a bare key", "{\"alg\":\"ES256\",\"jwk\":{\"kty\":\"EC\"}}", PAYLOAD, ERR_MISSING, "header" },
        { "an empty x5c", "{\"alg\":\"ES256\",\"x5c\":[]}", PAYLOAD, ERR_MALFORMED, "header.x5c" },
        { "x5c a string", "{\"alg\":\"ES256\",\"x5c\":\"$\"}", PAYLOAD, ERR_MALFORMED, "header.x5c" },
        { "nine certificates", "{\"alg\":\"ES256\",\"x5c\":[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"]}", PAYLOAD, ERR_MALFORMED, "header.x5c" },
        { "a number in x5c", "{\"alg\":\"ES256\",\"x5c\":[\"$\",1]}", PAYLOAD, ERR_MALFORMED, "header.x5c[1]" },
        { "base64url in x5c", "{\"alg\":\"ES256\",\"x5c\":[\"-_8\"]}", PAYLOAD, ERR_MALFORMED, "header.x5c[0]" },
        { "km_68: HS256", "{\"alg\":\"HS256\",\"x5c\":[\"$\"]}", PAYLOAD, ERR_UNSUPPORTED, "header.alg" },
        { "ES384", "{\"alg\":\"ES384\",\"x5c\":[\"$\"]}", PAYLOAD, ERR_UNSUPPORTED, "header.alg" },
        { "rs256", "{\"alg\":\"rs256\",\"x5c\":[\"$\"]}", PAYLOAD, ERR_UNSUPPORTED, "header.alg" },
        { "a reset", "{\"alg\":\"ES256\",\"x5c\":[\"$\"]}", "", ERR_MISSING, "payload" },
        { "another payload", "{\"alg\":\"ES256\",\"x5c\":[\"$\"]}", "{\"policyCertificate\":{}}", ERR_MALFORMED, "payload.AttestationPolicy" },
        { "a policy twice", "{\"alg\":\"ES256\",\"x5c\":[\"$\"]}", "{\"AttestationPolicy\":\"\",\"AttestationPolicy\":\"\"}", ERR_MALFORMED, "payload" },
        { "no JSON", "{\"alg\":\"ES256\",\"x5c\":[\"$\"]}", "version=1.0;", ERR_MALFORMED, "payload" },
    };
    /* clang-format on */
    struct signer s;

    (void)state;
    begin();
    s = signer_new(SIGNKEY_P256);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct policy_jws p;
        struct err e = { 0 };

        CHECK(rows[i].name, !policy_jws_read(made(&s, SIG_ES256, rows[i].header, rows[i].payload),
                                             false, &arena, &p, &e));
        CHECK_ERR(rows[i].name, e, rows[i].code, rows[i].path);
    }
    signkey_free(s.key);
}

/* A changed character is refused, or what it stands for is, or the signature no longer holds. */
static void no_changed_character_and_no_truncation_passes(void **state)
{
    struct span input = { 0 }, jws;
    struct signer s;
    struct err e = { 0 };
    uint8_t *copy;

    (void)state;
    begin();
    s = signer_new(SIGNKEY_P256);
    CHECK_OK("input", policy_jws_input(span_str(policy), SIG_ES256, &s.cert, 1, &arena, &input, &e),
             e);
    jws = signed_by(&s, SIG_ES256, input);
    copy = check_exact(jws);
    for (size_t i = 0; i < jws.n; i++) {
        struct arena a = arena_over(1 << 20);
        struct policy_jws p;
        struct err why = { 0 };

        CHECK("truncated", !policy_jws_read(span_part(jws, 0, i), false, &a, &p, &why) ||
                               !policy_jws_verify(crypto, &p, &why));
        copy[i] ^= 1;
        CHECK("changed", !policy_jws_read(span_of(copy, jws.n), false, &a, &p, &why) ||
                             !policy_jws_verify(crypto, &p, &why));
        copy[i] ^= 1;
        arena_fini(&a);
    }
    free(copy);
    signkey_free(s.key);
}

static void every_failed_allocation_ends_in_a_clean_error(void **state)
{
    struct span jws;
    struct signer s;
    bool is_read = false, is_written = false;

    (void)state;
    begin();
    s = signer_new(SIGNKEY_P256);
    jws = made(&s, SIG_ES256, "{\"alg\":\"ES256\",\"x5c\":[\"$\"]}", PAYLOAD);
    for (size_t n = 1; n < 1000 && !(is_read && is_written); n++) {
        struct arena a = arena_over(1 << 20), b = arena_over(1 << 20);
        struct policy_jws p;
        struct span out = { 0 };
        struct err e = { 0 }, f = { 0 };

        a.fail_at = b.fail_at = n;
        is_read = policy_jws_read(jws, false, &a, &p, &e);
        is_written = policy_jws_input(span_str(policy), SIG_ES256, &s.cert, 1, &b, &out, &f);
        CHECK("read", is_read || e.code == ERR_MEMORY);
        CHECK("written", is_written || f.code == ERR_MEMORY);
        arena_fini(&a);
        arena_fini(&b);
    }
    CHECK("through", is_read && is_written);
    signkey_free(s.key);
}

static void recorded_policies_are_read_and_their_signatures_hold(void **state)
{
    static const struct {
        const char *name;
        bool is_plain;
        const char *start;
    } rows[] = {
        { "gk.ga.add.custom.claim", false, "version=1.0;" },
        { "gk.ga.custom.sgxenclave.policy", false, "version= 1.0;" },
        { "gk.ga.deny.all", false, "version=1.0;" },
        { "gk.ga.SgxRequireSqlServer", false, "{ \"$version\": 1," },
        { "gk.preview.custom.sgxenclave.policy", true, "version= 1.0;" },
        { "gk.preview.SgxAllowDebugMode", true, "{ \"$version\": 1," },
    };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        char path[256];
        struct span file;
        struct policy_jws p;
        struct err e = { 0 };

        snprintf(path, sizeof path, "maa/policy/%s.signed.jws.txt", rows[i].name);
        file = check_vector(path);
        CHECK(rows[i].name, file.p && policy_jws_is(file));
        CHECK_INT(rows[i].name, policy_jws_read(span_trim(file), false, &arena, &p, &e),
                  !rows[i].is_plain);
        err_clear(&e);
        CHECK_OK(rows[i].name, policy_jws_read(span_trim(file), true, &arena, &p, &e), e);
        CHECK_INT(rows[i].name, p.is_plain, rows[i].is_plain);
        CHECK_TEXT(rows[i].name, span_part(p.text, 0, strlen(rows[i].start)), rows[i].start);
        CHECK_OK(rows[i].name, policy_jws_verify(crypto, &p, &e), e);
        free((void *)(uintptr_t)file.p);
    }
}

static int set_up(void **state)
{
    struct err e = { 0 };

    (void)state;
    crypto = crypto_new(&e);
    return crypto ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    crypto_free(crypto);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST_EACH(
        what_is_written_is_read_and_verified,
        a_bare_key_verifies_and_must_be_that_of_the_certificate,
        an_unsecured_one_has_the_bytes_that_all_clients_send, the_forms_that_clients_send_are_read,
        a_text_that_is_not_encoded_is_taken_only_where_that_is_said, what_is_no_policy_is_refused,
        no_changed_character_and_no_truncation_passes,
        every_failed_allocation_ends_in_a_clean_error,
        recorded_policies_are_read_and_their_signatures_hold) };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(TEST_NAME, tests, set_up, tear_down);
}
