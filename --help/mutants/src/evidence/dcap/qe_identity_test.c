#include "qe_identity.h"

#include "edit.h"
#include "sample.h"

#define LEVEL(svn, status)                                                                         \
    "{\"tcb\":{\"isvsvn\":" #svn "},\"tcbDate\":\"2023-12-01T00:00:00Z\",\"tcbStatus\":\"" status  \
    "\"}"
/* What the sample's report is: MISCSELECT 04 03 02 01, flags 0x85, MRSIGNER of bb, product 0x0701,
 * SVN 0x0302. The masks leave out one bit each, which the report has set. */
#define BODY                                                                                       \
    "{\"id\":\"QE\",\"version\":2,\"issueDate\":\"2024-01-11T00:00:00Z\","                         \
    "\"nextUpdate\":\"2024-02-10T00:00:00Z\",\"tcbEvaluationDataNumber\":16,"                      \
    "\"miscselect\":\"00030201\",\"miscselectMask\":\"FBFFFFFF\","                                 \
    "\"attributes\":\"81000000000000000000000000000000\","                                         \
    "\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\","                                     \
    "\"mrsigner\":\"BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB\","           \
    "\"isvprodid\":1793,\"tcbLevels\":[" LEVEL(8, "UpToDate") "," LEVEL(6, "OutOfDate") "," LEVEL( \
        4, "Revoked") "]}"

static struct arena arena;

static void begin(void)
{
    arena_fini(&arena);
    arena = arena_over(64 << 20);
}

static struct qe_identity parse_good(const char *row, struct span body)
{
    struct qe_identity id = { 0 };
    struct err e = { 0 };

    CHECK_OK(row, qe_identity_parse(body, &arena, &id, &e), e);
    return id;
}

static struct err parse_result(struct span body)
{
    uint8_t *exact = check_exact(body);
    struct qe_identity id;
    struct err e = { 0 };
    bool ok = qe_identity_parse(span_of(exact, body.n), &arena, &id, &e);

    free(exact);
    CHECK_INT("a failure has a code", !ok, e.code != ERR_NONE);
    return e;
}

static struct sgx_report sample_report(void)
{
    static uint8_t bytes[SGX_REPORT_SIZE];
    struct writer w = writer_over(bytes, sizeof bytes);
    struct sgx_report report = { 0 };
    struct err e = { 0 };
    struct reader r = reader_over(span_of(bytes, sizeof bytes), &e);

    sample_report_write(&w, 0);
    CHECK_OK("report", sgx_report_parse_qe(&r, &report), e);
    return report;
}

static void qe_identity_reads_each_member(void **state)
{
    struct qe_identity id;

    (void)state;
    begin();
    id = parse_good("body", span_str(BODY));
    CHECK_INT("id", id.id, QE_IDENTITY_QE);
    CHECK_INT("issue date", id.issue_date, 1704931200);
    CHECK_INT("next update", id.next_update, 1707523200);
    CHECK_INT("evaluation number", id.evaluation_data_number, 16);
    CHECK_SPAN("misc_select", span_of(id.misc_select, 4), span_of("\x00\x03\x02\x01", 4));
    CHECK_SPAN("mask", span_of(id.misc_select_mask, 4), span_of("\xfb\xff\xff\xff", 4));
    CHECK_INT("attributes", id.attributes[0], 0x81);
    CHECK_INT("attributes mask", id.attributes_mask[0], 0xfb);
    CHECK_INT("mr_signer", id.mr_signer[31], 0xbb);
    CHECK_INT("isv_prod_id", id.isv_prod_id, 0x0701);
    CHECK_INT("levels", id.level_count, 3);
    CHECK_INT("highest", id.levels[0].isv_svn, 8);
    CHECK_INT("lowest", id.levels[2].standing.status, TCB_STATUS_REVOKED);
}

