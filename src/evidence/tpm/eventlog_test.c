#include "test_log.h"

enum { OFFSET_PCR = 0, OFFSET_TYPE = 4, OFFSET_COUNT = 8, HEADER_FRAME = 32, LEGACY_SIZE_AT = 28 };

static struct err parse_error(struct test_log *t, struct span bytes)
{
    struct eventlog log;
    struct err e = { 0 };
    uint8_t *exact = check_exact(bytes);

    if (eventlog_parse(span_of(exact, bytes.n), &t->arena, &log, &e) && e.code != ERR_NONE)
        fail_msg("accepted with an error");
    free(exact);
    return e;
}

static struct eventlog parse_ok(struct test_log *t)
{
    struct eventlog log = { 0 };
    struct err e = { 0 };

    CHECK_OK("log", eventlog_parse(writer_span(&t->w), &t->arena, &log, &e), e);
    return log;
}

/* A log of three events behind its header. */
static void sample(struct test_log *t)
{
    test_log_add(t, 0, 8, span_str("version"));
    test_log_add(t, 4, EV_EFI_ACTION, span_str("Calling EFI Application from Boot Option"));
    test_log_separator(t, 7, "\0\0\0");
}

static void put32(struct span s, size_t at, uint32_t v)
{
    uint8_t *p = (uint8_t *)(uintptr_t)s.p + at;

    for (size_t i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

static void eventlog_reads_back_what_its_writer_wrote(void **state)
{
    static const unsigned masks[] = { 0, MASK_SHA1, MASK_SHA256, MASK_BOTH, 15 };
    struct test_log t;

    (void)state;
    test_log_init(&t, 0);
    for (size_t i = 0; i < COUNT(masks); i++) {
        struct writer back = writer_in(&t.arena, 512);
        struct eventlog log;

        test_log_again(&t, masks[i]);
        sample(&t);
        log = parse_ok(&t);
        CHECK_INT("events", log.count, masks[i] ? 4 : 3);
        CHECK_INT("format", log.is_agile, masks[i] != 0);
        CHECK_INT("banks", log.bank_mask, masks[i] ? masks[i] : MASK_SHA1);
        if (masks[i])
            eventlog_write_header(&back, masks[i], log.header.vendor);
        for (size_t k = masks[i] ? 1 : 0; k < log.count; k++)
            eventlog_write_event(&back, masks[i], &log.events[k]);
        CHECK_SPAN("bytes", writer_span(&back), writer_span(&t.w));
    }
    test_log_fini(&t);
}

static void eventlog_takes_digests_in_any_order_and_skips_those_it_cannot_compute(void **state)
{
    static const uint8_t sm3[] = { 0x12, 0x00, 0x20, 0x00 };
    struct test_log t;
    struct writer w;
    struct eventlog log = { 0 };
    struct err e = { 0 };

    (void)state;
    test_log_init(&t, MASK_BOTH);
    w = writer_in(&t.arena, 256);
    write_bytes(&w, span_part(writer_span(&t.w), 0, 28));
    write_u32le(&w, 37 + 4);
    write_bytes(&w, span_part(writer_span(&t.w), 32, 24));
    write_u32le(&w, 3);
    write_bytes(&w, span_part(writer_span(&t.w), 60, 8));
    write_bytes(&w, span_of(sm3, sizeof sm3));
    write_u8(&w, 0);
    write_u32le(&w, 3);
    write_u32le(&w, 5);
    write_u32le(&w, 3);
    write_u16le(&w, 0x12);
    write_fill(&w, 3, 32);
    write_u16le(&w, 0x0B);
    write_fill(&w, 2, 32);
    write_u16le(&w, 0x04);
    write_fill(&w, 1, 20);
    write_u32le(&w, 2);
    write_text(&w, "hi");
    CHECK_OK("log", eventlog_parse(writer_span(&w), &t.arena, &log, &e), e);
    CHECK_INT("banks", log.bank_mask, MASK_BOTH);
    CHECK_INT("sha1", log.events[1].digests[BANK_SHA1][0], 1);
    CHECK_INT("sha256", log.events[1].digests[BANK_SHA256][0], 2);
    CHECK_TEXT("data", log.events[1].data, "hi");
    test_log_fini(&t);
}

static void eventlog_refuses_a_header_that_is_not_one(void **state)
{
    static const struct {
        const char *name;
        size_t at;
        uint32_t value;
        const char *path;
    } rows[] = {
        { "in PCR 1", OFFSET_PCR, 1, "events[0].header" },
        { "with a digest", 8, 1, "events[0].header" },
        { "no algorithm", 56, 0, "events[0].header.algorithm_count" },
        { "nine algorithms", 56, 9, "events[0].header.algorithm_count" },
        { "four thousand million", 56, UINT32_MAX, "events[0].header.algorithm_count" },
        { "one twice", 64, 0x00140004, "events[0].header.algorithms" },
        { "a digest of 21 bytes", 60, 0x00150004, "events[0].header.algorithms" },
        { "uintn 3", 52, 0x03000200, "events[0].header.uintn_size" },
        { "vendor bytes that are not there", LEGACY_SIZE_AT, 36, "events[0].header.vendor_size" },
        { "bytes behind the vendor's", LEGACY_SIZE_AT, 38, "events[0].header" },
    };
    struct test_log t;

    (void)state;
    test_log_init(&t, MASK_BOTH);
    sample(&t);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span copy = arena_dup(&t.arena, writer_span(&t.w));

        put32(copy, rows[i].at, rows[i].value);
        CHECK_ERR(rows[i].name, parse_error(&t, copy), ERR_MALFORMED, rows[i].path);
    }
    test_log_fini(&t);
}

static void km_59_eventlog_refuses_digests_that_the_header_does_not_list(void **state)
{
    static const struct {
        const char *name;
        size_t at;
        uint32_t value;
    } rows[] = {
        { "three where two are listed", OFFSET_COUNT, 3 },
        { "a strange algorithm", OFFSET_COUNT + 4, 0xAAAA000C },
        { "none known at all", OFFSET_COUNT + 4, 0xAAAAFFFF },
    };
    struct test_log t;
    size_t header;

    (void)state;
    test_log_init(&t, MASK_BOTH);
    header = t.w.n;
    sample(&t);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span copy = arena_dup(&t.arena, writer_span(&t.w));

        put32(copy, header + rows[i].at, rows[i].value);
        CHECK_ERR(rows[i].name, parse_error(&t, copy), ERR_MALFORMED, "events[1].digests");
    }
    test_log_fini(&t);
}

