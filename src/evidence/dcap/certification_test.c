#include "certification.h"

#include "../../../tests/check.h"
#include "../../format/der.h"
#include "../../format/pem.h"
#include "pck.h"
#include "quote.h"

static struct arena arena;

static void begin(void)
{
    arena_fini(&arena);
    arena = arena_over(16 << 20);
}

/* A PEM text of `count` blocks that hold the bytes 01, 02, ... each thirty times. */
static struct span chain_of(size_t count, const char *label, const char *between, bool nul)
{
    struct writer w = writer_in(&arena, 4096);
    uint8_t der[30];

    for (size_t i = 0; i < count; i++) {
        memset(der, (int)i + 1, sizeof der);
        if (i > 0)
            write_text(&w, between);
        pem_write(&w, label, span_of(der, sizeof der));
    }
    if (nul)
        write_u8(&w, 0);
    assert_false(w.has_failed);
    return writer_span(&w);
}

static struct span ordinary(size_t count)
{
    return chain_of(count, "CERTIFICATE", "", true);
}

static struct span with_crlf(struct span text)
{
    struct writer w = writer_in(&arena, text.n * 2);

    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\n')
            write_u8(&w, '\r');
        write_u8(&w, text.p[i]);
    }
    return writer_span(&w);
}

static struct err parse_result(uint16_t type, struct span data)
{
    uint8_t *exact = check_exact(data);
    struct certification c;
    struct err e = { 0 };
    bool ok = certification_parse(type, span_of(exact, data.n), &arena, &c, &e);

    free(exact);
    CHECK_INT("a failure has a code", !ok, e.code != ERR_NONE);
    return e;
}

static struct err chain_result(uint16_t type, struct span data)
{
    struct certification c = { 0 };
    struct pck_chain chain;
    struct err e = { 0 };

    CHECK_OK("usable", certification_parse(type, data, &arena, &c, &e), e);
    CHECK_INT("a failure has a code", !certification_chain(&c, &arena, &chain, &e),
              e.code != ERR_NONE);
    return e;
}

static void certification_takes_the_platform_names_apart(void **state)
{
    static const struct {
        const char *name;
        uint16_t type;
        size_t ppid;
    } rows[] = {
        { "in clear", CERTIFICATION_PPID, 16 },
        { "RSA-2048", CERTIFICATION_PPID_RSA2048, 256 },
        { "RSA-3072", CERTIFICATION_PPID_RSA3072, 384 },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct writer w = writer_in(&arena, 512);
        struct certification c = { 0 };
        struct span data;
        struct err e = { 0 };

        write_fill(&w, 0x99, rows[i].ppid);
        write_fill(&w, 0xc5, 16);
        write_u16le(&w, 0x010b);
        write_u16le(&w, 0x0302);
        data = writer_span(&w);
        CHECK_OK(rows[i].name, certification_parse(rows[i].type, data, &arena, &c, &e), e);
        CHECK_SPAN(rows[i].name, c.ppid, span_part(data, 0, rows[i].ppid));
        CHECK_SPAN(rows[i].name, c.cpu_svn, span_part(data, rows[i].ppid, 16));
        CHECK_INT(rows[i].name, c.pcesvn, 0x010b);
        CHECK_SPAN(rows[i].name, c.pce_id, span_of("\x02\x03", 2));
        CHECK("no certificate", !certification_has_pck(&c, &e));
        CHECK_ERR(rows[i].name, e, ERR_UNSUPPORTED, "certification");
        CHECK(rows[i].name, strstr(e.text, "PCK certificate not in quote") != NULL);
        for (size_t n = 0; n < data.n; n++)
            CHECK_INT("truncated", parse_result(rows[i].type, span_of(data.p, n)).code,
                      ERR_MALFORMED);
        write_u8(&w, 0);
        CHECK_ERR("a byte more", parse_result(rows[i].type, writer_span(&w)), ERR_MALFORMED,
                  "certification");
    }
}

