#include "record.h"

#define INT(strct, field)                                                                          \
    {                                                                                              \
#field, COLUMN_INT, offsetof(struct strct, field), 8                                       \
    }
#define TEXT(strct, field, most)                                                                   \
    {                                                                                              \
#field, COLUMN_TEXT, offsetof(struct strct, field), (most)                                 \
    }
#define BYTES(strct, field, most)                                                                  \
    {                                                                                              \
#field, COLUMN_BYTES, offsetof(struct strct, field), (most)                                \
    }
#define SEAL(strct, field) BYTES(strct, field, ROW_SEAL_SIZE)

enum { ID_MAX = 16 };

/* clang-format off */
static const struct column meta_columns[] = {
    TEXT (store_meta, name,   STORE_NAME_MAX),
    TEXT (store_meta, text,   STORE_TEXT_MAX),
    INT  (store_meta, number),
    SEAL (store_meta, seal),
};
static const struct column instance_columns[] = {
    TEXT (store_instance, name,           STORE_NAME_MAX),
    TEXT (store_instance, host,           STORE_TEXT_MAX),
    TEXT (store_instance, issuer,         STORE_TEXT_MAX),
    TEXT (store_instance, trust_model,    STORE_NAME_MAX),
    TEXT (store_instance, location,       STORE_TEXT_MAX),
    TEXT (store_instance, subscription,   STORE_TEXT_MAX),
    TEXT (store_instance, resource_group, STORE_TEXT_MAX),
    TEXT (store_instance, tags,           STORE_JSON_MAX),
    TEXT (store_instance, tcb_profile,    STORE_NAME_MAX),
    TEXT (store_instance, policy_profile, STORE_NAME_MAX),
    TEXT (store_instance, settings,       STORE_JSON_MAX),
    INT  (store_instance, public_network),
    INT  (store_instance, tpm_authentication),
    INT  (store_instance, created),
    INT  (store_instance, updated),
    INT  (store_instance, version),
    INT  (store_instance, authority),
    SEAL (store_instance, seal),
};
static const struct column policy_columns[] = {
    TEXT (store_policy, instance,   STORE_NAME_MAX),
    TEXT (store_policy, type,       STORE_NAME_MAX),
    INT  (store_policy, version),
    TEXT (store_policy, jws,        STORE_POLICY_MAX),
    BYTES(store_policy, text,       STORE_POLICY_MAX),
    TEXT (store_policy, hash,       STORE_NAME_MAX),
    TEXT (store_policy, token_hash, STORE_NAME_MAX),
    TEXT (store_policy, signer,     STORE_JSON_MAX),
    INT  (store_policy, at),
    TEXT (store_policy, by,         STORE_TEXT_MAX),
    SEAL (store_policy, seal),
};
static const struct column published_columns[] = {
    TEXT (store_published, instance, STORE_NAME_MAX),
    TEXT (store_published, type,     STORE_NAME_MAX),
    INT  (store_published, version),
    SEAL (store_published, seal),
};
static const struct column certificate_columns[] = {
    TEXT (store_certificate, instance,   STORE_NAME_MAX),
    BYTES(store_certificate, digest,     SHA256_SIZE),
    TEXT (store_certificate, thumbprint, STORE_NAME_MAX),
    BYTES(store_certificate, der,        STORE_CERT_MAX),
    TEXT (store_certificate, jwk,        STORE_JSON_MAX),
    INT  (store_certificate, at),
    TEXT (store_certificate, by,         STORE_TEXT_MAX),
    SEAL (store_certificate, seal),
};
static const struct column role_columns[] = {
    TEXT (store_role, instance,  STORE_NAME_MAX),
    TEXT (store_role, principal, STORE_TEXT_MAX),
    TEXT (store_role, role,      STORE_NAME_MAX),
    INT  (store_role, at),
    TEXT (store_role, by,        STORE_TEXT_MAX),
    SEAL (store_role, seal),
};
static const struct column token_columns[] = {
    BYTES(store_token, digest,   SHA256_SIZE),
    TEXT (store_token, name,     STORE_TEXT_MAX),
    TEXT (store_token, instance, STORE_NAME_MAX),
    TEXT (store_token, role,     STORE_NAME_MAX),
    INT  (store_token, created),
    INT  (store_token, expires),
    TEXT (store_token, by,       STORE_TEXT_MAX),
    SEAL (store_token, seal),
};
static const struct column done_columns[] = {
    BYTES(store_done, id, ID_MAX),
    INT  (store_done, revision),
    INT  (store_done, version),
    INT  (store_done, record),
    INT  (store_done, is_changed),
    SEAL (store_done, seal),
};
static const struct column explanation_columns[] = {
    INT  (store_explanation, number),
    TEXT (store_explanation, request_id, STORE_TEXT_MAX),
    INT  (store_explanation, at),
    TEXT (store_explanation, instance,   STORE_NAME_MAX),
    TEXT (store_explanation, text,       STORE_TRAIL_MAX),
    SEAL (store_explanation, seal),
};
static const struct column audit_columns[] = {
    INT  (store_audit, number),
    INT  (store_audit, at),
    TEXT (store_audit, actor,    STORE_TEXT_MAX),
    TEXT (store_audit, action,   STORE_NAME_MAX),
    TEXT (store_audit, instance, STORE_NAME_MAX),
    TEXT (store_audit, subject,  STORE_TEXT_MAX),
    TEXT (store_audit, detail,   STORE_JSON_MAX),
    BYTES(store_audit, previous, SHA256_SIZE),
    SEAL (store_audit, hash),
};

#define TABLE(name, columns, keys, second, strct)                                                  \
    { name, columns, COUNT(columns), keys, second, sizeof(struct strct) }

const struct table store_tables[STORE_TABLES] = {
    [STORE_META]         = TABLE("meta",         meta_columns,        1, 0, store_meta),
    [STORE_INSTANCES]    = TABLE("instances",    instance_columns,    1, 1, store_instance),
    [STORE_POLICIES]     = TABLE("policies",     policy_columns,      3, 0, store_policy),
    [STORE_PUBLISHED]    = TABLE("published",    published_columns,   2, 0, store_published),
    [STORE_CERTIFICATES] = TABLE("certificates", certificate_columns, 2, 0, store_certificate),
    [STORE_ROLES]        = TABLE("roles",        role_columns,        3, 0, store_role),
    [STORE_TOKENS]       = TABLE("tokens",       token_columns,       1, 0, store_token),
    [STORE_CHANGES]      = TABLE("changes",      done_columns,        1, 0, store_done),
    [STORE_EXPLANATIONS] = TABLE("explanations", explanation_columns, 1, 1, store_explanation),
    [STORE_AUDIT]        = TABLE("audit",        audit_columns,       1, 0, store_audit),
};
/* clang-format on */
