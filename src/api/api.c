#include "api.h"

#include "../base/hex.h"
#include "../base/utf8.h"
#include "../format/uri.h"
#include "errors.h"
#include "host.h"
#include "metadata.h"
#include "provider_v1.h"

#include <stdlib.h>
#include <string.h>

enum {
    API_MEMORY = 256 * 1024,
    REQUEST_MEMORY = 16 * 1024 * 1024,
    TRACE_TEXT = 55,
    CLIENT_ID_MAX = 256,
    UNAUTHORIZED_KEPT = 20 /* refused callers that are recorded, of one second */
};

struct api {
    struct api_settings set;
    struct arena arena;
    struct span version, discovery;
    struct api_counts counts;
    int64_t refused_at;     /* the second in which */
    unsigned refused_count; /* so many refused callers were kept */
};

struct attest_service *api_service(struct api *a)
{
    return a->set.service;
}

struct span api_version_text(const struct api *a)
{
    return a->version;
}

struct span api_discovery(const struct api *a)
{
    return a->discovery;
}

const struct api_settings *api_set(const struct api *a)
{
    return &a->set;
}

static bool fill(struct api *a, struct err *err)
{
    size_t count = 0;
    const struct attest_key *keys = attest_keys(a->set.service, &count);

    a->version = arena_dup(&a->arena, a->set.version);
    if (!a->version.p)
        return arena_fail(&a->arena, err);
    return discovery_write(&a->arena, attest_issuer(a->set.service), keys, count, &a->discovery,
                           err);
}

struct api *api_new(const struct api_settings *settings, struct err *err)
{
    struct api *a = calloc(1, sizeof *a);

    if (!a) {
        err_fail(err, ERR_MEMORY, NULL, "out of memory");
        return NULL;
    }
    a->set = *settings;
    a->arena = arena_over(API_MEMORY);
    if (fill(a, err))
        return a;
    api_free(a);
    return NULL;
}

void api_free(struct api *a)
{
    if (!a)
        return;
    arena_fini(&a->arena);
    free(a);
}

struct api_counts api_counts(const struct api *a)
{
    return a->counts;
}

void api_note_verdict(struct api *a, const struct attest_result *r)
{
    if (r->is_granted)
        a->counts.granted++;
    else
        a->counts.refused[r->refusal]++;
}

bool api_keeps_unauthorized(struct api *a, int64_t now)
{
    if (a->refused_at != now) {
        a->refused_at = now;
        a->refused_count = 0;
    }
    return a->refused_count++ < UNAUTHORIZED_KEPT;
}

/* "00-<32 hex trace>-<16 hex parent>-00", the only form that is echoed. */
static bool is_traceparent(struct span s)
{
    if (s.n != TRACE_TEXT || s.p[2] != '-' || s.p[35] != '-' || s.p[52] != '-')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (i != 2 && i != 35 && i != 52 && hex_digit(s.p[i]) < 0)
            return false;
    return true;
}

/* The caller's trace, or a new one. The new one is a hash of the entropy: the token's id must not
 * be told twice. */
static struct span request_id_of(struct call *call, struct crypto *c)
{
    struct span given = http_header_find(call->request, "traceparent");
    struct span parts[2] = { span_of(call->entropy, 32), span_str("trace") };
    struct writer w = writer_in(&call->x->arena, TRACE_TEXT + 1);
    uint8_t hash[SHA256_SIZE];
    struct span out = { 0 };
    bool is_ours = !is_traceparent(given);

    if (is_ours && !digest(c, DIGEST_SHA256, parts, 2, hash, NULL))
        return out;
    write_text(&w, "00-");
    if (is_ours)
        hex_write(&w, span_of(hash, 16));
    else
        write_bytes(&w, span_part(given, 3, 32));
    write_u8(&w, '-');
    write_bytes(&w, is_ours ? span_str("0000000000000000") : span_part(given, 36, 16));
    write_text(&w, "-00");
    return writer_done(&w, &out, NULL) ? out : (struct span){ 0 };
}

/* The caller's own id, when it asks for it back; header values are printable, so it may stand in an
 * answer. */
static struct span client_id_of(struct call *call)
{
    struct span id = http_header_find(call->request, "x-ms-client-request-id");
    struct span wish = http_header_find(call->request, "x-ms-return-client-request-id");

    return id.n > 0 && id.n <= CLIENT_ID_MAX && span_is_nocase(wish, "true")
               ? arena_dup(&call->x->arena, id)
               : (struct span){ 0 };
}

/* "The origin server MUST generate an Allow header field in a 405 response" (RFC 9110, 15.5.6). */
static enum api_step refuse_method(struct call *call, struct span path)
{
    struct span methods = { 0 };

