#include "ima.h"

#include "test_log.h"

static struct arena arena;

/* An entry whose listed digest is what it should be, or what is given. */
static void add(struct crypto *c, struct writer *w, const char *template_name, struct span data,
                const uint8_t *digest_p)
{
    uint8_t made[20];
    struct err e = { 0 };

    CHECK_OK("digest", digest(c, DIGEST_SHA1, &data, 1, made, &e), e);
    write_u32le(w, IMA_PCR);
    write_bytes(w, span_of(digest_p ? digest_p : made, 20));
    write_u32le(w, (uint32_t)strlen(template_name));
    write_text(w, template_name);
    write_u32le(w, (uint32_t)data.n);
    write_bytes(w, data);
}

static struct span field(struct span bytes)
{
    struct writer w = writer_in(&arena, 64);

    write_u32le(&w, (uint32_t)bytes.n);
    write_bytes(&w, bytes);
    return writer_span(&w);
}

static struct span fields(const char *name, const char *third)
{
    struct span parts[3] = { field(span_of("sha256:\0\1\2\3", 11)),
                             field(span_of(name, strlen(name) + 1)),
                             third ? field(span_str(third)) : (struct span){ 0 } };

    return test_join(&arena, parts, 3);
}

static struct ima_log parse_ok(struct span bytes)
{
    struct ima_log log = { 0 };
    struct err e = { 0 };

    CHECK_OK("list", ima_parse(bytes, &arena, &log, &e), e);
    return log;
}

static struct err parse_error(struct span bytes)
{
    struct ima_log log;
    struct err e = { 0 };
    uint8_t *exact = check_exact(bytes);

    (void)!ima_parse(span_of(exact, bytes.n), &arena, &log, &e);
    free(exact);
    return e;
}

static struct span sample(struct crypto *c)
{
    struct writer w = writer_in(&arena, 512);

    add(c, &w, "ima-ng", fields("boot_aggregate", NULL), NULL);
    add(c, &w, "ima-sig", fields("/bin/sh", "signed"), NULL);
    add(c, &w, "ima-buf", fields("kernel_version", "6.1.0"), NULL);
    add(c, &w, "evm-sig", span_str("not read"), NULL);
    return writer_span(&w);
}

/* The oldest template: no length in front of its data, its name filled up to 256 bytes. */
static struct span old_entry(struct crypto *c, const char *name)
{
    static const uint8_t zeros[256];
    struct writer w = writer_in(&arena, 128);
    uint8_t file[20] = { 7 }, made[20];
    struct span parts[3] = { span_of(file, 20), span_str(name),
                             span_of(zeros, 256 - strlen(name)) };
    struct err e = { 0 };

    CHECK_OK("digest", digest(c, DIGEST_SHA1, parts, 3, made, &e), e);
    write_u32le(&w, IMA_PCR);
    write_bytes(&w, span_of(made, 20));
    write_u32le(&w, 3);
    write_text(&w, "ima");
    write_bytes(&w, span_of(file, 20));
    write_bytes(&w, field(span_str(name)));
    return writer_span(&w);
}

static void a_list_is_read_to_its_fields_and_written_back(void **state)
{
    struct err e = { 0 };
    struct crypto *c = crypto_new(&e);
    struct span bytes = sample(c);
    struct ima_log log = parse_ok(bytes);
    struct writer back = writer_in(&arena, 512);
    bool is_hashed = false;

    (void)state;
    CHECK_INT("entries", log.count, 4);
    CHECK_TEXT("algorithm", log.entries[0].algorithm, "sha256");
    CHECK_TEXT("digest", log.entries[0].file_digest, "\1\2\3");
    CHECK_TEXT("name", log.entries[0].name, "boot_aggregate");
    CHECK_TEXT("signature", log.entries[1].signature, "signed");
    CHECK_TEXT("buffer", log.entries[2].buffer, "6.1.0");
    CHECK_INT("unknown", log.entries[3].algorithm.n, 0);
    for (size_t i = 0; i < log.count; i++) {
        ima_write(&back, &log.entries[i]);
        CHECK_OK("hashed", ima_is_hashed(c, &log.entries[i], &is_hashed, &e), e);
        CHECK("hashed", is_hashed);
    }
    CHECK_SPAN("back", writer_span(&back), bytes);
    crypto_free(c);
    arena_fini(&arena);
}