static void km_59_eventlog_counts_events_that_lack_a_bank(void **state)
{
    struct test_log t;
    struct eventlog log;

    (void)state;
    test_log_init(&t, MASK_BOTH);
    sample(&t);
    t.mask = MASK_SHA256; /* the header has said both */
    test_log_add(&t, 12, EV_EVENT_TAG, span_str(""));
    log = parse_ok(&t);
    CHECK_INT("short", log.short_count, 1);
    CHECK("no sha1", log.events[4].digests[BANK_SHA1] == NULL);
    CHECK("sha256", log.events[4].digests[BANK_SHA256] != NULL);
    test_log_fini(&t);
}

static void km_60_eventlog_believes_no_length(void **state)
{
    static const uint32_t sizes[] = { 41, 42, 1u << 20, INT32_MAX, UINT32_MAX };
    struct test_log t;
    size_t at;

    (void)state;
    test_log_init(&t, 0);
    test_log_add(&t, 4, EV_EFI_ACTION, span_str("Calling EFI Application from Boot Option"));
    at = LEGACY_SIZE_AT;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct span copy = arena_dup(&t.arena, writer_span(&t.w));
        bool is_big = sizes[i] > TPM_EVENT_MAX;

        put32(copy, at, sizes[i]);
        CHECK_ERR("size", parse_error(&t, copy), is_big ? ERR_LIMIT : ERR_MALFORMED,
                  is_big ? "events[0].size" : "events[0].data");
    }
    for (uint32_t size = 0; size < 40; size++) { /* what remains is no event */
        struct span copy = arena_dup(&t.arena, writer_span(&t.w));

        put32(copy, at, size);
        CHECK("short size", parse_error(&t, copy).code != ERR_NONE);
    }
    test_log_fini(&t);
}

