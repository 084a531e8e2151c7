#include "cache.h"

#include <stdlib.h>
#include <string.h>

#include "../../base/num.h"
#include "ledger.h"

/* Entries with the same set number compete for WAYS places; the one used longest ago gives way. */
enum { WAYS = 4, AUTHORITIES = 64, SUMMED_MAX = 8192 };

/* A chain and its certificates, in one piece of memory. */
struct kept_chain {
    struct dcap_chain chain;
    uint8_t ders[];
};

struct slot {
    struct ledger_key key;
    uint64_t used; /* 0: free */
    struct kept_chain *kept;
};

struct table {
    struct slot *slots;
    size_t ways, sets;
};

/* A place for each hash; the newer displaces the older. */
struct known_needs {
    struct ledger_key key;
    struct dcap_needs needs;
    bool is_set;
};

/* What was summed last. */
struct summed {
    bool is_set;
    uint16_t type;
    struct ledger_key key;
    size_t n;
    uint8_t bytes[SUMMED_MAX];
};

struct dcap_cache {
    struct known_needs *needs;
    size_t needs_count;
    struct table chains, parts[LEDGER_PARTS];
    uint64_t clock;
    struct dcap_cache_stats stats;
    struct summed summed;
};

static bool table_init(struct table *t, size_t entries)
{
    t->ways = size_min(entries, WAYS);
    t->sets = entries / t->ways;
    t->slots = calloc(t->ways * t->sets, sizeof *t->slots);
    return t->slots != NULL;
}

static void table_clear(struct table *t)
{
    for (size_t i = 0; t->slots && i < t->ways * t->sets; i++) {
        free(t->slots[i].kept);
        t->slots[i] = (struct slot){ 0 };
    }
}

static void table_fini(struct table *t)
{
    table_clear(t);
    free(t->slots);
}

struct dcap_cache *dcap_cache_new(size_t entries, struct err *err)
{
    struct dcap_cache *c = calloc(1, sizeof *c);

    if (entries == 0)
        entries = 1;
    if (c)
        c->needs = calloc(entries, sizeof *c->needs);
    if (c && c->needs)
        c->needs_count = entries;
    if (c && c->needs && table_init(&c->chains, entries) &&
        table_init(&c->parts[LEDGER_QE], entries) &&
        table_init(&c->parts[LEDGER_AUTHORITY], AUTHORITIES))
        return c;
    err_fail(err, ERR_MEMORY, NULL, "a cache of %zu entries does not fit in memory", entries);
    dcap_cache_free(c);
    return NULL;
}

void dcap_cache_clear(struct dcap_cache *c)
{
    table_clear(&c->chains);
    for (size_t i = 0; i < LEDGER_PARTS; i++)
        table_clear(&c->parts[i]);
    for (size_t i = 0; i < c->needs_count; i++)
        c->needs[i].is_set = false;
    c->stats.entries = 0;
    c->summed.is_set = false;
}

void dcap_cache_free(struct dcap_cache *c)
{
    if (!c)
        return;
    table_fini(&c->chains);
    for (size_t i = 0; i < LEDGER_PARTS; i++)
        table_fini(&c->parts[i]);
    free(c->needs);
    free(c);
}

struct dcap_cache_stats dcap_cache_stats(const struct dcap_cache *c)
{
    return c->stats;
}

static struct slot *set_of(struct table *t, const struct ledger_key *key)
{
    uint64_t head;

    memcpy(&head, key->sum, sizeof head);
    return t->slots + (head % t->sets) * t->ways;
}

static struct slot *find(struct dcap_cache *c, struct table *t, const struct ledger_key *key)
{
    struct slot *set = set_of(t, key);

    for (size_t i = 0; i < t->ways; i++)
        if (set[i].used > 0 && memcmp(&set[i].key, key, sizeof *key) == 0) {
            set[i].used = ++c->clock;
            return &set[i];
        }
    return NULL;
}

/* The place for a new entry, emptied. */
static struct slot *take(struct dcap_cache *c, struct table *t, const struct ledger_key *key)
{
    struct slot *set = set_of(t, key), *oldest = set;

