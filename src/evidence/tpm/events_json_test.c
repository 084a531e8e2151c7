#include "events_json.h"

#include "../../format/json.h"
#include "test_log.h"
#include "test_vectors.h"

enum { ALL_PCRS = 0xFFFFFF };

static struct events_json_in in_of(struct test_log *t, const struct boot *b)
{
    struct events_json_in in = { .crypto = t->crypto, .arena = &t->arena, .boot = b };

    in.bank = t->mask & MASK_SHA256 ? BANK_SHA256 : BANK_SHA1;
    for (unsigned bank = 0; bank < BANK_COUNT; bank++)
        in.held[bank] = b->bank_mask & 1u << bank ? ALL_PCRS : 0;
    return in;
}

/* The JSON text of the log written so far; it must be JSON. */
static const struct json *events_of(struct test_log *t, const struct events_json_in *in)
{
    struct json_limits limits = json_limits_default;
    struct writer w = writer_in(&t->arena, 4096);
    const struct json *root = NULL;
    struct err e = { 0 };

    limits.bytes = TPM_EVENTS_JSON_MAX;
    limits.nodes = 4u << 20;
    CHECK_OK("write", events_json_write(in, &w, &e), e);
    CHECK_OK("parse", json_parse(writer_span(&w), &limits, &t->arena, &root, &e), e);
    return json_member(root, "Events");
}

static void check_last(struct test_log *t, const char *row, const char *member, const char *want)
{
    const struct boot *b = test_boot(t);
    struct events_json_in in = in_of(t, b);
    const struct json *events = events_of(t, &in), *last = events->child, *m;

    while (last && last->next)
        last = last->next;
    m = json_member(last, member);
    if (!want)
        CHECK(row, m == NULL);
    else if (m)
        CHECK_TEXT(row, m->raw, want);
    else
        fail_msg("row \"%s\": no %s", row, member);
}

static void an_event_has_its_members(void **state)
{
    static const char separator_digest[] =
        "{\"SHA256\":\"df3f619804a92fdb4057192dc43dd748ea778adc52bc498ce80524c014b81119\"}";
    struct test_log t;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    test_log_separator(&t, 7, "\0\0\0");
    check_last(&t, "number", "EventSeq", "1");
    check_last(&t, "pcr", "PcrIndex", "7");
    check_last(&t, "type", "EventType", "4");
    check_last(&t, "name", "EventTypeString", "\"EV_SEPARATOR\"");
    check_last(&t, "digests", "Digests", separator_digest);
    check_last(&t, "hashed", "DataHashed", "true");
    check_last(&t, "data", "ProcessedData", "{\"RawData\":\"AAAAAA\"}");
    check_last(&t, "nothing loose", "UnmeasuredData", NULL);
    test_log_add(&t, 1, 0x12345678, span_str("x"));
    check_last(&t, "a type nobody knows", "EventTypeString", "\"0x12345678\"");
    test_log_fini(&t);
}

static void each_shape_of_data_has_its_members(void **state)
{
    struct test_log t;
    struct span boundary;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    test_log_add(&t, 7, EV_EFI_VARIABLE_DRIVER_CONFIG,
                 test_variable(&t.arena, guid_global, "SecureBoot", span_str("\1")));
    check_last(&t, "variable", "ProcessedData",
               "{\"VariableGuid\":\"8BE4DF61-93CA-11D2-AA0D-00E098032B8C\",\"UnicodeName\":"
               "\"SecureBoot\",\"VariableData\":\"AQ\"}");
    test_log_add(&t, 7, EV_EFI_VARIABLE_DRIVER_CONFIG, span_str("no variable"));
    check_last(&t, "no variable", "ProcessedData", "{\"RawData\":\"bm8gdmFyaWFibGU\"}");
    test_log_add(&t, 4, EV_EFI_ACTION, span_str("Calling"));
    check_last(&t, "action", "ProcessedData",
               "{\"String\":\"Calling\",\"RawData\":\"Q2FsbGluZw\"}");
    test_log_add(&t, 4, EV_ACTION, span_of("a\xFF\0", 3));
    check_last(&t, "text that is none", "ProcessedData",
               "{\"String\":\"a\xEF\xBF\xBD\",\"RawData\":\"Yf8A\"}");
    boundary =
        test_record(&t.arena, SIPA_TRUSTBOUNDARY, test_flag(&t.arena, SIPA_BOOTDEBUGGING, 0));
    test_log_add(&t, 12, EV_EVENT_TAG, boundary);
    check_last(&t, "Windows", "ProcessedData",
               "{\"EVENT_TRUSTBOUNDARY\":{\"EVENT_BOOTDEBUGGING\":false}}");
    test_log_add(&t, 12, EV_EVENT_TAG, test_record(&t.arena, 0x80030002, span_str("f")));
    check_last(&t, "not measured", "ProcessedData", "{}");
    check_last(&t, "not measured", "UnmeasuredData", "{\"EVENT_TPMFAILURE\":{\"RawData\":\"Zg\"}}");
    test_log_add(&t, 9, EV_EVENT_TAG, span_of("\7\0\0\0\2\0\0\0hi", 10));
    check_last(&t, "another tag", "ProcessedData", "{\"TagId\":7,\"RawData\":\"aGk\"}");
    test_log_add(&t, 9, EV_EVENT_TAG, span_str("?"));
    check_last(&t, "no tag", "ProcessedData", "{\"RawData\":\"Pw\"}");
    test_log_fini(&t);
}

