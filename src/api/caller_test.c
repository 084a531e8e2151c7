#include "../../tests/check.h"

#include "../base/hex.h"
#include "../crypto/signkey.h"
#include "errors.h"
#include "routes.h"

enum { NOW = 1700000000, CALLERS = 9 };

/* Every caller there can be, and the line of the access file that makes it one. */
static const struct {
    const char *token;
    const char *role_text, *end; /* of the line; NULL: there is none */
    int role; /* of enum access_role in every instance; -1: none that counts here */
} callers[CALLERS] = {
    /* clang-format off */
    { NULL,          NULL,                      NULL,                    -1 },
    { "forged",      NULL,                      NULL,                    -1 },
    { "elsewhere",   "owner@other",             "",                      -1 },
    { "ended",       "owner",                   " 2020-01-01T00:00:00Z", -1 },
    { "a-reader",    "attestation-reader",      "",                      ROLE_ATTESTATION_READER },
    { "a-writer",    "attestation-contributor", "",                      ROLE_ATTESTATION_CONTRIBUTOR },
    { "reader",      "reader",                  "",                      ROLE_READER },
    { "contributor", "contributor",             "",                      ROLE_CONTRIBUTOR },
    { "owner",       "owner",                   "",                      ROLE_OWNER },
    /* clang-format on */
};

/* Who may what, once more and by hand: the roles in the order of enum access_role. */
static const bool allowed[ACCESS_NEEDS][ACCESS_ROLES] = {
    /* clang-format off */
    [NEED_TPM]             = { true,  true,  true,  true,  true },
    [NEED_CALLER]          = { true,  true,  true,  true,  true },
    [NEED_READ]            = { true,  true,  true,  true,  true },
    [NEED_WRITE]           = { false, true,  false, true,  true },
    [NEED_DELETE]          = { false, true,  false, true,  true },
    [NEED_PROVIDER_READ]   = { false, false, true,  true,  true },
    [NEED_PROVIDER_WRITE]  = { false, false, false, true,  true },
    [NEED_PROVIDER_DELETE] = { false, false, false, true,  true },
    [NEED_ROLES_WRITE]     = { false, false, false, false, true },
    /* clang-format on */
};

struct world {
    struct arena arena;
    struct crypto *crypto;
    struct access_list list;
    struct identify identify;
    struct attest_key key;
    struct attest_service *service;
    struct api *api;
};

static void add_callers(struct world *w)
{
    struct writer text = writer_in(&w->arena, 1024);
    struct err e = { 0 };

    for (size_t i = 0; i < CALLERS; i++) {
        uint8_t digest[SHA256_SIZE];

        if (!callers[i].role_text)
            continue;
        CHECK_OK("hash", digest_sha256(w->crypto, span_str(callers[i].token), digest, &e), e);
        write_format(&text, "%s token ", callers[i].role_text);
        hex_write(&text, span_of(digest, sizeof digest));
        write_format(&text, " x%s\n", callers[i].end);
    }
    CHECK_OK("list",
             access_list_init(&w->list, &w->arena, &e) &&
                 access_list_read(&w->list, writer_span(&text), &e),
             e);
}

static void make_key(struct world *w)
{
    struct cert_wish wish = {
        .common_name = "https://a.example", .serial = 1, .not_before = 0, .not_after = NOW
    };
    struct err e = { 0 };
    struct signkey *k = signkey_new(w->crypto, SIGNKEY_P256, &e);

    CHECK_OK(
        "key",
        k && cert_make(w->crypto, &wish, k, (struct span){ 0 }, k, &w->arena, &w->key.cert, &e), e);
    w->key = (struct attest_key){
        .alg = SIG_ES256, .kid = span_str("kid"), .kty = "EC", .cert = w->key.cert
    };
    signkey_free(k);
}

static void open_world(struct world *w, bool is_attest_closed)
{
    static const struct root_list roots;
    struct attest_settings service;
    struct api_settings api;
    struct err e = { 0 };

    *w = (struct world){ .arena = arena_over(1 << 20), .crypto = crypto_new(&e) };
    add_callers(w);
    make_key(w);
    w->identify = (struct identify){ .crypto = w->crypto, .list = &w->list };
    service = (struct attest_settings){ .crypto = w->crypto,
                                        .issuer = span_str("https://a.example"),
                                        .roots = &roots,
                                        .keys = &w->key,
                                        .key_count = 1,
                                        .policy_profile = "azure",
                                        .judge_at = -1 };
    w->service = attest_service_new(&service, &e);
    CHECK_OK("service", w->service != NULL, e);
    api = (struct api_settings){ .service = w->service,
                                 .version = span_str("1.0.0.0"),
                                 .identify = &w->identify,
                                 .is_attest_closed = is_attest_closed,
                                 .memory_max = 1 << 20 };
    w->api = api_new(&api, &e);
    CHECK_OK("api", w->api != NULL, e);
}