static void km_60_eventlog_refuses_pcrs_that_no_tpm_has(void **state)
{
    static const uint32_t pcrs[] = { 24, 31, 32, 255, INT32_MAX, UINT32_MAX };
    struct test_log t;

    (void)state;
    for (size_t i = 0; i < COUNT(pcrs); i++) {
        test_log_init(&t, MASK_SHA256);
        test_log_add(&t, pcrs[i], EV_EFI_ACTION, span_str("x"));
        CHECK_ERR("pcr", parse_error(&t, writer_span(&t.w)), ERR_MALFORMED, "events[1].pcr");
        test_log_fini(&t);
    }
}

static void eventlog_takes_padding_of_equal_bytes_and_nothing_else(void **state)
{
    static const struct {
        const char *name;
        uint8_t byte;
        size_t n;
        bool is_spoiled;
        const char *path; /* NULL: taken */
    } rows[] = {
        { "twelve zeros", 0x00, 12, false, NULL },
        { "a page of ones", 0xFF, 4096, false, NULL },
        { "eleven zeros", 0x00, 11, false, "events[3].digest" },
        { "a one among zeros", 0x00, 4096, true, "padding" },
        { "a one among ones", 0xFF, 4096, true, "padding" },
        { "other bytes", 0x20, 40, false, "events[3].pcr" },
    };
    struct test_log t;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e;

        test_log_init(&t, 0);
        sample(&t);
        write_fill(&t.w, rows[i].byte, rows[i].n);
        if (rows[i].is_spoiled)
            t.w.p[t.w.n - 1] = 0x5A;
        e = parse_error(&t, writer_span(&t.w));
        if (rows[i].path)
            CHECK_ERR(rows[i].name, e, ERR_MALFORMED, rows[i].path);
        else
            CHECK_INT(rows[i].name, parse_ok(&t).padding, rows[i].n);
        test_log_fini(&t);
    }
}

/* The record that Windows puts behind a log, in the log's frame. */
static void write_trust_point(struct test_log *t, const char *data)
{
    write_u32le(&t->w, UINT32_MAX);
    write_u32le(&t->w, EV_NO_ACTION);
    if (t->mask) {
        write_u32le(&t->w, 1);
        write_u16le(&t->w, 0x0B);
    }
    write_fill(&t->w, 0x77, t->mask ? 32 : 20);
    write_u32le(&t->w, (uint32_t)strlen(data));
    write_text(&t->w, data);
}

static void eventlog_keeps_trust_points_apart_from_events(void **state)
{
    static const unsigned masks[] = { 0, MASK_BOTH };
    struct test_log t;

    (void)state;
    for (size_t i = 0; i < COUNT(masks); i++) {
        struct eventlog log;

        test_log_init(&t, masks[i]);
        sample(&t);
        write_trust_point(&t, "tail");
        log = parse_ok(&t);
        CHECK_INT("events", log.count, masks[i] ? 4 : 3);
        CHECK_INT("trust points", log.trust_point_count, 1);
        CHECK_TEXT("data", log.trust_points[0].data, "tail");
        test_log_separator(&t, 6, "\0\0\0");
        CHECK_ERR("behind it", parse_error(&t, writer_span(&t.w)), ERR_MALFORMED, "events");
        test_log_fini(&t);
    }
    test_log_init(&t, 0);
    for (int i = 0; i <= TPM_TRUST_POINTS_MAX; i++)
        write_trust_point(&t, "tail");
    CHECK_ERR("too many", parse_error(&t, writer_span(&t.w)), ERR_LIMIT, "trust_points");
    test_log_fini(&t);
}

static struct span locality(uint8_t v, size_t n)
{
    static uint8_t data[18] = "StartupLocality";

    data[16] = v;
    return span_of(data, n);
}

