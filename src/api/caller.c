/* Who calls, and whether that is enough. */
#include "errors.h"
#include "routes.h"

#include <stdio.h>

static const struct access_caller nobody;

/* Two of a header that decides who somebody is: which one counts would be anybody's guess. */
static bool find_authorization(const struct http_request *r, struct span *out, struct err *err)
{
    size_t count = 0;

    for (size_t i = 0; i < r->header_count; i++)
        if (span_is_nocase(r->headers[i].name, "authorization")) {
            *out = r->headers[i].value;
            count++;
        }
    return count <= 1 ||
           err_fail(err, ERR_MALFORMED, "RFC 9110, 5.3", "stands there %zu times", count) ||
           err_in(err, "authorization");
}

static bool find_caller(struct call *call, struct access_caller *out, struct err *err)
{
    const struct api_settings *set = api_set(call->api);
    struct identify_proof proof = { .certificate = call->request->certificate };

    return find_authorization(call->request, &proof.authorization, err) &&
           (!set->identify ||
            identify(set->identify, &proof, call->x->state, call->now, &call->x->arena, out, err));
}

const struct access_caller *call_caller(struct call *call)
{
    struct access_caller *c;

    if (call->caller)
        return call->caller;
    call->caller = &nobody;
    if (!call->request) /* the answer is being finished, and nobody asked before */
        return call->caller;
    c = ARENA_NEW(&call->x->arena, struct access_caller);
    if (!c)
        arena_fail(&call->x->arena, &call->caller_err);
    else if (find_caller(call, c, &call->caller_err))
        call->caller = c;
    return call->caller;
}

bool call_may(struct call *call, enum access_action action)
{
    return access_may(call_caller(call), action, call->instance);
}

/* What a log may hold of it: the sentence and its place, and nothing that was sent as a secret. */
static const char *reason_of(struct call *call)
{
    struct writer w = writer_in(&call->x->arena, 320);
    const struct err *e = &call->caller_err;
    struct span out = { 0 };

    if (e->code != ERR_NONE)
        write_format(&w, "%s%s%s", e->path, e->path[0] ? ": " : "", e->text);
    else if (!call->caller->is_known)
        write_text(&w, "no token and no certificate came");
    else
        write_format(&w, "%.*s has no role that allows this", SPAN_ARG(call->caller->principal));
    write_u8(&w, 0);
    return writer_done(&w, &out, NULL) ? (const char *)out.p : "out of memory";
}

/* "There is no 403": who is known and may not is told the same (the REST contract, 4). */
static void refuse(struct call *call, enum access_need need)
{
    const char *role = access_least_role(need);
    char text[128];

    call->x->note.unauthorized = reason_of(call);
    call->x->note.request_id = (const char *)arena_dup(&call->x->arena, call->request_id).p;
    snprintf(text, sizeof text, "this call needs a bearer token%s%s%s", role ? " with the " : "",
             role ? role : "", role ? " role" : "");
    if (call->version == API_2018_09_01_PREVIEW)
        api_refuse_bare(call, API_ERROR_UNAUTHORIZED, span_str(text));
    else
        api_refuse_text(call, API_ERROR_UNAUTHORIZED, "%s", text);
}

/* What a shared instance holds may be read by whoever is known (the REST contract, 16). */
static bool is_shared_reading(const struct call *call)
{
    return call->at && span_is(call->at->trust_model, "Shared") && call->route->method == HTTP_GET;
}

static enum access_need need_of(const struct call *call)
{
    const struct route *r = call->route;
    enum access_need need = call->version == API_2018_09_01_PREVIEW ? r->need_2018 : r->need;

    if (need == NEED_ATTEST && !api_set(call->api)->is_attest_closed)
        return NEED_NOTHING;
    if (need == NEED_TPM && call->at && !call->at->tpm_authentication)
        return NEED_NOTHING;
    return need == NEED_READ && is_shared_reading(call) ? NEED_CALLER : need;
}

bool call_check_access(struct call *call)
{
    enum access_need need = need_of(call);

    if (need == NEED_NOTHING || access_suffices(call_caller(call), need, call->instance))
        return true;
    refuse(call, need);
    return false;
}
