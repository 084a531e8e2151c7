#include "order.h"

#include "test_log.h"

static void km_58_a_separator_says_what_it_may_and_once(void **state)
{
    static const struct {
        const char *name;
        uint32_t pcr;
        const char *data;
        size_t n;
        bool is_twice, is_good;
    } rows[] = {
        { "zeros", 7, "\0\0\0\0", 4, false, true },
        { "ones", 7, "\xFF\xFF\xFF\xFF", 4, false, true },
        { "error in PCR 7", 7, "\1\0\0\0", 4, false, false },
        { "error in PCR 0", 0, "\1\0\0\0", 4, false, true },
        { "WBCL in PCR 7", 7, "WBCL", 4, false, false },
        { "empty", 7, "", 0, false, false },
        { "three bytes", 7, "\0\0\0", 3, false, false },
        { "five bytes", 7, "\0\0\0\0\0", 5, false, false },
        { "two", 7, "\0\0\0\0", 4, true, false },
        { "two in PCR 0", 0, "\0\0\0\0", 4, true, false },
        { "WBCL in PCR 12", 12, "WBCL", 4, false, true },
        { "WBCL in PCR 14", 14, "WBCL", 4, false, true },
        { "zeros in PCR 12", 12, "\0\0\0\0", 4, false, false },
        { "WBCL twice", 13, "WBCL", 4, true, false },
    };
    struct test_log t;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    CHECK("none", order_check_separators(test_boot(&t), NULL));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = { 0 };
        bool ok;

        test_log_again(&t, MASK_SHA256);
        test_log_separator(&t, 6, "\0\0\0");
        test_log_add(&t, rows[i].pcr, EV_SEPARATOR, span_of(rows[i].data, rows[i].n));
        if (rows[i].is_twice)
            test_log_add(&t, rows[i].pcr, EV_SEPARATOR, span_of(rows[i].data, rows[i].n));
        ok = order_check_separators(test_boot(&t), &e);
        CHECK_INT(rows[i].name, ok, rows[i].is_good);
        if (!ok)
            CHECK_ERR(rows[i].name, e, ERR_UNTRUSTED, rows[i].is_twice ? "events[3]" : "events[2]");
    }
    test_log_fini(&t);
}

static struct span counter(struct arena *a, uint8_t v)
{
    uint8_t bytes[8] = { v };

    return test_record(a, SIPA_BOOTCOUNTER, span_of(bytes, 8));
}

static void nothing_tagged_stands_behind_wbcl(void **state)
{
    struct test_log t;
    struct err e = { 0 };

    (void)state;
    test_log_init(&t, MASK_SHA256);
    for (uint32_t pcr = 12; pcr <= 14; pcr++) {
        err_clear(&e);
        test_log_again(&t, MASK_SHA256);
        test_log_add(&t, pcr, EV_EVENT_TAG, counter(&t.arena, 1));
        CHECK("open", !order_check_end(test_boot(&t), &e));
        CHECK_ERR("open", e, ERR_UNTRUSTED, "");
        err_clear(&e);
        test_log_separator(&t, pcr, "WBCL");
        CHECK_OK("closed", order_check_end(test_boot(&t), &e), e);
        test_log_add(&t, pcr, EV_EVENT_TAG, counter(&t.arena, 1));
        CHECK("after it", !order_check_end(test_boot(&t), &e));
        CHECK_ERR("after it", e, ERR_UNTRUSTED, "events[3]");
    }
    err_clear(&e);
    test_log_again(&t, MASK_SHA256);
    test_log_add(&t, 12, EV_EVENT_TAG, counter(&t.arena, 1));
    test_log_separator(&t, 13, "WBCL");
    CHECK("another PCR's", !order_check_end(test_boot(&t), &e));
    test_log_again(&t, MASK_SHA256);
    test_log_add_as(&t, 9, EV_EVENT_TAG, span_str("\1\2\3\4\0\0\0"), span_str("initrd"));
    err_clear(&e);
    CHECK_OK("Linux", order_check_end(test_boot(&t), &e), e);
    test_log_fini(&t);
}