static void close_world(struct world *w)
{
    api_free(w->api);
    attest_service_free(w->service);
    crypto_free(w->crypto);
    arena_fini(&w->arena);
}

/* The status of a call to that route; headers are checked on the way. */
static int status_of(struct world *w, const struct route *r, const char *version, const char *token)
{
    static const uint8_t entropy[API_ENTROPY];
    struct http_request q = { .method = r->method, .body = span_str("{}") };
    struct api_exchange x = { 0 };
    char target[256], authorization[64];
    bool has_challenge = false;
    int status;

    snprintf(target, sizeof target, "%s?api-version=%s", r->path, version);
    snprintf(authorization, sizeof authorization, "Bearer %s", token ? token : "");
    q.target = span_str(target);
    if (token)
        q.headers[q.header_count++] =
            (struct http_header){ span_str("Authorization"), span_str(authorization) };
    status = api_begin(w->api, &q, NOW, entropy, &x) == API_ANSWERED ? x.answer.status : 200;
    for (size_t i = 0; i < x.answer.header_count; i++)
        has_challenge |= span_is(x.answer.headers[i].name, "WWW-Authenticate");
    CHECK(r->path, has_challenge == (status == 401));
    CHECK(r->path, (x.note.unauthorized != NULL) == (status == 401));
    api_exchange_fini(&x);
    return status;
}

static void walk(bool is_attest_closed)
{
    static const char *const versions[] = { "2018-09-01-preview", "2022-08-01" };
    struct world w;

    open_world(&w, is_attest_closed);
    for (size_t i = 0; i < route_count * 2; i++) {
        const struct route *r = &routes[i / 2];
        bool is_old = i % 2 == 0;
        enum access_need need = is_old ? r->need_2018 : r->need;

        if (r->version == VERSION_2018_ONLY && !is_old)
            continue;
        if (need == NEED_ATTEST)
            need = is_attest_closed ? NEED_READ : NEED_NOTHING;
        for (size_t c = 0; c < CALLERS; c++) {
            bool may = need == NEED_NOTHING || (need == NEED_CALLER && c == 2) ||
                       (callers[c].role >= 0 && allowed[need][callers[c].role]);
            int status = status_of(
                &w, r, r->version == VERSION_MANAGEMENT ? "2021-06-01" : versions[!is_old],
                callers[c].token);

            CHECK(callers[c].token ? callers[c].token : r->path, (status != 401) == may);
        }
    }
    close_world(&w);
}

static void km_81_every_route_is_closed_to_whoever_may_not(void **state)
{
    (void)state;
    walk(false);
    walk(true);
}

static void two_authorization_headers_are_no_caller(void **state)
{
    static const uint8_t entropy[API_ENTROPY];
    struct http_request q = {
        .method = HTTP_POST,
        .target = span_str("/attest/tee/sgxenclave?api-version=2018-09-01-preview"),
        .headers = { { span_str("authorization"), span_str("Bearer owner") },
                     { span_str("Authorization"), span_str("Bearer owner") } },
        .header_count = 2,
    };
    struct api_exchange x = { 0 };
    struct world w;
    (void)state;

    open_world(&w, false);
    CHECK_INT("answered", api_begin(w.api, &q, NOW, entropy, &x), API_ANSWERED);
    CHECK_INT("status", x.answer.status, 401);
    CHECK("a bare string", x.answer.body.p[0] == '"');
    api_exchange_fini(&x);
    q.header_count = 1;
    CHECK_INT("one", api_begin(w.api, &q, NOW, entropy, &x), API_ANSWERED);
    CHECK_INT("one", x.answer.status, 400);
    api_exchange_fini(&x);
    close_world(&w);
}

