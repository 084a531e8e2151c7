#include "data_dir.h"

#include <stdio.h>
#include <string.h>

#include "../base/hex.h"
#include "../base/when.h"
#include "../host/file.h"
#include "audit_head.h"

enum { LINE_MEMORY = 8 * 1024 * 1024, SHOWN = 20 };

/* clang-format off */
static const struct option_def verify_options[] = {
    { "data-dir", OPTION_VALUE, "DIR",         "the daemon's data directory; default /var/lib/cupel" },
    { "file",     OPTION_VALUE, "FILE",        "verify exported lines instead (- for standard input)" },
    { "head",     OPTION_VALUE, "NUMBER:HASH", "the chain must pass through this place" },
    { "json",     OPTION_FLAG,  NULL,          "print one JSON object" },
};
static const struct option_def show_options[] = {
    { "data-dir", OPTION_VALUE, "DIR",  "the daemon's data directory; default /var/lib/cupel" },
    { "count",    OPTION_VALUE, "N",    "how many of the last records; default 20" },
    { "action",   OPTION_VALUE, "WORD", "only records of this action, or that begin with WORD and a dot" },
};
static const struct option_def export_options[] = {
    { "data-dir", OPTION_VALUE, "DIR", "the daemon's data directory; default /var/lib/cupel" },
    { "after",    OPTION_VALUE, "N",   "only records above this number" },
};
/* clang-format on */

static bool read_number(const struct cli *c, const char *name, int64_t otherwise, int64_t *out,
                        struct err *err)
{
    const char *text = cli_option(c, name);
    int64_t n = 0;

    *out = otherwise;
    if (!text)
        return true;
    for (const char *p = text; *p; p++) {
        if (*p < '0' || *p > '9' || n > INT64_MAX / 100)
            return err_fail(err, ERR_MALFORMED, NULL, "--%s %.40s is not a number", name, text);
        n = 10 * n + (*p - '0');
    }
    *out = n;
    return true;
}

/* Verifying. */

/* Exported lines stand on their own: the first one may be any record, and says what came before. */
struct lines {
    struct crypto *crypto;
    const struct audit_head *expected;
    struct audit_head at;
    bool has_begun, has_passed;
};

static bool take_line(struct lines *l, struct span line, struct err *err)
{
    struct arena a = arena_over(LINE_MEMORY);
    struct store_audit r;
    bool is_well = audit_line_parse(line, &a, &r, err);

    if (is_well && !l->has_begun) {
        l->has_begun = true;
        l->at.number = r.number - 1;
        memcpy(l->at.hash, r.previous.p, sizeof l->at.hash);
    }
    is_well = is_well && audit_step(l->crypto, &r, &l->at, err);
    if (is_well && l->expected && l->expected->number == l->at.number)
        l->has_passed = memcmp(l->expected->hash, l->at.hash, sizeof l->at.hash) == 0;
    arena_fini(&a);
    return is_well;
}

static bool verify_lines(struct cli *c, struct lines *l, struct err *err)
{
    struct span text;

    if (!file_read(cli_option(c, "file"), CLI_FILE_MAX, &c->arena, &text, err))
        return false;
    while (text.n > 0) {
        const uint8_t *end = memchr(text.p, '\n', text.n);
        size_t n = end ? (size_t)(end - text.p) : text.n;

        if (n > 0 && !take_line(l, span_of(text.p, n), err))
            return false;
        text = span_part(text, n + 1, text.n);
    }
    return !l->expected || l->has_passed ||
           err_fail(err, ERR_UNTRUSTED, NULL, "record %lld is not there, or is another",
                    (long long)l->expected->number);
}

static bool verify_store(struct cli *c, struct lines *l, struct err *err)
{
    struct store *s = data_dir_store(c, SQLITE_MAY_READ, l->crypto, err);
    bool is_well = s && audit_verify(s, l->expected, &l->at, err);

    store_free(s);
    return is_well;
}

static int print_head(struct cli *c, const struct audit_head *at)
{
    char hash[2 * SHA256_SIZE + 1];
    struct writer w = writer_over(hash, sizeof hash);

    hex_write(&w, span_of(at->hash, sizeof at->hash));
    write_u8(&w, 0);
    if (cli_flag(c, "json"))
        printf("{\"valid\":true,\"records\":%lld,\"head\":\"%lld:%s\"}\n", (long long)at->number,
               (long long)at->number, hash);
    else
        printf("the chain is whole to record %lld\nhead %lld:%s\n", (long long)at->number,
               (long long)at->number, hash);
    return EXIT_OK;
}

