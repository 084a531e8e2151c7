#include "variable.h"

#include "test_log.h"
#include "utf16.h"

static struct arena arena;

static struct span text(void (*write)(struct writer *, struct span), struct span in)
{
    struct writer w = writer_in(&arena, 64);

    write(&w, in);
    return writer_span(&w);
}

static void a_variable_is_read_and_written_back(void **state)
{
    struct span bytes = test_variable(&arena, guid_global, "SecureBoot", span_str("\1"));
    struct uefi_variable v;
    struct writer w = writer_in(&arena, 64);
    struct err e = { 0 };

    (void)state;
    CHECK_OK("variable", variable_parse(bytes, &v, &e), e);
    CHECK("name", variable_is(&v, guid_global, "SecureBoot"));
    CHECK("another name", !variable_is(&v, guid_global, "SecureBoo"));
    CHECK("another GUID", !variable_is(&v, guid_shim, "SecureBoot"));
    CHECK_TEXT("data", v.data, "\1");
    CHECK_TEXT("guid", text(guid_write, v.guid), "8BE4DF61-93CA-11D2-AA0D-00E098032B8C");
    CHECK_TEXT("db", text(guid_write, guid_image_security), "D719B2CB-3D3A-4596-A3BC-DAD00E67656F");
    CHECK_TEXT("shim", text(guid_write, guid_shim), "605DAB50-E046-4300-ABB6-3DD810DD8B23");
    variable_write(&w, &v);
    CHECK_SPAN("back", writer_span(&w), bytes);
    for (size_t n = 0; n < bytes.n; n++)
        CHECK("truncated", !variable_parse(span_part(bytes, 0, n), &v, NULL));
    arena_fini(&arena);
}

static void km_60_a_variable_believes_no_length(void **state)
{
    static const uint64_t counts[] = {
        11, 1u << 20, UINT32_MAX, UINT64_MAX / 2, UINT64_MAX / 2 + 1, UINT64_MAX
    };
    struct uefi_variable v;

    (void)state;
    for (size_t i = 0; i < COUNT(counts); i++)
        for (size_t which = 0; which < 2; which++) {
            struct writer w = writer_in(&arena, 64);
            struct err e = { 0 };

            write_bytes(&w, guid_global);
            write_u64le(&w, which ? 1 : counts[i]);
            write_u64le(&w, which ? counts[i] : 1);
            write_fill(&w, 0x41, 3);
            CHECK("refused", !variable_parse(writer_span(&w), &v, &e));
            CHECK_ERR("refused", e, ERR_MALFORMED,
                      which ? "variable.data_length" : "variable.name_length");
            CHECK_INT("no extent", variable_extent(writer_span(&w)), 0);
        }
    arena_fini(&arena);
}

/* ---------------------------------------------------------------- signature databases */

static const uint8_t sha256_type[16] = { 0x26, 0x16, 0xc4, 0xc1, 0x4c, 0x50, 0x92, 0x40,
                                         0xac, 0xa9, 0x41, 0xf9, 0x36, 0x93, 0x43, 0x28 };

struct seen {
    size_t count;
    struct efi_signature last;
};

static bool see(void *arg, const struct efi_signature *s)
{
    struct seen *seen = arg;

    seen->count++;
    seen->last = *s;
    return true;
}

static struct span list(struct span type, uint32_t whole, uint32_t header, uint32_t each,
                        size_t fill)
{
    struct writer w = writer_in(&arena, 128);

    write_bytes(&w, type);
    write_u32le(&w, whole);
    write_u32le(&w, header);
    write_u32le(&w, each);
    write_fill(&w, 0x99, fill);
    return writer_span(&w);
}

