/* The worked cases of the policy language, run and written as `cupel policy eval --json` does. */
#include "case.h"
#include "known_claims.h"

#include "../base/b64.h"
#include "../format/json.h"

#include "../../tests/check.h"

static struct crypto *crypto;

/* A file of the vectors, copied into the arena. */
static struct span file_in(struct arena *a, const char *name)
{
    struct span file = check_vector(name), copy;

    CHECK(name, file.p != NULL);
    copy = arena_dup(a, file);
    CHECK(name, copy.p != NULL);
    free((void *)(uintptr_t)file.p);
    return copy;
}

static const struct json *load(struct arena *a, const char *name)
{
    static const struct json_limits limits = {
        .bytes = 64 << 20, .depth = 64, .nodes = 10000000, .members = 100000
    };
    struct span file = file_in(a, name);
    const struct json *out = NULL;
    struct err e = { 0 };

    CHECK_OK(name, json_parse(file, &limits, a, &out, &e), e);
    return out;
}

static const char *text_of(const struct json *object, const char *member)
{
    static char buf[8][256];
    static int next;
    const struct json *m = json_member(object, member);
    char *p = buf[next++ % 8];

    snprintf(p, sizeof buf[0], "%.*s", m ? (int)m->text.n : 0, m ? (const char *)m->text.p : "");
    return p;
}

/* claims of a case */

static enum claim_issuer issuer_of(const struct json *claim)
{
    const struct json *j = json_member(claim, "issuer");

    if (!j || span_is(j->text, "CustomClaim"))
        return ISSUER_CLIENT;
    return span_is(j->text, "AttestationService") ? ISSUER_SERVICE : ISSUER_POLICY;
}

static void add_claims(const char *id, const struct json *list, struct claim_set *set)
{
    for (const struct json *j = list->child; j; j = j->next) {
        const struct json *value = json_member(j, "value"), *mark = json_member(j, "readOnly");
        struct claim c = { .issuer = issuer_of(j) };
        struct err e = { 0 };

        c.name = json_member(j, "type")->text;
        c.is_read_only = mark && mark->type == JSON_TRUE;
        c.boolean = value->type == JSON_TRUE;
        c.text = value->text;
        c.type = value->type == JSON_STRING ? CLAIM_STRING : CLAIM_BOOL;
        if (value->type == JSON_NUMBER) {
            c.type = CLAIM_INT;
            CHECK(id, json_to_int(value, &c.integer));
        }
        CHECK_OK(id, claim_add(set, &c, &e), e);
    }
}

static struct span policy_of(const char *id, const struct json *j, struct arena *a)
{
    const struct json *p = json_member(j, "policy");
    char path[512];
    struct err e = { 0 };
    struct span out = { 0 };

    if (p)
        return p->text;
    p = json_member(j, "policyBase64");
    if (p) {
        CHECK_OK(id, b64_read(a, p->text, B64_STD, &out, &e), e);
        return out;
    }
    snprintf(path, sizeof path, "policy/%s", text_of(j, "policyFile"));
    return file_in(a, path);
}

/* comparing what was written with what is expected */

/* The same JSON value, the order of members aside. */
static bool same(const struct json *a, const struct json *b)
{
    const struct json *y = b->child;

    if (a->type != b->type || a->count != b->count)
        return false;
    if (a->type == JSON_STRING)
        return span_equal(a->text, b->text);
    if (a->type == JSON_NUMBER)
        return span_equal(a->raw, b->raw);
    for (const struct json *x = a->child; x; x = x->next) {
        if (a->type == JSON_OBJECT) {
            for (y = b->child; y && !span_equal(x->name, y->name); y = y->next)
                ;
        }
        if (!y || !same(x, y))
            return false;
        if (a->type == JSON_ARRAY)
            y = y->next;
    }
    return true;
}

static int failures;

static void expect(const char *id, const char *what, const struct json *got,
                   const struct json *want, const char *absent)
{
    struct arena a = arena_over(1 << 20);
    const struct json *none;
    struct err e = { 0 };

    CHECK(id, json_parse(span_str(absent), NULL, &a, &none, &e));
    if (!want)
        want = none;
    if (!got || !same(got, want)) {
        failures++;
        fprintf(stderr, "# %s: %s is %.*s, expected %.*s\n", id, what, got ? (int)got->raw.n : 0,
                got ? (const char *)got->raw.p : "", (int)want->raw.n, (const char *)want->raw.p);
    }
    arena_fini(&a);
}

