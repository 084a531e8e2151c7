/* The compliance suite, and what it does not say. */
#include "jmes_unsupported.h"
#include "jmespath.h"

#include "../../tests/check.h"

static const char *const suites[] = {
    "basic",     "benchmarks",  "boolean", "current",  "escape",      "filters",
    "functions", "identifiers", "indices", "literal",  "multiselect", "pipe",
    "slice",     "syntax",      "unicode", "wildcard",
};

static struct jv value_of(const struct json *j, struct arena *a)
{
    struct jmes_work w = { .arena = a, .limit = UINT64_MAX };
    struct jv v = jv_null();

    CHECK("document", jv_from_json(&w, j, &v));
    return v;
}

/* Parses and runs; the kind of fault, and the result where there is none. */
static enum jmes_error ask(struct span query, const struct jv *document, struct arena *a,
                           struct jv *out)
{
    struct jmes_work w = { .arena = a, .limit = 10000000 };
    const struct jmes_query *q;
    struct jmes_fault fault;

    if (!jmes_parse(query, a, &q, &fault)) {
        CHECK("a fault has a text", fault.kind != JMES_NONE && fault.text[0]);
        CHECK("a fault lies in the query", fault.offset <= query.n);
        return fault.kind;
    }
    return jmes_run(q, document, &w, out) ? JMES_NONE : w.fault.kind;
}

static bool agrees(const struct json *c, const struct jv *document, struct arena *a)
{
    const struct json *result = json_member(c, "result"), *error = json_member(c, "error");
    struct jmes_work w = { .arena = a, .limit = UINT64_MAX };
    struct jv got = jv_null();
    enum jmes_error kind = ask(json_member(c, "expression")->text, document, a, &got);
    bool is_equal = false;

    if (error)
        return span_is(error->text, jmes_error_name(kind));
    if (!result)
        return kind == JMES_NONE;
    {
        struct jv want = value_of(result, a);

        return kind == JMES_NONE && jv_equal(&w, &got, &want, &is_equal) && is_equal;
    }
}

static void the_compliance_suite_holds(void **state)
{
    static const struct json_limits limits = {
        .bytes = 1 << 20, .depth = 64, .nodes = 1 << 20, .members = 4096
    };
    int count = 0, failures = 0;

    (void)state;
    SKIP_WITHOUT_VECTORS();
    for (size_t i = 0; i < COUNT(suites); i++) {
        struct arena a = arena_over(256 << 20);
        const struct json *all = NULL;
        struct err e = { 0 };
        struct span file;
        char path[64];

        snprintf(path, sizeof path, "jmespath/%s.json", suites[i]);
        file = check_vector(path);
        CHECK(path, file.p != NULL);
        CHECK_OK(path, json_parse(file, &limits, &a, &all, &e), e);
        for (const struct json *suite = all->child; suite; suite = suite->next) {
            struct jv document = value_of(json_member(suite, "given"), &a);
            const struct json *cases = json_member(suite, "cases");

            for (const struct json *c = cases->child; c; c = c->next, count++)
                if (!agrees(c, &document, &a)) {
                    failures++;
                    fprintf(stderr, "# %s: %.*s\n", suites[i], SPAN_ARG(c->raw));
                }
        }
        free((void *)(uintptr_t)file.p);
        arena_fini(&a);
    }
    CHECK_INT("cases", count, 908);
    CHECK_INT("failures", failures, 0);
}

/* The document of the rows below. */
static const char house[] =
    "{\"a\":[3,1,2],\"b\":{\"z\":1,\"y\":{\"x\":\"t\\u00e9\\n\\u0001\"}},\"n\":[1.5,-0,1e21,1e-7,"
    "9007199254740993,100000000000000000000,0.1],\"s\":[\"b\",\"\xc3\xa9\",\"a\"],"
    "\"o\":[{\"k\":1,\"v\":\"p\"},{\"k\":2,\"v\":\"q\"},{\"k\":1,\"v\":\"r\"}],\"e\":[],\"t\":"
    "true}";

