#include "qe_identity.h"

#include "../../base/utf8.h"

#include <stdlib.h>
#include <string.h>

#define PCS "Intel PCS API, QE identity"

enum { QE_IDENTITY_VERSION = 2 };

bool qe_identity_open(struct span text, struct arena *a, struct signed_json *out, struct err *err)
{
    return signed_json_open(text, "enclaveIdentity", a, out, err) || err_in(err, "qe_identity");
}

/* Levels */

static bool isv_svn_parse(const struct json *level, uint16_t *out, struct err *err)
{
    const struct json *tcb = NULL;
    uint32_t v = 0;

    if (!json_get_object(level, "tcb", &tcb, err))
        return false;
    if (!signed_json_uint(tcb, "isvsvn", UINT16_MAX, &v, err))
        return err_in(err, "tcb");
    *out = (uint16_t)v;
    return true;
}

/* Quoting enclaves know three of the words only. */
static bool status_check(const struct json *level, enum tcb_status status, struct err *err)
{
    if (status == TCB_STATUS_UP_TO_DATE || status == TCB_STATUS_OUT_OF_DATE ||
        status == TCB_STATUS_REVOKED)
        return true;
    err_fail_at(err, level->offset, ERR_MALFORMED, PCS,
                "\"%s\" is not a status of a quoting enclave", tcb_status_name(status));
    return err_in(err, "tcbStatus");
}

static bool level_parse(const struct json *v, struct arena *a, struct qe_level *out,
                        struct err *err)
{
    return isv_svn_parse(v, &out->isv_svn, err) && tcb_standing_parse(v, a, &out->standing, err) &&
           status_check(v, out->standing.status, err);
}

static int descending(const void *a, const void *b)
{
    const struct qe_level *x = a, *y = b;

    return (x->isv_svn < y->isv_svn) - (x->isv_svn > y->isv_svn);
}

static bool refuse_levels(const struct json *list, enum err_code code, const char *text,
                          struct err *err)
{
    err_fail_at(err, list->offset, code, PCS, "%s", text);
    return err_in(err, "tcbLevels");
}

static bool levels_sort(const struct json *list, struct qe_level *levels, size_t n, struct err *err)
{
    qsort(levels, n, sizeof *levels, descending);
    for (size_t i = 1; i < n; i++)
        if (levels[i - 1].isv_svn == levels[i].isv_svn)
            return refuse_levels(list, ERR_MALFORMED, "two levels have the same isvsvn", err);
    return true;
}

static bool levels_parse(const struct json *root, struct arena *a, struct qe_identity *id,
                         struct err *err)
{
    const struct json *list = NULL;
    struct qe_level *levels;
    size_t n = 0;

    if (!json_get_array(root, "tcbLevels", &list, err))
        return false;
    if (list->count == 0)
        return refuse_levels(list, ERR_MALFORMED, "there is no level", err);
    if (list->count > DCAP_LEVELS_MAX)
        return refuse_levels(list, ERR_LIMIT, "there are more than 64 levels", err);
    levels = ARENA_ARRAY(a, struct qe_level, list->count);
    if (!levels)
        return arena_fail(a, err);
    for (const struct json *v = list->child; v; v = v->next)
        if (!level_parse(v, a, &levels[n++], err))
            return err_in(err, "tcbLevels");
    id->levels = levels;
    id->level_count = n;
    return levels_sort(list, levels, n, err);
}

/* The document */

static bool version_check(const struct json *root, struct err *err)
{
    uint32_t version = 0;

    if (!signed_json_uint(root, "version", UINT32_MAX, &version, err))
        return false;
    if (version == QE_IDENTITY_VERSION)
        return true;
    err_fail_at(err, root->offset, ERR_UNSUPPORTED, PCS, "QE identity version %u is not 2",
                (unsigned)version);
    return err_in(err, "version");
}

static bool id_parse(const struct json *root, enum qe_identity_id *out, struct err *err)
{
    static const char *const ids[] = {
        [QE_IDENTITY_QE] = "QE",
        [QE_IDENTITY_QVE] = "QVE",
        [QE_IDENTITY_QAE] = "QAE",
        [QE_IDENTITY_TD_QE] = "TD_QE",
    };
    struct span id = { 0 };
    char show[32];

    if (!json_get_string(root, "id", &id, err))
        return false;
    for (size_t i = 0; i < COUNT(ids); i++)
        if (span_is(id, ids[i])) {
            *out = (enum qe_identity_id)i;
            return true;
        }
    err_fail_at(err, root->offset, ERR_UNSUPPORTED, PCS, "\"%s\" is no enclave that we know",
                utf8_show(id, show, sizeof show));
    return err_in(err, "id");
}

