#include "refused.h"

#include "../service/explanation.h"

static const char *text_in(struct arena *a, struct span s)
{
    struct writer w = writer_in(a, s.n + 1);
    struct span out = { 0 };

    write_bytes(&w, s);
    write_u8(&w, 0);
    return writer_done(&w, &out, NULL) ? (const char *)out.p : "";
}

static const char *call_text(struct call *call)
{
    struct writer w = writer_in(&call->x->arena, 64);
    struct span out = { 0 };

    write_format(&w, "%s %s", route_method_name(call->route->method), call->route->path);
    return writer_done(&w, &out, NULL) ? text_in(&call->x->arena, out) : "";
}

static bool is_kept(struct call *call, enum api_error error)
{
    const struct api_note *n = &call->x->note;

    if (!call->route || n->outcome || n->refused_call)
        return false;
    if (error == API_ERROR_UNAUTHORIZED)
        return api_keeps_unauthorized(call->api, call->now);
    return call->caller && call->caller->is_known && call->route->need != NEED_NOTHING &&
           call->route->need != NEED_ATTEST;
}

/* A refused caller's whole reason is kept; what it was told says less. */
static struct span explain(struct call *call, enum api_error error, struct span message)
{
    const struct api_note *n = &call->x->note;
    const char *reason = n->unauthorized;
    struct err err = { .offset = ERR_NO_OFFSET };
    const struct explanation e = { .request_id = call->request_id,
                                   .instance = call->instance,
                                   .at = call->now,
                                   .type = call->route->argument,
                                   .outcome = "refused",
                                   .reason = n->reason,
                                   .call = n->refused_call,
                                   .actor = n->actor,
                                   .error = &err };
    struct writer w = writer_in(&call->x->arena, 1024);

    err_fail(&err, api_errors[error].class, "REST contract, 4", "%.*s",
             SPAN_ARG(reason ? span_str(reason) : message));
    return explanation_write(&w, &e, NULL) ? writer_span(&w) : (struct span){ 0 };
}

void refused_note(struct call *call, enum api_error error, struct span message)
{
    struct api_note *n = &call->x->note;
    struct arena *a = &call->x->arena;

    if (!is_kept(call, error))
        return;
    n->refused_call = call_text(call);
    n->reason = api_errors[error].code;
    n->text = text_in(a, message);
    n->request_id = text_in(a, call->request_id);
    n->instance = arena_dup(a, call->instance);
    if (call->caller)
        n->actor = arena_dup(a, call->caller->principal);
    n->explanation = explain(call, error, message);
}
