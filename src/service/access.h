/*
 * access - who may do what: actions, the roles that hold them, the grants that a caller has
 *
 * Shape    an action and a role are a row each; a caller has grants, each a role in one instance or
 *          in every one ("*"). Nothing is held by anybody unless a row says so
 * Rule     a route says what it needs; what forgot to say so is open to nobody
 * Source   the REST contract, 5: actions, roles, "there is no 403"
 */
#ifndef CUPEL_SERVICE_ACCESS_H
#define CUPEL_SERVICE_ACCESS_H

#include "../base/span.h"

enum access_action {
    ACTION_READ,            /* policies, certificates, why a request was refused */
    ACTION_WRITE,           /* set a policy, add or remove a certificate */
    ACTION_DELETE,          /* reset a policy */
    ACTION_PROVIDER_READ,   /* look at instances */
    ACTION_PROVIDER_WRITE,  /* create and change them */
    ACTION_PROVIDER_DELETE, /* delete them */
    ACTION_ROLES_WRITE,     /* give and take roles */
    ACCESS_ACTIONS
};

enum access_role {
    ROLE_ATTESTATION_READER,
    ROLE_ATTESTATION_CONTRIBUTOR,
    ROLE_READER,
    ROLE_CONTRIBUTOR,
    ROLE_OWNER,
    ACCESS_ROLES
};

struct access_action_def {
    const char *name; /* the contract's: "Microsoft.Attestation/..." */
    const char *meaning;
    enum access_role least; /* the first role of the table that holds it, for refusals */
};
extern const struct access_action_def access_actions[ACCESS_ACTIONS];

struct access_role_def {
    const char *word; /* in files and commands */
    const char *name; /* the contract's */
    uint32_t actions; /* a bit for each action */
};
extern const struct access_role_def access_roles[ACCESS_ROLES];

/* The role of that word, or of that name of the contract. */
bool access_role_find(struct span text, enum access_role *out) MUST_USE;

/* What a route asks of its caller. */
enum access_need {
    NEED_UNSAID,  /* a row that says nothing: nobody may */
    NEED_NOTHING, /* open; what a caller brings is not looked at */
    NEED_ATTEST,  /* open, unless the configuration asks for ACTION_READ */
    NEED_TPM,     /* ACTION_READ, unless the instance's tpmAttestationAuthentication is Disabled */
    NEED_CALLER,  /* anybody who is known, whatever the role */
    NEED_READ,    /* from here on: an action each, in the order of enum access_action */
    NEED_WRITE,
    NEED_DELETE,
    NEED_PROVIDER_READ,
    NEED_PROVIDER_WRITE,
    NEED_PROVIDER_DELETE,
    NEED_ROLES_WRITE,
    ACCESS_NEEDS
};

/* "nothing", "read", ... for tables and manuals. */
const char *access_need_name(enum access_need need);

enum { ACCESS_GRANTS_MAX = 64 };

struct access_grant {
    enum access_role role;
    struct span instance; /* "*": every one */
};

/* Somebody who asks. All zero: nobody is known. */
struct access_caller {
    bool is_known;
    struct span principal; /* for the audit chain: "ISSUER#subject", "token:NAME", ... */
    struct access_grant grants[ACCESS_GRANTS_MAX];
    size_t grant_count;
};

/* Adds a grant; one over ACCESS_GRANTS_MAX is dropped, which takes rights away and gives none. */
void access_grant_add(struct access_caller *c, enum access_role role, struct span instance);

/* Tells whether the caller may do it in that instance. */
bool access_may(const struct access_caller *c, enum access_action action, struct span instance);

/* Tells whether the caller has what is needed there. Open needs (attest, tpm) are judged as the
 * action that they stand for: the caller of this function knows when they are open. */
bool access_suffices(const struct access_caller *c, enum access_need need, struct span instance);

/* The contract's name of the least role that would do, or NULL when any caller, or nobody, would.
 */
const char *access_least_role(enum access_need need);

#endif
