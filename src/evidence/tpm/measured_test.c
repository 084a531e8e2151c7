#include "measured.h"

#include "test_log.h"

static enum event_data settled(struct test_log *t)
{
    struct boot *b = test_boot(t);
    const struct eventlog *log = &b->logs[0].tcg;

    return log->events[log->count - 1].measured;
}

static void the_data_of_an_event_is_hashed_where_its_type_says_so_and_it_is(void **state)
{
    static const struct {
        const char *name;
        uint32_t pcr, type;
        bool is_other; /* the digest is that of something else */
        enum event_data want;
    } rows[] = {
        { "separator", 0, EV_SEPARATOR, false, EVENT_DATA_HASHED },
        { "action", 4, EV_EFI_ACTION, false, EVENT_DATA_HASHED },
        { "version", 0, 8, false, EVENT_DATA_HASHED },
        { "version, edited", 0, 8, true, EVENT_DATA_LOOSE },
        { "tag of Linux", 9, EV_EVENT_TAG, true, EVENT_DATA_LOOSE },
        { "a vendor's, hashed", 1, 0x0A, false, EVENT_DATA_HASHED },
        { "a vendor's, not", 1, 0x0A, true, EVENT_DATA_LOOSE },
        { "a type nobody knows", 1, 0x1234, false, EVENT_DATA_HASHED },
        { "firmware volume, whatever it is", 0, 0x80000008, false, EVENT_DATA_LOOSE },
        { "boot program, whatever it is", 4, EV_EFI_APPLICATION, false, EVENT_DATA_LOOSE },
        { "boot loader text, whatever it is", 8, EV_IPL, false, EVENT_DATA_LOOSE },
    };
    struct test_log t;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span data = span_str("1234");

        test_log_again(&t, MASK_SHA256);
        test_log_add_as(&t, rows[i].pcr, rows[i].type, data,
                        rows[i].is_other ? span_str("other") : data);
        CHECK_INT(rows[i].name, settled(&t), rows[i].want);
    }
    test_log_again(&t, MASK_SHA256);
    test_log_note(&t, 0, span_str("note"));
    CHECK_INT("note", settled(&t), EVENT_DATA_LOOSE);
    test_log_fini(&t);
}

static void a_boot_variable_is_hashed_whole_or_by_its_value(void **state)
{
    struct test_log t;
    struct span v;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    v = test_variable(&t.arena, guid_global, "BootOrder", span_str("\1\2"));
    test_log_add(&t, 1, EV_EFI_VARIABLE_BOOT, v);
    CHECK_INT("whole", settled(&t), EVENT_DATA_HASHED);
    test_log_again(&t, MASK_SHA256);
    test_log_add_as(&t, 1, EV_EFI_VARIABLE_BOOT, v, span_str("\1\2"));
    CHECK_INT("value", settled(&t), EVENT_DATA_VALUE);
    test_log_again(&t, MASK_SHA256);
    test_log_add_as(&t, 1, EV_EFI_VARIABLE_BOOT, v, span_str("\1"));
    CHECK_INT("neither", settled(&t), EVENT_DATA_LOOSE);
    test_log_again(&t, MASK_SHA256);
    test_log_add_as(&t, 1, 0x8000000C, v, span_str("\1\2"));
    CHECK_INT("the newer type is hashed whole", settled(&t), EVENT_DATA_LOOSE);
    test_log_fini(&t);
}

/* Six bytes too many, and all but the last of them hashed: nothing behind the variable is read. */
static void the_surplus_of_old_shims_is_not_read(void **state)
{
    struct test_log t;
    struct boot *b;
    struct span v, whole[2];
    const struct tpm_event *e;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    v = test_variable(&t.arena, guid_shim, "Shim", span_str("certificate"));
    whole[0] = v;
    whole[1] = span_str("surplu");
    v = test_join(&t.arena, whole, 2);
    test_log_add_as(&t, 7, EV_EFI_VARIABLE_AUTHORITY, v, span_part(v, 0, v.n - 1));
    b = test_boot(&t);
    e = &b->logs[0].tcg.events[1];
    CHECK_INT("hashed", e->measured, EVENT_DATA_HASHED);
    CHECK_SPAN("content", e->content, whole[0]);
    test_log_again(&t, MASK_SHA256);
    test_log_add_as(&t, 7, EV_EFI_VARIABLE_AUTHORITY, whole[0], span_part(whole[0], 0, v.n - 7));
    CHECK_INT("the variable's own last byte is not surplus", settled(&t), EVENT_DATA_LOOSE);
    test_log_fini(&t);
}

