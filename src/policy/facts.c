#include "facts.h"
#include "machine.h"

#include <string.h>

static uint32_t power_over(uint32_t n)
{
    uint32_t size = 16;

    while (size < n)
        size *= 2;
    return size;
}

bool facts_init(struct facts *f, const struct program *p, struct arena *a, uint32_t expected,
                bool by_name)
{
    uint32_t room = expected < 8 ? 8 : expected;

    *f = (struct facts){
        .arena = a, .program = p, .room = room, .slot_count = power_over(2 * room)
    };
    f->items = ARENA_ARRAY(a, struct fact, room);
    f->slots = ARENA_ARRAY(a, uint32_t, f->slot_count);
    if (by_name) {
        f->first = ARENA_ARRAY(a, uint32_t, p->name_count + 1);
        f->last = ARENA_ARRAY(a, uint32_t, p->name_count + 1);
    }
    return f->items && f->slots && (!by_name || (f->first && f->last));
}

void facts_clear(struct facts *f)
{
    if (f->count)
        memset(f->slots, 0, f->slot_count * sizeof *f->slots);
    f->count = 0;
}

static uint64_t hash_fact(const struct fact *fact, uint64_t type_hash)
{
    uint64_t h = hash_word(type_hash, (uint64_t)fact->issuer << 8 | (uint64_t)fact->value.kind);

    if (fact->value.kind == VALUE_STRING)
        return hash_bytes(h, fact->value.text);
    return hash_word(h, fact->value.kind == VALUE_INTEGER ? (uint64_t)fact->value.integer
                                                          : (uint64_t)fact->value.boolean);
}

static bool is_same(const struct fact *a, const struct fact *b)
{
    return a->hash == b->hash && a->issuer == b->issuer && span_equal(a->type, b->type) &&
           value_equal(&a->value, &b->value);
}

static bool grow(struct facts *f)
{
    uint32_t room = f->room * 4, slot_count = power_over(2 * room);
    struct fact *items = ARENA_ARRAY(f->arena, struct fact, room);
    uint32_t *slots = ARENA_ARRAY(f->arena, uint32_t, slot_count);

    if (!items || !slots)
        return false;
    memcpy(items, f->items, f->count * sizeof *items);
    for (uint32_t i = 0; i < f->count; i++) {
        uint32_t at = (uint32_t)items[i].hash & (slot_count - 1);

        while (slots[at])
            at = (at + 1) & (slot_count - 1);
        slots[at] = i + 1;
    }
    f->items = items;
    f->slots = slots;
    f->room = room;
    f->slot_count = slot_count;
    return true;
}

/* Hangs a new claim at the end of the chain of its name. */
static void link_by_name(struct facts *f, struct fact *fact, uint32_t number, uint64_t type_hash)
{
    if (!f->first)
        return;
    fact->name_id = program_name(f->program, fact->type, type_hash);
    if (f->last[fact->name_id])
        f->items[f->last[fact->name_id] - 1].next = number + 1;
    else
        f->first[fact->name_id] = number + 1;
    f->last[fact->name_id] = number + 1;
}

bool facts_add(struct facts *f, const struct fact *fact, uint32_t *number, bool *is_new,
               uint64_t *steps)
{
    uint64_t type_hash = hash_bytes(f->program->key, fact->type);
    struct fact new = *fact;
    uint32_t at;

    if (f->count == f->room && !grow(f))
        return false;
    new.hash = hash_fact(fact, type_hash);
    *steps += COST_FACT + fact->type.n / 16;
    if (fact->value.kind == VALUE_STRING)
        *steps += fact->value.text.n / 8; /* hashed, and compared with an equal one */
    new.next = 0;
    at = (uint32_t) new.hash &(f->slot_count - 1);
    for (; f->slots[at]; at = (at + 1) & (f->slot_count - 1)) {
        struct fact *old = &f->items[f->slots[at] - 1];

        *steps += 1;
        if (!is_same(old, &new))
            continue;
        old->value.is_read_only &= new.value.is_read_only;
        *number = f->slots[at] - 1;
        *is_new = false;
        return true;
    }
    *steps += COST_FACT; /* a new one, and its share of the tables' growth */
    *number = f->count;
    *is_new = true;
    f->items[f->count] = new;
    f->slots[at] = ++f->count;
    link_by_name(f, &f->items[*number], *number, type_hash);
    return true;
}
