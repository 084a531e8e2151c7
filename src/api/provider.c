#include "provider.h"

#define TYPE "Microsoft.Attestation/attestationProviders"

static const char *const switches[] = { "Disabled", "Enabled" };

static bool refuse(struct err *err, const char *path, const char *text)
{
    return err_fail(err, ERR_MALFORMED, "REST contract, 14", "%s", text) || err_in(err, path);
}

/* The member, unless it is null. */
static const struct json *find(const struct json *object, const char *name)
{
    const struct json *m = json_member_nocase(object, name);

    return m && m->type != JSON_NULL ? m : NULL;
}

static bool read_switch(const struct json *properties, const char *name, bool *has, int64_t *out,
                        struct err *err)
{
    const struct json *m = find(properties, name);

    if (!m)
        return true;
    for (size_t i = 0; i < COUNT(switches); i++) {
        if (m->type == JSON_STRING && span_is_nocase(m->text, switches[i])) {
            *has = true;
            *out = (int64_t)i;
            return true;
        }
    }
    return refuse(err, name, "is neither \"Enabled\" nor \"Disabled\"");
}

static bool read_location(const struct json *doc, struct arena *a, struct span *out,
                          struct err *err)
{
    const struct json *m = find(doc, "location");

    if (!m)
        return true;
    if (m->type != JSON_STRING || m->text.n == 0 || m->text.n > STORE_NAME_MAX)
        return refuse(err, "location", "is not a string of 1 to 64 bytes");
    *out = arena_dup(a, m->text);
    return out->p || arena_fail(a, err);
}

static bool read_tags(const struct json *doc, struct arena *a, struct span *out, struct err *err)
{
    struct writer w = writer_in(a, 256);
    const struct json *m = find(doc, "tags");

    if (!m)
        return true;
    if (m->type != JSON_OBJECT)
        return refuse(err, "tags", "is not an object");
    for (const struct json *t = m->child; t; t = t->next)
        if (t->type != JSON_STRING)
            return refuse(err, "tags", "holds a value that is not a string");
    json_write_sorted(&w, m);
    if (!writer_done(&w, out, err))
        return false;
    return out->n <= STORE_JSON_MAX || refuse(err, "tags", "is longer than 64 KiB");
}

static bool read_keys(const struct json *properties, const struct json **out, struct err *err)
{
    const struct json *set = find(properties, "policySigningCertificates");
    const struct json *keys = set && set->type == JSON_OBJECT ? find(set, "keys") : NULL;

    if (!set || (set->type == JSON_OBJECT && !keys))
        return true;
    if (!keys || keys->type != JSON_ARRAY)
        return refuse(err, "policySigningCertificates", "is not {\"keys\":[...]}");
    if (keys->count > 0)
        *out = keys;
    return true;
}

bool provider_parse(struct span body, struct arena *a, struct provider_wish *out, struct err *err)
{
    struct json_limits limits = json_limits_default;
    const struct json *doc = NULL, *properties;
    struct span kept = arena_dup(a, body);

    *out = (struct provider_wish){ 0 };
    limits.names_fold_case = true;
    if (!kept.p)
        return arena_fail(a, err);
    if (!json_parse(kept, &limits, a, &doc, err))
        return err_in(err, "body");
    if (doc->type != JSON_OBJECT)
        return refuse(err, "body", "is not an object");
    properties = find(doc, "properties");
    if (properties && properties->type != JSON_OBJECT)
        return refuse(err, "properties", "is not an object");
    return read_location(doc, a, &out->location, err) && read_tags(doc, a, &out->tags, err) &&
           read_switch(properties, "publicNetworkAccess", &out->has_public_network,
                       &out->public_network, err) &&
           read_switch(properties, "tpmAttestationAuthentication", &out->has_tpm_authentication,
                       &out->tpm_authentication, err) &&
           read_keys(properties, &out->keys, err);
}

void provider_apply(const struct provider_wish *wish, struct store_instance *to)
{
    if (wish->location.n > 0)
        to->location = wish->location;
    if (wish->tags.n > 0)
        to->tags = wish->tags;
    if (wish->has_public_network)
        to->public_network = wish->public_network;
    if (wish->has_tpm_authentication)
        to->tpm_authentication = wish->tpm_authentication;
}

bool provider_name_fits(struct span name)
{
    if (name.n < PROVIDER_NAME_LEAST || name.n > PROVIDER_NAME_MOST)
        return false;
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = name.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return name.p[0] != '-' && name.p[name.n - 1] != '-';
}

static void write_member(struct writer *w, const char *before, struct span value)
{
    write_text(w, before);
    json_write_string(w, value);
}

static void write_id(struct writer *w, const struct store_instance *i, struct span subscription)
{
    uint8_t room[4 * STORE_TEXT_MAX];
    struct writer id = writer_over(room, sizeof room);

    write_text(&id, "/subscriptions/");
    write_bytes(&id, i->subscription.n > 0 ? i->subscription : subscription);
    write_text(&id, "/resourceGroups/");
    write_bytes(&id, i->resource_group.n > 0 ? i->resource_group : span_str(PROVIDER_GROUP_NONE));
    write_text(&id, "/providers/" TYPE "/");
    write_bytes(&id, i->name);
    write_member(w, "{\"id\":", writer_span(&id));
    w->has_failed |= id.has_failed;
}

static void write_properties(struct writer *w, const struct store_instance *i)
{
    write_member(w, ",\"properties\":{\"attestUri\":", i->issuer);
    write_member(w, ",\"publicNetworkAccess\":", span_str(switches[i->public_network != 0]));
    write_member(w, ",\"status\":", span_str("Ready"));
    write_member(
        w, ",\"tpmAttestationAuthentication\":", span_str(switches[i->tpm_authentication != 0]));
    write_member(w, ",\"trustModel\":", i->trust_model);
    write_u8(w, '}');
}

void provider_write(struct writer *w, const struct store_instance *i, struct span subscription)
{
    write_id(w, i, subscription);
    write_member(w, ",\"name\":", i->name);
    write_member(w, ",\"type\":", span_str(TYPE));
    write_member(w, ",\"location\":", i->location.n > 0 ? i->location : span_str("local"));
    write_properties(w, i);
    if (i->tags.n > 0) {
        write_text(w, ",\"tags\":");
        write_bytes(w, i->tags);
    }
    write_u8(w, '}');
}
