#include "enrol_message.h"

#include "../../../tests/check.h"

#define ID "0123456789abcdef0123456789abcdef"

static struct arena arena;

static void begin(void)
{
    arena_fini(&arena);
    arena = arena_over(1 << 20);
}

static void what_is_written_reads_the_same(void **state)
{
    const struct enrol_request request = { span_str("m1"), span_str("a certificate"),
                                           span_str("a key") };
    const struct enrol_challenge challenge = { span_str(ID),
                                               span_str("rack-7.example"),
                                               { span_str("blob"), span_str("seed") } };
    const struct enrol_answer answer = { span_str(ID), span_str("secret") };
    struct enrol_request r;
    struct enrol_challenge c;
    struct enrol_answer s;
    struct writer w;
    struct err e = { 0 };

    (void)state;
    begin();
    w = writer_in(&arena, 256);
    enrol_request_write(&w, &request);
    CHECK_OK("request", enrol_request_parse(writer_span(&w), &arena, &r, &e), e);
    CHECK_TEXT("request", r.machine, "m1");
    CHECK_TEXT("request", r.ek_cert, "a certificate");
    CHECK_TEXT("request", r.aik_public, "a key");
    w = writer_in(&arena, 256);
    enrol_challenge_write(&w, &challenge);
    CHECK_OK("challenge", enrol_challenge_parse(writer_span(&w), &arena, &c, &e), e);
    CHECK_TEXT("challenge", c.id, ID);
    CHECK_TEXT("challenge", c.machine, "rack-7.example");
    CHECK_TEXT("challenge", c.credential.blob, "blob");
    CHECK_TEXT("challenge", c.credential.seed, "seed");
    w = writer_in(&arena, 256);
    enrol_answer_write(&w, &answer);
    CHECK_OK("answer", enrol_answer_parse(writer_span(&w), &arena, &s, &e), e);
    CHECK_TEXT("answer", s.secret, "secret");
}

/* A name becomes a file's. */
static void names_that_lead_elsewhere_are_refused(void **state)
{
    static const char *const good[] = { "a", "m1", "rack-7.example", "A_b" };
    static const char *const bad[] = {
        "",
        ".",
        "..",
        ".hidden",
        "a/b",
        "../x",
        "a b",
        "a\n",
        "\xc3\xa4",
        "a\"b",
        "0123456789012345678901234567890123456789012345678901234567890123456789",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct err e = { 0 };

        CHECK_OK(good[i], enrol_name_check(span_str(good[i]), &e), e);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct err e = { 0 };

        CHECK(bad[i], !enrol_name_check(span_str(bad[i]), &e));
        CHECK_ERR(bad[i], e, ERR_MALFORMED, "");
    }
}

static void refusals_of_challenges(void **state)
{
    static const struct {
        const char *name, *text;
        enum err_code code;
        const char *path;
    } rows[] = {
        { "no JSON", "{", ERR_MALFORMED, "" },
        { "no id", "{\"machine\":\"m\",\"blob\":\"YQ\",\"seed\":\"YQ\"}", ERR_MALFORMED, "id" },
        { "a short id", "{\"id\":\"00\",\"machine\":\"m\",\"blob\":\"YQ\",\"seed\":\"YQ\"}",
          ERR_MALFORMED, "id" },
        { "an id that leads elsewhere",
          "{\"id\":\"../../../../../../../../etc/"
          "passw\",\"machine\":\"m\",\"blob\":\"YQ\",\"seed\":"
          "\"YQ\"}",
          ERR_MALFORMED, "id" },
        { "a machine that leads elsewhere",
          "{\"id\":\"" ID "\",\"machine\":\"../m\",\"blob\":\"YQ\",\"seed\":\"YQ\"}", ERR_MALFORMED,
          "machine" },
        { "no base64url", "{\"id\":\"" ID "\",\"machine\":\"m\",\"blob\":\"+\",\"seed\":\"YQ\"}",
          ERR_MALFORMED, "blob" },
        { "no seed", "{\"id\":\"" ID "\",\"machine\":\"m\",\"blob\":\"YQ\",\"seed\":\"\"}",
          ERR_MALFORMED, "seed" },
        { "an id twice",
          "{\"id\":\"" ID "\",\"id\":\"" ID "\",\"machine\":\"m\",\"blob\":\"YQ\",\"seed\":\"YQ\"}",
          ERR_MALFORMED, NULL },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct enrol_challenge c;
        struct err e = { 0 };

        CHECK(rows[i].name, !enrol_challenge_parse(span_str(rows[i].text), &arena, &c, &e));
        CHECK_INT(rows[i].name, e.code, rows[i].code);
        if (rows[i].path && rows[i].path[0])
            CHECK_TEXT(rows[i].name, span_part(span_str(e.path), 0, strlen(rows[i].path)),
                       rows[i].path);
    }
}

static void what_is_larger_than_any_tpm_makes_is_refused(void **state)
{
    static uint8_t big[CREDENTIAL_SECRET_MAX + 1];
    const struct enrol_answer m = { span_str(ID), span_of(big, sizeof big) };
    struct enrol_answer out;
    struct writer w;
    struct err e = { 0 };

    (void)state;
    begin();
    w = writer_in(&arena, 256);
    enrol_answer_write(&w, &m);
    CHECK("big", !enrol_answer_parse(writer_span(&w), &arena, &out, &e));
    CHECK_ERR("big", e, ERR_LIMIT, "secret");
    for (size_t n = 0; n + 2 < w.n; n++) {
        err_clear(&e);
        CHECK("truncated", !enrol_answer_parse(span_of(w.p, n), &arena, &out, &e));
        CHECK_INT("truncated", e.code, ERR_MALFORMED);
    }
}

TEST_MAIN(what_is_written_reads_the_same, names_that_lead_elsewhere_are_refused,
          refusals_of_challenges, what_is_larger_than_any_tpm_makes_is_refused)
