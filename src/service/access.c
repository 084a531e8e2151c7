#include "access.h"

#define BIT(action) (1u << (action))
#define DATA_ALL    (BIT(ACTION_READ) | BIT(ACTION_WRITE) | BIT(ACTION_DELETE))
#define PROVIDERS_ALL                                                                              \
    (BIT(ACTION_PROVIDER_READ) | BIT(ACTION_PROVIDER_WRITE) | BIT(ACTION_PROVIDER_DELETE))

/* clang-format off */
const struct access_action_def access_actions[ACCESS_ACTIONS] = {
    [ACTION_READ]            = { "Microsoft.Attestation/attestationProviders/attestation/read",   "read policies, certificates and why a request was refused", ROLE_ATTESTATION_READER },
    [ACTION_WRITE]           = { "Microsoft.Attestation/attestationProviders/attestation/write",  "set policies, add and remove certificates",                 ROLE_ATTESTATION_CONTRIBUTOR },
    [ACTION_DELETE]          = { "Microsoft.Attestation/attestationProviders/attestation/delete", "reset policies",                                            ROLE_ATTESTATION_CONTRIBUTOR },
    [ACTION_PROVIDER_READ]   = { "Microsoft.Attestation/attestationProviders/read",               "look at instances",                                         ROLE_READER },
    [ACTION_PROVIDER_WRITE]  = { "Microsoft.Attestation/attestationProviders/write",              "create and change instances",                               ROLE_CONTRIBUTOR },
    [ACTION_PROVIDER_DELETE] = { "Microsoft.Attestation/attestationProviders/delete",             "delete instances",                                          ROLE_CONTRIBUTOR },
    [ACTION_ROLES_WRITE]     = { "Microsoft.Authorization/roleAssignments/write",                 "give and take roles",                                       ROLE_OWNER },
};

const struct access_role_def access_roles[ACCESS_ROLES] = {
    [ROLE_ATTESTATION_READER]      = { "attestation-reader",      "Attestation Reader",      BIT(ACTION_READ) },
    [ROLE_ATTESTATION_CONTRIBUTOR] = { "attestation-contributor", "Attestation Contributor", DATA_ALL },
    [ROLE_READER]                  = { "reader",                  "Reader",                  BIT(ACTION_READ) | BIT(ACTION_PROVIDER_READ) },
    [ROLE_CONTRIBUTOR]             = { "contributor",             "Contributor",             DATA_ALL | PROVIDERS_ALL },
    [ROLE_OWNER]                   = { "owner",                   "Owner",                   DATA_ALL | PROVIDERS_ALL | BIT(ACTION_ROLES_WRITE) },
};

static const char *const need_names[ACCESS_NEEDS] = {
    [NEED_UNSAID]          = "unsaid",
    [NEED_NOTHING]         = "nothing",
    [NEED_ATTEST]          = "nothing (or read: attest_authentication)",
    [NEED_TPM]             = "read (or nothing: tpmAttestationAuthentication)",
    [NEED_CALLER]          = "any caller",
    [NEED_READ]            = "attestation/read",
    [NEED_WRITE]           = "attestation/write",
    [NEED_DELETE]          = "attestation/delete",
    [NEED_PROVIDER_READ]   = "attestationProviders/read",
    [NEED_PROVIDER_WRITE]  = "attestationProviders/write",
    [NEED_PROVIDER_DELETE] = "attestationProviders/delete",
    [NEED_ROLES_WRITE]     = "roleAssignments/write",
};
/* clang-format on */

_Static_assert(ACCESS_NEEDS - NEED_READ == (int)ACCESS_ACTIONS, "a need for each action");

bool access_role_find(struct span text, enum access_role *out)
{
    for (int i = 0; i < ACCESS_ROLES; i++)
        if (span_is(text, access_roles[i].word) || span_is(text, access_roles[i].name)) {
            *out = (enum access_role)i;
            return true;
        }
    return false;
}

const char *access_need_name(enum access_need need)
{
    return need_names[need];
}

void access_grant_add(struct access_caller *c, enum access_role role, struct span instance)
{
    if (c->grant_count < ACCESS_GRANTS_MAX)
        c->grants[c->grant_count++] = (struct access_grant){ role, instance };
}

bool access_may(const struct access_caller *c, enum access_action action, struct span instance)
{
    for (size_t i = 0; c->is_known && i < c->grant_count; i++) {
        const struct access_grant *g = &c->grants[i];
        bool is_here = span_is(g->instance, "*") || span_equal(g->instance, instance);

        if (is_here && access_roles[g->role].actions & BIT(action))
            return true;
    }
    return false;
}

/* The action that a need stands for; false when it stands for none. */
static bool action_of(enum access_need need, enum access_action *out)
{
    if (need == NEED_ATTEST || need == NEED_TPM)
        need = NEED_READ;
    if (need < NEED_READ || need >= ACCESS_NEEDS)
        return false;
    *out = (enum access_action)(need - NEED_READ);
    return true;
}

bool access_suffices(const struct access_caller *c, enum access_need need, struct span instance)
{
    enum access_action action;

    if (need == NEED_NOTHING)
        return true;
    if (need == NEED_CALLER)
        return c->is_known;
    return action_of(need, &action) && access_may(c, action, instance);
}

const char *access_least_role(enum access_need need)
{
    enum access_action action;

    return action_of(need, &action) ? access_roles[access_actions[action].least].name : NULL;
}
