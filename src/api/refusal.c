#include "refusal.h"

#include "../format/json.h"
#include "errors.h"
#include "offence.h"

#include <stdio.h>
#include <string.h>

/* The sentences that the service's users know, by the reason of the failed check. A reason without
 * a row is told by its own text. */
static const struct {
    const char *reason, *sentence;
} known[] = {
    { "tcb_status_not_accepted",
      "The specified quote was invalid because the device on which the quote was generated "
      "does not meet the Azure baseline requirements" },
    { "tcb_baseline_not_met",
      "The specified quote was invalid because the device on which the quote was generated "
      "does not meet the Azure baseline requirements" },
    { "malformed_tcb_info",
      "The specified quote was invalid because the TCBInfo or QEID provided by the PCK Cache "
      "Service was invalid" },
    { "malformed_qe_identity",
      "The specified quote was invalid because the TCBInfo or QEID provided by the PCK Cache "
      "Service was invalid" },
    { "tcb_info_signature",
      "The specified quote was invalid because the TCBInfo or QEID provided by the PCK Cache "
      "Service was invalid" },
    { "qe_identity_signature",
      "The specified quote was invalid because the TCBInfo or QEID provided by the PCK Cache "
      "Service was invalid" },
    { "invalid_crl", "The specified quote was invalid due to an error in the quote collateral" },
    { "crl_expired", "The specified quote was invalid due to an error in the quote collateral" },
    { "tcb_info_expired",
      "The specified quote was invalid due to an error in the quote collateral" },
    { "tcb_info_not_yet_valid",
      "The specified quote was invalid due to an error in the quote collateral" },
    { "qe_identity_expired",
      "The specified quote was invalid due to an error in the quote collateral" },
    { "qe_identity_not_yet_valid",
      "The specified quote was invalid due to an error in the quote collateral" },
    { "invalid_tcb_signing_chain",
      "The specified quote was invalid due to an error in the quote collateral" },
    { "runtime_data_mismatch", "SHA-256 of runtimeData is not the start of the report data" },
    { "init_time_data_mismatch", "SHA-256 of initTimeData is not the start of the config id" },
};

static const char *sentence_of(const char *reason)
{
    for (size_t i = 0; i < COUNT(known); i++)
        if (strcmp(known[i].reason, reason) == 0)
            return known[i].sentence;
    return NULL;
}

static void write_member(struct writer *w, const char *name, struct span value)
{
    write_u8(w, ',');
    json_write_string(w, span_str(name));
    write_u8(w, ':');
    json_write_string(w, value);
}

/* What only a caller with the read role is told. */
static void write_trail(struct call *call, struct writer *w, const struct trail *t)
{
    if (!call_may(call, ACTION_READ))
        return;
    write_text(w, ",\"checks\":");
    trail_write(w, t);
}

/* The place in the policy, for a caller with the read role. */
static void write_decision(struct call *call, struct writer *w, const struct policy_outcome *p)
{
    if (!call_may(call, ACTION_READ))
        return;
    write_member(w, "decision", span_str(policy_decision_name(p->decision)));
    if (p->line > 0)
        write_format(w, ",\"line\":%u,\"column\":%u", p->line, p->column);
}

/* {"code":reason,"class":..,"path":..,"text":..,"spec":..,"checks":[..]} */
static struct span inner_of(struct call *call, const struct attest_result *r)
{
    struct writer w = writer_in(&call->x->arena, 512);
    struct span out = { 0 };

    write_text(&w, "{\"code\":");
    json_write_string(&w, span_str(r->appraisal.reason));
    write_member(&w, "class", span_str(err_code_name(r->err.code)));
    write_member(&w, "path", span_str(r->err.path));
    write_member(&w, "text", span_str(r->err.text));
    if (r->err.spec)
        write_member(&w, "spec", span_str(r->err.spec));
    write_trail(call, &w, &r->appraisal.trail);
    write_u8(&w, '}');
    return writer_done(&w, &out, NULL) ? out : (struct span){ 0 };
}

/* The path begins with the step: a measured boot has no quote that could be meant alone. */
static void write_reason(struct call *call, struct writer *w, const struct err *err)
{
    if (span_is(span_str(call->route->argument), "Tpm"))
        write_format(w, "The request was refused at %s: %s", err->path, err->text);
    else
        write_format(w, "The specified quote was invalid: %s", err->text);
}

