/*
 * record - what a store keeps
 *
 * Shape    a struct for each table; spans are text or bytes, integers are int64_t; moments are
 *          seconds since 1970 UTC. The members stand in the order of the columns
 * Limits   below and in record.c, a number for each column
 * Source   docs/formats/store.md
 */
#ifndef CUPEL_STORE_RECORD_H
#define CUPEL_STORE_RECORD_H

#include "row.h"

enum {
    STORE_NAME_MAX = 64,            /* bytes of a name: of an instance, a role, a type */
    STORE_TEXT_MAX = 1024,          /* of a host, an issuer, a principal */
    STORE_JSON_MAX = 64 * 1024,     /* of tags, settings, a detail, a key */
    STORE_POLICY_MAX = 1024 * 1024, /* of a policy's JWS or text */
    STORE_CERT_MAX = 64 * 1024,     /* of a certificate */
    STORE_TRAIL_MAX = 256 * 1024    /* of an explanation */
};

enum store_table {
    STORE_META,
    STORE_INSTANCES,
    STORE_POLICIES,
    STORE_PUBLISHED,
    STORE_CERTIFICATES,
    STORE_ROLES,
    STORE_TOKENS,
    STORE_CHANGES,
    STORE_EXPLANATIONS,
    STORE_AUDIT,
    STORE_TABLES
};

/* The tables, by their numbers. */
extern const struct table store_tables[STORE_TABLES];

/* What the store says of itself: "revision" counts the changes of what workers hold. */
struct store_meta {
    struct span name;
    struct span text;
    int64_t number;
    struct span seal;
};

/* An instance (a provider): a name, an address, a trust model. */
struct store_instance {
    struct span name;        /* the key: lower-case letters, digits, '-' */
    struct span host;        /* as clients write it, lower case; no two instances share one */
    struct span issuer;      /* base URL, no slash at its end */
    struct span trust_model; /* "AAD", "Isolated", "Shared" */
    struct span location;
    struct span subscription;
    struct span resource_group;
    struct span tags;           /* a JSON object, or empty */
    struct span tcb_profile;    /* empty: the daemon's */
    struct span policy_profile; /* empty: the daemon's */
    struct span settings;       /* a JSON object of what else is set, or empty */
    int64_t public_network;     /* 1: publicNetworkAccess is Enabled */
    int64_t tpm_authentication; /* 1: tpmAttestationAuthentication is Enabled */
    int64_t created, updated;
    int64_t version;   /* 1, 2, ...: which change of the instance this is */
    int64_t authority; /* the revision in which its certificates last changed */
    struct span seal;
};

/* One version of a policy; never changed, only added. A reset is a version with an empty jws. */
struct store_policy {
    struct span instance;
    struct span type; /* "SgxEnclave", in the spelling of the contract */
    int64_t version;  /* 1, 2, ... for each instance and type */
    struct span jws;  /* as received, byte for byte; empty: reset to the default */
    struct span text;
    struct span hash;       /* x-ms-policy-hash of the text */
    struct span token_hash; /* x-ms-policy-token-hash of the jws */
    struct span signer;     /* the signer as JSON (a JWK), empty when unsigned */
    int64_t at;
    struct span by;
    struct span seal;
};

/* Which version is in force. */
struct store_published {
    struct span instance;
    struct span type;
    int64_t version;
    struct span seal;
};

struct store_certificate {
    struct span instance;
    struct span digest;     /* SHA-256 of der */
    struct span thumbprint; /* SHA-1 of der, upper-case hex */
    struct span der;
    struct span jwk; /* the key as received, JSON: with the chain */
    int64_t at;
    struct span by;
    struct span seal;
};

/* A principal has a role in an instance; "*" is every instance. */
struct store_role {
    struct span instance;
    struct span principal;
    struct span role;
    int64_t at;
    struct span by;
    struct span seal;
};

/* A static bearer token, of which only the hash is kept. */
struct store_token {
    struct span digest; /* SHA-256 of the token */
    struct span name;
    struct span instance; /* "*": every one */
    struct span role;
    int64_t created;
    int64_t expires; /* 0: never */
    struct span by;
    struct span seal;
};

/* A change that was made, under the identifier its writer gave it. */
struct store_done {
    struct span id;
    int64_t revision;
    int64_t version;
    int64_t record; /* its number in the audit chain */
    int64_t is_changed;
    struct span seal;
};

/* Why a request ended as it did. */
struct store_explanation {
    int64_t number;
    struct span request_id;
    int64_t at;
    struct span instance;
    struct span text; /* JSON */
    struct span seal;
};

/* One link of the audit chain. `hash` is the seal: it covers `previous`, the hash before it. */
struct store_audit {
    int64_t number; /* 1, 2, ... without a gap */
    int64_t at;
    struct span actor;    /* who; empty: nobody said who they are */
    struct span action;   /* "policy.set", "verdict", ... */
    struct span instance; /* empty: none */
    struct span subject;  /* what, within the instance */
    struct span detail;   /* a JSON object */
    struct span previous; /* 32 bytes; zeros before the first */
    struct span hash;
};

#endif
