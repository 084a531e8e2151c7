#include "../token/bearer_test.h"

#include "../base/hex.h"
#include "identify.h"

#define HEAD "{\"alg\":\"ES256\",\"kid\":\"ec\"}"
#define REST "\"aud\":\"" AUDIENCE "\",\"exp\":1893459600}"

static struct arena arena;
static struct access_list list;
static size_t wanted;

static void want(void *context, size_t issuer)
{
    (void)context;
    wanted = issuer;
}

static struct identify open_id(const char *access)
{
    struct err e = { 0 };

    mint_open();
    arena_fini(&arena);
    arena = arena_over(4 << 20);
    wanted = SIZE_MAX;
    CHECK_OK("list",
             access_list_init(&list, &arena, &e) && access_list_read(&list, span_str(access), &e),
             e);
    return (struct identify){
        .crypto = mint.c, .list = &list, .bearer = &mint.rules, .want_keys = want
    };
}

static bool ask(const struct identify *id, struct span token, struct span cert,
                const struct state *state, struct access_caller *out, struct err *e)
{
    struct writer w = writer_in(&arena, 1024);
    struct identify_proof proof = { .certificate = cert };

    write_text(&w, "Bearer ");
    write_bytes(&w, token);
    if (token.n > 0)
        proof.authorization = writer_span(&w);
    *out = (struct access_caller){ 0 };
    return identify(id, &proof, state, NOW, &arena, out, e);
}

static struct span token_with(const char *claims)
{
    char payload[1024];

    snprintf(payload, sizeof payload, "{\"iss\":\"" ISSUER "\",%s," REST, claims);
    return token_of(HEAD, payload, mint.ec, SIG_ES256);
}

static void claims_give_roles_where_a_line_says_so(void **state)
{
    static const char access[] = "reader claim " ISSUER " roles Attestation Reader\n"
                                 "contributor@site claim " ISSUER " realm.roles admin\n"
                                 "owner claim https://other.example roles boss\n"
                                 "owner claim " ISSUER " oid 7e4b\n";
    static const struct {
        const char *claims, *principal;
        bool read_here, write_here, write_site, own;
    } rows[] = {
        /* clang-format off */
        { "\"sub\":\"a\"",                                          ISSUER "#a",    false, false, false, false },
        { "\"sub\":\"a\",\"roles\":[\"x\",\"Attestation Reader\"]", ISSUER "#a",    true,  false, false, false },
        { "\"sub\":\"a\",\"roles\":\"Attestation Reader\"",         ISSUER "#a",    true,  false, false, false },
        { "\"sub\":\"a\",\"roles\":\"attestation reader\"",         ISSUER "#a",    false, false, false, false },
        { "\"sub\":\"a\",\"roles\":[\"owner\",\"Owner\"]",          ISSUER "#a",    false, false, false, false },
        { "\"sub\":\"a\",\"roles\":[\"boss\"]",                     ISSUER "#a",    false, false, false, false },
        { "\"appid\":\"b\",\"realm\":{\"roles\":[\"admin\"]}",      ISSUER "#b",    false, false, true,  false },
        { "\"oid\":\"7e4b\",\"sub\":\"a\"",                         ISSUER "#7e4b", true,  true,  true,  true  },
        { "\"sub\":\"7e4b\"",                                       ISSUER "#7e4b", false, false, false, false },
        /* clang-format on */
    };
    struct identify id = open_id(access);
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span here = span_str("default"), site = span_str("site");
        struct access_caller c;
        struct err e = { 0 };

        CHECK_OK(rows[i].claims,
                 ask(&id, token_with(rows[i].claims), (struct span){ 0 }, NULL, &c, &e), e);
        CHECK(rows[i].claims, c.is_known);
        CHECK_TEXT(rows[i].claims, c.principal, rows[i].principal);
        CHECK(rows[i].claims, access_may(&c, ACTION_READ, here) == rows[i].read_here);
        CHECK(rows[i].claims, access_may(&c, ACTION_WRITE, here) == rows[i].write_here);
        CHECK(rows[i].claims, access_may(&c, ACTION_WRITE, site) == rows[i].write_site);
        CHECK(rows[i].claims, access_may(&c, ACTION_ROLES_WRITE, here) == rows[i].own);
    }
}

static void principals_have_the_roles_of_the_store(void **state)
{
    const struct store_role roles[] = {
        { .instance = span_str("site"),
          .principal = span_str(ISSUER "#a"),
          .role = span_str("owner") },
        { .instance = span_str("*"),
          .principal = span_str("https://other.example#a"),
          .role = span_str("owner") },
        { .instance = span_str("*"), .principal = span_str("a"), .role = span_str("owner") },
        { .instance = span_str("*"),
          .principal = span_str(ISSUER "#a"),
          .role = span_str("of tomorrow") },
    };
    const struct state s = { .roles = roles, .role_count = COUNT(roles) };
    struct identify id = open_id("");
    struct access_caller c;
    struct err e = { 0 };
    (void)state;

    CHECK_OK("ask", ask(&id, token_with("\"sub\":\"a\""), (struct span){ 0 }, &s, &c, &e), e);
    CHECK("there", access_may(&c, ACTION_WRITE, span_str("site")));
    CHECK("nowhere else", !access_may(&c, ACTION_READ, span_str("default")));
    CHECK_INT("one grant", c.grant_count, 1);
}

