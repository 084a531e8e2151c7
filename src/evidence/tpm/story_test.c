#include "story.h"

#include "test_log.h"

static void check_last(struct test_log *t, const char *row, const char *want)
{
    struct boot *b = test_boot(t);
    const struct eventlog *log = &b->logs[0].tcg;
    struct writer w = writer_in(&t->arena, 128);

    story_event(&w, &t->arena, &log->events[log->count - 1]);
    CHECK_TEXT(row, writer_span(&w), want);
}

static void an_event_is_told_in_a_sentence(void **state)
{
    static const uint8_t locality[17] = "StartupLocality\0\3";
    struct test_log t;
    struct span records[4];

    (void)state;
    test_log_init(&t, MASK_SHA256);
    test_log_note(&t, 0, span_of(locality, 17));
    check_last(&t, "note", "note: StartupLocality 3");
    test_log_add(&t, 7, EV_EFI_VARIABLE_DRIVER_CONFIG,
                 test_variable(&t.arena, guid_global, "SecureBoot", span_str("\1")));
    check_last(&t, "Secure Boot", "UEFI variable: SecureBoot is on");
    test_log_add(&t, 7, EV_EFI_VARIABLE_DRIVER_CONFIG,
                 test_variable(&t.arena, guid_global, "PK", (struct span){ 0 }));
    check_last(&t, "empty", "UEFI variable: PK is empty");
    test_log_add(&t, 7, EV_EFI_VARIABLE_DRIVER_CONFIG,
                 test_variable(&t.arena, guid_image_security, "db", span_str("?")));
    check_last(&t, "no database", "UEFI variable: db is no signature database (1 bytes)");
    test_log_add(&t, 7, EV_EFI_VARIABLE_AUTHORITY,
                 test_variable(&t.arena, guid_shim, "SbatLevel", span_str("sbat,1")));
    check_last(&t, "authority", "Secure Boot authority used: SbatLevel vouched, 6 bytes");
    test_log_separator(&t, 7, "\0\0\0");
    check_last(&t, "separator", "end of a phase: the firmware hands over");
    test_log_add(&t, 8, EV_IPL, span_of("grub_cmd: \x1b[2J boot", 20));
    check_last(&t, "made printable", "boot loader text: grub_cmd: ?[2J boot [said, not measured]");
    test_log_add_as(&t, 1, EV_EFI_VARIABLE_BOOT,
                    test_variable(&t.arena, guid_global, "BootOrder", span_str("\1\2")),
                    span_str("\1\2"));
    check_last(&t, "value", "boot variable: BootOrder = 0102 [value measured, name said]");
    records[0] = test_flag(&t.arena, SIPA_BOOTDEBUGGING, 0);
    records[1] = test_record(&t.arena, SIPA_TRANSFER_CONTROL, span_of("\1\0\0\0", 4));
    records[2] = test_record(&t.arena, SIPA_LOADEDMODULE_AGGREGATION, records[0]);
    records[3] = test_record(&t.arena, SIPA_VSM_IDKS_INFO, span_str("key"));
    test_log_add(&t, 12, EV_EVENT_TAG,
                 test_record(&t.arena, SIPA_TRUSTBOUNDARY, test_join(&t.arena, records, 4)));
    check_last(&t, "records",
               "tagged records: BOOTDEBUGGING off, TRANSFER_CONTROL OsLoader, VSM_IDKS_INFO, "
               "1 modules");
    test_log_add(&t, 1, 0x12345678, span_str("AB"));
    check_last(&t, "a type nobody knows", "unknown: 4142");
    test_log_fini(&t);
}

static void a_sentence_is_short_whatever_is_sent(void **state)
{
    static char text[8192];
    struct test_log t;
    struct writer w;
    const struct eventlog *log;
    struct boot *b;

    (void)state;
    memset(text, 'x', sizeof text);
    test_log_init(&t, MASK_SHA256);
    test_log_add(&t, 4, EV_EFI_ACTION, span_of(text, sizeof text));
    test_log_add(&t, 1, 8, span_of(text, sizeof text));
    test_log_note(&t, 1, span_of(text, sizeof text));
    test_log_add(&t, 4, EV_EFI_APPLICATION, span_of(text, sizeof text));
    b = test_boot(&t);
    log = &b->logs[0].tcg;
    for (size_t i = 1; i < log->count; i++) {
        w = writer_in(&t.arena, 64);
        story_event(&w, &t.arena, &log->events[i]);
        CHECK("short", w.n > 0 && w.n < 256);
    }
    test_log_fini(&t);
}

static void every_pcr_has_a_use(void **state)
{
    (void)state;
    for (uint32_t pcr = 0; pcr < PCR_COUNT; pcr++)
        CHECK("use", story_pcr(pcr) != NULL && strlen(story_pcr(pcr)) > 4);
    CHECK_TEXT("none", span_str(story_pcr(24)), "no such PCR");
}

TEST_MAIN(an_event_is_told_in_a_sentence, a_sentence_is_short_whatever_is_sent, every_pcr_has_a_use)
