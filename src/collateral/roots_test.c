#include "roots.h"

#include "../../lab/lab.h"
#include "../../tests/check.h"
#include "../crypto/cert.h"
#include "../crypto/signkey.h"
#include "../format/pem.h"
#include "../host/file.h"
#include "disk.h"

#include <unistd.h>

/* A scratch folder with the files that the rows name. */
static char folder[64];
static struct arena arena;
static struct crypto *crypto;

static const char *at(const char *name)
{
    return file_join(&arena, folder, name);
}

static void put(const char *name, struct span bytes)
{
    struct err e = { 0 };

    CHECK_OK(name, file_replace(at(name), bytes, 0600, &e), e);
}

static int begin(void **state)
{
    struct err e = { 0 };

    (void)state;
    arena = arena_over((size_t)64 * 1024 * 1024);
    crypto = crypto_new(&e);
    snprintf(folder, sizeof folder, "/tmp/cupel-roots-XXXXXX");
    return crypto && mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
    const char *const *names = NULL;
    size_t count = 0;
    struct err e = { 0 };

    (void)state;
    if (file_list(folder, &arena, &names, &count, &e))
        for (size_t i = 0; i < count; i++)
            unlink(at(names[i]));
    rmdir(folder);
    crypto_free(crypto);
    arena_fini(&arena);
    return 0;
}

/* A self-signed root of one's own, in PEM. */
static struct span own_root(void)
{
    const struct cert_wish wish = { .common_name = "Own Root CA",
                                    .serial = 7,
                                    .not_before = 1700000000,
                                    .not_after = 2000000000,
                                    .is_ca = true };
    struct err e = { 0 };
    struct signkey *k = signkey_new(crypto, SIGNKEY_P256, &e);
    struct writer w = writer_in(&arena, 4096);
    struct span der = { 0 }, pem = { 0 };

    CHECK_OK("root", k && cert_make(crypto, &wish, k, (struct span){ 0 }, k, &arena, &der, &e), e);
    pem_write(&w, "CERTIFICATE", der);
    CHECK_OK("pem", writer_done(&w, &pem, &e), e);
    signkey_free(k);
    return pem;
}

static void no_words_mean_the_vendor_alone(void **state)
{
    struct root_list list;
    struct err e = { 0 };

    (void)state;
    CHECK_OK("default", roots_load(crypto, NULL, 0, &arena, &list, &e), e);
    assert_int_equal(list.count, 1);
    CHECK_SPAN("pin", list.items[0].point, root_intel_sgx.point);
    assert_false(list.items[0].is_lab);
}

static void words_replace_the_default_whole(void **state)
{
    const char *words[3];
    struct root_list list;
    struct err e = { 0 };

    (void)state;
    put("own.pem", own_root());
    words[0] = at("own.pem");
    CHECK_OK("own", roots_load(crypto, words, 1, &arena, &list, &e), e);
    assert_int_equal(list.count, 1);
    assert_string_equal(list.items[0].name, "Own Root CA");
    words[1] = "vendor";
    words[2] = words[0];
    CHECK_OK("beside the vendor, twice", roots_load(crypto, words, 3, &arena, &list, &e), e);
    assert_int_equal(list.count, 2);
}

static void lab_roots_are_taken_by_name_only(void **state)
{
    struct lab_sgx_set lab;
    struct root_list list;
    struct err e = { 0 };
    const char *word;
    char by_name[80];

    (void)state;
    CHECK_OK("lab", lab_sgx_make_scenario("base", 0, &arena, &lab, &e), e);
    put("root.der", lab.root_der);
    word = at("root.der");
    CHECK("by file", !roots_load(crypto, &word, 1, &arena, &list, &e));
    CHECK_INT("by file", e.code, ERR_UNTRUSTED);
    snprintf(by_name, sizeof by_name, "lab=%s", folder);
    word = by_name;
    err_clear(&e);
    CHECK_OK("by name", roots_load(crypto, &word, 1, &arena, &list, &e), e);
    CHECK("by name", list.count == 1 && list.items[0].is_lab);
}

/* The simulator's private key is known to everybody, so no form of its public half may slip in. */
static void km_30_the_labs_key_without_a_name_is_refused(void **state)
{
    struct lab_sgx_set lab;
    struct root_list list;
    struct cert cert;
    struct writer w;
    struct span pem = { 0 };
    struct err e = { 0 };
    const char *word;

    (void)state;
    w = writer_in(&arena, 512);
    CHECK_OK("lab", lab_sgx_make_scenario("base", 0, &arena, &lab, &e), e);
    CHECK_OK("root", cert_parse(lab.root_der, &cert, &e), e);
    pem_write(&w, "PUBLIC KEY", cert.spki);
    CHECK_OK("pem", writer_done(&w, &pem, &e), e);
    put("key.pem", pem);
    word = at("key.pem");
    CHECK("bare key", !roots_load(crypto, &word, 1, &arena, &list, &e));
    CHECK_ERR("bare key", e, ERR_UNTRUSTED, word);
}

static void what_cannot_be_a_root_is_refused(void **state)
{
    static const struct {
        const char *name, *text;
        enum err_code code;
    } rows[] = {
        { "nothing", "", ERR_MALFORMED },
        { "noise", "not a certificate", ERR_MALFORMED },
        { "empty pem", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", ERR_MALFORMED },
    };
    struct root_list list;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = { 0 };
        const char *word = at("bad");

        put("bad", span_str(rows[i].text));
        CHECK(rows[i].name, !roots_load(crypto, &word, 1, &arena, &list, &e));
        CHECK_INT(rows[i].name, e.code, rows[i].code);
    }
    {
        struct err e = { 0 };
        const char *word = at("nowhere"), *many[ROOTS_MAX + 1];

        CHECK("missing", !roots_load(crypto, &word, 1, &arena, &list, &e) && e.code == ERR_MISSING);
        for (size_t i = 0; i < COUNT(many); i++)
            many[i] = "vendor";
        err_clear(&e);
        CHECK("too many",
              !roots_load(crypto, many, COUNT(many), &arena, &list, &e) && e.code == ERR_LIMIT);
    }
}

static void a_folder_of_collateral_is_read_part_by_part(void **state)
{
    struct dcap_collateral_files files;
    struct err e = { 0 };

    (void)state;
    CHECK("empty folder",
          !collateral_read_dir(folder, &arena, &files, &e) && e.code == ERR_MISSING);
    err_clear(&e);
    CHECK("no folder",
          !collateral_read_dir(at("nowhere"), &arena, &files, &e) && e.code == ERR_MISSING);
    put("tcb_info.json", span_str("{}"));
    err_clear(&e);
    CHECK_OK("one part", collateral_read_dir(folder, &arena, &files, &e), e);
    CHECK_TEXT("one part", files.tcb_info, "{}");
    CHECK_INT("the others are empty", files.qe_identity.n + files.pck_crl.n + files.root_ca_crl.n,
              0);
}

#define T(t) cmocka_unit_test_setup_teardown(t, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(no_words_mean_the_vendor_alone),   T(words_replace_the_default_whole),
        T(lab_roots_are_taken_by_name_only), T(km_30_the_labs_key_without_a_name_is_refused),
        T(what_cannot_be_a_root_is_refused), T(a_folder_of_collateral_is_read_part_by_part),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(TEST_NAME, tests, NULL, NULL);
}
