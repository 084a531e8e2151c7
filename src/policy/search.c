#include "search.h"
#include "action.h"

#include <string.h>

uint32_t search_first(const struct machine *m, const struct condition_code *c)
{
    if (c->name_id)
        return m->facts.first[c->name_id];
    return m->facts.count ? 1 : 0;
}

uint32_t search_next(const struct machine *m, const struct condition_code *c, uint32_t n)
{
    if (c->name_id)
        return m->facts.items[n - 1].next;
    return n < m->facts.count ? n + 1 : 0;
}

/* remaining bindings that have been followed */

enum { SEEN_MOST = 1 << 16 }; /* tuples remembered for one condition; more are followed again */

static uint32_t tuple_width(const struct condition_code *c)
{
    return (uint32_t)__builtin_popcountll(c->live);
}

static void tuple_fill(const struct machine *m, const struct condition_code *c, uint32_t *tuple)
{
    for (uint64_t left = c->live; left; left &= left - 1)
        *tuple++ = m->frames[__builtin_ctzll(left)].fact + 1;
}

static uint32_t tuple_slot(const struct machine *m, const uint32_t *tuple, uint32_t width,
                           uint32_t room)
{
    uint64_t h = m->program->key;

    for (uint32_t i = 0; i < width; i++)
        h = hash_word(h, tuple[i]);
    return (uint32_t)h & (room - 1);
}

/* Puts a tuple into the table; false when it stands there already. */
static bool tuple_insert(const struct machine *m, uint32_t *table, uint32_t room,
                         const uint32_t *tuple, uint32_t width)
{
    uint32_t at = tuple_slot(m, tuple, width, room);

    for (;; at = (at + 1) & (room - 1)) {
        uint32_t *slot = table + (size_t)at * width;

        if (slot[0] == 0) {
            memcpy(slot, tuple, width * sizeof *tuple);
            return true;
        }
        if (memcmp(slot, tuple, width * sizeof *tuple) == 0)
            return false;
    }
}

static bool grow_seen(struct machine *m, struct frame *frame, uint32_t width)
{
    uint32_t room = frame->seen_room ? frame->seen_room * 4 : 64;
    uint32_t *table = ARENA_ARRAY(m->arena, uint32_t, (size_t)room * width);

    if (!table)
        return false;
    for (uint32_t i = 0; i < frame->seen_room; i++)
        if (frame->seen[(size_t)i * width])
            tuple_insert(m, table, room, frame->seen + (size_t)i * width, width);
    frame->seen = table;
    frame->seen_room = room;
    return true;
}

/* Tells whether the bindings that still matter behind condition i have been followed before, and
 * remembers them. A table that cannot grow only means that more is tried twice. */
static bool was_followed(struct machine *m, uint32_t i)
{
    const struct condition_code *c = &m->conditions[i];
    struct frame *frame = &m->frames[i];
    uint32_t tuple[POLICY_CONDITION_LIMIT], width = tuple_width(c);

    if (frame->seen_count >= SEEN_MOST)
        return false;
    if (frame->seen_count * 2 >= frame->seen_room && !grow_seen(m, frame, width))
        return false;
    tuple_fill(m, c, tuple);
    if (!tuple_insert(m, frame->seen, frame->seen_room, tuple, width))
        return true;
    frame->seen_count++;
    return false;
}

/* Where one claim is all that remains of the bindings, a bit says that it has been followed; so a
 * claim need not even be tried a second time, unless its tests can fail. */
static bool is_narrow(const struct condition_code *c, uint32_t i)
{
    return c->has_memo && c->live == UINT64_C(1) << i && c->slot_count == 0;
}

static bool start_bits(struct machine *m, uint32_t i)
{
    struct frame *frame = &m->frames[i];
    uint32_t need = m->facts.count / 8 + 1;

    if (frame->has_followed)
        return true;
    if (!machine_charge(m, COST_COMBINATION + need / 16, m->conditions[i].at))
        return false;
    if (frame->followed_room < need) {
        frame->followed = ARENA_ARRAY(m->arena, uint8_t, need * 2);
        frame->followed_room = need * 2;
    }
    if (!frame->followed)
        return machine_no_memory(m, m->conditions[i].at);
    memset(frame->followed, 0, need);
    frame->has_followed = true;
    return true;
}

static bool is_followed(const struct frame *frame, uint32_t fact)
{
    return (frame->followed[fact / 8] >> fact % 8 & 1) != 0;
}

