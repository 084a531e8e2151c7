/* Targets: tcb_info_open, tcb_info_parse, tcb_level_find, tcb_level_goal, tcb_level_short
 *
 * The input is tried as a whole document and as a signed body.
 * What must be true: levels are in strictly descending order; a platform that is exactly a level
 * finds that level or a higher one that it reaches in everything; statuses are known words. */
#include "tcb_info.h"

#include "../../../fuzz/fuzz.h"

static bool is_above(const struct tcb_level *x, const struct tcb_level *y)
{
    for (size_t i = 0; i < TCB_COMPONENTS; i++)
        if (x->sgx[i].svn != y->sgx[i].svn)
            return x->sgx[i].svn > y->sgx[i].svn;
    if (x->pcesvn != y->pcesvn)
        return x->pcesvn > y->pcesvn;
    for (size_t i = 0; i < TCB_COMPONENTS; i++)
        if (x->tdx[i].svn != y->tdx[i].svn)
            return x->tdx[i].svn > y->tdx[i].svn;
    return false;
}

static void must_find(const struct tcb_info *info, size_t at)
{
    const struct tcb_level *l = &info->levels[at], *found, *goal;
    uint8_t platform[TCB_COMPONENTS];
    struct tcb_short out[TCB_COMPONENTS + 1];

    for (size_t i = 0; i < TCB_COMPONENTS; i++)
        platform[i] = l->sgx[i].svn;
    found = tcb_level_find(info, platform, l->pcesvn);
    must(found && found <= l);
    must(tcb_level_short(found, platform, l->pcesvn, out, COUNT(out)) == 0);
    for (const struct tcb_level *h = info->levels; h < found; h++)
        must(tcb_level_short(h, platform, l->pcesvn, out, COUNT(out)) > 0);
    goal = tcb_level_goal(info, platform, l->pcesvn);
    must(goal && goal->standing.status <= l->standing.status);
}

static void must_be_sound(const struct tcb_info *info)
{
    must(info->version == 2 || info->version == 3);
    must(info->level_count >= 1 && info->level_count <= DCAP_LEVELS_MAX);
    for (size_t i = 0; i < info->level_count; i++) {
        const struct tcb_level *l = &info->levels[i];

        must(i == 0 || is_above(l - 1, l));
        must(l->standing.status > TCB_STATUS_NONE && l->standing.status < TCB_STATUSES);
        must(l->standing.advisory_count <= DCAP_LEVEL_ADVISORIES_MAX);
        must(info->id == TCB_INFO_TDX || !l->has_tdx);
        must_find(info, i);
    }
}

static void try_body(struct span body, struct arena *a)
{
    struct tcb_info info = { 0 };
    struct err e = { 0 };

    if (tcb_info_parse(body, a, &info, &e))
        must_be_sound(&info);
    else
        must((e.code == ERR_MALFORMED || e.code == ERR_LIMIT) && e.text[0] != '\0' &&
             e.path[0] == 't');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_of(data, size);
    struct arena a = arena_over(64 << 20);
    struct signed_json s = { 0 };
    struct err e = { 0 };

    if (tcb_info_open(text, &a, &s, &e))
        try_body(s.body, &a);
    else
        must(e.code != ERR_NONE && e.text[0] != '\0');
    try_body(text, &a);
    arena_fini(&a);
    return 0;
}
