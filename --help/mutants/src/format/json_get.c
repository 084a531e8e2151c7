/* Asking a parsed tree for its members. */
#include "json.h"

const struct json *json_member(const struct json *object, const char *name)
{
    struct span want = span_str(name);

    if (!object || object->type != JSON_OBJECT)
        return NULL;
    for (const struct json *m = object->child; m; m = m->next)
        if (span_equal(m->name, want))
            return m;
    return NULL;
}

const struct json *json_member_nocase(const struct json *object, const char *name)
{
    if (!object || object->type != JSON_OBJECT)
        return NULL;
    for (const struct json *m = object->child; m; m = m->next)
        if (span_is_nocase(m->name, name))
            return m;
    return NULL;
}

const char *json_type_name(enum json_type type)
{
    static const char *const names[] = { "null",   "false", "true",  "number",
                                         "string", "array", "object" };

    return (unsigned)type < COUNT(names) ? names[type] : "unknown";
}

static bool fail_type(const struct json *m, const char *name, const char *expected, struct err *err)
{
    if (!m)
        err_fail(err, ERR_MALFORMED, NULL, "must be %s, and is absent", expected);
    else
        err_fail_at(err, m->offset, ERR_MALFORMED, NULL, "must be %s, found %s", expected,
                    json_type_name(m->type));
    return err_in(err, name);
}

bool json_get_string(const struct json *object, const char *name, struct span *out, struct err *err)
{
    const struct json *m = json_member(object, name);

    if (!m || m->type != JSON_STRING)
        return fail_type(m, name, "a string", err);
    *out = m->text;
    return true;
}

bool json_get_int(const struct json *object, const char *name, int64_t *out, struct err *err)
{
    const struct json *m = json_member(object, name);

    if (!m || !json_to_int(m, out))
        return fail_type(m, name, "an integer in plain digits, of 64 bits at most", err);
    return true;
}

bool json_get_bool(const struct json *object, const char *name, bool *out, struct err *err)
{
    const struct json *m = json_member(object, name);

    if (!m || (m->type != JSON_TRUE && m->type != JSON_FALSE))
        return fail_type(m, name, "true or false", err);
    *out = m->type == JSON_TRUE;
    return true;
}

bool json_get_object(const struct json *object, const char *name, const struct json **out,
                     struct err *err)
{
    const struct json *m = json_member(object, name);

    if (!m || m->type != JSON_OBJECT)
        return fail_type(m, name, "an object", err);
    *out = m;
    return true;
}

bool json_get_array(const struct json *object, const char *name, const struct json **out,
                    struct err *err)
{
    const struct json *m = json_member(object, name);

    if (!m || m->type != JSON_ARRAY)
        return fail_type(m, name, "an array", err);
    *out = m;
    return true;
}

bool json_to_int(const struct json *value, int64_t *out)
{
    struct span s;
    bool is_negative;
    int64_t v = 0;

    if (!value || value->type != JSON_NUMBER)
        return false;
    is_negative = value->raw.p[0] == '-';
    s = span_part(value->raw, is_negative, value->raw.n);
    for (size_t i = 0; i < s.n; i++) {
        int64_t digit = s.p[i] - '0';

        if (digit < 0 || digit > 9)
            return false;
        /* towards the sign from the start, so that the least integer is reached, too */
        if (__builtin_mul_overflow(v, (int64_t)10, &v) ||
            __builtin_add_overflow(v, is_negative ? -digit : digit, &v))
            return false;
    }
    *out = v;
    return true;
}
