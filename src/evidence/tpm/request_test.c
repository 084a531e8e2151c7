#include "request.h"

#include "../../../tests/check.h"
#include "../../base/b64.h"
#include "jwk.h"
#include "message.h"

static struct arena arena;

static void begin(void)
{
    arena_fini(&arena);
    arena = arena_over(64u << 20);
}

/* ---------------------------------------------------------------- samples */

#define CHALLENGE "\"challenge\":\"MDEyMzQ1Njc4OWFiY2RlZg\""
#define KEY       "{\"kty\":\"RSA\",\"n\":\"AA\",\"e\":\"AQAB\"}"
#define LOGS      "\"logs\":[{\"type\":\"TCG\",\"log\":\"AAAA\"},{\"type\":\"IMA\",\"log\":\"BBBB\"}]"
#define QUOTE     "\"pcrs\":[],\"quote\":\"CCCC\",\"signature\":\"DDDD\""
#define CURRENT   "\"current_attestation\":{" LOGS "," QUOTE "}"
#define BOUND                                                                                      \
    "\"request_key\":{\"jwk\":" KEY ",\"info\":{\"tpm_quote\":{\"hash_alg\":\"sha-256\"}}}"
#define SECOND "{" CHALLENGE ",\"tpm_att_data\":{" CURRENT "}," BOUND "}"
#define FIRST                                                                                      \
    "{" CHALLENGE ",\"tpm_att_data\":{\"srtm_boot_log\":\"AAAA\",\"drtm_boot_log\":\"AAAA\","      \
    "\"current_claim\":\"CCCC\",\"aik_pub\":" KEY "},\"attest_key\":" KEY "}"
#define BASIC(data) "{\"att_type\":\"basic\",\"att_data\":" data "}"

static bool read(const char *text, enum tpm_form form, struct tpm_request *q, struct err *e)
{
    *q = (struct tpm_request){ .form = form, .jws.payload = span_str(text) };
    return tpm_request_read(q, &arena, e);
}

static void both_forms_are_read_to_their_members(void **state)
{
    struct tpm_request q;
    struct err e = { 0 };

    (void)state;
    begin();
    CHECK_OK("second", read(BASIC(SECOND), TPM_FORM_SECOND, &q, &e), e);
    CHECK_TEXT("challenge", q.challenge, "0123456789abcdef");
    CHECK_INT("logs", q.current.log_count, 2);
    CHECK("IMA", !q.current.logs[0].is_ima && q.current.logs[1].is_ima);
    CHECK_INT("binding", q.request_key.binding, KEY_BY_QUOTE);
    CHECK_TEXT("as received", q.request_key.jwk->raw, KEY);
    CHECK("no boot", !q.has_boot && q.rp_data.p == NULL);
    CHECK_OK("first", read(BASIC(FIRST), TPM_FORM_FIRST, &q, &e), e);
    CHECK_INT("logs", q.current.log_count, 2);
    CHECK_INT("origin", q.current.logs[0].origin, ORIGIN_SRTM);
    CHECK_INT("origin", q.current.logs[1].origin, ORIGIN_DRTM);
    CHECK_INT("claim", q.current.claim.n, 3);
    CHECK_INT("unbound", q.request_key.binding, KEY_UNBOUND);
}

static void an_enclaves_request_keeps_what_is_hashed(void **state)
{
    struct tpm_request q;
    struct err e = { 0 };

    (void)state;
    begin();
    CHECK_OK("second",
             read("{\"att_type\":\"vbs\",\"att_data\":{\"report_signed\": " SECOND
                  " ,\"vsm_report\":{\"enclave\":{\"report\":\"EEEE\"}}}}",
                  TPM_FORM_SECOND, &q, &e),
             e);
    CHECK_TEXT("as received", q.report_signed, SECOND);
    CHECK_INT("report", q.vsm_report.n, 3);
    CHECK_OK("first",
             read("{\"att_type\":\"vbs\",\"att_data\":{\"report_signed\":" FIRST
                  ",\"vsm_report\":\"EEEE\"}}",
                  TPM_FORM_FIRST, &q, &e),
             e);
    CHECK_TEXT("as received", q.report_signed, FIRST);
}

