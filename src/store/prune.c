#include "prune.h"

#include <string.h>

enum { DETAIL_MAX = 160 };

/* Finding. */

struct search {
    int64_t before;
    struct audit_head found;
    bool is_over;
};

static bool search_take(void *arg, const struct store_audit *record, struct err *err)
{
    struct search *s = arg;
    (void)err;

    s->is_over = record->at >= s->before;
    if (s->is_over)
        return false;
    s->found.number = record->number;
    memcpy(s->found.hash, record->hash.p, sizeof s->found.hash);
    return true;
}

bool prune_find(struct store *s, int64_t before, size_t most, struct audit_head *out,
                struct err *err)
{
    struct search search = { .before = before };

    if (!audit_start(s, &search.found, err))
        return false;
    if (!audit_each(s, search.found.number, most, search_take, &search, err) && !search.is_over)
        return false;
    *out = search.found;
    return true;
}

/* Taking. */

struct taking {
    const struct prune_wish *wish;
    size_t taken;
};

/* The first record (number 0), or the one of that number; NULL where there is none. */
static bool find_record(struct tx *tx, int64_t number, const struct store_audit **out,
                        struct err *err)
{
    const struct store_range range = {
        .is_bounded = number > 0, .above = number - 1, .up_to = number, .limit = 1
    };
    void *rows;
    size_t count;

    if (!tx_scan(tx, STORE_AUDIT, &range, tx_arena(tx), &rows, &count, err))
        return false;
    *out = count > 0 ? rows : NULL;
    return true;
}

static bool take(struct tx *tx, const struct audit_head *last, const struct prune_wish *wish,
                 struct err *err)
{
    const struct store_range gone = { .is_bounded = true,
                                      .above = INT64_MIN,
                                      .up_to = last->number };
    char room[DETAIL_MAX];
    struct writer w = writer_over(room, sizeof room);
    struct store_audit r = { .at = wish->now,
                             .actor = wish->actor,
                             .action = span_str(AUDIT_PRUNED) };
    struct audit_head tail;

    audit_pruned_write(&w, last);
    /* The tail is read before anything goes: it may be the last of what goes. */
    return writer_done(&w, &r.detail, err) && audit_tail(tx, &tail, err) &&
           tx_remove(tx, STORE_AUDIT, &gone, err) && audit_append(tx, &tail, &r, err);
}

static bool body(struct tx *tx, void *arg, struct err *err)
{
    struct taking *t = arg;
    const struct store_audit *first, *record;
    struct audit_head last;

    t->taken = 0;
    if (!find_record(tx, 0, &first, err))
        return false;
    if (!first || t->wish->up_to < first->number)
        return true;
    last.number = t->wish->up_to - first->number < PRUNE_SLICE ? t->wish->up_to
                                                               : first->number + PRUNE_SLICE - 1;
    if (!find_record(tx, last.number, &record, err))
        return false;
    if (!record)
        return true;
    memcpy(last.hash, record->hash.p, sizeof last.hash);
    t->taken = (size_t)(last.number - first->number) + 1;
    return take(tx, &last, t->wish, err);
}

bool prune_slice(struct store *s, const struct prune_wish *wish, size_t *taken, struct err *err)
{
    struct taking t = { .wish = wish };

    if (!store_run(s, body, &t, err))
        return false;
    *taken = t.taken;
    return true;
}