static void qe_identity_knows_four_enclaves(void **state)
{
    static const struct {
        const char *word;
        enum qe_identity_id id;
    } rows[] = {
        { "\"QE\"", QE_IDENTITY_QE },
        { "\"QVE\"", QE_IDENTITY_QVE },
        { "\"QAE\"", QE_IDENTITY_QAE },
        { "\"TD_QE\"", QE_IDENTITY_TD_QE },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_INT(rows[i].word,
                  parse_good(rows[i].word, edit(&arena, BODY, "\"QE\"", rows[i].word)).id,
                  rows[i].id);
}

static void qe_identity_refuses_what_the_service_never_says(void **state)
{
    static const struct {
        const char *name, *from, *to;
        enum err_code code;
        const char *path;
    } rows[] = {
        { "version 1", ":2,", ":1,", ERR_UNSUPPORTED, "qe_identity.version" },
        { "version 3", ":2,", ":3,", ERR_UNSUPPORTED, "qe_identity.version" },
        { "no version", "\"version\":2,", "", ERR_MALFORMED, "qe_identity.version" },
        { "another enclave", "\"QE\"", "\"qe\"", ERR_UNSUPPORTED, "qe_identity.id" },
        { "no id", "\"id\":\"QE\",", "", ERR_MALFORMED, "qe_identity.id" },
        { "no issue date", "issueDate", "issued", ERR_MALFORMED, "qe_identity.issueDate" },
        { "no next update", "nextUpdate", "next", ERR_MALFORMED, "qe_identity.nextUpdate" },
        { "no number", "tcbEvaluationDataNumber", "number", ERR_MALFORMED,
          "qe_identity.tcbEvaluationDataNumber" },
        { "no miscselect", "\"miscselect\"", "\"misc\"", ERR_MALFORMED, "qe_identity.miscselect" },
        { "short miscselect", "00030201", "030201", ERR_MALFORMED, "qe_identity.miscselect" },
        { "no mask", "miscselectMask", "mask", ERR_MALFORMED, "qe_identity.miscselectMask" },
        { "no attributes", "\"attributes\"", "\"attr\"", ERR_MALFORMED, "qe_identity.attributes" },
        { "no attributes mask", "attributesMask", "mask", ERR_MALFORMED,
          "qe_identity.attributesMask" },
        { "long attributes mask", "FBFFFFFFFFFFFFFF", "FBFFFFFFFFFFFFFF00", ERR_MALFORMED,
          "qe_identity.attributesMask" },
        { "no mrsigner", "mrsigner", "signer", ERR_MALFORMED, "qe_identity.mrsigner" },
        { "no product", "isvprodid", "prodid", ERR_MALFORMED, "qe_identity.isvprodid" },
        { "product of 17 bits", "1793", "65536", ERR_MALFORMED, "qe_identity.isvprodid" },
        { "no levels", "tcbLevels", "levels", ERR_MALFORMED, "qe_identity.tcbLevels" },
        { "an empty list", "\"tcbLevels\":[", "\"tcbLevels\":[],\"x\":[", ERR_MALFORMED,
          "qe_identity.tcbLevels" },
        { "no tcb", "\"tcb\"", "\"t\"", ERR_MALFORMED, "qe_identity.tcbLevels.tcb" },
        { "no isvsvn", "isvsvn", "svn", ERR_MALFORMED, "qe_identity.tcbLevels.tcb.isvsvn" },
        { "isvsvn of 17 bits", ":8}", ":65536}", ERR_MALFORMED,
          "qe_identity.tcbLevels.tcb.isvsvn" },
        { "no date", "tcbDate", "date", ERR_MALFORMED, "qe_identity.tcbLevels.tcbDate" },
        { "no status", "tcbStatus", "status", ERR_MALFORMED, "qe_identity.tcbLevels.tcbStatus" },
        { "a status of platforms", "UpToDate", "SWHardeningNeeded", ERR_MALFORMED,
          "qe_identity.tcbLevels.tcbStatus" },
        { "an unknown status", "UpToDate", "Current", ERR_MALFORMED,
          "qe_identity.tcbLevels.tcbStatus" },
        { "a level twice", "{\"isvsvn\":6}", "{\"isvsvn\":8}", ERR_MALFORMED,
          "qe_identity.tcbLevels" },
        { "a duplicate member", "\"isvprodid\"", "\"isvprodid\":1,\"isvprodid\"", ERR_MALFORMED,
          "qe_identity" },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_ERR(rows[i].name, parse_result(edit(&arena, BODY, rows[i].from, rows[i].to)),
                  rows[i].code, rows[i].path);
}

static void km_19_qe_identity_sorts_the_levels_itself(void **state)
{
    struct qe_identity id;
    struct span body;

    (void)state;
    begin();
    body = edit(&arena, BODY, LEVEL(8, "UpToDate"), "~");
    body = edit(&arena, (const char *)body.p, LEVEL(4, "Revoked"), LEVEL(8, "UpToDate"));
    body = edit(&arena, (const char *)body.p, "~", LEVEL(4, "Revoked"));
    id = parse_good("reversed", body);
    for (size_t i = 0; i < 3; i++)
        CHECK_INT("descending", id.levels[i].isv_svn, 8 - 2 * i);
}

static void qe_level_find_takes_the_first_that_is_reached(void **state)
{
    static const struct {
        uint16_t svn;
        enum tcb_status want;
    } rows[] = {
        { 65535, TCB_STATUS_UP_TO_DATE }, { 8, TCB_STATUS_UP_TO_DATE },
        { 7, TCB_STATUS_OUT_OF_DATE },    { 6, TCB_STATUS_OUT_OF_DATE },
        { 5, TCB_STATUS_REVOKED },        { 4, TCB_STATUS_REVOKED },
        { 3, TCB_STATUS_NONE },           { 0, TCB_STATUS_NONE },
    };
    struct qe_identity id;

    (void)state;
    begin();
    id = parse_good("body", span_str(BODY));
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct qe_level *l = qe_level_find(&id, rows[i].svn);

        CHECK_INT("level", l ? l->standing.status : TCB_STATUS_NONE, rows[i].want);
    }
}

static void km_13_qe_identity_match_names_the_field_that_differs(void **state)
{
    static const struct {
        const char *name, *from, *to, *path; /* path NULL: it matches */
    } rows[] = {
        { "as it is", "", "", NULL },
        { "bit outside the mask of MISCSELECT", "00030201", "04030201", "misc_select" },
        { "MISCSELECT in the other byte order", "00030201", "01020300", "misc_select" },
        { "MISCSELECT differs inside the mask", "00030201", "00030200", "misc_select" },
        { "ATTRIBUTES differ inside the mask", "\"8100", "\"0100", "attributes" },
        { "ATTRIBUTES expect a bit outside the mask", "\"8100", "\"8500", "attributes" },
        { "XFRM inside the mask", "FFFF0000000000000000", "FFFFFF00000000000000", "attributes" },
        { "MRSIGNER", "BBBBBB\"", "BBBBBA\"", "mr_signer" },
        { "ISVPRODID", "1793", "1794", "isv_prod_id" },
    };
    struct sgx_report report = sample_report();

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct qe_identity id =
            parse_good(rows[i].name, edit(&arena, BODY, rows[i].from, rows[i].to));
        struct err e = { 0 };
        bool ok = qe_identity_match(&id, &report, &e);

        if (!rows[i].path)
            CHECK_OK(rows[i].name, ok, e);
        else
            CHECK_ERR(rows[i].name, e, ERR_UNTRUSTED, rows[i].path);
        CHECK_INT(rows[i].name, ok, rows[i].path == NULL);
    }
}

