/*
 * state - what a worker holds in memory: instances, policies in force, certificates, roles, tokens
 *
 * Shape    immutable, of one revision; counted, so that a request can finish with what it began
 *          with. An image is the same as bytes: what the keeper publishes
 * Order    every list is in the order of its key
 * Limits   STATE_IMAGE_MAX bytes as an image: a change that would pass it is refused
 * Errors   malformed, limit, unsupported (an image of another version), those of store.h
 */
#ifndef CUPEL_STORE_STATE_H
#define CUPEL_STORE_STATE_H

#include "store.h"

enum { STATE_IMAGE_MAX = 64 * 1024 * 1024 };

struct state {
    int64_t revision;
    const struct store_instance *instances;
    const struct store_policy *policies; /* in force, and not reset */
    const struct store_certificate *certificates;
    const struct store_role *roles;
    const struct store_token *tokens;
    size_t instance_count, policy_count, certificate_count, role_count, token_count;
};

/* What a store holds now. Held once by the caller; NULL with err. */
struct state *state_load(struct store *s, struct err *err) MUST_USE;

/* As state_load, inside a body: what the transaction sees. */
struct state *state_load_in(struct tx *tx, struct err *err) MUST_USE;

/* Reads an image; the bytes are copied. */
struct state *state_parse(struct span image, struct err *err) MUST_USE;

/* Writes the image that state_parse reads; limit when it is over STATE_IMAGE_MAX. */
bool state_write(struct writer *w, const struct state *s, struct err *err) MUST_USE;

/* Holds once more, and lets go; the last one gives it back. NULL is fine. */
const struct state *state_hold(const struct state *s);
void state_release(const struct state *s);

/* By name; by address (letters without regard to case). NULL: there is none. */
const struct store_instance *state_instance(const struct state *s, struct span name);
const struct store_instance *state_instance_at(const struct state *s, struct span host);

/* The policy in force of that type (without regard to case); NULL: the default applies. */
const struct store_policy *state_policy(const struct state *s, struct span instance,
                                        struct span type);

/* The certificates of an instance, *count of them behind one another. */
const struct store_certificate *state_certificates(const struct state *s, struct span instance,
                                                   size_t *count);

/* The roles given in an instance ("*" for those given everywhere), *count behind one another. */
const struct store_role *state_roles(const struct state *s, struct span instance, size_t *count);

/* The static token whose SHA-256 that is, expired or not; NULL: none. Hashes may be compared in
 * the open: who knows one does not know the token. */
const struct store_token *state_token(const struct state *s, const uint8_t digest[SHA256_SIZE]);

#endif
