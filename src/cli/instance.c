#include "store_desk.h"

#include <stdio.h>
#include <string.h>

#include "../base/when.h"
#include "../evidence/appraise.h"
#include "../format/json.h"
#include "../format/pem.h"
#include "../host/file.h"
#include "../policy/policy.h"
#include "../service/certificates.h"

#define DATA_DIR_ROW                                                                               \
    {                                                                                              \
        "data-dir", OPTION_VALUE, "DIR", "the daemon's data directory; default /var/lib/cupel"     \
    }
#define JSON_ROW                                                                                   \
    {                                                                                              \
        "json", OPTION_FLAG, NULL, "print JSON"                                                    \
    }
#define SETTING_ROWS                                                                               \
    { "location", OPTION_VALUE, "TEXT", "where it is, as the control plane tells it" },            \
        { "tcb-profile", OPTION_VALUE, "NAME",                                                     \
          "azure, strict, lenient or any; empty: the daemon's" },                                  \
        { "policy-profile", OPTION_VALUE, "NAME",                                                  \
          "azure, azure-1.1 or strict; empty: the daemon's" },                                     \
        { "tpm-authentication", OPTION_VALUE, "WORD",                                              \
          "Enabled or Disabled: whether TPM calls need a caller" },                                \
    {                                                                                              \
        "public-network", OPTION_VALUE, "WORD",                                                    \
            "Enabled or Disabled: whether others than this machine may call"                       \
    }

static const struct option_def look_options[] = { DATA_DIR_ROW, JSON_ROW };
static const struct option_def delete_options[] = { DATA_DIR_ROW };
static const struct option_def update_options[] = {
    DATA_DIR_ROW,
    { "url", OPTION_VALUE, "URL", "its base URL: clients' address and the issuer of its tokens" },
    SETTING_ROWS,
    JSON_ROW,
};
static const struct option_def create_options[] = {
    DATA_DIR_ROW,
    { "url", OPTION_VALUE, "URL", "its base URL: clients' address and the issuer of its tokens" },
    { "certificate", OPTION_MANY, "FILE",
      "a certificate, PEM, whose key may sign policies: the instance is isolated" },
    SETTING_ROWS,
    JSON_ROW,
};

static bool open_desk(struct store_desk *d, struct cli *c, bool changes, struct err *err)
{
    return store_desk_open(
        d, c, changes ? "changing its instances, or use its control plane" : NULL, err);
}

/* Showing. */

static const char *const words[] = { "Disabled", "Enabled" };

static void write_text_member(struct writer *w, const char *before, struct span value)
{
    write_text(w, before);
    json_write_string(w, value);
}

static void write_json(struct writer *w, const struct store_desk *d, const struct store_instance *i)
{
    char at[WHEN_TEXT];
    size_t signers = 0;

    state_certificates(d->state, i->name, &signers);
    write_text_member(w, "{\"name\":", i->name);
    write_text_member(w, ",\"url\":", i->issuer);
    write_text_member(w, ",\"host\":", i->host);
    write_text_member(w, ",\"trust_model\":", i->trust_model);
    write_text_member(w, ",\"location\":", i->location);
    write_text_member(w, ",\"subscription\":", i->subscription);
    write_text_member(w, ",\"resource_group\":", i->resource_group);
    write_text(w, ",\"tags\":");
    write_bytes(w, i->tags.n > 0 ? i->tags : span_str("{}"));
    write_text_member(w, ",\"tcb_profile\":", i->tcb_profile);
    write_text_member(w, ",\"policy_profile\":", i->policy_profile);
    write_text_member(w, ",\"public_network\":", span_str(words[i->public_network != 0]));
    write_text_member(w, ",\"tpm_authentication\":", span_str(words[i->tpm_authentication != 0]));
    write_text_member(w, ",\"created\":", span_str(when_str(i->created, at)));
    write_text_member(w, ",\"updated\":", span_str(when_str(i->updated, at)));
    write_format(w, ",\"version\":%lld,\"certificates\":%zu}", (long long)i->version, signers);
}

