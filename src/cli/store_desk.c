#include "store_desk.h"

#include <time.h>

bool store_desk_open(struct store_desk *d, struct cli *c, const char *changing, struct err *err)
{
    *d = (struct store_desk){ .c = c };
    if (changing && !data_dir_lock(c, changing, err))
        return false;
    d->crypto = crypto_new(err);
    d->store = data_dir_store(c, changing ? SQLITE_MAY_WRITE : SQLITE_MAY_READ, d->crypto, err);
    d->state = d->store ? state_load(d->store, err) : NULL;
    return d->state != NULL;
}

bool store_desk_make(struct store_desk *d, const char *actor, struct change *change,
                     struct change_result *out, struct err *err)
{
    change->actor = span_str(actor);
    change->at = (int64_t)time(NULL);
    change->expected = CHANGE_ANY;
    if (!random_bytes(d->crypto, change->id, sizeof change->id, err) ||
        !store_change(d->store, change, NULL, out, err))
        return false;
    state_release(d->state);
    d->state = state_load(d->store, err);
    return d->state != NULL;
}

int store_desk_close(struct store_desk *d, bool is_well, const struct err *e)
{
    state_release(d->state);
    store_free(d->store);
    crypto_free(d->crypto);
    if (is_well)
        return EXIT_OK;
    if (e->code == ERR_MEMORY || e->code == ERR_INTERNAL || e->code == ERR_MALFORMED)
        return cli_fail_err(d->c, e);
    return cli_fail(d->c, EXIT_REFUSED, "%s%s%s", e->path, e->path[0] ? ": " : "", e->text);
}