static void km_57_eventlog_takes_a_startup_locality_once_and_first(void **state)
{
    static const struct {
        const char *name;
        uint32_t pcr;
        uint8_t value;
        size_t n;
        bool is_late, is_twice;
        const char *path;
    } rows[] = {
        { "0", 0, 0, 17, false, false, NULL },
        { "3", 0, 3, 17, false, false, NULL },
        { "4", 0, 4, 17, false, false, NULL },
        { "1", 0, 1, 17, false, false, "events[1].locality" },
        { "255", 0, 255, 17, false, false, "events[1].locality" },
        { "no byte", 0, 3, 16, false, false, "events[1].locality" },
        { "two bytes", 0, 3, 18, false, false, "events[1].locality" },
        { "in PCR 1", 1, 3, 17, false, false, "events[1].locality" },
        { "after a measurement", 0, 3, 17, true, false, "events[2].locality" },
        { "twice", 0, 3, 17, false, true, "events[2].locality" },
    };
    struct test_log t;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        test_log_init(&t, MASK_SHA256);
        if (rows[i].is_late)
            test_log_add(&t, 0, 8, span_str("v"));
        test_log_note(&t, rows[i].pcr, locality(rows[i].value, rows[i].n));
        if (rows[i].is_twice)
            test_log_note(&t, rows[i].pcr, locality(rows[i].value, rows[i].n));
        if (rows[i].path)
            CHECK_ERR(rows[i].name, parse_error(&t, writer_span(&t.w)), ERR_MALFORMED,
                      rows[i].path);
        else
            CHECK_INT(rows[i].name, parse_ok(&t).locality, rows[i].value);
        test_log_fini(&t);
    }
}

static void km_57_eventlog_refuses_a_second_header_and_a_missing_one(void **state)
{
    struct test_log t;
    size_t header;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    test_log_note(&t, 0, span_of("Spec ID Event03", 16));
    CHECK_ERR("second", parse_error(&t, writer_span(&t.w)), ERR_MALFORMED, "events[1].header");
    test_log_again(&t, 0);
    test_log_note(&t, 0, span_of("Spec ID Event02", 16));
    test_log_separator(&t, 0, "\0\0\0");
    CHECK_INT("an old one is a note", parse_ok(&t).is_agile, false);
    test_log_again(&t, 0);
    test_log_note(&t, 0, span_str("short"));
    CHECK_INT("a note may be short", parse_ok(&t).count, 1);
    test_log_again(&t, MASK_BOTH);
    header = t.w.n;
    sample(&t);
    CHECK("events of the new frame without their header",
          parse_error(&t, span_of(t.w.p + header, t.w.n - header)).code != ERR_NONE);
    test_log_fini(&t);
}

static void eventlog_refuses_each_truncation_but_between_events(void **state)
{
    static const unsigned masks[] = { 0, MASK_BOTH };
    struct test_log t;

    (void)state;
    for (size_t i = 0; i < COUNT(masks); i++) {
        struct eventlog whole;

        test_log_init(&t, masks[i]);
        sample(&t);
        whole = parse_ok(&t);
        for (size_t n = 0, next = 0; n < t.w.n; n++) {
            struct err e = parse_error(&t, span_of(t.w.p, n));

            while (next < whole.count && whole.events[next].offset < n)
                next++;
            if (n > 0 && next < whole.count && whole.events[next].offset == n)
                CHECK_INT("between", e.code, ERR_NONE);
            else
                CHECK_INT("inside", e.code, ERR_MALFORMED);
        }
        test_log_fini(&t);
    }
}

