#include "codes.h"
#include "diagnostic.h"

/* clang-format off */
const struct policy_code policy_codes[] = {
    /* letters */
    { "E101", "not-utf8",                "the text is not UTF-8",                                                   "8.2" },
    { "E102", "illegal-character",       "no token begins with this character",                                     "8.2" },
    { "E103", "unfinished-string",       "the string does not end on its line",                                     "8.2" },
    { "E104", "unknown-escape",          "a string knows the escapes \\\" and \\\\ only",                           "8.2" },
    { "E105", "digits-into-letters",     "digits run into letters; there are no hexadecimal numbers",               "8.2" },
    { "E106", "integer-too-big",         "an integer lies beyond 64 bits",                                          "8.2" },
    { "E107", "control-character",       "a string holds a control character",                                      "8.2" },
    /* grammar */
    { "E201", "unexpected-token",        "the grammar expects something else here",                                 "8.2" },
    { "E202", "semicolon-missing",       "a rule, a section and the version end with a semicolon",                  "8.2" },
    { "E203", "unknown-section",         "there is no section of this name",                                        "8.2" },
    { "E204", "section-out-of-order",    "the sections stand in another order",                                     "8.2" },
    { "E205", "section-twice",           "a section is given a second time",                                        "8.2" },
    { "E206", "authorization-missing",   "there are no authorizationrules",                                         "8.2" },
    { "E207", "unsupported-version",     "the language has the versions 1.0, 1.1 and 1.2",                          "8.2" },
    { "E208", "newer-version-needed",    "this belongs to a newer version than the policy states",                  "2.8" },
    { "E209", "empty-condition",         "a condition holds at least one test",                                     "8.2" },
    { "E210", "not-a-property",          "a claim has type, value, valueType and issuer",                           "8.2" },
    { "E211", "assignment-in-condition", "a condition compares with ==, and here stands =",                         "8.2" },
    { "E212", "comparison-in-argument",  "an argument is given with =, and here stands ==",                         "8.2" },
    { "E213", "unknown-action",          "the actions are permit, deny, add, issue and issueproperty",              "8.2" },
    { "E214", "regular-expression",      "regular expressions are not part of the language",                        "8.2" },
    { "E215", "named-negation",          "a negated condition matches no claim, so it has no name",                 "8.2" },
    { "E216", "reserved-name",           "a word of the language cannot name a condition",                          "8.2" },
    { "E217", "argument-without-name",   "an argument is given by name",                                            "8.2" },
    { "E218", "fraction",                "numbers have no fraction",                                                "8.2" },
    { "E230", "limit",                   "the text exceeds a limit of the language",                                "8.3" },
    /* meaning */
    { "E301", "action-out-of-place",     "this action cannot stand in this section",                                "5.9" },
    { "E302", "verdict-with-arguments",  "permit and deny take no arguments",                                       "5.9" },
    { "E303", "unknown-name",            "no condition of the rule has this name",                                  "4.5" },
    { "E304", "name-used-too-early",     "a name is used before the condition it names is complete",                "4.5" },
    { "E305", "name-twice",              "two conditions of a rule have the same name",                             "4.5" },
    { "E306", "argument-missing",        "a new claim needs type= and value=",                                      "5.5" },
    { "E307", "argument-twice",          "an argument is given twice",                                              "5.5" },
    { "E308", "claim-stands-alone",      "claim= copies a whole claim and takes nothing beside it",                 "5.5" },
    { "E309", "ordering-of-text",        "only integers have an order",                                             "4.3" },
    { "E310", "string-expected",         "this property is a string, and the expression is not",                    "4.3" },
    { "E311", "unknown-function",        "there is no function of this name",                                       "7.1" },
    { "E312", "argument-count",          "a function is given more or fewer arguments than it takes",               "7.1" },
    { "E313", "argument-type",           "a function is given an argument of the wrong type",                       "7.1" },
    { "E314", "query-syntax",            "a JMESPath query cannot be read",                                         "7.2" },
    { "E315", "constant-fails",          "a constant expression fails whenever it is evaluated",                    "7.1" },
    { "E316", "wrong-value-type",        "valueType= names another type than the value has",                        "5.5" },
    { "E317", "issuer-chosen",           "a rule's claims are always issued by AttestationPolicy",                  "5.5" },
    { "E318", "property-out-of-range",   "a property is given a literal of the wrong type or out of range",         "5.7" },
    { "E319", "name-owned-by-token",     "the token writes this member itself",                                     "5.10" },
    { "E320", "empty-claim-name",        "a claim's name cannot be empty",                                          "5.5" },
    /* evaluation */
    { "X401", "wrong-argument-type",     "an argument has the wrong type",                                          "6" },
    { "X402", "not-json",                "a string that must be JSON is not",                                       "6" },
    { "X403", "json-no-claim-value",     "JSON of this shape cannot become a claim's value",                        "6" },
    { "X404", "computed-query-syntax",   "a computed JMESPath query cannot be read",                                "6" },
    { "X405", "query-fails",             "a JMESPath query fails while it runs",                                    "6" },
    { "X406", "one-value-needed",        "a set of no or several elements stands where one value is needed",        "6" },
    { "X407", "read-only-issued",        "a read-only value would be issued",                                       "6" },
    { "X408", "bad-claim-name",          "a computed claim name is not a string, or empty",                         "6" },
    { "X409", "bad-property-value",      "a computed property has the wrong type or is out of range",               "6" },
    { "X410", "property-changes",        "a property is given a second, different value",                           "6" },
    { "X411", "work-limit",              "a limit on work, size or claims is reached",                              "8.3" },
    { "X412", "reserved-claim-computed", "a computed name is one that the token owns",                              "5.10" },
    { "X413", "value-type-mismatch",     "a value does not have the type that valueType= states",                   "6" },
    /* the compiler's warnings */
    { "W501", "unusual-spelling",        "a word of the language stands in another letter case",                    "2.4" },
    { "W502", "issue-acts-as-add",       "issue in authorizationrules makes the claim, and the token does not get it", "5.9" },
    { "W503", "unknown-property",        "the service knows no property or configuration claim of this name",       "5.7" },
    { "W504", "configuration-sees-nothing", "a configuration rule has conditions, and it sees no evidence",         "5.8" },
    { "W505", "impossible-literal",      "there is no such issuer or value type, so it is never equal",             "4.3" },
    /* the linter's advice */
    { "L601", "unreachable-rule",        "a rule stands behind an unconditional deny and never runs",               "12.3" },
    { "L602", "impossible-condition",    "no claim can satisfy a condition",                                        "12.3" },
    { "L603", "unknown-claim",           "a condition asks for a claim that nobody offers",                         "12.3" },
    { "L604", "deprecated-claim",        "a claim has a newer name",                                                "12.3" },
    { "L605", "issuer-untested",         "a fact of the service is believed whoever states it",                     "12.3" },
    { "L606", "never-permits",           "no rule can permit, so all evidence is refused",                          "12.3" },
    { "L607", "absent-claims-pass",      "permit is unconditional and the deny rules say nothing about absent claims", "12.3" },
    { "L608", "debug-evidence-let-through", "nothing looks at the debug claim, so debug evidence passes",           "12.3" },
    { "L609", "fallback-too-early",      "a fallback stands before the rule that it backs up",                      "12.3" },
    { "L610", "always-true-filter",      "a comparison or filter in a query gives the same answer for all evidence", "12.3" },
    { "L611", "bare-json-word",          "true, false and null without backticks are member names in a query",      "12.3" },
    { "L612", "query-from-client",       "a query is assembled from a client's text",                               "12.3" },
    { "L613", "query-call-fails",        "a query calls a function that JMESPath does not have, or with the wrong number of arguments", "12.3" },
    { "L614", "unused-name",             "a condition has a name that is never used",                               "12.3" },
    { "L615", "repeated-rule",           "the same rule stands here a second time",                                 "12.3" },
    { "L616", "digest-spelling",         "a digest has upper-case letters or the wrong length, and the claim never does", "12.3" },
    { "L617", "wrong-literal-type",      "a claim is compared with a literal of another type than it has",          "12.3" },
    { "L618", "property-without-effect", "a property means nothing for this attestation type",                      "12.3" },
    { "L619", "shadowed-by-service",     "the token's top level keeps the service's own value of this claim",       "12.3" },
    { "L620", "read-only-issue",         "a read-only value is issued, which fails whenever the rule fires",        "12.3" },
    { "L621", "no-answer",               "a set function gives no answer at all when its condition matches nothing", "12.3" },
    { "L622", "version-does-not-fit",    "the policy uses what its version does not offer, or states a higher one than it needs", "12.3" },
    { "L623", "placeholder",             "a placeholder of a template was left in place",                           "12.3" },
    { "L624", "test-before-claim",       "a claim is tested before the rule that creates it",                       "12.3" },
    { "L625", "costly-join",             "a join costs the product of two lists",                                   "12.3" },
    { "L626", "array-in-token",          "two rules issue one name with different values, so the token holds an array", "12.3" },
    { "L627", "unmeasured-event-text",   "a query reads UnmeasuredData, which no digest covers",                    "cupel" },
    { "L628", "validity-out-of-range",   "a computed property can never lie in its range",                          "cupel" },
    { "L629", "property-set-twice",      "a property is set to two different values, which fails",                  "cupel" },
    { "L630", "unknown-silence",         "a lint comment does not name a warning",                                  "cupel" },
    { "L631", "useless-silence",         "a lint comment silences nothing",                                         "cupel" },
};
/* clang-format on */

const size_t policy_code_count = COUNT(policy_codes);

const struct policy_code *policy_code_find(struct span word)
{
    for (size_t i = 0; i < COUNT(policy_codes); i++)
        if (span_is_nocase(word, policy_codes[i].code) ||
            span_is_nocase(word, policy_codes[i].name))
            return &policy_codes[i];
    return NULL;
}

bool policy_code_is_warning(const struct policy_code *c)
{
    return c->code[0] == 'W' || c->code[0] == 'L';
}

const char *policy_code_nearest(struct span written)
{
    const char *names[COUNT(policy_codes)];
    size_t n = 0;

    for (size_t i = 0; i < COUNT(policy_codes); i++)
        if (policy_code_is_warning(&policy_codes[i]))
            names[n++] = policy_codes[i].name;
    return nearest_word(written, names, n);
}