/* actual & mask == expected, bit for bit, for every combination and for masks of all and none. */
static void km_14_qe_identity_masks_the_report_and_not_itself(void **state)
{
    struct sgx_report report = sample_report();
    struct qe_identity whole;

    (void)state;
    begin();
    whole = parse_good("body", span_str(BODY));
    for (unsigned bits = 0; bits < 8; bits++) {
        unsigned actual = bits & 1, mask = bits >> 1 & 1, expected = bits >> 2;
        struct qe_identity id = whole;
        struct err e = { 0 };

        report.misc_select = actual << 17;
        memset(id.misc_select, 0, sizeof id.misc_select);
        memset(id.misc_select_mask, 0, sizeof id.misc_select_mask);
        id.misc_select[2] = (uint8_t)(expected << 1);
        id.misc_select_mask[2] = (uint8_t)(mask << 1);
        CHECK_INT("truth table", qe_identity_match(&id, &report, &e), (actual & mask) == expected);
    }
    report = sample_report();
    for (unsigned all = 0; all < 2; all++) {
        struct qe_identity id = whole;
        struct err e = { 0 };

        memset(id.attributes_mask, all ? 0xff : 0x00, sizeof id.attributes_mask);
        memset(id.attributes, 0, sizeof id.attributes);
        if (all)
            memcpy(id.attributes, report.attributes.p, sizeof id.attributes);
        CHECK_OK("all or nothing", qe_identity_match(&id, &report, &e), e);
        id.attributes[15] ^= 1;
        CHECK("one bit", !qe_identity_match(&id, &report, &e));
        CHECK_ERR("one bit", e, ERR_UNTRUSTED, "attributes");
    }
}

