#include "../../tests/check.h"

#include "identify.h"

#define HASH "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

enum { NOW = 1700000000 };

static struct arena memory;
static struct access_list list;

static bool read_list(const char *text, struct err *e)
{
    arena_fini(&memory);
    memory = arena_over(1 << 20);
    return access_list_init(&list, &memory, e) && access_list_read(&list, span_str(text), e);
}

/* actions and roles */

static void roles_hold_what_the_contract_says(void **state)
{
    static const struct {
        const char *role;
        bool read, write, delete, see, make, give;
    } rows[] = {
        /* clang-format off */
        { "Attestation Reader",      true, false, false, false, false, false },
        { "Attestation Contributor", true, true,  true,  false, false, false },
        { "Reader",                  true, false, false, true,  false, false },
        { "Contributor",             true, true,  true,  true,  true,  false },
        { "Owner",                   true, true,  true,  true,  true,  true  },
        /* clang-format on */
    };
    (void)state;

    CHECK_INT("every role", COUNT(rows), ACCESS_ROLES);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct access_caller c = { .is_known = true };
        struct span here = span_str("here");
        enum access_role role;

        CHECK(rows[i].role, access_role_find(span_str(rows[i].role), &role));
        access_grant_add(&c, role, span_str("*"));
        CHECK(rows[i].role, access_may(&c, ACTION_READ, here) == rows[i].read);
        CHECK(rows[i].role, access_may(&c, ACTION_WRITE, here) == rows[i].write);
        CHECK(rows[i].role, access_may(&c, ACTION_DELETE, here) == rows[i].delete);
        CHECK(rows[i].role, access_may(&c, ACTION_PROVIDER_READ, here) == rows[i].see);
        CHECK(rows[i].role, access_may(&c, ACTION_PROVIDER_WRITE, here) == rows[i].make);
        CHECK(rows[i].role, access_may(&c, ACTION_PROVIDER_DELETE, here) == rows[i].make);
        CHECK(rows[i].role, access_may(&c, ACTION_ROLES_WRITE, here) == rows[i].give);
    }
}

static void a_role_in_one_instance_is_none_in_another(void **state)
{
    struct access_caller c = { .is_known = true };
    (void)state;

    access_grant_add(&c, ROLE_OWNER, span_str("mine"));
    CHECK("mine", access_may(&c, ACTION_WRITE, span_str("mine")));
    CHECK("theirs", !access_may(&c, ACTION_WRITE, span_str("theirs")));
    CHECK("a longer name", !access_may(&c, ACTION_WRITE, span_str("mine2")));
    CHECK("no name", !access_may(&c, ACTION_WRITE, span_str("")));
    CHECK("everywhere is not a place", !access_may(&c, ACTION_WRITE, span_str("*")));
}

static void somebody_unknown_may_nothing_whatever_the_grants(void **state)
{
    struct access_caller c = { 0 };
    (void)state;

    access_grant_add(&c, ROLE_OWNER, span_str("*"));
    for (int n = 0; n < ACCESS_NEEDS; n++)
        CHECK(access_need_name((enum access_need)n),
              access_suffices(&c, (enum access_need)n, span_str("here")) == (n == NEED_NOTHING));
}

static void what_says_no_need_is_open_to_nobody(void **state)
{
    struct access_caller c = { .is_known = true };
    (void)state;

    access_grant_add(&c, ROLE_OWNER, span_str("*"));
    CHECK("unsaid", !access_suffices(&c, NEED_UNSAID, span_str("here")));
    CHECK("past the table", !access_suffices(&c, ACCESS_NEEDS, span_str("here")));
}

static void grants_past_the_limit_give_nothing(void **state)
{
    struct access_caller c = { .is_known = true };
    (void)state;

    for (int i = 0; i < ACCESS_GRANTS_MAX; i++)
        access_grant_add(&c, ROLE_READER, span_str("*"));
    access_grant_add(&c, ROLE_OWNER, span_str("*"));
    CHECK("dropped", !access_may(&c, ACTION_WRITE, span_str("here")));
}

/* the file */

