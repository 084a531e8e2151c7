#include "store_desk.h"

#include <stdio.h>
#include <string.h>

#include "../base/when.h"
#include "../format/json.h"
#include "../service/access.h"

/* clang-format off */
static const struct option_def list_options[] = {
    { "data-dir", OPTION_VALUE, "DIR",  "the daemon's data directory; default /var/lib/cupel" },
    { "json",     OPTION_FLAG,  NULL,   "print JSON" },
};
static const struct option_def change_options[] = {
    { "data-dir", OPTION_VALUE, "DIR",  "the daemon's data directory; default /var/lib/cupel" },
    { "instance", OPTION_VALUE, "NAME", "the instance that it counts in; default every one" },
};
/* clang-format on */

static void write_member(struct writer *w, const char *before, struct span value)
{
    write_text(w, before);
    json_write_string(w, value);
}

static bool print_json(const struct store_desk *d, struct err *err)
{
    struct writer w = writer_in(&d->c->arena, 1024);
    struct span out = { 0 };
    char at[WHEN_TEXT];

    write_u8(&w, '[');
    for (size_t i = 0; i < d->state->role_count; i++) {
        const struct store_role *r = &d->state->roles[i];

        write_member(&w, i ? ",\n {\"principal\":" : "{\"principal\":", r->principal);
        write_member(&w, ",\"role\":", r->role);
        write_member(&w, ",\"instance\":", r->instance);
        write_member(&w, ",\"given\":", span_str(when_str(r->at, at)));
        write_member(&w, ",\"by\":", r->by);
        write_u8(&w, '}');
    }
    write_text(&w, "]\n");
    if (!writer_done(&w, &out, err))
        return false;
    cli_print(out);
    return true;
}

static void print_text(const struct store_desk *d)
{
    char at[WHEN_TEXT];

    for (size_t i = 0; i < d->state->role_count; i++) {
        const struct store_role *r = &d->state->roles[i];

        printf("%-24.*s  %-24.*s  %.*s  (%s, %.*s)\n", SPAN_ARG(r->role), SPAN_ARG(r->instance),
               SPAN_ARG(r->principal), when_str(r->at, at), SPAN_ARG(r->by));
    }
}

static int run_list(struct cli *c)
{
    struct err e = { 0 };
    struct store_desk d;
    bool is_well = store_desk_open(&d, c, NULL, &e);

    if (is_well && cli_flag(c, "json"))
        is_well = print_json(&d, &e);
    else if (is_well)
        print_text(&d);
    return store_desk_close(&d, is_well, &e);
}

static bool refuse(struct err *err, const char *name, const char *text)
{
    return err_fail(err, ERR_DENIED, NULL, "%s", text) || err_in(err, name);
}

/* What a principal may be is what callers are known as; anything else would be given to nobody. */
static bool check_principal(const char *text, struct err *err)
{
    const char *mark = strchr(text, '#');
    bool is_bearer = mark && mark > text && mark[1] != '\0';

    return is_bearer || (strncmp(text, "token:", 6) == 0 && text[6]) ||
           (strncmp(text, "certificate:", 12) == 0 && text[12]) ||
           refuse(err, "PRINCIPAL", "is not ISSUER#SUBJECT, token:NAME or certificate:SHA256-HEX");
}

/* Kept in the word of the table, however it was written. */
static bool fill_in(struct cli *c, struct store_role *out, struct err *err)
{
    const char *instance = cli_option(c, "instance");
    enum access_role role;

    if (!check_principal(c->arguments[0], err))
        return false;
    if (!access_role_find(span_str(c->arguments[1]), &role))
        return refuse(err, "ROLE",
                      "is not attestation-reader, attestation-contributor, reader, contributor or "
                      "owner");
    *out = (struct store_role){ .principal = span_str(c->arguments[0]),
                                .role = span_str(access_roles[role].word),
                                .instance = span_str(instance ? instance : "*") };
    return true;
}

static int run_change(struct cli *c, enum change_kind kind, const char *done, const char *not_done)
{
    struct change change = { .kind = kind };
    struct change_result result = { 0 };
    struct err e = { 0 };
    struct store_desk d = { .c = c };
    bool is_well = fill_in(c, &change.role, &e) && store_desk_open(&d, c, "changing roles", &e) &&
                   store_desk_make(&d, "cupel role", &change, &result, &e);

    if (is_well)
        printf("%s\n", result.is_changed ? done : not_done);
    return store_desk_close(&d, is_well, &e);
}

static int run_grant(struct cli *c)
{
    return run_change(c, CHANGE_ROLE_GRANT, "granted", "it had the role already");
}

static int run_revoke(struct cli *c)
{
    return run_change(c, CHANGE_ROLE_REVOKE, "revoked", "it did not have the role");
}

#define PRINCIPALS                                                                                 \
    "PRINCIPAL is what the audit chain calls a caller: ISSUER#SUBJECT for an access token,\n"      \
    "token:NAME, certificate:SHA256-HEX. Grants of the access file count beside these, and\n"      \
    "are not listed here. Changing is refused while a daemon runs in the directory.\n"
#define STATUSES "\nExit status: 0 done, 2 not, 64 usage or no such store, 70 our own fault."

const struct verb verb_role_list = {
    .words = "role list",
    .summary = "print the roles that were given in the store",
    .arguments = "",
    .options = list_options,
    .option_count = COUNT(list_options),
    .details = PRINCIPALS STATUSES,
    .examples = "  cupel role list --data-dir data",
    .run = run_list,
};

const struct verb verb_role_grant = {
    .words = "role grant",
    .summary = "give a caller a role, in one instance or in every one",
    .arguments = "PRINCIPAL ROLE",
    .least = 2,
    .most = 2,
    .options = change_options,
    .option_count = COUNT(change_options),
    .details = PRINCIPALS
    "ROLE is attestation-reader, attestation-contributor, reader, contributor or owner.\n" STATUSES,
    .examples = "  cupel role grant https://login.example/realm#7e4bd8c5 attestation-reader "
                "--instance default --data-dir data",
    .run = run_grant,
};

const struct verb verb_role_revoke = {
    .words = "role revoke",
    .summary = "take a role from a caller",
    .arguments = "PRINCIPAL ROLE",
    .least = 2,
    .most = 2,
    .options = change_options,
    .option_count = COUNT(change_options),
    .details = PRINCIPALS STATUSES,
    .examples = "  cupel role revoke token:ci owner --data-dir data",
    .run = run_revoke,
};
