#include "tree.h"

static const char *const section_names[] = { "configurationrules", "authorizationrules",
                                             "issuancerules" };
static const char *const property_names[] = { "type", "value", "valueType", "issuer", "claim" };
static const char *const operator_texts[] = { "==", "!=", "<", "<=", ">", ">=" };
static const char *const verb_names[] = { "permit", "deny", "add", "issue", "issueproperty" };

static const struct {
    const char *text;
    int since; /* version 1.since */
} features[] = {
    [FEATURE_CONFIGURATION] = { "configurationrules", 1 },
    [FEATURE_CALL] = { "functions", 2 },
    [FEATURE_NEGATION] = { "conditions with \"!\"", 2 },
};

/* Which action may stand where (5.9). */
static const bool is_allowed[SECTIONS][VERBS] = {
    [SECTION_CONFIGURATION] = { [VERB_ISSUEPROPERTY] = true },
    [SECTION_AUTHORIZATION] = { [VERB_PERMIT] = true,
                                [VERB_DENY] = true,
                                [VERB_ADD] = true,
                                [VERB_ISSUE] = true },
    [SECTION_ISSUANCE] = { [VERB_ADD] = true, [VERB_ISSUE] = true, [VERB_ISSUEPROPERTY] = true },
};

const char *section_name(enum policy_section section)
{
    return section_names[section];
}

const char *property_name(enum policy_property property)
{
    return property_names[property];
}

const char *operator_text(enum policy_operator op)
{
    return operator_texts[op];
}

const char *verb_name(enum policy_verb verb)
{
    return verb_names[verb];
}

int feature_since(enum policy_feature feature)
{
    return features[feature].since;
}

const char *feature_text(enum policy_feature feature)
{
    return features[feature].text;
}

bool verb_is_allowed(enum policy_section section, enum policy_verb verb)
{
    return is_allowed[section][verb];
}
