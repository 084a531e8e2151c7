#include "../tests/check.h"
#include "lab.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static int folder_open(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/cupel-lab-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static void remove_tree(const char *path)
{
    DIR *d = opendir(path);
    struct dirent *e;

    while (d && (e = readdir(d))) {
        char name[512];

        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        if (unlink(name) != 0)
            remove_tree(name);
    }
    if (d)
        closedir(d);
    rmdir(path);
}

static struct span file_in(const char *name)
{
    char path[256];

    snprintf(path, sizeof path, "%s/out/%s", folder, name);
    return check_file(path);
}

static bool make_out(const char *kind, const char *scenario, int64_t at, struct err *err)
{
    char out[128];
    struct lab_make_options o = { .kind = kind, .scenario = scenario, .at = at, .out_dir = out };

    snprintf(out, sizeof out, "%s/out", folder);
    return lab_make(&o, err);
}

static void check_and_free(const char *name, struct span want)
{
    struct span got = file_in(name);

    CHECK_SPAN(name, got, want);
    free((void *)(uintptr_t)got.p);
}

static void a_folder_holds_everything_of_one_machine(void **state)
{
    struct arena a = arena_over(64 << 20);
    struct lab_sgx_set s;
    struct err e = { 0 };

    assert_int_equal(folder_open(state), 0);
    CHECK_OK("make", make_out("sgx", "ti-v2", 0, &e), e);
    assert_true(lab_sgx_make_scenario("ti-v2", 0, &a, &s, &e));
    check_and_free("quote.bin", s.quote);
    check_and_free("pck.der", s.pck_der);
    check_and_free("runtime.bin", s.runtime);
    check_and_free("oe_report.bin", lab_oe_report(&a, s.quote));
    check_and_free("collateral/tcb_info.json", s.tcb_info);
    check_and_free("collateral/tcb_info_issuer_chain.pem", s.tcb_chain);
    check_and_free("collateral/qe_identity.json", s.qe_identity);
    check_and_free("collateral/qe_identity_issuer_chain.pem", s.qe_chain);
    check_and_free("collateral/pck_crl.der", s.pck_crl);
    check_and_free("collateral/pck_crl_issuer_chain.pem", s.crl_chain);
    check_and_free("collateral/root_ca_crl.der", s.root_crl);
    check_and_free("roots/root.pem", s.root_pem);
    arena_fini(&a);
    remove_tree(folder);
}

static void the_readme_says_lab_and_what_to_expect(void **state)
{
    struct err e = { 0 };
    struct span text;

    assert_int_equal(folder_open(state), 0);
    CHECK_OK("make", make_out("oe", "s-outofdate", LAB_NOW + 86400, &e), e);
    text = file_in("README.txt");
    assert_true(span_starts(text, span_str("Lab evidence.")));
    assert_non_null(memmem(text.p, text.n, "expected   OutOfDate\n", 21));
    assert_non_null(memmem(text.p, text.n, "judged at  2024-01-16T12:00:00Z\n", 32));
    assert_non_null(memmem(text.p, text.n, "--type oe --evidence oe_report.bin", 34));
    free((void *)(uintptr_t)text.p);
    remove_tree(folder);
}

static void making_twice_gives_the_same_folder(void **state)
{
    struct err e = { 0 };
    struct span first, second;

    assert_int_equal(folder_open(state), 0);
    CHECK_OK("long", make_out("sgx", "x-auth-64", 0, &e), e);
    CHECK_OK("first", make_out("sgx", NULL, 0, &e), e);
    first = file_in("quote.bin");
    CHECK_OK("second", make_out("sgx", "base", 0, &e), e);
    second = file_in("quote.bin");
    CHECK_SPAN("quote", second, first);
    free((void *)(uintptr_t)first.p);
    free((void *)(uintptr_t)second.p);
    remove_tree(folder);
}

static void changes_may_be_as_long_as_a_runtime(void **state)
{
    static char changes[] = "runtime=";
    char text[sizeof changes + 20000];
    char out[128];
    struct lab_make_options o = { .kind = "sgx", .out_dir = out, .changes = text };
    struct err e = { 0 };
    struct span runtime;

    assert_int_equal(folder_open(state), 0);
    snprintf(out, sizeof out, "%s/out", folder);
    memset(text, '6', sizeof text);
    memcpy(text, changes, sizeof changes - 1);
    text[sizeof changes - 1 + 20000] = '\0';
    CHECK_OK("long", lab_make(&o, &e), e);
    runtime = file_in("runtime.bin");
    CHECK_INT("all of it", runtime.n, 10000);
    free((void *)(uintptr_t)runtime.p);
    remove_tree(folder);
}

static void what_cannot_be_made_is_refused_and_nothing_written(void **state)
{
    static const struct {
        const char *kind, *scenario;
        enum err_code code;
    } rows[] = { { "tdx", "base", ERR_UNSUPPORTED },
                 { "sevsnp", "base", ERR_UNSUPPORTED },
                 { "sgx", "tdx-v4", ERR_UNSUPPORTED },
                 { "sgx", "none such", ERR_MISSING } };

    assert_int_equal(folder_open(state), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = { 0 };

        assert_false(make_out(rows[i].kind, rows[i].scenario, 0, &e));
        CHECK_ERR(rows[i].scenario, e, rows[i].code, "");
        CHECK(rows[i].scenario, file_in("README.txt").p == NULL);
    }
    remove_tree(folder);
}

static void a_place_that_cannot_be_written_is_io(void **state)
{
    struct lab_make_options o = { .kind = "sgx", .out_dir = "/dev/null/lab" };
    struct err e = { 0 };

    (void)state;
    assert_false(lab_make(&o, &e));
    CHECK_ERR("out", e, ERR_IO, "");
}

TEST_MAIN(changes_may_be_as_long_as_a_runtime, a_folder_holds_everything_of_one_machine,
          the_readme_says_lab_and_what_to_expect, making_twice_gives_the_same_folder,
          what_cannot_be_made_is_refused_and_nothing_written, a_place_that_cannot_be_written_is_io)
