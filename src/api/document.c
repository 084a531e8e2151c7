#include "document.h"

#include "../format/json.h"

static const struct json_limits limits = {
    .bytes = 1024 * 1024, .depth = 4, .nodes = 64, .members = 32, .names_fold_case = true
};

static bool fail(struct err *err, const char *text)
{
    return err_fail(err, ERR_MALFORMED, "rest-api, 3.1", "%s", text) || err_in(err, "body");
}

static bool read_member(const struct json *object, const char *member, struct span *out,
                        struct err *err)
{
    const struct json *v = json_member_nocase(object, member);

    if (!v || v->type != JSON_STRING) {
        err_fail(err, ERR_MALFORMED, "rest-api, 8", "is required: a JWS in compact form");
        err_in(err, member);
        return err_in(err, "body");
    }
    *out = v->text;
    return true;
}

static bool unwrap(struct span body, const char *member, struct arena *a, struct span *out,
                   struct err *err)
{
    const struct json *j = NULL;

    if (body.n == 0)
        return fail(err, "is empty: a JWS in compact form is expected");
    if (body.p[0] != '"' && body.p[0] != '{') {
        *out = body;
        return true;
    }
    if (!json_parse(body, &limits, a, &j, err))
        return err_in(err, "body");
    if (j->type == JSON_OBJECT)
        return read_member(j, member, out, err);
    *out = j->text;
    return true;
}

bool document_read(struct span body, const char *member, struct arena *a, struct span *out,
                   struct err *err)
{
    struct span found = { 0 };

    if (!unwrap(span_trim(body), member, a, &found, err))
        return false;
    found = arena_dup(a, span_trim(found));
    if (!found.p)
        return arena_fail(a, err);
    *out = found;
    return true;
}
