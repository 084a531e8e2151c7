#include "tcb_info.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCS "Intel PCS API, TCB info"

enum { TCB_INFO_VERSION_2 = 2, TCB_INFO_VERSION_3 = 3 };

bool tcb_info_open(struct span text, struct arena *a, struct signed_json *out, struct err *err)
{
    return signed_json_open(text, "tcbInfo", a, out, err) || err_in(err, "tcb_info");
}

static bool refuse(const struct json *at, const char *path, struct err *err, const char *text)
{
    err_fail_at(err, at->offset, ERR_MALFORMED, PCS, "%s", text);
    return err_in(err, path);
}

/* Components */

static bool svn_parse(const struct json *object, const char *name, uint8_t *out, struct err *err)
{
    uint32_t v = 0;

    if (!signed_json_uint(object, name, UINT8_MAX, &v, err))
        return false;
    *out = (uint8_t)v;
    return true;
}

/* Version 2: sixteen members of their own. */
static bool components_parse_v2(const struct json *tcb, struct tcb_component *out, struct err *err)
{
    char name[24];

    for (size_t i = 0; i < TCB_COMPONENTS; i++) {
        snprintf(name, sizeof name, "sgxtcbcomp%02zusvn", i + 1);
        if (!svn_parse(tcb, name, &out[i].svn, err))
            return false;
    }
    if (json_member(tcb, "sgxtcbcomp17svn"))
        return refuse(tcb, "sgxtcbcomp17svn", err, "a platform has 16 components");
    return true;
}

/* What a component is for; only words for people. */
static bool label_parse(const struct json *component, const char *name, struct span *out,
                        struct err *err)
{
    return !json_member(component, name) || json_get_string(component, name, out, err);
}

/* Version 3: a list of exactly sixteen. A shorter list must never shorten the comparison. */
static bool components_parse_v3(const struct json *tcb, const char *name, struct tcb_component *out,
                                struct err *err)
{
    const struct json *list = NULL;
    size_t i = 0;

    if (!json_get_array(tcb, name, &list, err))
        return false;
    if (list->count != TCB_COMPONENTS) {
        err_fail_at(err, list->offset, ERR_MALFORMED, PCS, "%zu components, expected 16",
                    list->count);
        return err_in(err, name);
    }
    for (const struct json *c = list->child; c; c = c->next, i++)
        if (!svn_parse(c, "svn", &out[i].svn, err) ||
            !label_parse(c, "category", &out[i].category, err) ||
            !label_parse(c, "type", &out[i].type, err))
            return err_in(err, name);
    return true;
}

static bool tdx_components_parse(const struct json *tcb, enum tcb_info_id id, struct tcb_level *out,
                                 struct err *err)
{
    const struct json *list = json_member(tcb, "tdxtcbcomponents");

    if (!list)
        return true;
    if (id != TCB_INFO_TDX)
        return refuse(list, "tdxtcbcomponents", err, "stands in a document for SGX");
    out->has_tdx = true;
    return components_parse_v3(tcb, "tdxtcbcomponents", out->tdx, err);
}

/* Levels */

static bool tcb_parse(const struct json *level, const struct tcb_info *info, struct tcb_level *out,
                      struct err *err)
{
    const struct json *tcb = NULL;
    uint32_t pcesvn = 0;
    bool ok;

    if (!json_get_object(level, "tcb", &tcb, err))
        return false;
    ok = info->version == TCB_INFO_VERSION_2
             ? components_parse_v2(tcb, out->sgx, err)
             : components_parse_v3(tcb, "sgxtcbcomponents", out->sgx, err);
    if (!ok || !signed_json_uint(tcb, "pcesvn", UINT16_MAX, &pcesvn, err) ||
        !tdx_components_parse(tcb, info->id, out, err))
        return err_in(err, "tcb");
    out->pcesvn = (uint16_t)pcesvn;
    return true;
}

static int components_compare(const struct tcb_component *a, const struct tcb_component *b)
{
    for (size_t i = 0; i < TCB_COMPONENTS; i++)
        if (a[i].svn != b[i].svn)
            return a[i].svn < b[i].svn ? -1 : 1;
    return 0;
}

/* Orders levels by the 16 components, then PCESVN, then the TDX components. */
static int level_compare(const struct tcb_level *a, const struct tcb_level *b)
{
    int order = components_compare(a->sgx, b->sgx);

    if (order != 0)
        return order;
    if (a->pcesvn != b->pcesvn)
        return a->pcesvn < b->pcesvn ? -1 : 1;
    return components_compare(a->tdx, b->tdx);
}

static int descending(const void *a, const void *b)
{
    return level_compare(b, a);
}

/* "Sorting and refusing duplicate levels": nobody promised an order, and of two equal levels
 * neither is the right one. */
static bool levels_sort(const struct json *list, struct tcb_level *levels, size_t n,
                        struct err *err)
{
    qsort(levels, n, sizeof *levels, descending);
    for (size_t i = 1; i < n; i++)
        if (level_compare(&levels[i - 1], &levels[i]) == 0)
            return refuse(list, "tcbLevels", err, "two levels have the same components and PCESVN");
    return true;
}

static bool level_parse(const struct json *v, const struct tcb_info *info, struct arena *a,
                        struct tcb_level *out, struct err *err)
{
    return tcb_parse(v, info, out, err) && tcb_standing_parse(v, a, &out->standing, err);
}

static bool levels_parse(const struct json *root, struct arena *a, struct tcb_info *info,
                         struct err *err)
{
    const struct json *list = NULL;
    struct tcb_level *levels;
    size_t n = 0;