static void km_56_what_no_digest_covers_has_no_measured_name(void **state)
{
    static const struct {
        uint32_t pcr, type;
    } rows[] = {
        { 0, 1 },          { 0, 7 },          { 1, 9 },          { 4, EV_IPL },
        { 4, 0x0E },       { 0, 0x13 },       { 4, 0x80000003 }, { 2, 0x80000004 },
        { 2, 0x80000005 }, { 0, 0x80000008 }, { 1, 0x80000009 }, { 0, 0x8000000A },
        { 1, 0x8000000B }, { 0, 0x80000010 },
    };
    struct test_log t;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    for (size_t i = 0; i < COUNT(rows); i++) {
        test_log_again(&t, MASK_SHA256);
        test_log_add(&t, rows[i].pcr, rows[i].type, span_str("data")); /* even if it hashes so */
        check_last(&t, "empty", "ProcessedData", "{}");
        check_last(&t, "not hashed", "DataHashed", "false");
    }
    test_log_again(&t, MASK_SHA256);
    test_log_add(&t, 8, EV_IPL, span_str("grub_cmd: boot"));
    check_last(&t, "apart", "UnmeasuredData",
               "{\"String\":\"grub_cmd: boot\",\"RawData\":\"Z3J1Yl9jbWQ6IGJvb3Q\"}");
    test_log_fini(&t);
}

static void a_boot_variable_hashed_by_its_value_keeps_its_members(void **state)
{
    struct test_log t;
    struct span v;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    v = test_variable(&t.arena, guid_global, "BootOrder", span_str("\1"));
    test_log_add_as(&t, 1, EV_EFI_VARIABLE_BOOT, v, span_str("\1"));
    check_last(&t, "not hashed", "DataHashed", "false");
    check_last(&t, "members", "ProcessedData",
               "{\"VariableGuid\":\"8BE4DF61-93CA-11D2-AA0D-00E098032B8C\",\"UnicodeName\":"
               "\"BootOrder\",\"VariableData\":\"AQ\"}");
    test_log_again(&t, MASK_SHA256);
    test_log_add_as(&t, 1, EV_EFI_VARIABLE_BOOT, v, span_str("?"));
    check_last(&t, "neither", "ProcessedData", "{}");
    test_log_fini(&t);
}

static void a_boot_program_shows_its_path(void **state)
{
    struct test_log t;
    struct writer w;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    w = writer_in(&t.arena, 64);
    write_u64le(&w, 16);
    write_u64le(&w, 32);
    write_u64le(&w, 0);
    write_u64le(&w, 10);
    write_bytes(&w, span_of("\4\4\6\0\\\0\x7F\xFF\4\0", 10));
    test_log_add(&t, 4, EV_EFI_APPLICATION, writer_span(&w));
    check_last(&t, "program", "UnmeasuredData",
               "{\"DevicePath\":\"\\\\\",\"ImageLength\":32,\"ImageLocation\":16,\"RawData\":"
               "\"EAAAAAAAAAAgAAAAAAAAAAAAAAAAAAAACgAAAAAAAAAEBAYAXAB__wQA\"}");
    test_log_fini(&t);
}

