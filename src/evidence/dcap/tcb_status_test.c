#include "tcb_status.h"

#include "../../../tests/check.h"

static void tcb_status_knows_seven_words_and_no_other(void **state)
{
    static const char *const good[] = {
        "UpToDate",
        "SWHardeningNeeded",
        "ConfigurationNeeded",
        "OutOfDate",
        "OutOfDateConfigurationNeeded",
        "ConfigurationAndSWHardeningNeeded",
        "Revoked",
    };
    static const char *const bad[] = {
        "",        "uptodate",     "UPTODATE",          "UpToDate ",         " UpToDate",
        "UpToDat", "NotSupported", "TDRelaunchAdvised", "UpToDateOutOfDate", "0",
    };
    enum tcb_status status;

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        CHECK(good[i], tcb_status_find(span_str(good[i]), &status));
        CHECK_TEXT(good[i], span_str(tcb_status_name(status)), good[i]);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        status = TCB_STATUS_NONE;
        CHECK(bad[i], !tcb_status_find(span_str(bad[i]), &status) && status == TCB_STATUS_NONE);
    }
}

static void tcb_status_names_nothing_that_is_none(void **state)
{
    (void)state;
    CHECK_TEXT("none", span_str(tcb_status_name(TCB_STATUS_NONE)), "");
    CHECK_TEXT("beyond", span_str(tcb_status_name(TCB_STATUSES)), "");
}

/* Zeroed memory must never read as a good standing, and worse words must stay worse. */
static void tcb_status_runs_from_best_to_worst(void **state)
{
    struct tcb_standing zeroed = { 0 };

    (void)state;
    CHECK("zeroed", zeroed.status == TCB_STATUS_NONE);
    CHECK("best", TCB_STATUS_UP_TO_DATE < TCB_STATUS_SW_HARDENING_NEEDED);
    CHECK("middle", TCB_STATUS_CONFIGURATION_AND_SW_HARDENING_NEEDED < TCB_STATUS_OUT_OF_DATE);
    CHECK("worst", TCB_STATUS_REVOKED == TCB_STATUSES - 1);
}

static void tcb_standing_is_left_alone_on_failure(void **state)
{
    static const char *const texts[] = {
        "{\"tcbStatus\":\"UpToDate\"}",
        "{\"tcbDate\":\"2024-01-15T12:00:00Z\"}",
        "{\"tcbDate\":\"2024-01-15T12:00:00Z\",\"tcbStatus\":\"Fine\"}",
        "{\"tcbDate\":\"2024-01-15T12:00:00Z\",\"tcbStatus\":\"UpToDate\",\"advisoryIDs\":{}}",
        "{\"tcbDate\":\"2024-01-15T12:00:00Z\",\"tcbStatus\":\"UpToDate\",\"advisoryIDs\":[null]}",
        "[]",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct arena a = arena_over(1 << 20);
        struct tcb_standing s = { .date = 7 };
        const struct json *root = NULL;
        struct err e = { 0 };

        CHECK_OK(texts[i], json_parse(span_str(texts[i]), NULL, &a, &root, &e), e);
        CHECK(texts[i], !tcb_standing_parse(root, &a, &s, &e));
        CHECK_INT(texts[i], e.code, ERR_MALFORMED);
        CHECK(texts[i], s.date == 7 && s.status == TCB_STATUS_NONE && !s.advisory_ids);
        arena_fini(&a);
    }
}

TEST_MAIN(tcb_status_knows_seven_words_and_no_other, tcb_status_names_nothing_that_is_none,
          tcb_status_runs_from_best_to_worst, tcb_standing_is_left_alone_on_failure)