static void lines_name_a_role_a_place_and_a_proof(void **state)
{
    static const char text[] =
        "# who may what\n\nreader token " HASH "\n"
        "  contributor@site\ttoken " HASH " ci 2030-01-01T00:00:00Z \r\n"
        "attestation-reader claim https://login.example/realm roles Attestation Reader\n"
        "owner certificate sha256:" HASH "\nreader certificate cn:build machine";
    struct err e = { 0 };
    (void)state;

    CHECK_OK("read", read_list(text, &e), e);
    CHECK_INT("count", list.count, 5);
    CHECK_INT("role", list.items[0].role, ROLE_READER);
    CHECK_TEXT("everywhere", list.items[0].instance, "*");
    CHECK("digest", list.items[0].digest[0] == 0 && list.items[0].digest[31] == 0xff);
    CHECK_TEXT("instance", list.items[1].instance, "site");
    CHECK_TEXT("name", list.items[1].name, "ci");
    CHECK_INT("end", list.items[1].expires, 1893456000);
    CHECK_TEXT("issuer", list.items[2].issuer, "https://login.example/realm");
    CHECK_TEXT("claim", list.items[2].claim, "roles");
    CHECK_TEXT("value with a space", list.items[2].value, "Attestation Reader");
    CHECK_INT("field", list.items[3].field, FIELD_SHA256);
    CHECK_TEXT("value", list.items[4].value, "build machine");
}

static void refusals_name_the_line(void **state)
{
    static const struct {
        const char *name, *text, *path;
    } rows[] = { { "another role", "admin token " HASH, "line 1" },
                 { "upper case", "READER token " HASH, "line 1" },
                 { "no instance behind @", "reader@ token " HASH, "line 1" },
                 { "no kind", "\nreader\n", "line 2" },
                 { "another kind", "reader password x", "line 1" },
                 { "no hash", "reader token", "line 1" },
                 { "short hash", "reader token 0011", "line 1" },
                 { "a token itself", "reader token dev-reader", "line 1" },
                 { "a moment that is none", "reader token " HASH " ci soon", "line 1" },
                 { "more behind", "reader token " HASH " ci 2030-01-01T00:00:00Z x", "line 1" },
                 { "no value", "reader claim https://a roles", "line 1" },
                 { "no field", "reader certificate build", "line 1" },
                 { "another field", "reader certificate serial:1", "line 1" },
                 { "no field's value", "reader certificate cn:", "line 1" },
                 { "short digest", "reader certificate sha256:00", "line 1" } };
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = { 0 };

        CHECK(rows[i].name, !read_list(rows[i].text, &e));
        CHECK_ERR(rows[i].name, e, ERR_MALFORMED, rows[i].path);
    }
}

static void too_many_lines_are_refused(void **state)
{
    struct arena a = arena_over(1 << 20);
    struct writer w = writer_in(&a, 1024);
    struct err e = { 0 };
    (void)state;

    for (size_t i = 0; i <= ACCESS_LINES_MAX; i++)
        write_text(&w, "reader token " HASH "\n");
    write_u8(&w, 0);
    CHECK("too many", !read_list((const char *)w.p, &e));
    CHECK_ERR("too many", e, ERR_LIMIT, "line 1025");
    arena_fini(&a);
}

/* static tokens */

struct desk {
    struct crypto *crypto;
    struct arena arena;
    struct identify id;
};

static struct desk desk_open(void)
{
    struct err e = { 0 };
    struct desk d = { .crypto = crypto_new(&e), .arena = arena_over(1 << 20) };

    CHECK_OK("list", read_list("", &e) && access_list_add_desk(&list, d.crypto, &e), e);
    d.id = (struct identify){ .crypto = d.crypto, .list = &list };
    return d;
}

static void desk_close(struct desk *d)
{
    arena_fini(&d->arena);
    crypto_free(d->crypto);
}

static bool ask(struct desk *d, const char *authorization, const struct state *s,
                struct access_caller *out, struct err *e)
{
    const struct identify_proof proof = { .authorization = span_str(authorization) };

    return identify(&d->id, &proof, s, NOW, &d->arena, out, e);
}

