#include "report.h"

#include "../../../tests/check.h"
#include "../../crypto/crypto.h"
#include "../../crypto/signkey.h"
#include "../../format/json.h"

static struct arena arena;

static void begin(void)
{
    arena_fini(&arena);
    arena = arena_over(16u << 20);
}

static const uint8_t filling[512] = { 1, 2, 3 };

static struct vbs_module sample_modules[2] = {
    { { filling, 32 },
      { filling, 32 },
      { filling, 16 },
      { filling, 16 },
      3,
      { (const uint8_t *)"a\0b\0", 4 } },
    { { filling + 32, 32 },
      { filling, 32 },
      { filling, 16 },
      { filling, 16 },
      1,
      { (const uint8_t *)"c\0", 2 } },
};

static struct vbs_report sample(void)
{
    return (struct vbs_report){
        .version = 1,
        .data = { filling, 64 },
        .identity = { { filling, 32 },
                      { filling, 32 },
                      { filling, 32 },
                      { filling, 16 },
                      { filling, 16 },
                      3,
                      1,
                      5,
                      0,
                      0,
                      VBS_ENCLAVE_TYPE },
        .modules = sample_modules,
        .module_count = 2,
    };
}

static struct span statement(void)
{
    struct writer w = writer_in(&arena, 1024);
    struct vbs_report r = sample();

    vbs_report_write(&w, &r);
    return writer_span(&w);
}

static struct span package(void)
{
    struct writer w = writer_in(&arena, 1024);
    struct vbs_package p = { 1, 1, statement(), { filling, 256 } };

    vbs_package_write(&w, &p);
    return writer_span(&w);
}

static void what_is_written_is_read_and_written_again(void **state)
{
    struct writer w, x;
    struct vbs_package p;
    struct vbs_report r;
    struct err e = { 0 };

    (void)state;
    begin();
    w = writer_in(&arena, 1024);
    x = writer_in(&arena, 1024);
    CHECK_OK("package", vbs_package_parse(package(), &p, &e), e);
    vbs_package_write(&w, &p);
    CHECK_SPAN("package", writer_span(&w), package());
    CHECK_OK("report", vbs_report_parse(p.statement, &arena, &r, &e), e);
    CHECK_INT("modules", r.module_count, 2);
    CHECK_SPAN("name", r.modules[0].name, span_of("a\0b\0", 4));
    vbs_report_write(&x, &r);
    CHECK_SPAN("report", writer_span(&x), p.statement);
}

static bool parse_both(struct span bytes, struct vbs_report *r, struct err *e)
{
    struct vbs_package p;

    return vbs_package_parse(bytes, &p, e) && vbs_report_parse(p.statement, &arena, r, e);
}

static void each_truncation_and_each_byte_too_many_is_refused(void **state)
{
    struct span good;

    (void)state;
    begin();
    good = package();
    for (size_t n = 0; n <= good.n + 1; n++) {
        uint8_t *copy = calloc(1, n + 1);
        struct vbs_report r;
        struct err e = { 0 };

        memcpy(copy, good.p, n < good.n ? n : good.n);
        CHECK_INT("length", parse_both(span_of(copy, n), &r, &e), n == good.n);
        CHECK_INT("length", e.code, n == good.n ? ERR_NONE : ERR_MALFORMED);
        free(copy);
    }
}

/* The statement cut with its sizes corrected: only a whole number of blocks is one. */
static void each_cut_of_the_statement_is_refused_but_between_blocks(void **state)
{
    struct span good;

    (void)state;
    begin();
    good = statement();
    for (size_t n = 4; n < good.n; n++) {
        uint8_t *copy = check_exact(span_part(good, 0, n));
        struct vbs_report r;
        struct err e = { 0 };

        copy[0] = (uint8_t)n;
        copy[1] = (uint8_t)(n >> 8);
        CHECK_INT("cut", vbs_report_parse(span_of(copy, n), &arena, &r, &e),
                  n == 224 || n == 224 + 120);
        free(copy);
    }
}

