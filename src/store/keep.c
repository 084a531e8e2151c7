#include "keep.h"

#include <stdlib.h>

const struct state *keep_state(const struct keep *k)
{
    return k->state(k->context);
}

bool keep_change(const struct keep *k, const struct change *c, keep_done_fn *done, void *arg,
                 struct err *err)
{
    return k->change(k->context, c, done, arg, err);
}

bool keep_find(const struct keep *k, struct span request_id, keep_found_fn *found, void *arg,
               struct err *err)
{
    return k->find(k->context, request_id, found, arg, err);
}

void keep_note(const struct keep *k, const struct store_note *n)
{
    k->note(k->context, n);
}

void keep_forget(const struct keep *k, void *arg)
{
    k->forget(k->context, arg);
}

struct keep_local {
    struct store *store;
    const struct state *state;
    uint64_t lost; /* notes that the store would not take */
};

static const struct state *local_state(void *context)
{
    return ((struct keep_local *)context)->state;
}

/* The state after the change is loaded inside its transaction: a change that was made is seen. */
static bool local_look(struct tx *tx, void *arg, struct err *err)
{
    const struct state **next = arg;

    state_release(*next);
    *next = state_load_in(tx, err);
    return *next != NULL;
}

static bool local_change(void *context, const struct change *c, keep_done_fn *done, void *arg,
                         struct err *err)
{
    struct keep_local *k = context;
    const struct state *next = NULL;
    const struct change_watch watch = { local_look, &next };
    struct change_result r;
    struct err why = { 0 };
    (void)err;

    if (!store_change(k->store, c, &watch, &r, &why)) {
        state_release(next);
        done(arg, NULL, &why);
        return true;
    }
    if (next) {
        state_release(k->state);
        k->state = next;
    }
    done(arg, &r, NULL);
    return true;
}

static bool local_find(void *context, struct span request_id, keep_found_fn *found, void *arg,
                       struct err *err)
{
    struct keep_local *k = context;
    struct arena a = arena_over(4 * STORE_TRAIL_MAX);
    struct span text = { 0 };
    struct err why = { 0 };
    bool is_found = store_explain(k->store, request_id, &a, &text, &why);
    (void)err;

    found(arg, text, is_found ? NULL : &why);
    arena_fini(&a);
    return true;
}

static void local_note(void *context, const struct store_note *n)
{
    struct keep_local *k = context;
    char room[STORE_NAME_MAX];
    struct store_note both[2] = { note_gap(n->at, k->lost, room), *n };
    size_t skip = k->lost == 0;
    struct err e = { 0 };

    if (store_note_all(k->store, both + skip, 2 - skip, &e))
        k->lost = 0;
    else
        k->lost++;
}

static void local_forget(void *context, void *arg)
{
    (void)context; /* nothing ever waits */
    (void)arg;
}

struct keep_local *keep_local_new(struct store *s, struct err *err)
{
    struct keep_local *k = calloc(1, sizeof *k);

    if (!k) {
        err_fail(err, ERR_MEMORY, NULL, "no memory for a keep");
        return NULL;
    }
    k->store = s;
    k->state = state_load(s, err);
    if (k->state)
        return k;
    free(k);
    return NULL;
}

void keep_local_free(struct keep_local *k)
{
    if (!k)
        return;
    state_release(k->state);
    free(k);
}

struct keep keep_local_keep(struct keep_local *k)
{
    return (struct keep){ .context = k,
                          .state = local_state,
                          .change = local_change,
                          .find = local_find,
                          .note = local_note,
                          .forget = local_forget };
}
