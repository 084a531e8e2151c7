#include "provider_v1.h"

#include "../format/uri.h"
#include "../service/certificates.h"
#include "errors.h"
#include "host.h"
#include "making.h"
#include "provider.h"

/* The pieces of a path: /subscriptions/S/resourceGroups/G/providers/P/attestationProviders/NAME */
enum { PIECE_SUBSCRIPTION = 1, PIECE_LOCATION = 5, PIECE_GROUP = 3, PIECE_NAME = 7 };

static const char no_memory[] = "out of memory";

/* The n-th piece of the path, as it was written. */
static struct span piece(struct call *call, size_t n)
{
    struct span path, query, plain = { 0 };
    size_t at = 0, count = 0;

    uri_split(call->request->target, &path, &query);
    if (!uri_decode(&call->x->arena, path, &plain, NULL))
        return (struct span){ 0 };
    while (at < plain.n) {
        size_t end = at;

        while (end < plain.n && plain.p[end] != '/')
            end++;
        if (end > at && count++ == n)
            return arena_dup(&call->x->arena, span_part(plain, at, end - at));
        at = end + 1;
    }
    return (struct span){ 0 };
}

static struct span lower(struct span s, struct arena *a)
{
    uint8_t *p = ARENA_ARRAY(a, uint8_t, s.n);

    for (size_t i = 0; p && i < s.n; i++)
        p[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (uint8_t)(s.p[i] | 0x20) : s.p[i];
    return p ? span_of(p, s.n) : (struct span){ 0 };
}

static bool is_same(struct span a, struct span b, struct arena *arena)
{
    return a.n == b.n && span_equal(lower(a, arena), lower(b, arena));
}

bool provider_address(struct call *call)
{
    if (call->at && !span_is(call->at->name, HOST_DEFAULT_INSTANCE))
        return false;
    call->instance = lower(piece(call, PIECE_NAME), &call->x->arena);
    if (call->instance.n == 0)
        call->instance = span_str("*");
    return true;
}

/* An instance that was made without them is in every subscription and group. */
static bool is_in(struct call *call, const struct store_instance *i, bool has_group)
{
    struct arena *a = &call->x->arena;
    struct span group = i->resource_group.n > 0 ? i->resource_group : span_str(PROVIDER_GROUP_NONE);

    if (i->subscription.n > 0 && !is_same(i->subscription, piece(call, PIECE_SUBSCRIPTION), a))
        return false;
    return !has_group || is_same(group, piece(call, PIECE_GROUP), a);
}

static bool is_default(const struct store_instance *i)
{
    return span_is(i->name, HOST_DEFAULT_INSTANCE);
}

/* The instance of the path, or NULL. */
static const struct store_instance *find(struct call *call)
{
    const struct store_instance *i =
        call->x->state ? state_instance(call->x->state, call->instance) : NULL;

    return i && is_in(call, i, true) ? i : NULL;
}

static enum api_step refuse_missing(struct call *call)
{
    return api_refuse_text(call, API_ERROR_RESOURCE_MISSING,
                           "The Resource 'Microsoft.Attestation/attestationProviders/%.*s' under "
                           "resource group '%.*s' was not found.",
                           SPAN_ARG(call->instance), SPAN_ARG(piece(call, PIECE_GROUP)));
}

static enum api_step answer_with(struct call *call, struct writer *w)
{
    struct span body = { 0 };

    return writer_done(w, &body, NULL) ? api_answer(call, body)
                                       : api_refuse_text(call, API_ERROR_INTERNAL, no_memory);
}

/* The actions that roles are made of are what clients ask for here. */
enum api_step provider_operations(struct call *call)
{
    struct writer w = writer_in(&call->x->arena, 2048);

    write_text(&w, "{\"value\":[");
    for (size_t i = 0; i < ACCESS_ACTIONS; i++) {
        write_text(&w, i ? ",{\"name\":" : "{\"name\":");
        json_write_string(&w, span_str(access_actions[i].name));
        write_text(&w, ",\"display\":{\"provider\":\"Microsoft Attestation\","
                       "\"resource\":\"Attestation provider\",\"operation\":");
        json_write_string(&w, span_str(access_actions[i].meaning));
        write_text(&w, ",\"description\":");
        json_write_string(&w, span_str(access_actions[i].meaning));
        write_text(&w, "}}");
    }
    write_text(&w, "]}");
    return answer_with(call, &w);
}

static bool is_listed(struct call *call, const struct store_instance *i, bool has_group)
{
    return !is_default(i) && is_in(call, i, has_group) &&
           access_may(call_caller(call), ACTION_PROVIDER_READ, i->name);
}

/* A caller sees those that it may look at. */
enum api_step provider_list(struct call *call)
{
    const struct state *s = call->x->state;
    struct writer w = writer_in(&call->x->arena, 4096);
    struct span subscription = piece(call, PIECE_SUBSCRIPTION);
    bool has_group = is_same(piece(call, 2), span_str("resourcegroups"), &call->x->arena);
    const char *comma = "";