/* clang-format off */
static const struct { const char *query, *text; } answers[] = {
    { "a",                               "[3,1,2]" },
    { "b",                               "{\"z\":1,\"y\":{\"x\":\"t\xc3\xa9\\n\\u0001\"}}" },
    { "b.y.x",                           "\"t\xc3\xa9\\n\\u0001\"" },
    { "none",                            "null" },
    { "n",                               "[1.5,0,1e+21,1e-7,9007199254740993,100000000000000000000,0.1]" },
    { "`[5e-324, 1.7976931348623157e308, 0.30000000000000004, 4.35, 123456789012345680000, 1e300]`",
      "[5e-324,1.7976931348623157e+308,0.30000000000000004,4.35,123456789012345680000,1e+300]" },
    { "a[-1]",                           "2" },
    { "a[::-1]",                         "[2,1,3]" },
    { "a[5:9223372036854775807:9223372036854775807]", "[]" },
    { "a[-9223372036854775808]",         "null" },
    { "o[?k==`1`].v",                    "[\"p\",\"r\"]" },
    { "o[?k==`1`].v | [0]",              "\"p\"" },
    { "o[*].{w: v, k: k, w: k}",         "[{\"w\":1,\"k\":1},{\"w\":2,\"k\":2},{\"w\":1,\"k\":1}]" },
    { "sort(s)",                         "[\"a\",\"b\",\"\xc3\xa9\"]" },
    { "sort_by(o, &k)[*].v",             "[\"p\",\"r\",\"q\"]" },
    { "max_by(o, &k).v",                 "\"q\"" },
    { "min_by(o, &k).v",                 "\"p\"" },
    { "join('-', s)",                    "\"b-\xc3\xa9-a\"" },
    { "reverse('a\xc3\xa9" "b')",      "\"b\xc3\xa9" "a\"" },
    { "length('a\xc3\xa9')",           "2" },
    { "sum(a)",                          "6" },
    { "avg(a)",                          "2" },
    { "avg(e)",                          "null" },
    { "abs(`-9223372036854775808`)",     "9223372036854776000" },
    { "ceil(`-0.5`)",                    "0" },
    { "floor(`-0.5`)",                   "-1" },
    { "merge(b, {z: 'n'}).z",            "\"n\"" },
    { "to_string(b.z)",                  "\"1\"" },
    { "to_number('1e2')",                "100" },
    { "to_number(' 1')",                 "null" },
    { "to_number('1e400')",              "null" },
    { "`9223372036854775807` > `9223372036854775806`", "true" },
    { "`1` == `1.0`",                    "true" },
    { "a || none",                       "[3,1,2]" },
    { "e && a",                          "[]" },
    { "!e",                              "true" },
    { "t && abs('x') || t",              NULL },
    { "t || abs('x')",                   "true" },
    { "equals_ignore_case(s[2], 'A')",   "true" },
    { "equals_ignore_case('\xc3\x89', s[1])", "false" },
    { "'a\\'b\\c'",                  "\"a'b\\\\c\"" },
    { "\"a\"[0]",                      "3" },
};

static const struct { const char *query; enum jmes_error kind; size_t offset; } faults[] = {
    { "",               JMES_SYNTAX, 0 },
    { "a[",             JMES_SYNTAX, 2 },
    { "a = b",          JMES_SYNTAX, 2 },
    { "a[? k == 12]",   JMES_SYNTAX, 9 },
    { "foo.[0]",        JMES_SYNTAX, 5 },
    { "\"length\"(@)", JMES_SYNTAX, 8 },
    { "&a",             JMES_SYNTAX, 0 },
    { "`{`",            JMES_SYNTAX, 0 },
    { "'open",          JMES_SYNTAX, 0 },
    { "a[1:2:3:4]",     JMES_SYNTAX, 7 },
    { "a[9223372036854775808]", JMES_SYNTAX, 2 },
    { "'\xff'",        JMES_SYNTAX, 1 },
    { "abs()",          JMES_ARITY, 0 },
    { "abs(a, b)",      JMES_ARITY, 0 },
    { "merge()",        JMES_ARITY, 0 },
    { "abs('x')",       JMES_TYPE, 0 },
    { "sort(o)",        JMES_TYPE, 0 },
    { "sort_by(o, &none)", JMES_TYPE, 0 },
    { "length(&a)",     JMES_TYPE, 0 },
    { "map(a, &b)",     JMES_TYPE, 0 },
    { "equals_ignore_case(none, 'x')", JMES_TYPE, 0 },
    { "a[::0]",         JMES_VALUE, 0 },
    { "nosuch(@)",      JMES_UNKNOWN_FUNCTION, 0 },
};
/* clang-format on */

static struct jv read_house(struct arena *a)
{
    const struct json *j = NULL;
    struct err e = { 0 };

    CHECK_OK("house", json_parse(span_str(house), NULL, a, &j, &e), e);
    return value_of(j, a);
}

static void an_answer_is_written_as_compact_json(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        struct arena a = arena_over(1 << 20);
        struct jv document = read_house(&a), got = jv_null();
        struct jmes_work w = { .arena = &a, .limit = 100000 };
        struct writer text = writer_in(&a, 64);
        size_t depth;

        if (!answers[i].text) {
            CHECK_INT(answers[i].query, ask(span_str(answers[i].query), &document, &a, &got),
                      JMES_TYPE);
        } else {
            CHECK_INT(answers[i].query, ask(span_str(answers[i].query), &document, &a, &got),
                      JMES_NONE);
            CHECK(answers[i].query, jv_write(&w, &got, &text, &depth));
            CHECK_TEXT(answers[i].query, writer_span(&text), answers[i].text);
        }
        arena_fini(&a);
    }
}

static void a_faulty_query_is_refused_with_its_kind(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(faults); i++) {
        struct arena a = arena_over(1 << 20);
        struct jv document = read_house(&a), got = jv_null();
        const struct jmes_query *q;
        struct jmes_fault fault;

        CHECK_INT(faults[i].query, ask(span_str(faults[i].query), &document, &a, &got),
                  faults[i].kind);
        if (faults[i].kind == JMES_SYNTAX) {
            CHECK(faults[i].query, !jmes_parse(span_str(faults[i].query), &a, &q, &fault));
            CHECK_INT(faults[i].query, fault.offset, faults[i].offset);
        }
        arena_fini(&a);
    }
}

