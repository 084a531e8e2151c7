#include "jwt.h"

#include "../../tests/check.h"
#include "../base/b64.h"
#include "../format/jws.h"
#include "owned.h"

static struct arena arena;

static struct claim_set begin(void)
{
    arena_fini(&arena);
    arena = arena_over(64 << 20);
    return claim_set_in(&arena);
}

static void add(struct claim_set *set, const char *name, const char *text)
{
    assert_true(claim_add_string(set, name, span_str(text), NULL));
}

#define JTI "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct jwt_wish wish_of(const struct claim_set *service, const struct claim_set *policy)
{
    return (struct jwt_wish){
        .issuer = span_str("https://maa.example:8443"),
        .now = 1893456000,
        .lifetime = TOKEN_LIFETIME,
        .jti = span_str(JTI),
        .policy_hash = span_str("9NY0VnTQ-IiBriBplVUpFbczcDaEBUwsiFYAzHu_gco"),
        .service = service,
        .policy = policy,
    };
}

/* The payload of the token that the wish gives, as text. */
static struct span payload_of(const char *row, const struct jwt_wish *wish)
{
    struct span input = { 0 }, token = { 0 };
    struct jws j = { 0 };
    struct err e = { 0 };

    CHECK_OK(row, jwt_signing_input(wish, &arena, &input, &e), e);
    CHECK_OK(row, jwt_attach(input, span_str(""), &arena, &token, &e), e);
    CHECK_OK(row, jws_parse(token, &arena, &j, &e), e);
    CHECK_SPAN(row, j.signing_input, input);
    return j.payload;
}

static void the_header_is_the_one_relying_parties_know(void **state)
{
    struct span encoded = { 0 }, text = { 0 };
    struct err e = { 0 };

    (void)state;
    begin();
    CHECK_OK("header",
             jwt_header(SIG_RS256, span_str("https://shareduks.uks.test.attest.azure.net"),
                        span_str("cM0BIZs4vBOrduedqCVRzL4n7JPWWKerJP0FASTFQP0="), &arena, &encoded,
                        &e),
             e);
    CHECK_OK("header", b64_read(&arena, encoded, B64_URL, &text, &e), e);
    CHECK_TEXT("header", text,
               "{\"alg\":\"RS256\",\"jku\":\"https://shareduks.uks.test.attest.azure.net/certs\","
               "\"kid\":\"cM0BIZs4vBOrduedqCVRzL4n7JPWWKerJP0FASTFQP0=\",\"typ\":\"JWT\"}");
}

static void the_header_escapes_what_it_is_given(void **state)
{
    struct span encoded = { 0 }, text = { 0 };
    struct err e = { 0 };
    const struct json *back = NULL;

    (void)state;
    begin();
    CHECK_OK("header",
             jwt_header(SIG_ES256, span_str("x\","), span_str("\",\"alg\":\"none"), &arena,
                        &encoded, &e),
             e);
    CHECK_OK("header", b64_read(&arena, encoded, B64_URL, &text, &e), e);
    CHECK_OK("header", json_parse(text, NULL, &arena, &back, &e), e);
    CHECK_INT("members", back->count, 4);
    CHECK_TEXT("alg", json_member(back, "alg")->text, "ES256");
    CHECK_TEXT("jku", json_member(back, "jku")->text, "x\",/certs");
}

/* The worked example of a token of our own, with the claims in another order than they are written.
 */
static void the_worked_example_comes_out_byte_for_byte(void **state)
{
    struct claim_set service = begin(), policy = claim_set_in(&arena);
    struct jwt_wish wish = wish_of(&service, &policy);

    (void)state;
    add(&service, "x-ms-attestation-type", "tdxvm");
    assert_true(claim_add_int(&service, "tdx_seamsvn", 3, NULL));
    add(&service, "tdx_td_attributes", "0000001000000000");
    assert_true(claim_add_bool(&service, "tdx_td_attributes_debug", false, NULL));
    assert_true(claim_add_bool(&service, "tdx_td_attributes_septve_disable", true, NULL));
    add(&service, "eat_profile", "https://aka.ms/maa-eat-profile-tdxvm");
    add(&service, "dbgstat", "disabled");
    add(&service, "intuse", "generic");
    add(&service, "attester_tcb_status", "UpToDate");
    CHECK_TEXT("12.5", payload_of("12.5", &wish),
               "{\"attester_tcb_status\":\"UpToDate\",\"dbgstat\":\"disabled\",\"eat_profile\":"
               "\"https://aka.ms/maa-eat-profile-tdxvm\",\"exp\":1893484800,\"iat\":1893456000,"
               "\"intuse\":\"generic\",\"iss\":\"https://maa.example:8443\",\"jti\":\"" JTI "\","
               "\"nbf\":1893456000,\"tdx_seamsvn\":3,\"tdx_td_attributes\":\"0000001000000000\","
               "\"tdx_td_attributes_debug\":false,\"tdx_td_attributes_septve_disable\":true,"
               "\"x-ms-attestation-type\":\"tdxvm\","
               "\"x-ms-policy-hash\":\"9NY0VnTQ-IiBriBplVUpFbczcDaEBUwsiFYAzHu_gco\","
               "\"x-ms-ver\":\"1.0\"}");
}

