#include "state.h"

#include <stdlib.h>
#include <string.h>

#define STATE_MAGIC 0x01545343u /* "CST", version 1 */

enum { OVERHEAD = 32 * 1024 * 1024 };

/* What stands behind a state: its memory, and how many hold it. */
struct held {
    struct state state; /* first: a state is its held */
    struct arena arena;
    const struct store_instance **by_host;
    unsigned count;
};

/* The lists of a state, in the order of an image. */
/* clang-format off */
static const struct list {
    enum store_table table;
    size_t rows, count; /* offsets in struct state */
} lists[] = {
    { STORE_INSTANCES,    offsetof(struct state, instances),    offsetof(struct state, instance_count) },
    { STORE_POLICIES,     offsetof(struct state, policies),     offsetof(struct state, policy_count) },
    { STORE_CERTIFICATES, offsetof(struct state, certificates), offsetof(struct state, certificate_count) },
    { STORE_ROLES,        offsetof(struct state, roles),        offsetof(struct state, role_count) },
    { STORE_TOKENS,       offsetof(struct state, tokens),       offsetof(struct state, token_count) },
};
/* clang-format on */

static void list_set(struct state *s, const struct list *l, void *rows, size_t count)
{
    memcpy((uint8_t *)s + l->rows, &rows, sizeof rows);
    memcpy((uint8_t *)s + l->count, &count, sizeof count);
}

static const uint8_t *list_rows(const struct state *s, const struct list *l)
{
    const uint8_t *rows;

    memcpy(&rows, (const uint8_t *)s + l->rows, sizeof rows);
    return rows;
}

static size_t list_count(const struct state *s, const struct list *l)
{
    size_t count;

    memcpy(&count, (const uint8_t *)s + l->count, sizeof count);
    return count;
}

static struct held *held_new(struct err *err)
{
    struct held *h = calloc(1, sizeof *h);

    if (!h) {
        err_fail(err, ERR_MEMORY, NULL, "no memory for the state");
        return NULL;
    }
    h->arena = arena_over(2 * (size_t)STATE_IMAGE_MAX + OVERHEAD);
    h->count = 1;
    return h;
}

static int compare_hosts(const void *a, const void *b)
{
    return span_compare((*(const struct store_instance *const *)a)->host,
                        (*(const struct store_instance *const *)b)->host);
}

static bool index_hosts(struct held *h, struct err *err)
{
    size_t n = h->state.instance_count;

    h->by_host = ARENA_ARRAY(&h->arena, const struct store_instance *, n);
    if (!h->by_host)
        return arena_fail(&h->arena, err);
    for (size_t i = 0; i < n; i++)
        h->by_host[i] = &h->state.instances[i];
    qsort(h->by_host, n, sizeof *h->by_host, compare_hosts);
    return true;
}

/* From the store. */

static bool load_list(struct tx *tx, struct held *h, const struct list *l, struct err *err)
{
    const struct store_range all = { 0 };
    void *rows;
    size_t count;

    if (!tx_scan(tx, l->table, &all, &h->arena, &rows, &count, err))
        return false;
    if (count == 0)
        rows = arena_alloc(&h->arena, 0, 1); /* an empty list is a place, too */
    if (!rows)
        return arena_fail(&h->arena, err);
    list_set(&h->state, l, rows, count);
    return true;
}

/* Only what is published, and not the history. */
static bool load_policies(struct tx *tx, struct held *h, struct err *err)
{
    const struct store_range all = { 0 };
    const struct store_published *published;
    struct store_policy *policies;
    size_t count, n = 0;
    void *rows;

    if (!tx_scan(tx, STORE_PUBLISHED, &all, tx_arena(tx), &rows, &count, err))
        return false;
    published = rows;
    policies = ARENA_ARRAY(&h->arena, struct store_policy, count);
    if (!policies)
        return arena_fail(&h->arena, err);
    for (size_t i = 0; i < count; i++) {
        const struct store_policy key = { .instance = published[i].instance,
                                          .type = published[i].type,
                                          .version = published[i].version };
        bool is_found;

        if (!tx_find(tx, STORE_POLICIES, &key, &h->arena, &policies[n], &is_found, err))
            return false;
        if (!is_found)
            return err_fail(err, ERR_IO, NULL, "a published policy is not there") ||
                   err_in(err, "store.corrupt");
        n += policies[n].jws.n > 0;
    }
    h->state.policies = policies;
    h->state.policy_count = n;
    return true;
}

