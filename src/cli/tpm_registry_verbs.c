/* The authority's side of enrolment: a folder, challenges, certificates. */
#include "../base/when.h"
#include "../host/file.h"
#include "cli.h"
#include "tpm_authority.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DAYS_DEFAULT = 365, DAYS_MAX = 3650 };

#define REGISTRY_OPTION                                                                            \
    {                                                                                              \
        "registry", OPTION_VALUE, "DIR", "the registry's folder"                                   \
    }
#define AT_OPTION                                                                                  \
    {                                                                                              \
        "at", OPTION_VALUE, "TIME",                                                                \
            "judge at this time: seconds since 1970 or RFC 3339; default now"                      \
    }
#define ROOTS_OPTION                                                                               \
    {                                                                                              \
        "ek-roots", OPTION_MANY, "FILE|DIR",                                                       \
            "whom to believe about endorsement keys, in place of the registry's ek/"               \
    }

/* clang-format off */
static const struct option_def init_options[] = {
    REGISTRY_OPTION,
    { "common-name", OPTION_VALUE, "TEXT", "the authority's name in its certificate; default \"cupel AIK authority\"" },
    AT_OPTION,
};
static const struct option_def challenge_options[] = {
    REGISTRY_OPTION,
    { "request", OPTION_VALUE, "FILE", "what the machine asked" },
    { "out",     OPTION_VALUE, "FILE", "the challenge for it; default standard output" },
    ROOTS_OPTION,
    AT_OPTION,
};
static const struct option_def issue_options[] = {
    REGISTRY_OPTION,
    { "answer", OPTION_VALUE, "FILE", "what the machine answered" },
    { "out",    OPTION_VALUE, "FILE", "the attestation key's certificate, DER" },
    { "days",   OPTION_VALUE, "N",    "how long the certificate lasts; default 365" },
    ROOTS_OPTION,
    AT_OPTION,
};
static const struct option_def list_options[] = {
    REGISTRY_OPTION,
    { "json", OPTION_FLAG, NULL, "one JSON object a line" },
};
static const struct option_def remove_options[] = {
    REGISTRY_OPTION,
};
/* clang-format on */

/* ---------------------------------------------------------------- what every verb opens */

struct desk {
    struct cli *c;
    struct tpm_registry registry;
    struct tpm_authority authority;
    struct err err;
};

typedef bool desk_fn(struct desk *d);

static bool read_now(struct cli *c, int64_t *out, struct err *err)
{
    const char *text = cli_option(c, "at");

    *out = (int64_t)time(NULL);
    return !text || when_read_any(span_str(text), out, err) || err_in(err, "at");
}

static bool open_desk(struct desk *d)
{
    d->authority.crypto = crypto_new(&d->err);
    d->authority.registry = &d->registry;
    return d->authority.crypto &&
           registry_open(cli_option(d->c, "registry"), &d->c->arena, &d->registry, &d->err);
}

/* The row that refused, and its reason word. */
static int fail_desk(struct desk *d)
{
    if (d->authority.failed)
        return cli_fail(d->c, EXIT_REFUSED, "refused (%s): %s: %s", d->authority.failed->reason,
                        d->err.path, d->err.text);
    if (d->err.code == ERR_CONFLICT || d->err.code == ERR_UNTRUSTED || d->err.code == ERR_STALE)
        return cli_fail(d->c, EXIT_REFUSED, "refused: %s", d->err.text);
    return cli_fail_err(d->c, &d->err);
}

static int with_desk(struct cli *c, desk_fn *run)
{
    struct desk d = { .c = c };
    bool ok;

    d.registry.lock_fd = -1;
    if (!cli_option(c, "registry"))
        return cli_fail(c, EXIT_USAGE, "--registry is needed");
    ok = open_desk(&d) && run(&d);
    registry_close(&d.registry);
    crypto_free(d.authority.crypto);
    return ok ? EXIT_OK : fail_desk(&d);
}

/* ---------------------------------------------------------------- the authority */

static bool make_authority(struct desk *d)
{
    const char *name = cli_option(d->c, "common-name");
    int64_t now = 0;

    return read_now(d->c, &now, &d->err) &&
           authority_init(d->authority.crypto, &d->registry, name ? name : "cupel AIK authority",
                          now, &d->err);
}

static int run_init(struct cli *c)
{
    const char *dir = cli_option(c, "registry");
    struct err err = { 0 };

    if (dir && !file_make_dir(dir, 0700, &err))
        return cli_fail_err(c, &err);
    return with_desk(c, make_authority);
}

static bool judge_as(struct desk *d)
{
    const struct option_values *roots = cli_options(d->c, "ek-roots");

    d->authority.ek_roots = roots->values;
    d->authority.ek_root_count = roots->count;
    return read_now(d->c, &d->authority.now, &d->err);
}

static bool read_input(struct desk *d, const char *name, struct span *out)
{
    return file_read(cli_option(d->c, name), REGISTRY_FILE_MAX, &d->c->arena, out, &d->err);
}

static bool challenge(struct desk *d)
{
    const char *path = cli_option(d->c, "out");
    struct span request = { 0 }, out = { 0 };

    if (!judge_as(d) || !read_input(d, "request", &request) ||
        !authority_challenge(&d->authority, request, &out, &d->err))
        return false;
    if (path)
        return file_put(path, out, 0644, &d->err);
    cli_print(out);
    return true;
}