    write_text(&w, "{\"value\":[");
    for (size_t i = 0; s && i < s->instance_count; i++) {
        if (!is_listed(call, &s->instances[i], has_group))
            continue;
        write_text(&w, comma);
        provider_write(&w, &s->instances[i], subscription);
        comma = ",";
    }
    write_text(&w, "]}");
    return answer_with(call, &w);
}

static enum api_step answer_resource(struct call *call, const struct store_instance *i,
                                     struct span subscription)
{
    struct writer w = writer_in(&call->x->arena, 1024);

    provider_write(&w, i, subscription);
    return answer_with(call, &w);
}

enum api_step provider_get(struct call *call)
{
    const struct store_instance *i = find(call);

    return i ? answer_resource(call, i, piece(call, PIECE_SUBSCRIPTION)) : refuse_missing(call);
}

/* The default instance is what shared providers are: there for everybody who is known, in every
 * region. Asked for one region it says that one. */
enum api_step provider_defaults(struct call *call)
{
    const struct store_instance *found =
        call->x->state ? state_instance(call->x->state, span_str(HOST_DEFAULT_INSTANCE)) : NULL;
    struct writer w = writer_in(&call->x->arena, 1024);
    struct span subscription = piece(call, PIECE_SUBSCRIPTION);
    bool is_one = is_same(piece(call, 4), span_str("locations"), &call->x->arena);
    struct store_instance i;

    if (!found)
        return api_refuse_text(call, API_ERROR_UNAVAILABLE, "nothing is kept here");
    i = *found;
    if (is_one)
        i.location = piece(call, PIECE_LOCATION);
    write_text(&w, is_one ? "" : "{\"value\":[");
    provider_write(&w, &i, subscription);
    write_text(&w, is_one ? "" : "]}");
    return answer_with(call, &w);
}

/* There are none: everything comes over the one network. */
enum api_step provider_no_links(struct call *call)
{
    return find(call) ? api_answer(call, span_str("{\"value\":[]}")) : refuse_missing(call);
}

/* Changes. What is wished is read while the request is there. */

static bool copy_instance(struct call *call, const struct store_instance *from,
                          struct store_instance *to)
{
    struct arena *a = &call->x->arena;
    struct span *const members[] = { &to->name,           &to->host,     &to->issuer,
                                     &to->trust_model,    &to->location, &to->subscription,
                                     &to->resource_group, &to->tags,     &to->tcb_profile,
                                     &to->policy_profile, &to->settings, &to->seal };

    *to = *from;
    for (size_t i = 0; i < COUNT(members); i++) {
        *members[i] = arena_dup(a, *members[i]);
        if (!members[i]->p)
            return false;
    }
    return true;
}

/* Nothing is signed here. An update was made from what stood there; the store says whether it still
 * does. m->document is the subscription that was asked. */
static bool judge_nothing(struct making *m)
{
    if (m->change.kind == CHANGE_INSTANCE_UPDATE)
        m->change.expected = m->change.instance.version;
    return true;
}

static enum api_step done(struct making *m)
{
    bool is_new = m->change.kind == CHANGE_INSTANCE_CREATE;
    enum api_step step = answer_resource(m->call, &m->change.instance, m->document);

    if (is_new && m->call->x->answer.status == 200)
        m->call->x->answer.status = 201;
    return step;
}

static enum api_step update(struct call *call, const struct store_instance *now,
                            const struct provider_wish *wish)
{
    struct making m = { .call = call,
                        .judge = judge_nothing,
                        .done = done,
                        .document = piece(call, PIECE_SUBSCRIPTION),
                        .change = { .kind = CHANGE_INSTANCE_UPDATE } };

    if (!copy_instance(call, now, &m.change.instance))
        return api_refuse_text(call, API_ERROR_INTERNAL, no_memory);
    provider_apply(wish, &m.change.instance);
    return making_begin(&m);
}

/* What a PUT does not say is as in a new one. */
static enum api_step replace(struct call *call, const struct store_instance *now,
                             const struct provider_wish *wish)
{
    struct store_instance bare = *now;

    bare.tags = (struct span){ 0 };
    bare.public_network = bare.tpm_authentication = 1;
    return update(call, &bare, wish);
}

/* Each must be a certificate with an RSA or P-256 key, and its chain must build. */
static bool read_certificates(struct call *call, const struct json *keys, struct change *out,
                              struct err *err)
{
    struct crypto *c = attest_crypto(api_service(call->api));
    struct store_certificate *list =
        ARENA_ARRAY(&call->x->arena, struct store_certificate, keys ? keys->count : 0);