static void km_26_certification_refuses_what_holds_no_certificate(void **state)
{
    static const uint16_t types[] = { 0, 6, 7, 8, 255, 0x0105, 0xffff };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(types); i++) {
        CHECK_ERR("a chain by another type", parse_result(types[i], ordinary(3)), ERR_UNSUPPORTED,
                  "certification");
        CHECK_ERR("nothing", parse_result(types[i], span_of("", 0)), ERR_UNSUPPORTED,
                  "certification");
    }
    CHECK_ERR("too long",
              parse_result(5, span_of(arena_alloc(&arena, DCAP_CERTIFICATION_DATA_MAX + 1, 1),
                                      DCAP_CERTIFICATION_DATA_MAX + 1)),
              ERR_LIMIT, "certification");
}

static void km_26_certification_of_type_4_is_one_certificate(void **state)
{
    struct certification c = { 0 };
    struct pck_chain chain;
    struct err e = { 0 };

    (void)state;
    begin();
    CHECK_OK("one", certification_parse(4, ordinary(1), &arena, &c, &e), e);
    CHECK_OK("one", certification_chain(&c, &arena, &chain, &e), e);
    CHECK_INT("one", chain.count, 1);
    CHECK_INT("one", chain.leaf.p[0], 1);
    CHECK("no issuers", chain.intermediate.n == 0 && chain.root.n == 0);
    for (size_t n = 2; n < 10; n++)
        CHECK_ERR("several", parse_result(4, ordinary(n)), ERR_UNSUPPORTED, "certification");
    CHECK_ERR("empty", parse_result(4, span_of("", 0)), ERR_UNSUPPORTED, "certification");
    CHECK_ERR("no PEM", parse_result(4, span_str("certificate")), ERR_UNSUPPORTED, "certification");
}

static void km_26_certification_of_type_5_is_three_certificates(void **state)
{
    static const struct {
        const char *name, *label, *between;
        size_t count;
        bool nul;
        enum err_code code;
    } rows[] = {
        { "with a NUL", "CERTIFICATE", "", 3, true, ERR_NONE },
        { "without a NUL", "CERTIFICATE", "", 3, false, ERR_NONE },
        { "empty lines between", "CERTIFICATE", "\n \n", 3, true, ERR_NONE },
        { "a NUL alone", "CERTIFICATE", "", 0, true, ERR_MALFORMED },
        { "nothing", "CERTIFICATE", "", 0, false, ERR_MALFORMED },
        { "one", "CERTIFICATE", "", 1, true, ERR_MALFORMED },
        { "two", "CERTIFICATE", "", 2, true, ERR_MALFORMED },
        { "four", "CERTIFICATE", "", 4, true, ERR_MALFORMED },
        { "eight", "CERTIFICATE", "", 8, true, ERR_MALFORMED },
        { "nine", "CERTIFICATE", "", 9, true, ERR_LIMIT },
        { "another label", "X509 CRL", "", 3, true, ERR_MALFORMED },
        { "text between", "CERTIFICATE", "subject: CN\n", 3, true, ERR_MALFORMED },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span text = chain_of(rows[i].count, rows[i].label, rows[i].between, rows[i].nul);

        CHECK_INT(rows[i].name, chain_result(5, text).code, rows[i].code);
    }
    CHECK_INT("CRLF", chain_result(5, with_crlf(ordinary(3))).code, ERR_NONE);
}

static void certification_keeps_the_order_of_the_chain(void **state)
{
    struct certification c = { 0 };
    struct pck_chain chain;
    struct err e = { 0 };

    (void)state;
    begin();
    CHECK_OK("three", certification_parse(5, ordinary(3), &arena, &c, &e), e);
    CHECK("has one", certification_has_pck(&c, &e));
    CHECK_OK("three", certification_chain(&c, &arena, &chain, &e), e);
    CHECK_INT("count", chain.count, 3);
    CHECK("leaf, intermediate, root",
          chain.leaf.p[0] == 1 && chain.intermediate.p[0] == 2 && chain.root.p[0] == 3);
}