static int run_challenge(struct cli *c)
{
    if (!cli_option(c, "request"))
        return cli_fail(c, EXIT_USAGE, "--request is needed");
    return with_desk(c, challenge);
}

static bool read_days(struct desk *d)
{
    const char *text = cli_option(d->c, "days");
    char *end = NULL;
    long days = text ? strtol(text, &end, 10) : DAYS_DEFAULT;

    if (text && (end == text || *end || days < 1 || days > DAYS_MAX))
        return err_fail(&d->err, ERR_MALFORMED, NULL, "--days is 1 to %d, not \"%.20s\"", DAYS_MAX,
                        text);
    d->authority.days = days;
    return true;
}

static bool issue(struct desk *d)
{
    struct span answer = { 0 }, out = { 0 };

    return judge_as(d) && read_days(d) && read_input(d, "answer", &answer) &&
           authority_issue(&d->authority, answer, &out, &d->err) &&
           file_put(cli_option(d->c, "out"), out, 0644, &d->err);
}

static int run_issue(struct cli *c)
{
    if (!cli_option(c, "answer") || !cli_option(c, "out"))
        return cli_fail(c, EXIT_USAGE, "--answer and --out are needed");
    return with_desk(c, issue);
}

/* ---------------------------------------------------------------- looking and removing */

static void print_machine(const struct cli *c, const struct registry_machine *m)
{
    if (cli_flag(c, "json"))
        printf("{\"machine\":\"%.*s\",\"enrolled\":\"%.*s\",\"aikPubHash\":\"%.*s\","
               "\"ekCertHash\":\"%.*s\"}\n",
               SPAN_ARG(m->machine), SPAN_ARG(m->enrolled), SPAN_ARG(m->aik_hash),
               SPAN_ARG(m->ek_cert_hash));
    else
        printf("%.*s\n  enrolled                 %.*s\n  aikPubHash               %.*s\n"
               "  endorsement certificate  %.*s\n",
               SPAN_ARG(m->machine), SPAN_ARG(m->enrolled), SPAN_ARG(m->aik_hash),
               SPAN_ARG(m->ek_cert_hash));
}

static bool list(struct desk *d)
{
    const struct registry_machine *all = NULL;
    size_t count = 0;

    if (!registry_list(&d->registry, &all, &count, &d->err))
        return false;
    for (size_t i = 0; i < count; i++)
        print_machine(d->c, &all[i]);
    return true;
}

static int run_list(struct cli *c)
{
    return with_desk(c, list);
}

static bool remove_machine(struct desk *d)
{
    struct span name = span_str(d->c->arguments[0]);

    return enrol_name_check(name, &d->err) && registry_remove(&d->registry, name, &d->err);
}

static int run_remove(struct cli *c)
{
    return with_desk(c, remove_machine);
}

/* ---------------------------------------------------------------- the verbs */

const struct verb verb_tpm_registry_init = {
    .words = "tpm registry init",
    .summary = "make a registry of machines and the authority that certifies their keys",
    .arguments = "",
    .options = init_options,
    .option_count = COUNT(init_options),
    .details = "Who has an authority already puts its key and certificate there as "
               "authority.key.pem and authority.pem, and needs no init. What services trust is "
               "authority.pem: it goes to tpm/aik/anchors.",
    .examples = "  cupel tpm registry init --registry /tmp/fleet --common-name \"Example AIK CA\"",
    .run = run_init,
};

const struct verb verb_tpm_registry_challenge = {
    .words = "tpm registry challenge",
    .summary = "judge a machine's two keys and make a challenge that only its TPM answers",
    .arguments = "",
    .options = challenge_options,
    .option_count = COUNT(challenge_options),
    .details = "The endorsement key's certificate must lead to a root in ek/anchors of the "
               "registry, and the attestation key must be one that signs nothing but what its TPM "
               "says. Exit status: 0 made, 2 refused, 64 usage, 70 our own fault.",
    .examples = "  cupel tpm registry challenge --help",
    .run = run_challenge,
};

const struct verb verb_tpm_registry_issue = {
    .words = "tpm registry issue",
    .summary = "take a machine's answer and issue its attestation key's certificate",
    .arguments = "",
    .options = issue_options,
    .option_count = COUNT(issue_options),
    .details =
        "A challenge is answered once, rightly or wrongly, within a day. A name stays with "
        "its endorsement key until the machine is removed. Exit status: 0 issued, 2 refused, "
        "64 usage, 70 our own fault.",
    .examples = "  cupel tpm registry issue --help",
    .run = run_issue,
};

const struct verb verb_tpm_registry_list = {
    .words = "tpm registry list",
    .summary = "print the machines of a registry",
    .arguments = "",
    .options = list_options,
    .option_count = COUNT(list_options),
    .details = "aikPubHash is the claim by which a policy knows the machine.",
    .examples = "  cupel tpm registry init --registry /tmp/fleet\n"
                "  cupel tpm registry list --registry /tmp/fleet",
    .run = run_list,
};

const struct verb verb_tpm_registry_remove = {
    .words = "tpm registry remove",
    .summary = "forget a machine, so that its name or its TPM may be enrolled anew",
    .arguments = "NAME",
    .least = 1,
    .most = 1,
    .options = remove_options,
    .option_count = COUNT(remove_options),
    .details = "The certificate that was issued is good until it ends: revoke it in a list of the "
               "authority's, or let policies name the keys they take.",
    .examples = "  cupel tpm registry remove --help",
    .run = run_remove,
};