static void requests_are_refused_for_what_is_wrong_in_them(void **state)
{
    static const struct {
        const char *name, *text;
        enum tpm_form form;
        const char *path;
    } rows[] = {
        { "no JSON", "{", TPM_FORM_SECOND, "payload" },
        { "no object", "[]", TPM_FORM_SECOND, "att_type" },
        { "another type", "{\"att_type\":\"x\",\"att_data\":{}}", TPM_FORM_SECOND, "att_type" },
        { "no data", "{\"att_type\":\"basic\"}", TPM_FORM_SECOND, "att_data" },
        { "a member twice", BASIC("{" CHALLENGE "," CHALLENGE "}"), TPM_FORM_SECOND, "payload" },
        { "no challenge", BASIC("{}"), TPM_FORM_SECOND, "att_data.challenge" },
        { "a short challenge", BASIC("{\"challenge\":\"AAAA\"}"), TPM_FORM_SECOND,
          "att_data.challenge" },
        { "padding", BASIC("{\"challenge\":\"MDEyMzQ1Njc4OWFiY2RlZg==\"}"), TPM_FORM_SECOND,
          "att_data.challenge" },
        { "rp_data that is no base64url", BASIC("{\"rp_data\":\"=\"}"), TPM_FORM_SECOND,
          "att_data.rp_data" },
        { "no TPM data", BASIC("{" CHALLENGE "}"), TPM_FORM_SECOND, "att_data.tpm_att_data" },
        { "first in the second", BASIC(FIRST), TPM_FORM_SECOND,
          "att_data.tpm_att_data.srtm_boot_log" },
        { "second in the first", BASIC(SECOND), TPM_FORM_FIRST,
          "att_data.tpm_att_data.current_attestation" },
        { "both keys",
          BASIC("{" CHALLENGE ",\"tpm_att_data\":{" CURRENT "}," BOUND ",\"attest_key\":" KEY "}"),
          TPM_FORM_SECOND, "att_data.attest_key" },
        { "a log of another type",
          BASIC("{" CHALLENGE ",\"tpm_att_data\":{\"current_attestation\":{\"logs\":[{\"type\":"
                "\"X\",\"log\":\"AAAA\"}]}}}"),
          TPM_FORM_SECOND, "att_data.tpm_att_data.current_attestation.logs[0].type" },
        { "no quote",
          BASIC("{" CHALLENGE
                ",\"tpm_att_data\":{\"current_attestation\":{\"logs\":[],\"pcrs\":[]}}}"),
          TPM_FORM_SECOND, "att_data.tpm_att_data.current_attestation.quote" },
        { "no key", BASIC("{" CHALLENGE ",\"tpm_att_data\":{" CURRENT "}}"), TPM_FORM_SECOND,
          "att_data.request_key" },
        { "two bindings",
          BASIC("{" CHALLENGE ",\"tpm_att_data\":{" CURRENT "},\"request_key\":{\"jwk\":" KEY
                ",\"info\":{\"tpm_quote\":{\"hash_alg\":\"sha-256\"},\"tpm_certify\":{}}}}"),
          TPM_FORM_SECOND, "att_data.request_key.info" },
        { "half a certification",
          BASIC("{" CHALLENGE ",\"tpm_att_data\":{" CURRENT "},\"request_key\":{\"jwk\":" KEY
                ",\"info\":{\"tpm_certify\":{\"public\":\"AAAA\"}}}}"),
          TPM_FORM_SECOND, "att_data.request_key.info.tpm_certify.certification" },
        { "a report beside a machine", BASIC("{\"vsm_report\":\"AA\"}"), TPM_FORM_FIRST,
          "att_data.vsm_report" },
        { "a challenge beside report_signed", "{\"att_type\":\"vbs\",\"att_data\":{" CHALLENGE "}}",
          TPM_FORM_FIRST, "att_data.challenge" },
        { "no report", "{\"att_type\":\"vbs\",\"att_data\":{\"report_signed\":{}}}", TPM_FORM_FIRST,
          "att_data.vsm_report" },
        { "no enclave",
          "{\"att_type\":\"vbs\",\"att_data\":{\"report_signed\":{},\"vsm_report\":{}}}",
          TPM_FORM_SECOND, "att_data.vsm_report.enclave" },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tpm_request q;
        struct err e = { 0 };

        CHECK(rows[i].name, !read(rows[i].text, rows[i].form, &q, &e));
        CHECK_ERR(rows[i].name, e, ERR_MALFORMED, rows[i].path);
    }
}

