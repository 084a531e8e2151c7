#include "claim.h"

#include "../base/hex.h"
#include "../base/num.h"
#include "../format/json.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 32 };

struct claim_set claim_set_in(struct arena *a)
{
    return (struct claim_set){ .arena = a };
}

static bool grow(struct claim_set *set, struct err *err)
{
    size_t room = ROOM_FIRST;
    struct claim *items;

    if (set->room > 0 && !size_mul(set->room, 2, &room))
        return arena_fail(set->arena, err);
    items = ARENA_ARRAY(set->arena, struct claim, room);
    if (!items)
        return arena_fail(set->arena, err);
    if (set->count > 0)
        memcpy(items, set->items, set->count * sizeof *items);
    set->items = items;
    set->room = room;
    return true;
}

bool claim_add(struct claim_set *set, const struct claim *claim, struct err *err)
{
    if (set->count == set->room && !grow(set, err))
        return false;
    set->items[set->count++] = *claim;
    return true;
}

bool claim_add_string(struct claim_set *set, const char *name, struct span text, struct err *err)
{
    struct claim c = { .name = span_str(name), .type = CLAIM_STRING, .text = text };

    return claim_add(set, &c, err);
}

bool claim_add_hex(struct claim_set *set, const char *name, struct span bytes, struct err *err)
{
    struct span text = hex_dup(set->arena, bytes);

    if (!text.p)
        return arena_fail(set->arena, err);
    return claim_add_string(set, name, text, err);
}

bool claim_add_int(struct claim_set *set, const char *name, int64_t v, struct err *err)
{
    struct claim c = { .name = span_str(name), .type = CLAIM_INT, .integer = v };

    return claim_add(set, &c, err);
}

bool claim_add_bool(struct claim_set *set, const char *name, bool v, struct err *err)
{
    struct claim c = { .name = span_str(name), .type = CLAIM_BOOL, .boolean = v };

    return claim_add(set, &c, err);
}

bool claim_add_json(struct claim_set *set, const char *name, struct span canonical, struct err *err)
{
    struct claim c = { .name = span_str(name), .type = CLAIM_JSON, .text = canonical };

    return claim_add(set, &c, err);
}

const struct claim *claim_find(const struct claim_set *set, struct span name)
{
    for (size_t i = 0; i < set->count; i++)
        if (span_equal(set->items[i].name, name))
            return &set->items[i];
    return NULL;
}

static int compare_values(const struct claim *a, const struct claim *b)
{
    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    switch (a->type) {
    case CLAIM_INT:
        return (a->integer > b->integer) - (a->integer < b->integer);
    case CLAIM_BOOL:
        return (int)a->boolean - (int)b->boolean;
    case CLAIM_STRING:
    case CLAIM_JSON:
        break;
    }
    return span_compare(a->text, b->text);
}

bool claim_value_equal(const struct claim *a, const struct claim *b)
{
    return compare_values(a, b) == 0;
}

void claim_write_value(struct writer *w, const struct claim *c)
{
    switch (c->type) {
    case CLAIM_STRING:
        json_write_string(w, c->text);
        return;
    case CLAIM_INT:
        write_decimal(w, c->integer);
        return;
    case CLAIM_BOOL:
        write_text(w, c->boolean ? "true" : "false");
        return;
    case CLAIM_JSON:
        write_bytes(w, c->text);
        return;
    }
}

/* All three orders end with the place in the set: pointers into one array. */

static int by_place(const void *a, const void *b)
{
    const struct claim *const *x = a, *const *y = b;

    return (*x > *y) - (*x < *y);
}

static int by_name(const void *a, const void *b)
{
    const struct claim *const *x = a, *const *y = b;
    int d = span_compare((*x)->name, (*y)->name);

    return d != 0 ? d : by_place(a, b);
}

static int by_value(const void *a, const void *b)
{
    const struct claim *const *x = a, *const *y = b;
    int d = compare_values(*x, *y);

    return d != 0 ? d : by_place(a, b);
}

/* Keeps the first of equal values, in order of insertion, and returns how many are left. Sorted and
 * not compared each with each: how many there are is the policy's choice. */
static size_t keep_first_of_equals(const struct claim **some, size_t n)
{
    size_t kept = 1;

    qsort(some, n, sizeof *some, by_value);
    for (size_t i = 1; i < n; i++)
        if (!claim_value_equal(some[i], some[kept - 1]))
            some[kept++] = some[i];
    qsort(some, kept, sizeof *some, by_place);
    return kept;
}

/* Writes the n claims of one name: one value as it is, several as an array. */
static void write_values(struct writer *w, const struct claim **some, size_t n)
{
    size_t kept = n > 1 ? keep_first_of_equals(some, n) : n;

    if (kept == 1) {
        claim_write_value(w, some[0]);
        return;
    }
    for (size_t i = 0; i < kept; i++) {
        write_u8(w, i == 0 ? '[' : ',');
        claim_write_value(w, some[i]);
    }
    write_u8(w, ']');
}

static size_t same_name(const struct claim **all, size_t from, size_t count)
{
    size_t to = from + 1;

    while (to < count && span_equal(all[to]->name, all[from]->name))
        to++;
    return to - from;
}

bool claim_set_write(struct writer *w, const struct claim_set *set, struct err *err)
{
    const struct claim **all = ARENA_ARRAY(set->arena, const struct claim *, set->count);

    if (!all)
        return arena_fail(set->arena, err);
    for (size_t i = 0; i < set->count; i++)
        all[i] = &set->items[i];
    qsort(all, set->count, sizeof *all, by_name);
    write_u8(w, '{');
    for (size_t i = 0, n; i < set->count; i += n) {
        n = same_name(all, i, set->count);
        if (i > 0)
            write_u8(w, ',');
        json_write_string(w, all[i]->name);
        write_u8(w, ':');
        write_values(w, all + i, n);
    }
    write_u8(w, '}');
    return true;
}
