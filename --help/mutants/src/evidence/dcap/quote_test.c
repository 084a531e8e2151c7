#include "quote.h"

#include "../../../tests/check.h"
#include "sample.h"

enum { ROOM = DCAP_QUOTE_MAX + 1024 };

static uint8_t bytes[ROOM];
static size_t size;

static void make(const struct sample *s)
{
    struct writer w = writer_over(bytes, sizeof bytes);

    sample_write(&w, s);
    assert_false(w.has_failed);
    size = w.n;
}

static void make_version(uint16_t version)
{
    struct sample s = sample_of(version);

    make(&s);
}

/* Parses an exact copy, so that a sanitizer sees a read past the end. */
static struct err parse_result(void)
{
    uint8_t *exact = check_exact(span_of(bytes, size));
    struct quote q;
    struct err e = { 0 };
    bool ok = quote_parse(span_of(exact, size), &q, &e);

    free(exact);
    CHECK_INT("a failure has a code", !ok, e.code != ERR_NONE);
    return e;
}

static struct quote parse_good(const char *row)
{
    struct quote q = { 0 };
    struct err e = { 0 };

    CHECK_OK(row, quote_parse(span_of(bytes, size), &q, &e), e);
    return q;
}

static void check_writes_back(const char *row, struct span input, const struct quote *q)
{
    struct arena a = arena_over(1 << 20);
    struct writer w = writer_in(&a, input.n);
    struct span out = { 0 };
    struct err e = { 0 };

    quote_write(&w, q);
    CHECK_OK(row, writer_done(&w, &out, &e), e);
    CHECK_SPAN(row, out, input);
    arena_fini(&a);
}

static void put_u16(size_t at, uint16_t v)
{
    bytes[at] = (uint8_t)v;
    bytes[at + 1] = (uint8_t)(v >> 8);
}

static void put_u32(size_t at, uint32_t v)
{
    put_u16(at, (uint16_t)v);
    put_u16(at + 2, (uint16_t)(v >> 16));
}

static uint32_t u32_at(size_t at)
{
    return (uint32_t)bytes[at] | (uint32_t)bytes[at + 1] << 8 | (uint32_t)bytes[at + 2] << 16 |
           (uint32_t)bytes[at + 3] << 24;
}

