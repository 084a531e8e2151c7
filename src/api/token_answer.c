#include "token_answer.h"

#include "errors.h"

/* What an exchange keeps while the signing process works. */
struct signing {
    struct call *call;
    struct span signing_input;
    token_fn *answer;
};

struct call *call_keep(struct call *call)
{
    struct call *kept = ARENA_NEW(&call->x->arena, struct call);

    if (!kept)
        return NULL;
    *kept = *call;
    kept->request = NULL; /* the connection's buffer may move on */
    kept->entropy = NULL;
    return kept;
}

static enum api_step answer_with(struct call *call, struct span token)
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

static enum api_step answer_signed(struct call *call, struct span signing_input,
                                   struct span signature, token_fn *answer)
{
    struct span token = { 0 };
    struct err err = { 0 };

    if (!jwt_attach(signing_input, signature, &call->x->arena, &token, &err))
        return api_refuse_err(call, &err);
    return answer(call, token);
}

enum api_step token_answer(struct call *call, struct span signing_input, struct span signature)
{
    return answer_signed(call, signing_input, signature, answer_with);
}

enum api_step token_ask(struct call *call, struct span signing_input, uint32_t key_index)
{
    return token_ask_for(call, signing_input, key_index, answer_with);
}

enum api_step token_ask_for(struct call *call, struct span signing_input, uint32_t key_index,
                            token_fn *answer)
{
    struct signing *s = ARENA_NEW(&call->x->arena, struct signing);

    if (s)
        s->call = call_keep(call);
    if (!s || !s->call)
        return api_refuse_text(call, API_ERROR_INTERNAL, "out of memory");
    s->signing_input = signing_input;
    s->answer = answer;
    call->x->pending = s;
    call->x->to_sign = signing_input;
    call->x->key_index = key_index;
    return API_TO_SIGN;
}

enum api_step token_ask_management(struct call *call, const struct claim_set *claims)
{
    struct span input = { 0 };
    uint32_t key_index = 0;
    struct err err = { 0 };

    if (!attest_management_token(api_service(call->api), call_issuer(call), call->now, claims,
                                 &call->x->arena, &input, &key_index, &err))
        return api_refuse_err(call, &err);
    return token_ask(call, input, key_index);
}

void api_finish(struct api *a, struct api_exchange *x, struct span signature)
{
    struct signing *s = x->pending;

    (void)a;
    s->call->x = x;
    if (signature.n == 0)
        api_refuse_text(s->call, API_ERROR_UNAVAILABLE, "%s",
                        x->change ? "the change was made, but the signing process did not sign the "
                                    "answer: ask for what stands"
                                  : "the signing process did not sign");
    else
        answer_signed(s->call, s->signing_input, signature, s->answer);
}
