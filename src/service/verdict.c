#include "verdict.h"

#include "../base/hex.h"
#include "../base/when.h"
#include "../format/json.h"

#include <inttypes.h>
#include <stdio.h>

static void write_name(struct writer *w, const char *name)
{
    json_write_string(w, span_str(name));
    write_u8(w, ':');
}

static void write_text_member(struct writer *w, const char *name, const char *text)
{
    write_name(w, name);
    json_write_string(w, span_str(text));
}

static void write_when(struct writer *w, const char *name, int64_t t)
{
    char buf[WHEN_TEXT];

    write_text_member(w, name, when_str(t, buf));
}

static void write_error_object(struct writer *w, const char *reason, const struct err *e)
{
    write_u8(w, '{');
    write_text_member(w, "code", err_code_name(e->code));
    write_u8(w, ',');
    write_text_member(w, "reason", reason);
    write_u8(w, ',');
    write_text_member(w, "path", e->path);
    write_u8(w, ',');
    write_text_member(w, "text", e->text);
    write_u8(w, ',');
    write_name(w, "spec");
    if (e->spec)
        json_write_string(w, span_str(e->spec));
    else
        write_text(w, "null");
    write_text(w, ",\"offset\":");
    if (e->offset == ERR_NO_OFFSET)
        write_text(w, "null");
    else
        write_decimal(w, (int64_t)e->offset);
    write_u8(w, '}');
}

/* A policy's no as an error: where in its text, and why. */
static void write_policy_error(struct writer *w, const struct policy_outcome *p)
{
    struct err e = { .offset = ERR_NO_OFFSET };

    if (p->decision == POLICY_FAILED)
        err_fail(&e, ERR_DENIED, NULL, "%s: %s", p->error_code, p->error_text);
    else if (p->decision == POLICY_DENY)
        err_fail(&e, ERR_DENIED, NULL, "the deny rule at line %u, column %u fired", p->line,
                 p->column);
    else
        err_fail(&e, ERR_DENIED, NULL, "no authorization rule permitted");
    if (p->line > 0) {
        char place[40];

        snprintf(place, sizeof place, "policy:%u:%u", p->line, p->column);
        err_in(&e, place);
    }
    write_error_object(
        w, p->decision == POLICY_FAILED ? p->error_code : policy_decision_name(p->decision), &e);
}

static void write_error(struct writer *w, const struct verdict *v)
{
    write_name(w, "error");
    if (!v->appraisal->is_accepted)
        write_error_object(w, v->appraisal->reason ? v->appraisal->reason : "internal",
                           &v->appraisal->err);
    else if (v->policy && v->policy->decision != POLICY_PERMIT)
        write_policy_error(w, v->policy);
    else
        write_text(w, "null");
}

static void write_advisories(struct writer *w, const struct tcb_report *t)
{
    write_text(w, ",\"advisory_ids\":[");
    for (size_t i = 0; i < t->advisory_count; i++) {
        write_text(w, i ? "," : "");
        json_write_string(w, t->advisory_ids[i]);
    }
    write_u8(w, ']');
}

static void write_window(struct writer *w, const struct tcb_report *t)
{
    write_text(w, ",\"window\":{");
    write_when(w, "not_before", t->not_before);
    write_u8(w, ',');
    write_when(w, "not_after", t->not_after);
    write_u8(w, ',');
    write_text_member(w, "not_before_set_by", t->not_before_set_by ? t->not_before_set_by : "");
    write_u8(w, ',');
    write_text_member(w, "not_after_set_by", t->not_after_set_by ? t->not_after_set_by : "");
    write_text(w, "}");
}

static void write_short(struct writer *w, const struct tcb_report *t)
{
    write_text(w, ",\"short\":[");
    for (size_t i = 0; i < t->short_count; i++) {
        write_text(w, i ? ",{" : "{");
        write_text_member(w, "component", t->missing[i].component);
        write_format(w, ",\"have\":%" PRIu32 ",\"need\":%" PRIu32 "}", t->missing[i].have,
                     t->missing[i].need);
    }
    write_u8(w, ']');
}

void verdict_write_tcb(struct writer *w, const struct tcb_report *t)
{
    if (!t->is_known) {
        write_text(w, "null");
        return;
    }
    write_u8(w, '{');
    write_text_member(w, "status", t->status);
    write_advisories(w, t);
    write_u8(w, ',');
    write_when(w, "tcb_date", t->tcb_date);
    write_format(w, ",\"evaluation_data_number\":%" PRIu32 ",\"fmspc\":\"",
                 t->evaluation_data_number);
    hex_write(w, t->fmspc);
    write_u8(w, '"');
    write_window(w, t);
    write_short(w, t);
    write_u8(w, ',');
    write_text_member(w, "remedy", t->remedy);
    write_format(w, ",\"collateral_expired\":%s}", t->collateral_expired ? "true" : "false");
}

static bool write_set(struct writer *w, const char *name, const struct claim_set *set,
                      struct err *err)
{
    write_u8(w, ',');
    write_name(w, name);
    if (set && set->count > 0)
        return claim_set_write(w, set, err);
    write_text(w, "{}");
    return true;
}

bool verdict_write_json(struct writer *w, const struct verdict *v, struct err *err)
{
    const struct policy_outcome *p = v->policy;

    write_u8(w, '{');
    write_text_member(w, "verdict", v->word);
    write_u8(w, ',');
    write_error(w, v);
    write_text(w, ",\"checks\":");
    trail_write(w, &v->appraisal->trail);
    write_text(w, ",\"tcb\":");
    verdict_write_tcb(w, &v->appraisal->tcb);
    if (!write_set(w, "claims", &v->appraisal->incoming, err) ||
        !write_set(w, "issued", p ? &p->issued : NULL, err) ||
        !write_set(w, "properties", p ? &p->properties : NULL, err))
        return false;
    write_text(w, ",\"policy_hash\":");
    if (v->policy_hash.n > 0)
        json_write_string(w, v->policy_hash);
    else
        write_text(w, "null");
    write_text(w, "}\n");
    return true;
}