static int run_verify(struct cli *c)
{
    const char *head_text = cli_option(c, "head");
    struct lines l = { 0 };
    struct audit_head head;
    struct err e = { 0 };
    bool is_well;

    if (head_text && !audit_head_read(head_text, &head, &e))
        return cli_fail(c, EXIT_USAGE, "%s: %s", e.path, e.text);
    l.expected = head_text ? &head : NULL;
    l.crypto = crypto_new(&e);
    is_well =
        l.crypto && (cli_option(c, "file") ? verify_lines(c, &l, &e) : verify_store(c, &l, &e));
    crypto_free(l.crypto);
    return is_well ? print_head(c, &l.at) : cli_refuse_err(c, &e);
}

/* Showing. */

static bool is_shown(struct span action, const struct store_audit *r)
{
    return action.n == 0 || span_equal(r->action, action) ||
           (span_starts(r->action, action) && r->action.p[action.n] == '.');
}

static bool show_one(void *arg, const struct store_audit *r, struct err *err)
{
    const struct span *action = arg;
    char at[WHEN_TEXT];
    (void)err;

    if (!is_shown(*action, r))
        return true;
    printf("%8lld  %s  %-18.*s %.*s%s%.*s  %.*s", (long long)r->number, when_str(r->at, at),
           SPAN_ARG(r->action), SPAN_ARG(r->instance), r->instance.n > 0 ? " " : "",
           SPAN_ARG(r->subject), SPAN_ARG(r->detail));
    if (r->actor.n > 0)
        printf("  by %.*s", SPAN_ARG(r->actor));
    putchar('\n');
    return true;
}

static int run_show(struct cli *c)
{
    const char *action = cli_option(c, "action");
    struct span wanted = span_str(action ? action : "");
    struct audit_head end;
    struct err e = { 0 };
    struct crypto *crypto = crypto_new(&e);
    struct store *store = data_dir_store(c, SQLITE_MAY_READ, crypto, &e);
    int64_t count = SHOWN;
    bool is_well =
        store && read_number(c, "count", SHOWN, &count, &e) && audit_end(store, &end, &e) &&
        audit_each(store, end.number - (action ? end.number : count), 0, show_one, &wanted, &e);

    store_free(store);
    crypto_free(crypto);
    return is_well ? EXIT_OK : cli_refuse_err(c, &e);
}

/* Exporting. */

static bool export_one(void *arg, const struct store_audit *r, struct err *err)
{
    struct arena a = arena_over(LINE_MEMORY);
    struct writer w = writer_in(&a, 4096);
    struct span line = { 0 };
    bool is_well;
    (void)arg;

    audit_line_write(&w, r);
    write_u8(&w, '\n');
    is_well = writer_done(&w, &line, err);
    if (is_well)
        cli_print(line);
    arena_fini(&a);
    return is_well;
}

static int run_export(struct cli *c)
{
    struct err e = { 0 };
    struct crypto *crypto = crypto_new(&e);
    struct store *store = data_dir_store(c, SQLITE_MAY_READ, crypto, &e);
    int64_t after = 0;
    bool is_well = store && read_number(c, "after", 0, &after, &e) &&
                   audit_each(store, after, 0, export_one, c, &e);

    store_free(store);
    crypto_free(crypto);
    return is_well ? EXIT_OK : cli_refuse_err(c, &e);
}

const struct verb verb_audit_verify = {
    .words = "audit verify",
    .summary = "check that the audit chain is whole",
    .arguments = "",
    .options = verify_options,
    .option_count = COUNT(verify_options),
    .details =
        "Each record holds the hash of the one before it: a record that was changed, taken out\n"
        "or put in breaks the chain there. What was cut off at the end shows only against a\n"
        "head that was written down before: --head. A chain that was pruned is verified from\n"
        "the place that its last record \"audit.pruned\" names.\n"
        "\n"
        "Exit status: 0 whole, 2 broken, 64 usage or no such file, 70 our own fault.",
    .examples = "  cupel audit verify --data-dir data",
    .run = run_verify,
};

const struct verb verb_audit_show = {
    .words = "audit show",
    .summary = "print the last records of the audit chain",
    .arguments = "",
    .options = show_options,
    .option_count = COUNT(show_options),
    .details =
        "One line for each record: number, moment, action, instance, subject, detail, actor.\n"
        "With --action all records of that action are shown, from the first on.\n"
        "\n"
        "Exit status: 0 done, 2 the store cannot be read, 64 usage, 70 our own fault.",
    .examples = "  cupel audit show --count 5 --data-dir data\n"
                "  cupel audit show --action policy --data-dir data",
    .run = run_show,
};

const struct verb verb_audit_export = {
    .words = "audit export",
    .summary = "print the audit chain as lines of JSON that verify elsewhere",
    .arguments = "",
    .options = export_options,
    .option_count = COUNT(export_options),
    .details = "Exit status: 0 done, 2 the store cannot be read, 64 usage, 70 our own fault.",
    .examples = "  cupel audit export --data-dir data > audit.jsonl\n"
                "  cupel audit verify --file audit.jsonl",
    .run = run_export,
};
