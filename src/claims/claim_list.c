#include "claim_list.h"

#include "../format/json.h"

#include <stdio.h>

static bool read_value(const struct json *v, struct claim *out, struct err *err)
{
    if (v && v->type == JSON_STRING) {
        out->type = CLAIM_STRING;
        out->text = v->text;
        return true;
    }
    if (v && (v->type == JSON_TRUE || v->type == JSON_FALSE)) {
        out->type = CLAIM_BOOL;
        out->boolean = v->type == JSON_TRUE;
        return true;
    }
    out->type = CLAIM_INT;
    if (v && json_to_int(v, &out->integer))
        return true;
    err_fail(err, ERR_MALFORMED, NULL, "needs a string, an integer within 64 bits or a boolean");
    return err_in(err, "value");
}

static bool read_issuer(const struct json *object, struct claim *out, struct err *err)
{
    static const char *const names[] = {
        [ISSUER_SERVICE] = "AttestationService",
        [ISSUER_POLICY] = "AttestationPolicy",
        [ISSUER_CLIENT] = "CustomClaim",
    };
    struct span text = { 0 };

    out->issuer = ISSUER_CLIENT;
    if (!json_member(object, "issuer"))
        return true;
    if (!json_get_string(object, "issuer", &text, err))
        return false;
    for (size_t i = 0; i < COUNT(names); i++)
        if (span_is(text, names[i])) {
            out->issuer = (enum claim_issuer)i;
            return true;
        }
    err_fail(err, ERR_MALFORMED, NULL,
             "needs AttestationService, AttestationPolicy or CustomClaim, found \"%.*s\"",
             (int)(text.n > 40 ? 40 : text.n), (const char *)text.p);
    return err_in(err, "issuer");
}

static bool read_claim(const struct json *object, struct claim *out, struct err *err)
{
    *out = (struct claim){ 0 };
    if (object->type != JSON_OBJECT)
        return err_fail(err, ERR_MALFORMED, NULL, "needs an object, found a %s",
                        json_type_name(object->type));
    if (!json_get_string(object, "type", &out->name, err) ||
        !read_value(json_member(object, "value"), out, err) || !read_issuer(object, out, err))
        return false;
    return !json_member(object, "readOnly") ||
           json_get_bool(object, "readOnly", &out->is_read_only, err);
}

bool claims_of_json(const struct json *array, struct claim_set *out, struct err *err)
{
    size_t at = 0;

    if (!array || array->type != JSON_ARRAY)
        return err_fail(err, ERR_MALFORMED, NULL, "needs an array of claims");
    for (const struct json *v = array->child; v; v = v->next, at++) {
        struct claim c;
        char place[32];

        snprintf(place, sizeof place, "[%zu]", at);
        if (!read_claim(v, &c, err))
            return err_in(err, place);
        if (!claim_add(out, &c, err))
            return false;
    }
    return true;
}

/* As many claims as a policy takes, one of which may hold a whole event log as text. */
static const struct json_limits limits = {
    .bytes = 64 << 20, .depth = 8, .nodes = 1 << 20, .members = 64
};

bool claims_of_text(struct span text, struct arena *a, struct claim_set *out, struct err *err)
{
    const struct json *root = NULL;

    *out = claim_set_in(a);
    return json_parse(text, &limits, a, &root, err) && claims_of_json(root, out, err);
}