static void km_55_pcr_12_and_13_hold_tagged_events_only(void **state)
{
    static const struct {
        const char *name;
        uint32_t pcr, type;
        bool is_good;
    } rows[] = {
        { "text", 12, EV_IPL, false },          { "action", 13, EV_EFI_ACTION, false },
        { "unknown", 12, 0x12345678, false },   { "tag", 12, EV_EVENT_TAG, true },
        { "text in PCR 14", 14, EV_IPL, true }, { "text in PCR 11", 11, EV_IPL, true },
    };
    struct test_log t;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = { 0 };

        test_log_again(&t, MASK_SHA256);
        test_log_note(&t, 12, span_str("a note"));
        test_log_add(&t, rows[i].pcr, rows[i].type, counter(&t.arena, 1));
        if (order_check_types(test_boot(&t), &e) != rows[i].is_good)
            fail_msg("row \"%s\": %s", rows[i].name, e.text);
        if (!rows[i].is_good)
            CHECK_ERR(rows[i].name, e, ERR_UNTRUSTED, "events[2]");
    }
    test_log_again(&t, MASK_SHA256);
    test_log_separator(&t, 12, "WBCL");
    test_log_add(&t, 12, EV_IPL, span_str("later, and read by nobody"));
    CHECK("behind WBCL", order_check_types(test_boot(&t), NULL));
    test_log_fini(&t);
}

static void flags_are_0_or_1_and_boot_counters_agree(void **state)
{
    struct test_log t;
    struct span two[2], bytes;
    struct err e = { 0 };

    (void)state;
    test_log_init(&t, MASK_SHA256);
    test_log_add(&t, 12, EV_EVENT_TAG, test_flag(&t.arena, SIPA_BOOTDEBUGGING, 1));
    test_log_add(&t, 13, EV_EVENT_TAG,
                 test_record(&t.arena, SIPA_BOOTDEBUGGING, span_of("\1\0\0\0\0\0\0\0", 8)));
    test_log_add(&t, 12, EV_EVENT_TAG, counter(&t.arena, 7));
    test_log_add(&t, 13, EV_EVENT_TAG, counter(&t.arena, 7));
    CHECK_OK("good", order_check_records(test_boot(&t), &e), e);
    test_log_add(&t, 13, EV_EVENT_TAG, counter(&t.arena, 8));
    CHECK("another counter", !order_check_records(test_boot(&t), &e));
    CHECK_ERR("another counter", e, ERR_UNTRUSTED, "events[5]");
    for (size_t n = 0; n <= 9; n += 9) {
        err_clear(&e);
        test_log_again(&t, MASK_SHA256);
        bytes = span_of("\1\0\0\0\0\0\0\0\0", n);
        test_log_add(&t, 12, EV_EVENT_TAG, test_record(&t.arena, SIPA_WINPE, bytes));
        CHECK("size", !order_check_records(test_boot(&t), &e));
    }
    err_clear(&e);
    test_log_again(&t, MASK_SHA256);
    two[0] = test_flag(&t.arena, SIPA_SAFEMODE, 2);
    two[1] = test_flag(&t.arena, SIPA_WINPE, 0);
    test_log_add(&t, 12, EV_EVENT_TAG,
                 test_record(&t.arena, SIPA_TRUSTBOUNDARY, test_join(&t.arena, two, 2)));
    CHECK("2 is no flag", !order_check_records(test_boot(&t), &e));
    CHECK_ERR("2 is no flag", e, ERR_UNTRUSTED, "events[1]");
    test_log_fini(&t);
}

TEST_MAIN(km_58_a_separator_says_what_it_may_and_once, nothing_tagged_stands_behind_wbcl,
          km_55_pcr_12_and_13_hold_tagged_events_only, flags_are_0_or_1_and_boot_counters_agree)