/* A flipped bit is refused, or is seen: in what an event says or in what it is measured as. */
static void eventlog_never_reads_a_flipped_bit_as_the_same_log(void **state)
{
    struct test_log t;
    struct eventlog whole, log;

    (void)state;
    test_log_init(&t, MASK_BOTH);
    sample(&t);
    whole = parse_ok(&t);
    for (size_t bit = 8 * HEADER_FRAME; bit < 8 * t.w.n; bit++) {
        struct span copy = arena_dup(&t.arena, writer_span(&t.w));
        struct err e = { 0 };
        bool is_same = true;

        ((uint8_t *)(uintptr_t)copy.p)[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (!eventlog_parse(copy, &t.arena, &log, &e))
            continue;
        is_same = log.count == whole.count && log.bank_mask == whole.bank_mask;
        for (size_t k = 0; is_same && k < log.count; k++)
            is_same =
                log.events[k].pcr == whole.events[k].pcr &&
                log.events[k].type == whole.events[k].type &&
                span_equal(log.events[k].data, whole.events[k].data) && log.events[k].digests[0] &&
                log.events[k].digests[1] &&
                memcmp(log.events[k].digests[0], whole.events[k].digests[0], 20) == 0 &&
                (k == 0 || memcmp(log.events[k].digests[1], whole.events[k].digests[1], 32) == 0);
        CHECK("seen", !is_same);
        arena_reset(&t.arena);
        test_log_again(&t, MASK_BOTH);
        sample(&t);
        whole = parse_ok(&t);
    }
    test_log_fini(&t);
}

static void eventlog_keeps_its_limits(void **state)
{
    struct test_log t;
    static uint8_t big[TPM_LOG_MAX + 1];

    (void)state;
    test_log_init(&t, 0);
    CHECK_ERR("empty", parse_error(&t, (struct span){ 0 }), ERR_MALFORMED, "");
    CHECK_ERR("too long", parse_error(&t, span_of(big, sizeof big)), ERR_LIMIT, "");
    for (size_t i = 0; i <= TPM_EVENTS_MAX; i++)
        test_log_add(&t, 1, EV_ACTION, (struct span){ 0 });
    CHECK_ERR("too many", parse_error(&t, writer_span(&t.w)), ERR_LIMIT, "events[65536]");
    t.w.n -= 32;
    CHECK_INT("as many as fit", parse_ok(&t).count, TPM_EVENTS_MAX);
    test_log_fini(&t);
}

static void eventlog_fails_cleanly_without_memory(void **state)
{
    struct test_log t;
    struct arena small = arena_over(64);
    struct eventlog log;
    struct err e = { 0 };

    (void)state;
    test_log_init(&t, MASK_SHA256);
    sample(&t);
    CHECK("ceiling", !eventlog_parse(writer_span(&t.w), &small, &log, &e));
    CHECK_INT("ceiling", e.code, ERR_LIMIT);
    err_clear(&e);
    t.arena.fail_at = 1;
    CHECK("failure", !eventlog_parse(writer_span(&t.w), &t.arena, &log, &e));
    CHECK_INT("failure", e.code, ERR_MEMORY);
    arena_fini(&small);
    test_log_fini(&t);
}

static void eventlog_is_known_by_its_first_bytes(void **state)
{
    struct test_log t;

    (void)state;
    test_log_init(&t, MASK_SHA256);
    CHECK("agile", eventlog_looks_like(writer_span(&t.w)));
    test_log_again(&t, 0);
    sample(&t);
    CHECK("old", eventlog_looks_like(writer_span(&t.w)));
    CHECK("text", !eventlog_looks_like(span_str("-----BEGIN CERTIFICATE-----\nMIIB")));
    CHECK("zeros", !eventlog_looks_like(span_of((uint8_t[64]){ 0 }, 64)));
    CHECK("nothing", !eventlog_looks_like((struct span){ 0 }));
    test_log_fini(&t);
}

TEST_MAIN(eventlog_reads_back_what_its_writer_wrote,
          eventlog_takes_digests_in_any_order_and_skips_those_it_cannot_compute,
          eventlog_refuses_a_header_that_is_not_one,
          km_59_eventlog_refuses_digests_that_the_header_does_not_list,
          km_59_eventlog_counts_events_that_lack_a_bank, km_60_eventlog_believes_no_length,
          km_60_eventlog_refuses_pcrs_that_no_tpm_has,
          eventlog_takes_padding_of_equal_bytes_and_nothing_else,
          eventlog_keeps_trust_points_apart_from_events,
          km_57_eventlog_takes_a_startup_locality_once_and_first,
          km_57_eventlog_refuses_a_second_header_and_a_missing_one,
          eventlog_refuses_each_truncation_but_between_events,
          eventlog_never_reads_a_flipped_bit_as_the_same_log, eventlog_keeps_its_limits,
          eventlog_fails_cleanly_without_memory, eventlog_is_known_by_its_first_bytes)
