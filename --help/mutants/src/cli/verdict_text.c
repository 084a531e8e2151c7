#include "verdict_text.h"
#include "../base/when.h"

#include <inttypes.h>

static void text_of_error(struct cli *c, struct writer *w, const struct verdict *v)
{
    const struct appraisal *a = v->appraisal;

    if (!a->is_accepted) {
        write_format(w, "%srefused%s: %s\n  %s%s%.190s\n", cli_color(c, "\033[1;31m"),
                     cli_color(c, "\033[0m"), a->reason ? a->reason : "internal", a->err.path,
                     a->err.path[0] ? ": " : "", a->err.text);
        if (a->err.spec)
            write_format(w, "  rule: %.200s\n", a->err.spec);
    } else if (v->policy && v->policy->decision == POLICY_FAILED) {
        write_format(w, "%sdenied%s: the policy failed at line %u, column %u: %s: %s\n",
                     cli_color(c, "\033[1;31m"), cli_color(c, "\033[0m"), v->policy->line,
                     v->policy->column, v->policy->error_code, v->policy->error_text);
    } else if (v->policy && v->policy->decision == POLICY_DENY) {
        write_format(w, "%sdenied%s: the policy's deny rule at line %u, column %u fired\n",
                     cli_color(c, "\033[1;31m"), cli_color(c, "\033[0m"), v->policy->line,
                     v->policy->column);
    } else if (v->policy && v->policy->decision == POLICY_NO_PERMIT) {
        write_format(w, "%sdenied%s: no authorization rule of the policy permitted\n",
                     cli_color(c, "\033[1;31m"), cli_color(c, "\033[0m"));
    } else {
        write_format(w, "%spermitted%s\n", cli_color(c, "\033[1;32m"), cli_color(c, "\033[0m"));
    }
    if (a->is_debug && a->is_accepted)
        write_format(w,
                     "%sDEBUG%s: the enclave is debuggable; its memory can be read from outside\n",
                     cli_color(c, "\033[1;33m"), cli_color(c, "\033[0m"));
}

static void text_of_tcb(struct writer *w, const struct tcb_report *t)
{
    char from[WHEN_TEXT], to[WHEN_TEXT];

    if (!t->is_known)
        return;
    write_format(w, "\nTCB status %s", t->status);
    for (size_t i = 0; i < t->advisory_count; i++)
        write_format(w, "%s%.*s", i ? ", " : " (", SPAN_ARG(t->advisory_ids[i]));
    write_format(w, "%s, TCB date %.10s, evaluation data number %" PRIu32 "\n",
                 t->advisory_count ? ")" : "", when_str(t->tcb_date, from),
                 t->evaluation_data_number);
    write_format(w, "collateral and certificates hold from %s to %s\n",
                 when_str(t->not_before, from), when_str(t->not_after, to));
    for (size_t i = 0; i < t->short_count; i++)
        write_format(w, "  %s is %" PRIu32 ", the best level needs %" PRIu32 "\n",
                     t->missing[i].component, t->missing[i].have, t->missing[i].need);
    if (t->remedy[0])
        write_format(w, "  %s\n", t->remedy);
}

static void text_of_checks(struct cli *c, struct writer *w, const struct trail *t)
{
    static const char *const marks[] = {
        [CHECK_NOT_RUN] = "not run", [CHECK_OK] = "ok", [CHECK_FAILED] = "FAILED"
    };

    write_text(w, "\nchecks:\n");
    for (size_t i = 0; i < t->count; i++) {
        const struct trail_entry *e = &t->entries[i];
        const char *color = e->outcome == CHECK_FAILED ? "\033[31m"
                            : e->outcome == CHECK_OK   ? "\033[32m"
                                                       : "\033[2m";

        write_format(w, "  %s%-7s%s  %-28s %s\n", cli_color(c, color), marks[e->outcome],
                     cli_color(c, "\033[0m"), e->name, e->establishes);
        if (e->detail[0])
            write_format(w, "           %.180s\n", e->detail);
    }
}

void verdict_write_text(struct cli *c, struct writer *w, const struct verdict *v)
{
    text_of_error(c, w, v);
    text_of_tcb(w, &v->appraisal->tcb);
    text_of_checks(c, w, &v->appraisal->trail);
    if (v->policy_hash.n > 0) {
        write_text(w, "\npolicy hash ");
        write_bytes(w, v->policy_hash);
        write_text(w, "\n");
    }
}