static void the_oldest_template_hashes_its_name_filled_up(void **state)
{
    struct err e = { 0 };
    struct crypto *c = crypto_new(&e);
    struct span bytes = old_entry(c, "/sbin/init");
    struct ima_log log = parse_ok(bytes);
    struct writer line = writer_in(&arena, 128), back = writer_in(&arena, 128);
    char longest[257];
    bool is_hashed = false;

    (void)state;
    CHECK_OK("hashed", ima_is_hashed(c, &log.entries[0], &is_hashed, &e) && is_hashed, e);
    ima_write_line(&line, &log.entries[0]);
    CHECK("line", strstr((const char *)line.p, " ima 0700") != NULL);
    ima_write(&back, &log.entries[0]);
    CHECK_SPAN("back", writer_span(&back), bytes);
    memset(longest, 'x', 256);
    longest[255] = '\0';
    CHECK_INT("255 fit", parse_error(old_entry(c, longest)).code, ERR_NONE);
    longest[255] = 'x';
    longest[256] = '\0';
    CHECK_ERR("256 do not", parse_error(old_entry(c, longest)), ERR_MALFORMED, "entries[0].name");
    crypto_free(c);
    arena_fini(&arena);
}

static void a_violation_extends_ones(void **state)
{
    static const uint8_t zeros[20];
    struct err e = { 0 };
    struct crypto *c = crypto_new(&e);
    struct writer w = writer_in(&arena, 128);
    struct ima_log log;
    uint8_t made[PCR_SIZE_MAX];
    bool is_hashed = true;

    (void)state;
    add(c, &w, "ima-ng", fields("/tmp/x", NULL), zeros);
    log = parse_ok(writer_span(&w));
    CHECK("violation", log.entries[0].is_violation);
    for (unsigned b = 0; b < BANK_COUNT; b++) {
        CHECK_OK("digest", ima_digest(c, (enum tpm_bank)b, &log.entries[0], made, &e), e);
        CHECK_INT("ones", made[0] & made[banks[b].size - 1], 0xFF);
    }
    CHECK_OK("hashed", ima_is_hashed(c, &log.entries[0], &is_hashed, &e), e);
    CHECK("not hashed", !is_hashed);
    crypto_free(c);
    arena_fini(&arena);
}

static void a_list_refuses_what_is_none(void **state)
{
    static const struct {
        const char *name;
        const char *template_name;
        const char *data;
        size_t n;
        const char *path;
    } rows[] = {
        { "no fields", "ima-ng", "", 0, "entries[0].fields.digest" },
        { "a field past the end", "ima-ng", "\xFF\0\0\0", 4, "entries[0].fields.digest" },
        { "no algorithm", "ima-ng", "\3\0\0\0abc\1\0\0\0x", 12, "entries[0].fields.digest" },
        { "no NUL behind it", "ima-ng", "\4\0\0\0a:bc\1\0\0\0x", 13, "entries[0].fields.digest" },
        { "no name", "ima-ng", "\3\0\0\0a:\0", 7, "entries[0].fields.name" },
        { "bytes left over", "ima-ng", "\3\0\0\0a:\0\1\0\0\0xy", 13, "entries[0].fields" },
        { "no signature", "ima-sig", "\3\0\0\0a:\0\1\0\0\0x", 12, "entries[0].fields.signature" },
        { "no buffer", "ima-buf", "\3\0\0\0a:\0\1\0\0\0x", 12, "entries[0].fields.buffer" },
    };
    struct err e = { 0 };
    struct crypto *c = crypto_new(&e);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct writer w = writer_in(&arena, 128);

        add(c, &w, rows[i].template_name, span_of(rows[i].data, rows[i].n), NULL);
        CHECK_ERR(rows[i].name, parse_error(writer_span(&w)), ERR_MALFORMED, rows[i].path);
    }
    crypto_free(c);
    arena_fini(&arena);
}

static void km_60_a_list_believes_no_length(void **state)
{
    static const struct {
        const char *name;
        size_t at;
        uint8_t bytes[4];
        enum err_code code;
        const char *path;
    } rows[] = {
        { "PCR 7", 0, { 7, 0, 0, 0 }, ERR_MALFORMED, "entries[0].pcr" },
        { "PCR 2^32", 0, { 255, 255, 255, 255 }, ERR_MALFORMED, "entries[0].pcr" },
        { "no template", 24, { 0, 0, 0, 0 }, ERR_MALFORMED, "entries[0].template" },
        { "a template of 2^32", 24, { 255, 255, 255, 255 }, ERR_MALFORMED, "entries[0].template" },
        { "data of 2^32", 34, { 255, 255, 255, 255 }, ERR_LIMIT, "entries[0].data" },
        { "data past the end", 34, { 255, 255, 0, 0 }, ERR_MALFORMED, "entries[0].data" },
    };
    struct err e = { 0 };
    struct crypto *c = crypto_new(&e);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span bytes = sample(c);

        memcpy((uint8_t *)(uintptr_t)bytes.p + rows[i].at, rows[i].bytes, 4);
        CHECK_ERR(rows[i].name, parse_error(bytes), rows[i].code, rows[i].path);
    }
    CHECK_ERR("empty", parse_error((struct span){ 0 }), ERR_MALFORMED, "");
    crypto_free(c);
    arena_fini(&arena);
}