    if (!keys)
        return true;
    if (!list)
        return arena_fail(&call->x->arena, err);
    if (keys->count > CHANGE_CERTIFICATES_MAX)
        return err_fail(err, ERR_MALFORMED, NULL, "are more than %d", CHANGE_CERTIFICATES_MAX) ||
               err_in(err, "policySigningCertificates");
    for (const struct json *k = keys->child; k; k = k->next) {
        if (!certificates_read(c, k, call->instance, &call->x->arena,
                               &list[out->certificate_count++], err))
            return false;
    }
    out->certificates = list;
    return true;
}

static bool name_address(struct call *call, struct store_instance *i, struct err *err)
{
    struct span domain = api_set(call->api)->instance_domain;
    struct writer w = writer_in(&call->x->arena, 128);
    struct span url = { 0 };

    if (domain.n == 0)
        return err_fail(err, ERR_MISSING, NULL,
                        "instance_domain is not configured: an instance "
                        "would have no address");
    write_text(&w, "https://");
    write_bytes(&w, i->name);
    write_u8(&w, '.');
    write_bytes(&w, domain);
    if (!writer_done(&w, &url, err))
        return false;
    i->issuer = url;
    i->host = span_part(url, 8, url.n - 8);
    return true;
}

static enum api_step create(struct call *call, const struct provider_wish *wish)
{
    struct making m = { .call = call,
                        .judge = judge_nothing,
                        .done = done,
                        .document = piece(call, PIECE_SUBSCRIPTION),
                        .change = {
                            .kind = CHANGE_INSTANCE_CREATE,
                            .instance = { .name = call->instance,
                                          .trust_model = span_str(wish->keys ? "Isolated" : "AAD"),
                                          .subscription = piece(call, PIECE_SUBSCRIPTION),
                                          .resource_group = piece(call, PIECE_GROUP),
                                          .public_network = 1,
                                          .tpm_authentication = 1 } } };
    struct err err = { 0 };

    if (!read_certificates(call, wish->keys, &m.change, &err)) {
        if (err.code == ERR_MEMORY)
            return api_refuse_err(call, &err);
        return api_refuse_text(call, API_ERROR_PARAMETER,
                               "PolicySigningCertificate key is not an X509 security key (%s%s%s)",
                               err.path, err.path[0] ? ": " : "", err.text);
    }
    if (!name_address(call, &m.change.instance, &err))
        return api_refuse_text(call, API_ERROR_OPERATION, "%s", err.text);
    if (state_instance_at(call->x->state, m.change.instance.host))
        return api_refuse_text(call, API_ERROR_CONFLICT, "the address %.*s belongs to another one",
                               SPAN_ARG(m.change.instance.host));
    provider_apply(wish, &m.change.instance);
    return making_begin(&m);
}

static bool is_name_refused(struct call *call)
{
    if (provider_name_fits(call->instance))
        return false;
    api_refuse_text(call, API_ERROR_PARAMETER,
                    "an instance's name is made of %d to %d letters, digits and hyphens, none of "
                    "these at its ends",
                    PROVIDER_NAME_LEAST, PROVIDER_NAME_MOST);
    return true;
}

static bool is_out_of_reach(struct call *call)
{
    if (call->x->state && !span_is(call->instance, HOST_DEFAULT_INSTANCE))
        return false;
    if (call->x->state)
        api_refuse_text(call, API_ERROR_OPERATION, "the default instance is the configuration's");
    else
        api_refuse_text(call, API_ERROR_UNAVAILABLE, "nothing can be kept here");
    return true;
}

enum api_step provider_put(struct call *call)
{
    const struct store_instance *now;
    struct provider_wish wish;
    struct err err = { 0 };

    if (is_out_of_reach(call) || is_name_refused(call))
        return API_ANSWERED;
    if (!provider_parse(call->request->body, &call->x->arena, &wish, &err))
        return api_refuse_err(call, &err);
    if (wish.location.n == 0)
        return api_refuse_text(call, API_ERROR_PARAMETER, "location: is missing");
    now = state_instance(call->x->state, call->instance);
    if (!now)
        return create(call, &wish);
    if (!is_in(call, now, true))
        return api_refuse_text(call, API_ERROR_CONFLICT,
                               "another resource group has an instance of that name");
    if (wish.keys && !span_is(now->trust_model, "Isolated"))
        return api_refuse_text(call, API_ERROR_OPERATION,
                               "policySigningCertificates belong to the creation of an instance");
    return replace(call, now, &wish);
}

enum api_step provider_patch(struct call *call)
{
    const struct store_instance *now = find(call);
    struct provider_wish wish;
    struct err err = { 0 };

    if (!now)
        return refuse_missing(call);
    if (!provider_parse(call->request->body, &call->x->arena, &wish, &err))
        return api_refuse_err(call, &err);
    wish.location = (struct span){ 0 };
    if (wish.keys)
        return api_refuse_text(call, API_ERROR_OPERATION,
                               "policySigningCertificates belong to the creation of an instance");
    return update(call, now, &wish);
}

static enum api_step answer_deleted(struct making *m)
{
    m->call->x->answer.status = 200;
    api_common_headers(m->call);
    return API_ANSWERED;
}

enum api_step provider_delete(struct call *call)
{
    const struct store_instance *now = find(call);
    struct making m = { .call = call,
                        .judge = judge_nothing,
                        .done = answer_deleted,
                        .change = { .kind = CHANGE_INSTANCE_DELETE } };

    if (is_out_of_reach(call))
        return API_ANSWERED;
    if (!now) {
        api_answer(call, (struct span){ 0 });
        call->x->answer.status = 204;
        return API_ANSWERED;
    }
    if (!copy_instance(call, now, &m.change.instance))
        return api_refuse_text(call, API_ERROR_INTERNAL, no_memory);
    return making_begin(&m);
}
