#include "boot.h"

#include "test_log.h"

static void records_are_attached_where_windows_puts_them(void **state)
{
    static const struct {
        uint32_t pcr;
        bool has_records;
    } rows[] = { { 9, false }, { 10, false }, { 11, true },  { 12, true },  { 13, true },
                 { 14, true }, { 15, false }, { 17, false }, { 18, false }, { 19, true },
                 { 20, true }, { 21, false }, { 23, false } };
    struct test_log t;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct boot *b;

        test_log_again(&t, MASK_SHA256);
        test_log_add(&t, rows[i].pcr, EV_EVENT_TAG, test_flag(&t.arena, SIPA_BOOTDEBUGGING, 1));
        b = test_boot(&t);
        CHECK_INT("records", b->logs[0].tcg.events[1].records != NULL, rows[i].has_records);
    }
    test_log_fini(&t);
}

static void km_60_records_that_do_not_add_up_refuse_the_log(void **state)
{
    struct test_log t;
    struct boot b = { 0 };
    struct err e = { 0 };

    (void)state;
    test_log_init(&t, MASK_SHA256);
    test_log_add(&t, 9, EV_EVENT_TAG, span_str("Linux may write what it likes"));
    test_log_add(&t, 13, EV_EVENT_TAG, span_of("\1\0\4\0\2\0\0\0\1", 9));
    CHECK("refused", !boot_add_tcg(&b, writer_span(&t.w), ORIGIN_ANY, &t.arena, &e));
    CHECK_ERR("refused", e, ERR_MALFORMED, "logs[0].events[2].records[0].size");
    CHECK_INT("place", e.offset, t.w.n - 1);
    CHECK_INT("nothing was added", b.count, 0);
    test_log_fini(&t);
}

static void an_attestation_has_a_limit_of_logs(void **state)
{
    struct test_log t;
    struct boot b = { 0 };
    struct err e = { 0 };

    (void)state;
    test_log_init(&t, MASK_SHA256);
    for (size_t i = 0; i < TPM_LOGS_MAX; i++)
        CHECK_OK("fits", boot_add_tcg(&b, writer_span(&t.w), ORIGIN_ANY, &t.arena, &e), e);
    CHECK("one more", !boot_add_tcg(&b, writer_span(&t.w), ORIGIN_ANY, &t.arena, &e));
    CHECK_ERR("one more", e, ERR_LIMIT, "logs[16]");
    err_clear(&e);
    CHECK("of either kind", !boot_add_ima(&b, span_str("x"), &t.arena, &e));
    CHECK_ERR("of either kind", e, ERR_LIMIT, "logs[16]");
    CHECK_INT("events", b.event_count, TPM_LOGS_MAX);
    test_log_fini(&t);
}

static void a_log_has_a_limit_of_records(void **state)
{
    struct test_log t;
    struct boot b = { 0 };
    struct err e = { 0 };
    struct writer records;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    records = writer_in(&t.arena, 8 * TPM_SIPA_RECORDS_MAX);
    for (size_t i = 0; i < TPM_SIPA_RECORDS_MAX / 2; i++)
        sipa_write(&records, 0x00099999, (struct span){ 0 });
    test_log_add(&t, 12, EV_EVENT_TAG, writer_span(&records));
    test_log_add(&t, 13, EV_EVENT_TAG, writer_span(&records));
    CHECK_OK("fits", boot_add_tcg(&b, writer_span(&t.w), ORIGIN_ANY, &t.arena, &e), e);
    test_log_add(&t, 13, EV_EVENT_TAG, test_flag(&t.arena, SIPA_BOOTDEBUGGING, 1));
    CHECK("one more", !boot_add_tcg(&b, writer_span(&t.w), ORIGIN_ANY, &t.arena, &e));
    CHECK_ERR("one more", e, ERR_LIMIT, "logs[1].events[3].records");
    test_log_fini(&t);
}

static void banks_of_a_boot_are_those_of_every_log(void **state)
{
    struct test_log t;
    struct boot b = { 0 };
    struct err e = { 0 };

    (void)state;
    test_log_init(&t, MASK_BOTH);
    CHECK_OK("both", boot_add_tcg(&b, writer_span(&t.w), ORIGIN_ANY, &t.arena, &e), e);
    CHECK_INT("both", b.bank_mask, MASK_BOTH);
    test_log_again(&t, MASK_SHA256);
    CHECK_OK("one", boot_add_tcg(&b, writer_span(&t.w), ORIGIN_ANY, &t.arena, &e), e);
    CHECK_INT("one", b.bank_mask, MASK_SHA256);
    test_log_again(&t, MASK_SHA1);
    CHECK_OK("none", boot_add_tcg(&b, writer_span(&t.w), ORIGIN_ANY, &t.arena, &e), e);
    CHECK_INT("none", b.bank_mask, 0);
    test_log_fini(&t);
}

static void a_boot_fails_cleanly_at_each_allocation(void **state)
{
    struct test_log t;
    struct arena own = arena_over(4u << 20);
    struct err e = { 0 };
    size_t n = 0;
    bool ok = false;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    test_log_add(
        &t, 12, EV_EVENT_TAG,
        test_record(&t.arena, SIPA_TRUSTBOUNDARY, test_flag(&t.arena, SIPA_BOOTDEBUGGING, 1)));
    while (!ok && n < 50) {
        struct boot b = { 0 };

        arena_fini(&own);
        own = arena_over(4u << 20);
        err_clear(&e);
        own.fail_at = ++n;
        ok = boot_add_tcg(&b, writer_span(&t.w), ORIGIN_ANY, &own, &e);
        CHECK_INT("code", e.code, ok ? ERR_NONE : ERR_MEMORY);
    }
    CHECK_INT("allocations", n, 4);
    arena_fini(&own);
    test_log_fini(&t);
}

static void each_event_type_is_listed_once_in_order(void **state)
{
    char buf[EVENT_TYPE_TEXT];

    (void)state;
    for (size_t i = 0; i < event_type_count; i++) {
        const struct event_type *type = &event_types[i];

        CHECK(type->name, i == 0 || event_types[i - 1].number < type->number);
        CHECK(type->name, event_type_find(type->number) == type);
        CHECK(type->name, strncmp(type->name, "EV_", 3) == 0 && strlen(type->name) < sizeof buf);
    }
    CHECK("unknown", event_type_find(2) == NULL && event_type_find(UINT32_MAX) == NULL);
    CHECK_TEXT("unknown", span_str(event_type_show(0x402, buf)), "0x00000402");
}

TEST_MAIN(records_are_attached_where_windows_puts_them,
          km_60_records_that_do_not_add_up_refuse_the_log, an_attestation_has_a_limit_of_logs,
          a_log_has_a_limit_of_records, banks_of_a_boot_are_those_of_every_log,
          a_boot_fails_cleanly_at_each_allocation, each_event_type_is_listed_once_in_order)