/* ---------------------------------------------------------------- limits */

static struct span repeated(const char *before, const char *each, size_t count, const char *after)
{
    struct writer w = writer_in(&arena, 4096);

    write_text(&w, before);
    for (size_t i = 0; i < count; i++) {
        write_text(&w, i ? "," : "");
        write_text(&w, each);
    }
    write_text(&w, after);
    write_u8(&w, 0);
    return writer_span(&w);
}

static void more_than_may_be_sent_is_a_limit(void **state)
{
    static const char log[] = "{\"type\":\"TCG\",\"log\":\"AAAA\"}", key[] = "{\"jwk\":" KEY "}";
    static const char claim[] = "{\"name\":\"a\",\"value\":\"b\"}";
    static const struct {
        const char *name, *before, *each;
        size_t most;
        const char *after, *path;
    } rows[] = {
        { "logs",
          "{\"att_type\":\"basic\",\"att_data\":{" CHALLENGE
          ",\"tpm_att_data\":{\"current_attestation\":{\"logs\":[",
          log, TPM_LOGS_MAX, "]," QUOTE "}}," BOUND "}}",
          "att_data.tpm_att_data.current_attestation.logs[16].log" },
        { "keys",
          "{\"att_type\":\"basic\",\"att_data\":{" CHALLENGE ",\"tpm_att_data\":{" CURRENT
          "}," BOUND ",\"other_keys\":[",
          key, TPM_OTHER_KEYS_MAX, "]}}", "att_data.other_keys" },
        { "claims",
          "{\"att_type\":\"basic\",\"att_data\":{" CHALLENGE ",\"tpm_att_data\":{" CURRENT
          "}," BOUND ",\"custom_claims\":[",
          claim, TPM_CUSTOM_CLAIMS_MAX, "]}}", "att_data.custom_claims" },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tpm_request q;
        struct err e = { 0 };

        CHECK_OK(
            rows[i].name,
            read(
                (const char *)repeated(rows[i].before, rows[i].each, rows[i].most, rows[i].after).p,
                TPM_FORM_SECOND, &q, &e),
            e);
        CHECK(rows[i].name, !read((const char *)repeated(rows[i].before, rows[i].each,
                                                         rows[i].most + 1, rows[i].after)
                                      .p,
                                  TPM_FORM_SECOND, &q, &e));
        CHECK_ERR(rows[i].name, e, ERR_LIMIT, rows[i].path);
    }
}

/* ---------------------------------------------------------------- custom claims */

static void custom_claims_have_the_type_that_is_said(void **state)
{
    static const struct {
        const char *text;
        bool is_good;
        enum claim_type type;
        int64_t value;
    } rows[] = {
        { "{\"name\":\"a\",\"value\":\"x\"}", true, CLAIM_STRING, 0 },
        { "{\"name\":\"a\",\"value\":\"x\",\"value_type\":\"STRING\"}", true, CLAIM_STRING, 0 },
        { "{\"name\":\"a\",\"value\":\"12\",\"value_type\":\"int\"}", true, CLAIM_INT, 12 },
        { "{\"name\":\"a\",\"value\":\"-12\",\"value_type\":\"Integer\"}", true, CLAIM_INT, -12 },
        { "{\"name\":\"a\",\"value\":7,\"value_type\":\"int\"}", true, CLAIM_INT, 7 },
        { "{\"name\":\"a\",\"value\":\"true\",\"value_type\":\"bool\"}", true, CLAIM_BOOL, 1 },
        { "{\"name\":\"a\",\"value\":false,\"value_type\":\"Boolean\"}", true, CLAIM_BOOL, 0 },
        { "{\"name\":\"a\",\"value\":\"1.5\",\"value_type\":\"int\"}", false, CLAIM_INT, 0 },
        { "{\"name\":\"a\",\"value\":\"\",\"value_type\":\"int\"}", false, CLAIM_INT, 0 },
        { "{\"name\":\"a\",\"value\":\"-\",\"value_type\":\"int\"}", false, CLAIM_INT, 0 },
        { "{\"name\":\"a\",\"value\":\"9999999999999999999\",\"value_type\":\"int\"}", false,
          CLAIM_INT, 0 },
        { "{\"name\":\"a\",\"value\":\"yes\",\"value_type\":\"bool\"}", false, CLAIM_BOOL, 0 },
        { "{\"name\":\"a\",\"value\":\"x\",\"value_type\":\"float\"}", false, CLAIM_STRING, 0 },
        { "{\"name\":\"a\",\"value\":1}", false, CLAIM_STRING, 0 },
        { "{\"name\":\"\",\"value\":\"x\"}", false, CLAIM_STRING, 0 },
        { "{\"name\":\"a\"}", false, CLAIM_STRING, 0 },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct claim_set set = claim_set_in(&arena);
        const struct json *root = NULL;
        struct writer w = writer_in(&arena, 256);
        struct err e = { 0 };

        write_format(&w, "[%s]", rows[i].text);
        CHECK_OK(rows[i].text, json_parse(writer_span(&w), NULL, &arena, &root, &e), e);
        CHECK_INT(rows[i].text, tpm_custom_claims_add(root, span_str("p/"), &set, &e),
                  rows[i].is_good);
        if (!rows[i].is_good)
            continue;
        CHECK_TEXT(rows[i].text, set.items[0].name, "p/a");
        CHECK_INT(rows[i].text, set.items[0].type, rows[i].type);
        CHECK_INT(rows[i].text, set.items[0].integer + set.items[0].boolean, rows[i].value);
        CHECK_INT(rows[i].text, set.items[0].issuer, ISSUER_CLIENT);
    }
}

