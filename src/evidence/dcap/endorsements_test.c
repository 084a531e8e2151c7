#include "endorsements.h"

#include "../../../tests/check.h"
#include "limits.h"

static struct arena arena;

static void begin(void)
{
    arena_fini(&arena);
    arena = arena_over(16 << 20);
}

static struct dcap_collateral_files sample_files(void)
{
    return (struct dcap_collateral_files){
        .tcb_info = span_str("tcb info"),
        .tcb_info_issuer_chain = span_str("tcb chain"),
        .qe_identity = span_str("identity"),
        .qe_identity_issuer_chain = span_str("identity chain"),
        .pck_crl = span_of("\x30\x82\x00\x00", 4), /* DER may end with a zero of its own */
        .pck_crl_issuer_chain = span_str("crl chain"),
        .root_ca_crl = span_str("308200"),
    };
}

static void check_files(const char *row, const struct dcap_collateral_files *f)
{
    struct dcap_collateral_files want = sample_files();

    CHECK_SPAN(row, f->tcb_info, want.tcb_info);
    CHECK_SPAN(row, f->tcb_info_issuer_chain, want.tcb_info_issuer_chain);
    CHECK_SPAN(row, f->qe_identity, want.qe_identity);
    CHECK_SPAN(row, f->qe_identity_issuer_chain, want.qe_identity_issuer_chain);
    CHECK_SPAN(row, f->pck_crl, want.pck_crl);
    CHECK_SPAN(row, f->pck_crl_issuer_chain, want.pck_crl_issuer_chain);
    CHECK_SPAN(row, f->root_ca_crl, want.root_ca_crl);
}

static struct span sample_oe(void)
{
    struct dcap_collateral_files files = sample_files();
    struct writer w = writer_in(&arena, 512);

    endorsements_write_oe(&w, &files, span_str("2022-05-01T00:00:00Z"));
    assert_false(w.has_failed);
    return writer_span(&w);
}

static struct span sample_intel(void)
{
    struct dcap_collateral_files files = sample_files();
    struct writer w = writer_in(&arena, 512);

    endorsements_write_intel(&w, &files, 0x81);
    assert_false(w.has_failed);
    return writer_span(&w);
}

static struct err result(struct span bytes, bool is_oe)
{
    uint8_t *exact = check_exact(bytes);
    struct span s = span_of(exact, bytes.n);
    struct dcap_collateral_files f;
    struct err e = { 0 };
    bool ok =
        is_oe ? endorsements_parse_oe(s, &f, NULL, &e) : endorsements_parse_intel(s, &f, NULL, &e);

    free(exact);
    CHECK_INT("a failure has a code", !ok, e.code != ERR_NONE);
    return e;
}

static struct span changed(struct span s, size_t at, uint32_t value)
{
    uint8_t *p = arena_alloc(&arena, s.n, 1);

    memcpy(p, s.p, s.n);
    for (size_t i = 0; i < 4; i++)
        p[at + i] = (uint8_t)(value >> 8 * i);
    return span_of(p, s.n);
}

static struct span with_tail(struct span s, uint8_t byte)
{
    uint8_t *p = arena_alloc(&arena, s.n + 1, 1);

    memcpy(p, s.p, s.n);
    p[s.n] = byte;
    return span_of(p, s.n + 1);
}

static void endorsements_of_open_enclave_are_read(void **state)
{
    struct dcap_collateral_files files;
    struct span created = { 0 };
    struct err e = { 0 };

    (void)state;
    begin();
    CHECK_OK("sample", endorsements_parse_oe(sample_oe(), &files, &created, &e), e);
    check_files("sample", &files);
    CHECK_TEXT("created", created, "2022-05-01T00:00:00Z");
}

static void endorsements_of_intel_are_read_without_their_pointers(void **state)
{
    struct dcap_collateral_files files;
    struct span bytes;
    struct err e = { 0 };
    uint32_t tee = 0;

    (void)state;
    begin();
    bytes = sample_intel();
    for (size_t i = 0; i < 7; i++)
        bytes = changed(changed(bytes, 8 + 16 * i, 0xdeadbeef), 20 + 16 * i, 0x7fff1234);
    CHECK_OK("sample", endorsements_parse_intel(bytes, &files, &tee, &e), e);
    check_files("sample", &files);
    CHECK_INT("tee type", tee, 0x81);
    CHECK_OK("version 3.1",
             endorsements_parse_intel(changed(bytes, 0, 0x00010003), &files, &tee, &e), e);
}