static bool print_json(struct store_desk *d, const struct store_instance *list, size_t count,
                       bool is_list, struct err *err)
{
    struct writer w = writer_in(&d->c->arena, 1024);
    struct span out = { 0 };

    write_text(&w, is_list ? "[" : "");
    for (size_t i = 0; i < count; i++) {
        write_text(&w, i ? ",\n " : "");
        write_json(&w, d, &list[i]);
    }
    write_text(&w, is_list ? "]\n" : "\n");
    if (!writer_done(&w, &out, err))
        return false;
    cli_print(out);
    return true;
}

static void print_row(const char *label, struct span value, const char *otherwise)
{
    if (value.n > 0)
        printf("%-20s %.*s\n", label, SPAN_ARG(value));
    else
        printf("%-20s %s\n", label, otherwise);
}

static void print_policies(const struct store_desk *d, struct span instance)
{
    for (size_t i = 0; i < d->state->policy_count; i++) {
        const struct store_policy *p = &d->state->policies[i];

        if (span_equal(p->instance, instance))
            printf("policy               %.*s version %lld, hash %.*s\n", SPAN_ARG(p->type),
                   (long long)p->version, SPAN_ARG(p->hash));
    }
}

static void print_one(const struct store_desk *d, const struct store_instance *i)
{
    char at[WHEN_TEXT];
    size_t signers = 0;

    state_certificates(d->state, i->name, &signers);
    print_row("name", i->name, "");
    print_row("url", i->issuer, "");
    print_row("trust model", i->trust_model, "");
    print_row("location", i->location, "-");
    print_row("subscription", i->subscription, "any");
    print_row("resource group", i->resource_group, "default");
    print_row("tags", i->tags, "-");
    print_row("TCB profile", i->tcb_profile, "the daemon's");
    print_row("policy profile", i->policy_profile, "the daemon's");
    print_row("public network", span_str(words[i->public_network != 0]), "");
    print_row("TPM authentication", span_str(words[i->tpm_authentication != 0]), "");
    print_row("created", span_str(when_str(i->created, at)), "");
    print_row("updated", span_str(when_str(i->updated, at)), "");
    printf("%-20s %zu\n", "certificates", signers);
    print_policies(d, i->name);
}

static bool find_instance(const struct store_desk *d, const struct store_instance **out,
                          struct err *err)
{
    *out = state_instance(d->state, span_str(d->c->arguments[0]));
    return *out ||
           err_fail(err, ERR_MISSING, NULL, "there is no instance \"%.64s\"", d->c->arguments[0]);
}

static int run_list(struct cli *c)
{
    struct err e = { 0 };
    struct store_desk d;
    bool is_well = open_desk(&d, c, false, &e);

    if (is_well && cli_flag(c, "json"))
        is_well = print_json(&d, d.state->instances, d.state->instance_count, true, &e);
    else if (is_well)
        for (size_t i = 0; i < d.state->instance_count; i++)
            printf("%-24.*s  %-8.*s  %.*s\n", SPAN_ARG(d.state->instances[i].name),
                   SPAN_ARG(d.state->instances[i].trust_model),
                   SPAN_ARG(d.state->instances[i].issuer));
    return store_desk_close(&d, is_well, &e);
}

static bool print_named(struct store_desk *d, struct err *err)
{
    const struct store_instance *i;

    if (!find_instance(d, &i, err))
        return false;
    if (cli_flag(d->c, "json"))
        return print_json(d, i, 1, false, err);
    print_one(d, i);
    return true;
}

static int run_show(struct cli *c)
{
    struct err e = { 0 };
    struct store_desk d;
    bool is_well = open_desk(&d, c, false, &e) && print_named(&d, &e);

    return store_desk_close(&d, is_well, &e);
}

/* Changing. */

static bool refuse_option(struct err *err, const char *name, const char *value, const char *wanted)
{
    return err_fail(err, ERR_MALFORMED, NULL, "\"%.60s\" is not %s", value, wanted) ||
           err_in(err, name);
}