static void issued_claims_stand_at_the_top_and_in_x_ms_policy(void **state)
{
    struct claim_set service = begin(), policy = claim_set_in(&arena);
    struct jwt_wish wish = wish_of(&service, &policy);

    (void)state;
    wish.jti = wish.policy_hash = span_str("");
    add(&service, "x-ms-attestation-type", "sgx");
    add(&policy, "tee", "sgx");
    assert_true(claim_add_int(&policy, "n", 2, NULL));
    assert_true(claim_add_int(&policy, "n", 1, NULL));
    assert_true(claim_add_int(&policy, "n", 2, NULL));
    add(&policy, "x-ms-sgx-tcb-status", "UpToDate");
    CHECK_TEXT("issued", payload_of("issued", &wish),
               "{\"exp\":1893484800,\"iat\":1893456000,\"iss\":\"https://maa.example:8443\","
               "\"n\":[2,1],\"nbf\":1893456000,\"tee\":\"sgx\",\"x-ms-attestation-type\":\"sgx\","
               "\"x-ms-policy\":{\"n\":[2,1],\"tee\":\"sgx\",\"x-ms-sgx-tcb-status\":\"UpToDate\"},"
               "\"x-ms-sgx-tcb-status\":\"UpToDate\",\"x-ms-ver\":\"1.0\"}");
}

static void a_management_answer_has_neither_version_nor_id(void **state)
{
    struct claim_set service = begin();
    struct jwt_wish wish = wish_of(&service, NULL);

    (void)state;
    wish.jti = wish.policy_hash = span_str("");
    wish.lifetime = MANAGEMENT_LIFETIME;
    wish.is_management = true;
    add(&service, "x-ms-policy-result", "Removed");
    CHECK_TEXT("removed", payload_of("removed", &wish),
               "{\"exp\":1893459600,\"iat\":1893456000,\"iss\":\"https://maa.example:8443\","
               "\"nbf\":1893456000,\"x-ms-policy-result\":\"Removed\"}");
}

static void nbf_can_be_set_back(void **state)
{
    struct claim_set service = begin();
    struct jwt_wish wish = wish_of(&service, NULL);
    const struct json *back = NULL;
    struct err e = { 0 };
    int64_t nbf = 0, iat = 0;

    (void)state;
    wish.backdate = 300;
    CHECK_OK("back", json_parse(payload_of("back", &wish), NULL, &arena, &back, &e), e);
    CHECK_OK("nbf", json_get_int(back, "nbf", &nbf, &e) && json_get_int(back, "iat", &iat, &e), e);
    CHECK_INT("nbf", nbf, iat - 300);
    CHECK("km_69: nbf is never after iat", nbf <= iat);
}

