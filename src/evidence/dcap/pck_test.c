#include "pck.h"

#include "../../../tests/check.h"
#include "sample_pck.h"

static uint8_t bytes[8192];

static struct span make(const struct sample_pck *s)
{
    struct writer w = writer_over(bytes, sizeof bytes);

    sample_pck_write(&w, s);
    assert_false(w.has_failed);
    return writer_span(&w);
}

static struct err result(struct span value)
{
    uint8_t *exact = check_exact(value);
    struct pck p;
    struct err e = { 0 };
    bool ok = pck_extension_parse(span_of(exact, value.n), &p, &e);

    free(exact);
    CHECK_INT("a failure has a code", !ok, e.code != ERR_NONE);
    return e;
}

static struct pck parse_good(const char *row, const struct sample_pck *s)
{
    struct pck p = { 0 };
    struct err e = { 0 };

    CHECK_OK(row, pck_extension_parse(make(s), &p, &e), e);
    return p;
}

static bool is_filled(const uint8_t *p, uint8_t byte, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != byte)
            return false;
    return true;
}

static void check_facts(const char *row, const struct pck *p)
{
    CHECK(row, is_filled(p->ppid, 0x99, 16));
    for (unsigned i = 0; i < TCB_COMPONENTS; i++)
        CHECK_INT(row, p->components[i], 0x71 + i);
    CHECK_INT(row, p->pcesvn, 0x010b);
    CHECK(row, is_filled(p->cpu_svn, 0xc5, 16));
    CHECK(row, is_filled(p->pce_id, 0x03, 2));
    CHECK(row, is_filled(p->fmspc, 0xf5, 6));
    CHECK_INT(row, p->sgx_type, PCK_SGX_SCALABLE);
}