static void no_flipped_bit_is_read_as_something_else_than_it_says(void **state)
{
    struct span good;
    uint8_t *copy;

    (void)state;
    begin();
    good = statement();
    copy = check_exact(good);
    for (size_t bit = 0; bit < 8 * good.n; bit++) {
        struct writer w = writer_in(&arena, 1024);
        struct vbs_report r;
        struct err e = { 0 };

        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (!vbs_report_parse(span_of(copy, good.n), &arena, &r, &e)) {
            CHECK("told", e.text[0] != 0);
        } else if (r.unknown_block == 0) {
            vbs_report_write(&w, &r);
            CHECK_SPAN("same", writer_span(&w), span_of(copy, good.n));
        }
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    free(copy);
}

static void packages_are_refused_for_what_is_wrong_in_them(void **state)
{
    /* offsets in the package: 0 size, 12 statement, 16 signature, 24 report size, 248 block */
    static const struct {
        const char *name;
        size_t at;
        uint8_t x[4];
        const char *path;
    } rows[] = {
        { "size", 0, { 1, 2, 0, 0 }, "package_size" },
        { "statement too long", 12, { 0xFF, 0xFF, 0, 0 }, "statement" },
        { "statement over its limit", 12, { 0, 0, 2, 0 }, "statement_size" },
        { "statement of all there is", 12, { 0xFF, 0xFF, 0xFF, 0xFF }, "statement_size" },
        { "no signature", 16, { 0, 0, 0, 0 }, "signature_size" },
        { "a short signature", 16, { 0xFF, 0, 0, 0 }, "signature_size" },
        { "a long signature", 16, { 1, 2, 0, 0 }, "signature_size" },
        { "report size", 24, { 0, 0, 0, 0 }, "report_size" },
        { "block of kind 0", 248, { 0, 0, 0, 0 }, "type" },
        { "block of no size", 252, { 0, 0, 0, 0 }, "size" },
        { "block of its header", 252, { 8, 0, 0, 0 }, "size" },
        { "block beyond the end", 252, { 0, 1, 0, 0 }, "size" },
        { "block of all there is", 252, { 0xFF, 0xFF, 0xFF, 0xFF }, "size" },
    };
    struct span good;

    (void)state;
    begin();
    good = package();
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t *copy = check_exact(good);
        struct vbs_report r;
        struct err e = { 0 };

        memcpy(copy + rows[i].at, rows[i].x, 4);
        CHECK(rows[i].name, !parse_both(span_of(copy, good.n), &r, &e));
        CHECK_ERR(rows[i].name, e, ERR_MALFORMED, rows[i].path);
        free(copy);
    }
}

/* A report of a virtual machine has no size of a statement: it reads as a package that does not add
 * up. */
static void a_virtual_machines_report_is_no_package(void **state)
{
    uint8_t report[0x230] = { 0x30, 0x02, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0 };
    struct vbs_package p;
    struct err e = { 0 };

    (void)state;
    CHECK("refused", !vbs_package_parse(span_of(report, sizeof report), &p, &e));
    CHECK_INT("refused", e.code, ERR_MALFORMED);
}

static void a_module_with_the_identity_is_the_identity(void **state)
{
    struct vbs_report r = sample();
    struct vbs_module modules[2];
    struct err e = { 0 };

    (void)state;
    memcpy(modules, sample_modules, sizeof modules);
    r.modules = modules;
    CHECK_OK("same", vbs_report_check_modules(&r, &e), e);
    modules[0].svn = 4;
    CHECK("svn", !vbs_report_check_modules(&r, &e));
    CHECK_ERR("svn", e, ERR_UNTRUSTED, "modules[0]");
    modules[0].unique_id = span_of(filling + 40, 32);
    err_clear(&e);
    CHECK_OK("another module", vbs_report_check_modules(&r, &e), e);
}

static void more_modules_than_are_read_are_a_limit(void **state)
{
    struct vbs_module many[VBS_MODULES_MAX + 1];
    struct vbs_report r = sample(), again;
    struct writer w;
    struct err e = { 0 };

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = sample_modules[1];
    r.modules = many;
    r.module_count = COUNT(many);
    w = writer_in(&arena, 16384);
    vbs_report_write(&w, &r);
    CHECK("many", !vbs_report_parse(writer_span(&w), &arena, &again, &e));
    CHECK_ERR("many", e, ERR_LIMIT, "modules");
}

