#include "sipa.h"

#include "sipa_json.h"
#include "test_log.h"
#include "utf16.h"

static struct arena arena;

static bool parse(struct span bytes, size_t budget, const struct sipa **out, struct err *e)
{
    uint8_t *exact = check_exact(bytes);
    struct reader r = reader_over(span_of(exact, bytes.n), e);
    bool ok = sipa_parse(&r, &arena, &budget, out);

    free(exact); /* the tree may be looked at where no payload is */
    return ok;
}

static struct err parse_error(struct span bytes)
{
    const struct sipa *tree;
    struct err e = { 0 };

    (void)parse(bytes, TPM_SIPA_RECORDS_MAX, &tree, &e);
    return e;
}

static const struct sipa *parse_ok(struct span bytes)
{
    struct err e = { 0 };
    struct reader r = reader_over(bytes, &e);
    size_t budget = TPM_SIPA_RECORDS_MAX;
    const struct sipa *tree = NULL;

    CHECK_OK("records", sipa_parse(&r, &arena, &budget, &tree), e);
    return tree;
}

/* A boundary with a module inside, and a record beside it. */
static struct span sample(void)
{
    struct span inner[2] = { test_flag(&arena, SIPA_BOOTDEBUGGING, 1),
                             test_record(&arena, SIPA_LOADEDMODULE_AGGREGATION,
                                         test_record(&arena, 0x00070002, span_of("\x10\x20", 2))) };
    struct span outer[2];

    outer[0] = test_record(&arena, SIPA_TRUSTBOUNDARY, test_join(&arena, inner, 2));
    outer[1] = test_record(&arena, 0x00099999, span_str("unknown"));
    return test_join(&arena, outer, 2);
}

static void records_are_read_as_a_tree(void **state)
{
    const struct sipa *tree;
    uint64_t v = 0;

    (void)state;
    tree = parse_ok(sample());
    CHECK_INT("boundary", tree->id, SIPA_TRUSTBOUNDARY);
    CHECK_INT("flag", tree->child->id, SIPA_BOOTDEBUGGING);
    CHECK_INT("module", tree->child->next->id, SIPA_LOADEDMODULE_AGGREGATION);
    CHECK("size", sipa_number(tree->child->next->child, &v) && v == 0x2010);
    CHECK_INT("beside", tree->next->id, 0x00099999);
    CHECK_TEXT("payload", tree->next->payload, "unknown");
    CHECK("end", !tree->next->next && !tree->next->child);
    CHECK("nothing", parse_ok((struct span){ 0 }) == NULL);
    CHECK("an empty container",
          parse_ok(test_record(&arena, SIPA_TRUSTBOUNDARY, (struct span){ 0 })) != NULL);
    arena_fini(&arena);
}

static void km_60_records_that_overrun_their_parent_are_refused(void **state)
{
    static const struct {
        const char *name;
        const char *bytes;
        size_t n;
        const char *path;
    } rows[] = {
        { "one byte", "\1", 1, "records[0].id" },
        { "half a size", "\1\0\2\0\0\0", 6, "records[0].size" },
        { "size past the end", "\1\0\2\0\1\0\0\0", 8, "records[0].size" },
        { "size of 2^31", "\1\0\2\0\0\0\0\x80", 8, "records[0].size" },
        { "size of 2^32", "\1\0\2\0\xFF\xFF\xFF\xFF", 8, "records[0].size" },
        { "left over", "\1\0\2\0\0\0\0\0\7", 9, "records[1].id" },
        { "inside a container", "\1\0\1\x40\7\0\0\0\1\0\2\0\1\0\0", 15,
          "records[0].records[0].size" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_ERR(rows[i].name, parse_error(span_of(rows[i].bytes, rows[i].n)), ERR_MALFORMED,
                  rows[i].path);
    arena_fini(&arena);
}

static void km_60_nesting_ends_at_its_limit(void **state)
{
    struct span s = test_flag(&arena, SIPA_BOOTDEBUGGING, 0);

    (void)state;
    for (int depth = 1; depth <= 1000; depth++) {
        if (depth <= TPM_SIPA_DEPTH_MAX)
            CHECK_INT("shallow", parse_error(s).code, ERR_NONE);
        else
            CHECK_INT("deep", parse_error(s).code, ERR_LIMIT);
        s = test_record(&arena, SIPA_TRUSTBOUNDARY, s);
    }
    arena_fini(&arena);
}

static void records_have_a_budget(void **state)
{
    struct span bytes = sample();
    const struct sipa *tree;
    struct err e = { 0 };

    (void)state;
    CHECK_OK("five", parse(bytes, 5, &tree, &e), e);
    for (size_t budget = 0; budget < 5; budget++) {
        err_clear(&e);
        CHECK("fewer", !parse(bytes, budget, &tree, &e));
        CHECK_INT("fewer", e.code, ERR_LIMIT);
    }
    arena_fini(&arena);
}

static void records_refuse_each_truncation_but_between_records(void **state)
{
    struct span bytes = sample();
    size_t first = 8 + parse_ok(bytes)->payload.n;

    (void)state;
    for (size_t n = 1; n < bytes.n; n++)
        CHECK_INT("truncated", parse_error(span_part(bytes, 0, n)).code,
                  n == first ? ERR_NONE : ERR_MALFORMED);
    arena_fini(&arena);
}

static void records_fail_cleanly_at_each_allocation(void **state)
{
    struct span bytes = sample();
    struct arena own = arena_over(1u << 20);
    struct err e = { 0 };
    size_t n = 0;
    bool ok = false;

    (void)state;
    while (!ok && n < 100) {
        struct reader r = reader_over(bytes, &e);
        size_t budget = 100;
        const struct sipa *tree;

        err_clear(&e);
        own.fail_at = ++n;
        ok = sipa_parse(&r, &own, &budget, &tree);
        CHECK_INT("code", e.code, ok ? ERR_NONE : ERR_MEMORY);
    }
    CHECK_INT("allocations", n, 4);
    arena_fini(&own);
    arena_fini(&arena);
}

static void the_table_is_in_order_and_found_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < sipa_def_count; i++) {
        const struct sipa_def *d = &sipa_defs[i];

        CHECK(d->name, i == 0 || sipa_defs[i - 1].id < d->id);
        CHECK(d->name, sipa_def_find(d->id) == d);
        CHECK_INT(d->name, d->form == SIPA_RECORDS, (d->id & SIPA_IS_CONTAINER) != 0);
        CHECK(d->name, (d->form == SIPA_VALUE) == (d->words != NULL));
    }
    CHECK("unknown", sipa_def_find(0x00099999) == NULL);
}