static void certification_takes_one_nul_and_no_second(void **state)
{
    struct writer w;

    (void)state;
    begin();
    w = writer_in(&arena, 1024);
    write_bytes(&w, ordinary(3));
    write_u8(&w, 0);
    CHECK_INT("two NULs", chain_result(5, writer_span(&w)).code, ERR_MALFORMED);
}

static void certification_refuses_each_truncation(void **state)
{
    struct span text;

    (void)state;
    begin();
    text = ordinary(3); /* without its NUL and its last line end it is whole still */
    for (size_t n = 0; n + 2 < text.n; n++)
        CHECK_INT("truncated", chain_result(5, span_of(text.p, n)).code, ERR_MALFORMED);
}

/* A flipped bit is refused, or lies in white space or the NUL, or shows in a certificate. */
static void certification_shows_each_flipped_bit(void **state)
{
    struct span text;
    uint8_t *p;

    (void)state;
    begin();
    text = ordinary(3);
    p = check_exact(text);
    for (size_t bit = 0; bit < text.n * 8; bit++) {
        struct arena a = arena_over(1 << 20);
        struct certification c = { 0 };
        struct pck_chain k;
        struct err e = { 0 };

        p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (certification_parse(5, span_of(p, text.n), &a, &c, &e) &&
            certification_chain(&c, &a, &k, &e) && k.leaf.n == 30 && k.leaf.p[29] == 1 &&
            span_equal(k.leaf, span_of(memset(arena_alloc(&a, 30, 1), 1, 30), 30)) &&
            span_equal(k.intermediate, span_of(memset(arena_alloc(&a, 30, 1), 2, 30), 30)) &&
            span_equal(k.root, span_of(memset(arena_alloc(&a, 30, 1), 3, 30), 30)))
            CHECK("white space or NUL", text.p[bit / 8] == '\n' || text.p[bit / 8] == 0);
        p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        arena_fini(&a);
    }
    free(p);
}

static void certification_fails_cleanly_at_each_allocation(void **state)
{
    (void)state;
    begin();
    for (uint16_t type = 4; type <= 5; type++) {
        struct span text = ordinary(type == 4 ? 1 : 3);
        bool done = false;

        for (size_t n = 1; !done; n++) {
            struct arena a = arena_over(1 << 20);
            struct certification c = { 0 };
            struct pck_chain k;
            struct err e = { 0 };

            a.fail_at = n;
            done =
                certification_parse(type, text, &a, &c, &e) && certification_chain(&c, &a, &k, &e);
            CHECK("memory or done", done || e.code == ERR_MEMORY);
            arena_fini(&a);
        }
    }
}

/* A certificate with nothing but extensions. */
static void extend(struct cert *cert, const char *dotted, struct span value)
{
    struct writer w = writer_in(&arena, 64);
    struct span oid;

    der_write_oid(&w, dotted);
    oid = writer_span(&w);
    cert->extensions[cert->extension_count++] = (struct cert_extension){
        .oid = span_part(oid, 2, oid.n - 2),
        .value = value,
    };
}

#define RAW_QUOTE   "1.2.840.113556.10.1.1"
#define RAW_KIND    "1.2.840.113556.10.1.2"
#define OE_REPORT   "1.3.6.1.4.1.311.105.1"
#define VALUE(text) span_of((text), sizeof(text) - 1)