static void a_bad_token_is_nobody_and_an_unknown_key_is_asked_for(void **state)
{
    struct identify id = open_id("reader claim " ISSUER " sub a\n");
    struct access_caller c;
    struct err e = { 0 };
    struct span token = token_of("{\"alg\":\"ES256\",\"kid\":\"new\"}",
                                 "{\"iss\":\"" ISSUER "\",\"sub\":\"a\"," REST, mint.ec, SIG_ES256);
    (void)state;

    CHECK("unknown key", !ask(&id, token, (struct span){ 0 }, NULL, &c, &e) && !c.is_known);
    CHECK_ERR("unknown key", e, ERR_MISSING, "bearer.header.kid");
    CHECK_INT("asked for", wanted, 0);
    wanted = SIZE_MAX;
    e = (struct err){ 0 };
    token = token_of(HEAD, "{\"iss\":\"" ISSUER "\",\"sub\":\"a\"," REST, mint.foreign, SIG_RS256);
    CHECK("forged", !ask(&id, token, (struct span){ 0 }, NULL, &c, &e) && !c.is_known);
    CHECK_ERR("forged", e, ERR_UNTRUSTED, "bearer.signature");
    CHECK("not asked for", wanted == SIZE_MAX);
    id.bearer = NULL;
    e = (struct err){ 0 };
    CHECK("no issuers", !ask(&id, token_with("\"sub\":\"a\""), (struct span){ 0 }, NULL, &c, &e));
    CHECK_ERR("no issuers", e, ERR_UNTRUSTED, "token");
}

static struct span certificate(void)
{
    static const char *const names[] = { "build.example", "*.example" };
    struct cert_wish wish = { .common_name = "build machine",
                              .serial = 1,
                              .not_before = NOW - 1,
                              .not_after = NOW + 1,
                              .dns_names = names,
                              .dns_count = COUNT(names) };
    struct span out = { 0 };
    struct err e = { 0 };

    mint_open();
    CHECK_OK("cert",
             cert_make(mint.c, &wish, mint.ec, (struct span){ 0 }, mint.ec, &mint.arena, &out, &e),
             e);
    return out;
}

static void certificates_give_roles_by_what_stands_in_them(void **state)
{
    static const struct {
        const char *line;
        bool may;
    } rows[] = { { "owner certificate cn:build machine", true },
                 { "owner certificate cn:build", false },
                 { "owner certificate cn:Build machine", false },
                 { "owner certificate dns:build.example", true },
                 { "owner certificate dns:other.example", false },
                 { "owner certificate uri:build.example", false },
                 { "owner certificate email:build.example", false },
                 { "owner@site certificate dns:build.example", false } };
    struct span cert = certificate();
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct identify id = open_id(rows[i].line);
        struct access_caller c;
        struct err e = { 0 };

        CHECK_OK(rows[i].line, ask(&id, (struct span){ 0 }, cert, NULL, &c, &e), e);
        CHECK(rows[i].line, c.is_known && span_starts(c.principal, span_str("certificate:")));
        CHECK(rows[i].line, access_may(&c, ACTION_WRITE, span_str("default")) == rows[i].may);
    }
}

static void a_certificate_by_its_hash_and_a_token_add_up(void **state)
{
    struct span cert = certificate(), hex;
    uint8_t digest[SHA256_SIZE];
    char text[256];
    struct access_caller c;
    struct err e = { 0 };
    struct identify id;
    (void)state;

    CHECK_OK("hash", digest_sha256(mint.c, cert, digest, &e), e);
    hex = hex_dup(&mint.arena, span_of(digest, sizeof digest));
    snprintf(text, sizeof text,
             "attestation-reader certificate sha256:%.*s\nowner@site claim " ISSUER " sub a\n",
             SPAN_ARG(hex));
    id = open_id(text);
    CHECK_OK("both", ask(&id, token_with("\"sub\":\"a\""), cert, NULL, &c, &e), e);
    CHECK("by hash", access_may(&c, ACTION_READ, span_str("default")));
    CHECK("by token", access_may(&c, ACTION_WRITE, span_str("site")));
    CHECK_TEXT("the token names", c.principal, ISSUER "#a");
    CHECK("a bad token beside it", !ask(&id, span_str("x.y.z"), cert, NULL, &c, &e) && !c.is_known);
    arena_fini(&arena);
    mint_close();
}

TEST_MAIN(claims_give_roles_where_a_line_says_so, principals_have_the_roles_of_the_store,
          a_bad_token_is_nobody_and_an_unknown_key_is_asked_for,
          certificates_give_roles_by_what_stands_in_them,
          a_certificate_by_its_hash_and_a_token_add_up)
