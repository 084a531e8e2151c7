#include "file.h"

#include "../../tests/check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];
static struct arena arena;

static const char *at(const char *name)
{
    return file_join(&arena, folder, name);
}

static int begin(void **state)
{
    (void)state;
    arena = arena_over(1 << 24);
    snprintf(folder, sizeof folder, "/tmp/cupel-file-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
    const char *const *names = NULL;
    size_t count = 0;
    struct err e = { 0 };

    (void)state;
    if (file_list(folder, &arena, &names, &count, &e))
        for (size_t i = 0; i < count; i++)
            if (unlink(at(names[i])) != 0)
                rmdir(at(names[i]));
    rmdir(folder);
    arena_fini(&arena);
    return 0;
}

static void what_was_written_is_read_back_with_a_nul_behind_it(void **state)
{
    static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 200000 };

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        uint8_t *p = arena_alloc(&arena, sizes[i], 1);
        struct span out = { 0 };
        struct err e = { 0 };

        memset(p, 'x', sizes[i]);
        CHECK_OK("write", file_replace(at("f"), span_of(p, sizes[i]), 0600, &e), e);
        CHECK_OK("read", file_read(at("f"), 200000, &arena, &out, &e), e);
        CHECK_SPAN("same", out, span_of(p, sizes[i]));
        CHECK_INT("nul", out.p[out.n], 0);
    }
}

static void a_directory_is_claimed_by_one_process_at_a_time(void **state)
{
    struct err e = { 0 };
    int status, told[2];
    pid_t child;
    char c;

    (void)state;
    CHECK("pipe", pipe(told) == 0);
    child = fork();
    if (child == 0) {
        if (!file_claim_dir(folder, false, &e) || write(told[1], "x", 1) != 1)
            _exit(1);
        usleep(200 * 1000);
        _exit(write(told[1], "y", 1) != 1);
    }
    CHECK_INT("claimed", read(told[0], &c, 1), 1);
    CHECK("refused", !file_claim_dir(folder, false, &e) && e.code == ERR_CONFLICT);
    err_clear(&e);
    CHECK("nothing more yet", fcntl(told[0], F_SETFL, O_NONBLOCK) == 0 && read(told[0], &c, 1) < 0);
    CHECK_OK("waited", file_claim_dir(folder, true, &e), e);
    CHECK("until the other ended", read(told[0], &c, 1) == 1 && c == 'y');
    CHECK("well", waitpid(child, &status, 0) == child && status == 0);
    CHECK("not there", !file_claim_dir(at("none"), false, &e) && e.code == ERR_MISSING);
    close(told[0]);
    close(told[1]);
}

static void limits_and_absence_have_codes_of_their_own(void **state)
{
    struct span out = { 0 };
    struct err e = { 0 };

    (void)state;
    CHECK_OK("write", file_replace(at("f"), span_str("12345"), 0600, &e), e);
    CHECK("limit", !file_read(at("f"), 4, &arena, &out, &e) && e.code == ERR_LIMIT);
    err_clear(&e);
    CHECK("absent", !file_read(at("g"), 4, &arena, &out, &e) && e.code == ERR_MISSING);
    err_clear(&e);
    CHECK_OK("optional", file_read_optional(at("g"), 4, &arena, &out, &e), e);
    CHECK_INT("optional", out.n, 0);
    CHECK("a folder", !file_read(folder, 4, &arena, &out, &e) && e.code == ERR_IO);
    err_clear(&e);
    CHECK("no folder to write to",
          !file_replace(at("no/where"), span_str("x"), 0600, &e) && e.code == ERR_MISSING);
}

static void replacing_keeps_the_mode_and_leaves_nothing_beside(void **state)
{
    const char *const *names = NULL;
    struct stat st;
    size_t count = 0;
    struct err e = { 0 };

    (void)state;
    CHECK_OK("first", file_replace(at("key"), span_str("old"), 0600, &e), e);
    CHECK_OK("second", file_replace(at("key"), span_str("new"), 0600, &e), e);
    assert_int_equal(stat(at("key"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    CHECK_OK("list", file_list(folder, &arena, &names, &count, &e), e);
    assert_int_equal(count, 1);
    assert_string_equal(names[0], "key");
}

/* A build server that is told to write its report to /dev/stdout must not lose that device. */
static void what_a_person_names_stays_what_it_is(void **state)
{
    struct span out = { 0 };
    struct stat st;
    struct err e = { 0 };

    (void)state;
    CHECK_OK("new", file_put(at("named"), span_str("1"), 0600, &e), e);
    assert_int_equal(symlink("named", at("link")), 0);
    CHECK_OK("through a link", file_put(at("link"), span_str("two"), 0600, &e), e);
    assert_int_equal(lstat(at("link"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    CHECK_OK("read", file_read(at("named"), 9, &arena, &out, &e), e);
    CHECK_TEXT("behind the link", out, "two");
    assert_int_equal(symlink("fresh", at("dangling")), 0);
    CHECK_OK("through a link to nothing", file_put(at("dangling"), span_str("3"), 0600, &e), e);
    CHECK_OK("made", file_read(at("fresh"), 9, &arena, &out, &e), e);
    assert_int_equal(symlink("/dev/full", at("full")), 0);
    CHECK("a device", !file_put(at("full"), span_str("4"), 0600, &e) && e.code == ERR_IO);
    assert_int_equal(stat(at("full"), &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    err_clear(&e);
    CHECK("a folder", !file_put(folder, span_str("5"), 0600, &e) && e.code == ERR_IO);
}

static void names_come_sorted_and_folders_are_made_once(void **state)
{
    const char *const *names = NULL;
    size_t count = 0;
    struct err e = { 0 };

    (void)state;
    CHECK_OK("dir", file_make_dir(at("b"), 0700, &e) && file_make_dir(at("b"), 0700, &e), e);
    CHECK_OK("a",
             file_replace(at("c"), span_str(""), 0600, &e) &&
                 file_replace(at("a"), span_str(""), 0600, &e),
             e);
    CHECK("not over a file", !file_make_dir(at("a"), 0700, &e));
    err_clear(&e);
    CHECK_OK("list", file_list(folder, &arena, &names, &count, &e), e);
    assert_int_equal(count, 3);
    assert_string_equal(names[0], "a");
    assert_string_equal(names[2], "c");
    assert_true(file_is_dir(at("b")) && !file_is_dir(at("a")) && file_exists(at("a")));
}

#define T(t) cmocka_unit_test_setup_teardown(t, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_was_written_is_read_back_with_a_nul_behind_it),
        T(limits_and_absence_have_codes_of_their_own),
        T(replacing_keeps_the_mode_and_leaves_nothing_beside),
        T(what_a_person_names_stays_what_it_is),
        T(a_directory_is_claimed_by_one_process_at_a_time),
        T(names_come_sorted_and_folders_are_made_once),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(TEST_NAME, tests, NULL, NULL);
}
