#include "jws.h"

#include "../../tests/check.h"
#include "../base/b64.h"
#include "../crypto/crypto.h"

static struct arena arena;

static void begin(void)
{
    arena_fini(&arena);
    arena = arena_over(64 << 20);
}

static const char text_of_12_1[] =
    "eyJhbGciOiJub25lIn0.eyJBdHRlc3RhdGlvblBvbGljeSI6ImRtVnljMmx2YmowZ01TNHdPMkYxZEdodmNtbDZZWFJwYj"
    "I1eWRXeGxjM3M5UGlCd1pYSnRhWFFvS1R0OU93In0.";

/* base64url of header "." payload "." signature, each given as what it decodes to */
static struct span compact(const char *header, const char *payload, const char *signature)
{
    struct writer w = writer_in(&arena, 256);

    b64_write_url(&w, span_str(header));
    write_u8(&w, '.');
    b64_write_url(&w, span_str(payload));
    write_u8(&w, '.');
    b64_write_url(&w, span_str(signature));
    return writer_span(&w);
}

static void the_worked_policy_jws_is_read(void **state)
{
    struct jws j;
    struct err e = { 0 };
    struct span policy = { 0 };

    (void)state;
    begin();
    CHECK_OK("12.1", jws_parse(span_str(text_of_12_1), &arena, &j, &e), e);
    CHECK("unsecured", j.is_unsecured);
    CHECK_TEXT("header", j.header, "{\"alg\":\"none\"}");
    CHECK_INT("signing input", j.signing_input.n, strlen(text_of_12_1) - 1);
    CHECK_OK("payload", json_parse(j.payload, NULL, &arena, &(const struct json *){ NULL }, &e), e);
    CHECK_OK("policy",
             b64_read(&arena,
                      span_str("dmVyc2lvbj0gMS4wO2F1dGhvcml6YXRpb25ydWxlc3s9PiBwZXJtaXQoK"
                               "Tt9Ow"),
                      B64_URL, &policy, &e),
             e);
    CHECK_TEXT("policy", policy, "version= 1.0;authorizationrules{=> permit();};");
}

/* The hashes of the worked example: over the characters of the policy value, and over the JWS. */
static void the_worked_hashes_come_out(void **state)
{
    static const struct {
        const char *name, *text, *want;
    } rows[] = {
        { "policy hash", "dmVyc2lvbj0gMS4wO2F1dGhvcml6YXRpb25ydWxlc3s9PiBwZXJtaXQoKTt9Ow",
          "9NY0VnTQ-IiBriBplVUpFbczcDaEBUwsiFYAzHu_gco" },
        { "token hash", text_of_12_1, "RozMVcnGVY1yKt2ba5uhxq5p2lPNc9vA-9wdm5G-7dw" },
    };
    struct err e = { 0 };
    struct crypto *c = crypto_new(&e);

    (void)state;
    begin();
    assert_non_null(c);
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t hash[SHA256_SIZE];

        CHECK_OK(rows[i].name, digest_sha256(c, span_str(rows[i].text), hash, &e), e);
        CHECK_TEXT(rows[i].name, b64_dup_url(&arena, span_of(hash, sizeof hash)), rows[i].want);
    }
    crypto_free(c);
}

static void a_reset_has_an_empty_payload(void **state)
{
    struct jws j;
    struct err e = { 0 };

    (void)state;
    begin();
    CHECK_OK("reset", jws_parse(span_str("eyJhbGciOiJub25lIn0.."), &arena, &j, &e), e);
    CHECK_INT("payload", j.payload.n, 0);
    CHECK_TEXT("signing input", j.signing_input, "eyJhbGciOiJub25lIn0.");
}

static void escapes_in_the_header_are_read(void **state)
{
    struct jws j;
    struct err e = { 0 };
    struct span x = { 0 };

    (void)state;
    begin();
    CHECK_OK(
        "escaped",
        jws_parse(compact("{\"alg\":\"RS256\",\"x\":\"a\\u002Bb\"}", "p", "s"), &arena, &j, &e), e);
    CHECK_OK("member", json_get_string(j.header_json, "x", &x, &e), e);
    CHECK_TEXT("member", x, "a+b");
}