static bool prod_id_parse(const struct json *root, uint16_t *out, struct err *err)
{
    uint32_t v = 0;

    if (!signed_json_uint(root, "isvprodid", UINT16_MAX, &v, err))
        return false;
    *out = (uint16_t)v;
    return true;
}

#define HEX(root, name, field, err) signed_json_hex((root), (name), (field), sizeof(field), (err))

static bool fields_parse(const struct json *root, struct qe_identity *id, struct err *err)
{
    return HEX(root, "miscselect", id->misc_select, err) &&
           HEX(root, "miscselectMask", id->misc_select_mask, err) &&
           HEX(root, "attributes", id->attributes, err) &&
           HEX(root, "attributesMask", id->attributes_mask, err) &&
           HEX(root, "mrsigner", id->mr_signer, err) && prod_id_parse(root, &id->isv_prod_id, err);
}

static bool members_parse(const struct json *root, struct arena *a, struct qe_identity *id,
                          struct err *err)
{
    return version_check(root, err) && id_parse(root, &id->id, err) &&
           signed_json_when(root, "issueDate", &id->issue_date, err) &&
           signed_json_when(root, "nextUpdate", &id->next_update, err) &&
           signed_json_uint(root, "tcbEvaluationDataNumber", UINT32_MAX,
                            &id->evaluation_data_number, err) &&
           fields_parse(root, id, err) && levels_parse(root, a, id, err);
}

bool qe_identity_parse(struct span body, struct arena *a, struct qe_identity *out, struct err *err)
{
    const struct json *root = NULL;
    struct qe_identity id = { 0 };

    if (!signed_json_parse(body, a, &root, err) || !members_parse(root, a, &id, err))
        return err_in(err, "qe_identity");
    *out = id;
    return true;
}

/* Judging a report */

/* actual & mask == expected, byte for byte. Bits the mask leaves out say nothing; a bit expected
 * outside the mask can never be met. */
static bool is_masked_equal(struct span actual, const uint8_t *mask, const uint8_t *expected,
                            size_t n)
{
    if (actual.n != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if ((actual.p[i] & mask[i]) != expected[i])
            return false;
    return true;
}

static bool mismatch(const char *field, struct err *err, const char *text)
{
    err_fail(err, ERR_UNTRUSTED, PCS, "%s", text);
    return err_in(err, field);
}

bool qe_identity_match(const struct qe_identity *identity, const struct sgx_report *report,
                       struct err *err)
{
    uint8_t misc[4];
    struct writer w = writer_over(misc, sizeof misc);

    write_u32le(&w, report->misc_select);
    if (!is_masked_equal(writer_span(&w), identity->misc_select_mask, identity->misc_select,
                         sizeof misc))
        return mismatch("misc_select", err, "MISCSELECT is not the one of the QE identity");
    if (report->is_debug)
        return mismatch("attributes", err, "the quoting enclave is a debug enclave");
    if (!is_masked_equal(report->attributes, identity->attributes_mask, identity->attributes,
                         sizeof identity->attributes))
        return mismatch("attributes", err, "ATTRIBUTES are not those of the QE identity");
    if (!span_equal(report->mr_signer, span_of(identity->mr_signer, sizeof identity->mr_signer)))
        return mismatch("mr_signer", err, "MRSIGNER is not the one of the QE identity");
    if (report->isv_prod_id != identity->isv_prod_id) {
        err_fail(err, ERR_UNTRUSTED, PCS, "ISVPRODID is %u, the QE identity has %u",
                 report->isv_prod_id, identity->isv_prod_id);
        return err_in(err, "isv_prod_id");
    }
    return true;
}

const struct qe_level *qe_level_find(const struct qe_identity *identity, uint16_t isv_svn)
{
    for (size_t i = 0; i < identity->level_count; i++)
        if (identity->levels[i].isv_svn <= isv_svn)
            return &identity->levels[i];
    return NULL;
}
