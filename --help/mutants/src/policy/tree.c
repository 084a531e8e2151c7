#include "tree.h"

static const char *const section_names[] = { "configurationrules", "authorizationrules",
                                             "issuancerules" };
static const char *const property_names[] = { "type", "value", "valueType", "issuer", "claim" };
static const char *const operator_texts[] = { "==", "!=", "<", "<=", ">", ">=" };
static const char *const verb_names[] = { "permit", "deny", "add", "issue", "issueproperty" };

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
