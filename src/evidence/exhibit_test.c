#include "exhibit.h"

#include "../../tests/check.h"

static struct arena arena;

static bool parse(const char *text, struct exhibit **out, size_t *count, struct err *err)
{
    arena_fini(&arena);
    arena = arena_over(1 << 20);
    return exhibits_parse(span_str(text), &arena, out, count, err);
}

static const char whole[] = "{\n"
                            "  \"type\": \"sgx\",\n"
                            "  \"evidence\": \"quote.bin\",\n"
                            "  \"collateral\": \"collateral\",\n"
                            "  \"roots\": [\"vendor\", \"lab=.\"],\n"
                            "  \"at\": \"2024-01-15T12:00:00Z\",\n"
                            "  \"runtimeData\": \"runtime.bin\",\n"
                            "  \"runtimeType\": \"json\",\n"
                            "  \"inittimeData\": \"init.bin\",\n"
                            "  \"inittimeType\": \"binary\",\n"
                            "  \"nonce\": \"n\\\"1\"\n"
                            "}\n";

static void a_note_is_read_and_written_again(void **state)
{
    struct exhibit *x = NULL;
    struct writer w;
    size_t count = 0;
    struct err e = { 0 };

    (void)state;
    CHECK_OK("whole", parse(whole, &x, &count, &e), e);
    CHECK_INT("count", count, 1);
    CHECK_INT("kind", x->kind, EVIDENCE_SGX);
    CHECK_INT("time", x->at, 1705320000);
    CHECK_TEXT("root", span_str(x->roots[1]), "lab=.");
    CHECK_INT("type", x->runtime_type, DATA_JSON);
    w = writer_in(&arena, 64);
    exhibit_write(&w, x);
    CHECK_TEXT("written", writer_span(&w), whole);
}

static void several_pieces_stand_in_an_array(void **state)
{
    struct exhibit *x = NULL;
    size_t count = 0;
    struct err e = { 0 };

    (void)state;
    CHECK_OK("two",
             parse("[{\"type\":\"oe\",\"evidence\":\"a\",\"at\":7},"
                   "{\"evidence\":\"b\",\"type\":\"tpm\",\"runtimeData\":\"r\"}]",
                   &x, &count, &e),
             e);
    CHECK_INT("count", count, 2);
    CHECK_INT("time", x[0].at, 7);
    CHECK("no time", x[0].has_time && !x[1].has_time);
    CHECK_INT("kind", x[1].kind, EVIDENCE_TPM);
    CHECK_INT("data is binary unless it says so", x[1].runtime_type, DATA_BINARY);
    CHECK("nothing else", !x[1].collateral && x[1].root_count == 0 && !x[1].nonce);
}

static void what_cannot_be_judged_by_is_refused(void **state)
{
    /* clang-format off */
    static const struct { const char *name, *text, *path; } rows[] = {
        { "no JSON", "sgx", "" },
        { "nothing", "[]", "" },
        { "no object", "7", "" },
        { "no object in the array", "[{\"type\":\"sgx\",\"evidence\":\"a\"},1]", "[1]" },
        { "no type", "{\"evidence\":\"a\"}", "" },
        { "no evidence", "{\"type\":\"sgx\"}", "" },
        { "a type that is none", "{\"type\":\"SgxEnclave\",\"evidence\":\"a\"}", "type" },
        { "evidence that is no path", "{\"type\":\"sgx\",\"evidence\":\"\"}", "evidence" },
        { "a path with NUL", "{\"type\":\"sgx\",\"evidence\":\"a\\u0000b\"}", "evidence" },
        { "a misspelt member", "{\"type\":\"sgx\",\"evidence\":\"a\",\"runtimedata\":\"b\"}", "" },
        { "a time that is none", "{\"type\":\"sgx\",\"evidence\":\"a\",\"at\":\"noon\"}", "at" },
        { "half a second", "{\"type\":\"sgx\",\"evidence\":\"a\",\"at\":1.5}", "at" },
        { "a time of another type", "{\"type\":\"sgx\",\"evidence\":\"a\",\"at\":true}", "at" },
        { "one root", "{\"type\":\"sgx\",\"evidence\":\"a\",\"roots\":\"vendor\"}", "roots" },
        { "no roots", "{\"type\":\"sgx\",\"evidence\":\"a\",\"roots\":[]}", "roots" },
        { "a root that is none", "{\"type\":\"sgx\",\"evidence\":\"a\",\"roots\":[1]}", "roots" },
        { "a type without data", "{\"type\":\"sgx\",\"evidence\":\"a\",\"runtimeType\":\"json\"}", "" },
        { "data of another type", "{\"type\":\"sgx\",\"evidence\":\"a\",\"runtimeData\":\"b\",\"runtimeType\":\"text\"}", "runtimeType" },
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exhibit *x = NULL;
        size_t count = 0;
        struct err e = { 0 };

        CHECK(rows[i].name, !parse(rows[i].text, &x, &count, &e) && !x && count == 0);
        CHECK_ERR(rows[i].name, e, ERR_MALFORMED, rows[i].path);
    }
}

static void every_truncation_is_refused_and_every_failed_allocation_is_told(void **state)
{
    bool is_through = false;

    (void)state;
    for (size_t n = 0; n < sizeof whole - 2; n++) {
        struct arena a = arena_over(1 << 20);
        uint8_t *exact = check_exact(span_of(whole, n));
        struct exhibit *x = NULL;
        size_t count = 0;
        struct err e = { 0 };

        CHECK("truncated", !exhibits_parse(span_of(exact, n), &a, &x, &count, &e));
        free(exact);
        arena_fini(&a);
    }
    for (size_t n = 1; !is_through && n < 100; n++) {
        struct arena a = arena_over(1 << 20);
        struct exhibit *x = NULL;
        size_t count = 0;
        struct err e = { 0 };

        a.fail_at = n;
        is_through = exhibits_parse(span_str(whole), &a, &x, &count, &e);
        CHECK("told", is_through || e.code == ERR_MEMORY);
        arena_fini(&a);
    }
    CHECK("through", is_through);
    arena_fini(&arena);
}

TEST_MAIN(a_note_is_read_and_written_again, several_pieces_stand_in_an_array,
          what_cannot_be_judged_by_is_refused,
          every_truncation_is_refused_and_every_failed_allocation_is_told)