static void endorsements_of_open_enclave_refuse_other_framing(void **state)
{
    static const struct {
        const char *name;
        size_t at;
        uint32_t value;
        enum err_code code;
        const char *path;
    } rows[] = {
        { "version 2", 0, 2, ERR_UNSUPPORTED, "endorsements.version" },
        { "another enclave", 4, 3, ERR_UNSUPPORTED, "endorsements.enclave_type" },
        { "size too small", 8, 100, ERR_MALFORMED, "endorsements.buffer_size" },
        { "size too large", 8, 0xffffffff, ERR_MALFORMED, "endorsements.buffer_size" },
        { "eight items", 12, 8, ERR_MALFORMED, "endorsements.count" },
        { "a first item elsewhere", 16, 1, ERR_MALFORMED, "endorsements.offsets" },
        { "a version of five bytes", 20, 5, ERR_MALFORMED, "endorsements.items_version" },
        { "offsets that go back", 24, 3, ERR_MALFORMED, "endorsements.offsets" },
        { "an offset past the end", 48, 0xffffffff, ERR_MALFORMED,
          "endorsements.qe_identity_issuer_chain" },
        { "items of version 2", 52, 2, ERR_UNSUPPORTED, "endorsements.items_version" },
    };
    struct span good;

    (void)state;
    begin();
    good = sample_oe();
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_ERR(rows[i].name, result(changed(good, rows[i].at, rows[i].value), true),
                  rows[i].code, rows[i].path);
    CHECK_ERR("a byte more", result(with_tail(good, 0), true), ERR_MALFORMED,
              "endorsements.buffer_size");
    for (size_t n = 0; n < good.n; n++)
        CHECK_INT("truncated", result(span_of(good.p, n), true).code, ERR_MALFORMED);
}

static void endorsements_of_intel_refuse_other_framing(void **state)
{
    struct span good;

    (void)state;
    begin();
    good = sample_intel();
    CHECK_ERR("version 1", result(changed(good, 0, 1), false), ERR_UNSUPPORTED,
              "endorsements.version");
    CHECK_ERR("version 5", result(changed(good, 0, 5), false), ERR_UNSUPPORTED,
              "endorsements.version");
    CHECK_ERR("an item past the end", result(changed(good, 16, 0xffffffff), false), ERR_MALFORMED,
              "endorsements.pck_crl_issuer_chain");
    CHECK_ERR("a byte more", result(with_tail(good, 0), false), ERR_MALFORMED, "endorsements");
    for (size_t n = 0; n < good.n; n++)
        CHECK_INT("truncated", result(span_of(good.p, n), false).code, ERR_MALFORMED);
}

static void endorsements_are_bounded(void **state)
{
    struct span large;

    (void)state;
    begin();
    large = span_of(arena_alloc(&arena, DCAP_ENDORSEMENTS_MAX + 1, 1), DCAP_ENDORSEMENTS_MAX + 1);
    CHECK_ERR("Open Enclave", result(large, true), ERR_LIMIT, "endorsements");
    CHECK_ERR("Intel", result(large, false), ERR_LIMIT, "endorsements");
}

static void endorsements_leave_out_one_nul_and_no_more(void **state)
{
    struct dcap_collateral_files in = sample_files(), out;
    struct writer w;
    struct err e = { 0 };

    (void)state;
    begin();
    in.tcb_info = span_of("x\0", 2);
    w = writer_in(&arena, 512);
    endorsements_write_intel(&w, &in, 0);
    CHECK_OK("parse", endorsements_parse_intel(writer_span(&w), &out, NULL, &e), e);
    CHECK_SPAN("one NUL kept", out.tcb_info, in.tcb_info);
    CHECK_SPAN("DER kept whole", out.pck_crl, in.pck_crl);
}

TEST_MAIN(endorsements_of_open_enclave_are_read,
          endorsements_of_intel_are_read_without_their_pointers,
          endorsements_of_open_enclave_refuse_other_framing,
          endorsements_of_intel_refuse_other_framing, endorsements_are_bounded,
          endorsements_leave_out_one_nul_and_no_more)
