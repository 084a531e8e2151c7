#include "making.h"

#include "../service/access_list.h"
#include "../service/proposal_test.h"

/* A service with one key, and its api. */
struct house {
    struct arena arena;
    struct access_list access;
    struct identify identify;
    struct keep keep;
    struct attest_key key;
    struct attest_service *service;
    struct api *api;
};

static void open_house(struct house *h)
{
    struct attest_settings set = { .crypto = crypto,
                                   .issuer = span_str("https://a.example"),
                                   .policy_profile = "azure",
                                   .judge_at = -1 };
    struct api_settings s = { .version = span_str("1.2.3.4"), .memory_max = 32 << 20 };
    struct err e = { 0 };

    memset(h, 0, sizeof *h);
    h->arena = arena_over(4 << 20);
    h->key = (struct attest_key){
        .alg = SIG_ES256, .kid = span_str("kid"), .kty = "EC", .cert = signers[1].cert
    };
    set.keys = &h->key;
    set.key_count = 1;
    h->service = attest_service_new(&set, &e);
    CHECK_OK("service", h->service != NULL, e);
    CHECK_OK("access", access_list_init(&h->access, &h->arena, &e), e);
    CHECK_OK("desk", access_list_add_desk(&h->access, crypto, &e), e);
    h->identify = (struct identify){ .crypto = crypto, .list = &h->access };
    h->keep = keep_local_keep(local);
    s.service = h->service;
    s.identify = &h->identify;
    s.keep = &h->keep;
    s.instance_domain = span_str("a.example");
    h->api = api_new(&s, &e);
    CHECK_OK("api", h->api != NULL, e);
}

static void close_house(struct house *h)
{
    api_free(h->api);
    attest_service_free(h->service);
    arena_fini(&h->arena);
}

static enum api_step begin_at(struct house *h, const char *host, const char *target,
                              enum http_method method, struct span body, struct api_exchange *x)
{
    static uint8_t entropy[API_ENTROPY] = { 1 };
    struct http_request r = { .method = method,
                              .target = span_str(target),
                              .headers = { { span_str("Host"), span_str(host) },
                                           { span_str("Authorization"),
                                             span_str("Bearer dev-contributor") } },
                              .header_count = 2,
                              .body = body };

    entropy[0]++;
    return api_begin(h->api, &r, AT, entropy, x);
}

static enum api_step begin(struct house *h, const char *target, enum http_method method,
                           struct span body, struct api_exchange *x)
{
    return begin_at(h, "isolated", target, method, body, x);
}

/* What the keeper says. */
struct said {
    struct house *house;
    struct api_exchange *x;
    enum api_step step;
};

static void on_kept(void *arg, const struct change_result *result, const struct err *err)
{
    struct said *s = arg;

    s->step = api_kept(s->house->api, s->x, result, err);
}

static enum api_step keep_it(struct house *h, struct api_exchange *x)
{
    struct said s = { .house = h, .x = x };
    struct err e = { 0 };

    CHECK_OK("keep", keep_change(&h->keep, x->change, on_kept, &s, &e), e);
    return s.step;
}

static struct span document(int signer, int n, struct arena *a)
{
    struct writer text = writer_in(a, 256), payload = writer_in(a, 512);

    write_format(&text, "version=1.0;authorizationrules{=>permit();};%*s", n, "");
    write_text(&payload, "{\"AttestationPolicy\":\"");
    b64_write_url(&payload, writer_span(&text));
    write_text(&payload, "\"}");
    write_u8(&payload, 0);
    return sign(signer, (const char *)writer_span(&payload).p, a);
}

static const char put[] = "/policies/SgxEnclave?api-version=2020-10-01";

static struct span in_force(void)
{
    struct keep keep = keep_local_keep(local);
    const struct store_policy *p =
        state_policy(keep_state(&keep), span_str("isolated"), span_str("SgxEnclave"));

    return p ? p->jws : (struct span){ 0 };
}

static void change_list(enum change_kind kind, const struct signer *s)
{
    const struct store_certificate c = { .instance = span_str("isolated"), .der = s->cert };

    make_change((struct change){ .kind = kind, .certificates = &c, .certificate_count = 1 });
}

