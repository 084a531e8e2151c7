/* The rows about the security version, and the report that is made of it on the way. */
#include "case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/num.h"
#include "../../base/utf8.h"

#define SPEC_STATUS "the SGX contract, 9"

static const struct dcap_collateral *collateral_of(const struct dcap_case *c)
{
    return c->in->collateral;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Latest start and earliest end of everything used; of equal bounds the first item names it. */
static void report_window(const struct dcap_case *c, struct tcb_report *tcb)
{
    struct dcap_dated items[DCAP_DATED_MAX];
    size_t count = dcap_dated_items(c, items);
    const struct dcap_dated *latest = items, *earliest = items;

    for (size_t i = 1; i < count; i++) {
        latest = items[i].from > latest->from ? &items[i] : latest;
        earliest = items[i].to < earliest->to ? &items[i] : earliest;
    }
    tcb->not_before = latest->from;
    tcb->not_before_set_by = latest->name;
    tcb->not_after = earliest->to;
    tcb->not_after_set_by = earliest->name;
}

static enum tcb_status best_qe_status(const struct qe_identity *identity)
{
    enum tcb_status best = TCB_STATUS_REVOKED;

    for (size_t i = 0; i < identity->level_count; i++)
        if (identity->levels[i].standing.status < best)
            best = identity->levels[i].standing.status;
    return best;
}

/* The least version of the quoting enclave that has the best status it can have. */
static void report_qe_short(const struct dcap_case *c, struct tcb_report *tcb)
{
    const struct qe_identity *identity = &collateral_of(c)->qe_identity;
    enum tcb_status best = best_qe_status(identity);
    const struct qe_level *goal = NULL;

    for (size_t i = 0; i < identity->level_count; i++)
        if (identity->levels[i].standing.status == best)
            goal = &identity->levels[i];
    if (goal && c->quote.qe_report.isv_svn < goal->isv_svn && tcb->short_count < TCB_SHORT_MAX)
        tcb->missing[tcb->short_count++] =
            (struct tcb_short){ "qe_isvsvn", c->quote.qe_report.isv_svn, goal->isv_svn };
}

static void report_short(const struct dcap_case *c, struct tcb_report *tcb)
{
    const struct pck *pck = &c->chain->pck;
    const struct tcb_level *goal =
        tcb_level_goal(&collateral_of(c)->tcb_info, pck->components, pck->pcesvn);
    size_t count = 0;

    if (goal)
        count = tcb_level_short(goal, pck->components, pck->pcesvn, tcb->missing, TCB_SHORT_MAX);
    tcb->short_count = size_min(count, TCB_SHORT_MAX);
    report_qe_short(c, tcb);
}

/* What kind of update raises a component: the document's own words where it has them. */
static struct span component_source(const struct dcap_case *c, const char *component)
{
    const struct pck *pck = &c->chain->pck;
    const struct tcb_level *goal =
        tcb_level_goal(&collateral_of(c)->tcb_info, pck->components, pck->pcesvn);
    long at = strtol(component + strlen("sgxtcbcomp"), NULL, 10);

    if (!goal || at < 1 || at > TCB_COMPONENTS)
        return (struct span){ 0 };
    return goal->sgx[at - 1].category;
}

static bool is_firmware(const struct tcb_short *missing)
{
    return strncmp(missing->component, "sgxtcbcomp", strlen("sgxtcbcomp")) == 0;
}

static void append(char *text, size_t room, const char *part)
{
    size_t n = strlen(text);

    snprintf(text + n, room - n, "%s%s", n > 0 ? "; " : "", part);
}

/* A sentence a person can act on. */
static void report_remedy(const struct dcap_case *c, struct tcb_report *tcb)
{
    bool needs_firmware = false, needs_software = false;
    struct span source = { 0 };
    char part[96], word[32];

    for (size_t i = 0; i < tcb->short_count; i++) {
        bool is_fw = is_firmware(&tcb->missing[i]);

        if (is_fw && source.n == 0)
            source = component_source(c, tcb->missing[i].component);
        needs_firmware = needs_firmware || is_fw;
        needs_software = needs_software || !is_fw;
    }
    if (needs_firmware) {
        snprintf(part, sizeof part, "update the firmware (%s)",
                 source.n > 0 ? utf8_show(source, word, sizeof word) : "BIOS or microcode");
        append(tcb->remedy, sizeof tcb->remedy, part);
    }
    if (needs_software)
        append(tcb->remedy, sizeof tcb->remedy,
               "update the SGX platform software (quoting and provisioning enclaves)");
}

static void report_begin(struct dcap_case *c)
{
    const struct dcap_collateral *k = collateral_of(c);
    struct tcb_report *tcb = c->tcb;

    tcb->fmspc = arena_dup(c->in->arena, span_of(c->chain->pck.fmspc, sizeof c->chain->pck.fmspc));
    tcb->evaluation_data_number =
        smaller(k->tcb_info.evaluation_data_number, k->qe_identity.evaluation_data_number);
    report_window(c, tcb);
    report_short(c, tcb);
    report_remedy(c, tcb);
}

static void report_status(struct tcb_report *tcb, const char *status)
{
    tcb->status = status;
    tcb->is_known = true;
}

static int compare_ids(const void *a, const void *b)
{
    return span_compare(*(const struct span *)a, *(const struct span *)b);
}

static void add_advisories(struct tcb_report *tcb, const struct tcb_standing *standing)
{
    size_t room = TCB_ADVISORIES_MAX - tcb->advisory_count;
    size_t count = size_min(standing->advisory_count, room);

    for (size_t i = 0; i < count; i++)
        tcb->advisory_ids[tcb->advisory_count++] = standing->advisory_ids[i];
}

/* The union of both levels' advisories, sorted, each once; copied, because a verdict may outlive
 * the collateral it came from. */
static bool report_advisories(struct tcb_report *tcb, const struct tcb_standing *platform,
                              const struct tcb_standing *qe, struct arena *a, struct err *err)
{
    struct span *ids = tcb->advisory_ids;
    size_t kept = 0;

    add_advisories(tcb, platform);
    add_advisories(tcb, qe);
    qsort(ids, tcb->advisory_count, sizeof *ids, compare_ids);
    for (size_t i = 0; i < tcb->advisory_count; i++) {
        if (kept > 0 && span_equal(ids[i], ids[kept - 1]))
            continue;
        ids[kept] = arena_dup(a, ids[i]);
        if (!ids[kept++].p)
            return arena_fail(a, err);
    }
    tcb->advisory_count = kept;
    return true;
}

bool dcap_check_qe_level(void *verifier_case, char *detail, struct err *err)
{
    struct dcap_case *c = verifier_case;
    unsigned svn = c->quote.qe_report.isv_svn;

    c->qe_level = qe_level_find(&collateral_of(c)->qe_identity, c->quote.qe_report.isv_svn);
    report_begin(c);
    if (!c->tcb->fmspc.p)
        return arena_fail(c->in->arena, err);
    if (c->qe_level) {
        trail_say(detail, tcb_status_name(c->qe_level->standing.status));
        return true;
    }
    report_status(c->tcb, "NotSupported");
    return err_fail(err, ERR_UNTRUSTED, "PCS v4, QE Identity",
                    "the quoting enclave's version %u is below every level", svn);
}

bool dcap_check_platform_level(void *verifier_case, char *detail, struct err *err)
{
    struct dcap_case *c = verifier_case;
    const struct pck *pck = &c->chain->pck;

    c->tcb_level = tcb_level_find(&collateral_of(c)->tcb_info, pck->components, pck->pcesvn);
    if (c->tcb_level) {
        trail_say(detail, tcb_status_name(c->tcb_level->standing.status));
        return true;
    }
    report_status(c->tcb, "NotSupported");
    return err_fail(err, ERR_UNTRUSTED, "PCS v4, TCB Info",
                    "the platform is below every TCB level, its PCESVN being %u", pck->pcesvn);
}

enum tcb_status dcap_merge(enum tcb_status platform, enum tcb_status component)
{
    if (component == TCB_STATUS_UP_TO_DATE || platform == TCB_STATUS_REVOKED)
        return platform;
    if (component != TCB_STATUS_OUT_OF_DATE) /* Revoked; a component has no other word */
        return TCB_STATUS_REVOKED;
    switch (platform) {
    case TCB_STATUS_UP_TO_DATE:
    case TCB_STATUS_SW_HARDENING_NEEDED:
        return TCB_STATUS_OUT_OF_DATE;
    case TCB_STATUS_CONFIGURATION_NEEDED:
    case TCB_STATUS_CONFIGURATION_AND_SW_HARDENING_NEEDED:
        return TCB_STATUS_OUT_OF_DATE_CONFIGURATION_NEEDED;
    default:
        return platform;
    }
}

/* The status is the platform's and the quoting enclave's together; either of them can be revoked.
 */
bool dcap_check_not_revoked(void *verifier_case, char *detail, struct err *err)
{
    struct dcap_case *c = verifier_case;
    const struct tcb_standing *platform = &c->tcb_level->standing, *qe = &c->qe_level->standing;

    c->status = dcap_merge(platform->status, qe->status);
    if (!report_advisories(c->tcb, platform, qe, c->in->arena, err))
        return false;
    c->tcb->tcb_date = platform->date < qe->date ? platform->date : qe->date;
    report_status(c->tcb, tcb_status_name(c->status));
    trail_say(detail, c->tcb->status);
    if (c->status != TCB_STATUS_REVOKED)
        return true;
    return err_fail(err, ERR_UNTRUSTED, "the SGX contract, 7.1",
                    "platform %s and quoting enclave %s make Revoked",
                    tcb_status_name(platform->status), tcb_status_name(qe->status));
}

bool tcb_profile_accepts(enum tcb_profile profile, enum tcb_status status)
{
    switch (status) {
    case TCB_STATUS_UP_TO_DATE:
    case TCB_STATUS_SW_HARDENING_NEEDED:
        return true;
    case TCB_STATUS_CONFIGURATION_NEEDED:
    case TCB_STATUS_CONFIGURATION_AND_SW_HARDENING_NEEDED:
        return profile != TCB_STRICT;
    case TCB_STATUS_OUT_OF_DATE:
    case TCB_STATUS_OUT_OF_DATE_CONFIGURATION_NEEDED:
        return profile == TCB_LENIENT || profile == TCB_ANY;
    default:
        return false;
    }
}

bool dcap_check_status_accepted(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;

    (void)detail;
    if (tcb_profile_accepts(c->in->profile, c->status))
        return true;
    return err_fail(err, ERR_UNTRUSTED, SPEC_STATUS, "status %s is not accepted by TCB profile %s",
                    c->tcb->status, tcb_profile_name(c->in->profile));
}

bool dcap_check_evaluation_number(void *verifier_case, char *detail, struct err *err)
{
    const struct dcap_case *c = verifier_case;
    unsigned number = c->tcb->evaluation_data_number;

    trail_say(detail, "evaluation number ");
    trail_count(detail, number, c->in->baseline ? ", asked for as " : "");
    trail_say(detail, c->in->baseline ? c->in->baseline : "");
    if (c->in->baseline_is_missing)
        return err_fail(err, ERR_UNTRUSTED, "the SGX contract, 10",
                        "TCB baseline \"%.60s\" is not held for this platform, number %u is",
                        c->in->baseline, number);
    if (number >= c->in->least_evaluation_number)
        return true;
    return err_fail(err, ERR_UNTRUSTED, "the SGX contract, 10",
                    "evaluation number %u is below %u, which is asked for", number,
                    (unsigned)c->in->least_evaluation_number);
}