static void quote_reads_the_three_versions(void **state)
{
    static const struct {
        const char *name;
        uint16_t version;
        size_t signed_size, qe_report;
    } rows[] = {
        { "version 3", 3, 432, 436 + 128 },
        { "version 4", 4, 432, 436 + 134 },
        { "version 5", 5, 438, 442 + 134 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *row = rows[i].name;
        size_t auth = rows[i].signed_size + 4, qe = rows[i].qe_report;
        struct quote q;

        make_version(rows[i].version);
        q = parse_good(row);
        CHECK_INT(row, q.header.version, rows[i].version);
        CHECK_INT(row, q.header.qe_svn, 8);
        CHECK_INT(row, q.header.pce_svn, 11);
        CHECK_SPAN(row, q.header.vendor, quote_vendor_intel);
        CHECK_SPAN(row, q.header.user, span_of(bytes + 28, 20));
        CHECK_INT(row, q.descriptor.type, QUOTE_BODY_SGX);
        CHECK_INT(row, q.descriptor.size, 384);
        CHECK_SPAN(row, q.signed_bytes, span_of(bytes, rows[i].signed_size));
        CHECK_SPAN(row, q.body, span_of(bytes + rows[i].signed_size - 384, 384));
        CHECK_INT(row, q.report.isv_svn, 0x0302);
        CHECK_SPAN(row, q.signature, span_of(bytes + auth, 64));
        CHECK_SPAN(row, q.attestation_key, span_of(bytes + auth + 64, 64));
        CHECK_SPAN(row, q.qe_report_bytes, span_of(bytes + qe, 384));
        CHECK_INT(row, q.qe_report.misc_select, 0x01020304);
        CHECK_SPAN(row, q.qe_report_signature, span_of(bytes + qe + 384, 64));
        CHECK_SPAN(row, q.qe_auth_data, span_of(bytes + qe + 450, SAMPLE_AUTH_DATA));
        CHECK_INT(row, q.certification_type, 5);
        CHECK_SPAN(row, q.certification_data, span_of(bytes + size - SAMPLE_CERTIFICATION, 40));
        CHECK_INT(row, q.length, size);
        CHECK_INT(row, q.trailing_zeros, 0);
        check_writes_back(row, span_of(bytes, size), &q);
    }
}

static void quote_measures_the_bodies_of_trust_domains(void **state)
{
    static const struct {
        const char *name;
        uint16_t version;
        enum quote_body_type body;
        size_t body_size;
    } rows[] = {
        { "version 4", 4, QUOTE_BODY_TD10, 584 },
        { "version 5, TDX 1.0", 5, QUOTE_BODY_TD10, 584 },
        { "version 5, TDX 1.5", 5, QUOTE_BODY_TD15, 648 },
        { "version 5, TDX 1.5 extended", 5, QUOTE_BODY_TD15_EXT, 885 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sample s = sample_of(rows[i].version);
        struct quote q;

        s.body = rows[i].body;
        make(&s);
        q = parse_good(rows[i].name);
        CHECK_INT(rows[i].name, q.descriptor.type, rows[i].body);
        CHECK_INT(rows[i].name, q.body.n, rows[i].body_size);
        CHECK("no report of an enclave", q.report.mr_enclave.n == 0);
        check_writes_back(rows[i].name, span_of(bytes, size), &q);
    }
}

/* One field changed; the header is judged first, so nothing behind it matters. */
static void km_24_quote_header_is_judged_before_any_length(void **state)
{
    static const struct {
        const char *name;
        uint16_t version;
        size_t at;
        uint16_t value;
        const char *path;
    } rows[] = {
        { "version 2", 3, 0, 2, "quote.header.version" },
        { "version 6", 3, 0, 6, "quote.header.version" },
        { "version 0xffff", 3, 0, 0xffff, "quote.header.version" },
        { "version 0x0103", 3, 0, 0x0103, "quote.header.version" },
        { "key type 3", 3, 2, 3, "quote.header.key_type" },
        { "key type 0", 4, 2, 0, "quote.header.key_type" },
        { "key type 0x0102", 5, 2, 0x0102, "quote.header.key_type" },
        { "TEE type 1", 3, 4, 1, "quote.header.tee_type" },
        { "TEE type 0x82", 4, 4, 0x82, "quote.header.tee_type" },
        { "TEE type 0x10000", 4, 6, 1, "quote.header.tee_type" },
        { "TDX in version 3", 3, 4, 0x81, "quote.header.tee_type" },
        { "body type 2 without TDX", 5, 48, 2, "quote.descriptor.type" },
        { "body type 0", 5, 48, 0, "quote.descriptor.type" },
        { "body type 5", 5, 48, 5, "quote.descriptor.type" },
        { "TDX with the body of an enclave", 5, 4, 0x81, "quote.descriptor.type" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        make_version(rows[i].version);
        put_u16(rows[i].at, rows[i].value);
        CHECK_ERR(rows[i].name, parse_result(), ERR_UNSUPPORTED, rows[i].path);
        memset(bytes + 54, 0xff, size - 54);
        CHECK_ERR(rows[i].name, parse_result(), ERR_UNSUPPORTED, rows[i].path);
        size = rows[i].version == 5 ? 54 : 48;
        CHECK_ERR(rows[i].name, parse_result(), ERR_UNSUPPORTED, rows[i].path);
    }
}

static void km_24_quote_header_reads_alone_and_judges_nothing(void **state)
{
    struct quote_header h;
    struct err e = { 0 };
    uint8_t *exact;

    (void)state;
    make_version(3);
    put_u16(0, 0xffff);
    put_u16(2, 3);
    put_u32(4, 0x82);
    bytes[12] ^= 1;
    exact = check_exact(span_of(bytes, QUOTE_HEADER_SIZE));
    CHECK_OK("48 bytes", quote_header_parse(span_of(exact, QUOTE_HEADER_SIZE), &h, &e), e);
    CHECK_INT("version", h.version, 0xffff);
    CHECK_INT("key type", h.key_type, 3);
    CHECK_INT("TEE type", h.tee_type, 0x82);
    CHECK("vendor", !span_equal(h.vendor, quote_vendor_intel));
    for (size_t n = 0; n < QUOTE_HEADER_SIZE; n++) {
        err_clear(&e);
        CHECK("truncated", !quote_header_parse(span_of(exact, n), &h, &e));
        CHECK_INT("truncated", e.code, ERR_MALFORMED);
    }
    free(exact);
}

static void quote_descriptor_is_read_without_the_body(void **state)
{
    struct quote_descriptor d;
    struct quote_header h;
    struct err e = { 0 };

    (void)state;
    make_version(5);
    CHECK_OK("header", quote_header_parse(span_of(bytes, size), &h, &e), e);
    CHECK_OK("descriptor", quote_descriptor_parse(span_of(bytes, 54), &h, &d, &e), e);
    CHECK_INT("type", d.type, QUOTE_BODY_SGX);
    CHECK_INT("size", d.size, 384);
    CHECK("truncated", !quote_descriptor_parse(span_of(bytes, 53), &h, &d, &e));
    CHECK_ERR("truncated", e, ERR_MALFORMED, "quote.descriptor.size");
    err_clear(&e);
    put_u32(50, 385);
    CHECK("size", !quote_descriptor_parse(span_of(bytes, size), &h, &d, &e));
    CHECK_ERR("size", e, ERR_MALFORMED, "quote.descriptor.size");
    err_clear(&e);
    put_u16(48, QUOTE_BODY_TD10);
    CHECK("type", !quote_descriptor_parse(span_of(bytes, size), &h, &d, &e));
    CHECK_ERR("type", e, ERR_UNSUPPORTED, "quote.descriptor.type");
}

/* The length fields of each version: how wide, and where a wrong one shows. */
struct length_row {
    const char *name;
    uint16_t version;
    size_t at;
    bool is_narrow; /* two bytes */
};

static const struct length_row lengths[] = {
    { "v3 auth_data", 3, SAMPLE_V3_LENGTH, false },
    { "v3 qe_auth_data", 3, SAMPLE_V3_QE_AUTH, true },
    { "v3 certification", 3, SAMPLE_V3_CERTIFICATION + 2, false },
    { "v4 auth_data", 4, SAMPLE_V3_LENGTH, false },
    { "v4 outer", 4, SAMPLE_V4_OUTER + 2, false },
    { "v4 qe_auth_data", 4, SAMPLE_V4_QE_AUTH, true },
    { "v4 certification", 4, SAMPLE_V4_CERTIFICATION + 2, false },
    { "v5 body", 5, 50, false },
    { "v5 auth_data", 5, SAMPLE_V3_LENGTH + 6, false },
    { "v5 outer", 5, SAMPLE_V4_OUTER + 8, false },
    { "v5 qe_auth_data", 5, SAMPLE_V4_QE_AUTH + 6, true },
    { "v5 certification", 5, SAMPLE_V4_CERTIFICATION + 8, false },
};

static void refuse_length(const struct length_row *row, uint32_t value)
{
    struct err e;

    make_version(row->version);
    if (row->is_narrow)
        put_u16(row->at, (uint16_t)value);
    else
        put_u32(row->at, value);
    e = parse_result();
    if (e.code != ERR_MALFORMED && e.code != ERR_LIMIT)
        fail_msg("row \"%s\": length %u gave %s", row->name, (unsigned)value,
                 err_code_name(e.code));
}

static void km_25_quote_refuses_each_wrong_length(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        uint32_t right;

        make_version(lengths[i].version);
        right = lengths[i].is_narrow ? u32_at(lengths[i].at) & 0xffff : u32_at(lengths[i].at);
        refuse_length(&lengths[i], right - 1);
        refuse_length(&lengths[i], right + 1);
        refuse_length(&lengths[i], 0);
        refuse_length(&lengths[i], 0x7fffffff);
        refuse_length(&lengths[i], 0xffffffff);
    }
}

static void insert_byte(size_t at, uint8_t value)
{
    memmove(bytes + at + 1, bytes + at, size - at);
    bytes[at] = value;
    size++;
}

/* A byte more in each box, with the lengths around it agreeing. */
static void km_25_quote_refuses_a_byte_left_over_at_each_level(void **state)
{
    (void)state;
    make_version(3);
    insert_byte(size, 1);
    CHECK_ERR("behind the quote", parse_result(), ERR_MALFORMED, "quote.trailing");
    make_version(3);
    put_u32(SAMPLE_V3_LENGTH, u32_at(SAMPLE_V3_LENGTH) + 1);
    insert_byte(size, 0);
    CHECK_ERR("behind the certification data, v3", parse_result(), ERR_MALFORMED,
              "quote.auth_data");
    make_version(4);
    put_u32(SAMPLE_V3_LENGTH, u32_at(SAMPLE_V3_LENGTH) + 1);
    insert_byte(size, 0);
    CHECK_ERR("behind the outer data, v4", parse_result(), ERR_MALFORMED, "quote.auth_data");
    make_version(4);
    put_u32(SAMPLE_V3_LENGTH, u32_at(SAMPLE_V3_LENGTH) + 1);
    put_u32(SAMPLE_V4_OUTER + 2, u32_at(SAMPLE_V4_OUTER + 2) + 1);
    insert_byte(size, 0);
    CHECK_ERR("behind the certification data, v4", parse_result(), ERR_MALFORMED,
              "quote.auth_data.outer");
}

static void quote_refuses_sizes_over_its_limits(void **state)
{
    (void)state;
    make_version(3);
    memset(bytes + size, 0, sizeof bytes - size);
    size = DCAP_QUOTE_MAX + 1;
    CHECK_ERR("quote", parse_result(), ERR_LIMIT, "quote");
    make_version(3);
    put_u32(SAMPLE_V3_LENGTH, DCAP_AUTH_DATA_MAX + 1);
    CHECK_ERR("authentication data", parse_result(), ERR_LIMIT, "quote.auth_data");
    make_version(3);
    put_u16(SAMPLE_V3_QE_AUTH, DCAP_QE_AUTH_DATA_MAX + 1);
    CHECK_ERR("QE authentication data", parse_result(), ERR_LIMIT, "quote.auth_data.qe_auth_data");
    make_version(3);
    put_u32(SAMPLE_V3_CERTIFICATION + 2, DCAP_CERTIFICATION_DATA_MAX + 1);
    CHECK_ERR("certification data", parse_result(), ERR_LIMIT,
              "quote.auth_data.certification.size");
}

static void quote_takes_zeros_behind_it_and_nothing_else(void **state)
{
    static const struct {
        const char *name;
        size_t zeros;
        bool last_is_one;
        enum err_code code;
    } rows[] = {
        { "one", 1, false, ERR_NONE },
        { "thirty-nine", 39, false, ERR_NONE },
        { "as many as allowed", DCAP_TRAILING_ZEROS_MAX, false, ERR_NONE },
        { "one more than allowed", DCAP_TRAILING_ZEROS_MAX + 1, false, ERR_LIMIT },
        { "a one", 1, true, ERR_MALFORMED },
        { "a one behind zeros", 70, true, ERR_MALFORMED },
    };

    (void)state;
    for (uint16_t version = 3; version <= 5; version++)
        for (size_t i = 0; i < COUNT(rows); i++) {
            make_version(version);
            memset(bytes + size, 0, rows[i].zeros);
            size += rows[i].zeros;
            bytes[size - 1] = rows[i].last_is_one;
            if (rows[i].code != ERR_NONE) {
                CHECK_ERR(rows[i].name, parse_result(), rows[i].code, "quote.trailing");
                continue;
            }
            CHECK_INT(rows[i].name, parse_good(rows[i].name).trailing_zeros, rows[i].zeros);
            CHECK_INT(rows[i].name, parse_good(rows[i].name).length, size - rows[i].zeros);
        }
}

/* What is no chain of certificates is not the parser's to judge: it only says what stood there. */
static void quote_hands_over_any_certification_type(void **state)
{
    (void)state;
    for (uint16_t version = 3; version <= 5; version++)
        for (uint16_t type = 0; type < 9; type++) {
            struct sample s = sample_of(version);

            s.certification_type = type;
            make(&s);
            CHECK_INT("type", parse_good("type").certification_type, type);
        }
}

static void km_27_quote_unwraps_type_6_once(void **state)
{
    struct sample s = sample_of(4);
    struct quote q;

    (void)state;
    s.certification_type = 6;
    make(&s);
    q = parse_good("type 6 in type 6");
    CHECK_INT("type 6 in type 6", q.certification_type, 6);
    CHECK_INT("not taken apart", q.certification_data.n, SAMPLE_CERTIFICATION);
    make_version(4);
    put_u16(SAMPLE_V4_OUTER, 5);
    CHECK_ERR("outer type", parse_result(), ERR_MALFORMED, "quote.auth_data.outer.type");
}

static void quote_refuses_each_truncation(void **state)
{
    (void)state;
    for (uint16_t version = 3; version <= 5; version++) {
        size_t whole;

        make_version(version);
        for (whole = size, size = 0; size < whole; size++)
            CHECK_INT("truncated", parse_result().code, ERR_MALFORMED);
    }
}

/* A flipped bit is refused, or shows in the facts: what was read writes exactly the flipped bytes,
 * so no two quotes are read as the same facts. */
static void quote_reads_a_flipped_bit_as_what_it_is(void **state)
{
    size_t accepted = 0;

    (void)state;
    for (uint16_t version = 3; version <= 5; version++) {
        make_version(version);
        for (size_t bit = 0; bit < size * 8; bit++) {
            struct quote q;
            struct err e = { 0 };

            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (quote_parse(span_of(bytes, size), &q, &e)) {
                check_writes_back("flipped", span_of(bytes, size), &q);
                accepted++;
            } else {
                CHECK("says why", e.text[0] != '\0' && e.path[0] != '\0');
            }
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    CHECK("most bits are data", accepted > 3 * size * 8 / 2);
}

static void quote_extent_is_the_length_without_what_follows(void **state)
{
    size_t n = 0, whole;
    struct err e = { 0 };

    (void)state;
    for (uint16_t version = 3; version <= 5; version++) {
        make_version(version);
        whole = size;
        memset(bytes + size, 0xee, 100);
        CHECK_OK("extent", quote_extent(span_of(bytes, size + 100), &n, &e), e);
        CHECK_INT("extent", n, whole);
        CHECK("truncated", !quote_extent(span_of(bytes, whole - 1), &n, &e));
        CHECK_ERR("truncated", e, ERR_MALFORMED, "quote.auth_data");
        err_clear(&e);
    }
}

static void quote_looks_like_a_quote_by_its_first_four_bytes(void **state)
{
    static const struct {
        const char *name;
        uint8_t head[4];
        size_t n;
        bool want;
    } rows[] = {
        { "version 3", { 3, 0, 2, 0 }, 4, true },     { "version 5", { 5, 0, 2, 0 }, 4, true },
        { "key type 3", { 4, 0, 3, 0 }, 4, true },    { "version 2", { 2, 0, 2, 0 }, 4, false },
        { "an OE report", { 1, 0, 0, 0 }, 4, false }, { "OE evidence", { 3, 0, 0, 0 }, 4, false },
        { "three bytes", { 3, 0, 2, 0 }, 3, false },  { "high byte", { 3, 1, 2, 0 }, 4, false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_INT(rows[i].name, quote_looks_like(span_of(rows[i].head, rows[i].n)), rows[i].want);
}

static void quote_write_fails_cleanly_at_each_allocation(void **state)
{
    struct quote q;

    (void)state;
    make_version(4);
    q = parse_good("sample");
    for (size_t n = 1;; n++) {
        struct arena a = arena_over(1 << 20);
        struct writer w;
        struct span out;
        struct err e = { 0 };
        bool ok;

        a.fail_at = n;
        w = writer_in(&a, 0);
        quote_write(&w, &q);
        ok = writer_done(&w, &out, &e);
        arena_fini(&a);
        if (ok)
            return;
        CHECK_INT("memory", e.code, ERR_MEMORY);
    }
}

static void quote_reads_real_quotes_and_writes_them_back(void **state)
{
    static const struct {
        const char *file;
        size_t header; /* of Open Enclave, in front of the quote */
        uint16_t version, certification_type;
    } rows[] = {
        { "sgx/evidence/q-a067-hello.bin", 0, 3, 5 },
        { "sgx/evidence/q-606a-v3.bin", 0, 3, 5 },
        { "sgx/evidence/q-606a-occlum.bin", 0, 3, 5 },
        { "sgx/evidence/q-906e-oe-evidence.bin", 0, 3, 5 },
        { "sgx/evidence/q-906e-sample-debug.bin", 0, 3, 5 },
        { "sgx/evidence/q-906e-sample-release.bin", 0, 3, 5 },
        { "sgx/evidence/oe-report-debug.bin", 16, 3, 5 },
        { "sgx/evidence/oe-report-release.bin", 16, 3, 5 },
        { "sgx/evidence/oe-report-sample-release.bin", 16, 3, 5 },
        { "sgx/evidence/oe-report-sample-securityversion.bin", 16, 3, 5 },
        { "sgx/alt-root/quote.dat", 0, 3, 1 },
        { "simulator/base/quote.bin", 0, 3, 5 },
        { "simulator/tdx-relaunch/quote.bin", 0, 5, 5 },
    };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span file = check_vector(rows[i].file);
        struct span s = span_part(file, rows[i].header, file.n);
        struct quote q;
        struct err e = { 0 };

        CHECK_OK(rows[i].file, quote_parse(s, &q, &e), e);
        CHECK_INT(rows[i].file, q.header.version, rows[i].version);
        CHECK_SPAN(rows[i].file, q.header.vendor, quote_vendor_intel);
        CHECK_INT(rows[i].file, q.certification_type, rows[i].certification_type);
        check_writes_back(rows[i].file, s, &q);
        free((void *)(uintptr_t)file.p);
    }
}

TEST_MAIN(quote_reads_the_three_versions, quote_measures_the_bodies_of_trust_domains,
          km_24_quote_header_is_judged_before_any_length,
          km_24_quote_header_reads_alone_and_judges_nothing,
          quote_descriptor_is_read_without_the_body, km_25_quote_refuses_each_wrong_length,
          km_25_quote_refuses_a_byte_left_over_at_each_level, quote_refuses_sizes_over_its_limits,
          quote_takes_zeros_behind_it_and_nothing_else, quote_hands_over_any_certification_type,
          km_27_quote_unwraps_type_6_once, quote_refuses_each_truncation,
          quote_reads_a_flipped_bit_as_what_it_is, quote_extent_is_the_length_without_what_follows,
          quote_looks_like_a_quote_by_its_first_four_bytes,
          quote_write_fails_cleanly_at_each_allocation,
          quote_reads_real_quotes_and_writes_them_back)