static void a_list_refuses_each_truncation_but_between_entries(void **state)
{
    struct err e = { 0 };
    struct crypto *c = crypto_new(&e);
    struct span bytes = sample(c);
    struct ima_log log = parse_ok(bytes);

    (void)state;
    for (size_t n = 1, next = 0; n < bytes.n; n++) {
        while (next < log.count && log.entries[next].offset < n)
            next++;
        CHECK_INT("truncated", parse_error(span_part(bytes, 0, n)).code,
                  next < log.count && log.entries[next].offset == n ? ERR_NONE : ERR_MALFORMED);
    }
    crypto_free(c);
    arena_fini(&arena);
}

static void a_flipped_bit_changes_what_is_extended(void **state)
{
    struct err e = { 0 };
    struct crypto *c = crypto_new(&e);
    struct writer w = writer_in(&arena, 128);
    struct ima_log log;
    uint8_t right[PCR_SIZE_MAX], now[PCR_SIZE_MAX];

    (void)state;
    add(c, &w, "ima-ng", fields("/bin/sh", NULL), NULL);
    log = parse_ok(writer_span(&w));
    CHECK_OK("digest", ima_digest(c, BANK_SHA256, &log.entries[0], right, &e), e);
    for (size_t bit = 8 * 38; bit < 8 * w.n; bit++) { /* the template's data */
        w.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        err_clear(&e);
        if (ima_parse(writer_span(&w), &arena, &log, &e)) {
            CHECK_OK("digest", ima_digest(c, BANK_SHA256, &log.entries[0], now, &e), e);
            CHECK("seen", memcmp(right, now, 32) != 0);
        }
        w.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    crypto_free(c);
    arena_fini(&arena);
}

static void a_list_fails_cleanly_without_memory(void **state)
{
    struct err e = { 0 };
    struct crypto *c = crypto_new(&e);
    struct span bytes = sample(c);
    struct ima_log log;

    (void)state;
    arena.fail_at = 1;
    CHECK("failure", !ima_parse(bytes, &arena, &log, &e));
    CHECK_INT("failure", e.code, ERR_MEMORY);
    crypto_free(c);
    arena_fini(&arena);
}

static void check_lab(struct crypto *c, const char *name)
{
    static const struct {
        enum tpm_bank bank;
        const char *file;
    } quoted[] = { { BANK_SHA1, "pcrs-sha1.bin" }, { BANK_SHA256, "pcrs-sha256.bin" } };
    char path[80];
    struct span bytes, lines, pcrs;
    struct writer w = writer_in(&arena, 4096);
    struct boot b = { 0 };
    struct err e = { 0 };

    snprintf(path, sizeof path, "tpm/lab/%s/ima.bin", name);
    bytes = check_vector(path);
    snprintf(path, sizeof path, "tpm/lab/%s/ima.txt", name);
    lines = check_vector(path);
    CHECK_OK(name, boot_add_ima(&b, bytes, &arena, &e), e);
    for (size_t i = 0; i < b.logs[0].ima.count; i++) {
        ima_write_line(&w, &b.logs[0].ima.entries[i]);
        write_text(&w, "\n");
    }
    if (lines.n > 0)
        CHECK_SPAN(name, writer_span(&w), lines);
    for (size_t i = 0; i < COUNT(quoted); i++) {
        size_t size = banks[quoted[i].bank].size;
        struct replay r;

        snprintf(path, sizeof path, "tpm/lab/%s/%s", name, quoted[i].file);
        pcrs = check_vector(path);
        CHECK_OK(name, replay_run(c, &b, quoted[i].bank, &r, &e), e);
        CHECK_SPAN(name, span_of(r.pcrs[IMA_PCR], size), span_part(pcrs, IMA_PCR * size, size));
        free((void *)(uintptr_t)pcrs.p);
    }
    free((void *)(uintptr_t)bytes.p);
    free((void *)(uintptr_t)lines.p);
}

static void real_lists_print_as_the_kernel_does_and_replay_to_the_quoted_pcr(void **state)
{
    static const char *const names[] = { "sbon", "sboff", "snake" };
    struct err e = { 0 };
    struct crypto *c;

    (void)state;
    SKIP_WITHOUT_VECTORS();
    c = crypto_new(&e);
    for (size_t i = 0; i < COUNT(names); i++)
        check_lab(c, names[i]);
    crypto_free(c);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST_EACH(
        a_list_is_read_to_its_fields_and_written_back,
        the_oldest_template_hashes_its_name_filled_up, a_violation_extends_ones,
        a_list_refuses_what_is_none, km_60_a_list_believes_no_length,
        a_list_refuses_each_truncation_but_between_entries, a_flipped_bit_changes_what_is_extended,
        a_list_fails_cleanly_without_memory,
        real_lists_print_as_the_kernel_does_and_replay_to_the_quoted_pcr) };

    arena = arena_over(64u << 20);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(TEST_NAME, tests, NULL, NULL);
}
