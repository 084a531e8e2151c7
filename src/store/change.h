/*
 * change - one change of what the service holds, made whole or not at all, with its audit record
 *
 * Shape    a kind, an identifier that makes repeating it harmless, who and when, and what the kind
 *          needs. The same struct goes over the channel to the keeper (change_write, change_parse)
 * Order    changes of one policy have one order: the result says which version this one made
 * Borrows  change_parse: spans point into the bytes
 * Errors   missing (no such instance), conflict with path "change.expected" (another version is in
 *          force), "change.authority" (the certificates changed after `seen`), "change.name" or
 *          "change.host" (taken); denied, "change.last" (an isolated instance keeps one
 * certificate); limit, malformed (a member that no table can hold); and those of store.h
 */
#ifndef CUPEL_STORE_CHANGE_H
#define CUPEL_STORE_CHANGE_H

#include "store.h"

enum {
    CHANGE_ID_SIZE = 16,
    CHANGE_CERTIFICATES_MAX = 64,       /* of one instance */
    CHANGE_INSTANCES_MAX = 4096,        /* of one store */
    CHANGE_BYTES_MAX = 4 * 1024 * 1024, /* of one change, written */
    CHANGE_ANY = -1                     /* expected: whatever version is in force */
};

enum change_kind {
    CHANGE_POLICY_SET = 1,     /* policy: instance, type, jws, text, hash, token_hash, signer */
    CHANGE_POLICY_RESET,       /* policy: instance, type, signer */
    CHANGE_CERTIFICATE_ADD,    /* certificates[0] */
    CHANGE_CERTIFICATE_REMOVE, /* certificates[0]: instance, digest, thumbprint */
    CHANGE_INSTANCE_CREATE,    /* instance, and its first certificates */
    CHANGE_INSTANCE_UPDATE,    /* instance: all of it but created, version and authority */
    CHANGE_INSTANCE_DELETE,    /* instance: name. Its policies, certificates and roles go with it */
    CHANGE_ROLE_GRANT,         /* role */
    CHANGE_ROLE_REVOKE,        /* role: instance, principal, role */
    CHANGE_TOKEN_ADD,          /* token */
    CHANGE_TOKEN_REMOVE,       /* token: digest */
    CHANGE_KINDS
};

struct change {
    enum change_kind kind;
    uint8_t id[CHANGE_ID_SIZE]; /* random; the same when the change is repeated */
    int64_t at;
    struct span actor;      /* who asks for it */
    struct span request_id; /* in which request; may be empty */
    int64_t expected;       /* the version the writer saw (policy, instance); 0: none yet */
    int64_t seen; /* the revision by whose certificates it was allowed; 0: none were asked */
    struct store_instance instance;
    struct store_policy policy;
    struct store_role role;
    struct store_token token;
    const struct store_certificate *certificates;
    size_t certificate_count;
};

struct change_result {
    int64_t revision; /* state of this revision, or a later one, holds the change */
    int64_t version;  /* of the policy or the instance; 0 for other kinds */
    int64_t record;   /* number of its audit record; 0: nothing had to be changed */
    bool is_changed;  /* false: it was so already */
};

/* A row for each kind: the word in the audit chain and what it means. */
struct change_def {
    const char *action; /* "policy.set" */
    const char *meaning;
};
extern const struct change_def change_defs[CHANGE_KINDS];

/* Looks at the state that a change would leave, before it is committed; false refuses it. */
struct change_watch {
    bool (*look)(struct tx *tx, void *arg, struct err *err);
    void *arg;
};

/* Makes the change in one transaction. watch may be NULL. */
bool store_change(struct store *s, const struct change *c, const struct change_watch *watch,
                  struct change_result *out, struct err *err) MUST_USE;

/* The change as bytes, and back. */
bool change_write(struct writer *w, const struct change *c, struct err *err) MUST_USE;
bool change_parse(struct span bytes, struct arena *a, struct change *out, struct err *err) MUST_USE;

#endif
