#include "attest_v1.h"

#include "attest_note.h"
#include "errors.h"
#include "refusal.h"
#include "token_answer.h"

#include <string.h>

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
    attest_note(call, result);
    if (!result->is_granted)
        return refuse_attestation(call, result);
    if (result->is_unsecured)
        return token_answer(call, result->signing_input, (struct span){ 0 });
    return token_ask(call, result->signing_input, result->key_index);
}
