#include "issuer_file.h"

#include "../../tests/check.h"
#include "../host/file.h"

#include <unistd.h>

static char folder[64], path[96];
static struct crypto *crypto;
static struct arena arena;

static int begin(void **state)
{
    struct err e = { 0 };

    (void)state;
    snprintf(folder, sizeof folder, "/tmp/cupel-issuers-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/issuers.keys", folder);
    crypto = crypto_new(&e);
    arena = arena_over(1 << 24);
    return crypto ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    unlink(path);
    rmdir(folder);
    crypto_free(crypto);
    arena_fini(&arena);
    return 0;
}

static bool reads(struct span *out, struct err *e)
{
    return issuer_file_read(path, crypto, &arena, out, e);
}

static void what_was_written_is_read_and_nothing_where_there_is_no_file(void **state)
{
    struct err e = { 0 };
    struct span got = span_str("x");

    (void)state;
    CHECK_OK("no file", reads(&got, &e), e);
    CHECK_INT("nothing", got.n, 0);
    CHECK_OK("write", issuer_file_write(path, crypto, span_str("an image"), &e), e);
    CHECK_OK("read", reads(&got, &e), e);
    CHECK_SPAN("the same", got, span_str("an image"));
    CHECK_OK("again", issuer_file_write(path, crypto, span_str("another"), &e), e);
    CHECK_OK("read", reads(&got, &e), e);
    CHECK_SPAN("replaced", got, span_str("another"));
}

static void a_file_that_is_cut_or_changed_is_refused(void **state)
{
    struct err e = { 0 };
    struct span whole, got;
    uint8_t kept[256];

    (void)state;
    CHECK_OK("write", issuer_file_write(path, crypto, span_str("an image of keys"), &e), e);
    CHECK_OK("bytes", file_read(path, 4096, &arena, &whole, &e), e);
    CHECK("small", whole.n <= sizeof kept);
    memcpy(kept, whole.p, whole.n);
    whole = span_of(kept, whole.n);
    for (size_t i = 0; i < whole.n; i++) {
        uint8_t copy[256];
        struct err why = { 0 };

        arena_reset(&arena);
        memcpy(copy, whole.p, whole.n);
        copy[i] ^= 0x10;
        CHECK_OK("put", file_replace(path, span_of(copy, whole.n), 0600, &e), e);
        CHECK("changed", !reads(&got, &why) && why.code == ERR_MALFORMED);
        if (i == 0)
            continue;
        err_clear(&why);
        CHECK_OK("put", file_replace(path, span_part(whole, 0, i), 0600, &e), e);
        CHECK("cut", !reads(&got, &why) && why.code == ERR_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_written_is_read_and_nothing_where_there_is_no_file,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_file_that_is_cut_or_changed_is_refused, begin, end),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(TEST_NAME, tests, NULL, NULL);
}
