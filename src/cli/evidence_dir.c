#include "evidence_dir.h"

#include "../host/file.h"

#include <string.h>

enum { NOTE_MAX = 1024 * 1024 };

struct walk {
    struct arena *a;
    struct evidence_dir *out;
    struct err *err;
};

/* lists */

static void *grown(struct arena *a, const void *old, size_t count, size_t *room, size_t size)
{
    size_t more = *room ? *room * 2 : 16;
    void *p = arena_alloc(a, more, size);

    if (p && count > 0)
        memcpy(p, old, count * size);
    if (p)
        *room = more;
    return p;
}

static bool add_item(struct walk *w, const struct evidence_item *item)
{
    struct evidence_dir *d = w->out;

    if (d->count == EVIDENCE_DIR_ITEMS)
        return err_fail(w->err, ERR_LIMIT, NULL, "more than %d pieces of evidence",
                        EVIDENCE_DIR_ITEMS);
    if (d->count == d->room) {
        void *p = grown(w->a, d->items, d->count, &d->room, sizeof *d->items);

        if (!p)
            return arena_fail(w->a, w->err);
        d->items = p;
    }
    d->items[d->count++] = *item;
    return true;
}

static bool set_aside(struct walk *w, const char *name)
{
    struct evidence_dir *d = w->out;

    if (d->aside_count == d->aside_room) {
        void *p = grown(w->a, d->aside, d->aside_count, &d->aside_room, sizeof *d->aside);

        if (!p)
            return arena_fail(w->a, w->err);
        d->aside = p;
    }
    d->aside[d->aside_count++] = name;
    return true;
}

/* names */

/* "a/b", or "b" where a is empty or b begins at the root. */
static const char *below(struct walk *w, const char *folder, const char *name)
{
    bool is_whole = !*folder || name[0] == '/';
    const char *joined = is_whole ? name : file_join(w->a, folder, name);

    if (!joined)
        arena_fail(w->a, w->err);
    return joined;
}

static bool ends_in(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);

    return n > m && strcmp(name + n - m, end) == 0;
}

static bool is_there(struct walk *w, const char *path, const char *name)
{
    const char *joined = file_join(w->a, path, name);

    return joined && file_exists(joined) && !file_is_dir(joined);
}

/* evidence in a folder */

static bool add_exhibits(struct walk *w, const char *path, const char *name)
{
    struct evidence_item item = { .folder = path };
    const char *note = file_join(w->a, path, "evidence.json");
    struct exhibit *all = NULL;
    struct span text = { 0 };
    size_t count = 0;

    item.name = below(w, name, "evidence.json");
    if (!note || !item.name)
        return arena_fail(w->a, w->err);
    if (!file_read(note, NOTE_MAX, w->a, &text, &item.trouble) ||
        !exhibits_parse(text, w->a, &all, &count, &item.trouble))
        return add_item(w, &item);
    for (size_t i = 0; i < count; i++) {
        item.exhibit = all[i];
        item.name = below(w, name, all[i].evidence);
        if (!item.name || !add_item(w, &item))
            return false;
    }
    return true;
}

/* What `cupel lab make` writes, where it has not left a note. */
static bool add_known(struct walk *w, const char *path, const char *name, const char *file,
                      enum evidence_kind kind)
{
    struct evidence_item item = { .folder = path, .exhibit = { .kind = kind, .evidence = file } };
    const char *collateral = file_join(w->a, path, "collateral");

    item.name = below(w, name, file);
    if (!collateral || !item.name)
        return arena_fail(w->a, w->err);
    if (file_is_dir(collateral))
        item.exhibit.collateral = "collateral";
    if (is_there(w, path, "runtime.bin")) {
        item.exhibit.runtime_data = "runtime.bin";
        item.exhibit.runtime_type = DATA_BINARY;
    }
    if (is_there(w, path, "roots/root.pem"))
        item.exhibit.roots[item.exhibit.root_count++] = "lab=.";
    return add_item(w, &item);
}

static bool add_evidence(struct walk *w, const char *path, const char *name, bool *found)
{
    static const struct {
        const char *file;
        enum evidence_kind kind;
    } known[] = { { "quote.bin", EVIDENCE_SGX }, { "oe_report.bin", EVIDENCE_OE } };

    *found = is_there(w, path, "evidence.json");
    if (*found)
        return add_exhibits(w, path, name);
    for (size_t i = 0; i < COUNT(known); i++)
        if (is_there(w, path, known[i].file)) {
            *found = true;
            if (!add_known(w, path, name, known[i].file, known[i].kind))
                return false;
        }
    return true;
}

static bool add_claims(struct walk *w, const char *path, const char *folder, const char *name)
{
    struct evidence_item item = { .name = name, .folder = folder, .claims = path };

    return add_item(w, &item);
}

/* walking */

static bool visit(struct walk *w, const char *path, const char *name, int depth);

/* One entry of a folder. Beside evidence only claims are looked for: the rest belongs to it. */
static bool visit_entry(struct walk *w, const char *folder, const char *name, const char *entry,
                        bool beside_evidence, int depth)
{
    const char *path = file_join(w->a, folder, entry), *shown = below(w, name, entry);

    if (!path || !shown)
        return arena_fail(w->a, w->err);
    if (ends_in(entry, ".claims.json"))
        return add_claims(w, path, folder, shown);
    if (beside_evidence)
        return true;
    if (file_is_dir(path) && entry[0] != '.')
        return visit(w, path, shown, depth + 1);
    return set_aside(w, shown);
}

static bool visit(struct walk *w, const char *path, const char *name, int depth)
{
    struct evidence_item item = { .name = name, .folder = path };
    const char *const *names = NULL;
    bool has_evidence = false;
    size_t count = 0;

    if (depth > EVIDENCE_DIR_DEPTH)
        err_fail(&item.trouble, ERR_LIMIT, NULL, "lies more than %d folders deep",
                 EVIDENCE_DIR_DEPTH);
    else if (!file_list(path, w->a, &names, &count, &item.trouble) && depth == 0)
        *w->err = item.trouble;
    if (item.trouble.code != ERR_NONE)
        return depth > 0 && add_item(w, &item);
    if (!add_evidence(w, path, name, &has_evidence))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!visit_entry(w, path, name, names[i], has_evidence, depth))
            return false;
    return true;
}

bool evidence_dir_find(const char *dir, struct arena *a, struct evidence_dir *out, struct err *err)
{
    struct evidence_dir found = { 0 };
    struct walk w = { .a = a, .out = &found, .err = err };

    if (!file_is_dir(dir))
        return err_fail(err, ERR_MISSING, NULL, "%.120s is not a folder", dir);
    if (!visit(&w, dir, "", 0))
        return false;
    *out = found;
    return true;
}

const char *evidence_item_path(const struct evidence_item *item, const char *path, struct arena *a)
{
    return path[0] == '/' ? path : file_join(a, item->folder, path);
}

const char *evidence_policy_type(enum evidence_kind kind)
{
    static const char *const types[EVIDENCE_KINDS] = {
        [EVIDENCE_SGX] = "SgxEnclave",
        [EVIDENCE_OE] = "OpenEnclave",
        [EVIDENCE_TDX] = "TdxVm",
        [EVIDENCE_SEVSNP] = "SevSnpVm",
        [EVIDENCE_AZUREGUEST] = "AzureGuest",
        [EVIDENCE_TPM] = "Tpm",
        [EVIDENCE_VBS] = "Tpm",
    };

    return types[kind];
}
