/* Policies at a desk: what do they decide, what is their hash? */
#include "../host/file.h"
#include "../policy/case.h"
#include "claims_file.h"
#include "cli.h"

#include <stdio.h>
#include <string.h>

enum { EXIT_NOT_COMPILED = 2 };

static const struct option_def eval_options[] = {
    /* clang-format off */
    { "claims", OPTION_VALUE, "FILE", "JSON array of claims: type, value, issuer, readOnly" },
    { "type",   OPTION_VALUE, "TYPE", "attestation type: SgxEnclave, OpenEnclave, TdxVm, ..." },
    { "trace",  OPTION_FLAG,  NULL,   "add the rules in order: what matched, what did not, and why" },
    { "json",   OPTION_FLAG,  NULL,   "print one JSON object" },
    /* clang-format on */
};

static const char *const types[] = { "SgxEnclave", "OpenEnclave", "SevSnpVm",  "TdxVm",
                                     "Tpm",        "VbsEnclave",  "AzureGuest" };

/* What is read, compiled and evaluated. */
struct desk {
    struct crypto *crypto;
    struct span text;
    struct claim_set claims;
    struct policy *policy;
    struct policy_diagnostics found;
    struct policy_outcome outcome;
    struct policy_trail trail;
};

static bool check_type(struct cli *c, struct err *err)
{
    const char *type = cli_option(c, "type");

    for (size_t i = 0; type && i < COUNT(types); i++)
        if (span_is_nocase(span_str(type), types[i]))
            return true;
    return err_fail(err, ERR_MALFORMED, NULL,
                    "--type needs SgxEnclave, OpenEnclave, SevSnpVm, TdxVm, Tpm, VbsEnclave or "
                    "AzureGuest");
}

static bool read_desk(struct cli *c, struct desk *d, struct err *err)
{
    const char *claims = cli_option(c, "claims");
    struct span text = { 0 };

    d->found.arena = &c->arena;
    d->claims = claim_set_in(&c->arena);
    if (!check_type(c, err))
        return false;
    if (!claims)
        return err_fail(err, ERR_MISSING, NULL, "--claims is needed");
    if (!file_read(c->arguments[0], CLI_FILE_MAX, &c->arena, &d->text, err) ||
        !file_read(claims, CLI_FILE_MAX, &c->arena, &text, err))
        return false;
    if (!claims_of_text(text, &c->arena, &d->claims, err))
        return err_in(err, "claims");
    d->crypto = crypto_new(err);
    return d->crypto != NULL;
}

static int print_case(struct cli *c, const struct desk *d, bool has_outcome)
{
    struct writer w = writer_in(&c->arena, 4096);
    struct span text = { 0 };
    struct err err = { 0 };
    struct policy_case shown = {
        .policy = d->policy,
        .diagnostics = &d->found,
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

static void print_diagnostics(struct cli *c, const struct desk *d)
{
    struct writer w = writer_in(&c->arena, 1024);

    for (size_t i = 0; i < d->found.count; i++)
        policy_diagnostic_write(&w, c->arguments[0], d->text, &d->found.items[i]);
    fwrite(writer_span(&w).p, 1, writer_span(&w).n, stderr);
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

static void print_rule(const struct policy_trail_rule *r)
{
    printf("%u:%u %s %.*s\n", r->line, r->column, r->times > 0 ? "fired " : "silent",
           SPAN_ARG(r->text));
    for (size_t i = 0; i < r->condition_count; i++) {
        const struct policy_trail_condition *k = &r->conditions[i];

        printf("    %s %.*s",
               !k->was_reached ? "not reached"
               : k->holds      ? "holds      "
                               : "fails      ",
               SPAN_ARG(k->text));
        printf("%s%s%s%s\n", k->why[0] ? ": " : "", k->why, k->hint[0] ? "; " : "", k->hint);
    }
}

static void print_text(struct cli *c, const struct desk *d)
{
    const struct policy_outcome *o = &d->outcome;

    printf("%s", policy_decision_name(o->decision));
    if (o->decision == POLICY_FAILED)
        printf(": %s at line %u, column %u: %s", o->error_code, o->line, o->column, o->error_text);
    else if (o->decision == POLICY_DENY)
        printf(": the deny rule at line %u, column %u fired", o->line, o->column);
    printf("\n");
    print_set(c, "issued", &o->issued);
    print_set(c, "properties", &o->properties);
    print_set(c, "configuration", &o->configuration);
    for (size_t i = 0; cli_flag(c, "trace") && i < d->trail.count; i++)
        print_rule(&d->trail.rules[i]);
}

static bool evaluate(struct cli *c, struct desk *d, struct err *err)
{
    if (cli_flag(c, "trace"))
        return policy_eval_trace(d->policy, &d->claims, &c->arena, &d->outcome, &d->trail, err);
    return policy_eval(d->policy, &d->claims, &c->arena, &d->outcome, err);
}

static int eval(struct cli *c, struct desk *d)
{
    struct err err = { 0 };
    int status;

    if (!read_desk(c, d, &err))
        return cli_fail_err(c, &err);
    d->policy = policy_new(d->crypto, d->text, &d->found, &err);
    if (!d->policy && d->found.count == 0)
        return cli_fail_err(c, &err);
    if (!cli_flag(c, "json"))
        print_diagnostics(c, d);
    if (!d->policy) {
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

static int run_eval(struct cli *c)
{
    struct desk d = { 0 };
    int status = eval(c, &d);

    policy_free(d.policy);
    crypto_free(d.crypto);
    return status;
}

static int run_hash(struct cli *c)
{
    struct desk d = { .found = { .arena = &c->arena } };
    struct err err = { 0 };
    int status = EXIT_OK;

    d.crypto = crypto_new(&err);
    if (!d.crypto || !file_read(c->arguments[0], CLI_FILE_MAX, &c->arena, &d.text, &err)) {
        status = cli_fail_err(c, &err);
    } else {
        d.policy = policy_new(d.crypto, d.text, &d.found, &err);
        if (d.policy) {
            printf("%.*s\n", SPAN_ARG(policy_hash(d.policy)));
        } else {
            print_diagnostics(c, &d);
            status = d.found.count > 0 ? EXIT_NOT_COMPILED : cli_fail_err(c, &err);
        }
    }
    policy_free(d.policy);
    crypto_free(d.crypto);
    return status;
}

const struct verb verb_policy_eval = {
    .words = "policy eval",
    .summary = "run a policy over claims",
    .arguments = "FILE",
    .least = 1,
    .most = 1,
    .options = eval_options,
    .option_count = COUNT(eval_options),
    .details = "Exit status: 0 permit, 1 anything else that ran, 2 does not compile, 64 usage.",
    .examples = "  cupel policy eval policy.txt --claims claims.json --type SgxEnclave --trace",
    .run = run_eval,
};

const struct verb verb_policy_hash = {
    .words = "policy hash",
    .summary = "print x-ms-policy-hash of a policy",
    .arguments = "FILE",
    .least = 1,
    .most = 1,
    .details = "Exit status: 0 printed, 2 does not compile, 64 usage.",
    .examples = "  cupel policy hash policy.txt",
    .run = run_hash,
};
