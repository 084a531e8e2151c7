/*
 * manifest - keys.json, the list of a deployment's signing keys and what state each is in
 *
 * Shape    {"version":1,"keys":[{"name":"key-1","alg":"RS256","bits":2048,"state":"active"}, ...]},
 *          with "retired_at" (seconds since 1970) in state "retired"; at most KEYRING_MAX keys
 * Errors   malformed, unsupported (version), limit
 */
#ifndef CUPEL_KEYS_MANIFEST_H
#define CUPEL_KEYS_MANIFEST_H

#include "../base/writer.h"
#include "keyring.h"

enum { MANIFEST_NAME_ROOM = 32 };

struct manifest_key {
    char name[MANIFEST_NAME_ROOM]; /* lower-case letters, digits and '-': also a file's name */
    enum sig_alg alg;
    size_t bits;
    bool is_active;
    int64_t retired_at; /* when it is not active */
};

struct manifest {
    size_t count;
    struct manifest_key keys[KEYRING_MAX];
};

/* Reads the text; an arena for working memory. */
bool manifest_parse(struct span text, struct arena *a, struct manifest *out,
                    struct err *err) MUST_USE;

/* Writes the text that manifest_parse reads. */
void manifest_write(struct writer *w, const struct manifest *m);

/* Makes the key of that algorithm and size active and retires the one that was. Returns its place;
 * when there is none, a row with a fresh name is added and *is_new set. Retired keys whose time is
 * over are moved to `gone` (room for KEYRING_MAX), so that their files can follow. False with limit
 * when there is no room for another. */
struct manifest_change {
    size_t active;
    bool is_new, is_changed;
    size_t gone_count;
    struct manifest_key gone[KEYRING_MAX];
};
bool manifest_activate(struct manifest *m, enum sig_alg alg, size_t bits, int64_t now,
                       struct manifest_change *out, struct err *err) MUST_USE;

#endif