static void notes_and_pcrs_that_do_not_hold_are_counted_and_not_listed(void **state)
{
    struct test_log t;
    struct events_json_in in;
    const struct json *events;

    (void)state;
    test_log_init(&t, MASK_BOTH);
    test_log_separator(&t, 4, "\0\0\0");
    test_log_note(&t, 0, span_str("a note"));
    test_log_separator(&t, 9, "\0\0\0");
    test_log_separator(&t, 7, "\0\0\0");
    in = in_of(&t, test_boot(&t));
    in.held[BANK_SHA256] &= ~(1u << 9);
    in.held[BANK_SHA1] &= ~(1u << 7);
    events = events_of(&t, &in);
    CHECK_INT("listed", events->count, 2);
    CHECK_TEXT("first", json_member(events->child, "EventSeq")->raw, "1");
    CHECK_INT("two digests", json_member(events->child, "Digests")->count, 2);
    CHECK_TEXT("second", json_member(events->child->next, "EventSeq")->raw, "4");
    CHECK_INT("one digest", json_member(events->child->next, "Digests")->count, 1);
    test_log_fini(&t);
}

static void add_ima(struct writer *w, const char *template_name, const char *name,
                    struct span third)
{
    size_t n = 4 + 9 + 4 + strlen(name) + 1 + (third.p ? 4 + third.n : 0);

    write_u32le(w, 10);
    write_fill(w, 5, 20);
    write_u32le(w, (uint32_t)strlen(template_name));
    write_text(w, template_name);
    write_u32le(w, (uint32_t)n);
    write_u32le(w, 9);
    write_bytes(w, span_of("sha256:\0\xAB", 9));
    write_u32le(w, (uint32_t)strlen(name) + 1);
    write_bytes(w, span_of(name, strlen(name) + 1));
    if (third.p) {
        write_u32le(w, (uint32_t)third.n);
        write_bytes(w, third);
    }
}

static void ima_entries_are_events_of_their_own_type(void **state)
{
    static const char *const want[] = {
        "{\"TemplateName\":\"ima-ng\",\"FileName\":\"/bin/sh\",\"Digest\":\"sha256:ab\"}",
        "{\"TemplateName\":\"ima-buf\",\"FileName\":\"kernel_version\",\"Digest\":\"sha256:ab\","
        "\"KernelVersion\":\"6.1.0\"}",
        "{\"TemplateName\":\"ima-buf\",\"FileName\":\".builtin_trusted_keys\",\"Digest\":"
        "\"sha256:ab\",\"Keyring\":\".builtin_trusted_keys\"}",
    };
    struct test_log t;
    struct writer w;
    struct boot b = { 0 };
    struct events_json_in in;
    const struct json *event;
    struct err e = { 0 };

    (void)state;
    test_log_init(&t, MASK_BOTH);
    w = writer_in(&t.arena, 256);
    add_ima(&w, "ima-ng", "/bin/sh", (struct span){ 0 });
    add_ima(&w, "ima-buf", "kernel_version", span_str("6.1.0"));
    add_ima(&w, "ima-buf", ".builtin_trusted_keys", span_str("no certificate"));
    CHECK_OK("tcg", boot_add_tcg(&b, writer_span(&t.w), ORIGIN_ANY, &t.arena, &e), e);
    CHECK_OK("ima", boot_add_ima(&b, writer_span(&w), &t.arena, &e), e);
    in = in_of(&t, &b);
    event = events_of(&t, &in)->child;
    for (size_t i = 0; i < COUNT(want); i++, event = event->next) {
        CHECK_TEXT("type", json_member(event, "EventTypeString")->text, "IMA_MEASUREMENT_EVENT");
        CHECK_TEXT("pcr", json_member(event, "PcrIndex")->raw, "10");
        CHECK_TEXT("data", json_member(event, "ProcessedData")->raw, want[i]);
    }
    in.bank = BANK_SHA1; /* whose listed digests are not those of the data here */
    event = events_of(&t, &in)->child;
    CHECK_TEXT("loose", json_member(event, "ProcessedData")->raw, "{}");
    CHECK_TEXT("loose", json_member(event, "UnmeasuredData")->raw, want[0]);
    in.held[BANK_SHA1] = ALL_PCRS & ~(1u << 10);
    CHECK_INT("PCR 10 does not hold", events_of(&t, &in)->count, 0);
    test_log_fini(&t);
}

