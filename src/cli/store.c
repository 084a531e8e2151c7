#include "cli.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../base/hex.h"
#include "../host/file.h"
#include "audit_head.h"
#include "data_dir.h"

static const struct option_def options[] = {
    { "data-dir", OPTION_VALUE, "DIR", "the daemon's data directory; default /var/lib/cupel" },
    { "json", OPTION_FLAG, NULL, "print one JSON object" },
};

static const struct option_def check_options[] = {
    /* clang-format off */
    { "data-dir", OPTION_VALUE, "DIR",         "the daemon's data directory; default /var/lib/cupel" },
    { "file",     OPTION_VALUE, "FILE",        "check this file instead: a backup, say" },
    { "head",     OPTION_VALUE, "NUMBER:HASH", "the audit chain must pass through this place" },
    { "json",     OPTION_FLAG,  NULL,          "print one JSON object" },
    /* clang-format on */
};

static void hash_text(const struct audit_head *head, char out[2 * SHA256_SIZE + 1])
{
    struct writer w = writer_over(out, 2 * SHA256_SIZE + 1);

    hex_write(&w, span_of(head->hash, sizeof head->hash));
    write_u8(&w, 0);
}

static int print_report(struct cli *c, const char *path, const struct sqlite_report *r)
{
    char hash[2 * SHA256_SIZE + 1];
    bool is_json = cli_flag(c, "json");

    hash_text(&r->head, hash);
    printf(is_json ? "{\"schema\":%lld" : "schema        %lld\n", (long long)r->schema);
    for (size_t t = 0; t < STORE_TABLES; t++)
        printf(is_json ? ",\"%s\":%zu" : "%-13s %zu\n", store_tables[t].name, r->rows[t]);
    if (is_json)
        printf(",\"head\":\"%lld:%s\"}\n", (long long)r->head.number, hash);
    else
        printf("head          %lld:%s\n%s is in order\n", (long long)r->head.number, hash, path);
    return EXIT_OK;
}

/* "17:ab34..." as check and verify print it. */
bool audit_head_read(const char *text, struct audit_head *out, struct err *err)
{
    const char *colon = strchr(text, ':');
    struct audit_head h = { 0 };

    for (const char *p = text; colon && p < colon; p++) {
        if (*p < '0' || *p > '9' || h.number > INT64_MAX / 100)
            colon = NULL;
        else
            h.number = 10 * h.number + (*p - '0');
    }
    if (!colon || colon == text || !hex_read(span_str(colon + 1), h.hash, sizeof h.hash, NULL))
        return err_fail(err, ERR_MALFORMED, NULL, "\"%.100s\" is not NUMBER:HASH", text) ||
               err_in(err, "--head");
    *out = h;
    return true;
}

static int run_check(struct cli *c)
{
    const char *file = cli_option(c, "file"), *head_text = cli_option(c, "head");
    const char *path = file ? file : data_dir_path(c, DATA_DIR_STORE);
    struct sqlite_report report;
    struct audit_head head;
    struct err e = { 0 };
    struct crypto *crypto;
    bool is_well;

    if (head_text && !audit_head_read(head_text, &head, &e))
        return cli_fail(c, EXIT_USAGE, "%s: %s", e.path, e.text);
    crypto = crypto_new(&e);
    is_well =
        crypto && path && store_sqlite_check(path, crypto, head_text ? &head : NULL, &report, &e);
    crypto_free(crypto);
    return is_well ? print_report(c, path, &report) : cli_refuse_err(c, &e);
}

static int run_backup(struct cli *c)
{
    const char *path = data_dir_path(c, DATA_DIR_STORE), *to = c->arguments[0];
    struct sqlite_report report;
    struct err e = { 0 };
    struct crypto *crypto = crypto_new(&e);
    bool is_well = crypto && path && store_sqlite_backup(path, to, crypto, &report, &e);

    crypto_free(crypto);
    return is_well ? print_report(c, to, &report) : cli_refuse_err(c, &e);
}

static int run_restore(struct cli *c)
{
    struct sqlite_restore wish = { .from = c->arguments[0],
                                   .path = data_dir_path(c, DATA_DIR_STORE),
                                   .actor = span_str("cupel store restore"),
                                   .now = (int64_t)time(NULL) };
    const char *dir = data_dir_path(c, "store");
    struct sqlite_report report;
    struct err e = { 0 };
    struct crypto *crypto = crypto_new(&e);
    bool is_well = crypto && wish.path && dir && data_dir_lock(c, "restoring", &e) &&
                   file_make_dir(dir, 0700, &e) && store_sqlite_restore(&wish, crypto, &report, &e);

    crypto_free(crypto);
    return is_well ? print_report(c, wish.path, &report) : cli_refuse_err(c, &e);
}

const struct verb verb_store_check = {
    .words = "store check",
    .summary = "look at every page, row and audit record of a store",
    .arguments = "",
    .options = check_options,
    .option_count = COUNT(check_options),
    .details =
        "The daemon may be running. Prints how many rows there are and the head of the audit\n"
        "chain, NUMBER:HASH: written down elsewhere, it shows later that nothing was cut off.\n"
        "\n"
        "Exit status: 0 in order, 2 not, 64 usage or no such file, 70 our own fault.",
    .examples = "  cupel store check --data-dir data\n"
                "  cupel store check --file nightly.db --json",
    .run = run_check,
};

const struct verb verb_store_backup = {
    .words = "store backup",
    .summary = "copy the store into a new file, and check the copy",
    .arguments = "FILE",
    .least = 1,
    .most = 1,
    .options = options,
    .option_count = COUNT(options),
    .details =
        "The daemon may be running. FILE must not be there; it appears when the copy is whole\n"
        "and in order. Signing keys are not in it: they are in DIR/keys.\n"
        "\n"
        "Exit status: 0 done, 2 not, 64 usage or no such store, 70 our own fault.",
    .examples = "  cupel store backup backup.db --data-dir data",
    .run = run_backup,
};

const struct verb verb_store_restore = {
    .words = "store restore",
    .summary = "put a backup in the place of the store",
    .arguments = "FILE",
    .least = 1,
    .most = 1,
    .options = options,
    .option_count = COUNT(options),
    .details =
        "Refused while a daemon runs in the directory. The backup is checked, copied, and put in\n"
        "place whole or not at all; what was there stays as store/cupel.db.replaced. A record\n"
        "\"store.restored\" is added to the audit chain.\n"
        "\n"
        "Exit status: 0 done, 2 not, 64 usage or no such file, 70 our own fault.",
    .examples = "  cupel store restore nightly.db --data-dir data",
    .run = run_restore,
};
