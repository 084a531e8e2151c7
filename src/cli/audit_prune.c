#include "data_dir.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../base/when.h"
#include "../store/prune.h"

enum { LINE_MEMORY = 8 * 1024 * 1024 };

/* clang-format off */
static const struct option_def options[] = {
    { "data-dir", OPTION_VALUE, "DIR",  "the daemon's data directory; default /var/lib/cupel" },
    { "before",   OPTION_VALUE, "TIME", "records made before that moment go" },
    { "to",       OPTION_VALUE, "FILE", "write them into this new file first, as audit export does" },
    { "discard",  OPTION_FLAG,  NULL,   "keep them nowhere" },
};
/* clang-format on */

/* Writing what goes. */

struct archive {
    struct crypto *crypto;
    const char *path;
    FILE *file;
    struct audit_head at;
};

static bool fail_system(const struct archive *a, struct err *err)
{
    return err_fail(err, ERR_IO, NULL, "%.100s: %s", a->path, strerror(errno)) ||
           err_in(err, "--to");
}

/* What is written is checked once more on its way. */
static bool archive_one(void *arg, const struct store_audit *r, struct err *err)
{
    struct archive *to = arg;
    struct arena a = arena_over(LINE_MEMORY);
    struct writer w = writer_in(&a, 4096);
    struct span line = { 0 };
    bool is_well;

    audit_line_write(&w, r);
    write_u8(&w, '\n');
    is_well = audit_step(to->crypto, r, &to->at, err) && writer_done(&w, &line, err) &&
              (fwrite(line.p, 1, line.n, to->file) == line.n || fail_system(to, err));
    arena_fini(&a);
    return is_well;
}

static bool archive_fill(struct archive *a, struct store *s, const struct audit_head *last,
                         struct err *err)
{
    if (!audit_start(s, &a->at, err) ||
        !audit_each(s, a->at.number, (size_t)(last->number - a->at.number), archive_one, a, err))
        return false;
    if (a->at.number != last->number || memcmp(a->at.hash, last->hash, sizeof last->hash) != 0)
        return err_fail(err, ERR_CONFLICT, NULL, "somebody else pruned the chain meanwhile");
    return (fflush(a->file) == 0 && fsync(fileno(a->file)) == 0) || fail_system(a, err);
}

/* Nothing is taken away before it lies on the disk, whole. */
static bool archive_write(const char *path, struct store *s, struct crypto *crypto,
                          const struct audit_head *last, struct err *err)
{
    struct archive a = { .crypto = crypto, .path = path, .file = fopen(path, "wxe") };
    bool is_well;

    if (!a.file)
        return fail_system(&a, err);
    is_well = archive_fill(&a, s, last, err);
    if (fclose(a.file) != 0 && is_well)
        is_well = fail_system(&a, err);
    if (!is_well)
        unlink(path);
    return is_well;
}

/* Taking. */

struct pruning {
    struct cli *c;
    struct crypto *crypto;
    struct store *store;
    int64_t before;
    const char *to;
};

static bool take_all(const struct pruning *p, int64_t up_to, size_t *sum, struct err *err)
{
    const struct prune_wish wish = { .up_to = up_to,
                                     .now = (int64_t)time(NULL),
                                     .actor = span_str("cupel audit prune") };
    size_t taken;

    do {
        if (!prune_slice(p->store, &wish, &taken, err))
            return false;
        *sum += taken;
    } while (taken == PRUNE_SLICE);
    return true;
}

/* A broken chain is left as it is: pruning would hide where it broke. */
static bool prune(const struct pruning *p, struct err *err)
{
    struct audit_head start, last, end;
    size_t sum = 0;

    if (!audit_verify(p->store, NULL, &end, err) || !audit_start(p->store, &start, err) ||
        !prune_find(p->store, p->before, 0, &last, err))
        return false;
    if (last.number > start.number &&
        ((p->to && !archive_write(p->to, p->store, p->crypto, &last, err)) ||
         !take_all(p, last.number, &sum, err)))
        return false;
    printf("%zu records taken; the chain begins after record %lld\n", sum,
           (long long)(last.number));
    return true;
}

static int run(struct cli *c)
{
    const char *before = cli_option(c, "before");
    struct pruning p = { .c = c, .to = cli_option(c, "to") };
    struct err e = { 0 };
    bool is_well;

    if (!before || !p.to == !cli_flag(c, "discard"))
        return cli_fail(c, EXIT_USAGE, "say --before TIME, and either --to FILE or --discard");
    if (!when_read_any(span_str(before), &p.before, &e))
        return cli_fail(c, EXIT_USAGE, "--before: %s", e.text);
    p.crypto = crypto_new(&e);
    p.store = data_dir_store(c, SQLITE_MAY_WRITE, p.crypto, &e);
    is_well = p.store && prune(&p, &e);
    store_free(p.store);
    crypto_free(p.crypto);
    return is_well ? EXIT_OK : cli_refuse_err(c, &e);
}

const struct verb verb_audit_prune = {
    .words = "audit prune",
    .summary = "take the oldest records out of the audit chain, which still proves what is left",
    .arguments = "",
    .options = options,
    .option_count = COUNT(options),
    .details =
        "The daemon may be running. The whole chain is verified first; a broken one is left as\n"
        "it is. Records go from the first one on, as far as all were made before TIME (like\n"
        "2024-01-15T12:00:00Z, or seconds since 1970). A record \"audit.pruned\" with the number\n"
        "and the hash of the last of them joins the chain, so audit verify goes on from there.\n"
        "With --to they are written, checked and on the disk before any is taken; that file\n"
        "verifies on its own. A head written down for a record that is gone can be checked\n"
        "against such a file only. The store's file does not shrink: its room is used again.\n"
        "\n"
        "Exit status: 0 done, 2 broken or not done, 64 usage or no such store, 70 our own fault.",
    .examples =
        "  cupel audit prune --before 2024-01-01T00:00:00Z --to 2023.jsonl --data-dir data\n"
        "  cupel audit prune --before 2024-01-01T00:00:00Z --discard --data-dir data",
    .run = run,
};
