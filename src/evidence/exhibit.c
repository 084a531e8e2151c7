#include "exhibit.h"

#include "../base/when.h"
#include "../format/json.h"

#include <stdio.h>
#include <string.h>

/* reading */

static bool copy_text(const struct json *j, struct arena *a, const char **out, struct err *err)
{
    struct span copy;

    if (j->type != JSON_STRING)
        return err_fail_at(err, j->offset, ERR_MALFORMED, NULL, "needs a string, found a %s",
                           json_type_name(j->type));
    if (j->text.n == 0 || memchr(j->text.p, 0, j->text.n))
        return err_fail_at(err, j->offset, ERR_MALFORMED, NULL, "needs text without NUL");
    copy = arena_dup(a, j->text);
    if (!copy.p)
        return arena_fail(a, err);
    *out = (const char *)copy.p;
    return true;
}

static bool read_kind(const struct json *j, struct arena *a, struct exhibit *x, struct err *err)
{
    (void)a;
    return (j->type == JSON_STRING && evidence_kind_find(j->text, &x->kind)) ||
           err_fail_at(err, j->offset, ERR_MALFORMED, NULL,
                       "needs sgx, oe, tdx, sevsnp, azureguest, tpm or vbs");
}

static bool read_time(const struct json *j, struct arena *a, struct exhibit *x, struct err *err)
{
    (void)a;
    x->has_time = true;
    if (j->type == JSON_NUMBER)
        return json_to_int(j, &x->at) ||
               err_fail_at(err, j->offset, ERR_MALFORMED, NULL, "needs whole seconds since 1970");
    if (j->type == JSON_STRING)
        return when_read_any(j->text, &x->at, err);
    return err_fail_at(err, j->offset, ERR_MALFORMED, NULL,
                       "needs seconds since 1970, or RFC 3339 as a string");
}

static bool read_roots(const struct json *j, struct arena *a, struct exhibit *x, struct err *err)
{
    if (j->type != JSON_ARRAY || j->count == 0 || j->count > EXHIBIT_ROOTS_MAX)
        return err_fail_at(err, j->offset, ERR_MALFORMED, NULL, "needs an array of one to %d words",
                           EXHIBIT_ROOTS_MAX);
    for (const struct json *e = j->child; e; e = e->next)
        if (!copy_text(e, a, &x->roots[x->root_count++], err))
            return false;
    return true;
}

static bool read_type(const struct json *j, enum data_type *out, struct err *err)
{
    bool is_json = j->type == JSON_STRING && span_is(j->text, "json");

    *out = is_json ? DATA_JSON : DATA_BINARY;
    return is_json || (j->type == JSON_STRING && span_is(j->text, "binary")) ||
           err_fail_at(err, j->offset, ERR_MALFORMED, NULL, "needs binary or json");
}

static bool read_runtime_type(const struct json *j, struct arena *a, struct exhibit *x,
                              struct err *err)
{
    (void)a;
    return read_type(j, &x->runtime_type, err);
}

static bool read_inittime_type(const struct json *j, struct arena *a, struct exhibit *x,
                               struct err *err)
{
    (void)a;
    return read_type(j, &x->inittime_type, err);
}

/* clang-format off */
static const struct {
    const char *name;
    size_t text; /* where it goes as it is, unless there is a function to read it */
    bool (*read)(const struct json *j, struct arena *a, struct exhibit *x, struct err *err);
} members[] = {
    { "type",         0, read_kind },
    { "evidence",     offsetof(struct exhibit, evidence), NULL },
    { "collateral",   offsetof(struct exhibit, collateral), NULL },
    { "roots",        0, read_roots },
    { "at",           0, read_time },
    { "runtimeData",  offsetof(struct exhibit, runtime_data), NULL },
    { "runtimeType",  0, read_runtime_type },
    { "inittimeData", offsetof(struct exhibit, inittime_data), NULL },
    { "inittimeType", 0, read_inittime_type },
    { "nonce",        offsetof(struct exhibit, nonce), NULL },
};
/* clang-format on */