/* Data changed, digest kept: the digests replay all the same. */
static void km_56_edited_data_is_refused_wherever_it_is_read(void **state)
{
    static const struct {
        const char *name;
        uint32_t pcr, type;
        bool is_demanded;
    } rows[] = {
        { "Windows records", 11, EV_EVENT_TAG, true },
        { "Windows records", 12, EV_EVENT_TAG, true },
        { "Windows records", 14, EV_EVENT_TAG, true },
        { "launch records", 17, EV_EVENT_TAG, true },
        { "launch records", 22, EV_EVENT_TAG, true },
        { "Linux tags", 9, EV_EVENT_TAG, false },
        { "separator", 0, EV_SEPARATOR, true },
        { "separator of PCR 9", 9, EV_SEPARATOR, true },
        { "configuration in PCR 7", 7, EV_EFI_VARIABLE_DRIVER_CONFIG, true },
        { "authority in PCR 7", 7, EV_EFI_VARIABLE_AUTHORITY, true },
        { "configuration in PCR 1", 1, EV_EFI_VARIABLE_DRIVER_CONFIG, false },
        { "action", 5, EV_EFI_ACTION, true },
        { "Windows' marks", 11, EV_COMPACT_HASH, true },
        { "marks elsewhere", 4, EV_COMPACT_HASH, false },
        { "version", 0, 8, false },
        { "boot program", 4, EV_EFI_APPLICATION, false },
    };
    struct test_log t;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    for (size_t i = 0; i < COUNT(rows); i++) {
        static const uint8_t empty_record[8] = { 1, 0, 2, 0 };
        struct span data = span_of(empty_record, 8);
        struct data_mismatch m;
        struct boot *b;
        struct err e = { 0 };
        bool ok;

        test_log_again(&t, MASK_SHA256);
        test_log_add_as(&t, rows[i].pcr, rows[i].type, data, span_str("what was measured"));
        b = test_boot(&t);
        ok = measured_check(t.crypto, BANK_SHA256, b, &m, &e);
        CHECK_INT(rows[i].name, ok, !rows[i].is_demanded);
        if (ok)
            continue;
        CHECK_ERR(rows[i].name, e, ERR_UNTRUSTED, "events[1]");
        CHECK_INT(rows[i].name, m.seq, 1);
        CHECK("expected", memcmp(m.expected, m.event->digests[BANK_SHA256], 32) == 0);
        CHECK("found", memcmp(m.actual, m.expected, 32) != 0);
    }
    test_log_fini(&t);
}

static void an_event_without_a_digest_of_the_bank_has_loose_data(void **state)
{
    struct test_log t;
    struct boot *b;
    struct err e = { 0 };

    (void)state;
    test_log_init(&t, MASK_BOTH);
    t.mask = MASK_SHA256;
    test_log_separator(&t, 0, "\0\0\0");
    b = test_boot(&t);
    CHECK_OK("settle", measured_settle(t.crypto, BANK_SHA1, b, &e), e);
    CHECK_INT("loose", b->logs[0].tcg.events[1].measured, EVENT_DATA_LOOSE);
    CHECK_OK("not demanded", measured_check(t.crypto, BANK_SHA1, b, NULL, &e), e);
    test_log_fini(&t);
}

TEST_MAIN(the_data_of_an_event_is_hashed_where_its_type_says_so_and_it_is,
          a_boot_variable_is_hashed_whole_or_by_its_value, the_surplus_of_old_shims_is_not_read,
          km_56_edited_data_is_refused_wherever_it_is_read,
          an_event_without_a_digest_of_the_bank_has_loose_data)