static void pcrs_are_the_quoted_ones(void **state)
{
    static const uint8_t value[32] = { 0xAB };
    struct pcr_set set = { 0 };
    struct arena a = arena_over(1u << 16);
    struct writer w = writer_in(&a, 256);

    (void)state;
    pcrs_json_write(&w, &set);
    CHECK_TEXT("none", writer_span(&w), "{\"PCRs\":[]}");
    w.n = 0;
    set.values[BANK_SHA1][7] = span_of(value, 20);
    set.values[BANK_SHA256][7] = span_of(value, 32);
    set.values[BANK_SHA1][0] = span_of(value, 20);
    pcrs_json_write(&w, &set);
    CHECK_TEXT("two", writer_span(&w),
               "{\"PCRs\":[{\"Index\":0,\"Digests\":{\"SHA1\":"
               "\"ab00000000000000000000000000000000000000\"}},{\"Index\":7,\"Digests\":{\"SHA1\":"
               "\"ab00000000000000000000000000000000000000\",\"SHA256\":"
               "\"ab00000000000000000000000000000000000000000000000000000000000000\"}}]}");
    arena_fini(&a);
}

static void events_fail_cleanly_at_each_allocation(void **state)
{
    struct test_log t;
    struct arena own = arena_over(1u << 20);
    struct events_json_in in;
    struct err e = { 0 };
    size_t n = 0;
    bool ok = false;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    test_log_add(&t, 7, EV_EFI_VARIABLE_DRIVER_CONFIG,
                 test_variable(&t.arena, guid_global, "SecureBoot", span_str("\1")));
    test_log_add(&t, 12, EV_EVENT_TAG, test_flag(&t.arena, SIPA_BOOTDEBUGGING, 0));
    test_log_add(&t, 4, EV_ACTION, span_str("text"));
    in = in_of(&t, test_boot(&t));
    in.arena = &own;
    while (!ok && n < 200) {
        struct writer w;

        arena_reset(&own);
        err_clear(&e);
        own.fail_at = ++n;
        w = writer_in(&own, 16);
        ok = events_json_write(&in, &w, &e);
        CHECK_INT("code", e.code, ok ? ERR_NONE : ERR_MEMORY);
    }
    CHECK("it ends", ok && n > 4);
    arena_fini(&own);
    test_log_fini(&t);
}

static void check_vector_json(const struct vector_log *v, void *arg)
{
    struct test_log *t = arg;
    struct events_json_in in;
    const struct json *events;
    size_t counted = 0;

    t->w = writer_in(&t->arena, v->bytes.n);
    write_bytes(&t->w, v->bytes);
    t->mask = eventlog_looks_like(v->bytes) && v->bytes.n > 48 &&
                      memcmp(v->bytes.p + 32, "Spec ID Event03", 15) == 0
                  ? MASK_SHA256
                  : 0;
    in = in_of(t, test_boot(t));
    events = events_of(t, &in);
    for (size_t i = 0; i < in.boot->logs[0].tcg.count; i++)
        counted += in.boot->logs[0].tcg.events[i].type != EV_NO_ACTION;
    CHECK_INT(v->name, events->count, counted);
    arena_reset(&t->arena);
}

static void every_real_log_becomes_json(void **state)
{
    struct test_log t;

    (void)state;
    SKIP_WITHOUT_VECTORS();
    test_log_init(&t, MASK_SHA256);
    vector_each(check_vector_json, &t);
    test_log_fini(&t);
}

TEST_MAIN(an_event_has_its_members, each_shape_of_data_has_its_members,
          km_56_what_no_digest_covers_has_no_measured_name,
          a_boot_variable_hashed_by_its_value_keeps_its_members, a_boot_program_shows_its_path,
          notes_and_pcrs_that_do_not_hold_are_counted_and_not_listed,
          ima_entries_are_events_of_their_own_type, pcrs_are_the_quoted_ones,
          events_fail_cleanly_at_each_allocation, every_real_log_becomes_json)