static void km_72_the_service_keeps_its_names_at_the_top_level(void **state)
{
    static const struct {
        const char *name;
        const char *want; /* the top level's value, or NULL where the member must be absent */
    } rows[] = {
        { "x-ms-ver", "1.0" },
        { "x-ms-attestation-type", "sgx" },
        { "x-ms-sgx-mrenclave", "ours" },
        { "own-name", "ours" },
        { "nonce", NULL },
        { "cnf", NULL },
        { "x-ms-runtime", NULL },
        { "x-ms-compliance-status", NULL },
        { "maa-ehd", NULL },
        { "x-ms-sgx-config-svn", NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct claim_set service = begin(), policy = claim_set_in(&arena);
        struct jwt_wish wish = wish_of(&service, &policy);
        const struct json *back = NULL, *top, *inside;
        struct err e = { 0 };

        add(&service, "x-ms-attestation-type", "sgx");
        add(&service, "x-ms-sgx-mrenclave", "ours");
        add(&service, "own-name", "ours");
        assert_true(claim_add_json(&service, "x-ms-runtime-keys",
                                   span_str("{\"x-ms-sgx-mrenclave\":\"theirs\"}"), NULL));
        add(&policy, rows[i].name, "theirs");
        CHECK_OK(rows[i].name, json_parse(payload_of(rows[i].name, &wish), NULL, &arena, &back, &e),
                 e);
        top = json_member(back, rows[i].name);
        inside = json_member(json_member(back, "x-ms-policy"), rows[i].name);
        CHECK(rows[i].name, inside && span_is(inside->text, "theirs"));
        CHECK(rows[i].name, rows[i].want ? top && span_is(top->text, rows[i].want) : !top);
    }
}

static void km_72_an_issued_x_ms_policy_cannot_replace_the_object(void **state)
{
    struct claim_set service = begin(), policy = claim_set_in(&arena);
    struct jwt_wish wish = wish_of(&service, &policy);
    const struct json *back = NULL, *object;
    struct err e = { 0 };

    (void)state;
    add(&policy, "x-ms-policy", "theirs");
    CHECK_OK("payload", json_parse(payload_of("p", &wish), NULL, &arena, &back, &e), e);
    object = json_member(back, "x-ms-policy");
    CHECK("an object", object && object->type == JSON_OBJECT);
    CHECK_TEXT("with the claim inside", object->raw, "{\"x-ms-policy\":\"theirs\"}");
}

static void km_72_the_seven_reserved_names_never_reach_a_token(void **state)
{
    static const char *const rows[] = {
        "iss", "exp", "nbf", "iat", "jti", "x-ms-policy-hash", "x-ms-policy-signer"
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct claim_set service = begin(), policy = claim_set_in(&arena);
        struct jwt_wish wish = wish_of(&service, &policy);
        struct span out = { 0 };
        struct err e = { 0 };

        CHECK(rows[i], token_reserves(span_str(rows[i])) && token_owns(span_str(rows[i])));
        add(&policy, rows[i], "theirs");
        CHECK(rows[i], !jwt_signing_input(&wish, &arena, &out, &e));
        CHECK_ERR(rows[i], e, ERR_INTERNAL, "");
    }
}

static void the_service_cannot_say_a_common_name_twice(void **state)
{
    static const char *const rows[] = {
        "iss", "exp", "nbf", "iat", "jti", "x-ms-ver", "x-ms-policy-hash"
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct claim_set service = begin();
        struct jwt_wish wish = wish_of(&service, NULL);
        struct span out = { 0 };
        struct err e = { 0 };

        add(&service, rows[i], "again");
        CHECK(rows[i], !jwt_signing_input(&wish, &arena, &out, &e));
        CHECK_ERR(rows[i], e, ERR_INTERNAL, "");
    }
}

static void times_that_do_not_fit_are_refused(void **state)
{
    struct claim_set service = begin();
    struct jwt_wish wish = wish_of(&service, NULL);
    struct span out = { 0 };
    struct err e = { 0 };

    (void)state;
    wish.now = INT64_MAX;
    CHECK("late", !jwt_signing_input(&wish, &arena, &out, &e));
    CHECK_ERR("late", e, ERR_INTERNAL, "");
}

static void km_74_an_unsecured_token_says_so(void **state)
{
    struct claim_set service = begin();
    struct jwt_wish wish = wish_of(&service, NULL);
    struct span input = { 0 }, token = { 0 };
    struct jws j = { 0 };
    struct err e = { 0 };

    (void)state;
    CHECK_OK("input", jwt_signing_input(&wish, &arena, &input, &e), e);
    CHECK_OK("token", jwt_attach(input, span_str(""), &arena, &token, &e), e);
    CHECK("two dots, nothing behind", token.p[token.n - 1] == '.' && token.n == input.n + 1);
    CHECK_OK("parse", jws_parse(token, &arena, &j, &e), e);
    CHECK_TEXT("header", j.header, "{\"alg\":\"none\",\"typ\":\"JWT\"}");
    CHECK("unsecured", j.is_unsecured);
}

static void a_given_header_and_signature_are_taken_as_they_are(void **state)
{
    struct claim_set service = begin();
    struct jwt_wish wish = wish_of(&service, NULL);
    struct span input = { 0 }, token = { 0 };
    struct err e = { 0 };
    struct jws j = { 0 };

    (void)state;
    CHECK_OK("header",
             jwt_header(SIG_RS256, wish.issuer, span_str("k+/="), &arena, &wish.encoded_header, &e),
             e);
    CHECK_OK("input", jwt_signing_input(&wish, &arena, &input, &e), e);
    CHECK("header first", span_starts(input, wish.encoded_header));
    CHECK_OK("token", jwt_attach(input, span_of("\xff\xfe\x00", 3), &arena, &token, &e), e);
    CHECK_OK("parse", jws_parse(token, &arena, &j, &e), e);
    CHECK_SPAN("signature", j.signature, span_of("\xff\xfe\x00", 3));
    CHECK_TEXT("kid", json_member(j.header_json, "kid")->text, "k+/=");
}

static void memory_that_fails_is_a_clean_error(void **state)
{
    bool holds = false;

    (void)state;
    for (size_t n = 1; !holds; n++) {
        struct arena small = arena_over(1 << 20);
        struct claim_set service = begin(), policy = claim_set_in(&arena);
        struct jwt_wish wish = wish_of(&service, &policy);
        struct err e = { 0 };
        struct span out = { 0 };

        add(&policy, "a", "1");
        for (int i = 0; i < 40; i++)
            add(&service, "many", "x");
        small.fail_at = n;
        holds =
            jwt_header(SIG_PS256, wish.issuer, span_str("k"), &small, &wish.encoded_header, &e) &&
            jwt_signing_input(&wish, &small, &out, &e) && jwt_attach(out, out, &small, &out, &e);
        if (!holds)
            CHECK_ERR("n-th allocation", e, ERR_MEMORY, "");
        CHECK("bounded", n < 50);
        arena_fini(&small);
    }
}

static void owned_names_are_in_order_and_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < token_owned_count; i++) {
        CHECK(token_owned_names[i], token_owns(span_str(token_owned_names[i])));
        if (i > 0)
            CHECK(token_owned_names[i], strcmp(token_owned_names[i - 1], token_owned_names[i]) < 0);
    }
    CHECK("tee is the policy's", !token_owns(span_str("tee")));
    CHECK("is-debuggable is the policy's", !token_owns(span_str("is-debuggable")));
    CHECK("an incoming claim that only a policy writes", !token_owns(span_str("x-ms-sgx-fmspc")));
    CHECK("a prefix", !token_owns(span_str("x-ms-sgx")) && !token_owns(span_str("")));
}

