#include "signed_json.h"

#include "../../base/hex.h"
#include "../../base/when.h"

#define PCS "Intel PCS API, signed documents"

static const struct json_limits limits = {
    .bytes = DCAP_JSON_MAX,
    .depth = DCAP_JSON_DEPTH_MAX,
    .nodes = DCAP_JSON_VALUES_MAX,
    .members = DCAP_JSON_MEMBERS_MAX,
};

bool signed_json_open(struct span text, const char *name, struct arena *a, struct signed_json *out,
                      struct err *err)
{
    const struct json *doc = NULL, *body = NULL;
    struct signed_json s = { 0 };

    if (!json_parse(text, &limits, a, &doc, err))
        return false;
    if (!json_get_object(doc, name, &body, err) ||
        !signed_json_hex(doc, "signature", s.signature, sizeof s.signature, err))
        return false;
    if (doc->count != 2)
        return err_fail(err, ERR_MALFORMED, PCS,
                        "the document has %zu members, expected \"%s\" and \"signature\"",
                        doc->count, name);
    s.body = body->raw;
    *out = s;
    return true;
}

/* One spelling for each thing: what two readers could read differently is refused, also in members
 * that nobody looks at. */
static bool is_plain(const struct json *v, struct err *err)
{
    int64_t n;

    if (v->has_name_escape)
        return err_fail_at(err, v->offset, ERR_MALFORMED, PCS,
                           "a member's name is written with an escape");
    if (v->type == JSON_NUMBER && (v->raw.p[0] == '-' || !json_to_int(v, &n)))
        return err_fail_at(err, v->offset, ERR_MALFORMED, PCS,
                           "a number has a sign, a fraction or an exponent, or is too large");
    return true;
}

/* Depth is bounded by DCAP_JSON_DEPTH_MAX. */
static bool all_plain(const struct json *v, struct err *err)
{
    if (!is_plain(v, err))
        return false;
    for (const struct json *c = v->child; c; c = c->next)
        if (!all_plain(c, err))
            return false;
    return true;
}

bool signed_json_parse(struct span body, struct arena *a, const struct json **out, struct err *err)
{
    const struct json *v = NULL;

    if (!json_parse(body, &limits, a, &v, err) || !all_plain(v, err))
        return false;
    *out = v;
    return true;
}

bool signed_json_uint(const struct json *object, const char *name, uint32_t most, uint32_t *out,
                      struct err *err)
{
    int64_t v = 0;

    if (!json_get_int(object, name, &v, err))
        return false;
    if (v < 0 || v > (int64_t)most) {
        err_fail_at(err, json_member(object, name)->offset, ERR_MALFORMED, PCS,
                    "%lld is not in 0 to %u", (long long)v, (unsigned)most);
        return err_in(err, name);
    }
    *out = (uint32_t)v;
    return true;
}

bool signed_json_hex(const struct json *object, const char *name, uint8_t *out, size_t n,
                     struct err *err)
{
    struct span text = { 0 };

    if (!json_get_string(object, name, &text, err))
        return false;
    return hex_read(text, out, n, err) || err_in(err, name);
}

bool signed_json_when(const struct json *object, const char *name, int64_t *out, struct err *err)
{
    struct span text = { 0 };

    if (!json_get_string(object, name, &text, err))
        return false;
    return when_read(text, out, err) || err_in(err, name);
}