/* Code and place only: texts are for people. */
static void expect_place(const char *id, const char *what, const struct json *got,
                         const struct json *want)
{
    static const char *const members[] = { "code", "line", "column" };

    if (!want || want->type != JSON_OBJECT || !got || got->type != JSON_OBJECT) {
        expect(id, what, got, want, "null");
        return;
    }
    for (size_t i = 0; i < COUNT(members); i++)
        if (json_member(want, members[i]))
            expect(id, what, json_member(got, members[i]), json_member(want, members[i]), "null");
}

static void compare(const char *id, const struct json *got, const struct json *want)
{
    const struct json *compile = json_member(want, "compile");
    const struct json *deny = json_member(want, "denyRule");

    expect_place(id, "compile", json_member(got, "compile"), compile);
    if (compile->type == JSON_OBJECT) {
        expect(id, "decision", json_member(got, "decision"), NULL, "null");
        return;
    }
    expect(id, "decision", json_member(got, "decision"), json_member(want, "decision"), "null");
    expect_place(id, "error", json_member(got, "error"), json_member(want, "error"));
    if (deny)
        expect_place(id, "denyRule", json_member(got, "denyRule"), deny);
    expect(id, "issued", json_member(got, "issued"), json_member(want, "issued"), "{}");
    expect(id, "properties", json_member(got, "properties"), json_member(want, "properties"), "{}");
    expect(id, "configuration", json_member(got, "configuration"),
           json_member(want, "configuration"), "{}");
    expect(id, "warnings", json_member(got, "warnings"), json_member(want, "warnings"), "[]");
    if (json_member(want, "added"))
        expect(id, "added", json_member(got, "added"), json_member(want, "added"), "[]");
    if (json_member(want, "policyHash"))
        expect(id, "policyHash", json_member(got, "policyHash"), json_member(want, "policyHash"),
               "null");
    if (json_member(want, "legacyPolicyHash"))
        expect(id, "legacyPolicyHash", json_member(got, "legacyPolicyHash"),
               json_member(want, "legacyPolicyHash"), "null");
}

/* What the engine says of a text and claims, as JSON. */
static const struct json *tell(const char *id, struct span text, const struct claim_set *claims,
                               struct arena *a)
{
    struct policy_diagnostics d = { .arena = a };
    struct policy_outcome o;
    struct policy_trail trail;
    struct policy_case c = { .diagnostics = &d };
    struct err e = { 0 };
    struct writer w = writer_in(a, 1024);
    const struct json *out = NULL;
    struct span written = { 0 };
    struct policy *p = policy_new(crypto, text, &d, &e);

    c.policy = p;
    if (p) {
        CHECK_OK(id, policy_eval_trace(p, claims, a, &o, &trail, &e), e);
        c.outcome = &o;
        c.trail = &trail;
    } else {
        CHECK(id, e.code != ERR_NONE && e.text[0]);
    }
    e.code = ERR_NONE;
    CHECK_OK(id, policy_case_write(&w, &c, &e), e);
    CHECK_OK(id, writer_done(&w, &written, &e), e);
    CHECK_OK(id, json_parse(written, NULL, a, &out, &e), e);
    policy_free(p);
    return out;
}

static void every_worked_case_gives_what_it_says(void **state)
{
    struct arena all = arena_over(256 << 20);
    const struct json *cases;
    int count = 0;

    (void)state;
    SKIP_WITHOUT_VECTORS();
    failures = 0;
    cases = json_member(load(&all, "policy/cases.json"), "cases");
    for (const struct json *j = cases->child; j; j = j->next, count++) {
        struct arena a = arena_over(64 << 20);
        struct claim_set claims = claim_set_in(&a);
        const char *id = text_of(j, "id");

        add_claims(id, json_member(j, "claims"), &claims);
        compare(id, tell(id, policy_of(id, j, &a), &claims, &a), json_member(j, "expect"));
        arena_fini(&a);
    }
    arena_fini(&all);
    CHECK_INT("cases", count, 299);
    CHECK_INT("disagreements", failures, 0);
}

