#include "baseline_v1.h"

#include "../format/json.h"
#include "../format/uri.h"
#include "../service/baseline.h"
#include "attest_note.h"
#include "errors.h"

/* clang-format off */
static const struct {
    uint32_t number;
    const char *released, *linux_psw, *windows_psw;
} published[] = {
    { 10, "2020-11-11T00:00:00", "2.9",    "2.7.101.2"  },
    { 11, "2021-06-09T00:00:00", "2.13.3", "2.13.100.2" },
    { 12, "2021-11-10T00:00:00", "2.13.3", "2.13.100.2" },
    { 13, "2022-08-09T00:00:00", "2.17",   "2.16"       },
    { 14, "2022-11-08T00:00:00", "2.17",   "2.16"       },
    { 15, "2023-02-14T00:00:00", "2.17",   "2.16"       },
};
/* clang-format on */

static void write_published(struct writer *w, uint32_t number)
{
    for (size_t i = 0; i < COUNT(published); i++)
        if (published[i].number == number)
            write_format(w,
                         ",\"tcbReleaseDate\":\"%s\",\"minimumPswLinuxVersion\":\"%s\","
                         "\"minimumPswWindowsVersion\":\"%s\"",
                         published[i].released, published[i].linux_psw, published[i].windows_psw);
}

/* The first version that had the list told numbers as text, and not which is in force. */
static void write_row(struct writer *w, const struct baseline_row *r, bool is_first)
{
    const char *quote = is_first ? "\"" : "";

    write_format(w, "{\"tcbIdentifier\":\"%u\",\"tcbEvaluationDataNumber\":%s%u%s", r->number,
                 quote, r->number, quote);
    write_published(w, r->number);
    if (!is_first)
        write_format(w, ",\"isSelectedTcb\":%s", r->is_selected ? "true" : "false");
    write_u8(w, '}');
}

static enum api_step answer(struct call *call, const struct baseline_row *rows, size_t count,
                            bool is_current_only)
{
    bool is_first = call->version == API_2022_09_01_PREVIEW || call->version == API_2022_09_01;
    struct writer w = writer_in(&call->x->arena, 512);
    struct span body = { 0 };
    const char *comma = "";

    write_text(&w, "{\"tcbBaselines\":[");
    for (size_t i = 0; i < count; i++) {
        if (is_current_only && !rows[i].is_selected)
            continue;
        write_text(&w, comma);
        write_row(&w, &rows[i], is_first);
        comma = ",";
    }
    write_text(&w, "]}");
    return writer_done(&w, &body, NULL)
               ? api_answer(call, body)
               : api_refuse_text(call, API_ERROR_INTERNAL, "out of memory");
}

static bool is_current_only(struct call *call, bool *out, struct err *err)
{
    struct span path, query, text = { 0 };
    bool found = false;

    uri_split(call->request->target, &path, &query);
    if (!uri_query(&call->x->arena, query, "provideCurrentTcbInPolicy", &found, &text, err))
        return false;
    *out = found && span_is_nocase(text, "true");
    return true;
}

enum api_step baseline_get(struct call *call)
{
    const struct attest_policy policy = attest_policy_in_force(call);
    struct baseline_row *rows = NULL;
    struct err err = { 0 };
    bool only = false;
    size_t count = 0;

    if (!is_current_only(call, &only, &err) ||
        !attest_baselines(api_service(call->api), call->route->argument, &policy, call->now,
                          &call->x->arena, &rows, &count, &err))
        return api_refuse_err(call, &err);
    return answer(call, rows, count, only);
}