static bool read_member(const struct json *j, struct arena *a, struct exhibit *x, struct err *err)
{
    for (size_t i = 0; i < COUNT(members); i++)
        if (span_is(j->name, members[i].name)) {
            const char **text = (const char **)(void *)((char *)x + members[i].text);

            return (members[i].read ? members[i].read(j, a, x, err) : copy_text(j, a, text, err)) ||
                   err_in(err, members[i].name);
        }
    return err_fail_at(err, j->offset, ERR_MALFORMED, NULL,
                       "there is a member that a piece of evidence does not have");
}

/* A type without its data says nothing; data without a type is binary. */
static bool settle_data(const char *data, enum data_type *type, const char *member, struct err *err)
{
    if (!data && *type != DATA_NONE)
        return err_fail(err, ERR_MALFORMED, NULL, "%s stands without its data", member);
    if (data && *type == DATA_NONE)
        *type = DATA_BINARY;
    return true;
}

static bool read_exhibit(const struct json *j, struct arena *a, struct exhibit *x, struct err *err)
{
    if (j->type != JSON_OBJECT)
        return err_fail_at(err, j->offset, ERR_MALFORMED, NULL, "needs an object, found a %s",
                           json_type_name(j->type));
    for (const struct json *m = j->child; m; m = m->next)
        if (!read_member(m, a, x, err))
            return false;
    if (!json_member(j, "type") || !x->evidence)
        return err_fail_at(err, j->offset, ERR_MALFORMED, NULL, "type and evidence are needed");
    return settle_data(x->runtime_data, &x->runtime_type, "runtimeType", err) &&
           settle_data(x->inittime_data, &x->inittime_type, "inittimeType", err);
}

static bool read_all(const struct json *list, struct arena *a, struct exhibit *all, struct err *err)
{
    size_t at = 0;

    for (const struct json *j = list->child; j; j = j->next, at++) {
        char place[32];

        snprintf(place, sizeof place, "[%zu]", at);
        if (!read_exhibit(j, a, &all[at], err))
            return err_in(err, place);
    }
    return true;
}

bool exhibits_parse(struct span text, struct arena *a, struct exhibit **out, size_t *count,
                    struct err *err)
{
    const struct json *root = NULL;
    struct exhibit *all;
    size_t n;

    if (!json_parse(text, NULL, a, &root, err))
        return false;
    n = root->type == JSON_ARRAY ? root->count : 1;
    if (n == 0 || n > EXHIBITS_MAX)
        return err_fail(err, n ? ERR_LIMIT : ERR_MALFORMED, NULL,
                        "needs one to %d pieces of evidence, found %zu", EXHIBITS_MAX, n);
    all = ARENA_ARRAY(a, struct exhibit, n);
    if (!all)
        return arena_fail(a, err);
    if (root->type == JSON_ARRAY ? !read_all(root, a, all, err) : !read_exhibit(root, a, all, err))
        return false;
    *out = all;
    *count = n;
    return true;
}

/* writing */

static void write_member(struct writer *w, const char *name, const char *text)
{
    if (!text)
        return;
    write_text(w, w->n > 0 && w->p[w->n - 1] == '{' ? "\n  " : ",\n  ");
    json_write_string(w, span_str(name));
    write_text(w, ": ");
    json_write_string(w, span_str(text));
}

static const char *type_word(enum data_type type)
{
    return type == DATA_NONE ? NULL : type == DATA_JSON ? "json" : "binary";
}

void exhibit_write(struct writer *w, const struct exhibit *x)
{
    char when[WHEN_TEXT];

    write_text(w, "{");
    write_member(w, "type", evidence_kind_name(x->kind));
    write_member(w, "evidence", x->evidence);
    write_member(w, "collateral", x->collateral);
    for (size_t i = 0; i < x->root_count; i++) {
        write_text(w, i ? ", " : ",\n  \"roots\": [");
        json_write_string(w, span_str(x->roots[i]));
    }
    write_text(w, x->root_count ? "]" : "");
    write_member(w, "at", x->has_time ? when_str(x->at, when) : NULL);
    write_member(w, "runtimeData", x->runtime_data);
    write_member(w, "runtimeType", type_word(x->runtime_type));
    write_member(w, "inittimeData", x->inittime_data);
    write_member(w, "inittimeType", type_word(x->inittime_type));
    write_member(w, "nonce", x->nonce);
    write_text(w, "\n}\n");
}