static void desk_tokens_are_kept_hashed_and_known(void **state)
{
    struct desk d = desk_open();
    struct access_caller c = { 0 };
    struct err e = { 0 };
    uint8_t want[SHA256_SIZE];
    (void)state;

    CHECK_OK("hash", digest_sha256(d.crypto, span_str("dev-contributor"), want, &e), e);
    CHECK_SPAN("hash", span_of(list.items[1].digest, SHA256_SIZE), span_of(want, SHA256_SIZE));
    CHECK_OK("ask", ask(&d, "bEaReR  dev-contributor ", NULL, &c, &e), e);
    CHECK("may", access_may(&c, ACTION_WRITE, span_str("default")));
    CHECK_TEXT("principal", c.principal, "token:dev-contributor");
    CHECK_OK("nobody", ask(&d, "", NULL, &c, &e), e);
    CHECK("nobody", !c.is_known);
    desk_close(&d);
}

static void what_was_not_given_out_is_refused(void **state)
{
    static const struct {
        const char *name, *authorization;
        enum err_code code;
        const char *path;
    } rows[] = { { "another scheme", "Basic dev-reader", ERR_MALFORMED, "authorization" },
                 { "no token", "Bearer  ", ERR_MALFORMED, "authorization" },
                 { "no scheme", "dev-reader", ERR_MALFORMED, "authorization" },
                 { "a shorter token", "Bearer dev-reade", ERR_UNTRUSTED, "token" },
                 { "a longer token", "Bearer dev-reader1", ERR_UNTRUSTED, "token" },
                 { "its hash", "Bearer " HASH, ERR_UNTRUSTED, "token" } };
    struct desk d = desk_open();
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct access_caller c = { 0 };
        struct err e = { 0 };

        CHECK(rows[i].name, !ask(&d, rows[i].authorization, NULL, &c, &e) && !c.is_known);
        CHECK_ERR(rows[i].name, e, rows[i].code, rows[i].path);
    }
    desk_close(&d);
}

static void a_token_ends_at_its_moment(void **state)
{
    struct desk d = desk_open();
    struct access_caller c = { 0 };
    struct err e = { 0 };
    (void)state;

    list.items[0].expires = NOW + 1;
    CHECK_OK("a second before", ask(&d, "Bearer dev-reader", NULL, &c, &e), e);
    list.items[0].expires = NOW;
    CHECK("at the moment", !ask(&d, "Bearer dev-reader", NULL, &c, &e));
    CHECK_ERR("at the moment", e, ERR_STALE, "token");
    desk_close(&d);
}

static void the_store_s_tokens_and_roles_count(void **state)
{
    struct desk d = desk_open();
    struct access_caller c = { 0 };
    struct err e = { 0 };
    uint8_t digest[SHA256_SIZE];
    struct store_token token = { .digest = span_of(digest, sizeof digest),
                                 .name = span_str("ci"),
                                 .instance = span_str("site"),
                                 .role = span_str("reader") };
    struct store_role roles[] = {
        { .instance = span_str("site"),
          .principal = span_str("token:ci"),
          .role = span_str("owner") },
        { .instance = span_str("*"),
          .principal = span_str("token:cia"),
          .role = span_str("owner") },
    };
    const struct state s = {
        .tokens = &token, .token_count = 1, .roles = roles, .role_count = COUNT(roles)
    };
    (void)state;

    CHECK_OK("hash", digest_sha256(d.crypto, span_str("cupel_kept"), digest, &e), e);
    CHECK_OK("ask", ask(&d, "Bearer cupel_kept", &s, &c, &e), e);
    CHECK_TEXT("principal", c.principal, "token:ci");
    CHECK("here", access_may(&c, ACTION_ROLES_WRITE, span_str("site")));
    CHECK("not there", !access_may(&c, ACTION_READ, span_str("other")));
    token.expires = NOW;
    CHECK("ended", !ask(&d, "Bearer cupel_kept", &s, &c, &e));
    CHECK_ERR("ended", e, ERR_STALE, "token");
    desk_close(&d);
}

TEST_MAIN(roles_hold_what_the_contract_says, a_role_in_one_instance_is_none_in_another,
          somebody_unknown_may_nothing_whatever_the_grants, what_says_no_need_is_open_to_nobody,
          grants_past_the_limit_give_nothing, lines_name_a_role_a_place_and_a_proof,
          refusals_name_the_line, too_many_lines_are_refused, desk_tokens_are_kept_hashed_and_known,
          what_was_not_given_out_is_refused, a_token_ends_at_its_moment,
          the_store_s_tokens_and_roles_count)
