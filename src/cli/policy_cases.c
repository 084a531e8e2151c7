/* Does a policy decide as its cases say? */
#include "../format/junit.h"
#include "../host/file.h"
#include "../policy/suite.h"
#include "policy_desk.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { EXIT_FAILED = 1, EXIT_NO_SUITE = 2, CASE_MEMORY = 256 * 1024 * 1024 };

static const struct option_def options[] = {
    /* clang-format off */
    { "only",  OPTION_VALUE, "PATTERN", "run cases whose id or title holds this; * and ? as in a shell" },
    { "junit", OPTION_VALUE, "OUT",     "write the results to this file, as JUnit XML" },
    /* clang-format on */
};

struct run {
    struct cli *c;
    struct crypto *crypto;
    const char *path;
    struct suite suite;
    struct junit_case *results; /* of the cases that ran */
    size_t count, failed;
};

/* choosing */

static bool is_like(struct arena *a, const char *pattern, struct span text)
{
    const char *plain = (const char *)arena_dup(a, text).p;

    return plain && fnmatch(pattern, plain, 0) == 0;
}

static const char *pattern_of(struct cli *c)
{
    struct writer w = writer_in(&c->arena, 64);
    const char *only = cli_option(c, "only");

    write_text(&w, "*");
    write_text(&w, only ? only : "");
    write_text(&w, only ? "*" : "");
    write_u8(&w, 0);
    return w.has_failed ? NULL : (const char *)w.p;
}

/* running */

/* Relative to the file of cases, so that policies and cases can lie side by side. */
static const char *path_beside(struct run *r, struct span name)
{
    const char *slash = strrchr(r->path, '/');
    struct writer w = writer_in(&r->c->arena, 256);

    if (slash && name.p[0] != '/')
        write_bytes(&w, span_of(r->path, (size_t)(slash - r->path) + 1));
    write_bytes(&w, name);
    write_u8(&w, 0);
    return w.has_failed ? NULL : (const char *)w.p;
}

static bool open_case(struct run *r, const struct suite_case *k, struct desk_policy *p,
                      struct err *err)
{
    const char *path = "policy";

    *p = (struct desk_policy){ .path = path, .text = k->policy };
    if (k->policy_file.n == 0)
        return true;
    path = path_beside(r, k->policy_file);
    if (!path)
        return arena_fail(&r->c->arena, err);
    return desk_read(r->c, r->crypto, path, p, err) || err_in(err, "policyFile");
}

static int64_t microseconds_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* A policy that cannot be read fails its case and no other. */
static bool judge(struct run *r, const struct suite_case *k, struct arena *a,
                  struct suite_result *out, struct err *err)
{
    struct desk_policy p;
    struct err why = { 0 };
    struct writer w = writer_in(a, 256);

    if (open_case(r, k, &p, &why))
        return suite_run(r->crypto, k, p.text, p.path, a, out, err);
    *out = (struct suite_result){ .is_passed = false };
    write_format(&w, "%s: %s", why.path, why.text);
    out->first = writer_span(&w);
    write_text(&w, "\n");
    return writer_done(&w, &out->report, err);
}

static bool keep(struct run *r, const struct suite_case *k, const struct suite_result *got,
                 int64_t took, struct err *err)
{
    struct junit_case *slot = &r->results[r->count++];
    struct writer w = writer_in(&r->c->arena, 128);

    write_bytes(&w, k->id);
    write_text(&w, k->title.n ? " " : "");
    write_bytes(&w, k->title);
    *slot = (struct junit_case){ .name = writer_span(&w),
                                 .has_failed = !got->is_passed,
                                 .microseconds = took };
    r->failed += slot->has_failed;
    if (slot->has_failed) {
        slot->message = arena_dup(&r->c->arena, got->first);
        slot->text = arena_dup(&r->c->arena, got->report);
    }
    return (!w.has_failed && (!slot->has_failed || (slot->message.p && slot->text.p))) ||
           arena_fail(&r->c->arena, err);
}

