#include "verb.h"

#include "../src/base/when.h"
#include "../src/host/file.h"
#include "tpm.h"

#include <stdio.h>
#include <string.h>

static const struct option_def options[] = {
    /* clang-format off */
    { "out",      OPTION_VALUE, "DIR",  "where the files go; made when it is not there" },
    { "seed",     OPTION_VALUE, "N",    "another number, another lab: keys, identities, hashes; default 0" },
    { "scenario", OPTION_VALUE, "NAME", "what is to be wrong or special; default base; \"list\" prints the names" },
    { "set",      OPTION_VALUE, "TEXT", "more parameters, name=value parted by ';'" },
    { "at",       OPTION_VALUE, "TIME", "make collateral and certificates that are valid around this time; default 2024-01-15" },
    /* clang-format on */
};

static bool read_seed(const char *text, uint64_t *out)
{
    uint64_t v = 0;

    for (const char *p = text; *p; p++) {
        if (*p < '0' || *p > '9' || v > (UINT64_MAX - 9) / 10)
            return false;
        v = v * 10 + (uint64_t)(*p - '0');
    }
    *out = v;
    return text[0] != '\0';
}

static int list_measured(const char *kind)
{
    size_t count = 0;
    const struct lab_tpm_scenario *rows = lab_tpm_scenarios(&count);

    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].kind, kind) == 0)
            printf("%-24s %s\n", rows[i].name, rows[i].reason ? rows[i].reason : "permit");
    return EXIT_OK;
}

static int list_scenarios(const char *kind)
{
    size_t count = 0;
    const struct lab_scenario *rows = lab_scenarios(&count);

    if (strcmp(kind, "tpm") == 0 || strcmp(kind, "vbs") == 0)
        return list_measured(kind);
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].kind, kind) == 0 || strcmp(kind, "oe") == 0)
            printf("%-24s %s\n", rows[i].name, rows[i].status ? rows[i].status : rows[i].reason);
    return EXIT_OK;
}

static int run(struct cli *c)
{
    struct lab_make_options o = {
        .kind = c->arguments[0],
        .scenario = cli_option(c, "scenario"),
        .changes = cli_option(c, "set"),
        .out_dir = cli_option(c, "out"),
    };
    const char *seed = cli_option(c, "seed"), *at = cli_option(c, "at");
    struct err err = { 0 };

    if (o.scenario && strcmp(o.scenario, "list") == 0)
        return list_scenarios(o.kind);
    if (!o.out_dir)
        return cli_fail(c, EXIT_USAGE, "--out is needed: the folder that the files go to");
    if (seed && !read_seed(seed, &o.seed))
        return cli_fail(c, EXIT_USAGE, "--seed needs a number, found \"%s\"", seed);
    if (at && !when_read_any(span_str(at), &o.at, &err))
        return cli_fail_err(c, &err);
    return lab_make(&o, &err) ? EXIT_OK : cli_fail_err(c, &err);
}

const struct verb verb_lab_make = {
    .words = "lab make",
    .summary = "make evidence, collateral and roots under private test keys",
    .arguments = "KIND",
    .least = 1,
    .most = 1,
    .options = options,
    .option_count = COUNT(options),
    .details = "KIND is sgx, oe, tpm or vbs. Everything made says Lab, and is accepted only where "
               "a lab's roots are asked for by name.\n"
               "The same arguments give the same bytes.",
    .examples = "  cupel lab make sgx --out /tmp/lab\n"
                "  cupel lab make sgx --scenario r-pck --out /tmp/revoked\n"
                "  cupel lab make tpm --scenario log-digest --out /tmp/lied\n"
                "  cupel lab make vbs --scenario list",
    .run = run,
};

static int run_verify_golden(struct cli *c)
{
    struct span json = { 0 }, text = { 0 };
    struct writer report = writer_in(&c->arena, 1024);
    struct lab_golden_result r = { 0 };
    struct err err = { 0 };

    if (!file_read(c->arguments[0], CLI_FILE_MAX, &c->arena, &json, &err) ||
        !lab_verify_golden(json, &report, &r, &err))
        return cli_fail_err(c, &err);
    write_format(&report,
                 "%zu scenarios, %zu artifacts compared, %zu of other kinds left out, "
                 "%zu differences\n",
                 r.scenarios, r.artifacts, r.skipped, r.differences);
    if (!writer_done(&report, &text, &err))
        return cli_fail_err(c, &err);
    cli_print(text);
    return r.differences == 0 ? EXIT_OK : EXIT_DENIED;
}

const struct verb verb_lab_verify_golden = {
    .words = "lab verify-golden",
    .summary = "make every scenario again and compare it with a table of golden hashes",
    .arguments = "FILE",
    .least = 1,
    .most = 1,
    .details = "Each difference is a line. Exit status 0 where there is none, 1 otherwise.",
    .examples = "  cupel lab verify-golden golden.json",
    .run = run_verify_golden,
};
