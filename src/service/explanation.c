#include "explanation.h"

#include "../base/when.h"
#include "../format/json.h"
#include "verdict.h"

static void write_member(struct writer *w, const char *before, struct span value)
{
    write_text(w, before);
    json_write_string(w, value);
}

static void write_request(struct writer *w, const struct explanation *e)
{
    char time[WHEN_TEXT];

    write_member(w, "{\"request_id\":", e->request_id);
    write_text(w, ",\"at\":");
    write_decimal(w, e->at);
    write_member(w, ",\"time\":", span_str(when_str(e->at, time)));
    write_member(w, ",\"instance\":", e->instance);
    write_member(w, ",\"type\":", span_str(e->type ? e->type : ""));
    if (e->call) {
        write_member(w, ",\"call\":", span_str(e->call));
        write_member(w, ",\"actor\":", e->actor);
    }
    write_member(w, ",\"outcome\":", span_str(e->outcome));
    write_member(w, ",\"reason\":", span_str(e->reason ? e->reason : ""));
}

static void write_error(struct writer *w, const struct err *e)
{
    write_member(w, ",\"error\":{\"code\":", span_str(err_code_name(e->code)));
    write_member(w, ",\"path\":", span_str(e->path));
    write_member(w, ",\"text\":", span_str(e->text));
    write_member(w, ",\"spec\":", span_str(e->spec ? e->spec : ""));
    write_u8(w, '}');
}

/* What it looked at when it said no: names only. */
static void write_blamed(struct writer *w, const struct claim_set *blamed)
{
    write_text(w, ",\"claims\":[");
    for (size_t i = 0; i < blamed->count; i++) {
        write_text(w, i ? "," : "");
        json_write_string(w, blamed->items[i].name);
    }
    write_u8(w, ']');
}

static bool has_policy_run(const struct attest_result *r)
{
    return r->appraisal.is_accepted &&
           (r->refusal == ATTEST_POLICY_DENIED || r->refusal == ATTEST_POLICY_FAILED);
}

static void write_policy(struct writer *w, const struct attest_result *r)
{
    const struct policy_outcome *p = &r->policy;

    write_text(w, ",\"policy\":");
    if (!has_policy_run(r)) {
        write_text(w, "null");
        return;
    }
    write_member(w, "{\"decision\":", span_str(policy_decision_name(p->decision)));
    write_format(w, ",\"line\":%u,\"column\":%u", p->line, p->column);
    write_member(w, ",\"error\":", span_str(p->decision == POLICY_FAILED ? p->error_code : ""));
    write_blamed(w, &p->blamed);
    write_u8(w, '}');
}

static void write_judgement(struct writer *w, const struct attest_result *r)
{
    write_policy(w, r);
    write_text(w, ",\"checks\":");
    trail_write(w, &r->appraisal.trail);
    write_text(w, ",\"tcb\":");
    verdict_write_tcb(w, &r->appraisal.tcb);
}

bool explanation_write(struct writer *w, const struct explanation *e, struct err *err)
{
    struct span all;

    write_request(w, e);
    write_error(w, e->error ? e->error : &e->result->err);
    if (e->result)
        write_judgement(w, e->result);
    else
        write_text(w, ",\"policy\":null,\"checks\":[],\"tcb\":null");
    write_u8(w, '}');
    return writer_done(w, &all, err);
}
