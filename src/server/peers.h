/*
 * peers - how many connections each address holds
 *
 * Shape    a hash table of the addresses that hold one at least; an IPv6 address counts as its /64,
 *          since whoever has one address of it has them all
 */
#ifndef CUPEL_SERVER_PEERS_H
#define CUPEL_SERVER_PEERS_H

#include "../base/span.h"

#include <sys/socket.h>

struct peers;
struct peer;

enum { PEER_TEXT = 48 };

/* A table with room for `expect` addresses without crowding; the seed keeps others from choosing
 * addresses that collide. NULL when memory is short. */
struct peers *peers_new(size_t expect, uint64_t seed) MUST_USE;
void peers_free(struct peers *t);

/* Counts one more connection; NULL when the address holds `most` of them already, or memory is
 * short. */
struct peer *peers_enter(struct peers *t, const struct sockaddr *from, size_t most) MUST_USE;

/* Counts one less. NULL is fine. */
void peers_leave(struct peers *t, struct peer *p);

/* The address as text; "unix" for a local socket. */
void peer_text(const struct sockaddr *from, char text[PEER_TEXT]);

#endif
