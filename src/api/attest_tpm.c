#include "attest_tpm.h"

#include "../base/b64.h"
#include "../evidence/tpm/context.h"
#include "../evidence/tpm/message.h"
#include "attest_note.h"
#include "errors.h"
#include "refusal.h"
#include "token_answer.h"

#include <string.h>

#define NO_POLICY "A VBS attestation policy has not been set on the attestation provider."

/* A message, encoded, and some room for members that nobody asked for. */
static const struct json_limits body_limits = {
    .bytes = API_TPM_BODY_MAX, .depth = 32, .nodes = 4096, .members = 256, .names_fold_case = true
};

bool attest_tpm_body(struct span body, struct arena *a, struct span *message, struct err *err)
{
    const struct json *j = NULL, *data;

    if (!json_parse(span_trim(body), &body_limits, a, &j, err))
        return err_in(err, "body");
    data = j->type == JSON_OBJECT ? json_member_nocase(j, "data") : NULL;
    if (!data || data->type != JSON_STRING || data->text.n == 0)
        return err_fail(err, ERR_MALFORMED, "rest-api, 6.7",
                        "needs a message in base64url as a string") ||
               err_in(err, "data");
    return b64_read(a, data->text, B64_TOLERANT, message, err) || err_in(err, "data");
}

/* What cannot be read is the sender's to mend, however long it is. */
static enum api_step refuse_message(struct call *call, const struct err *err)
{
    return api_refuse_text(call, err->code == ERR_MEMORY ? API_ERROR_INTERNAL : API_ERROR_PARAMETER,
                           "%s%s%s (%s)", err->path, err->path[0] ? ": " : "", err->text,
                           err->code == ERR_LIMIT ? "limit_exceeded" : "malformed_request");
}

static enum api_step answer_data(struct call *call, struct writer *message)
{
    struct writer w = writer_in(&call->x->arena, message->n / 3 * 4 + 32);
    struct span text = { 0 }, body = { 0 };
    struct err err = { 0 };

    if (!writer_done(message, &text, &err))
        return api_refuse_err(call, &err);
    write_text(&w, "{\"data\":\"");
    b64_write_url(&w, text);
    write_text(&w, "\"}");
    return writer_done(&w, &body, &err) ? api_answer(call, body) : api_refuse_err(call, &err);
}

/* The keys of the moment, where there are any. */
static bool begin_trip(struct call *call, struct tpm_round_trip *out, struct err *err)
{
    const struct api_tpm *tpm = api_set(call->api)->tpm;
    struct tpm_round_trip trip = { .instance = call->instance,
                                   .api_version = api_version_text_of(call->version),
                                   .now = call->now };

    if (!tpm || !tpm->keys(tpm->context, &trip.keys, &trip.key_count) || trip.key_count == 0)
        return err_fail(err, ERR_INTERNAL, NULL, "there is no key that seals contexts");
    trip.lifetime = tpm->lifetime;
    trip.spent = tpm->spent;
    *out = trip;
    return true;
}

/* The challenge and the nonce of the seal are fresh random bytes, each used for nothing else. */
static enum api_step challenge(struct call *call, bool is_wrapped)
{
    struct tpm_context fresh = { .issued_at = call->now,
                                 .challenge = span_of(call->entropy, CHALLENGE_SIZE) };
    struct writer w = writer_in(&call->x->arena, 512);
    struct tpm_round_trip trip;
    struct span sealed = { 0 };
    struct err err = { 0 };

    if (!begin_trip(call, &trip, &err) ||
        !tpm_context_seal(attest_crypto(api_service(call->api)), &trip,
                          call->entropy + CHALLENGE_SIZE, &fresh, &call->x->arena, &sealed, &err))
        return api_refuse_err(call, &err);
    tpm_message_write_challenge(&w, is_wrapped, fresh.challenge, sealed);
    return answer_data(call, &w);
}

static enum api_step answer_wrapped(struct call *call, struct span token)
{
    struct writer w = writer_in(&call->x->arena, token.n + 64);

    tpm_message_write_report(&w, true, token);
    return answer_data(call, &w);
}

static enum api_step answer_bare(struct call *call, struct span token)
{
    struct writer w = writer_in(&call->x->arena, token.n + 64);

    tpm_message_write_report(&w, false, token);
    return answer_data(call, &w);
}

static enum api_step judge(struct call *call, const struct attest_policy *policy,
                           const struct tpm_message *message)
{
    struct arena *a = &call->x->arena;
    struct attest_result *result = ARENA_ROOM(a, struct attest_result);
    struct tpm_opened opened = { 0 };
    struct tpm_round_trip trip;
    struct attest_request request = { .attestation_type = call->route->argument,
                                      .issuer = call_issuer(call),
                                      .policy = *policy,
                                      .tcb_profile =
                                          call->at ? call->at->tcb_profile : (struct span){ 0 },
                                      .kind = EVIDENCE_TPM,
                                      .evidence = message->request,
                                      .round_trip = &trip,
                                      .now = call->now };
    struct err err = { 0 };

    if (!result)
        return api_refuse_text(call, API_ERROR_INTERNAL, "out of memory");
    if (!begin_trip(call, &trip, &err))
        return api_refuse_err(call, &err);
    trip.opened = &opened;
    memcpy(request.entropy, call->entropy, sizeof request.entropy);
    attest(api_service(call->api), &request, a, result);
    attest_note(call, result);
    if (!result->is_granted)
        return refuse_attestation(call, result);
    return token_ask_for(call, result->signing_input, result->key_index,
                         message->is_wrapped ? answer_wrapped : answer_bare);
}

enum api_step attest_tpm(struct call *call)
{
    struct attest_policy policy = attest_policy_in_force(call);
    struct arena *a = &call->x->arena;
    struct tpm_message message = { 0 };
    struct span text = { 0 };
    struct err err = { 0 };

    if (!attest_has_policy(api_service(call->api), call->route->argument, &policy))
        return api_refuse_text(call, API_ERROR_NO_POLICY, NO_POLICY);
    if (!attest_tpm_body(call->request->body, a, &text, &err))
        return refuse_message(call, &err);
    if (!tpm_message_parse(text, a, &message, &err))
        return refuse_message(call, &err);
    if (message.kind == TPM_MESSAGE_INIT)
        return challenge(call, message.is_wrapped);
    return judge(call, &policy, &message);
}