/* Other dialects' features are refused by their names, each for the reason its row gives. */
static void what_is_not_supported_is_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < jmes_unsupported_count; i++) {
        const struct jmes_unsupported *row = &jmes_unsupported[i];
        struct arena a = arena_over(1 << 20);
        struct jmes_work w = { .arena = &a, .limit = 100000 };
        struct jv document = read_house(&a), got = jv_null();
        const struct jmes_query *q;
        struct jmes_fault fault;

        if (jmes_parse(span_str(row->example), &a, &q, &fault)) {
            CHECK(row->example, !jmes_run(q, &document, &w, &got));
            fault = w.fault;
        }
        CHECK_INT(row->example, fault.kind, row->kind);
        CHECK(row->example, strstr(fault.text, row->name) != NULL);
        CHECK(row->example, strstr(fault.text, "dialect") != NULL);
        CHECK("a reason is given", strlen(row->reason) > 20);
        arena_fini(&a);
    }
}

static struct span repeated(struct arena *a, const char *head, const char *part, int n,
                            const char *tail)
{
    struct writer w = writer_in(a, 1024);

    write_text(&w, head);
    for (int i = 0; i < n; i++)
        write_text(&w, part);
    write_text(&w, tail);
    return writer_span(&w);
}

static void queries_are_long_but_not_deep(void **state)
{
    static const struct {
        const char *name, *head, *part, *tail;
        int most;
    } rows[] = {
        { "negations", "", "!", "a", JMES_DEPTH - 1 },
        { "projections", "a", "[*]", "", JMES_PROJECTIONS + 1 },
    };
    struct arena a = arena_over(64 << 20);
    const struct jmes_query *q;
    struct jmes_fault fault;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK(rows[i].name,
              jmes_parse(repeated(&a, rows[i].head, rows[i].part, rows[i].most, rows[i].tail), &a,
                         &q, &fault));
        CHECK(rows[i].name,
              !jmes_parse(repeated(&a, rows[i].head, rows[i].part, rows[i].most + 1, rows[i].tail),
                          &a, &q, &fault));
        CHECK_INT(rows[i].name, fault.kind, JMES_SYNTAX);
    }
    CHECK("a chain", jmes_parse(repeated(&a, "a", ".a", 100000, ""), &a, &q, &fault));
    CHECK("pipes", jmes_parse(repeated(&a, "a", "|a", 100000, ""), &a, &q, &fault));
    CHECK("groups that do not end", !jmes_parse(repeated(&a, "", "(", 100000, ""), &a, &q, &fault));
    arena_fini(&a);
}

static void work_is_metered_however_much_is_shared(void **state)
{
    static const struct {
        const char *name, *head, *part, *tail;
        enum jmes_error kind;
    } rows[] = {
        { "doubled and printed", "@", "|[@,@]", "|length(to_string(@))", JMES_LIMIT },
        { "doubled and compared", "@", "|[@,@]", "|@==[@,@]", JMES_NONE },
        { "doubled and flattened", "[@]", "|[@,@][]", "", JMES_LIMIT },
        { "deepened and printed", "@", "|[@]", "|length(to_string(@))", JMES_NONE },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a = arena_over(512 << 20);
        struct jv document = jv_integer(1), got;

        CHECK_INT(
            rows[i].name,
            ask(repeated(&a, rows[i].head, rows[i].part, 60, rows[i].tail), &document, &a, &got),
            rows[i].kind);
        arena_fini(&a);
    }
    {
        struct arena a = arena_over(512 << 20);
        struct jv document = jv_integer(1), got;

        CHECK_INT("far too deep",
                  ask(repeated(&a, "@", "|[@]", JV_DEPTH + 10, "|length(to_string(@))"), &document,
                      &a, &got),
                  JMES_LIMIT);
        arena_fini(&a);
    }
}

static void each_failed_allocation_ends_cleanly(void **state)
{
    static const char query[] = "o[?k==`1`].{a: v, \"b\": sort_by(@, &k)} | [to_string(@), "
                                "join('x', map(&to_string(@), [`1`]))][]";
    bool was_enough = false;

    (void)state;
    for (size_t n = 1; !was_enough && n < 1000; n++) {
        struct arena keep = arena_over(1 << 20), a = arena_over(1 << 20);
        struct jv document = read_house(&keep), got;
        enum jmes_error kind;

        a.fail_at = n;
        kind = ask(span_str(query), &document, &a, &got);
        was_enough = a.fail_at > 0;
        CHECK("memory, or the end", was_enough ? kind == JMES_TYPE : kind == JMES_MEMORY);
        arena_fini(&a);
        arena_fini(&keep);
    }
    CHECK("the sweep came to its end", was_enough);
}

TEST_MAIN(the_compliance_suite_holds, an_answer_is_written_as_compact_json,
          a_faulty_query_is_refused_with_its_kind, what_is_not_supported_is_refused_by_name,
          queries_are_long_but_not_deep, work_is_metered_however_much_is_shared,
          each_failed_allocation_ends_cleanly)
