#include "attest_note.h"

#include "../service/explanation.h"

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
void attest_note(struct call *call, const struct attest_result *r)
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
