#include "suite.h"

#include "../base/b64.h"
#include "../base/utf8.h"
#include "../claims/claim_list.h"
#include "../format/json.h"

#include "known_claims.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT_VERSION = 1 };

/* Claims may hold event logs, and there may be thousands of cases. */
static const struct json_limits limits = {
    .bytes = 64 << 20, .depth = 16, .nodes = 10000000, .members = 100000
};

enum { NEEDED = 1 << 0, OR_TEXT = 1 << 1 };

/* What an object may hold. */
struct member_def {
    const char *name;
    enum json_type type;
    unsigned flags;
};

/* clang-format off */
static const struct member_def file_members[] = {
    { "format",        JSON_STRING, NEEDED },
    { "formatVersion", JSON_NUMBER, NEEDED },
    { "title",         JSON_STRING, 0 },
    { "count",         JSON_NUMBER, 0 },
    { "cases",         JSON_ARRAY,  NEEDED },
};

static const struct member_def case_members[] = {
    { "id",              JSON_STRING, NEEDED },
    { "title",           JSON_STRING, 0 },
    { "spec",            JSON_ARRAY,  0 },
    { "attestationType", JSON_STRING, 0 },
    { "policy",          JSON_STRING, 0 },
    { "policyBase64",    JSON_STRING, 0 },
    { "policyFile",      JSON_STRING, 0 },
    { "claims",          JSON_ARRAY,  NEEDED },
    { "expect",          JSON_OBJECT, NEEDED },
    { "explain",         JSON_ARRAY,  0 },
    { "note",            JSON_STRING, 0 },
};

static const struct member_def expect_members[] = {
    { "compile",          JSON_OBJECT, NEEDED | OR_TEXT },
    { "decision",         JSON_STRING, 0 },
    { "error",            JSON_OBJECT, 0 },
    { "denyRule",         JSON_OBJECT, 0 },
    { "issued",           JSON_OBJECT, 0 },
    { "properties",       JSON_OBJECT, 0 },
    { "configuration",    JSON_OBJECT, 0 },
    { "added",            JSON_ARRAY,  0 },
    { "warnings",         JSON_ARRAY,  0 },
    { "policyHash",       JSON_STRING, 0 },
    { "legacyPolicyHash", JSON_STRING, 0 },
};

static const struct member_def error_members[] = {
    { "code",   JSON_STRING, NEEDED },
    { "line",   JSON_NUMBER, NEEDED },
    { "column", JSON_NUMBER, NEEDED },
};
/* clang-format on */

static const struct member_def *member_find(const struct member_def *defs, size_t count,
                                            struct span name)
{
    for (size_t i = 0; i < count; i++)
        if (span_is(name, defs[i].name))
            return &defs[i];
    return NULL;
}

static bool check_member(const struct json *m, const struct member_def *def, struct err *err)
{
    char shown[40];

    if (!def)
        return err_fail_at(err, m->offset, ERR_MALFORMED, NULL, "there is no member \"%s\"",
                           utf8_show(m->name, shown, sizeof shown));
    if (m->type == def->type || ((def->flags & OR_TEXT) && m->type == JSON_STRING))
        return true;
    err_fail_at(err, m->offset, ERR_MALFORMED, NULL, "needs a %s, found a %s",
                json_type_name(def->type), json_type_name(m->type));
    return err_in(err, def->name);
}

/* Every member is known and of its type, and those that are needed are there. */
static bool check_object(const struct json *object, const struct member_def *defs, size_t count,
                         struct err *err)
{
    if (object->type != JSON_OBJECT)
        return err_fail_at(err, object->offset, ERR_MALFORMED, NULL, "needs an object, found a %s",
                           json_type_name(object->type));
    for (const struct json *m = object->child; m; m = m->next)
        if (!check_member(m, member_find(defs, count, m->name), err))
            return false;
    for (size_t i = 0; i < count; i++)
        if ((defs[i].flags & NEEDED) && !json_member(object, defs[i].name))
            return err_fail_at(err, object->offset, ERR_MALFORMED, NULL, "\"%s\" is missing",
                               defs[i].name);
    return true;
}

/* expect */

static bool check_compile(const struct json *expect, struct err *err)
{
    const struct json *compile = json_member(expect, "compile");

    if (compile->type == JSON_STRING)
        return span_is(compile->text, "ok") ||
               err_fail_at(err, compile->offset, ERR_MALFORMED, NULL,
                           "compile is \"ok\" or an object with code, line and column");
    if (!check_object(compile, error_members, COUNT(error_members), err))
        return err_in(err, "compile");
    return expect->count == 1 ||
           err_fail_at(err, expect->offset, ERR_MALFORMED, NULL,
                       "of a policy that does not compile nothing else can be expected");
}

static bool check_decision(const struct json *expect, struct err *err)
{
    static const char *const words[] = { "permit", "deny", "no-permit", "error" };
    const struct json *decision = json_member(expect, "decision");
    const struct json *error = json_member(expect, "error");
    bool is_known = false;

    for (size_t i = 0; decision && i < COUNT(words); i++)
        is_known |= span_is(decision->text, words[i]);
    if (!is_known)
        return err_fail_at(err, expect->offset, ERR_MALFORMED, NULL,
                           "decision is permit, deny, no-permit or error");
    if (error && !check_object(error, error_members, COUNT(error_members), err))
        return err_in(err, "error");
    if (!error != !span_is(decision->text, "error"))
        return err_fail_at(err, expect->offset, ERR_MALFORMED, NULL,
                           "error stands beside the decision error, and nowhere else");
    if (json_member(expect, "denyRule") && !span_is(decision->text, "deny"))
        return err_fail_at(err, expect->offset, ERR_MALFORMED, NULL,
                           "denyRule stands beside the decision deny only");
    return true;
}

