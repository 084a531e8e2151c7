#include "making.h"

#include "errors.h"
#include "refusal.h"
#include "token_answer.h"

#include <string.h>

/* The name under which a repeated change is known: never the entropy itself, which may stand in a
 * token. */
static bool name_change(struct call *call, uint8_t id[CHANGE_ID_SIZE], struct err *err)
{
    struct span parts[2] = { span_of(call->entropy, 32), span_str("change") };
    uint8_t sum[SHA256_SIZE];

    if (!digest(attest_crypto(api_service(call->api)), DIGEST_SHA256, parts, 2, sum, err))
        return false;
    memcpy(id, sum, CHANGE_ID_SIZE);
    return true;
}

/* The state may be let go of before the change is made: who and where are copied. */
static bool fill_in(struct making *m, struct err *err)
{
    struct call *call = m->call;
    struct arena *a = &call->x->arena;

    call->instance = arena_dup(a, call->instance);
    m->change.actor = arena_dup(a, call_caller(call)->principal);
    m->change.request_id = call->request_id;
    m->change.at = call->now;
    m->change.expected = CHANGE_ANY;
    if (!call->instance.p || !m->change.actor.p)
        return arena_fail(a, err);
    return name_change(call, m->change.id, err);
}

void making_remark(struct call *call, const char *remark)
{
    call->x->note.request_id = (const char *)arena_dup(&call->x->arena, call->request_id).p;
    call->x->note.remark = remark;
}

static enum api_step judge_and_send(struct making *m)
{
    m->attempts++;
    m->change.seen = m->call->x->state->revision;
    if (!m->judge(m))
        return API_ANSWERED;
    m->call->x->pending = m;
    m->call->x->change = &m->change;
    return API_TO_KEEP;
}

enum api_step making_begin(const struct making *wish)
{
    struct call *call = wish->call;
    struct making *m = ARENA_NEW(&call->x->arena, struct making);
    struct err err = { 0 };

    if (!call->at)
        return api_refuse_text(call, API_ERROR_UNAVAILABLE, "nothing can be kept here");
    if (!m)
        return api_refuse_text(call, API_ERROR_INTERNAL, "out of memory");
    *m = *wish;
    if (!fill_in(m, &err))
        return api_refuse_err(call, &err);
    m->call = call_keep(call);
    if (!m->call)
        return api_refuse_text(call, API_ERROR_INTERNAL, "out of memory");
    return judge_and_send(m);
}

/* By what stands now. */
static enum api_step judge_again(struct making *m)
{
    struct call *call = m->call;

    state_release(call->x->state);
    call->x->state = state_hold(keep_state(api_set(call->api)->keep));
    call->at = state_instance(call->x->state, call->instance);
    if (!call->at)
        return api_refuse_text(call, API_ERROR_NOT_FOUND, "the instance is not there any more");
    return judge_and_send(m);
}

static bool has_moved(const struct making *m, const struct err *err)
{
    return err->code == ERR_CONFLICT && strcmp(err->path, "change.authority") == 0 &&
           m->attempts < MAKING_ATTEMPTS;
}

enum api_step api_kept(struct api *a, struct api_exchange *x, const struct change_result *result,
                       const struct err *err)
{
    struct making *m = x->pending;

    (void)a;
    (void)result;
    m->call->x = x;
    if (!err)
        return m->done(m);
    return has_moved(m, err) ? judge_again(m) : refuse_change(m->call, err);
}