static void values_have_words(void **state)
{
    static const struct {
        uint32_t id;
        uint64_t value;
        const char *word;
    } rows[] = {
        { 0x000A0007, 1, "HypervisorEnforcedCodeIntegrityEnable" },
        { 0x000A0007, 0, "HypervisorEnforcedCodeIntegrityDisable" },
        { 0x000A0007, 9, "0x9" },
        { SIPA_TRANSFER_CONTROL, 2, "Resume" },
        { SIPA_BITLOCKER_UNLOCK, 0, "None" },
        { SIPA_BITLOCKER_UNLOCK, 4, "Tpm" },
        { SIPA_BITLOCKER_UNLOCK, 0x14, "Tpm|Pin" },
        { SIPA_BITLOCKER_UNLOCK, 0x1004, "Tpm|0x1000" },
        { 0x00050014, 1, "0x1" },
    };
    char buf[SIPA_WORD_TEXT];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT("word", span_str(sipa_word(sipa_def_find(rows[i].id), rows[i].value, buf)),
                   rows[i].word);
    CHECK("all bits fit", strlen(sipa_word(sipa_def_find(SIPA_BITLOCKER_UNLOCK), UINT64_MAX, buf)) <
                              SIPA_WORD_TEXT);
}

/* ---------------------------------------------------------------- JSON */

static void check_json(const char *row, const struct span *records, size_t n, const char *want)
{
    struct writer w = writer_in(&arena, 256);
    struct err e = { 0 };

    CHECK_OK(row, sipa_json_write(&w, parse_ok(test_join(&arena, records, n)), &arena, &e), e);
    CHECK_TEXT(row, writer_span(&w), want);
}

static struct span number_of(uint32_t id, uint32_t v, size_t n)
{
    uint8_t bytes[8] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) };

    return test_record(&arena, id, span_of(bytes, n));
}

static struct span text_of(uint32_t id, const char *text)
{
    struct span parts[2] = { test_utf16(&arena, text), span_of("\0", 2) };

    return test_record(&arena, id, test_join(&arena, parts, 2));
}

static void each_form_has_its_json(void **state)
{
    struct span s;

    (void)state;
    s = number_of(SIPA_BOOTDEBUGGING, 0, 1);
    check_json("flag off", &s, 1, "{\"EVENT_BOOTDEBUGGING\":false}");
    s = number_of(0x000A0008, 1, 4);
    check_json("flag of four bytes", &s, 1, "{\"EVENT_VBS_MICROSOFT_BOOT_CHAIN_REQUIRED\":true}");
    s = number_of(SIPA_APPLICATION_SVN, 70000, 4);
    check_json("integer", &s, 1, "{\"EVENT_APPLICATION_SVN\":70000}");
    s = number_of(0x000A0007, 1, 8);
    check_json("value", &s, 1,
               "{\"EVENT_VBS_HVCI_POLICY\":{\"Value\":1,\"String\":"
               "\"HypervisorEnforcedCodeIntegrityEnable\"}}");
    s = number_of(0x000C0002, 3, 1);
    check_json("bare value", &s, 1, "{\"EVENT_DRTM_SMM\":{\"Value\":3}}");
    s = text_of(SIPA_FILEPATH, "\\Windows\\boot\"mgr");
    check_json("text", &s, 1, "{\"EVENT_FILEPATH\":\"\\\\Windows\\\\boot\\\"mgr\"}");
    s = test_record(&arena, SIPA_FILEPATH, span_str("odd"));
    check_json("text that is none", &s, 1, "{\"EVENT_FILEPATH\":{\"RawData\":\"b2Rk\"}}");
    s = test_record(&arena, 0x0005000F, span_str("abc"));
    check_json("always an array", &s, 1, "{\"EVENT_SI_POLICY\":[{\"RawData\":\"YWJj\"}]}");
    s = test_record(&arena, 0x000C0001, span_str("abc"));
    check_json("an unknown layout", &s, 1, "{\"EVENT_DRTM_STATE_AUTH\":{\"RawData\":\"YWJj\"}}");
    s = test_record(&arena, 0x00099999, span_str(""));
    check_json("an unknown id", &s, 1, "{\"EVENT_0x00099999\":{\"RawData\":\"\"}}");
    s = sample();
    check_json("a tree", &s, 1,
               "{\"EVENT_0x00099999\":{\"RawData\":\"dW5rbm93bg\"},\"EVENT_TRUSTBOUNDARY\":{"
               "\"EVENT_BOOTDEBUGGING\":true,\"EVENT_LOADEDMODULE_AGGREGATION\":[{"
               "\"EVENT_IMAGESIZE\":8208}]}}");
    arena_fini(&arena);
}

