/* What does a policy decide over these claims, and why? */
#include "../claims/claim_list.h"
#include "../host/file.h"
#include "../policy/case.h"
#include "../policy/explain.h"
#include "policy_desk.h"

#include <stdio.h>

static const struct option_def options[] = {
    /* clang-format off */
    { "claims", OPTION_VALUE, "FILE", "JSON array of claims: type, value, issuer, readOnly" },
    { "type",   OPTION_VALUE, "TYPE", "attestation type: SgxEnclave, OpenEnclave, TdxVm, ..." },
    { "trace",  OPTION_FLAG,  NULL,   "add the rules in order: what matched, what did not, and why" },
    { "json",   OPTION_FLAG,  NULL,   "print one JSON object" },
    /* clang-format on */
};

/* What is read, compiled and evaluated. */
struct desk {
    struct crypto *crypto;
    struct desk_policy p;
    struct claim_set claims;
    struct policy_outcome outcome;
    struct policy_trail trail;
};

static bool read_claims(struct cli *c, struct claim_set *out, struct err *err)
{
    const char *path = cli_option(c, "claims");
    struct span text = { 0 };

    if (!path)
        return err_fail(err, ERR_MISSING, NULL, "--claims is needed");
    return file_read(path, CLI_FILE_MAX, &c->arena, &text, err) &&
           (claims_of_text(text, &c->arena, out, err) || err_in(err, "claims"));
}

static bool read_desk(struct cli *c, struct desk *d, struct err *err)
{
    if (!desk_check_type(cli_option(c, "type"), err) || !read_claims(c, &d->claims, err))
        return false;
    d->crypto = crypto_new(err);
    return d->crypto && desk_open(c, d->crypto, c->arguments[0], &d->p, err);
}

static int print_case(struct cli *c, const struct desk *d, bool has_outcome)
{
    struct writer w = writer_in(&c->arena, 4096);
    struct span text = { 0 };
    struct err err = { 0 };
    struct policy_case shown = {
        .policy = d->p.policy,
        .diagnostics = &d->p.found,
        .outcome = has_outcome ? &d->outcome : NULL,
        .trail = has_outcome && cli_flag(c, "trace") ? &d->trail : NULL,
    };

    if (!policy_case_write(&w, &shown, &err))
        return cli_fail_err(c, &err);
    write_text(&w, "\n");
    if (!writer_done(&w, &text, &err))
        return cli_fail_err(c, &err);
    cli_print(text);
    return EXIT_OK;
}

static void print_set(struct cli *c, const char *title, const struct claim_set *set)
{
    if (set->count > 0)
        printf("%s:\n", title);
    for (size_t i = 0; i < set->count; i++) {
        struct writer w = writer_in(&c->arena, 64);

        claim_write_value(&w, &set->items[i]);
        printf("  %.*s = %.*s\n", SPAN_ARG(set->items[i].name), SPAN_ARG(writer_span(&w)));
    }
}

static void print_text(struct cli *c, const struct desk *d)
{
    const struct policy_outcome *o = &d->outcome;
    struct writer w = writer_in(&c->arena, 4096);

    if (cli_flag(c, "trace"))
        explain_decision(&w, c->arguments[0], o, &d->trail);
    else if (o->decision == POLICY_FAILED)
        write_format(&w, "error: %s at line %u, column %u: %s\n", o->error_code, o->line, o->column,
                     o->error_text);
    else if (o->decision == POLICY_DENY)
        write_format(&w, "deny: the deny rule at line %u, column %u fired\n", o->line, o->column);
    else
        write_format(&w, "%s\n", policy_decision_name(o->decision));
    cli_print(writer_span(&w));
    print_set(c, "issued", &o->issued);
    print_set(c, "properties", &o->properties);
    print_set(c, "configuration", &o->configuration);
    if (!cli_flag(c, "trace"))
        return;
    w.n = 0;
    write_text(&w, "\n");
    explain_trail(&w, c->arguments[0], o, &d->trail);
    cli_print(writer_span(&w));
}

static bool evaluate(struct cli *c, struct desk *d, struct err *err)
{
    if (cli_flag(c, "trace"))
        return policy_eval_trace(d->p.policy, &d->claims, &c->arena, &d->outcome, &d->trail, err);
    return policy_eval(d->p.policy, &d->claims, &c->arena, &d->outcome, err);
}

static int eval(struct cli *c, struct desk *d)
{
    struct err err = { 0 };
    int status;

    if (!read_desk(c, d, &err))
        return cli_fail_err(c, &err);
    if (!cli_flag(c, "json"))
        desk_print_found(c, &d->p);
    if (!d->p.policy) {
        status = cli_flag(c, "json") ? print_case(c, d, false) : EXIT_OK;
        return status == EXIT_OK ? EXIT_NOT_COMPILED : status;
    }
    if (!evaluate(c, d, &err))
        return cli_fail_err(c, &err);
    if (!cli_flag(c, "json"))
        print_text(c, d);
    else if ((status = print_case(c, d, true)) != EXIT_OK)
        return status;
    return d->outcome.decision == POLICY_PERMIT ? EXIT_OK : EXIT_DENIED;
}

static int run(struct cli *c)
{
    struct desk d = { 0 };
    int status = eval(c, &d);

    desk_close(&d.p);
    crypto_free(d.crypto);
    return status;
}

const struct verb verb_policy_eval = {
    .words = "policy eval",
    .summary = "run a policy over claims",
    .arguments = "FILE",
    .least = 1,
    .most = 1,
    .options = options,
    .option_count = COUNT(options),
    .details = "Exit status: 0 permit, 1 anything else that ran, 2 does not compile, 64 usage.",
    .examples = "  cupel policy eval policy.txt --claims claims.json --type SgxEnclave --trace",
    .run = run,
};