static void set_followed(struct frame *frame, uint32_t fact)
{
    frame->followed[fact / 8] = (uint8_t)(frame->followed[fact / 8] | 1u << fact % 8);
}

/* an index for `value == name.value` */

enum { TRIES_BEFORE_INDEX = 8 }; /* a condition looked at less often is searched plainly */

struct join_index {
    uint32_t *heads; /* 1 + place in facts, by hash of the value */
    uint32_t *links; /* 1 + place of the next one with that hash */
    uint32_t *facts; /* 1 + number of the claim */
    uint32_t size, count, room;
    bool is_built;
};

static uint64_t hash_value(const struct machine *m, const struct value *v)
{
    uint64_t h = hash_word(m->program->key, (uint64_t)v->kind);

    if (v->kind == VALUE_STRING)
        return hash_bytes(h, v->text);
    return hash_word(h, v->kind == VALUE_INTEGER ? (uint64_t)v->integer : (uint64_t)v->boolean);
}

static uint64_t hash_cost(const struct value *v)
{
    return v->kind == VALUE_STRING ? v->text.n / 16 : 0;
}

static bool index_room(struct machine *m, struct join_index *x, uint32_t count)
{
    if (x->room && count <= x->room) {
        memset(x->heads, 0, x->size * sizeof *x->heads);
        return true;
    }
    for (x->size = 16; x->size < count; x->size *= 2)
        ;
    x->room = x->size;
    x->heads = ARENA_ARRAY(m->arena, uint32_t, x->size);
    x->links = ARENA_ARRAY(m->arena, uint32_t, x->room);
    x->facts = ARENA_ARRAY(m->arena, uint32_t, x->room);
    return x->heads && x->links && x->facts;
}

/* Enters the candidates of a condition by their values; those of one value keep their order. */
static bool build_index(struct machine *m, const struct condition_code *c, struct join_index *x)
{
    uint32_t count = 0;

    for (uint32_t n = search_first(m, c); n; n = search_next(m, c, n))
        count++;
    if (!machine_charge(m, COST_LOOKUP * (uint64_t)count, c->at))
        return false;
    if (!index_room(m, x, count))
        return machine_no_memory(m, c->at);
    x->count = 0;
    for (uint32_t n = search_first(m, c); n; n = search_next(m, c, n))
        x->facts[x->count++] = n;
    for (uint32_t i = count; i > 0; i--) {
        const struct fact *f = &m->facts.items[x->facts[i - 1] - 1];
        uint32_t *head = &x->heads[(uint32_t)hash_value(m, &f->value) & (x->size - 1)];

        if (!machine_charge(m, hash_cost(&f->value), c->at))
            return false;
        x->links[i - 1] = *head;
        *head = i;
    }
    x->is_built = true;
    return true;
}

/* Where the candidates of a condition come from: its chain, or an index by value. */
struct candidates {
    const struct join_index *index;
    uint32_t at; /* place in the index, or number of the claim; both plus 1, 0 at the end */
};

static bool start_candidates(struct machine *m, uint32_t i, struct candidates *out)
{
    const struct condition_code *c = &m->conditions[i];
    struct frame *frame = &m->frames[i];
    struct value wanted;

    *out = (struct candidates){ 0 };
    if (c->join == NO_CODE || frame->tries <= TRIES_BEFORE_INDEX) {
        out->at = search_first(m, c);
        return true;
    }
    if (!frame->index && !(frame->index = ARENA_NEW(m->arena, struct join_index)))
        return machine_no_memory(m, c->at);
    if (!frame->index->is_built && !build_index(m, c, frame->index))
        return false;
    if (!machine_value(m, c->join, &wanted) ||
        !machine_charge(m, COST_LOOKUP + hash_cost(&wanted), c->at))
        return false;
    out->index = frame->index;
    out->at = frame->index->heads[(uint32_t)hash_value(m, &wanted) & (frame->index->size - 1)];
    return true;
}

static const struct fact *candidate(const struct machine *m, const struct candidates *k)
{
    return &m->facts.items[(k->index ? k->index->facts[k->at - 1] : k->at) - 1];
}

static void next_candidate(const struct machine *m, const struct condition_code *c,
                           struct candidates *k)
{
    k->at = k->index ? k->index->links[k->at - 1] : search_next(m, c, k->at);
}

/* the search */

static bool extend(struct machine *m, uint32_t i);

/* Condition i holds: goes on with the next one, unless the same has been followed before; `is_new`
 * says that it has not. */
