/*
 * check - our page over cmocka: names the row of a table, compares spans and errors readably
 *
 * A test file ends with TEST_MAIN(first_test, second_test, ...). Output is TAP, one line a test.
 */
#ifndef CUPEL_TESTS_CHECK_H
#define CUPEL_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../src/base/arena.h"

/* Holds, or fails the test naming the row. */
#define CHECK(row, condition)                                                                      \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("row \"%s\": %s does not hold", (row), #condition);                           \
    } while (0)

#define CHECK_INT(row, got, want)                                                                  \
    do {                                                                                           \
        long long got_ = (long long)(got), want_ = (long long)(want);                              \
        if (got_ != want_)                                                                         \
            fail_msg("row \"%s\": %s is %lld, expected %lld", (row), #got, got_, want_);           \
    } while (0)

#define CHECK_SPAN(row, got, want) check_span_((row), #got, (got), (want), __FILE__, __LINE__)
#define CHECK_TEXT(row, got, want)                                                                 \
    check_span_((row), #got, (got), span_str(want), __FILE__, __LINE__)

/* The expression succeeds; `e` is the struct err it was given. */
#define CHECK_OK(row, expression, e)                                                               \
    do {                                                                                           \
        if (!(expression))                                                                         \
            fail_msg("row \"%s\": %s failed: %s: %s: %s", (row), #expression,                      \
                     err_code_name((e).code), (e).path, (e).text);                                 \
    } while (0)

/* An error with that code and path. Assert on code and path, not on prose. */
#define CHECK_ERR(row, e, want_code, want_path)                                                    \
    do {                                                                                           \
        struct err e_ = (e);                                                                       \
        if (e_.code != (want_code) || strcmp(e_.path, (want_path)) != 0 || e_.text[0] == '\0')     \
            fail_msg("row \"%s\": got %s at \"%s\" (%s), expected %s at \"%s\"", (row),            \
                     err_code_name(e_.code), e_.path, e_.text, err_code_name(want_code),           \
                     (want_path));                                                                 \
    } while (0)

static inline void check_span_(const char *row, const char *what, struct span got, struct span want,
                               const char *file, int line)
{
    if (span_equal(got, want))
        return;
    fprintf(stderr, "# %s:%d: row \"%s\": %s\n#   got  %zu bytes: ", file, line, row, what, got.n);
    for (size_t i = 0; i < got.n && i < 64; i++)
        fprintf(stderr, got.p[i] >= 0x20 && got.p[i] < 0x7f ? "%c" : "\\x%02x", got.p[i]);
    fprintf(stderr, "\n#   want %zu bytes: ", want.n);
    for (size_t i = 0; i < want.n && i < 64; i++)
        fprintf(stderr, want.p[i] >= 0x20 && want.p[i] < 0x7f ? "%c" : "\\x%02x", want.p[i]);
    fprintf(stderr, "\n");
    fail_msg("row \"%s\": %s differs", row, what);
}

/* The whole file in malloc'd memory, or an empty span when it cannot be read. */
static inline struct span check_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *p = NULL;
    size_t n = 0, got;

    if (!f)
        return (struct span){ 0 };
    do {
        p = realloc(p, n + 65536 + 1);
        if (!p)
            abort();
        got = fread(p + n, 1, 65536, f);
        n += got;
    } while (got > 0);
    fclose(f);
    p[n] = 0;
    return span_of(p, n);
}

/* A file of the reference vectors (../shared/vectors, or CUPEL_VECTORS); NULL p when they are not
 * there. Tests that need them say so with SKIP_WITHOUT_VECTORS as their first line. */
static inline const char *check_vectors(void)
{
    const char *set = getenv("CUPEL_VECTORS");

    return set ? set : CUPEL_SOURCE_DIR "/../shared/vectors";
}

static inline struct span check_vector(const char *name)
{
    char path[1024];

    snprintf(path, sizeof path, "%s/%s", check_vectors(), name);
    return check_file(path);
}

/* Ends a test that cannot run here, and says why: the runner counts the line as one skipped. */
#define SKIP(why)                                                                                  \
    do {                                                                                           \
        fprintf(stderr, "# SKIPPED: %s\n", (why));                                                 \
        return;                                                                                    \
    } while (0)

#define SKIP_WITHOUT_VECTORS()                                                                     \
    do {                                                                                           \
        struct span readme_ = check_vector("sgx/README.md");                                       \
        if (readme_.n == 0)                                                                        \
            SKIP("no reference vectors here (CUPEL_VECTORS names their folder)");                  \
        free((void *)(uintptr_t)readme_.p);                                                        \
    } while (0)

/* A copy of exactly n bytes on the heap, so that a sanitizer sees a read one byte past it. Free it
 * yourself. */
static inline uint8_t *check_exact(struct span s)
{
    uint8_t *p = malloc(s.n ? s.n : 1);

    if (!p)
        abort();
    if (s.n)
        memcpy(p, s.p, s.n);
    return p;
}

#define TEST_MAIN(...)                                                                             \
    int main(void)                                                                                 \
    {                                                                                              \
        const struct CMUnitTest tests[] = { TEST_EACH(__VA_ARGS__) };                              \
        cmocka_set_message_output(CM_OUTPUT_TAP);                                                  \
        return cmocka_run_group_tests_name(TEST_NAME, tests, NULL, NULL);                          \
    }

/* TEST_EACH(a, b, c): cmocka_unit_test of each, up to 60. */
/* clang-format off */
#define TEST_PICK_(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31, a32, a33, a34, a35, a36, a37, a38, a39, a40, a41, a42, a43, a44, a45, a46, a47, a48, a49, a50, a51, a52, a53, a54, a55, a56, a57, a58, a59, a60, pick, ...) pick
#define TEST_EACH(...) TEST_PICK_(__VA_ARGS__, TEST_60, TEST_59, TEST_58, TEST_57, TEST_56, TEST_55, TEST_54, TEST_53, TEST_52, TEST_51, TEST_50, TEST_49, TEST_48, TEST_47, TEST_46, TEST_45, TEST_44, TEST_43, TEST_42, TEST_41, TEST_40, TEST_39, TEST_38, TEST_37, TEST_36, TEST_35, TEST_34, TEST_33, TEST_32, TEST_31, TEST_30, TEST_29, TEST_28, TEST_27, TEST_26, TEST_25, TEST_24, TEST_23, TEST_22, TEST_21, TEST_20, TEST_19, TEST_18, TEST_17, TEST_16, TEST_15, TEST_14, TEST_13, TEST_12, TEST_11, TEST_10, TEST_9, TEST_8, TEST_7, TEST_6, TEST_5, TEST_4, TEST_3, TEST_2, TEST_1, 0)(__VA_ARGS__)
#define TEST_1(t) cmocka_unit_test(t)
#define TEST_2(t, ...) cmocka_unit_test(t), TEST_1(__VA_ARGS__)
#define TEST_3(t, ...) cmocka_unit_test(t), TEST_2(__VA_ARGS__)
#define TEST_4(t, ...) cmocka_unit_test(t), TEST_3(__VA_ARGS__)
#define TEST_5(t, ...) cmocka_unit_test(t), TEST_4(__VA_ARGS__)
#define TEST_6(t, ...) cmocka_unit_test(t), TEST_5(__VA_ARGS__)
#define TEST_7(t, ...) cmocka_unit_test(t), TEST_6(__VA_ARGS__)
#define TEST_8(t, ...) cmocka_unit_test(t), TEST_7(__VA_ARGS__)
#define TEST_9(t, ...) cmocka_unit_test(t), TEST_8(__VA_ARGS__)
#define TEST_10(t, ...) cmocka_unit_test(t), TEST_9(__VA_ARGS__)
#define TEST_11(t, ...) cmocka_unit_test(t), TEST_10(__VA_ARGS__)
#define TEST_12(t, ...) cmocka_unit_test(t), TEST_11(__VA_ARGS__)
#define TEST_13(t, ...) cmocka_unit_test(t), TEST_12(__VA_ARGS__)
#define TEST_14(t, ...) cmocka_unit_test(t), TEST_13(__VA_ARGS__)
#define TEST_15(t, ...) cmocka_unit_test(t), TEST_14(__VA_ARGS__)
#define TEST_16(t, ...) cmocka_unit_test(t), TEST_15(__VA_ARGS__)
#define TEST_17(t, ...) cmocka_unit_test(t), TEST_16(__VA_ARGS__)
#define TEST_18(t, ...) cmocka_unit_test(t), TEST_17(__VA_ARGS__)
#define TEST_19(t, ...) cmocka_unit_test(t), TEST_18(__VA_ARGS__)
#define TEST_20(t, ...) cmocka_unit_test(t), TEST_19(__VA_ARGS__)
#define TEST_21(t, ...) cmocka_unit_test(t), TEST_20(__VA_ARGS__)
#define TEST_22(t, ...) cmocka_unit_test(t), TEST_21(__VA_ARGS__)
#define TEST_23(t, ...) cmocka_unit_test(t), TEST_22(__VA_ARGS__)
#define TEST_24(t, ...) cmocka_unit_test(t), TEST_23(__VA_ARGS__)
#define TEST_25(t, ...) cmocka_unit_test(t), TEST_24(__VA_ARGS__)
#define TEST_26(t, ...) cmocka_unit_test(t), TEST_25(__VA_ARGS__)
#define TEST_27(t, ...) cmocka_unit_test(t), TEST_26(__VA_ARGS__)
#define TEST_28(t, ...) cmocka_unit_test(t), TEST_27(__VA_ARGS__)
#define TEST_29(t, ...) cmocka_unit_test(t), TEST_28(__VA_ARGS__)
#define TEST_30(t, ...) cmocka_unit_test(t), TEST_29(__VA_ARGS__)
#define TEST_31(t, ...) cmocka_unit_test(t), TEST_30(__VA_ARGS__)
#define TEST_32(t, ...) cmocka_unit_test(t), TEST_31(__VA_ARGS__)
#define TEST_33(t, ...) cmocka_unit_test(t), TEST_32(__VA_ARGS__)
#define TEST_34(t, ...) cmocka_unit_test(t), TEST_33(__VA_ARGS__)
#define TEST_35(t, ...) cmocka_unit_test(t), TEST_34(__VA_ARGS__)
#define TEST_36(t, ...) cmocka_unit_test(t), TEST_35(__VA_ARGS__)
#define TEST_37(t, ...) cmocka_unit_test(t), TEST_36(__VA_ARGS__)
#define TEST_38(t, ...) cmocka_unit_test(t), TEST_37(__VA_ARGS__)
#define TEST_39(t, ...) cmocka_unit_test(t), TEST_38(__VA_ARGS__)
#define TEST_40(t, ...) cmocka_unit_test(t), TEST_39(__VA_ARGS__)
#define TEST_41(t, ...) cmocka_unit_test(t), TEST_40(__VA_ARGS__)
#define TEST_42(t, ...) cmocka_unit_test(t), TEST_41(__VA_ARGS__)
#define TEST_43(t, ...) cmocka_unit_test(t), TEST_42(__VA_ARGS__)
#define TEST_44(t, ...) cmocka_unit_test(t), TEST_43(__VA_ARGS__)
#define TEST_45(t, ...) cmocka_unit_test(t), TEST_44(__VA_ARGS__)
#define TEST_46(t, ...) cmocka_unit_test(t), TEST_45(__VA_ARGS__)
#define TEST_47(t, ...) cmocka_unit_test(t), TEST_46(__VA_ARGS__)
#define TEST_48(t, ...) cmocka_unit_test(t), TEST_47(__VA_ARGS__)
#define TEST_49(t, ...) cmocka_unit_test(t), TEST_48(__VA_ARGS__)
#define TEST_50(t, ...) cmocka_unit_test(t), TEST_49(__VA_ARGS__)
#define TEST_51(t, ...) cmocka_unit_test(t), TEST_50(__VA_ARGS__)
#define TEST_52(t, ...) cmocka_unit_test(t), TEST_51(__VA_ARGS__)
#define TEST_53(t, ...) cmocka_unit_test(t), TEST_52(__VA_ARGS__)
#define TEST_54(t, ...) cmocka_unit_test(t), TEST_53(__VA_ARGS__)
#define TEST_55(t, ...) cmocka_unit_test(t), TEST_54(__VA_ARGS__)
#define TEST_56(t, ...) cmocka_unit_test(t), TEST_55(__VA_ARGS__)
#define TEST_57(t, ...) cmocka_unit_test(t), TEST_56(__VA_ARGS__)
#define TEST_58(t, ...) cmocka_unit_test(t), TEST_57(__VA_ARGS__)
#define TEST_59(t, ...) cmocka_unit_test(t), TEST_58(__VA_ARGS__)
#define TEST_60(t, ...) cmocka_unit_test(t), TEST_59(__VA_ARGS__)
/* clang-format on */

#endif