static void a_change_is_answered_after_it_was_made(void **state)
{
    struct house h;
    struct api_exchange x = { 0 };
    struct span jws;

    (void)state;
    open_house(&h);
    jws = document(0, 1, &h.arena);
    assert_int_equal(begin(&h, put, HTTP_PUT, jws, &x), API_TO_KEEP);
    assert_true(in_force().n == 0);
    assert_int_equal(keep_it(&h, &x), API_TO_SIGN);
    CHECK_SPAN("in force", in_force(), jws);
    api_finish(h.api, &x, span_str("signature"));
    assert_int_equal(x.answer.status, 200);
    api_exchange_fini(&x);
    close_house(&h);
}

static bool says(const struct api_exchange *x, const char *words)
{
    struct span body = x->answer.body;

    return memmem(body.p, body.n, words, strlen(words)) != NULL;
}

static void a_change_whose_answer_is_not_signed_is_told_as_made(void **state)
{
    struct house h;
    struct api_exchange x = { 0 };
    struct span jws;

    (void)state;
    open_house(&h);
    jws = document(0, 2, &h.arena);
    assert_int_equal(begin(&h, put, HTTP_PUT, jws, &x), API_TO_KEEP);
    assert_int_equal(keep_it(&h, &x), API_TO_SIGN);
    api_finish(h.api, &x, (struct span){ 0 });
    assert_int_equal(x.answer.status, 503);
    assert_true(says(&x, "the change was made"));
    CHECK_SPAN("in force", in_force(), jws);
    api_exchange_fini(&x);
    assert_int_equal(begin(&h, put, HTTP_GET, (struct span){ 0 }, &x), API_TO_SIGN);
    api_finish(h.api, &x, (struct span){ 0 });
    assert_int_equal(x.answer.status, 503);
    assert_false(says(&x, "the change was made"));
    api_exchange_fini(&x);
    close_house(&h);
}

static void what_moved_meanwhile_is_judged_by_what_stands_then(void **state)
{
    struct house h;
    struct api_exchange x = { 0 };
    struct span jws;

    (void)state;
    open_house(&h);
    jws = document(0, 2, &h.arena);
    assert_int_equal(begin(&h, put, HTTP_PUT, jws, &x), API_TO_KEEP);
    change_list(CHANGE_CERTIFICATE_ADD, &signers[4]); /* somebody else's */
    assert_int_equal(keep_it(&h, &x), API_TO_KEEP);
    assert_int_equal(keep_it(&h, &x), API_TO_SIGN);
    CHECK_SPAN("in force", in_force(), jws);
    api_exchange_fini(&x);
    close_house(&h);
}

static void km_80_a_signer_removed_meanwhile_is_not_heard(void **state)
{
    struct house h;
    struct api_exchange x = { 0 };
    struct span before = in_force();

    (void)state;
    open_house(&h);
    before = arena_dup(&h.arena, before);
    assert_int_equal(begin(&h, put, HTTP_PUT, document(4, 3, &h.arena), &x), API_TO_KEEP);
    change_list(CHANGE_CERTIFICATE_REMOVE, &signers[4]);
    assert_int_equal(keep_it(&h, &x), API_ANSWERED);
    assert_int_equal(x.answer.status, 400);
    CHECK_SPAN("in force", in_force(), before);
    api_exchange_fini(&x);
    close_house(&h);
}

static void who_keeps_being_overtaken_is_told_to_come_again(void **state)
{
    struct house h;
    struct api_exchange x = { 0 };
    enum api_step step;
    int turns = 0;

    (void)state;
    open_house(&h);
    step = begin(&h, put, HTTP_PUT, document(0, 4, &h.arena), &x);
    for (; step == API_TO_KEEP; turns++) {
        change_list(turns % 2 ? CHANGE_CERTIFICATE_REMOVE : CHANGE_CERTIFICATE_ADD, &signers[4]);
        step = keep_it(&h, &x);
    }
    assert_int_equal(turns, MAKING_ATTEMPTS);
    assert_int_equal(x.answer.status, 503);
    api_exchange_fini(&x);
    close_house(&h);
}

/* Two clients of the control plane at once: the first is told that it is done, the second that it
 * is not, and what stands is the first one's. */