/* What a refusal leaves for the log and for whoever asks why. */
static void a_refused_call_is_kept_with_the_whole_reason(void **state)
{
    static const struct {
        const char *target, *token, *reason, *words; /* reason NULL: nothing is kept */
    } rows[] = {
        { "/policies/tpm?api-version=2022-08-01", NULL, "Unauthorized",
          "no token and no certificate" },
        { "/policies/tpm?api-version=2022-08-01", "ended", "Unauthorized", "ended" },
        { "/policies/tpm:reset?api-version=2022-08-01", "a-reader", "Unauthorized", "no role" },
        { "/policies/tpm:reset?api-version=2022-08-01", "owner", "InvalidParameter", "" },
        { "/policies/tpm", NULL, NULL, NULL },
        { "/nowhere?api-version=2022-08-01", "owner", NULL, NULL },
        { "/attest/sgxenclave?api-version=2022-08-01", "owner", NULL, NULL },
    };
    static const uint8_t entropy[API_ENTROPY];
    struct world w;

    (void)state;
    open_world(&w, false);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_request q = { .method = strstr(rows[i].target, "reset") ? HTTP_POST : HTTP_GET,
                                  .target = span_str(rows[i].target) };
        struct api_exchange x = { 0 };
        char authorization[64];

        snprintf(authorization, sizeof authorization, "Bearer %s",
                 rows[i].token ? rows[i].token : "");
        if (rows[i].token)
            q.headers[q.header_count++] =
                (struct http_header){ span_str("Authorization"), span_str(authorization) };
        CHECK_INT(rows[i].target, api_begin(w.api, &q, NOW + (int64_t)i, entropy, &x),
                  API_ANSWERED);
        CHECK(rows[i].target, (x.note.refused_call != NULL) == (rows[i].reason != NULL));
        CHECK(rows[i].target, (x.note.explanation.n > 0) == (rows[i].reason != NULL));
        if (rows[i].reason) {
            char text[2048];

            snprintf(text, sizeof text, "%.*s", SPAN_ARG(x.note.explanation));
            CHECK_TEXT(rows[i].target, span_str(x.note.reason), rows[i].reason);
            CHECK(rows[i].words, strstr(text, rows[i].words) != NULL);
            CHECK(rows[i].target, strstr(text, "\"call\":\"") != NULL);
        }
        api_exchange_fini(&x);
    }
    close_world(&w);
}

/* Anybody can be refused as often as it likes. */
static void of_refused_callers_a_few_in_each_second_are_kept(void **state)
{
    static const uint8_t entropy[API_ENTROPY];
    struct http_request q = { .method = HTTP_GET,
                              .target = span_str("/policies/tpm?api-version=2022-08-01") };
    struct world w;
    int kept[2] = { 0 };

    (void)state;
    open_world(&w, false);
    for (int i = 0; i < 200; i++) {
        struct api_exchange x = { 0 };

        CHECK_INT("answered", api_begin(w.api, &q, NOW + i / 100, entropy, &x), API_ANSWERED);
        CHECK_INT("status", x.answer.status, 401);
        CHECK("the log is told", x.note.unauthorized != NULL);
        kept[i / 100] += x.note.explanation.n > 0;
        api_exchange_fini(&x);
    }
    CHECK_INT("in the first second", kept[0], 20);
    CHECK_INT("in the next", kept[1], 20);
    close_world(&w);
}

static void a_refusal_is_answered_with_whatever_memory_there_is(void **state)
{
    static const uint8_t entropy[64];
    struct http_request q = { .method = HTTP_GET,
                              .target = span_str("/policies/tpm?api-version=2022-08-01") };
    struct world w;
    size_t kept = 0;

    (void)state;
    open_world(&w, false);
    for (size_t memory = 0; memory < 64 * 1024; memory += 128) {
        struct api_settings set = *api_set(w.api);
        struct api_exchange x = { 0 };
        struct err e = { 0 };
        struct api *api;

        set.memory_max = memory;
        api = api_new(&set, &e);
        CHECK_OK("api", api != NULL, e);
        CHECK_INT("answered", api_begin(api, &q, NOW, entropy, &x), API_ANSWERED);
        CHECK("status", x.answer.status == 401 || x.answer.status == 500);
        CHECK("body", x.answer.body.n > 0);
        CHECK("note", !x.note.refused_call || (x.note.reason && x.note.text && x.note.request_id));
        kept += x.note.explanation.n > 0;
        api_exchange_fini(&x);
        api_free(api);
    }
    CHECK("kept once there is enough", kept > 0);
    close_world(&w);
}

TEST_MAIN(km_81_every_route_is_closed_to_whoever_may_not, two_authorization_headers_are_no_caller,
          a_refused_call_is_kept_with_the_whole_reason,
          of_refused_callers_a_few_in_each_second_are_kept,
          a_refusal_is_answered_with_whatever_memory_there_is)
