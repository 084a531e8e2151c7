#include "data_dir.h"

#include <stdio.h>
#include <string.h>

#include "../crypto/crypto.h"
#include "../format/json.h"
#include "../store/note.h"

enum { TRACE = 32 };

/* clang-format off */
static const struct option_def options[] = {
    { "data-dir", OPTION_VALUE, "DIR", "the daemon's data directory; default /var/lib/cupel" },
    { "json",     OPTION_FLAG,  NULL,  "print the explanation as it is kept, one JSON object" },
};
/* clang-format on */

static struct span text_of(const struct json *object, const char *name)
{
    const struct json *m = json_member(object, name);

    return m && m->type == JSON_STRING ? m->text : (struct span){ 0 };
}

static void say(struct writer *w, const char *label, struct span value)
{
    if (value.n > 0)
        write_format(w, "%-9s %.*s\n", label, SPAN_ARG(value));
}

static void say_outcome(struct cli *c, struct writer *w, const struct json *doc)
{
    struct span reason = text_of(doc, "reason");

    write_format(w, "outcome   %s%.*s%s%s%.*s\n", cli_color(c, "\033[1;31m"),
                 SPAN_ARG(text_of(doc, "outcome")), cli_color(c, "\033[0m"),
                 reason.n > 0 ? ": " : "", SPAN_ARG(reason));
}

static void say_error(struct writer *w, const struct json *e)
{
    say(w, "where", text_of(e, "path"));
    say(w, "what", text_of(e, "text"));
    say(w, "rule", text_of(e, "spec"));
}

static void say_policy(struct writer *w, const struct json *p)
{
    const struct json *line = json_member(p, "line"), *column = json_member(p, "column");
    const struct json *claims = json_member(p, "claims");

    if (!p || p->type != JSON_OBJECT)
        return;
    write_format(w, "policy    %.*s", SPAN_ARG(text_of(p, "decision")));
    if (line && column && !span_is(line->raw, "0"))
        write_format(w, " at line %.*s, column %.*s", SPAN_ARG(line->raw), SPAN_ARG(column->raw));
    write_u8(w, '\n');
    for (const struct json *m = claims ? claims->child : NULL; m; m = m->next)
        write_format(w, "          because of %.*s\n", SPAN_ARG(m->text));
}

static void say_tcb(struct writer *w, const struct json *t)
{
    if (!t || t->type != JSON_OBJECT)
        return;
    say(w, "platform", text_of(t, "status"));
    say(w, "", text_of(t, "remedy"));
}

static void say_check(struct cli *c, struct writer *w, const struct json *check)
{
    struct span outcome = text_of(check, "outcome"), detail = text_of(check, "detail");
    bool is_ok = span_is(outcome, "ok"), has_failed = span_is(outcome, "failed");

    write_format(w, "  %s%-7s%s  %-28.*s %.*s\n",
                 cli_color(c, has_failed ? "\033[31m"
                              : is_ok    ? "\033[32m"
                                         : "\033[2m"),
                 has_failed ? "FAILED"
                 : is_ok    ? "ok"
                            : "not run",
                 cli_color(c, "\033[0m"), SPAN_ARG(text_of(check, "name")),
                 SPAN_ARG(text_of(check, "establishes")));
    if (detail.n > 0)
        write_format(w, "           %.*s\n", SPAN_ARG(detail));
}

static void say_checks(struct cli *c, struct writer *w, const struct json *checks)
{
    if (!checks || checks->type != JSON_ARRAY || !checks->child)
        return;
    write_text(w, "\nchecks:\n");
    for (const struct json *m = checks->child; m; m = m->next)
        say_check(c, w, m);
}

static bool print_text(struct cli *c, struct span text, struct err *err)
{
    struct writer w = writer_in(&c->arena, 4096);
    const struct json *doc = NULL;
    struct span out = { 0 };

    if (!json_parse(text, NULL, &c->arena, &doc, err))
        return false;
    say(&w, "request", text_of(doc, "request_id"));
    say(&w, "time", text_of(doc, "time"));
    say(&w, "instance", text_of(doc, "instance"));
    say(&w, "type", text_of(doc, "type"));
    say(&w, "call", text_of(doc, "call"));
    say(&w, "caller", text_of(doc, "actor"));
    say_outcome(c, &w, doc);
    say_error(&w, json_member(doc, "error"));
    say_policy(&w, json_member(doc, "policy"));
    say_tcb(&w, json_member(doc, "tcb"));
    say_checks(c, &w, json_member(doc, "checks"));
    if (!writer_done(&w, &out, err))
        return false;
    cli_print(out);
    return true;
}

/* A trace alone stands for the request that brought none of its own. */
static struct span whole_id(struct cli *c, const char *given)
{
    struct writer w = writer_in(&c->arena, 64);

    if (strlen(given) != TRACE)
        return span_str(given);
    write_format(&w, "00-%s-0000000000000000-00", given);
    return writer_span(&w);
}

static bool find(struct cli *c, struct crypto *crypto, struct span *out, struct err *err)
{
    struct store *store = data_dir_store(c, SQLITE_MAY_READ, crypto, err);
    bool is_read = store && store_explain(store, whole_id(c, c->arguments[0]), &c->arena, out, err);

    store_free(store);
    return is_read;
}

static int run_explain(struct cli *c)
{
    struct err e = { 0 };
    struct crypto *crypto = crypto_new(&e);
    struct span text = { 0 };
    bool is_read = crypto && find(c, crypto, &text, &e);

    crypto_free(crypto);
    if (!is_read)
        return cli_fail_err(c, &e);
    if (text.n == 0)
        return cli_fail(c, EXIT_REFUSED,
                        "nothing is kept of \"%.64s\": it was granted, is older than the last "
                        "%d refusals or %d days, or was never here",
                        c->arguments[0], NOTE_EXPLANATIONS_MAX, NOTE_EXPLAINED_SECONDS / 86400);
    if (cli_flag(c, "json")) {
        cli_print(text);
        cli_print(span_str("\n"));
        return EXIT_OK;
    }
    return print_text(c, text, &e) ? EXIT_OK : cli_fail_err(c, &e);
}

const struct verb verb_explain = {
    .words = "explain",
    .summary = "print why a request was refused, by its x-ms-request-id",
    .arguments = "REQUEST-ID",
    .least = 1,
    .most = 1,
    .options = options,
    .option_count = COUNT(options),
    .details =
        "The daemon may be running. Refused attestations are kept with every check that ran, and\n"
        "refused calls that need a role with the reason: the last 10,000, none longer than seven\n"
        "days, and neither evidence nor claims' values.\n"
        "REQUEST-ID is the value of the header, or the 32 hex digits in it.\n"
        "\n"
        "Exit status: 0 found, 2 not, 64 usage or no such store, 70 our own fault.",
    .examples = "  cupel explain 00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-00 "
                "--data-dir data\n"
                "  cupel explain 4bf92f3577b34da6a3ce929d0e0e4736 --data-dir data --json",
    .run = run_explain,
};