static void pck_reads_the_facts_of_a_platform_in_any_order(void **state)
{
    static const struct {
        const char *name;
        struct sample_pck sample;
    } rows[] = {
        { "platform CA", { 0 } },
        { "platform CA, reversed", { .is_reversed = true } },
        { "processor CA", { .is_processor = true } },
        { "processor CA, reversed", { .is_processor = true, .is_reversed = true } },
        { "an unknown entry", { .extra_oid = SAMPLE_S ".8" } },
        { "an unknown entry further down", { .extra_oid = SAMPLE_S ".3.1" } },
        { "an unknown TCB entry", { .extra_tcb_oid = SAMPLE_S ".2.19" } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pck p = parse_good(rows[i].name, &rows[i].sample);

        check_facts(rows[i].name, &p);
        CHECK_INT(rows[i].name, p.has_platform, !rows[i].sample.is_processor);
        if (p.has_platform) {
            CHECK(rows[i].name, is_filled(p.platform_instance_id, 0x1d, 16));
            CHECK_INT(rows[i].name, p.dynamic_platform, PCK_YES);
            CHECK_INT(rows[i].name, p.cached_keys, PCK_NO);
            CHECK_INT(rows[i].name, p.smt_enabled, PCK_YES);
        }
    }
}

static void pck_calls_an_absent_boolean_unknown(void **state)
{
    struct sample_pck s = { .change = { .oid = SAMPLE_S ".7.3", .what = SAMPLE_LEFT_OUT } };
    struct pck p = parse_good("without SMT", &s);

    (void)state;
    CHECK_INT("unknown", p.smt_enabled, PCK_UNKNOWN);
    CHECK_INT("known", p.cached_keys, PCK_NO);
    s = (struct sample_pck){ .is_processor = true };
    p = parse_good("processor CA", &s);
    CHECK_INT("unknown", p.dynamic_platform, PCK_UNKNOWN);
}

static void pck_refuses_a_missing_or_doubled_entry(void **state)
{
    static const char *const names[] = { "ppid",     "tcb",         "pce_id",       "fmspc",
                                         "sgx_type", "instance_id", "configuration" };
    char oid[64], path[96];

    (void)state;
    for (unsigned arc = 1; arc <= COUNT(names); arc++) {
        struct sample_pck s = { .change = { .oid = oid, .what = SAMPLE_LEFT_OUT } };

        snprintf(oid, sizeof oid, SAMPLE_S ".%u", arc);
        snprintf(path, sizeof path, "sgx_extension.entries.%s", names[arc - 1]);
        CHECK_ERR(oid, result(make(&s)), ERR_MALFORMED, path);
        s.change.what = SAMPLE_TWICE;
        snprintf(path, sizeof path, "sgx_extension.entries.pair.%s", names[arc - 1]);
        CHECK_ERR(oid, result(make(&s)), ERR_MALFORMED, path);
    }
    for (unsigned arc = 1; arc <= 18; arc++) {
        struct sample_pck s = { .change = { .oid = oid, .what = SAMPLE_LEFT_OUT } };

        snprintf(oid, sizeof oid, SAMPLE_S ".2.%u", arc);
        snprintf(path, sizeof path, "sgx_extension.entries.pair.tcb.comp%02u", arc);
        CHECK_ERR(oid, result(make(&s)), ERR_MALFORMED,
                  arc == 17   ? "sgx_extension.entries.pair.tcb.pcesvn"
                  : arc == 18 ? "sgx_extension.entries.pair.tcb.cpu_svn"
                              : path);
        s.change.what = SAMPLE_TWICE;
        CHECK_INT(oid, result(make(&s)).code, ERR_MALFORMED);
    }
}

static void pck_refuses_wrong_types_and_sizes(void **state)
{
#define VALUE(text)                                                                                \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }
    static const struct {
        const char *name, *oid;
        struct span value;
        const char *path;
    } rows[] = {
        { "PPID of one octet", ".1", VALUE("\x04\x01\x99"), "ppid" },
        { "PPID as integer", ".1", VALUE("\x02\x01\x09"), "ppid" },
        { "no value", ".1", VALUE(""), "ppid" },
        { "TCB as octets", ".2", VALUE("\x04\x01\x00"), "tcb" },
        { "an empty TCB", ".2", VALUE("\x30\x00"), "tcb.comp01" },
        { "component 256", ".2.1", VALUE("\x02\x02\x01\x00"), "tcb.pair.comp01" },
        { "component -1", ".2.16", VALUE("\x02\x01\xff"), "tcb.pair.comp16" },
        { "component 128 in one octet", ".2.16", VALUE("\x02\x01\x80"), "tcb.pair.comp16" },
        { "component with a zero too many", ".2.2", VALUE("\x02\x02\x00\x01"), "tcb.pair.comp02" },
        { "component as octets", ".2.3", VALUE("\x04\x01\x01"), "tcb.pair.comp03" },
        { "PCESVN 65536", ".2.17", VALUE("\x02\x03\x01\x00\x00"), "tcb.pair.pcesvn" },
        { "CPUSVN of one octet", ".2.18", VALUE("\x04\x01\x00"), "tcb.pair.cpu_svn" },
        { "PCEID of three octets", ".3", VALUE("\x04\x03\x01\x02\x03"), "pce_id" },
        { "FMSPC as integer", ".4", VALUE("\x02\x01\x01"), "fmspc" },
        { "FMSPC of five octets", ".4", VALUE("\x04\x05\x01\x02\x03\x04\x05"), "fmspc" },
        { "SGX type 3", ".5", VALUE("\x0a\x01\x03"), "sgx_type" },
        { "SGX type as integer", ".5", VALUE("\x02\x01\x01"), "sgx_type" },
        { "instance of no octets", ".6", VALUE("\x04\x00"), "instance_id" },
        { "configuration as boolean", ".7", VALUE("\x01\x01\xff"), "configuration" },
        { "boolean 1", ".7.1", VALUE("\x01\x01\x01"), "configuration.pair.dynamic_platform" },
        { "two values", ".5", VALUE("\x0a\x01\x01\x05\x00"), "" },
    };
    char oid[64], path[96];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sample_pck s = { .change = {
                                    .oid = oid, .what = SAMPLE_REPLACED, .value = rows[i].value } };

        snprintf(oid, sizeof oid, SAMPLE_S "%s", rows[i].oid);
        snprintf(path, sizeof path, "sgx_extension.entries.pair%s%s", rows[i].path[0] ? "." : "",
                 rows[i].path);
        CHECK_ERR(rows[i].name, result(make(&s)), ERR_MALFORMED, path);
    }
#undef VALUE
}

static void pck_refuses_identifiers_from_elsewhere(void **state)
{
    static const struct {
        const char *name, *oid;
        bool in_tcb;
    } rows[] = {
        { "another arc", "1.2.840.113741.1.13.2", false },
        { "the list's own", SAMPLE_S, false },
        { "not Intel's", "1.3.6.1", false },
        { "an entry of the extension among the TCB", SAMPLE_S ".1", true },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sample_pck s = { 0 };

        if (rows[i].in_tcb)
            s.extra_tcb_oid = rows[i].oid;
        else
            s.extra_oid = rows[i].oid;
        CHECK_ERR(rows[i].name, result(make(&s)), ERR_MALFORMED,
                  rows[i].in_tcb ? "sgx_extension.entries.pair.tcb.pair.oid"
                                 : "sgx_extension.entries.pair.oid");
    }
}