static bool load_revision(struct tx *tx, struct held *h, struct err *err)
{
    const struct store_meta key = { .name = span_str("revision") };
    struct store_meta meta = { 0 };
    bool is_found;

    if (!tx_find(tx, STORE_META, &key, tx_arena(tx), &meta, &is_found, err))
        return false;
    h->state.revision = meta.number;
    return true;
}

static bool load_all(struct tx *tx, struct held *h, struct err *err)
{
    for (size_t i = 0; i < COUNT(lists); i++) {
        if (lists[i].table != STORE_POLICIES && !load_list(tx, h, &lists[i], err))
            return false;
    }
    return load_policies(tx, h, err) && load_revision(tx, h, err) && index_hosts(h, err);
}

struct state *state_load_in(struct tx *tx, struct err *err)
{
    struct held *h = held_new(err);

    if (!h)
        return NULL;
    if (load_all(tx, h, err))
        return &h->state;
    state_release(&h->state);
    return NULL;
}

/* A body may be run again: what the run before it loaded is let go. */
static bool load_body(struct tx *tx, void *arg, struct err *err)
{
    struct state **out = arg;

    state_release(*out);
    *out = state_load_in(tx, err);
    return *out != NULL;
}

struct state *state_load(struct store *s, struct err *err)
{
    struct state *out = NULL;

    if (store_view(s, load_body, &out, err))
        return out;
    state_release(out);
    return NULL;
}

/* As an image. */

bool state_write(struct writer *w, const struct state *s, struct err *err)
{
    struct span image;

    write_u32le(w, STATE_MAGIC);
    write_u64le(w, (uint64_t)s->revision);
    for (size_t i = 0; i < COUNT(lists); i++) {
        const struct table *t = &store_tables[lists[i].table];

        write_u32le(w, (uint32_t)list_count(s, &lists[i]));
        for (size_t k = 0; k < list_count(s, &lists[i]) && w->n <= STATE_IMAGE_MAX; k++)
            row_write(w, t, list_rows(s, &lists[i]) + k * t->size);
    }
    if (w->n > STATE_IMAGE_MAX)
        return err_fail(err, ERR_LIMIT, NULL,
                        "all policies and certificates together are over %d bytes",
                        STATE_IMAGE_MAX) ||
               err_in(err, "state");
    return writer_done(w, &image, err);
}

/* The bytes a row takes at least: four or eight for each column. */
static size_t row_least(const struct table *t)
{
    return 4 * (t->column_count - 1);
}

static void list_read(struct reader *r, struct held *h, const struct list *l)
{
    const struct table *t = &store_tables[l->table];
    size_t count = reader_count(r, reader_u32le(r, t->name), row_least(t), t->name);
    uint8_t *rows = arena_alloc(&h->arena, count, t->size);

    if (!rows) {
        reader_fail(r, ERR_LIMIT, NULL, t->name, "%zu rows need too much memory", count);
        return;
    }
    for (size_t i = 0; i < count && reader_ok(r); i++) {
        row_read(r, t, rows + i * t->size);
        if (i > 0 && reader_ok(r) &&
            row_compare(t, rows + (i - 1) * t->size, rows + i * t->size, t->key_count) >= 0)
            reader_fail(r, ERR_MALFORMED, NULL, t->name, "row %zu is not behind the one before", i);
    }
    list_set(&h->state, l, rows, count);
}

