#include "manifest.h"

#include <stdio.h>
#include <string.h>

#include "../base/utf8.h"
#include "../format/json.h"

static bool name_is_plain(struct span name)
{
    for (size_t i = 0; i < name.n; i++) {
        uint8_t ch = name.p[i];

        if (!(ch >= 'a' && ch <= 'z') && !(ch >= '0' && ch <= '9') && ch != '-')
            return false;
    }
    return name.n > 0 && name.n < MANIFEST_NAME_ROOM;
}

/* The name becomes a path, so nothing but a plain word will do. */
static bool name_read(const struct json *row, struct manifest_key *out, struct err *err)
{
    char shown[MANIFEST_NAME_ROOM];
    struct span name;

    if (!json_get_string(row, "name", &name, err))
        return false;
    if (!name_is_plain(name))
        return err_fail(err, ERR_MALFORMED, NULL, "\"%s\" is not a plain name",
                        utf8_show(name, shown, sizeof shown)) ||
               err_in(err, "name");
    memcpy(out->name, name.p, name.n);
    out->name[name.n] = '\0';
    return true;
}

static bool alg_read(const struct json *row, struct manifest_key *out, struct err *err)
{
    char shown[MANIFEST_NAME_ROOM];
    struct span name;

    if (!json_get_string(row, "alg", &name, err))
        return false;
    return sig_alg_find(name, &out->alg) ||
           err_fail(err, ERR_MALFORMED, NULL, "\"%s\" is no signature algorithm",
                    utf8_show(name, shown, sizeof shown)) ||
           err_in(err, "alg");
}

static bool bits_read(const struct json *row, struct manifest_key *out, struct err *err)
{
    int64_t bits;

    if (!json_get_int(row, "bits", &bits, err))
        return false;
    if (bits < 256 || bits > 4096)
        return err_fail(err, ERR_MALFORMED, NULL, "%lld bits are not a key's size",
                        (long long)bits) ||
               err_in(err, "bits");
    out->bits = (size_t)bits;
    return true;
}

static bool state_read(const struct json *row, struct manifest_key *out, struct err *err)
{
    struct span state;

    if (!json_get_string(row, "state", &state, err))
        return false;
    out->is_active = span_is(state, "active");
    if (out->is_active)
        return true;
    if (!span_is(state, "retired"))
        return err_fail(err, ERR_MALFORMED, NULL, "is neither \"active\" nor \"retired\"") ||
               err_in(err, "state");
    return json_get_int(row, "retired_at", &out->retired_at, err);
}

static bool row_read(const struct json *row, struct manifest *m, struct err *err)
{
    struct manifest_key k = { 0 };

    if (m->count == KEYRING_MAX)
        return err_fail(err, ERR_LIMIT, NULL, "more than %d keys", KEYRING_MAX);
    if (!name_read(row, &k, err) || !alg_read(row, &k, err) || !bits_read(row, &k, err) ||
        !state_read(row, &k, err))
        return false;
    for (size_t i = 0; i < m->count; i++) {
        if (strcmp(m->keys[i].name, k.name) == 0)
            return err_fail(err, ERR_MALFORMED, NULL, "two keys are named \"%s\"", k.name);
        if (m->keys[i].is_active && k.is_active)
            return err_fail(err, ERR_MALFORMED, NULL, "two keys are active");
    }
    m->keys[m->count++] = k;
    return true;
}

bool manifest_parse(struct span text, struct arena *a, struct manifest *out, struct err *err)
{
    struct manifest m = { 0 };
    const struct json *whole, *rows;
    int64_t version;

    if (!json_parse(text, &json_limits_default, a, &whole, err) ||
        !json_get_int(whole, "version", &version, err) ||
        !json_get_array(whole, "keys", &rows, err))
        return false;
    if (version != 1)
        return err_fail(err, ERR_UNSUPPORTED, NULL, "version %lld is not 1", (long long)version) ||
               err_in(err, "version");
    for (const struct json *row = rows->child; row; row = row->next) {
        if (!row_read(row, &m, err))
            return err_in(err, "keys");
    }
    *out = m;
    return true;
}

static void row_write(struct writer *w, const struct manifest_key *k)
{
    write_format(w, "  {\"name\": \"%s\", \"alg\": \"%s\", \"bits\": %zu, ", k->name,
                 sig_alg_name(k->alg), k->bits);
    if (k->is_active)
        write_text(w, "\"state\": \"active\"}");
    else
        write_format(w, "\"state\": \"retired\", \"retired_at\": %lld}", (long long)k->retired_at);
}

void manifest_write(struct writer *w, const struct manifest *m)
{
    write_text(w, "{\"version\": 1, \"keys\": [\n");
    for (size_t i = 0; i < m->count; i++) {
        row_write(w, &m->keys[i]);
        write_text(w, i + 1 < m->count ? ",\n" : "\n");
    }
    write_text(w, "]}\n");
}

static bool is_over(const struct manifest_key *k, int64_t now)
{
    return !k->is_active && now > k->retired_at && now - k->retired_at > KEYRING_RETIRED_SECONDS;
}

static void drop_what_is_over(struct manifest *m, int64_t now, struct manifest_change *out)
{
    size_t kept = 0;

    for (size_t i = 0; i < m->count; i++) {
        if (is_over(&m->keys[i], now))
            out->gone[out->gone_count++] = m->keys[i];
        else
            m->keys[kept++] = m->keys[i];
    }
    m->count = kept;
}

static bool is_taken(const struct manifest *m, const char *name)
{
    for (size_t i = 0; i < m->count; i++) {
        if (strcmp(m->keys[i].name, name) == 0)
            return true;
    }
    return false;
}

static struct manifest_key *add(struct manifest *m, enum sig_alg alg, size_t bits)
{
    struct manifest_key *k = &m->keys[m->count];
    unsigned number = 0;

    do
        snprintf(k->name, sizeof k->name, "key-%u", ++number);
    while (is_taken(m, k->name));
    k->alg = alg;
    k->bits = bits;
    m->count++;
    return k;
}

static struct manifest_key *find(struct manifest *m, enum sig_alg alg, size_t bits)
{
    for (size_t i = 0; i < m->count; i++) {
        if (m->keys[i].alg == alg && m->keys[i].bits == bits)
            return &m->keys[i];
    }
    return NULL;
}

static void retire(struct manifest *m, int64_t now)
{
    for (size_t i = 0; i < m->count; i++) {
        if (m->keys[i].is_active)
            m->keys[i].retired_at = now;
        m->keys[i].is_active = false;
    }
}

bool manifest_activate(struct manifest *m, enum sig_alg alg, size_t bits, int64_t now,
                       struct manifest_change *out, struct err *err)
{
    struct manifest_key *wished = find(m, alg, bits);

    *out = (struct manifest_change){ 0 };
    if (wished)
        wished->retired_at = now; /* wanted again, however long ago it retired */
    drop_what_is_over(m, now, out);
    wished = find(m, alg, bits);
    out->is_new = !wished;
    out->is_changed = out->gone_count > 0 || !wished || !wished->is_active;
    if (!wished && m->count == KEYRING_MAX)
        return err_fail(err, ERR_LIMIT, NULL, "%d keys are held, and none of them is over yet",
                        KEYRING_MAX);
    retire(m, now);
    if (!wished)
        wished = add(m, alg, bits);
    wished->is_active = true;
    wished->retired_at = 0;
    out->active = (size_t)(wished - m->keys);
    return true;
}
