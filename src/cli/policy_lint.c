/* What would a careful reader say of a policy? */
#include "policy_desk.h"

#include "../format/json.h"
#include "../policy/codes.h"
#include "../policy/lint.h"

static const struct option_def options[] = {
    /* clang-format off */
    { "type", OPTION_VALUE, "TYPE", "attestation type: SgxEnclave, OpenEnclave, TdxVm, ...; without it, inferred" },
    { "json", OPTION_FLAG,  NULL,   "print one JSON object" },
    /* clang-format on */
};

enum { EXIT_WARNINGS = 1 };

/* What is said of all files together. */
struct report {
    struct writer w;
    size_t errors, warnings, silenced;
    bool is_json;
};

static void write_member(struct writer *w, const char *name, struct span text)
{
    write_format(w, ",\"%s\":", name);
    json_write_string(w, text);
}

static void write_json(struct report *r, const char *path, const struct policy_diagnostic *d,
                       const struct policy_code *code)
{
    write_text(&r->w, r->errors + r->warnings ? ",{\"file\":" : "{\"file\":");
    json_write_string(&r->w, span_str(path));
    write_format(&r->w, ",\"line\":%u,\"column\":%u,\"length\":%zu", d->line, d->column, d->length);
    write_member(&r->w, "severity", span_str(d->severity == POLICY_ERROR ? "error" : "warning"));
    write_member(&r->w, "code", span_str(d->code));
    write_member(&r->w, "name", span_str(code->name));
    write_member(&r->w, "text", span_str(d->text));
    write_member(&r->w, "meaning", span_str(code->meaning));
    if (d->hint[0])
        write_member(&r->w, "hint", span_str(d->hint));
    write_text(&r->w, "}");
}

static void write_finding(struct report *r, const struct cli *c, const struct desk_policy *p,
                          const struct policy_diagnostic *d, const struct policy_code *code)
{
    bool is_error = d->severity == POLICY_ERROR;

    write_format(
        &r->w, "%s%s:%u:%u:%s %s%s[%s]%s: %s [%s]\n", cli_color(c, "\033[1m"), p->path, d->line,
        d->column, cli_color(c, "\033[0m"), cli_color(c, is_error ? "\033[1;31m" : "\033[1;33m"),
        is_error ? "error" : "warning", code->name, cli_color(c, "\033[0m"), d->text, d->code);
    policy_diagnostic_write_source(&r->w, p->text, d);
}

static void add_findings(struct report *r, const struct cli *c, const struct desk_policy *p,
                         const struct policy_lint *found)
{
    for (size_t i = 0; i < found->found.count; i++) {
        const struct policy_diagnostic *d = &found->found.items[i];
        const struct policy_code *code = policy_code_find(span_str(d->code));

        if (r->is_json)
            write_json(r, p->path, d, code);
        else
            write_finding(r, c, p, d, code);
        r->errors += d->severity == POLICY_ERROR;
        r->warnings += d->severity != POLICY_ERROR;
    }
    r->silenced += found->silenced;
}

static bool lint_files(struct cli *c, struct crypto *crypto, struct report *r, struct err *err)
{
    const char *type = cli_option(c, "type");
    unsigned types = type ? known_type_find(span_str(type)) : 0;

    for (size_t i = 0; i < c->argument_count; i++) {
        struct desk_policy p;
        struct policy_lint found;

        if (!desk_read(c, crypto, c->arguments[i], &p, err) ||
            !policy_lint(p.text, types, &c->arena, &found, err))
            return false;
        add_findings(r, c, &p, &found);
    }
    return true;
}

static void write_totals(struct report *r)
{
    if (r->is_json)
        write_format(&r->w, "],\"errors\":%zu,\"warnings\":%zu,\"silenced\":%zu}\n", r->errors,
                     r->warnings, r->silenced);
    else if (r->errors + r->warnings + r->silenced > 0)
        write_format(&r->w, "%zu error%s, %zu warning%s, %zu silenced\n", r->errors,
                     r->errors == 1 ? "" : "s", r->warnings, r->warnings == 1 ? "" : "s",
                     r->silenced);
}

static int lint(struct cli *c, struct crypto *crypto)
{
    struct report r = { .w = writer_in(&c->arena, 4096), .is_json = cli_flag(c, "json") };
    struct span text = { 0 };
    struct err err = { 0 };

    if (cli_option(c, "type") && !desk_check_type(cli_option(c, "type"), &err))
        return cli_fail_err(c, &err);
    if (r.is_json)
        write_text(&r.w, "{\"findings\":[");
    if (!lint_files(c, crypto, &r, &err))
        return cli_fail_err(c, &err);
    write_totals(&r);
    if (!writer_done(&r.w, &text, &err))
        return cli_fail_err(c, &err);
    cli_print(text);
    return r.errors ? EXIT_NOT_COMPILED : r.warnings ? EXIT_WARNINGS : EXIT_OK;
}

static int run(struct cli *c)
{
    struct err err = { 0 };
    struct crypto *crypto = crypto_new(&err);
    int status = crypto ? lint(c, crypto) : cli_fail_err(c, &err);

    crypto_free(crypto);
    return status;
}

const struct verb verb_policy_lint = {
    .words = "policy lint",
    .summary = "what a careful reader would say of a policy",
    .arguments = "FILE...",
    .least = 1,
    .most = CLI_ARGUMENTS_MAX,
    .options = options,
    .option_count = COUNT(options),
    .details =
        "Each finding stands as file:line:column: warning[name]: text, with the source line,\n"
        "a caret and, where there is one, what to try instead. docs/lint has a page for each\n"
        "warning. In the policy, \"// lint: allow NAME - why\" silences a warning on its line and\n"
        "the rules on it, or, alone on a line, on the next one; \"// lint: allow-file NAME\", "
        "above\n"
        "the version, in the whole file.\n"
        "Exit status: 0 clean, 1 warnings, 2 errors: the policy does not compile, 64 usage.",
    .examples = "  cupel policy lint policy.txt --type OpenEnclave || test $? -eq 1",
    .run = run,
};