static void km_22_qe_identity_never_matches_a_debug_enclave(void **state)
{
    struct sgx_report report = sample_report();
    struct qe_identity id;
    struct err e = { 0 };

    (void)state;
    begin();
    id = parse_good("body", edit(&arena, BODY, "FBFFFFFFFFFFFFFF", "F9FFFFFFFFFFFFFF"));
    CHECK_OK("the mask leaves debug out", qe_identity_match(&id, &report, &e), e);
    report.is_debug = true;
    CHECK("debug", !qe_identity_match(&id, &report, &e));
    CHECK_ERR("debug", e, ERR_UNTRUSTED, "attributes");
}

static void qe_identity_refuses_each_truncation(void **state)
{
    (void)state;
    begin();
    for (size_t n = 0; n < strlen(BODY); n++)
        CHECK_INT("truncated", parse_result(span_of(BODY, n)).code, ERR_MALFORMED);
}

static void qe_identity_fails_cleanly_at_each_allocation(void **state)
{
    bool done = false;

    (void)state;
    for (size_t n = 1; !done; n++) {
        struct arena a = arena_over(4 << 20);
        struct qe_identity id;
        struct err e = { 0 };

        a.fail_at = n;
        done = qe_identity_parse(span_str(BODY), &a, &id, &e);
        CHECK("memory or done", done || e.code == ERR_MEMORY);
        arena_fini(&a);
    }
}

static bool open_and_parse(const char *path, struct qe_identity *id, struct err *err)
{
    struct span file = check_vector(path);
    struct signed_json s;
    bool ok;

    CHECK(path, file.n > 0);
    ok = qe_identity_open(file, &arena, &s, err) && qe_identity_parse(s.body, &arena, id, err);
    free((void *)(uintptr_t)file.p);
    return ok;
}