/* "https://name[:port]": the rest is not an instance's to choose. */
static bool read_url(struct cli *c, struct store_instance *i, struct err *err)
{
    const char *url = cli_option(c, "url");
    uint8_t *host;
    size_t n;

    if (!url)
        return true;
    n = strncmp(url, "https://", 8) == 0 ? strlen(url + 8) : 0;
    if (n > 0 && url[8 + n - 1] == '/')
        n--;
    if (n == 0 || strcspn(url + 8, "/?#@ ") < n)
        return refuse_option(err, "--url", url, "https://HOST or https://HOST:PORT");
    host = ARENA_ARRAY(&c->arena, uint8_t, n);
    if (!host)
        return arena_fail(&c->arena, err);
    for (size_t k = 0; k < n; k++) {
        char at = url[8 + k];

        host[k] = (uint8_t)(at >= 'A' && at <= 'Z' ? at + 'a' - 'A' : at);
    }
    i->host = span_of(host, n);
    i->issuer = span_of((const uint8_t *)url, 8 + n);
    return true;
}

static bool read_switch(struct cli *c, const char *name, int64_t *out, struct err *err)
{
    const char *value = cli_option(c, name);

    if (!value)
        return true;
    for (size_t i = 0; i < COUNT(words); i++)
        if (span_is_nocase(span_str(value), words[i])) {
            *out = (int64_t)i;
            return true;
        }
    return refuse_option(err, name, value, "Enabled or Disabled");
}

static bool read_profiles(struct cli *c, struct store_instance *i, struct err *err)
{
    const char *tcb = cli_option(c, "tcb-profile"), *policy = cli_option(c, "policy-profile");
    enum tcb_profile known;

    if (tcb && tcb[0] && !tcb_profile_find(span_str(tcb), &known))
        return refuse_option(err, "--tcb-profile", tcb, "azure, strict, lenient or any");
    if (policy && policy[0] && policy_default(span_str("SgxEnclave"), policy).n == 0)
        return refuse_option(err, "--policy-profile", policy, "azure, azure-1.1 or strict");
    if (tcb)
        i->tcb_profile = span_str(tcb);
    if (policy)
        i->policy_profile = span_str(policy);
    return true;
}

static bool read_settings(struct cli *c, struct store_instance *i, struct err *err)
{
    const char *location = cli_option(c, "location");

    if (location)
        i->location = span_str(location);
    return read_url(c, i, err) && read_profiles(c, i, err) &&
           read_switch(c, "tpm-authentication", &i->tpm_authentication, err) &&
           read_switch(c, "public-network", &i->public_network, err);
}

static bool make(struct store_desk *d, struct change *change, struct change_result *out,
                 struct err *err)
{
    return store_desk_make(d, "cupel instance", change, out, err);
}

static bool read_certificate(struct store_desk *d, const char *file, struct store_certificate *out,
                             struct err *err)
{
    struct pem_block blocks[POLICY_JWS_CERTS_MAX];
    struct span text, certs[POLICY_JWS_CERTS_MAX];
    size_t count = 0;

    if (!file_read(file, STORE_CERT_MAX, &d->c->arena, &text, err) ||
        !pem_parse(text, "CERTIFICATE", false, COUNT(blocks), &d->c->arena, blocks, &count, err))
        return err_in(err, file);
    for (size_t i = 0; i < count; i++)
        certs[i] = blocks[i].der;
    return certificates_of_chain(d->crypto, certs, count, &d->c->arena, out, err) ||
           err_in(err, file);
}

static bool read_certificates(struct store_desk *d, struct change *change, struct err *err)
{
    const struct option_values *files = cli_options(d->c, "certificate");
    struct store_certificate *list =
        ARENA_ARRAY(&d->c->arena, struct store_certificate, files->count);

    if (!list)
        return arena_fail(&d->c->arena, err);
    for (size_t i = 0; i < files->count; i++)
        if (!read_certificate(d, files->values[i], &list[i], err))
            return false;
    change->certificates = list;
    change->certificate_count = files->count;
    return true;
}

static int run_create(struct cli *c)
{
    bool is_isolated = cli_options(c, "certificate")->count > 0;
    struct change change = { .kind = CHANGE_INSTANCE_CREATE,
                             .instance = { .name = span_str(c->arguments[0]),
                                           .trust_model =
                                               span_str(is_isolated ? "Isolated" : "AAD"),
                                           .public_network = 1,
                                           .tpm_authentication = 1 } };
    struct change_result result;
    struct err e = { 0 };
    struct store_desk d;
    bool is_well;

    if (!cli_option(c, "url"))
        return cli_fail(c, EXIT_USAGE, "--url is missing: the address of the instance");
    is_well = open_desk(&d, c, true, &e) && read_settings(c, &change.instance, &e) &&
              read_certificates(&d, &change, &e) && make(&d, &change, &result, &e) &&
              print_named(&d, &e);
    return store_desk_close(&d, is_well, &e);
}