static bool check_expect(const struct json *expect, struct err *err)
{
    if (!check_object(expect, expect_members, COUNT(expect_members), err) ||
        !check_compile(expect, err))
        return false;
    return json_member(expect, "compile")->type == JSON_OBJECT || check_decision(expect, err);
}

/* a case */

static bool read_policy(const struct json *j, struct arena *a, struct suite_case *out,
                        struct err *err)
{
    const struct json *text = json_member(j, "policy"), *file = json_member(j, "policyFile");
    const struct json *base64 = json_member(j, "policyBase64");

    if (!!text + !!file + !!base64 != 1)
        return err_fail_at(err, j->offset, ERR_MALFORMED, NULL,
                           "exactly one of policy, policyBase64 and policyFile is needed");
    if (base64)
        return b64_read(a, base64->text, B64_STD, &out->policy, err) || err_in(err, "policyBase64");
    if (text) {
        out->policy = text->text;
        return true;
    }
    out->policy_file = file->text;
    return (file->text.n > 0 && !memchr(file->text.p, 0, file->text.n)) ||
           err_fail_at(err, file->offset, ERR_MALFORMED, NULL, "policyFile needs a path");
}

static bool check_type(const struct json *j, struct err *err)
{
    const struct json *type = json_member(j, "attestationType");
    char shown[40];

    if (!type || known_type_find(type->text) != 0)
        return true;
    return err_fail_at(err, type->offset, ERR_MALFORMED, NULL,
                       "\"%s\" is no attestation type: SgxEnclave, OpenEnclave, SevSnpVm, TdxVm, "
                       "Tpm, VbsEnclave or AzureGuest",
                       utf8_show(type->text, shown, sizeof shown));
}

static bool check_strings(const struct json *list, const char *name, struct err *err)
{
    for (const struct json *j = list ? list->child : NULL; j; j = j->next)
        if (j->type != JSON_STRING) {
            err_fail_at(err, j->offset, ERR_MALFORMED, NULL, "needs strings, found a %s",
                        json_type_name(j->type));
            return err_in(err, name);
        }
    return true;
}

static bool read_case(const struct json *j, struct arena *a, struct suite_case *out,
                      struct err *err)
{
    const struct json *title = json_member(j, "title");

    *out = (struct suite_case){ .claims = claim_set_in(a) };
    if (!check_object(j, case_members, COUNT(case_members), err) || !check_type(j, err) ||
        !read_policy(j, a, out, err))
        return false;
    if (!claims_of_json(json_member(j, "claims"), &out->claims, err))
        return err_in(err, "claims");
    out->id = json_member(j, "id")->text;
    out->title = title ? title->text : out->title;
    out->expect = json_member(j, "expect");
    out->explain = json_member(j, "explain");
    return check_strings(out->explain, "explain", err) &&
           (check_expect(out->expect, err) || err_in(err, "expect"));
}

static bool read_cases(const struct json *list, struct arena *a, struct suite *out, struct err *err)
{
    out->cases = ARENA_ARRAY(a, struct suite_case, list->count);
    if (!out->cases)
        return arena_fail(a, err);
    for (const struct json *j = list->child; j; j = j->next, out->count++) {
        char place[32];

        snprintf(place, sizeof place, "cases[%zu]", out->count);
        if (!read_case(j, a, &out->cases[out->count], err))
            return err_in(err, place);
    }
    return true;
}

static int compare_ids(const void *a, const void *b)
{
    return span_compare(*(const struct span *)a, *(const struct span *)b);
}

static bool check_ids(const struct suite *s, struct arena *a, struct err *err)
{
    struct span *ids = ARENA_ARRAY(a, struct span, s->count);
    char shown[40];

    if (!ids)
        return arena_fail(a, err);
    for (size_t i = 0; i < s->count; i++)
        ids[i] = s->cases[i].id;
    if (s->count > 0)
        qsort(ids, s->count, sizeof *ids, compare_ids);
    for (size_t i = 1; i < s->count; i++)
        if (span_equal(ids[i - 1], ids[i]))
            return err_fail(err, ERR_MALFORMED, NULL, "two cases have the id \"%s\"",
                            utf8_show(ids[i], shown, sizeof shown));
    return true;
}

static bool check_head(const struct json *root, struct err *err)
{
    const struct json *format = json_member(root, "format");
    int64_t version = 0;

    /* Another file altogether is told so, not that some member of it is unknown. */
    if (!format || format->type != JSON_STRING ||
        !span_is(format->text, "attestation-policy-cases"))
        return err_fail(err, ERR_MALFORMED, NULL,
                        "this is no file of cases: \"format\" must be "
                        "\"attestation-policy-cases\"");
    if (!json_get_int(root, "formatVersion", &version, err))
        return false;
    if (version != FORMAT_VERSION)
        return err_fail(err, ERR_UNSUPPORTED, NULL, "formatVersion %lld is not %d",
                        (long long)version, FORMAT_VERSION);
    return check_object(root, file_members, COUNT(file_members), err);
}

bool suite_parse(struct span text, struct arena *a, struct suite *out, struct err *err)
{
    const struct json *root = NULL, *title;
    struct suite s = { 0 };
    int64_t count = 0;

    if (!json_parse(text, &limits, a, &root, err) || !check_head(root, err) ||
        !read_cases(json_member(root, "cases"), a, &s, err) || !check_ids(&s, a, err))
        return false;
    if (json_member(root, "count") &&
        (!json_get_int(root, "count", &count, err) || count != (int64_t)s.count))
        return err_fail(err, ERR_MALFORMED, NULL, "count is %lld, there are %zu cases",
                        (long long)count, s.count);
    title = json_member(root, "title");
    s.title = title ? title->text : s.title;
    *out = s;
    return true;
}