static void without_memory_it_says_so(void **state)
{
    struct arena small = arena_over(1 << 20);
    struct vbs_report r;
    struct err e = { 0 };

    (void)state;
    begin();
    small.fail_at = 1;
    CHECK("memory", !vbs_report_parse(statement(), &small, &r, &e));
    CHECK_ERR("memory", e, ERR_MEMORY, "");
    arena_fini(&small);
}

/* ---------------------------------------------------------------- the 25 packages */

static struct pubkey *idks_of(struct crypto *c)
{
    struct span pem = check_vector("vbs/synthetic/keys/idks.pem"), spki = { 0 };
    struct err e = { 0 };
    struct signkey *k = signkey_read_pem(c, pem, &e);
    struct pubkey *out;

    CHECK_OK("idks", k && signkey_spki(k, &arena, &spki, &e), e);
    out = pubkey_new_spki(c, spki, &e);
    CHECK_OK("idks", out != NULL, e);
    signkey_free(k);
    free((void *)(uintptr_t)pem.p);
    return out;
}

/* What the checks say about a package, in the words of the vectors. */
static const char *verdict(struct crypto *c, struct pubkey *idks, struct span bytes)
{
    struct vbs_package p;
    struct vbs_report r;
    struct err e = { 0 };

    if (!vbs_package_parse(bytes, &p, &e) || !vbs_report_parse(p.statement, &arena, &r, &e))
        return "shape";
    if (p.version != VBS_PACKAGE_VERSION)
        return "reject: package version";
    if (r.version != VBS_REPORT_VERSION)
        return "reject: report version";
    if (p.scheme != VBS_SCHEME_PSS)
        return "reject: signature scheme";
    if (r.identity.enclave_type != VBS_ENCLAVE_TYPE)
        return "reject: enclave type";
    if (r.unknown_block)
        return "reject: variable data type";
    if (!vbs_report_check_modules(&r, &e))
        return "modules";
    return pubkey_verify(c, idks, SIG_PS256, p.statement, p.signature, &e) ? "accept"
                                                                           : "reject: signature";
}

static bool is_shape(struct span said)
{
    static const char *const words[] = {
        "reject: package size", "reject: statement size", "reject: signature size",
        "reject: report size",  "reject: variable data",  "reject: trailing bytes",
        "reject: truncated",
    };

    for (size_t i = 0; i < COUNT(words); i++)
        if (span_is(said, words[i]))
            return true;
    return false;
}

static void the_packages_of_the_vectors_are_judged_as_their_page_says(void **state)
{
    const struct json *root = NULL;
    struct span text;
    struct crypto *c;
    struct pubkey *idks;
    struct err e = { 0 };
    size_t count = 0;

    (void)state;
    SKIP_WITHOUT_VECTORS();
    begin();
    c = crypto_new(&e);
    CHECK_OK("crypto", c != NULL, e);
    idks = idks_of(c);
    text = check_vector("vbs/synthetic/reports/expected.json");
    CHECK_OK("expected", json_parse(text, NULL, &arena, &root, &e), e);
    for (const struct json *j = json_member(root, "cases")->child; j; j = j->next, count++) {
        char path[128], name[64];
        struct span bytes;
        const char *found;

        snprintf(name, sizeof name, "%.*s", SPAN_ARG(j->name));
        snprintf(path, sizeof path, "vbs/synthetic/reports/%s.bin", name);
        bytes = check_vector(path);
        found = verdict(c, idks, bytes);
        if (strcmp(found, "shape") == 0)
            CHECK(name, is_shape(j->text));
        else
            CHECK(name, span_starts(j->text, span_str(found)));
        free((void *)(uintptr_t)bytes.p);
    }
    CHECK_INT("packages", count, 25);
    pubkey_free(idks);
    crypto_free(c);
    free((void *)(uintptr_t)text.p);
}

TEST_MAIN(what_is_written_is_read_and_written_again,
          each_truncation_and_each_byte_too_many_is_refused,
          each_cut_of_the_statement_is_refused_but_between_blocks,
          no_flipped_bit_is_read_as_something_else_than_it_says,
          packages_are_refused_for_what_is_wrong_in_them, a_virtual_machines_report_is_no_package,
          a_module_with_the_identity_is_the_identity, more_modules_than_are_read_are_a_limit,
          without_memory_it_says_so, the_packages_of_the_vectors_are_judged_as_their_page_says)
