#include "tcb_status.h"

#include "signed_json.h"

#include "../../base/utf8.h"

#define PCS "Intel PCS API, TCB levels"

static const char *const words[TCB_STATUSES] = {
    [TCB_STATUS_NONE] = "",
    [TCB_STATUS_UP_TO_DATE] = "UpToDate",
    [TCB_STATUS_SW_HARDENING_NEEDED] = "SWHardeningNeeded",
    [TCB_STATUS_CONFIGURATION_NEEDED] = "ConfigurationNeeded",
    [TCB_STATUS_CONFIGURATION_AND_SW_HARDENING_NEEDED] = "ConfigurationAndSWHardeningNeeded",
    [TCB_STATUS_OUT_OF_DATE] = "OutOfDate",
    [TCB_STATUS_OUT_OF_DATE_CONFIGURATION_NEEDED] = "OutOfDateConfigurationNeeded",
    [TCB_STATUS_REVOKED] = "Revoked",
};

const char *tcb_status_name(enum tcb_status status)
{
    return (unsigned)status < TCB_STATUSES ? words[status] : "";
}

bool tcb_status_find(struct span word, enum tcb_status *out)
{
    for (size_t i = TCB_STATUS_NONE + 1; i < TCB_STATUSES; i++)
        if (span_is(word, words[i])) {
            *out = (enum tcb_status)i;
            return true;
        }
    return false;
}

static bool status_parse(const struct json *level, enum tcb_status *out, struct err *err)
{
    struct span word;
    char show[48];

    if (!json_get_string(level, "tcbStatus", &word, err))
        return false;
    if (tcb_status_find(word, out))
        return true;
    err_fail_at(err, level->offset, ERR_MALFORMED, PCS, "unrecognized status \"%s\"",
                utf8_show(word, show, sizeof show));
    return err_in(err, "tcbStatus");
}

/* An advisory id becomes a claim: a short word of printable characters, or refused. */
static bool is_advisory_id(const struct json *value)
{
    if (value->type != JSON_STRING || value->text.n == 0 || value->text.n > DCAP_ADVISORY_ID_MAX)
        return false;
    for (size_t i = 0; i < value->text.n; i++)
        if (value->text.p[i] <= 0x20 || value->text.p[i] >= 0x7f)
            return false;
    return true;
}

static bool advisories_copy(const struct json *list, struct span *ids, struct err *err)
{
    size_t n = 0;

    for (const struct json *v = list->child; v; v = v->next) {
        if (!is_advisory_id(v)) {
            err_fail_at(err, v->offset, ERR_MALFORMED, PCS,
                        "an advisory id is a word of 1 to %d printable characters",
                        DCAP_ADVISORY_ID_MAX);
            return err_in(err, "advisoryIDs");
        }
        ids[n++] = v->text;
    }
    return true;
}

static bool advisories_parse(const struct json *level, struct arena *a, struct tcb_standing *out,
                             struct err *err)
{
    const struct json *list = NULL;
    struct span *ids;

    if (!json_member(level, "advisoryIDs"))
        return true;
    if (!json_get_array(level, "advisoryIDs", &list, err))
        return false;
    if (list->count > DCAP_LEVEL_ADVISORIES_MAX) {
        err_fail_at(err, list->offset, ERR_LIMIT, PCS, "%zu advisory ids, at most %d are taken",
                    list->count, DCAP_LEVEL_ADVISORIES_MAX);
        return err_in(err, "advisoryIDs");
    }
    ids = ARENA_ARRAY(a, struct span, list->count);
    if (!ids)
        return arena_fail(a, err);
    out->advisory_ids = ids;
    out->advisory_count = list->count;
    return advisories_copy(list, ids, err);
}

bool tcb_standing_parse(const struct json *level, struct arena *a, struct tcb_standing *out,
                        struct err *err)
{
    struct tcb_standing s = { 0 };

    if (!signed_json_when(level, "tcbDate", &s.date, err) || !status_parse(level, &s.status, err) ||
        !advisories_parse(level, a, &s, err))
        return false;
    *out = s;
    return true;
}