/* What the real service answered: signature, canonical payload, order of names, key id. */
static struct span recorded_token(void)
{
    struct span file = check_vector("maa/sgx/net-sdk.attest-sgx-json-runtime.exchange.json");
    const struct json *top = NULL;
    struct span token = { 0 };
    struct err e = { 0 };

    CHECK_OK("exchange", json_parse(file, NULL, &arena, &top, &e), e);
    CHECK_OK(
        "token",
        json_get_string(json_member(json_member(top, "response"), "body"), "token", &token, &e), e);
    token = arena_dup(&arena, token);
    free((void *)(uintptr_t)file.p);
    return token;
}

static void the_recorded_token_is_canonical(void **state)
{
    static const char *const order[] = { "exp",
                                         "iat",
                                         "is-debuggable",
                                         "iss",
                                         "jti",
                                         "maa-attestationcollateral",
                                         "nbf",
                                         "product-id",
                                         "sgx-mrenclave",
                                         "sgx-mrsigner",
                                         "svn",
                                         "tee",
                                         "x-ms-attestation-type",
                                         "x-ms-policy-hash",
                                         "x-ms-runtime",
                                         "x-ms-sgx-collateral",
                                         "x-ms-sgx-is-debuggable",
                                         "x-ms-sgx-mrenclave",
                                         "x-ms-sgx-mrsigner",
                                         "x-ms-sgx-product-id",
                                         "x-ms-sgx-svn",
                                         "x-ms-ver" };
    struct jwt_parts parts;
    struct writer w;
    struct err e = { 0 };
    size_t i = 0;

    (void)state;
    SKIP_WITHOUT_VECTORS();
    begin();
    CHECK_OK("parse", jwt_parse(recorded_token(), &arena, &parts, &e), e);
    w = writer_in(&arena, 4096);
    json_write_sorted(&w, parts.payload_json);
    CHECK_SPAN("payload", writer_span(&w), parts.payload);
    w = writer_in(&arena, 4096);
    json_write_sorted(&w, parts.header_json);
    CHECK_SPAN("header", writer_span(&w), parts.header);
    for (const struct json *m = parts.payload_json->child; m; m = m->next, i++)
        CHECK_TEXT(order[i], m->name, order[i]);
    CHECK_INT("members", i, COUNT(order));
}

TEST_MAIN(the_header_is_the_one_relying_parties_know, the_header_escapes_what_it_is_given,
          the_worked_example_comes_out_byte_for_byte,
          issued_claims_stand_at_the_top_and_in_x_ms_policy,
          a_management_answer_has_neither_version_nor_id, nbf_can_be_set_back,
          km_72_the_service_keeps_its_names_at_the_top_level,
          km_72_an_issued_x_ms_policy_cannot_replace_the_object,
          km_72_the_seven_reserved_names_never_reach_a_token,
          the_service_cannot_say_a_common_name_twice, times_that_do_not_fit_are_refused,
          km_74_an_unsecured_token_says_so, a_given_header_and_signature_are_taken_as_they_are,
          memory_that_fails_is_a_clean_error, owned_names_are_in_order_and_found,
          the_recorded_token_is_canonical)