static void km_68_forms_that_two_parsers_could_read_differently_are_refused(void **state)
{
    static const struct {
        const char *name, *header, *payload, *signature;
        enum err_code code;
        const char *path;
    } rows[] = {
        { "two alg", "{\"alg\":\"none\",\"alg\":\"RS256\"}", "{}", "s", ERR_MALFORMED, "header" },
        { "two alg, one escaped", "{\"alg\":\"none\",\"\\u0061lg\":\"RS256\"}", "{}", "s",
          ERR_MALFORMED, "header" },
        { "no alg", "{}", "{}", "s", ERR_MALFORMED, "header.alg" },
        { "alg a number", "{\"alg\":1}", "{}", "s", ERR_MALFORMED, "header.alg" },
        { "alg a list", "{\"alg\":[\"RS256\"]}", "{}", "s", ERR_MALFORMED, "header.alg" },
        { "crit", "{\"alg\":\"RS256\",\"crit\":[\"exp\"],\"exp\":1}", "{}", "s", ERR_UNSUPPORTED,
          "header.crit" },
        { "crit empty", "{\"alg\":\"RS256\",\"crit\":[]}", "{}", "s", ERR_UNSUPPORTED,
          "header.crit" },
        { "b64", "{\"alg\":\"RS256\",\"b64\":false}", "{}", "s", ERR_UNSUPPORTED, "header.b64" },
        { "km_70: zip", "{\"alg\":\"RS256\",\"zip\":\"DEF\"}", "{}", "s", ERR_UNSUPPORTED,
          "header.zip" },
        { "header an array", "[\"RS256\"]", "{}", "s", ERR_MALFORMED, "header" },
        { "header a string", "\"alg\"", "{}", "s", ERR_MALFORMED, "header" },
        { "header with a tail", "{\"alg\":\"RS256\"}x", "{}", "s", ERR_MALFORMED, "header" },
        { "header empty", "", "{}", "s", ERR_MALFORMED, "header" },
        { "km_70: header nested", "{\"alg\":\"RS256\",\"a\":[[[[[[[[]]]]]]]]}", "{}", "s",
          ERR_LIMIT, "header" },
        { "unsecured with a signature", "{\"alg\":\"none\"}", "{}", "s", ERR_MALFORMED,
          "signature" },
        { "algorithm without a signature", "{\"alg\":\"RS256\"}", "{}", "", ERR_MALFORMED,
          "signature" },
        { "None is not none", "{\"alg\":\"None\"}", "{}", "", ERR_MALFORMED, "signature" },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct jws j;
        struct err e = { 0 };

        CHECK(rows[i].name, !jws_parse(compact(rows[i].header, rows[i].payload, rows[i].signature),
                                       &arena, &j, &e));
        CHECK_ERR(rows[i].name, e, rows[i].code, rows[i].path);
    }
}

static void km_68_only_canonical_compact_segments_are_read(void **state)
{
#define H "eyJhbGciOiJSUzI1NiJ9" /* {"alg":"RS256"} */
    static const struct {
        const char *name, *text, *path;
    } rows[] = {
        { "empty", "", "" },
        { "one segment", H, "" },
        { "detached: two segments", H ".e30", "" },
        { "four segments", H ".e30.AA.AA", "" },
        { "five segments, as of encryption", H ".e30.AA.AA.AA", "" },
        { "JSON serialisation", "{\"payload\":\"e30\",\"signatures\":[]}", "" },
        { "padding in the header", H "=.e30.AA", "header" },
        { "padding in the payload", H ".e30=.AA", "payload" },
        { "padding in the signature", H ".e30.AA==", "signature" },
        { "white space in front", " " H ".e30.AA", "header" },
        { "line end behind", H ".e30.AA\n", "signature" },
        { "line break inside", H ".e3\n0.AA", "payload" },
        { "plus", H ".e30.A+", "signature" },
        { "slash", H ".e30.A/", "signature" },
        { "trailing bits in the header", "eyJhbGciOiJub25lIn1.e30.AA", "header" },
        { "trailing bits in the payload", H ".e31.AA", "payload" },
        { "trailing bits in the signature", H ".e30.AB", "signature" },
        { "impossible length", H ".e30e3.AA", "payload" },
    };
#undef H

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t *exact = check_exact(span_str(rows[i].text));
        struct jws j;
        struct err e = { 0 };

        CHECK(rows[i].name, !jws_parse(span_of(exact, strlen(rows[i].text)), &arena, &j, &e));
        CHECK_ERR(rows[i].name, e, ERR_MALFORMED, rows[i].path);
        free(exact);
    }
}