/* Definite lengths that fit their boxes, a thousand levels of them: passed over, not walked into.
 */
static void km_27_pck_passes_over_deep_nesting(void **state)
{
    uint8_t deep[8000];
    struct span inner = span_of("", 0);
    struct sample_pck s = { .change = { .oid = SAMPLE_S ".4", .what = SAMPLE_REPLACED } };
    size_t at = sizeof deep;

    (void)state;
    while (inner.n < 900) {
        uint8_t room[1000];
        struct writer w = writer_over(room, sizeof room);

        der_write(&w, DER_SEQUENCE, inner);
        at = sizeof deep - w.n;
        memcpy(deep + at, room, w.n);
        inner = span_of(deep + at, w.n);
    }
    s.change.value = inner;
    CHECK_ERR("in place of the FMSPC", result(make(&s)), ERR_MALFORMED,
              "sgx_extension.entries.pair.fmspc");
    memset(deep, 0x30, sizeof deep);
    CHECK_INT("nothing but tags", result(span_of(deep, sizeof deep)).code, ERR_MALFORMED);
}

static void pck_refuses_each_truncation(void **state)
{
    struct sample_pck s = { 0 };
    struct span whole = make(&s);

    (void)state;
    for (size_t n = 0; n < whole.n; n++)
        CHECK_INT("truncated", result(span_of(whole.p, n)).code, ERR_MALFORMED);
    bytes[whole.n] = 0;
    CHECK_ERR("a byte more", result(span_of(bytes, whole.n + 1)), ERR_MALFORMED, "sgx_extension");
}

/* A flipped bit is refused or changes a fact: without unknown entries no bit is free of meaning. */
static void pck_shows_each_flipped_bit_in_the_facts(void **state)
{
    struct sample_pck s = { 0 };
    struct pck whole = parse_good("whole", &s);
    struct span value = make(&s);

    (void)state;
    for (size_t bit = 0; bit < value.n * 8; bit++) {
        struct pck p;
        struct err e = { 0 };

        memset(&p, 0, sizeof p);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (pck_extension_parse(value, &p, &e))
            CHECK("differs", memcmp(&p, &whole, sizeof p) != 0);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void pck_needs_the_extension(void **state)
{
    struct cert cert = { 0 };
    struct pck p;
    struct err e = { 0 };

    (void)state;
    CHECK("refused", !pck_parse(&cert, &p, &e));
    CHECK_ERR("no extension", e, ERR_MALFORMED, "sgx_extension");
}

static void pck_reads_the_simulators_certificate(void **state)
{
    struct span file;
    struct cert cert;
    struct pck p;
    struct err e = { 0 };

    (void)state;
    SKIP_WITHOUT_VECTORS();
    file = check_vector("simulator/base/pck.der");
    CHECK_OK("certificate", cert_parse(file, &cert, &e), e);
    CHECK_OK("facts", pck_parse(&cert, &p, &e), e);
    CHECK_SPAN("fmspc", span_of(p.fmspc, 6), span_of("\x00\xa1\xb2\xc3\xd4\xe5", 6));
    CHECK_SPAN("components", span_of(p.components, 8), span_of("\5\5\2\2\3\1\0\3", 8));
    CHECK_INT("pcesvn", p.pcesvn, 11);
    CHECK_INT("type", p.sgx_type, PCK_SGX_SCALABLE);
    CHECK("platform", p.has_platform && p.dynamic_platform == PCK_YES);
    free((void *)(uintptr_t)file.p);
    CHECK("no facts in a CA's",
          cert_parse(file = check_vector("simulator/base/platform-ca.der"), &cert, &e) &&
              !pck_parse(&cert, &p, &e));
    free((void *)(uintptr_t)file.p);
}

TEST_MAIN(pck_reads_the_facts_of_a_platform_in_any_order, pck_calls_an_absent_boolean_unknown,
          pck_refuses_a_missing_or_doubled_entry, pck_refuses_wrong_types_and_sizes,
          pck_refuses_identifiers_from_elsewhere, km_27_pck_passes_over_deep_nesting,
          pck_refuses_each_truncation, pck_shows_each_flipped_bit_in_the_facts,
          pck_needs_the_extension, pck_reads_the_simulators_certificate)