static void a_later_record_hides_no_earlier_one(void **state)
{
    struct span s[4];

    (void)state;
    s[0] = number_of(SIPA_BOOTDEBUGGING, 1, 1);
    s[1] = number_of(SIPA_BOOTDEBUGGING, 1, 4);
    check_json("equal once, whatever their size", s, 2, "{\"EVENT_BOOTDEBUGGING\":true}");
    s[1] = number_of(SIPA_BOOTDEBUGGING, 0, 1);
    s[2] = number_of(SIPA_BOOTDEBUGGING, 1, 1);
    check_json("different, in order", s, 3, "{\"EVENT_BOOTDEBUGGING\":[true,false]}");
    s[0] = s[1] = test_record(&arena, 0x0005000F, span_str("a"));
    check_json("a list keeps all", s, 2,
               "{\"EVENT_SI_POLICY\":[{\"RawData\":\"YQ\"},{\"RawData\":\"YQ\"}]}");
    arena_fini(&arena);
}

static void records_marked_as_not_measured_stand_apart(void **state)
{
    struct span inner[2] = { test_flag(&arena, SIPA_BOOTDEBUGGING, 0),
                             test_record(&arena, 0x80030002, span_str("f")) };
    struct span bytes = test_record(&arena, SIPA_TRUSTBOUNDARY, test_join(&arena, inner, 2));
    const struct sipa *tree = parse_ok(bytes);
    struct writer w = writer_in(&arena, 64);
    struct err e = { 0 };

    (void)state;
    check_json("measured", &bytes, 1, "{\"EVENT_TRUSTBOUNDARY\":{\"EVENT_BOOTDEBUGGING\":false}}");
    CHECK("has some", sipa_has_unmeasured(tree));
    CHECK_OK("apart", sipa_json_write_unmeasured(&w, tree, &arena, &e), e);
    CHECK_TEXT("apart", writer_span(&w), "{\"EVENT_TPMFAILURE\":{\"RawData\":\"Zg\"}}");
    CHECK("has none", !sipa_has_unmeasured(parse_ok(inner[0])));
    arena_fini(&arena);
}

static void utf16_becomes_utf8(void **state)
{
    static const struct {
        const char *name;
        const char *units;
        size_t n;
        const char *want;
    } rows[] = {
        { "ASCII", "a\0b\0", 4, "ab" },
        { "two bytes", "\xE9\0", 2, "\xC3\xA9" },
        { "a pair", "\x3D\xD8\x00\xDE", 4, "\xF0\x9F\x98\x80" },
        { "half a pair", "\x3D\xD8", 2, "\xEF\xBF\xBD" },
        { "the other half", "\x00\xDE", 2, "\xEF\xBF\xBD" },
        { "half and a letter",
          "\x3D\xD8"
          "a\0",
          4,
          "\xEF\xBF\xBD"
          "a" },
        { "half a unit", "a\0b", 3, "a\xEF\xBF\xBD" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(rows[i].name, utf16_dup(&arena, span_of(rows[i].units, rows[i].n)),
                   rows[i].want);
    CHECK_INT("one NUL goes", utf16_trim(span_of("a\0\0\0\0\0", 6)).n, 4);
    CHECK("is", utf16_is(span_of("a\0b\0", 4), "ab") && !utf16_is(span_of("a\0b\1", 4), "ab"));
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST_EACH(
        records_are_read_as_a_tree, km_60_records_that_overrun_their_parent_are_refused,
        km_60_nesting_ends_at_its_limit, records_have_a_budget,
        records_refuse_each_truncation_but_between_records, records_fail_cleanly_at_each_allocation,
        the_table_is_in_order_and_found_again, values_have_words, each_form_has_its_json,
        a_later_record_hides_no_earlier_one, records_marked_as_not_measured_stand_apart,
        utf16_becomes_utf8) };

    arena = arena_over(64u << 20);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(TEST_NAME, tests, NULL, NULL);
}