static enum api_step refuse_evidence(struct call *call, const struct attest_result *r,
                                     enum api_error error)
{
    const char *reason = r->appraisal.reason ? r->appraisal.reason : "internal";
    const char *sentence = sentence_of(reason);
    struct writer w = writer_in(&call->x->arena, 256);
    struct span message = { 0 };

    if (sentence)
        write_text(&w, sentence);
    else
        write_reason(call, &w, &r->err);
    write_format(&w, " (%s)", reason);
    if (!writer_done(&w, &message, NULL))
        return api_refuse_text(call, API_ERROR_INTERNAL, "out of memory");
    return api_refuse(call, error, message,
                      r->appraisal.reason ? inner_of(call, r) : (struct span){ 0 });
}

/* {"code":..,"line":..,"column":..,"text":..,"hint":..} for a caller with the read role. */
static struct span diagnosis_of(struct call *call, const struct policy_diagnostic *d)
{
    struct writer w = writer_in(&call->x->arena, 512);
    struct span out = { 0 };

    if (!call_may(call, ACTION_READ))
        return out;
    write_text(&w, "{\"code\":");
    json_write_string(&w, span_str(d->code));
    write_format(&w, ",\"line\":%u,\"column\":%u", d->line, d->column);
    write_member(&w, "text", span_str(d->text));
    if (d->hint[0])
        write_member(&w, "hint", span_str(d->hint));
    write_u8(&w, '}');
    return writer_done(&w, &out, NULL) ? out : (struct span){ 0 };
}

enum api_step refuse_policy(struct call *call, struct span text, const struct policy_diagnostic *d,
                            const struct err *err)
{
    struct writer w = writer_in(&call->x->arena, 512);
    struct span message = { 0 };

    if (d->code[0] == '\0')
        return api_refuse_text(call, API_ERROR_POLICY_PARSING, "%s", err->text);
    offence_write(&w, text, d);
    if (!writer_done(&w, &message, NULL))
        return api_refuse_text(call, API_ERROR_INTERNAL, "out of memory");
    return api_refuse(call, API_ERROR_POLICY_PARSING, message, diagnosis_of(call, d));
}

/* What exactly does not hold, for a caller with the read role. */
static struct span reason_of(struct call *call, const struct err *e)
{
    struct writer w = writer_in(&call->x->arena, 256);
    struct span out = { 0 };

    if (!call_may(call, ACTION_READ))
        return out;
    write_text(&w, "{\"code\":");
    json_write_string(&w, span_str(err_code_name(e->code)));
    write_member(&w, "path", span_str(e->path));
    write_member(&w, "text", span_str(e->text));
    if (e->spec)
        write_member(&w, "spec", span_str(e->spec));
    write_u8(&w, '}');
    return writer_done(&w, &out, NULL) ? out : (struct span){ 0 };
}

enum api_step refuse_proposal(struct call *call, const struct proposal_no *no)
{
    static const enum api_error errors[PROPOSAL_REFUSALS] = {
        [PROPOSAL_OPERATION] = API_ERROR_OPERATION,
        [PROPOSAL_PARAMETER] = API_ERROR_PARAMETER,
        [PROPOSAL_POLICY_TEXT] = API_ERROR_POLICY_PARSING,
        [PROPOSAL_CALLER] = API_ERROR_UNAUTHORIZED,
        [PROPOSAL_TOO_LONG] = API_ERROR_TOO_LARGE,
        [PROPOSAL_OURS] = API_ERROR_INTERNAL,
    };
    const struct err *e = &no->err;
    char text[sizeof e->text + sizeof e->path + 4];

    snprintf(text, sizeof text, "%s%s%s%s", e->text, e->path[0] ? " (" : "", e->path,
             e->path[0] ? ")" : "");
    return api_refuse(call, errors[no->why], span_str(text), reason_of(call, e));
}

/* An instance is as somebody else has just made it: whoever repeats the same words would undo that,
 * so it is told, not repeated. A policy is whoever's came last, and can be sent again. */
