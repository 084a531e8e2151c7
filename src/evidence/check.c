#include "check.h"

#include <assert.h>
#include <stdio.h>

/* What a person reads beside a failed row: the place, where there is one, and the sentence. */
static void note_failure(struct trail_entry *entry, const struct err *err)
{
    entry->outcome = CHECK_FAILED;
    snprintf(entry->detail, sizeof entry->detail, "%s", err->text);
}

static struct trail_entry *trail_add(struct trail *trail, const struct check *row)
{
    struct trail_entry *entry = &trail->entries[trail->count++];

    entry->name = row->name;
    entry->establishes = row->establishes;
    entry->spec = row->spec;
    entry->outcome = CHECK_NOT_RUN;
    entry->detail[0] = 0;
    return entry;
}

static bool row_holds(const struct check *row, void *verifier_case, struct trail_entry *entry,
                      struct err *err)
{
    if (row->run(verifier_case, entry->detail, err)) {
        entry->outcome = CHECK_OK;
        return true;
    }
    if (err->code == ERR_NONE) /* a row that says no without a reason is our own mistake */
        err_fail(err, ERR_INTERNAL, row->spec, "the check failed without saying why");
    if (!err->spec)
        err->spec = row->spec;
    err_in(err, row->name);
    note_failure(entry, err);
    return false;
}

static bool row_applies(const struct check *row, const void *verifier_case)
{
    return !row->applies || row->applies(verifier_case);
}

void check_skip(const struct check *table, size_t count, struct trail *trail)
{
    assert(trail->count + count <= TRAIL_MAX);
    for (size_t i = 0; i < count; i++)
        trail_add(trail, &table[i]);
}

const struct check *check_run(const struct check *table, size_t count, void *verifier_case,
                              struct trail *trail, struct err *err)
{
    const struct check *failed = NULL;

    assert(trail->count + count <= TRAIL_MAX);
    for (size_t i = 0; i < count; i++) {
        struct trail_entry *entry = trail_add(trail, &table[i]);

        if (!failed && row_applies(&table[i], verifier_case) &&
            !row_holds(&table[i], verifier_case, entry, err))
            failed = &table[i];
    }
    return failed;
}
