/* Policies in one layout. */
#include "../host/file.h"
#include "../token/policy_jws.h"
#include "policy_desk.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { EXIT_WOULD_CHANGE = 1 };

static const struct option_def options[] = {
    /* clang-format off */
    { "check", OPTION_FLAG, NULL, "print nothing but the names of files that would change" },
    { "write", OPTION_FLAG, NULL, "write what changed back into the file" },
    /* clang-format on */
};

/* As it was: the canonical form is a matter of layout, not of who may read it. */
static unsigned mode_of(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? (unsigned)st.st_mode & 0777 : 0644;
}

static int put_back(struct cli *c, const char *path, struct span text)
{
    struct err err = { 0 };

    if (strcmp(path, "-") == 0)
        return cli_fail(c, EXIT_USAGE, "--write needs a file, not standard input");
    if (!file_put(path, text, mode_of(path), &err))
        return cli_fail_err(c, &err);
    fprintf(stderr, "%s: written; x-ms-policy-hash is another now\n", path);
    return EXIT_OK;
}

static int tell(struct cli *c, const char *path, struct span before, struct span after)
{
    bool is_same = span_equal(before, after);

    if (cli_flag(c, "check")) {
        if (!is_same)
            printf("%s\n", path);
        return is_same ? EXIT_OK : EXIT_WOULD_CHANGE;
    }
    if (cli_flag(c, "write"))
        return is_same ? EXIT_OK : put_back(c, path, after);
    cli_print(after);
    if (!is_same)
        fprintf(stderr, "%s: this is another layout, hence another x-ms-policy-hash\n", path);
    return EXIT_OK;
}

static int format(struct cli *c, const char *path)
{
    struct desk_policy p = { .path = path, .found = { .arena = &c->arena } };
    struct span after = { 0 };
    struct err err = { 0 };

    if (!file_read(path, CLI_FILE_MAX, &c->arena, &p.text, &err))
        return cli_fail_err(c, &err);
    if (policy_jws_is(p.text))
        return cli_fail(c, EXIT_NOT_COMPILED,
                        "%s holds a JWS; the text inside is formatted before it is wrapped", path);
    if (policy_format(p.text, &c->arena, &after, &p.found, &err))
        return tell(c, path, p.text, after);
    desk_print_found(c, &p);
    return p.found.count > 0 ? EXIT_NOT_COMPILED : cli_fail_err(c, &err);
}

static int run(struct cli *c)
{
    int worst = EXIT_OK;

    if (cli_flag(c, "check") && cli_flag(c, "write"))
        return cli_fail(c, EXIT_USAGE, "--check and --write exclude each other");
    if (c->argument_count > 1 && !cli_flag(c, "check") && !cli_flag(c, "write"))
        return cli_fail(c, EXIT_USAGE, "several files need --check or --write");
    for (size_t i = 0; i < c->argument_count; i++) {
        int status = format(c, c->arguments[i]);

        worst = status > worst ? status : worst;
    }
    return worst;
}

const struct verb verb_policy_fmt = {
    .words = "policy fmt",
    .summary = "print a policy in its canonical layout",
    .arguments = "FILE...",
    .least = 1,
    .most = CLI_ARGUMENTS_MAX,
    .options = options,
    .option_count = COUNT(options),
    .details =
        "One rule a line, a long rule with a condition a line, comments and single blank lines\n"
        "kept, nothing reordered. The policy decides as before, but its hash changes with its\n"
        "layout: format before you sign.\n"
        "Exit status: 0 printed, written, or nothing to change; 1 with --check: something would\n"
        "change; 2 does not parse; 64 usage.",
    .examples = "  cupel policy fmt policy.txt\n"
                "  cupel policy fmt --write policy.txt && cupel policy fmt --check policy.txt",
    .run = run,
};