    if (!route_methods(path, &call->x->arena, &methods, NULL))
        return api_refuse_text(call, API_ERROR_INTERNAL, "out of memory");
    api_refuse_text(call, API_ERROR_METHOD, "this path answers to %.*s only", SPAN_ARG(methods));
    http_answer_add(&call->x->answer, "Allow", methods);
    return API_ANSWERED;
}

static enum api_step refuse_path(struct call *call)
{
    char shown[128];

    return api_refuse_text(call, API_ERROR_NOT_FOUND, "there is nothing at %s",
                           utf8_show(call->request->target, shown, sizeof shown));
}

/* True when the version suits the route; otherwise the refusal is written. */
static bool check_version(struct call *call, struct span query)
{
    struct err err = { 0 };
    struct span text = { 0 };
    bool found = false, is_management = call->route->version == VERSION_MANAGEMENT;
    char shown[48];

    if (!uri_query(&call->x->arena, query, "api-version", &found, &text, &err)) {
        api_refuse_err(call, &err);
        return false;
    }
    call->version = !found || text.n == 0 ? API_ABSENT
                    : is_management       ? api_version_find_management(text)
                                          : api_version_find(text);
    if (call->version == API_ABSENT && call->route->version != VERSION_OPTIONAL) {
        api_refuse_text(call, API_ERROR_VERSION_MISSING,
                        "the query needs an api-version, for example %s",
                        is_management ? "2021-06-01" : "2022-08-01");
        return false;
    }
    if (call->version == API_UNKNOWN ||
        (call->route->version == VERSION_2018_ONLY && call->version != API_2018_09_01_PREVIEW)) {
        api_refuse_text(call, API_ERROR_VERSION_UNKNOWN, "api-version \"%s\" is not served here",
                        utf8_show(text, shown, sizeof shown));
        return false;
    }
    return true;
}

/* Whom a request speaks to. False, with the refusal written, when that is nobody. */
static bool find_instance(struct call *call)
{
    struct span host = http_header_find(call->request, "host");
    const struct api_settings *set = api_set(call->api);
    char shown[80];

    call->instance = span_str(HOST_DEFAULT_INSTANCE);
    if (!set->keep)
        return true;
    call->x->state = state_hold(keep_state(set->keep));
    call->at = host_find(call->x->state, host, set->default_hosts);
    if (call->at) {
        call->instance = call->at->name;
        return true;
    }
    api_refuse_text(call, API_ERROR_HOST, "there is no instance at \"%s\"",
                    utf8_show(host, shown, sizeof shown));
    return false;
}

/* publicNetworkAccess: what has none answers this machine, and whom the machine lets through. */
static bool check_network(struct call *call)
{
    struct span peer = span_str(call->request->peer ? call->request->peer : "unix");

    if (!call->at || call->at->public_network || span_is(peer, "unix") || span_is(peer, "::1") ||
        span_starts(peer, span_str("127.")))
        return true;
    api_refuse_text(call, API_ERROR_CLOSED, "public network access to %.*s is disabled",
                    SPAN_ARG(call->instance));
    return false;
}

/* The control plane is about the instance of the path, and served by the default one only. */
static bool find_managed(struct call *call)
{
    if (call->route->version != VERSION_MANAGEMENT || provider_address(call))
        return true;
    refuse_path(call);
    return false;
}

struct span call_issuer(const struct call *call)
{
    bool is_own = !call->at || span_is(call->at->name, HOST_DEFAULT_INSTANCE);

    return is_own ? attest_issuer(call->api->set.service) : call->at->issuer;
}

enum api_step api_begin(struct api *a, const struct http_request *request, int64_t now,
                        const uint8_t entropy[API_ENTROPY], struct api_exchange *x)
{
    struct call call = { .api = a, .request = request, .x = x, .now = now, .entropy = entropy };
    struct crypto *c = attest_crypto(a->set.service);
    struct span path, query, normal = { 0 };
    struct err err = { 0 };
    bool path_exists = false;

    x->arena = arena_over(a->set.memory_max);
    x->answer = (struct http_answer){ 0 };
    x->note = (struct api_note){ 0 };
    x->state = NULL;
    x->change = NULL;
    call.request_id = request_id_of(&call, c);
    call.client_id = client_id_of(&call);
    if (!find_instance(&call) || !check_network(&call))
        return API_ANSWERED;
    uri_split(request->target, &path, &query);
    if (!route_normal_path(&x->arena, path, &normal, &err))
        return api_refuse_err(&call, &err);
    call.route = route_find(request->method, normal, &path_exists);
    if (!call.route)
        return path_exists ? refuse_method(&call, normal) : refuse_path(&call);
    if (!find_managed(&call) || !check_version(&call, query) || !call_check_access(&call))
        return API_ANSWERED;
    return call.route->run(&call);
}

void api_exchange_fini(struct api_exchange *x)
{
    arena_fini(&x->arena);
    state_release(x->state);
    x->state = NULL;
    x->change = NULL;
}
