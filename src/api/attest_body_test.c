#include "attest_v1.h"

#include "../../tests/check.h"

static struct arena arena;

static bool parse(const char *text, const char *member, bool is_2018, struct attest_body *out,
                  struct err *e)
{
    arena_fini(&arena);
    arena = arena_over(1 << 20);
    *e = (struct err){ 0 };
    return attest_body_parse(span_str(text), member, is_2018, &arena, out, e);
}

static void bodies_are_read_in_every_form_that_clients_send(void **state)
{
    static const struct {
        const char *name, *text;
        enum data_type runtime;
        const char *nonce;
    } rows[] = {
        { "plain", "{\"quote\":\"AAEC\"}", DATA_NONE, "" },
        { "spelled otherwise", "{\"QUOTE\":\"AAEC\"}", DATA_NONE, "" },
        { "white space around", " \r\n{\"quote\":\"AAEC\"}\t\n", DATA_NONE, "" },
        { "unknown member", "{\"quote\":\"AAEC\",\"TenantName\":[1,{}]}", DATA_NONE, "" },
        { "null is absent", "{\"quote\":\"AAEC\",\"runtimeData\":null,\"nonce\":null}", DATA_NONE,
          "" },
        { "empty data is absent",
          "{\"quote\":\"AAEC\",\"runtimeData\":{\"data\":\"\",\"dataType\":\"\"}}", DATA_NONE, "" },
        { "empty data of any type",
          "{\"quote\":\"AAEC\",\"runtimeData\":{\"data\":\"\",\"dataType\":\"JSON\"}}", DATA_NONE,
          "" },
        { "binary by default", "{\"quote\":\"AAEC\",\"runtimeData\":{\"data\":\"AA\"}}",
          DATA_BINARY, "" },
        { "json in lower case",
          "{\"quote\":\"AAEC\",\"RuntimeData\":{\"Data\":\"AA==\",\"datatype\":\"json\"}}",
          DATA_JSON, "" },
        { "a nonce", "{\"quote\":\"AAEC\",\"nonce\":\"n1\"}", DATA_NONE, "n1" },
        { "a nonce as a number", "{\"quote\":\"AAEC\",\"nonce\":18446744073709551615}", DATA_NONE,
          "18446744073709551615" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct attest_body b;
        struct err e;

        CHECK_OK(rows[i].name, parse(rows[i].text, "quote", false, &b, &e), e);
        CHECK_SPAN(rows[i].name, b.evidence, span_of("\x00\x01\x02", 3));
        CHECK_INT(rows[i].name, b.runtime_data.type, rows[i].runtime);
        CHECK_TEXT(rows[i].name, b.nonce, rows[i].nonce);
    }
}

static void what_is_wrong_is_named(void **state)
{
    static const struct {
        const char *name, *text;
        enum err_code code;
        const char *path;
    } rows[] = {
        { "empty", "", ERR_MALFORMED, "body" },
        { "no object", "[]", ERR_MALFORMED, "body" },
        { "no evidence", "{}", ERR_MALFORMED, "quote" },
        { "evidence of the other route", "{\"report\":\"AAEC\"}", ERR_MALFORMED, "quote" },
        { "evidence is a number", "{\"quote\":1}", ERR_MALFORMED, "quote" },
        { "a foreign character", "{\"quote\":\"AA)C\"}", ERR_MALFORMED, "quote" },
        { "an impossible length", "{\"quote\":\"AAAAA\"}", ERR_MALFORMED, "quote" },
        { "one name in two spellings", "{\"quote\":\"AAEC\",\"Quote\":\"AAEC\"}", ERR_MALFORMED,
          "body" },
        { "runtime data is a string", "{\"quote\":\"AAEC\",\"runtimeData\":\"AA\"}", ERR_MALFORMED,
          "runtimeData" },
        { "unknown type",
          "{\"quote\":\"AAEC\",\"runtimeData\":{\"data\":\"AA\",\"dataType\":\"XML\"}}",
          ERR_MALFORMED, "runtimeData.dataType" },
        { "type is a number",
          "{\"quote\":\"AAEC\",\"initTimeData\":{\"data\":\"AA\",\"dataType\":1}}", ERR_MALFORMED,
          "initTimeData.dataType" },
        { "data is a list", "{\"quote\":\"AAEC\",\"initTimeData\":{\"data\":[]}}", ERR_MALFORMED,
          "initTimeData.data" },
        { "nonce is a list", "{\"quote\":\"AAEC\",\"nonce\":[]}", ERR_MALFORMED, "nonce" },
        { "nonce is a fraction", "{\"quote\":\"AAEC\",\"nonce\":1.5}", ERR_MALFORMED, "nonce" },
        { "draft is an object", "{\"quote\":\"AAEC\",\"draftPolicyForAttestation\":{}}",
          ERR_MALFORMED, "draftPolicyForAttestation" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct attest_body b;
        struct err e;

        CHECK(rows[i].name, !parse(rows[i].text, "quote", false, &b, &e));
        CHECK_ERR(rows[i].name, e, rows[i].code, rows[i].path);
    }
}

static void bodies_of_2018_have_their_own_members(void **state)
{
    struct attest_body b;
    struct err e;

    (void)state;
    CHECK_OK("both",
             parse("{\"Quote\":\"AAEC\",\"EnclaveHeldData\":\"AA\"}", "report", true, &b, &e), e);
    CHECK_INT("held data", b.runtime_data.type, DATA_BINARY);
    CHECK_OK("alone", parse("{\"Quote\":\"AAEC\",\"EnclaveHeldData\":\"\"}", "quote", true, &b, &e),
             e);
    CHECK_INT("nothing held", b.runtime_data.type, DATA_NONE);
}

static void each_truncation_is_refused(void **state)
{
    static const char text[] = "{\"quote\":\"AAEC\",\"runtimeData\":{\"data\":\"AA\",\"dataType\":"
                               "\"JSON\"},\"nonce\":\"n\"}";

    (void)state;
    for (size_t n = 0; n + 1 < sizeof text; n++) {
        uint8_t *p = check_exact(span_of(text, n));
        struct attest_body b;
        struct err e = { 0 };

        arena_fini(&arena);
        arena = arena_over(1 << 20);
        CHECK(text, !attest_body_parse(span_of(p, n), "quote", false, &arena, &b, &e));
        CHECK(text, e.code == ERR_MALFORMED);
        free(p);
    }
}

static void each_failed_allocation_is_a_clean_error(void **state)
{
    static const char text[] =
        "{\"quote\":\"AAEC\",\"runtimeData\":{\"data\":\"AA\",\"dataType\":\"\\u004aSON\"}}";
    bool ok = false;

    (void)state;
    for (size_t n = 1; !ok; n++) {
        struct attest_body b;
        struct err e = { 0 };

        arena_fini(&arena);
        arena = arena_over(1 << 20);
        arena.fail_at = n;
        ok = attest_body_parse(span_str(text), "quote", false, &arena, &b, &e);
        CHECK("memory", ok || e.code == ERR_MEMORY);
        CHECK("ends", n < 1000);
    }
    arena_fini(&arena);
}

TEST_MAIN(bodies_are_read_in_every_form_that_clients_send, what_is_wrong_is_named,
          bodies_of_2018_have_their_own_members, each_truncation_is_refused,
          each_failed_allocation_is_a_clean_error)