static void of_two_who_change_an_instance_at_once_one_is_told_so(void **state)
{
    static const struct {
        const char *name;
        enum http_method method;
        int first;
    } rows[] = {
        { "created", HTTP_PUT, 201 },
        { "put again", HTTP_PUT, 200 },
        { "patched", HTTP_PATCH, 200 },
    };
    static const char target[] =
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Attestation/"
        "attestationProviders/one?api-version=2021-06-01";
    struct house h;

    (void)state;
    make_instance("default", "AAD", 0);
    open_house(&h);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct api_exchange a = { 0 }, b = { 0 };
        struct span first = span_str("{\"location\":\"first\",\"tags\":{\"a\":\"first\"}}");
        struct span second = span_str("{\"location\":\"second\",\"tags\":{\"a\":\"second\"}}");
        struct keep keep = keep_local_keep(local);

        CHECK_INT(rows[i].name, begin_at(&h, "default", target, rows[i].method, first, &a),
                  API_TO_KEEP);
        CHECK_INT(rows[i].name, begin_at(&h, "default", target, rows[i].method, second, &b),
                  API_TO_KEEP);
        CHECK_INT(rows[i].name, keep_it(&h, &a), API_ANSWERED);
        CHECK_INT(rows[i].name, a.answer.status, rows[i].first);
        CHECK_INT(rows[i].name, keep_it(&h, &b), API_ANSWERED);
        CHECK_INT(rows[i].name, b.answer.status, 409);
        CHECK(rows[i].name,
              span_starts(b.answer.body, span_str("{\"error\":{\"code\":\"Conflict\"")));
        CHECK_TEXT(rows[i].name, state_instance(keep_state(&keep), span_str("one"))->tags,
                   "{\"a\":\"first\"}");
        api_exchange_fini(&a);
        api_exchange_fini(&b);
    }
    close_house(&h);
}

static void the_keepers_answers_are_told_in_words_of_the_contract(void **state)
{
    static const struct {
        enum err_code code;
        const char *path;
        int status;
        const char *word;
    } rows[] = {
        { ERR_MISSING, "change.instance", 404, "NotFound" },
        { ERR_DENIED, "change.last", 400, "InvalidOperation" },
        { ERR_LIMIT, "state", 413, "RequestTooLarge" },
        { ERR_LIMIT, "", 503, "ServiceUnavailable" },
        { ERR_CONFLICT, "store.busy", 503, "ServiceUnavailable" },
        { ERR_UNCERTAIN, "", 503, "ServiceUnavailable" },
        { ERR_IO, "store.full", 503, "ServiceUnavailable" },
        { ERR_MEMORY, "", 500, "InternalServerError" },
    };
    struct house h;

    (void)state;
    open_house(&h);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct api_exchange x = { 0 };
        struct err e = { 0 };
        char code[64];

        assert_int_equal(begin(&h, put, HTTP_PUT, document(0, 5, &h.arena), &x), API_TO_KEEP);
        err_fail(&e, rows[i].code, NULL, "said by the keeper");
        if (rows[i].path[0])
            err_in(&e, rows[i].path);
        assert_int_equal(api_kept(h.api, &x, NULL, &e), API_ANSWERED);
        CHECK_INT(rows[i].word, x.answer.status, rows[i].status);
        snprintf(code, sizeof code, "{\"error\":{\"code\":\"%s\"", rows[i].word);
        CHECK(rows[i].word, span_starts(x.answer.body, span_str(code)));
        api_exchange_fini(&x);
    }
    close_house(&h);
}

static void without_a_store_nothing_is_changed_and_defaults_are_read(void **state)
{
    struct house h;
    struct api_exchange x = { 0 };
    struct api_settings s;
    struct err e = { 0 };

    (void)state;
    open_house(&h);
    s = *api_set(h.api);
    s.keep = NULL;
    api_free(h.api);
    h.api = api_new(&s, &e);
    CHECK_OK("api", h.api != NULL, e);
    assert_int_equal(begin(&h, put, HTTP_PUT, document(0, 6, &h.arena), &x), API_ANSWERED);
    assert_int_equal(x.answer.status, 503);
    api_exchange_fini(&x);
    assert_int_equal(begin(&h, put, HTTP_GET, (struct span){ 0 }, &x), API_TO_SIGN);
    api_exchange_fini(&x);
    close_house(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST_EACH(
        a_change_is_answered_after_it_was_made, a_change_whose_answer_is_not_signed_is_told_as_made,
        what_moved_meanwhile_is_judged_by_what_stands_then,
        km_80_a_signer_removed_meanwhile_is_not_heard,
        who_keeps_being_overtaken_is_told_to_come_again,
        the_keepers_answers_are_told_in_words_of_the_contract,
        of_two_who_change_an_instance_at_once_one_is_told_so,
        without_a_store_nothing_is_changed_and_defaults_are_read) };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(TEST_NAME, tests, set_up, tear_down);
}