static void qe_identity_reads_real_documents(void **state)
{
    static const struct {
        const char *file;
        enum qe_identity_id id;
        size_t levels;
    } rows[] = {
        { "sgx/collateral/00606A000000-2025-08/qe_identity.json", QE_IDENTITY_QE, 6 },
        { "sgx/collateral/00906ED50000-2022-04/qe_identity.json", QE_IDENTITY_QE, 5 },
        { "sgx/collateral/00906ED50000-2025-05/qe_identity.json", QE_IDENTITY_QE, 6 },
        { "sgx/collateral/00906ED50000-2025-05/qe_identity_apiv3.json", QE_IDENTITY_QE, 6 },
        { "sgx/collateral/00A067110000-2025-06/qe_identity.json", QE_IDENTITY_QE, 6 },
        { "sgx/collateral/other/sgx_qve_identity.json", QE_IDENTITY_QVE, 1 },
        { "sgx/collateral/other/sgx_qae_identity.json", QE_IDENTITY_QAE, 1 },
        { "sgx/alt-root/qeIdentity.json", QE_IDENTITY_QE, 1 },
        { "sgx/alt-root/qveIdentity.json", QE_IDENTITY_QVE, 1 },
        { "sgx/parse/qeidentity_data_v2/qe_identity_ok.json", QE_IDENTITY_QE, 2 },
        { "sgx/parse/qeidentity_data_v2/qe_identity_with_advisoryids.json", QE_IDENTITY_QE, 2 },
        { "sgx/parse/qeidentity_data_v2/qve_identity_ok.json", QE_IDENTITY_QVE, 2 },
        { "simulator/base/qe_identity.json", QE_IDENTITY_QE, 3 },
        { "simulator/tdx-relaunch/qe_identity.json", QE_IDENTITY_TD_QE, 3 },
    };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct qe_identity id;
        struct err e = { 0 };

        CHECK_OK(rows[i].file, open_and_parse(rows[i].file, &id, &e), e);
        CHECK_INT(rows[i].file, id.id, rows[i].id);
        CHECK_INT(rows[i].file, id.level_count, rows[i].levels);
    }
}

static void qe_identity_refuses_documents_with_a_member_missing(void **state)
{
    static const char *const missing[] = {
        "attributes", "attributesmask",    "id",         "issuedate",  "isvprodid",  "isvsvn",
        "miscselect", "miscselectmask",    "mrsigner",   "nextupdate", "qeidentity", "signature",
        "tcb_date",   "tcb_eval_data_num", "tcb_levels", "tcb_status", "version",
    };
    static const char *const version1[] = {
        "missing_attributes",
        "missing_attributesmask",
        "missing_issuedate",
        "missing_isvprodid",
        "missing_isvsvn",
        "missing_miscselect",
        "missing_miscselectmask",
        "missing_mrsigner",
        "missing_nextupdate",
        "missing_qeidentity",
        "missing_signature",
        "missing_version",
        "ok",
    };
    struct qe_identity id;
    char path[128];

    (void)state;
    SKIP_WITHOUT_VECTORS();
    begin();
    for (size_t i = 0; i < COUNT(missing); i++) {
        struct err e = { 0 };

        snprintf(path, sizeof path, "sgx/parse/qeidentity_data_v2/qe_identity_missing_%s.json",
                 missing[i]);
        CHECK(path, !open_and_parse(path, &id, &e));
        CHECK_INT(path, e.code, ERR_MALFORMED);
    }
    for (size_t i = 0; i < COUNT(version1); i++) {
        struct err e = { 0 };

        snprintf(path, sizeof path, "sgx/parse/qeidentity_data/qe_identity_%s.json", version1[i]);
        CHECK(path, !open_and_parse(path, &id, &e));
        CHECK_INT(path, e.code, ERR_MALFORMED);
    }
}

TEST_MAIN(qe_identity_reads_each_member, qe_identity_knows_four_enclaves,
          qe_identity_refuses_what_the_service_never_says,
          km_19_qe_identity_sorts_the_levels_itself, qe_level_find_takes_the_first_that_is_reached,
          km_13_qe_identity_match_names_the_field_that_differs,
          km_14_qe_identity_masks_the_report_and_not_itself,
          km_22_qe_identity_never_matches_a_debug_enclave, qe_identity_refuses_each_truncation,
          qe_identity_fails_cleanly_at_each_allocation, qe_identity_reads_real_documents,
          qe_identity_refuses_documents_with_a_member_missing)