static bool image_read(struct held *h, struct span image, struct err *err)
{
    struct span copy = arena_dup(&h->arena, image);
    struct reader r = reader_over(copy, err);
    uint32_t magic;

    if (!copy.p)
        return arena_fail(&h->arena, err);
    magic = reader_u32le(&r, "magic");
    if (reader_ok(&r) && magic != STATE_MAGIC)
        reader_fail(&r, ERR_UNSUPPORTED, NULL, "magic", "0x%08x is not version 1 of the format",
                    magic);
    h->state.revision = (int64_t)reader_u64le(&r, "revision");
    for (size_t i = 0; i < COUNT(lists) && reader_ok(&r); i++)
        list_read(&r, h, &lists[i]);
    return reader_done(&r) && index_hosts(h, err);
}

struct state *state_parse(struct span image, struct err *err)
{
    struct held *h = held_new(err);

    if (!h)
        return NULL;
    if (image.n > STATE_IMAGE_MAX)
        err_fail(err, ERR_LIMIT, NULL, "%zu bytes are more than %d", image.n, STATE_IMAGE_MAX);
    else if (image_read(h, image, err))
        return &h->state;
    err_in(err, "state");
    state_release(&h->state);
    return NULL;
}

const struct state *state_hold(const struct state *s)
{
    struct held *h = (struct held *)(uintptr_t)s;

    if (h)
        h->count++;
    return s;
}

void state_release(const struct state *s)
{
    struct held *h = (struct held *)(uintptr_t)s;

    if (!h || --h->count > 0)
        return;
    arena_fini(&h->arena);
    free(h);
}

/* Looking things up: every list is sorted by its key. */

/* The rows whose first key column is `name`. */
static size_t rows_of(const struct state *s, const struct list *l, struct span name, size_t *count)
{
    const struct table *t = &store_tables[l->table];
    const uint8_t *rows = list_rows(s, l);
    size_t low = 0, high = list_count(s, l), all = high;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (span_compare(row_span(&t->columns[0], rows + mid * t->size), name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    for (*count = 0; low + *count < all; ++*count) {
        if (!span_equal(row_span(&t->columns[0], rows + (low + *count) * t->size), name))
            break;
    }
    return low;
}

const struct store_instance *state_instance(const struct state *s, struct span name)
{
    size_t count, at = rows_of(s, &lists[0], name, &count);

    return count > 0 ? &s->instances[at] : NULL;
}

static struct span fold(struct span s, uint8_t room[STORE_TEXT_MAX])
{
    for (size_t i = 0; i < s.n; i++)
        room[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (uint8_t)(s.p[i] + 32) : s.p[i];
    return span_of(room, s.n);
}

const struct store_instance *state_instance_at(const struct state *s, struct span host)
{
    const struct held *h = (const struct held *)(const void *)s;
    uint8_t room[STORE_TEXT_MAX];
    struct store_instance key = { 0 };
    const struct store_instance *p = &key, *const * found;

    if (host.n > sizeof room || s->instance_count == 0)
        return NULL;
    key.host = fold(host, room);
    found = bsearch(&p, h->by_host, s->instance_count, sizeof p, compare_hosts);
    return found ? *found : NULL;
}

static bool is_same_folded(struct span a, struct span b)
{
    uint8_t x[STORE_TEXT_MAX], y[STORE_TEXT_MAX];

    return a.n == b.n && a.n <= STORE_TEXT_MAX && span_equal(fold(a, x), fold(b, y));
}

const struct store_policy *state_policy(const struct state *s, struct span instance,
                                        struct span type)
{
    size_t count, at = rows_of(s, &lists[1], instance, &count);

    for (size_t i = at; i < at + count; i++) {
        if (is_same_folded(s->policies[i].type, type))
            return &s->policies[i];
    }
    return NULL;
}

const struct store_certificate *state_certificates(const struct state *s, struct span instance,
                                                   size_t *count)
{
    return s->certificates + rows_of(s, &lists[2], instance, count);
}

const struct store_role *state_roles(const struct state *s, struct span instance, size_t *count)
{
    return s->roles + rows_of(s, &lists[3], instance, count);
}

const struct store_token *state_token(const struct state *s, const uint8_t digest[SHA256_SIZE])
{
    size_t count, at = rows_of(s, &lists[4], span_of(digest, SHA256_SIZE), &count);

    return count > 0 ? &s->tokens[at] : NULL;
}