static void every_published_sample_compiles_or_is_refused_as_said(void **state)
{
    struct arena all = arena_over(64 << 20);
    const struct json *samples;

    (void)state;
    SKIP_WITHOUT_VECTORS();
    failures = 0;
    samples = json_member(load(&all, "policy/samples/expected.json"), "samples");
    CHECK("samples", samples->count > 70);
    for (const struct json *j = samples->child; j; j = j->next) {
        struct arena a = arena_over(64 << 20);
        struct claim_set claims = claim_set_in(&a);
        const char *id = text_of(j, "file");
        char path[512];
        const struct json *got;

        snprintf(path, sizeof path, "policy/samples/%s", id);
        got = tell(id, file_in(&a, path), &claims, &a);
        expect_place(id, "compile", json_member(got, "compile"), json_member(j, "compile"));
        expect(id, "warnings", json_member(got, "warnings"), json_member(j, "warnings"), "[]");
        if (json_member(j, "policyHash"))
            expect(id, "policyHash", json_member(got, "policyHash"), json_member(j, "policyHash"),
                   "null");
        arena_fini(&a);
    }
    arena_fini(&all);
    CHECK_INT("disagreements", failures, 0);
}

static void the_default_policies_are_those_with_the_known_hashes(void **state)
{
    static const struct {
        const char *type, *profile, *file, *hash;
    } rows[] = {
        { "SgxEnclave", "azure", "SgxEnclave", "bROrN897ZfWmWY2V0FLUlu3uwk5xatGnKYHn3zBbSlw" },
        { "openenclave", "azure", "SgxEnclave", "bROrN897ZfWmWY2V0FLUlu3uwk5xatGnKYHn3zBbSlw" },
        { "SgxEnclave", "azure-1.1", "SgxEnclave-1.1",
          "Ro7KRY9_KNWhIP7MudZXlNO1nb-UPiY4IJkjaN_gh7g" },
        { "SevSnpVm", "azure", "SevSnpVm", "9NY0VnTQ-IiBriBplVUpFbczcDaEBUwsiFYAzHu_gco" },
        { "TdxVm", "azure", "TdxVm", "B56nbp5slhw66peoRYkpdq1WykMkEworvdol08hnMXE" },
        { "AzureGuest", "azure", "AzureGuest", "vmB1ZWrfuA3lrwdRAvkEXo1ChhLg8twDGUeMJ56G6cg" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span text = policy_default(span_str(rows[i].type), rows[i].profile);
        struct err e = { 0 };
        struct policy_diagnostics d = { 0 };
        struct policy *p = policy_new(crypto, text, &d, &e);

        CHECK_OK(rows[i].file, p != NULL, e);
        CHECK_TEXT(rows[i].file, policy_hash(p), rows[i].hash);
        CHECK_INT(rows[i].file, d.count, 0);
        policy_free(p);
    }
    CHECK_INT("Tpm", policy_default(span_str("Tpm"), "azure").n, 0);
    CHECK_INT("unknown profile", policy_default(span_str("SgxEnclave"), "azuer").n, 0);
}

/* Formats a text; where it parses, what was printed must come out unchanged, and compile alike. */
static void check_format(const char *id, struct span text)
{
    struct arena a = arena_over(64 << 20);
    struct policy_diagnostics before = { .arena = &a }, after = { .arena = &a };
    struct span once = { 0 }, twice = { 0 };
    struct err e = { 0 }, same = { 0 };
    struct policy *p, *q;

    if (policy_format(text, &a, &once, NULL, &e)) {
        CHECK_OK(id, policy_format(once, &a, &twice, NULL, &e), e);
        CHECK_SPAN(id, twice, once);
        p = policy_new(crypto, text, &before, &e);
        q = policy_new(crypto, once, &after, &same);
        CHECK(id, (p != NULL) == (q != NULL));
        if (!p)
            CHECK_TEXT(id, span_str(after.items[0].code), before.items[0].code);
        policy_free(p);
        policy_free(q);
    } else {
        CHECK(id, e.code != ERR_NONE);
    }
    arena_fini(&a);
}

static void every_case_and_sample_survives_formatting(void **state)
{
    struct arena all = arena_over(256 << 20);
    const struct json *list;

    (void)state;
    SKIP_WITHOUT_VECTORS();
    list = json_member(load(&all, "policy/cases.json"), "cases");
    for (const struct json *j = list->child; j; j = j->next)
        check_format(text_of(j, "id"), policy_of(text_of(j, "id"), j, &all));
    list = json_member(load(&all, "policy/samples/expected.json"), "samples");
    for (const struct json *j = list->child; j; j = j->next) {
        char path[512];

        snprintf(path, sizeof path, "policy/samples/%s", text_of(j, "file"));
        check_format(path, file_in(&all, path));
    }
    arena_fini(&all);
}

static void every_prefix_of_a_sample_is_refused_inside_its_text(void **state)
{
    struct arena all = arena_over(256 << 20);
    const struct json *list;

    (void)state;
    SKIP_WITHOUT_VECTORS();
    list = json_member(load(&all, "policy/samples/expected.json"), "samples");
    for (const struct json *j = list->child; j; j = j->next) {
        const char *id = text_of(j, "file");
        char path[512];
        struct span text;

        snprintf(path, sizeof path, "policy/samples/%s", id);
        text = file_in(&all, path);
        for (size_t n = 0; n < text.n; n += 1 + text.n / 97) {
            struct arena a = arena_over(16 << 20);
            struct policy_diagnostics d = { .arena = &a };
            struct err e = { 0 };
            struct policy *p = policy_new(crypto, span_part(text, 0, n), &d, &e);

            CHECK(id, p || (e.code != ERR_NONE && d.count > 0 && d.items[0].offset <= n));
            policy_free(p);
            arena_fini(&a);
        }
    }
    arena_fini(&all);
}

static void the_table_of_known_claims_is_the_published_one(void **state)
{
    static const char *const types[] = { "SgxEnclave", "OpenEnclave", "Tpm",       "VbsEnclave",
                                         "SevSnpVm",   "TdxVm",       "AzureGuest" };
    static const char *const kinds[] = { "String", "Integer", "Boolean", "Object" };
    struct arena a = arena_over(16 << 20);
    const struct json *all;
    size_t seen = 0;

    (void)state;
    SKIP_WITHOUT_VECTORS();
    all = json_member(load(&a, "policy/known-claims.json"), "types");
    for (size_t i = 0; i < COUNT(types); i++)
        for (const struct json *j = json_member(all, types[i])->child; j; j = j->next, seen++) {
            const char *name = text_of(j, "name");
            const struct known_claim *k =
                known_claim_find(span_str(name), known_type_find(span_str(types[i])));
            bool is_in = json_member(j, "incoming")->type == JSON_TRUE;
            bool is_out = json_member(j, "outgoing")->type == JSON_TRUE;

            CHECK(name, k != NULL);
            CHECK_TEXT(name, span_str(kinds[k->type]), text_of(j, "valueType"));
            CHECK_INT(name, (k->flags & KNOWN_INCOMING) != 0, is_in);
            CHECK_INT(name, (k->flags & KNOWN_OUTGOING) != 0, is_out);
            CHECK_INT(name, (k->flags & KNOWN_MANY) != 0, json_member(j, "many") != NULL);
            CHECK_INT(name, (k->flags & KNOWN_READ_ONLY) != 0, json_member(j, "readOnly") != NULL);
            CHECK_INT(name, (k->flags & KNOWN_JSON) != 0, json_member(j, "json") != NULL);
            CHECK_TEXT(name, span_str(k->instead ? k->instead : ""), text_of(j, "deprecated"));
        }
    CHECK("rows", seen > 100);
    CHECK_INT("a wrong type", known_type_find(span_str("Sgx")), 0);
    arena_fini(&a);
}

static int set_up(void **state)
{
    struct err e = { 0 };

    (void)state;
    crypto = crypto_new(&e);
    return crypto ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    crypto_free(crypto);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_worked_case_gives_what_it_says),
        cmocka_unit_test(every_published_sample_compiles_or_is_refused_as_said),
        cmocka_unit_test(the_default_policies_are_those_with_the_known_hashes),
        cmocka_unit_test(every_case_and_sample_survives_formatting),
        cmocka_unit_test(every_prefix_of_a_sample_is_refused_inside_its_text),
        cmocka_unit_test(the_table_of_known_claims_is_the_published_one),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(TEST_NAME, tests, set_up, tear_down);
}