/* ---------------------------------------------------------------- keys */

static void keys_are_refused_for_what_is_wrong_in_them(void **state)
{
    static const struct {
        const char *name, *text;
        enum err_code code;
        const char *path;
    } rows[] = {
        { "no kind", "{}", ERR_MALFORMED, "kty" },
        { "another kind", "{\"kty\":\"oct\"}", ERR_UNSUPPORTED, "kty" },
        { "no modulus", "{\"kty\":\"RSA\",\"e\":\"AQAB\"}", ERR_MALFORMED, "n" },
        { "a small modulus", KEY, ERR_MALFORMED, "n" },
        { "another small one", "{\"kty\":\"RSA\",\"n\":\"_w\",\"e\":\"AQAB\"}", ERR_UNSUPPORTED,
          "n" },
        { "no exponent", "{\"kty\":\"RSA\",\"n\":\"_w\"}", ERR_MALFORMED, "e" },
        { "another curve", "{\"kty\":\"EC\",\"crv\":\"P-521\"}", ERR_UNSUPPORTED, "crv" },
        { "a short coordinate", "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}",
          ERR_MALFORMED, "x" },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct json *root = NULL;
        struct tpm_jwk k;
        struct err e = { 0 };

        CHECK_OK(rows[i].name, json_parse(span_str(rows[i].text), NULL, &arena, &root, &e), e);
        CHECK(rows[i].name, !tpm_jwk_parse(root, &arena, &k, &e));
        CHECK_ERR(rows[i].name, e, rows[i].code, rows[i].path);
    }
}

static void exponents_are_odd_and_large_enough(void **state)
{
    static const struct {
        const char *e;
        bool is_good;
    } rows[] = { { "AQAB", true }, { "AQAD", true },     { "Aw", false },    { "AQAA", false },
                 { "_w", false },  { "AQAAAAE", false }, { "_____w", true }, { "AAEAAQ", false } };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct writer w = writer_in(&arena, 512);
        uint8_t modulus[256];
        const struct json *root = NULL;
        struct tpm_jwk k;
        struct err e = { 0 };

        memset(modulus, 0xC1, sizeof modulus);
        write_text(&w, "{\"kty\":\"RSA\",\"n\":\"");
        b64_write_url(&w, span_of(modulus, sizeof modulus));
        write_format(&w, "\",\"e\":\"%s\"}", rows[i].e);
        CHECK_OK(rows[i].e, json_parse(writer_span(&w), NULL, &arena, &root, &e), e);
        CHECK_INT(rows[i].e, tpm_jwk_parse(root, &arena, &k, &e), rows[i].is_good);
        if (rows[i].is_good) {
            struct writer again = writer_in(&arena, 512);
            struct span text;

            tpm_jwk_write_confirmation(&again, &k);
            text = writer_span(&again);
            CHECK("cnf", span_starts(text, span_str("{\"jwk\":{\"e\":\"")));
            CHECK("itself", tpm_key_equal(&k.key, &k.key));
        }
    }
}

