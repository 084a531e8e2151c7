#include "peers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

struct peer {
    struct peer *next;
    uint64_t key;
    size_t count;
};

struct peers {
    uint64_t seed;
    size_t mask;
    struct peer *slot[];
};

struct peers *peers_new(size_t expect, uint64_t seed)
{
    size_t size = 64;
    struct peers *t;

    while (size < expect && size < (size_t)1 << 20)
        size *= 2;
    t = calloc(1, sizeof *t + size * sizeof(struct peer *));
    if (!t)
        return NULL;
    t->seed = seed;
    t->mask = size - 1;
    return t;
}

void peers_free(struct peers *t)
{
    if (!t)
        return;
    for (size_t i = 0; i <= t->mask; i++)
        while (t->slot[i]) {
            struct peer *p = t->slot[i];

            t->slot[i] = p->next;
            free(p);
        }
    free(t);
}

/* An IPv4 address, also as an IPv6 socket shows it. */
static bool v4_of(const struct sockaddr *from, struct in_addr *out)
{
    const struct sockaddr_in6 *v6 = (const void *)from;

    if (from->sa_family == AF_INET)
        *out = ((const struct sockaddr_in *)(const void *)from)->sin_addr;
    else if (from->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
        memcpy(out, v6->sin6_addr.s6_addr + 12, 4);
    else
        return false;
    return true;
}

/* No /64 that is routed begins with 64 bits like those given to IPv4 and to local sockets here. */
static uint64_t key_of(const struct sockaddr *from)
{
    struct in_addr v4;
    uint64_t key = UINT64_MAX;

    if (v4_of(from, &v4))
        return 0xffffffff00000000u | v4.s_addr;
    if (from->sa_family == AF_INET6)
        memcpy(&key, ((const struct sockaddr_in6 *)(const void *)from)->sin6_addr.s6_addr, 8);
    return key;
}

/* Both halves are made secret and multiplied; the middle of the product depends on all of them. */
static size_t slot_of(const struct peers *t, uint64_t key)
{
    uint64_t mixed = key ^ t->seed;

    return (size_t)((mixed >> 32 | 1) * (mixed & UINT32_MAX) >> 20) & t->mask;
}

static struct peer **place_of(struct peers *t, uint64_t key)
{
    struct peer **at = &t->slot[slot_of(t, key)];

    while (*at && (*at)->key != key)
        at = &(*at)->next;
    return at;
}

struct peer *peers_enter(struct peers *t, const struct sockaddr *from, size_t most)
{
    uint64_t key = key_of(from);
    struct peer **at = place_of(t, key);

    if (!*at) {
        *at = calloc(1, sizeof **at);
        if (!*at)
            return NULL;
        (*at)->key = key;
    }
    if ((*at)->count >= most)
        return NULL;
    (*at)->count++;
    return *at;
}

void peers_leave(struct peers *t, struct peer *p)
{
    struct peer **at;

    if (!p || --p->count > 0)
        return;
    at = place_of(t, p->key);
    *at = p->next;
    free(p);
}

void peer_text(const struct sockaddr *from, char text[PEER_TEXT])
{
    struct in_addr v4;

    memcpy(text, "unix", sizeof "unix");
    if (v4_of(from, &v4))
        inet_ntop(AF_INET, &v4, text, PEER_TEXT);
    else if (from->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, text,
                  PEER_TEXT);
}
