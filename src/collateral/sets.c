#include "sets.h"

#include <stdlib.h>
#include <string.h>

#include "../host/file.h"

/* Files of one set while it is prepared; dcap_collateral_new copies what it keeps. */
enum { SET_MEMORY_MAX = 256 * 1024 * 1024, LIST_MEMORY_MAX = 4 * 1024 * 1024 };

static bool add(struct collateral_sets *s, struct dcap_collateral *set, struct err *err)
{
    struct dcap_collateral **more;

    if (s->count == COLLATERAL_SETS_MAX)
        return err_fail(err, ERR_LIMIT, NULL, "more than %d sets of collateral",
                        COLLATERAL_SETS_MAX);
    more = reallocarray(s->items, s->count + 1, sizeof *more);
    if (!more)
        return err_fail(err, ERR_MEMORY, NULL, "no memory for the list of collateral");
    s->items = more;
    s->items[s->count++] = set;
    return true;
}

static bool load_one(struct crypto *c, const char *dir, const struct root_list *roots,
                     struct collateral_sets *s, struct err *err)
{
    struct arena a = arena_over(SET_MEMORY_MAX);
    struct dcap_collateral_files files;
    struct dcap_collateral *set = NULL;
    bool is_added = false;

    if (collateral_read_dir(dir, &a, &files, err))
        set = dcap_collateral_new(c, &files, roots, err);
    if (set)
        is_added = add(s, set, err);
    if (set && !is_added)
        dcap_collateral_free(set);
    arena_fini(&a);
    return is_added;
}

/* A folder without a set is not a mistake: others keep notes beside theirs. */
static bool load_inside(struct crypto *c, const char *dir, const struct root_list *roots,
                        struct collateral_sets *s, struct err *err)
{
    struct err trouble = { 0 };

    if (!file_is_dir(dir) || load_one(c, dir, roots, s, &trouble))
        return true;
    if (trouble.code == ERR_MISSING) {
        s->left_out++;
        return true;
    }
    *err = trouble;
    return err_in(err, dir);
}

static bool load_all(struct crypto *c, const char *dir, const struct root_list *roots,
                     struct arena *a, struct collateral_sets *s, struct err *err)
{
    const char *const *names;
    size_t count;

    if (!file_list(dir, a, &names, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        const char *inside = file_join(a, dir, names[i]);

        if (!inside)
            return arena_fail(a, err);
        if (!load_inside(c, inside, roots, s, err))
            return false;
    }
    return s->count > 0 ||
           err_fail(err, ERR_MISSING, NULL,
                    "%.100s holds no set of collateral, nor does a folder in it", dir);
}

bool collateral_sets_load(struct crypto *c, const char *dir, const struct root_list *roots,
                          struct collateral_sets *out, struct err *err)
{
    struct arena a = arena_over(LIST_MEMORY_MAX);
    struct collateral_sets s = { 0 };
    struct err trouble = { 0 };
    bool is_loaded = load_one(c, dir, roots, &s, &trouble);

    if (!is_loaded && trouble.code == ERR_MISSING && file_is_dir(dir))
        is_loaded = load_all(c, dir, roots, &a, &s, err);
    else if (!is_loaded)
        *err = trouble;
    arena_fini(&a);
    if (is_loaded)
        *out = s;
    else
        collateral_sets_fini(&s);
    return is_loaded;
}

void collateral_sets_fini(struct collateral_sets *s)
{
    for (size_t i = 0; i < s->count; i++)
        dcap_collateral_free(s->items[i]);
    free(s->items);
    *s = (struct collateral_sets){ 0 };
}