/* ---------------------------------------------------------------- messages */

static void messages_are_answered_in_the_form_they_came_in(void **state)
{
    static const struct {
        const char *text;
        bool is_good, is_wrapped;
        enum tpm_message_kind kind;
    } rows[] = {
        { "{\"payload\":{\"type\":\"aikcert\"}}", true, true, TPM_MESSAGE_INIT },
        { " { \"payload\" : { \"type\" : \"aikcert\" } } ", true, true, TPM_MESSAGE_INIT },
        { "{\"type\":\"aikcert\"}", true, false, TPM_MESSAGE_INIT },
        { "{\"payload\":{\"request\":\"a.b.c\"}}", true, true, TPM_MESSAGE_REQUEST },
        { "{\"request\":\"a.b.c\"}", true, false, TPM_MESSAGE_REQUEST },
        { "{\"type\":\"other\"}", false, false, TPM_MESSAGE_INIT },
        { "{\"type\":\"aikcert\",\"request\":\"a.b.c\"}", false, false, TPM_MESSAGE_INIT },
        { "{\"payload\":\"x\"}", false, false, TPM_MESSAGE_INIT },
        { "{\"request\":7}", false, false, TPM_MESSAGE_REQUEST },
        { "{}", false, false, TPM_MESSAGE_INIT },
        { "[]", false, false, TPM_MESSAGE_INIT },
        { "", false, false, TPM_MESSAGE_INIT },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tpm_message m = { 0 };
        struct err e = { 0 };

        CHECK_INT(rows[i].text, tpm_message_parse(span_str(rows[i].text), &arena, &m, &e),
                  rows[i].is_good);
        if (!rows[i].is_good) {
            CHECK_INT(rows[i].text, e.code, ERR_MALFORMED);
            continue;
        }
        CHECK_INT(rows[i].text, m.is_wrapped, rows[i].is_wrapped);
        CHECK_INT(rows[i].text, m.kind, rows[i].kind);
        if (m.kind == TPM_MESSAGE_REQUEST)
            CHECK_TEXT(rows[i].text, m.request, "a.b.c");
    }
}

static void what_one_side_writes_the_other_reads(void **state)
{
    (void)state;
    begin();
    for (int wrapped = 0; wrapped < 2; wrapped++) {
        struct writer w[4];
        struct span challenge = { 0 }, context = { 0 }, token = { 0 };
        struct tpm_message m;
        struct err e = { 0 };

        for (size_t i = 0; i < COUNT(w); i++)
            w[i] = writer_in(&arena, 256);
        tpm_message_write_init(&w[0], wrapped);
        CHECK_OK("init", tpm_message_parse(writer_span(&w[0]), &arena, &m, &e), e);
        CHECK_INT("init", m.is_wrapped, wrapped);
        tpm_message_write_challenge(&w[1], wrapped, span_str("challenge"), span_str("context"));
        CHECK_OK("challenge",
                 tpm_message_read_challenge(writer_span(&w[1]), &arena, &challenge, &context, &e),
                 e);
        CHECK_TEXT("challenge", challenge, "challenge");
        CHECK_TEXT("context", context, "context");
        tpm_message_write_request(&w[2], wrapped, span_str("a.b.c"));
        CHECK_OK("request", tpm_message_parse(writer_span(&w[2]), &arena, &m, &e), e);
        CHECK_TEXT("request", m.request, "a.b.c");
        tpm_message_write_report(&w[3], wrapped, span_str("x.y.z"));
        CHECK_OK("report", tpm_message_read_report(writer_span(&w[3]), &arena, &token, &e), e);
        CHECK_TEXT("report", token, "x.y.z");
        if (wrapped)
            CHECK_TEXT("as clients do", writer_span(&w[0]), "{\"payload\":{\"type\":\"aikcert\"}}");
    }
}

TEST_MAIN(both_forms_are_read_to_their_members, an_enclaves_request_keeps_what_is_hashed,
          requests_are_refused_for_what_is_wrong_in_them, more_than_may_be_sent_is_a_limit,
          custom_claims_have_the_type_that_is_said, keys_are_refused_for_what_is_wrong_in_them,
          exponents_are_odd_and_large_enough, messages_are_answered_in_the_form_they_came_in,
          what_one_side_writes_the_other_reads)
