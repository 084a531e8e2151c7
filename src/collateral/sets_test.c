#include "../../tests/check.h"

#include <sys/stat.h>

#include "../../lab/lab.h"
#include "../host/file.h"
#include "roots.h"
#include "sets.h"

static char root[64];
static struct crypto *crypto;

/* A command of the shell, in which $ROOT is the test's own folder. */
static void run(const char *command)
{
    CHECK_INT("environment", setenv("ROOT", root, 1), 0);
    CHECK_INT(command, system(command), 0);
}

/* root/lab/collateral holds one set. */
static void start(void)
{
    char out[96];
    const struct lab_make_options o = { .kind = "sgx", .out_dir = out };
    struct err e = { 0 };

    snprintf(root, sizeof root, "/tmp/cupel-sets-XXXXXX");
    CHECK("directory", mkdtemp(root) != NULL);
    snprintf(out, sizeof out, "%s/lab", root);
    CHECK_OK("lab", lab_make(&o, &e), e);
    crypto = crypto_new(&e);
    CHECK_OK("crypto", crypto != NULL, e);
}

static void end(void)
{
    run("rm -rf $ROOT");
    crypto_free(crypto);
}

static bool load(const char *name, struct collateral_sets *out, struct err *err)
{
    const struct root_list roots = { &root_lab, 1 };
    char dir[128];

    snprintf(dir, sizeof dir, "%s/%s", root, name);
    return collateral_sets_load(crypto, dir, &roots, out, err);
}

static void folder_that_is_a_set_is_one(void **state)
{
    struct collateral_sets s = { 0 };
    struct err e = { 0 };
    (void)state;

    start();
    CHECK_OK("load", load("lab/collateral", &s, &e), e);
    CHECK_INT("sets", s.count, 1);
    CHECK_INT("FMSPC", dcap_collateral_fmspc(s.items[0]).n, 6);
    collateral_sets_fini(&s);
    end();
}

static void folders_in_a_folder_are_a_set_each_and_others_are_left_out(void **state)
{
    struct collateral_sets s = { 0 };
    struct err e = { 0 };
    (void)state;

    start();
    run("mkdir -p $ROOT/all/notes && cp -r $ROOT/lab/collateral $ROOT/all/one");
    run("cp -r $ROOT/lab/collateral $ROOT/all/two && echo hello > $ROOT/all/README");
    CHECK_OK("load", load("all", &s, &e), e);
    CHECK_INT("sets", s.count, 2);
    CHECK_INT("left out", s.left_out, 1);
    collateral_sets_fini(&s);
    end();
}

static void what_is_not_there_is_missing(void **state)
{
    static const char *const names[] = { "none", "empty", "lab/quote.bin" };
    (void)state;

    start();
    run("mkdir $ROOT/empty");
    for (size_t i = 0; i < COUNT(names); i++) {
        struct collateral_sets s = { 0 };
        struct err e = { 0 };

        CHECK(names[i], !load(names[i], &s, &e));
        CHECK_INT(names[i], e.code, ERR_MISSING);
        CHECK_INT(names[i], s.count, 0);
    }
    end();
}

static void file_over_the_limit_stops_the_load_and_is_named(void **state)
{
    struct collateral_sets s = { 0 };
    struct err e = { 0 };
    (void)state;

    start();
    run("mkdir -p $ROOT/all && cp -r $ROOT/lab/collateral $ROOT/all/one");
    run("truncate -s 33M $ROOT/all/one/tcb_info.json");
    CHECK("load", !load("all", &s, &e));
    CHECK_INT("limit", e.code, ERR_LIMIT);
    CHECK("named", strstr(e.path, "tcb_info.json") || strstr(e.text, "tcb_info.json"));
    end();
}

static void unreadable_collateral_is_loaded_and_judged_later(void **state)
{
    struct collateral_sets s = { 0 };
    struct err e = { 0 };
    (void)state;

    start();
    run("echo nonsense > $ROOT/lab/collateral/tcb_info.json");
    CHECK_OK("load", load("lab/collateral", &s, &e), e);
    CHECK_INT("sets", s.count, 1);
    collateral_sets_fini(&s);
    end();
}

static void built_in_lab_root_is_the_simulators(void **state)
{
    struct lab_key key;
    struct err e = { 0 };
    (void)state;

    CHECK_OK("key", lab_key_of(0, "root", &key, &e), e);
    CHECK_SPAN("point", root_lab.point, span_of(key.point + 1, 64));
    CHECK("said", root_lab.is_lab && !root_intel_sgx.is_lab);
}

TEST_MAIN(folder_that_is_a_set_is_one, folders_in_a_folder_are_a_set_each_and_others_are_left_out,
          what_is_not_there_is_missing, file_over_the_limit_stops_the_load_and_is_named,
          unreadable_collateral_is_loaded_and_judged_later, built_in_lab_root_is_the_simulators)
