#include "attest_v1.h"

#include "../format/json.h"
#include "errors.h"
#include "refusal.h"

#include <string.h>

/* What an exchange keeps while the signing process works. */
struct pending {
    struct call call;
    struct span signing_input;
};

/* {"token":"<JWT>"}, or the bare string of 2018-09-01-preview. */
static enum api_step answer_token(struct call *call, struct span token)
{
    struct writer w = writer_in(&call->x->arena, token.n + 16);
    bool is_bare = call->version == API_2018_09_01_PREVIEW;
    struct span body = { 0 };

    write_text(&w, is_bare ? "\"" : "{\"token\":\"");
    write_bytes(&w, token);
    write_text(&w, is_bare ? "\"" : "\"}");
    if (!writer_done(&w, &body, NULL))
        return api_refuse_text(call, API_ERROR_INTERNAL, "out of memory");
    return api_answer(call, body);
}

static enum api_step attach(struct call *call, struct span signing_input, struct span signature)
{
    struct span token = { 0 };
    struct err err = { 0 };

    if (!jwt_attach(signing_input, signature, &call->x->arena, &token, &err))
        return api_refuse_err(call, &err);
    return answer_token(call, token);
}

static enum api_step ask_for_signature(struct call *call, const struct attest_result *r)
{
    struct pending *p = ARENA_NEW(&call->x->arena, struct pending);

    if (!p)
        return api_refuse_text(call, API_ERROR_INTERNAL, "out of memory");
    p->call = *call;
    p->call.request =
        NULL; /* the connection's buffer may move on: nothing of the request is needed from here */
    p->signing_input = r->signing_input;
    call->x->pending = p;
    call->x->to_sign = r->signing_input;
    call->x->key_index = r->key_index;
    return API_TO_SIGN;
}

void api_finish(struct api *a, struct api_exchange *x, struct span signature)
{
    struct pending *p = x->pending;

    (void)a;
    p->call.x = x;
    if (signature.n == 0)
        api_refuse_text(&p->call, API_ERROR_UNAVAILABLE, "the signing process did not sign");
    else
        attach(&p->call, p->signing_input, signature);
}

static const char *outcome_of(const struct attest_result *r)
{
    if (r->is_granted)
        return "granted";
    switch (r->refusal) {
    case ATTEST_EVIDENCE:
    case ATTEST_TOO_LONG:
        return "refused";
    case ATTEST_POLICY_DENIED:
    case ATTEST_POLICY_FAILED:
    case ATTEST_POLICY_TEXT:
        return "denied";
    case ATTEST_UNAVAILABLE:
    case ATTEST_OURS:
    case ATTEST_REFUSALS:
        break;
    }
    return "failed";
}

/* What the log is told; the texts live as long as the exchange. */
static void note_verdict(struct call *call, const struct attest_result *r)
{
    struct api_note *n = &call->x->note;

    api_note_verdict(call->api, r);
    n->type = call->route->argument;
    n->outcome = outcome_of(r);
    n->request_id = (const char *)arena_dup(&call->x->arena, call->request_id).p;
    if (r->is_granted)
        return;
    n->reason = r->refusal == ATTEST_POLICY_DENIED ? policy_decision_name(r->policy.decision)
                : r->refusal == ATTEST_TOO_LONG    ? "token_too_long"
                : r->appraisal.is_accepted         ? "policy"
                                                   : r->appraisal.reason;
    n->path = r->err.path;
    n->text = r->err.text;
}

static void request_of(struct call *call, const struct attest_body *body,
                       struct attest_request *out)
{
    *out = (struct attest_request){
        .attestation_type = call->route->argument,
        .kind = strcmp(call->route->argument, "OpenEnclave") == 0 ? EVIDENCE_OE : EVIDENCE_SGX,
        .evidence = body->evidence,
        .runtime_data = body->runtime_data,
        .inittime_data = body->inittime_data,
        .nonce = body->nonce,
        .has_draft_policy = body->has_draft_policy,
        .draft_policy = body->draft_policy,
        .is_preview_2018 = call->version == API_2018_09_01_PREVIEW,
        .now = call->now,
    };
    memcpy(out->entropy, call->entropy, sizeof out->entropy);
}

enum api_step attest_v1(struct call *call)
{
    struct arena *a = &call->x->arena;
    bool is_oe = strcmp(call->route->argument, "OpenEnclave") == 0;
    struct attest_result *result = ARENA_ROOM(a, struct attest_result);
    struct attest_request *request = ARENA_NEW(a, struct attest_request);
    struct attest_body body = { 0 };
    struct err err = { 0 };

    if (!result || !request)
        return api_refuse_text(call, API_ERROR_INTERNAL, "out of memory");
    if (!attest_body_parse(call->request->body, is_oe ? "report" : "quote",
                           call->version == API_2018_09_01_PREVIEW, a, &body, &err))
        return api_refuse_err(call, &err);
    request_of(call, &body, request);
    attest(api_service(call->api), request, a, result);
    note_verdict(call, result);
    if (!result->is_granted)
        return refuse_attestation(call, result);
    if (result->is_unsecured)
        return attach(call, result->signing_input, (struct span){ 0 });
    return ask_for_signature(call, result);
}