static void carrier_finds_the_evidence_in_a_certificate(void **state)
{
    struct cert cert = { 0 };
    struct carrier c = { 0 };
    struct err e = { 0 };

    (void)state;
    begin();
    extend(&cert, "2.5.29.14", VALUE("\x04\x01\x00"));
    CHECK_OK("none", carrier_find(&cert, &c, &e), e);
    CHECK_INT("none", c.kind, CARRIER_NONE);
    extend(&cert, RAW_QUOTE, VALUE("\x04\x05quote"));
    CHECK_OK("alone", carrier_find(&cert, &c, &e), e);
    extend(&cert, RAW_KIND, VALUE("\x02\x01\x01"));
    CHECK_OK("with its kind", carrier_find(&cert, &c, &e), e);
    CHECK_INT("raw", c.kind, CARRIER_RAW_QUOTE);
    CHECK_TEXT("unwrapped", c.evidence, "quote");
    cert = (struct cert){ 0 };
    extend(&cert, OE_REPORT, VALUE("report"));
    CHECK_OK("report", carrier_find(&cert, &c, &e), e);
    CHECK_INT("report", c.kind, CARRIER_OE_REPORT);
    CHECK_TEXT("not wrapped", c.evidence, "report");
}

static void carrier_refuses_what_it_should_not_hold(void **state)
{
    static const struct {
        const char *name, *path;
        struct span quote, kind;
        bool report;
    } rows[] = {
        { "not wrapped", "carrier.quote", { (const uint8_t *)"quote", 5 }, { 0 }, false },
        { "bytes behind", "carrier", { (const uint8_t *)"\x04\x01qx", 4 }, { 0 }, false },
        { "kind 2",
          "carrier",
          { (const uint8_t *)"\x04\x01q", 3 },
          { (const uint8_t *)"\x02\x01\x02", 3 },
          false },
        { "kind as octets",
          "carrier.kind",
          { (const uint8_t *)"\x04\x01q", 3 },
          { (const uint8_t *)"\x04\x01\x01", 3 },
          false },
        { "bytes behind the kind",
          "carrier",
          { (const uint8_t *)"\x04\x01q", 3 },
          { (const uint8_t *)"\x02\x01\x01\x00", 4 },
          false },
        { "both", "carrier", { (const uint8_t *)"\x04\x01q", 3 }, { 0 }, true },
    };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct cert cert = { 0 };
        struct carrier c;
        struct err e = { 0 };

        extend(&cert, RAW_QUOTE, rows[i].quote);
        if (rows[i].kind.n > 0)
            extend(&cert, RAW_KIND, rows[i].kind);
        if (rows[i].report)
            extend(&cert, OE_REPORT, VALUE("report"));
        CHECK(rows[i].name, !carrier_find(&cert, &c, &e));
        CHECK_ERR(rows[i].name, e, ERR_MALFORMED, rows[i].path);
    }
}

static void certification_reads_the_chains_of_real_quotes(void **state)
{
    static const char *const files[] = {
        "sgx/evidence/q-a067-hello.bin",        "sgx/evidence/q-606a-v3.bin",
        "sgx/evidence/q-606a-occlum.bin",       "sgx/evidence/q-906e-oe-evidence.bin",
        "sgx/evidence/q-906e-sample-debug.bin", "simulator/base/quote.bin",
    };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    begin();
    for (size_t i = 0; i < COUNT(files); i++) {
        struct span file = check_vector(files[i]);
        struct certification c = { 0 };
        struct pck_chain chain;
        struct quote q;
        struct cert leaf;
        struct pck facts;
        struct err e = { 0 };

        CHECK_OK(files[i], quote_parse(file, &q, &e), e);
        CHECK_OK(files[i],
                 certification_parse(q.certification_type, q.certification_data, &arena, &c, &e),
                 e);
        CHECK_OK(files[i], certification_chain(&c, &arena, &chain, &e), e);
        CHECK_OK(files[i], cert_parse(chain.leaf, &leaf, &e), e);
        CHECK_OK(files[i], pck_parse(&leaf, &facts, &e), e);
        free((void *)(uintptr_t)file.p);
    }
}

/* A sample that names its platform only, and two bytes short: without a PCEID. */
static void certification_refuses_a_platform_name_without_pceid(void **state)
{
    struct span file;
    struct quote q;
    struct err e = { 0 };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    begin();
    file = check_vector("sgx/alt-root/quote.dat");
    CHECK_OK("quote", quote_parse(file, &q, &e), e);
    CHECK_INT("type", q.certification_type, CERTIFICATION_PPID);
    CHECK_ERR("34 bytes", parse_result(q.certification_type, q.certification_data), ERR_MALFORMED,
              "certification.pce_id");
    free((void *)(uintptr_t)file.p);
}

