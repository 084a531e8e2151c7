#include "policy_book.h"

#include "../base/b64.h"

#include <stdlib.h>
#include <string.h>

enum { HASH_ROOM = 256 * 1024, HASH_TEXT = 43, WAYS = 4, SETS = POLICY_BOOK_ENTRIES / WAYS };

struct entry {
    uint8_t hash[HASH_TEXT];
    struct policy *policy; /* NULL: empty */
    uint64_t used;
};

struct policy_book {
    struct crypto *crypto;
    uint64_t turn, compiled;
    struct entry entries[SETS][WAYS];
};

struct policy_book *policy_book_new(struct crypto *c, struct err *err)
{
    struct policy_book *b = calloc(1, sizeof *b);

    if (b)
        b->crypto = c;
    else
        err_fail(err, ERR_MEMORY, NULL, "out of memory");
    return b;
}

void policy_book_free(struct policy_book *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < POLICY_BOOK_ENTRIES; i++)
        policy_free(b->entries[i / WAYS][i % WAYS].policy);
    free(b);
}

uint64_t policy_book_compiled(const struct policy_book *b)
{
    return b->compiled;
}

static struct entry *set_of(struct policy_book *b, const uint8_t hash[HASH_TEXT])
{
    uint32_t head;

    memcpy(&head, hash, sizeof head);
    return b->entries[(uint64_t)head * 2654435761u / 65536 % SETS];
}

static struct entry *oldest_of(struct entry *set)
{
    struct entry *oldest = &set[0];

    for (size_t i = 1; i < WAYS; i++)
        if (set[i].used < oldest->used)
            oldest = &set[i];
    return oldest;
}

static const struct policy *compile(struct policy_book *b, struct entry *e, struct span text,
                                    struct err *err)
{
    struct policy *p = policy_new(b->crypto, text, NULL, err);

    if (!p)
        return NULL;
    b->compiled++;
    policy_free(e->policy);
    *e = (struct entry){ .policy = p, .used = ++b->turn };
    memcpy(e->hash, policy_hash(p).p, HASH_TEXT);
    return p;
}

static bool hash_of(struct policy_book *b, struct span text, uint8_t out[HASH_TEXT],
                    struct err *err)
{
    struct arena a = arena_over(2 * text.n + HASH_ROOM);
    struct span inner = b64_dup_url(&a, text);
    struct writer w = writer_over(out, HASH_TEXT);
    uint8_t sum[SHA256_SIZE];
    bool is_hashed = inner.p ? digest_sha256(b->crypto, inner, sum, err) : arena_fail(&a, err);

    if (is_hashed)
        b64_write_url(&w, span_of(sum, sizeof sum));
    arena_fini(&a);
    return is_hashed;
}

const struct policy *policy_book_find(struct policy_book *b, struct span text, struct span hash,
                                      struct err *err)
{
    uint8_t key[HASH_TEXT];
    struct entry *set;

    if (hash.n == HASH_TEXT)
        memcpy(key, hash.p, HASH_TEXT);
    else if (!hash_of(b, text, key, err))
        return NULL;
    set = set_of(b, key);
    for (size_t i = 0; i < WAYS; i++)
        if (set[i].policy && memcmp(set[i].hash, key, HASH_TEXT) == 0) {
            set[i].used = ++b->turn;
            return set[i].policy;
        }
    return compile(b, oldest_of(set), text, err);
}
