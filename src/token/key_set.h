/*
 * key_set - what every set of public keys in JSON has: its entries, their names and certificates
 *
 * Shape    {"keys":[{...}, ...]}; what an entry means is its reader's
 * Borrows  entries and names point into a copy of the text in the arena
 * Errors   malformed, limit, memory; the entry in the path: "keys[2].kid"
 * Source   RFC 7517, 4 and 5
 */
#ifndef CUPEL_TOKEN_KEY_SET_H
#define CUPEL_TOKEN_KEY_SET_H

#include "../crypto/cert.h"
#include "../format/json.h"

/* Parses a set of at most `most` bytes and finds its array "keys". */
bool key_set_parse(struct span json, size_t most, struct arena *a, const struct json **keys,
                   struct err *err) MUST_USE;

/* What is done with an entry, which is an object. */
struct key_set_reader {
    bool (*read)(void *arg, const struct json *entry, struct err *err);
    void *arg;
};

/* Hands every entry to the reader, in order, until one fails. */
bool key_set_read(const struct json *keys, const struct key_set_reader *reader,
                  struct err *err) MUST_USE;

/* The entry's kid, empty where it has none, of at most `most` characters. */
bool key_set_kid(const struct json *entry, size_t most, struct span *out, struct err *err) MUST_USE;

/* Says that a kid stands at two keys of the set, and returns false. */
bool key_set_twice(struct err *err);

/* The key's own certificate: the first of x5c, which holds at most `most`. */
bool key_set_leaf(const struct json *x5c, size_t most, struct arena *a, struct cert *out,
                  struct err *err) MUST_USE;

#endif