static enum api_step refuse_lost_race(struct call *call, const struct err *err)
{
    if (call->route->version == VERSION_MANAGEMENT)
        return api_refuse_text(call, API_ERROR_CONFLICT,
                               "%s: somebody else was faster; look at it, then decide again",
                               err->text);
    return api_refuse_text(call, API_ERROR_UNAVAILABLE,
                           "somebody else changed it at the same time; try again");
}

/* The keeper's answer in words of the contract. */
enum api_step refuse_change(struct call *call, const struct err *err)
{
    switch (err->code) {
    case ERR_MISSING:
        return api_refuse_text(call, API_ERROR_NOT_FOUND, "the instance is not there any more");
    case ERR_DENIED:
        return api_refuse_text(call, API_ERROR_OPERATION,
                               "The last policy management certificate cannot be removed.");
    case ERR_LIMIT:
        return api_refuse_text(call, err->path[0] ? API_ERROR_TOO_LARGE : API_ERROR_UNAVAILABLE,
                               "%s", err->text);
    case ERR_CONFLICT:
        return refuse_lost_race(call, err);
    case ERR_UNCERTAIN:
        return api_refuse_text(call, API_ERROR_UNAVAILABLE,
                               "it is not known whether the change was made: ask, or repeat it");
    case ERR_IO:
        return api_refuse_text(call, API_ERROR_UNAVAILABLE,
                               "the change was not made: what is kept cannot be written now");
    default:
        return api_refuse_err(call, err);
    }
}

/* {"code":"PolicyValidationFailure","details":[{"code":"PolicyFailureClaim","target":..,"value":..}]}:
 * the claims that made the policy say no. */
static struct span blame_of(struct call *call, const struct attest_result *r)
{
    const struct policy_outcome *p = &r->policy;
    struct writer w = writer_in(&call->x->arena, 256);
    struct span out = { 0 };

    write_text(&w, "{\"code\":\"PolicyValidationFailure\",\"details\":[");
    for (size_t i = 0; i < p->blamed.count; i++) {
        const struct claim *c = &p->blamed.items[i];
        struct writer value = writer_in(&call->x->arena, 64);

        write_text(&w,
                   i ? ",{\"code\":\"PolicyFailureClaim\"" : "{\"code\":\"PolicyFailureClaim\"");
        write_member(&w, "target", c->name);
        if (c->type == CLAIM_STRING)
            write_bytes(&value, c->text);
        else
            claim_write_value(&value, c);
        write_member(&w, "value", writer_span(&value));
        write_u8(&w, '}');
    }
    write_u8(&w, ']');
    write_decision(call, &w, p);
    write_trail(call, &w, &r->appraisal.trail);
    write_u8(&w, '}');
    return writer_done(&w, &out, NULL) ? out : (struct span){ 0 };
}

/* A policy that could not be run to its end: where, and for a reader the trail. */
static struct span failure_of(struct call *call, const struct attest_result *r)
{
    struct writer w = writer_in(&call->x->arena, 256);
    struct span out = { 0 };

    write_text(&w, "{\"code\":");
    json_write_string(&w, span_str(r->policy.error_code));
    write_decision(call, &w, &r->policy);
    write_trail(call, &w, &r->appraisal.trail);
    write_u8(&w, '}');
    return writer_done(&w, &out, NULL) ? out : (struct span){ 0 };
}

enum api_step refuse_attestation(struct call *call, const struct attest_result *r)
{
    switch (r->refusal) {
    case ATTEST_EVIDENCE:
        return refuse_evidence(call, r, API_ERROR_PARAMETER);
    case ATTEST_UNAVAILABLE:
        return refuse_evidence(call, r, API_ERROR_UNAVAILABLE);
    case ATTEST_POLICY_DENIED:
        return api_refuse(call, API_ERROR_POLICY_EVALUATION, span_str(r->err.text),
                          blame_of(call, r));
    case ATTEST_POLICY_FAILED:
        return api_refuse(call, API_ERROR_POLICY_EVALUATION, span_str(r->err.text),
                          failure_of(call, r));
    case ATTEST_POLICY_TEXT:
        return refuse_policy(call, r->diagnosed, &r->diagnostic, &r->err);
    case ATTEST_TOO_LONG:
    case ATTEST_OURS:
    case ATTEST_REFUSALS:
        break;
    }
    return api_refuse_err(call, &r->err);
}