static bool update(struct store_desk *d, struct err *err)
{
    struct change change = { .kind = CHANGE_INSTANCE_UPDATE };
    const struct store_instance *now;
    struct change_result result;

    if (!find_instance(d, &now, err))
        return false;
    change.instance = *now;
    return read_settings(d->c, &change.instance, err) && make(d, &change, &result, err) &&
           print_named(d, err);
}

static int run_update(struct cli *c)
{
    struct err e = { 0 };
    struct store_desk d;
    bool is_well = open_desk(&d, c, true, &e) && update(&d, &e);

    return store_desk_close(&d, is_well, &e);
}

static int run_delete(struct cli *c)
{
    struct change change = { .kind = CHANGE_INSTANCE_DELETE,
                             .instance = { .name = span_str(c->arguments[0]) } };
    struct change_result result = { 0 };
    struct err e = { 0 };
    struct store_desk d;
    bool is_well;

    if (strcmp(c->arguments[0], "default") == 0)
        return cli_fail(c, EXIT_REFUSED, "the default instance is the configuration's");
    is_well = open_desk(&d, c, true, &e) && make(&d, &change, &result, &e);
    if (is_well)
        printf("%s\n", result.is_changed ? "deleted, with its policies, certificates and roles"
                                         : "there is no such instance");
    return store_desk_close(&d, is_well, &e);
}

#define RUNNING                                                                                    \
    "Refused while a daemon runs in the directory: it has the control plane for that\n"            \
    "(PUT, PATCH and DELETE of attestationProviders, as Azure's management clients send them).\n"
#define STATUSES "\nExit status: 0 done, 2 not, 64 usage or no such store, 70 our own fault."

const struct verb verb_instance_list = {
    .words = "instance list",
    .summary = "print the instances of a daemon",
    .arguments = "",
    .options = look_options,
    .option_count = COUNT(look_options),
    .details = "The daemon may be running.\n" STATUSES,
    .examples = "  cupel instance list --data-dir data",
    .run = run_list,
};

const struct verb verb_instance_show = {
    .words = "instance show",
    .summary = "print one instance and its policies in force",
    .arguments = "NAME",
    .least = 1,
    .most = 1,
    .options = look_options,
    .option_count = COUNT(look_options),
    .details = "The daemon may be running.\n" STATUSES,
    .examples = "  cupel instance show default --data-dir data --json",
    .run = run_show,
};

const struct verb verb_instance_create = {
    .words = "instance create",
    .summary = "make an instance, with an address, policies and certificates of its own",
    .arguments = "NAME",
    .least = 1,
    .most = 1,
    .options = create_options,
    .option_count = COUNT(create_options),
    .details = RUNNING "NAME is made of lower-case letters, digits and hyphens.\n" STATUSES,
    .examples =
        "  cupel instance create site --url https://site.example --data-dir data\n"
        "  cupel instance create vault --url https://vault.example --certificate signer.pem "
        "--data-dir data",
    .run = run_create,
};

const struct verb verb_instance_update = {
    .words = "instance update",
    .summary = "change an instance's settings",
    .arguments = "NAME",
    .least = 1,
    .most = 1,
    .options = update_options,
    .option_count = COUNT(update_options),
    .details =
        RUNNING "What is not said stays as it is. The trust model does not change.\n" STATUSES,
    .examples = "  cupel instance update default --tcb-profile strict --data-dir data",
    .run = run_update,
};

const struct verb verb_instance_delete = {
    .words = "instance delete",
    .summary = "delete an instance with its policies, certificates and roles",
    .arguments = "NAME",
    .least = 1,
    .most = 1,
    .options = delete_options,
    .option_count = COUNT(delete_options),
    .details = RUNNING "The audit chain keeps what was.\n" STATUSES,
    .examples = "  cupel instance delete site --data-dir data",
    .run = run_delete,
};