static void print_failure(struct cli *c, const struct junit_case *k)
{
    printf("%sFAILED%s ", cli_color(c, "\033[1;31m"), cli_color(c, "\033[0m"));
    cli_print(k->name);
    printf("\n");
    for (struct span rest = k->text; rest.n > 0;) {
        const uint8_t *end = memchr(rest.p, '\n', rest.n);
        size_t n = end ? (size_t)(end - rest.p) + 1 : rest.n;

        printf("    ");
        cli_print(span_part(rest, 0, n));
        rest = span_part(rest, n, rest.n);
    }
    printf("\n");
}

static bool run_case(struct run *r, const struct suite_case *k, struct err *err)
{
    struct arena a = arena_over(CASE_MEMORY);
    struct suite_result got = { 0 };
    int64_t start = microseconds_now();
    bool ok = judge(r, k, &a, &got, err) && keep(r, k, &got, microseconds_now() - start, err);

    arena_fini(&a);
    if (ok && r->results[r->count - 1].has_failed)
        print_failure(r->c, &r->results[r->count - 1]);
    return ok;
}

static bool run_cases(struct run *r, struct err *err)
{
    const char *pattern = pattern_of(r->c);

    r->results = ARENA_ARRAY(&r->c->arena, struct junit_case, r->suite.count);
    if (!pattern || !r->results)
        return arena_fail(&r->c->arena, err);
    for (size_t i = 0; i < r->suite.count; i++) {
        const struct suite_case *k = &r->suite.cases[i];
        bool is_chosen =
            is_like(&r->c->arena, pattern, k->id) || is_like(&r->c->arena, pattern, k->title);

        if (is_chosen && !run_case(r, k, err))
            return false;
    }
    return true;
}

/* telling */

static bool write_junit(struct run *r, struct err *err)
{
    const char *out = cli_option(r->c, "junit");
    struct writer w = writer_in(&r->c->arena, 4096);
    struct span text = { 0 };

    if (!out)
        return true;
    junit_write(&w, span_str(r->path), r->results, r->count);
    return writer_done(&w, &text, err) && file_put(out, text, 0644, err);
}

static void print_summary(const struct run *r)
{
    printf("%s: %zu cases, %zu passed, %zu failed", r->path, r->count, r->count - r->failed,
           r->failed);
    if (r->count < r->suite.count)
        printf(", %zu not asked for", r->suite.count - r->count);
    printf("\n");
}

static int test(struct run *r)
{
    struct span text = { 0 };
    struct err err = { 0 };

    if (!file_read(r->path, CLI_FILE_MAX, &r->c->arena, &text, &err))
        return cli_fail_err(r->c, &err);
    if (!suite_parse(text, &r->c->arena, &r->suite, &err)) {
        fprintf(stderr, "%s: %s%s%s\n", r->path, err.path, err.path[0] ? ": " : "", err.text);
        return err.code == ERR_MEMORY ? EXIT_OURS : EXIT_NO_SUITE;
    }
    if (!run_cases(r, &err))
        return cli_fail_err(r->c, &err);
    if (r->count == 0 && r->suite.count > 0)
        return cli_fail(r->c, EXIT_USAGE, "none of %zu cases is like \"%s\"", r->suite.count,
                        cli_option(r->c, "only"));
    print_summary(r);
    if (!write_junit(r, &err))
        return cli_fail_err(r->c, &err);
    return r->failed > 0 ? EXIT_FAILED : EXIT_OK;
}

static int run(struct cli *c)
{
    struct err err = { 0 };
    struct run r = { .c = c, .path = c->arguments[0], .crypto = crypto_new(&err) };
    int status = r.crypto ? test(&r) : cli_fail_err(c, &err);

    crypto_free(r.crypto);
    return status;
}

const struct verb verb_policy_test = {
    .words = "policy test",
    .summary = "run cases: claims, and what a policy must decide over them",
    .arguments = "FILE.json",
    .least = 1,
    .most = 1,
    .options = options,
    .option_count = COUNT(options),
    .details = "A failed case tells what was expected, what came, and the rule that decided, with\n"
               "each condition and the claim it met. The format is docs/formats/policy-cases.md.\n"
               "Exit status: 0 all passed, 1 some failed, 2 no file of cases, 64 usage.",
    .examples = "  cupel policy test cases.json\n"
                "  cupel policy test cases.json --only 'debug*' --junit results.xml",
    .run = run,
};