    for (size_t i = 1; i < t->ways; i++)
        if (set[i].used < oldest->used)
            oldest = &set[i];
    free(oldest->kept);
    *oldest = (struct slot){ .key = *key, .used = ++c->clock };
    return oldest;
}

const struct dcap_chain *ledger_chain(struct dcap_cache *c, const struct ledger_key *key)
{
    struct slot *slot = find(c, &c->chains, key);

    if (!slot) {
        c->stats.chain_misses++;
        return NULL;
    }
    c->stats.chain_hits++;
    return &slot->kept->chain;
}

static void keep_cert(struct cert *cert, uint8_t **at)
{
    struct span there = { *at, cert->der.n };

    memcpy(*at, cert->der.p, cert->der.n);
    *at += cert->der.n;
    cert_move(cert, there);
}

/* The spans of a chain point into its certificates: they move with the bytes. */
static struct kept_chain *copy_chain(const struct dcap_chain *chain)
{
    size_t room = chain->leaf.der.n + chain->intermediate.der.n + chain->root.der.n;
    struct kept_chain *kept = malloc(sizeof *kept + room);
    uint8_t *at;

    if (!kept)
        return NULL;
    kept->chain = *chain;
    at = kept->ders;
    keep_cert(&kept->chain.leaf, &at);
    keep_cert(&kept->chain.intermediate, &at);
    keep_cert(&kept->chain.root, &at);
    return kept;
}

void ledger_keep_chain(struct dcap_cache *c, const struct ledger_key *key,
                       const struct dcap_chain *chain)
{
    struct kept_chain *kept = copy_chain(chain);
    struct slot *set = set_of(&c->chains, key);
    bool is_full = true;

    if (!kept)
        return;
    for (size_t i = 0; i < c->chains.ways; i++)
        is_full = is_full && set[i].used > 0;
    take(c, &c->chains, key)->kept = kept;
    c->stats.entries += is_full ? 0 : 1;
}

bool ledger_has(struct dcap_cache *c, enum ledger_part part, const struct ledger_key *key)
{
    bool is_known = find(c, &c->parts[part], key) != NULL;

    if (part == LEDGER_QE && is_known)
        c->stats.qe_hits++;
    else if (part == LEDGER_QE)
        c->stats.qe_misses++;
    return is_known;
}

void ledger_keep(struct dcap_cache *c, enum ledger_part part, const struct ledger_key *key)
{
    take(c, &c->parts[part], key);
}

static struct known_needs *needs_place(struct dcap_cache *c, const struct ledger_key *key)
{
    uint64_t head;

    memcpy(&head, key->sum, sizeof head);
    return &c->needs[head % c->needs_count];
}

bool ledger_needs(struct dcap_cache *c, const struct ledger_key *key, struct dcap_needs *out)
{
    const struct known_needs *known = needs_place(c, key);

    if (!known->is_set || memcmp(&known->key, key, sizeof *key) != 0)
        return false;
    *out = known->needs;
    return true;
}

void ledger_keep_needs(struct dcap_cache *c, const struct ledger_key *key,
                       const struct dcap_needs *needs)
{
    *needs_place(c, key) = (struct known_needs){ *key, *needs, true };
}

static void keep_sum(struct summed *s, uint16_t type, struct span data,
                     const struct ledger_key *key)
{
    if (data.n > SUMMED_MAX || data.n == 0)
        return;
    s->is_set = true;
    s->type = type;
    s->key = *key;
    s->n = data.n;
    memcpy(s->bytes, data.p, data.n);
}

bool ledger_data_sum(struct dcap_cache *c, struct crypto *crypto, uint16_t type, struct span data,
                     struct ledger_key *out, struct err *err)
{
    struct summed *s = &c->summed;
    const uint8_t number[2] = { (uint8_t)type, (uint8_t)(type >> 8) };
    const struct span parts[] = { span_of(number, sizeof number), data };

    if (s->is_set && s->type == type && span_equal(data, span_of(s->bytes, s->n))) {
        *out = s->key;
        return true;
    }
    if (!digest(crypto, DIGEST_SHA256, parts, COUNT(parts), out->sum, err))
        return false;
    keep_sum(s, type, data, out);
    return true;
}
