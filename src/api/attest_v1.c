#include "attest_v1.h"

#include "../service/explanation.h"
#include "errors.h"
#include "refusal.h"
#include "token_answer.h"

#include <string.h>

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

/* Kept under the request's id. A refusal without one is a refusal all the same. */
static struct span explain(struct call *call, const struct attest_result *r)
{
    const struct api_note *n = &call->x->note;
    const struct explanation e = { .request_id = call->request_id,
                                   .instance = call->instance,
                                   .at = call->now,
                                   .type = n->type,
                                   .outcome = n->outcome,
                                   .reason = n->reason,
                                   .result = r };
    struct writer w = writer_in(&call->x->arena, 8192);

    return explanation_write(&w, &e, NULL) ? writer_span(&w) : (struct span){ 0 };
}

/* What the log is told; the texts live as long as the exchange. */
static void note_verdict(struct call *call, const struct attest_result *r)
{
    struct api_note *n = &call->x->note;

    api_note_verdict(call->api, r);
    n->type = call->route->argument;
    n->outcome = outcome_of(r);
    n->request_id = (const char *)arena_dup(&call->x->arena, call->request_id).p;
    n->instance = arena_dup(&call->x->arena, call->instance);
    if (call->caller)
        n->actor = arena_dup(&call->x->arena, call->caller->principal);
    if (r->is_granted)
        return;
    n->reason = r->refusal == ATTEST_POLICY_DENIED ? policy_decision_name(r->policy.decision)
                : r->refusal == ATTEST_TOO_LONG    ? "token_too_long"
                : r->appraisal.is_accepted         ? "policy"
                                                   : r->appraisal.reason;
    n->path = r->err.path;
    n->text = r->err.text;
    n->explanation = explain(call, r);
}

/* What the instance has put in force; nothing where its default applies. */
struct attest_policy attest_policy_in_force(const struct call *call)
{
    const struct store_policy *p =
        call->at ? state_policy(call->x->state, call->instance, span_str(call->route->argument))
                 : NULL;
    struct attest_policy out = { 0 };

    if (p)
        out = (struct attest_policy){ .text = p->text, .hash = p->hash, .signer = p->signer };
    if (call->at)
        out.profile = call->at->policy_profile;
    return out;
}

static void request_of(struct call *call, const struct attest_body *body,
                       struct attest_request *out)
{
    *out = (struct attest_request){
        .attestation_type = call->route->argument,
        .issuer = call_issuer(call),
        .policy = attest_policy_in_force(call),
        .tcb_profile = call->at ? call->at->tcb_profile : (struct span){ 0 },
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
        return token_answer(call, result->signing_input, (struct span){ 0 });
    return token_ask(call, result->signing_input, result->key_index);
}