    if (!json_get_array(root, "tcbLevels", &list, err))
        return false;
    if (list->count == 0)
        return refuse(list, "tcbLevels", err, "there is no level");
    if (list->count > DCAP_LEVELS_MAX) {
        err_fail_at(err, list->offset, ERR_LIMIT, PCS, "%zu levels, at most %d are taken",
                    list->count, DCAP_LEVELS_MAX);
        return err_in(err, "tcbLevels");
    }
    levels = ARENA_ARRAY(a, struct tcb_level, list->count);
    if (!levels)
        return arena_fail(a, err);
    for (const struct json *v = list->child; v; v = v->next)
        if (!level_parse(v, info, a, &levels[n++], err))
            return err_in(err, "tcbLevels");
    info->levels = levels;
    info->level_count = n;
    return levels_sort(list, levels, n, err);
}

/* The document */

static bool version_parse(const struct json *root, struct tcb_info *info, struct err *err)
{
    if (!signed_json_uint(root, "version", UINT32_MAX, &info->version, err))
        return false;
    if (info->version == TCB_INFO_VERSION_2 || info->version == TCB_INFO_VERSION_3)
        return true;
    err_fail_at(err, root->offset, ERR_MALFORMED, PCS, "TCB info version %u is not 2 or 3",
                (unsigned)info->version);
    return err_in(err, "version");
}

static bool id_parse(const struct json *root, struct tcb_info *info, struct err *err)
{
    struct span id = { 0 };

    info->id = TCB_INFO_SGX;
    if (info->version == TCB_INFO_VERSION_2)
        return !json_member(root, "id") || refuse(root, "id", err, "version 2 has no id");
    if (!json_get_string(root, "id", &id, err))
        return false;
    if (span_is(id, "TDX"))
        info->id = TCB_INFO_TDX;
    return span_is(id, "SGX") || span_is(id, "TDX") ||
           refuse(root, "id", err, "the id is neither \"SGX\" nor \"TDX\"");
}

static bool type_check(const struct json *root, struct err *err)
{
    uint32_t type = 0;

    if (!signed_json_uint(root, "tcbType", UINT32_MAX, &type, err))
        return false;
    return type == 0 || refuse(root, "tcbType", err,
                               "components of another type than 0 cannot be "
                               "compared");
}

/* Members that only documents for TDX have; presence is judged here, content by the TDX rules. */
static bool tdx_parse(const struct json *root, struct tcb_info *info, struct err *err)
{
    info->tdx_module = json_member(root, "tdxModule");
    info->tdx_module_identities = json_member(root, "tdxModuleIdentities");
    if (info->id == TCB_INFO_TDX)
        return true;
    if (info->tdx_module)
        return refuse(info->tdx_module, "tdxModule", err, "stands in a document for SGX");
    return !info->tdx_module_identities ||
           refuse(info->tdx_module_identities, "tdxModuleIdentities", err,
                  "stands in a document for SGX");
}

static bool members_parse(const struct json *root, struct arena *a, struct tcb_info *info,
                          struct err *err)
{
    return version_parse(root, info, err) && id_parse(root, info, err) &&
           signed_json_when(root, "issueDate", &info->issue_date, err) &&
           signed_json_when(root, "nextUpdate", &info->next_update, err) &&
           signed_json_hex(root, "fmspc", info->fmspc, sizeof info->fmspc, err) &&
           signed_json_hex(root, "pceId", info->pce_id, sizeof info->pce_id, err) &&
           type_check(root, err) &&
           signed_json_uint(root, "tcbEvaluationDataNumber", UINT32_MAX,
                            &info->evaluation_data_number, err) &&
           tdx_parse(root, info, err) && levels_parse(root, a, info, err);
}

bool tcb_info_parse(struct span body, struct arena *a, struct tcb_info *out, struct err *err)
{
    const struct json *root = NULL;
    struct tcb_info info = { 0 };

    if (!signed_json_parse(body, a, &root, err) || !members_parse(root, a, &info, err))
        return err_in(err, "tcb_info");
    *out = info;
    return true;
}

/* Looking up */

size_t tcb_level_short(const struct tcb_level *level, const uint8_t components[TCB_COMPONENTS],
                       uint16_t pcesvn, struct tcb_short *out, size_t room)
{
    size_t n = 0;

    for (size_t i = 0; i <= TCB_COMPONENTS; i++) {
        bool is_pce = i == TCB_COMPONENTS;
        uint32_t have = is_pce ? pcesvn : components[i];
        uint32_t need = is_pce ? level->pcesvn : level->sgx[i].svn;

        if (have >= need)
            continue;
        if (n < room) {
            out[n] = (struct tcb_short){ .have = have, .need = need };
            if (is_pce)
                snprintf(out[n].component, sizeof out[n].component, "pcesvn");
            else
                snprintf(out[n].component, sizeof out[n].component, "sgxtcbcomp%02zusvn", i + 1);
        }
        n++;
    }
    return n;
}

const struct tcb_level *tcb_level_find(const struct tcb_info *info,
                                       const uint8_t components[TCB_COMPONENTS], uint16_t pcesvn)
{
    for (size_t i = 0; i < info->level_count; i++)
        if (tcb_level_short(&info->levels[i], components, pcesvn, NULL, 0) == 0)
            return &info->levels[i];
    return NULL;
}

const struct tcb_level *tcb_level_goal(const struct tcb_info *info,
                                       const uint8_t components[TCB_COMPONENTS], uint16_t pcesvn)
{
    const struct tcb_level *goal = NULL;
    size_t least = 0;

    for (size_t i = 0; i < info->level_count; i++) {
        const struct tcb_level *l = &info->levels[i];
        size_t n = tcb_level_short(l, components, pcesvn, NULL, 0);

        if (!goal || l->standing.status < goal->standing.status ||
            (l->standing.status == goal->standing.status && n < least)) {
            goal = l;
            least = n;
        }
    }
    return goal;
}