static void carrier_reads_real_signing_certificates(void **state)
{
    struct pem_block pem;
    size_t count = 0;
    struct cert cert;
    struct carrier c = { 0 };
    struct span file;
    struct quote q;
    struct err e = { 0 };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    begin();
    file = check_vector("sgx/service-observed/signing-cert-2020.pem");
    CHECK_OK("pem", pem_parse(file, "CERTIFICATE", false, 1, &arena, &pem, &count, &e), e);
    CHECK_OK("2020", cert_parse(pem.der, &cert, &e), e);
    CHECK_OK("2020", carrier_find(&cert, &c, &e), e);
    CHECK_INT("2020", c.kind, CARRIER_RAW_QUOTE);
    CHECK_OK("2020", quote_parse(c.evidence, &q, &e), e);
    free((void *)(uintptr_t)file.p);
    file = check_vector("sgx/service-observed/signing-cert-oe-1.der");
    CHECK_OK("2022", cert_parse(file, &cert, &e), e);
    CHECK_OK("2022", carrier_find(&cert, &c, &e), e);
    CHECK_INT("2022", c.kind, CARRIER_OE_REPORT);
    free((void *)(uintptr_t)file.p);
}

static void carrier_refuses_certificates_known_to_be_bad(void **state)
{
    static const char *const files[] = { "sgx/negative/sgx_cert_ec_bad.der",
                                         "sgx/negative/sgx_cert_rsa_bad.der" };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    for (size_t i = 0; i < COUNT(files); i++) {
        struct span file = check_vector(files[i]);
        struct cert cert;
        struct carrier c;
        struct err e = { 0 };

        CHECK(files[i], file.n > 0);
        CHECK(files[i], !(cert_parse(file, &cert, &e) && carrier_find(&cert, &c, &e)));
        CHECK_INT(files[i], e.code, ERR_MALFORMED);
        free((void *)(uintptr_t)file.p);
    }
}

/* What evidence needs is asked of its first certificate; what follows is judged later. */
static void the_leaf_alone_is_read_without_looking_behind_it(void **state)
{
    struct span whole, der = { 0 };
    struct certification c = { .type = CERTIFICATION_PCK_CHAIN };
    struct err e = { 0 };
    uint8_t want[30];

    (void)state;
    begin();
    memset(want, 1, sizeof want);
    whole = chain_of(3, "CERTIFICATE", "noise between\n", true);
    c.data = whole;
    CHECK_OK("noise behind", certification_leaf(&c, &arena, &der, &e), e);
    CHECK_SPAN("noise behind", der, span_of(want, sizeof want));
    for (size_t n = 0; n < 60; n++) {
        err_clear(&e);
        c.data = span_part(whole, 0, n);
        CHECK("cut", !certification_leaf(&c, &arena, &der, &e));
        CHECK_INT("cut", e.code, ERR_MALFORMED);
    }
}

TEST_MAIN(the_leaf_alone_is_read_without_looking_behind_it,
          certification_takes_the_platform_names_apart,
          km_26_certification_refuses_what_holds_no_certificate,
          km_26_certification_of_type_4_is_one_certificate,
          km_26_certification_of_type_5_is_three_certificates,
          certification_keeps_the_order_of_the_chain, certification_takes_one_nul_and_no_second,
          certification_refuses_each_truncation, certification_shows_each_flipped_bit,
          certification_fails_cleanly_at_each_allocation,
          carrier_finds_the_evidence_in_a_certificate, carrier_refuses_what_it_should_not_hold,
          certification_reads_the_chains_of_real_quotes,
          certification_refuses_a_platform_name_without_pceid,
          carrier_reads_real_signing_certificates, carrier_refuses_certificates_known_to_be_bad)
