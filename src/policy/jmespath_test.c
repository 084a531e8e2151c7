/* The compliance suite, and what it does not say. */
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

TEST_MAIN(the_compliance_suite_holds)