static bool follow(struct machine *m, uint32_t i, bool is_new)
{
    const struct condition_code *c = &m->conditions[i];
    bool must_look = c->has_memo && !is_new;

    if (!machine_charge(m, COST_COMBINATION + (must_look ? COST_REMEMBERED : 0), c->at))
        return false;
    if (must_look && was_followed(m, i))
        return true;
    return extend(m, i + 1);
}

static bool all_slots_known(const struct machine *m, const struct condition_code *c)
{
    for (uint32_t s = c->slots; s < c->slots + c->slot_count; s++)
        if (!m->has_slot[s])
            return false;
    return true;
}

/* All candidates of a condition are tested before the next condition is looked at (6.1). That can
 * be seen only in which call fails first, so only calls are evaluated ahead. */
static bool settle_calls(struct machine *m, uint32_t i)
{
    const struct condition_code *c = &m->conditions[i];

    for (uint32_t s = c->slots; s < c->slots + c->slot_count; s++)
        m->has_slot[s] = false;
    if (c->slot_count == 0)
        return true;
    for (uint32_t n = search_first(m, c); n && !all_slots_known(m, c); n = search_next(m, c, n)) {
        bool holds;

        if (!machine_matches(m, i, &m->facts.items[n - 1], &holds))
            return false;
    }
    return true;
}

/* Only whether some claim matches is asked: one witness is enough, and none for a negation. */
static bool ask(struct machine *m, uint32_t i)
{
    const struct condition_code *c = &m->conditions[i];
    struct candidates k;
    bool found = false;

    if (!start_candidates(m, i, &k))
        return false;
    for (; k.at && !found; next_candidate(m, c, &k)) {
        const struct fact *f = candidate(m, &k);

        if (!machine_matches(m, i, f, &found))
            return false;
        m->frames[i].fact = (uint32_t)(f - m->facts.items); /* the witness, when it is the last */
    }
    if (found == c->is_negated)
        return true;
    if (!follow(m, i, false))
        return false;
    if (c->back < m->unwind)
        m->unwind = c->back;
    return true;
}

/* Every match is followed, in the order of insertion. */
static bool enumerate(struct machine *m, uint32_t i)
{
    const struct condition_code *c = &m->conditions[i];
    bool narrow = is_narrow(c, i);
    struct candidates k;

    if (!start_candidates(m, i, &k) || (narrow && !start_bits(m, i)))
        return false;
    for (; k.at; next_candidate(m, c, &k)) {
        const struct fact *f = candidate(m, &k);
        uint32_t fact = (uint32_t)(f - m->facts.items);
        bool holds = !narrow || !is_followed(&m->frames[i], fact);

        if (!(holds ? machine_matches(m, i, f, &holds) : machine_charge(m, 1, c->at)))
            return false;
        if (!holds)
            continue;
        m->frames[i].fact = fact;
        if (narrow)
            set_followed(&m->frames[i], fact);
        if (!follow(m, i, narrow))
            return false;
        if (m->unwind < (int)i)
            return true;
        m->unwind = NO_JUMP;
    }
    return true;
}

static bool extend(struct machine *m, uint32_t i)
{
    if (i == m->rule->condition_count) {
        if (!action_fire(m))
            return false;
        m->unwind = m->rule->back;
        return true;
    }
    m->frames[i].tries++;
    if (!settle_calls(m, i))
        return false;
    return m->conditions[i].is_enumerated ? enumerate(m, i) : ask(m, i);
}

static void reset_frames(struct machine *m)
{
    for (uint32_t i = 0; i < m->rule->condition_count; i++) {
        struct frame *frame = &m->frames[i];

        frame->tries = 0;
        frame->has_whole = frame->has_followed = false;
        if (frame->index)
            frame->index->is_built = false;
        /* The width of the tuples differs from rule to rule, so the table cannot be kept. */
        frame->seen = NULL;
        frame->seen_count = frame->seen_room = 0;
    }
}

bool machine_run(struct machine *m, const struct rule_code *rule)
{
    m->rule = rule;
    m->conditions = m->program->conditions + rule->conditions;
    m->fired = 0;
    m->unwind = NO_JUMP;
    facts_clear(&m->kept);
    if (!machine_charge(m, 1, rule->at))
        return false;
    for (uint32_t i = 0; i < rule->gate; i++) {
        const struct condition_code *c = &m->conditions[i];

        if (c->name_id && !c->is_negated && m->facts.first[c->name_id] == 0)
            return true;
    }
    reset_frames(m);
    return extend(m, 0);
}