static void km_61_bytes_of_the_vendor_are_no_hashes(void **state)
{
    static const struct {
        const char *name;
        uint32_t whole, header, each;
        size_t fill, want;
        bool is_good;
    } rows[] = {
        { "no header", 28 + 96, 0, 48, 96, 2, true },
        { "a header of 16", 28 + 16 + 48, 16, 48, 64, 1, true },
        { "a header of 32", 28 + 32 + 48, 32, 48, 80, 1, true },
        { "a header of a whole entry", 28 + 96, 48, 48, 96, 1, true },
        { "a header of all", 28 + 96, 96, 48, 96, 0, true },
        { "a header of more", 28 + 96, 97, 48, 96, 0, false },
        { "a header of 2^32", 28 + 96, UINT32_MAX, 48, 96, 0, false },
        { "no multiple", 28 + 97, 0, 48, 97, 0, false },
        { "entries of 47", 28 + 94, 0, 47, 94, 0, false },
        { "entries of 0", 28 + 96, 0, 0, 96, 0, false },
        { "a list of 27", 27, 0, 48, 96, 0, false },
        { "a list of 2^32", UINT32_MAX, 0, 48, 96, 0, false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span bytes = list(span_of(sha256_type, 16), rows[i].whole, rows[i].header,
                                 rows[i].each, rows[i].fill);
        struct seen seen = { 0 };
        struct err e = { 0 };
        bool ok = signature_lists_read(bytes, see, &seen, &e);

        CHECK_INT(rows[i].name, ok, rows[i].is_good);
        CHECK_INT(rows[i].name, seen.count, rows[i].want);
        CHECK_INT(rows[i].name, e.code, ok ? ERR_NONE : ERR_MALFORMED);
    }
    arena_fini(&arena);
}

static void km_61_an_unknown_kind_of_signature_is_handed_over_as_such(void **state)
{
    struct span parts[2] = { list(guid_shim, 28 + 40, 0, 40, 40),
                             list(span_of(sha256_type, 16), 28 + 48, 0, 48, 48) };
    struct seen seen = { 0 };
    struct err e = { 0 };

    (void)state;
    CHECK_OK("unknown", signature_lists_read(parts[0], see, &seen, &e), e);
    CHECK_INT("kind", seen.last.kind, SIGNATURE_OTHER);
    CHECK_OK("two lists", signature_lists_read(test_join(&arena, parts, 2), see, &seen, &e), e);
    CHECK_INT("kind", seen.last.kind, SIGNATURE_SHA256);
    CHECK_INT("count", seen.count, 3);
    CHECK_INT("owner and digest", seen.last.owner.n + seen.last.data.n, 48);
    CHECK_OK("empty", signature_lists_read((struct span){ 0 }, see, &seen, &e), e);
    arena_fini(&arena);
}

static void a_database_has_a_limit(void **state)
{
    size_t n = TPM_SIGNATURES_MAX + 1;
    struct span bytes = list(guid_shim, (uint32_t)(28 + 17 * n), 0, 17, 17 * n);
    struct seen seen = { 0 };
    struct err e = { 0 };

    (void)state;
    CHECK("refused", !signature_lists_read(bytes, see, &seen, &e));
    CHECK_INT("refused", e.code, ERR_LIMIT);
    CHECK_INT("none was read", seen.count, 0);
    arena_fini(&arena);
}

/* ---------------------------------------------------------------- boot programs, partitions */

static void node(struct writer *w, uint8_t type, uint8_t subtype, struct span body)
{
    write_u8(w, type);
    write_u8(w, subtype);
    write_u16le(w, (uint16_t)(4 + body.n));
    write_bytes(w, body);
}

static struct span disk_path(void)
{
    struct writer w = writer_in(&arena, 256), disk = writer_in(&arena, 64);

    node(&w, 2, 1, span_of("\xD0\x41\x03\x0A\0\0\0\0", 8));
    node(&w, 1, 1, span_of("\2\x1D", 2));
    node(&w, 3, 23, span_of("\1\0\0\0\1\2\3\4\5\6\7\x8", 12));
    write_u32le(&disk, 1);
    write_u64le(&disk, 0x800);
    write_u64le(&disk, 0x64000);
    write_bytes(&disk, guid_global);
    write_u8(&disk, 2);
    write_u8(&disk, 2);
    node(&w, 4, 1, writer_span(&disk));
    node(&w, 4, 4, span_of("\\\0E\0F\0I\0\0\0", 10));
    node(&w, 99, 7, span_of("\xAB\xCD", 2));
    node(&w, 0x7F, 0xFF, (struct span){ 0 });
    return writer_span(&w);
}

static void a_device_path_becomes_text(void **state)
{
    struct writer w = writer_in(&arena, 256);
    struct span path = disk_path();
    struct err e = { 0 };

    (void)state;
    CHECK_OK("path", device_path_write(&w, path, &e), e);
    CHECK_TEXT("path", writer_span(&w),
               "PciRoot(0x0)/Pci(0x1D,0x2)/NVMe(0x1,08-07-06-05-04-03-02-01)/"
               "HD(1,GPT,8BE4DF61-93CA-11D2-AA0D-00E098032B8C,0x800,0x64000)/\\EFI/"
               "Path(99,7,abcd)");
    w = writer_in(&arena, 64);
    CHECK_OK("a node shorter than its kind", device_path_write(&w, span_of("\1\1\5\0\7", 5), &e),
             e);
    CHECK_TEXT("is shown as bytes", writer_span(&w), "Path(1,1,07)");
    arena_fini(&arena);
}

static void km_60_a_device_path_believes_no_length(void **state)
{
    struct span path = disk_path();
    struct err e = { 0 };
    struct writer w = writer_in(&arena, 256);

    (void)state;
    for (uint16_t n = 0; n < 4; n++) {
        uint8_t bytes[4] = { 4, 4, (uint8_t)n, 0 };

        err_clear(&e);
        CHECK("short", !device_path_write(&w, span_of(bytes, 4), &e));
        CHECK_ERR("short", e, ERR_MALFORMED, "device_path.length");
    }
    err_clear(&e);
    CHECK("long", !device_path_write(&w,
                                     span_of("\4\4\xFF\xFF"
                                             "abc",
                                             7),
                                     &e));
    CHECK_ERR("long", e, ERR_MALFORMED, "device_path.node");
    for (size_t n = 1; n < path.n; n++) /* ends without an end node: fine between nodes */
        (void)!device_path_write(&w, span_part(path, 0, n), NULL);
    arena_fini(&arena);
}

static void an_image_load_event_is_read(void **state)
{
    struct writer w = writer_in(&arena, 256);
    struct span path = disk_path();
    struct image_load i;
    struct err e = { 0 };

    (void)state;
    write_u64le(&w, 0x1000);
    write_u64le(&w, 0x2000);
    write_u64le(&w, 0);
    write_u64le(&w, path.n);
    write_bytes(&w, path);
    CHECK_OK("image", image_load_parse(writer_span(&w), &i, &e), e);
    CHECK_INT("location", i.location, 0x1000);
    CHECK_SPAN("path", i.device_path, path);
    for (size_t n = 0; n < w.n; n++)
        CHECK("truncated", !image_load_parse(span_of(w.p, n), &i, NULL));
    memset(w.p + 24, 0xFF, 8);
    CHECK("length", !image_load_parse(writer_span(&w), &i, &e));
    CHECK_ERR("length", e, ERR_MALFORMED, "image_load.path_length");
    arena_fini(&arena);
}

static struct span table(uint64_t said, size_t held)
{
    struct writer w = writer_in(&arena, 512);

    write_fill(&w, 0, 56);
    write_bytes(&w, guid_global);
    write_fill(&w, 0, 20);
    write_u64le(&w, said);
    for (size_t i = 0; i < held; i++) {
        write_bytes(&w, guid_shim);
        write_bytes(&w, guid_image_security);
        write_u64le(&w, 2048 + i);
        write_u64le(&w, 4096);
        write_u64le(&w, 0);
        write_bytes(&w, span_of("E\0S\0P\0", 6));
        write_fill(&w, 0, 66);
    }
    return writer_span(&w);
}

static void a_partition_table_is_read(void **state)
{
    static const struct {
        uint64_t said;
        size_t held;
        enum err_code code;
    } rows[] = {
        { 1, 2, ERR_MALFORMED },
        { 3, 2, ERR_MALFORMED },
        { 129, 129, ERR_LIMIT },
        { UINT64_MAX, 2, ERR_LIMIT },
        { UINT64_MAX / 128 + 2, 2, ERR_LIMIT },
    };
    struct gpt g;
    struct gpt_partition p;
    struct err e = { 0 };

    (void)state;
    CHECK_OK("two", gpt_parse(table(2, 2), &g, &e), e);
    p = gpt_partition_at(&g, 1);
    CHECK_SPAN("disk", g.disk, guid_global);
    CHECK_SPAN("type", p.type, guid_shim);
    CHECK_INT("first", p.first, 2049);
    CHECK_TEXT("name", utf16_dup(&arena, span_part(p.name, 0, 6)), "ESP");
    CHECK_INT("none there", gpt_partition_at(&g, 2).type.n, 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        err_clear(&e);
        CHECK("count", !gpt_parse(table(rows[i].said, rows[i].held), &g, &e));
        CHECK_INT("count", e.code, rows[i].code);
    }
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST_EACH(
        a_variable_is_read_and_written_back, km_60_a_variable_believes_no_length,
        km_61_bytes_of_the_vendor_are_no_hashes,
        km_61_an_unknown_kind_of_signature_is_handed_over_as_such, a_database_has_a_limit,
        a_device_path_becomes_text, km_60_a_device_path_believes_no_length,
        an_image_load_event_is_read, a_partition_table_is_read) };

    arena = arena_over(16u << 20);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(TEST_NAME, tests, NULL, NULL);
}