static struct span filled(size_t n, uint8_t byte, const char *head)
{
    uint8_t *p = arena_alloc(&arena, n, 1);

    assert_non_null(p);
    memset(p, byte, n);
    memcpy(p, head, strlen(head));
    return span_of(p, n);
}

static void km_70_oversized_input_is_refused_before_it_is_decoded(void **state)
{
    static const struct {
        const char *name, *head;
        size_t n;
        uint8_t byte;
        enum err_code code;
        const char *path;
    } rows[] = {
        { "a mebibyte of dots", "", JWS_BYTES_MAX, '.', ERR_MALFORMED, "" },
        { "more than a mebibyte of dots", "", JWS_BYTES_MAX + 1, '.', ERR_LIMIT, "" },
        { "a long header", "", 100000, 'A', ERR_MALFORMED, "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct jws j;
        struct err e = { 0 };
        struct span text;
        struct arena none = arena_over(4096);

        begin();
        text = filled(rows[i].n, rows[i].byte, rows[i].head);
        CHECK(rows[i].name, !jws_parse(text, &none, &j, &e));
        CHECK_ERR(rows[i].name, e, rows[i].code, rows[i].path);
        arena_fini(&none);
    }
}

static void km_70_a_header_over_its_limit_is_refused(void **state)
{
    struct span text;
    struct jws j;
    struct err e = { 0 };
    struct arena none = arena_over(4096);

    (void)state;
    begin();
    text = filled(JWS_HEADER_MAX / 3 * 4 + 1 + 6, 'A', "");
    memcpy((uint8_t *)(uintptr_t)text.p + text.n - 6, ".e30.A", 6);
    CHECK("header", !jws_parse(text, &none, &j, &e));
    CHECK_ERR("header", e, ERR_LIMIT, "header");
    CHECK_INT("nothing was allocated", none.used, 0);
    arena_fini(&none);
}

static void each_truncation_is_refused(void **state)
{
    struct span whole;

    (void)state;
    begin();
    whole = compact("{\"alg\":\"RS256\",\"kid\":\"k\"}", "{\"a\":1}", "sig");
    for (size_t n = 0; n + 4 < whole.n; n++) {
        uint8_t *exact = check_exact(span_of(whole.p, n));
        struct jws j;
        struct err e = { 0 };

        CHECK("truncated", !jws_parse(span_of(exact, n), &arena, &j, &e));
        CHECK("truncated", e.code == ERR_MALFORMED);
        free(exact);
    }
}

static void memory_that_fails_is_a_clean_error(void **state)
{
    bool holds = false;
    size_t n = 1;

    (void)state;
    begin();
    for (; !holds; n++) {
        struct arena small = arena_over(1 << 20);
        struct jws j;
        struct err e = { 0 };

        small.fail_at = n;
        holds = jws_parse(compact("{\"alg\":\"RS256\",\"\\n\":1}", "{}", "s"), &small, &j, &e);
        if (!holds)
            CHECK("n-th allocation", e.code == ERR_MEMORY && e.text[0]);
        arena_fini(&small);
    }
    CHECK_INT("allocations seen", n - 2, 5);
}

TEST_MAIN(the_worked_policy_jws_is_read, the_worked_hashes_come_out, a_reset_has_an_empty_payload,
          escapes_in_the_header_are_read,
          km_68_forms_that_two_parsers_could_read_differently_are_refused,
          km_68_only_canonical_compact_segments_are_read,
          km_70_oversized_input_is_refused_before_it_is_decoded,
          km_70_a_header_over_its_limit_is_refused, each_truncation_is_refused,
          memory_that_fails_is_a_clean_error)
