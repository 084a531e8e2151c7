#include "key_set.h"

#include <stdio.h>

#include "../base/b64.h"

bool key_set_parse(struct span json, size_t most, struct arena *a, const struct json **keys,
                   struct err *err)
{
    const struct json *top = NULL;
    struct span text;

    if (json.n > most)
        return err_fail(err, ERR_LIMIT, NULL, "is %zu bytes long, %zu are allowed", json.n, most);
    text = arena_dup(a, json);
    if (!text.p)
        return arena_fail(a, err);
    return json_parse(text, NULL, a, &top, err) && json_get_array(top, "keys", keys, err);
}

static bool read_entry(const struct json *entry, const struct key_set_reader *reader,
                       struct err *err)
{
    if (entry->type != JSON_OBJECT)
        return err_fail(err, ERR_MALFORMED, "RFC 7517, 5", "must be an object, found %s",
                        json_type_name(entry->type));
    return reader->read(reader->arg, entry, err);
}

bool key_set_read(const struct json *keys, const struct key_set_reader *reader, struct err *err)
{
    size_t i = 0;
    char place[16];

    for (const struct json *n = keys->child; n; n = n->next, i++)
        if (!read_entry(n, reader, err)) {
            snprintf(place, sizeof place, "[%zu]", i);
            return err_in(err, place);
        }
    return true;
}

bool key_set_kid(const struct json *entry, size_t most, struct span *out, struct err *err)
{
    struct span kid = { 0 };

    if (json_member(entry, "kid") && !json_get_string(entry, "kid", &kid, err))
        return false;
    *out = kid;
    return kid.n <= most ||
           err_fail(err, ERR_LIMIT, NULL, "is %zu characters long, %zu are allowed", kid.n, most) ||
           err_in(err, "kid");
}

bool key_set_twice(struct err *err)
{
    err_fail(err, ERR_MALFORMED, "RFC 7517, 4.5", "stands at two keys of one set");
    return err_in(err, "kid");
}

bool key_set_leaf(const struct json *x5c, size_t most, struct arena *a, struct cert *out,
                  struct err *err)
{
    struct span der = { 0 };

    if (x5c->type != JSON_ARRAY || !x5c->child || x5c->child->type != JSON_STRING)
        return err_fail(err, ERR_MALFORMED, "RFC 7517, 4.7",
                        "must be an array of base64 texts with the key's certificate first") ||
               err_in(err, "x5c");
    if (x5c->count > most)
        return err_fail(err, ERR_LIMIT, NULL, "holds %zu certificates, %zu are allowed", x5c->count,
                        most) ||
               err_in(err, "x5c");
    return (b64_read(a, x5c->child->text, B64_STD, &der, err) && cert_parse(der, out, err)) ||
           err_in(err, "x5c[0]");
}
